//! When is enough of an integral to infinity integrated?

use lutetia_model::system::{StateForm, System};

use crate::doses::Doses;

/// An integral to infinity ends when the bound on its rest falls below this share of it.
const TAIL: f64 = 1e-8;
/// Sensitivities fall more slowly than their outputs, like t·exp(−λt).
const TAIL_OF_TANGENTS: f64 = 1e-10;

/// What is known about the fall of the integrated outputs.
#[derive(Debug)]
pub(crate) struct Tail {
    /// Slowest decay constant of what was given; 0 without nuclides.
    lambda: f64,
    hot_states: Vec<usize>,
    most_hot: f64,
    /// Largest |output| / hot amount seen while the hot amount was still considerable.
    ratio: Vec<f64>,
    peak: Vec<f64>,
    /// (time, |output|) of the accepted point before the newest, and of the newest.
    before: Option<(f64, Vec<f64>)>,
    newest: Option<(f64, Vec<f64>)>,
    last_time: f64,
    share: f64,
}

/// What is left of an integral.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Left<'a> {
    /// Which one.
    pub(crate) k: usize,
    /// When.
    pub(crate) time: f64,
    /// The states then.
    pub(crate) x: &'a [f64],
    /// The output.
    pub(crate) value: f64,
    /// What was integrated.
    pub(crate) integral: f64,
}

impl Tail {
    /// Nothing seen yet of so many integrated outputs; `tangents` are integrated too or not.
    pub(crate) fn new(
        system: &System,
        doses: &Doses,
        last_time: f64,
        integrals: usize,
        tangents: bool,
    ) -> Self {
        let nuclides = system.nuclides();
        let given = |k: usize| doses.hot_amounts.get(k).is_some_and(|h| *h > 0.0);
        let any_given = (0..nuclides.len()).any(given);
        let lambda = nuclides
            .iter()
            .enumerate()
            .filter(|(k, nuclide)| nuclide.lambda > 0.0 && (given(*k) || !any_given))
            .map(|(_, nuclide)| nuclide.lambda)
            .fold(f64::INFINITY, f64::min);
        let hot_states = system
            .states()
            .iter()
            .enumerate()
            .filter(|(_, state)| matches!(state.form, StateForm::Hot(_)))
            .map(|(index, _)| index)
            .collect();
        Self {
            lambda: if lambda.is_finite() { lambda } else { 0.0 },
            hot_states,
            most_hot: 0.0,
            ratio: vec![0.0; integrals],
            peak: vec![0.0; integrals],
            before: None,
            newest: None,
            last_time,
            share: if tangents { TAIL_OF_TANGENTS } else { TAIL },
        }
    }

    /// A time that is long for what was given: the mean life of its slowest nuclide, or one.
    pub(crate) fn span(&self) -> f64 {
        if self.lambda > 0.0 { 1.0 / self.lambda } else { 1.0 }
    }

    /// How long after the last stop an integral may take to fall.
    pub(crate) fn patience(&self) -> f64 {
        if self.lambda > 0.0 { 60.0 / self.lambda } else { 1000.0 * self.last_time.max(1.0) }
    }

    /// The integrator starts anew.
    pub(crate) fn restart(&mut self) {
        (self.before, self.newest) = (None, None);
    }

    fn hot_amount(&self, x: &[f64]) -> f64 {
        self.hot_states.iter().map(|&k| x[k].abs()).sum()
    }

    fn sizes(&self, integrands: &[f64]) -> Vec<f64> {
        integrands.iter().take(self.peak.len()).map(|v| v.abs()).collect()
    }

    /// Sees the states and the integrated outputs of an accepted point.
    pub(crate) fn observe(&mut self, time: f64, x: &[f64], integrands: &[f64]) {
        self.before = self.newest.take();
        self.newest = Some((time, self.sizes(integrands)));
        let hot = self.hot_amount(x);
        self.most_hot = self.most_hot.max(hot);
        let considerable = hot > 1e-6 * self.most_hot;
        for (k, value) in integrands.iter().take(self.peak.len()).enumerate() {
            self.peak[k] = self.peak[k].max(value.abs());
            if considerable {
                self.ratio[k] = self.ratio[k].max(value.abs() / hot);
            }
        }
    }

    /// The integrals of which too much is left at an accepted point.
    pub(crate) fn unfinished(
        &self,
        time: f64,
        x: &[f64],
        integrands: &[f64],
        integrals: &[f64],
    ) -> Vec<usize> {
        let values = self.sizes(integrands);
        let hot = self.hot_amount(x);
        let lambda = self.lambda;
        let unfinished = values.iter().enumerate().filter_map(|(k, &value)| {
            // Below twelve digits of its peak an output is the solver's noise.
            if value <= 1e-12 * self.peak[k] {
                return None;
            }
            let by_decay = if lambda > 0.0 { self.ratio[k] * hot / lambda } else { 0.0 };
            let fall = match &self.before {
                Some((before, earlier)) if value > 0.0 && earlier[k] > value => {
                    (earlier[k] / value).ln() / (time - before)
                }
                _ => 0.0,
            };
            // An output that falls as fast as the nuclide is bounded by it; one that falls more
            // slowly only by its own fall.
            let by_fall =
                if lambda > 0.0 && fall > 0.9 * lambda { value / lambda } else { value / fall };
            let rest = by_decay.max(by_fall);
            // A rest that is not a number (nothing falls, nothing is left) is not small.
            let small = rest <= self.share * integrals[k].abs();
            (!small).then_some(k)
        });
        unfinished.collect()
    }

    /// Whether an integral that had all the time it could need waits for nothing but noise: its output is within `noise`,
    /// what the absolute tolerances of the states make of it, and does not fall because the solver cannot see it fall; and
    /// what it would add, falling as the slowest nuclide from here on, or standing for as long again where there is none,
    /// is within the relative tolerance of the integral.
    pub(crate) fn is_noise(&self, of: Left<'_>, noise: f64, rtol: f64) -> bool {
        let Left { k, time, x, value, integral } = of;
        let by_decay = self.ratio[k] * self.hot_amount(x);
        let rest = if self.lambda > 0.0 {
            by_decay.max(value.abs()) / self.lambda
        } else {
            value.abs() * time
        };
        value.abs() <= noise && rest <= rtol * integral.abs()
    }
}
