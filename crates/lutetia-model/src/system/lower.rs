//! From the checked model to the graph: states, expressions, initial values, outputs.
//!
//! Processes and decay are added in `fluxes`.

use std::collections::BTreeSet;

use lutetia_units::{Dimension, UnitSystem};

use super::{
    error::CompileError,
    graph::{Binary, Graph, Id, Unary, apply_unary},
    info::{InputInfo, OutputInfo, ParameterInfo, ParameterKind, StateForm, StateInfo},
    labels::Labels,
    limits::{Limit, LimitKind},
};
use crate::{
    expr::{Expr, Form, Function, Symbol},
    model::{EffectForm, Model, ParameterValue},
};

/// Definitions and volumes are lowered in order, so deeper nesting means a loop through volumes.
const DEEPEST: usize = 256;

/// The states of one pool.
#[derive(Debug, Clone, Default)]
pub(crate) struct PoolStates {
    /// Cold or only form.
    pub(crate) cold: Option<usize>,
    /// (nuclide, state).
    pub(crate) hot: Vec<(usize, usize)>,
}

#[derive(Clone, Copy)]
enum Slot {
    Unknown,
    Busy,
    Known(Id),
}

/// What names mean: at a running state, at time zero, or with the activity of one nuclide only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Context {
    Running,
    Initial,
    Nuclide(usize),
}

struct Memo {
    defines: Vec<Slot>,
    volumes: Vec<Slot>,
}

/// The model on its way into the graph.
pub(crate) struct Lowering<'a> {
    pub(crate) model: &'a Model,
    pub(crate) labels: &'a Labels,
    pub(crate) graph: Graph,
    pub(crate) states: Vec<StateInfo>,
    pub(crate) pools: Vec<PoolStates>,
    quantities: Vec<usize>,
    parameters: Vec<Option<Id>>,
    covariates: Vec<Id>,
    memo: Vec<Memo>,
    initial_quantities: Vec<Slot>,
    initial_pools: Vec<Slot>,
    depth: usize,
}

impl<'a> Lowering<'a> {
    pub(crate) fn new(model: &'a Model, labels: &'a Labels) -> Result<Self, CompileError> {
        let contexts = 2 + labels.nuclides.len();
        let memo = (0..contexts)
            .map(|_| Memo {
                defines: vec![Slot::Unknown; model.defines.len()],
                volumes: vec![Slot::Unknown; model.compartments.len()],
            })
            .collect();
        let mut lowering = Self {
            model,
            labels,
            graph: Graph::default(),
            states: Vec::new(),
            pools: Vec::new(),
            quantities: Vec::new(),
            parameters: vec![None; model.parameters.len()],
            covariates: Vec::new(),
            memo,
            initial_quantities: vec![Slot::Unknown; model.quantities.len()],
            initial_pools: vec![Slot::Unknown; model.pools.len()],
            depth: 0,
        };
        lowering.lay_out_states();
        lowering.lower_parameters()?;
        for define in 0..model.defines.len() {
            lowering.define(define, Context::Running)?;
        }
        Ok(lowering)
    }

    fn lay_out_states(&mut self) {
        let unit = self.model.units.unit_of(Dimension::AMOUNT);
        let factor = self.model.units.factor(Dimension::AMOUNT) / unit.scale();
        for (index, pool) in self.model.pools.iter().enumerate() {
            let species = &self.model.species[pool.species];
            let place = &self.model.compartments[pool.place];
            let base = pool_name(self.model, index);
            let mut add = |name: String, form: StateForm| {
                self.states.push(StateInfo {
                    name,
                    dimension: Dimension::AMOUNT,
                    unit: unit.clone(),
                    factor,
                    species: Some(species.name.clone()),
                    place: Some(place.name.clone()),
                    form,
                });
                self.states.len() - 1
            };
            let carried = &self.labels.carried[pool.species];
            let mut states = PoolStates::default();
            if species.nuclide.is_some() {
                for &n in carried {
                    states.hot.push((n, add(base.clone(), StateForm::Hot(n))));
                }
            } else if species.label.is_some() {
                states.cold = Some(add(format!("{base}.cold"), StateForm::Cold));
                for &n in carried {
                    let name = if carried.len() == 1 {
                        format!("{base}.hot")
                    } else {
                        format!("{base}.hot({})", self.labels.nuclides[n].name)
                    };
                    states.hot.push((n, add(name, StateForm::Hot(n))));
                }
            } else {
                states.cold = Some(add(base, StateForm::Only));
            }
            self.pools.push(states);
        }
        for quantity in &self.model.quantities {
            self.quantities.push(self.states.len());
            self.states.push(StateInfo {
                name: quantity.name.clone(),
                dimension: quantity.unit.dimension(),
                unit: quantity.unit.clone(),
                factor: 1.0 / internal_factor(&self.model.units, &quantity.unit),
                species: None,
                place: None,
                form: StateForm::Only,
            });
        }
    }

    fn lower_parameters(&mut self) -> Result<(), CompileError> {
        let mut slot = 0;
        let mut plain = Vec::with_capacity(self.model.parameters.len());
        for parameter in &self.model.parameters {
            plain.push(match parameter.value {
                ParameterValue::Number(_) => {
                    let id = self.graph.parameter(slot);
                    slot += 1;
                    Some(id)
                }
                ParameterValue::Formula { .. } => None,
            });
        }
        for covariate in &self.model.covariates {
            let id = match covariate.driven {
                Some(input) => self.graph.input(input),
                None => {
                    slot += 1;
                    self.graph.parameter(slot - 1)
                }
            };
            self.covariates.push(id);
        }
        // Coefficients of effects have no effects of their own, so numbers come first.
        for (index, parameter) in self.model.parameters.iter().enumerate() {
            if let Some(value) = plain[index]
                && parameter.effects.is_empty()
            {
                self.parameters[index] = Some(value);
            }
        }
        for index in 0..self.model.parameters.len() {
            if let (Some(value), None) = (plain[index], self.parameters[index]) {
                self.parameters[index] = Some(self.with_effects(index, value, &plain));
            }
        }
        for &index in &self.model.parameter_order {
            if self.parameters[index].is_some() {
                continue;
            }
            if let ParameterValue::Formula { expr, .. } = &self.model.parameters[index].value {
                let value = self.lower(expr, Context::Running)?;
                self.parameters[index] = Some(self.with_effects(index, value, &plain));
            }
        }
        Ok(())
    }

    fn with_effects(&mut self, index: usize, value: Id, plain: &[Option<Id>]) -> Id {
        let mut value = value;
        for effect in &self.model.parameters[index].effects {
            let covariate = self.covariates[effect.covariate];
            let g = &mut self.graph;
            let one = g.constant(1.0);
            let coefficient = plain[effect.coefficient].unwrap_or(one);
            let factor = match effect.form {
                EffectForm::Power { reference } => {
                    let reference = g.constant(reference);
                    let relative = g.div(covariate, reference);
                    g.pow(relative, coefficient)
                }
                EffectForm::Exponential { reference } => {
                    let reference = g.constant(reference);
                    let difference = g.sub(covariate, reference);
                    let exponent = g.mul(coefficient, difference);
                    g.unary(Unary::Exp, exponent)
                }
                EffectForm::Linear { reference } => {
                    let reference = g.constant(reference);
                    let difference = g.sub(covariate, reference);
                    let change = g.mul(coefficient, difference);
                    g.add(one, change)
                }
                EffectForm::Level { level } => {
                    let is_level = indicator(g, covariate, level);
                    let change = g.mul(coefficient, is_level);
                    g.add(one, change)
                }
            };
            value = g.mul(value, factor);
        }
        value
    }

    fn memo(&mut self, context: Context) -> &mut Memo {
        let index = match context {
            Context::Running => 0,
            Context::Initial => 1,
            Context::Nuclide(n) => 2 + n,
        };
        &mut self.memo[index]
    }

    fn cycle(name: &str) -> CompileError {
        CompileError::Cycle { name: name.to_owned(), cycle: format!("{name} -> … -> {name}") }
    }

    /// A definition in a context.
    pub(crate) fn define(&mut self, index: usize, context: Context) -> Result<Id, CompileError> {
        let define = &self.model.defines[index];
        match self.memo(context).defines[index] {
            Slot::Known(id) => return Ok(id),
            Slot::Busy => return Err(Self::cycle(&define.name)),
            Slot::Unknown => {}
        }
        self.memo(context).defines[index] = Slot::Busy;
        let id = self.lower_deeper(&define.expr, context, &define.name)?;
        self.memo(context).defines[index] = Slot::Known(id);
        Ok(id)
    }

    /// The volume of a compartment in a context.
    pub(crate) fn volume(&mut self, index: usize, context: Context) -> Result<Id, CompileError> {
        let compartment = &self.model.compartments[index];
        match self.memo(context).volumes[index] {
            Slot::Known(id) => return Ok(id),
            Slot::Busy => return Err(Self::cycle(&format!("volume({})", compartment.name))),
            Slot::Unknown => {}
        }
        self.memo(context).volumes[index] = Slot::Busy;
        let id = self.lower_deeper(&compartment.volume, context, &compartment.name)?;
        self.memo(context).volumes[index] = Slot::Known(id);
        Ok(id)
    }

    fn initial_quantity(&mut self, index: usize) -> Result<Id, CompileError> {
        let quantity = &self.model.quantities[index];
        match self.initial_quantities[index] {
            Slot::Known(id) => return Ok(id),
            Slot::Busy => return Err(Self::cycle(&format!("initial value of {}", quantity.name))),
            Slot::Unknown => {}
        }
        self.initial_quantities[index] = Slot::Busy;
        let id = self.lower_deeper(&quantity.initial, Context::Initial, &quantity.name)?;
        self.initial_quantities[index] = Slot::Known(id);
        Ok(id)
    }

    fn initial_pool(&mut self, index: usize) -> Result<Id, CompileError> {
        match self.initial_pools[index] {
            Slot::Known(id) => return Ok(id),
            Slot::Busy => {
                let name = pool_name(self.model, index);
                return Err(Self::cycle(&format!("initial value of {name}")));
            }
            Slot::Unknown => {}
        }
        self.initial_pools[index] = Slot::Busy;
        let id = match &self.model.pools[index].initial {
            Some(initial) => {
                let name = pool_name(self.model, index);
                self.lower_deeper(initial, Context::Initial, &name)?
            }
            None => self.graph.constant(0.0),
        };
        self.initial_pools[index] = Slot::Known(id);
        Ok(id)
    }

    fn lower_deeper(
        &mut self,
        expr: &Expr,
        context: Context,
        name: &str,
    ) -> Result<Id, CompileError> {
        if self.depth >= DEEPEST {
            return Err(Self::cycle(name));
        }
        self.depth += 1;
        let id = self.lower(expr, context);
        self.depth -= 1;
        id
    }

    /// An expression in a context.
    pub(crate) fn lower(&mut self, expr: &Expr, context: Context) -> Result<Id, CompileError> {
        // Long sums and products lean to the left; walking that spine in a loop keeps the stack
        // small, and consecutive terms become one sum.
        let mut spine = Vec::new();
        let mut first = expr;
        while let Expr::Add(a, _) | Expr::Sub(a, _) | Expr::Mul(a, _) | Expr::Div(a, _) = first {
            spine.push(first);
            first = a;
        }
        let mut value = self.lower_operand(first, context)?;
        let mut terms: Vec<(Id, f64)> = Vec::new();
        for node in spine.into_iter().rev() {
            let (Expr::Add(_, b) | Expr::Sub(_, b) | Expr::Mul(_, b) | Expr::Div(_, b)) = node
            else {
                continue;
            };
            let b = self.lower(b, context)?;
            match node {
                Expr::Add(..) | Expr::Sub(..) => {
                    if terms.is_empty() {
                        terms.push((value, 1.0));
                    }
                    terms.push((b, if matches!(node, Expr::Add(..)) { 1.0 } else { -1.0 }));
                }
                _ => {
                    if !terms.is_empty() {
                        value = self.graph.sum(terms.drain(..));
                    }
                    value = match node {
                        Expr::Mul(..) => self.graph.mul(value, b),
                        Expr::Div(_, by) if self.is_volume(by) => self.graph.per_volume(value, b),
                        _ => self.graph.div(value, b),
                    };
                }
            }
        }
        if !terms.is_empty() {
            value = self.graph.sum(terms);
        }
        Ok(value)
    }

    /// Whether a divisor is the volume of a compartment, by its name or by the parameter it is.
    fn is_volume(&self, divisor: &Expr) -> bool {
        match divisor {
            Expr::Symbol(Symbol::Volume(_)) => true,
            Expr::Symbol(Symbol::Parameter(_)) => {
                self.model.compartments.iter().any(|c| c.volume == *divisor)
            }
            _ => false,
        }
    }

    fn lower_operand(&mut self, expr: &Expr, context: Context) -> Result<Id, CompileError> {
        Ok(match expr {
            Expr::Number(x) => self.graph.constant(*x),
            Expr::Symbol(symbol) => self.symbol(*symbol, context)?,
            Expr::Neg(a) => {
                let a = self.lower(a, context)?;
                self.graph.neg(a)
            }
            Expr::Pow(a, b) => {
                let a = self.lower(a, context)?;
                let b = self.lower(b, context)?;
                self.graph.pow(a, b)
            }
            Expr::Call(function, arguments) => {
                let mut values = Vec::with_capacity(arguments.len());
                for argument in arguments {
                    values.push(self.lower(argument, context)?);
                }
                self.call(*function, &values)
            }
            Expr::Add(..) | Expr::Sub(..) | Expr::Mul(..) | Expr::Div(..) => {
                self.lower(expr, context)?
            }
        })
    }

    fn call(&mut self, function: Function, values: &[Id]) -> Id {
        let g = &mut self.graph;
        if let (Some(op), &[a]) = (unary(function), values) {
            return g.unary(op, a);
        }
        match (function, values) {
            (Function::Min, &[a, b]) => g.binary(Binary::Min, a, b),
            (Function::Max, &[a, b]) => g.binary(Binary::Max, a, b),
            (Function::IfPositive, &[x, a, b]) => g.choose(x, a, b),
            (Function::Hill, &[x, k, n]) => hill(g, x, k, n),
            (Function::If, &[holds, a, b]) => g.choose(holds, a, b),
            _ => self.condition(function, values),
        }
    }

    /// 1 where a condition holds, else 0.
    fn condition(&mut self, function: Function, values: &[Id]) -> Id {
        let g = &mut self.graph;
        let (one, zero) = (g.constant(1.0), g.constant(0.0));
        match (function, values) {
            (Function::Greater, &[a, b]) | (Function::Less, &[b, a]) => {
                let more = g.sub(a, b);
                g.choose(more, one, zero)
            }
            (Function::AtMost, &[a, b]) | (Function::AtLeast, &[b, a]) => {
                let more = g.sub(a, b);
                g.choose(more, zero, one)
            }
            (Function::And, &[a, b]) => g.choose(a, b, zero),
            (Function::Or, &[a, b]) => g.choose(a, one, b),
            (Function::Not, &[a]) => g.choose(a, zero, one),
            // The number of arguments was checked with the text; anything else has no meaning.
            _ => g.constant(f64::NAN),
        }
    }

    fn symbol(&mut self, symbol: Symbol, context: Context) -> Result<Id, CompileError> {
        Ok(match symbol {
            Symbol::Time => match context {
                Context::Initial => self.graph.constant(0.0),
                _ => self.graph.time(),
            },
            Symbol::Parameter(p) => match self.parameters[p] {
                Some(id) => id,
                None => return Err(Self::cycle(&self.model.parameters[p].name)),
            },
            Symbol::Covariate(c) => self.covariates[c],
            Symbol::CovariateLevel(c, level) => {
                let covariate = self.covariates[c];
                indicator(&mut self.graph, covariate, level)
            }
            Symbol::Define(d) => self.define(d, context)?,
            Symbol::Volume(c) => self.volume(c, context)?,
            Symbol::Input(i) => match (context, self.model.inputs[i].default) {
                (Context::Initial, Some(default)) => self.graph.constant(default),
                (Context::Initial, None) => {
                    return Err(CompileError::InitialNeedsInput {
                        state: "a state".to_owned(),
                        input: self.model.inputs[i].name.clone(),
                    });
                }
                _ => self.graph.input(i),
            },
            Symbol::Quantity(q) => match context {
                Context::Initial => self.initial_quantity(q)?,
                _ => self.graph.state(self.quantities[q]),
            },
            Symbol::Amount(p, form) => self.amount(p, form, context)?,
            Symbol::Activity(p) => self.activity(p, context),
        })
    }

    fn amount(&mut self, pool: usize, form: Form, context: Context) -> Result<Id, CompileError> {
        if context == Context::Initial {
            // Nothing is hot before the first dose.
            return match form {
                Form::Hot => Ok(self.graph.constant(0.0)),
                Form::Total | Form::Cold => self.initial_pool(pool),
            };
        }
        let states = &self.pools[pool];
        let mut terms = Vec::with_capacity(1 + states.hot.len());
        if form != Form::Hot {
            terms.extend(states.cold);
        }
        if form != Form::Cold {
            terms.extend(states.hot.iter().map(|h| h.1));
        }
        let ids: Vec<(Id, f64)> = terms.into_iter().map(|s| (self.graph.state(s), 1.0)).collect();
        Ok(self.graph.sum(ids))
    }

    fn activity(&mut self, pool: usize, context: Context) -> Id {
        if context == Context::Initial {
            return self.graph.constant(0.0);
        }
        let mut terms = Vec::new();
        for &(n, state) in &self.pools[pool].hot {
            if !matches!(context, Context::Nuclide(only) if only != n) {
                let id = self.graph.state(state);
                terms.push((id, self.labels.nuclides[n].activity_per_amount));
            }
        }
        self.graph.sum(terms)
    }

    /// State of a participant that is not a pool.
    pub(crate) fn quantity_state(&self, quantity: usize) -> usize {
        self.quantities[quantity]
    }

    /// Total amount of a pool at a running state.
    pub(crate) fn total(&mut self, pool: usize) -> Id {
        let states = &self.pools[pool];
        let all: Vec<usize> =
            states.cold.iter().copied().chain(states.hot.iter().map(|h| h.1)).collect();
        let ids: Vec<(Id, f64)> = all.into_iter().map(|s| (self.graph.state(s), 1.0)).collect();
        self.graph.sum(ids)
    }

    /// Initial value of every state.
    pub(crate) fn initial_values(&mut self) -> Result<Vec<Id>, CompileError> {
        let zero = self.graph.constant(0.0);
        let mut initial = vec![zero; self.states.len()];
        for quantity in 0..self.model.quantities.len() {
            let name = &self.model.quantities[quantity].name;
            initial[self.quantities[quantity]] =
                self.initial_quantity(quantity).map_err(|e| named(e, name))?;
        }
        for pool in 0..self.model.pools.len() {
            let value =
                self.initial_pool(pool).map_err(|e| named(e, &pool_name(self.model, pool)))?;
            // A radioactive species has one form; any other starts cold.
            let states = &self.pools[pool];
            if let Some(state) = states.cold.or(states.hot.first().map(|h| h.1)) {
                initial[state] = value;
            }
        }
        Ok(initial)
    }

    /// Volumes, coefficients and initial amounts, each with what it must not be.
    pub(crate) fn limits(
        &mut self,
        coefficients: Vec<(Limit, Id)>,
    ) -> Result<(Vec<Limit>, Vec<Id>), CompileError> {
        let (mut limits, mut ids) = (Vec::new(), Vec::new());
        for (index, compartment) in self.model.compartments.iter().enumerate() {
            let id = self.volume(index, Context::Running)?;
            limits.push(Limit {
                kind: LimitKind::Volume,
                name: compartment.name.clone(),
                text: compartment.text.clone(),
                dimension: Dimension::VOLUME,
                fixed: self.graph.is_static(id),
                from: Vec::new(),
                into: Vec::new(),
            });
            ids.push(id);
        }
        for (limit, id) in coefficients {
            limits.push(limit);
            ids.push(id);
        }
        for delay in &self.model.delays {
            let id = self.lower(&delay.mean, Context::Running)?;
            limits.push(Limit {
                kind: LimitKind::Delay,
                name: delay.name.clone(),
                text: String::new(),
                dimension: Dimension::TIME,
                fixed: self.graph.is_static(id),
                from: Vec::new(),
                into: Vec::new(),
            });
            ids.push(id);
        }
        for (index, pool) in self.model.pools.iter().enumerate() {
            if pool.initial.is_none() {
                continue;
            }
            let name = pool_name(self.model, index);
            let id = self.initial_pool(index).map_err(|e| named(e, &name))?;
            limits.push(Limit {
                kind: LimitKind::Initial,
                text: String::new(),
                name,
                dimension: Dimension::AMOUNT,
                fixed: true,
                from: Vec::new(),
                into: vec![pool.place],
            });
            ids.push(id);
        }
        Ok((limits, ids))
    }

    /// Outputs, each followed by one per nuclide where it sees the activity of several.
    pub(crate) fn outputs(&mut self) -> Result<(Vec<OutputInfo>, Vec<Id>), CompileError> {
        let model = self.model;
        let mut seen_by_define: Vec<BTreeSet<usize>> = Vec::with_capacity(model.defines.len());
        for define in &model.defines {
            let seen = self.nuclides_seen(&define.expr, &seen_by_define);
            seen_by_define.push(seen);
        }
        let (mut infos, mut ids) = (Vec::new(), Vec::new());
        for (index, output) in model.outputs.iter().enumerate() {
            let factor = 1.0 / internal_factor(&model.units, &output.unit);
            let info = OutputInfo {
                name: output.name.clone(),
                unit: output.unit.clone(),
                factor,
                error: output.error,
                nuclide: None,
                port: output.port,
                index,
            };
            infos.push(info.clone());
            ids.push(self.lower(&output.expr, Context::Running)?);
            let seen = self.nuclides_seen(&output.expr, &seen_by_define);
            if seen.len() < 2 {
                continue;
            }
            for n in seen {
                for define in 0..model.defines.len() {
                    self.define(define, Context::Nuclide(n))?;
                }
                let nuclide = &self.labels.nuclides[n].name;
                infos.push(OutputInfo {
                    name: format!("{}({nuclide})", output.name),
                    nuclide: Some(nuclide.clone()),
                    ..info.clone()
                });
                ids.push(self.lower(&output.expr, Context::Nuclide(n))?);
            }
        }
        Ok((infos, ids))
    }

    fn nuclides_seen(&self, expr: &Expr, defines: &[BTreeSet<usize>]) -> BTreeSet<usize> {
        let mut seen = BTreeSet::new();
        expr.for_each_symbol(&mut |symbol| match symbol {
            Symbol::Activity(pool) => seen.extend(self.pools[pool].hot.iter().map(|h| h.0)),
            Symbol::Define(d) => seen.extend(defines.get(d).into_iter().flatten().copied()),
            _ => {}
        });
        seen
    }

    /// The parameter vector: plain numbers in file order, then covariates.
    pub(crate) fn parameter_infos(model: &Model) -> Vec<ParameterInfo> {
        let mut infos = Vec::new();
        for (index, parameter) in model.parameters.iter().enumerate() {
            if let ParameterValue::Number(default) = parameter.value {
                infos.push(ParameterInfo {
                    name: parameter.name.clone(),
                    unit: parameter.unit.clone(),
                    factor: internal_factor(&model.units, &parameter.unit),
                    default,
                    fixed: parameter.fixed,
                    bounds: parameter.bounds,
                    iiv: parameter.iiv,
                    iov: parameter.iov,
                    kind: ParameterKind::Parameter,
                    index,
                    levels: Vec::new(),
                    source: parameter.source.clone(),
                });
            }
        }
        for (index, covariate) in model.covariates.iter().enumerate() {
            if covariate.driven.is_some() {
                continue;
            }
            infos.push(ParameterInfo {
                name: covariate.name.clone(),
                unit: covariate.unit.clone(),
                factor: internal_factor(&model.units, &covariate.unit),
                default: covariate.typical.unwrap_or(f64::NAN),
                fixed: true,
                bounds: covariate.range.map_or((None, None), |(lo, hi)| (Some(lo), Some(hi))),
                iiv: None,
                iov: None,
                kind: ParameterKind::Covariate,
                index,
                levels: covariate.levels.clone(),
                source: None,
            });
        }
        infos
    }

    pub(crate) fn input_infos(model: &Model) -> Vec<InputInfo> {
        model
            .inputs
            .iter()
            .map(|input| InputInfo {
                name: input.name.clone(),
                unit: input.unit.clone(),
                factor: internal_factor(&model.units, &input.unit),
                default: input.default,
            })
            .collect()
    }
}

fn named(error: CompileError, name: &str) -> CompileError {
    match error {
        CompileError::InitialNeedsInput { input, .. } => {
            CompileError::InitialNeedsInput { state: name.to_owned(), input }
        }
        other => other,
    }
}

/// The node of a function of one argument.
fn unary(function: Function) -> Option<Unary> {
    Some(match function {
        Function::Exp => Unary::Exp,
        Function::Ln => Unary::Ln,
        Function::Log10 => Unary::Log10,
        Function::Sqrt => Unary::Sqrt,
        Function::Abs => Unary::Abs,
        Function::Tanh => Unary::Tanh,
        Function::Step => Unary::Step,
        _ => return None,
    })
}

/// The value of a function of one argument; nothing where it is not one.
pub(crate) fn function_of_one(function: Function, x: f64) -> Option<f64> {
    unary(function).map(|op| apply_unary(op, x))
}

/// internal = declared · factor.
pub(crate) fn internal_factor(units: &UnitSystem, unit: &lutetia_units::Unit) -> f64 {
    unit.scale() / units.factor(unit.dimension())
}

/// `L.tumour`; in a connected model both names carry the alias once: `pk:L.tumour`.
pub(crate) fn pool_name(model: &Model, pool: usize) -> String {
    let pool = &model.pools[pool];
    let species = &model.species[pool.species].name;
    let place = &model.compartments[pool.place].name;
    match (species.split_once(':'), place.split_once(':')) {
        (Some((alias, _)), Some((same, bare))) if alias == same => format!("{species}.{bare}"),
        _ => format!("{species}.{place}"),
    }
}

/// 1 where the categorical covariate has the level, else 0.
fn indicator(g: &mut Graph, covariate: Id, level: usize) -> Id {
    let (below, above) = (g.constant(level as f64 - 0.5), g.constant(level as f64 + 0.5));
    let from_below = g.sub(covariate, below);
    let to_above = g.sub(above, covariate);
    let a = g.unary(Unary::Step, from_below);
    let b = g.unary(Unary::Step, to_above);
    g.mul(a, b)
}

/// xⁿ/(kⁿ + xⁿ). For a small whole n the rational function itself, smooth through x = 0; else
/// with q = max(x, 0)/k, so that a concentration that rounding made negative is read as none.
fn hill(g: &mut Graph, x: Id, k: Id, n: Id) -> Id {
    if let Some(power) = g.as_constant(n)
        && power.fract().abs() <= 0.0
        && (1.0..=4.0).contains(&power)
    {
        let (xn, kn) = (g.powi(x, power as i32), g.powi(k, power as i32));
        let sum = g.add(kn, xn);
        return g.div(xn, sum);
    }
    let zero = g.constant(0.0);
    let one = g.constant(1.0);
    let positive = g.binary(Binary::Max, x, zero);
    let relative = g.div(positive, k);
    let power = g.pow(relative, n);
    let sum = g.add(one, power);
    g.div(power, sum)
}
