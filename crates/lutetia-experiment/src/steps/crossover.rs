//! Overall survival of a trial with and without the effect of crossover.

use lutetia_outcome::survival::TwoStageOptions;
use lutetia_trial::{
    Record, TrialSpec,
    crossover_adjustment::Switched,
    summary::{self, Endpoint},
};

use crate::steps::StepError;
use lutetia_table::{Cell, Table, significant};

/// One row: method, hazard ratio and interval, ratio of times, note.
type Row = (&'static str, Result<Found, StepError>);

struct Found {
    ratio: f64,
    interval: Option<(f64, f64)>,
    time_ratio: Option<f64>,
    note: Option<String>,
}

/// The table `<id>.crossover`; only where an arm crosses over.
pub(super) fn table(id: &str, spec: &TrialSpec, records: &[Record], seed: u64) -> Option<Table> {
    let switched = Switched::of(spec, records)?;
    let (control, treated) = (switched.control(), switched.treated());
    let mut table = Table::new(
        format!("{id}.crossover"),
        format!(
            "Overall survival of `{}` over `{}`, by how crossover is dealt with",
            spec.arms[treated].name, spec.arms[control].name
        ),
    )
    .column("method", "")
    .column("hazard_ratio", "")
    .column("low", "")
    .column("high", "")
    .column("time_ratio", "")
    .column("note", "");
    let plain = |records: &[Record]| {
        summary::contrast(spec, records, treated, control, Endpoint::OverallSurvival)
            .map(|c| Found {
                ratio: c.hazard_ratio,
                interval: Some((c.lower, c.upper)),
                time_ratio: None,
                note: None,
            })
            .map_err(StepError::from)
    };
    let rows: [Row; 5] = [
        ("as randomised", plain(records)),
        ("censored at crossover", plain(&switched.censored())),
        ("inverse probability of censoring weights", weighted(&switched)),
        ("two-stage", two_stage(&switched, seed)),
        ("rank-preserving structural failure times", structural(&switched)),
    ];
    for (method, found) in rows {
        let row = match found {
            Ok(f) => vec![
                method.into(),
                f.ratio.into(),
                Cell::from(f.interval.map(|i| i.0)),
                Cell::from(f.interval.map(|i| i.1)),
                f.time_ratio.into(),
                f.note.map_or(Cell::Missing, Cell::from),
            ],
            Err(reason) => vec![
                method.into(),
                Cell::Missing,
                Cell::Missing,
                Cell::Missing,
                Cell::Missing,
                reason.to_string().into(),
            ],
        };
        table.push(row);
    }
    Some(table)
}

fn weighted(switched: &Switched<'_>) -> Result<Found, StepError> {
    let found = switched.weighted()?;
    let interval = found.arm.hazard_ratio_interval(0.95)?;
    Ok(Found {
        ratio: found.arm.hazard_ratio(),
        interval: Some(interval),
        time_ratio: None,
        note: Some(format!("largest weight {}", significant(found.largest_weight, 2))),
    })
}

fn two_stage(switched: &Switched<'_>, seed: u64) -> Result<Found, StepError> {
    let options = TwoStageOptions { seed, ..TwoStageOptions::default() };
    let found = switched.two_stages(options)?;
    Ok(Found {
        ratio: found.hazard_ratio,
        interval: found.hazard_ratio_interval,
        time_ratio: Some(found.time_ratio),
        note: None,
    })
}

fn structural(switched: &Switched<'_>) -> Result<Found, StepError> {
    let fit = switched.structural()?;
    let other = !fit.other_roots.is_empty();
    Ok(Found {
        ratio: fit.hazard_ratio,
        interval: fit.hazard_ratio_interval,
        time_ratio: Some(fit.time_ratio),
        note: other.then(|| "the statistic has other roots".to_owned()),
    })
}
