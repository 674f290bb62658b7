//! Quantities that follow from the parameters, and their gradients.

use lutetia_units::Unit;

use super::{
    System,
    derivative::gradients,
    error::CompileError,
    graph::{Id, Node},
    lower::{Context, Lowering, internal_factor},
    tape::Program,
};
use crate::{
    expr::{Expr, Function, Symbol},
    model::{Distribution, Effect, EffectForm, Model, Parameter, ParameterValue, Variability},
};

/// A quantity that follows from the parameters.
#[derive(Debug, Clone)]
pub struct DerivedInfo {
    /// Name.
    pub name: String,
    /// Declared unit.
    pub unit: Unit,
    /// declared = internal · factor.
    pub factor: f64,
    /// Whether it is above zero whatever the parameters are: products, quotients, sums, powers and exponentials of what
    /// is.
    pub positive: bool,
}

/// The value of a derived quantity at some parameters, internal.
#[derive(Debug, Clone, PartialEq)]
pub struct DerivedValue {
    /// The value.
    pub value: f64,
    /// `∂ value / ∂ p` by each parameter asked for.
    pub gradient: Vec<f64>,
}

/// The derived quantities with their roots in the graph. Volumes are those at the start.
pub(super) fn lower(
    lowering: &mut Lowering<'_>,
) -> Result<(Vec<DerivedInfo>, Vec<Id>), CompileError> {
    let model = lowering.model;
    let mut roots = Vec::with_capacity(model.derived.len());
    let mut infos = Vec::with_capacity(model.derived.len());
    for derived in &model.derived {
        let root = lowering.lower(&derived.expr, Context::Initial)?;
        // A volume that an input changes is nothing that follows from parameters.
        let fixed = lowering.graph.is_static(root);
        roots.push(if fixed { root } else { lowering.graph.constant(f64::NAN) });
        infos.push(DerivedInfo {
            name: derived.name.clone(),
            unit: derived.unit.clone(),
            factor: 1.0 / internal_factor(&model.units, &derived.unit),
            positive: positive(model, &derived.expr, 0),
        });
    }
    Ok((infos, roots))
}

/// Formulas of formulas deeper than this are not judged.
const DEEPEST: usize = 64;

/// Whether an expression is above zero by its form.
fn positive(model: &Model, expr: &Expr, depth: usize) -> bool {
    if depth > DEEPEST {
        return false;
    }
    let of = |expr: &Expr| positive(model, expr, depth + 1);
    match expr {
        Expr::Number(x) => *x > 0.0,
        Expr::Symbol(Symbol::Parameter(index)) => {
            model.parameters.get(*index).is_some_and(|p| parameter_positive(model, p, depth))
        }
        Expr::Symbol(Symbol::Covariate(index)) => {
            let range = model.covariates.get(*index).and_then(|c| c.range);
            range.is_some_and(|(low, _)| low > 0.0)
        }
        Expr::Symbol(Symbol::Volume(_)) => true,
        Expr::Add(a, b) | Expr::Mul(a, b) | Expr::Div(a, b) => of(a) && of(b),
        Expr::Pow(a, _) => of(a),
        Expr::Call(Function::Exp, _) => true,
        Expr::Call(Function::Sqrt, arguments) => arguments.iter().all(of),
        // Of a number alone, such as `ln(2)`.
        Expr::Call(Function::Ln, arguments) => {
            matches!(arguments.as_slice(), [Expr::Number(x)] if *x > 1.0)
        }
        _ => false,
    }
}

/// Whether a parameter is above zero: estimated on the log scale, or a formula of such.
fn parameter_positive(model: &Model, parameter: &Parameter, depth: usize) -> bool {
    let keeps_sign = |effect: &Effect| {
        matches!(effect.form, EffectForm::Power { .. } | EffectForm::Exponential { .. })
    };
    if !parameter.effects.iter().all(keeps_sign) {
        return false;
    }
    match &parameter.value {
        ParameterValue::Number(x) => {
            let normal = |v: &Variability| v.distribution == Distribution::Normal;
            *x > 0.0 && !parameter.iiv.as_ref().is_some_and(normal)
        }
        ParameterValue::Formula { expr, .. } => positive(model, expr, depth + 1),
    }
}

impl System {
    /// What follows from the parameters, in the order of the file.
    #[must_use]
    pub fn derived(&self) -> &[DerivedInfo] {
        &self.inner.derived
    }

    /// The [`derived`](Self::derived) quantities at all parameters (internal, in the order of [`System::parameters`]), with
    /// their exact derivatives by those of `wrt`; a number that the system does not have gives zeros.
    ///
    /// # Panics
    ///
    /// If the number of parameters is not that of the system.
    #[must_use]
    pub fn derive(&self, parameters: &[f64], wrt: &[usize]) -> Vec<DerivedValue> {
        let inner = &self.inner;
        if inner.derived_roots.is_empty() {
            return Vec::new();
        }
        let mut graph = inner.graph.clone();
        let by_parameter = |node: Node| match node {
            Node::Parameter(p) => Some(p),
            _ => None,
        };
        let rows = gradients(&mut graph, &inner.derived_roots, by_parameter);
        let slopes: Vec<Id> = rows.iter().flatten().map(|entry| entry.1).collect();
        let (states, inputs) = (inner.states.len(), inner.inputs.len());
        let tapes: [&[Id]; 2] = [&inner.derived_roots, &slopes];
        let program = Program::new(&graph, inner.parameters.len(), states, inputs, &tapes);
        let mut registers = program.registers();
        program.set_parameters(&mut registers, parameters);
        let (mut values, mut by) = (vec![0.0; rows.len()], vec![0.0; slopes.len()]);
        program.read_static(0, &registers, &mut values);
        program.read_static(1, &registers, &mut by);
        let mut by = by.into_iter();
        rows.iter()
            .zip(values)
            .map(|(row, value)| {
                let mut gradient = vec![0.0; wrt.len()];
                for ((parameter, _), slope) in row.iter().zip(by.by_ref()) {
                    for (place, _) in
                        wrt.iter().enumerate().filter(|(_, p)| **p == *parameter as usize)
                    {
                        gradient[place] = slope;
                    }
                }
                DerivedValue { value, gradient }
            })
            .collect()
    }
}
