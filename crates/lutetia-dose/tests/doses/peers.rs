//! Faults that other programs of the field are known for, one test each, that ours does not share.

use lutetia_dose::{
    DoseRatePhase, Mass, Rbe, Region, SelfDoseFactor, Sex, Surroundings, Tia, Tissue,
    TriExponential, absorbed_dose, bundled, cortex_dose, effective_dose, haenscheid, rbe_weighted,
    self_dose_factor, sphere_dose_factor,
};

#[test]
fn val_alphas_are_not_five_times() {
    // OLINDA prints 225Ac in the kidneys as 1.52e-2 mSv/(MBq s): five times the alphas. A dose here is
    // physical, and weighted only when that is asked for.
    let source = bundled::source("Ac-225").expect("a nuclide");
    let kidneys = Region::named("kidneys").expect("an organ");
    let factor = self_dose_factor(&source, &kidneys, 310.0, Sex::Male).expect("a factor");
    assert!((factor.total() / (1.52e-2 / 5.0) - 1.0).abs() < 0.01, "{}", factor.total());
    let tia = Tia::new("kidneys", 1.0, None, None, "chosen").expect("a number");
    let mass = Mass::new("kidneys", 310.0, None).expect("a mass");
    let dose = absorbed_dose(&tia, &factor, mass, Some(1000.0)).expect("a dose");
    assert!((dose.total / (3.6 * factor.total()) - 1.0).abs() < 1e-12);
    let weighted = rbe_weighted(&dose, Rbe::of_alpha(5.0)).expect("a weight");
    assert!((weighted.gy_rbe() / (3.6 * 1.52e-2) - 1.0).abs() < 0.01);
}

#[test]
fn exact_a_weighted_dose_is_in_gy_rbe_and_no_sievert() {
    let factor =
        SelfDoseFactor::given("r", "x", 100.0, [1.0, 0.0, 0.0], "chosen").expect("numbers");
    let tia = Tia::new("r", 1.0, None, None, "chosen").expect("a number");
    let mass = Mass::new("r", 100.0, None).expect("a mass");
    let dose = absorbed_dose(&tia, &factor, mass, None).expect("a dose");
    let text = rbe_weighted(&dose, Rbe::of_alpha(5.0)).expect("a weight").to_string();
    assert!(text.contains("Gy(RBE)") && !text.contains("Sv"), "{text}");
}

#[test]
fn prop_sphere_factors_of_y90_are_positive_and_fall_with_mass() {
    // A published power law for 90Y spheres is negative as printed.
    let source = bundled::source("Y-90").expect("a nuclide");
    let mut before = f64::INFINITY;
    for step in 0..60 {
        let mass = 1e-3 * 1.3f64.powi(step);
        let s = sphere_dose_factor(&source, "sphere", mass, 1.06, Surroundings::Body)
            .expect("a sphere")
            .total();
        assert!(s > 0.0 && s < before, "{mass} g: {s}, before {before}");
        before = s;
    }
}

#[test]
fn exact_a_time_integrated_activity_in_hours_is_3600_times_one_in_seconds() {
    // 1 MBq h of 1 MeV that stays in 1 g: 3600 · 1e6 · 1.602176634e-13 J / 1e-3 kg.
    let factor = SelfDoseFactor::given("r", "x", 1.0, [0.0, 0.160_217_663_4, 0.0], "1 MeV in 1 g")
        .expect("numbers");
    let tia = Tia::new("r", 1.0, None, None, "chosen").expect("a number");
    let mass = Mass::new("r", 1.0, None).expect("a mass");
    let dose = absorbed_dose(&tia, &factor, mass, None).expect("a dose");
    let expected = 3600.0 * 1e6 * 1.602_176_634e-13 / 1e-3;
    assert!((dose.total / expected - 1.0).abs() < 1e-12, "{} {expected}", dose.total);
    let lutetium = bundled::source("Lu-177").expect("a nuclide");
    // 85.3 mGy g/(MBq h) of 177Lu (0.08532 in rpt_dosi).
    assert!((lutetium.local_deposition_mgy_g_per_mbq_h() / 85.3 - 1.0).abs() < 0.005);
}

#[test]
fn exact_an_amplitude_is_never_taken_for_a_rate() {
    // A fit printed as 108.7, 0.0141, -108.7, 0.845 (A1, A2, B1, B2): PyTheranostics' BED after a change
    // of order takes -108.7 for the uptake rate. Phases here are pairs with names.
    let tissue = Tissue::new(2.6, 2.8).expect("a tissue");
    let phases = [
        DoseRatePhase { gy_per_h: 0.1087, per_h: 0.0141 },
        DoseRatePhase { gy_per_h: -0.1087, per_h: 0.845 },
    ];
    let found = effective_dose(&phases, tissue).expect("a dose");
    // By hand: G = 2/D² Σ a_i a_j/((k_i + k_j)(k_i + μ)).
    let mu = std::f64::consts::LN_2 / 2.8;
    let (k, u, a) = (0.0141, 0.845, 0.1087);
    let d = a / k - a / u;
    let double = a
        * a
        * (1.0 / (2.0 * k * (k + mu)) - 1.0 / ((k + u) * (k + mu)) - 1.0 / ((k + u) * (u + mu))
            + 1.0 / (2.0 * u * (u + mu)));
    assert!((found.protraction / (2.0 * double / (d * d)) - 1.0).abs() < 1e-12);
    assert!(found.protraction > 0.0 && found.protraction < 1.0);
}

#[test]
fn exact_a_phase_without_end_is_refused_and_not_dropped() {
    // PyTheranostics leaves out terms with a rate of 0 or less, and the integral is short.
    let tissue = Tissue::new(2.6, 2.8).expect("a tissue");
    let phases =
        [DoseRatePhase { gy_per_h: 0.1, per_h: 0.01 }, DoseRatePhase { gy_per_h: 0.1, per_h: 0.0 }];
    let error = effective_dose(&phases, tissue).expect_err("no end");
    assert!(error.to_string().contains("effective rate of a phase"), "{error}");
}

#[test]
fn exact_haenscheid_is_twice_a_t_over_ln_2() {
    // PyTIA's method of that name is A(t)/λ, which at one half-life is half of it.
    let tia = haenscheid("kidney", 96.0, 100.0).expect("numbers").value_mbq_h();
    let expected = 2.0 * 96.0 * 100.0 / std::f64::consts::LN_2;
    assert!((tia / expected - 1.0).abs() < 1e-12, "{tia}");
}

#[test]
fn val_jackson_from_three_points_to_gray() {
    // The authors' worked example end to end: kBq/mL at 4, 24 and 72 h, half-life 161.04 h, 8.67e-5 Gy per
    // kBq h/mL: 7.88009 Gy. The factor in mGy/(MBq s) of one mL.
    let points = [(4.0, 1.2), (24.0, 0.6), (72.0, 0.4)];
    let curve = TriExponential::through("kidney", points, 161.04).expect("a curve");
    let tia = curve.integral("kidney").expect("an integral");
    let s = 8.67e-5 * 1000.0 / 3.6;
    let factor = SelfDoseFactor::given("kidney", "Lu-177", 1.0, [0.0, s, 0.0], "Jackson 2013")
        .expect("numbers");
    let mass = Mass::new("kidney", 1.0, None).expect("a mass");
    let dose = absorbed_dose(&tia, &factor, mass, None).expect("a dose");
    assert!((dose.total / 7.880_09 - 1.0).abs() < 1e-6, "{}", dose.total);
    // Local deposition of our own, 1 mL of density 1: 2 % below the sheet's factor, which has 1.02 g/mL
    // and photons in it.
    let lutetium = bundled::source("Lu-177").expect("a nuclide");
    let ratio = lutetium.local_deposition_mgy_g_per_mbq_h() / (1000.0 * 8.67e-2);
    assert!((0.97..1.0).contains(&ratio), "{ratio}");
}

#[test]
fn exact_a_cortex_has_its_share_of_activity_in_its_share_of_mass() {
    let factor =
        SelfDoseFactor::given("kidney", "x", 150.0, [1.0, 2.0, 3.0], "chosen").expect("numbers");
    let tia = Tia::new("kidney", 1.0, Some(0.1), None, "chosen").expect("a number");
    let mass = Mass::new("kidney", 150.0, None).expect("a mass");
    let whole = absorbed_dose(&tia, &factor, mass, Some(1000.0)).expect("a dose");
    let cortex = cortex_dose(&whole, 0.7, 1.0).expect("shares");
    assert!((cortex.alpha / whole.alpha - 1.0 / 0.7).abs() < 1e-12);
    assert!((cortex.electron / whole.electron - 1.0 / 0.7).abs() < 1e-12);
    assert!((cortex.photon / whole.photon - 1.0).abs() < 1e-12);
    assert!((cortex.mass.g - 105.0).abs() < 1e-12);
    let all = cortex_dose(&whole, 1.0, 1.0).expect("shares");
    assert!((all.total / whole.total - 1.0).abs() < 1e-12);
    for (mass, activity) in [(0.0, 1.0), (1.2, 1.0), (0.7, f64::NAN), (0.7, 0.0)] {
        assert_eq!(cortex_dose(&whole, mass, activity).expect_err("no share").code(), "LUT6001");
    }
}
