//! What a step names and the experiment does not have.

use std::fmt;

/// A name that a step uses and that stands for nothing, or for something else.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Absent {
    /// No model of that name.
    #[error("`{name}` is not a model of this experiment")]
    Model {
        /// As named.
        name: String,
    },
    /// No study of that name.
    #[error("`{name}` is not a study of this experiment")]
    Study {
        /// As named.
        name: String,
    },
    /// No scans of that name.
    #[error("`{name}` is not a `pet` under `[data]`")]
    Scans {
        /// As named.
        name: String,
    },
    /// No table of that name under `[data]`.
    #[error("`{name}` is not a table under `[data]`")]
    Published {
        /// As named.
        name: String,
    },
    /// An earlier step that makes something else than what is asked of it.
    #[error("the step `{step}` is not of the kind {expected}")]
    Kind {
        /// As named.
        step: String,
        /// What is asked of it.
        expected: Made,
    },
    /// No subject of that name in the study.
    #[error("there is no subject `{name}` in the study; there are: {}", known.join(", "))]
    Subject {
        /// As asked.
        name: String,
        /// The subjects there are.
        known: Vec<String>,
    },
    /// No subject is named, and the study has not one alone.
    #[error("the study has {} subjects; name one of: {}", known.len(), known.join(", "))]
    NoSubject {
        /// The subjects there are.
        known: Vec<String>,
    },
    /// A cycle that no study counts to.
    #[error("cycle {number} is above {}", u16::MAX)]
    Cycle {
        /// As asked.
        number: u32,
    },
}

impl Absent {
    /// The code of the message.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Model { .. }
            | Self::Study { .. }
            | Self::Scans { .. }
            | Self::Published { .. }
            | Self::Kind { .. } => "LUT7150",
            Self::Subject { .. } | Self::NoSubject { .. } | Self::Cycle { .. } => "LUT7151",
        }
    }
}

/// What a step hands on to later ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// Time-integrated activities.
    Integrals,
    /// Absorbed doses.
    Doses,
    /// Curves of virtual patients.
    CohortCurves,
    /// A population.
    Cohort,
    /// A trial.
    Trial,
    /// Calibrated values.
    Calibrated,
    /// The calibrated effect of a combination.
    Effect,
    /// A patient that a model was fitted to.
    Fit,
    /// Patients' times.
    PatientTimes,
}

impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Integrals => "`fit-curves`, `integrate` or `fit-model`",
            Self::Doses => "`dose`",
            Self::CohortCurves => "`cohort-curves`",
            Self::Cohort => "`cohort`",
            Self::Trial => "`trial`",
            Self::Calibrated => "`calibrate`",
            Self::Effect => "`combination` with `cohort.calibrate`",
            Self::Fit => "`fit-model`",
            Self::PatientTimes => "`reconstruct` or `trial`",
        })
    }
}
