//! What a fit says of what it does not know, in words that can be read.
#![allow(clippy::unwrap_used)]

use lutetia_fit::{
    DerivedKind, ErrorModel, ExponentialForm, Observation, Problem, Reason, Status,
    SumOfExponentials, fit,
};

#[test]
fn exact_no_floating_noise_in_reasons() {
    let words = |r: Reason| r.to_string();
    assert_eq!(
        words(Reason::LargeUncertainty { rse: 5e48, gate: 0.5 }),
        "relative standard error above 1000 %, expected at most 50.0 %"
    );
    assert_eq!(
        words(Reason::LargeUncertainty { rse: 0.719, gate: 0.5 }),
        "relative standard error 71.9 % is above 50.0 %"
    );
    for contraction in [-4.44e-16, 0.0, 1e-9] {
        assert_eq!(
            words(Reason::PriorOnly { contraction, gate: 0.1 }),
            "the data do not reduce the variance of the prior, expected at least 10.0 %: the value is the prior's"
        );
    }
    let said = Status::Stalled { remaining_step: 0.14 }.to_string();
    assert_eq!(said, "stalled 0.140 standard errors from a minimum");
    let said = Status::MaxIterations { iterations: 500, remaining_step: f64::INFINITY }.to_string();
    assert_eq!(said, "did not converge in 500 iterations, far from a minimum");
}

/// A curve that falls as the nuclide decays has its rate at the lower bound. The standard error of the integral is that of
/// a rate without the bound: propagated by hand from the two parameters on their natural scale.
#[test]
fn exact_a_rate_at_its_bound_does_not_narrow_the_integral() {
    let physical = 0.004_346_7;
    let t = [4.0, 24.0, 72.0, 120.0];
    // A little slower than decay, so that the bound holds the rate.
    let y = t.map(|t: f64| 100.0 * (-0.9 * physical * t).exp());
    let curve = SumOfExponentials::new(ExponentialForm::mono(), physical, &t).unwrap();
    let p = curve.parameters(&y).unwrap();
    let data: Vec<Observation> = y.iter().map(|v| Observation::with_sd("p", *v, 0.1 * v)).collect();
    let f = fit(&Problem::new(&curve, data, ErrorModel::Known, p)).unwrap();
    assert!(f.estimates[1].at_bound.is_some(), "{f:?}");
    let (a, k) = (f.estimates[0].value, f.estimates[1].value + physical);
    // Information of (a, k) with weights 1/sd²; gradient of a/k.
    let (mut aa, mut ak, mut kk) = (0.0, 0.0, 0.0);
    for (t, y) in t.iter().zip(&y) {
        let e = (-k * t).exp();
        let (da, dk, w) = (e, -a * t * e, (0.1 * y).powi(-2));
        aa += w * da * da;
        ak += w * da * dk;
        kk += w * dk * dk;
    }
    let det = aa * kk - ak * ak;
    let (ga, gk) = (1.0 / k, -a / (k * k));
    let variance = (ga * ga * kk - 2.0 * ga * gk * ak + gk * gk * aa) / det;
    let found = f.derived(DerivedKind::Tia).unwrap().se.unwrap();
    // Rounding of the inverse.
    assert!((found / variance.sqrt() - 1.0).abs() < 1e-6, "{found} {}", variance.sqrt());
}

#[test]
fn exact_a_known_variance_refutes_and_an_estimated_one_cannot() {
    use lutetia_fit::{MISFIT, Magnitude};
    let t = [3.0, 20.0, 120.0];
    let y = [108.3, 32.11, 9.143];
    let curve = SumOfExponentials::new(ExponentialForm::mono(), 0.004_346_7, &t).unwrap();
    let p = curve.parameters(&y).unwrap();
    let data = |cv: f64| -> Vec<Observation> {
        y.iter().map(|v| Observation::with_sd("p", *v, cv * v)).collect()
    };
    let of = |error, cv| fit(&Problem::new(&curve, data(cv), error, p.clone())).unwrap();
    let m = of(ErrorModel::Known, 0.004).misfit(MISFIT).expect("a misfit");
    assert_eq!(m.dof, 1);
    assert!(m.birge_ratio() > 100.0 && m.p < 1e-100, "{m:?}");
    assert!(of(ErrorModel::Known, 3.0).misfit(MISFIT).is_none());
    let free = ErrorModel::Additive { sd: Magnitude::Estimated(1.0) };
    assert!(of(free, 0.004).misfit(MISFIT).is_none());
}
