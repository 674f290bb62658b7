//! Hazards, immune scenario and hooks of combination: what their equations promise.

use crate::shipped::{Course, Random, joined, near, one};

/// Weibull alone: H = (t/lambda)^k; with a tumour that grows as exp(g t): the integral, by Simpson.
#[test]
fn exact_weibull_with_and_without_a_tumour() {
    let (scale, k) = (403.3 * 24.0, 1.446_f64);
    let shipped = one("survival/weibull-tumour.toml");
    let times = vec![0.0, 1000.0, 9679.2, 20_000.0];
    let run = shipped.run(&Course { times: times.clone(), ..Course::default() });
    for (row, t) in times.iter().enumerate() {
        let found = run.at("cumulative_hazard", row);
        assert!((found - (t / scale).powf(k)).abs() < 1e-4, "{t}: {found}");
    }
    let coupled = joined(
        &[
            ("tumour", "tumour/growth-kill-clinical-effective.toml"),
            ("os", "survival/weibull-tumour.toml"),
        ],
        &[("tumour.ratio", "os.ratio", None), ("tumour.initial_mass", "os.initial_mass", None)],
    );
    let run = coupled.run(&Course {
        set: &[("tumour:TV", "88.6 mL"), ("os:ECOG", "1")],
        times: times.clone(),
        tight: true,
        ..Course::default()
    });
    let constant = (0.2 * (2.0 * 46.515_f64 / 46.5).ln() + 0.5).exp();
    // In s = t^k, so that the integrand is smooth at zero: h dt = exp(0.3 g t) ds/scale^k.
    let end = times[3].powf(k);
    let value = |s: f64| (0.3 * 4.08e-4 * s.powf(1.0 / k)).exp();
    let n = 20_000;
    let step = end / f64::from(n);
    let sum: f64 = (0..n)
        .map(|i| {
            let a = f64::from(i) * step;
            (value(a) + 4.0 * value(a + 0.5 * step) + value(a + step)) / 6.0 * step
        })
        .sum();
    let expected = constant * sum / scale.powf(k);
    near("H", run.last("os:cumulative_hazard"), expected, 1e-5);
}

/// A shape below 1: the hazard is infinite at 0 and H = (t/lambda)^k all the same, in every Weibull of the library.
#[test]
fn exact_a_decreasing_weibull_hazard_runs() {
    let times = vec![0.0, 24.0, 1000.0, 20_000.0];
    let files = [
        ("survival/weibull-tumour.toml", 403.3 * 24.0, &["0.9", "0.5", "0.2"][..]),
        ("survival/desmee-2015.toml", 765.0 * 24.0, &["0.9", "0.5"]),
        ("survival/zecchin-2016.toml", 24.0 / 0.001183, &["0.9", "0.5"]),
    ];
    for (file, scale, shapes) in files {
        let shipped = one(file);
        // The size at the start of the reference.
        let factor = if file.contains("zecchin") { 0.208_f64.exp() } else { 1.0 };
        for shape in shapes {
            let k: f64 = shape.parse().unwrap();
            let run = shipped.run(&Course {
                set: &[("k", shape)],
                times: times.clone(),
                tight: true,
                ..Course::default()
            });
            for (row, t) in times.iter().enumerate() {
                let (found, exact) =
                    (run.at("cumulative_hazard", row), factor * (t / scale).powf(k));
                // The hazard of t + t_0, t_0 = 1e-3 h, has k t_0/t more: 4e-5 after a day.
                // The start is a stop, at which the model is asked a moment, below 1e-6 h, later: up to 1e-3 of what t_0
                // holds, (t_0/scale)^k.
                let moment = if row == 0 { 1e-3 * factor * (1e-3 / scale).powf(k) } else { 0.0 };
                assert!(
                    (found - exact).abs() <= 5e-5 * exact + moment,
                    "{file} {k} {t}: {found} {exact}"
                );
            }
        }
    }
}

/// A tumour of which rounding leaves less than nothing gives the kinetics a volume above zero and no power of a negative
/// number.
#[test]
fn exact_a_tumour_below_zero_drives_no_kinetics_astray() {
    for file in
        ["tumour/growth-kill-clinical-effective.toml", "tumour/growth-kill-radiobiological.toml"]
    {
        let shipped = one(file);
        let run = shipped.run(&Course {
            inputs: vec![("kill_rate", vec![(0.0, 3.0)])],
            times: (0..=200).map(|k| 10.0 * f64::from(k)).collect(),
            ..Course::default()
        });
        for output in ["volume_ratio", "ratio", "diameter_ratio", "loss"] {
            let all = run.all(output);
            assert!(all.iter().all(|x| x.is_finite() && *x >= 0.0), "{file} {output}: {all:?}");
        }
        assert!(run.all("volume_ratio").iter().all(|x| *x > 0.0), "{file}");
    }
}

/// A hazard that does not follow the tumour adds h t, whatever the tumour does.
#[test]
fn exact_a_hazard_beside_the_tumour_adds() {
    let shipped = one("survival/weibull-tumour.toml");
    let run = |other: &'static str| {
        let course = Course {
            set: &[("h_other", other)],
            inputs: vec![("ratio", vec![(0.0, 1.0), (20_000.0, 30.0)])],
            times: vec![5000.0, 20_000.0],
            tight: true,
            ..Course::default()
        };
        shipped.run(&course).all("cumulative_hazard")
    };
    let (none, some) = (run("0 1/d"), run("0.0012 1/d"));
    near("H", some[0] - none[0], 0.0012 * 5000.0 / 24.0, 1e-6);
    near("H", some[1] - none[1], 0.0012 * 20_000.0 / 24.0, 1e-6);
}

/// Standard of care wears off: a tumour that grows at g and is killed at k exp(-r t) is exp(g t - k/r (1 - exp(-r t))).
#[test]
fn exact_standard_of_care_wears_off() {
    let shipped = joined(
        &[
            ("tumour", "tumour/growth-kill-clinical-effective.toml"),
            ("care", "combination/standard-of-care.toml"),
        ],
        &[("care.kill_rate", "tumour.kill_rate", None)],
    );
    let times = vec![56.0 * 24.0, 300.0 * 24.0];
    let run = shipped.run(&Course {
        set: &[("care:k_care", "0.02 1/d")],
        times: times.clone(),
        tight: true,
        ..Course::default()
    });
    for (row, t) in times.into_iter().enumerate() {
        let days = t / 24.0;
        let expected = (4.08e-4 * t - 0.02 / 0.01 * (1.0 - (-0.01 * days).exp())).exp();
        near("ratio", run.at("tumour:ratio", row), expected, 1e-7);
    }
}

/// Zecchin: size followed to week 12 and held; (lambda t)^k times exp of constants where nothing changes.
#[test]
fn exact_zecchin() {
    let shipped = one("survival/zecchin-2016.toml");
    let still = shipped.run(&Course {
        set: &[("SLD0", "140 mm"), ("ECOG", "1")],
        inputs: vec![("new_lesion", vec![(0.0, 1.0)])],
        times: vec![365.0 * 24.0],
        tight: true,
        ..Course::default()
    });
    let expected = (0.001183_f64 * 365.0).powf(2.004) * (0.208 * 2.0 + 1.23 + 0.516_f64).exp();
    near("H", still.last("cumulative_hazard"), expected, 1e-5);
    // Size falls linearly to a half at week 12, then rises: the hazard keeps the half.
    let shrinking = shipped.run(&Course {
        inputs: vec![("ratio", vec![(0.0, 1.0), (2016.0, 0.5), (8000.0, 2.0)])],
        times: vec![8000.0],
        ..Course::default()
    });
    let t = 8000.0 / 24.0;
    let expected =
        2.004 * 0.001183 / 24.0 * (0.001183_f64 * t).powf(1.004) * (0.208 - 0.904 * 0.5_f64).exp();
    // The state lags an hour behind the size: 2.5e-4 of it.
    near("hazard", shrinking.last("hazard"), expected, 1e-3);
}

/// The first two pairs of link and scale of Desmée let about a quarter of the patients live for 735
/// days; 400 patients drawn from the published variability. The third, (.02, 2150), gives .40 here,
/// as the file says.
#[test]
fn val_desmee_survival_at_735_days() {
    let shipped = joined(
        &[("psa", "tumour/psa-desmee-2015.toml"), ("os", "survival/desmee-2015.toml")],
        &[("psa.psa", "os.psa", None)],
    );
    let patients = 400;
    for (beta, scale) in [("0 mL/ng", "580 d"), ("0.005 mL/ng", "765 d")] {
        let mut random = Random(20);
        let mut sum = 0.0;
        for _ in 0..patients {
            let r = 0.05 * (0.1 * random.normal()).exp();
            let start = 80.0 * (0.6 * random.normal()).exp();
            let logit = (0.3_f64 / 0.7).ln() + 1.5 * random.normal();
            let escape = 140.0 * (0.6 * random.normal()).exp();
            let texts = [
                format!("{r} 1/d"),
                format!("{start} ng/mL"),
                format!("{} 1", 1.0 / (1.0 + (-logit).exp())),
                format!("{escape} d"),
            ];
            let set = [
                ("psa:r", texts[0].as_str()),
                ("psa:PSA0", &texts[1]),
                ("psa:epsilon", &texts[2]),
                ("psa:T_esc", &texts[3]),
                ("os:beta", beta),
                ("os:lambda_", scale),
            ];
            let course = Course { set: &set, times: vec![735.0 * 24.0], ..Course::default() };
            sum += (-shipped.run(&course).last("os:cumulative_hazard")).exp();
        }
        let survival = sum / f64::from(patients);
        // "About 25 %"; the mean of 400 patients whose survival spreads by .3 is good to .015.
        assert!((survival - 0.25).abs() < 0.06, "{beta}: {survival}");
    }
}

/// Untreated, the immune system rests; radiation sets antigen free, a dose to blood takes effector
/// cells away, a checkpoint inhibitor lifts what PD-L1 holds back.
#[test]
fn prop_immune_scenario_moves_in_the_expected_directions() {
    let shipped = one("immune/antigen-effector.toml");
    let window = |y: f64| vec![(0.0, y), (100.0, y), (100.0, 0.0)];
    let kill = |loss: f64, blood: f64, drug: f64| {
        let course = Course {
            inputs: vec![
                ("radiation_loss", window(loss)),
                ("blood_dose_rate", window(blood)),
                ("anti_PD1", vec![(0.0, drug)]),
            ],
            times: vec![200.0],
            ..Course::default()
        };
        shipped.run(&course).last("immune_kill")
    };
    let rest = kill(0.0, 0.0, 0.0);
    let start = shipped.run(&Course { times: vec![0.0], ..Course::default() }).last("immune_kill");
    near("rest", rest, start, 1e-9);
    let radiation = kill(0.003, 0.0, 0.0);
    assert!(radiation > rest);
    assert!(kill(0.003, 0.003, 0.0) < radiation);
    assert!(kill(0.0, 0.0, 50.0) > rest && kill(0.003, 0.0, 50.0) > radiation);
}

/// Without a drug no hook does anything, to the last bit.
#[test]
fn exact_hooks_without_a_drug_do_nothing() {
    for (file, outputs) in [
        ("repair-inhibition", &["repair_factor", "alpha_factor", "slope_factor"][..]),
        ("sensitisation", &["alpha_factor"]),
        ("psma-upregulation", &["receptor_factor", "growth_factor"]),
    ] {
        let shipped = one(&format!("combination/{file}.toml"));
        let run = shipped.run(&Course { times: vec![0.0, 500.0], ..Course::default() });
        for output in outputs {
            assert!(run.all(output).iter().all(|x| x.to_bits() == 1.0_f64.to_bits()), "{file}");
        }
    }
    for (file, output) in [("independent-kill", "kill_rate"), ("marrow-overlap", "inhibition")] {
        let shipped = one(&format!("combination/{file}.toml"));
        let run = shipped.run(&Course { times: vec![0.0, 500.0], ..Course::default() });
        assert!(run.all(output).iter().all(|x| x.abs() <= 0.0), "{file}");
    }
}

/// Three steps of equal length: the mean time until receptors rise is `delay`, and the rise ends at
/// E_up times the occupancy.
#[test]
fn exact_psma_rises_with_its_delay() {
    let shipped = one("combination/psma-upregulation.toml");
    let times: Vec<f64> = (0..=3000).map(f64::from).collect();
    let run = shipped.run(&Course {
        inputs: vec![("concentration", vec![(0.0, 3.0)])],
        times,
        ..Course::default()
    });
    let rise = run.all("receptor_factor");
    let last = rise[3000] - 1.0;
    near("rise", last, 0.5 * 0.5, 1e-4);
    // Mean of the delay: area between the end value and the curve.
    let area: f64 = rise.windows(2).map(|w| last - (0.5 * (w[0] + w[1]) - 1.0)).sum::<f64>() / last;
    near("delay", area, 21.0 * 24.0, 1e-3);
}
