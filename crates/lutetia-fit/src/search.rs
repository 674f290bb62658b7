//! A search within a box for costs without derivatives: differential evolution, an argmin `Solver`.
//!
//! For costs that are simulated, piecewise constant or cut by limits, where [`fit`](fn@crate::fit) has nothing to
//! differentiate. Limits are kept by Deb's rule: of two points that break a limit the one that breaks it less is
//! better, any point that breaks none is better than any that does, and among those the lower cost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use argmin::core::{
    CostFunction, Error, Executor, IterState, KV, Problem, Solver, State, TerminationReason,
    TerminationStatus,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::{SearchError, SearchFailure};

/// What is minimised.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// The cost; only compared between points that break no limit.
    pub cost: f64,
    /// By how much each limit is broken, as a share of it; 0 or less where it is kept.
    pub excess: Vec<f64>,
}

impl Judged {
    /// Σ of the positive excesses; infinite where a number is none.
    #[must_use]
    pub fn broken(&self) -> f64 {
        if self.cost.is_nan() || self.excess.iter().any(|e| e.is_nan()) {
            return f64::INFINITY;
        }
        self.excess.iter().map(|e| e.max(0.0)).sum()
    }

    fn better_than(&self, other: &Self) -> bool {
        let (a, b) = (self.broken(), other.broken());
        if a > 0.0 || b > 0.0 { a < b } else { self.cost <= other.cost }
    }
}

/// How to search.
#[derive(Clone, Debug)]
pub struct SearchOptions {
    /// Points held at a time, at least 4. Ten per dimension is the usual choice.
    pub points: usize,
    /// Rounds after the first; each judges every point once.
    pub rounds: u64,
    /// Seed.
    pub seed: u64,
    /// Ends the search when true.
    pub interrupt: Option<Arc<AtomicBool>>,
}

impl Default for SearchOptions {
    fn default() -> Self {
        Self { points: 24, rounds: 40, seed: 1, interrupt: None }
    }
}

/// Where a search ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The best point.
    pub x: Vec<f64>,
    /// What it costs and breaks.
    pub judged: Judged,
    /// Points judged.
    pub evaluations: usize,
    /// Whether every point that is held costs the same to 1e-6: more rounds would change nothing.
    pub settled: bool,
}

/// Differential evolution, DE/rand-to-best/1/bin with F = 0.7 and CR = 0.9 (Storn and Price 1997, J Glob Optim
/// 11:341), points that leave the box put back between their parent and its side.
struct Evolution {
    lower: Vec<f64>,
    upper: Vec<f64>,
    options: SearchOptions,
    points: Vec<(Vec<f64>, Judged)>,
    evaluations: usize,
}

type SearchState = IterState<Vec<f64>, (), (), (), (), f64>;

/// The cost as argmin's executor takes it: it counts and observes, the judging is done in parallel.
struct Judge<'f> {
    judge: &'f (dyn Fn(&[f64]) -> Judged + Sync),
}

impl CostFunction for Judge<'_> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, x: &Vec<f64>) -> Result<f64, Error> {
        Ok((self.judge)(x).cost)
    }
}

impl Judge<'_> {
    fn all(&self, points: &[Vec<f64>]) -> Result<Vec<Judged>, Error> {
        Ok(points.par_iter().map(|x| (self.judge)(x)).collect())
    }
}

impl Evolution {
    /// A uniform number that depends on the round, the point and the count alone.
    fn generator(&self, round: u64, point: usize) -> ChaCha8Rng {
        let mut generator = ChaCha8Rng::seed_from_u64(self.options.seed);
        generator.set_stream(round << 32 | point as u64);
        generator
    }

    fn best(&self) -> usize {
        let mut best = 0;
        for k in 1..self.points.len() {
            if self.points[k].1.better_than(&self.points[best].1)
                && !self.points[best].1.better_than(&self.points[k].1)
            {
                best = k;
            }
        }
        best
    }

    fn trial(&self, round: u64, k: usize) -> Vec<f64> {
        let mut generator = self.generator(round, k);
        let mut uniform = || unit(generator.next_u64());
        let n = self.points.len();
        let mut other = |taken: &[usize]| loop {
            let candidate = pick(uniform(), n);
            if !taken.contains(&candidate) {
                return candidate;
            }
        };
        let a = other(&[k]);
        let b = other(&[k, a]);
        let best = &self.points[self.best()].0;
        let own = &self.points[k].0;
        let (xa, xb) = (&self.points[a].0, &self.points[b].0);
        let kept = pick(uniform(), own.len());
        (0..own.len())
            .map(|j| {
                if j != kept && uniform() >= 0.9 {
                    return own[j];
                }
                let x = own[j] + 0.7 * (best[j] - own[j]) + 0.7 * (xa[j] - xb[j]);
                if x < self.lower[j] {
                    self.lower[j] + uniform() * (own[j] - self.lower[j])
                } else if x > self.upper[j] {
                    self.upper[j] - uniform() * (self.upper[j] - own[j])
                } else {
                    x
                }
            })
            .collect()
    }

    fn state(&self, state: SearchState) -> SearchState {
        let (x, judged) = &self.points[self.best()];
        // A broken limit is dearer than any cost; argmin only reports this number.
        let cost = if judged.broken() > 0.0 { f64::MAX } else { judged.cost };
        state.param(x.clone()).cost(cost)
    }

    fn settled(&self) -> bool {
        let costs = || self.points.iter().map(|p| p.1.cost);
        let (lo, hi) =
            (costs().fold(f64::INFINITY, f64::min), costs().fold(f64::NEG_INFINITY, f64::max));
        self.points.iter().all(|p| p.1.broken() <= 0.0) && hi - lo <= 1e-6 * (hi.abs() + lo.abs())
    }
}

fn unit(bits: u64) -> f64 {
    ((bits >> 11) as f64 + 0.5) * (-53.0_f64).exp2()
}

fn pick(u: f64, n: usize) -> usize {
    ((u * n as f64) as usize).min(n - 1)
}

impl<'f> Solver<Judge<'f>, SearchState> for Evolution {
    fn name(&self) -> &'static str {
        "differential evolution"
    }

    fn init(
        &mut self,
        problem: &mut Problem<Judge<'f>>,
        mut state: SearchState,
    ) -> Result<(SearchState, Option<KV>), Error> {
        let n = self.options.points;
        let d = self.lower.len();
        let mut starts: Vec<Vec<f64>> = state.take_param().into_iter().collect();
        // A Latin hypercube: every axis is cut into n pieces, each used once.
        let orders: Vec<Vec<usize>> = (0..d)
            .map(|j| {
                let mut generator = self.generator(u64::from(u32::MAX), j);
                let keys: Vec<u64> = (0..n).map(|_| generator.next_u64()).collect();
                let mut order: Vec<usize> = (0..n).collect();
                order.sort_by_key(|i| keys[*i]);
                order
            })
            .collect();
        for i in starts.len()..n {
            let mut generator = self.generator(0, i);
            starts.push(
                (0..d)
                    .map(|j| {
                        let u = (orders[j][i] as f64 + unit(generator.next_u64())) / n as f64;
                        self.lower[j] + u * (self.upper[j] - self.lower[j])
                    })
                    .collect(),
            );
        }
        let judged = problem.problem("judge_count", |p| p.all(&starts))?;
        self.evaluations = starts.len();
        self.points = starts.into_iter().zip(judged).collect();
        Ok((self.state(state), None))
    }

    fn next_iter(
        &mut self,
        problem: &mut Problem<Judge<'f>>,
        state: SearchState,
    ) -> Result<(SearchState, Option<KV>), Error> {
        let round = state.get_iter() + 1;
        let trials: Vec<Vec<f64>> = (0..self.points.len()).map(|k| self.trial(round, k)).collect();
        let judged = problem.problem("judge_count", |p| p.all(&trials))?;
        self.evaluations += trials.len();
        for (held, (x, judged)) in self.points.iter_mut().zip(trials.into_iter().zip(judged)) {
            if judged.better_than(&held.1) {
                *held = (x, judged);
            }
        }
        Ok((self.state(state), None))
    }

    fn terminate(&mut self, _state: &SearchState) -> TerminationStatus {
        match &self.options.interrupt {
            Some(flag) if flag.load(Ordering::Relaxed) => {
                TerminationStatus::Terminated(TerminationReason::Interrupt)
            }
            _ if self.settled() => {
                TerminationStatus::Terminated(TerminationReason::SolverConverged)
            }
            _ => TerminationStatus::NotTerminated,
        }
    }
}

/// Minimises a cost within a box under limits. `judge` is called on several threads; the result does not depend on
/// their number. `start`, where given, is one of the first points.
///
/// # Errors
/// A box whose sides are not finite or not ordered, a start outside it, fewer than four points.
pub fn search(
    lower: &[f64],
    upper: &[f64],
    start: Option<&[f64]>,
    options: &SearchOptions,
    judge: &(dyn Fn(&[f64]) -> Judged + Sync),
) -> Result<Found, SearchError> {
    if lower.is_empty() || lower.len() != upper.len() {
        return Err(SearchError::Sides { lower: lower.len(), upper: upper.len() });
    }
    for (j, (lo, hi)) in lower.iter().zip(upper).enumerate() {
        if !(lo.is_finite() && hi.is_finite() && lo <= hi) {
            return Err(SearchError::Side { side: j + 1, lower: *lo, upper: *hi });
        }
    }
    if options.points < 4 {
        return Err(SearchError::Points { found: options.points });
    }
    let inside = |x: &[f64]| {
        x.len() == lower.len() && (0..x.len()).all(|j| lower[j] <= x[j] && x[j] <= upper[j])
    };
    if let Some(x) = start
        && !inside(x)
    {
        return Err(SearchError::Start { start: x.to_vec() });
    }
    let evolution = Evolution {
        lower: lower.to_vec(),
        upper: upper.to_vec(),
        options: options.clone(),
        points: Vec::new(),
        evaluations: 0,
    };
    let first: Vec<f64> = start.map_or_else(
        || lower.iter().zip(upper).map(|(a, b)| 0.5 * (a + b)).collect(),
        <[f64]>::to_vec,
    );
    let evolution = Executor::new(Judge { judge }, evolution)
        .configure(|state| state.param(first).max_iters(options.rounds))
        .timer(false)
        .run()
        .map_err(SearchFailure::of)?
        .solver;
    let best = evolution.best();
    let (x, judged) = evolution.points[best].clone();
    Ok(Found { x, judged, evaluations: evolution.evaluations, settled: evolution.settled() })
}
