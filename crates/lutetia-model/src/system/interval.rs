//! Bounds of an expression over a stretch of time.
//!
//! Plain interval arithmetic: what is computed encloses every value the expression takes (up to
//! rounding), so that a stretch whose bounds exclude zero holds no change of sign.

use super::graph::{Binary, Graph, Id, Node, Unary, apply_binary, apply_unary};

/// A closed interval of numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Interval {
    pub(crate) lo: f64,
    pub(crate) hi: f64,
}

impl Interval {
    const ALL: Self = Self { lo: f64::NEG_INFINITY, hi: f64::INFINITY };

    pub(crate) fn point(x: f64) -> Self {
        Self { lo: x, hi: x }
    }

    pub(crate) fn hull(a: f64, b: f64) -> Self {
        Self { lo: a.min(b), hi: a.max(b) }
    }

    /// Nowhere a number: the logarithm of what is negative everywhere.
    const NONE: Self = Self { lo: f64::NAN, hi: f64::NAN };

    fn is_none(self) -> bool {
        self.lo.is_nan() && self.hi.is_nan()
    }

    /// A bound that is not a number could be anything.
    fn known(self) -> Self {
        if self.lo.is_nan() != self.hi.is_nan() { Self::ALL } else { self }
    }

    fn join(self, other: Self) -> Self {
        Self { lo: self.lo.min(other.lo), hi: self.hi.max(other.hi) }
    }

    fn add(self, other: Self) -> Self {
        Self { lo: self.lo + other.lo, hi: self.hi + other.hi }
    }

    fn neg(self) -> Self {
        Self { lo: -self.hi, hi: -self.lo }
    }

    /// Extremes of a function that is monotone in each argument lie at corners.
    fn corners(self, other: Self, f: impl Fn(f64, f64) -> f64) -> Self {
        if self.is_none() || other.is_none() {
            return Self::NONE;
        }
        let all = [
            f(self.lo, other.lo),
            f(self.lo, other.hi),
            f(self.hi, other.lo),
            f(self.hi, other.hi),
        ];
        // 0·∞ is a corner of a product that is nowhere more than its neighbours: unknown is safe.
        if all.iter().any(|x| x.is_nan()) {
            return Self::ALL;
        }
        let [a, b, c, d] = all;
        Self { lo: a.min(b).min(c).min(d), hi: a.max(b).max(c).max(d) }
    }

    fn div(self, other: Self) -> Self {
        if other.lo > 0.0 || other.hi < 0.0 { self.corners(other, |a, b| a / b) } else { Self::ALL }
    }

    fn powi(self, n: i32) -> Self {
        if n < 0 {
            return Self::point(1.0).div(self.powi(n.saturating_neg()));
        }
        let (a, b) = (self.lo.powi(n), self.hi.powi(n));
        if n % 2 == 0 && self.lo < 0.0 && self.hi > 0.0 {
            Self { lo: 0.0, hi: a.max(b) }
        } else {
            Self::hull(a, b)
        }
    }

    fn unary(self, op: Unary) -> Self {
        match op {
            Unary::Neg => self.neg(),
            Unary::Abs if self.lo < 0.0 && self.hi > 0.0 => {
                Self { lo: 0.0, hi: self.hi.max(-self.lo) }
            }
            Unary::Abs => Self::hull(self.lo.abs(), self.hi.abs()),
            Unary::Sqrt | Unary::Ln | Unary::Log10 if self.hi < 0.0 => Self::NONE,
            // A root or logarithm of what may be negative is not a number there.
            Unary::Sqrt | Unary::Ln | Unary::Log10 if self.lo < 0.0 => Self::ALL,
            Unary::SqrtSlope => Self { lo: 0.0, hi: f64::INFINITY },
            // All others rise.
            _ => Self { lo: apply_unary(op, self.lo), hi: apply_unary(op, self.hi) },
        }
    }

    fn binary(self, op: Binary, other: Self, same: bool) -> Self {
        match op {
            Binary::Add => self.add(other),
            Binary::Sub => self.add(other.neg()),
            Binary::Mul if same => self.powi(2),
            Binary::Mul => self.corners(other, |a, b| a * b),
            Binary::Div => self.div(other),
            Binary::Pow if self.lo > 0.0 => self.corners(other, f64::powf),
            Binary::Min | Binary::Max => Self {
                lo: apply_binary(op, self.lo, other.lo),
                hi: apply_binary(op, self.hi, other.hi),
            },
            Binary::Ratio if other.hi <= 0.0 => Self::point(0.0),
            Binary::Ratio if other.lo > 0.0 => self.div(other),
            Binary::Pow | Binary::Ratio | Binary::PowSlope | Binary::PowLn => Self::ALL,
        }
    }
}

/// Where an expression of time alone is evaluated.
pub(crate) struct Place<'a> {
    pub(crate) time: Interval,
    pub(crate) parameters: &'a [f64],
    pub(crate) inputs: &'a [Interval],
}

/// Bounds of the last of `nodes`, which holds everything it needs in topological order; `values`
/// is scratch, indexed by node.
pub(crate) fn bounds(
    graph: &Graph,
    nodes: &[Id],
    place: &Place<'_>,
    values: &mut Vec<Interval>,
) -> Interval {
    values.resize(graph.len(), Interval::ALL);
    let mut last = Interval::ALL;
    for &id in nodes {
        let at = |id: Id| values[id as usize];
        let value = match graph.node(id) {
            Node::Constant(bits) => Interval::point(f64::from_bits(bits)),
            Node::Parameter(p) => Interval::point(place.parameters[p as usize]),
            Node::Time => place.time,
            Node::Input(i) => place.inputs.get(i as usize).copied().unwrap_or(Interval::ALL),
            Node::State(_) => Interval::ALL,
            Node::Unary(op, a) => at(a).unary(op),
            Node::Binary(op, a, b) => at(a).binary(op, at(b), a == b),
            Node::PowInt(a, n) => at(a).powi(n),
            Node::Choose(x, a, b) => {
                let x = at(x);
                if x.lo > 0.0 {
                    at(a)
                } else if x.hi <= 0.0 {
                    at(b)
                } else {
                    at(a).join(at(b))
                }
            }
            Node::Sum(s) => graph.terms(s).fold(Interval::point(0.0), |sum, (id, c)| {
                let term = at(id);
                sum.add(Interval::hull(c * term.lo, c * term.hi).known())
            }),
        };
        last = value.known();
        values[id as usize] = last;
    }
    last
}
