//! Tumours: closed forms, coupling with kinetics, and what must hold for every dose.

use crate::shipped::{Course, Random, activity, checked, folder, joined, near, one};

const CLINICAL: &str = "tumour/growth-kill-clinical-effective.toml";
const RADIOBIOLOGICAL: &str = "tumour/growth-kill-radiobiological.toml";

/// Every day of half a year.
fn days() -> Vec<f64> {
    (0..=183).map(|d| 24.0 * f64::from(d)).collect()
}

/// Without dose: exp(k_g t), and the same bits whether nothing is connected or a dose rate of zero is.
#[test]
fn exact_untreated_tumours_grow() {
    for file in [CLINICAL, RADIOBIOLOGICAL, "radiobiology/two-damage.toml"] {
        let shipped = one(file);
        let alone = shipped.run(&Course { times: days(), ..Course::default() });
        let zero = shipped.run(&Course {
            times: days(),
            inputs: vec![("dose_rate", vec![(0.0, 0.0)])],
            ..Course::default()
        });
        let bits = |masses: Vec<f64>| masses.iter().map(|m| m.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(alone.all("mass")), bits(zero.all("mass")), "{file}");
        if !file.contains("two-damage") {
            for (t, ratio) in days().into_iter().zip(alone.all("ratio")) {
                // The tolerance of the integration.
                near(file, ratio, (4.08e-4 * t).exp(), 1e-4);
            }
        }
    }
}

/// Gompertz growth of the two-damage tumour: ln(M/K) falls exponentially.
#[test]
fn exact_gompertz_growth() {
    let shipped = one("radiobiology/two-damage.toml");
    let run = shipped.run(&Course { times: days(), ..Course::default() });
    for (t, mass) in days().into_iter().zip(run.all("mass")) {
        let expected = 11.0 * ((7.0_f64 / 11.0).ln() * (-3.167e-6 * 60.0 * t).exp()).exp();
        near("mass", mass, expected, 1e-4);
    }
}

/// A dose D at any rate: the part with target is exp(k_g t - alpha D), the other exp(k_g t).
#[test]
fn exact_kill_by_a_dose() {
    let shipped = one(CLINICAL);
    let run = shipped.run(&Course {
        set: &[("f_negative", "0.1")],
        inputs: vec![("dose_rate", vec![(0.0, 0.5), (60.0, 0.5), (60.0, 0.0)])],
        times: vec![1000.0],
        ..Course::default()
    });
    let growth = (4.08e-4 * 1000.0_f64).exp();
    near("ratio", run.last("ratio"), growth * (0.9 * (-0.0172 * 30.0_f64).exp() + 0.1), 1e-5);
    near("dose", run.last("dose"), 30.0, 1e-6);
    let left = 0.1 / (0.9 * (-0.0172 * 30.0_f64).exp() + 0.1);
    near("share without target", run.last("negative"), left, 1e-5);
}

/// What a dose kills may stay and be cleared with a half-time: 30 Gy within 60 h, looked at when they end and after
/// one half-time. Living cells do not notice, nor does anything where nothing stays.
#[test]
fn exact_killed_mass_stays_until_it_is_cleared() {
    let shipped = one(CLINICAL);
    let (rate, end, half) = (0.5, 60.0, 2400.0);
    let run = |f_remain: &'static str| {
        shipped.run(&Course {
            set: &[("f_negative", "0"), ("T_clear", "100 d"), ("f_remain", f_remain)],
            inputs: vec![("dose_rate", vec![(0.0, rate), (end, rate), (end, 0.0)])],
            times: vec![0.0, end, end + half],
            tight: true,
            ..Course::default()
        })
    };
    let (gone, stays, part) = (run("0"), run("1"), run("0.4"));
    let (kill, clear, start) = (0.0172 * rate, std::f64::consts::LN_2 / half, 1.05 * 44.3);
    let net = 4.08e-4 - kill;
    let dead = kill * start * ((net * end).exp() - (-clear * end).exp()) / (net + clear);
    for row in 0..3 {
        assert!((gone.at("scan_mass", row) - gone.at("mass", row)).abs() <= 0.0);
        near("living", stays.at("mass", row), gone.at("mass", row), 1e-7);
    }
    for (row, left) in [(1, 1.0), (2, 0.5)] {
        near("all", stays.at("scan_mass", row) - stays.at("mass", row), left * dead, 1e-6);
        near("part", part.at("scan_mass", row) - part.at("mass", row), 0.4 * left * dead, 1e-6);
    }
}

/// Activity lost is that of the mass that leaves: none while all that is killed stays, and then as it is cleared.
#[test]
fn prop_what_remains_keeps_its_activity() {
    let shipped = joined(&PARTS, &WIRES);
    let run = |f_remain: &'static str| {
        shipped.run(&Course {
            set: &[("tumour:alpha", "0.1 1/Gy"), ("tumour:f_remain", f_remain)],
            doses: vec![activity("pk:L.blood", 0.0, 7400.0)],
            times: vec![240.0],
            ..Course::default()
        })
    };
    let (gone, stays) = (run("0"), run("1"));
    let (less, more) = (gone.last("pk:A_tumour"), stays.last("pk:A_tumour"));
    assert!(stays.last("tumour:mass") < stays.last("tumour:scan_mass"));
    assert!(more > less, "{more} {less}");
}

/// The two sets are told apart by the name of the file, and no file holds numbers of both.
#[test]
fn exact_no_file_mixes_the_two_sets() {
    let mut seen = [0, 0];
    for family in ["tumour", "radiobiology", "combination", "immune", "survival"] {
        for entry in std::fs::read_dir(folder().join(family)).expect("a family of models") {
            let path = entry.expect("an entry").path();
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path).expect("a model");
            let model = checked(&format!("{family}/{name}.toml"));
            let has = |parameter: &str| model.parameters.iter().any(|p| p.name == parameter);
            let clinical_number = text.contains("0.0172");
            let quadratic = has("alpha_beta") || has("beta") || has("T_repair") || has("u");
            let reads_bed = model
                .outputs
                .iter()
                .any(|o| o.name == "BED" || o.name == "EQD2" || o.name == "tcp");
            if name.ends_with("-clinical-effective") {
                seen[0] += 1;
                assert!(clinical_number && !quadratic && !reads_bed, "{name}");
            } else {
                assert!(!clinical_number, "{name}");
                let kills = has("alpha") && (family == "tumour" || family == "radiobiology");
                let named = name.ends_with("-radiobiological") || family == "radiobiology";
                assert!(!kills || named, "{name} kills by dose and names no set");
                seen[1] += usize::from(named);
            }
        }
    }
    assert!(seen[0] >= 1 && seen[1] >= 4, "{seen:?}");
}

/// MONET1: size after 8 weeks over that at the start .746, time to growth 117 d.
#[test]
fn val_claret_monet1() {
    let shipped = one("tumour/growth-inhibition-claret.toml");
    let times = vec![0.0, 56.0 * 24.0, 117.331 * 24.0, 300.0 * 24.0];
    let run = shipped.run(&Course { times: times.clone(), tight: true, ..Course::default() });
    assert!((run.at("ratio", 1) - 0.746).abs() < 5e-4, "{}", run.at("ratio", 1));
    assert!((run.last("TTG") - 117.0).abs() < 0.5, "{}", run.last("TTG"));
    for (row, t) in times.into_iter().enumerate() {
        let days = t / 24.0;
        let loss = 0.0103 / 0.0193 * (1.0 - (-0.0193 * days).exp());
        near("closed form", run.at("size", row), 90.0 * (0.00107 * days - loss).exp(), 1e-8);
    }
}

#[test]
fn exact_stein_fojo() {
    let shipped = one("tumour/regression-growth-stein-fojo.toml");
    let run = shipped.run(&Course { times: days(), ..Course::default() });
    for (t, ratio) in days().into_iter().zip(run.all("ratio")) {
        let d = t / 24.0;
        near("f(t)", ratio, (-0.02 * d).exp() + (0.002 * d).exp() - 1.0, 1e-4);
    }
}

/// PSA of Desmée by the convolution of its source: growth r (1 - .3) - d until day 140, r - d after.
#[test]
fn exact_desmee_psa() {
    let shipped = one("tumour/psa-desmee-2015.toml");
    let times = [0.0, 30.0, 140.0, 300.0, 735.0];
    let run = shipped.run(&Course {
        times: times.iter().map(|d| 24.0 * d).collect(),
        tight: true,
        ..Course::default()
    });
    let (a, b, delta, start) = (0.05 * 0.7 - 0.046, 0.05 - 0.046, 0.23_f64, 80.0);
    let step = |psa: f64, source: f64, growth: f64, t: f64| {
        let driven = source / (growth + delta);
        (
            (psa - driven) * (-delta * t).exp() + driven * (growth * t).exp(),
            source * (growth * t).exp(),
        )
    };
    for (row, day) in times.into_iter().enumerate() {
        let early: f64 = f64::min(day, 140.0);
        let (psa, source) = step(start, delta * start, a, early);
        let (psa, _) = step(psa, source, b, day - early);
        // The switch at day 140 is found by the step size, not by an event.
        near("psa", run.at("psa", row), psa, 1e-6);
    }
}

const PARTS: [(&str, &str); 2] = [("pk", "psma/psma-it-population.toml"), ("tumour", CLINICAL)];
const WIRES: [(&str, &str, Option<&str>); 3] = [
    ("pk.A_tumour", "tumour.tumour_activity", None),
    ("tumour.volume_ratio", "pk.volume_ratio", None),
    ("tumour.loss", "pk.loss", None),
];

/// Six cycles of a shrinking tumour and its kinetics, beside Runge and Kutta's method on the same
/// equations written out here.
#[test]
fn val_coupled_kinetics_and_tumour_by_runge_kutta() {
    let shipped = joined(&PARTS, &WIRES);
    let interval = 1008.0;
    let doses = (0..6).map(|k| activity("pk:L.blood", interval * f64::from(k), 7400.0)).collect();
    let set = [("pk:f_2", "1"), ("pk:f_3", "1"), ("pk:f_4", "1")];
    let times = vec![240.0, 1000.0, 2016.0, 6000.0];
    let course =
        Course { set: &set, doses, times: times.clone(), tight: true, ..Course::default() };
    let run = shipped.run(&course);

    // Blood, salivary glands, kidneys, tumour and rest in MBq corrected for decay to time zero of each
    // molecule's label are amounts: here MBq of label, and activity is followed beside them.
    let lambda = std::f64::consts::LN_2 / (6.6443 * 24.0);
    let density = 1.05;
    let start = [density * 44.3 * 0.97, density * 44.3 * 0.03];
    // Totals (5), hot (5), masses (2).
    let f = |y: &[f64; 12]| -> [f64; 12] {
        let mut dy = [0.0; 12];
        let volume = y[10] / start[0];
        let k = [0.0105 * (1.0 - y[1] / 134.0), 0.0321, 0.00967 * volume.powf(1.08), 0.275];
        let back = [0.0629, 0.0625, 0.0150, 0.0247];
        for form in 0..2 {
            let o = 5 * form;
            dy[o] -= 0.253 * y[o];
            for i in 0..4 {
                let flux = k[i] * y[o] - back[i] * y[o + 1 + i];
                dy[o] -= flux;
                dy[o + 1 + i] += flux;
            }
        }
        for i in 5..10 {
            dy[i] -= lambda * y[i];
        }
        let rate = 0.085 * y[8] / y[10];
        for form in [3, 8] {
            dy[form] -= 0.0172 * rate * y[form];
        }
        dy[10] = (4.08e-4 - 0.0172 * rate) * y[10];
        dy[11] = 4.08e-4 * y[11];
        dy
    };
    let mut y = [0.0; 12];
    [y[10], y[11]] = start;
    let h = 0.05;
    let steps = (6000.0_f64 / h).round() as usize;
    let mut row = 0;
    for i in 0..=steps {
        let t = i as f64 * h;
        if row < times.len() && (t - times[row]).abs() < 0.5 * h {
            near("mass", run.at("tumour:mass", row), y[10] + y[11], 1e-5);
            if row != 2 {
                near("activity", run.at("pk:A_tumour", row), y[8], 1e-4);
            }
            row += 1;
        }
        if (t / interval).fract().abs() < 1e-9 && t / interval < 5.5 {
            y[0] += 7400.0;
            y[5] += 7400.0;
        }
        let add = |a: &[f64; 12], b: &[f64; 12], s: f64| {
            let mut out = *a;
            out.iter_mut().zip(b).for_each(|(o, b)| *o += s * b);
            out
        };
        let k1 = f(&y);
        let k2 = f(&add(&y, &k1, 0.5 * h));
        let k3 = f(&add(&y, &k2, 0.5 * h));
        let k4 = f(&add(&y, &k3, h));
        for i in 0..12 {
            y[i] += h / 6.0 * (k1[i] + 2.0 * k2[i] + 2.0 * k3[i] + k4[i]);
        }
    }
    assert_eq!(row, times.len());
}

/// More activity never leaves more tumour, at any time, for 40 random patients, coupled both ways.
#[test]
fn prop_more_dose_never_leaves_more_tumour() {
    let mut random = Random(7);
    for tumour in [CLINICAL, RADIOBIOLOGICAL] {
        let parts = [PARTS[0], ("tumour", tumour)];
        let shipped = joined(&parts, &WIRES);
        for patient in 0..20 {
            let varied =
                |typical: f64, random: &mut Random| typical * (0.5 * random.normal()).exp();
            let values = [
                ("tumour:alpha", varied(0.0172, &mut random), "1/Gy"),
                ("tumour:k_g", varied(4.08e-4, &mut random), "1/h"),
                ("pk:k14", varied(0.00967, &mut random), "1/h"),
                ("pk:k10", varied(0.253, &mut random), "1/h"),
                ("tumour:f_negative", 0.3 * random.uniform(), "1"),
            ];
            let texts: Vec<(&str, String)> =
                values.iter().map(|(n, x, u)| (*n, format!("{x} {u}"))).collect();
            let set: Vec<(&str, &str)> = texts.iter().map(|(n, t)| (*n, t.as_str())).collect();
            let mut before: Option<Vec<f64>> = None;
            for mbq in [0.0, 500.0, 2000.0, 7400.0, 20_000.0] {
                let doses = if mbq > 0.0 {
                    (0..4).map(|k| activity("pk:L.blood", 1008.0 * f64::from(k), mbq)).collect()
                } else {
                    Vec::new()
                };
                let course = Course { set: &set, doses, times: days(), ..Course::default() };
                let ratio = shipped.run(&course).all("tumour:ratio");
                if let Some(less) = &before {
                    // The tolerance of the integration.
                    assert!(
                        ratio.iter().zip(less).all(|(more, less)| *more <= less * (1.0 + 1e-4)),
                        "{tumour}, patient {patient}, {mbq} MBq: {set:?}"
                    );
                }
                before = Some(ratio);
            }
        }
    }
}

/// Where nothing feeds back the model with ports is the one without.
#[test]
fn exact_feedback_kinetics_without_feedback_are_the_plain_ones() {
    let run = |file: &str| {
        let shipped = one(file);
        let mut dose = activity("L.plasma", 0.0, 7400.0);
        dose.amount = Some(100.0);
        let course = Course { doses: vec![dose], times: days(), tight: true, ..Course::default() };
        let outcome = shipped.run(&course);
        ["A_tumour", "A_kidneys", "A_plasma", "A_remainder", "occupied_tumour"]
            .map(|name| outcome.all(name))
    };
    let (plain, ports) = (run("psma/tumour-kidney.toml"), run("psma/tumour-feedback.toml"));
    for (a, b) in plain.iter().zip(&ports) {
        let peak = a.iter().copied().fold(0.0, f64::max);
        assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-7 * peak), "{a:?} {b:?}");
    }
}

/// Mass back to volume, receptors and dose factor: the fall of the mass makes the dose per activity
/// rise, and the uptake of the second cycle less than that of the first.
#[test]
fn prop_a_shrinking_tumour_takes_up_less() {
    let wires = [
        ("pk.A_tumour", "tumour.tumour_activity", None),
        ("tumour.volume_ratio", "pk.volume_ratio", None),
        ("tumour.receptor_factor", "pk.receptor_factor", None),
        ("tumour.loss", "pk.loss", None),
    ];
    let parts = [("pk", "psma/tumour-feedback.toml"), ("tumour", "radiobiology/two-damage.toml")];
    let shipped = joined(&parts, &wires);
    let dose = |k: usize| {
        let mut dose = activity("pk:L.plasma", 1008.0 * k as f64, 300.0);
        dose.amount = Some(57.0);
        dose
    };
    let course = Course {
        doses: (0..3).map(dose).collect(),
        times: vec![0.0, 24.0, 1032.0, 2040.0],
        ..Course::default()
    };
    let run = shipped.run(&course);
    let masses = run.all("tumour:mass");
    let uptake = run.all("pk:A_tumour");
    let factors = run.all("tumour:factor");
    assert!(masses[2] < masses[1] && masses[3] < masses[2], "{masses:?}");
    assert!(uptake[2] < uptake[1] && uptake[3] < uptake[2], "{uptake:?}");
    assert!(factors[2] > factors[1] && factors[3] > factors[2], "{factors:?}");
    // Receptors follow: uptake per mass stays of one order.
    let per_mass = |row: usize| uptake[row] / masses[row];
    assert!(per_mass(2) > 0.3 * per_mass(1) && per_mass(2) < 3.0 * per_mass(1));
}
