//! Population kinetics of the partner drugs: closed forms, and secondary numbers of publications.

use std::f64::consts::LN_2;

use lutetia_units::Quantity;

use crate::shipped::{Course, drug, joined, near, one};

/// Area under the concentration after one dose is dose over clearance: (file, place, dose in nmol, dose
/// in mg, clearance in L/h, hours until it is all over).
#[test]
fn exact_area_is_dose_over_clearance() {
    let all = [
        ("pembrolizumab", "D.plasma", 149.0, 0.22 / 24.0, 2e4),
        ("ipilimumab", "D.plasma", 148.0, 0.0150, 2e4),
        ("olaparib", "D.gut", 0.4345, 5.21, 3e3),
        ("talazoparib", "D.gut", 0.3804, 5.078, 5e3),
        ("capecitabine", "Cape.gut", 0.3594, 218.0 + 12.9, 300.0),
        ("temozolomide", "D.gut", 0.19415, 10.5, 200.0),
        ("cabazitaxel", "D.plasma", 0.8359, 48.5, 5e3),
    ];
    for (name, place, mg_per_umol, clearance, hours) in all {
        let shipped = one(&format!("partner/{name}.toml"));
        let nmol = 1000.0;
        let run = shipped.run(&Course {
            doses: vec![drug(place, 0.0, nmol)],
            times: vec![hours],
            tight: true,
            ..Course::default()
        });
        let expected = nmol * 1e-3 * mg_per_umol / clearance;
        near(name, run.last("exposure"), expected, 1e-5);
    }
}

/// Bolus into two compartments: A exp(-a t) + B exp(-b t).
#[test]
fn exact_antibodies_follow_two_exponentials() {
    for (name, molar_mass, cl, v, q, vp) in [
        ("pembrolizumab", 149.0, 0.22 / 24.0, 3.48, 0.795 / 24.0, 4.06),
        ("ipilimumab", 148.0, 0.0150, 4.15, 0.0411, 3.11),
    ] {
        let (fast, slow) = rates(cl, v, q, vp);
        let k21: f64 = q / vp;
        let times = vec![1.0, 24.0, 168.0, 504.0, 1500.0];
        let shipped = one(&format!("partner/{name}.toml"));
        let run = shipped.run(&Course {
            doses: vec![drug("D.plasma", 0.0, 1000.0)],
            times: times.clone(),
            ..Course::default()
        });
        for (row, t) in times.into_iter().enumerate() {
            let expected = molar_mass / v
                * ((fast - k21) * (-fast * t).exp() + (k21 - slow) * (-slow * t).exp())
                / (fast - slow);
            // The tolerance of the integration.
            near(name, run.at("concentration", row), expected, 1e-4);
        }
    }
}

/// Rates (1/h) of the two phases.
fn rates(cl: f64, v: f64, q: f64, vp: f64) -> (f64, f64) {
    let (k10, k12, k21) = (cl / v, q / v, q / vp);
    let sum = k10 + k12 + k21;
    let root = (sum * sum - 4.0 * k10 * k21).sqrt();
    (0.5 * (sum + root), 0.5 * (sum - root))
}

/// Half-lives of labels and publications (recalled): pembrolizumab 22 to 27 d, ipilimumab 15.4 d,
/// nivolumab 25 d at its later clearance.
#[test]
fn val_terminal_half_lives_of_the_antibodies() {
    let days = |(_, slow): (f64, f64)| LN_2 / slow / 24.0;
    let pembrolizumab = days(rates(0.22 / 24.0, 3.48, 0.795 / 24.0, 4.06));
    assert!((22.0..27.0).contains(&pembrolizumab), "{pembrolizumab}");
    let ipilimumab = days(rates(0.0150, 4.15, 0.0411, 3.11));
    assert!((ipilimumab - 15.4).abs() < 1.5, "{ipilimumab}");
    // The file's own curve, where clearance has fallen to its end: men, ECOG 1.
    let shipped = one("partner/nivolumab.toml");
    let run = shipped.run(&Course {
        doses: vec![drug("D.plasma", 20_000.0, 1000.0)],
        times: vec![21_500.0, 22_500.0],
        tight: true,
        ..Course::default()
    });
    let fall = (run.at("concentration", 0) / run.at("concentration", 1)).ln() / 1000.0;
    let found = LN_2 / fall / 24.0;
    assert!((20.0..30.0).contains(&found), "{found} d");
}

/// Clearance of nivolumab falls by 1 - exp(-.295) = 25.5 %: the area of a dose long after the first is
/// that much larger, and in a woman with ECOG 0 it is dose/CL.
#[test]
fn exact_nivolumab_clearance_falls_with_time() {
    let shipped = one("partner/nivolumab.toml");
    let area = |at: f64, set: &[(&str, &str)]| {
        let run = shipped.run(&Course {
            set,
            doses: vec![drug("D.plasma", at, 1000.0)],
            times: vec![at, at + 40_000.0],
            tight: true,
            ..Course::default()
        });
        run.at("exposure", 1) - run.at("exposure", 0)
    };
    let reference = [("sex", "0"), ("ECOG", "0"), ("E_max", "0")];
    near("dose/CL", area(0.0, &reference), 146.0 / 0.00940, 1e-5);
    let reference = [("sex", "0"), ("ECOG", "0")];
    let late = area(1e6, &reference);
    near("late", late, 146.0 / (0.00940 * (-0.295_f64).exp()), 1e-4);
    // Men with ECOG 1: exp(.165 + .172) more clearance. The factors are typed to four digits.
    near("covariates", area(1e6, &[]), late / (0.165_f64 + 0.172).exp(), 1e-4);
    // A later start moves the fall with it.
    near("start", area(1e6, &[("start", "1e6 h")]), area(0.0, &[]), 1e-6);
}

/// Steady state every 24 h: mean concentration = dose/(CL tau); enzalutamide 160 mg: 15.7 mg/L and its
/// metabolite fm CL/CL_m as many molecules.
#[test]
fn exact_enzalutamide_at_steady_state() {
    let shipped = one("partner/enzalutamide.toml");
    let nmol = 160e6 / 464.4;
    let last = 24.0 * 300.0;
    let run = shipped.run(&Course {
        doses: (0..301).map(|k| drug("E.gut", 24.0 * f64::from(k), nmol)).collect(),
        times: vec![last, last + 24.0],
        tight: true,
        ..Course::default()
    });
    let mean = (run.at("exposure", 1) - run.at("exposure", 0)) / 24.0;
    let parent = 160.0 / 24.0 / 0.425;
    let metabolite = 0.634 * 0.425 / 0.286 * parent * 450.4 / 464.4;
    near("mean of both", mean, parent + metabolite, 1e-5);
    // Label, recalled: 16.6 mg/L of enzalutamide and 12.7 mg/L of the metabolite at steady state.
    assert!((parent / 16.6 - 1.0).abs() < 0.1 && (metabolite / 12.7 - 1.0).abs() < 0.2);
}

/// Enzalutamide slows the clearance of talazoparib by 6.58e-6 per ng/mL: at 30 mg/L by 19.7 %.
#[test]
fn exact_talazoparib_beside_enzalutamide() {
    let shipped = joined(
        &[("e", "partner/enzalutamide.toml"), ("p", "partner/talazoparib.toml")],
        &[("e.concentration_total", "p.enzalutamide", None)],
    );
    let alone = shipped.run(&Course {
        doses: vec![drug("p:D.gut", 0.0, 1314.5)],
        times: vec![5e3],
        tight: true,
        ..Course::default()
    });
    near("alone", alone.last("p:exposure"), 1314.5e-3 * 0.3804 / 5.078, 1e-5);
    let talazoparib = one("partner/talazoparib.toml");
    let fixed = talazoparib.run(&Course {
        doses: vec![drug("D.gut", 0.0, 1314.5)],
        inputs: vec![("enzalutamide", vec![(0.0, 30.0)])],
        times: vec![1e4],
        tight: true,
        ..Course::default()
    });
    let slowed = 5.078 * (1.0 - 6.58e-6 * 30_000.0);
    near("with it", fixed.last("exposure"), 1314.5e-3 * 0.3804 / slowed, 1e-5);
}

/// Cabazitaxel: volume at steady state 4864 L (4870 published, recalled), terminal half-life 95 h, area
/// of 25 mg/m2 in 1.84 m2 0.948 mg h/L (0.991 published, recalled).
#[test]
fn val_cabazitaxel_of_ferron_2013() {
    let shipped = one("partner/cabazitaxel.toml");
    let run = shipped.run(&Course {
        doses: vec![drug("D.plasma", 0.0, 46.0e6 / 835.9)],
        times: vec![300.0, 500.0, 4000.0],
        tight: true,
        ..Course::default()
    });
    let fall = (run.at("concentration", 0) / run.at("concentration", 1)).ln() / 200.0;
    assert!((LN_2 / fall / 95.0 - 1.0).abs() < 0.03, "{} h", LN_2 / fall);
    assert!((run.last("exposure") / 0.991 - 1.0).abs() < 0.05, "{}", run.last("exposure"));
    let volume: f64 = 26.0 * (1.0 + 2.48 / 0.604 + 4.84 / 0.0266);
    assert!((volume / 4870.0 - 1.0).abs() < 0.01);
}

/// What becomes fluorouracil: its area in molecules is dose CL12/(CL10 + CL12)/k40.
#[test]
fn exact_fluorouracil_from_capecitabine() {
    let shipped = one("partner/capecitabine.toml");
    let peak = shipped.run(&Course {
        doses: vec![drug("Cape.gut", 0.0, 1000.0)],
        times: (0..4000).map(|i| 0.01 * f64::from(i)).collect(),
        ..Course::default()
    });
    let amounts = peak.all("n_FU");
    let area: f64 = amounts.windows(2).map(|w| 0.5 * (w[0] + w[1]) * 0.01).sum();
    // The trapezoid on steps of 0.01 h; what is left after 40 h is below 1e-9.
    near("area", area, 1000.0 * 12.9 / 230.9 / 66.0, 1e-3);
}

/// Temozolomide: half-life 1.98 h (1.8 h in the label, recalled); olaparib 300 mg twice daily: mean
/// 4.8 mg/L and area over 12 h 57.6 mg h/L.
#[test]
fn val_oral_drugs() {
    let temozolomide = one("partner/temozolomide.toml");
    let tmz = temozolomide.run(&Course {
        doses: vec![drug("D.gut", 0.0, 1e6)],
        times: vec![12.0, 16.0],
        ..Course::default()
    });
    let half = LN_2 * 4.0 / (tmz.at("concentration", 0) / tmz.at("concentration", 1)).ln();
    assert!((half / 1.8 - 1.0).abs() < 0.15, "{half} h");
    let nmol = 300e6 / 434.5;
    let olaparib = one("partner/olaparib.toml");
    let run = olaparib.run(&Course {
        doses: (0..61).map(|k| drug("D.gut", 12.0 * f64::from(k), nmol)).collect(),
        times: vec![720.0, 732.0],
        ..Course::default()
    });
    near("area", run.at("exposure", 1) - run.at("exposure", 0), 300.0 / 5.21, 1e-3);
}

/// One dose into an absorption compartment that arrives 0.28 h later: Bateman's function of t − 0.28 h, and nothing
/// before. Urien 2005: ka 2.07/h, V 338 L, clearance 218 + 12.9 L/h.
#[test]
fn exact_capecitabine_arrives_after_its_lag() {
    let (ka, v) = (2.07, 338.0);
    let k = (218.0 + 12.9) / v;
    let times = vec![0.1, 0.27, 0.5, 1.0, 3.0, 8.0];
    let shipped = one("partner/capecitabine.toml");
    let run = shipped.run(&Course {
        doses: vec![drug("Cape.gut", 0.0, 4.174e6)],
        times: times.clone(),
        ..Course::default()
    });
    for (row, t) in times.into_iter().enumerate() {
        let since: f64 = t - 0.28;
        let found = run.at("concentration", row);
        if since < 0.0 {
            assert!(found.abs() < 1e-12, "{found}");
            continue;
        }
        let expected =
            4.174 * 0.3594 * 1e3 / v * ka / (ka - k) * ((-k * since).exp() - (-ka * since).exp());
        // The tolerance of the integration.
        near("capecitabine", found, expected, 1e-4);
    }
}

/// Doses as labels have them, through the molar mass: 200 mg of 149 kg/mol is 1342.28 nmol.
#[test]
fn exact_doses_in_mass_become_amounts() {
    let close = |file: &str, into: &str, dose: &str, nmol: f64| {
        let shipped = one(&format!("partner/{file}.toml"));
        let dose = Quantity::parse(dose).unwrap();
        let found = shipped.simulator.system().dose_amount(into, &dose).unwrap();
        assert!((found / nmol - 1.0).abs() < 1e-12, "{file}: {found}");
    };
    close("pembrolizumab", "D.plasma", "200 mg", 200e6 / 149e3);
    close("olaparib", "D.gut", "0.3 g", 300e6 / 434.5);
    close("capecitabine", "Cape.gut", "1500 mg", 1500e6 / 359.4);
    close("enzalutamide", "M2.plasma_m", "1 mg", 1e6 / 450.4);
    // An amount stays what it is.
    close("temozolomide", "D.gut", "2 umol", 2000.0);
    let shipped = one("partner/cabazitaxel.toml");
    let of = |into: &str, dose: &str| {
        let dose = Quantity::parse(dose).unwrap();
        shipped.simulator.system().dose_amount(into, &dose).unwrap_err().to_string()
    };
    assert!(
        of("D.plasma", "1 L").contains("is volume; expected an amount"),
        "{}",
        of("D.plasma", "1 L")
    );
    assert!(of("D.plasm", "1 mg").contains("did you mean `D.plasma`"), "{}", of("D.plasm", "1 mg"));
    let ligand = one("psma/psma617-population.toml");
    let dose = Quantity::parse("1 mg").unwrap();
    let refused = ligand.simulator.system().dose_amount("L.blood", &dose).unwrap_err().to_string();
    assert!(refused.contains("`L.blood` has no molar mass; give an amount"), "{refused}");
}
