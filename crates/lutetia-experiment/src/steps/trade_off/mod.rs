//! Benefit against harm over regimens, and the regimen that limits allow.

use std::collections::BTreeMap;

use lutetia_scenario::DoseEntry;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Context, StepError, StepKind, Use, trial::ArmSpec};
use crate::names::first;
use crate::results::Shown;

mod compute;
mod error;
mod given;
mod harm;
pub mod own_harm;
pub mod proposal;
mod tables;

use crate::written::Time;
pub use error::{Differ, ProposalFault, TradeOffFault};
use own_harm::OwnHarm;
use proposal::ProposeSpec;

/// Benefit against harm over regimens, all tried on the same patients without censoring. Tables: `<id>` (a
/// row per regimen), `<id>.fronts` (the best benefit at each level of harm, with its band), `<id>.best` (the
/// regimen of greatest utility of each series, and those not told apart from it), `<id>.index` (benefit, harm and
/// both over what is given), `<id>.own_harm` where harms are stated that the model does not compute, and, with
/// `propose`, `<id>.proposal` and `<id>.limits`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TradeOffStep {
    /// Name of the tables.
    pub id: String,
    /// An earlier step of the kind `trial`: its cohort, model and rules are used.
    pub trial: String,
    /// Number of virtual patients; where the cohort has draws from a calibration, under each of them.
    pub patients: u32,
    /// The regimens, each like an arm.
    #[serde(rename = "regimen")]
    pub regimens: Vec<RegimenSpec>,
    /// `restricted-mean` of survival, or `progression-free` or `alive` at the horizon.
    pub benefit: Benefit,
    /// The horizon, such as `24 mo`.
    pub horizon: Time,
    /// Least grade of any toxicity that counts as harm.
    #[serde(default = "three")]
    pub harm_grade: u8,
    /// Kept outputs above which a patient counts as harmed, such as a dose of the kidneys.
    #[serde(default)]
    pub harm_above: BTreeMap<String, String>,
    /// Harms that befall patients under every regimen, treated or not, and that the model does not compute.
    /// Where nothing is stated, not even `0 %`, and the reference harms nobody, no number needed to harm is given.
    #[serde(default)]
    pub background: Vec<OwnHarm>,
    /// Harms of a partner's own, by the trial with that partner. A series with a partner for which nothing is
    /// stated, not even `0 %`, is not ranked.
    #[serde(default)]
    pub own_harm: BTreeMap<String, Vec<OwnHarm>>,
    /// Whether what is given in cycles ends at progression, as in trials; without scans of a `volume` none is
    /// seen.
    #[serde(default = "yes")]
    pub stop_at_progression: bool,
    /// Weights of benefit and harm; they sum to one.
    pub weights: GoalWeights,
    /// Name of the regimen against which the number needed to harm is counted.
    pub reference: String,
    /// Bootstrap samples of patients.
    #[serde(default = "thousand")]
    pub samples: u32,
    /// Seeks a regimen under limits.
    pub propose: Option<ProposeSpec>,
}

fn three() -> u8 {
    3
}

fn yes() -> bool {
    true
}

fn thousand() -> u32 {
    1000
}

/// How much each goal counts; they sum to one.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GoalWeights {
    /// Of the benefit.
    #[serde(default)]
    pub benefit: f64,
    /// Of the absence of harm.
    #[serde(default)]
    pub harm: f64,
}

/// What is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Benefit {
    /// Mean survival up to the horizon, months.
    RestrictedMean,
    /// Alive without progression at the horizon.
    ProgressionFree,
    /// Alive at the horizon.
    Alive,
}

/// A regimen.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegimenSpec {
    /// Name.
    pub name: String,
    /// The series whose front it belongs to, such as the partner; one series if left out everywhere.
    #[serde(default)]
    pub series: String,
    /// A trial whose model it is tried with, where that is not the one of the step: one with a partner. Its
    /// cohort must draw the same patients, and no model of several may be a `sketch`.
    pub trial: Option<String>,
    /// Doses; each is repeated on its own schedule.
    #[serde(default)]
    pub doses: Vec<DoseEntry>,
    /// Parameters that the regimen fixes for everybody.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
}

impl RegimenSpec {
    /// As an arm without censoring.
    pub(crate) fn arm(&self, stop_at_progression: bool) -> ArmSpec {
        ArmSpec {
            name: self.name.clone(),
            patients: 1,
            doses: self.doses.clone(),
            set: self.set.clone(),
            stop_at_progression,
            drop_out_at_start: 0.0,
            drop_out_rate: None,
            lost_rate: None,
            crossover: None,
        }
    }
}

impl StepKind for TradeOffStep {
    fn id(&self) -> &str {
        &self.id
    }

    fn uses(&self) -> Vec<Use<'_>> {
        let others = self.regimens.iter().filter_map(|r| r.trial.as_deref());
        let fitted = self.propose.iter().filter_map(|p| p.fitted.as_ref()).map(|f| f.step.as_str());
        std::iter::once(self.trial.as_str()).chain(others).chain(fitted).map(Use::Step).collect()
    }

    fn takes(&self) -> Vec<&str> {
        let step = |used| if let Use::Step(id) = used { Some(id) } else { None };
        self.uses()
            .into_iter()
            .filter_map(step)
            .chain(self.reads().into_iter().map(first))
            .collect()
    }

    fn reads(&self) -> Vec<&str> {
        let measured = self.propose.iter().flat_map(|p| p.measured.values());
        measured.flat_map(|m| &m.per_activity).map(String::as_str).collect()
    }

    fn simulates(&self) -> bool {
        true
    }

    fn rehearse(&self, context: &mut Context) -> Result<(), StepError> {
        self.asked(context)?;
        match &self.propose {
            Some(propose) => self.asked_of_search(propose, context),
            None => Ok(()),
        }
    }

    fn run(&self, context: &mut Context) -> Result<(), StepError> {
        let result = self.compute(context)?;
        let mut tables = tables::tables(self, &result);
        if let Some(propose) = &self.propose {
            let proposed = self.search(propose, context)?;
            let proposed = proposal::tables::tables(&self.id, propose, &proposed);
            tables.extend(proposed.into_iter().map(Shown::from));
        }
        for table in tables {
            context.add(table);
        }
        Ok(())
    }
}

impl Benefit {
    /// As it is typed.
    fn key(self) -> &'static str {
        match self {
            Self::RestrictedMean => "restricted-mean",
            Self::ProgressionFree => "progression-free",
            Self::Alive => "alive",
        }
    }
}

/// Fewer draws have no 2.5 and 97.5 %: of forty, one lies beyond each end.
const DRAWS_FOR_AN_INTERVAL: usize = 40;
