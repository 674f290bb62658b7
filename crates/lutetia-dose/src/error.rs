//! What can be wrong with a request for a dose.

use std::fmt;

/// Why a dose, a time-integrated activity or a dose factor cannot be given.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DoseError {
    /// A number outside its range.
    #[error(
        "{quantity} of `{of}` is {} {unit}; expected {expected}; check the unit and the row it comes from",
        lutetia_units::typed(*.value)
    )]
    OutOfRange {
        /// What the number is, such as `mass`.
        quantity: &'static str,
        /// Whose number it is.
        of: String,
        /// What was found.
        value: f64,
        /// Unit of `value`.
        unit: &'static str,
        /// What was expected, in the same unit.
        expected: &'static str,
    },
    /// A region that is neither an organ of the table, nor a tumour, nor the body.
    #[error("no region named `{name}`{}; known are {known}; name a tumour `tumour…` or `lesion…`", did_you_mean(.suggestion.as_deref()))]
    UnknownRegion {
        /// As typed.
        name: String,
        /// The nearest name, if any is near.
        suggestion: Option<String>,
        /// Every known name.
        known: String,
    },
    /// A region whose self dose cannot be computed from a convex body of its mass.
    #[error(
        "no self dose factor for `{region}`: {why} ({source_of_organ}); there are factors for {known}{hint}"
    )]
    NoGeometry {
        /// The organ.
        region: String,
        /// What stands against it.
        why: NoBody,
        /// Where its mass and form are from.
        source_of_organ: &'static str,
        /// Organs that have one.
        known: String,
        /// What else can be done.
        hint: &'static str,
    },
    /// A volume of a few cells.
    #[error(
        "a mass of {mass} g of `{region}` has a radius of {radius_mm:.3} mm in one piece; expected at least \
         {least_mm} mm, since below it the place within cells counts; use a cellular method",
        mass = lutetia_units::significant(*mass_g, 4)
    )]
    TooSmall {
        /// The region.
        region: String,
        /// Its mass.
        mass_g: f64,
        /// Radius of the smallest piece as a sphere, by its surface.
        radius_mm: f64,
        /// Least radius served.
        least_mm: f64,
    },
    /// A nuclide with photon energy and no photon lines.
    #[error(
        "{nuclide} gives {photon_mev} MeV per decay to photons, but has no line in `nuclide_photons.csv`; \
         expected lines, since the absorbed fraction depends on the energy; add them"
    )]
    NoPhotonLines {
        /// Who decays.
        nuclide: String,
        /// Mean photon energy per decay.
        photon_mev: f64,
    },
    /// A daughter that cannot be where it is said to be.
    #[error("daughter `{daughter}`: {why}")]
    Daughter {
        /// As typed, or the place.
        daughter: String,
        /// What stands against it.
        why: NoDaughter,
    },
    /// No nuclide of that name, or a table that contradicts itself.
    #[error("{0}; a nuclide is added in `nuclides.csv`")]
    Nuclide(#[from] lutetia_units::NuclideError),
}

/// Why an organ is not a convex body of its mass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoBody {
    /// The wall of an organ with contents.
    #[error("its self dose depends on the activity of its contents")]
    Wall,
    /// Spread over the body.
    #[error("it is not one convex body")]
    Spread,
}

/// Why a daughter cannot be where it is said to be.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NoDaughter {
    /// No place of that name.
    #[error("there is no place of that name; there are: {}", known.join(", "))]
    NoPlace {
        /// The places there are.
        known: Vec<String>,
    },
    /// No nuclide of that name.
    #[error(transparent)]
    Unknown(lutetia_units::NuclideError),
    /// Of another chain.
    #[error("it is not a daughter of {parent}{}", after(can_leave.as_ref()))]
    NotOfChain {
        /// The parent.
        parent: String,
        /// Those that can leave, where that is the question.
        can_leave: Option<CanLeave>,
    },
    /// It does not decay.
    #[error("it is stable; {can_leave}")]
    Stable {
        /// Those that can leave.
        can_leave: CanLeave,
    },
    /// It decays before it can go anywhere.
    #[error("it lives {half_life_s:.3} s and decays where it arises; {can_leave}")]
    Prompt {
        /// Its half-life, s.
        half_life_s: f64,
        /// Those that can leave.
        can_leave: CanLeave,
    },
}

/// Daughters of a parent that live long enough to leave the place where they arise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanLeave {
    /// The parent.
    pub parent: String,
    /// Its daughters.
    pub daughters: Vec<String>,
}

impl fmt::Display for CanLeave {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.daughters.is_empty() {
            return write!(f, "{} has no daughters that can leave", self.parent);
        }
        write!(f, "daughters of {} that can leave: {}", self.parent, self.daughters.join(", "))
    }
}

fn after(can_leave: Option<&CanLeave>) -> String {
    can_leave.map_or_else(String::new, |can_leave| format!("; {can_leave}"))
}

impl lutetia_diagnostic::Cause for DoseError {
    fn code(&self) -> &'static str {
        Self::code(self)
    }
}

impl DoseError {
    /// Code of the message, LUT6xxx.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::OutOfRange { .. } => "LUT6001",
            Self::UnknownRegion { .. } => "LUT6002",
            Self::NoGeometry { .. } => "LUT6003",
            Self::TooSmall { .. } => "LUT6004",
            Self::NoPhotonLines { .. } => "LUT6005",
            Self::Nuclide(_) => "LUT6006",
            Self::Daughter { .. } => "LUT6007",
        }
    }
}

fn did_you_mean(suggestion: Option<&str>) -> String {
    suggestion.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

/// A number of a sentence: four digits, without the noise of floating-point products.
pub(crate) fn short(x: f64) -> String {
    format!("{x:.3e}").parse().map_or_else(|_| x.to_string(), |x: f64| x.to_string())
}

/// `value` if it is finite and above zero.
pub(crate) fn above_zero(
    quantity: &'static str,
    of: &str,
    value: f64,
    unit: &'static str,
) -> Result<f64, DoseError> {
    if value.is_finite() && value > 0.0 {
        return Ok(value);
    }
    let expected = "a finite number above 0";
    Err(DoseError::OutOfRange { quantity, of: of.to_owned(), value, unit, expected })
}

/// `value` if it is finite and not below zero.
pub(crate) fn not_negative(
    quantity: &'static str,
    of: &str,
    value: f64,
    unit: &'static str,
) -> Result<f64, DoseError> {
    if value.is_finite() && value >= 0.0 {
        return Ok(value);
    }
    let expected = "a finite number, 0 or more";
    Err(DoseError::OutOfRange { quantity, of: of.to_owned(), value, unit, expected })
}
