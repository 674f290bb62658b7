//! The posterior of a calibration, and trials simulated from it.

use std::{num::NonZeroU64, sync::atomic::AtomicBool};

use lutetia_scenario::internal;
use lutetia_table::Cell;
use lutetia_trial::{
    CalibrationSpec, Particle, Posterior, Record, Trial, TrialSpec, Unknown, calibrate,
};
use rayon::prelude::*;

use super::{
    CalibrateStep, CalibrationFault, TargetSpec, UnknownSpec, declared,
    predict::{self, BandPoint, Predicted},
    small,
    targets::Simulated,
};
use crate::steps::{StepError, TrialStepError, trial::TrialUse};

impl CalibrateStep {
    /// The posterior, and what it says.
    pub(super) fn compute(
        &self,
        base: &TrialUse,
        seed: u64,
        stop: &AtomicBool,
    ) -> Result<(Posterior, CalibrationResult), StepError> {
        let (priors, posterior) = self.posterior(base, seed, stop, &|| ())?;
        let trials = self.predicted(base, &posterior, seed, stop)?;
        let result = CalibrationResult {
            unknowns: priors.iter().enumerate().map(|(k, p)| left(k, p, &posterior)).collect(),
            correlations: correlations(&priors, &posterior),
            targets: predict::targets(self, base, &trials)?,
            band: predict::band(base, &trials),
            nearest: self.nearest(base, &posterior)?,
        };
        Ok((posterior, result))
    }

    /// The unknowns of the particle nearest to the targets, as they are printed: whoever reads them from the table has
    /// the same patients as whoever goes on from here.
    pub(crate) fn nearest(
        &self,
        base: &TrialUse,
        posterior: &Posterior,
    ) -> Result<Vec<(String, f64)>, StepError> {
        let values = posterior.nearest().map_or(&[] as &[f64], |p| p.values.as_slice());
        let printed = |(u, x): (&UnknownSpec, &f64)| {
            let (unit, factor) = declared(base, &u.name);
            let text = format!("{} {unit}", Cell::Number(x / factor).csv());
            Ok((u.name.clone(), internal(&base.cohort.model, &u.name, text.trim())?))
        };
        self.unknowns.iter().zip(values).map(printed).collect()
    }

    /// How many particles are simulated at least and at most.
    pub(crate) fn particles(&self) -> (u64, u64) {
        let most = self.most_generations.unwrap_or(self.generations).max(self.generations);
        let of = |generations: u32| u64::from(self.particles) * (1 + u64::from(generations));
        (of(self.generations), of(most))
    }

    /// What is looked for, and what each target is of a simulated trial.
    ///
    /// # Errors
    /// Unknown arms and names, before hours of work.
    pub(super) fn asked(
        &self,
        base: &TrialUse,
        seed: u64,
    ) -> Result<(CalibrationSpec, Vec<(&TargetSpec, Simulated)>), StepError> {
        let used: Vec<&TargetSpec> = self.targets.iter().filter(|t| t.calibrate).collect();
        let judged = self.targets.iter().filter(|t| !t.calibrate && !t.other_endpoint).count();
        if judged == 0 {
            return Err(CalibrationFault::NoneJudged.into());
        }
        let model = &base.cohort.model;
        let end = |u: &UnknownSpec, text: &str| internal(model, &u.name, text);
        let spec = CalibrationSpec {
            unknowns: self
                .unknowns
                .iter()
                .map(|u| {
                    let (lower, upper) = (end(u, u.lower.text())?, end(u, u.upper.text())?);
                    Ok(Unknown { name: u.name.clone(), lower, upper, log: u.log })
                })
                .collect::<Result<_, StepError>>()?,
            targets: used.iter().map(|t| t.target()).collect::<Result<_, _>>()?,
            particles: self.particles as usize,
            generations: self.generations as usize,
            most_generations: self.most_generations.unwrap_or(self.generations) as usize,
            effective_size: self.effective_size,
            patients: self.patients as usize,
            explore: self.explore.map(|few| few as usize),
            seed,
        };
        let meant = self
            .targets
            .iter()
            .map(|t| Ok((t, t.simulated(&base.spec, &self.trial)?)))
            .collect::<Result<Vec<_>, StepError>>()?;
        Ok((spec, meant))
    }

    /// The unknowns with their priors, and the posterior; `done` is called with every particle.
    pub(crate) fn posterior(
        &self,
        base: &TrialUse,
        seed: u64,
        stop: &AtomicBool,
        done: &(dyn Fn() + Sync),
    ) -> Result<(Vec<Unknown>, Posterior), StepError> {
        let (spec, meant) = self.asked(base, seed)?;
        let posterior = calibrate(&spec, stop, &|values, patients| {
            let small = small(&base.spec, patients);
            let stratified = NonZeroU64::new(patients as u64);
            let records = self.records(base, &small, values, stratified, stop);
            done();
            let records = records?;
            let used = meant.iter().filter(|(t, _)| t.calibrate);
            used.map(|(t, is)| match is.at_least(&small, &records) {
                Some(found) => Ok(t.scaled(found)),
                None => Err(CalibrationFault::NotDetermined { target: t.name() }.into()),
            })
            .collect::<Result<Vec<f64>, StepError>>()
        })?;
        Ok((spec.unknowns, posterior))
    }

    /// The records of a trial at values of the unknowns.
    pub(super) fn records(
        &self,
        base: &TrialUse,
        spec: &TrialSpec,
        values: &[f64],
        stratified: Option<NonZeroU64>,
        stop: &AtomicBool,
    ) -> Result<Vec<Record>, StepError> {
        let typical: Vec<(String, f64)> =
            self.unknowns.iter().map(|u| u.name.clone()).zip(values.iter().copied()).collect();
        let population = base.cohort.stratified(&typical, stratified)?;
        let trial = Trial::new(&base.cohort.model.simulator, &population, spec.clone())?;
        let (records, failed) = trial.run_until(stop)?;
        // One in twenty is more than an accident of tolerance.
        let patients = records.len() + failed.len();
        if failed.len() * 20 > patients {
            return Err(TrialStepError::patients(&failed, patients).into());
        }
        Ok(records)
    }

    /// Trials of the published size at draws from the posterior, each with patients of its own.
    fn predicted(
        &self,
        base: &TrialUse,
        posterior: &Posterior,
        seed: u64,
        stop: &AtomicBool,
    ) -> Result<Vec<Vec<Record>>, StepError> {
        let draws: Vec<Particle> =
            posterior.draw(self.predictions as usize, seed)?.into_iter().cloned().collect();
        draws
            .par_iter()
            .enumerate()
            .map(|(k, particle)| {
                let mut spec = base.spec.clone();
                let mut first = 1_000_000 * (1 + k as u64);
                for arm in &mut spec.arms {
                    arm.first = first;
                    first += arm.patients as u64;
                }
                self.records(base, &spec, &particle.values, None, stop)
            })
            .collect()
    }
}

/// What a calibration says, beside its particles.
pub(super) struct CalibrationResult {
    /// The unknowns, in their order.
    pub(super) unknowns: Vec<Left>,
    /// Pairs of unknowns of which the targets know a combination better than each, the strongest first.
    pub(super) correlations: Vec<(String, String, f64)>,
    /// The targets, in their order.
    pub(super) targets: Vec<Predicted>,
    /// By endpoint, arm and time.
    pub(super) band: Vec<BandPoint>,
    /// The unknowns nearest to the targets, as printed, internal.
    pub(super) nearest: Vec<(String, f64)>,
}

/// What is left of the prior of an unknown; internal.
pub(super) struct Left {
    /// Ends of the prior.
    pub(super) prior: (f64, f64),
    /// In the particle nearest to the targets.
    pub(super) nearest: Option<f64>,
    pub(super) mean: f64,
    pub(super) sd: f64,
    pub(super) low: f64,
    pub(super) median: f64,
    pub(super) high: f64,
    /// Standard deviation over that of the prior, on its scale.
    pub(super) spread: f64,
}

fn left(k: usize, prior: &Unknown, posterior: &Posterior) -> Left {
    let (mean, sd) = posterior.moments(k);
    Left {
        prior: (prior.lower, prior.upper),
        nearest: posterior.nearest().map(|p| p.values[k]),
        mean,
        sd,
        low: posterior.quantile(k, 0.025),
        median: posterior.quantile(k, 0.5),
        high: posterior.quantile(k, 0.975),
        spread: posterior.spread(k, prior),
    }
}

fn correlations(priors: &[Unknown], posterior: &Posterior) -> Vec<(String, String, f64)> {
    let mut pairs = Vec::new();
    for (k, a) in priors.iter().enumerate() {
        for (l, b) in priors.iter().enumerate().skip(k + 1) {
            let r = posterior.correlation((k, a), (l, b));
            if r.abs() >= CORRELATED {
                pairs.push((a.name.clone(), b.name.clone(), r));
            }
        }
    }
    pairs.sort_by(|a, b| b.2.abs().total_cmp(&a.2.abs()));
    pairs
}

/// A correlation that is worth a row: below it, a combination of two unknowns is known little better than each, and
/// some tens of effective particles say no more of it (standard error 1/√n).
const CORRELATED: f64 = 0.4;
