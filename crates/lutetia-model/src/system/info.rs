//! What the numbers of a system are: names, units, meanings.

use lutetia_units::{Dimension, MolarMass, Unit};

use crate::model::{DoseNumber, ResidualError, Variability};

/// Which form of a pool a state is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StateForm {
    /// The only form of an unlabelled species, or a quantity that is not an amount.
    Only,
    /// Molecules without a nuclide.
    Cold,
    /// Molecules that carry a nuclide: index into [`System::nuclides`](super::System::nuclides).
    Hot(usize),
}

/// One state.
#[derive(Debug, Clone)]
pub struct StateInfo {
    /// `L.tumour.hot`, `L.tumour.cold`, `R.tumour`, `mass`; with several nuclides on one label
    /// `L.tumour.hot(Lu-177)`.
    pub name: String,
    /// Amount, or the dimension of the quantity.
    pub dimension: Dimension,
    /// Unit to print in.
    pub unit: Unit,
    /// declared = internal · factor.
    pub factor: f64,
    /// Species, unless the state is a quantity.
    pub species: Option<String>,
    /// Compartment, unless the state is a quantity.
    pub place: Option<String>,
    /// Form.
    pub form: StateForm,
}

/// What a number of the parameter vector is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterKind {
    /// A parameter of the file (covariate-effect coefficients included).
    Parameter,
    /// A patient covariate.
    Covariate,
}

/// One number of the parameter vector.
#[derive(Debug, Clone)]
pub struct ParameterInfo {
    /// Name.
    pub name: String,
    /// Declared unit.
    pub unit: Unit,
    /// internal = declared · factor.
    pub factor: f64,
    /// Internal value; NaN for a covariate without a typical value.
    pub default: f64,
    /// Not to be estimated; true for covariates.
    pub fixed: bool,
    /// Bounds (internal): for estimation, or the permitted range of a covariate.
    pub bounds: (Option<f64>, Option<f64>),
    /// Variability between individuals.
    pub iiv: Option<Variability>,
    /// Variability between occasions.
    pub iov: Option<Variability>,
    /// Parameter or covariate.
    pub kind: ParameterKind,
    /// Index into `Model::parameters` or `Model::covariates`.
    pub index: usize,
    /// Level names of a categorical covariate, whose value is the number of the level from 0; else empty.
    pub levels: Vec<String>,
    /// Where the number comes from; `None` means assumed (or a covariate).
    pub source: Option<String>,
}

/// One external function of time.
#[derive(Debug, Clone)]
pub struct InputInfo {
    /// Name.
    pub name: String,
    /// Declared unit.
    pub unit: Unit,
    /// internal = declared · factor.
    pub factor: f64,
    /// Internal value where nothing is given.
    pub default: Option<f64>,
}

/// One observable or output port.
#[derive(Debug, Clone)]
pub struct OutputInfo {
    /// `A_tumour`, or `A_tumour(Lu-177)` for one of several nuclides.
    pub name: String,
    /// Declared unit.
    pub unit: Unit,
    /// declared = internal · factor.
    pub factor: f64,
    /// Residual error.
    pub error: Option<ResidualError>,
    /// The nuclide whose activity alone is meant.
    pub nuclide: Option<String>,
    /// Whether it is a port (`[outputs]`) and not an observable.
    pub port: bool,
    /// Index into `Model::outputs`.
    pub index: usize,
}

/// A nuclide bound to a label or carried by a daughter species.
#[derive(Debug, Clone, PartialEq)]
pub struct BoundNuclide {
    /// `Lu-177`.
    pub name: String,
    /// Decay constant, 1/internal time.
    pub lambda: f64,
    /// Internal activity per internal amount.
    pub activity_per_amount: f64,
}

/// Where a dose goes.
#[derive(Debug, Clone, PartialEq)]
pub struct DoseTarget {
    /// `L.plasma`.
    pub name: String,
    /// (index of the nuclide, index of the state) for each nuclide the pool can carry.
    pub hot: Vec<(usize, usize)>,
    /// State of the cold (or only) form; none for a species that is itself radioactive.
    pub cold: Option<usize>,
    /// Its place in [`System::dose_targets`](super::System::dose_targets).
    pub index: usize,
    /// What the author wrote of its lag, bioavailability, duration and rate, where anything.
    pub formulas: [Option<String>; DoseNumber::ALL.len()],
    /// The only way from a dose typed as a mass to its amount.
    pub molar_mass: Option<MolarMass>,
}
