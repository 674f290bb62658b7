//! The expression graph: every distinct expression exists once.
//!
//! Nodes are hash-consed and simplified on construction (constants folded, `x·0`, `x·1`, `x + 0`,
//! signs moved into sums, parameter-only factors of a product gathered so that they are evaluated
//! once per parameter set). Children are always created before their parents, so the order of the
//! nodes is a topological order and every walk is a plain loop: no recursion, whatever the file
//! contains.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

/// Index of a node.
pub(crate) type Id = u32;

/// Functions of one argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Unary {
    Neg,
    Sqrt,
    Exp,
    Ln,
    Log10,
    Abs,
    Tanh,
    /// 0 below zero, else 1.
    Step,
    /// Derivative of `Abs`: −1 below zero, else 1.
    Sign,
    /// Derivative of `Sqrt`; 0 at zero, where it is infinite, so that a Jacobian stays finite.
    SqrtSlope,
}

/// Functions of two arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Binary {
    Add,
    Sub,
    Mul,
    Div,
    Pow,
    Min,
    Max,
    /// a/b where b > 0, else 0: the share of a form in a total that may be empty.
    Ratio,
    /// ∂(aᵇ)/∂a; 0 where infinite (a = 0, b < 1).
    PowSlope,
    /// ∂(aᵇ)/∂b = aᵇ ln a; 0 for a ≤ 0.
    PowLn,
}

/// A node. Constants are kept by their bits so that nodes can be compared and hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Node {
    Constant(u64),
    Parameter(u32),
    Time,
    State(u32),
    Input(u32),
    Unary(Unary, Id),
    Binary(Binary, Id, Id),
    /// Integer power, |n| > 3.
    PowInt(Id, i32),
    /// Second where the first is positive, else third.
    Choose(Id, Id, Id),
    /// Σ cᵢ·xᵢ: index into `Graph::sums`.
    Sum(u32),
}

/// What a node depends on, as bits.
pub(crate) mod depends {
    pub(crate) const PARAMETERS: u8 = 1;
    pub(crate) const DYNAMIC: u8 = 2;
}

/// The multiply–rotate hash of rustc: keys here are small integers and trusted.
#[derive(Default, Clone)]
pub(crate) struct QuickHasher(u64);

impl Hasher for QuickHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for &b in bytes {
            self.write_u64(u64::from(b));
        }
    }
    fn write_u8(&mut self, x: u8) {
        self.write_u64(u64::from(x));
    }
    fn write_u32(&mut self, x: u32) {
        self.write_u64(u64::from(x));
    }
    fn write_u64(&mut self, x: u64) {
        self.0 = (self.0.rotate_left(5) ^ x).wrapping_mul(0x517c_c1b7_2722_0a95);
    }
    fn write_usize(&mut self, x: usize) {
        self.write_u64(x as u64);
    }
}

type Quick = BuildHasherDefault<QuickHasher>;
type Terms = Box<[(Id, u64)]>;

/// The graph.
#[derive(Debug, Clone, Default)]
pub(crate) struct Graph {
    nodes: Vec<Node>,
    depends: Vec<u8>,
    index: HashMap<Node, Id, Quick>,
    sums: Vec<Terms>,
    sum_index: HashMap<Terms, Id, Quick>,
}

impl Graph {
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(crate) fn node(&self, id: Id) -> Node {
        self.nodes[id as usize]
    }

    /// Terms of a `Node::Sum`.
    pub(crate) fn terms(&self, sum: u32) -> impl Iterator<Item = (Id, f64)> + '_ {
        self.sums[sum as usize].iter().map(|&(id, bits)| (id, f64::from_bits(bits)))
    }

    /// Bits of [`depends`].
    pub(crate) fn depends(&self, id: Id) -> u8 {
        self.depends[id as usize]
    }

    /// Whether the value is fixed once the parameters are.
    pub(crate) fn is_static(&self, id: Id) -> bool {
        self.depends(id) & depends::DYNAMIC == 0
    }

    /// The value of a constant node.
    pub(crate) fn as_constant(&self, id: Id) -> Option<f64> {
        match self.node(id) {
            Node::Constant(bits) => Some(f64::from_bits(bits)),
            _ => None,
        }
    }

    fn is_value(&self, id: Id, value: f64) -> bool {
        // Exactly the value is meant: 0 and 1 are the neutral elements. −0 counts as 0.
        self.as_constant(id).is_some_and(|c| {
            c.to_bits() == value.to_bits() || (c + value == 0.0 && c - value == 0.0)
        })
    }

    pub(crate) fn is_zero(&self, id: Id) -> bool {
        self.is_value(id, 0.0)
    }

    /// Calls `visit` on the children of a node.
    pub(crate) fn for_each_child(&self, id: Id, mut visit: impl FnMut(Id)) {
        match self.node(id) {
            Node::Constant(_)
            | Node::Parameter(_)
            | Node::Time
            | Node::State(_)
            | Node::Input(_) => {}
            Node::Unary(_, a) | Node::PowInt(a, _) => visit(a),
            Node::Binary(_, a, b) => {
                visit(a);
                visit(b);
            }
            Node::Choose(a, b, c) => {
                visit(a);
                visit(b);
                visit(c);
            }
            Node::Sum(s) => self.sums[s as usize].iter().for_each(|t| visit(t.0)),
        }
    }

    /// Marks everything the roots need; index = node.
    pub(crate) fn reachable(&self, roots: impl IntoIterator<Item = Id>) -> Vec<bool> {
        let mut needed = vec![false; self.len()];
        for root in roots {
            needed[root as usize] = true;
        }
        for id in (0..self.len()).rev() {
            if needed[id] {
                self.for_each_child(id as Id, |child| needed[child as usize] = true);
            }
        }
        needed
    }

    fn intern(&mut self, node: Node) -> Id {
        if let Some(&id) = self.index.get(&node) {
            return id;
        }
        let mut bits = match node {
            Node::Parameter(_) => depends::PARAMETERS,
            Node::Time | Node::State(_) | Node::Input(_) => depends::DYNAMIC,
            _ => 0,
        };
        let id = self.nodes.len() as Id;
        self.nodes.push(node);
        self.depends.push(0);
        self.for_each_child(id, |child| bits |= self.depends[child as usize]);
        self.depends[id as usize] = bits;
        self.index.insert(node, id);
        id
    }

    pub(crate) fn constant(&mut self, value: f64) -> Id {
        // One zero only: −0 and 0 must be the same node.
        let value = if value.abs() > 0.0 || value.is_nan() { value } else { 0.0 };
        self.intern(Node::Constant(value.to_bits()))
    }

    pub(crate) fn parameter(&mut self, index: usize) -> Id {
        self.intern(Node::Parameter(index as u32))
    }

    pub(crate) fn time(&mut self) -> Id {
        self.intern(Node::Time)
    }

    pub(crate) fn state(&mut self, index: usize) -> Id {
        self.intern(Node::State(index as u32))
    }

    pub(crate) fn input(&mut self, index: usize) -> Id {
        self.intern(Node::Input(index as u32))
    }

    pub(crate) fn unary(&mut self, op: Unary, a: Id) -> Id {
        if let Some(x) = self.as_constant(a) {
            return self.constant(apply_unary(op, x));
        }
        if op == Unary::Neg {
            match self.node(a) {
                Node::Unary(Unary::Neg, inner) => return inner,
                Node::Binary(Binary::Sub, x, y) => return self.sub(y, x),
                _ => {}
            }
        }
        self.intern(Node::Unary(op, a))
    }

    pub(crate) fn neg(&mut self, a: Id) -> Id {
        self.unary(Unary::Neg, a)
    }

    fn unnegated(&self, a: Id) -> Option<Id> {
        match self.node(a) {
            Node::Unary(Unary::Neg, inner) => Some(inner),
            _ => None,
        }
    }

    pub(crate) fn add(&mut self, a: Id, b: Id) -> Id {
        if let (Some(x), Some(y)) = (self.as_constant(a), self.as_constant(b)) {
            return self.constant(x + y);
        }
        if self.is_zero(a) {
            return b;
        }
        if self.is_zero(b) {
            return a;
        }
        if let Some(inner) = self.unnegated(b) {
            return self.sub(a, inner);
        }
        if let Some(inner) = self.unnegated(a) {
            return self.sub(b, inner);
        }
        self.intern(Node::Binary(Binary::Add, a.min(b), a.max(b)))
    }

    pub(crate) fn sub(&mut self, a: Id, b: Id) -> Id {
        if let (Some(x), Some(y)) = (self.as_constant(a), self.as_constant(b)) {
            return self.constant(x - y);
        }
        if a == b {
            return self.constant(0.0);
        }
        if self.is_zero(b) {
            return a;
        }
        if let Some(inner) = self.unnegated(b) {
            return self.add(a, inner);
        }
        if self.is_zero(a) {
            return self.neg(b);
        }
        self.intern(Node::Binary(Binary::Sub, a, b))
    }

    /// Splits a product into its varying and its parameter-only factor.
    fn factors(&self, a: Id) -> (Option<Id>, Option<Id>) {
        if self.is_static(a) {
            return (None, Some(a));
        }
        match self.node(a) {
            Node::Binary(Binary::Mul, x, p) if self.is_static(p) => (Some(x), Some(p)),
            _ => (Some(a), None),
        }
    }

    pub(crate) fn mul(&mut self, a: Id, b: Id) -> Id {
        if let (Some(x), Some(y)) = (self.as_constant(a), self.as_constant(b)) {
            return self.constant(x * y);
        }
        if self.is_zero(a) || self.is_zero(b) {
            return self.constant(0.0);
        }
        if self.is_value(a, 1.0) {
            return b;
        }
        if self.is_value(b, 1.0) {
            return a;
        }
        if self.is_value(a, -1.0) {
            return self.neg(b);
        }
        if self.is_value(b, -1.0) {
            return self.neg(a);
        }
        if let Some(inner) = self.unnegated(a) {
            let product = self.mul(inner, b);
            return self.neg(product);
        }
        if let Some(inner) = self.unnegated(b) {
            let product = self.mul(a, inner);
            return self.neg(product);
        }
        let ((x, p), (y, q)) = (self.factors(a), self.factors(b));
        let fixed = match (p, q) {
            (Some(p), Some(q)) => Some(self.mul_plain(p, q)),
            (one, other) => one.or(other),
        };
        let varying = match (x, y) {
            (Some(x), Some(y)) => Some(self.mul_plain(x, y)),
            (one, other) => one.or(other),
        };
        match (varying, fixed) {
            (Some(v), Some(f)) => {
                if self.is_value(f, 1.0) {
                    v
                } else {
                    // The parameter-only factor stays on the right, where `factors` finds it.
                    self.intern(Node::Binary(Binary::Mul, v, f))
                }
            }
            (Some(v), None) => v,
            (None, Some(f)) => f,
            (None, None) => self.constant(1.0),
        }
    }

    fn mul_plain(&mut self, a: Id, b: Id) -> Id {
        if let (Some(x), Some(y)) = (self.as_constant(a), self.as_constant(b)) {
            return self.constant(x * y);
        }
        if self.is_value(a, 1.0) {
            return b;
        }
        if self.is_value(b, 1.0) {
            return a;
        }
        // (p/q)·q and p·(1/p) are common where concentrations meet volumes.
        if let Node::Binary(Binary::Div | Binary::Ratio, n, d) = self.node(a)
            && d == b
        {
            return n;
        }
        if let Node::Binary(Binary::Div | Binary::Ratio, n, d) = self.node(b)
            && d == a
        {
            return n;
        }
        self.intern(Node::Binary(Binary::Mul, a.min(b), a.max(b)))
    }

    pub(crate) fn div(&mut self, a: Id, b: Id) -> Id {
        if let (Some(x), Some(y)) = (self.as_constant(a), self.as_constant(b)) {
            return self.constant(x / y);
        }
        if self.is_zero(a) {
            return a;
        }
        if self.is_value(b, 1.0) {
            return a;
        }
        if let Some(inner) = self.unnegated(a) {
            let quotient = self.div(inner, b);
            return self.neg(quotient);
        }
        if let Some(inner) = self.unnegated(b) {
            let quotient = self.div(a, inner);
            return self.neg(quotient);
        }
        if self.is_static(b) && !self.is_static(a) {
            let one = self.constant(1.0);
            let reciprocal = self.div(one, b);
            return self.mul(a, reciprocal);
        }
        // Keep parameter-only factors of the numerator outside: (x·p)/y = (x/y)·p.
        if let (Some(x), Some(p)) = self.factors(a) {
            let quotient = self.intern(Node::Binary(Binary::Div, x, b));
            return self.mul(quotient, p);
        }
        self.intern(Node::Binary(Binary::Div, a, b))
    }

    /// a/b where b > 0, else 0.
    pub(crate) fn ratio(&mut self, a: Id, b: Id) -> Id {
        if self.is_zero(a) {
            return a;
        }
        match self.as_constant(b) {
            Some(y) if y > 0.0 => self.div(a, b),
            Some(_) => self.constant(0.0),
            None => self.intern(Node::Binary(Binary::Ratio, a, b)),
        }
    }

    /// a/V: a concentration, or what a flow does to an amount. A compartment of volume zero is not
    /// there: what is in it, and its concentration, are zero.
    pub(crate) fn per_volume(&mut self, a: Id, volume: Id) -> Id {
        if self.as_constant(volume).is_some_and(|v| v > 0.0) {
            return self.div(a, volume);
        }
        if self.is_static(volume) && !self.is_static(a) {
            let one = self.constant(1.0);
            let reciprocal = self.ratio(one, volume);
            return self.mul(a, reciprocal);
        }
        if let (Some(x), Some(p)) = self.factors(a) {
            let quotient = self.ratio(x, volume);
            return self.mul(quotient, p);
        }
        self.ratio(a, volume)
    }

    pub(crate) fn pow(&mut self, a: Id, b: Id) -> Id {
        if let Some(n) = self.as_constant(b) {
            if let Some(x) = self.as_constant(a) {
                return self.constant(x.powf(n));
            }
            if n.fract().abs() <= 0.0 && n.abs() <= 64.0 {
                return self.powi(a, n as i32);
            }
            if (n - 0.5).abs() <= 0.0 {
                return self.unary(Unary::Sqrt, a);
            }
        }
        if self.is_value(a, 1.0) {
            return a;
        }
        self.intern(Node::Binary(Binary::Pow, a, b))
    }

    pub(crate) fn powi(&mut self, a: Id, n: i32) -> Id {
        if let Some(x) = self.as_constant(a) {
            return self.constant(x.powi(n));
        }
        match n {
            0 => self.constant(1.0),
            1 => a,
            2 => self.mul(a, a),
            3 => {
                let square = self.mul(a, a);
                self.mul(square, a)
            }
            -3..=-1 => {
                let positive = self.powi(a, -n);
                let one = self.constant(1.0);
                self.div(one, positive)
            }
            _ => self.intern(Node::PowInt(a, n)),
        }
    }

    pub(crate) fn binary(&mut self, op: Binary, a: Id, b: Id) -> Id {
        match op {
            Binary::Add => self.add(a, b),
            Binary::Sub => self.sub(a, b),
            Binary::Mul => self.mul(a, b),
            Binary::Div => self.div(a, b),
            Binary::Pow => self.pow(a, b),
            Binary::Ratio => self.ratio(a, b),
            Binary::Min | Binary::Max if a == b => a,
            Binary::Min | Binary::Max | Binary::PowSlope | Binary::PowLn => {
                if let (Some(x), Some(y)) = (self.as_constant(a), self.as_constant(b)) {
                    return self.constant(apply_binary(op, x, y));
                }
                self.intern(Node::Binary(op, a, b))
            }
        }
    }

    /// `a` where `x` > 0, else `b`.
    pub(crate) fn choose(&mut self, x: Id, a: Id, b: Id) -> Id {
        self.choose_within(x, a, b, 64)
    }

    fn choose_within(&mut self, x: Id, a: Id, b: Id, depth: u32) -> Id {
        if a == b {
            return a;
        }
        match self.as_constant(x) {
            Some(c) if c > 0.0 => return a,
            Some(_) => return b,
            None => {}
        }
        // What hangs on a condition hangs on what decides the condition: one branch after the other, so that each
        // comparison is an argument of its own.
        if let Node::Choose(decides, on, off) = self.node(x)
            && depth > 0
        {
            let pick = |graph: &mut Self, branch: Id| graph.choose_within(branch, a, b, depth - 1);
            if self.as_constant(on).is_some() || self.as_constant(off).is_some() {
                let (on, off) = (pick(self, on), pick(self, off));
                return self.choose_within(decides, on, off, 0);
            }
        }
        // A branch that asks the same again knows the answer.
        let a = match self.node(a) {
            Node::Choose(same, on, _) if same == x => on,
            _ => a,
        };
        let b = match self.node(b) {
            Node::Choose(same, _, off) if same == x => off,
            _ => b,
        };
        if a == b { a } else { self.intern(Node::Choose(x, a, b)) }
    }

    /// Σ cᵢ·xᵢ, with equal terms merged, constants folded and signs absorbed.
    pub(crate) fn sum(&mut self, terms: impl IntoIterator<Item = (Id, f64)>) -> Id {
        let mut constant = 0.0;
        let mut list: Vec<(Id, f64)> = Vec::new();
        for (mut id, mut c) in terms {
            while let Some(inner) = self.unnegated(id) {
                id = inner;
                c = -c;
            }
            if let Some(x) = self.as_constant(id) {
                constant += c * x;
                continue;
            }
            if let Node::Binary(Binary::Mul, x, p) = self.node(id)
                && let Some(k) = self.as_constant(p)
            {
                id = x;
                c *= k;
            }
            list.push((id, c));
        }
        list.sort_by_key(|t| t.0);
        list.dedup_by(|later, kept| {
            let same = later.0 == kept.0;
            if same {
                kept.1 += later.1;
            }
            same
        });
        list.retain(|t| t.1.abs() > 0.0 || t.1.is_nan());
        let one = 1.0_f64.to_bits();
        let minus_one = (-1.0_f64).to_bits();
        let plain = |c: f64| c.to_bits() == one || c.to_bits() == minus_one;
        if constant.abs() > 0.0 || constant.is_nan() {
            let id = self.constant(constant);
            list.push((id, 1.0));
        }
        match *list.as_slice() {
            [] => self.constant(0.0),
            [(a, c)] => {
                let k = self.constant(c);
                self.mul(a, k)
            }
            [(a, c), (b, d)] if plain(c) && plain(d) => match (c > 0.0, d > 0.0) {
                (true, true) => self.add(a, b),
                (true, false) => self.sub(a, b),
                (false, true) => self.sub(b, a),
                (false, false) => {
                    let both = self.add(a, b);
                    self.neg(both)
                }
            },
            _ => {
                let key: Terms = list.iter().map(|&(id, c)| (id, c.to_bits())).collect();
                if let Some(&id) = self.sum_index.get(&key) {
                    return id;
                }
                let sum = self.sums.len() as u32;
                self.sums.push(key.clone());
                let id = self.intern(Node::Sum(sum));
                self.sum_index.insert(key, id);
                id
            }
        }
    }

    /// The total divided out of `a`: b with a = b·total for every value of total, if `a` is a
    /// product, quotient, sum or choice in which every term contains `total` as a factor.
    pub(crate) fn divide_out(&mut self, a: Id, total: Id) -> Option<Id> {
        // Chains of definitions deeper than this are not followed; the guarded ratio takes over.
        self.divide_out_within(a, total, 48, &mut HashMap::default())
    }

    fn divide_out_within(
        &mut self,
        a: Id,
        total: Id,
        depth: u32,
        known: &mut HashMap<Id, Option<Id>, Quick>,
    ) -> Option<Id> {
        if a == total {
            return Some(self.constant(1.0));
        }
        if self.is_zero(a) {
            return Some(a);
        }
        if depth == 0 {
            return None;
        }
        // Shared parts are looked at once, or squares of squares would cost 2^depth.
        if let Some(&quotient) = known.get(&a) {
            return quotient;
        }
        let quotient = self.divide_node(a, total, depth, known);
        known.insert(a, quotient);
        quotient
    }

    fn divide_node(
        &mut self,
        a: Id,
        total: Id,
        depth: u32,
        known: &mut HashMap<Id, Option<Id>, Quick>,
    ) -> Option<Id> {
        let next = depth - 1;
        match self.node(a) {
            Node::Unary(Unary::Neg, x) => {
                let x = self.divide_out_within(x, total, next, known)?;
                Some(self.neg(x))
            }
            Node::Binary(Binary::Mul, x, y) => {
                if let Some(x) = self.divide_out_within(x, total, next, known) {
                    return Some(self.mul(x, y));
                }
                let y = self.divide_out_within(y, total, next, known)?;
                Some(self.mul(x, y))
            }
            Node::Binary(Binary::Div, x, y) => {
                let x = self.divide_out_within(x, total, next, known)?;
                Some(self.div(x, y))
            }
            Node::Binary(Binary::Ratio, x, y) => {
                let x = self.divide_out_within(x, total, next, known)?;
                Some(self.ratio(x, y))
            }
            Node::Binary(Binary::Add, x, y) => {
                let x = self.divide_out_within(x, total, next, known)?;
                let y = self.divide_out_within(y, total, next, known)?;
                Some(self.add(x, y))
            }
            Node::Binary(Binary::Sub, x, y) => {
                let x = self.divide_out_within(x, total, next, known)?;
                let y = self.divide_out_within(y, total, next, known)?;
                Some(self.sub(x, y))
            }
            Node::PowInt(x, n) if n > 0 => {
                let quotient = self.divide_out_within(x, total, next, known)?;
                let rest = self.powi(x, n - 1);
                Some(self.mul(quotient, rest))
            }
            Node::Choose(c, x, y) => {
                let x = self.divide_out_within(x, total, next, known)?;
                let y = self.divide_out_within(y, total, next, known)?;
                Some(self.choose(c, x, y))
            }
            Node::Sum(s) => {
                let terms: Vec<(Id, f64)> = self.terms(s).collect();
                let mut quotients = Vec::with_capacity(terms.len());
                for (id, c) in terms {
                    quotients.push((self.divide_out_within(id, total, next, known)?, c));
                }
                Some(self.sum(quotients))
            }
            _ => None,
        }
    }
}

/// The value of a function of one argument.
#[inline]
pub(crate) fn apply_unary(op: Unary, x: f64) -> f64 {
    match op {
        Unary::Neg => -x,
        Unary::Sqrt => x.sqrt(),
        Unary::Exp => x.exp(),
        Unary::Ln => x.ln(),
        Unary::Log10 => x.log10(),
        Unary::Abs => x.abs(),
        Unary::Tanh => x.tanh(),
        Unary::Step => {
            if x < 0.0 {
                0.0
            } else {
                1.0
            }
        }
        Unary::Sign => {
            if x < 0.0 {
                -1.0
            } else {
                1.0
            }
        }
        Unary::SqrtSlope => {
            if x > 0.0 {
                0.5 / x.sqrt()
            } else {
                0.0
            }
        }
    }
}

/// The value of a function of two arguments.
#[inline]
pub(crate) fn apply_binary(op: Binary, a: f64, b: f64) -> f64 {
    match op {
        Binary::Add => a + b,
        Binary::Sub => a - b,
        Binary::Mul => a * b,
        Binary::Div => a / b,
        Binary::Pow => a.powf(b),
        Binary::Min => a.min(b),
        Binary::Max => a.max(b),
        Binary::Ratio => {
            if b > 0.0 {
                a / b
            } else {
                0.0
            }
        }
        Binary::PowSlope => {
            let slope = b * a.powf(b - 1.0);
            if slope.is_finite() { slope } else { 0.0 }
        }
        Binary::PowLn => {
            if a > 0.0 {
                a.powf(b) * a.ln()
            } else {
                0.0
            }
        }
    }
}
