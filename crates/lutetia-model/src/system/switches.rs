//! Where does the right-hand side jump or bend, and when?
//!
//! `if` with its comparisons, `step`, `if_positive`, `min`, `max` and `abs` change their branch where an
//! argument (of a comparison: the difference of its sides) changes its sign. An integrator sees only the points it happens to evaluate, so it must be told.

use super::{
    System,
    derivative::gradients,
    graph::{Binary, Graph, Id, Node, Unary},
    interval::{Interval, Place, bounds},
    pattern::SparsePattern,
    sparse, tapes,
};

/// A stretch of time is searched in so many parts.
const PARTS: u32 = 64;
/// Boxes looked at per part before the search is content with what it has: a root takes about a
/// hundred.
const MOST_BOXES: usize = 2000;
/// Boxes are halved until they are this share of the stretch.
const FINEST: f64 = 1.0 / 4_294_967_296.0;

/// One argument whose sign decides a branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Switch {
    /// Whether values jump (`step`, `if_positive`); else only slopes do (`min`, `max`, `abs`).
    pub jumps: bool,
    /// Whether it depends on time, parameters and inputs alone.
    pub timed: bool,
    /// Whether it depends on inputs.
    pub by_inputs: bool,
    /// Whether the right-hand side or a condition of an event depends on it; else only outputs do.
    pub drives: bool,
    /// Whether a condition of an event depends on it, so that leaving zero is a change as well.
    pub decides: bool,
}

/// An input that is linear in time during a stretch.
#[derive(Debug, Clone, Copy)]
pub struct InputLine {
    /// Value at `time`.
    pub value: f64,
    /// Change per internal time.
    pub slope: f64,
    /// Internal time.
    pub time: f64,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Switches {
    pub(crate) list: Vec<Switch>,
    pub(crate) arguments: Vec<Id>,
    /// Roots of the tapes: (c₀, c₁) of the argument c₀ + c₁·t where it is such a line.
    pub(crate) lines: Vec<Id>,
    /// Place in `lines` / 2.
    line_of: Vec<Option<usize>>,
    /// Everything a timed argument needs, in topological order, itself last.
    needs: Vec<Vec<Id>>,
    /// Derivatives by states, then inputs, then time.
    pub(crate) slope_pattern: SparsePattern,
    pub(crate) slopes: Vec<Id>,
}

impl Switches {
    /// Collects every varying argument the roots depend on.
    pub(crate) fn collect(
        graph: &mut Graph,
        rhs: &[Id],
        conditions: &[Id],
        outputs: &[Id],
        states: usize,
        inputs: usize,
    ) -> Self {
        let mut all = Self::default();
        let deciding = graph.reachable(conditions.iter().copied());
        let driving = graph.reachable(rhs.iter().chain(conditions).copied());
        let needed = graph.reachable(rhs.iter().chain(conditions).chain(outputs).copied());
        for id in 0..needed.len() {
            if !needed[id] || graph.is_static(id as Id) {
                continue;
            }
            let (argument, jumps) = match graph.node(id as Id) {
                Node::Unary(Unary::Step, a) | Node::Choose(a, _, _) => (a, true),
                Node::Unary(Unary::Abs, a) => (a, false),
                Node::Binary(Binary::Min | Binary::Max, a, b) => (graph.sub(a, b), false),
                _ => continue,
            };
            if graph.is_static(argument) {
                continue;
            }
            match all.arguments.iter().position(|&a| a == argument) {
                Some(known) => {
                    all.list[known].jumps |= jumps;
                    all.list[known].drives |= driving[id];
                    all.list[known].decides |= deciding[id];
                }
                None => {
                    all.arguments.push(argument);
                    let (drives, decides) = (driving[id], deciding[id]);
                    let switch = Switch { jumps, timed: false, by_inputs: false, drives, decides };
                    all.list.push(switch);
                }
            }
        }
        let mut rows = gradients(graph, &all.arguments, |node| match node {
            Node::State(s) => Some(s),
            Node::Input(i) => Some(states as u32 + i),
            Node::Time => Some((states + inputs) as u32),
            _ => None,
        });
        // What is constant between the changes of other branches changes its sign with them.
        let mut moves = rows.iter().map(|row| !row.is_empty());
        all.arguments.retain(|_| moves.next().unwrap_or(true));
        let mut moves = rows.iter().map(|row| !row.is_empty());
        all.list.retain(|_| moves.next().unwrap_or(true));
        rows.retain(|row| !row.is_empty());
        for k in 0..all.list.len() {
            let argument = all.arguments[k];
            let below = graph.reachable([argument]);
            let needs: Vec<Id> =
                (0..below.len()).filter(|&id| below[id]).map(|id| id as Id).collect();
            all.list[k].timed = !needs.iter().any(|&id| matches!(graph.node(id), Node::State(_)));
            all.list[k].by_inputs =
                needs.iter().any(|&id| matches!(graph.node(id), Node::Input(_)));
            let line = if all.list[k].timed { line(graph, &needs) } else { None };
            all.line_of.push(line.map(|(c0, c1)| {
                all.lines.extend([c0, c1]);
                all.lines.len() / 2 - 1
            }));
            all.needs.push(if all.list[k].timed { needs } else { Vec::new() });
        }
        (all.slope_pattern, all.slopes) = sparse(&rows, states + inputs + 1);
        all
    }
}

/// (c₀, c₁), fixed once the parameters are, with the last of `needs` = c₀ + c₁·t.
fn line(graph: &mut Graph, needs: &[Id]) -> Option<(Id, Id)> {
    let mut known: std::collections::HashMap<Id, Option<(Id, Id)>> =
        std::collections::HashMap::default();
    let zero = graph.constant(0.0);
    let one = graph.constant(1.0);
    for &id in needs {
        let of = |id: Id| known.get(&id).copied().flatten();
        let value = if graph.is_static(id) {
            Some((id, zero))
        } else {
            match graph.node(id) {
                Node::Time => Some((zero, one)),
                Node::Unary(Unary::Neg, a) => of(a).map(|(p, q)| (graph.neg(p), graph.neg(q))),
                Node::Binary(Binary::Add, a, b) => {
                    of(a).zip(of(b)).map(|((p, q), (r, s))| (graph.add(p, r), graph.add(q, s)))
                }
                Node::Binary(Binary::Sub, a, b) => {
                    of(a).zip(of(b)).map(|((p, q), (r, s))| (graph.sub(p, r), graph.sub(q, s)))
                }
                Node::Binary(Binary::Mul, a, b) => match (graph.is_static(a), graph.is_static(b)) {
                    (true, _) => of(b).map(|(p, q)| (graph.mul(a, p), graph.mul(a, q))),
                    (_, true) => of(a).map(|(p, q)| (graph.mul(p, b), graph.mul(q, b))),
                    _ => None,
                },
                Node::Binary(Binary::Div, a, b) if graph.is_static(b) => {
                    of(a).map(|(p, q)| (graph.div(p, b), graph.div(q, b)))
                }
                Node::Sum(s) => {
                    let terms: Vec<(Id, f64)> = graph.terms(s).collect();
                    let parts: Option<Vec<((Id, Id), f64)>> =
                        terms.into_iter().map(|(id, c)| of(id).map(|line| (line, c))).collect();
                    parts.map(|parts| {
                        (
                            graph.sum(parts.iter().map(|p| (p.0.0, p.1))),
                            graph.sum(parts.iter().map(|p| (p.0.1, p.1))),
                        )
                    })
                }
                _ => None,
            }
        };
        known.insert(id, value);
    }
    needs.last().and_then(|id| known.get(id).copied().flatten())
}

fn sign(x: f64) -> i8 {
    if x > 0.0 {
        1
    } else if x < 0.0 {
        -1
    } else {
        0
    }
}

impl System {
    /// Every argument whose sign decides a branch of the right-hand side or of an output.
    #[must_use]
    pub fn switches(&self) -> &[Switch] {
        &self.inner.switches.list
    }

    /// Pattern of the derivatives of the arguments of [`System::switches`]: by states, then inputs,
    /// then time.
    #[must_use]
    pub fn switch_slope_pattern(&self) -> &SparsePattern {
        &self.inner.switches.slope_pattern
    }

    /// Times within `from < t < to` at which a timed switch changes its sign, ascending, at the
    /// given parameters and with inputs that are straight lines there. `registers` of an evaluator
    /// with these parameters set are read.
    ///
    /// An argument that is a straight line in time gives its root to rounding. Any other is
    /// enclosed by interval arithmetic: every change of sign is found, unless two of them lie
    /// within 2⁻³² of the stretch of each other.
    pub(super) fn switch_times(
        &self,
        switch: usize,
        registers: &[f64],
        parameters: &[f64],
        inputs: &[InputLine],
        (from, to): (f64, f64),
        times: &mut Vec<f64>,
    ) {
        let switches = &self.inner.switches;
        if !switches.list.get(switch).is_some_and(|s| s.timed) {
            return;
        }
        if let Some(line) = switches.line_of[switch] {
            let mut lines = vec![0.0; switches.lines.len()];
            self.inner.program.read_static(tapes::SWITCH_LINES, registers, &mut lines);
            // A line without slope has no root: infinite or not a number, and outside.
            let root = -lines[2 * line] / lines[2 * line + 1];
            if root > from && root < to {
                times.push(root);
            }
            return;
        }
        let graph = &self.inner.graph;
        let needs = &switches.needs[switch];
        let mut scratch = Vec::new();
        let mut enclose = |a: f64, b: f64| {
            let inputs: Vec<Interval> = inputs
                .iter()
                .map(|line| {
                    let at = |t: f64| line.value + line.slope * (t - line.time);
                    Interval::hull(at(a), at(b))
                })
                .collect();
            let place = Place { time: Interval { lo: a, hi: b }, parameters, inputs: &inputs };
            bounds(graph, needs, &place, &mut scratch)
        };
        let finest = FINEST * (to - from);
        // Ends of the last stretch with a sure sign, and that sign.
        let mut sure: Option<(f64, i8)> = None;
        let end_of = |part: u32| from + (to - from) * f64::from(part) / f64::from(PARTS);
        let mut open: Vec<(f64, f64)> = Vec::new();
        let (mut part, mut boxes) = (0, 0);
        loop {
            let Some((a, b)) = open.pop() else {
                if part == PARTS {
                    return;
                }
                open.push((end_of(part), end_of(part + 1)));
                (part, boxes) = (part + 1, 0);
                continue;
            };
            boxes += 1;
            let value = enclose(a, b);
            let (low, high) = (sign(value.lo), sign(value.hi));
            if low != high {
                let middle = 0.5 * (a + b);
                if b - a > finest && boxes < MOST_BOXES && middle > a && middle < b {
                    open.push((middle, b));
                    open.push((a, middle));
                }
                continue;
            }
            if let Some((end, before)) = sure
                && before != low
            {
                let (mut left, mut right) = (end, a);
                loop {
                    let middle = 0.5 * (left + right);
                    if middle <= left || middle >= right {
                        break;
                    }
                    if sign(enclose(middle, middle).lo) == before {
                        left = middle;
                    } else {
                        right = middle;
                    }
                }
                times.push(right);
            }
            sure = Some((b, low));
        }
    }
}
