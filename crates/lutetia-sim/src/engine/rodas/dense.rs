//! The state anywhere within the last step of one lane.

use lutetia_model::system::Pack;

use super::method::{Q, R};
use crate::switches::Interpolant;

/// Nodes and weights of Gauss quadrature with three points on (0, 1).
const GAUSS: [(f64, f64); 3] = [
    (0.112_701_665_379_258_31, 5.0 / 18.0),
    (0.5, 4.0 / 9.0),
    (0.887_298_334_620_741_7, 5.0 / 18.0),
];

/// A step: the cubic of its continuous output.
#[derive(Debug, Default)]
pub(super) struct Dense {
    from: f64,
    to: f64,
    x: Vec<f64>,
    y: Vec<f64>,
    q: Vec<f64>,
    r: Vec<f64>,
}

/// A step as a group took it: from where to where in time, the states before and after, and the stages.
pub(super) struct Taken<'a, const L: usize> {
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) x: &'a [Pack<L>],
    pub(super) y: &'a [Pack<L>],
    pub(super) k: &'a [Vec<Pack<L>>; 6],
}

impl Dense {
    /// Takes the step of one lane.
    pub(super) fn take<const L: usize>(&mut self, lane: usize, step: &Taken<'_, L>) {
        (self.from, self.to) = (step.from, step.to);
        let of = |packs: &[Pack<L>], into: &mut Vec<f64>| {
            into.clear();
            into.extend(packs.iter().map(|pack| pack.0[lane]));
        };
        of(step.x, &mut self.x);
        of(step.y, &mut self.y);
        for (weights, into) in [(&Q, &mut self.q), (&R, &mut self.r)] {
            into.clear();
            into.extend((0..step.x.len()).map(|state| {
                let mut sum = 0.0;
                for (weight, k) in weights.iter().zip(step.k) {
                    sum += weight * k[state].0[lane];
                }
                sum
            }));
        }
    }

    /// The time integral from `from` to `to`, both within the step, of what `values` reads of a time and a state: exact
    /// for polynomials of degree five.
    pub(super) fn integrate(
        &self,
        (from, to): (f64, f64),
        state: &mut Vec<f64>,
        mut values: impl FnMut(f64, &[f64], f64),
    ) {
        let length = to - from;
        if length <= 0.0 {
            return;
        }
        state.resize(self.x.len(), 0.0);
        for (node, weight) in GAUSS {
            let time = from + node * length;
            self.state_at(time, state);
            values(time, state, weight * length);
        }
    }
}

impl Interpolant for Dense {
    fn last_step(&self) -> Option<(f64, f64)> {
        (self.to > self.from).then_some((self.from, self.to))
    }

    fn state_at(&self, elapsed: f64, x: &mut [f64]) {
        let s = ((elapsed - self.from) / (self.to - self.from)).clamp(0.0, 1.0);
        let rest = 1.0 - s;
        for (k, value) in x.iter_mut().enumerate() {
            *value = rest * self.x[k] + s * (self.y[k] + rest * (self.q[k] + s * self.r[k]));
        }
    }
}
