//! What happened between the last steps?
//!
//! Keeps the last accepted points of a segment and interpolates through them. The degree is the
//! order the integrator used for its last step, so that the interpolation error is of the size of
//! the local error the integrator just accepted. (diffsol's own interpolant is rescaled when a step
//! is cut short to hit a stop, which costs digits; the accepted points are never touched again.)

use crate::switches::Interpolant;

/// Points kept: the highest order of the integrator and one more.
const MOST_POINTS: usize = 6;

/// One accepted point.
#[derive(Debug, Clone, Default)]
pub(crate) struct Point {
    /// Since the start of the segment.
    pub(crate) time: f64,
    /// State.
    pub(crate) x: Vec<f64>,
    /// Tangents, lane after lane; empty without sensitivities.
    pub(crate) s: Vec<f64>,
    /// Values to be integrated over time.
    pub(crate) integrands: Vec<f64>,
}

/// The last accepted points, newest last.
#[derive(Debug, Default)]
pub(crate) struct History {
    points: Vec<Point>,
    degree: usize,
}

impl History {
    /// Forgets everything: a segment begins.
    pub(crate) fn clear(&mut self) {
        self.points.clear();
        self.degree = 0;
    }

    /// Adds the newest point; `order` is that of the step that led to it.
    pub(crate) fn push(&mut self, order: usize, fill: impl FnOnce(&mut Point)) {
        let mut point =
            if self.points.len() == MOST_POINTS { self.points.remove(0) } else { Point::default() };
        fill(&mut point);
        // Two points at one time cannot be interpolated.
        if self.points.last().is_some_and(|last| point.time <= last.time) {
            self.points.pop();
        }
        self.points.push(point);
        self.degree = order.min(self.points.len() - 1);
    }

    /// The newest point.
    pub(crate) fn newest(&self) -> Option<&Point> {
        self.points.last()
    }

    fn nodes(&self) -> &[Point] {
        &self.points[self.points.len().saturating_sub(self.degree + 1)..]
    }

    /// Lagrange weights of the points used, at time `t`.
    fn weights(&self, t: f64) -> ([f64; MOST_POINTS], &[Point]) {
        let nodes = self.nodes();
        let mut weights = [0.0; MOST_POINTS];
        for (i, node) in nodes.iter().enumerate() {
            weights[i] = 1.0;
            for (j, other) in nodes.iter().enumerate() {
                if i != j {
                    weights[i] *= (t - other.time) / (node.time - other.time);
                }
            }
        }
        (weights, nodes)
    }

    /// Weighted sum of one field of the points.
    fn combine<'p>(
        weights: &[f64; MOST_POINTS],
        nodes: &'p [Point],
        field: impl Fn(&'p Point) -> &'p [f64],
        into: &mut [f64],
    ) {
        into.fill(0.0);
        for (weight, node) in weights.iter().zip(nodes) {
            for (target, value) in into.iter_mut().zip(field(node)) {
                *target += weight * value;
            }
        }
    }

    /// State and tangents at a time within the last step.
    pub(crate) fn at(&self, t: f64, x: &mut [f64], s: &mut [f64]) {
        let (weights, nodes) = self.weights(t);
        Self::combine(&weights, nodes, |p| &p.x, x);
        Self::combine(&weights, nodes, |p| &p.s, s);
    }

    /// Adds the integral of the integrands from `from` to `to`, both within the last step. Gauss
    /// quadrature with three points is exact for the polynomials used here (degree ≤ 5).
    pub(crate) fn integrate(&self, from: f64, to: f64, into: &mut [f64]) {
        const NODE: f64 = 0.774_596_669_241_483_4;
        if into.is_empty() || self.points.is_empty() {
            return;
        }
        let (middle, half) = (0.5 * (from + to), 0.5 * (to - from));
        let mut total = [0.0; MOST_POINTS];
        for (offset, weight) in [(-NODE, 5.0 / 9.0), (0.0, 8.0 / 9.0), (NODE, 5.0 / 9.0)] {
            let (weights, _) = self.weights(middle + half * offset);
            for (sum, w) in total.iter_mut().zip(weights) {
                *sum += weight * half * w;
            }
        }
        let nodes = self.nodes();
        for (k, target) in into.iter_mut().enumerate() {
            let (mut part, mut least) = (0.0, f64::INFINITY);
            for (weight, node) in total.iter().zip(nodes) {
                part += weight * node.integrands[k];
                least = least.min(node.integrands[k]);
            }
            // A polynomial through numbers that are not negative may dip below zero.
            *target += if least >= 0.0 && to >= from { f64::max(part, 0.0) } else { part };
        }
    }
}

impl Interpolant for History {
    fn last_step(&self) -> Option<(f64, f64)> {
        match self.points.as_slice() {
            [.., before, last] => Some((before.time, last.time)),
            _ => None,
        }
    }

    fn state_at(&self, elapsed: f64, x: &mut [f64]) {
        self.at(elapsed, x, &mut []);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_polynomials_of_the_order_are_reproduced_and_integrated() {
        let value = |t: f64| 1.0 - 2.0 * t + 0.5 * t.powi(3) - 0.1 * t.powi(5);
        let integral = |t: f64| t - t * t + 0.125 * t.powi(4) - 0.1 / 6.0 * t.powi(6);
        let mut history = History::default();
        for time in [-1.0, 0.0, 0.3, 0.5, 0.9, 1.0, 1.4, 2.0] {
            history.push(5, |p| {
                p.time = time;
                p.x = vec![value(time)];
                p.integrands = vec![value(time)];
            });
        }
        let mut x = [0.0];
        history.at(1.7, &mut x, &mut []);
        // Six points of a quintic: rounding only.
        assert!((x[0] - value(1.7)).abs() < 1e-13);
        let mut sum = [0.0];
        history.integrate(1.4, 1.7, &mut sum);
        history.integrate(1.7, 2.0, &mut sum);
        assert!((sum[0] - (integral(2.0) - integral(1.4))).abs() < 1e-13);
    }

    #[test]
    fn exact_low_order_uses_few_points() {
        let mut history = History::default();
        for time in [0.0, 1.0, 2.0] {
            history.push(1, |p| {
                p.time = time;
                p.x = vec![time * time];
            });
        }
        let mut x = [0.0];
        history.at(1.5, &mut x, &mut []);
        assert!((x[0] - 2.5).abs() < 1e-15, "the chord from (1, 1) to (2, 4)");
        assert_eq!(history.last_step(), Some((1.0, 2.0)));
    }
}
