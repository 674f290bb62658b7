//! How a chain was put together.

use serde::Serialize;

use super::{Adult, Evidence};

/// How a chain was put together: what its file and those it extends say, line by line.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Chain {
    /// Its parts in the order in which their states follow each other.
    pub parts: Vec<ChainPart>,
    /// What drives an input.
    pub wires: Vec<ChainWire>,
    /// The file of the ports by which parts connect, where they are asked to.
    pub ports: Option<String>,
    /// What is set to another value than that of the part.
    pub set: Vec<ChainSetting>,
    /// What outputs are to a trial.
    pub roles: Vec<ChainRole>,
    /// What a trial grades.
    pub toxicities: Vec<ChainToxicity>,
    /// Dose factors that follow the nuclide, made by `dose_rate_of`.
    pub dose_factors: Vec<DoseFactor>,
}

impl Chain {
    /// The output that plays a role (`death`, `new_lesion`, `volume`, `marker`), as `part.output`.
    #[must_use]
    pub fn role(&self, role: &str) -> Option<&str> {
        self.roles.iter().find(|r| r.role == role).map(|r| r.output.as_str())
    }
}

/// A role that a chain gives an output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChainRole {
    /// `death`, `new_lesion`, `volume` or `marker`.
    pub role: String,
    /// `survival.cumulative_hazard`.
    pub output: String,
    /// The file of the chain that says so.
    pub file: String,
}

/// A toxicity that a chain declares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChainToxicity {
    /// Name in tables.
    pub name: String,
    /// `platelets.platelets`.
    pub output: String,
    /// The count it is by CTCAE v5.0.
    pub ctcae: Option<String>,
    /// Or the values below which the grades 1, 2, 3, 4 begin, as typed.
    pub limits: Option<Vec<String>>,
    /// The file of the chain that says so.
    pub file: String,
}

/// A parameter that is what a nuclide deposits per decay, times mass.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DoseFactor {
    /// Index into `Model::parameters`.
    pub parameter: usize,
    /// The organ whose own dose factor it is; all alphas and electrons are absorbed in place where there is none.
    pub region: Option<String>,
    /// The mass in g of that organ, where it is fixed.
    pub mass_g: Option<f64>,
    /// The reference adult whose organ it is.
    pub adult: Adult,
}

/// A part of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChainPart {
    /// Alias: the names of the part are written `alias.name`.
    pub alias: String,
    /// The model, as the chain names it.
    pub model: String,
    /// The file of the chain that says so.
    pub file: String,
}

/// A connection of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChainWire {
    /// `tumour.dose_rate`.
    pub to: String,
    /// What the input is, as a formula of outputs: `pk.A_tumour`, `0.5 × pk.C_blood`.
    pub from: String,
    /// Where the numbers come from.
    pub source: Option<String>,
    /// The port by which it connects where no line says so.
    pub port: Option<String>,
    /// The file of the chain that says so.
    pub file: String,
}

/// A value that a chain sets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChainSetting {
    /// `pk.K_D`.
    pub name: String,
    /// As typed.
    pub value: String,
    /// Where the number comes from.
    pub source: Option<String>,
    /// What the number rests on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// The file of the chain that says so.
    pub file: String,
}
