//! What happens to whom, in which arm, and when?
//!
//! A trial is arms × regimen × cohort. Every patient is simulated on the connected model of kinetics,
//! tumour, toxicity and survival. What happens at random to a patient (death, a new lesion, drop-out,
//! the day of entry, the choice to cross over) is a function of the patient's own random numbers, so
//! that two arms differ by their treatment alone. All times are days, but for those of treatments, which are
//! internal.

mod censoring;
mod course;
mod crossover;
mod grading;
mod patient;
mod record;
mod spec;
mod validate;

use std::sync::atomic::{AtomicBool, Ordering};

use lutetia_population::{Patient, Population};
use lutetia_scenario::{Clock, Moment};
use lutetia_sim::Simulator;
use rayon::prelude::*;

use crate::error::TrialError;
use course::Given;
use crossover::Known;

pub use patient::Expected;
pub use record::{Failed, Observed, Record};
pub use spec::{Arm, Crossover, Dependence, Meaning, Toxicity, TrialSpec};

/// Indices of outputs.
#[derive(Debug, Clone)]
pub(crate) struct Outputs {
    pub(crate) death: Option<usize>,
    pub(crate) new_lesion: Option<usize>,
    pub(crate) volume: Option<usize>,
    pub(crate) marker: Option<usize>,
    pub(crate) toxicities: Vec<(usize, Vec<f64>)>,
    pub(crate) keep: Vec<usize>,
}

/// What an arm names, found in the model and the trial.
#[derive(Debug, Clone)]
struct Places {
    /// Parameters that it fixes.
    set: Vec<(usize, f64)>,
    /// What it gives, time after time.
    moments: Vec<Moment>,
    /// The arm to which its patients may cross over.
    target: Option<usize>,
    /// What that depends on.
    dependences: Vec<Known>,
}

/// A trial ready to run: names resolved, numbers checked.
#[derive(Debug)]
pub struct Trial<'a> {
    pub(crate) simulator: &'a Simulator,
    population: &'a Population,
    pub(crate) spec: TrialSpec,
    pub(crate) outputs: Outputs,
    /// What each arm names.
    named: Vec<Places>,
    pub(crate) times: Vec<f64>,
    pub(crate) internal_times: Vec<f64>,
    /// Internal length of a day.
    pub(crate) day: f64,
}

impl<'a> Trial<'a> {
    /// Checks a trial against the model of a population.
    ///
    /// # Errors
    /// [`TrialError`]: no arm, an arm without patients, an unknown output or arm, a number outside its
    /// range, a dose into a place that does not exist (a partner without kinetics).
    pub fn new(
        simulator: &'a Simulator,
        population: &'a Population,
        spec: TrialSpec,
    ) -> Result<Self, TrialError> {
        validate::check_numbers(&spec)?;
        let outputs = validate::outputs(simulator, &spec)?;
        let named = validate::arms(simulator, &spec)?;
        let times = validate::grid(&spec);
        let day = Clock::of(simulator.system()).day();
        let internal_times = times.iter().map(|t| t * day).collect();
        Ok(Self { simulator, population, spec, outputs, named, times, internal_times, day })
    }

    /// The specification.
    #[must_use]
    pub fn spec(&self) -> &TrialSpec {
        &self.spec
    }

    /// Kept outputs of a record in the units the model declares for them.
    #[must_use]
    pub fn kept_in_declared_units(&self, kept: &[f64]) -> Vec<f64> {
        let infos = self.simulator.system().outputs();
        self.outputs.keep.iter().zip(kept).map(|(o, value)| value * infos[*o].factor).collect()
    }

    /// Every (patient, arm) of the trial, arm after arm.
    #[must_use]
    pub fn places(&self) -> Vec<(u64, usize)> {
        self.spec
            .arms
            .iter()
            .enumerate()
            .flat_map(|(index, arm)| (0..arm.patients as u64).map(move |k| (arm.first + k, index)))
            .collect()
    }

    /// Runs all patients of all arms on the threads of the present pool; the records are in the order
    /// of [`Trial::places`] whatever their number. Whoever could not be simulated is named with the
    /// reason.
    #[must_use]
    pub fn run(&self) -> (Vec<Record>, Vec<Failed>) {
        // Nobody holds the flag, so that nobody raises it.
        self.run_until(&AtomicBool::new(false)).unwrap_or_default()
    }

    /// As [`Trial::run`], unless `stop` comes up, which is looked at before each patient.
    ///
    /// # Errors
    /// [`TrialError::Interrupted`].
    pub fn run_until(&self, stop: &AtomicBool) -> Result<(Vec<Record>, Vec<Failed>), TrialError> {
        let all: Option<Vec<Result<Record, Failed>>> = self
            .places()
            .into_par_iter()
            .map(|(patient, arm)| (!stop.load(Ordering::Relaxed)).then(|| self.one(patient, arm)))
            .collect();
        let (mut records, mut failed) = (Vec::new(), Vec::new());
        for result in all.ok_or(TrialError::Interrupted)? {
            match result {
                Ok(record) => records.push(record),
                Err(why) => failed.push(why),
            }
        }
        Ok((records, failed))
    }

    /// One patient in one arm.
    ///
    /// # Errors
    /// [`Failed`]: the patient has no plausible draw, or the simulation failed.
    pub fn one(&self, number: u64, arm: usize) -> Result<Record, Failed> {
        let one = || Ok(self.followed(&self.patient(number)?, arm)?.record);
        one().map_err(|reason| Failed { patient: number, arm, reason: Box::new(reason) })
    }

    /// What an arm gives to somebody whose treatment nothing ends or changes.
    pub(crate) fn planned(&self, arm: usize) -> impl Iterator<Item = Given<'_>> {
        self.named[arm].moments.iter().map(|moment| Given::on(moment, 0.0, self.day))
    }

    /// The patient of a number.
    pub(crate) fn patient(&self, number: u64) -> Result<Patient, TrialError> {
        Ok(self.population.patient(number)?)
    }
}
