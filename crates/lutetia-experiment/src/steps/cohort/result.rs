//! What a drawn cohort is like: who is in it, and which weights give it its published margins.

use lutetia_scenario::slots;
use lutetia_trial::{Cohort, Margin, Weighting, weights};

use super::{CohortFault, CohortStep, CohortUse};
use crate::steps::StepError;

/// A cohort in numbers.
pub(super) struct CohortResult {
    /// Of each parameter and covariate that is shown, in their order.
    pub(super) spread: Vec<Spread>,
    /// Share of the draws that the plausibility limits let pass.
    pub(super) acceptance_rate: f64,
    /// Weights, and the margins they are to meet; none where no margins are published.
    pub(super) weighted: Option<Weighted>,
}

/// How patients differ in a parameter or covariate, in its declared unit.
pub(super) struct Spread {
    /// Its place in the system.
    pub(super) slot: usize,
    pub(super) mean: f64,
    pub(super) sd: f64,
    pub(super) q05: f64,
    pub(super) median: f64,
    pub(super) q95: f64,
}

/// A cohort weighted to its margins.
pub(super) struct Weighted {
    pub(super) weighting: Weighting,
    /// Name, published, without weights, with them.
    pub(super) margins: Vec<Met>,
}

/// How a margin is met.
pub(super) struct Met {
    pub(super) name: String,
    pub(super) target: f64,
    pub(super) unweighted: f64,
    pub(super) weighted: f64,
}

impl Met {
    fn of(margin: &Margin, weighting: &Weighting) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "counts of patients")]
        let unweighted = margin.values.iter().sum::<f64>() / margin.values.len() as f64;
        let weighted = margin.values.iter().zip(&weighting.weights).map(|(v, w)| v * w).sum();
        Self { name: margin.name.clone(), target: margin.target, unweighted, weighted }
    }
}

/// What a cohort is like.
///
/// # Errors
/// A name to be shown that the model does not have, margins that no weights meet.
pub(super) fn of(
    step: &CohortStep,
    cohort: &CohortUse,
    drawn: &Cohort,
) -> Result<CohortResult, StepError> {
    let infos = cohort.model.simulator.system().parameters();
    let values = |slot: usize| -> Vec<f64> {
        drawn.patients.iter().map(|p| p.parameters(0)[slot] / infos[slot].factor).collect()
    };
    let spread: Vec<Spread> =
        shown(step, cohort, drawn)?.into_iter().map(|k| spread_of(k, values(k))).collect();
    let weighted = if step.margins.is_empty() {
        None
    } else {
        let margins = cohort.margins_of(drawn)?;
        let weighting = weights(drawn.patients.len(), &margins)?;
        let margins = margins.iter().map(|m| Met::of(m, &weighting)).collect();
        Some(Weighted { weighting, margins })
    };
    Ok(CohortResult { spread, acceptance_rate: drawn.acceptance_rate(), weighted })
}

/// What is shown: as asked, else what differs between patients.
fn shown(step: &CohortStep, cohort: &CohortUse, drawn: &Cohort) -> Result<Vec<usize>, StepError> {
    let infos = cohort.model.simulator.system().parameters();
    let Some(names) = &step.show else {
        let differs = |slot: &usize| {
            let first = drawn.patients[0].parameters(0)[*slot];
            drawn.patients.iter().any(|p| p.parameters(0)[*slot].to_bits() != first.to_bits())
        };
        return Ok((0..infos.len()).filter(differs).collect());
    };
    let place = |name: &String| {
        slots(&cohort.model, name).first().copied().ok_or_else(|| {
            let known = infos.iter().map(|p| p.name.as_str());
            let near = lutetia_diagnostic::closest(name, known).map(str::to_owned);
            CohortFault::NoParameter { name: name.clone(), near }.into()
        })
    };
    names.iter().map(place).collect()
}

/// How patients differ in what is at a place of the system.
pub(super) fn spread_of(slot: usize, mut x: Vec<f64>) -> Spread {
    x.sort_by(f64::total_cmp);
    #[expect(clippy::cast_precision_loss, reason = "counts of patients")]
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    let sd = (x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0)).sqrt();
    Spread {
        slot,
        mean,
        sd,
        q05: quantile(&x, 0.05),
        median: quantile(&x, 0.5),
        q95: quantile(&x, 0.95),
    }
}

/// Quantile of sorted values, R's type 7.
pub(crate) fn quantile(sorted: &[f64], share: f64) -> f64 {
    if sorted.is_empty() {
        return f64::NAN;
    }
    #[expect(clippy::cast_precision_loss, reason = "counts of patients")]
    let place = share * (sorted.len() - 1) as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
    let below = place.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (place - place.floor()) * (sorted[above] - sorted[below])
}
