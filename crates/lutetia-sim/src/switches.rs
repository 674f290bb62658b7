//! When do branches of the model change, and what does that do?
//!
//! Arguments of `step`, `if_positive`, `min`, `max` and `abs` that depend on time, parameters and
//! inputs alone change their signs at times that are known before the run: these are stops of the
//! schedule. Arguments that depend on states are watched: where one has another sign at the end of
//! a step (or, for values that jump, at one of three points within), the step is undone back to the
//! change and the integrator starts anew there. What an argument does between two of these points
//! and takes back is seen by the error control alone.

use lutetia_model::system::{Evaluator, InputLine, Switch, System};

use crate::field::Field;
use crate::inputs::Feeds;
use crate::regimen::same_moment;
use crate::tolerance::Tolerances;

/// Whether a switch matters: what only outputs depend on needs no stop unless it is integrated.
pub(crate) fn matters(switch: &Switch, integrals: bool) -> bool {
    switch.drives || integrals
}

/// Times between `from` and `to` at which timed switches change their branch, while the parameters
/// of the evaluator hold.
pub(crate) fn switch_times(
    system: &System,
    evaluator: &Evaluator,
    feeds: &Feeds,
    (from, to): (f64, f64),
    integrals: bool,
    found: &mut Vec<(f64, usize)>,
) {
    let mut times = Vec::new();
    for (index, switch) in system.switches().iter().enumerate() {
        if !switch.timed || !matters(switch, integrals) {
            continue;
        }
        times.clear();
        if switch.by_inputs {
            let mut edges: Vec<f64> = feeds.edges().filter(|&t| t > from && t < to).collect();
            edges.extend([from, to]);
            edges.sort_by(f64::total_cmp);
            for pair in edges.windows(2) {
                if same_moment(pair[0], pair[1]) {
                    continue;
                }
                let lines: Vec<InputLine> = feeds
                    .lines(0.5 * (pair[0] + pair[1]))
                    .iter()
                    .map(|l| InputLine { value: l.value, slope: l.slope, time: l.time })
                    .collect();
                evaluator.switch_times(index, &lines, (pair[0], pair[1]), &mut times);
            }
        } else {
            evaluator.switch_times(index, &[], (from, to), &mut times);
        }
        found.extend(times.iter().map(|&t| (t, index)));
    }
}

/// Watches the switches that depend on states.
#[derive(Debug)]
pub(crate) struct Watch {
    /// Indices of those watched.
    watched: Vec<usize>,
    /// Which of the system's switches make values jump, and whether a watched one does.
    jumping: Vec<bool>,
    jumps: bool,
    /// Which of them decide whether an event happens: there leaving zero is a change.
    deciding: Vec<bool>,
    /// Sign of each argument of the system; 0 while it lies within the noise of the states.
    signs: Vec<i8>,
    arguments: Vec<f64>,
    slopes: Vec<f64>,
    pattern: Vec<(usize, usize)>,
    rtol: f64,
    scratch: Vec<f64>,
}

/// The step an engine took last, to be looked into.
pub(crate) trait Interpolant {
    /// Start and end of the last step, in time since the start of the segment.
    fn last_step(&self) -> Option<(f64, f64)>;
    /// The state at a time within it.
    fn state_at(&self, elapsed: f64, x: &mut [f64]);
}

/// Argument noise is granted so many tolerances of the states.
const NOISE: f64 = 10.0;

impl Watch {
    /// `None` where no argument depends on states.
    pub(crate) fn new(system: &System, integrals: bool, rtol: f64) -> Option<Self> {
        let list = system.switches();
        let watched: Vec<usize> =
            (0..list.len()).filter(|&k| !list[k].timed && matters(&list[k], integrals)).collect();
        if watched.is_empty() {
            return None;
        }
        let pattern = system.switch_slope_pattern();
        Some(Self {
            jumping: list.iter().map(|switch| switch.jumps).collect(),
            deciding: list.iter().map(|switch| switch.decides).collect(),
            jumps: watched.iter().any(|&k| list[k].jumps),
            watched,
            signs: vec![0; list.len()],
            arguments: vec![0.0; list.len()],
            slopes: vec![0.0; pattern.entries()],
            pattern: pattern.iter().collect(),
            rtol,
            scratch: Vec::new(),
        })
    }

    fn sign(&self, switch: usize) -> i8 {
        let x = self.arguments[switch];
        i8::from(x > 0.0) - i8::from(x < 0.0)
    }

    /// Whether the argument last evaluated is beyond what errors of the states can make of it. A
    /// bend within these errors harms nobody; of a jump either side is as it is.
    fn is_clear(&self, switch: usize, x: &[f64], tolerances: &Tolerances) -> bool {
        if self.jumping[switch] {
            return self.sign(switch) != 0;
        }
        let noise: f64 = self
            .pattern
            .iter()
            .zip(&self.slopes)
            .filter(|((row, column), _)| *row == switch && *column < x.len())
            .map(|((_, state), slope)| {
                slope.abs() * (self.rtol * x[*state].abs() + tolerances.absolute[*state])
            })
            .sum();
        self.arguments[switch].abs() > NOISE * noise
    }

    /// Takes the signs as they are: after a jump of the states.
    pub(crate) fn begin(
        &mut self,
        field: &Field,
        elapsed: f64,
        x: &[f64],
        tolerances: &Tolerances,
    ) {
        field.switches_into(elapsed, x, &mut self.arguments);
        field.switch_slopes_into(elapsed, x, &mut self.slopes);
        for k in self.watched.clone() {
            self.signs[k] = if self.is_clear(k, x, tolerances) { self.sign(k) } else { 0 };
        }
    }

    /// Looks at a point: the switches whose sign is surely another, or is another and in `already`.
    fn changed(
        &mut self,
        field: &Field,
        elapsed: f64,
        x: &[f64],
        tolerances: &Tolerances,
        already: &[usize],
    ) -> Vec<usize> {
        field.switches_into(elapsed, x, &mut self.arguments);
        let doubtful = |w: &Self, k: usize| w.sign(k) != 0 && w.sign(k) != w.signs[k];
        if !self.watched.iter().any(|&k| doubtful(self, k)) {
            return Vec::new();
        }
        field.switch_slopes_into(elapsed, x, &mut self.slopes);
        let mut changed = Vec::new();
        for k in self.watched.clone() {
            if !doubtful(self, k) {
                continue;
            }
            if already.contains(&k) {
                changed.push(k);
            } else if self.is_clear(k, x, tolerances) {
                if self.signs[k] == 0 && !self.deciding[k] {
                    self.signs[k] = self.sign(k);
                } else {
                    changed.push(k);
                }
            }
        }
        changed
    }

    /// The first change within the last step of the history, if there is one.
    pub(crate) fn within_step(
        &mut self,
        field: &Field,
        steps: &dyn Interpolant,
        x_end: &[f64],
        tolerances: &Tolerances,
    ) -> Option<Crossing> {
        let (start, end) = steps.last_step()?;
        let mut changed = Vec::new();
        let mut right = end;
        // Most steps end here, so that the scratch is kept.
        let mut x = std::mem::take(&mut self.scratch);
        if self.jumps {
            x.resize(x_end.len(), 0.0);
            for share in [0.25, 0.5, 0.75] {
                let t = start + share * (end - start);
                steps.state_at(t, &mut x);
                changed = self.changed(field, t, &x, tolerances, &[]);
                if !changed.is_empty() {
                    right = t;
                    break;
                }
            }
        }
        if changed.is_empty() {
            changed = self.changed(field, end, x_end, tolerances, &[]);
        }
        if changed.is_empty() {
            self.scratch = x;
            return None;
        }
        x.resize(x_end.len(), 0.0);
        let mut left = start;
        loop {
            let middle = 0.5 * (left + right);
            if middle <= left || middle >= right {
                break;
            }
            steps.state_at(middle, &mut x);
            let here = self.changed(field, middle, &x, tolerances, &changed);
            if here.is_empty() {
                left = middle;
            } else {
                right = middle;
                changed = here;
            }
        }
        // The side that is left lies where the sign is strictly the old one, not where it is zero.
        let mut back = 4.0 * f64::EPSILON * right;
        loop {
            steps.state_at(left, &mut x);
            field.switches_into(left, &x, &mut self.arguments);
            if left <= start || changed.iter().all(|&k| self.sign(k) == self.signs[k]) {
                break;
            }
            left = (right - back).max(start);
            back *= 4.0;
        }
        steps.state_at(right, &mut x);
        field.switches_into(right, &x, &mut self.arguments);
        for &k in &changed {
            self.signs[k] = if self.signs[k] == 0 { self.sign(k) } else { -self.signs[k] };
        }
        Some(Crossing { before: left, after: right, switches: changed })
    }
}

/// Where switches changed their branch within a step, in time since the start of the segment.
#[derive(Debug)]
pub(crate) struct Crossing {
    pub(crate) before: f64,
    pub(crate) after: f64,
    pub(crate) switches: Vec<usize>,
}

/// One side of a switch: the slope of the states and the outputs there.
#[derive(Debug, Clone)]
pub(crate) struct Side {
    /// With infusions.
    pub(crate) slope: Vec<f64>,
    /// Without them: a switch does not change what flows in from outside.
    pub(crate) processes: Vec<f64>,
    pub(crate) outputs: Vec<f64>,
}

impl Side {
    pub(crate) fn at(field: &Field, elapsed: f64, x: &[f64], outputs: usize) -> Self {
        let mut side = Self {
            slope: vec![0.0; x.len()],
            processes: vec![0.0; x.len()],
            outputs: vec![0.0; outputs],
        };
        field.rhs_into(elapsed, x, &mut side.slope);
        field.processes_into(elapsed, x, &mut side.processes);
        field.outputs_into(elapsed, x, &mut side.outputs);
        side
    }
}

/// Several switches at one moment that a parameter moves apart: there is no derivative.
#[derive(Debug)]
pub(crate) struct MovesApart;

/// What the tangents jump by, lane after lane, and the shift of the moment τ of the switches by
/// each parameter. The branch changes where a(t, x, p) = 0, so that
/// dτ/dp = −(∂a/∂p + ∂a/∂x·s)/(da/dt), and s⁺ − s⁻ = (f⁻ − f⁺)·dτ/dp.
pub(crate) fn shifts(
    field: &Field,
    switches: &[usize],
    (lanes, by_parameter): (usize, &[(usize, usize, f64)]),
    (elapsed, x, s): (f64, &[f64], &[f64]),
    total_slope: &[f64],
) -> Result<Vec<f64>, MovesApart> {
    let mut shifts: Vec<Option<f64>> = vec![None; lanes];
    let system = field.system();
    let pattern: Vec<(usize, usize)> = system.switch_slope_pattern().iter().collect();
    let mut slopes = vec![0.0; pattern.len()];
    field.switch_slopes_into(elapsed, x, &mut slopes);
    for &k in switches.iter().filter(|&&k| system.switches()[k].jumps) {
        let row = || pattern.iter().zip(&slopes).filter(|((r, _), _)| *r == k);
        let speed: f64 =
            row().map(|((_, column), slope)| slope * field.speed_of(*column, total_slope)).sum();
        for (lane, shift) in shifts.iter_mut().enumerate() {
            let states = &s[lane * x.len()..(lane + 1) * x.len()];
            let moved: f64 = row()
                .filter(|((_, column), _)| *column < x.len())
                .map(|((_, column), slope)| slope * states[*column])
                .sum::<f64>()
                + by_parameter
                    .iter()
                    .filter(|(r, l, _)| *r == k && *l == lane)
                    .map(|(_, _, value)| value)
                    .sum::<f64>();
            let own = if moved.abs() > 0.0 { -moved / speed } else { 0.0 };
            match *shift {
                None => *shift = Some(own),
                // The same moment written twice may differ by rounding.
                Some(other) if (other - own).abs() <= 1e-9 * other.abs().max(own.abs()) => {}
                Some(_) => return Err(MovesApart),
            }
        }
    }
    Ok(shifts.into_iter().map(|s| s.unwrap_or(0.0)).collect())
}
