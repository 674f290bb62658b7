//! Every function by name: gradients, integrals, maxima, half-lives, and the equivalence of parametrisations.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use crate::common::close;
use lutetia_fit::{
    ActivityCurve, DMatrix, Derived, DerivedKind, ErrorModel, FUNCTIONS, Function, Magnitude,
    Observation, Predictor, Problem, Rate, SumOfExponentials, TimeActivity, fit,
};
use proptest::prelude::*;

const LP: f64 = 0.004_346_7;
const INJECTED: f64 = 7400.0;

/// Parameters of a plausible curve: activities about 100, rates spread by a factor 12, half of an uptake slow.
fn plausible(curve: &ActivityCurve, logs: &[f64]) -> Vec<f64> {
    curve
        .names()
        .iter()
        .zip(logs)
        .map(|(name, z)| match name.as_str() {
            "alpha" => 0.25 * (1.0 + 0.5 * z.tanh()),
            "tia" => 6000.0 * z.exp(),
            "shape" => (0.3 * z).exp(),
            "rise" => 2.0 * (0.2 * z).exp(),
            "lambda" => 0.012 * (0.3 * z).exp(),
            n if n.starts_with("lambda") => {
                let phase: i32 = n[6..].parse().unwrap();
                0.01 * 12f64.powi(phase - 1) * (0.3 * z).exp()
            }
            _ => 100.0 * (0.3 * z).exp(),
        })
        .collect()
}

fn derived<'a>(list: &'a [Derived], name: &str) -> Option<&'a Derived> {
    list.iter().find(|d| d.name() == name)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn prop_gradients_match_differences(
        logs in prop::collection::vec(-1.5..1.5f64, 6),
        which in 0usize..FUNCTIONS.len(),
    ) {
        let times = [0.0, 0.5, 3.0, 24.0, 70.0];
        let curve = FUNCTIONS[which].curve(LP, INJECTED, &times).unwrap();
        let p = curve.names().len();
        let theta = plausible(&curve, &logs);
        let mut values = vec![0.0; 5];
        let mut jac = DMatrix::zeros(5, p);
        curve.predict(&theta, &mut values, Some(&mut jac)).unwrap();
        let list = curve.derived(&theta).unwrap();
        let mut by_point = vec![0.0; p];
        let tia = curve.tia(&theta, &mut by_point);
        let of_list = derived(&list, "tia").unwrap();
        // The same sum in another order.
        prop_assert!((tia / of_list.value - 1.0).abs() < 1e-12);
        let half_life = derived(&list, "effective_half_life").unwrap().value;
        prop_assert!((std::f64::consts::LN_2 / curve.terminal_rate(&theta) / half_life - 1.0).abs() < 1e-14);
        for j in 0..p {
            let h = 1e-5 * theta[j];
            let at = |d: f64| {
                let mut t = theta.clone();
                t[j] += d;
                let mut v = vec![0.0; 5];
                curve.predict(&t, &mut v, None).unwrap();
                (v, curve.derived(&t).unwrap())
            };
            let ((up, dup), (down, ddown)) = (at(h), at(-h));
            // Central differences: relative truncation h² ~ 1e-10, rounding 1e-16·size/1e-5.
            let size: f64 = values.iter().fold(0.0, |a: f64, v| a.max(v.abs())) + 100.0;
            for i in 0..5 {
                let fd = (up[i] - down[i]) / (2.0 * h);
                prop_assert!((jac[(i, j)] - fd).abs() < 1e-7 * (fd.abs() + size / theta[j]),
                    "{} {} row {i}: {} {fd}", FUNCTIONS[which].name, curve.names()[j], jac[(i, j)]);
            }
            prop_assert!((by_point[j] - of_list.gradient[j]).abs()
                <= 1e-11 * (by_point[j].abs() + tia.abs() / theta[j]));
            if dup.len() != list.len() || ddown.len() != list.len() { continue; }
            for ((d, u), l) in list.iter().zip(&dup).zip(&ddown) {
                let fd = (u.value - l.value) / (2.0 * h);
                prop_assert!((d.gradient[j] - fd).abs() < 1e-5 * (fd.abs() + d.value.abs() / theta[j]),
                    "{} of {} by {}: {} {fd}", d.name(), FUNCTIONS[which].name, curve.names()[j], d.gradient[j]);
            }
        }
    }

    #[test]
    fn prop_integrals_and_maxima_match_the_curve(
        logs in prop::collection::vec(-1.0..1.0f64, 6),
        which in 0usize..FUNCTIONS.len(),
    ) {
        let last = 120.0;
        let curve = FUNCTIONS[which].curve(LP, INJECTED, &[last]).unwrap();
        let theta = plausible(&curve, &logs);
        let mut g = vec![0.0; theta.len()];
        let mut at = |t: f64| curve.point(&theta, t, &mut g);
        // Simpson's rule in u with t = u³: the supply from blood has a half-life of a minute, a gamma variate starts as
        // a root, a linear uptake has a corner.
        let n = 60_000;
        let to = last.cbrt();
        let step = to / f64::from(n);
        let (mut sum, mut top) = (0.0, (0.0, f64::MIN));
        for i in 0..=n {
            let u = f64::from(i) * step;
            let w = if i == 0 || i == n { 1.0 } else if i % 2 == 1 { 4.0 } else { 2.0 };
            let v = at(u.powi(3));
            if v > top.1 { top = (u.powi(3), v); }
            sum += w * v * 3.0 * u * u;
        }
        let sum = sum * step / 3.0;
        let list = curve.derived(&theta).unwrap();
        let get = |n: &str| derived(&list, n).unwrap().value;
        // The corner of a linear uptake costs step × slope, 1e-6 of the integral; the rest is far smooth enough.
        prop_assert!((get("tia_to_last") / sum - 1.0).abs() < 2e-6, "{}", FUNCTIONS[which].name);
        let f = get("extrapolated_fraction");
        prop_assert!((get("tia") * (1.0 - f) / get("tia_to_last") - 1.0).abs() < 1e-9);
        if let Some(t) = derived(&list, "time_of_maximum") {
            if t.value < last {
                // The nearest grid point lies within half a step in u of the time, where the curve is flat to 1e-6; but a
                // linear uptake has a corner there, and rises by 1/t and falls by its rate on the way to that point.
                let corner = FUNCTIONS[which].name == "linear-uptake";
                let slope = if corner { 1.0 / t.value + curve.terminal_rate(&theta) } else { 0.0 };
                let tolerance = 1e-6 + slope * 3.0 * t.value.cbrt().powi(2) * step;
                let value = at(t.value);
                prop_assert!(value >= top.1 * (1.0 - 1e-12), "{} {} {top:?}", FUNCTIONS[which].name, t.value);
                prop_assert!(value / top.1 - 1.0 < tolerance, "{} {} {top:?}", FUNCTIONS[which].name, t.value);
            }
        } else {
            prop_assert!(top.0 == 0.0, "{} peaks at {}", FUNCTIONS[which].name, top.0);
        }
        // Far out the curve falls with the terminal half-life.
        let k = curve.terminal_rate(&theta);
        let far = 60.0 / k;
        let ratio = at(far + 1.0 / k) / at(far);
        let power = if FUNCTIONS[which].name == "gamma" { (61.0_f64 / 60.0).powf(theta[1]) } else { 1.0 };
        prop_assert!((ratio * 1.0_f64.exp() / power - 1.0).abs() < 1e-3, "{} {ratio}", FUNCTIONS[which].name);
    }
}

#[test]
fn exact_names() {
    for (name, own) in [
        ("mono", "mono"),
        ("f2a", "uptake-known"),
        ("f2b", "mono"),
        ("f2e", "mono-known"),
        ("f3a", "mono-physical"),
        ("f4b", "bi-uptake-blood"),
        ("f4d", "bi-uptake-tia"),
        ("f5a", "tri-uptake"),
    ] {
        assert_eq!(Function::named(name).unwrap().name, own);
    }
    let e = Function::named("f9z").unwrap_err().to_string();
    assert!(
        e.starts_with("unknown function `f9z`; known are physical (f1), mono (f2b, f2)"),
        "{e}"
    );
    let mut names: Vec<&str> = FUNCTIONS
        .iter()
        .flat_map(|f| std::iter::once(f.name).chain(f.published.iter().map(|p| p.0)))
        .collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all, "two functions share a name");
    for f in &FUNCTIONS {
        let curve = f.curve(LP, INJECTED, &[1.0, 5.0]).unwrap();
        let p = f.parameters(&curve, INJECTED, &[5.0, 4.0]).unwrap();
        assert_eq!(p.iter().filter(|p| !p.fixed).count(), f.parameters, "{}", f.name);
    }
}

#[test]
fn exact_published_forms() {
    // Hardiansyah 2021, f2a with 100 % injected and f2e, at one set of rates.
    let t = 24.0;
    let (l1, l2) = (0.01, 0.2);
    let e = |l: f64| (-(l + LP) * t).exp();
    let value = |name: &str, theta: &[f64]| {
        let curve = Function::named(name).unwrap().curve(LP, 100.0, &[t]).unwrap();
        let mut g = vec![0.0; theta.len()];
        curve.point(theta, t, &mut g)
    };
    close("f2a", value("f2a", &[100.0, l1, l2]), 100.0 * (e(l1) - e(l2)), 1e-14);
    close("f2b", value("f2b", &[30.0, l1]), 30.0 * e(l1), 1e-14);
    close("f2e", value("f2e", &[30.0, l1]), 30.0 * e(l1) + 70.0 * e(0.0), 1e-14);
    close("f3a", value("f3a", &[20.0, 30.0, l1]), 30.0 * e(l1) + 20.0 * e(0.0), 1e-14);
    let lb = 60.0 * std::f64::consts::LN_2;
    close(
        "f4b",
        value("f4b", &[30.0, l1, 10.0, l2]),
        30.0 * e(l1) - 10.0 * e(l2) - 20.0 * e(lb),
        1e-14,
    );
    close(
        "f4c",
        value("f4c", &[30.0, l1, 10.0, l2]),
        30.0 * e(l1) + 10.0 * e(l2) - 40.0 * e(lb),
        1e-14,
    );
    // Hardiansyah 2023, f4d: normalised by its own integral, so that the amplitude is the integral.
    let (alpha, tia) = (0.2, 5000.0);
    let c = [1.0 - alpha, -alpha, -(1.0 - 2.0 * alpha)];
    let norm: f64 = c.iter().zip([l1, l2, lb]).map(|(c, l)| c / (l + LP)).sum();
    let shape: f64 = c.iter().zip([l1, l2, lb]).map(|(c, l)| c * e(l)).sum();
    close("f4d", value("f4d", &[tia, alpha, l1, l2]), tia * shape / norm, 1e-13);
}

#[test]
fn exact_gamma_and_linear_uptake_in_closed_form() {
    // s = 1: A = peak·e·k t e^{−k t}, ∫ = peak·e/k.
    let curve = Function::named("gamma").unwrap().curve(LP, 1.0, &[50.0]).unwrap();
    let k = 0.02 + LP;
    let d = curve.derived(&[10.0, 1.0, 0.02]).unwrap();
    close("tia", derived(&d, "tia").unwrap().value, 10.0 * 1.0_f64.exp() / k, 1e-13);
    close("time of maximum", derived(&d, "time_of_maximum").unwrap().value, 1.0 / k, 1e-14);
    let x = 50.0 * k;
    let left = (1.0 + x) * (-x).exp();
    close("extrapolated", derived(&d, "extrapolated_fraction").unwrap().value, left, 1e-10);
    let curve = Function::named("linear-uptake").unwrap().curve(LP, 1.0, &[50.0]).unwrap();
    let d = curve.derived(&[10.0, 4.0, 0.02]).unwrap();
    close("tia", derived(&d, "tia").unwrap().value, 20.0 + 10.0 / k, 1e-14);
    close("rise", derived(&d, "time_of_maximum").unwrap().value, 4.0, 1e-14);
}

/// The integral as a parameter and the integral by propagation are the same number with the same error.
#[test]
fn exact_integral_as_parameter_is_the_propagated_one() {
    let t = [1.0, 4.0, 24.0, 48.0, 96.0, 168.0];
    let truth = Function::named("f4b").unwrap().curve(LP, 1.0, &t).unwrap();
    let theta = [90.0, 0.010, 40.0, 0.25];
    let mut y = vec![0.0; 6];
    truth.predict(&theta, &mut y, None).unwrap();
    for (i, v) in y.iter_mut().enumerate() {
        *v *= 1.0 + 0.03 * (2.3 * i as f64).sin();
    }
    let run = |name: &str| {
        let f = Function::named(name).unwrap();
        let curve = f.curve(LP, 1.0, &t).unwrap();
        let p = f.parameters(&curve, 1.0, &y).unwrap();
        let data = y.iter().map(|v| Observation::with_sd("p", *v, 0.05 * v)).collect();
        fit(&Problem::new(&curve, data, ErrorModel::Known, p)).unwrap()
    };
    let (by_sum, by_tia) = (run("f4b"), run("f4d"));
    // Both searches end within 1e-7 standard errors of the same minimum.
    close("chi-square", by_tia.chi_square, by_sum.chi_square, 1e-8);
    let (a, b) = (by_sum.derived(DerivedKind::Tia).unwrap(), by_tia.estimate("tia").unwrap());
    close("tia", b.value, a.value, 1e-6);
    close("its standard error", b.se.unwrap(), a.se.unwrap(), 1e-4);
    close("again", by_tia.derived(DerivedKind::Tia).unwrap().se.unwrap(), b.se.unwrap(), 1e-9);
}

#[test]
fn exact_known_activity_is_kept() {
    // Whole body: of 7400 MBq a part is washed out with 0.05/h, the rest stays.
    let t = [1.0, 24.0, 48.0, 96.0];
    let f = Function::named("f2e").unwrap();
    let curve = f.curve(LP, INJECTED, &t).unwrap();
    let mut y = vec![0.0; 4];
    curve.predict(&[5000.0, 0.05], &mut y, None).unwrap();
    let p = f.parameters(&curve, INJECTED, &y).unwrap();
    let data: Vec<Observation> =
        y.iter().map(|v| Observation::with_sd("p", *v, 0.05 * v)).collect();
    let found = fit(&Problem::new(&curve, data, ErrorModel::Known, p)).unwrap();
    close("a1", found.estimate("a1").unwrap().value, 5000.0, 1e-6);
    close("lambda1", found.estimate("lambda1").unwrap().value, 0.05, 1e-6);
    let at_zero: f64 = curve.effective_phases(&found.theta()).iter().map(|(a, _)| a).sum();
    close("A(0)", at_zero, INJECTED, 1e-12);
    // Without an injected activity the function has no meaning.
    let e = f.curve(LP, 0.0, &t).unwrap_err().to_string();
    assert!(e.contains("sum to 0") && e.contains("injected activity"), "{e}");
}

#[test]
fn exact_uptakes_that_make_no_sense_are_refused() {
    let form = |uptakes: Vec<usize>| lutetia_fit::ExponentialForm {
        rates: vec![Rate::Free, Rate::Free, Rate::Fixed(41.6)],
        sum: lutetia_fit::AmplitudeSum::Zero,
        uptakes,
    };
    assert!(SumOfExponentials::new(form(vec![1]), LP, &[1.0]).is_ok());
    assert!(SumOfExponentials::new(form(vec![0]), LP, &[1.0]).is_err());
    assert!(SumOfExponentials::new(form(vec![2]), LP, &[1.0]).is_err());
}

#[test]
fn val_every_function_finds_its_own_curve() {
    // Noiseless data of each function, more points than parameters: the start from stripping and the random ones reach
    // the curve they came from, or one that fits as well.
    let t = [0.5, 1.0, 2.0, 4.0, 8.0, 24.0, 48.0, 96.0, 168.0, 240.0];
    for f in &FUNCTIONS {
        let curve = f.curve(LP, INJECTED, &t).unwrap();
        let theta = plausible(&curve, &[0.2, -0.3, 0.4, 0.1, -0.2, 0.3]);
        let mut theta = theta;
        if f.name == "uptake-known" {
            theta[0] = INJECTED;
        }
        let mut y = vec![0.0; t.len()];
        curve.predict(&theta, &mut y, None).unwrap();
        let p = f.parameters(&curve, INJECTED, &y).unwrap();
        let data = y.iter().map(|v| Observation::with_sd("p", *v, 0.05 * v.abs())).collect();
        let found = fit(&Problem::new(&curve, data, ErrorModel::Known, p)).unwrap();
        let mut g = vec![0.0; theta.len()];
        let tia = curve.tia(&theta, &mut g);
        println!("{}: chi-square {:e}, {}", f.name, found.chi_square, found.status);
        assert!(found.chi_square < 1e-6, "{} {}", f.name, found.chi_square);
        close(f.name, found.derived(DerivedKind::Tia).unwrap().value, tia, 1e-3);
    }
    let _ = Magnitude::Fixed(1.0);
}
