//! A cohort as later steps use it: the same patients with other typical values, stratified or weighted.

use std::{num::NonZeroU64, sync::Arc};

use lutetia_scenario::LoadedModel;
use lutetia_trial::{Cohort, CohortSpec, Margin, Population, Weighting, weights};

use super::{CohortFault, MarginSpec, margins::margin, posterior::Drawn};
use crate::steps::StepError;

/// A cohort that later steps use.
#[derive(Debug, Clone)]
pub(crate) struct CohortUse {
    pub(crate) model: LoadedModel,
    pub(crate) spec: CohortSpec,
    pub(crate) population: Arc<Population>,
    pub(super) margins: Vec<MarginSpec>,
    /// Patients that weights are found for.
    pub(super) patients: usize,
    /// The effective number of them, where the population is weighted to the margins.
    pub(crate) effective_size: Option<f64>,
    /// What a calibration of another experiment says of its values.
    pub(crate) posterior: Option<Arc<Drawn>>,
}

impl CohortUse {
    /// The same patients with some typical values replaced (internal).
    pub(crate) fn with(&self, typical: &[(String, f64)]) -> Result<Population, StepError> {
        self.stratified(typical, None)
    }

    /// The same, stratified: a cohort of that many which together resembles the population.
    pub(crate) fn stratified(
        &self,
        typical: &[(String, f64)],
        stratified: Option<NonZeroU64>,
    ) -> Result<Population, StepError> {
        let mut spec = self.spec.clone();
        spec.typical.extend(typical.iter().cloned());
        // Weighted patients are drawn from a pool of independent ones, of another size.
        spec.stratified = stratified.filter(|_| self.effective_size.is_none());
        let population = Population::new(&self.model.model, self.model.simulator.system(), &spec)?;
        if self.effective_size.is_none() {
            return Ok(population);
        }
        // Other typical values are other patients, and other weights.
        let (weighting, _) = self.weighting(&population)?;
        Ok(population.weighted(&weighting.weights)?)
    }

    /// The population that the margins of the cohort make of its patients.
    pub(crate) fn weighted(mut self) -> Result<Self, StepError> {
        if self.margins.is_empty() {
            return Err(CohortFault::NoMargins.into());
        }
        let (weighting, _) = self.weighting(&self.population)?;
        let population = Population::clone(&self.population);
        let population = population.weighted(&weighting.weights)?;
        self.population = Arc::new(population);
        self.effective_size = Some(weighting.effective_size);
        Ok(self)
    }

    /// Weights of the patients of the cohort, and the margins they meet.
    fn weighting(&self, population: &Population) -> Result<(Weighting, Vec<Margin>), StepError> {
        let drawn = population.cohort(0, self.patients)?;
        let margins = self.margins_of(&drawn)?;
        let found = weights(drawn.patients.len(), &margins)?;
        Ok((found, margins))
    }

    /// The published margins, with what each patient has.
    pub(crate) fn margins_of(&self, drawn: &Cohort) -> Result<Vec<Margin>, StepError> {
        let infos = self.model.simulator.system().parameters();
        let values = |slot: usize| -> Vec<f64> {
            drawn.patients.iter().map(|p| p.parameters(0)[slot] / infos[slot].factor).collect()
        };
        self.margins.iter().map(|m| margin(m, &self.model, &values)).collect()
    }
}
