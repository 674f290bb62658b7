//! The tables of a fitted model.

use lutetia_dose::Tia;
use lutetia_patient::{
    PatientError,
    model::{DrawnFit, FittedModel, Sort},
    shown,
};
use lutetia_table::{Cell, Table};

use crate::results::{Measure, Results, Shown};

/// All of them: [`estimates`], [`summary`], [`points`], [`curves`], [`integrals`], and [`derived`] where the model file
/// derives anything.
///
/// # Errors
/// [`PatientError`] where the model cannot be evaluated.
pub(crate) fn all(id: &str, found: &FittedModel, until_h: f64) -> Result<Vec<Shown>, PatientError> {
    let mut all = vec![
        estimates(id, found).into(),
        summary(id, found).into(),
        points(id, found).into(),
        curves(id, found, until_h)?.into(),
        integrals(id, found).into(),
    ];
    if !found.derived.is_empty() {
        all.push(derived(id, found).into());
    }
    Ok(all)
}

/// What the model file derives from the parameters, with errors: `<id>.derived`. What the data do not determine has no
/// number; the note says why.
#[must_use]
pub fn derived(id: &str, found: &FittedModel) -> Results {
    let caption = "Quantities that the model derives from its parameters, with standard error by the delta method and 95 % interval";
    let mut table = Results::new(format!("{id}.derived"), caption)
        .subject("quantity", "")
        .text("unit")
        .number(Measure::Estimate, "")
        // As of the estimates that they follow from.
        .tolerance(2e-3)
        .number(Measure::Se, "")
        .tolerance(1e-2)
        .number(Measure::Low, "")
        .tolerance(1e-2)
        .number(Measure::High, "")
        .tolerance(1e-2)
        .text("note");
    for row in &found.derived {
        let d = &row.estimate;
        let known = d.determined.is_determined();
        let note = if known { String::new() } else { d.determined.to_string() };
        table.push(vec![
            d.name().as_str().into(),
            row.unit.symbol().into(),
            Some(d.value).filter(|_| known).into(),
            d.se.filter(|_| known).into(),
            d.ci95.filter(|_| known).map(|c| c.0).into(),
            d.ci95.filter(|_| known).map(|c| c.1).into(),
            note.into(),
        ]);
    }
    table
}

/// What the fits say together in which what is fixed was drawn: `<id>.draws`.
#[must_use]
pub fn draws(id: &str, found: &DrawnFit) -> Results {
    let caption = format!(
        "{} fits, of which {} converged, each with other values of what the fit holds fixed and is uncertain of ({}): value with \
         everything fixed as it is in the file, mean over the fits, standard error of a fit, standard deviation between them, \
         both together with the 95 % interval, and the share of the variance that what is fixed has",
        found.count,
        found.converged,
        found.drawn.join(", ")
    );
    let own = |name: &str| Measure::Output(name.to_owned());
    let mut table = Results::new(format!("{id}.draws"), caption)
        .subject("quantity", "")
        .text("sort")
        .text("unit")
        .number(own("fixed"), "")
        .tolerance(2e-3)
        .number(Measure::Estimate, "")
        .tolerance(2e-3);
    for measure in [own("within"), own("between_draws"), Measure::Se, Measure::Low, Measure::High] {
        table = table.number(measure, "").tolerance(1e-2);
    }
    table = table.number(Measure::Share, "%").tolerance(2e-2).number(own("fits"), "").text("note");
    for q in &found.quantities {
        let note = q.pooled.err().map_or_else(String::new, |why| format!("not determined: {why}"));
        let p = q.pooled.ok();
        table.push(vec![
            drawn_name(q.sort, &q.name).into(),
            sort(q.sort).into(),
            q.unit.symbol().into(),
            q.fixed.into(),
            p.map(|p| p.value).into(),
            p.map(|p| p.within).into(),
            p.map(|p| p.between).into(),
            p.map(|p| p.se).into(),
            p.map(|p| p.ci95.0).into(),
            p.map(|p| p.ci95.1).into(),
            p.map(|p| 100.0 * p.share).into(),
            q.fits.into(),
            note.into(),
        ]);
    }
    table
}

/// What was drawn in one sentence, and how many fits did not converge.
#[must_use]
pub fn said(found: &DrawnFit, seed: u64) -> String {
    let failed = found.count - found.converged;
    let ended = match failed {
        0 => "all converged".to_owned(),
        _ => format!("{failed} of them did not converge and are left out"),
    };
    format!(
        "{} fits with other values of {} (seed {seed}); {ended}",
        found.count,
        found.drawn.join(", ")
    )
}

/// The name of a row of [`draws`].
pub(crate) fn drawn_name(sort: Sort, name: &str) -> String {
    match sort {
        Sort::Parameter | Sort::Derived => name.to_owned(),
        Sort::Integral => format!("integral of {name}"),
    }
}

fn sort(sort: Sort) -> &'static str {
    match sort {
        Sort::Parameter => "parameter",
        Sort::Derived => "derived",
        Sort::Integral => "integral",
    }
}

/// The estimates beside their priors: `<id>`.
#[must_use]
pub fn estimates(id: &str, found: &FittedModel) -> Results {
    let caption = "Estimates by maximum a posteriori; contraction is the share of the prior's variance that the data removed; deviation is on the scale on which the prior is normal";
    let mut table = Results::new(id, caption)
        .subject("parameter", "")
        .text("unit")
        .number(Measure::PriorMedian, "")
        .number(Measure::PriorCv, "%")
        .number(Measure::Estimate, "")
        // The minimum is found to 1e-4 standard errors, and another processor's rounding moves the
        // integrator's steps.
        .tolerance(2e-3)
        .number(Measure::Se, "")
        .tolerance(1e-2)
        .number(Measure::Low, "")
        .tolerance(1e-2)
        .number(Measure::High, "")
        .tolerance(1e-2)
        .number(Measure::Contraction, "%")
        .tolerance(2e-2)
        .number(Measure::Deviation, "prior SD")
        .tolerance(2e-2)
        .text("note");
    for row in &found.estimates {
        let e = &row.estimate;
        let note =
            if e.determined.is_determined() { String::new() } else { e.determined.to_string() };
        table.push(vec![
            row.name.as_str().into(),
            row.unit.symbol().into(),
            row.prior_median.into(),
            row.prior_cv.map(|cv| 100.0 * cv).into(),
            e.value.into(),
            e.se.into(),
            e.ci95.map(|c| c.0).into(),
            e.ci95.map(|c| c.1).into(),
            e.contraction.map(|c| 100.0 * c).into(),
            row.deviation.into(),
            note.into(),
        ]);
    }
    table
}

/// How the fit ended: `<id>.fit`.
#[must_use]
pub fn summary(id: &str, found: &FittedModel) -> Table {
    let fit = &found.fit;
    let mut table = Table::new(format!("{id}.fit"), "How the fit ended")
        .column("what", "")
        .column("value", "")
        .tolerance(2e-2);
    let mut push = |what: &str, value: Cell| table.push(vec![what.into(), value]);
    push("status", fit.status.to_string().into());
    push("observations", (fit.n as f64).into());
    push("parameters", (fit.estimates.iter().filter(|e| !e.fixed).count() as f64).into());
    push("chi-square of the data", fit.chi_square.into());
    push("starts that agree", (fit.starts.agreeing as f64).into());
    push("starts", (fit.starts.runs.len() as f64).into());
    table
}

/// What was measured and what the model makes of it: `<id>.points`.
#[must_use]
pub fn points(id: &str, found: &FittedModel) -> Table {
    let FittedModel { series, fit, .. } = found;
    let caption =
        "Measured and fitted activities; residuals in standard deviations of the error model";
    let mut table = Table::new(format!("{id}.points"), caption)
        .column("region", "")
        .column("time", "h")
        .column("activity", "MBq")
        .column("sd", "MBq")
        .column("fitted", "MBq")
        .tolerance(1e-3)
        .column("residual", "")
        .tolerance(2e-2);
    let measured = series.iter().flat_map(|s| s.points.iter().map(move |p| (s, p)));
    for ((s, (t, a, sd)), residual) in measured.zip(&fit.residuals) {
        table.push(vec![
            s.region.as_str().into(),
            (*t).into(),
            (*a).into(),
            (*sd).into(),
            residual.predicted.into(),
            residual.weighted.into(),
        ]);
    }
    table
}

/// The curves of the model until `until_h`: `<id>.curves`.
///
/// # Errors
/// [`PatientError`] where the model cannot be evaluated.
pub fn curves(id: &str, found: &FittedModel, until_h: f64) -> Result<Table, PatientError> {
    let mut table =
        Table::new(format!("{id}.curves"), "Fitted curves with pointwise 95 % intervals")
            .column("region", "")
            .column("time", "h")
            .column("activity", "MBq")
            .tolerance(1e-3)
            .column("low", "MBq")
            .tolerance(1e-2)
            .column("high", "MBq")
            .tolerance(1e-2);
    let early = (1..=10).map(|i| 0.4 * f64::from(i));
    let late = (1..=98).map(|i| 4.0 + (until_h - 4.0) * f64::from(i) / 98.0);
    let times: Vec<f64> = early.chain(late).collect();
    for (s, predictions) in found.series.iter().zip(found.drawn(&times)?) {
        for (t, p) in times.iter().zip(predictions) {
            table.push(vec![
                s.region.as_str().into(),
                (*t).into(),
                p.value.into(),
                p.ci95.map(|c| c.0).into(),
                p.ci95.map(|c| c.1).into(),
            ]);
        }
    }
    Ok(table)
}

/// The time-integrated activities: `<id>.tia`.
#[must_use]
pub fn integrals(id: &str, found: &FittedModel) -> Results {
    let mut table = Results::new(
        format!("{id}.tia"),
        "Time-integrated activities of the fitted model, from the injection to infinity, one standard error",
    )
    .subject("region", "")
    .number(Measure::Tia, "MBq h")
    .tolerance(1e-3)
    .number(Measure::Tia.sd(), "MBq h")
    .tolerance(1e-2)
    .number(Measure::TiaCoefficient, "h")
    .tolerance(1e-3)
    .number(Measure::Extrapolated, "%")
    .tolerance(1e-2)
    .text("note");
    for t in &found.tias {
        let (found, note) = shown(&t.tia);
        table.push(vec![
            t.region.as_str().into(),
            found.map(Tia::value_mbq_h).into(),
            found.and_then(Tia::sd_mbq_h).into(),
            found.map(|x| x.value_mbq_h() / t.injected_mbq).into(),
            found.and_then(Tia::extrapolated_fraction).map(|f| 100.0 * f).into(),
            note.into(),
        ]);
    }
    table
}
