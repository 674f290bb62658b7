//! What a person should look at before a dose is used.

use std::fmt;

use lutetia_units::significant;

/// What a person should look at before a dose is used; nothing is refused for it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum DoseWarning {
    /// Weights of alphas where there are none.
    NoAlphas {
        /// What decays.
        source: String,
        /// Where.
        regions: Vec<String>,
    },
    /// A biologically effective dose that cannot be computed.
    NoEffectiveDose {
        /// Of which region.
        region: String,
    },
    /// A mass that the region cannot have.
    Mass {
        /// The region.
        region: String,
        /// As given, g.
        g: f64,
        /// What a region of the name weighs, in words.
        reference: String,
        /// The slip that was probably made.
        slip: Option<String>,
    },
}

impl fmt::Display for DoseWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAlphas { source, regions } => write!(
                f,
                "{source} gives no alphas; an RBE of alphas changes nothing in {}",
                regions.join(", ")
            ),
            Self::NoEffectiveDose { region } => write!(
                f,
                "`{region}` has no biologically effective dose: its dose rate is not a sum of exponentials from one injection \
                 on (a method without a function, another kind of function, or several administrations)"
            ),
            Self::Mass { region, g, reference, slip } => {
                let g = significant(*g, 4);
                write!(f, "a mass of {g} g is given for `{region}`; {reference}")?;
                slip.as_ref().map_or(Ok(()), |slip| write!(f, "; {slip}"))
            }
        }
    }
}
