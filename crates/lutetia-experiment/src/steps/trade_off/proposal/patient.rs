//! The patient that a regimen is sought for, and what is uncertain about him.

use lutetia_patient::model::FittedPatient;
use lutetia_scenario::setting;

use super::ProposeSpec;
use crate::steps::{StepError, cohort::CohortUse};

/// Draws of a fitted patient, for the intervals at the proposed regimen.
const DRAWS: usize = 60;

/// Values of one patient, or of everybody where a regimen is sought for a cohort.
pub(super) struct Sought<'a> {
    /// As an earlier fit found him.
    fitted: Option<&'a FittedPatient>,
    /// The part of the connected model that was fitted; empty where it is the whole model.
    part: &'a str,
    /// Values that differ, internal.
    set: Vec<(String, f64)>,
}

impl<'a> Sought<'a> {
    /// The patient of a search.
    ///
    /// # Errors
    /// A parameter that the model does not have, a value of another dimension.
    pub(super) fn of(
        spec: &'a ProposeSpec,
        fitted: Option<&'a FittedPatient>,
        cohort: &CohortUse,
    ) -> Result<Self, StepError> {
        let set = spec
            .patient
            .iter()
            .map(|(name, text)| Ok((name.clone(), setting(&cohort.model, name, text)?)))
            .collect::<Result<_, StepError>>()?;
        let part = spec.fitted.as_ref().map_or("", |f| f.part.as_str());
        Ok(Self { fitted, part, set })
    }

    /// A parameter of the fit, as the model of the trial calls it.
    fn own(&self, name: &str) -> String {
        match self.part {
            "" => name.to_owned(),
            part => format!("{part}{}{name}", lutetia_model::ALIAS_SEPARATOR),
        }
    }

    /// His values.
    pub(super) fn values(&self) -> Vec<(String, f64)> {
        let fitted = self.fitted.iter().flat_map(|f| &f.values);
        fitted.map(|(name, x)| (self.own(name), *x)).chain(self.set.iter().cloned()).collect()
    }

    /// Values under which a proposed regimen is judged again: those of the fit within their uncertainty, and the draws
    /// of a calibration.
    ///
    /// # Errors
    /// A covariance that cannot be drawn from.
    pub(super) fn others(
        &self,
        cohort: &CohortUse,
        seed: u64,
    ) -> Result<Vec<Vec<(String, f64)>>, StepError> {
        let calibration: &[Vec<(String, f64)>] =
            cohort.posterior.as_ref().map_or(&[], |p| p.draws.as_slice());
        let Some(fit) = self.fitted else {
            let with = |d: &Vec<(String, f64)>| d.iter().chain(&self.set).cloned().collect();
            return Ok(calibration.iter().map(with).collect());
        };
        let Some(spread) = &fit.spread else { return Ok(Vec::new()) };
        let (certain, uncertain) = fit.values.split_at(fit.values.len() - spread.len());
        let drawn = spread.draws(DRAWS, seed)?.into_iter().enumerate();
        let with = |(k, x): (usize, Vec<f64>)| {
            let mut values: Vec<(String, f64)> =
                certain.iter().map(|(n, v)| (self.own(n), *v)).collect();
            values.extend(uncertain.iter().zip(x).map(|((n, _), x)| (self.own(n), x)));
            if !calibration.is_empty() {
                values.extend(calibration[k % calibration.len()].iter().cloned());
            }
            values.extend(self.set.iter().cloned());
            values
        };
        Ok(drawn.map(with).collect())
    }
}
