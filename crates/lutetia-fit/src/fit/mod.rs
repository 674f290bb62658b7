//! Individual estimation: starts, search, result.

mod account;
mod start;

use std::sync::atomic::Ordering;

use argmin::core::observers::{Observe, ObserverMode};
use argmin::core::{Error, Executor, KV, State, TerminationReason, TerminationStatus};
use nalgebra::DMatrix;
use rayon::prelude::*;

pub(crate) use start::standard_normal;

use crate::error::{FitError, SearchFailure};
use crate::likelihood::Objective;
use crate::predictor::Predictor;
use crate::problem::{Observer, Problem, Progress};
use crate::result::{Fit, Prediction};
use crate::solver::{DampedScoring, FitState};

/// Fits a problem.
///
/// Runs the given start, [`extra_starts`](crate::FitOptions::extra_starts) and random ones in parallel, keeps the
/// lowest objective, and reports what the data determine. The result does not depend on the number of threads.
///
/// # Errors
/// [`FitError`] when the problem is inconsistent, cannot be evaluated at any start, or is interrupted. A search that
/// does not converge is a [`Fit`] whose [`Status`](crate::Status) says so and whose estimates are not determined.
pub fn fit(problem: &Problem<'_>) -> Result<Fit, FitError> {
    problem.validate()?;
    let objective = Objective::new(problem);
    let starts = start::starting_points(problem, &objective);
    let runs: Vec<Result<Run, SearchFailure>> =
        starts.par_iter().enumerate().map(|(k, x)| search(problem, &objective, k, x)).collect();

    let stopped = problem.options.interrupt.as_ref().is_some_and(|f| f.load(Ordering::Relaxed));
    if stopped || runs.iter().flatten().any(|r| r.end == End::Interrupted) {
        let finished =
            runs.iter().filter(|r| r.as_ref().is_ok_and(|r| r.end != End::Interrupted)).count();
        return Err(FitError::Interrupted { finished, starts: starts.len() });
    }
    let Some((best, kept)) = best_run(&runs) else {
        return Err(FitError::NoUsableStart {
            starts: starts.len(),
            parameters: problem.named(&objective.theta(&starts[0])),
            reason: runs.into_iter().find_map(Result::err).unwrap_or(SearchFailure::NoCost),
        });
    };
    account::assemble(problem, &objective, &runs, best, kept)
}

/// How one search ended.
#[derive(Clone, Debug, PartialEq)]
enum End {
    Converged,
    Stalled,
    MaxIterations,
    Interrupted,
    Failed(String),
}

/// One search.
#[derive(Clone, Debug)]
struct Run {
    x: Vec<f64>,
    cost: f64,
    end: End,
    iterations: u64,
    remaining_step: f64,
}

/// Passes argmin's observations on.
struct Relay {
    observer: Observer,
    start: usize,
}

impl Observe<FitState> for Relay {
    fn observe_iter(&mut self, state: &FitState, _kv: &KV) -> Result<(), Error> {
        let norm = |g: &Vec<f64>| g.iter().fold(0.0_f64, |a, v| a.max(v.abs()));
        (self.observer.0)(&Progress {
            start: self.start,
            iteration: state.get_iter(),
            cost: state.get_cost(),
            gradient_norm: state.get_gradient().map_or(f64::NAN, norm),
        });
        Ok(())
    }
}

fn search(
    problem: &Problem<'_>,
    objective: &Objective<'_>,
    start: usize,
    x: &[f64],
) -> Result<Run, SearchFailure> {
    let options = &problem.options;
    let (lower, upper) = objective.bounds();
    // Ten times the noise of the values is what a step can resolve.
    let tolerance = options.tolerance.max(10.0 * problem.predictor.precision());
    let solver = DampedScoring::new(lower, upper, objective.step_limits(x), tolerance)
        .with_interrupt(options.interrupt.clone());
    let mut executor = Executor::new(objective.clone(), solver)
        .configure(|s: FitState| s.param(x.to_vec()).max_iters(options.max_iterations))
        .ctrlc(false)
        .timer(false);
    if let Some(observer) = &options.observer {
        let relay = Relay { observer: observer.clone(), start };
        executor = executor.add_observer(relay, ObserverMode::Always);
    }
    let result = executor.run().map_err(SearchFailure::of)?;
    let state = result.state;
    let end = match state.get_termination_status() {
        TerminationStatus::Terminated(TerminationReason::SolverConverged) => End::Converged,
        TerminationStatus::Terminated(TerminationReason::MaxItersReached) => End::MaxIterations,
        TerminationStatus::Terminated(TerminationReason::Interrupt) => End::Interrupted,
        TerminationStatus::Terminated(TerminationReason::SolverExit(reason))
            if reason == crate::solver::STALLED =>
        {
            End::Stalled
        }
        other => End::Failed(other.to_string()),
    };
    Ok(Run {
        cost: state.get_cost(),
        x: state.get_param().cloned().unwrap_or_default(),
        end,
        iterations: state.get_iter(),
        remaining_step: result.solver.remaining_step(),
    })
}

/// The lowest; among those equal to rounding the first that converged.
fn best_run(runs: &[Result<Run, SearchFailure>]) -> Option<(usize, &Run)> {
    let usable = || runs.iter().enumerate().filter_map(|(k, r)| Some((k, r.as_ref().ok()?)));
    let lowest = usable().map(|(_, r)| r.cost).fold(f64::INFINITY, f64::min);
    let near = lowest + 1e-9 * lowest.abs() + f64::MIN_POSITIVE;
    usable()
        .find(|(_, r)| r.cost <= near && r.end == End::Converged)
        .or_else(|| usable().find(|(_, r)| r.cost <= lowest))
}

impl Fit {
    /// Predictions with uncertainty of another predictor of the same parameters (the same curve at other times), for
    /// bands.
    ///
    /// # Errors
    /// When its parameters are not those of the fit, or it cannot be evaluated.
    pub fn predict(&self, predictor: &dyn Predictor) -> Result<Vec<Prediction>, FitError> {
        let theta = self.theta();
        let names = predictor.names();
        if names.len() != theta.len() {
            return Err(FitError::ParameterCount { expected: names.len(), found: theta.len() });
        }
        for (index, (name, e)) in names.iter().zip(&self.estimates).enumerate() {
            if *name != e.name {
                return Err(FitError::ParameterName {
                    index,
                    expected: name.clone(),
                    found: e.name.clone(),
                });
            }
        }
        let mut values = vec![0.0; predictor.n_values()];
        let mut jacobian = DMatrix::zeros(values.len(), theta.len());
        predictor.predict(&theta, &mut values, Some(&mut jacobian))?;
        Ok((0..values.len())
            .map(|j| {
                let row: Vec<f64> = jacobian.row(j).iter().copied().collect();
                account::prediction(&self.inference, values[j], &row)
            })
            .collect())
    }
}
