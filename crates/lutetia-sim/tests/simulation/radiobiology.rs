//! Damage models against closed forms, and against numbers computed by other means (design
//! reference, outcomes §1).

use std::f64::consts::LN_2;

use crate::shipped::{Course, joined, near, one, uptake_and_clearance};

const LQ: &str = "radiobiology/linear-quadratic.toml";

/// Long after 100 half-lives of the slowest phase.
const LATE: f64 = 6000.0;

/// Lea and Catcheside's G and the rest, from the lesions of the model: G = (Y - alpha D)/(beta D^2).
fn protracted(
    dose: f64,
    uptake: f64,
    clearance: f64,
    tissue: &[(&str, &str)],
    alpha: f64,
    beta: f64,
) -> (f64, f64, f64, f64) {
    let shipped = joined(
        &[("rate", &uptake_and_clearance(dose, uptake, clearance)), ("lq", LQ)],
        &[("rate.rate", "lq.dose_rate", None)],
    );
    let run =
        shipped.run(&Course { set: tissue, times: vec![LATE], tight: true, ..Course::default() });
    near("dose", run.last("lq:dose"), dose, 1e-8);
    let lesions = run.last("lq:lesions");
    let g = (lesions - alpha * dose) / (beta * dose * dose);
    (g, run.last("lq:BED"), run.last("lq:EQD2"), lesions)
}

/// Uptake is so fast (1e-4 h) that it moves G by 2e-6 of itself.
#[test]
fn val_kidney_reference_of_protracted_lq() {
    let tissue = [("lq:alpha", "0.1 1/Gy"), ("lq:alpha_beta", "2.5 Gy"), ("lq:T_repair", "2.8 h")];
    let (g, bed, eqd2, _) = protracted(5.0, 1e-4, 50.0, &tissue, 0.1, 0.04);
    near("G", g, 0.0530303, 3e-6);
    near("BED", bed, 5.5303, 1e-5);
    near("EQD2", eqd2, 3.07239, 1e-5);
    // Mono-exponential: G = T_rep/(T_rep + T_eff).
    near("closed form", g, 2.8 / 52.8, 3e-6);
}

#[test]
fn val_tumour_reference_of_protracted_lq() {
    let tissue = [("lq:alpha", "0.147 1/Gy"), ("lq:alpha_beta", "1.5 Gy")];
    let (g, bed, _, lesions) = protracted(24.0, 1.5, 51.0, &tissue, 0.147, 0.098);
    near("G", g, 0.03546409, 1e-6);
    near("BED", bed, 37.61821, 1e-6);
    near("-ln S", lesions, 5.529877, 1e-6);
}

/// 0.5 Gy/h for 24 h, half-time of repair 1.5 h: G = 2 (x - 1 + exp(-x))/x^2 with x = mu T.
#[test]
fn val_constant_rate_of_protracted_lq() {
    let shipped = one(LQ);
    let run = shipped.run(&Course {
        set: &[("T_repair", "1.5 h")],
        inputs: vec![("dose_rate", vec![(0.0, 0.5), (24.0, 0.5), (24.0, 0.0)])],
        times: vec![200.0],
        tight: true,
        ..Course::default()
    });
    let g = (run.last("lesions") - 0.147 * 12.0) / (0.098 * 144.0);
    near("G", g, 0.164_076_433, 1e-7);
    let x: f64 = LN_2 / 1.5 * 24.0;
    near("closed form", g, 2.0 / (x * x) * (x - 1.0 + (-x).exp()), 1e-8);
    near("EQD2", run.last("EQD2"), run.last("BED") / (1.0 + 2.0 / 1.5), 1e-12);
    near("TCP", run.last("tcp"), (-1.79e8 * (-run.last("lesions")).exp()).exp(), 1e-9);
}

/// Half of the damage repaired with 0.3 h, half with 4 h: G = 0.040019; mean of both G.
#[test]
fn val_two_repairs_of_the_kidney() {
    let shipped = joined(
        &[
            ("rate", &uptake_and_clearance(5.0, 1e-4, 50.0)),
            ("k", "radiobiology/linear-quadratic-two-repairs.toml"),
        ],
        &[("rate.rate", "k.dose_rate", None)],
    );
    let run = shipped.run(&Course { times: vec![LATE], tight: true, ..Course::default() });
    let g = (run.last("k:BED") - 5.0) * 2.5 / 25.0;
    near("G", g, 0.040019, 2e-5);
    near("closed form", g, 0.5 * (0.3 / 50.3 + 4.0 / 54.0), 5e-6);
}

/// The lethal–potentially lethal model becomes linear-quadratic where repair of single lesions is far
/// more common than meetings, which many potentially lethal lesions per dose bring about.
#[test]
fn exact_lethal_potentially_lethal_has_the_linear_quadratic_limit() {
    let lesions = |eta: &str| {
        let shipped = joined(
            &[
                ("rate", &uptake_and_clearance(24.0, 1.5, 51.0)),
                ("m", "radiobiology/lethal-potentially-lethal.toml"),
            ],
            &[("rate.rate", "m.dose_rate", None)],
        );
        let course = Course {
            set: &[("m:eta_PL", eta)],
            times: vec![LATE],
            tight: true,
            ..Course::default()
        };
        shipped.run(&course).last("m:lesions")
    };
    let (near_limit, far) = (lesions("2500 1/Gy"), lesions("2.5 1/Gy"));
    // Meetings over repairs are 2 beta q/eta_PL, with q below 1 Gy here: 1e-4.
    near("limit", near_limit, 5.529877, 1e-4);
    // With few lesions per dose those that meet are missed by repair and by other pairs.
    assert!(far < near_limit && far > 0.147 * 24.0, "{far}");
}

/// Masses (P, S, L) at days 0, 1, 7 and 42 for 24 Gy with an effective half-life of 51 h; six to
/// seven digits of an independent integration.
#[test]
fn val_two_damage_of_neira_2020() {
    let shipped = joined(
        &[("rate", &uptake_and_clearance(24.0, 1e-5, 51.0)), ("m", "radiobiology/two-damage.toml")],
        &[("rate.rate", "m.dose_rate", None)],
    );
    let course = Course { times: vec![0.0, 24.0, 168.0, 1008.0], tight: true, ..Course::default() };
    let run = shipped.run(&course);
    let expected = [
        (7.0, 0.0, 0.0),
        (2.76514, 2.19248, 1.58813),
        (2.27161, 0.26026, 0.51132),
        (2.89028, 3.7e-6, 5.7e-6),
    ];
    for (row, (p, s, l)) in expected.into_iter().enumerate() {
        // The reference took its rates per minute to four digits, which moves the fourth
        // decimal by up to one.
        let slack = if row == 3 { 1e-7 } else { 1e-4 };
        let off = |name: &str, expected: f64| (run.at(name, row) - expected).abs();
        assert!(off("m:proliferating", p) < 1e-4, "{row}: {}", run.at("m:proliferating", row));
        assert!(off("m:sublethal", s) < slack, "{row}: {}", run.at("m:sublethal", row));
        assert!(off("m:doomed", l) < slack, "{row}: {}", run.at("m:doomed", row));
    }
}

/// 177Lu in spheres: 79.6 mGy/(MBq h) at 1.05 g, and the small-sphere formula for a few cells.
#[test]
fn exact_dose_factor_of_a_mass() {
    let shipped = one("radiobiology/two-damage.toml");
    let factor = |mass: &str| {
        let set = [("P0", mass), ("k_g", "0 1/h")];
        shipped.run(&Course { set: &set, times: vec![0.0], ..Course::default() }).last("factor")
    };
    // The blend leaves 1e-7 of the small-sphere formula at 1 g.
    near("1.05 g", factor("1.05 g"), 79.6, 1e-6);
    near("7 g", factor("7 g"), 79.6 * (7.0_f64 / 1.05).powf(-0.985), 1e-9);
    near("1 ug", factor("1 ug"), 159.4 * (1e-6_f64 / 1.05).powf(-0.815), 1e-9);
}

/// BED of 24 Gy when a drug halves the rate of repair, and halves it again; and how little that is
/// at a high alpha/beta.
#[test]
fn val_repair_inhibition_raises_bed() {
    let shipped = joined(
        &[
            ("rate", &uptake_and_clearance(24.0, 1.5, 51.0)),
            ("hook", "combination/repair-inhibition.toml"),
            ("lq", LQ),
        ],
        &[("rate.rate", "lq.dose_rate", None), ("hook.repair_factor", "lq.repair_factor", None)],
    );
    let bed = |ratio: &str, most: &str, concentration: f64| {
        let set = [("lq:alpha_beta", ratio), ("hook:I_max", most)];
        let course = Course {
            set: &set,
            inputs: vec![("hook:concentration", vec![(0.0, concentration)])],
            times: vec![LATE],
            tight: true,
            ..Course::default()
        };
        shipped.run(&course).last("lq:BED")
    };
    // A concentration of a million IC50 hinders all that can be hindered.
    let full = 5e5;
    for (ratio, expected) in [
        ("1.5 Gy", [37.6, 50.4, 73.6]),
        ("3 Gy", [30.8, 37.2, 48.8]),
        ("10 Gy", [26.0, 28.0, 31.4]),
    ] {
        let found = [bed(ratio, "0.5", 0.0), bed(ratio, "0.5", full), bed(ratio, "0.75", full)];
        for (found, expected) in found.into_iter().zip(expected) {
            assert!((found - expected).abs() < 0.051, "{ratio}: {found}, expected {expected}");
        }
    }
}
