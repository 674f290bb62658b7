//! Derivatives by chosen parameters, compiled on demand.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    System,
    derivative::gradients,
    dosing::NUMBERS,
    graph::{Id, Node},
    pattern::SparsePattern,
    sparse,
    tape::Program,
};

const RHS_DP: usize = 0;
const OUTPUT_DX: usize = 1;
const OUTPUT_DP: usize = 2;
const INITIAL_DP: usize = 3;
const SWITCH_DP: usize = 4;
const EVENT_TIMES_DP: usize = 5;
const ACTION_DX: usize = 6;
const ACTION_DP: usize = 7;
const DOSES_DP: usize = 8;

/// Programs for ∂rhs/∂p, ∂initial/∂p, ∂output/∂x and ∂output/∂p. Immutable and shared.
///
/// The derivatives go through formulas, covariate effects, volumes and initial values.
#[derive(Debug, Clone)]
pub struct SensitivityTapes {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    wrt: Vec<usize>,
    states: usize,
    defaults: Vec<f64>,
    program: Program,
    rhs_dp: SparsePattern,
    output_dx: SparsePattern,
    output_dp: SparsePattern,
    initial_dp: SparsePattern,
    switch_dp: SparsePattern,
    event_times_dp: SparsePattern,
    action_dx: SparsePattern,
    action_dp: SparsePattern,
    doses_dp: SparsePattern,
}

impl SensitivityTapes {
    pub(super) fn new(system: &System, wrt: &[usize]) -> Self {
        let inner = &system.inner;
        let mut graph = inner.graph.clone();
        let mut column = vec![None; inner.parameters.len()];
        let mut kept = Vec::with_capacity(wrt.len());
        for &p in wrt {
            if let Some(place @ None) = column.get_mut(p) {
                *place = Some(kept.len() as u32);
                kept.push(p);
            }
        }
        let wrt = kept;
        let by_parameter = |node: Node| match node {
            Node::Parameter(p) => column[p as usize],
            _ => None,
        };
        let by_state = |node: Node| match node {
            Node::State(s) => Some(s),
            _ => None,
        };
        let states = inner.states.len();
        let rhs = gradients(&mut graph, &inner.rhs, by_parameter);
        let output_dx = gradients(&mut graph, &inner.output_roots, by_state);
        let output_dp = gradients(&mut graph, &inner.output_roots, by_parameter);
        let initial = gradients(&mut graph, &inner.initial, by_parameter);
        let switches = gradients(&mut graph, &inner.switches.arguments, by_parameter);
        let (n_states, n_inputs) = (states as u32, inner.inputs.len() as u32);
        let by_anything = |node: Node| match node {
            Node::State(s) => Some(s),
            Node::Input(i) => Some(n_states + i),
            Node::Time => Some(n_states + n_inputs),
            _ => None,
        };
        let event_times = gradients(&mut graph, &inner.events.times, by_parameter);
        let action_dx = gradients(&mut graph, inner.events.actions(), by_anything);
        let action_dp = gradients(&mut graph, inner.events.actions(), by_parameter);
        let dosing = gradients(&mut graph, &inner.dosing, by_parameter);
        let (doses_dp, dose_values) = sparse(&dosing, wrt.len());
        let (event_times_dp, time_values) = sparse(&event_times, wrt.len());
        let (action_dx, action_dx_values) = sparse(&action_dx, states + inner.inputs.len() + 1);
        let (action_dp, action_dp_values) = sparse(&action_dp, wrt.len());
        let (rhs_dp, rhs_values): (_, Vec<Id>) = sparse(&rhs, wrt.len());
        let (output_dx, dx_values) = sparse(&output_dx, states);
        let (output_dp, dp_values) = sparse(&output_dp, wrt.len());
        let (initial_dp, initial_values) = sparse(&initial, wrt.len());
        let (switch_dp, switch_values) = sparse(&switches, wrt.len());
        let program = Program::new(
            &graph,
            inner.parameters.len(),
            states,
            inner.inputs.len(),
            &[
                &rhs_values,
                &dx_values,
                &dp_values,
                &initial_values,
                &switch_values,
                &time_values,
                &action_dx_values,
                &action_dp_values,
                &dose_values,
            ],
        );
        let defaults = system.default_parameters();
        Self {
            inner: Arc::new(Inner {
                wrt,
                states,
                defaults,
                program,
                rhs_dp,
                output_dx,
                output_dp,
                initial_dp,
                switch_dp,
                event_times_dp,
                action_dx,
                action_dp,
                doses_dp,
            }),
        }
    }

    /// The parameters differentiated by: column k of every derivative is parameter `wrt()[k]`.
    #[must_use]
    pub fn wrt(&self) -> &[usize] {
        &self.inner.wrt
    }

    /// Pattern of ∂rhs/∂p, states × wrt.
    #[must_use]
    pub fn rhs_dp_pattern(&self) -> &SparsePattern {
        &self.inner.rhs_dp
    }

    /// Pattern of ∂output/∂x, outputs × states.
    #[must_use]
    pub fn output_dx_pattern(&self) -> &SparsePattern {
        &self.inner.output_dx
    }

    /// Pattern of ∂output/∂p at a fixed state, outputs × wrt.
    #[must_use]
    pub fn output_dp_pattern(&self) -> &SparsePattern {
        &self.inner.output_dp
    }

    /// Pattern of ∂argument/∂p of the [`System::switches`], switches × wrt.
    #[must_use]
    pub fn switch_dp_pattern(&self) -> &SparsePattern {
        &self.inner.switch_dp
    }

    /// Pattern of ∂value/∂x of the actions of all events: by states, then inputs, then time.
    #[must_use]
    pub fn action_dx_pattern(&self) -> &SparsePattern {
        &self.inner.action_dx
    }

    /// Pattern of ∂value/∂p of the actions of all events, actions × wrt.
    #[must_use]
    pub fn action_dp_pattern(&self) -> &SparsePattern {
        &self.inner.action_dp
    }

    /// A new evaluator with its own scratch; one per thread. Parameters start at their defaults.
    #[must_use]
    pub fn evaluator(&self) -> SensitivityEvaluator {
        let mut evaluator = SensitivityEvaluator {
            tapes: self.clone(),
            registers: self.inner.program.registers(),
            initial: vec![0.0; self.inner.initial_dp.entries()],
        };
        evaluator.set_parameters(&self.inner.defaults);
        evaluator
    }
}

/// Evaluates [`SensitivityTapes`]; no call allocates.
#[derive(Debug, Clone)]
pub struct SensitivityEvaluator {
    tapes: SensitivityTapes,
    registers: Vec<f64>,
    initial: Vec<f64>,
}

impl SensitivityEvaluator {
    /// The tapes evaluated.
    #[must_use]
    pub fn tapes(&self) -> &SensitivityTapes {
        &self.tapes
    }

    /// Sets all parameters and covariates (internal units, order of [`System::parameters`]).
    ///
    /// # Panics
    ///
    /// If the length is not the number of parameters.
    pub fn set_parameters(&mut self, parameters: &[f64]) {
        self.tapes.inner.program.set_parameters(&mut self.registers, parameters);
    }

    /// ∂initial/∂p, dense, column major: states × wrt.
    pub fn initial(&mut self, values: &mut [f64]) {
        let inner = &self.tapes.inner;
        inner.program.read_static(INITIAL_DP, &self.registers, &mut self.initial);
        values.fill(0.0);
        for ((row, column), value) in inner.initial_dp.iter().zip(&self.initial) {
            if let Some(entry) = values.get_mut(column * inner.states + row) {
                *entry = *value;
            }
        }
    }

    /// ∂rhs/∂p in the order of [`SensitivityTapes::rhs_dp_pattern`].
    ///
    /// # Panics
    ///
    /// If `x` or `u` have the wrong length.
    pub fn rhs_dp(&mut self, t: f64, x: &[f64], u: &[f64], values: &mut [f64]) {
        self.tapes.inner.program.run(RHS_DP, &mut self.registers, t, x, u, values);
    }

    /// ∂output/∂x in the order of [`SensitivityTapes::output_dx_pattern`].
    ///
    /// # Panics
    ///
    /// If `x` or `u` have the wrong length.
    pub fn output_dx(&mut self, t: f64, x: &[f64], u: &[f64], values: &mut [f64]) {
        self.tapes.inner.program.run(OUTPUT_DX, &mut self.registers, t, x, u, values);
    }

    /// ∂output/∂p at a fixed state, in the order of [`SensitivityTapes::output_dp_pattern`].
    ///
    /// # Panics
    ///
    /// If `x` or `u` have the wrong length.
    pub fn output_dp(&mut self, t: f64, x: &[f64], u: &[f64], values: &mut [f64]) {
        self.tapes.inner.program.run(OUTPUT_DP, &mut self.registers, t, x, u, values);
    }

    /// ∂argument/∂p of the switches, in the order of [`SensitivityTapes::switch_dp_pattern`].
    ///
    /// # Panics
    ///
    /// If `x` or `u` have the wrong length.
    pub fn switch_dp(&mut self, t: f64, x: &[f64], u: &[f64], values: &mut [f64]) {
        self.tapes.inner.program.run(SWITCH_DP, &mut self.registers, t, x, u, values);
    }

    /// ∂/∂p of `at`, `every` and `delay` of each event: (3 · event + which, column, value). Entries of what an event
    /// does not have are not numbers.
    #[must_use]
    pub fn event_times_dp(&self) -> Vec<(usize, usize, f64)> {
        let inner = &self.tapes.inner;
        let mut values = vec![0.0; inner.event_times_dp.entries()];
        inner.program.read_static(EVENT_TIMES_DP, &self.registers, &mut values);
        inner.event_times_dp.iter().zip(values).map(|((r, c), v)| (r, c, v)).collect()
    }

    /// ∂/∂p of lag, bioavailability, duration and rate of the doses into each target: (target, column, derivatives),
    /// with zero for what does not depend on the parameter.
    #[must_use]
    pub fn doses_dp(&self) -> Vec<(usize, usize, [f64; NUMBERS])> {
        let inner = &self.tapes.inner;
        let mut values = vec![0.0; inner.doses_dp.entries()];
        inner.program.read_static(DOSES_DP, &self.registers, &mut values);
        let mut all: BTreeMap<(usize, usize), [f64; NUMBERS]> = BTreeMap::new();
        for ((row, column), value) in inner.doses_dp.iter().zip(values) {
            all.entry((row / NUMBERS, column)).or_default()[row % NUMBERS] = value;
        }
        all.into_iter().map(|((target, column), by)| (target, column, by)).collect()
    }

    /// ∂value/∂x of the actions, in the order of [`SensitivityTapes::action_dx_pattern`].
    ///
    /// # Panics
    ///
    /// If `x` or `u` have the wrong length.
    pub fn action_dx(&mut self, t: f64, x: &[f64], u: &[f64], values: &mut [f64]) {
        self.tapes.inner.program.run(ACTION_DX, &mut self.registers, t, x, u, values);
    }

    /// ∂value/∂p of the actions, in the order of [`SensitivityTapes::action_dp_pattern`].
    ///
    /// # Panics
    ///
    /// If `x` or `u` have the wrong length.
    pub fn action_dp(&mut self, t: f64, x: &[f64], u: &[f64], values: &mut [f64]) {
        self.tapes.inner.program.run(ACTION_DP, &mut self.registers, t, x, u, values);
    }
}
