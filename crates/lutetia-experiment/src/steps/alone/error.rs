//! What can be wrong with a trial that is run by itself?

/// Why a trial of an experiment cannot be run by itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AloneFault {
    /// A trial that the experiment does not have.
    #[error("the experiment has no trial of that name; it has: {}", known.join(", "))]
    NoTrial {
        /// Its trials.
        known: Vec<String>,
    },
    /// An experiment without trials.
    #[error("the experiment has no step of the kind `trial`")]
    NoTrials,
    /// Several trials, and none named.
    #[error(
        "the experiment has {} trials; name one with `--step`: {}", known.len(), known.join(", ")
    )]
    WhichTrial {
        /// Its trials.
        known: Vec<String>,
    },
    /// An arm without anybody.
    #[error("{patients} patients were asked for; expected at least one per arm, {arms}")]
    FewPatients {
        /// As asked.
        patients: u64,
        /// Arms of the trial.
        arms: u64,
    },
    /// A step of another kind, or none.
    #[error("the step `{step}` is not of the kind `{expected}`")]
    OtherKind {
        /// As named.
        step: String,
        /// The kind that is needed.
        expected: &'static str,
    },
    /// Values of a step that is of another kind.
    #[error("the step `{step}`, whose values it takes, is not of the kind `calibrate`")]
    NotCalibrated {
        /// As named.
        step: String,
    },
    /// Values of a step that comes later.
    #[error("the step `{step}`, whose values it takes, comes after it; write it before")]
    CalibratedAfter {
        /// As named.
        step: String,
    },
    /// Values of a step that is not there.
    #[error("the experiment has no step `{step}`")]
    NoStep {
        /// As named.
        step: String,
    },
    /// A table of something else than unknowns.
    #[error("its table has no columns `name`, `unit` and `nearest`")]
    NoColumns,
    /// A table without one of the unknowns.
    #[error("its table has no row `{parameter}`")]
    NoRow {
        /// The unknown.
        parameter: String,
    },
}

impl AloneFault {
    /// Code of the message.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoColumns | Self::NoRow { .. } => "LUT7143",
            Self::NoTrial { .. }
            | Self::NoTrials
            | Self::WhichTrial { .. }
            | Self::FewPatients { .. }
            | Self::OtherKind { .. }
            | Self::NotCalibrated { .. }
            | Self::CalibratedAfter { .. }
            | Self::NoStep { .. } => "LUT7142",
        }
    }
}
