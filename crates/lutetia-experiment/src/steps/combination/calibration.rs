//! One effect that is not known, set so that one arm has its published median.

use lutetia_scenario::internal;

use super::{
    Calibrate, CombinationError, People, Set, Setting,
    people::{Schedule, followed},
    setting::{ARMS, shifts},
};
use crate::steps::StepError;

/// Halvings of the bounds, and months within which a median is met: patients move it in steps.
const BISECTIONS: u32 = 12;
const NEAR: f64 = 0.03;

/// The value of a parameter that gives an arm its published median.
pub(super) struct Calibration {
    pub(super) parameter: String,
    /// As the model writes it.
    pub(super) unit: String,
    pub(super) symbol: String,
    pub(super) value: f64,
    /// `a` or `b`.
    pub(super) of_a: bool,
    /// Of the arm with that value, months.
    pub(super) median: f64,
    /// Months.
    pub(super) published: f64,
    /// How many values were tried.
    pub(super) tried: u32,
}

impl Calibration {
    /// The value as it is set.
    pub(super) fn text(&self) -> String {
        format!("{} {}", self.value, self.unit)
    }
}

/// What can be known of a cohort and of the effect that is looked for before anybody is followed.
pub(super) fn asked(setting: &Setting<'_>, people: &People<'_>) -> Result<(), StepError> {
    Schedule::new(setting, people.spec)?;
    people.population(setting, &setting.step.set)?;
    let Some(Calibrate { parameter, lower, upper, arm, .. }) = &people.spec.calibrate else {
        return Ok(());
    };
    setting.model.simulator.parameter(parameter)?;
    for end in [lower, upper] {
        internal(setting.model, parameter, end)?;
    }
    match arm.as_str() {
        "a" | "b" => Ok(()),
        other => Err(CombinationError::Arm { arm: other.to_owned() }.into()),
    }
}

/// The calibration that a step asks for, if it does.
pub(super) fn of(
    setting: &Setting<'_>,
    people: &People<'_>,
    set: &Set,
) -> Result<Option<Calibration>, StepError> {
    let Some(spec) = &people.spec.calibrate else { return Ok(None) };
    let Calibrate { parameter, lower, upper, arm, median } = spec;
    let model = setting.model;
    let index = model.simulator.parameter(parameter)?;
    let info = &model.simulator.system().parameters()[index];
    let schedule = Schedule::new(setting, people.spec)?;
    let target = setting.time("median", median)? / schedule.month;
    let (of_a, levels) = match arm.as_str() {
        "a" => (true, ARMS[1]),
        "b" => (false, ARMS[2]),
        other => return Err(CombinationError::Arm { arm: other.to_owned() }.into()),
    };
    let shift = shifts(setting.step).first().map_or(Ok(0.0), |s| setting.time("shifts", s))?;
    let regimen = [setting.regimen(levels, shift)?];
    let text = |x: f64| format!("{x} {}", info.unit);
    let median_at = |x: f64| -> Result<f64, StepError> {
        let mut set = set.clone();
        set.insert(parameter.clone(), text(x));
        let population = people.population(setting, &set)?;
        let found = followed(setting, people, &population, &schedule, &regimen)?;
        let curve = schedule.curve(&found.iter().map(|f| f[0]));
        // Not reached: beyond whatever is asked.
        Ok(schedule.median_between(&curve).unwrap_or(f64::INFINITY))
    };
    let declared = |t: &String| internal(model, parameter, t).map(|x| x / info.factor);
    let (mut low, mut high) = (declared(lower)?, declared(upper)?);
    let ends = (median_at(low)?, median_at(high)?);
    let rises = ends.1 > ends.0;
    if (ends.0 - target) * (ends.1 - target) > 0.0 {
        return Err(CombinationError::NoMedian {
            parameter: parameter.clone(),
            lower: lower.clone(),
            upper: upper.clone(),
            median: median.text().to_owned(),
            ends,
        }
        .into());
    }
    let mut at = (low, ends.0);
    let mut tried = 2_u32;
    for _ in 0..BISECTIONS {
        let middle = 0.5 * (low + high);
        at = (middle, median_at(middle)?);
        tried += 1;
        if (at.1 - target).abs() < NEAR {
            break;
        }
        if (at.1 < target) == rises { low = middle } else { high = middle }
    }
    Ok(Some(Calibration {
        parameter: parameter.clone(),
        unit: info.unit.to_string(),
        symbol: info.unit.symbol().to_owned(),
        value: at.0,
        of_a,
        median: at.1,
        published: target,
        tried,
    }))
}
