//! Why a curve has no integral to infinity, or no function goes through it.

use std::fmt;

use lutetia_dose::DoseError;
use lutetia_fit::{Determination, FitError, PredictError, SamplerError, SelectionError};
use lutetia_units::{NuclideError, significant};

use crate::shape::CurveEnd;

/// How the activity of a cycle was given, where it was not by one injection.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum GivenAs {
    /// One infusion, of a duration in h.
    Infusion {
        /// h.
        duration_h: f64,
    },
    /// Several administrations, at times in h after the first.
    Parts {
        /// h.
        times_h: Vec<f64>,
    },
}

impl fmt::Display for GivenAs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Infusion { duration_h } => {
                write!(f, "was infused over {} h", significant(*duration_h, 3))
            }
            Self::Parts { times_h } => {
                let times: Vec<String> =
                    times_h.iter().map(|t| format!("{} h", significant(*t, 4))).collect();
                write!(f, "was given {} times ({})", times_h.len(), times.join(", "))
            }
        }
    }
}

/// Why a curve has no integral to infinity, or no function goes through it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NoIntegral {
    /// What was measured was not given.
    #[error(
        "`{region}` was measured as {nuclide}, and cycle {cycle} was given {}: a daughter's activity says nothing of what \
         was injected; measure {} itself, or leave the region out",
        given.join(" and "),
        given.join(" or ")
    )]
    NotGiven {
        /// The region.
        region: String,
        /// As measured.
        nuclide: String,
        /// From 1.
        cycle: u16,
        /// The nuclides given.
        given: Vec<String>,
    },
    /// Another nuclide was given in the same cycle.
    #[error(
        "cycle {cycle} of subject `{subject}` was given {} as well as {nuclide}, and a curve of one nuclide holds the dose \
         of that one alone; give each nuclide a cycle of its own in doses.csv and activity.csv",
        others.join(" and ")
    )]
    OtherNuclides {
        /// The subject.
        subject: String,
        /// From 1.
        cycle: u16,
        /// As measured.
        nuclide: String,
        /// The others given.
        others: Vec<String>,
    },
    /// A dose that stands for more than what was injected with it.
    #[error(
        "the activity of cycle {cycle} of subject `{subject}` is a `{kind}` dose, and a curve alone does not say what else is \
         there; fit a model (`--model`), which is given the doses as they are"
    )]
    NotFromNothing {
        /// The subject.
        subject: String,
        /// From 1.
        cycle: u16,
        /// As `doses.csv` says.
        kind: &'static str,
    },
    /// A method that takes one injection for granted, where there was another way of giving.
    #[error(
        "the activity of cycle {cycle} of subject `{subject}` {given}, and this method takes one injection at time zero for \
         granted; fit a sum of exponentials, such as `mono` or `bi-uptake`, which is superposed"
    )]
    NotOneInjection {
        /// The subject.
        subject: String,
        /// From 1.
        cycle: u16,
        /// How it was given.
        given: GivenAs,
    },
    /// A function that cannot be superposed.
    #[error("the activity of cycle {cycle} {given}: {source}")]
    NotSuperposed {
        /// From 1.
        cycle: u16,
        /// How it was given.
        given: GivenAs,
        /// Why not.
        source: Box<PredictError>,
    },
    /// A measurement of nothing under an error that is proportional to it.
    #[error(
        "`{region}` is {} MBq at {} h, and a proportional error would make that exact; give the limit of detection and mark \
         the row `below_detection`, or use an error with an additive part such as `combined 1 MBq + 10 %`",
        significant(*activity_mbq, 3),
        significant(*time_h, 4)
    )]
    ExactZero {
        /// The region.
        region: String,
        /// MBq.
        activity_mbq: f64,
        /// h.
        time_h: f64,
    },
    /// The end of the curve.
    #[error(transparent)]
    End(Box<CurveEnd>),
    /// A measurement below detection where a number is needed.
    #[error("`{region}` at {} h is below detection", significant(*time_h, 4))]
    BelowDetection {
        /// The region.
        region: String,
        /// h.
        time_h: f64,
    },
    /// Several measurements for a method of one.
    #[error(
        "`{region}` has {} measurements and the method takes one; say which by its time, `--at` HOURS (`at` in an \
         experiment); {}",
        times_h.len(),
        measured(times_h)
    )]
    SeveralMeasurements {
        /// The region.
        region: String,
        /// When it was measured, h.
        times_h: Vec<f64>,
    },
    /// No measurement near the time asked for.
    #[error("`{region}` has no measurement near {} h; {}", significant(*at_h, 4), measured(times_h))]
    NoneNear {
        /// The region.
        region: String,
        /// As asked, h.
        at_h: f64,
        /// When it was measured, h.
        times_h: Vec<f64>,
    },
    /// No measurement at all.
    #[error("`{region}` has no measurement")]
    NoMeasurement {
        /// The region.
        region: String,
    },
    /// Not three measurements for a method of three.
    #[error("`{region}` has {found} measurements and the method takes three")]
    NotThree {
        /// The region.
        region: String,
        /// Its measurements.
        found: usize,
    },
    /// An effective half-life that was typed or tabulated and cannot be.
    #[error(
        "an effective half-life of {0} h {whose} is above the physical {1} h of {nuclide}; expected at most that; if {0} h \
         is the biological half-life, the effective one is {2} h",
        significant(*effective_h, 4),
        significant(*physical_h, 4),
        significant(1.0 / (1.0 / effective_h + 1.0 / physical_h), 4)
    )]
    HalfLife {
        /// As given, h.
        effective_h: f64,
        /// That of the nuclide, h.
        physical_h: f64,
        /// The nuclide.
        nuclide: String,
        /// Where it was given, such as ``of `madsen` ``.
        whose: &'static str,
    },
    /// A tail through the last two measurements that is slower than decay.
    #[error(
        "`{region}` falls more slowly than {nuclide} decays over its last two measurements: an effective half-life of {} h, the \
         physical one {} h; use `trapezoid physical`, or look whether the values are decay-corrected",
        significant(*half_life_h, 4),
        significant(*physical_h, 4)
    )]
    SlowTail {
        /// The region.
        region: String,
        /// The nuclide.
        nuclide: String,
        /// Of the tail, h.
        half_life_h: f64,
        /// Of the nuclide, h.
        physical_h: f64,
    },
    /// Nothing to weigh a prior with.
    #[error(
        "`{region}` is {} MBq at {} h; a maximum a posteriori needs an activity above 0 with a standard deviation",
        significant(*activity_mbq, 6),
        significant(*time_h, 6)
    )]
    NothingToWeigh {
        /// The region.
        region: String,
        /// MBq.
        activity_mbq: f64,
        /// h.
        time_h: f64,
    },
    /// A posterior that is slower than decay.
    #[error(
        "the maximum a posteriori has an effective half-life of {} h, above the physical {} h; give the biological \
         half-life of the population, `map biological`",
        significant(*half_life_h, 4),
        significant(*physical_h, 4)
    )]
    SlowPosterior {
        /// Of the posterior, h.
        half_life_h: f64,
        /// Of the nuclide, h.
        physical_h: f64,
    },
    /// A curve that does not fall.
    #[error("the curve does not fall")]
    DoesNotFall,
    /// The data do not determine it.
    #[error("{0}")]
    NotDetermined(Determination),
    /// No function that fits the data has a criterion to be weighed by.
    #[error("AICc is not defined for any function that fits the data")]
    NothingToAverage,
    /// No average over functions.
    #[error(transparent)]
    Selection(#[from] SelectionError),
    /// No fit.
    #[error(transparent)]
    Fit(Box<FitError>),
    /// No curve.
    #[error(transparent)]
    Predict(Box<PredictError>),
    /// No bootstrap.
    #[error(transparent)]
    Sampler(Box<SamplerError>),
    /// No integral by a method without a function.
    #[error(transparent)]
    Dose(Box<DoseError>),
    /// No nuclide of the name.
    #[error(transparent)]
    Nuclide(Box<NuclideError>),
    /// What is wrong is wrong with one of several subjects.
    #[error("`{subject}`: {source}")]
    Of {
        /// Which.
        subject: String,
        /// What is wrong.
        source: Box<NoIntegral>,
    },
}

fn measured(times_h: &[f64]) -> String {
    let times: Vec<String> = times_h.iter().map(|t| significant(*t, 4)).collect();
    format!("measured at {} h", times.join(", "))
}

impl NoIntegral {
    /// The same, of one of several subjects.
    #[must_use]
    pub fn of(self, subject: &str) -> Self {
        Self::Of { subject: subject.to_owned(), source: Box::new(self) }
    }

    /// Code of the message: LUT612x, or that of the fit or dose.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotGiven { .. }
            | Self::OtherNuclides { .. }
            | Self::NotFromNothing { .. }
            | Self::NotOneInjection { .. }
            | Self::NotSuperposed { .. } => "LUT6120",
            Self::ExactZero { .. }
            | Self::BelowDetection { .. }
            | Self::SeveralMeasurements { .. }
            | Self::NoneNear { .. }
            | Self::NoMeasurement { .. }
            | Self::NotThree { .. }
            | Self::NothingToWeigh { .. } => "LUT6121",
            Self::End(_) | Self::SlowTail { .. } | Self::DoesNotFall => "LUT6122",
            Self::HalfLife { .. } | Self::SlowPosterior { .. } => "LUT6123",
            Self::NotDetermined(_) | Self::NothingToAverage => "LUT6124",
            Self::Selection(error) => error.code(),
            Self::Fit(error) => error.code(),
            Self::Predict(error) => error.code(),
            Self::Sampler(error) => error.code(),
            Self::Dose(error) => error.code(),
            Self::Nuclide(_) => "LUT6006",
            Self::Of { source, .. } => source.code(),
        }
    }
}

/// Sources are boxed, so that an error is small enough to be returned by value.
macro_rules! boxed {
    ($($variant:ident $source:ty),* $(,)?) => {$(
        impl From<$source> for NoIntegral {
            fn from(source: $source) -> Self {
                Self::$variant(Box::new(source))
            }
        }
    )*};
}

boxed!(
    End CurveEnd,
    Fit FitError,
    Predict PredictError,
    Sampler SamplerError,
    Dose DoseError,
    Nuclide NuclideError,
);
