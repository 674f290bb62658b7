//! Does what flows into each compartment of a circulation flow out of it again?

use lutetia_units::{Dimension, significant};
use serde::Serialize;

use crate::{
    expr::{Expr, Symbol},
    model::{Model, ParameterValue, Participant, Rate},
    values::Values,
};

/// The flows of one pool of a circulation: mass-action processes of volume per time that take one species around.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FlowBalance {
    /// Compartment.
    pub place: String,
    /// Unit of the flows, such as `L/h`.
    pub unit: String,
    /// Sum of what flows in, at the default parameters and typical covariates.
    pub inflow: f64,
    /// Sum of what flows out and comes round again.
    pub outflow: f64,
    /// Whether every flow is a sum of flows and nothing else. A flow over a partition coefficient, as a tissue gives it
    /// back, is none: there the numbers need not agree.
    pub plain: bool,
    /// The parameters of the flows (indices into `Model::parameters`), those in formulas too.
    #[serde(skip)]
    pub(crate) parameters: Vec<usize>,
    /// Index into `Model::compartments`.
    #[serde(skip)]
    pub(crate) compartment: usize,
}

/// Flows agree to this share of the larger: what rounding a table to three digits leaves.
const ROUNDING: f64 = 1e-3;

impl FlowBalance {
    /// What flows in beyond what flows out, in `unit`.
    #[must_use]
    pub fn excess(&self) -> f64 {
        self.inflow - self.outflow
    }

    /// `24 L/h in, 25 L/h out, 1 L/h less in than out`, or that they are the same.
    #[must_use]
    pub fn text(&self) -> String {
        let number = |x: f64| format!("{} {}", significant(x, 4), self.unit);
        let (inflow, outflow) = (number(self.inflow), number(self.outflow));
        if self.balances() {
            return format!("{inflow} in and out");
        }
        let which = if self.excess() > 0.0 { "more" } else { "less" };
        let by = number(self.excess().abs());
        format!("{inflow} in, {outflow} out, {by} {which} in than out")
    }

    /// The excess over the larger of both.
    #[must_use]
    pub fn share(&self) -> f64 {
        let larger = self.inflow.abs().max(self.outflow.abs());
        if larger > 0.0 { self.excess().abs() / larger } else { 0.0 }
    }

    /// Whether both agree to 0.1 %.
    #[must_use]
    pub fn balances(&self) -> bool {
        self.share() <= ROUNDING
    }
}

/// One flow: from pool to pool.
struct Flow<'a> {
    from: usize,
    into: usize,
    coefficient: &'a Expr,
}

/// The balance of every compartment of a circulation, in the order of the pools; of several species that go the same
/// way, the first. Flows that do not come round again (clearances) do not count; what varies in time has no balance.
#[must_use]
pub fn flow_balance(model: &Model) -> Vec<FlowBalance> {
    let flows = flows(model);
    let round = component(model.pools.len(), &flows);
    let flow_unit = Dimension::VOLUME / Dimension::TIME;
    let unit = model.units.unit_of(flow_unit);
    let factor = model.units.factor(flow_unit) / unit.scale();
    let values = Values::new(model);
    let mut sums: Vec<(Option<f64>, Option<f64>, bool, Vec<usize>)> =
        vec![(Some(0.0), Some(0.0), true, Vec::new()); model.pools.len()];
    let mut counted = vec![false; model.pools.len()];
    for flow in flows.iter().filter(|flow| round[flow.from] == round[flow.into]) {
        let value = values.of(flow.coefficient).map(|x| x * factor);
        let add = |sum: &mut Option<f64>| *sum = sum.zip(value).map(|(a, b)| a + b);
        add(&mut sums[flow.into].0);
        add(&mut sums[flow.from].1);
        for pool in [flow.from, flow.into] {
            counted[pool] = true;
            sums[pool].2 &= is_plain(flow.coefficient);
            parameters_of(model, flow.coefficient, &mut sums[pool].3);
        }
    }
    let mut out: Vec<FlowBalance> = Vec::new();
    for (pool, (inflow, outflow, plain, parameters)) in sums.into_iter().enumerate() {
        let (true, Some(inflow), Some(outflow)) = (counted[pool], inflow, outflow) else {
            continue;
        };
        let compartment = model.pools[pool].place;
        if out.iter().any(|known| known.compartment == compartment) {
            continue;
        }
        let place = model.compartments[compartment].name.clone();
        let unit = unit.symbol().to_owned();
        out.push(FlowBalance { place, unit, inflow, outflow, plain, parameters, compartment });
    }
    out
}

fn flows(model: &Model) -> Vec<Flow<'_>> {
    let pool = |side: &[(Participant, f64)]| match *side {
        [(Participant::Pool(pool), times)] if (times - 1.0).abs() <= 0.0 => Some(pool),
        _ => None,
    };
    model
        .processes
        .iter()
        .filter_map(|process| {
            let Rate::MassAction { coefficient, volume_power: 1, .. } = &process.rate else {
                return None;
            };
            let (from, into) = (pool(&process.reactants)?, pool(&process.products)?);
            let (a, b) = (&model.pools[from], &model.pools[into]);
            (a.species == b.species && a.place != b.place).then_some(Flow {
                from,
                into,
                coefficient,
            })
        })
        .collect()
}

/// A number per pool, the same for pools that can be reached from each other (Kosaraju).
fn component(pools: usize, flows: &[Flow<'_>]) -> Vec<usize> {
    let (mut next, mut before) = (vec![Vec::new(); pools], vec![Vec::new(); pools]);
    for flow in flows {
        next[flow.from].push(flow.into);
        before[flow.into].push(flow.from);
    }
    let mut seen = vec![false; pools];
    let mut order = Vec::with_capacity(pools);
    for root in 0..pools {
        let mut path: Vec<(usize, usize)> = Vec::new();
        if !seen[root] {
            seen[root] = true;
            path.push((root, 0));
        }
        while let Some((pool, k)) = path.pop() {
            match next[pool].get(k) {
                None => order.push(pool),
                Some(&other) => {
                    path.push((pool, k + 1));
                    if !seen[other] {
                        seen[other] = true;
                        path.push((other, 0));
                    }
                }
            }
        }
    }
    let mut of = vec![usize::MAX; pools];
    for (number, root) in order.into_iter().rev().enumerate() {
        let mut open = vec![root];
        while let Some(pool) = open.pop() {
            if of[pool] == usize::MAX {
                of[pool] = number;
                open.extend(before[pool].iter().copied());
            }
        }
    }
    of
}

/// A parameter, or a sum or difference of parameters.
fn is_plain(expr: &Expr) -> bool {
    match expr {
        Expr::Symbol(Symbol::Parameter(_)) => true,
        Expr::Add(a, b) | Expr::Sub(a, b) => is_plain(a) && is_plain(b),
        _ => false,
    }
}

/// The parameters of an expression, through formulas.
fn parameters_of(model: &Model, expr: &Expr, out: &mut Vec<usize>) {
    let mut open = Vec::new();
    let mut look = |expr: &Expr, open: &mut Vec<usize>| {
        expr.for_each_symbol(&mut |symbol| {
            if let Symbol::Parameter(p) = symbol
                && !out.contains(&p)
            {
                out.push(p);
                open.push(p);
            }
        });
    };
    look(expr, &mut open);
    while let Some(p) = open.pop() {
        if let ParameterValue::Formula { expr, .. } = &model.parameters[p].value {
            look(expr, &mut open);
        }
    }
}
