//! Several administrations and long infusions: the curve after one injection, superposed.

use lutetia_fit::{
    ActivityCurve, Administration, DerivedKind, ErrorModel, FUNCTIONS, Function, Observation,
    Predictor as _, Problem, Schedule, TimeActivity as _, fit,
};

/// Physical decay of ¹⁷⁷Lu, 1/h.
const LP: f64 = 0.004_346;

fn given(start: f64, duration: f64, share: f64) -> Administration {
    Administration { start, duration, share }
}

/// `b(t)` summed over many short injections in place of an infusion: no closed form is used.
fn by_pieces(schedule: &[Administration], k: f64, t: f64) -> f64 {
    let sum: f64 = schedule.iter().map(|a| a.share).sum();
    let n = 20_000;
    schedule
        .iter()
        .map(|a| {
            (0..n)
                .map(|i| a.start + a.duration * (f64::from(i) + 0.5) / f64::from(n))
                .filter(|s| *s <= t)
                .map(|s| (-k * (t - s)).exp())
                .sum::<f64>()
                * a.share
                / (sum * f64::from(n))
        })
        .sum()
}

fn schedules() -> Vec<Vec<Administration>> {
    vec![
        vec![given(0.0, 0.0, 3700.0), given(72.0, 0.0, 3700.0)],
        vec![given(0.0, 48.0, 7400.0)],
        vec![given(0.0, 6.0, 2.0), given(30.0, 0.0, 1.0), given(50.0, 24.0, 3.0)],
    ]
}

const TIMES: [f64; 9] = [1.0, 4.0, 20.0, 31.0, 49.0, 60.0, 76.0, 120.0, 168.0];

#[test]
fn exact_superposed_exponentials_are_the_sum_of_their_pieces() {
    for schedule in schedules() {
        for name in ["mono", "bi", "bi-uptake", "tri-uptake", "mono-known"] {
            let function = Function::named(name).unwrap();
            let plain = function.curve(LP, 7400.0, &TIMES).unwrap();
            let curve = plain.clone().superposed(Schedule::new(&schedule).unwrap()).unwrap();
            let theta: Vec<f64> = curve
                .names()
                .iter()
                .enumerate()
                .map(|(i, n)| if n.starts_with('a') { 90.0 } else { 0.01 * 3f64.powi(i as i32) })
                .collect();
            let mut values = vec![0.0; TIMES.len()];
            curve.predict(&theta, &mut values, None).unwrap();
            let phases = plain.effective_phases(&theta);
            for (t, value) in TIMES.iter().zip(&values) {
                let pieces: f64 =
                    phases.iter().map(|(a, k)| a * by_pieces(&schedule, *k, *t)).sum();
                let size: f64 = phases.iter().map(|(a, _)| a.abs()).sum();
                // One piece of the infusion may fall on either side of t: 1/20 000 of the amplitudes.
                assert!((value - pieces).abs() < 1e-4 * size, "{name} at {t} h: {value} {pieces}");
            }
            // Linear kinetics: the integral is that of one injection of the whole.
            let (mut g, mut h) = (vec![0.0; theta.len()], vec![0.0; theta.len()]);
            let (superposed, one) = (curve.tia(&theta, &mut g), plain.tia(&theta, &mut h));
            assert_eq!((superposed.to_bits(), g), (one.to_bits(), h));
        }
    }
}

#[test]
fn exact_gradients_of_superposed_curves() {
    for schedule in schedules() {
        let plain = Function::named("bi-uptake").unwrap().curve(LP, 1.0, &TIMES).unwrap();
        let curve = plain.superposed(Schedule::new(&schedule).unwrap()).unwrap();
        let theta = [120.0, 0.008, 0.2];
        let derived = |theta: &[f64]| curve.derived(theta).unwrap();
        let base = derived(&theta);
        assert!(base.iter().any(|d| d.kind == DerivedKind::ExtrapolatedFraction));
        for j in 0..3 {
            let h = 1e-5 * theta[j];
            let at = |sign: f64| {
                let mut moved = theta;
                moved[j] += sign * h;
                moved
            };
            let (up, down) = (at(1.0), at(-1.0));
            // Central differences: truncation h² ~ 1e-10, rounding 1e-16/1e-5, both relative to size over parameter.
            for t in TIMES {
                let mut g = [0.0; 3];
                let value = curve.point(&theta, t, &mut g);
                let mut none = [0.0; 3];
                let difference =
                    (curve.point(&up, t, &mut none) - curve.point(&down, t, &mut none)) / (2.0 * h);
                let size = (value.abs() + theta[0]) / theta[j];
                assert!(
                    (g[j] - difference).abs() < 1e-7 * size,
                    "{t} h by {j}: {} {difference}",
                    g[j]
                );
            }
            for (d, (u, l)) in base.iter().zip(derived(&up).iter().zip(&derived(&down))) {
                let difference = (u.value - l.value) / (2.0 * h);
                let size = difference.abs() + d.value.abs() / theta[j];
                assert!((d.gradient[j] - difference).abs() < 1e-6 * size, "{} by {j}", d.name());
            }
        }
        // What is integrated up to the last time and what is left make the whole (Simpson, 1 h is 168 intervals of a
        // curve with kinks at whole hours: below 1e-6 of the peak each).
        let at = |t: f64| curve.point(&theta, t, &mut [0.0; 3]);
        let jump = |t: f64| curve.point(&theta, t - 1e-9, &mut [0.0; 3]);
        let mut sum = 0.0;
        for i in 0..1680 {
            let (a, b) = (0.1 * f64::from(i), 0.1 * f64::from(i + 1));
            sum += 0.1 / 6.0 * (at(a) + 4.0 * at(0.5 * (a + b)) + jump(b));
        }
        let of = |name: &str| base.iter().find(|d| d.name() == name).unwrap().value;
        assert!((of("tia_to_last") / sum - 1.0).abs() < 1e-5, "{} {sum}", of("tia_to_last"));
        let left = of("tia") * (1.0 - of("extrapolated_fraction"));
        assert!((left / of("tia_to_last") - 1.0).abs() < 1e-12);
    }
}

#[test]
fn exact_noiseless_doses_and_infusions_are_found_again() {
    for schedule in schedules() {
        let times = [4.0, 24.0, 49.0, 76.0, 120.0, 168.0, 240.0];
        for (name, theta) in
            [("mono", vec![100.0, 0.0098]), ("bi-uptake", vec![150.0, 0.006, 0.15])]
        {
            let plain = Function::named(name).unwrap().curve(LP, 1.0, &times).unwrap();
            let mut none = vec![0.0; theta.len()];
            let truth = plain.tia(&theta, &mut none);
            let curve = plain.superposed(Schedule::new(&schedule).unwrap()).unwrap();
            let mut y = vec![0.0; times.len()];
            curve.predict(&theta, &mut y, None).unwrap();
            let data: Vec<Observation> = y
                .iter()
                .map(|v| Observation {
                    value: *v,
                    sd: Some(0.05 * v),
                    censoring: lutetia_fit::Censoring::None,
                    label: String::new(),
                })
                .collect();
            let parameters = curve.parameters(&y).unwrap();
            let found = fit(&Problem::new(&curve, data, ErrorModel::Known, parameters)).unwrap();
            let tia = found.derived(DerivedKind::Tia).unwrap().value;
            // The search ends within 1e-7 of a standard error of a few per cent.
            assert!((tia / truth - 1.0).abs() < 1e-6, "{name}: {tia} for {truth}");
        }
    }
}

#[test]
fn exact_one_injection_is_the_curve_itself() {
    let plain = Function::named("bi").unwrap().curve(LP, 1.0, &TIMES).unwrap();
    let one = Schedule::new(&[given(0.0, 0.0, 7400.0)]).unwrap();
    assert!(one.mean_delay().abs() < 1e-300 && one.end().abs() < 1e-300);
    let curve = plain.clone().superposed(one).unwrap();
    let theta = [50.0, 0.004, 80.0, 0.1];
    let (mut a, mut b) = (vec![0.0; TIMES.len()], vec![0.0; TIMES.len()]);
    plain.predict(&theta, &mut a, None).unwrap();
    curve.predict(&theta, &mut b, None).unwrap();
    assert_eq!(a, b);
    let both = Schedule::new(&[given(0.0, 4.0, 1.0), given(10.0, 0.0, 3.0)]).unwrap();
    assert!((both.mean_delay() - (0.25 * 2.0 + 0.75 * 10.0)).abs() < 1e-12);
}

#[test]
fn exact_functions_of_one_injection_are_refused() {
    let two = || Schedule::new(&schedules()[0]).unwrap();
    let mut refused = Vec::new();
    for function in FUNCTIONS {
        let curve = function.curve(LP, 7400.0, &TIMES).unwrap();
        let exponentials = matches!(curve, ActivityCurve::Exponentials(_));
        let superposed = curve.superposed(two());
        assert_eq!(superposed.is_ok(), exponentials, "{}", function.name);
        if let Err(error) = superposed {
            assert!(error.to_string().contains("`mono`"), "{error}");
            refused.push(function.name);
        }
    }
    assert_eq!(refused, ["gamma", "linear-uptake", "bi-uptake-tia"]);
    for wrong in [
        vec![],
        vec![given(-1.0, 0.0, 1.0)],
        vec![given(0.0, f64::NAN, 1.0)],
        vec![given(0.0, 0.0, 0.0)],
    ] {
        assert!(Schedule::new(&wrong).is_err(), "{wrong:?}");
    }
}
