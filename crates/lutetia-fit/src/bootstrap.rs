//! Parametric bootstrap: data drawn from the fitted curve and its error model, fitted again.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::curve::{ActivityCurve, TimeActivity};
use crate::error::SamplerError;
use crate::fast::{FastFit, FastStatus};
use crate::fit::{fit, standard_normal};
use crate::predictor::Predictor;
use crate::problem::{Censoring, ErrorModel, FitOptions, FitParameter, Observation, Problem};
use crate::result::Fit;

/// Standard deviations and predictions that samples are drawn from.
#[derive(Clone, Debug)]
pub struct Sampler {
    mean: Vec<f64>,
    sd: Vec<f64>,
    /// Limit of detection of each observation that has one.
    limit: Vec<Option<f64>>,
    seed: u64,
}

impl Sampler {
    /// Draws about the predictions of a fit with the standard deviations of its error model.
    ///
    /// # Errors
    /// The search did not converge, or the residuals leave nothing to estimate the error from.
    pub fn new(fit: &Fit, seed: u64) -> Result<Self, SamplerError> {
        if !fit.status.converged() {
            return Err(SamplerError::NotConverged { status: fit.status.clone() });
        }
        let sd: Option<Vec<f64>> = fit.residuals.iter().map(|r| r.sd).collect();
        let sd = sd.ok_or_else(|| SamplerError::NoFreedom {
            observations: fit.n,
            parameters: fit.estimates.iter().filter(|e| !e.fixed).count(),
        })?;
        let mean = fit.residuals.iter().map(|r| r.predicted).collect();
        let limit = fit.residuals.iter().map(|r| r.censored.then_some(r.observed)).collect();
        Ok(Self { mean, sd, limit, seed })
    }

    /// The data of one sample, the same on any thread. A value is `None` where it falls below the limit of detection.
    pub fn draw(&self, sample: u64) -> Vec<Option<f64>> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(sample);
        self.mean
            .iter()
            .zip(&self.sd)
            .zip(&self.limit)
            .map(|((m, s), limit)| {
                let y = m + s * standard_normal(&mut rng);
                match limit {
                    Some(limit) if y < *limit => None,
                    _ => Some(y),
                }
            })
            .collect()
    }
}

/// What is kept of one refit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Refitted {
    /// Time-integrated activity.
    pub tia: f64,
    /// Terminal effective half-life.
    pub effective_half_life: f64,
    /// −2 ln L.
    pub minus_two_log_likelihood: f64,
}

/// A curve with its fit, ready to be fitted again to samples. The search starts at the estimates alone: a sample's
/// minimum is sought near the fit's own.
pub struct Refit<'a> {
    curve: &'a ActivityCurve,
    observations: &'a [Observation],
    error: ErrorModel,
    parameters: Vec<FitParameter>,
    start: Vec<f64>,
    sd: Vec<f64>,
    fast: Option<FastFit<'a>>,
}

impl<'a> Refit<'a> {
    /// Fits as `fit` was made, starting from its estimates.
    pub fn new(
        curve: &'a ActivityCurve,
        parameters: &[FitParameter],
        observations: &'a [Observation],
        error: ErrorModel,
        fit: &Fit,
    ) -> Self {
        let start = fit.theta();
        let parameters: Vec<FitParameter> = parameters
            .iter()
            .zip(&start)
            .map(|(p, s)| FitParameter { start: *s, ..p.clone() })
            .collect();
        let censored = observations.iter().any(|o| o.censoring == Censoring::Left);
        let fast = if censored { None } else { FastFit::new(curve, &parameters, error, 0, 0) };
        let sd = observations.iter().map(|o| o.sd.unwrap_or(1.0)).collect();
        Self { curve, observations, error, parameters, start, sd, fast }
    }

    /// The refit of one sample; `None` where no minimum is found or there is no integral.
    pub fn fit(&self, sample: &[Option<f64>]) -> Option<Refitted> {
        if let Some(fast) = &self.fast {
            let y: Option<Vec<f64>> = sample.iter().copied().collect();
            if let Some(y) = y {
                let r = fast.fit_from(&self.start, &y, &self.sd);
                if r.status != FastStatus::Unsettled {
                    return (r.tia.is_finite() && r.tia > 0.0 && r.terminal_rate > 0.0).then(
                        || Refitted {
                            tia: r.tia,
                            effective_half_life: std::f64::consts::LN_2 / r.terminal_rate,
                            minus_two_log_likelihood: r.minus_two_log_likelihood,
                        },
                    );
                }
            }
        }
        let observations = self
            .observations
            .iter()
            .zip(sample)
            .map(|(o, y)| match y {
                Some(y) => Observation { value: *y, censoring: Censoring::None, ..o.clone() },
                None => o.clone(),
            })
            .collect();
        let mut problem =
            Problem::new(self.curve, observations, self.error, self.parameters.clone());
        problem.options = FitOptions { random_starts: 0, ..FitOptions::default() };
        let f = fit(&problem).ok().filter(|f| f.status.converged())?;
        let mut theta = f.theta();
        self.curve.canonical(&mut theta);
        let mut scratch = vec![0.0; theta.len()];
        let tia = self.curve.tia(&theta, &mut scratch);
        let rate = self.curve.terminal_rate(&theta);
        (tia.is_finite() && tia > 0.0 && rate > 0.0).then(|| Refitted {
            tia,
            effective_half_life: std::f64::consts::LN_2 / rate,
            minus_two_log_likelihood: f.minus_two_log_likelihood.unwrap_or(f64::NAN),
        })
    }
}

/// Mean, spread and percentiles of the samples of one quantity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Percentiles {
    /// Number of samples.
    pub samples: usize,
    /// Mean.
    pub mean: f64,
    /// Standard deviation.
    pub sd: f64,
    /// 2.5th percentile.
    pub low: f64,
    /// Median.
    pub median: f64,
    /// 97.5th percentile.
    pub high: f64,
}

/// Summarises samples; `None` with fewer than two. Percentiles interpolate linearly between order statistics (type 7 of
/// Hyndman and Fan 1996, the default of R and NumPy).
pub fn percentiles(values: &[f64]) -> Option<Percentiles> {
    let n = values.len();
    if n < 2 {
        return None;
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |p: f64| {
        let place = p * (n - 1) as f64;
        let i = (place.floor() as usize).min(n - 2);
        sorted[i] + (place - i as f64) * (sorted[i + 1] - sorted[i])
    };
    let mean = sorted.iter().sum::<f64>() / n as f64;
    let square = sorted.iter().map(|v| (v - mean).powi(2)).sum::<f64>();
    // Equal values scatter by rounding alone, which is not scatter.
    let square = if square <= 1e-18 * n as f64 * mean * mean { 0.0 } else { square };
    Some(Percentiles {
        samples: n,
        mean,
        sd: (square / (n - 1) as f64).sqrt(),
        low: at(0.025),
        median: at(0.5),
        high: at(0.975),
    })
}
