//! Who are the patients?
//!
//! A virtual patient is drawn from the population that a model file declares: random effects with
//! their correlations, variability from cycle to cycle, covariates. All numbers are internal.

use std::num::NonZeroU64;

use lutetia_model::{Model, system::System};
use rayon::prelude::*;

use crate::{
    covariate::Covariates,
    covariate_law::CovariateLaw,
    draw::Draws,
    effects::{Effects, RandomEffect},
    error::PopulationError,
    limits::{Limit, Limits},
    range::PopulationRange,
    slots::{covariate_slots, slots},
    weighting::Pool,
};

/// How a cohort is drawn, beside what the model file says.
#[derive(Debug, Clone, PartialEq)]
pub struct CohortSpec {
    /// Seed.
    pub seed: u64,
    /// Typical values that differ from the file: parameters and covariates.
    pub typical: Vec<(String, f64)>,
    /// Laws of covariates; those without one take their typical value. In connected models a name without
    /// its part means the covariates of that name in all parts: they are one patient's.
    pub covariates: Vec<(String, CovariateLaw)>,
    /// Correlations of covariates, as correlations of a Gaussian copula.
    pub correlations: Vec<(String, String, f64)>,
    /// Covariates that change from occasion to occasion (the cycle itself): a value per occasion,
    /// the last one holding for all later ones.
    pub by_occasion: Vec<(String, Vec<f64>)>,
    /// Number of occasions (cycles), at least 1.
    pub occasions: usize,
    /// Plausibility limits.
    pub limits: Vec<Limit>,
    /// Draws tried per patient before it is given up.
    pub most_attempts: u32,
    /// Size of the cohort where its patients are stratified ([`Draws::stratified`]): for few patients that
    /// should together resemble the population.
    pub stratified: Option<NonZeroU64>,
}

impl Default for CohortSpec {
    fn default() -> Self {
        Self {
            seed: 1,
            typical: Vec::new(),
            covariates: Vec::new(),
            correlations: Vec::new(),
            by_occasion: Vec::new(),
            occasions: 1,
            limits: Vec::new(),
            most_attempts: 1000,
            stratified: None,
        }
    }
}

/// One virtual patient.
#[derive(Debug, Clone, PartialEq)]
pub struct Patient {
    /// Number, from 0; with the seed it says everything about the patient.
    pub number: u64,
    /// One parameter vector per occasion, in the order of
    /// [`System::parameters`](lutetia_model::System::parameters); a single one where nothing changes.
    pub occasions: Vec<Vec<f64>>,
    /// Draws it took until the limits were met.
    pub attempts: u32,
    /// The patient's random numbers.
    pub draws: Draws,
}

impl Patient {
    /// The parameters of an occasion (from 0); the last ones hold for all later occasions.
    #[must_use]
    pub fn parameters(&self, occasion: usize) -> &[f64] {
        let last = self.occasions.len().saturating_sub(1);
        self.occasions.get(occasion.min(last)).map_or(&[], Vec::as_slice)
    }
}

/// A population ready to be drawn from.
#[derive(Debug, Clone)]
pub struct Population {
    system: System,
    seed: u64,
    typical: Vec<f64>,
    effects: Effects,
    covariates: Covariates,
    by_occasion: Vec<(usize, Vec<f64>)>,
    occasions: usize,
    limits: Limits,
    most_attempts: u32,
    pool: Option<Pool>,
    stratified: Option<NonZeroU64>,
}

/// Patients with what it took to draw them.
#[derive(Debug, Clone)]
pub struct Cohort {
    /// The patients, by number.
    pub patients: Vec<Patient>,
}

impl Cohort {
    /// Accepted draws per draw: 1 where no limit refuses anybody.
    #[must_use]
    pub fn acceptance_rate(&self) -> f64 {
        let attempts: u64 = self.patients.iter().map(|p| u64::from(p.attempts)).sum();
        #[expect(clippy::cast_precision_loss, reason = "counts of patients")]
        let rate = self.patients.len() as f64 / attempts as f64;
        if attempts == 0 { f64::NAN } else { rate }
    }
}

impl Population {
    /// Resolves the names of a specification against a model and its compiled form.
    ///
    /// Random effects are those of the model ([`Effects`]) by the laws of [`Form`](crate::Form): η ~ N(0, Ω) with
    /// the model's correlations, and a variability between occasions κ ~ N(0, π²), added to η on every occasion.
    /// A draw outside the bounds that the file declares for a parameter is refused, like one outside a limit.
    ///
    /// # Errors
    /// [`PopulationError`]: a name that does not exist, a law out of range, a variability on a formula, a
    /// covariate without any value, correlations that cannot hold together.
    pub fn new(model: &Model, system: &System, spec: &CohortSpec) -> Result<Self, PopulationError> {
        if spec.occasions == 0 {
            return Err(PopulationRange::NoOccasions.into());
        }
        if spec.most_attempts == 0 {
            return Err(PopulationRange::NoAttempts.into());
        }
        let mut typical = typical_values(system, spec)?;
        let effects = Effects::of(model, system, &typical)?;
        let covariates = Covariates::of(model, system, &spec.covariates, &spec.correlations)?;
        let by_occasion = values_by_occasion(system, spec)?;
        for (slot, values) in &by_occasion {
            typical[*slot] = values[0];
        }
        for (slot, info) in system.parameters().iter().enumerate() {
            if typical[slot].is_nan() && !covariates.gives(slot) {
                return Err(PopulationError::NoCovariate {
                    name: info.name.clone(),
                    unit: info.unit.symbol().to_owned(),
                });
            }
        }
        let limits = Limits::of(system, &effects, &spec.limits)?;
        Ok(Self {
            system: system.clone(),
            seed: spec.seed,
            typical,
            effects,
            covariates,
            by_occasion,
            occasions: spec.occasions,
            limits,
            most_attempts: spec.most_attempts,
            pool: None,
            stratified: spec.stratified,
        })
    }

    /// The population that the weights of its first patients make of it: each patient is one of those, chosen in
    /// proportion to the weights by a random number of its own, so that what is counted needs no weights any more.
    /// A number still means the same patient in every arm and cohort; two numbers may mean the same parameters,
    /// and never the same fate.
    ///
    /// # Errors
    /// [`PopulationRange::Weights`] for weights that are not on the simplex.
    pub fn weighted(mut self, weights: &[f64]) -> Result<Self, PopulationError> {
        self.pool = Some(Pool::new(weights)?);
        Ok(self)
    }

    /// The compiled model the patients belong to.
    #[must_use]
    pub fn system(&self) -> &System {
        &self.system
    }

    /// The typical patient: no random effects, covariates without a law at their typical values and
    /// those with one at its median.
    #[must_use]
    pub fn typical(&self) -> Patient {
        let mut parameters = self.typical.clone();
        self.covariates.write_medians(&mut parameters);
        let none = vec![0.0; self.effects.between().len()];
        let occasions = self.spread(&parameters, |_, _| 0.0, &none);
        Patient { number: 0, occasions, attempts: 1, draws: Draws::new(self.seed, 0) }
    }

    /// The patient of a number.
    ///
    /// # Errors
    /// [`PopulationError::Implausible`] when no draw meets the limits.
    pub fn patient(&self, number: u64) -> Result<Patient, PopulationError> {
        let own = match self.stratified {
            Some(cohort) => Draws::stratified(self.seed, number, cohort),
            None => Draws::new(self.seed, number),
        };
        let draws = match &self.pool {
            Some(pool) => Draws::new(self.seed, pool.pick(own.uniform("prevalence", 0))),
            None => own,
        };
        let mut refused = vec![0_u32; self.limits.len()];
        for attempt in 0..self.most_attempts {
            let occasions = self.draw(&draws, u64::from(attempt));
            match self.limits.refusal(&self.system, &occasions) {
                None => {
                    return Ok(Patient { number, occasions, attempts: attempt + 1, draws: own });
                }
                Some(limit) => refused[limit] += 1,
            }
        }
        // Every draw was refused by a limit, and there is at least one draw.
        let worst = (0..refused.len()).max_by_key(|&k| refused[k]).unwrap_or(0);
        Err(PopulationError::Implausible {
            patient: number,
            attempts: self.most_attempts,
            limit: self.limits.refusing(worst),
            refused: refused.get(worst).copied().unwrap_or(0),
        })
    }

    /// The patients `first` to `first + size − 1`, drawn on the threads of the present pool.
    ///
    /// # Errors
    /// As [`Population::patient`], of the first patient it happens to; a cohort of nobody.
    pub fn cohort(&self, first: u64, size: usize) -> Result<Cohort, PopulationError> {
        if size == 0 {
            return Err(PopulationRange::NoPatients.into());
        }
        let drawn: Vec<Result<Patient, PopulationError>> =
            (0..size as u64).into_par_iter().map(|k| self.patient(first + k)).collect();
        Ok(Cohort { patients: drawn.into_iter().collect::<Result<_, _>>()? })
    }

    fn draw(&self, draws: &Draws, attempt: u64) -> Vec<Vec<f64>> {
        let mut parameters = self.typical.clone();
        self.covariates.write_drawn(draws, attempt, &mut parameters);
        let eta = self.effects.eta(draws, attempt);
        let kappa = |effect: &RandomEffect, occasion: usize| {
            let purpose = format!("iov {} {occasion}", effect.name);
            effect.sd * draws.normal(&purpose, attempt)
        };
        self.spread(&parameters, kappa, &eta)
    }

    /// One parameter vector per occasion.
    fn spread(
        &self,
        base: &[f64],
        kappa: impl Fn(&RandomEffect, usize) -> f64,
        eta: &[f64],
    ) -> Vec<Vec<f64>> {
        let changes = !self.effects.within().is_empty()
            || self.by_occasion.iter().any(|(_, values)| values.len() > 1);
        let count = if changes { self.occasions } else { 1 };
        (0..count)
            .map(|occasion| {
                let mut parameters =
                    self.effects.apply(base, eta, |effect| kappa(effect, occasion));
                for (slot, values) in &self.by_occasion {
                    parameters[*slot] = values[occasion.min(values.len() - 1)];
                }
                parameters
            })
            .collect()
    }
}

/// The typical values of the file, with those that the specification puts in their place.
fn typical_values(system: &System, spec: &CohortSpec) -> Result<Vec<f64>, PopulationError> {
    let mut typical = system.default_parameters();
    for (name, value) in &spec.typical {
        if !value.is_finite() {
            return Err(PopulationRange::Typical { name: name.clone(), found: *value }.into());
        }
        for slot in slots(system, name, "parameter")? {
            typical[slot] = *value;
        }
    }
    Ok(typical)
}

/// Covariates that change from occasion to occasion, by their places.
fn values_by_occasion(
    system: &System,
    spec: &CohortSpec,
) -> Result<Vec<(usize, Vec<f64>)>, PopulationError> {
    let mut placed = Vec::new();
    for (name, values) in &spec.by_occasion {
        let slots = covariate_slots(system, name)?;
        if values.is_empty() || values.iter().any(|v| !v.is_finite()) {
            let (name, found) = (name.clone(), values.clone());
            return Err(PopulationRange::ByOccasion { name, found }.into());
        }
        placed.extend(slots.into_iter().map(|slot| (slot, values.clone())));
    }
    Ok(placed)
}
