//! How exact must each state be, and what is nothing?
//!
//! The absolute tolerance of a state is a share of the most that can ever be in it. Molecules reach
//! a state along the transfers of the model; of a complex there are never more than of the partner
//! there is least of. So the scale of a species knows its own dose and those it can come from, and
//! nothing else: what is given of another species moves no tolerance.

use lutetia_model::system::{ActionInfo, EventTarget, System};

use crate::doses::Doses;

/// The absolute tolerance is at most this share of the relative one, so that a tighter relative
/// tolerance is worth its steps in small amounts too.
const SHARE_OF_RTOL: f64 = 1e-3;
/// The absolute tolerance of amounts where nothing is said, over their scale.
const DEFAULT: f64 = 1e-9;

/// How exact a run is to be, and what that may cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Tolerance {
    /// Relative tolerance.
    pub(crate) rtol: f64,
    /// Absolute tolerance over the scale of each state, where it was said.
    pub(crate) atol_relative: Option<f64>,
    /// Most steps between two stops of the schedule.
    pub(crate) max_steps: usize,
}

impl Tolerance {
    /// The absolute tolerance over the scale of each state.
    fn share(&self) -> f64 {
        self.atol_relative.unwrap_or_else(|| DEFAULT.min(SHARE_OF_RTOL * self.rtol))
    }
}

/// Sizes and tolerances of the states of one run.
#[derive(Debug, Clone)]
pub(crate) struct Tolerances {
    /// Absolute tolerance of each state.
    pub(crate) absolute: Vec<f64>,
    /// What lies between minus this and zero is nothing; zero for what may be negative.
    nothing: Vec<f64>,
}

impl Tolerances {
    pub(crate) fn new(
        system: &System,
        doses: &Doses,
        (initial, made): (&[f64], &[(usize, f64)]),
        tolerance: &Tolerance,
    ) -> Self {
        let share = tolerance.share();
        let scales = scales(system, doses, initial, made);
        let absolute = scales.iter().map(|scale| (share * scale).max(1e-100)).collect();
        // The errors of many steps add up to about the relative tolerance of what there was.
        let least = tolerance.rtol.max(share);
        let nothing = system
            .states()
            .iter()
            .zip(&scales)
            .map(|(state, scale)| if state.species.is_some() { least * scale } else { 0.0 })
            .collect();
        Self { absolute, nothing }
    }

    /// What an output may be by the absolute tolerances of the states alone: the sum of what each makes of it.
    pub(crate) fn noise(&self, x: &[f64], mut output: impl FnMut(&[f64]) -> f64) -> f64 {
        let here = output(x);
        let mut moved = x.to_vec();
        let mut sum = 0.0;
        for (k, tolerance) in self.absolute.iter().enumerate() {
            moved[k] = x[k] + tolerance;
            sum += (output(&moved) - here).abs();
            moved[k] = x[k];
        }
        sum
    }

    /// How much of a state is nothing.
    pub(crate) fn nothing(&self, state: usize) -> f64 {
        self.nothing.get(state).copied().unwrap_or(0.0)
    }

    /// How much of what an action changes is nothing.
    pub(crate) fn nothing_of(&self, action: &ActionInfo) -> f64 {
        match &action.target {
            EventTarget::Quantity(_) => 0.0,
            EventTarget::Amount { cold, hot } => {
                cold.iter().chain(hot).map(|&k| self.nothing(k)).sum()
            }
        }
    }

    /// Amounts that are negative within the tolerance become zero; truly negative ones stay.
    pub(crate) fn clear(&self, x: &mut [f64]) {
        for (x, nothing) in x.iter_mut().zip(&self.nothing) {
            if *x < 0.0 && *x > -nothing {
                *x = 0.0;
            }
        }
    }
}

/// The most that can be in each state: what is given into it, starts in it, or can come there.
fn scales(system: &System, doses: &Doses, initial: &[f64], made: &[(usize, f64)]) -> Vec<f64> {
    let states = system.states();
    let mut scale: Vec<f64> = initial.iter().map(|x| x.abs()).collect();
    for &(state, amount) in &doses.given {
        scale[state] += amount;
    }
    for &(state, amount) in made {
        scale[state] = scale[state].max(amount);
    }
    let is_amount = |k: usize| states[k].species.is_some();
    spread(system, &mut scale, &is_amount);
    // What is made from nothing is measured by the amounts that make it.
    let mut columns: Vec<Vec<usize>> = vec![Vec::new(); states.len()];
    for (row, column) in system.jacobian_pattern().iter() {
        if row != column && is_amount(row) && is_amount(column) {
            columns[row].push(column);
        }
    }
    let mut moved = true;
    while moved {
        moved = false;
        let known = scale.clone();
        for (k, makers) in columns.iter().enumerate() {
            let size = makers.iter().map(|&maker| known[maker]).fold(0.0, f64::max);
            if is_amount(k) && !is_positive(scale[k]) && is_positive(size) {
                scale[k] = size;
                moved = true;
            }
        }
    }
    // Where nothing tells, one internal unit.
    for scale in &mut scale {
        if !is_positive(*scale) {
            *scale = 1.0;
        }
    }
    scale
}

/// Follows the transfers until nothing grows. Shares are at most one, so that this ends.
fn spread(system: &System, scale: &mut [f64], is_amount: &dyn Fn(usize) -> bool) {
    let mut moved = true;
    while moved {
        moved = false;
        for transfer in system.transfers() {
            if transfer.from.is_empty() || !is_amount(transfer.to) {
                continue;
            }
            let most = |states: &Vec<usize>| states.iter().map(|&k| scale[k]).fold(0.0, f64::max);
            let size =
                transfer.share * transfer.from.iter().map(most).fold(f64::INFINITY, f64::min);
            if size.is_finite() && size > scale[transfer.to] {
                scale[transfer.to] = size;
                moved = true;
            }
        }
    }
}

fn is_positive(x: f64) -> bool {
    x > 0.0 && x.is_finite()
}
