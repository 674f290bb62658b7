//! Why a text that says how something is done cannot be read.

use lutetia_dose::DoseError;
use lutetia_fit::UnknownFunction;
use lutetia_units::{Dimension, UnitError};

use crate::percent::BareNumber;

/// A text that cannot be read: a quantity, a method, an error model, a name.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// What the text is for, and what is wrong with it.
    #[error("{what}: {source}")]
    Of {
        /// What it is for, such as `alpha/beta`.
        what: String,
        /// What is wrong.
        source: Box<TextError>,
    },
    /// No quantity, or one of another unit.
    #[error(transparent)]
    Unit(#[from] UnitError),
    /// A share or a relative deviation without its sign.
    #[error(transparent)]
    Bare(#[from] BareNumber),
    /// A quantity of another dimension.
    #[error("`{text}` is {found}, expected {expected} such as `5 {unit}`")]
    Dimension {
        /// As typed.
        text: String,
        /// What it is.
        found: Dimension,
        /// What was expected.
        expected: Dimension,
        /// A unit that would do.
        unit: &'static str,
    },
    /// A quantity with a unit where none belongs.
    #[error("{what} is `{text}`; expected a pure number such as `30 %`")]
    NotPure {
        /// What it is for.
        what: String,
        /// As typed.
        text: String,
    },
    /// A share that is nothing, negative or more than all.
    #[error("{what} is `{text}`; expected a share above 0 %, at most 100 %")]
    NotAShare {
        /// What it is for.
        what: &'static str,
        /// As typed.
        text: String,
    },
    /// A relative standard deviation that is negative or has a unit.
    #[error("`{text}` is not a relative standard deviation; expected one such as `5 %`")]
    NotRelative {
        /// As typed.
        text: String,
    },
    /// A quantity that is zero or negative.
    #[error("`{text}` is not above 0")]
    NotAboveZero {
        /// As typed.
        text: String,
    },
    /// An error model.
    #[error(
        "cannot read the error model `{text}`; expected `proportional 10 %`, `additive 5 MBq`, `combined 5 MBq + 10 %`, \
         `proportional` or `unweighted`"
    )]
    ErrorModel {
        /// As typed.
        text: String,
    },
    /// How the variance is counted.
    #[error(
        "cannot read `{text}`; expected `estimated` (the variance counts where it is estimated), `always` or `never`"
    )]
    VarianceCount {
        /// As typed.
        text: String,
    },
    /// A function.
    #[error("{source}{}", did_you_mean(near.as_deref()))]
    Function {
        /// The name, and those known.
        source: UnknownFunction,
        /// The nearest name, if any is near.
        near: Option<String>,
    },
    /// No function at all.
    #[error("no function is named; expected at least one, such as `mono`, or `all`")]
    NoFunction,
    /// A method of integration.
    #[error(
        "cannot read the method `{text}`; expected `haenscheid`, `madsen 51 h`, `madsen 51 h 8 h`, \
         `map effective 51 h 20 %`, `map biological 70 h 30 % amplitude 120 MBq 40 %`, `library`, \
         `jackson`, `trapezoid physical`, `trapezoid fitted` or `trapezoid 51 h`"
    )]
    Method {
        /// As typed.
        text: String,
    },
    /// A library method without its curves.
    #[error(
        "the method `library` needs a table of curves: columns curve, amplitude, effective_half_life (h)"
    )]
    NoLibrary,
    /// A reference adult.
    #[error("reference `{text}` is neither `male` nor `female`")]
    Reference {
        /// As typed.
        text: String,
    },
    /// A flag that needs no acceptance.
    #[error("`{name}` needs no acceptance; expected `misfit`")]
    NeedsNoAcceptance {
        /// As typed.
        name: String,
    },
    /// No flag.
    #[error("`{name}` is not a flag; expected `misfit`")]
    Flag {
        /// As typed.
        name: String,
    },
    /// The error of a volume, said in two ways.
    #[error("give the volume's error as `volume_sd`, or by `voxel` and `resolution`; not both")]
    TwoOutlines,
    /// A voxel without a resolution, or the reverse.
    #[error("`voxel` and `resolution` belong together; one is missing")]
    HalfAnOutline,
    /// A key of the red marrow.
    #[error(
        "the red marrow has no `{key}`; it has blood, blood_volume, ratio, haematocrit, image, share, remainder, \
         body_mass"
    )]
    MarrowKey {
        /// As typed.
        key: String,
    },
    /// Red marrow from nothing, or from two things.
    #[error("red marrow: expected either `blood` or `image`, the region of its activity")]
    MarrowSource,
    /// Blood without a ratio of marrow to it.
    #[error(
        "red marrow: the marrow-to-blood `ratio` is missing; expected `peptide` (1), \
         `antibody` (0.19/(1 - haematocrit)) or a number"
    )]
    NoRatio,
    /// A ratio that is neither a word nor a number.
    #[error(
        "red marrow: the ratio is `{text}`; expected `peptide` (1), `antibody` (0.19/(1 - haematocrit)) or a number"
    )]
    Ratio {
        /// As typed.
        text: String,
    },
    /// An antibody without a haematocrit.
    #[error("red marrow: an antibody needs the `haematocrit` of the patient, such as `42 %`")]
    NoHaematocrit,
    /// An image of part of the marrow without that part.
    #[error(
        "red marrow: give `share`, the share of all active marrow in the region of `image`, such as `6.7 %`"
    )]
    NoMarrowShare,
    /// A mass, a tissue, a recovery curve or a library with a number out of its range.
    #[error(transparent)]
    Dose(#[from] DoseError),
}

impl TextError {
    /// The same, with what the text is for.
    #[must_use]
    pub fn of(self, what: impl Into<String>) -> Self {
        Self::Of { what: what.into(), source: Box::new(self) }
    }

    /// Code of the message: LUT611x, or that of the function or dose.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Of { source, .. } => source.code(),
            Self::Function { source, .. } => source.code(),
            Self::Dose(error) => error.code(),
            Self::Bare(_) => "LUT6110",
            Self::Unit(_)
            | Self::Dimension { .. }
            | Self::NotPure { .. }
            | Self::NotAShare { .. }
            | Self::NotRelative { .. }
            | Self::NotAboveZero { .. } => "LUT6111",
            Self::ErrorModel { .. } | Self::VarianceCount { .. } | Self::NoFunction => "LUT6112",
            Self::Method { .. } | Self::NoLibrary => "LUT6113",
            Self::Reference { .. } | Self::NeedsNoAcceptance { .. } | Self::Flag { .. } => {
                "LUT6114"
            }
            Self::TwoOutlines | Self::HalfAnOutline => "LUT6115",
            Self::MarrowKey { .. }
            | Self::MarrowSource
            | Self::NoRatio
            | Self::Ratio { .. }
            | Self::NoHaematocrit
            | Self::NoMarrowShare => "LUT6116",
        }
    }
}

/// `; did you mean …?` where a name is near.
pub(super) fn did_you_mean(near: Option<&str>) -> String {
    near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}
