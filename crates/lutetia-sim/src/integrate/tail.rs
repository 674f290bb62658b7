//! When is enough of an integral to infinity integrated?

use super::Run;
use crate::error::{SimError, number};

/// An integral to infinity ends when the bound on its rest falls below this share of it.
const TAIL: f64 = 1e-8;
/// Sensitivities fall more slowly than their outputs, like t·exp(−λt).
const TAIL_OF_TANGENTS: f64 = 1e-10;

/// What is known about the fall of the integrated outputs.
#[derive(Default)]
pub(super) struct Tail {
    /// Slowest decay constant of what was given; 0 without nuclides.
    pub(super) lambda: f64,
    pub(super) hot_states: Vec<usize>,
    pub(super) most_hot: f64,
    /// Largest |output| / hot amount seen while the hot amount was still considerable.
    pub(super) ratio: Vec<f64>,
    pub(super) peak: Vec<f64>,
    /// (time, |output|) of the accepted point before the newest.
    pub(super) before: Option<(f64, Vec<f64>)>,
}

impl Run<'_> {
    fn hot_amount(&self) -> f64 {
        self.tail.hot_states.iter().map(|&k| self.x[k].abs()).sum()
    }

    pub(super) fn observe_tail(&mut self) {
        if !self.request.options.to_infinity {
            return;
        }
        let hot = self.hot_amount();
        self.tail.most_hot = self.tail.most_hot.max(hot);
        let considerable = hot > 1e-6 * self.tail.most_hot;
        let Some(point) = self.history.newest() else {
            return;
        };
        for (k, value) in point.integrands.iter().take(self.tail.peak.len()).enumerate() {
            self.tail.peak[k] = self.tail.peak[k].max(value.abs());
            if considerable {
                self.tail.ratio[k] = self.tail.ratio[k].max(value.abs() / hot);
            }
        }
    }

    /// Whether what is left of every integral is small, or an error where it never will be.
    pub(super) fn tail_is_small(&mut self) -> Result<bool, SimError> {
        let m = self.request.options.integrals.len();
        let Some(point) = self.history.newest() else {
            return Ok(false);
        };
        let values: Vec<f64> = point.integrands.iter().take(m).map(|v| v.abs()).collect();
        let hot = self.hot_amount();
        let lambda = self.tail.lambda;
        let share = if self.request.tangents.is_some() { TAIL_OF_TANGENTS } else { TAIL };
        let mut unfinished = None;
        for (k, &value) in values.iter().enumerate() {
            // Below twelve digits of its peak an output is the solver's noise.
            if value <= 1e-12 * self.tail.peak[k] {
                continue;
            }
            let by_decay = if lambda > 0.0 { self.tail.ratio[k] * hot / lambda } else { 0.0 };
            let fall = match &self.tail.before {
                Some((before, earlier)) if value > 0.0 && earlier[k] > value => {
                    (earlier[k] / value).ln() / (self.time - before)
                }
                _ => 0.0,
            };
            // An output that falls as fast as the nuclide is bounded by it; one that falls more
            // slowly only by its own fall.
            let by_fall =
                if lambda > 0.0 && fall > 0.9 * lambda { value / lambda } else { value / fall };
            let rest = by_decay.max(by_fall);
            // A rest that is not a number (nothing falls, nothing is left) is not small.
            let small = rest <= share * self.integrals[k].abs();
            if !small {
                unfinished = Some(k);
                break;
            }
        }
        self.tail.before = Some((self.time, values));
        let Some(k) = unfinished else {
            return Ok(true);
        };
        if self.time <= self.last_stop + self.patience() {
            return Ok(false);
        }
        let output = &self.request.system.outputs()[self.request.options.integrals[k]];
        let value = self.history.newest().map_or(0.0, |p| p.integrands[k]);
        Err(SimError::DoesNotDecay {
            output: output.name.clone(),
            when: self.when(),
            value: number(value * output.factor),
            unit: output.unit.symbol().to_owned(),
        })
    }

    /// How long after the last stop an integral may take to fall.
    pub(super) fn patience(&self) -> f64 {
        let lambda = self.tail.lambda;
        let last_time = self.request.times.last().copied().unwrap_or(0.0);
        if lambda > 0.0 { 60.0 / lambda } else { 1000.0 * last_time.max(1.0) }
    }
}
