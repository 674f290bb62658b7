//! Overall survival of a trial with and without the effect of crossover.

use lutetia_outcome::survival::TwoStageOptions;
use lutetia_trial::{
    Record, TrialSpec,
    crossover_adjustment::Switched,
    summary::{self, Endpoint},
};

use crate::steps::StepError;

/// How crossover is dealt with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    AsRandomised,
    Censored,
    Weighted,
    TwoStage,
    Structural,
}

impl Method {
    /// Name in the table.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::AsRandomised => "as randomised",
            Self::Censored => "censored at crossover",
            Self::Weighted => "inverse probability of censoring weights",
            Self::TwoStage => "two-stage",
            Self::Structural => "rank-preserving structural failure times",
        }
    }
}

/// Overall survival of the arm that is crossed over to, over that of the arm whose patients do.
pub(super) struct Adjusted {
    /// Index of the arm whose patients cross over.
    pub(super) control: usize,
    /// Index of the arm they cross over to.
    pub(super) treated: usize,
    /// By every method; a reason where it does not determine a ratio.
    pub(super) by: Vec<(Method, Result<Found, StepError>)>,
}

/// What a method finds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Found {
    /// Hazard ratio.
    pub(super) ratio: f64,
    /// Its 95 % interval.
    pub(super) interval: Option<(f64, f64)>,
    /// By how much the treatment lengthens time, for methods that say so.
    pub(super) time_ratio: Option<f64>,
    /// What must be known to read it.
    pub(super) caution: Option<Caution>,
}

/// What must be known to read the result of a method.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Caution {
    /// The largest weight of a patient.
    LargestWeight(f64),
    /// The statistic vanishes at other ratios of times, too.
    OtherRoots,
}

/// Every method; none where nobody may cross over.
pub(super) fn adjusted(spec: &TrialSpec, records: &[Record], seed: u64) -> Option<Adjusted> {
    let switched = Switched::of(spec, records)?;
    let (control, treated) = (switched.control(), switched.treated());
    let plain = |records: &[Record]| {
        summary::contrast(spec, records, treated, control, Endpoint::OverallSurvival)
            .map(|c| Found {
                ratio: c.hazard_ratio,
                interval: Some((c.lower, c.upper)),
                time_ratio: None,
                caution: None,
            })
            .map_err(StepError::from)
    };
    let by = vec![
        (Method::AsRandomised, plain(records)),
        (Method::Censored, plain(&switched.censored())),
        (Method::Weighted, weighted(&switched)),
        (Method::TwoStage, two_stage(&switched, seed)),
        (Method::Structural, structural(&switched)),
    ];
    Some(Adjusted { control, treated, by })
}

fn weighted(switched: &Switched<'_>) -> Result<Found, StepError> {
    let found = switched.weighted()?;
    let interval = found.arm.hazard_ratio_interval(0.95)?;
    Ok(Found {
        ratio: found.arm.hazard_ratio(),
        interval: Some(interval),
        time_ratio: None,
        caution: Some(Caution::LargestWeight(found.largest_weight)),
    })
}

fn two_stage(switched: &Switched<'_>, seed: u64) -> Result<Found, StepError> {
    let options = TwoStageOptions { seed, ..TwoStageOptions::default() };
    let found = switched.two_stages(options)?;
    Ok(Found {
        ratio: found.hazard_ratio,
        interval: found.hazard_ratio_interval,
        time_ratio: Some(found.time_ratio),
        caution: None,
    })
}

fn structural(switched: &Switched<'_>) -> Result<Found, StepError> {
    let fit = switched.structural()?;
    let other = !fit.other_roots.is_empty();
    Ok(Found {
        ratio: fit.hazard_ratio,
        interval: fit.hazard_ratio_interval,
        time_ratio: Some(fit.time_ratio),
        caution: other.then_some(Caution::OtherRoots),
    })
}
