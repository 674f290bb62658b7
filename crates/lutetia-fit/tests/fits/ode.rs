//! A simulated model beside the closed form of the same curve.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::sync::Arc;

use crate::common::close;
use lutetia_fit::{
    DMatrix, DerivedKind, ErrorModel, ExponentialForm, IntervalKind, Magnitude, Observation,
    OdePredictor, Predictor, Problem, Sample, SumOfExponentials, Transform, fit,
};
use lutetia_model::{DerivedQuantity, Distribution, Variability};
use lutetia_scenario::{Scenario, Treatment};
use lutetia_sim::{Dose, Options, Simulator};
use lutetia_testkit::{Build, activity, nuclide_table, stays_cold, unit};

const HALF_LIFE_H: f64 = 6.6443 * 24.0;

/// One compartment of volume `V`, cleared at `CL` (declared in mL/h to exercise the factor): the activity
/// concentration after a bolus is `A0/V e^{−(CL/V + λ) t}`.
fn one_compartment() -> Arc<Simulator> {
    let mut b = Build::new("one");
    let cl = b.parameter("CL", 0.2, "mL/h");
    let v = b.parameter("V", 12.0, "L");
    for (parameter, cv) in b.0.parameters.iter_mut().zip([0.4_f64, 0.2]) {
        parameter.iiv = Some(Variability {
            sd: (cv * cv).ln_1p().sqrt(),
            distribution: Distribution::LogNormal,
        });
    }
    let plasma = b.compartment("plasma", v.clone());
    let ligand = b.species("L");
    b.label(&[ligand], stays_cold());
    let pool = b.pool(ligand, plasma, None);
    b.mass_action("excrete", &[pool], &[], cl.clone(), 1);
    b.0.derived.push(DerivedQuantity {
        name: "k".to_owned(),
        unit: unit("1/d"),
        expr: cl / v.clone(),
        text: "CL/V".to_owned(),
        about: None,
    });
    b.output("C", "kBq/mL", activity(pool) / v);
    let table = nuclide_table(&[
        ("Lu-177", HALF_LIFE_H * 3600.0, &[("Hf-177", 1.0)]),
        ("Hf-177", f64::INFINITY, &[]),
    ]);
    Arc::new(Simulator::new(b.compiled(&table, &["Lu-177"])))
}

const TIMES: [f64; 5] = [1.0, 4.0, 24.0, 48.0, 120.0];
const DOSE_MBQ: f64 = 7400.0;

fn predictor(options: Options) -> OdePredictor {
    let simulator = one_compartment();
    let base = simulator.system().default_parameters();
    let dose = Dose {
        at: 0.0,
        into: "L.plasma".to_owned(),
        activities: vec![("Lu-177".to_owned(), DOSE_MBQ)],
        amount: Some(100.0),
        ..Dose::default()
    };
    let samples: Vec<Sample> =
        TIMES.iter().map(|&time| Sample { output: "C".to_owned(), time }).collect();
    let scenario = Scenario::new(simulator, base, Treatment::on_one_occasion(vec![dose]));
    OdePredictor::new(scenario, &["CL", "V"], &samples, options)
        .unwrap()
        .with_integrals(&["C"])
        .unwrap()
}

fn lambda() -> f64 {
    std::f64::consts::LN_2 / HALF_LIFE_H
}

/// MBq/L = kBq/mL; CL in mL/h, V in L.
fn truth(t: f64, cl: f64, v: f64) -> f64 {
    DOSE_MBQ / v * (-(cl / 1000.0 / v + lambda()) * t).exp()
}

#[test]
fn exact_values_and_sensitivities_of_one_compartment() {
    let p = predictor(Options::default());
    let (cl, v) = (350.0, 10.0);
    let mut values = [0.0; 5];
    let mut jac = DMatrix::zeros(5, 2);
    p.predict(&[cl, v], &mut values, Some(&mut jac)).unwrap();
    for (i, &t) in TIMES.iter().enumerate() {
        let f = truth(t, cl, v);
        // rtol 1e-6 adds up to a few times 1e-6 of the peak (740 kBq/mL).
        assert!((values[i] - f).abs() < 2e-5 * 740.0, "{t}: {} {f}", values[i]);
        let by_cl = -t / 1000.0 / v * f;
        let by_v = -f / v + cl / 1000.0 / (v * v) * t * f;
        assert!((jac[(i, 0)] - by_cl).abs() < 5e-5 * 740.0 / cl, "{t}: {} {by_cl}", jac[(i, 0)]);
        assert!((jac[(i, 1)] - by_v).abs() < 5e-5 * 740.0 / v, "{t}: {} {by_v}", jac[(i, 1)]);
    }
    let derived = p.derived(&[cl, v]).unwrap();
    let get = |n: &str| derived.iter().find(|d| d.name() == n).unwrap();
    let k = cl / 1000.0 / v + lambda();
    close("tia", get("tia(C)").value, DOSE_MBQ / v / k, 2e-5);
    close("tail", get("extrapolated_fraction(C)").value, (-k * 120.0).exp(), 1e-3);
    // d tia/dCL = −tia/k/(1000 v)
    close("d tia/dCL", get("tia(C)").gradient[0], -DOSE_MBQ / v / (k * k) / 1000.0 / v, 1e-4);
}

#[test]
fn val_same_fit_as_the_closed_form() {
    let noise = [1.02, 0.97, 1.03, 0.98, 1.01];
    let y: Vec<f64> = TIMES.iter().zip(noise).map(|(&t, n)| truth(t, 350.0, 10.0) * n).collect();
    let data: Vec<Observation> =
        y.iter().map(|v| Observation::with_sd("C", *v, 0.05 * v)).collect();
    let ode = predictor(Options::default());
    let parameters = ode.parameters(false);
    assert_eq!(parameters[0].transform, Transform::Log);
    close("start in declared unit", parameters[0].start, 200.0, 1e-12);
    let mut problem = Problem::new(&ode, data.clone(), ErrorModel::Known, parameters);
    problem.options.random_starts = 3;
    let a = fit(&problem).unwrap();
    assert!(a.status.converged(), "{}", a.status);

    let curve = SumOfExponentials::new(ExponentialForm::mono(), lambda(), &TIMES).unwrap();
    let b =
        fit(&Problem::new(&curve, data, ErrorModel::Known, curve.parameters(&y).unwrap())).unwrap();
    let (a1, l1) = (b.estimate("a1").unwrap(), b.estimate("lambda1").unwrap());
    let v = DOSE_MBQ / a1.value;
    // The integrator's error (a few 1e-6 of each value) moves the estimates by a like share of themselves.
    close("V", a.estimate("V").unwrap().value, v, 1e-4);
    close("CL", a.estimate("CL").unwrap().value, 1000.0 * l1.value * v, 1e-4);
    close("rse V", a.estimate("V").unwrap().rse.unwrap(), a1.rse.unwrap(), 1e-3);
    let (ta, tb) =
        (a.derived_of(DerivedKind::Tia, "C").unwrap(), b.derived(DerivedKind::Tia).unwrap());
    close("tia", ta.value, tb.value, 1e-4);
    close("se tia", ta.se.unwrap(), tb.se.unwrap(), 1e-3);
    assert!(a.is_determined());
}

#[test]
fn val_maximum_a_posteriori_from_one_point() {
    // One point cannot tell CL from V; with the model's variability as prior both get a value, a shrinkage, and the
    // truth about what the point contributed.
    let full = predictor(Options::default());
    let one = full.at_samples(&[Sample { output: "C".to_owned(), time: 24.0 }]).unwrap();
    let y = truth(24.0, 350.0, 10.0);
    let data = vec![Observation::new("C at 24 h", y)];
    let error = ErrorModel::Proportional { cv: Magnitude::Fixed(0.05) };
    let f = fit(&Problem::new(&one, data.clone(), error, one.parameters(true))).unwrap();
    assert!(f.status.converged(), "{}", f.status);
    for e in &f.estimates {
        let (shrinkage, contraction) = (e.shrinkage.unwrap(), e.contraction.unwrap());
        assert!(shrinkage > 0.0 && shrinkage < 1.0, "{e:?}");
        close("sum", shrinkage + contraction, 1.0, 1e-12);
    }
    // At the maximum the gradient of −ln posterior vanishes: checked by differences of the closed form.
    let (cl, v) = (f.estimates[0].value, f.estimates[1].value);
    let posterior = |cl: f64, v: f64| {
        let m = truth(24.0, cl, v);
        let z = [
            (cl / 200.0).ln() / (0.16f64.ln_1p()).sqrt(),
            (v / 12.0).ln() / (0.04f64.ln_1p()).sqrt(),
        ];
        // Half the deviance of a proportional variance of 5 %.
        (y / m + m.ln()) / 0.0025 + 0.5 * (z[0] * z[0] + z[1] * z[1])
    };
    let h: f64 = 1e-4;
    for (up, down) in [
        (posterior(cl * h.exp(), v), posterior(cl * (-h).exp(), v)),
        (posterior(cl, v * h.exp()), posterior(cl, v * (-h).exp())),
    ] {
        // Integration error 1e-5 in ln m against an information of (1/0.05)² = 400: 4e-3.
        assert!(((up - down) / (2.0 * h)).abs() < 1e-2, "{}", (up - down) / (2.0 * h));
    }
    // Without the prior the same point determines neither.
    let f = fit(&Problem::new(&one, data, error, one.parameters(false))).unwrap();
    assert!(f.estimates.iter().all(|e| !e.determined.is_determined()));
    let text = f.estimates[0].determined.to_string();
    assert!(text.contains("1 data for 2 parameters") || text.contains("search"), "{text}");
}

/// `k = CL/V` in 1/d with its standard error from the covariance of CL (mL/h) and V (L), an interval on the log scale, and
/// nothing where the data leave the priors what they are.
#[test]
fn exact_what_the_file_derives_has_the_error_of_the_delta_method() {
    let data = |cv: f64| -> Vec<Observation> {
        TIMES
            .iter()
            .map(|&t| Observation::with_sd("C", truth(t, 350.0, 10.0), cv * truth(t, 350.0, 10.0)))
            .collect()
    };
    let ode = predictor(Options { rtol: 1e-9, ..Options::default() });
    let parameters = ode.parameters(true);
    let f = fit(&Problem::new(&ode, data(0.05), ErrorModel::Known, parameters.clone()))
        .expect("the data tell both parameters");
    let k = f.derived_of(DerivedKind::OfModel, "k").expect("the model derives it");
    assert_eq!(k.name(), "k");
    let (cl, v) = (f.estimates[0].value, f.estimates[1].value);
    let per_day = 24.0 / 1000.0;
    close("k", k.value, per_day * cl / v, 1e-12);
    let g = [per_day / v, -per_day * cl / (v * v)];
    let c = f.covariance.as_ref().expect("both are determined");
    let variance =
        g[0] * g[0] * c[(0, 0)] + 2.0 * g[0] * g[1] * c[(0, 1)] + g[1] * g[1] * c[(1, 1)];
    let se = k.se.expect("it is determined");
    close("se", se, variance.sqrt(), 1e-9);
    // The variance is known: the normal quantile.
    assert_eq!(f.interval, IntervalKind::Normal);
    let half = 1.959_963_984_540_054 * se / k.value;
    let (low, high) = k.ci95.expect("it is determined");
    close("low", low, k.value * (-half).exp(), 1e-9);
    close("high", high, k.value * half.exp(), 1e-9);
    assert!(k.determined.is_determined());
    // Data of which each says next to nothing.
    let f =
        fit(&Problem::new(&ode, data(50.0), ErrorModel::Known, parameters)).expect("a fit ends");
    let k = f.derived_of(DerivedKind::OfModel, "k").expect("the model derives it");
    assert!(k.determined.to_string().contains("the prior"), "{}", k.determined);
}

#[test]
fn exact_wrong_names_are_refused() {
    let p = predictor(Options::default());
    let e = p.at_samples(&[Sample { output: "D".to_owned(), time: 1.0 }]).unwrap_err();
    assert!(e.to_string().contains("`D`"), "{e}");
    assert!(p.at_samples(&[Sample { output: "C".to_owned(), time: -1.0 }]).is_err());
    assert!(p.with_integrals(&["D"]).is_err());
}

/// A trial point that nature does not allow is a point that does not fit, not the end of the fit: with an untransformed
/// clearance of nearly nothing steps beyond zero are tried, and refused by the simulator.
#[test]
fn exact_impossible_trial_points_do_not_end_a_fit() {
    let refused = predictor(Options::default()).predict(&[-5.0, 10.0], &mut [0.0; 5], None);
    let reason = refused.unwrap_err().to_string();
    assert!(reason.contains("`excrete`") && reason.contains("-5"), "{reason}");
    for cl in [0.5, 5.0, 50.0] {
        let data: Vec<Observation> = TIMES
            .iter()
            .map(|&t| Observation::with_sd("C", truth(t, cl, 10.0), 0.05 * truth(t, cl, 10.0)))
            .collect();
        let ode = predictor(Options { rtol: 1e-9, ..Options::default() });
        let mut parameters = ode.parameters(false);
        for p in &mut parameters {
            p.transform = Transform::Identity;
        }
        parameters[0].start = 2000.0;
        let mut problem = Problem::new(&ode, data, ErrorModel::Known, parameters);
        problem.options.random_starts = 0;
        let f = fit(&problem).unwrap();
        close("V", f.estimate("V").unwrap().value, 10.0, 1e-3);
        // One mL/h is 1e-4 of the decay: what these points can tell.
        assert!((f.estimate("CL").unwrap().value - cl).abs() < 1.0, "{:?}", f.estimate("CL"));
    }
}
