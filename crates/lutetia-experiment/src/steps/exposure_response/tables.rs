//! The tables of a response against exposure.

use lutetia_table::{Cell, Table, significant};

use super::{ExposureResponseStep, compute::ExposureResponse};

/// All tables of a response against exposure.
pub(super) fn tables(step: &ExposureResponseStep, found: &ExposureResponse) -> Vec<Table> {
    vec![
        curve(step, found),
        patients(step, found),
        odds_ratio(step, found),
        lack_of_fit(step, found),
    ]
}

fn refuted(found: &ExposureResponse) -> bool {
    found.tested.as_ref().is_ok_and(|t| t.0.refuted())
}

fn curve(step: &ExposureResponseStep, found: &ExposureResponse) -> Table {
    let said = if refuted(found) {
        "; refuted by the patients it was fitted to (lack of fit), so that it has no band"
    } else {
        ""
    };
    let caption = format!("Probability of `{}` by exposure, logistic{said}", step.response);
    let mut table = Table::new(&step.id, caption)
        .column("exposure", &found.unit)
        .column("probability", "")
        .column("low", "")
        .column("high", "");
    for point in &found.curve {
        table.push(vec![
            point.exposure.into(),
            point.probability.into(),
            Cell::from(point.interval.map(|i| i.0)),
            Cell::from(point.interval.map(|i| i.1)),
        ]);
    }
    table
}

fn patients(step: &ExposureResponseStep, found: &ExposureResponse) -> Table {
    let mut table = Table::new(format!("{}.patients", step.id), "Exposure and response")
        .column("exposure", &found.unit)
        .column("response", "");
    for (x, yes) in &found.patients {
        table.push(vec![(*x).into(), f64::from(u8::from(*yes)).into()]);
    }
    table
}

fn odds_ratio(step: &ExposureResponseStep, found: &ExposureResponse) -> Table {
    let (odds, fit) = (&found.odds, &found.fit);
    let test = found.tested.as_ref().ok().map(|t| t.0);
    let p = if odds.widened > 1.0 { Cell::Missing } else { Cell::of_p(fit.p()) };
    let note: Cell = match &found.tested {
        Ok((t, _)) if t.refuted() => format!(
            "refuted (lack of fit); interval widened by {} and no p",
            significant(odds.widened, 2)
        )
        .into(),
        Ok(_) => Cell::Missing,
        Err(reason) => reason.to_string().into(),
    };
    let count = |n: usize| Cell::from(f64::from(u32::try_from(n).unwrap_or(u32::MAX)));
    let mut table = Table::new(format!("{}.fit", step.id), "Odds ratio of the logistic curve")
        .column("what", "")
        .column("odds_ratio", "")
        .column("low", "")
        .column("high", "")
        .column("p", "")
        .column("per", "")
        .column("events", "")
        .column("patients", "")
        .column("lack_of_fit", "")
        .tolerance(1e-2)
        .column("lack_of_fit_df", "")
        .column("lack_of_fit_p", "")
        .tolerance(1e-1)
        .column("note", "");
    table.push(vec![
        step.response.as_str().into(),
        odds.ratio.into(),
        odds.low.into(),
        odds.high.into(),
        p,
        format!("{} {}", significant(odds.per, 3), found.unit).trim().into(),
        count(fit.events),
        count(fit.patients),
        test.map(|t| t.chi_squared).into(),
        test.map_or(Cell::Missing, |t| count(t.df)),
        test.map(|t| t.p).into(),
        note,
    ]);
    table
}

fn lack_of_fit(step: &ExposureResponseStep, found: &ExposureResponse) -> Table {
    let caption = match &found.tested {
        Ok((test, _)) => format!(
            "Events of `{}` seen and expected by the logistic curve, in groups of neighbouring exposures; Hosmer and \
             Lemeshow: χ² {} on {} degrees of freedom, {}: {}",
            step.response,
            significant(test.chi_squared, 3),
            test.df,
            p_value(test.p),
            if test.refuted() { "the curve is refuted" } else { "the curve is not refuted" }
        ),
        Err(reason) => format!("The fit of the logistic curve is not tested: {reason}"),
    };
    let mut table = Table::new(format!("{}.lack_of_fit", step.id), caption)
        .column("exposure", &found.unit)
        .column("patients", "")
        .column("events", "")
        .column("expected", "")
        .column("z", "")
        .tolerance(1e-2);
    for g in found.tested.iter().flat_map(|t| &t.1) {
        #[expect(clippy::cast_precision_loss, reason = "counts of patients")]
        let (n, events) = (g.patients as f64, g.events as f64);
        let z = (events - g.expected) / (g.expected * (1.0 - g.expected / n)).sqrt();
        table.push(vec![g.exposure.into(), n.into(), events.into(), g.expected.into(), z.into()]);
    }
    table
}

fn p_value(p: f64) -> String {
    if p < 1e-4 { "p < 0.0001".to_owned() } else { format!("p = {}", significant(p, 2)) }
}
