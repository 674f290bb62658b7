//! The checked model: what the text means, with every name resolved and every dimension verified.
//!
//! All numbers are in the internal units of [`Model::units`] unless a field says otherwise.

mod chain;
mod dosing;
mod event;
mod varying;

use lutetia_units::{Dimension, MolarMass, Unit, UnitSystem};
use serde::Serialize;

pub use self::{
    chain::{Chain, ChainPart, ChainRole, ChainSetting, ChainToxicity, ChainWire, DoseFactor},
    dosing::{DoseNumber, Dosing, Formula},
    event::{Action, Event, Trigger},
    varying::{Driven, VaryError},
};
use crate::expr::Expr;

/// Stands between the alias of a part and the names inside it: `pk:L.plasma`.
pub const ALIAS_SEPARATOR: char = ':';

/// A checked model. Built by [`crate::check`] or [`fn@crate::connect`]; read by [`crate::compile`].
#[derive(Debug, Clone)]
pub struct Model {
    /// Identifier, lower-case with hyphens.
    pub id: String,
    /// One line for people.
    pub title: String,
    /// Where the model comes from (DOI or citation).
    pub reference: Option<String>,
    /// Longer description.
    pub about: Option<String>,
    /// Internal units.
    pub units: UnitSystem,
    /// Label groups: which species carry a nuclide.
    pub labels: Vec<LabelGroup>,
    /// Patient covariates.
    pub covariates: Vec<Covariate>,
    /// Parameters in file order (after expansion of organ tables).
    pub parameters: Vec<Parameter>,
    /// Compartments.
    pub compartments: Vec<Compartment>,
    /// Species.
    pub species: Vec<Species>,
    /// One pool per species and place; order fixes the order of the states.
    pub pools: Vec<Pool>,
    /// Quantities that are not amounts (`[states]`).
    pub quantities: Vec<QuantityState>,
    /// Delays: which of `quantities` are their transit states.
    pub delays: Vec<Delay>,
    /// `[define]` in an order in which each uses only earlier ones.
    pub defines: Vec<Define>,
    /// Processes after expansion.
    pub processes: Vec<Process>,
    /// What happens at a moment.
    pub events: Vec<Event>,
    /// External functions of time.
    pub inputs: Vec<Input>,
    /// Observables and output ports.
    pub outputs: Vec<Output>,
    /// What follows from the parameters alone, for fits.
    pub derived: Vec<DerivedQuantity>,
    /// Correlations between random effects.
    pub correlations: Vec<Correlation>,
    /// Order in which formula parameters can be evaluated (indices into `parameters`).
    pub parameter_order: Vec<usize>,
    /// The organs of its table.
    pub organs: OrganTable,
    /// How it was put together, where it is a chain.
    pub chain: Option<Chain>,
    /// How far it is trusted, where it says so.
    pub status: Option<Status>,
}

/// How far a model is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It agrees with published numbers that set none of its parameters.
    Validated,
    /// It gives what its publication gives; it was not compared with numbers that set nothing of it.
    Reproduced,
    /// Neither; kept out of rankings.
    Sketch,
}

impl Status {
    /// Every status, in the order of their words in a file.
    pub const ALL: [Self; 3] = [Self::Validated, Self::Reproduced, Self::Sketch];

    /// The word for it in a model file.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Validated => "validated",
            Self::Reproduced => "reproduced",
            Self::Sketch => "sketch",
        }
    }
}

/// What the number of a parameter rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Evidence {
    /// Measured for this ligand, target or organ.
    Measured,
    /// Estimated by fitting a model to patients.
    Estimated,
    /// Anatomy and physiology of reference people.
    Reference,
    /// Measured or estimated for another ligand, target or species, and carried over.
    Related,
    /// No published value was found.
    Assumed,
}

impl Evidence {
    /// Every grade, in the order of their words in a file.
    pub const ALL: [Self; 5] =
        [Self::Measured, Self::Estimated, Self::Reference, Self::Related, Self::Assumed];

    /// The word for it in a model file.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Estimated => "estimated",
            Self::Reference => "reference",
            Self::Related => "related",
            Self::Assumed => "assumed",
        }
    }
}

/// How a number of one nuclide, a dose factor or the share of its alphas, becomes that of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Follows {
    /// Dose times mass per integral: the energy of alphas and electrons of the nuclide and its daughters, absorbed where
    /// they arise.
    InPlace,
    /// Dose per integral: in proportion to that energy, which holds where the same share of it is absorbed, and not for
    /// alphas.
    ByEnergy,
    /// Dose per integral: in proportion to that energy, that of alphas in it, of a source within what the factor is of.
    ByAllEnergy,
    /// Dose per integral: in proportion to the dose factor of red marrow for itself, which electrons leave and alphas do
    /// not.
    AsRedMarrow,
    /// A pure number: the share of alphas in the dose that the nuclide and its daughters give where they are, 0 of a
    /// nuclide without alphas.
    AlphaShare,
}

impl Follows {
    /// All, in the order of their words in a file.
    pub const ALL: [Self; 5] =
        [Self::InPlace, Self::ByEnergy, Self::ByAllEnergy, Self::AsRedMarrow, Self::AlphaShare];

    /// Those of dose factors.
    pub const FACTORS: [Self; 4] =
        [Self::InPlace, Self::ByEnergy, Self::ByAllEnergy, Self::AsRedMarrow];

    /// The word for it in a model file.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::InPlace => "in-place",
            Self::ByEnergy => "by-energy",
            Self::ByAllEnergy => "by-all-energy",
            Self::AsRedMarrow => "as-red-marrow",
            Self::AlphaShare => "alpha-share",
        }
    }

    /// A unit of the numbers that follow so.
    #[must_use]
    pub fn unit(self) -> &'static str {
        match self {
            Self::InPlace => "Gy g/(MBq h)",
            Self::ByEnergy | Self::ByAllEnergy | Self::AsRedMarrow => "Gy/(MBq h)",
            Self::AlphaShare => "1",
        }
    }
}

/// The nuclide of which a parameter is the number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OfNuclide {
    /// As the file names it.
    pub nuclide: String,
    /// What it is with another one; where nothing is said it cannot be known and has to be set.
    pub follows: Option<Follows>,
}

/// A reference adult (ICRP Publication 89).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Adult {
    /// The male one.
    #[default]
    Male,
    /// The female one.
    Female,
}

impl Adult {
    /// Both, in the order of their words in a file.
    pub const ALL: [Self; 2] = [Self::Male, Self::Female];

    /// The word for it in a chain.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Male => "male",
            Self::Female => "female",
        }
    }
}

impl Model {
    /// Whether it, or a part of it, calls itself a sketch: what ranks models leaves it out.
    #[must_use]
    pub fn is_sketch(&self) -> bool {
        self.status == Some(Status::Sketch)
    }

    /// A model of these internal units without anything in it.
    #[must_use]
    pub fn empty(id: String, title: String, units: UnitSystem) -> Self {
        Self {
            id,
            title,
            reference: None,
            about: None,
            units,
            labels: Vec::new(),
            covariates: Vec::new(),
            parameters: Vec::new(),
            compartments: Vec::new(),
            species: Vec::new(),
            pools: Vec::new(),
            quantities: Vec::new(),
            delays: Vec::new(),
            defines: Vec::new(),
            processes: Vec::new(),
            events: Vec::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            derived: Vec::new(),
            correlations: Vec::new(),
            parameter_order: Vec::new(),
            organs: OrganTable::default(),
            chain: None,
            status: None,
        }
    }

    /// The delay whose transit state a quantity is.
    #[must_use]
    pub fn delay_of(&self, quantity: usize) -> Option<&Delay> {
        self.delays.iter().find(|d| (d.first..d.first + d.states).contains(&quantity))
    }

    /// Whether a parameter is what a nuclide deposits per decay, which `dose_rate_of` of a chain makes.
    #[must_use]
    pub fn is_dose_factor(&self, name: &str) -> bool {
        let factors = self.chain.iter().flat_map(|chain| &chain.dose_factors);
        factors.filter_map(|made| self.parameters.get(made.parameter)).any(|p| p.name == name)
    }

    /// Whether a parameter is a number of a nuclide, which the file says by `nuclide` or `daughter`.
    #[must_use]
    pub fn is_of_nuclide(&self, name: &str) -> bool {
        let of = |p: &Parameter| p.of_nuclide.is_some() || p.daughter.is_some();
        self.parameters.iter().any(|p| p.name == name && of(p))
    }
}

/// The organs that a model repeats, and the columns of true and false by which a template chooses among them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrganTable {
    /// Their names, in the order of the table.
    pub names: Vec<String>,
    /// Each column with the organs for which it is true.
    pub columns: Vec<(String, Vec<String>)>,
}

impl OrganTable {
    /// The placeholder that stands for these organs and no others: `{organ}`, `{organ:column}` or `{organ:!column}`.
    #[must_use]
    pub fn choice(&self, organs: &[&str]) -> Option<String> {
        let is = |wanted: &dyn Fn(&str) -> bool| {
            self.names.iter().all(|name| wanted(name) == organs.contains(&name.as_str()))
        };
        if is(&|_| true) {
            return Some("{organ}".to_owned());
        }
        self.columns.iter().find_map(|(column, members)| {
            let inside = |name: &str| members.iter().any(|m| m == name);
            if is(&inside) {
                Some(format!("{{organ:{column}}}"))
            } else {
                is(&|name| !inside(name)).then(|| format!("{{organ:!{column}}}"))
            }
        })
    }
}

/// What becomes of a molecule when its nuclide decays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fate {
    /// Whether the molecule stays, as its cold form.
    pub cold: bool,
    /// Unlabelled or daughter species (index into `Model::species`) that appear at the same place.
    /// A daughter species appears with the branching yield of its nuclide; an unlabelled species
    /// (a freed receptor) with yield one.
    pub products: Vec<usize>,
}

/// Species that carry the same nuclide(s).
#[derive(Debug, Clone)]
pub struct LabelGroup {
    /// `label` for a single group, else the name given.
    pub name: String,
    /// Indices into `Model::species`.
    pub on: Vec<usize>,
    /// Fate of a decayed molecule unless a species says otherwise.
    pub decayed: Fate,
}

/// A patient covariate.
#[derive(Debug, Clone)]
pub struct Covariate {
    /// Name used in formulas.
    pub name: String,
    /// Unit it is given in; dimensionless for categorical ones.
    pub unit: Unit,
    /// Typical value (internal), if one is declared.
    pub typical: Option<f64>,
    /// Permitted range (internal), inclusive.
    pub range: Option<(f64, f64)>,
    /// Level names of a categorical covariate; its numeric value is the index of the level.
    pub levels: Vec<String>,
    /// The input that drives it in its place (index into [`Model::inputs`]), after [`Model::vary`].
    pub driven: Option<usize>,
    /// Description.
    pub about: Option<String>,
}

/// How individuals differ from the typical value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Distribution {
    /// log θᵢ = log θ + η.
    LogNormal,
    /// θᵢ = θ + η.
    Normal,
    /// logit of (θᵢ − lo)/(hi − lo) = logit of typical + η, with the parameter's bounds.
    LogitNormal,
    /// θᵢ = θ·exp((e^(η·shape) − 1)/shape): log-normal with the Box–Cox transform of e^η in place of η
    /// (Petersson 2009, Pharm Res 26:2174); log-normal in the limit of shape 0. Below it, the upper tail is short and
    /// no individual is above θ·exp(−1/shape); above it, the upper tail is long.
    BoxCox {
        /// The shape, not 0.
        shape: f64,
    },
}

/// Random-effect size. `sd` is on the transformed scale; a log-normal or Box–Cox CV is stored as
/// ω = sqrt(ln(1 + CV²)), so that iiv = "30 %" is ω = 0.2936.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Variability {
    /// Standard deviation on the transformed scale.
    pub sd: f64,
    /// Transform.
    pub distribution: Distribution,
}

/// The standard deviation of the logarithm of a log-normal variable of this coefficient of variation
/// (1 = 100 %): ω = √ln(1 + CV²).
#[must_use]
pub fn log_sd_of_cv(cv: f64) -> f64 {
    (cv * cv).ln_1p().sqrt()
}

/// The coefficient of variation of a log-normal variable whose logarithm has this standard deviation:
/// CV = √(e^(ω²) − 1).
#[must_use]
pub fn cv_of_log_sd(sd: f64) -> f64 {
    (sd * sd).exp_m1().sqrt()
}

/// A parameter: a number or a formula.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// Name.
    pub name: String,
    /// Dimension.
    pub dimension: Dimension,
    /// Unit the author wrote (of the formula's result: a printable coherent unit).
    pub unit: Unit,
    /// Value.
    pub value: ParameterValue,
    /// Not to be estimated.
    pub fixed: bool,
    /// Bounds for estimation (internal).
    pub bounds: (Option<f64>, Option<f64>),
    /// Variability between individuals.
    pub iiv: Option<Variability>,
    /// Variability between occasions (cycles).
    pub iov: Option<Variability>,
    /// Standard error of the value as an estimate: log-normal where it is said relative to the value, else normal.
    pub uncertainty: Option<Variability>,
    /// Covariate effects, applied to the value.
    pub effects: Vec<Effect>,
    /// Where the number comes from; `None` means assumed.
    pub source: Option<String>,
    /// What the number rests on, where the file says so.
    pub evidence: Option<Evidence>,
    /// Of a dose factor and of a share of alphas: the nuclide of which it is the number.
    pub of_nuclide: Option<OfNuclide>,
    /// A daughter, as the file names it: the number is that of its atoms per decay of the nuclide that the model is run
    /// with, and the value in the file is what it is without one.
    pub daughter: Option<String>,
    /// Description.
    pub about: Option<String>,
}

impl Parameter {
    /// Whether another parameter stands alike: the same number, unit, spread and source. Of two parts they are then one
    /// parameter that both have.
    #[must_use]
    pub fn stands_like(&self, other: &Self) -> bool {
        let same = |a: &ParameterValue, b: &ParameterValue| match (a, b) {
            // What the nuclide has yet to give is not known to be alike.
            (ParameterValue::Number(a), ParameterValue::Number(b)) => {
                !a.is_nan() && a.to_bits() == b.to_bits()
            }
            _ => false,
        };
        same(&self.value, &other.value)
            && self.unit == other.unit
            && self.fixed == other.fixed
            && self.bounds == other.bounds
            && self.iiv == other.iiv
            && self.iov == other.iov
            && self.uncertainty == other.uncertainty
            && self.effects.is_empty()
            && other.effects.is_empty()
            && self.source == other.source
            && self.of_nuclide == other.of_nuclide
            && self.daughter == other.daughter
    }

    /// The part and the name in it, where the model is a chain.
    #[must_use]
    pub fn in_part(&self) -> Option<(&str, &str)> {
        self.name.split_once(ALIAS_SEPARATOR)
    }
}

/// The parameters of a model, each once: those of several parts that are called and stand alike together, by their
/// indices, in the order of the first. Others stand alone.
#[must_use]
pub fn listed_once(parameters: &[Parameter]) -> Vec<Vec<usize>> {
    let mut lines: Vec<Vec<usize>> = Vec::new();
    for (k, parameter) in parameters.iter().enumerate() {
        let same = |line: &&mut Vec<usize>| {
            let first = &parameters[line[0]];
            let own = |p: &Parameter| p.in_part().map(|(_, own)| own.to_owned());
            own(first).is_some() && own(first) == own(parameter) && first.stands_like(parameter)
        };
        match lines.iter_mut().find(same) {
            Some(line) => line.push(k),
            None => lines.push(vec![k]),
        }
    }
    lines
}

/// The value of a parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum ParameterValue {
    /// A number (internal).
    Number(f64),
    /// A formula of parameters and covariates; never of states or time. The text is kept to print.
    Formula {
        /// Checked expression.
        expr: Expr,
        /// As the author wrote it.
        text: String,
    },
}

/// A covariate effect θ·(cov/reference)^c (power) or θ·exp(c·(cov − reference)) (exponential) or
/// θ·(1 + c·(cov − reference)) (linear); for a level: θ·(1 + c·[cov is level]).
#[derive(Debug, Clone, PartialEq)]
pub struct Effect {
    /// Index into `Model::covariates`.
    pub covariate: usize,
    /// Functional form.
    pub form: EffectForm,
    /// Index into `Model::parameters` of the generated coefficient `<parameter>~<covariate>`.
    pub coefficient: usize,
}

/// Functional form of a covariate effect; references are internal values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum EffectForm {
    /// θ·(cov/reference)^c.
    Power {
        /// Reference covariate value.
        reference: f64,
    },
    /// θ·exp(c·(cov − reference)).
    Exponential {
        /// Reference covariate value.
        reference: f64,
    },
    /// θ·(1 + c·(cov − reference)).
    Linear {
        /// Reference covariate value.
        reference: f64,
    },
    /// θ·(1 + c) for that level.
    Level {
        /// Index of the level.
        level: usize,
    },
}

/// A well-mixed volume.
#[derive(Debug, Clone)]
pub struct Compartment {
    /// Name.
    pub name: String,
    /// Volume: a number, or an expression of anything that is not the volume itself. Amounts are the states, so that a
    /// concentration is amount / volume at every time, whatever moves the volume.
    pub volume: Expr,
    /// As the author wrote it.
    pub text: String,
    /// Where the number comes from.
    pub source: Option<String>,
}

/// A molecule (amounts).
#[derive(Debug, Clone)]
pub struct Species {
    /// Name.
    pub name: String,
    /// Label group carried, if any: index into `Model::labels`.
    pub label: Option<usize>,
    /// A species that is itself radioactive (a daughter atom): name of its nuclide.
    pub nuclide: Option<String>,
    /// Fate of a decayed molecule of this species, where it differs from the group's; for a
    /// radioactive species its own fate.
    pub decayed: Option<Fate>,
    /// The only way from a dose typed as a mass to its amount.
    pub molar_mass: Option<MolarMass>,
    /// Description.
    pub about: Option<String>,
}

/// A species at a place.
#[derive(Debug, Clone)]
pub struct Pool {
    /// Index into `Model::species`.
    pub species: usize,
    /// Index into `Model::compartments`.
    pub place: usize,
    /// Initial amount of the cold (or only) form.
    pub initial: Option<Expr>,
    /// What becomes of doses into it.
    pub dosing: Dosing,
}

/// A state that is not an amount, changed by explicit fluxes only.
#[derive(Debug, Clone)]
pub struct QuantityState {
    /// Name.
    pub name: String,
    /// Unit.
    pub unit: Unit,
    /// Initial value.
    pub initial: Expr,
    /// Description.
    pub about: Option<String>,
}

/// `delay(x, tau, n)`: n transit states in a row, each of mean stay tau/n, so that the delay has an Erlang distribution
/// of mean tau and variance tau²/n. All are empty at the start: before time zero, x was zero.
#[derive(Debug, Clone)]
pub struct Delay {
    /// `delay1`, in the order of the file; its states are `delay1~1` … `delay1~n`.
    pub name: String,
    /// x.
    pub of: Expr,
    /// tau, a time.
    pub mean: Expr,
    /// Dimension of x.
    pub dimension: Dimension,
    /// Its first state: index into `Model::quantities`. The last one is the value.
    pub first: usize,
    /// n.
    pub states: usize,
}

/// A quantity that varies in time, by definition.
#[derive(Debug, Clone)]
pub struct Define {
    /// Name.
    pub name: String,
    /// Dimension.
    pub dimension: Dimension,
    /// Meaning.
    pub expr: Expr,
    /// As the author wrote it.
    pub text: String,
}

/// A reactant or product.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Participant {
    /// Index into `Model::pools`.
    Pool(usize),
    /// Index into `Model::quantities`.
    Quantity(usize),
}

/// A one-way process; `<->` becomes two.
#[derive(Debug, Clone)]
pub struct Process {
    /// Name; the backward half of `bind` is `bind (back)`.
    pub name: String,
    /// What is consumed, with its number of molecules: whole for mass action, any above zero for an explicit flux.
    pub reactants: Vec<(Participant, f64)>,
    /// What is made, likewise; fractions too.
    pub products: Vec<(Participant, f64)>,
    /// How fast.
    pub rate: Rate,
    /// As the author wrote the rate.
    pub text: String,
}

/// The rate of a process.
#[derive(Debug, Clone, PartialEq)]
pub enum Rate {
    /// Mass action: coefficient × Π amount^multiplicity × `volume factor`.
    MassAction {
        /// The coefficient.
        coefficient: Expr,
        /// The reactants' concentrations are taken in this compartment: the flux is
        /// `coefficient · Π(amount) / V^(volume_power)`; 0 for 1/time, 1 for volume/time,
        /// 1 for volume/(amount·time) with two reactants, and so on.
        volume_power: i32,
        /// Index into `Model::compartments` of the reactants' place (unused for power 0).
        place: Option<usize>,
    },
    /// Explicit flux (`=>`), amount per time or quantity per time. For a labelled reactant it is
    /// the flux of the total; each form takes its share.
    Explicit(Expr),
}

/// An external function of time.
#[derive(Debug, Clone)]
pub struct Input {
    /// Name.
    pub name: String,
    /// Unit.
    pub unit: Unit,
    /// Value where nothing is connected (internal).
    pub default: Option<f64>,
    /// Description.
    pub about: Option<String>,
}

/// Residual error of an observable; sizes are internal (additive) and fractions (proportional).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ResidualError {
    /// sd = a.
    Additive {
        /// a.
        a: f64,
    },
    /// sd = b·f.
    Proportional {
        /// b.
        b: f64,
    },
    /// sd² = a² + b²·f².
    Combined {
        /// a.
        a: f64,
        /// b.
        b: f64,
    },
    /// log y = log f + ε, sd of ε.
    LogNormal {
        /// sd of ε.
        b: f64,
    },
}

/// An observable or output port.
#[derive(Debug, Clone)]
pub struct Output {
    /// Name.
    pub name: String,
    /// Declared unit.
    pub unit: Unit,
    /// What is observed.
    pub expr: Expr,
    /// As the author wrote it.
    pub text: String,
    /// Residual error.
    pub error: Option<ResidualError>,
    /// Observables are compared with data; ports are for connections.
    pub port: bool,
    /// Description.
    pub about: Option<String>,
}

/// A quantity that follows from parameters, covariates and volumes at the start: a volume of distribution, a half-life.
/// A fit gives it with a standard error.
#[derive(Debug, Clone)]
pub struct DerivedQuantity {
    /// Name.
    pub name: String,
    /// Declared unit.
    pub unit: Unit,
    /// What it is.
    pub expr: Expr,
    /// As the author wrote it.
    pub text: String,
    /// Description.
    pub about: Option<String>,
}

/// Correlation between the random effects of two parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Correlation {
    /// Index into `Model::parameters`.
    pub first: usize,
    /// Index into `Model::parameters`.
    pub second: usize,
    /// In (−1, 1).
    pub value: f64,
}
