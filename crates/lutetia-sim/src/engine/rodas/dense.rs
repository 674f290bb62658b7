//! The state of one lane anywhere within its last step.

use lutetia_model::system::Lanes;

use super::method::{Q, R};
use super::stepper::Stepper;
use crate::switches::Interpolant;

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

impl Dense {
    /// Takes the step of one lane between two times.
    pub(super) fn take<N: Lanes>(
        &mut self,
        lane: usize,
        (from, to): (f64, f64),
        (stepper, states): (&Stepper<'_, N>, usize),
    ) {
        (self.from, self.to) = (from, to);
        for values in [&mut self.x, &mut self.y, &mut self.q, &mut self.r] {
            values.resize(states, 0.0);
        }
        stepper.state(lane, &mut self.x);
        stepper.state_after(lane, &mut self.y);
        stepper.stages(lane, &Q, &mut self.q);
        stepper.stages(lane, &R, &mut self.r);
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
