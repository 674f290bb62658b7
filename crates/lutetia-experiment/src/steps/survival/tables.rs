//! The tables of survival.

use lutetia_outcome::OutcomeError;
use lutetia_outcome::survival::SplineScale;
use lutetia_table::{Cell, Table, significant};

use super::{
    Intervals, Patients, SurvivalError, SurvivalOptions, contrasts, parametric, splines as spline,
    summaries,
};
use crate::results::{Measure, Results};
use crate::steps::StepError;

/// Why something is missing in a row.
fn said(notes: &[OutcomeError]) -> Cell {
    if notes.is_empty() {
        return Cell::Missing;
    }
    notes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ").into()
}

/// A row per arm: patients, events, median, restricted mean, survival at the times asked for.
///
/// # Errors
/// Options out of range.
pub fn arms(
    id: &str,
    patients: &Patients,
    options: &SurvivalOptions,
) -> Result<Results, StepError> {
    let unit = options.unit.as_str();
    let caption = format!(
        "Survival by arm (Kaplan and Meier) with {} intervals; a dash is not reached or not determined",
        options.percent()
    );
    let mut table = Results::new(id, caption)
        .subject("arm", "")
        .number(Measure::Patients, "")
        .number(Measure::Events, "")
        .number(Measure::Median, unit)
        .number(Measure::Median.low(), unit)
        .number(Measure::Median.high(), unit)
        .number(Measure::Horizon, unit)
        .number(Measure::RestrictedMean, unit)
        .number(Measure::RestrictedMean.sd(), unit);
    for t in &options.at {
        let t = significant(*t, 6);
        table = table
            .number(Measure::SurvivalAt(t.clone()), "")
            .number(Measure::SurvivalAt(t.clone()).low(), "")
            .number(Measure::SurvivalAt(t.clone()).high(), "")
            .number(Measure::AtRiskAt(t), "");
    }
    table = table.text("note");
    let tau = options.horizon(patients);
    for own in summaries::of(patients, options)? {
        let rmst = own.restricted_mean.as_ref().ok();
        let mut row: Vec<Cell> = vec![
            own.arm.into(),
            (own.patients as f64).into(),
            (own.events as f64).into(),
            own.median.estimate.into(),
            own.median.lower.into(),
            own.median.upper.into(),
            tau.into(),
            rmst.map(|r| r.mean).into(),
            rmst.map(|r| r.standard_error).filter(|&se| se > 0.0).into(),
        ];
        for at in &own.at {
            row.extend([at.survival, at.lower, at.upper].map(Cell::from));
            row.push((at.at_risk as f64).into());
        }
        row.push(said(own.restricted_mean.err().as_slice()));
        table.push(row);
    }
    Ok(table)
}

/// A row per time at which patients die or leave.
///
/// # Errors
/// Options out of range.
pub fn curves(
    id: &str,
    patients: &Patients,
    options: &SurvivalOptions,
) -> Result<Table, StepError> {
    let caption = format!("Kaplan–Meier curves with pointwise {} intervals", options.percent());
    let mut table = Table::new(id, caption)
        .column("arm", "")
        .column("time", &options.unit)
        .column("at_risk", "")
        .column("events", "")
        .column("censored", "")
        .column("survival", "")
        .column("low", "")
        .column("high", "");
    for (arm, data) in patients.by_arm() {
        for step in options.curve(&data)?.steps {
            table.push(vec![
                arm.into(),
                step.time.into(),
                (step.at_risk as f64).into(),
                (step.events as f64).into(),
                (step.censored as f64).into(),
                step.survival.into(),
                step.lower.into(),
                step.upper.into(),
            ]);
        }
    }
    Ok(table)
}

/// Each arm against the reference: hazard ratio, log-rank test, proportional hazards, restricted means.
///
/// # Errors
/// Fewer than two arms, options out of range.
pub fn comparison(
    id: &str,
    patients: &Patients,
    options: &SurvivalOptions,
) -> Result<Results, StepError> {
    if patients.arms() < 2 {
        return Err(SurvivalError::OneArm.into());
    }
    let unit = options.unit.as_str();
    let caption = format!(
        "Arms against the reference, {} intervals: hazard ratio ({}), log-rank test, test of proportional hazards, difference of restricted means",
        options.percent(),
        if options.firth {
            "Cox, Firth's penalised likelihood with its profile"
        } else {
            "Cox, Efron"
        }
    );
    let mut table = Results::new(id, caption)
        .subject("arm", "")
        .text("reference")
        .number(Measure::HazardRatio, "")
        .number(Measure::Low, "")
        .number(Measure::High, "")
        .number(Measure::LogRank, "")
        .number(Measure::P, "")
        .number(Measure::ProportionalHazards, "")
        .number(Measure::ProportionalHazardsP, "")
        .number(Measure::Concordance, "")
        .number(Measure::Horizon, unit)
        .number(Measure::RestrictedMeanDifference, unit)
        .number(Measure::RestrictedMean.low(), unit)
        .number(Measure::RestrictedMean.high(), unit)
        .number(Measure::RestrictedMeanP, "")
        .text("note");
    let tau = options.horizon(patients);
    for own in contrasts::of(patients, options)? {
        let gain = own.restricted_mean;
        table.push(vec![
            own.arm.into(),
            own.reference.into(),
            own.hazard_ratio.into(),
            own.limits.map(|l| l.0).into(),
            // An infinite limit is none.
            own.limits.map(|l| l.1).filter(|x| x.is_finite()).into(),
            own.log_rank.as_ref().map(|t| t.chi_squared).into(),
            Cell::of_p(own.log_rank.as_ref().map(|t| t.p)),
            own.proportional.map(|t| t.chi_squared).into(),
            Cell::of_p(own.proportional.map(|t| t.p)),
            own.concordance.into(),
            tau.into(),
            gain.map(|d| d.difference).into(),
            gain.map(|d| d.lower).into(),
            gain.map(|d| d.upper).into(),
            Cell::of_p(gain.map(|d| d.p)),
            said(&own.notes),
        ]);
    }
    Ok(table)
}

/// The hazard ratio of each arm in periods of follow-up: in a period count those still at risk at its
/// start.
///
/// # Errors
/// Cuts that are not above 0 or out of order.
pub fn periods(
    id: &str,
    patients: &Patients,
    options: &SurvivalOptions,
    cuts: &[f64],
) -> Result<Results, StepError> {
    let edges = contrasts::edges(cuts)?;
    let caption = format!("Hazard ratio by period of follow-up, {} intervals", options.percent());
    let mut table = Results::new(id, caption)
        .subject("period", "")
        .text("arm")
        .text("reference")
        .number(Measure::From, options.unit.as_str())
        .number(Measure::To, options.unit.as_str())
        .number(Measure::Events, "")
        .number(Measure::HazardRatio, "")
        .number(Measure::Low, "")
        .number(Measure::High, "")
        .number(Measure::P, "")
        .text("note");
    for own in contrasts::by_period(patients, options, &edges)? {
        let (from, to) = (own.from, own.to);
        let name = if to.is_finite() {
            format!("{} to {} {}", significant(from, 6), significant(to, 6), options.unit)
        } else {
            format!("after {} {}", significant(from, 6), options.unit)
        };
        let found = own.fit.as_ref().ok();
        table.push(vec![
            name.trim_end().into(),
            own.arm.into(),
            own.reference.into(),
            from.into(),
            Cell::from(Some(to).filter(|t| t.is_finite())),
            found.map(|f| f.events as f64).into(),
            found.map(|f| f.coefficient.hazard_ratio()).into(),
            found.map(|f| f.limits.0).into(),
            found.map(|f| f.limits.1).into(),
            Cell::of_p(found.map(|f| f.coefficient.p)),
            said(own.fit.err().as_slice()),
        ]);
    }
    Ok(table)
}

/// What a table says of a curve that its own patients refute.
const REFUTED: &str =
    "refuted by the patients it was fitted to (lack of fit): no interval is given";

/// Parametric families by arm, best AIC first, each with the test of its fit
/// ([`survival_lack_of_fit`](lutetia_outcome::lack_of_fit::survival_lack_of_fit)); where that refutes it the median has no interval, and the note says so.
///
/// # Errors
/// Options out of range.
pub fn families(
    id: &str,
    patients: &Patients,
    options: &SurvivalOptions,
) -> Result<Results, StepError> {
    let unit = options.unit.as_str();
    let tau = options.horizon(patients);
    let mut table =
        Results::new(id, "Parametric families by maximum likelihood, best AIC of each arm first")
            .subject("fit", "")
            .text("arm")
            .text("family")
            .text("parameters")
            .number(Measure::LogLikelihood, "")
            .number(Measure::AicDifference, "")
            // A difference of numbers a thousand times as large.
            .tolerance(1e-2)
            .number(Measure::Median, unit)
            .number(Measure::Median.low(), unit)
            .number(Measure::Median.high(), unit)
            .number(Measure::Horizon, unit)
            .number(Measure::RestrictedMean, unit)
            .number(Measure::LargestDistance, "")
            .tolerance(1e-2)
            .number(Measure::LackOfFit, "")
            .tolerance(1e-2)
            .number(Measure::LackOfFitDf, "")
            .number(Measure::LackOfFitP, "")
            .tolerance(1e-1)
            .text("note");
    for own in parametric::of(patients, options)? {
        let arm = own.arm;
        for found in &own.fits {
            let family = found.fit.distribution.family().name();
            let parameters: Vec<String> = found
                .fit
                .parameters
                .iter()
                .map(|p| {
                    let (value, error) =
                        (significant(p.value, 4), significant(p.standard_error, 2));
                    format!("{} {value} ± {error}", p.name)
                })
                .collect();
            // An interval takes the family for true.
            let ends = found.median.filter(|_| !found.refuted());
            let test = found.lack_of_fit;
            table.push(vec![
                format!("{arm}, {family}").into(),
                arm.into(),
                family.into(),
                parameters.join(", ").into(),
                found.fit.log_likelihood.into(),
                found.aic_difference.into(),
                found.median.map(|m| m.0).into(),
                ends.map(|m| m.1).into(),
                ends.map(|m| m.2).into(),
                tau.into(),
                found.restricted_mean.into(),
                found.largest_distance.into(),
                test.map(|t| t.chi_squared).into(),
                test.map(|t| t.df as f64).into(),
                test.map(|t| t.p).into(),
                if found.refuted() { REFUTED.into() } else { Cell::Missing },
            ]);
        }
        for (family, reason) in own.refused {
            let mut row = vec![Cell::Missing; 16];
            row[0] = format!("{arm}, {}", family.name()).into();
            row[1] = arm.into();
            row[2] = family.name().into();
            row[15] = reason.to_string().into();
            table.push(row);
        }
    }
    Ok(table)
}

/// Royston–Parmar splines by arm with none to `most` internal knots, best AIC first.
///
/// # Errors
/// Options out of range.
pub fn splines(
    id: &str,
    patients: &Patients,
    options: &SurvivalOptions,
    most: usize,
    scale: SplineScale,
) -> Result<Table, StepError> {
    let unit = options.unit.as_str();
    let tau = options.horizon(patients);
    let caption = format!(
        "Royston–Parmar splines by maximum likelihood on the scale of the {}, best AIC of each arm first; coefficients are of the basis of flexsurv, knots in ln t",
        match scale {
            SplineScale::Hazard => "logarithm of the cumulative hazard",
            SplineScale::Odds => "logarithm of the odds",
            SplineScale::Normal => "normal deviate",
        }
    );
    let mut table = Table::new(id, caption)
        .column("fit", "")
        .column("arm", "")
        .column("internal_knots", "")
        .column("knots", "")
        .column("gamma", "")
        .column("log_likelihood", "")
        .column("aic_difference", "")
        // A difference of numbers a thousand times as large.
        .tolerance(1e-2)
        .column("median", unit)
        .column("horizon", unit)
        .column("restricted_mean", unit)
        .column("lack_of_fit", "")
        .tolerance(1e-2)
        .column("lack_of_fit_df", "")
        .column("lack_of_fit_p", "")
        .tolerance(1e-1)
        .column("note", "");
    let list =
        |values: &[f64]| values.iter().map(|x| significant(*x, 6)).collect::<Vec<_>>().join(" ");
    for own in spline::of(patients, options, most, scale)? {
        let arm = own.arm;
        let name = |knots: usize| format!("{arm}, {knots} internal");
        for found in &own.fits {
            let (fit, test) = (&found.fit, found.lack_of_fit);
            let mut notes: Vec<String> = Vec::new();
            if test.is_some_and(|t| t.refuted()) {
                notes.push(REFUTED.to_owned());
            }
            notes.extend(found.median.as_ref().err().map(ToString::to_string));
            table.push(vec![
                name(fit.internal_knots()).into(),
                arm.into(),
                (fit.internal_knots() as f64).into(),
                list(&fit.knots).into(),
                list(&fit.gamma).into(),
                fit.log_likelihood.into(),
                found.aic_difference.into(),
                found.median.as_ref().ok().copied().into(),
                tau.into(),
                found.restricted_mean.into(),
                test.map(|t| t.chi_squared).into(),
                test.map(|t| t.df as f64).into(),
                test.map(|t| t.p).into(),
                if notes.is_empty() { Cell::Missing } else { notes.join("; ").into() },
            ]);
        }
        for (knots, reason) in own.refused {
            let mut row = vec![Cell::Missing; 14];
            row[0] = name(knots).into();
            row[1] = arm.into();
            row[2] = (knots as f64).into();
            row[13] = reason.to_string().into();
            table.push(row);
        }
    }
    Ok(table)
}

/// A row per arm: patients, events, the interval that holds the median, survival at the times asked for with the
/// ends that the data leave for it.
///
/// # Errors
/// Options out of range.
pub fn interval_arms(
    id: &str,
    patients: &Intervals,
    options: &SurvivalOptions,
) -> Result<Results, StepError> {
    let unit = options.unit.as_str();
    let mut table = Results::new(
        id,
        "Survival by arm with events between two visits (Turnbull); the median lies after `median_after` and not after `median_by`, a dash is not reached",
    )
    .subject("arm", "")
    .number(Measure::Patients, "")
    .number(Measure::Events, "")
    .number(Measure::MedianAfter, unit)
    .number(Measure::MedianBy, unit)
    .number(Measure::LogLikelihood, "");
    for t in &options.at {
        let t = significant(*t, 6);
        table =
            table.number(Measure::SurvivalFrom(t.clone()), "").number(Measure::SurvivalTo(t), "");
    }
    table = table.text("note");
    for own in patients.curves(options) {
        let curve = own.curve.as_ref().ok();
        let median = curve.and_then(|c| c.quantile(0.5).ok()).flatten();
        let mut row: Vec<Cell> = vec![
            own.arm.into(),
            (own.patients as f64).into(),
            (own.events as f64).into(),
            median.map(|m| m.0).into(),
            median.map(|m| m.1).into(),
            curve.map(|c| c.log_likelihood).into(),
        ];
        for &t in &options.at {
            let at = curve.map(|c| c.survival_at(t));
            row.push(at.map(|s| s.0).into());
            row.push(at.map(|s| s.1).into());
        }
        row.push(said(own.curve.err().as_slice()));
        table.push(row);
    }
    Ok(table)
}

/// A row per interval in which the curve falls.
///
/// # Errors
/// Options out of range.
pub fn interval_curves(
    id: &str,
    patients: &Intervals,
    options: &SurvivalOptions,
) -> Result<Table, StepError> {
    let caption = format!(
        "Turnbull's curves: where they fall, and survival after that with pointwise {} intervals",
        options.percent()
    );
    let mut table = Table::new(id, caption)
        .column("arm", "")
        .column("after", &options.unit)
        .column("by", &options.unit)
        .column("probability", "")
        .column("survival", "")
        .column("low", "")
        .column("high", "");
    for own in patients.curves(options) {
        for fall in own.curve.iter().flat_map(|c| &c.falls) {
            table.push(vec![
                own.arm.into(),
                fall.from.into(),
                Cell::from(Some(fall.to).filter(|t| t.is_finite())),
                fall.probability.into(),
                fall.survival.into(),
                fall.lower.into(),
                fall.upper.into(),
            ]);
        }
    }
    Ok(table)
}
