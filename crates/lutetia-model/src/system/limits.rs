//! What the numbers of a run must not be, whatever the model.

use lutetia_units::Dimension;

/// What a limit is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitKind {
    /// Volume of a compartment: above zero, or exactly zero for one that is not there.
    Volume,
    /// Coefficient of a mass-action process: not negative.
    Coefficient,
    /// Initial amount of a pool: not negative.
    Initial,
    /// Mean of a delay: above zero.
    Delay,
}

/// A number of a run that nature bounds.
#[derive(Debug, Clone)]
pub struct Limit {
    /// What it is.
    pub kind: LimitKind,
    /// Compartment, process or pool.
    pub name: String,
    /// As the author wrote it.
    pub text: String,
    /// Its dimension.
    pub dimension: Dimension,
    /// Whether it is fixed once the parameters are.
    pub fixed: bool,
    /// Compartments (as limits: the volumes come first) its process takes from.
    pub from: Vec<usize>,
    /// Compartments its process brings to.
    pub into: Vec<usize>,
}

/// A way molecules take: of each participant, any of its states, into another state.
#[derive(Debug, Clone)]
pub struct Transfer {
    /// The states of each participant that is used up.
    pub from: Vec<Vec<usize>>,
    /// The state that gains.
    pub to: usize,
    /// Most of what was used up that can be there at once: 1, or less for a daughter that decays
    /// faster than its parent.
    pub share: f64,
}
