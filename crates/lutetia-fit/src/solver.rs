//! The optimiser: damped Fisher scoring within box bounds, an argmin `Solver`.
//!
//! argmin has neither a Levenberg–Marquardt step nor bounds, so both are here; its `Executor` runs the loop, so that
//! its observers and checkpoints serve every fit.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use argmin::core::{
    CostFunction, Error, IterState, KV, Problem, Solver, State, TerminationReason,
    TerminationStatus,
};
use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};

/// State of argmin's executor for this solver.
pub(crate) type FitState = IterState<Vec<f64>, Vec<f64>, (), (), (), f64>;

/// A cost and its local quadratic model `cost + rᵀM δ + ½ ‖M δ‖²`.
///
/// For least squares `r` are the weighted residuals and `M` their Jacobian. For a likelihood they are pseudo-residuals
/// chosen so that `Mᵀr` is the exact gradient and `MᵀM` the Fisher information; working on `M` rather than on `MᵀM`
/// keeps twice the digits.
#[derive(Clone, Debug)]
pub struct Linearisation {
    /// The cost, half of −2 ln L up to a constant.
    pub cost: f64,
    /// Pseudo-residuals.
    pub r: DVector<f64>,
    /// Their matrix, at least as many rows as columns.
    pub m: DMatrix<f64>,
    /// Variance of the unit of `cost`: 1 for a likelihood, the residual variance where least squares leave it open.
    pub scale: f64,
}

impl Linearisation {
    /// Exact gradient of the cost, `Mᵀr`.
    pub fn gradient(&self) -> DVector<f64> {
        self.m.tr_mul(&self.r)
    }
}

/// A cost that can be linearised; what [`DampedScoring`] asks beyond argmin's [`CostFunction`].
pub trait Scored: CostFunction<Param = Vec<f64>, Output = f64> {
    /// Cost, pseudo-residuals and matrix at `x`.
    ///
    /// # Errors
    /// When the model cannot be evaluated at `x` or gives a value that is not finite.
    fn linearise(&self, x: &[f64]) -> Result<Linearisation, Error>;
}

/// Levenberg–Marquardt on the quadratic model of [`Linearisation`], within box bounds.
///
/// Each iteration solves `min ‖M δ + r‖² + μ ‖D δ‖²` by Householder QR, with `D` the largest column norms seen so far
/// (Moré 1978) and the components that would leave the box pinned to its sides; the step is shortened to
/// `step_limit`; it is taken when the true cost falls, and `μ` follows the ratio of true to predicted fall (Nielsen
/// 1999). A trial at which the model fails or is not finite counts as a rise.
///
/// Converged when the undamped step within the free directions is shorter than `tolerance` standard errors
/// (`√(gᵀH⁻¹g) ≤ tolerance·√scale`), or when rounding hides any further fall and it is below 1e-3 of one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DampedScoring {
    lower: Vec<f64>,
    upper: Vec<f64>,
    step_limit: Vec<f64>,
    tolerance: f64,
    mu: f64,
    nu: f64,
    column_norms: Vec<f64>,
    remaining_step: f64,
    #[serde(skip)]
    current: Option<Linearisation>,
    #[serde(skip)]
    interrupt: Option<Arc<AtomicBool>>,
}

/// Message with which a stalled search leaves the executor.
pub(crate) const STALLED: &str = "no step lowers the cost";

/// A step below this many standard errors counts as converged once rounding hides any further fall.
const ROUNDING_STEP: f64 = 1e-3;

impl DampedScoring {
    /// A solver within `lower ≤ x ≤ upper` (infinite where unbounded) whose steps stay within `step_limit`.
    pub fn new(lower: Vec<f64>, upper: Vec<f64>, step_limit: Vec<f64>, tolerance: f64) -> Self {
        let n = lower.len();
        Self {
            lower,
            upper,
            step_limit,
            tolerance,
            mu: 1e-3,
            nu: 2.0,
            column_norms: vec![0.0; n],
            remaining_step: f64::INFINITY,
            current: None,
            interrupt: None,
        }
    }

    /// The same, stopping with `TerminationReason::Interrupt` as soon as the flag is true.
    #[must_use]
    pub fn with_interrupt(mut self, flag: Option<Arc<AtomicBool>>) -> Self {
        self.interrupt = flag;
        self
    }

    /// Length of the remaining undamped step, in standard errors.
    pub fn remaining_step(&self) -> f64 {
        self.remaining_step
    }

    /// Which components may move: not those at a side of the box with the cost falling outwards.
    fn movable(&self, x: &[f64], gradient: &DVector<f64>) -> Vec<bool> {
        (0..x.len())
            .map(|i| {
                let at_lower = x[i] <= self.lower[i] && gradient[i] > 0.0;
                let at_upper = x[i] >= self.upper[i] && gradient[i] < 0.0;
                !(at_lower || at_upper)
            })
            .collect()
    }

    /// The damped step within box and step limit.
    fn step(&self, x: &[f64], lin: &Linearisation, movable: &[bool]) -> Option<DVector<f64>> {
        let n = x.len();
        let mut delta = DVector::zeros(n);
        let mut open: Vec<usize> = (0..n).filter(|&i| movable[i]).collect();
        let mut residual = lin.r.clone();
        // Every pass pins at least one component, so there are at most n of them.
        while !open.is_empty() {
            let trial = damped_solution(&lin.m, &residual, &open, self.mu, &self.column_norms)?;
            let mut kept = Vec::with_capacity(open.len());
            for (k, &i) in open.iter().enumerate() {
                let target = x[i] + trial[k];
                let pinned = target.clamp(self.lower[i], self.upper[i]);
                if (target < self.lower[i]) || (target > self.upper[i]) {
                    delta[i] = pinned - x[i];
                    residual.axpy(delta[i], &lin.m.column(i), 1.0);
                } else {
                    delta[i] = trial[k];
                    kept.push(i);
                }
            }
            if kept.len() == open.len() {
                break;
            }
            open = kept;
        }
        let over = (0..n).map(|i| delta[i].abs() / self.step_limit[i]).fold(0.0, f64::max);
        if over > 1.0 {
            delta /= over;
        }
        Some(delta)
    }
}

/// Solves `min ‖M_open δ + r‖² + μ ‖D δ‖²` for the open columns. `None` when a number is not finite.
fn damped_solution(
    m: &DMatrix<f64>,
    r: &DVector<f64>,
    open: &[usize],
    mu: f64,
    column_norms: &[f64],
) -> Option<DVector<f64>> {
    let (rows, k) = (m.nrows(), open.len());
    let root = mu.sqrt();
    let mut stacked = DMatrix::zeros(rows + k, k);
    let mut rhs = DVector::zeros(rows + k);
    rhs.rows_mut(0, rows).copy_from(&(-r));
    for (c, &i) in open.iter().enumerate() {
        // Columns are scaled by D, so the damping rows are √μ times the identity. A column never seen non-zero does
        // not move.
        let d = if column_norms[i] > 0.0 { column_norms[i] } else { 1.0 };
        for row in 0..rows {
            stacked[(row, c)] = m[(row, i)] / d;
        }
        stacked[(rows + c, c)] = root;
    }
    let qr = stacked.qr();
    qr.q_tr_mul(&mut rhs);
    let mut solution = rhs.rows(0, k).into_owned();
    if !qr.r().solve_upper_triangular_mut(&mut solution) {
        return None;
    }
    for (c, &i) in open.iter().enumerate() {
        if column_norms[i] > 0.0 {
            solution[c] /= column_norms[i];
        }
    }
    solution.iter().all(|v| v.is_finite()).then_some(solution)
}

/// `√(gᵀH⁺g)` within the movable columns: the length of the undamped step in units of the cost's standard deviation.
/// Directions without information (singular values at rounding level) carry no gradient and are left out.
pub(crate) fn newton_decrement(lin: &Linearisation, movable: &[bool]) -> f64 {
    let open: Vec<usize> =
        (0..movable.len()).filter(|&i| movable[i] && lin.m.column(i).norm() > 0.0).collect();
    if open.is_empty() {
        return 0.0;
    }
    let k = open.len();
    let scaled = DMatrix::from_fn(lin.m.nrows(), k, |row, c| {
        lin.m[(row, open[c])] / lin.m.column(open[c]).norm()
    });
    let qr = scaled.qr();
    let mut rhs = lin.r.clone();
    qr.q_tr_mul(&mut rhs);
    let top = rhs.rows(0, k).into_owned();
    let Some(svd) = nalgebra::linalg::SVD::try_new(qr.r(), true, false, f64::EPSILON, 1000) else {
        return f64::INFINITY;
    };
    let floor = svd.singular_values[0] * f64::EPSILON * 10.0 * k as f64;
    let Some(u) = svd.u else { return f64::INFINITY };
    let mut sum = 0.0;
    for c in 0..k {
        if svd.singular_values[c] > floor {
            sum += u.column(c).dot(&top).powi(2);
        }
    }
    sum.sqrt()
}

impl<O: Scored> Solver<O, FitState> for DampedScoring {
    fn name(&self) -> &str {
        "damped scoring"
    }

    fn init(
        &mut self,
        problem: &mut Problem<O>,
        mut state: FitState,
    ) -> Result<(FitState, Option<KV>), Error> {
        let mut x = state.take_param().unwrap_or_default();
        for i in 0..x.len() {
            x[i] = x[i].clamp(self.lower[i], self.upper[i]);
        }
        let lin = problem.problem("linearise_count", |p| p.linearise(&x))?;
        let gradient: Vec<f64> = lin.gradient().iter().copied().collect();
        let cost = lin.cost;
        self.current = Some(lin);
        Ok((state.param(x).cost(cost).gradient(gradient), None))
    }

    fn next_iter(
        &mut self,
        problem: &mut Problem<O>,
        mut state: FitState,
    ) -> Result<(FitState, Option<KV>), Error> {
        let x = state.take_param().unwrap_or_default();
        // After a restart from a checkpoint the linearisation is not there.
        let lin = match self.current.take() {
            Some(lin) => lin,
            None => problem.problem("linearise_count", |p| p.linearise(&x))?,
        };
        let gradient = lin.gradient();
        for i in 0..x.len() {
            self.column_norms[i] = self.column_norms[i].max(lin.m.column(i).norm());
        }
        let movable = self.movable(&x, &gradient);
        self.remaining_step = newton_decrement(&lin, &movable) / lin.scale.sqrt();
        let keep = |s: FitState, lin: &Linearisation, x: Vec<f64>| {
            s.param(x).cost(lin.cost).gradient(gradient.iter().copied().collect())
        };
        if self.remaining_step <= self.tolerance {
            let s = keep(state, &lin, x).terminate_with(TerminationReason::SolverConverged);
            return Ok((s, None));
        }

        // Each rejection multiplies the damping by 2, 4, 8, …, so a few dozen trials span every step length. Close to the
        // minimum rejections come from the noise of the values, and shorter steps only drown in it.
        let trials = if self.remaining_step < ROUNDING_STEP { 6 } else { 60 };
        for _ in 0..trials {
            let Some(delta) = self.step(&x, &lin, &movable) else {
                self.raise_damping();
                continue;
            };
            let moved = &lin.m * &delta;
            let predicted = -(gradient.dot(&delta) + 0.5 * moved.norm_squared());
            let tiny = (0..x.len()).all(|i| delta[i].abs() <= 1e-15 * (x[i].abs() + 1e-8));
            if tiny {
                break;
            }
            let trial: Vec<f64> = (0..x.len())
                .map(|i| (x[i] + delta[i]).clamp(self.lower[i], self.upper[i]))
                .collect();
            let Ok(cost) = problem.cost(&trial) else {
                self.raise_damping();
                continue;
            };
            let fall = lin.cost - cost;
            // Below this the cost cannot tell a better point from a worse one; the model of it still can.
            let rounding = 1e-13 * (lin.cost.abs() + 0.5 * lin.r.norm_squared());
            let polishing =
                predicted <= rounding && fall >= -rounding && self.remaining_step < ROUNDING_STEP;
            if polishing || (predicted > 0.0 && fall > 1e-4 * predicted) {
                let Ok(next) = problem.problem("linearise_count", |p| p.linearise(&trial)) else {
                    self.raise_damping();
                    continue;
                };
                if polishing {
                    let free = self.movable(&trial, &next.gradient());
                    self.remaining_step = newton_decrement(&next, &free) / next.scale.sqrt();
                } else {
                    let ratio = fall / predicted;
                    let factor = (1.0 - (2.0 * ratio - 1.0).powi(3)).max(1.0 / 3.0);
                    self.mu = (self.mu * factor).max(1e-20);
                    self.nu = 2.0;
                }
                let g: Vec<f64> = next.gradient().iter().copied().collect();
                let mut s = state.param(trial).cost(next.cost).gradient(g);
                self.current = Some(next);
                if polishing {
                    s = s.terminate_with(TerminationReason::SolverConverged);
                }
                return Ok((s, None));
            }
            self.raise_damping();
        }
        let reason = if self.remaining_step < ROUNDING_STEP {
            TerminationReason::SolverConverged
        } else {
            TerminationReason::SolverExit(STALLED.to_owned())
        };
        let s = keep(state, &lin, x).terminate_with(reason);
        self.current = Some(lin);
        Ok((s, None))
    }

    fn terminate(&mut self, _state: &FitState) -> TerminationStatus {
        match &self.interrupt {
            Some(flag) if flag.load(Ordering::Relaxed) => {
                TerminationStatus::Terminated(TerminationReason::Interrupt)
            }
            _ => TerminationStatus::NotTerminated,
        }
    }
}

impl DampedScoring {
    fn raise_damping(&mut self) {
        self.mu *= self.nu;
        self.nu = (self.nu * 2.0).min(1e6);
    }
}
