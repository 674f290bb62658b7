//! What the records of a trial say: endpoints, hazard ratios, shares, and what crossover does to them.

use lutetia_outcome::survival::KaplanMeier;
use lutetia_scenario::MONTH_D as MONTH;
use lutetia_trial::{
    Arm, Failed, Record, TrialError, TrialSpec,
    summary::{self, Contrast, Endpoint, Share},
};

use super::{
    TrialUse,
    crossover::{self, Adjusted},
};
use crate::steps::{StepError, survival::Intervals};

/// What a trial says.
pub(super) struct TrialResult {
    /// By endpoint and arm, where somebody of the arm was followed.
    pub(super) endpoints: Vec<ArmEndpoint>,
    /// By endpoint, of every such arm over the first.
    pub(super) contrasts: Vec<ArmContrast>,
    /// Progression between the scans that frame it, months; none where it is not followed.
    pub(super) between_scans: Option<Intervals>,
    /// By arm.
    pub(super) shares: Vec<ArmShare>,
    /// Overall survival with and without the effect of crossover; none where nobody may cross over.
    pub(super) crossover: Option<Adjusted>,
    /// What the patients of a weighted trial have; empty where it is not weighted.
    pub(super) margins: Vec<ArmMargin>,
}

/// An endpoint of an arm.
pub(super) struct ArmEndpoint {
    pub(super) endpoint: Endpoint,
    pub(super) arm: usize,
    /// In days, with 95 % limits on the log-log scale.
    pub(super) curve: KaplanMeier,
}

/// A hazard ratio over the first arm.
pub(super) struct ArmContrast {
    pub(super) endpoint: Endpoint,
    pub(super) arm: usize,
    pub(super) ratio: Result<Contrast, TrialError>,
}

/// What is counted among the patients of an arm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counted {
    /// Among those for whom it is known.
    Share(Share),
    /// Who could not be simulated.
    Failed,
}

impl Counted {
    /// Name in the table.
    pub(super) fn name(self, spec: &TrialSpec) -> String {
        match self {
            Self::Share(share) => share.name(spec),
            Self::Failed => "could not be simulated".to_owned(),
        }
    }
}

/// A share of the patients of an arm.
pub(super) struct ArmShare {
    pub(super) arm: usize,
    pub(super) what: Counted,
    /// From 0 to 1, and of how many; none where it is known of nobody.
    pub(super) share: Option<(f64, usize)>,
}

/// What the patients of an arm have, beside what is published.
pub(super) struct ArmMargin {
    pub(super) arm: usize,
    pub(super) name: String,
    pub(super) published: f64,
    /// Mean over the patients of the arm.
    pub(super) mean: f64,
    pub(super) patients: usize,
    /// 1/Σw² of the patients they were drawn from.
    pub(super) effective_pool: f64,
}

/// The result of a trial.
///
/// # Errors
/// Intervals between scans that no survival can be estimated of, margins that the patients have no values for.
pub(super) fn of(
    used: &TrialUse,
    records: &[Record],
    failed: &[Failed],
    seed: u64,
) -> Result<TrialResult, StepError> {
    let spec = &used.spec;
    let (mut endpoints, mut contrasts) = (Vec::new(), Vec::new());
    for endpoint in Endpoint::of_trial(spec) {
        for arm in 0..spec.arms.len() {
            let Ok(curve) = summary::curve(spec, records, arm, endpoint) else { continue };
            endpoints.push(ArmEndpoint { endpoint, arm, curve });
            if arm > 0 {
                let ratio = summary::contrast(spec, records, arm, 0, endpoint);
                contrasts.push(ArmContrast { endpoint, arm, ratio });
            }
        }
    }
    Ok(TrialResult {
        endpoints,
        contrasts,
        between_scans: between_scans(spec, records)?,
        shares: shares(spec, records, failed),
        crossover: crossover::adjusted(spec, records, seed),
        margins: margins(used)?,
    })
}

/// Progression-free survival without the dates of the scans: progression lies between two of them.
fn between_scans(spec: &TrialSpec, records: &[Record]) -> Result<Option<Intervals>, StepError> {
    if records.is_empty() || !Endpoint::of_trial(spec).contains(&Endpoint::ProgressionFreeSurvival)
    {
        return Ok(None);
    }
    let (mut left, mut right, mut arms) = (Vec::new(), Vec::new(), Vec::new());
    for r in records {
        let (from, to) = r.progression_free.interval();
        left.push(from / MONTH);
        right.push(to / MONTH);
        arms.push(spec.arms[r.arm].name.as_str());
    }
    Ok(Some(Intervals::new(left, right, &arms)?))
}

fn shares(spec: &TrialSpec, records: &[Record], failed: &[Failed]) -> Vec<ArmShare> {
    let mut all = Vec::new();
    for (arm, a) in spec.arms.iter().enumerate() {
        for share in Share::of_trial(spec) {
            if share == Share::CrossedOver && a.crossover.is_none() {
                continue;
            }
            let what = Counted::Share(share);
            all.push(ArmShare { arm, what, share: summary::share(records, arm, share) });
        }
        let lost = failed.iter().filter(|f| f.arm == arm).count();
        #[expect(clippy::cast_precision_loss, reason = "counts of patients")]
        let share = Some((lost as f64 / a.patients as f64, a.patients));
        all.push(ArmShare { arm, what: Counted::Failed, share });
    }
    all
}

/// What the patients of a weighted trial have, beside the published margins.
fn margins(used: &TrialUse) -> Result<Vec<ArmMargin>, StepError> {
    let Some(effective_pool) = used.cohort.effective_size else { return Ok(Vec::new()) };
    let mut all = Vec::new();
    for (arm, a) in used.spec.arms.iter().enumerate() {
        let drawn = used.cohort.population.cohort(a.first, a.patients)?;
        for m in used.cohort.margins_of(&drawn)? {
            let patients = m.values.len();
            #[expect(clippy::cast_precision_loss, reason = "counts of patients")]
            let mean = m.values.iter().sum::<f64>() / patients as f64;
            all.push(ArmMargin {
                arm,
                name: m.name,
                published: m.target,
                mean,
                patients,
                effective_pool,
            });
        }
    }
    Ok(all)
}

/// Whether arms treat the same patients.
pub(crate) fn shares_patients(spec: &TrialSpec) -> bool {
    let end = |a: &Arm| a.first + a.patients as u64;
    let overlap = |a: &Arm, b: &Arm| a.first < end(b) && b.first < end(a);
    spec.arms.iter().enumerate().any(|(k, a)| spec.arms[..k].iter().any(|b| overlap(a, b)))
}
