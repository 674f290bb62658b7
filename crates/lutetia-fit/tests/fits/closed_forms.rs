//! Fits whose answer is known exactly.

use crate::common::{ClosedForm, Curve, close, observations};
use lutetia_fit::{
    DerivedKind, Determination, ErrorModel, ExponentialForm, FitError, FitParameter, IntervalKind,
    Magnitude, Observation, Prior, Problem, Reason, SumOfExponentials, Transform, fit,
    ln_normal_cdf, normal_hazard,
};

const LINE: Curve = |x, b| (b[0] + b[1] * x, vec![1.0, x]);
const CONSTANT: Curve = |_, b| (b[0], vec![1.0]);

fn unknown_additive() -> ErrorModel {
    ErrorModel::Additive { sd: Magnitude::Estimated(1.0) }
}

#[test]
fn exact_linear_regression() {
    let x = [0.0, 1.0, 2.0, 3.0, 5.0, 8.0];
    let y = [1.1, 2.9, 5.2, 6.8, 11.3, 16.7];
    // Textbook sums.
    let n = 6.0;
    let (sx, sy): (f64, f64) = (x.iter().sum(), y.iter().sum());
    let sxx: f64 = x.iter().map(|v| v * v).sum();
    let sxy: f64 = x.iter().zip(&y).map(|(a, b)| a * b).sum();
    let det = n * sxx - sx * sx;
    let slope = (n * sxy - sx * sy) / det;
    let intercept = (sy - slope * sx) / n;
    let rss: f64 = x.iter().zip(&y).map(|(a, b)| (b - intercept - slope * a).powi(2)).sum();
    let s2 = rss / (n - 2.0);

    let predictor = ClosedForm::new(&["intercept", "slope"], &x, LINE);
    let parameters = vec![
        FitParameter::new("intercept", 0.0, Transform::Identity),
        FitParameter::new("slope", 1.0, Transform::Identity),
    ];
    let f =
        fit(&Problem::new(&predictor, observations(&y), unknown_additive(), parameters)).unwrap();
    // The search ends within 1e-7 of a standard error, which is 20 % of the intercept and 2 % of the slope.
    close("intercept", f.estimates[0].value, intercept, 2e-8);
    close("slope", f.estimates[1].value, slope, 2e-9);
    close("se intercept", f.estimates[0].se.unwrap(), (s2 * sxx / det).sqrt(), 1e-9);
    close("se slope", f.estimates[1].se.unwrap(), (s2 * n / det).sqrt(), 1e-9);
    close("sd", f.magnitudes[0].value, s2.sqrt(), 1e-9);
    assert_eq!(f.interval, IntervalKind::StudentT { degrees_of_freedom: 4 });
    // t_{0.975, 4} = 2.7764451051977987 (tables).
    let ci = f.estimates[1].ci95.unwrap();
    close("half width", (ci.1 - ci.0) / 2.0, 2.776_445_105_197_8 * (s2 * n / det).sqrt(), 1e-8);
    // R's logLik for lm: −n/2 (ln(2π RSS/n) + 1), K counts sigma.
    let ll2 = n * ((2.0 * std::f64::consts::PI * rss / n).ln() + 1.0);
    close("AIC", f.aic.unwrap(), ll2 + 6.0, 1e-10);
    close("AICc", f.aicc.unwrap(), ll2 + 6.0 + 2.0 * 3.0 * 4.0 / 2.0, 1e-10);
    close("BIC", f.bic.unwrap(), ll2 + 3.0 * n.ln(), 1e-10);
    // Band: sd of the mean at x is s √(1/n + (x − x̄)²/Sxx).
    let other = ClosedForm::new(&["intercept", "slope"], &[4.0], LINE);
    let band = f.predict(&other).unwrap();
    let expected = (s2 * (1.0 / n + (4.0 - sx / n).powi(2) / (sxx - sx * sx / n))).sqrt();
    close("band", band[0].sd.unwrap(), expected, 1e-9);
    assert!(f.is_determined(), "{:?}", f.estimates);
}

#[test]
fn exact_known_standard_deviations() {
    // Weighted mean: V = 1/Σ w, not scaled by chi-square.
    let (y, sd) = ([3.0, 5.0, 4.0], [0.5, 1.0, 2.0]);
    let w: Vec<f64> = sd.iter().map(|s: &f64| 1.0 / (s * s)).collect();
    let total: f64 = w.iter().sum();
    let mean = y.iter().zip(&w).map(|(a, b)| a * b).sum::<f64>() / total;
    let predictor = ClosedForm::new(&["m"], &[0.0; 3], CONSTANT);
    let data: Vec<Observation> =
        y.iter().zip(&sd).map(|(v, s)| Observation::with_sd("p", *v, *s)).collect();
    let run = |error| {
        let p = vec![FitParameter::new("m", 1.0, Transform::Identity)];
        fit(&Problem::new(&predictor, data.clone(), error, p)).unwrap()
    };
    let known = run(ErrorModel::Known);
    // Within 1e-7 of a standard error of 13 %.
    close("mean", known.estimates[0].value, mean, 1.4e-8);
    close("se", known.estimates[0].se.unwrap(), (1.0 / total).sqrt(), 1e-12);
    assert_eq!(known.interval, IntervalKind::Normal);
    let chi2: f64 = y.iter().zip(&w).map(|(a, b)| b * (a - mean) * (a - mean)).sum();
    close("chi2", known.chi_square, chi2, 1e-10);
    let weighted = run(ErrorModel::Weighted);
    close("scaled se", weighted.estimates[0].se.unwrap(), (chi2 / 2.0 / total).sqrt(), 1e-10);
    // −2 ln L of the known-variance fit.
    let ll = chi2
        + 3.0 * (2.0 * std::f64::consts::PI).ln()
        + sd.iter().map(|s| 2.0 * s.ln()).sum::<f64>();
    close("-2lnL", known.minus_two_log_likelihood.unwrap(), ll, 1e-10);
}

#[test]
fn exact_mono_exponential_through_two_points() {
    let (lp, t, a) = (0.004_347, [4.0, 72.0], [120.0, 45.0]);
    let k: f64 = f64::ln(a[0] / a[1]) / (t[1] - t[0]);
    let a0 = a[0] * (k * t[0]).exp();
    let curve = SumOfExponentials::new(ExponentialForm::mono(), lp, &t).unwrap();
    let (s0, s1) = (6.0, 4.0);
    let data = vec![Observation::with_sd("4 h", a[0], s0), Observation::with_sd("72 h", a[1], s1)];
    let p = curve.parameters(&a).unwrap();
    let f = fit(&Problem::new(&curve, data, ErrorModel::Known, p.clone())).unwrap();
    // Two equations, two unknowns: what is left is the rounding of the search, 1e-7 of a standard error (5 %).
    close("a1", f.estimate("a1").unwrap().value, a0, 1e-8);
    close("lambda1", f.estimate("lambda1").unwrap().value, k - lp, 1e-8);
    let tia = f.derived(DerivedKind::Tia).unwrap();
    close("TIA", tia.value, a0 / k, 1e-8);
    // ln k-independent error propagation: u²(TIA)/TIA² = Σ (∂ ln TIA/∂ ln A_i)² (s_i/A_i)²
    // with ln TIA = ln A0(k) − ln k, k = ln(A1/A2)/Δ, so ∂/∂lnA1 = 1 + t1/Δ − 1/(kΔ), ∂/∂lnA2 = −t1/Δ + 1/(kΔ).
    let d = t[1] - t[0];
    let g = [1.0 + t[0] / d - 1.0 / (k * d), -t[0] / d + 1.0 / (k * d)];
    let rel = ((g[0] * s0 / a[0]).powi(2) + (g[1] * s1 / a[1]).powi(2)).sqrt();
    close("se TIA", tia.se.unwrap(), rel * a0 / k, 1e-7);
    close(
        "half-life",
        f.derived(DerivedKind::EffectiveHalfLife).unwrap().value,
        2f64.ln() / k,
        1e-8,
    );
    close(
        "extrapolated",
        f.derived(DerivedKind::ExtrapolatedFraction).unwrap().value,
        (-k * t[1]).exp(),
        1e-7,
    );
    assert!(f.is_determined(), "{:?}", f.estimates);

    // Without standard deviations the same curve says nothing about its own uncertainty.
    let f = fit(&Problem::new(&curve, observations(&a), unknown_additive(), p)).unwrap();
    close("a1", f.estimate("a1").unwrap().value, a0, 1e-8);
    for e in &f.estimates {
        assert!(e.se.is_none());
        assert!(
            matches!(
                e.determined,
                Determination::NotDetermined { reason: Reason::NoDegreesOfFreedom { .. } }
            ),
            "{e:?}"
        );
    }
    assert!(f.aicc.is_none() && f.criteria_note.is_some());
    assert!(!f.derived(DerivedKind::Tia).unwrap().determined.is_determined());
}

#[test]
fn exact_posterior_of_conjugate_normal() {
    let (y, s) = ([4.1, 3.7, 4.6, 4.4], 0.8);
    let (mu, omega) = (3.0, 0.6);
    let precision = 4.0 / (s * s) + 1.0 / (omega * omega);
    let mean = (y.iter().sum::<f64>() / (s * s) + mu / (omega * omega)) / precision;
    let predictor = ClosedForm::new(&["m"], &[0.0; 4], CONSTANT);
    let p = vec![
        FitParameter::new("m", 1.0, Transform::Identity).with_prior(Prior { mean: mu, sd: omega }),
    ];
    let error = ErrorModel::Additive { sd: Magnitude::Fixed(s) };
    let f = fit(&Problem::new(&predictor, observations(&y), error, p)).unwrap();
    // Within 1e-7 of a standard deviation of 9 %.
    close("mean", f.estimates[0].value, mean, 1e-8);
    close("sd", f.estimates[0].se.unwrap(), (1.0 / precision).sqrt(), 1e-12);
    let shrinkage = 1.0 / precision / (omega * omega);
    close("shrinkage", f.estimates[0].shrinkage.unwrap(), shrinkage, 1e-10);
    close("contraction", f.estimates[0].contraction.unwrap(), 1.0 - shrinkage, 1e-10);
    let penalty = ((mean - mu) / omega).powi(2);
    close("penalty", f.objective.unwrap() - f.minus_two_log_likelihood.unwrap(), penalty, 1e-7);
}

#[test]
fn exact_proportional_error_of_a_constant() {
    // −2 ln L = Σ (y − m)²/(cv m)² + 2 n ln(cv m). Its minimum over cv gives cv² = mean((y − m)²)/m², and then over m:
    // Σ (y − m)² minimal, m = ȳ: the profile is n ln Σ(y − m)² up to a constant.
    let y: [f64; 5] = [9.0, 10.5, 11.0, 8.5, 12.0];
    let mean = y.iter().sum::<f64>() / 5.0;
    let var = y.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / 5.0;
    let predictor = ClosedForm::new(&["m"], &[0.0; 5], CONSTANT);
    let p = vec![FitParameter::log("m", 3.0)];
    let error = ErrorModel::Proportional { cv: Magnitude::Estimated(0.5) };
    let f = fit(&Problem::new(&predictor, observations(&y), error, p)).unwrap();
    // The search ends within 1e-7 of a standard error (about 6 % and 30 %).
    close("m", f.estimates[0].value, mean, 1e-7);
    close("cv", f.magnitudes[0].value, var.sqrt() / mean, 1e-7);
    let ll = 5.0 * ((2.0 * std::f64::consts::PI * var).ln() + 1.0);
    close("-2lnL", f.minus_two_log_likelihood.unwrap(), ll, 1e-10);
    assert_eq!(f.k, 2);
}

#[test]
fn exact_below_detection() {
    // One measured value and one below a limit, known SD: the score (y − m)/s − h(z) = 0 with z = (L − m)/s.
    let (y, limit, s) = (2.0, 1.0, 0.7);
    let predictor = ClosedForm::new(&["m"], &[0.0; 2], CONSTANT);
    let data = vec![Observation::new("seen", y), Observation::below("unseen", limit, None)];
    let error = ErrorModel::Additive { sd: Magnitude::Fixed(s) };
    let p = vec![FitParameter::new("m", 1.5, Transform::Identity)];
    let f = fit(&Problem::new(&predictor, data.clone(), error, p.clone())).unwrap();
    let m = f.estimates[0].value;
    let z = (limit - m) / s;
    // The score at the estimate is the remaining step (1e-7 standard errors) times the root of the information.
    assert!(((y - m) / s - normal_hazard(z)).abs() < 1e-6);
    let ll = ((y - m) / s).powi(2) + (2.0 * std::f64::consts::PI).ln() + 2.0 * s.ln()
        - 2.0 * ln_normal_cdf(z);
    close("-2lnL", f.minus_two_log_likelihood.unwrap(), ll, 1e-10);
    assert!(m < y && f.residuals[1].weighted.is_none());
    // Far in the tail (a limit 60 SD below) the fit still ends and is pulled down.
    let far = vec![data[0].clone(), Observation::below("unseen", -40.0, None)];
    let f = fit(&Problem::new(&predictor, far, error, p)).unwrap();
    // With z → −∞ the censored term acts like a measurement at the limit: near the middle of 2 and −40.
    assert!((f.estimates[0].value + 19.0).abs() < 0.2, "{}", f.estimates[0].value);
    assert!(f.status.converged());
}

#[test]
fn exact_bound_holds_the_minimum() {
    // The unbounded slope of these data is 2; bounded at 1.5 the intercept is the mean of y − 1.5 x.
    let (x, y) = ([0.0, 1.0, 2.0], [0.1, 1.9, 4.1]);
    let predictor = ClosedForm::new(&["intercept", "slope"], &x, LINE);
    let p = vec![
        FitParameter::new("intercept", 0.0, Transform::Identity),
        FitParameter::new("slope", 1.0, Transform::Identity).bounded(0.0, 1.5),
    ];
    let f = fit(&Problem::new(&predictor, observations(&y), unknown_additive(), p)).unwrap();
    close("slope", f.estimates[1].value, 1.5, 1e-12);
    let intercept = x.iter().zip(&y).map(|(a, b)| b - 1.5 * a).sum::<f64>() / 3.0;
    close("intercept", f.estimates[0].value, intercept, 1e-9);
    assert!(f.status.to_string().contains("slope"), "{}", f.status);
    assert!(!f.estimates[1].determined.is_determined());
}

#[test]
fn exact_transforms_round_trip() {
    for (t, theta) in [
        (Transform::Identity, -3.0),
        (Transform::Log, 1e-7),
        (Transform::Logit { lo: 2.0, hi: 5.0 }, 2.001),
        (Transform::Logit { lo: 2.0, hi: 5.0 }, 4.999),
        // Above the median by nearly all that a shape of -0.8 allows, e^1.25, and far below it.
        (Transform::BoxCox { median: 2.0, shape: -0.8 }, 6.9),
        (Transform::BoxCox { median: 2.0, shape: -0.8 }, 0.05),
        (Transform::BoxCox { median: 2.0, shape: 0.5 }, 30.0),
    ] {
        let phi = t.forward(theta);
        close("round trip", t.backward(phi), theta, 1e-12);
        let h = 1e-6;
        let slope = (t.backward(phi + h) - t.backward(phi - h)) / (2.0 * h);
        // Central difference: rounding 1e-16·|θ|/h relative to slopes down to 1e-3.
        assert!((t.slope(phi) - slope).abs() <= 1e-8 * t.slope(phi).abs() + 1e-9);
    }
}

#[test]
fn exact_inconsistent_problems_are_refused() {
    let predictor = ClosedForm::new(&["m"], &[0.0; 2], CONSTANT);
    let p = || vec![FitParameter::log("m", 1.0)];
    let data = || observations(&[1.0, 2.0]);
    let run = |d: Vec<Observation>, e, p| {
        fit(&Problem::new(&predictor, d, e, p)).map(|_| ()).unwrap_err()
    };
    let e = run(data(), ErrorModel::Known, p());
    assert!(matches!(e, FitError::MissingSd { .. }), "{e}");
    let e = run(vec![Observation::new("x", 1.0)], unknown_additive(), p());
    assert!(matches!(e, FitError::ObservationCount { expected: 2, found: 1 }), "{e}");
    let e = run(observations(&[1.0, f64::NAN]), unknown_additive(), p());
    assert!(matches!(e, FitError::BadValue { .. }), "{e}");
    let e = run(data(), unknown_additive(), vec![FitParameter::log("q", 1.0)]);
    assert!(e.to_string().contains("`m`") && e.to_string().contains("`q`"), "{e}");
    let e = run(data(), unknown_additive(), vec![FitParameter::log("m", -1.0)]);
    assert!(matches!(e, FitError::BadParameter { .. }), "{e}");
    let e = run(data(), unknown_additive(), vec![FitParameter::log("m", 1.0).fix()]);
    assert!(matches!(e, FitError::NothingToEstimate { .. }), "{e}");
    let combined =
        ErrorModel::Combined { sd: Magnitude::Estimated(1.0), cv: Magnitude::Estimated(0.1) };
    let e = run(data(), combined, p());
    assert!(matches!(e, FitError::UnboundedLikelihood { .. }), "{e}");
    let e = run(data(), ErrorModel::Additive { sd: Magnitude::Fixed(0.0) }, p());
    assert!(matches!(e, FitError::BadMagnitude { .. }), "{e}");
}
