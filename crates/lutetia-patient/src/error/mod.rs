//! Why something that is asked of a patient cannot be computed.

mod integral;
mod text;
mod value;

pub use integral::{GivenAs, NoIntegral};
pub use text::TextError;
pub use value::{NoQuantity, NoValue, OpenInDraws};

use lutetia_diagnostic::Refusal;
use lutetia_dose::DoseError;
use lutetia_fit::{FitError, PredictError, Status};
use lutetia_population::PopulationError;
use lutetia_scenario::ScenarioError;
use lutetia_sim::SimError;
use lutetia_units::{NuclideError, Unit, UnitError, typed};

use text::did_you_mean;

/// Why something that is asked of a patient cannot be computed. What the data of a region do not allow is not an error but a
/// verdict on that region.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PatientError {
    /// A text that cannot be read.
    #[error(transparent)]
    Text(Box<TextError>),
    /// A curve that no function or method takes.
    #[error(transparent)]
    Curve(Box<NoIntegral>),
    /// A function that cannot be made of the times of a region.
    #[error("`{region}`: {source}")]
    Function {
        /// The region.
        region: String,
        /// Why not.
        source: Box<PredictError>,
    },
    /// A region that was not measured.
    #[error(
        "region `{region}` of subject `{subject}` was not measured in cycle {cycle}; measured: {}",
        measured.join(", ")
    )]
    NotMeasured {
        /// As asked.
        region: String,
        /// The subject.
        subject: String,
        /// From 1.
        cycle: u16,
        /// What was.
        measured: Vec<String>,
    },
    /// Something is asked of a region that was not measured.
    #[error(
        "{what} is asked for `{region}`, which was not measured; measured: {}{}",
        measured.join(", "),
        did_you_mean(near.as_deref())
    )]
    Asked {
        /// What, such as `a BED`.
        what: &'static str,
        /// As asked.
        region: String,
        /// What was measured.
        measured: Vec<String>,
        /// The nearest name, if any is near.
        near: Option<String>,
    },
    /// A reference mass of a patient whose sex is not known.
    #[error(
        "the reference mass of `{region}` goes by sex, and that of subject `{subject}` is not known; write `male` or \
         `female` in a column `sex` of subjects.csv, or name the reference adult (`--reference female`)"
    )]
    NoSex {
        /// The region.
        region: String,
        /// The subject.
        subject: String,
    },
    /// A mass that the reference adult does not have.
    #[error("the reference adult has no mass of `{region}`; give it in g")]
    NoReferenceMass {
        /// The region.
        region: String,
    },
    /// A region of which neither volume nor mass is known.
    #[error("no volume of `{region}` was measured; give its mass, such as `{region} = \"20 g\"`")]
    NoVolume {
        /// The region.
        region: String,
    },
    /// A region of the red marrow that was not measured.
    #[error("red marrow: no region `{region}` was measured; measured: {}", measured.join(", "))]
    MarrowRegion {
        /// As asked.
        region: String,
        /// What was measured.
        measured: Vec<String>,
    },
    /// Blood without a volume.
    #[error(
        "red marrow: no volume of `{region}` was measured; give `blood_volume`, such as `5300 mL`"
    )]
    NoBloodVolume {
        /// The region of blood.
        region: String,
    },
    /// A volume of blood that is none.
    #[error("red marrow: the volume of blood is {} mL; expected more than 0", typed(*ml))]
    BloodVolume {
        /// As given, mL.
        ml: f64,
    },
    /// Curves of several parents.
    #[error(
        "`{region}` was measured by {nuclide} and others by {first}; name the curves of daughters in `own`"
    )]
    SeveralParents {
        /// The region.
        region: String,
        /// By what it was measured.
        nuclide: String,
        /// By what others were.
        first: String,
    },
    /// A curve of a daughter that was not measured.
    #[error("the curve `{curve}` of {nuclide} was not measured")]
    DaughterCurve {
        /// As asked.
        curve: String,
        /// The daughter.
        nuclide: String,
    },
    /// Weights for a region without a dose.
    #[error("an RBE is given for `{region}`, which has no dose; there are: {}", regions.join(", "))]
    RbeRegion {
        /// As asked.
        region: String,
        /// Those with one.
        regions: Vec<String>,
    },
    /// A weight that is none.
    #[error("the RBE of {of} is {}; expected a number above 0", typed(*value))]
    RbeWeight {
        /// Of which particles.
        of: &'static str,
        /// As given.
        value: f64,
    },
    /// No cycle to plan.
    #[error("`cycles` is 0; expected at least one cycle to come")]
    NoCycle,
    /// A model that was fitted without an end.
    #[error("the fit did not converge: {status}")]
    NotConverged {
        /// How it ended.
        status: Status,
    },
    /// Draws of what is fixed in a fit, where nothing of it is uncertain.
    #[error(
        "no parameter that the fit holds fixed has an uncertainty in the model, so there is nothing to draw"
    )]
    NothingUncertain,
    /// A sum of regions that were measured at different times.
    #[error("the regions of `{regions}` were not measured at the same times")]
    OtherTimes {
        /// The sum, as asked.
        regions: String,
    },
    /// A text that names no region.
    #[error("`{text}` names no region")]
    NoRegion {
        /// As typed.
        text: String,
    },
    /// An observable of which nobody knows the error.
    #[error("observable `{observable}` has no residual error; give `error` in the step")]
    NoResidualError {
        /// Its name.
        observable: String,
    },
    /// An observable without an integral.
    #[error("`{observable}` has no integral")]
    NoTia {
        /// Its name.
        observable: String,
    },
    /// An output of a model that is not an activity.
    #[error("the output `{output}` is in {unit}; expected a unit of activity")]
    NotAnActivity {
        /// Its name.
        output: String,
        /// Its unit.
        unit: Unit,
    },
    /// An output without nuclides.
    #[error("`nuclides` of the output `{output}` is empty")]
    NoNuclides {
        /// Its name.
        output: String,
    },
    /// Doses without activity.
    #[error("no activity is given; expected one such as `activity = \"8 MBq\"`")]
    NoActivity,
    /// Doses of several nuclides where one is meant.
    #[error("the doses are of {}; expected one nuclide", found.join(" and "))]
    SeveralNuclides {
        /// Those given.
        found: Vec<String>,
    },
    /// An output that is named twice.
    #[error("an output stands twice in `sources`; expected each once")]
    OutputTwice,
    /// An activity that does not end.
    #[error("an integral has no end")]
    NoEnd,
    /// An integral that something rests on is refused.
    #[error(transparent)]
    Refused(Box<Refusal>),
    /// A dose.
    #[error(transparent)]
    Dose(Box<DoseError>),
    /// A fit.
    #[error(transparent)]
    Fit(Box<FitError>),
    /// A curve that cannot be drawn.
    #[error(transparent)]
    Predict(Box<PredictError>),
    /// A model, its settings or its doses.
    #[error(transparent)]
    Scenario(Box<ScenarioError>),
    /// A simulation.
    #[error(transparent)]
    Sim(Box<SimError>),
    /// A population.
    #[error(transparent)]
    Population(Box<PopulationError>),
    /// A unit.
    #[error(transparent)]
    Unit(Box<UnitError>),
    /// A nuclide.
    #[error(transparent)]
    Nuclide(Box<NuclideError>),
}

impl PatientError {
    /// Code of the message: LUT61xx, or that of what failed below.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Text(error) => error.code(),
            Self::Curve(error) => error.code(),
            Self::Function { source, .. } => source.code(),
            Self::NotMeasured { .. } | Self::Asked { .. } => "LUT6101",
            Self::NoSex { .. } | Self::NoReferenceMass { .. } | Self::NoVolume { .. } => "LUT6102",
            Self::MarrowRegion { .. } | Self::NoBloodVolume { .. } | Self::BloodVolume { .. } => {
                "LUT6103"
            }
            Self::SeveralParents { .. } | Self::DaughterCurve { .. } => "LUT6104",
            Self::Refused(_) => "LUT6124",
            Self::RbeRegion { .. } | Self::RbeWeight { .. } => "LUT6105",
            Self::NoCycle => "LUT6106",
            Self::NotConverged { .. }
            | Self::NothingUncertain
            | Self::OtherTimes { .. }
            | Self::NoRegion { .. }
            | Self::NoResidualError { .. }
            | Self::NoTia { .. } => "LUT6107",
            Self::NotAnActivity { .. }
            | Self::SeveralNuclides { .. }
            | Self::NoNuclides { .. }
            | Self::NoActivity
            | Self::OutputTwice
            | Self::NoEnd => "LUT6108",
            Self::Dose(error) => error.code(),
            Self::Fit(error) => error.code(),
            Self::Predict(error) => error.code(),
            Self::Scenario(error) => error.code(),
            Self::Sim(error) => error.code(),
            Self::Population(error) => error.code(),
            Self::Unit(_) => "LUT6111",
            Self::Nuclide(_) => "LUT6006",
        }
    }
}

/// Sources are boxed, so that an error is small enough to be returned by value.
macro_rules! boxed {
    ($($variant:ident $source:ty),* $(,)?) => {$(
        impl From<$source> for PatientError {
            fn from(source: $source) -> Self {
                Self::$variant(Box::new(source))
            }
        }
    )*};
}

boxed!(
    Text TextError,
    Curve NoIntegral,
    Dose DoseError,
    Fit FitError,
    Predict PredictError,
    Scenario ScenarioError,
    Sim SimError,
    Population PopulationError,
    Unit UnitError,
    Nuclide NuclideError,
);
