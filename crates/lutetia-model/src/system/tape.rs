//! Straight-line programs over one register file.
//!
//! Registers: constants, parameters, prologue results (everything fixed once the parameters are),
//! then time, states, inputs, and the temporaries of the tape being run. Operations of equal kind
//! whose operands are ready are gathered into runs, so that evaluation is a short sequence of tight
//! loops without a dispatch per operation; results of a run are consecutive registers.

use super::graph::{Binary, Graph, Id, Node, Unary, apply_binary, apply_unary};
use super::lanes::Lanes;

/// Kind of operation; equal kinds are gathered into runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Unary(Unary),
    Binary(Binary),
    /// (a·b)·c in one step, where a·b is used nowhere else.
    Product,
    PowInt,
    Choose,
    /// Σ cᵢ·xᵢ of so many terms: sums of equal length run in a loop the compiler unrolls.
    Sum(u32),
}

/// Operations of one kind with consecutive results.
#[derive(Debug, Clone)]
struct Run {
    kind: Kind,
    /// First result register.
    first: u32,
    /// Number of operations.
    count: u32,
    /// First operand: index into the array of operands of the kind's arity.
    operands: u32,
}

/// A straight-line program.
#[derive(Debug, Clone, Default)]
struct Tape {
    runs: Vec<Run>,
    singles: Vec<u32>,
    pairs: Vec<[u32; 2]>,
    triples: Vec<[u32; 3]>,
    /// Exponents beside `singles`-like operands of `PowInt`.
    powers: Vec<(u32, i32)>,
    /// Terms of all sums, one sum after the other, and their coefficients.
    sum_terms: Vec<u32>,
    sum_coefficients: Vec<f64>,
    /// Registers of the results asked for.
    roots: Vec<u32>,
}

/// Several tapes over one register file.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    constants: Vec<f64>,
    parameters: usize,
    states: usize,
    inputs: usize,
    prologue: Tape,
    /// Register of time; states and inputs follow.
    time: usize,
    tapes: Vec<Tape>,
    registers: usize,
}

const UNSET: u32 = u32::MAX;

impl Program {
    /// Compiles one tape for each set of roots.
    pub(crate) fn new(
        graph: &Graph,
        parameters: usize,
        states: usize,
        inputs: usize,
        root_sets: &[&[Id]],
    ) -> Self {
        let places: Vec<usize> = (0..states).collect();
        Self::with_states_at(graph, parameters, &places, inputs, root_sets)
    }

    /// The same, with each state at a place of its own in what is given to the tapes.
    pub(super) fn with_states_at(
        graph: &Graph,
        parameters: usize,
        places: &[usize],
        inputs: usize,
        root_sets: &[&[Id]],
    ) -> Self {
        let states = places.len();
        let mut register = vec![UNSET; graph.len()];
        let everything = graph.reachable(root_sets.iter().flat_map(|s| s.iter().copied()));
        let mut constants = Vec::new();
        for id in 0..graph.len() {
            if everything[id]
                && let Some(value) = graph.as_constant(id as Id)
            {
                register[id] = constants.len() as u32;
                constants.push(value);
            }
        }
        let after_constants = constants.len();
        // Static nodes that dynamic nodes or roots read; fused products are found per tape.
        let prologue_start = after_constants + parameters;
        let mut fixed = Vec::new();
        for id in 0..graph.len() {
            if !everything[id] {
                continue;
            }
            match graph.node(id as Id) {
                Node::Parameter(p) => register[id] = (after_constants + p as usize) as u32,
                Node::Constant(_) | Node::Time | Node::State(_) | Node::Input(_) => {}
                _ if graph.is_static(id as Id) => fixed.push(id as Id),
                _ => {}
            }
        }
        let mut prologue = Tape::default();
        let time = prologue.emit(graph, &fixed, &mut register, prologue_start, &|_| false);
        for id in 0..graph.len() {
            match graph.node(id as Id) {
                Node::Time => register[id] = time as u32,
                Node::State(i) => register[id] = (time + 1 + places[i as usize]) as u32,
                Node::Input(i) => register[id] = (time + 1 + states + i as usize) as u32,
                _ => {}
            }
        }
        let temporaries = time + 1 + states + inputs;
        let mut registers = temporaries;
        let mut tapes = Vec::new();
        for roots in root_sets {
            let needed = graph.reachable(roots.iter().copied());
            let mut uses = vec![0_u32; graph.len()];
            let mut varying = Vec::new();
            for id in 0..graph.len() {
                let leaf = matches!(
                    graph.node(id as Id),
                    Node::Constant(_)
                        | Node::Parameter(_)
                        | Node::Time
                        | Node::State(_)
                        | Node::Input(_)
                );
                if needed[id] && !leaf && !graph.is_static(id as Id) {
                    varying.push(id as Id);
                    graph.for_each_child(id as Id, |child| uses[child as usize] += 1);
                }
            }
            // A root is read by the caller and may not vanish into a fused product.
            for &root in *roots {
                uses[root as usize] += 2;
            }
            let mut tape = Tape::default();
            let end = tape
                .emit(graph, &varying, &mut register, temporaries, &|id| uses[id as usize] == 1);
            tape.roots = roots.iter().map(|&r| register[r as usize]).collect();
            registers = registers.max(end);
            for id in varying {
                register[id as usize] = UNSET;
            }
            tapes.push(tape);
        }
        Self { constants, parameters, states, inputs, prologue, time, tapes, registers }
    }

    /// A register file with the constants in place.
    pub(super) fn registers<N: Lanes>(&self) -> Vec<N> {
        let mut registers = vec![N::splat(0.0); self.registers];
        for (register, constant) in registers.iter_mut().zip(&self.constants) {
            *register = N::splat(*constant);
        }
        registers
    }

    /// Sets the parameters and runs the prologue.
    pub(super) fn set_parameters<N: Lanes>(&self, registers: &mut [N], parameters: &[N]) {
        let start = self.constants.len();
        registers[start..start + self.parameters].copy_from_slice(parameters);
        self.prologue.run(registers);
    }

    /// Runs one tape at a point.
    pub(super) fn run(
        &self,
        tape: usize,
        registers: &mut [f64],
        t: f64,
        x: &[f64],
        u: &[f64],
        out: &mut [f64],
    ) {
        self.evaluate(tape, registers, t, x, u);
        self.gather(tape, registers, out);
    }

    /// Leaves the results of a tape at a point in their registers.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "compiled for the instruction set of the caller")]
    pub(super) fn evaluate<N: Lanes>(
        &self,
        tape: usize,
        registers: &mut [N],
        t: N,
        x: &[N],
        u: &[N],
    ) {
        registers[self.time] = t;
        let (x_start, u_start) = (self.time + 1, self.time + 1 + self.states);
        registers[x_start..u_start].copy_from_slice(x);
        registers[u_start..u_start + self.inputs].copy_from_slice(u);
        self.tapes[tape].run(registers);
    }

    /// Reads the results of a tape.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "compiled for the instruction set of the caller")]
    pub(super) fn gather<N: Lanes>(&self, tape: usize, registers: &[N], out: &mut [N]) {
        self.tapes[tape].gather(registers, out);
    }

    /// Where the results of a tape are.
    pub(super) fn roots(&self, tape: usize) -> &[u32] {
        &self.tapes[tape].roots
    }

    /// Reads a tape whose results are fixed by the parameters.
    pub(crate) fn read_static(&self, tape: usize, registers: &[f64], out: &mut [f64]) {
        self.tapes[tape].gather(registers, out);
    }

    /// Number of operations of a tape (a fused product counts once, a sum once per term).
    pub(crate) fn operations(&self, tape: usize) -> usize {
        let tape = &self.tapes[tape];
        tape.singles.len()
            + tape.pairs.len()
            + tape.triples.len()
            + tape.powers.len()
            + tape.sum_terms.len()
    }
}

impl Tape {
    /// Emits `nodes` (in topological order) into registers from `first`; returns the next free one.
    fn emit(
        &mut self,
        graph: &Graph,
        nodes: &[Id],
        register: &mut [u32],
        first: usize,
        used_once: &impl Fn(Id) -> bool,
    ) -> usize {
        // Position of each node in `nodes`, to count unmet operands.
        let mut place = vec![UNSET; graph.len()];
        for (k, &id) in nodes.iter().enumerate() {
            place[id as usize] = k as u32;
        }
        // Products of products: the inner one is fused away where only the outer reads it.
        let mut fused = vec![false; nodes.len()];
        let mut inner_of = vec![UNSET; nodes.len()];
        for (k, &id) in nodes.iter().enumerate() {
            if fused[k] {
                continue;
            }
            if let Node::Binary(Binary::Mul, a, b) = graph.node(id) {
                for inner in [a, b] {
                    let p = place[inner as usize];
                    if p != UNSET
                        && used_once(inner)
                        && inner_of[p as usize] == UNSET
                        && a != b
                        && matches!(graph.node(inner), Node::Binary(Binary::Mul, ..))
                    {
                        fused[p as usize] = true;
                        inner_of[k] = inner;
                        break;
                    }
                }
            }
        }
        let operands = |k: usize, visit: &mut dyn FnMut(Id)| {
            let id = nodes[k];
            if inner_of[k] == UNSET {
                graph.for_each_child(id, &mut *visit);
            } else {
                graph.for_each_child(id, |c| {
                    if c == inner_of[k] {
                        graph.for_each_child(c, &mut *visit);
                    } else {
                        visit(c);
                    }
                });
            }
        };
        let mut missing = vec![0_u32; nodes.len()];
        let mut readers: Vec<Vec<u32>> = vec![Vec::new(); nodes.len()];
        for k in 0..nodes.len() {
            if fused[k] {
                continue;
            }
            operands(k, &mut |c| {
                let p = place[c as usize];
                if p != UNSET {
                    missing[k] += 1;
                    readers[p as usize].push(k as u32);
                }
            });
        }
        let kind = |k: usize| match graph.node(nodes[k]) {
            Node::Unary(op, _) => Kind::Unary(op),
            Node::Binary(..) if inner_of[k] != UNSET => Kind::Product,
            Node::Binary(op, ..) => Kind::Binary(op),
            Node::PowInt(..) => Kind::PowInt,
            Node::Choose(..) => Kind::Choose,
            Node::Sum(s) => Kind::Sum(graph.terms(s).count() as u32),
            // Leaves are never emitted.
            _ => Kind::Sum(0),
        };
        let mut ready: Vec<(Kind, Vec<u32>)> = Vec::new();
        let push = |ready: &mut Vec<(Kind, Vec<u32>)>, k: u32| {
            let kind = kind(k as usize);
            match ready.iter_mut().find(|r| r.0 == kind) {
                Some(r) => r.1.push(k),
                None => ready.push((kind, vec![k])),
            }
        };
        for k in 0..nodes.len() {
            if !fused[k] && missing[k] == 0 {
                push(&mut ready, k as u32);
            }
        }
        let mut next = first as u32;
        // Greedy: the kind with most operations ready goes first; waiting for the others makes
        // their runs longer.
        while let Some(best) = (0..ready.len()).max_by_key(|&r| (ready[r].1.len(), usize::MAX - r))
        {
            let (kind, mut batch) = ready.swap_remove(best);
            batch.sort_unstable();
            let start = match kind {
                Kind::Unary(_) => self.singles.len(),
                Kind::Binary(_) => self.pairs.len(),
                Kind::Product | Kind::Choose => self.triples.len(),
                Kind::PowInt => self.powers.len(),
                Kind::Sum(_) => self.sum_terms.len(),
            };
            let run = Run { kind, first: next, count: batch.len() as u32, operands: start as u32 };
            for &k in &batch {
                let id = nodes[k as usize];
                self.emit_operands(graph, id, inner_of[k as usize], register);
                register[id as usize] = next;
                next += 1;
            }
            self.runs.push(run);
            for &k in &batch {
                for &reader in &readers[k as usize] {
                    missing[reader as usize] -= 1;
                    if missing[reader as usize] == 0 {
                        push(&mut ready, reader);
                    }
                }
            }
        }
        next as usize
    }

    fn emit_operands(&mut self, graph: &Graph, id: Id, inner: Id, register: &[u32]) {
        let at = |id: Id| register[id as usize];
        match graph.node(id) {
            Node::Unary(_, a) => self.singles.push(at(a)),
            Node::Binary(_, a, b) if inner != UNSET => {
                let other = if a == inner { b } else { a };
                if let Node::Binary(_, c, d) = graph.node(inner) {
                    self.triples.push([at(c), at(d), at(other)]);
                }
            }
            Node::Binary(_, a, b) => self.pairs.push([at(a), at(b)]),
            Node::PowInt(a, n) => self.powers.push((at(a), n)),
            Node::Choose(x, a, b) => self.triples.push([at(x), at(a), at(b)]),
            Node::Sum(s) => {
                self.sum_terms.extend(graph.terms(s).map(|(id, _)| at(id)));
                self.sum_coefficients.extend(graph.terms(s).map(|(_, c)| c));
            }
            Node::Constant(_)
            | Node::Parameter(_)
            | Node::Time
            | Node::State(_)
            | Node::Input(_) => {}
        }
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "compiled for the instruction set of the caller")]
    fn gather<N: Lanes>(&self, registers: &[N], out: &mut [N]) {
        for (value, &register) in out.iter_mut().zip(&self.roots) {
            *value = registers[register as usize];
        }
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "compiled for the instruction set of the caller")]
    fn run<N: Lanes>(&self, registers: &mut [N]) {
        for run in &self.runs {
            let (read, write) = registers.split_at_mut(run.first as usize);
            let (start, count) = (run.operands as usize, run.count as usize);
            let write = &mut write[..count];
            match run.kind {
                Kind::Binary(Binary::Add) => self.pairs_run(start, read, write, |a, b| a + b),
                Kind::Binary(Binary::Sub) => self.pairs_run(start, read, write, |a, b| a - b),
                Kind::Binary(Binary::Mul) => self.pairs_run(start, read, write, |a, b| a * b),
                Kind::Binary(Binary::Div) => self.pairs_run(start, read, write, |a, b| a / b),
                Kind::Binary(op) => {
                    self.pairs_run(start, read, write, |a, b| apply_binary(op, a, b));
                }
                Kind::Unary(Unary::Neg) => {
                    for (value, &a) in write.iter_mut().zip(&self.singles[start..start + count]) {
                        *value = read[a as usize].map(|a| -a);
                    }
                }
                Kind::Unary(op) => {
                    for (value, &a) in write.iter_mut().zip(&self.singles[start..start + count]) {
                        *value = read[a as usize].map(|a| apply_unary(op, a));
                    }
                }
                Kind::Product => {
                    for (value, &[a, b, c]) in
                        write.iter_mut().zip(&self.triples[start..start + count])
                    {
                        let product = read[a as usize].zip(read[b as usize], |a, b| a * b);
                        *value = product.zip(read[c as usize], |ab, c| ab * c);
                    }
                }
                Kind::Choose => {
                    for (value, &[x, a, b]) in
                        write.iter_mut().zip(&self.triples[start..start + count])
                    {
                        *value = read[x as usize].choose(read[a as usize], read[b as usize]);
                    }
                }
                Kind::PowInt => {
                    for (value, &(a, n)) in write.iter_mut().zip(&self.powers[start..start + count])
                    {
                        *value = read[a as usize].map(|a| a.powi(n));
                    }
                }
                Kind::Sum(terms) => {
                    let length = terms as usize;
                    let range = start..start + count * length;
                    let sums = (&self.sum_terms[range.clone()], &self.sum_coefficients[range]);
                    match length {
                        2 => sums_run::<2, N>(sums, read, write),
                        3 => sums_run::<3, N>(sums, read, write),
                        4 => sums_run::<4, N>(sums, read, write),
                        5 => sums_run::<5, N>(sums, read, write),
                        6 => sums_run::<6, N>(sums, read, write),
                        7 => sums_run::<7, N>(sums, read, write),
                        8 => sums_run::<8, N>(sums, read, write),
                        _ => long_sums_run(length, sums, read, write),
                    }
                }
            }
        }
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "one tight loop per operation is the point of runs")]
    fn pairs_run<N: Lanes>(
        &self,
        start: usize,
        read: &[N],
        write: &mut [N],
        apply: impl Fn(f64, f64) -> f64,
    ) {
        let operands = &self.pairs[start..start + write.len()];
        for (value, &[a, b]) in write.iter_mut().zip(operands) {
            *value = read[a as usize].zip(read[b as usize], &apply);
        }
    }
}

/// Sums of so many terms each.
#[inline(always)]
#[expect(clippy::inline_always, reason = "compiled for the instruction set of the caller")]
fn sums_run<const LENGTH: usize, N: Lanes>(
    (terms, coefficients): (&[u32], &[f64]),
    read: &[N],
    write: &mut [N],
) {
    let (terms, coefficients) =
        (terms.as_chunks::<LENGTH>().0, coefficients.as_chunks::<LENGTH>().0);
    for ((value, a), c) in write.iter_mut().zip(terms).zip(coefficients) {
        // Two accumulators halve the chain of dependent additions.
        let (mut even, mut odd) = (N::splat(0.0), N::splat(0.0));
        for k in 0..LENGTH {
            let sum = if k % 2 == 0 { &mut even } else { &mut odd };
            *sum = sum.zip(read[a[k] as usize], |sum, x| sum + c[k] * x);
        }
        *value = even.zip(odd, |even, odd| even + odd);
    }
}

/// Sums of `length` terms each; four accumulators.
#[inline(always)]
#[expect(clippy::inline_always, reason = "compiled for the instruction set of the caller")]
fn long_sums_run<N: Lanes>(
    length: usize,
    (terms, coefficients): (&[u32], &[f64]),
    read: &[N],
    write: &mut [N],
) {
    let length = length.max(1);
    let sums = terms.chunks_exact(length).zip(coefficients.chunks_exact(length));
    for (value, (a, c)) in write.iter_mut().zip(sums) {
        let mut parts = [N::splat(0.0); 4];
        for (k, (a, c)) in a.iter().zip(c).enumerate() {
            parts[k % 4] = parts[k % 4].zip(read[*a as usize], |sum, x| sum + c * x);
        }
        let add = |a: N, b: N| a.zip(b, |a, b| a + b);
        *value = add(add(parts[0], parts[1]), add(parts[2], parts[3]));
    }
}
