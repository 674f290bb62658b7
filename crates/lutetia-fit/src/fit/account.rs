//! From the place where a search ended to the account of the fit: what is estimated, how well, and what is not determined.

use nalgebra::DMatrix;

use crate::criterion::NoCriterion;
use crate::error::{FitError, SearchFailure};
use crate::inference::{Inference, IntervalKind, Spread, sd_interval};
use crate::likelihood::Objective;
use crate::predictor::{Derived, DerivedKind};
use crate::problem::{Censoring, FitParameter, Problem};
use crate::result::{DerivedEstimate, Estimate, Fit, Prediction, Residual, StartSummary, Starts};
use crate::selection;
use crate::solver::Linearisation;
use crate::verdict::{
    Breakdown, Determination, FLAT, Reason, SAME_OBJECTIVE, Status, parameters_apart, values_apart,
};
use lutetia_population::Transform;

use super::{End, Run};

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

/// What the parts of an account stand on: the place reached, and what is known about it.
struct Account<'p> {
    problem: &'p Problem<'p>,
    objective: &'p Objective<'p>,
    x: Vec<f64>,
    theta: Vec<f64>,
    inference: Inference,
    starts: Starts,
    /// The reason that holds for every parameter.
    general: Option<Reason>,
}

/// The account of the run that is kept.
pub(super) fn assemble(
    problem: &Problem<'_>,
    objective: &Objective<'_>,
    runs: &[Result<Run, SearchFailure>],
    best: usize,
    kept: &Run,
) -> Result<Fit, FitError> {
    let mut x = canonicalise(problem, objective, &kept.x).unwrap_or_else(|| kept.x.clone());
    let mut lin = objective.linearised(&x)?;
    if kept.end == End::Converged && rest_at_bounds(problem, objective, &mut x, &lin) {
        lin = objective.linearised(&x)?;
    }
    let theta = objective.theta(&x);
    let n = problem.observations.len();

    let (inference, failure) = match Inference::new(problem, objective, &x, &lin) {
        Ok(i) => (i, None),
        Err(reason) => {
            // Nothing is known about the uncertainty: say so for all, by an information of zero.
            let mut blank = lin.clone();
            blank.m.fill(0.0);
            (Inference::new(problem, objective, &x, &blank)?, Some(reason))
        }
    };
    let status = status(problem, objective, kept, &inference, failure);
    let floor = lin.scale * 1e-6 * n as f64;
    let starts = summarise(problem, objective, runs, best, &x, &inference, floor);
    let predicted = objective.predict(&theta, None)?;
    let mut jacobian = DMatrix::zeros(n, problem.parameters.len());
    problem.predictor.predict(&theta, &mut predicted.clone(), Some(&mut jacobian))?;

    let general = general_reason(problem, objective, &status);
    let account = Account { problem, objective, x, theta, inference, starts, general };
    let estimates =
        problem.parameters.iter().enumerate().map(|(i, p)| account.estimate(i, p)).collect();
    let sd_scale = residual_scale(objective, &account.inference, lin.cost, n);
    let magnitudes = account.magnitudes(sd_scale);
    let quantities = problem.predictor.derived(&account.theta)?;
    let derived = quantities.into_iter().map(|d| account.derived(d)).collect();
    let sds = objective.standard_deviations(&account.x, &predicted);
    let residuals = account.residuals(&predicted, &sds, sd_scale);
    let predictions = (0..n)
        .map(|j| {
            let row: Vec<f64> = jacobian.row(j).iter().copied().collect();
            prediction(&account.inference, predicted[j], &row)
        })
        .collect();
    let criteria = account.criteria(lin.cost);
    let gradient_norm = account.gradient_norm(&lin);
    let Account { x, inference, starts, .. } = account;
    let covariance = inference.natural_covariance(problem.parameters.len());
    Ok(Fit {
        status,
        estimates,
        magnitudes,
        correlation: covariance.as_ref().map(correlation_of),
        covariance,
        condition_number: inference.condition_number,
        objective: criteria.log_likelihood.map(|v| v + objective.prior_penalty(&x)),
        minus_two_log_likelihood: criteria.log_likelihood,
        chi_square: chi_square(problem, &predicted, &sds),
        aic: criteria.aic,
        aicc: criteria.aicc,
        bic: criteria.bic,
        criteria_note: criteria.note,
        k: criteria.k,
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

/// How the kept search ended, in the words of the result.
fn status(
    problem: &Problem<'_>,
    objective: &Objective<'_>,
    kept: &Run,
    inference: &Inference,
    failure: Option<Breakdown>,
) -> Status {
    let at_bound: Vec<String> = objective
        .free()
        .iter()
        .enumerate()
        .filter(|(k, _)| inference.at_bound[*k].is_some())
        .map(|(_, &i)| problem.parameters[i].name.clone())
        .collect();
    match (&kept.end, failure) {
        (_, Some(reason)) => Status::Failed { reason },
        (End::Converged, None) if at_bound.is_empty() => Status::Converged,
        (End::Converged, None) => Status::ConvergedAtBound { parameters: at_bound },
        (End::Stalled, None) => Status::Stalled { remaining_step: kept.remaining_step },
        (End::MaxIterations, None) => Status::MaxIterations {
            iterations: kept.iterations,
            remaining_step: kept.remaining_step,
        },
        (End::Failed(reason), None) => {
            Status::Failed { reason: Breakdown::Stopped { reason: reason.clone() } }
        }
        (End::Interrupted, None) => Status::Failed { reason: Breakdown::Interrupted },
    }
}

/// Akaike's criterion and its kin.
struct Criteria {
    log_likelihood: Option<f64>,
    aic: Option<f64>,
    aicc: Option<f64>,
    bic: Option<f64>,
    note: Option<NoCriterion>,
    k: usize,
}

impl Account<'_> {
    fn no_freedom(&self) -> Reason {
        Reason::NoDegreesOfFreedom {
            observations: self.problem.observations.len(),
            parameters: self.objective.n_free(),
        }
    }

    /// One parameter of the predictor.
    fn estimate(&self, i: usize, p: &FitParameter) -> Estimate {
        let inference = &self.inference;
        let Some(k) = self.objective.free().iter().position(|&f| f == i) else {
            return Estimate {
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
            };
        };
        let sd = inference.sd(k);
        let se = sd.map(|s| s * p.transform.slope(self.x[k]).abs());
        let rse = se.map(|s| s / self.theta[i].abs()).filter(|v| v.is_finite());
        let ci95 = sd.map(|s| {
            let half = inference.quantile * s;
            (p.transform.backward(self.x[k] - half), p.transform.backward(self.x[k] + half))
        });
        let shrinkage = p.prior.zip(sd).map(|(q, s)| (s / q.sd).powi(2));
        // Data that say nothing leave the prior, to the rounding of its variance.
        let contraction = shrinkage.map(|s| if (1.0 - s).abs() < 1e-9 { 0.0 } else { 1.0 - s });
        Estimate {
            name: p.name.clone(),
            value: self.theta[i],
            se,
            ci95,
            rse,
            determined: verdict(self.against(i, k, p, rse, contraction)),
            shrinkage,
            contraction,
            at_bound: inference.at_bound[k],
            transform: p.transform,
            fixed: false,
        }
    }

    /// What stands against a parameter, the gravest first.
    fn against(
        &self,
        i: usize,
        k: usize,
        p: &FitParameter,
        rse: Option<f64>,
        contraction: Option<f64>,
    ) -> Option<Reason> {
        let inference = &self.inference;
        let options = &self.problem.options;
        self.general
            .clone()
            .or_else(|| {
                inference.at_bound[k]
                    .map(|b| Reason::AtBound { parameter: p.name.clone(), bound: b.value() })
            })
            .or_else(|| {
                let d = inference.null_of(k)?;
                Some(Reason::Singular { combination: d.combination.clone() })
            })
            .or_else(|| inference.variance_scale.is_none().then(|| self.no_freedom()))
            .or_else(|| match (p.transform, rse, options.cv_gate) {
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
                let gate = options.prior_gate;
                contraction
                    .filter(|c| *c < gate)
                    .map(|contraction| Reason::PriorOnly { contraction, gate })
            })
            .or_else(|| {
                let values = || self.starts.alternatives.iter().map(|a| a[i]);
                let sd = inference.sd(k);
                let moved = values().any(|v| parameters_apart(p.transform, v, self.theta[i], sd));
                moved.then(|| Reason::StartsDisagree {
                    lowest: values().fold(self.theta[i], f64::min),
                    highest: values().fold(self.theta[i], f64::max),
                })
            })
    }

    /// One derived quantity.
    fn derived(&self, d: Derived) -> DerivedEstimate {
        let finite = d.value.is_finite() && d.gradient.iter().all(|g| g.is_finite());
        let spread = if finite {
            self.inference.spread(d.value, &d.gradient)
        } else {
            Spread::Unknown(Reason::NoValue)
        };
        let (se, unknown) = match spread {
            Spread::Sd(s) if s.is_finite() => (Some(s), None),
            Spread::Sd(_) | Spread::NoVariance => (None, Some(self.no_freedom())),
            Spread::Unknown(reason) => (None, Some(reason)),
        };
        let rse = se.map(|s| s / d.value.abs()).filter(|v| v.is_finite());
        let ci95 = se.map(|s| {
            let half = self.inference.quantile * s;
            if d.positive && d.value > 0.0 {
                let factor = (half / d.value).exp();
                (d.value / factor, d.value * factor)
            } else {
                (d.value - half, d.value + half)
            }
        });
        let reason = self
            .general
            .clone()
            .or(unknown)
            .or(match (d.positive, rse, self.problem.options.cv_gate) {
                (true, Some(rse), Some(gate)) if rse > gate => {
                    Some(Reason::LargeUncertainty { rse, gate })
                }
                _ => None,
            })
            .or_else(|| self.derived_of_priors(&d, se))
            .or_else(|| self.derived_disagreement(&d, se));
        DerivedEstimate {
            kind: d.kind,
            output: d.output,
            value: d.value,
            se,
            ci95,
            rse,
            determined: verdict(reason),
        }
    }

    /// Whether what a model file derives is that of the priors of its parameters, whose spread the data did not reduce:
    /// the variance `Σ (∂q/∂φ_k)² sd_k²` that they give it, taken at the estimates as that of the data is. Integrals of
    /// observed curves are judged by their data.
    fn derived_of_priors(&self, d: &Derived, se: Option<f64>) -> Option<Reason> {
        let se = se.filter(|_| d.kind == DerivedKind::OfModel)?;
        let mut prior = 0.0;
        for (k, &i) in self.objective.free().iter().enumerate() {
            let p = &self.problem.parameters[i];
            let by = d.gradient[i] * p.transform.slope(self.x[k]);
            if by.abs() > 0.0 {
                prior += (by * p.prior?.sd).powi(2);
            }
        }
        let contraction = (prior > 0.0).then(|| 1.0 - se * se / prior)?;
        let gate = self.problem.options.prior_gate;
        (contraction < gate).then_some(Reason::PriorOnly { contraction, gate })
    }

    fn derived_disagreement(&self, d: &Derived, se: Option<f64>) -> Option<Reason> {
        let others: Vec<f64> = self
            .starts
            .alternatives
            .iter()
            .filter_map(|theta| self.problem.predictor.derived(theta).ok())
            .filter_map(|list| {
                let mut same =
                    list.into_iter().filter(|q| q.kind == d.kind && q.output == d.output);
                same.next().map(|q| q.value)
            })
            .collect();
        let moved = others.iter().any(|v| values_apart(*v, d.value, se));
        moved.then(|| Reason::StartsDisagree {
            lowest: others.iter().copied().fold(d.value, f64::min),
            highest: others.iter().copied().fold(d.value, f64::max),
        })
    }

    /// The error magnitudes that were estimated.
    fn magnitudes(&self, sd_scale: Option<f64>) -> Vec<Estimate> {
        let inference = &self.inference;
        let make =
            |name: &str, value: f64, se: Option<f64>, ci95, reason: Option<Reason>| Estimate {
                name: name.to_owned(),
                value,
                se,
                ci95,
                rse: se.map(|s| s / value).filter(|v| v.is_finite()),
                determined: match reason.or_else(|| self.general.clone()) {
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
        for (k, (name, m)) in self.problem.error.magnitudes().iter().enumerate() {
            if !m.estimated() {
                continue;
            }
            if let Some(c) = self.objective.sigma_index(k) {
                let value = self.x[c].exp();
                let sd = inference.sd(c);
                let half = sd.map(|s| inference.quantile * s);
                let reason = inference.at_bound[c]
                    .map(|b| Reason::AtBound { parameter: (*name).to_owned(), bound: b.value() })
                    .or_else(|| {
                        let d = inference.null_of(c)?;
                        Some(Reason::Singular { combination: d.combination.clone() })
                    });
                let ci = half.map(|h| ((self.x[c] - h).exp(), (self.x[c] + h).exp()));
                out.push(make(name, value, sd.map(|s| s * value), ci, reason));
            } else if let (Some(value), IntervalKind::StudentT { degrees_of_freedom: df }) =
                (sd_scale, inference.interval)
            {
                let se = value / (2.0 * df as f64).sqrt();
                out.push(make(name, value, Some(se), sd_interval(value, df), None));
            } else {
                // Without degrees of freedom there is no estimate at all.
                let reason = self.no_freedom();
                out.push(make(name, f64::NAN, None, None, Some(reason)));
            }
        }
        out
    }

    fn residuals(&self, predicted: &[f64], sds: &[f64], sd_scale: Option<f64>) -> Vec<Residual> {
        self.problem
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
            .collect()
    }

    fn criteria(&self, cost: f64) -> Criteria {
        let problem = self.problem;
        let n = problem.observations.len();
        let log_likelihood = self.objective.minus_two_log_likelihood(&self.x, cost);
        let estimated = problem.error.magnitudes().iter().filter(|(_, m)| m.estimated()).count();
        let k = self.objective.n_free() + problem.options.variance_count.adds(estimated);
        let corrected = log_likelihood.map(|v| selection::aicc(v, k, n));
        let note = match &corrected {
            None => Some(NoCriterion::Interpolates),
            Some(Err(cause)) => Some(NoCriterion::NoAicc {
                cause: *cause,
                variance: problem.options.variance_count,
            }),
            Some(Ok(_)) => None,
        };
        Criteria {
            log_likelihood,
            aic: log_likelihood.map(|v| v + 2.0 * k as f64),
            aicc: corrected.and_then(Result::ok),
            bic: log_likelihood.map(|v| v + k as f64 * (n as f64).ln()),
            note,
            k,
        }
    }

    /// Largest entry of the gradient over the scale of the cost, within the free directions.
    fn gradient_norm(&self, lin: &Linearisation) -> f64 {
        let gradient = lin.gradient();
        (0..self.x.len())
            .filter(|&k| self.inference.at_bound[k].is_none())
            .map(|k| gradient[k].abs() / lin.scale)
            .fold(0.0, f64::max)
    }
}

fn verdict(reason: Option<Reason>) -> Determination {
    match reason {
        Some(reason) => Determination::NotDetermined { reason },
        None => Determination::Determined,
    }
}

fn chi_square(problem: &Problem<'_>, predicted: &[f64], sds: &[f64]) -> f64 {
    problem
        .observations
        .iter()
        .enumerate()
        .filter(|(_, o)| o.censoring == Censoring::None)
        .map(|(j, o)| ((o.value - predicted[j]) / sds[j]).powi(2))
        .sum()
}

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
                    .cost_at(&there)
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
        return Some(Reason::NotConverged { status: status.clone() });
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

fn summarise(
    problem: &Problem<'_>,
    objective: &Objective<'_>,
    runs: &[Result<Run, SearchFailure>],
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
                parameters_apart(t, theta[i], t.backward(x[k]), inference.sd(k))
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

pub(super) fn prediction(inference: &Inference, value: f64, row: &[f64]) -> Prediction {
    match inference.spread(value, row) {
        Spread::Sd(sd) => {
            let half = inference.quantile * sd;
            Prediction { value, sd: Some(sd), ci95: Some((value - half, value + half)) }
        }
        Spread::Unknown(_) | Spread::NoVariance => Prediction { value, sd: None, ci95: None },
    }
}
