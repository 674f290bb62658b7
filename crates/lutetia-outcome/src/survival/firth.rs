//! Cox's model where all events lie on one side.

use nalgebra::{DMatrix, DVector};
use serde::Serialize;

use super::SurvivalData;
use super::cox::TestStatistic;
use super::data::same_length;
use crate::error::{
    Asked, Contradiction, NoAnswer, Of, OutcomeError, Unfinished, confidence_level, not_determined,
    within,
};
use crate::numeric::chi_squared_tail;

/// One coefficient of the penalised model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FirthCoefficient {
    /// Name of its covariate.
    pub name: String,
    /// β.
    pub value: f64,
    /// Standard error from the information matrix.
    pub standard_error: f64,
    /// Lower limit of β, from the profile of the penalised likelihood; −∞ where it never falls far enough.
    pub lower: f64,
    /// Upper limit; ∞ where it never falls far enough.
    pub upper: f64,
    /// Penalised likelihood-ratio test of β = 0.
    pub test: TestStatistic,
}

impl FirthCoefficient {
    /// `exp(β)`.
    #[must_use]
    pub fn hazard_ratio(&self) -> f64 {
        self.value.exp()
    }
}

/// A fitted penalised Cox model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FirthFit {
    /// Coefficients in the order of the covariates.
    pub coefficients: Vec<FirthCoefficient>,
    /// ℓ + ½ ln det I at the estimate.
    pub penalised_log_likelihood: f64,
    /// The same at β = 0.
    pub null_penalised_log_likelihood: f64,
    /// Events.
    pub events: usize,
}

/// Cox's model by Firth's penalised likelihood, `ℓ*(β) = ℓ(β) + ½ ln det I(β)` with Breslow's ties (Heinze and
/// Schemper 2001, Biometrics 57:114; R's `coxphf`). It has a maximum also where the partial likelihood keeps
/// rising, as with a single event or all events in one arm. Intervals and tests are those of the profile of ℓ*,
/// since its curvature says little there.
///
/// # Errors
/// No covariates, columns of different lengths, values that are not finite; not determined without events or with
/// covariates that are constant or follow from others; not converged.
pub fn firth(
    data: &SurvivalData,
    covariates: &[(&str, &[f64])],
    level: f64,
) -> Result<FirthFit, OutcomeError> {
    confidence_level(level)?;
    if covariates.is_empty() {
        return Err(Contradiction::NoCovariates.into());
    }
    for (name, column) in covariates {
        same_length(name, column.len(), data.len())?;
        for (i, &v) in column.iter().enumerate() {
            let what = format!("`{name}` of patient {}", i + 1);
            within(what, v, "", true, "a finite number; leave out patients without one")?;
        }
    }
    if data.events() == 0 {
        let reason = NoAnswer::TimesCensored { times: data.len() };
        return Err(not_determined(Asked::PenalisedCox, reason));
    }
    let problem = Problem::new(data, covariates);
    let p = covariates.len();
    let zero = DVector::zeros(p);
    let Some(null) = problem.at(&zero) else {
        return Err(not_determined(Asked::PenalisedCox, NoAnswer::Dependent));
    };
    let all: Vec<usize> = (0..p).collect();
    let best = problem.maximise(zero.clone(), &all)?;
    let fit = problem.at(&best).ok_or_else(|| singular(Of::Estimate))?;
    let covariance = fit
        .information
        .clone()
        .cholesky()
        .map(|c| c.inverse())
        .ok_or_else(|| singular(Of::Estimate))?;
    let mut coefficients = Vec::with_capacity(p);
    for (j, (name, _)) in covariates.iter().enumerate() {
        let others: Vec<usize> = all.iter().copied().filter(|&k| k != j).collect();
        let profile = |value: f64| -> Result<f64, OutcomeError> {
            let mut start = best.clone();
            start[j] = value;
            let there = problem.maximise(start, &others)?;
            Ok(problem.at(&there).map_or(f64::NEG_INFINITY, |a| a.value))
        };
        let chi_squared = 2.0 * (fit.value - profile(0.0)?).max(0.0);
        let standard_error = covariance[(j, j)].sqrt();
        let drop = 0.5 * chi_squared_quantile(level);
        let limit = |side: f64| limit(&profile, best[j], side * standard_error, fit.value - drop);
        coefficients.push(FirthCoefficient {
            name: (*name).to_owned(),
            value: best[j],
            standard_error,
            lower: limit(-1.0)?,
            upper: limit(1.0)?,
            test: TestStatistic {
                chi_squared,
                degrees_of_freedom: 1.0,
                p: chi_squared_tail(chi_squared, 1.0),
            },
        });
    }
    Ok(FirthFit {
        coefficients,
        penalised_log_likelihood: fit.value,
        null_penalised_log_likelihood: null.value,
        events: data.events(),
    })
}

/// χ² of one degree of freedom that is exceeded with probability 1 − level.
fn chi_squared_quantile(level: f64) -> f64 {
    crate::numeric::two_sided_z(level).powi(2)
}

/// Where the profile falls to `target`, going from `from` in steps of `step` and then halving.
fn limit(
    profile: &dyn Fn(f64) -> Result<f64, OutcomeError>,
    from: f64,
    step: f64,
    target: f64,
) -> Result<f64, OutcomeError> {
    let (mut near, mut far, mut reach) = (from, from, step);
    loop {
        far += reach;
        // A hazard ratio beyond e^±50 is not a limit.
        if (far - from).abs() > 50.0 + 20.0 * step.abs() {
            return Ok(if step > 0.0 { f64::INFINITY } else { f64::NEG_INFINITY });
        }
        if profile(far)? < target {
            break;
        }
        near = far;
        reach *= 1.5;
    }
    for _ in 0..60 {
        let middle = 0.5 * (near + far);
        if profile(middle)? < target {
            far = middle;
        } else {
            near = middle;
        }
        if (far - near).abs() < 1e-10 * (1.0 + far.abs()) {
            break;
        }
    }
    Ok(0.5 * (near + far))
}

/// Most Newton steps of one maximisation.
const STEPS: usize = 500;

fn singular(of: Of) -> OutcomeError {
    OutcomeError::NotConverged { what: Asked::PenalisedCox, reason: Unfinished::Singular(of) }
}

/// Patients by falling time, so that a risk set is a beginning of the list.
struct Problem {
    rows: Vec<DVector<f64>>,
    /// For every event time: how many are at risk, how many have the event, the sum of their covariates.
    deaths: Vec<(usize, f64, DVector<f64>)>,
}

struct At {
    value: f64,
    /// Score of ℓ*.
    score: DVector<f64>,
    information: DMatrix<f64>,
}

impl Problem {
    fn new(data: &SurvivalData, covariates: &[(&str, &[f64])]) -> Self {
        let p = covariates.len();
        let mut order: Vec<usize> = (0..data.len()).collect();
        order.sort_by(|&a, &b| data.time()[b].total_cmp(&data.time()[a]));
        // Centred on the mean: the model is the same, and exp(xᵀβ) stays small.
        let means: Vec<f64> =
            covariates.iter().map(|(_, c)| c.iter().sum::<f64>() / data.len() as f64).collect();
        let rows: Vec<DVector<f64>> = order
            .iter()
            .map(|&i| DVector::from_fn(p, |j, _| covariates[j].1[i] - means[j]))
            .collect();
        let mut deaths: Vec<(usize, f64, DVector<f64>)> = Vec::new();
        let mut first = 0;
        while first < order.len() {
            let time = data.time()[order[first]];
            let same = order[first..].iter().take_while(|&&i| data.time()[i] >= time).count();
            let mut count = 0.0;
            let mut sum = DVector::zeros(p);
            for k in first..first + same {
                if data.event()[order[k]] {
                    count += 1.0;
                    sum += &rows[k];
                }
            }
            first += same;
            if count > 0.0 {
                deaths.push((first, count, sum));
            }
        }
        Self { rows, deaths }
    }

    /// ℓ*, its score and the information; none where the information is singular.
    fn at(&self, beta: &DVector<f64>) -> Option<At> {
        let p = beta.len();
        // Moments of the risk set about 0; the third one by its first index.
        let (mut s0, mut s1, mut s2) = (0.0, DVector::zeros(p), DMatrix::zeros(p, p));
        let mut s3 = vec![DMatrix::<f64>::zeros(p, p); p];
        let (mut value, mut score) = (0.0, DVector::zeros(p));
        let mut information = DMatrix::zeros(p, p);
        let mut slopes = vec![DMatrix::<f64>::zeros(p, p); p];
        let mut seen = 0;
        for (at_risk, count, sum) in &self.deaths {
            for x in &self.rows[seen..*at_risk] {
                let w = x.dot(beta).exp();
                s0 += w;
                s1.axpy(w, x, 1.0);
                s2.ger(w, x, x, 1.0);
                for (j, third) in s3.iter_mut().enumerate() {
                    third.ger(w * x[j], x, x, 1.0);
                }
            }
            seen = *at_risk;
            let mean = &s1 / s0;
            let square = &s2 / s0;
            value += sum.dot(beta) - count * f64::ln(s0);
            score += sum - *count * &mean;
            information += *count * (&square - &mean * mean.transpose());
            // The derivative of the covariance by β_j is the third central moment.
            for (j, slope) in slopes.iter_mut().enumerate() {
                let column = square.column(j);
                *slope += *count
                    * (&s3[j] / s0
                        - mean[j] * &square
                        - column * mean.transpose()
                        - &mean * column.transpose()
                        + 2.0 * mean[j] * (&mean * mean.transpose()));
            }
        }
        let factor = information.clone().cholesky()?;
        let half_log = factor.l().diagonal().iter().map(|x| x.ln()).sum::<f64>();
        let inverse = factor.inverse();
        for (j, slope) in slopes.iter().enumerate() {
            score[j] += 0.5 * (&inverse * slope).trace();
        }
        value += half_log;
        (value.is_finite() && score.iter().all(|s| s.is_finite())).then_some(At {
            value,
            score,
            information,
        })
    }

    /// Maximises ℓ* over the free coefficients by damped steps with the information.
    fn maximise(&self, start: DVector<f64>, free: &[usize]) -> Result<DVector<f64>, OutcomeError> {
        let mut beta = start;
        let mut here = self.at(&beta).ok_or_else(|| singular(Of::Profile))?;
        if free.is_empty() {
            return Ok(beta);
        }
        for _ in 0..STEPS {
            let k = free.len();
            let score = DVector::from_iterator(k, free.iter().map(|&j| here.score[j]));
            let block = DMatrix::from_fn(k, k, |a, b| here.information[(free[a], free[b])]);
            let Some(factor) = block.cholesky() else { return Err(singular(Of::Profile)) };
            let mut step = factor.solve(&score);
            if score.dot(&step) < 1e-20 {
                return Ok(beta);
            }
            // coxphf limits its steps as well: far from the maximum the information is next to nothing.
            let largest = step.amax();
            if largest > 2.5 {
                step *= 2.5 / largest;
            }
            loop {
                let mut moved = beta.clone();
                for (&j, s) in free.iter().zip(step.iter()) {
                    moved[j] += s;
                }
                if let Some(there) = self.at(&moved)
                    && there.value >= here.value
                {
                    (beta, here) = (moved, there);
                    break;
                }
                step *= 0.5;
                if step.amax() < 1e-13 {
                    return Ok(beta);
                }
            }
        }
        Err(OutcomeError::NotConverged {
            what: Asked::PenalisedCox,
            reason: Unfinished::Steps { steps: STEPS, penalised: true },
        })
    }
}
