//! The regimen that limits allow, for a cohort or for one fitted patient.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::ProposalFault;
use crate::written::{Activity, Amount, OfCell, Share, Text, Time};

mod choices;
mod judge;
mod limits;
mod patient;
mod search;
pub(super) mod tables;

/// A search for the regimen of greatest benefit within limits. It starts from the named regimen and
/// changes its first dose (and, for a partner, its second).
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposeSpec {
    /// The regimen that is varied.
    pub from: String,
    /// Bounds of the activity of a cycle.
    pub activity: Option<[Activity; 2]>,
    /// Bounds of the number of cycles.
    pub cycles: Option<[u32; 2]>,
    /// Bounds of the interval between cycles.
    pub every: Option<[Time; 2]>,
    /// Bounds of the ligand amount of a cycle.
    pub amount: Option<[Amount; 2]>,
    /// Bounds of the amount of the partner's dose (the second of the regimen).
    pub partner_amount: Option<[Amount; 2]>,
    /// Bounds of the partner's start.
    pub partner_at: Option<[Time; 2]>,
    /// Greatest share of patients harmed, such as `20 %`.
    pub harm: Option<Share>,
    /// Greatest mean of kept outputs.
    #[serde(default)]
    pub limits: BTreeMap<String, String>,
    /// Greatest activity of all cycles together, such as what is approved.
    pub total_activity: Option<Activity>,
    /// Limits that must also hold for the doses of the patient's own curves, not only for those of the model that
    /// was fitted to them: by the limited output.
    #[serde(default)]
    pub measured: BTreeMap<String, MeasuredDose>,
    /// Patients of the cohort used; 0 for one patient, of `fitted` or `patient`.
    pub patients: u32,
    /// A fit whose patient the regimen is sought for, instead of for the cohort.
    pub fitted: Option<Fitted>,
    /// Parameters of that patient that differ from the fit, or of a patient without one.
    #[serde(default)]
    pub patient: BTreeMap<String, String>,
    /// Regimens held at a time.
    #[serde(default = "points")]
    pub points: u32,
    /// Rounds.
    #[serde(default = "rounds")]
    pub rounds: u32,
}

fn points() -> u32 {
    16
}

fn rounds() -> u32 {
    12
}

/// An absorbed dose that was measured, against which a limited output is judged again.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MeasuredDose {
    /// The kept output that is the absorbed dose of the same organ.
    pub dose: String,
    /// Absorbed dose per activity of earlier steps of the kind `dose`, as `step/region/per_activity`; of several (left and
    /// right) the largest counts.
    #[schemars(with = "Vec<Text<OfCell>>")]
    pub per_activity: Vec<String>,
}

/// A patient as an earlier fit found him.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fitted {
    /// A step of the kind `fit-model`.
    pub step: String,
    /// The part of the connected model that was fitted, such as `pk`; none where it is the whole model.
    #[serde(default)]
    pub part: String,
}
