//! Marrow, kidneys and salivary glands against the numbers they were calibrated to, and the
//! partners' kinetics against closed forms.

use crate::shipped::{Course, joined, near, one};

const LINEAGES: [&str; 4] = ["platelets", "neutrophils", "lymphocytes", "haemoglobin"];

/// One or more cycles of a dose with an effective half-life of 40 h, every eight weeks.
fn marrow(
    lineage: &str,
    dose: f64,
    cycles: usize,
    days: usize,
    set: &[(&str, &str)],
) -> (f64, f64, f64) {
    let text = format!(
        r#"[model]
id = "rate"
title = "a dose rate that begins again with every cycle"
units = {{ time = "h", amount = "nmol", volume = "L" }}
[parameters]
D = "{dose} Gy"
l = "ln(2)/T"
T = "40 h"
[compartments]
c = "1 L"
[species]
X = {{ in = ["c"] }}
[scheme]
processes = '''
fall: X.c -> 0 @ l
'''
[parameters.unit]
value = "1 nmol"
[outputs]
rate = {{ of = "D*l*X.c/unit", unit = "Gy/h" }}
"#
    );
    let file = format!("toxicity/{lineage}.toml");
    let shipped = joined(&[("rate", &text), ("m", &file)], &[("rate.rate", "m.dose_rate", None)]);
    let doses = (0..cycles)
        .map(|k| crate::shipped::drug("rate:X.c", 56.0 * 24.0 * k as f64, 1.0))
        .collect();
    let times = (0..=4 * days).map(|q| 6.0 * q as f64).collect();
    let run = shipped.run(&Course { set, doses, times, ..Course::default() });
    let (low, at) = run.lowest("m:ratio");
    (low, at / 24.0, run.last("m:ratio"))
}

/// 0.35 Gy: 70/75/55/94 % of the count before, on days 34/34/29/107; lowest haemoglobin in four
/// cycles 88 %.
#[test]
fn val_marrow_after_one_cycle() {
    for (lineage, low, day) in [
        ("platelets", 0.70, 34.0),
        ("neutrophils", 0.75, 34.0),
        ("lymphocytes", 0.55, 29.0),
        ("haemoglobin", 0.94, 107.0),
    ] {
        let (found, at, _) = marrow(lineage, 0.35, 1, 200, &[]);
        // Two digits of the share, whole days.
        assert!((found - low).abs() < 0.006, "{lineage}: {found}");
        assert!((at - day).abs() < 0.8, "{lineage}: day {at}");
    }
    let (found, _, _) = marrow("haemoglobin", 0.35, 4, 500, &[]);
    assert!((found - 0.88).abs() < 0.006, "{found}");
}

/// 1.45 Gy, the mean of 177Lu-lilotomab: 24 % of the platelets and 32 % of the neutrophils are left.
#[test]
fn val_marrow_after_a_large_dose() {
    let (platelets, _, _) = marrow("platelets", 1.45, 1, 150, &[]);
    assert!((platelets - 0.24).abs() < 0.01, "{platelets}");
    let (neutrophils, _, _) = marrow("neutrophils", 1.45, 1, 150, &[]);
    assert!((neutrophils - 0.32).abs() < 0.01, "{neutrophils}");
}

/// No dose: nothing moves (interpolating between steps rounds once). More dose: a deeper fall.
#[test]
fn prop_marrow_rests_without_dose_and_falls_further_with_more() {
    for lineage in LINEAGES {
        let rest = one(&format!("toxicity/{lineage}.toml"));
        let run = rest.run(&Course { times: vec![0.0, 1000.0, 10000.0], ..Course::default() });
        let all = run.all("ratio");
        assert!(all.iter().all(|x| (x - 1.0).abs() < 4e-16), "{lineage}: {all:?}");
        let falls: Vec<f64> =
            [0.1, 0.3, 0.9, 2.7].iter().map(|d| marrow(lineage, *d, 1, 150, &[]).0).collect();
        assert!(falls.is_sorted_by(|a, b| a > b), "{lineage}: {falls:?}");
    }
}

/// Without loss of stem cells counts recover between cycles eight weeks apart; with it they do not.
#[test]
fn prop_only_stem_cells_remember() {
    let (_, _, plain) = marrow("platelets", 0.35, 4, 400, &[]);
    assert!((plain - 1.0).abs() < 0.02, "{plain}");
    let (_, _, late) = marrow("platelets", 0.35, 4, 400, &[("m:alpha_Q", "0.05 1/Gy")]);
    assert!(late < 0.9, "{late}");
}

/// A drug and radiation meet in the same pool: together they take more than each alone.
#[test]
fn prop_drug_and_radiation_add_up_in_the_marrow() {
    let shipped = joined(
        &[("drug", "combination/marrow-overlap.toml"), ("m", "toxicity/neutrophils.toml")],
        &[("drug.inhibition", "m.inhibition", None)],
    );
    let low = |concentration: f64, rate: f64| {
        let window = |y: f64| vec![(0.0, y), (96.0, y), (96.0, 0.0)];
        let course = Course {
            inputs: vec![
                ("drug:concentration", window(concentration)),
                ("m:dose_rate", window(rate)),
            ],
            times: (0..600).map(|q| 6.0 * f64::from(q)).collect(),
            ..Course::default()
        };
        shipped.run(&course).lowest("m:ratio").0
    };
    let (none, drug, dose, both) = (low(0.0, 0.0), low(0.2, 0.0), low(0.0, 0.004), low(0.2, 0.004));
    assert!((none - 1.0).abs() < 1e-12);
    assert!(drug < 0.99 && dose < 0.99 && both < drug.min(dose) - 0.02, "{drug} {dose} {both}");
}

/// 4 x 7 Gy: BED 32.16 Gy (T_eff 50 h), below the threshold of a patient without risk factors, who
/// then loses filtration with age only; with risk factors he loses 0.5 (1 + 1) (BED - 28) a year more.
#[test]
fn val_kidneys() {
    let shipped = one("toxicity/kidneys.toml");
    let rate = |dose: f64| {
        // A falling exponential as a polygon: BED is checked to 1e-3.
        let l = std::f64::consts::LN_2 / 50.0;
        let pieces = 600;
        (0..=pieces)
            .map(f64::from)
            .map(|i| (i, dose * l * (-l * i).exp() / (1.0 - (-l * f64::from(pieces)).exp())))
            .chain([(f64::from(pieces), 0.0)])
            .collect::<Vec<_>>()
    };
    let cycles = 4;
    let period = 1344.0;
    let mut points = Vec::new();
    for k in 0..cycles {
        points.push((period * f64::from(k), 0.0));
        points.extend(rate(7.0).into_iter().map(|(t, y)| (t + period * f64::from(k), y)));
    }
    let year = 24.0 * 365.25;
    let run = |set: &[(&str, &str)]| {
        let course = Course {
            set,
            inputs: vec![("dose_rate", points.clone())],
            times: vec![0.0, year, 2.0 * year],
            ..Course::default()
        };
        let run = shipped.run(&course);
        (run.last("BED"), run.all("eGFR"))
    };
    let (bed, filtration) = run(&[]);
    near("BED", bed, 4.0 * 7.0 * (1.0 + 2.8 / 52.8 * 7.0 / 2.5), 2e-3);
    near("BED as published", bed, 32.16, 2e-3);
    assert!((filtration[0] - filtration[2] - 1.8).abs() < 1e-3, "{filtration:?}");
    let level = shipped.simulator.system();
    let risk = level.parameters().iter().find(|p| p.name == "risk_factor").expect("it has one");
    assert!(risk.default.abs() < 1e-12, "absent is level 0");
    let (_, at_risk) = run(&[("risk_factor", "1")]);
    let extra = (at_risk[1] - at_risk[2]) - (filtration[1] - filtration[2]);
    near("decline", extra, 0.5 * 2.0 * (bed - 28.0), 1e-2);
}

/// Lyman's probability on the axis of BED, as a logistic curve within .01 of the normal integral.
#[test]
fn val_complication_probability_of_the_kidneys() {
    let shipped = one("toxicity/kidneys.toml");
    for (bed, probability) in [(37.7, 0.0565), (40.0, 0.142), (44.8, 0.5), (50.0, 0.877)] {
        // A very slow constant rate R makes BED = D (1 + 2 R/(mu alpha/beta)).
        let (rate, hours) = (1e-4_f64, 1e6_f64);
        let per_dose = 1.0 + 2.0 * rate / (std::f64::consts::LN_2 / 2.8 * 2.5);
        let stop = bed / per_dose / rate;
        let run = shipped.run(&Course {
            inputs: vec![("dose_rate", vec![(0.0, rate), (stop, rate), (stop, 0.0)])],
            times: vec![hours],
            ..Course::default()
        });
        near("BED", run.last("BED"), bed, 1e-4);
        assert!((run.last("NTCP") - probability).abs() < 0.01, "{bed}: {}", run.last("NTCP"));
    }
}

/// logit P = 0.11 (D - 19): 15, 17 and 55 Gy(RBE) give .39, .45 and .98; with an RBE of 5 a fifth of
/// the dose does.
#[test]
fn val_dry_mouth() {
    let shipped = one("toxicity/salivary-glands.toml");
    for rbe in [1.0, 5.0] {
        let text = format!("{rbe} Gy(RBE)/Gy");
        for (dose, probability) in [(15.0, 0.39), (17.0, 0.45), (55.0, 0.98)] {
            let rate = dose / rbe / 100.0;
            let run = shipped.run(&Course {
                set: &[("RBE", &text), ("f_alpha", "1")],
                inputs: vec![("dose_rate", vec![(0.0, rate), (100.0, rate), (100.0, 0.0)])],
                times: vec![200.0],
                ..Course::default()
            });
            near("dose", run.last("dose"), dose, 1e-5);
            // Two digits are given.
            assert!((run.last("P_dry_mouth") - probability).abs() < 0.006, "{dose}");
            near("function", run.last("ratio"), (-0.016 * dose).exp(), 1e-5);
        }
    }
}

/// The dose rate to the marrow: f (S A_blood + phi S_all A_tumour). The published .017 Gy/GBq come back for the 3.30 h
/// of the ligand in blood, and all energy of the lesions is 147.9 keV per decay in 1170 g.
#[test]
fn exact_marrow_dose_rate() {
    let shipped = one("toxicity/marrow-dose.toml");
    let run = shipped.run(&Course {
        set: &[("f_dose", "1.5"), ("phi", "0.02")],
        inputs: vec![
            ("blood_activity", vec![(0.0, 1000.0)]),
            ("tumour_activity", vec![(0.0, 500.0)]),
        ],
        times: vec![1.0],
        ..Course::default()
    });
    let all = 147.9e3 * 1.602_176_634e-19 * 1e6 * 3600.0 / 1.170;
    // Gy/h in the unit the output declares; S_all has three digits.
    near("R", run.last("dose_rate"), 1.5 * (5.2e-6 * 1000.0 + 0.02 * all * 500.0), 1e-3);
    let per_gbq: f64 = 5.2e-6 * 1000.0 * 3.30;
    // Printed with two digits.
    assert!((per_gbq - 0.017).abs() < 5e-4, "{per_gbq}");
}

/// A dose that leaves next to no proliferating cell: counts stay positive, and the marrow is refilled.
#[test]
fn prop_an_emptied_marrow_recovers() {
    for name in ["platelets", "neutrophils", "lymphocytes", "haemoglobin"] {
        let shipped = one(&format!("toxicity/{name}.toml"));
        let times: Vec<f64> = (0..=60).map(|m| 730.0 * f64::from(m)).collect();
        let run = shipped.run(&Course {
            set: &[("alpha_m", "3 1/Gy")],
            inputs: vec![("dose_rate", vec![(0.0, 0.5), (60.0, 0.5), (60.0, 0.0)])],
            times,
            ..Course::default()
        });
        let ratios = run.all("ratio");
        let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
        // As far below zero as the absolute tolerance.
        assert!((-1e-6..0.03).contains(&least), "{name}: {least}");
        assert!(run.last("ratio") > 0.5, "{name}: {ratios:?}");
    }
}
