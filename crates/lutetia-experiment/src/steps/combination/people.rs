//! The virtual patients of a step, and when they are seen.

use std::sync::Arc;

use lutetia_scenario::MONTH_D as MONTH;
use lutetia_sim::Regimen;
use lutetia_trial::{CohortSpec, Population};
use rayon::prelude::*;

use super::{CohortUse, CombinationError, Set, Setting};
use crate::steps::{Context, StepError};

/// Most patients.
pub(super) const MOST_PATIENTS: u32 = 5000;

/// The patients of a step.
pub(super) struct People<'a> {
    pub(super) spec: &'a CohortUse,
    base: CohortSpec,
    pub(super) seed: u64,
    model: Option<Arc<lutetia_sim::Simulator>>,
}

impl<'a> People<'a> {
    /// The patients that a step asks for.
    pub(super) fn of(spec: &'a CohortUse, context: &Context) -> Result<Self, StepError> {
        if !(10..=MOST_PATIENTS).contains(&spec.patients) {
            return Err(CombinationError::Patients { found: spec.patients }.into());
        }
        if spec.map_patients > MOST_PATIENTS {
            return Err(CombinationError::MapPatients { found: spec.map_patients }.into());
        }
        let seed = context.seed;
        let (base, model) = match &spec.of {
            None => (CohortSpec { seed, ..CohortSpec::default() }, None),
            Some(id) => {
                let cohort = context.artefacts.cohort(id)?;
                (cohort.spec.clone(), Some(Arc::clone(&cohort.model.simulator)))
            }
        };
        Ok(Self { spec, base, seed, model })
    }

    /// The population with some typical values replaced.
    pub(super) fn population(
        &self,
        setting: &Setting<'_>,
        set: &Set,
    ) -> Result<Population, StepError> {
        if self.model.as_ref().is_some_and(|m| !Arc::ptr_eq(m, &setting.model.simulator)) {
            return Err(CombinationError::OtherModel {
                cohort: self.spec.of.clone().unwrap_or_default(),
                model: setting.step.model.clone(),
            }
            .into());
        }
        let mut spec = self.base.clone();
        // What is set holds for everybody, whatever law the cohort gives it.
        let own = |name: &str| name.rsplit_once(':').map_or("", |(_, own)| own).to_owned();
        spec.covariates.retain(|(law, _)| !set.keys().any(|n| n == law || own(n) == *law));
        for (name, text) in set {
            let value = lutetia_scenario::setting(setting.model, name, text)?;
            spec.typical.push((name.clone(), value));
        }
        Population::new(&setting.model.model, setting.model.simulator.system(), &spec)
            .map_err(StepError::from)
    }
}

/// When patients are seen.
pub(super) struct Schedule {
    /// From the start on, in the unit of the model.
    pub(super) times: Vec<f64>,
    /// The same, d.
    pub(super) days: Vec<f64>,
    /// A month in the unit of the model.
    pub(super) month: f64,
}

impl Schedule {
    pub(super) fn new(setting: &Setting<'_>, spec: &CohortUse) -> Result<Self, StepError> {
        let step = setting.step;
        let every = setting.time("scans", &spec.scans)?;
        let end = setting.time("until", step.until.as_ref().unwrap_or(&step.at))?;
        if every.is_nan() || every <= 0.0 || end < every {
            return Err(CombinationError::Scans { scans: spec.scans.text().to_owned() }.into());
        }
        let times: Vec<f64> = (0_u32..)
            .map(|k| every * f64::from(k))
            .take_while(|t| *t <= end * (1.0 + 1e-12))
            .collect();
        let days = times.iter().map(|t| t / setting.day).collect();
        Ok(Self { times, days, month: MONTH * setting.day })
    }

    /// Area under a curve of steps: the mean time until the end, months.
    pub(super) fn mean(&self, curve: &[f64]) -> f64 {
        curve.iter().zip(self.times.windows(2)).map(|(s, w)| s * (w[1] - w[0])).sum::<f64>()
            / self.month
    }

    /// Where the straight line between two scans passes one half, months.
    pub(super) fn median_between(&self, curve: &[f64]) -> Option<f64> {
        let after = curve.iter().position(|s| *s <= 0.5)?;
        let before = after.checked_sub(1)?;
        let share = (curve[before] - 0.5) / (curve[before] - curve[after]);
        Some((self.times[before] + share * (self.times[after] - self.times[before])) / self.month)
    }

    /// Share of patients without progression at each scan.
    pub(super) fn curve(&self, found: &(impl Iterator<Item = Option<usize>> + Clone)) -> Vec<f64> {
        let n = found.clone().count() as f64;
        (0..self.times.len())
            .map(|scan| found.clone().filter(|f| f.is_none_or(|k| k > scan)).count() as f64 / n)
            .collect()
    }
}

/// Progression of one patient. Where the course cannot be integrated to its end (a tumour that has grown
/// beyond all measure, or of which next to nothing is left), the part that can be decides, if it does.
fn one(
    setting: &Setting<'_>,
    people: &People<'_>,
    parameters: &[f64],
    regimen: &Regimen,
    schedule: &Schedule,
) -> Result<Option<usize>, StepError> {
    let course = |count: usize| -> Result<Vec<f64>, StepError> {
        let run = setting.simulate(parameters, regimen, &schedule.times[..count])?;
        Ok(run.outputs.column(setting.response).collect())
    };
    let all = schedule.times.len();
    let judge = |response: &[f64]| {
        people.spec.progression.visit(&schedule.days[..response.len()], response)
    };
    let failed = match course(all) {
        Ok(response) => return Ok(judge(&response)?),
        Err(reason) => reason,
    };
    for eighths in (1..8).rev() {
        let Ok(response) = course((all * eighths / 8).max(2)) else { continue };
        let found = judge(&response)?;
        let gone = response.last().is_some_and(|r| *r < GONE);
        return if found.is_some() || gone { Ok(found) } else { Err(failed) };
    }
    Err(failed)
}

/// Less than this share of a tumour does not come back to something that is seen within two years.
const GONE: f64 = 1e-6;

/// The visit that shows progression, of every patient under some regimens.
pub(super) fn followed(
    setting: &Setting<'_>,
    people: &People<'_>,
    population: &Population,
    schedule: &Schedule,
    regimens: &[Regimen],
) -> Result<Vec<Vec<Option<usize>>>, StepError> {
    (0..u64::from(people.spec.patients))
        .into_par_iter()
        .map(|number| {
            let patient = population.patient(number)?;
            regimens
                .iter()
                .map(|regimen| {
                    one(setting, people, patient.parameters(0), regimen, schedule)
                        .map_err(|e| StepError::Patient { number, source: Box::new(e) })
                })
                .collect()
        })
        .collect()
}
