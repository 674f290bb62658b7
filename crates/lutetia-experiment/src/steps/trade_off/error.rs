//! What can be wrong with a trade-off, and with the search for a regimen within it?

use std::fmt;

use lutetia_trial::ProposeError;

use crate::steps::StepError;

/// Why benefit cannot be weighed against harm.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TradeOffFault {
    /// Nothing that could be harm.
    #[error(
        "the trial `{trial}` has no `toxicities` and the step no `harm_above`, so no regimen could harm anybody; name \
         what counts as harm"
    )]
    NoHarm {
        /// The trial.
        trial: String,
    },
    /// A reference that is not a regimen.
    #[error("the reference `{name}` is not a regimen; there are: {}", known.join(", "))]
    NoReference {
        /// As named.
        name: String,
        /// The regimens.
        known: Vec<String>,
    },
    /// Harm of a partner that no regimen has.
    #[error(
        "`own_harm` names the trial `{trial}`, which no regimen uses; they use: {}",
        used.join(", ")
    )]
    HarmOfNone {
        /// As named.
        trial: String,
        /// The trials that are used.
        used: Vec<String>,
    },
    /// Regimens that cannot be compared on the same patients.
    #[error(
        "the trials `{}` and `{}` do not try the same patients: the {differ} of their cohorts differ", trials[0],
        trials[1]
    )]
    OtherPatients {
        /// The two trials.
        trials: [String; 2],
        /// What makes them others.
        differ: Differ,
    },
    /// Models that are ranked against each other, one of which is not validated.
    #[error(
        "the regimens of {} are ranked against each other, and the model of {} is a sketch, which is not ranked with \
         others; leave out its regimens, or give them a trade-off of their own",
        quoted(trials),
        quoted(sketches)
    )]
    RanksSketches {
        /// All trials whose regimens are ranked.
        trials: Vec<String>,
        /// Those of a model that is a sketch.
        sketches: Vec<String>,
    },
    /// A share that is none.
    #[error("the share of `{harm}` is `{found}`, expected `0 %` to `100 %`")]
    Share {
        /// The harm.
        harm: String,
        /// As typed.
        found: String,
    },
    /// A harm that says not how often, or says it twice.
    #[error(
        "the harm `{harm}` needs either `share`, such as `\"5 %\"`, or `of`, such as `\"pd1-inhibitor\"`"
    )]
    Often {
        /// The harm.
        harm: String,
    },
}

/// The names of trials, as a message has them.
fn quoted(trials: &[String]) -> String {
    let names: Vec<String> = trials.iter().map(|t| format!("`{t}`")).collect();
    match names.split_last() {
        Some((last, before)) if !before.is_empty() => {
            format!("the trials {} and {last}", before.join(", "))
        }
        Some((last, _)) => format!("the trial {last}"),
        None => "no trial".to_owned(),
    }
}

/// What makes the patients of two cohorts others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Differ {
    /// The random numbers.
    Seeds,
    /// Laws and correlations of covariates.
    Covariates,
    /// Who is plausible.
    Limits,
    /// Draws from a calibration.
    Draws,
}

impl fmt::Display for Differ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Seeds => "seeds",
            Self::Covariates => "laws of covariates",
            Self::Limits => "plausibility limits",
            Self::Draws => "numbers of draws from a calibration",
        })
    }
}

impl TradeOffFault {
    /// Code of the message.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoReference { .. } | Self::HarmOfNone { .. } => "LUT7121",
            Self::OtherPatients { .. } => "LUT7135",
            Self::RanksSketches { .. } => "LUT7163",
            Self::NoHarm { .. } | Self::Share { .. } | Self::Often { .. } => "LUT7136",
        }
    }
}

/// Why no regimen can be sought, or none is found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProposalFault {
    /// A start that is not a regimen.
    #[error(
        "`propose` starts from `{name}`, which is not a regimen{}",
        near.as_ref().map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
    )]
    NoStart {
        /// As named.
        name: String,
        /// A regimen that is near.
        near: Option<String>,
    },
    /// An expectation of one patient that is not a time.
    #[error(
        "for one patient the benefit is an expected time: set `benefit = \"restricted-mean\"`, or `patients` for a \
         cohort"
    )]
    OnePatientBenefit,
    /// One patient and many.
    #[error(
        "`propose` names one patient and a number of patients; set `patients = 0`, or leave out `fitted` and `patient`"
    )]
    OneAndMany,
    /// The curves of one patient and a cohort.
    #[error(
        "`measured` is of one patient's curves and `patients` of a cohort; set `patients = 0`, or leave out `measured`"
    )]
    MeasuredOfMany,
    /// A measured dose without a limit to judge it by.
    #[error("`measured` names `{output}`, which has no limit; add it to `limits`")]
    MeasuredUnlimited {
        /// The output.
        output: String,
    },
    /// What is not a dose per activity.
    #[error(
        "`{path}`, by which `{output}` is judged, is not a dose per activity above zero; expected \
         `step/region/per_activity` of a step of the kind `dose`"
    )]
    NoDose {
        /// The cell.
        path: String,
        /// The limited output.
        output: String,
    },
    /// A region that has no dose.
    #[error("`{path}` names no region of that step; it has {}", known.join(", "))]
    NoRegion {
        /// As named.
        path: String,
        /// The regions there are.
        known: Vec<String>,
    },
    /// A measured dose that names no cell.
    #[error("`measured` of `{output}` names no `per_activity`")]
    NoCell {
        /// The limited output.
        output: String,
    },
    /// A search that proposes nothing.
    #[error(transparent)]
    Search(Box<ProposeError<StepError>>),
}

impl ProposalFault {
    /// Code of the message.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoStart { .. } => "LUT7121",
            Self::OnePatientBenefit
            | Self::OneAndMany
            | Self::MeasuredOfMany
            | Self::MeasuredUnlimited { .. } => "LUT7137",
            Self::NoDose { .. } | Self::NoRegion { .. } | Self::NoCell { .. } => "LUT7138",
            Self::Search(error) => error.code(),
        }
    }
}

impl From<ProposeError<StepError>> for StepError {
    fn from(error: ProposeError<StepError>) -> Self {
        match error {
            ProposeError::Trial(error) => error.into(),
            other => ProposalFault::Search(Box::new(other)).into(),
        }
    }
}
