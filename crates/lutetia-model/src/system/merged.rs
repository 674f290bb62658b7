//! The equations of a model as sums of coefficients that parameters fix times factors that vary.
//!
//! dx/dt = Σ coefficient·factor: the terms of one factor are merged into one coefficient, worked out once per set of
//! parameters. What is left for every evaluation are products of states, and whatever else is not linear. The Jacobian is
//! written in the same way; most of its entries have no factor that varies.

use super::Inner;
use super::graph::{Binary, Graph, Id, Node, Unary};
use super::lanes::Lanes;
use super::tape::Program;

/// Tapes of the program of lanes.
pub(super) mod tapes {
    pub(crate) const SLOPES: usize = 0;
    pub(crate) const ENTRIES: usize = 1;
    pub(crate) const OUTPUTS: usize = 2;
    pub(super) const COEFFICIENTS: usize = 3;
}

/// A sum with more terms than these that several rows read is worked out once.
const MOST_SHARED: usize = 2;

/// Rows of Σ coefficient·factor: where each begins, and the registers.
#[derive(Debug, Clone, Default)]
pub(super) struct Rows {
    starts: Vec<u32>,
    pub(super) coefficients: Vec<u32>,
    factors: Vec<u32>,
}

/// One of them.
pub(super) struct Row<'a, N> {
    coefficients: &'a [N],
    factors: &'a [u32],
}

impl Rows {
    /// Terms of all rows.
    pub(super) fn len(&self) -> usize {
        self.factors.len()
    }

    /// The rows with the values of their coefficients.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "compiled for the instruction set of the caller")]
    pub(super) fn rows<'a, N>(&'a self, values: &'a [N]) -> impl Iterator<Item = Row<'a, N>> + 'a {
        self.starts.windows(2).map(|ends| {
            let range = ends[0] as usize..ends[1] as usize;
            Row { coefficients: &values[range.clone()], factors: &self.factors[range] }
        })
    }
}

impl<N: Lanes> Row<'_, N> {
    /// Its value, term by term.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "compiled for the instruction set of the caller")]
    pub(super) fn sum(&self, registers: &[N]) -> N {
        let mut sum = N::splat(0.0);
        for (coefficient, factor) in self.coefficients.iter().zip(self.factors) {
            sum = sum.plus(coefficient.times(registers[*factor as usize]));
        }
        sum
    }
}

/// The equations of a system for [`LaneEvaluator`](super::LaneEvaluator)s, with the states in an order of their own.
#[derive(Debug)]
pub struct LaneTapes {
    pub(super) program: Program,
    pub(super) defaults: Vec<f64>,
    pub(super) slopes: Rows,
    pub(super) entries: Rows,
    /// Which entry of the Jacobian each row of `entries` is.
    pub(super) varying: Vec<u32>,
    /// The register of what parameters fix of each entry.
    pub(super) fixed: Vec<u32>,
}

/// Terms of one row before they have registers.
type Terms = Vec<(Id, Id)>;

impl LaneTapes {
    pub(super) fn new(system: &Inner, order: &[usize]) -> Self {
        let mut places = vec![0; order.len()];
        for (place, &state) in order.iter().enumerate() {
            places[state] = place;
        }
        let mut graph = system.graph.clone();
        let mut expander = Expander::new(&graph, &system.rhs, &system.jacobian);
        let one = graph.constant(1.0);
        let mut slopes: Vec<Terms> = Vec::new();
        for &state in order {
            let (mut terms, fixed) = expander.terms(&mut graph, system.rhs[state]);
            if !graph.is_zero(fixed) {
                terms.push((one, fixed));
            }
            slopes.push(terms);
        }
        let (mut entries, mut varying, mut fixed) = (Vec::new(), Vec::new(), Vec::new());
        for (entry, &root) in system.jacobian.iter().enumerate() {
            let (terms, own) = expander.terms(&mut graph, root);
            fixed.push(own);
            if !terms.is_empty() {
                varying.push(entry as u32);
                entries.push(terms);
            }
        }
        let factors = |rows: &[Terms]| -> Vec<Id> { rows.iter().flatten().map(|t| t.0).collect() };
        let coefficients = |rows: &[Terms]| rows.iter().flatten().map(|t| t.1).collect::<Vec<Id>>();
        let (of_slopes, of_entries) = (factors(&slopes), factors(&entries));
        let mut fixed_roots = coefficients(&slopes);
        fixed_roots.extend(coefficients(&entries));
        fixed_roots.extend(&fixed);
        let program = Program::with_states_at(
            &graph,
            system.parameters.len(),
            &places,
            system.inputs.len(),
            &[&of_slopes, &of_entries, &system.output_roots, &fixed_roots],
        );
        let registers = program.roots(tapes::COEFFICIENTS);
        let (first, rest) = registers.split_at(of_slopes.len());
        let (second, third) = rest.split_at(of_entries.len());
        let rows = |rows: &[Terms], tape: usize, coefficients: &[u32]| {
            let mut starts = vec![0];
            let mut end = 0;
            for row in rows {
                end += row.len() as u32;
                starts.push(end);
            }
            let factors = program.roots(tape).to_vec();
            Rows { starts, coefficients: coefficients.to_vec(), factors }
        };
        Self {
            defaults: system.parameters.iter().map(|parameter| parameter.default).collect(),
            slopes: rows(&slopes, tapes::SLOPES, first),
            entries: rows(&entries, tapes::ENTRIES, second),
            varying,
            fixed: third.to_vec(),
            program,
        }
    }
}

/// Writes expressions as Σ coefficient·factor + what is fixed.
struct Expander {
    /// How often each node is read.
    uses: Vec<u32>,
}

impl Expander {
    fn new(graph: &Graph, rhs: &[Id], jacobian: &[Id]) -> Self {
        let needed = graph.reachable(rhs.iter().chain(jacobian).copied());
        let mut uses = vec![0; graph.len()];
        for id in (0..graph.len()).filter(|&id| needed[id]) {
            graph.for_each_child(id as Id, |child| uses[child as usize] += 1);
        }
        Self { uses }
    }

    /// Whether a sum is written into those that read it.
    fn is_open(&self, id: Id, terms: usize) -> bool {
        terms <= MOST_SHARED || self.uses.get(id as usize).is_none_or(|uses| *uses <= 1)
    }

    /// (factor, coefficient), factors ascending, and what is fixed.
    fn terms(&mut self, graph: &mut Graph, root: Id) -> (Terms, Id) {
        let one = graph.constant(1.0);
        let mut open = vec![(root, one)];
        let mut found: Vec<(Id, Id)> = Vec::new();
        let mut fixed: Vec<(Id, f64)> = Vec::new();
        while let Some((id, coefficient)) = open.pop() {
            if graph.is_static(id) {
                fixed.push((graph.mul(coefficient, id), 1.0));
                continue;
            }
            match graph.node(id) {
                Node::Unary(Unary::Neg, a) => open.push((a, graph.neg(coefficient))),
                Node::Binary(Binary::Mul, a, b) if graph.is_static(b) => {
                    open.push((a, graph.mul(coefficient, b)));
                }
                Node::Binary(Binary::Mul, a, b) if graph.is_static(a) => {
                    open.push((b, graph.mul(coefficient, a)));
                }
                Node::Binary(Binary::Add, a, b) if id == root || self.is_open(id, 2) => {
                    open.extend([(a, coefficient), (b, coefficient)]);
                }
                Node::Binary(Binary::Sub, a, b) if id == root || self.is_open(id, 2) => {
                    open.extend([(a, coefficient), (b, graph.neg(coefficient))]);
                }
                Node::Sum(sum) => {
                    let terms: Vec<(Id, f64)> = graph.terms(sum).collect();
                    if id == root || self.is_open(id, terms.len()) {
                        for (term, c) in terms {
                            let c = graph.constant(c);
                            open.push((term, graph.mul(coefficient, c)));
                        }
                    } else {
                        found.push((id, coefficient));
                    }
                }
                _ => found.push((id, coefficient)),
            }
        }
        let fixed = graph.sum(fixed);
        found.sort_by_key(|term| term.0);
        let mut terms: Terms = Vec::new();
        for same in found.chunk_by(|a, b| a.0 == b.0) {
            let coefficient = match same {
                [(_, only)] => *only,
                _ => graph.sum(same.iter().map(|&(_, c)| (c, 1.0))),
            };
            if !graph.is_zero(coefficient) {
                terms.push((same[0].0, coefficient));
            }
        }
        (terms, fixed)
    }
}
