//! What a fit returns.

use std::fmt;

use lutetia_population::Transform;
use nalgebra::DMatrix;

use crate::criterion::NoCriterion;
use crate::inference::IntervalKind;
use crate::predictor::{DerivedKind, derived_name};
use crate::verdict::{Bound, Determination, Status, short};

/// An estimated parameter or error magnitude.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// Name.
    pub name: String,
    /// Value, natural scale.
    pub value: f64,
    /// Standard error on the natural scale (delta method from the transformed scale).
    pub se: Option<f64>,
    /// 95 % interval, formed on the transformed scale and mapped back; [`Fit::interval`] says with which quantile.
    pub ci95: Option<(f64, f64)>,
    /// `se/|value|`, 1 = 100 %.
    pub rse: Option<f64>,
    /// Whether the data determine it.
    pub determined: Determination,
    /// Shrinkage to the prior, `var_post/var_prior` on the transformed scale: 0 = the data decide, 1 = the prior does.
    pub shrinkage: Option<f64>,
    /// What the data contributed, `1 − var_post/var_prior`.
    pub contraction: Option<f64>,
    /// Whether it sits at a bound of its range.
    pub at_bound: Option<Bound>,
    /// Scale of estimation.
    pub transform: Transform,
    /// Held at this value.
    pub fixed: bool,
}

/// A derived quantity (time-integrated activity, half-life, …).
#[derive(Clone, Debug, PartialEq)]
pub struct DerivedEstimate {
    /// What it is.
    pub kind: DerivedKind,
    /// Of which output, where the model has several; what a model file derives, by its name.
    pub output: Option<String>,
    /// Value at the estimates.
    pub value: f64,
    /// Standard error, `√(gᵀVg)`.
    pub se: Option<f64>,
    /// 95 % interval; on the log scale for quantities positive by nature.
    pub ci95: Option<(f64, f64)>,
    /// `se/|value|`.
    pub rse: Option<f64>,
    /// Whether the data determine it. It may be determined although a parameter is not.
    pub determined: Determination,
}

impl DerivedEstimate {
    /// Name, unique within a fit: `tia`, `tia(C_tumour)`.
    pub fn name(&self) -> String {
        derived_name(self.kind, self.output.as_deref())
    }
}

/// One observation beside its prediction.
#[derive(Clone, Debug, PartialEq)]
pub struct Residual {
    /// Label of the observation.
    pub label: String,
    /// Observed value, or the limit of a censored one.
    pub observed: f64,
    /// Prediction.
    pub predicted: f64,
    /// Standard deviation of the error model at the prediction (`None` where it could not be estimated).
    pub sd: Option<f64>,
    /// `(observed − predicted)/sd`; `None` for a censored observation.
    pub weighted: Option<f64>,
    /// Below detection.
    pub censored: bool,
}

/// A predicted value with the standard deviation that the uncertainty of the parameters gives it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prediction {
    /// Value.
    pub value: f64,
    /// Delta-method standard deviation; `None` where the data do not determine the value.
    pub sd: Option<f64>,
    /// Pointwise 95 % interval, with the quantile of [`Fit::interval`].
    pub ci95: Option<(f64, f64)>,
}

/// How badly a function misses the data under variances that are known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Misfit {
    /// `χ² = Σ ((y − f)/sd)²` over the measured values.
    pub chi2: f64,
    /// Degrees of freedom of the test, at least 1.
    pub dof: usize,
    /// Probability of a larger χ² if function and variances were right.
    pub p: f64,
}

impl Misfit {
    /// Birge's ratio `√(χ²/ν)`, at least 1: by how much the stated standard deviations would have to grow for the
    /// scatter about the curve to be what they say.
    pub fn birge_ratio(&self) -> f64 {
        birge(self.chi2, self.dof)
    }
}

/// `√(χ²/ν)`, at least 1.
pub(crate) fn birge(chi2: f64, dof: usize) -> f64 {
    (chi2 / dof as f64).sqrt().max(1.0)
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (chi2, dof) = (short(self.chi2), self.dof);
        let p =
            if self.p >= 1e-3 { format!("p {}", short(self.p)) } else { "p < 0.001".to_owned() };
        let s = if dof == 1 { "degree" } else { "degrees" };
        write!(f, "the function misses the data: χ² {chi2} on {dof} {s} of freedom ({p})")
    }
}

/// How one start ended.
#[derive(Clone, Debug, PartialEq)]
pub struct StartSummary {
    /// Objective reached (`cost` scale: half of −2 ln L up to a constant); `None` where the start was unusable.
    pub cost: Option<f64>,
    /// Whether it converged.
    pub converged: bool,
    /// Iterations.
    pub iterations: u64,
    /// Parameters reached, natural scale.
    pub theta: Vec<f64>,
}

/// All starts.
#[derive(Clone, Debug, PartialEq)]
pub struct Starts {
    /// In the order tried.
    pub runs: Vec<StartSummary>,
    /// Index of the one kept.
    pub best: usize,
    /// How many reached the kept objective.
    pub agreeing: usize,
    /// Parameter sets that reach it elsewhere (natural scale), if any.
    pub alternatives: Vec<Vec<f64>>,
}

/// The result of a fit.
///
/// **Counting.** `K` counts the free parameters *and* the estimated error magnitudes (as R does), unless
/// [`FitOptions::variance_count`](crate::FitOptions::variance_count) says otherwise; `n` counts all observations, censored ones included. `AIC = −2 ln L + 2K`, `AICc = AIC + 2K(K+1)/(n−K−1)`, `BIC = −2 ln L + K ln n`,
/// with the prior left out of `−2 ln L` (it belongs to no sample), so among fits with priors they are a guide only.
///
/// **Covariance.** `(MᵀM)⁻¹` with `M` the weighted Jacobian (Fisher information, prior included). Where the variance is
/// unknown and stands alone (additive, weighted, proportional; no prior, no censoring) it is scaled to `n − p` degrees
/// of freedom and intervals are Student's t; else intervals are normal.
#[derive(Clone, Debug)]
pub struct Fit {
    /// How the search ended.
    pub status: Status,
    /// All parameters of the predictor, in its order, fixed ones included.
    pub estimates: Vec<Estimate>,
    /// Error magnitudes that were estimated.
    pub magnitudes: Vec<Estimate>,
    /// Covariance of all parameters on their natural scale, in their order; rows of fixed parameters and of those at a
    /// bound are zero (conditional on them). Within directions that are not determined it is a pseudo-inverse. `None`
    /// where the error is unknown.
    pub covariance: Option<DMatrix<f64>>,
    /// Correlation of the same; rows without variance are zero off the diagonal.
    pub correlation: Option<DMatrix<f64>>,
    /// Largest over smallest eigenvalue of the information with columns scaled to 1 (transformed scale); infinite when
    /// singular.
    pub condition_number: f64,
    /// `−2 ln L` plus the prior penalty, with constants (for a profiled variance, at its maximum-likelihood value).
    /// `None` where the curve passes through every point and the likelihood has no bound.
    pub objective: Option<f64>,
    /// `−2 ln L` without the prior.
    pub minus_two_log_likelihood: Option<f64>,
    /// Weighted sum of squares of the measured residuals, `Σ ((y − f)/sd)²`, with `sd = 1` where profiled.
    pub chi_square: f64,
    /// Akaike's criterion.
    pub aic: Option<f64>,
    /// With the correction for small samples; `None` when `n ≤ K + 1`.
    pub aicc: Option<f64>,
    /// Schwarz's criterion.
    pub bic: Option<f64>,
    /// Why a criterion is missing.
    pub criteria_note: Option<NoCriterion>,
    /// `K` of the criteria.
    pub k: usize,
    /// Number of observations.
    pub n: usize,
    /// Distribution behind the intervals.
    pub interval: IntervalKind,
    /// Observations beside predictions.
    pub residuals: Vec<Residual>,
    /// Predictions with uncertainty, at the observations.
    pub predictions: Vec<Prediction>,
    /// Derived quantities.
    pub derived: Vec<DerivedEstimate>,
    /// Iterations of the start kept.
    pub iterations: u64,
    /// Largest entry of the gradient of the cost over its scale, on the transformed scale, within the free directions.
    pub gradient_norm: f64,
    /// Remaining Newton step in standard errors.
    pub remaining_step: f64,
    /// All starts.
    pub starts: Starts,
    pub(crate) inference: crate::inference::Inference,
}

impl Fit {
    /// Estimated values of all parameters.
    pub fn theta(&self) -> Vec<f64> {
        self.estimates.iter().map(|e| e.value).collect()
    }

    /// The estimate named so.
    pub fn estimate(&self, name: &str) -> Option<&Estimate> {
        self.estimates.iter().find(|e| e.name == name)
    }

    /// The derived quantity of that kind, of a curve.
    pub fn derived(&self, kind: DerivedKind) -> Option<&DerivedEstimate> {
        self.derived.iter().find(|d| d.kind == kind && d.output.is_none())
    }

    /// The derived quantity of that kind of an output of a model.
    pub fn derived_of(&self, kind: DerivedKind, output: &str) -> Option<&DerivedEstimate> {
        self.derived.iter().find(|d| d.kind == kind && d.output.as_deref() == Some(output))
    }

    /// Probability of a larger χ² if the function and the known variances were right; `None` where the variance was
    /// estimated from the same data, or no degree of freedom is left. Only measured values count; those below
    /// detection add neither to χ² nor to the degrees of freedom.
    pub fn goodness_of_fit(&self) -> Option<f64> {
        self.chi_square_test(0).map(|m| m.p)
    }

    /// How the data refute the function: a χ² less probable than `limit` under the known variances, on `n − K` degrees
    /// of freedom. A function with as many parameters as measurements should pass through them all; it is granted one
    /// degree of freedom, so that it is refuted only where its range of parameters keeps it well away from the data.
    pub fn misfit(&self, limit: f64) -> Option<Misfit> {
        self.chi_square_test(1).filter(|m| m.p < limit)
    }

    /// Whether the variance was known beforehand.
    pub(crate) fn known_variance(&self) -> bool {
        self.magnitudes.is_empty() && self.interval == IntervalKind::Normal
    }

    /// The χ² test of the measured values, with at least `least` degrees of freedom.
    fn chi_square_test(&self, least: usize) -> Option<Misfit> {
        use statrs::distribution::{ChiSquared, ContinuousCDF};
        if !self.known_variance() {
            return None;
        }
        let free = self.estimates.iter().filter(|e| !e.fixed).count();
        let measured = self.residuals.iter().filter(|r| !r.censored).count();
        let dof = measured.saturating_sub(free).max(least);
        let law = (dof > 0).then(|| ChiSquared::new(dof as f64).ok()).flatten()?;
        Some(Misfit { chi2: self.chi_square, dof, p: law.sf(self.chi_square) })
    }

    /// Whether every parameter is determined.
    pub fn is_determined(&self) -> bool {
        self.estimates.iter().all(|e| e.determined.is_determined())
    }
}
