//! Uncertain parameters from published trial results, and what they predict about the others.

use lutetia_trial::TrialSpec;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Context, StepError, StepKind, Use, trial::TrialUse};
use crate::{
    artefact::{Artefact, CalibratedValue},
    written::{Time, Value},
};

mod compute;
mod error;
mod predict;
mod tables;
mod targets;

pub use error::CalibrationFault;

/// Calibration of a trial to published results. Tables: `<id>` (the unknowns; `spread_left` is the standard deviation
/// over that of the prior, 1 where the targets say nothing), `<id>.correlations`, `<id>.targets` (published
/// beside simulated; which were calibrated on and which judged), `<id>.band` (Kaplan–Meier curves of
/// trials of the published size), `<id>.generations` (a row each, and the row `final` whatever their number, to
/// which a text refers as `<id>.generations/final/tolerance`) and `<id>.particles`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CalibrateStep {
    /// Name of the tables.
    pub id: String,
    /// An earlier step of the kind `trial`.
    pub trial: String,
    /// What is looked for.
    #[serde(rename = "unknown")]
    pub unknowns: Vec<UnknownSpec>,
    /// Published results.
    #[serde(rename = "target")]
    pub targets: Vec<TargetSpec>,
    /// Particles per generation.
    pub particles: u32,
    /// Generations after the first.
    pub generations: u32,
    /// Generations after the first at most, where tolerance 1 and `effective_size` are not reached by
    /// `generations`; as many as those if left out.
    pub most_generations: Option<u32>,
    /// The effective number of particles that is wanted at tolerance 1; a fifth of `particles` if left out.
    pub effective_size: Option<f64>,
    /// Patients per arm while calibrating; all arms treat the same ones, which are stratified: each lies in another
    /// stratum of every random number, so that together they resemble the population.
    pub patients: u32,
    /// Patients per arm in the first generations, where they are fewer: these only find where to look and carry no
    /// weight. They end when their tolerance is down to √(`patients`/`explore`), at the latest when half of all
    /// generations, ⌈(`generations` + 1)/2⌉, are over.
    pub explore: Option<u32>,
    /// Trials of the published size that are simulated from the posterior.
    pub predictions: u32,
}

/// A parameter and its prior, uniform between bounds (in the logarithm, where `log`).
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnknownSpec {
    /// Parameter of the model.
    pub name: String,
    /// Least value, such as `0.01 1/Gy`.
    pub lower: Value,
    /// Greatest value.
    pub upper: Value,
    /// Uniform in the logarithm.
    #[serde(default)]
    pub log: bool,
}

/// A published result.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetSpec {
    /// `median`, `hazard-ratio`, `survival` (at the time `at`) or `share`.
    pub of: Quantity,
    /// `OS` or `PFS`; for a share its name in the table `<trial>.shares`.
    pub what: String,
    /// The arm; for a hazard ratio the one over the first.
    pub arm: String,
    /// Time, for `survival`, such as `24 mo`.
    pub at: Option<Time>,
    /// The number as published: months, ratio, %, %.
    pub value: f64,
    /// Its 95 % interval as published.
    pub interval: Option<[f64; 2]>,
    /// Standard error where no interval is published: months, of ln HR, %, %.
    pub error: Option<f64>,
    /// Whether the calibration may use it; else it is judged.
    pub calibrate: bool,
    /// Whether the published number is of another endpoint than the simulated one, such as reported adverse events
    /// beside grades of laboratory values: it is shown and not judged.
    #[serde(default)]
    pub other_endpoint: bool,
    /// Name in tables and figures, where the arm and what is simulated do not tell targets apart.
    pub label: Option<String>,
    /// Where it is from and how sure it is: `read`, `recalled`.
    pub source: String,
}

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Quantity {
    /// Median time.
    Median,
    /// Hazard ratio.
    HazardRatio,
    /// Survival at a time, %.
    Survival,
    /// Share of the patients, %.
    Share,
}

impl StepKind for CalibrateStep {
    fn id(&self) -> &str {
        &self.id
    }

    fn uses(&self) -> Vec<Use<'_>> {
        vec![Use::Step(&self.trial)]
    }

    fn simulates(&self) -> bool {
        true
    }

    fn rehearse(&self, context: &mut Context) -> Result<(), StepError> {
        let base = context.artefacts.trial(&self.trial)?.0.clone();
        self.asked(&base, context.seed)?;
        let none = |unknown: &UnknownSpec| CalibratedValue {
            name: unknown.name.clone(),
            nearest: None,
            interval: None,
        };
        let values = self.unknowns.iter().map(none).collect();
        context.artefacts.add(&self.id, Artefact::Calibrated(values));
        Ok(())
    }

    fn run(&self, context: &mut Context) -> Result<(), StepError> {
        let base = context.artefacts.trial(&self.trial)?.0.clone();
        let (posterior, result) = self.compute(&base, context.seed, &context.stop)?;
        for table in tables::tables(self, &base, &posterior, &result) {
            context.add(table);
        }
        let nearest = |name: &String| result.nearest.iter().find(|(of, _)| of == name);
        let value = |(unknown, left): (&UnknownSpec, &compute::Left)| CalibratedValue {
            name: unknown.name.clone(),
            nearest: nearest(&unknown.name).map(|(_, value)| *value),
            interval: Some([left.low, left.high]),
        };
        let values = self.unknowns.iter().zip(&result.unknowns).map(value).collect();
        context.artefacts.add(&self.id, Artefact::Calibrated(values));
        Ok(())
    }
}

/// Unit and factor of a parameter as declared; a bare number where the name is not one.
pub(crate) fn declared(base: &TrialUse, name: &str) -> (String, f64) {
    let system = base.cohort.model.simulator.system();
    system
        .parameters()
        .iter()
        .find(|p| p.name == name)
        .map_or((String::new(), 1.0), |p| (p.unit.symbol().to_owned(), p.factor))
}

/// The same trial with fewer patients, the same ones in every arm.
fn small(spec: &TrialSpec, patients: usize) -> TrialSpec {
    let mut spec = spec.clone();
    for arm in &mut spec.arms {
        arm.patients = patients;
        arm.first = 0;
    }
    spec
}
