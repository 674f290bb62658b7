//! Why a checked model does not become a system.

use lutetia_units::NuclideError;
use thiserror::Error;

/// A model that cannot be compiled with the binding given.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum CompileError {
    /// A label group without a nuclide.
    #[error(
        "label `{group}` of model `{model}` (on {species}) has no nuclide; choose one, such as \
         `Lu-177`"
    )]
    Unbound {
        /// Model id.
        model: String,
        /// Label group.
        group: String,
        /// Species that carry it.
        species: String,
    },
    /// A nuclide named twice for one group.
    #[error("nuclide `{nuclide}` is named twice for label `{group}`; name it once")]
    BoundTwice {
        /// Label group.
        group: String,
        /// The nuclide.
        nuclide: String,
    },
    /// A binding that names no group of the model.
    #[error("model `{model}` has no label `{group}`{hint}; it has {known}")]
    UnknownGroup {
        /// Model id.
        model: String,
        /// What was asked for.
        group: String,
        /// What there is.
        known: String,
        /// Did-you-mean, or empty.
        hint: String,
    },
    /// A nuclide that is not in the table.
    #[error("nuclide `{nuclide}` for {what} is not in the nuclide table: {source}")]
    UnknownNuclide {
        /// As typed.
        nuclide: String,
        /// What it was to be bound to.
        what: String,
        /// What the table says, with the nearest name.
        source: NuclideError,
    },
    /// A nuclide that does not decay.
    #[error(
        "nuclide `{nuclide}` for {what} is stable: a label must decay; choose a radioactive nuclide"
    )]
    Stable {
        /// The nuclide.
        nuclide: String,
        /// What it was to be bound to.
        what: String,
    },
    /// A daughter species whose nuclide the parent never becomes.
    #[error(
        "`{parent}` ({nuclide}) cannot decay to `{daughter}` ({daughter_nuclide}): the chain of \
         {nuclide} is {chain}"
    )]
    NotInChain {
        /// Species that decays.
        parent: String,
        /// Its nuclide.
        nuclide: String,
        /// Species that should appear.
        daughter: String,
        /// Its nuclide.
        daughter_nuclide: String,
        /// Members of the chain.
        chain: String,
    },
    /// The product of a decay has no pool where the parent decays.
    #[error(
        "`{parent}.{place}` decays to `{product}`, which is not in `{place}`; add `{place}` to \
         the places of `{product}`"
    )]
    ProductNotThere {
        /// Species that decays.
        parent: String,
        /// Where.
        place: String,
        /// Species that should appear there.
        product: String,
    },
    /// The compiled form meets a definition that needs itself.
    #[error("`{name}` needs its own value: {cycle}")]
    Cycle {
        /// What needs itself.
        name: String,
        /// The cycle as text.
        cycle: String,
    },
    /// What varies over time is needed where a number is taken once for the whole run.
    #[error(
        "{} cannot vary during a run: {} {} on it, and {} taken once; give the model a parameter of its own for what \
         varies",
        names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
        once.join(", "),
        if once.len() == 1 { "depends" } else { "depend" },
        if once.len() == 1 { "is" } else { "are" }
    )]
    CannotVary {
        /// What should vary.
        names: Vec<String>,
        /// What is taken once: initial values, numbers of doses, times of events.
        once: Vec<String>,
    },
    /// An initial value that needs an input without default.
    #[error(
        "the initial value of `{state}` needs input `{input}`, which has no default; give the \
         input a default"
    )]
    InitialNeedsInput {
        /// State.
        state: String,
        /// Input.
        input: String,
    },
}

/// A dose into something that takes no dose.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DoseTargetError {
    /// No such pool.
    #[error("`{name}` is not a pool of the model{hint}; pools are {known}")]
    Unknown {
        /// As typed.
        name: String,
        /// Did-you-mean, or empty.
        hint: String,
        /// What there is.
        known: String,
    },
    /// A single form was named.
    #[error(
        "`{name}` is one form of `{pool}`; give the dose into `{pool}`: activity and amount \
         decide what is hot and what is cold"
    )]
    Form {
        /// As typed.
        name: String,
        /// The pool.
        pool: String,
    },
    /// A quantity that is not an amount.
    #[error("`{name}` ({unit}) is not an amount and takes no dose; pools are {known}")]
    NotAnAmount {
        /// As typed.
        name: String,
        /// Its unit.
        unit: String,
        /// What there is.
        known: String,
    },
}

/// A dose whose amount cannot be found.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DoseAmountError {
    /// The pool is none.
    #[error(transparent)]
    Target(#[from] DoseTargetError),
    /// Neither an amount nor a mass.
    #[error(
        "the dose `{dose}` is {found}; expected an amount such as `100 nmol`, or a mass such as `200 mg`"
    )]
    Dimension {
        /// As typed.
        dose: String,
        /// Its dimension.
        found: String,
    },
    /// A mass into a species without a molar mass.
    #[error(
        "the dose `{dose}` is a mass, and what goes into `{into}` has no molar mass; give an amount such as \
         `100 nmol`, or write `molar_mass = \"434.5 g/mol\"` at the species in the model file"
    )]
    NoMolarMass {
        /// As typed.
        dose: String,
        /// The pool.
        into: String,
    },
}
