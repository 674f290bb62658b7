//! Why the survival of arms cannot be given.

use lutetia_diagnostic::closest;
use lutetia_outcome::survival::SplineScale;
use lutetia_units::typed;

use super::{coding::EventFault, splines::MOST_KNOTS};

/// Why the survival of arms cannot be given.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SurvivalError {
    /// No table of times, or two.
    #[error("needs either `from`, the patients of a step, or `data`, a table")]
    Source,
    /// A table that holds no patients' times.
    #[error("`{from}` has no patients' times; expected `{}.{part}`", from.split('.').next().unwrap_or(from))]
    NoTimes {
        /// As named.
        from: String,
        /// The table of that step which has them.
        part: &'static str,
    },
    /// Names of columns where there is no table.
    #[error(
        "`{from}` is handed on by its step with `time`, `event`, `arm`, `left` and `right`; `columns` and other names in \
         `between` are for a table under `data`"
    )]
    Columns {
        /// Whose patients.
        from: String,
    },
    /// Patients of whom no visits are known.
    #[error("`between` needs visits, and the patients of `{from}` have none; leave it out")]
    NoVisits {
        /// Whose patients.
        from: String,
    },
    /// An endpoint named for what has one.
    #[error("`endpoint` chooses one of a trial, and `{from}` is not of a trial; leave it out")]
    OneEndpoint {
        /// Whose patients.
        from: String,
    },
    /// An endpoint that a trial does not follow, or none named where it follows several.
    #[error(
        "{}; the trial follows {}",
        name.as_ref().map_or_else(
            || "name the `endpoint`".to_owned(),
            |name| format!("no endpoint `{name}`"),
        ),
        known.join(", ")
    )]
    Endpoint {
        /// As named.
        name: Option<String>,
        /// Those that the trial follows.
        known: Vec<&'static str>,
    },
    /// No arm of that name.
    #[error(
        "no arm `{name}`; {}",
        near.as_ref().map_or_else(
            || format!("the arms are {}", known.join(", ")),
            |near| format!("did you mean `{near}`?"),
        )
    )]
    NoArm {
        /// As named.
        name: String,
        /// The arm of the nearest name.
        near: Option<String>,
        /// The arms there are.
        known: Vec<String>,
    },
    /// One arm where two are compared.
    #[error("there is one arm, and nothing to compare")]
    OneArm,
    /// A row without a time.
    #[error("row {row} has no time")]
    NoTime {
        /// From 1.
        row: usize,
    },
    /// A row without the last time at which the patient was known to be without the event.
    #[error("row {row} has no left end")]
    NoLeftEnd {
        /// From 1.
        row: usize,
    },
    /// A column that does not tell events from censorings.
    #[error("`{column}` of the table `{table}`: {fault}")]
    Events {
        /// Which.
        column: String,
        /// Of which table.
        table: String,
        /// What is wrong with it.
        fault: EventFault,
    },
    /// A cell that is neither the event nor a censoring.
    #[error("row {row}: {fault}")]
    Event {
        /// From 1.
        row: usize,
        /// What is wrong with it.
        fault: EventFault,
    },
    /// A period of follow-up that ends before it begins.
    #[error("a period ends at {}, expected a time after the one before it", typed(*cut))]
    Period {
        /// As given, in the unit of the times.
        cut: f64,
    },
    /// Too many internal knots.
    #[error("splines with up to {most} internal knots; expected {MOST_KNOTS} or fewer")]
    Knots {
        /// As given.
        most: usize,
    },
    /// A scale without knots.
    #[error("`spline_scale` needs `knots`, the most internal knots")]
    ScaleWithoutKnots,
    /// No scale of splines of that name.
    #[error("no scale of splines `{name}`; known are {}", SplineScale::ALL.map(SplineScale::name).join(", "))]
    Scale {
        /// As named.
        name: String,
    },
}

impl SurvivalError {
    /// An arm that is none of those there are.
    pub(in crate::steps) fn no_arm<'a>(
        name: &str,
        known: impl Iterator<Item = &'a str> + Clone,
    ) -> Self {
        Self::NoArm {
            name: name.to_owned(),
            near: closest(name, known.clone()).map(str::to_owned),
            known: known.map(str::to_owned).collect(),
        }
    }

    /// The code of the message.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoArm { .. } | Self::OneArm => "LUT7157",
            Self::NoTime { .. }
            | Self::NoLeftEnd { .. }
            | Self::Events { .. }
            | Self::Event { .. } => "LUT7158",
            Self::Source
            | Self::NoTimes { .. }
            | Self::Columns { .. }
            | Self::NoVisits { .. }
            | Self::OneEndpoint { .. }
            | Self::Endpoint { .. }
            | Self::Period { .. }
            | Self::Knots { .. }
            | Self::ScaleWithoutKnots
            | Self::Scale { .. } => "LUT7159",
        }
    }
}
