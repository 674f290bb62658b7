//! Individual estimation: starts, search, result.

use std::sync::atomic::Ordering;

use argmin::core::observers::{Observe, ObserverMode};
use argmin::core::{
    CostFunction, Error, Executor, KV, State, TerminationReason, TerminationStatus,
};
use lutetia_population::Transform;
use nalgebra::DMatrix;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::inference::{Inference, Spread, sd_interval};
use crate::likelihood::Objective;
use crate::predictor::Predictor;
use crate::problem::{Censoring, FitError, Observer, Problem, Progress};
use crate::result::{
    DerivedEstimate, Determination, Estimate, Fit, IntervalKind, Prediction, Reason, Residual,
    StartSummary, Starts, Status,
};
use crate::selection;
use crate::solver::{DampedScoring, FitState, Linearisation};

/// Solutions within this much of the best −2 ln L fit equally well.
const SAME_OBJECTIVE: f64 = 0.01;

/// Fits a problem.
///
/// Runs the given start, [`extra_starts`](crate::FitOptions::extra_starts) and random ones in parallel, keeps the
/// lowest objective, and reports what the data determine. The result does not depend on the number of threads.
///
/// # Errors
/// [`FitError`] when the problem is inconsistent, cannot be evaluated at any start, or is interrupted. A search that
/// does not converge is a [`Fit`] whose [`Status`] says so and whose estimates are not determined.
pub fn fit(problem: &Problem<'_>) -> Result<Fit, FitError> {
    problem.validate()?;
    let objective = Objective::new(problem);
    let starts = starting_points(problem, &objective);
    let runs: Vec<Result<Run, String>> =
        starts.par_iter().enumerate().map(|(k, x)| search(problem, &objective, k, x)).collect();

    let stopped = problem.options.interrupt.as_ref().is_some_and(|f| f.load(Ordering::Relaxed));
    if stopped || runs.iter().flatten().any(|r| r.end == End::Interrupted) {
        let finished =
            runs.iter().filter(|r| r.as_ref().is_ok_and(|r| r.end != End::Interrupted)).count();
        return Err(FitError::Interrupted { finished, starts: starts.len() });
    }
    let Some(best) = best_run(&runs) else {
        let reason = runs.into_iter().find_map(Result::err).unwrap_or_default();
        return Err(FitError::NoUsableStart {
            starts: starts.len(),
            parameters: problem.named(&objective.theta(&starts[0])),
            reason,
        });
    };
    assemble(problem, &objective, &runs, best)
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
) -> Result<Run, String> {
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
    let result = executor.run().map_err(|e| e.to_string())?;
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

/// The given start, the extra ones, the random ones; all within the bounds.
fn starting_points(problem: &Problem<'_>, objective: &Objective<'_>) -> Vec<Vec<f64>> {
    let options = &problem.options;
    let (lower, upper) = objective.bounds();
    let clamp = |mut x: Vec<f64>| {
        for k in 0..x.len() {
            x[k] = x[k].clamp(lower[k], upper[k]);
        }
        x
    };
    let given: Vec<f64> = problem.parameters.iter().map(|p| p.start).collect();
    let first = clamp(objective.x(&given));
    let mut starts = vec![first.clone()];
    for extra in &options.extra_starts {
        let x = objective.x(extra);
        // A start outside the domain of a transform is no start.
        if x.iter().all(|v| v.is_finite()) {
            starts.push(clamp(x));
        }
    }
    for k in 0..options.random_starts {
        // Each start has its own stream, so that it does not depend on how many there are or who runs it.
        let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
        rng.set_stream(k as u64);
        let mut x = first.clone();
        for (c, &i) in objective.free().iter().enumerate() {
            let p = &problem.parameters[i];
            let z = standard_normal(&mut rng);
            x[c] = match (p.prior, p.transform) {
                (Some(prior), _) => prior.mean + prior.sd * z,
                (None, Transform::Identity) => {
                    let size = if x[c].abs() > 0.0 { x[c].abs() } else { 1.0 };
                    x[c] + options.spread * size * z
                }
                (None, _) => x[c] + options.spread * z,
            };
        }
        starts.push(clamp(x));
    }
    starts
}

/// A standard normal number by Box and Muller; one of the pair is enough here.
pub(crate) fn standard_normal(rng: &mut ChaCha8Rng) -> f64 {
    let unit = |bits: u64| ((bits >> 11) as f64 + 0.5) * (1.0 / 9_007_199_254_740_992.0);
    let (u, v) = (unit(rng.next_u64()), unit(rng.next_u64()));
    (-2.0 * u.ln()).sqrt() * (2.0 * std::f64::consts::PI * v).cos()
}

/// The lowest; among those equal to rounding the first that converged.
fn best_run(runs: &[Result<Run, String>]) -> Option<usize> {
    let usable = || runs.iter().enumerate().filter_map(|(k, r)| Some((k, r.as_ref().ok()?)));
    let lowest = usable().map(|(_, r)| r.cost).fold(f64::INFINITY, f64::min);
    let near = lowest + 1e-9 * lowest.abs() + f64::MIN_POSITIVE;
    usable()
        .find(|(_, r)| r.cost <= near && r.end == End::Converged)
        .or_else(|| usable().find(|(_, r)| r.cost <= lowest))
        .map(|(k, _)| k)
}

/// Whether a permuted parameter vector stands for the same problem: same box, no prior that tells them apart.
fn canonicalise(problem: &Problem<'_>, objective: &Objective<'_>, x: &[f64]) -> Option<Vec<f64>> {
    let theta = objective.theta(x);
    let mut sorted = theta.clone();
    problem.predictor.canonical(&mut sorted);
    let unchanged = sorted.iter().zip(&theta).all(|(a, b)| a.to_bits() == b.to_bits());
    let distinguishable = |i: usize| {
        let p = &problem.parameters[i];
        sorted[i].to_bits() != theta[i].to_bits() && (p.fixed || p.prior.is_some())
    };
    if unchanged || (0..theta.len()).any(distinguishable) {
        return None;
    }
    let mut out = objective.x(&sorted);
    out[objective.n_free()..].copy_from_slice(&x[objective.n_free()..]);
    let (lower, upper) = objective.bounds();
    let slack = |b: f64| 1e-9 * (1.0 + b.abs());
    for k in 0..out.len() {
        if !(out[k] >= lower[k] - slack(lower[k]) && out[k] <= upper[k] + slack(upper[k])) {
            return None;
        }
        out[k] = out[k].clamp(lower[k], upper[k]);
    }
    Some(out)
}

/// Difference in −2 ln L between two costs.
fn objective_difference(objective: &Objective<'_>, n: usize, floor: f64, a: f64, b: f64) -> f64 {
    if objective.profiled() {
        n as f64 * ((2.0 * a + floor) / (2.0 * b + floor)).ln()
    } else {
        2.0 * (a - b)
    }
}

fn assemble(
    problem: &Problem<'_>,
    objective: &Objective<'_>,
    runs: &[Result<Run, String>],
    best: usize,
) -> Result<Fit, FitError> {
    let Ok(kept) = &runs[best] else {
        return Err(FitError::NothingToEstimate { parameters: 0 });
    };
    let mut x = canonicalise(problem, objective, &kept.x).unwrap_or_else(|| kept.x.clone());
    let failed = |e: String| FitError::Predict(crate::PredictError::Failed { reason: e });
    let mut lin = objective.linearised(&x).map_err(|e| failed(e.to_string()))?;
    if kept.end == End::Converged && rest_at_bounds(problem, objective, &mut x, &lin) {
        lin = objective.linearised(&x).map_err(|e| failed(e.to_string()))?;
    }
    let theta = objective.theta(&x);
    let n = problem.observations.len();
    let n_parameters = problem.parameters.len();
    let n_free = objective.n_free();

    let (inference, failure) = match Inference::new(problem, objective, &x, &lin) {
        Ok(i) => (i, None),
        Err(reason) => {
            // Nothing is known about the uncertainty: say so for all, by an information of zero.
            let mut blank = lin.clone();
            blank.m.fill(0.0);
            let empty = Inference::new(problem, objective, &x, &blank)
                .map_err(|reason| crate::PredictError::Failed { reason })?;
            (empty, Some(reason))
        }
    };
    let at_bound: Vec<String> = objective
        .free()
        .iter()
        .enumerate()
        .filter(|(k, _)| inference.at_bound[*k].is_some())
        .map(|(_, &i)| problem.parameters[i].name.clone())
        .collect();
    let status = match (&kept.end, failure) {
        (_, Some(reason)) => Status::Failed { reason },
        (End::Converged, None) if at_bound.is_empty() => Status::Converged,
        (End::Converged, None) => Status::ConvergedAtBound { parameters: at_bound },
        (End::Stalled, None) => Status::Stalled { remaining_step: kept.remaining_step },
        (End::MaxIterations, None) => Status::MaxIterations {
            iterations: kept.iterations,
            remaining_step: kept.remaining_step,
        },
        (End::Failed(reason), None) => Status::Failed { reason: reason.clone() },
        (End::Interrupted, None) => Status::Failed { reason: "interrupted".to_owned() },
    };

    let floor = lin.scale * 1e-6 * n as f64;
    let starts = summarise(problem, objective, runs, best, &x, &inference, floor);
    let predicted = objective.predict(&theta, None)?;
    let mut jacobian = DMatrix::zeros(n, n_parameters);
    problem.predictor.predict(&theta, &mut predicted.clone(), Some(&mut jacobian))?;

    let general = general_reason(problem, objective, &status);
    let no_freedom = || Reason::NoDegreesOfFreedom { observations: n, parameters: n_free };
    let verdict = |reason: Option<Reason>| match reason {
        Some(reason) => Determination::NotDetermined { reason },
        None => Determination::Determined,
    };

    let mut estimates = Vec::with_capacity(n_parameters);
    for (i, p) in problem.parameters.iter().enumerate() {
        let Some(k) = objective.free().iter().position(|&f| f == i) else {
            estimates.push(Estimate {
                name: p.name.clone(),
                value: p.start,
                se: None,
                ci95: None,
                rse: None,
                determined: Determination::Determined,
                shrinkage: None,
                contraction: None,
                at_bound: None,
                transform: p.transform,
                fixed: true,
            });
            continue;
        };
        let sd = inference.sd(k);
        let se = sd.map(|s| s * p.transform.slope(x[k]).abs());
        let rse = se.map(|s| s / theta[i].abs()).filter(|v| v.is_finite());
        let ci95 = sd.map(|s| {
            let half = inference.quantile * s;
            (p.transform.backward(x[k] - half), p.transform.backward(x[k] + half))
        });
        let shrinkage = p.prior.zip(sd).map(|(q, s)| (s / q.sd).powi(2));
        // Data that say nothing leave the prior, to the rounding of its variance.
        let contraction = shrinkage.map(|s| if (1.0 - s).abs() < 1e-9 { 0.0 } else { 1.0 - s });
        let disagreement = || {
            let values = || starts.alternatives.iter().map(|a| a[i]);
            let moved = values().any(|v| apart(p.transform, v, theta[i], sd));
            moved.then(|| Reason::StartsDisagree {
                lowest: values().fold(theta[i], f64::min),
                highest: values().fold(theta[i], f64::max),
            })
        };
        let reason = general
            .clone()
            .or_else(|| {
                inference.at_bound[k]
                    .map(|b| Reason::AtBound { parameter: p.name.clone(), bound: b.value() })
            })
            .or_else(|| {
                let d = inference.null_of(k)?;
                Some(Reason::Singular { combination: d.combination.clone() })
            })
            .or_else(|| inference.variance_scale.is_none().then(no_freedom))
            .or_else(|| match (p.transform, rse, problem.options.cv_gate) {
                (Transform::Identity, ..) => None,
                (_, Some(rse), Some(gate)) if rse > gate && p.prior.is_none() => {
                    Some(Reason::LargeUncertainty { rse, gate })
                }
                (_, None, Some(gate)) if p.prior.is_none() => {
                    Some(Reason::LargeUncertainty { rse: f64::INFINITY, gate })
                }
                _ => None,
            })
            .or_else(|| {
                let gate = problem.options.prior_gate;
                contraction
                    .filter(|c| *c < gate)
                    .map(|contraction| Reason::PriorOnly { contraction, gate })
            })
            .or_else(disagreement);
        estimates.push(Estimate {
            name: p.name.clone(),
            value: theta[i],
            se,
            ci95,
            rse,
            determined: verdict(reason),
            shrinkage,
            contraction,
            at_bound: inference.at_bound[k],
            transform: p.transform,
            fixed: false,
        });
    }

    let sd_scale = residual_scale(objective, &inference, lin.cost, n);
    let magnitudes = magnitude_estimates(problem, objective, &x, &inference, sd_scale, &general);

    let derived = problem
        .predictor
        .derived(&theta)?
        .into_iter()
        .map(|d| {
            let (se, unknown) = match inference.spread(d.value, &d.gradient) {
                Spread::Sd(s) if s.is_finite() => (Some(s), None),
                Spread::Sd(_) | Spread::NoVariance => (None, Some(no_freedom())),
                Spread::Unknown(reason) => (None, Some(reason)),
            };
            let rse = se.map(|s| s / d.value.abs()).filter(|v| v.is_finite());
            let ci95 = se.map(|s| {
                let half = inference.quantile * s;
                if d.positive && d.value > 0.0 {
                    let factor = (half / d.value).exp();
                    (d.value / factor, d.value * factor)
                } else {
                    (d.value - half, d.value + half)
                }
            });
            let reason = general
                .clone()
                .or(unknown)
                .or(match (d.positive, rse, problem.options.cv_gate) {
                    (true, Some(rse), Some(gate)) if rse > gate => {
                        Some(Reason::LargeUncertainty { rse, gate })
                    }
                    _ => None,
                })
                .or_else(|| derived_disagreement(problem, &starts, &d.name, d.value, se));
            let determined = verdict(reason);
            DerivedEstimate { name: d.name, value: d.value, se, ci95, rse, determined }
        })
        .collect();

    let sds = objective.standard_deviations(&x, &predicted);
    let residuals: Vec<Residual> = problem
        .observations
        .iter()
        .enumerate()
        .map(|(j, o)| {
            let sd = sd_scale.map(|s| s * sds[j]);
            let censored = o.censoring == Censoring::Left;
            let weighted =
                sd.filter(|s| !censored && *s > 0.0).map(|s| (o.value - predicted[j]) / s);
            Residual {
                label: o.label.clone(),
                observed: o.value,
                predicted: predicted[j],
                sd,
                weighted,
                censored,
            }
        })
        .collect();
    let chi_square = problem
        .observations
        .iter()
        .enumerate()
        .filter(|(_, o)| o.censoring == Censoring::None)
        .map(|(j, o)| ((o.value - predicted[j]) / sds[j]).powi(2))
        .sum();

    let ll = objective.minus_two_log_likelihood(&x, lin.cost);
    let estimated = problem.error.magnitudes().iter().filter(|(_, m)| m.estimated()).count();
    let k = n_free + problem.options.variance_count.adds(estimated);
    let kf = k as f64;
    let nf = n as f64;
    let corrected = ll.map(|v| selection::aicc(v, k, n));
    let criteria_note = match &corrected {
        None => Some(
            "the curve passes through every point, so the likelihood has no maximum".to_owned(),
        ),
        Some(Err(reason)) => Some(format!(
            "{reason} (the variance is {})",
            problem.options.variance_count.describe()
        )),
        Some(Ok(_)) => None,
    };

    let covariance = inference.natural_covariance(n_parameters);
    let correlation = covariance.as_ref().map(correlation_of);
    let gradient = lin.gradient();
    let gradient_norm = (0..x.len())
        .filter(|&k| inference.at_bound[k].is_none())
        .map(|k| gradient[k].abs() / lin.scale)
        .fold(0.0, f64::max);
    let predictions = (0..n)
        .map(|j| {
            let row: Vec<f64> = jacobian.row(j).iter().copied().collect();
            prediction(&inference, predicted[j], &row)
        })
        .collect();

    Ok(Fit {
        status,
        estimates,
        magnitudes,
        covariance,
        correlation,
        condition_number: inference.condition_number,
        objective: ll.map(|v| v + objective.prior_penalty(&x)),
        minus_two_log_likelihood: ll,
        chi_square,
        aic: ll.map(|v| v + 2.0 * kf),
        aicc: corrected.and_then(Result::ok),
        bic: ll.map(|v| v + kf * nf.ln()),
        criteria_note,
        k,
        n,
        interval: inference.interval,
        residuals,
        predictions,
        derived,
        iterations: kept.iterations,
        gradient_norm,
        remaining_step: kept.remaining_step,
        starts,
        inference,
    })
}

/// A change of the cost below this part of its unit is none.
pub(crate) const FLAT: f64 = 1e-6;

/// Moves every parameter to a bound that fits exactly as well: a phase that is over before the first measurement is
/// equally well over at once, and where a search happens to leave it says nothing. Tells whether any was moved.
fn rest_at_bounds(
    problem: &Problem<'_>,
    objective: &Objective<'_>,
    x: &mut [f64],
    lin: &Linearisation,
) -> bool {
    let (lower, upper) = objective.bounds();
    let mut moved = false;
    for (k, &i) in objective.free().iter().enumerate() {
        let p = &problem.parameters[i];
        if p.bounds.is_none() || p.prior.is_some() {
            continue;
        }
        for bound in [upper[k], lower[k]] {
            let mut there = x.to_vec();
            there[k] = bound;
            let flat = bound.is_finite()
                && objective
                    .cost(&there)
                    .is_ok_and(|cost| (cost - lin.cost).abs() <= FLAT * lin.scale);
            if flat {
                moved |= x[k].to_bits() != bound.to_bits();
                x[k] = bound;
                break;
            }
        }
    }
    moved
}

/// Reasons that hold for every parameter.
fn general_reason(
    problem: &Problem<'_>,
    objective: &Objective<'_>,
    status: &Status,
) -> Option<Reason> {
    if !status.converged() {
        return Some(Reason::NotConverged { status: status.to_string() });
    }
    let priors = objective.free().iter().filter(|&&i| problem.parameters[i].prior.is_some());
    let data = problem.observations.len() + priors.count();
    let parameters = objective.n_free();
    (data < parameters).then_some(Reason::FewerData { data, parameters })
}

/// Factor from relative to absolute standard deviation of the observations.
fn residual_scale(
    objective: &Objective<'_>,
    inference: &Inference,
    cost: f64,
    n: usize,
) -> Option<f64> {
    if !objective.profiled() {
        return Some(1.0);
    }
    // Without degrees of freedom there is no standard deviation; a vanishing one tells nothing either.
    let df = n.saturating_sub(objective.n_free());
    inference.variance_scale.filter(|_| df > 0).map(|_| (2.0 * cost / df as f64).sqrt())
}

fn magnitude_estimates(
    problem: &Problem<'_>,
    objective: &Objective<'_>,
    x: &[f64],
    inference: &Inference,
    sd_scale: Option<f64>,
    general: &Option<Reason>,
) -> Vec<Estimate> {
    let n = problem.observations.len();
    let make = |name: &str, value: f64, se: Option<f64>, ci95, reason: Option<Reason>| Estimate {
        name: name.to_owned(),
        value,
        se,
        ci95,
        rse: se.map(|s| s / value).filter(|v| v.is_finite()),
        determined: match reason.or_else(|| general.clone()) {
            Some(reason) => Determination::NotDetermined { reason },
            None => Determination::Determined,
        },
        shrinkage: None,
        contraction: None,
        at_bound: None,
        transform: Transform::Log,
        fixed: false,
    };
    let mut out = Vec::new();
    for (k, (name, m)) in problem.error.magnitudes().iter().enumerate() {
        if !m.estimated() {
            continue;
        }
        if let Some(c) = objective.sigma_index(k) {
            let value = x[c].exp();
            let sd = inference.sd(c);
            let half = sd.map(|s| inference.quantile * s);
            let reason = inference.at_bound[c]
                .map(|b| Reason::AtBound { parameter: (*name).to_owned(), bound: b.value() })
                .or_else(|| {
                    let d = inference.null_of(c)?;
                    Some(Reason::Singular { combination: d.combination.clone() })
                });
            let ci = half.map(|h| ((x[c] - h).exp(), (x[c] + h).exp()));
            out.push(make(name, value, sd.map(|s| s * value), ci, reason));
        } else if let (Some(value), IntervalKind::StudentT { degrees_of_freedom: df }) =
            (sd_scale, inference.interval)
        {
            let se = value / (2.0 * df as f64).sqrt();
            out.push(make(name, value, Some(se), sd_interval(value, df), None));
        } else {
            // Without degrees of freedom there is no estimate at all.
            let reason =
                Reason::NoDegreesOfFreedom { observations: n, parameters: objective.n_free() };
            out.push(make(name, f64::NAN, None, None, Some(reason)));
        }
    }
    out
}

/// Whether two values of a parameter are further apart than a standard error (or, without one, than one per cent).
fn apart(transform: Transform, a: f64, b: f64, sd: Option<f64>) -> bool {
    let distance = (transform.forward(a) - transform.forward(b)).abs();
    let unit = match transform {
        Transform::Identity => b.abs(),
        _ => 1.0,
    };
    distance > sd.unwrap_or(0.0).max(0.01 * unit)
}

fn derived_disagreement(
    problem: &Problem<'_>,
    starts: &Starts,
    name: &str,
    value: f64,
    se: Option<f64>,
) -> Option<Reason> {
    let others: Vec<f64> = starts
        .alternatives
        .iter()
        .filter_map(|theta| problem.predictor.derived(theta).ok())
        .filter_map(|list| list.into_iter().find(|d| d.name == name).map(|d| d.value))
        .collect();
    let limit = se.unwrap_or(0.0).max(0.01 * value.abs());
    others.iter().any(|v| (v - value).abs() > limit).then(|| Reason::StartsDisagree {
        lowest: others.iter().copied().fold(value, f64::min),
        highest: others.iter().copied().fold(value, f64::max),
    })
}

fn summarise(
    problem: &Problem<'_>,
    objective: &Objective<'_>,
    runs: &[Result<Run, String>],
    best: usize,
    x: &[f64],
    inference: &Inference,
    floor: f64,
) -> Starts {
    let n = problem.observations.len();
    let lowest = runs[best].as_ref().map_or(f64::INFINITY, |r| r.cost);
    let mut agreeing = 0;
    let mut alternatives: Vec<Vec<f64>> = Vec::new();
    let mut list = Vec::with_capacity(runs.len());
    for run in runs {
        let Ok(run) = run else {
            list.push(StartSummary {
                cost: None,
                converged: false,
                iterations: 0,
                theta: Vec::new(),
            });
            continue;
        };
        let here = canonicalise(problem, objective, &run.x).unwrap_or_else(|| run.x.clone());
        let theta = objective.theta(&here);
        let converged = run.end == End::Converged;
        if converged
            && objective_difference(objective, n, floor, run.cost, lowest) <= SAME_OBJECTIVE
        {
            agreeing += 1;
            let elsewhere = objective.free().iter().enumerate().any(|(k, &i)| {
                let t = problem.parameters[i].transform;
                apart(t, theta[i], t.backward(x[k]), inference.sd(k))
            });
            if elsewhere {
                alternatives.push(theta.clone());
            }
        }
        list.push(StartSummary {
            cost: Some(run.cost),
            converged,
            iterations: run.iterations,
            theta,
        });
    }
    Starts { runs: list, best, agreeing, alternatives }
}

fn correlation_of(v: &DMatrix<f64>) -> DMatrix<f64> {
    DMatrix::from_fn(v.nrows(), v.ncols(), |i, j| {
        let scale = (v[(i, i)] * v[(j, j)]).sqrt();
        match (i == j, scale > 0.0) {
            (true, _) => 1.0,
            (false, true) => v[(i, j)] / scale,
            (false, false) => 0.0,
        }
    })
}

fn prediction(inference: &Inference, value: f64, row: &[f64]) -> Prediction {
    match inference.spread(value, row) {
        Spread::Sd(sd) => {
            let half = inference.quantile * sd;
            Prediction { value, sd: Some(sd), ci95: Some((value - half, value + half)) }
        }
        Spread::Unknown(_) | Spread::NoVariance => Prediction { value, sd: None, ci95: None },
    }
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
                prediction(&self.inference, values[j], &row)
            })
            .collect())
    }
}
