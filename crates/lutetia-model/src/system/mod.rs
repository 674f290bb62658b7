//! The compiled form of a model, independent of any solver.
//!
//! [`compile`] turns a [`Model`] and a [`Binding`] into a [`System`]: names, units and sparsity,
//! and straight-line programs for the right-hand side, the values of its sparse Jacobian, the
//! outputs and the initial values. Everything that depends on parameters alone is evaluated once
//! per parameter set. Derivatives by parameters are compiled on demand for the parameters chosen
//! ([`System::sensitivity`]). All derivatives are symbolic.
//!
//! All numbers are in internal units of the model; time is in internal time.

mod binding;
mod derivative;
mod derived;
pub(crate) mod dosing;
mod error;
mod evaluate;
mod events;
mod fluxes;
mod graph;
mod info;
mod interval;
pub(crate) mod labels;
mod lanes;
mod limits;
mod linear;
mod lower;
mod merged;
mod once;
mod pattern;
mod sensitivity;
mod setting;
mod switches;
mod tape;

use std::sync::Arc;

use lutetia_units::{Dimension, Quantity, Unit, UnitSystem};

pub use binding::Binding;
pub use derived::{DerivedInfo, DerivedValue};
pub use dosing::DoseNumbers;
pub use error::{CompileError, DoseAmountError, DoseTargetError};
pub use evaluate::Evaluator;
pub use events::{ActionInfo, EventInfo, EventTarget, EventTimes, TriggerInfo};
pub use info::{
    BoundNuclide, DoseTarget, InputInfo, OutputInfo, ParameterInfo, ParameterKind, StateForm,
    StateInfo,
};
pub use lanes::{LaneEvaluator, Lanes, Pack};
pub use limits::{Limit, LimitKind, Transfer};
pub use merged::LaneTapes;
pub use pattern::SparsePattern;
pub use sensitivity::{SensitivityEvaluator, SensitivityTapes};
pub use setting::{DoseNuclideError, SettingError};
pub use switches::{InputLine, Switch};

pub(crate) use lower::{function_of_one, internal_factor, pool_name};

use self::{
    events::Events,
    graph::{Graph, Id, Node},
    labels::{Labels, list, suggestion},
    lower::Lowering,
    switches::Switches,
    tape::Program,
};
use crate::model::{DoseNumber, Model};

/// Tapes of the program of a system.
mod tapes {
    pub(super) const RHS: usize = 0;
    pub(super) const JACOBIAN: usize = 1;
    pub(super) const OUTPUTS: usize = 2;
    pub(super) const INITIAL: usize = 3;
    pub(super) const LIMITS: usize = 4;
    pub(super) const SWITCHES: usize = 5;
    pub(super) const SWITCH_SLOPES: usize = 6;
    pub(super) const SWITCH_LINES: usize = 7;
    pub(super) const EVENT_TIMES: usize = 8;
    pub(super) const EVENTS: usize = 9;
    pub(super) const DOSES: usize = 10;
}

/// A compiled model. Immutable, cheap to clone, shared between threads.
#[derive(Debug, Clone)]
pub struct System {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    id: String,
    units: UnitSystem,
    states: Vec<StateInfo>,
    parameters: Vec<ParameterInfo>,
    inputs: Vec<InputInfo>,
    outputs: Vec<OutputInfo>,
    nuclides: Vec<BoundNuclide>,
    targets: Vec<DoseTarget>,
    pattern: SparsePattern,
    program: Program,
    graph: Graph,
    rhs: Vec<Id>,
    jacobian: Vec<Id>,
    initial: Vec<Id>,
    output_roots: Vec<Id>,
    limits: Vec<Limit>,
    transfers: Vec<Transfer>,
    switches: Switches,
    events: Events,
    dosing: Vec<Id>,
    derived: Vec<DerivedInfo>,
    derived_roots: Vec<Id>,
}

/// Compiles a checked model with the nuclides chosen.
///
/// States are laid out pool by pool in the order of the model (cold form first, then one hot form
/// per nuclide of the label), then the quantities. For each hot state with decay constant λ the
/// decay λ·hot leaves it; the cold form, unlabelled products (yield 1) and daughter species (yield
/// of the decay chain) receive it as the fate says.
///
/// # Errors
///
/// A label without a nuclide, a nuclide that is unknown, stable or not in the chain of its parent,
/// a decay product without a pool at that place, or a circular initial value.
pub fn compile(model: &Model, binding: &Binding<'_>) -> Result<System, CompileError> {
    let labels = Labels::bind(model, binding)?;
    let mut lowering = Lowering::new(model, &labels)?;
    let fluxes::Flows { rhs, transfers, coefficients } =
        fluxes::right_hand_side(&mut lowering, binding)?;
    let (outputs, output_roots) = lowering.outputs()?;
    let initial = lowering.initial_values()?;
    let (limits, limit_roots) = lowering.limits(coefficients)?;
    let parameters = Lowering::parameter_infos(model);
    let inputs = Lowering::input_infos(model);
    let targets = (0..model.pools.len())
        .map(|pool| DoseTarget {
            name: pool_name(model, pool),
            hot: lowering.pools[pool].hot.clone(),
            cold: lowering.pools[pool].cold,
            index: pool,
            formulas: DoseNumber::ALL
                .map(|number| model.pools[pool].dosing.of(number).map(|f| f.text.clone())),
            molar_mass: model.species[model.pools[pool].species].molar_mass,
        })
        .collect();
    let events = Events::lower(&mut lowering)?;
    let dosing = dosing::lower(&mut lowering)?;
    once::check(&lowering, &initial, &dosing, &events)?;
    let (derived, derived_roots) = derived::lower(&mut lowering)?;
    let Lowering { mut graph, states, .. } = lowering;
    let conditions: Vec<Id> = events.conditions().collect();
    let switches =
        Switches::collect(&mut graph, &rhs, &conditions, &output_roots, states.len(), inputs.len());
    let (pattern, jacobian) = jacobian(&mut graph, &rhs, states.len());
    let program = Program::new(
        &graph,
        parameters.len(),
        states.len(),
        inputs.len(),
        &[
            &rhs,
            &jacobian,
            &output_roots,
            &initial,
            &limit_roots,
            &switches.arguments,
            &switches.slopes,
            &switches.lines,
            &events.times,
            &events.values,
            &dosing,
        ],
    );
    Ok(System {
        inner: Arc::new(Inner {
            id: model.id.clone(),
            units: model.units.clone(),
            states,
            parameters,
            inputs,
            outputs,
            nuclides: labels.nuclides.clone(),
            targets,
            pattern,
            program,
            graph,
            rhs,
            jacobian,
            initial,
            output_roots,
            limits,
            transfers,
            switches,
            events,
            dosing,
            derived,
            derived_roots,
        }),
    })
}

/// Pattern (with the diagonal) and values of ∂rhs/∂x in column order.
fn jacobian(graph: &mut Graph, rhs: &[Id], states: usize) -> (SparsePattern, Vec<Id>) {
    let mut rows = derivative::gradients(graph, rhs, |node| match node {
        Node::State(s) => Some(s),
        _ => None,
    });
    let zero = graph.constant(0.0);
    for (i, row) in rows.iter_mut().enumerate() {
        let diagonal = i as u32;
        if let Err(place) = row.binary_search_by_key(&diagonal, |entry| entry.0) {
            row.insert(place, (diagonal, zero));
        }
    }
    sparse(&rows, states)
}

/// Rows of (column, value) as a compressed-column pattern and its values.
fn sparse(rows: &[Vec<(u32, Id)>], columns: usize) -> (SparsePattern, Vec<Id>) {
    let columns_of: Vec<Vec<u32>> =
        rows.iter().map(|row| row.iter().map(|entry| entry.0).collect()).collect();
    let (pattern, origin) = SparsePattern::from_rows(&columns_of, columns);
    let values = origin.into_iter().map(|(i, k)| rows[i][k].1).collect();
    (pattern, values)
}

impl System {
    /// Id of the model.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.inner.id
    }

    /// The states, in the order of every state vector.
    #[must_use]
    pub fn states(&self) -> &[StateInfo] {
        &self.inner.states
    }

    /// The parameter vector: plain numbers in file order (coefficients of covariate effects
    /// included), then covariates.
    #[must_use]
    pub fn parameters(&self) -> &[ParameterInfo] {
        &self.inner.parameters
    }

    /// External functions of time that nothing inside the model provides.
    #[must_use]
    pub fn inputs(&self) -> &[InputInfo] {
        &self.inner.inputs
    }

    /// Observables and output ports.
    #[must_use]
    pub fn outputs(&self) -> &[OutputInfo] {
        &self.inner.outputs
    }

    /// Internal units.
    #[must_use]
    pub fn units(&self) -> &UnitSystem {
        &self.inner.units
    }

    /// Nuclides bound to labels or carried by daughter species.
    #[must_use]
    pub fn nuclides(&self) -> &[BoundNuclide] {
        &self.inner.nuclides
    }

    /// Default of every parameter (NaN for a covariate without a typical value).
    #[must_use]
    pub fn default_parameters(&self) -> Vec<f64> {
        self.inner.parameters.iter().map(|p| p.default).collect()
    }

    /// Index of a state by name.
    #[must_use]
    pub fn state_index(&self, name: &str) -> Option<usize> {
        self.inner.states.iter().position(|s| s.name == name)
    }

    /// Index of a parameter or covariate by name; `part.name` is `part:name` of connected models.
    #[must_use]
    pub fn parameter_index(&self, name: &str) -> Option<usize> {
        by_name(self.inner.parameters.iter().map(|p| p.name.as_str()), name)
    }

    /// Index of an output by name; `part.name` is `part:name` of connected models.
    #[must_use]
    pub fn output_index(&self, name: &str) -> Option<usize> {
        by_name(self.inner.outputs.iter().map(|o| o.name.as_str()), name)
    }

    /// Index of an input by name; `part.name` is `part:name` of connected models.
    #[must_use]
    pub fn input_index(&self, name: &str) -> Option<usize> {
        by_name(self.inner.inputs.iter().map(|i| i.name.as_str()), name)
    }

    /// Every pool a dose can go into.
    #[must_use]
    pub fn dose_targets(&self) -> &[DoseTarget] {
        &self.inner.targets
    }

    /// The states a dose into a pool goes to; `part.pool` is `part:pool` of connected models.
    ///
    /// # Errors
    ///
    /// When the name is not a pool (with the nearest name), is one form of a pool, or is a
    /// quantity that is not an amount.
    pub fn dose_target(&self, name: &str) -> Result<DoseTarget, DoseTargetError> {
        let inner = &self.inner;
        let found = by_name(inner.targets.iter().map(|t| t.name.as_str()), name);
        if let Some(target) = found.and_then(|index| inner.targets.get(index)) {
            return Ok(target.clone());
        }
        let names = || inner.targets.iter().map(|t| t.name.as_str());
        if let Some(state) = inner.states.iter().find(|s| s.name == name) {
            return Err(if state.species.is_none() {
                DoseTargetError::NotAnAmount {
                    name: name.to_owned(),
                    unit: state.unit.to_string(),
                    known: list(names()),
                }
            } else {
                let index = inner.states.iter().position(|s| s.name == name);
                let pool = inner
                    .targets
                    .iter()
                    .find(|t| t.cold == index || t.hot.iter().any(|h| Some(h.1) == index))
                    .map_or_else(String::new, |t| t.name.clone());
                DoseTargetError::Form { name: name.to_owned(), pool }
            });
        }
        Err(DoseTargetError::Unknown {
            name: name.to_owned(),
            hint: suggestion(name, names()),
            known: list(names()),
        })
    }

    /// The internal amount of a dose into a pool that was typed as an amount or, where the species has a molar mass,
    /// as a mass.
    ///
    /// # Errors
    ///
    /// A pool that is none, a quantity of another dimension, a mass without a molar mass.
    pub fn dose_amount(&self, into: &str, dose: &Quantity) -> Result<f64, DoseAmountError> {
        let text = || dose.to_string();
        if dose.dimension() == Dimension::AMOUNT {
            return Ok(self.inner.units.to_internal(dose));
        }
        if dose.dimension() != Dimension::MASS {
            let found = dose.dimension().to_string();
            return Err(DoseAmountError::Dimension { dose: text(), found });
        }
        let molar = self
            .dose_target(into)?
            .molar_mass
            .ok_or_else(|| DoseAmountError::NoMolarMass { dose: text(), into: into.to_owned() })?;
        // Both units are of the dimensions just compared.
        let grams = Unit::parse("g").and_then(|g| dose.to(&g)).unwrap_or(f64::NAN);
        let mol = Unit::parse("mol").map(|mol| Quantity::new(molar.amount_mol(grams), mol));
        Ok(mol.map_or(f64::NAN, |amount| self.inner.units.to_internal(&amount)))
    }

    /// What the numbers of a run must not be: first the volume of every compartment, then the
    /// coefficients of mass-action processes, the means of delays, and initial amounts.
    #[must_use]
    pub fn limits(&self) -> &[Limit] {
        &self.inner.limits
    }

    /// The ways molecules take, processes and decay together.
    #[must_use]
    pub fn transfers(&self) -> &[Transfer] {
        &self.inner.transfers
    }

    /// What happens at moments, in the order of the file.
    #[must_use]
    pub fn events(&self) -> &[EventInfo] {
        &self.inner.events.list
    }

    /// How many numbers [`Evaluator::events`] writes.
    #[must_use]
    pub fn event_values(&self) -> usize {
        self.inner.events.values.len()
    }

    /// Structural pattern of ∂rhs/∂x; the diagonal is always present.
    #[must_use]
    pub fn jacobian_pattern(&self) -> &SparsePattern {
        &self.inner.pattern
    }

    /// Operations of one evaluation of the right-hand side and of the Jacobian, for statistics.
    #[must_use]
    pub fn operations(&self) -> (usize, usize) {
        let program = &self.inner.program;
        (program.operations(tapes::RHS), program.operations(tapes::JACOBIAN))
    }

    /// A new evaluator with its own scratch; one per thread. Parameters start at their defaults.
    #[must_use]
    pub fn evaluator(&self) -> Evaluator {
        let mut evaluator = Evaluator::new(self.clone());
        evaluator.set_parameters(&self.default_parameters());
        evaluator
    }

    /// Compiles the equations for evaluators of several patients at once: place k of their states is state `order[k]`.
    ///
    /// # Panics
    ///
    /// If `order` does not name each state once.
    #[must_use]
    pub fn lane_tapes(&self, order: &[usize]) -> LaneTapes {
        LaneTapes::new(&self.inner, order)
    }

    /// Whether the right-hand side depends on time by itself, without what its inputs do.
    #[must_use]
    pub fn rhs_depends_on_time(&self) -> bool {
        let needed = self.inner.graph.reachable(self.inner.rhs.iter().copied());
        let is_time = |id: usize| matches!(self.inner.graph.node(id as Id), graph::Node::Time);
        (0..needed.len()).any(|id| needed[id] && is_time(id))
    }

    /// Compiles the derivatives by the parameters `wrt` (indices into [`System::parameters`];
    /// others and repetitions are left out, as [`SensitivityTapes::wrt`] tells).
    #[must_use]
    pub fn sensitivity(&self, wrt: &[usize]) -> SensitivityTapes {
        SensitivityTapes::new(self, wrt)
    }
}

/// The place of a name. Inside connected models a name begins with the alias of its part and a colon; people write a
/// point there, as in the connections.
fn by_name<'a>(mut names: impl Iterator<Item = &'a str> + Clone, name: &str) -> Option<usize> {
    let same = names.clone().position(|known| known == name);
    same.or_else(|| {
        let (alias, own) = name.split_once('.')?;
        names.position(|known| known.split_once(crate::ALIAS_SEPARATOR) == Some((alias, own)))
    })
}
