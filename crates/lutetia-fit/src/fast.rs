//! Many fits of one curve to data at the same times: the objective of [`fit`](fn@crate::fit), without its allocations.
//!
//! A voxel map has a million rows and a bootstrap a thousand samples. They need the estimates, their covariance and the
//! verdict on the integral, not the whole account that [`Fit`](crate::Fit) gives. The cost, the scales, the bounds and
//! the gates are those of the general fit; a row that this one cannot settle is for the general one.

use lutetia_population::Transform;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::curve::{ActivityCurve, TimeActivity};
use crate::fit::standard_normal;
use crate::predictor::Predictor;
use crate::problem::{ErrorModel, FitParameter};
use crate::quasi::VarianceFunction;
use crate::verdict::{CV_GATE, FLAT, SAME_OBJECTIVE, at_bound, rests_on, values_apart};

/// Most parameters a curve has.
const MOST: usize = 6;

/// Iterations of one search.
const ITERATIONS: usize = 200;

/// A search ends when the remaining step is below this many standard errors.
const TOLERANCE: f64 = 1e-7;

/// A step below this many standard errors counts as converged once rounding hides any further fall.
const ROUNDING_STEP: f64 = 1e-3;

type Vector = [f64; MOST];
type Matrix = [[f64; MOST]; MOST];

/// Variance of the data, with known magnitudes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Variance {
    /// Each its own standard deviation, taken from the call.
    Known,
    /// `R = sd²`.
    Additive(f64),
    /// `R = sd² + (cv f)²`, by its quasi-likelihood.
    Following(VarianceFunction),
    /// Unknown and common: least squares.
    Unknown,
}

/// A curve and an error model, ready to be fitted to many data sets.
#[derive(Clone, Debug)]
pub struct FastFit<'a> {
    curve: &'a ActivityCurve,
    times: Vec<f64>,
    free: Vec<usize>,
    names: usize,
    transforms: [Transform; MOST],
    lower: Vector,
    upper: Vector,
    bounded: [bool; MOST],
    fixed: Vector,
    variance: Variance,
    offsets: Vec<Vector>,
}

/// How a fast fit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FastStatus {
    /// At a minimum within the bounds.
    Converged,
    /// At a minimum with a parameter at a bound.
    AtBound,
    /// For the general fit: no minimum found, or an information that is singular to rounding.
    Unsettled,
}

/// Why the integral of a fast fit is not determined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FastReason {
    /// Fewer data than parameters.
    FewerData,
    /// As many parameters as data and no standard deviations.
    NoDegreesOfFreedom,
    /// It rests on a parameter at a bound.
    AtBound,
    /// Relative standard error above the gate.
    LargeUncertainty,
    /// Other starts fit equally well with another integral.
    StartsDisagree,
    /// It is not finite or not above zero.
    NoIntegral,
}

/// The result of a fast fit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FastResult {
    /// How it ended.
    pub status: FastStatus,
    /// Parameters on their natural scale, in the order of the curve; unused places are zero.
    pub theta: [f64; 6],
    /// Half of −2 ln L up to a constant.
    pub cost: f64,
    /// Σ ((y − f)/sd)², with `sd = 1` where it is unknown.
    pub chi_square: f64,
    /// −2 ln L with its constants; not finite where the curve passes through every point.
    pub minus_two_log_likelihood: f64,
    /// Time-integrated activity.
    pub tia: f64,
    /// Its standard error where it has one.
    pub tia_sd: Option<f64>,
    /// Why the integral is not determined; `None` where it is.
    pub not_determined: Option<FastReason>,
    /// Terminal effective rate, 1/time.
    pub terminal_rate: f64,
}

/// Cost, gradient and information at a point.
#[derive(Clone, Copy)]
struct Local {
    cost: f64,
    gradient: Vector,
    information: Matrix,
}

impl<'a> FastFit<'a> {
    /// A fit of `curve` under an error model with known magnitudes (or [`ErrorModel::Additive`] with an unknown one,
    /// least squares). `parameters` give scales, bounds and which are held; their starts are only used by
    /// [`fit_from`](Self::fit_from)'s caller. `extra_starts` more starting points are tried by
    /// [`fit`](Self::fit), log-normal about the first.
    ///
    /// `None` when the error model has another unknown magnitude, a parameter has a prior, or there are more than six:
    /// such a problem is for the general fit.
    pub fn new(
        curve: &'a ActivityCurve,
        parameters: &[FitParameter],
        error: ErrorModel,
        extra_starts: usize,
        seed: u64,
    ) -> Option<Self> {
        if parameters.len() > MOST || parameters.iter().any(|p| p.prior.is_some()) {
            return None;
        }
        let known = |m: crate::problem::Magnitude| (!m.estimated()).then(|| m.value());
        let variance = match error {
            ErrorModel::Known => Variance::Known,
            ErrorModel::Additive { sd } => known(sd).map_or(Variance::Unknown, Variance::Additive),
            ErrorModel::Proportional { .. } | ErrorModel::Combined { .. } => {
                Variance::Following(VarianceFunction::of(error)?)
            }
            ErrorModel::Weighted => return None,
        };
        let free: Vec<usize> = (0..parameters.len()).filter(|&i| !parameters[i].fixed).collect();
        let mut out = Self {
            curve,
            times: curve.times().to_vec(),
            names: parameters.len(),
            transforms: [Transform::Identity; MOST],
            lower: [f64::NEG_INFINITY; MOST],
            upper: [f64::INFINITY; MOST],
            bounded: [false; MOST],
            fixed: [0.0; MOST],
            variance,
            offsets: Vec::new(),
            free,
        };
        for (i, p) in parameters.iter().enumerate() {
            out.fixed[i] = p.start;
        }
        for (k, &i) in out.free.iter().enumerate() {
            let p = &parameters[i];
            out.transforms[k] = p.transform;
            out.bounded[k] = p.bounds.is_some();
            let (floor, ceiling) = p.transform.reach();
            let (lo, hi) = p.bounds.unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
            let phi = |v: f64, other: f64| {
                let f = p.transform.forward(v);
                if f.is_nan() { other } else { f }
            };
            out.lower[k] = phi(lo, floor).max(floor);
            out.upper[k] = phi(hi, ceiling).min(ceiling);
        }
        for s in 0..extra_starts {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream(s as u64);
            let mut offset = [0.0; MOST];
            for o in offset.iter_mut().take(out.free.len()) {
                *o = standard_normal(&mut rng);
            }
            out.offsets.push(offset);
        }
        Some(out)
    }

    /// Number of free parameters.
    pub fn n_free(&self) -> usize {
        self.free.len()
    }

    fn theta(&self, x: &Vector) -> Vector {
        let mut theta = self.fixed;
        for (k, &i) in self.free.iter().enumerate() {
            theta[i] = self.transforms[k].backward(x[k]);
        }
        theta
    }

    fn clamp(&self, x: &mut Vector) {
        for k in 0..self.free.len() {
            x[k] = x[k].clamp(self.lower[k], self.upper[k]);
        }
    }

    fn sd(&self, f: f64, own: f64) -> f64 {
        match self.variance {
            Variance::Known => own,
            Variance::Additive(sd) => sd,
            Variance::Following(v) => v.variance(f).sqrt(),
            Variance::Unknown => 1.0,
        }
    }

    /// What one value about its prediction adds to the cost, at the standard deviation `s`.
    fn term(&self, y: f64, f: f64, s: f64) -> f64 {
        match self.variance {
            Variance::Following(v) => v.half_deviance(y, f),
            _ => 0.5 * ((y - f) / s).powi(2),
        }
    }

    /// Cost alone; infinite where the curve cannot be evaluated.
    fn cost(&self, x: &Vector, y: &[f64], sd: &[f64]) -> f64 {
        let theta = self.theta(x);
        let mut gradient = [0.0; MOST];
        let mut cost = 0.0;
        for (j, &t) in self.times.iter().enumerate() {
            let f = self.curve.point(&theta[..self.names], t, &mut gradient[..self.names]);
            let s = self.sd(f, sd.get(j).copied().unwrap_or(1.0));
            cost += self.term(y[j], f, s);
        }
        if cost.is_finite() { cost } else { f64::INFINITY }
    }

    fn local(&self, x: &Vector, y: &[f64], sd: &[f64]) -> Option<Local> {
        let theta = self.theta(x);
        let p = self.free.len();
        let mut slopes = [0.0; MOST];
        for k in 0..p {
            slopes[k] = self.transforms[k].slope(x[k]);
        }
        let mut out = Local { cost: 0.0, gradient: [0.0; MOST], information: [[0.0; MOST]; MOST] };
        let mut by_theta = [0.0; MOST];
        for (j, &t) in self.times.iter().enumerate() {
            let f = self.curve.point(&theta[..self.names], t, &mut by_theta[..self.names]);
            let s = self.sd(f, sd.get(j).copied().unwrap_or(1.0));
            let z = (y[j] - f) / s;
            out.cost += self.term(y[j], f, s);
            let mut row = [0.0; MOST];
            for (k, &i) in self.free.iter().enumerate() {
                row[k] = by_theta[i] * slopes[k] / s;
            }
            for a in 0..p {
                out.gradient[a] -= z * row[a];
                for b in 0..=a {
                    out.information[a][b] += row[a] * row[b];
                }
            }
        }
        let finite = out.cost.is_finite()
            && (0..p).all(|a| out.gradient[a].is_finite() && out.information[a][a].is_finite());
        for a in 0..p {
            for b in 0..a {
                out.information[b][a] = out.information[a][b];
            }
        }
        finite.then_some(out)
    }

    /// Variance of the unit of the cost, as in the general fit.
    fn scale(&self, cost: f64, y: &[f64], sd: &[f64]) -> f64 {
        let n = y.len();
        let base = match self.variance {
            Variance::Unknown => 2.0 * cost / n.saturating_sub(self.free.len()).max(1) as f64,
            _ => 1.0,
        };
        let unit = |j: usize| match self.variance {
            Variance::Known => sd.get(j).copied().unwrap_or(1.0),
            Variance::Additive(s) => s,
            Variance::Unknown => 1.0,
            _ => f64::INFINITY,
        };
        let square: f64 =
            y.iter().enumerate().map(|(j, v)| (v / unit(j)).powi(2)).sum::<f64>() / n as f64;
        base.max(1e-12 * square).max(f64::MIN_POSITIVE)
    }

    /// Damped scoring within the bounds from `x`; the place, its local model, and whether it is a minimum.
    fn search(&self, mut x: Vector, y: &[f64], sd: &[f64]) -> Option<(Vector, Local, bool)> {
        let p = self.free.len();
        self.clamp(&mut x);
        let mut at = self.local(&x, y, sd)?;
        let (mut mu, mut nu) = (1e-3, 2.0);
        let mut norms = [0.0; MOST];
        let mut fresh = true;
        let mut remaining = f64::INFINITY;
        for _ in 0..ITERATIONS {
            for k in 0..p {
                norms[k] = f64::max(norms[k], at.information[k][k]);
            }
            let mut open = [false; MOST];
            for k in 0..p {
                let out_low = x[k] <= self.lower[k] && at.gradient[k] > 0.0;
                let out_high = x[k] >= self.upper[k] && at.gradient[k] < 0.0;
                open[k] = !(out_low || out_high);
            }
            if fresh {
                // A singular information has no undamped step; the damping of rounding stands in for it.
                let newton = solve(&at.information, &at.gradient, &open, p, 1e-14, &norms)?;
                let left: f64 = (0..p).map(|k| -at.gradient[k] * newton[k]).sum();
                remaining = left.max(0.0).sqrt() / self.scale(at.cost, y, sd).sqrt();
                if remaining <= TOLERANCE {
                    return Some((x, at, true));
                }
            }
            fresh = false;
            let mut delta = [0.0; MOST];
            let mut gradient = at.gradient;
            // Each pass pins at least one parameter to its bound.
            for _ in 0..=p {
                let step = solve(&at.information, &gradient, &open, p, mu, &norms)?;
                let mut pinned = false;
                let movable = open;
                for k in (0..p).filter(|&k| movable[k]) {
                    let target = x[k] + step[k];
                    let inside = target.clamp(self.lower[k], self.upper[k]);
                    if target < self.lower[k] || target > self.upper[k] {
                        delta[k] = inside - x[k];
                        open[k] = false;
                        pinned = true;
                        for (b, g) in gradient.iter_mut().enumerate().take(p) {
                            *g += at.information[b][k] * delta[k];
                        }
                    } else {
                        delta[k] = step[k];
                    }
                }
                if !pinned {
                    break;
                }
            }
            let over = delta.iter().fold(0.0_f64, |m, d| m.max(d.abs() / 3.0));
            if over > 1.0 {
                delta.iter_mut().for_each(|d| *d /= over);
            }
            let mut trial = x;
            let mut predicted = 0.0;
            for a in 0..p {
                trial[a] += delta[a];
                predicted -= at.gradient[a] * delta[a];
                for b in 0..p {
                    predicted -= 0.5 * delta[a] * at.information[a][b] * delta[b];
                }
            }
            self.clamp(&mut trial);
            let fall = at.cost - self.cost(&trial, y, sd);
            let rounding = 1e-13 * (at.cost.abs() + 1.0);
            if (predicted > 0.0 && fall > 1e-4 * predicted)
                || (predicted.abs() <= rounding && fall >= -rounding)
            {
                let next = self.local(&trial, y, sd)?;
                let ratio = if predicted > 0.0 { fall / predicted } else { 1.0 };
                mu = (mu * (1.0 - (2.0 * ratio - 1.0).powi(3)).max(1.0 / 3.0)).max(1e-18);
                nu = 2.0;
                // Rounding hides any further fall. Far from a minimum by its own measure a parameter is on its way to a
                // bound along a curve that no longer answers, and goes on.
                let still = predicted.abs() <= rounding && remaining < ROUNDING_STEP;
                x = trial;
                at = next;
                fresh = true;
                if still {
                    return Some((x, at, true));
                }
            } else {
                mu *= nu;
                nu *= 2.0;
                if mu > 1e15 {
                    break;
                }
            }
        }
        Some((x, at, false))
    }

    /// Fits `y` (one value for each time) from starting values on the natural scale.
    pub fn fit_from(&self, start: &[f64], y: &[f64], sd: &[f64]) -> FastResult {
        let mut x = [0.0; MOST];
        for (k, &i) in self.free.iter().enumerate() {
            x[k] = self.transforms[k].forward(start[i]);
        }
        self.settle(self.search(x, y, sd), None, y, sd)
    }

    /// Fits `y` from `start` and the extra starts about it, and keeps the best.
    pub fn fit(&self, start: &[f64], y: &[f64], sd: &[f64]) -> FastResult {
        let mut x = [0.0; MOST];
        for (k, &i) in self.free.iter().enumerate() {
            x[k] = self.transforms[k].forward(start[i]);
        }
        let mut best = self.search(x, y, sd);
        let mut other: Option<(f64, f64)> = None;
        let mut scratch = [0.0; MOST];
        for offset in &self.offsets {
            let mut from = x;
            for k in 0..self.free.len() {
                from[k] += offset[k];
            }
            let Some(found) = self.search(from, y, sd) else { continue };
            if !found.2 {
                continue;
            }
            let lower = best.as_ref().is_none_or(|b| {
                let near = 1e-9 * b.1.cost.abs() + f64::MIN_POSITIVE;
                found.1.cost < b.1.cost - near || (!b.2 && found.1.cost <= b.1.cost + near)
            });
            let loser = if lower { best.replace(found) } else { Some(found) };
            if let Some((x, at, true)) = loser {
                let tia = self.curve.tia(&self.theta(&x)[..self.names], &mut scratch[..self.names]);
                if other.is_none_or(|o| at.cost < o.0) {
                    other = Some((at.cost, tia));
                }
            }
        }
        self.settle(best, other, y, sd)
    }

    fn settle(
        &self,
        found: Option<(Vector, Local, bool)>,
        other: Option<(f64, f64)>,
        y: &[f64],
        sd: &[f64],
    ) -> FastResult {
        let Some((mut x, mut at, converged)) = found else {
            return unsettled([0.0; MOST], f64::NAN);
        };
        if !converged {
            return unsettled(self.theta(&x), at.cost);
        }
        if self.rest_at_bounds(&mut x, at.cost, y, sd) {
            match self.local(&x, y, sd) {
                Some(there) => at = there,
                None => return unsettled(self.theta(&x), at.cost),
            }
        }
        let p = self.free.len();
        let mut theta = self.theta(&x);
        let mut open = [false; MOST];
        for k in 0..p {
            open[k] = !(at_bound(x[k], self.lower[k]) || at_bound(x[k], self.upper[k]));
        }
        let mut by_theta = [0.0; MOST];
        let names = self.names;
        let tia = self.curve.tia(&theta[..names], &mut by_theta[..names]);
        let mut gradient = [0.0; MOST];
        for (k, &i) in self.free.iter().enumerate() {
            gradient[k] = by_theta[i] * self.transforms[k].slope(x[k]);
        }
        let n = y.len();
        let few = n < p;
        let spread = match self.spread(&x, &at, &gradient, &open) {
            Some(spread) => spread,
            None if few => f64::NAN,
            None => return unsettled(theta, at.cost),
        };
        let freedom = n.saturating_sub(p);
        let scale = match self.variance {
            Variance::Unknown if freedom == 0 => None,
            Variance::Unknown => Some(2.0 * at.cost / freedom as f64),
            _ => Some(1.0),
        };
        let tia_sd = scale.filter(|_| !few).map(|s| (s * spread).max(0.0).sqrt());
        let moved = other.is_some_and(|(cost, value)| {
            self.difference(cost, at.cost, y) <= SAME_OBJECTIVE && values_apart(value, tia, tia_sd)
        });
        let rests_on_bound = (0..p).any(|k| !open[k] && rests_on(gradient[k], tia));
        let not_determined = if !(tia.is_finite() && tia > 0.0) {
            Some(FastReason::NoIntegral)
        } else if few {
            Some(FastReason::FewerData)
        } else if rests_on_bound {
            Some(FastReason::AtBound)
        } else if scale.is_none() {
            Some(FastReason::NoDegreesOfFreedom)
        } else if tia_sd.is_none_or(|s| s.is_nan() || s > CV_GATE * tia) {
            Some(FastReason::LargeUncertainty)
        } else if moved {
            Some(FastReason::StartsDisagree)
        } else {
            None
        };
        let (chi_square, minus_two_log_likelihood) = self.likelihood(&theta, at.cost, y, sd);
        let terminal_rate = self.curve.terminal_rate(&theta[..names]);
        self.curve.canonical(&mut theta[..names]);
        let held = (0..p).any(|k| !open[k]);
        FastResult {
            status: if held { FastStatus::AtBound } else { FastStatus::Converged },
            theta,
            cost: at.cost,
            chi_square,
            minus_two_log_likelihood,
            tia,
            tia_sd,
            not_determined,
            terminal_rate,
        }
    }

    /// Moves every parameter to a bound that fits exactly as well, as in the general fit. Tells whether any was moved.
    fn rest_at_bounds(&self, x: &mut Vector, cost: f64, y: &[f64], sd: &[f64]) -> bool {
        let flat = FLAT * self.scale(cost, y, sd);
        let mut moved = false;
        for k in 0..self.free.len() {
            for bound in [self.upper[k], self.lower[k]] {
                if !self.bounded[k] {
                    continue;
                }
                let mut there = *x;
                there[k] = bound;
                if bound.is_finite() && (self.cost(&there, y, sd) - cost).abs() <= flat {
                    moved |= x[k].to_bits() != bound.to_bits();
                    x[k] = bound;
                    break;
                }
            }
        }
        moved
    }

    /// The variance of the integral over that of the data; `None` where the information is singular to rounding.
    fn spread(
        &self,
        x: &Vector,
        at: &Local,
        gradient: &Vector,
        open: &[bool; MOST],
    ) -> Option<f64> {
        let p = self.free.len();
        let norms: Vector = std::array::from_fn(|k| at.information[k][k]);
        // A rate at its lower bound may be larger, as in the general fit.
        let mut freed = *open;
        for (k, f) in freed.iter_mut().enumerate().take(p) {
            let low = self.transforms[k] == Transform::Log && at_bound(x[k], self.lower[k]);
            *f |= low && norms[k] > 0.0;
        }
        let wide = (freed != *open)
            .then(|| solve(&at.information, gradient, &freed, p, 0.0, &norms))
            .flatten();
        let v = wide.or_else(|| solve(&at.information, gradient, open, p, 0.0, &norms))?;
        // `solve` has the sign of a step.
        Some(-(0..p).map(|k| gradient[k] * v[k]).sum::<f64>())
    }

    /// Difference in −2 ln L between two costs.
    fn difference(&self, cost: f64, best: f64, y: &[f64]) -> f64 {
        match self.variance {
            Variance::Unknown => {
                let floor = 1e-12 * y.iter().map(|v| v * v).sum::<f64>();
                y.len() as f64 * ((2.0 * cost + floor) / (2.0 * best + floor)).ln()
            }
            _ => 2.0 * (cost - best),
        }
    }

    /// χ² and −2 ln L with its constants.
    fn likelihood(&self, theta: &Vector, cost: f64, y: &[f64], sd: &[f64]) -> (f64, f64) {
        let (chi_square, ln_r) = self.sums(theta, y, sd);
        let nf = y.len() as f64;
        let two_pi = (2.0 * std::f64::consts::PI).ln();
        let value = match self.variance {
            Variance::Unknown => nf * (two_pi + (chi_square / nf).ln() + 1.0),
            Variance::Following(v) => {
                2.0 * cost + y.iter().map(|y| v.variance(*y).ln()).sum::<f64>() + nf * two_pi
            }
            _ => chi_square + ln_r + nf * two_pi,
        };
        (chi_square, value)
    }

    /// `Σ ((y − f)/sd)²` and `Σ ln R`.
    fn sums(&self, theta: &Vector, y: &[f64], sd: &[f64]) -> (f64, f64) {
        let mut scratch = [0.0; MOST];
        let (mut chi, mut ln_r) = (0.0, 0.0);
        for (j, &t) in self.times.iter().enumerate() {
            let f = self.curve.point(&theta[..self.names], t, &mut scratch[..self.names]);
            let s = self.sd(f, sd.get(j).copied().unwrap_or(1.0));
            chi += ((y[j] - f) / s).powi(2);
            ln_r += 2.0 * s.ln();
        }
        (chi, ln_r)
    }
}

/// A result that only says that the general fit is needed.
fn unsettled(theta: Vector, cost: f64) -> FastResult {
    FastResult {
        status: FastStatus::Unsettled,
        theta,
        cost,
        chi_square: f64::NAN,
        minus_two_log_likelihood: f64::NAN,
        tia: f64::NAN,
        tia_sd: None,
        not_determined: None,
        terminal_rate: f64::NAN,
    }
}

/// `−(H + μ diag D)⁻¹ g` within the open components, by Cholesky on the matrix scaled to unit diagonal; the others are
/// zero. `None` when the matrix is singular to rounding.
fn solve(
    h: &Matrix,
    g: &Vector,
    open: &[bool; MOST],
    p: usize,
    mu: f64,
    norms: &Vector,
) -> Option<Vector> {
    let mut index = [0; MOST];
    let mut n = 0;
    for k in 0..p {
        if open[k] {
            index[n] = k;
            n += 1;
        }
    }
    let scale = |k: usize| if norms[k] > 0.0 { norms[k].sqrt() } else { 1.0 };
    let mut l = [[0.0; MOST]; MOST];
    let mut v = [0.0; MOST];
    for a in 0..n {
        let i = index[a];
        for b in 0..=a {
            let j = index[b];
            let mut s = h[i][j] / (scale(i) * scale(j));
            if a == b {
                s += if norms[i] > 0.0 { mu } else { 1.0 };
            }
            for c in 0..b {
                s -= l[a][c] * l[b][c];
            }
            if a == b {
                // Of a matrix of unit diagonal, rounding leaves 1e-16; below a few hundred of that nothing is known.
                if s.is_nan() || s <= if mu > 0.0 { 1e-17 } else { 1e-13 } {
                    return None;
                }
                l[a][a] = s.sqrt();
            } else {
                l[a][b] = s / l[b][b];
            }
        }
        let mut s = -g[i] / scale(i);
        for c in 0..a {
            s -= l[a][c] * v[c];
        }
        v[a] = s / l[a][a];
    }
    let mut out = [0.0; MOST];
    for a in (0..n).rev() {
        let mut s = v[a];
        for c in a + 1..n {
            s -= l[c][a] * v[c];
        }
        v[a] = s / l[a][a];
        out[index[a]] = v[a] / scale(index[a]);
    }
    Some(out)
}
