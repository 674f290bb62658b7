//! What can be wrong with the keys of a cohort, and with the calibration it takes its values from?

use lutetia_patient::BareNumber;

use crate::Failure;

/// Why the keys of a cohort make none.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CohortFault {
    /// Weights to margins that are not stated.
    #[error("`weights = true` needs `margins` in the step of the cohort")]
    NoMargins,
    /// A name that the model does not have.
    #[error(
        "the model has no parameter or covariate `{name}`{}",
        near.as_ref().map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
    )]
    NoParameter {
        /// As typed.
        name: String,
        /// A name that is near.
        near: Option<String>,
    },
    /// A coefficient of variation that two readers read differently.
    #[error("the cv of `{covariate}`: {bare}")]
    BareCv {
        /// The covariate.
        covariate: String,
        /// The number.
        bare: BareNumber,
    },
    /// Keys that make no law.
    #[error(
        "the law of `{covariate}` mixes keys or lacks one; expected `median` and `cv`, `mean` and `sd`, `lower` and \
         `upper`, `value`, or `shares`"
    )]
    Law {
        /// The covariate.
        covariate: String,
    },
    /// Draws that are too few to say anything, or too many.
    #[error(
        "`draws` is {found}; expected 0 for none, or {least} to {most}, as fewer say nothing of a median"
    )]
    Draws {
        /// As given.
        found: u32,
        /// The least.
        least: u32,
        /// The most.
        most: u32,
    },
    /// Draws of what is certain.
    #[error(
        "no parameter that is not set has an uncertainty in the model, so there is nothing to draw; write \
         `uncertainty = \"12 %\"` at one, or leave `draws` out"
    )]
    NothingUncertain,
    /// Draws of a calibration, and of the model.
    #[error(
        "`calibrated` of another experiment has draws of its own, of the posterior; leave `draws` out"
    )]
    TwoDraws,
    /// Keys that make no margin.
    #[error("the margin of `{of}` needs `mean`, or `below` with `share`, or `level` with `share`")]
    Margin {
        /// The parameter or covariate.
        of: String,
    },
}

impl CohortFault {
    /// Code of the message.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoParameter { .. } => "LUT7121",
            Self::Draws { .. } | Self::NothingUncertain | Self::TwoDraws => "LUT7173",
            Self::NoMargins | Self::BareCv { .. } | Self::Law { .. } | Self::Margin { .. } => {
                "LUT7130"
            }
        }
    }
}

/// Why the posterior of another experiment is not that of this model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PosteriorFault {
    /// A name that leads out of the folder of reports.
    #[error(
        "`{name}` is not a name of an experiment or step; expected letters, digits, `_` and `-`"
    )]
    Name {
        /// As typed.
        name: String,
    },
    /// Tables that nobody made yet.
    #[error(
        "{source}; the posterior `{step}` of the experiment `{experiment}` is not there, make it first with \
         `lutetia report {experiment}`, or look up the name of its step of the kind `calibrate`"
    )]
    NotThere {
        /// The experiment.
        experiment: String,
        /// Its step.
        step: String,
        /// Why its file cannot be read.
        source: Box<Failure>,
    },
    /// A number of draws out of range.
    #[error("`draws` is {found}; expected 1 to {most}")]
    Draws {
        /// As typed.
        found: u32,
        /// The most.
        most: u32,
    },
    /// A table that was not read before the steps ran.
    #[error("the table `{table}` was not read")]
    NotRead {
        /// Its name.
        table: String,
    },
    /// A table of something else.
    #[error("`{table}` has no column `{column}`; expected the particles of a calibration")]
    NoColumn {
        /// Its name.
        table: String,
        /// The column.
        column: &'static str,
    },
    /// A parameter that this model does not have.
    #[error(
        "`{table}` calibrates `{theirs}`, and this model has no parameter `{ours}`; give its name here in `rename`, or \
         leave it out by `without`"
    )]
    NotOurs {
        /// The table.
        table: String,
        /// The parameter as it is called there.
        theirs: String,
        /// As it would be called here.
        ours: String,
    },
    /// A posterior of other things alone.
    #[error("`{table}` has no parameter of this model")]
    NothingOurs {
        /// The table.
        table: String,
    },
    /// A particle without a value.
    #[error("`{table}` has a row without a number for `{parameter}`")]
    NoNumber {
        /// The table.
        table: String,
        /// The parameter.
        parameter: String,
    },
    /// Particles that all weigh nothing.
    #[error("no row of `{table}` has a weight above zero")]
    NoWeight {
        /// The table.
        table: String,
    },
    /// Particles of which none is the nearest.
    #[error("no row of `{table}` has a distance")]
    NoDistance {
        /// The table.
        table: String,
    },
}

impl PosteriorFault {
    /// Code of the message.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "LUT7131"
    }
}
