//! Methods against the truth where the typical values of the truth are uncertain: the same patients under draws of these.

use std::sync::atomic::{AtomicBool, Ordering};

use lutetia_fit::Percentiles;

use super::{
    judged::{JudgedMethod, JudgedRegion, judged, label},
    patients::virtual_curves,
    setting::Setting,
};
use crate::steps::{
    StepError,
    cohort::{Band, Drawn, draws},
};

/// A number of a method and a region over the draws.
pub(super) struct UncertainMethod {
    /// Of the method and region, as in the table of all methods.
    pub(super) label: String,
    pub(super) region: String,
    pub(super) method: String,
    pub(super) statistic: &'static str,
    pub(super) unit: &'static str,
    pub(super) band: Band,
}

/// What is drawn for a step; none where it asks for no draws.
///
/// # Errors
/// Too few draws or too many, nothing that is uncertain.
pub(super) fn of_step(setting: &Setting<'_>) -> Result<Option<Drawn>, StepError> {
    let Setting { step, model, seed, .. } = setting;
    if step.draws == 0 {
        return Ok(None);
    }
    let set: Vec<&str> = step.set.keys().map(String::as_str).collect();
    let infos = model.simulator.system().parameters();
    let typical = step
        .set
        .iter()
        .map(|(name, text)| {
            let value = infos[model.simulator.parameter(name)?].setting(text)?;
            Ok((name.clone(), value))
        })
        .collect::<Result<Vec<_>, StepError>>()?;
    draws(model, (step.draws, *seed), &set, &typical).map(Some)
}

/// Name, unit and value of each number that is followed over the draws.
type Statistic = (&'static str, &'static str, fn(&JudgedMethod<'_>) -> Option<f64>);

/// Their names.
pub(crate) const NAMES: [&str; 4] = ["bias", "bias_sd", "mean_deviation", "median_tia"];

const STATISTICS: [Statistic; 4] = [
    (NAMES[0], "%", |m| m.ratio.map(|p: Percentiles| 100.0 * (p.mean - 1.0))),
    (NAMES[1], "%", |m| m.ratio.map(|p| 100.0 * p.sd)),
    (NAMES[2], "%", |m| m.deviation()),
    (NAMES[3], "MBq h", |m| m.tia.map(|t| t.median)),
];

/// Judges all methods under each draw.
///
/// # Errors
/// As [`judged`], with the number of the draw; the interruption.
pub(super) fn bands(
    setting: &Setting<'_>,
    drawn: &Drawn,
    typical: &[JudgedRegion<'_>],
    stop: &AtomicBool,
) -> Result<Vec<UncertainMethod>, StepError> {
    let mut all: Vec<Vec<f64>> = Vec::with_capacity(drawn.draws.len());
    for values in &drawn.draws {
        if stop.load(Ordering::Relaxed) {
            return Err(StepError::Interrupted);
        }
        let curves = virtual_curves(setting, values)?;
        let found = judged(setting, &curves)?;
        let methods = found.iter().flat_map(|region| &region.methods);
        let numbers = methods.flat_map(|m| STATISTICS.map(|(.., of)| of(m).unwrap_or(f64::NAN)));
        all.push(numbers.collect());
    }
    let several = typical.len() > 1;
    let mut found = Vec::new();
    for region in typical {
        for method in &region.methods {
            for (statistic, unit, _) in STATISTICS {
                let at = found.len();
                found.push(UncertainMethod {
                    label: label(region, method, several),
                    region: region.region.to_owned(),
                    method: method.way.name.clone(),
                    statistic,
                    unit,
                    band: Band::of(all.iter().map(|numbers| numbers[at]).collect()),
                });
            }
        }
    }
    Ok(found)
}
