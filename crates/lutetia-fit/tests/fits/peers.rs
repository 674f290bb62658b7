//! Faults found in the code of other tools, as tests that they are not ours.
#![allow(clippy::unwrap_used)]

use crate::common::{close, observations};
use lutetia_fit::{
    ErrorModel, ExponentialForm, Function, Magnitude, Observation, Predictor, Problem,
    QualityGates, SumOfExponentials, TimeActivity, fit,
};

const LP: f64 = 0.004_346_7;

/// Left kidney of the SNMMI patient, h and MBq.
const TIMES: [f64; 4] = [3.741_111, 27.725_278, 103.094_167, 123.984_167];
const KIDNEY: [f64; 4] = [98.561_432, 73.599_408, 25.400_4, 19.049_9];

/// PyTheranostics took the third of (A1, λ1, B1, λ2) for the uptake rate after a rewrite had changed the order, and so an
/// amplitude for a rate. Here a phase is a pair, and a parameter is asked for by name.
#[test]
fn exact_a_rate_is_never_taken_for_an_amplitude() {
    let curve = SumOfExponentials::new(ExponentialForm::bi_uptake(), LP, &TIMES).unwrap();
    let p = curve.parameters(&KIDNEY).unwrap();
    let error = ErrorModel::Additive { sd: Magnitude::Estimated(1.0) };
    let f = fit(&Problem::new(&curve, observations(&KIDNEY), error, p)).unwrap();
    let phases = curve.effective_phases(&f.theta());
    let value = |name: &str| f.estimate(name).unwrap().value;
    assert_eq!(phases.len(), 2);
    close("A1", phases[0].0, value("a1"), 1e-15);
    close("B1", phases[1].0, -value("a1"), 1e-15);
    close("k1", phases[0].1, value("lambda1") + LP, 1e-15);
    close("k2", phases[1].1, value("lambda2") + LP, 1e-15);
    assert!(phases.iter().all(|(_, k)| *k < 30.0), "{phases:?}");
}

/// PyTheranostics leaves terms with a rate of zero or below out of the integral and prints the rest. Without decay and
/// without washout there is no integral, and none is given.
#[test]
fn exact_a_phase_that_does_not_fall_has_no_integral() {
    let curve = SumOfExponentials::new(ExponentialForm::mono_and_physical(), 0.0, &TIMES).unwrap();
    let theta = [40.0, 60.0, 0.02];
    let names: Vec<String> = curve.derived(&theta).unwrap().into_iter().map(|d| d.name()).collect();
    assert!(!names.contains(&"tia".to_owned()), "{names:?}");
    assert!(names.contains(&"tia_to_last".to_owned()));
    let mut g = [0.0; 3];
    assert!(curve.tia(&theta, &mut g).is_infinite());
}

/// PyTheranostics ranks functions by an AIC that does not see the standard deviations. Where the measurements are known
/// to 1 % a second phase is needed, where they are known to 30 % it is not.
#[test]
fn exact_the_criterion_knows_how_sure_the_data_are() {
    let t = [1.0, 4.0, 10.0, 24.0, 48.0, 96.0, 144.0];
    let y: Vec<f64> = t
        .iter()
        .map(|t: &f64| 60.0 * (-(0.2 + LP) * t).exp() + 40.0 * (-(0.005 + LP) * t).exp())
        .collect();
    let aicc = |name: &str, relative: f64| {
        let f = Function::named(name).unwrap();
        let curve = f.curve(LP, 1.0, &t).unwrap();
        let p = f.parameters(&curve, 1.0, &y).unwrap();
        let data =
            y.iter().map(|v| Observation::with_sd("p", *v, relative * v)).collect::<Vec<_>>();
        fit(&Problem::new(&curve, data, ErrorModel::Known, p)).unwrap().aicc.unwrap()
    };
    assert!(aicc("bi", 0.01) < aicc("mono", 0.01));
    assert!(aicc("bi", 0.9) > aicc("mono", 0.9));
}

/// PyTheranostics gives r² as the quality of a fit of three parameters to four points. It is 0.9999 for any curve that
/// wriggles through them; what counts is whether the parameters are known and the criterion exists.
#[test]
fn exact_a_curve_close_to_its_points_is_not_called_good() {
    let curve = SumOfExponentials::new(ExponentialForm::bi_uptake(), LP, &TIMES).unwrap();
    let p = curve.parameters(&KIDNEY).unwrap();
    let error = ErrorModel::Additive { sd: Magnitude::Estimated(1.0) };
    let f = fit(&Problem::new(&curve, observations(&KIDNEY), error, p)).unwrap();
    let mean = KIDNEY.iter().sum::<f64>() / 4.0;
    let total: f64 = KIDNEY.iter().map(|v| (v - mean).powi(2)).sum();
    assert!(1.0 - f.chi_square / total > 0.999);
    assert_eq!(f.aicc, None);
    assert!(f.criteria_note.unwrap().to_string().starts_with("AICc needs more than K + 1 = 5"));
    let error = ErrorModel::Proportional { cv: Magnitude::Fixed(0.1) };
    let p = curve.parameters(&KIDNEY).unwrap();
    let f = fit(&Problem::new(&curve, observations(&KIDNEY), error, p)).unwrap();
    assert!(!f.quality(&QualityGates::default()).passes());
}
