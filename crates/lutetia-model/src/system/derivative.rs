//! Forward symbolic differentiation on the graph.

use super::graph::{Binary, Graph, Id, Node, Unary};

/// The sparse gradients of the roots: for each, (variable, derivative) sorted by variable.
///
/// `variable` says which leaves are differentiated by, and their number. Every gradient is worked
/// out once per node in topological order; structurally zero derivatives do not appear.
pub(crate) fn gradients(
    graph: &mut Graph,
    roots: &[Id],
    variable: impl Fn(Node) -> Option<u32>,
) -> Vec<Vec<(u32, Id)>> {
    let needed = graph.reachable(roots.iter().copied());
    let mut memo: Vec<Vec<(u32, Id)>> = vec![Vec::new(); needed.len()];
    for index in 0..needed.len() {
        if needed[index] {
            memo[index] = gradient(graph, index as Id, &memo, &variable);
        }
    }
    roots.iter().map(|&root| memo[root as usize].clone()).collect()
}

fn gradient(
    graph: &mut Graph,
    id: Id,
    memo: &[Vec<(u32, Id)>],
    variable: &impl Fn(Node) -> Option<u32>,
) -> Vec<(u32, Id)> {
    let varies = |child: Id| !memo[child as usize].is_empty();
    match graph.node(id) {
        leaf @ (Node::Constant(_)
        | Node::Parameter(_)
        | Node::Time
        | Node::State(_)
        | Node::Input(_)) => variable(leaf).map(|v| (v, graph.constant(1.0))).into_iter().collect(),
        Node::Unary(op, a) => {
            if !varies(a) {
                return Vec::new();
            }
            let Some(slope) = unary_slope(graph, op, a, id) else { return Vec::new() };
            chain(graph, memo, &[(a, slope)])
        }
        Node::Binary(op, a, b) => {
            let mut partials: Vec<(Id, Id)> = Vec::with_capacity(2);
            if varies(a)
                && let Some(p) = first_partial(graph, op, a, b)
            {
                partials.push((a, p));
            }
            if varies(b)
                && let Some(p) = second_partial(graph, op, a, b, id)
            {
                partials.push((b, p));
            }
            chain(graph, memo, &partials)
        }
        Node::PowInt(a, n) => {
            if !varies(a) {
                return Vec::new();
            }
            let factor = graph.constant(f64::from(n));
            let power = graph.powi(a, n - 1);
            let slope = graph.mul(power, factor);
            chain(graph, memo, &[(a, slope)])
        }
        Node::Choose(x, a, b) => {
            if !varies(a) && !varies(b) {
                return Vec::new();
            }
            // The derivative of a choice is the choice of derivatives; at the switch it is the
            // second branch's, as the value is.
            let (one, zero) = (graph.constant(1.0), graph.constant(0.0));
            let (on, off) = (graph.choose(x, one, zero), graph.choose(x, zero, one));
            let mut merged: Vec<(u32, Id)> = Vec::new();
            let (da, db) = (&memo[a as usize], &memo[b as usize]);
            let (mut i, mut j) = (0, 0);
            while i < da.len() || j < db.len() {
                let va = da.get(i).map_or(u32::MAX, |d| d.0);
                let vb = db.get(j).map_or(u32::MAX, |d| d.0);
                // Both branches are guarded by a choice of values (not by multiplication), so an
                // infinite derivative in the branch not taken does no harm.
                let value = if va == vb {
                    graph.choose(x, da[i].1, db[j].1)
                } else if va < vb {
                    if graph.as_constant(da[i].1).is_some() {
                        graph.mul(on, da[i].1)
                    } else {
                        graph.choose(x, da[i].1, zero)
                    }
                } else if graph.as_constant(db[j].1).is_some() {
                    graph.mul(off, db[j].1)
                } else {
                    graph.choose(x, zero, db[j].1)
                };
                merged.push((va.min(vb), value));
                i += usize::from(va <= vb);
                j += usize::from(vb <= va);
            }
            merged
        }
        Node::Sum(s) => {
            let terms: Vec<(Id, f64)> = graph.terms(s).collect();
            let mut all: Vec<(u32, Id, f64)> = Vec::new();
            for (term, c) in terms {
                all.extend(memo[term as usize].iter().map(|&(v, d)| (v, d, c)));
            }
            collect(graph, all)
        }
    }
}

/// Σ partial · gradient(child).
fn chain(graph: &mut Graph, memo: &[Vec<(u32, Id)>], partials: &[(Id, Id)]) -> Vec<(u32, Id)> {
    match *partials {
        [] => Vec::new(),
        [(child, partial)] => {
            memo[child as usize].iter().map(|&(v, d)| (v, graph.mul(d, partial))).collect()
        }
        _ => {
            let mut all: Vec<(u32, Id, f64)> = Vec::new();
            for &(child, partial) in partials {
                for &(v, d) in &memo[child as usize] {
                    all.push((v, graph.mul(d, partial), 1.0));
                }
            }
            collect(graph, all)
        }
    }
}

fn collect(graph: &mut Graph, mut all: Vec<(u32, Id, f64)>) -> Vec<(u32, Id)> {
    all.sort_by_key(|t| t.0);
    let mut out = Vec::new();
    for group in all.chunk_by(|a, b| a.0 == b.0) {
        let derivative = graph.sum(group.iter().map(|&(_, d, c)| (d, c)));
        if !graph.is_zero(derivative) {
            out.push((group[0].0, derivative));
        }
    }
    out
}

/// Derivative of a function of one argument; `None` where it is zero almost everywhere.
fn unary_slope(graph: &mut Graph, op: Unary, a: Id, value: Id) -> Option<Id> {
    Some(match op {
        Unary::Neg => graph.constant(-1.0),
        Unary::Sqrt => graph.unary(Unary::SqrtSlope, a),
        Unary::Exp => value,
        Unary::Ln => {
            let one = graph.constant(1.0);
            graph.div(one, a)
        }
        Unary::Log10 => {
            let factor = graph.constant(std::f64::consts::LOG10_E);
            graph.div(factor, a)
        }
        Unary::Abs => graph.unary(Unary::Sign, a),
        Unary::Tanh => {
            let one = graph.constant(1.0);
            let square = graph.mul(value, value);
            graph.sub(one, square)
        }
        // Only first derivatives are ever asked for: the slopes themselves are never
        // differentiated.
        Unary::Step | Unary::Sign | Unary::SqrtSlope => return None,
    })
}

fn first_partial(graph: &mut Graph, op: Binary, a: Id, b: Id) -> Option<Id> {
    Some(match op {
        Binary::Add | Binary::Sub => graph.constant(1.0),
        Binary::Mul => b,
        Binary::Div => {
            let one = graph.constant(1.0);
            graph.div(one, b)
        }
        Binary::Ratio => {
            let one = graph.constant(1.0);
            graph.ratio(one, b)
        }
        Binary::Pow => graph.binary(Binary::PowSlope, a, b),
        // min is a where a < b; max is a where a ≥ b, so that max(x, 0) has slope one at zero.
        Binary::Min => {
            let difference = graph.sub(b, a);
            let (one, zero) = (graph.constant(1.0), graph.constant(0.0));
            graph.choose(difference, one, zero)
        }
        Binary::Max => {
            let difference = graph.sub(a, b);
            graph.unary(Unary::Step, difference)
        }
        Binary::PowSlope | Binary::PowLn => return None,
    })
}

fn second_partial(graph: &mut Graph, op: Binary, a: Id, b: Id, value: Id) -> Option<Id> {
    Some(match op {
        Binary::Add => graph.constant(1.0),
        Binary::Sub => graph.constant(-1.0),
        Binary::Mul => a,
        Binary::Div => {
            let quotient = graph.div(value, b);
            graph.neg(quotient)
        }
        Binary::Ratio => {
            let quotient = graph.ratio(value, b);
            graph.neg(quotient)
        }
        Binary::Pow => graph.binary(Binary::PowLn, a, b),
        Binary::Min => {
            let difference = graph.sub(b, a);
            let (one, zero) = (graph.constant(1.0), graph.constant(0.0));
            graph.choose(difference, zero, one)
        }
        Binary::Max => {
            let difference = graph.sub(a, b);
            let step = graph.unary(Unary::Step, difference);
            let one = graph.constant(1.0);
            graph.sub(one, step)
        }
        Binary::PowSlope | Binary::PowLn => return None,
    })
}
