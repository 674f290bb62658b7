//! Absorbed dose: closed forms, published doses, scaling, refusals.

use lutetia_dose::{
    AbsorbedDose, DoseError, Emitter, Mass, PhotonLine, Rbe, Region, SelfDoseFactor, Sex, Source,
    Surroundings, Tia, absorbed_dose, biological_half_life_h, bundled, effective_half_life_h,
    rbe_weighted, self_dose_factor, sphere_dose_factor,
};
use proptest::prelude::*;

fn lutetium() -> Source {
    bundled::source("Lu-177").expect("a bundled nuclide")
}

fn kidney_dose(mass: Mass, tia: &Tia) -> AbsorbedDose {
    let region = Region::named("Kidney_Left").expect("a known organ");
    let factor = self_dose_factor(&lutetium(), &region, mass.g, Sex::Male).expect("a solid organ");
    absorbed_dose(tia, &factor, mass, Some(7210.427)).expect("the mass of the factor")
}

#[test]
fn val_left_kidney_of_the_snmmi_patient() {
    // SNMMI 177Lu dosimetry challenge, patient 4. The time-integrated activity of PyTheranostics
    // times local deposition over its mass of 245.3 g is 2.64 Gy, the OpenDose factor scaled to it
    // 2.67 Gy, its voxel dose 2.74 Gy.
    let tia = Tia::new("Kidney_Left", 7593.75, None, None, "PyTheranostics").expect("a number");
    let dose = kidney_dose(Mass::new("Kidney_Left", 245.3, None).expect("a mass"), &tia);
    println!("{:.3} Gy", dose.total);
    assert!((2.64..2.74).contains(&dose.total), "{} Gy", dose.total);
    assert!((dose.gy_per_gbq.expect("was injected") - dose.total / 7.210_427).abs() < 1e-12);
    // The mean of the four CT volumes, 241.0 mL at 1.05 g/mL, is 3 % heavier than that mass.
    let region = Region::named("Kidney_Left").expect("a known organ");
    let mass = Mass::of_volume(&region, 240.98, None).expect("a volume");
    let ratio = kidney_dose(mass, &tia).total / dose.total;
    assert!((ratio - 245.3 / 253.03).abs() < 1e-3, "{ratio}");
}

#[test]
fn val_body_of_the_snmmi_patient() {
    // Mean voxel doses of PyTheranostics, with the volumes it gives (air among them) at 1 g/mL.
    // Cross dose between organs and remainder, and the shape of the body, are left 10 %.
    for (name, tia, volume, published) in [
        ("RemainderOfBody_FOV", 37_550.016, 94_709.144, 0.037_553),
        ("WholeFOV", 116_435.091, 97_500.0, 0.106_602),
    ] {
        let region = Region::named(name).expect("a known region");
        let mass = Mass::of_volume(&region, volume, None).expect("a volume");
        let factor = self_dose_factor(&lutetium(), &region, mass.g, Sex::Male).expect("a body");
        let tia = Tia::new(name, tia, None, None, "PyTheranostics").expect("a number");
        let dose = absorbed_dose(&tia, &factor, mass, None).expect("one mass");
        println!("{name} {:.4} Gy", dose.total);
        assert!((dose.total / published - 1.0).abs() < 0.1, "{name}: {} Gy", dose.total);
    }
}

#[test]
fn val_local_deposition_of_lu177() {
    // rpt_dosi uses 0.08532 Gy g/(MBq h); ICRP 107 gives 85.31 mGy g/(MBq h). The mean energies
    // from ENSDF may differ by half a percent.
    let value = lutetium().local_deposition_mgy_g_per_mbq_h();
    assert!((value / 85.3 - 1.0).abs() < 0.005, "{value}");
}

#[test]
fn val_ac225_alone_in_a_kidney() {
    // OLINDA prints 1.52e-2 mGy/(MBq s) at 310 g with alphas five times; without, and with the
    // recoil, it is 3.04e-3.
    let region = Region::named("kidneys").expect("a known organ");
    let source = bundled::source("Ac-225").expect("a bundled nuclide");
    let factor = self_dose_factor(&source, &region, 310.0, Sex::Male).expect("a solid organ");
    println!("{:.4e} {:.4e} {:.4e}", factor.alpha, factor.electron, factor.photon);
    assert!((factor.alpha / 3.04e-3 - 1.0).abs() < 0.005, "{}", factor.alpha);
    let olinda = 5.0 * factor.alpha + factor.electron + factor.photon;
    assert!((olinda / 1.52e-2 - 1.0).abs() < 0.01, "{olinda}");
}

#[test]
fn exact_uncertainty_of_mass_and_activity() {
    let factor =
        SelfDoseFactor::given("r", "x", 100.0, [1.0, 2.0, 3.0], "chosen").expect("numbers");
    let tia = Tia::new("r", 10.0, Some(1.0), Some(0.25), "chosen").expect("numbers");
    let mass = Mass::new("r", 100.0, Some(5.0)).expect("numbers");
    let dose = absorbed_dose(&tia, &factor, mass, None).expect("one mass");
    // 10 MBq h · 3.6 · 6 = 216 Gy; 10 % of activity, 5 % of mass on 1 + 2 + 2 of the 6 parts.
    assert!((dose.total - 216.0).abs() < 1e-10);
    let expected = 216.0 * (0.1f64.powi(2) + (0.05f64 * 5.0 / 6.0).powi(2)).sqrt();
    assert!((dose.sd.expect("both are known") - expected).abs() < 1e-10);
    assert_eq!(dose.extrapolated_fraction, Some(0.25));
    assert_eq!(dose.gy_per_gbq, None);
    // An SD of the activity that is not determined is not taken for zero.
    let open = Tia::new("r", 10.0, None, None, "chosen").expect("numbers");
    assert_eq!(absorbed_dose(&open, &factor, mass, None).expect("one mass").sd, None);
}

#[test]
fn exact_rbe_weighted_dose_is_another_thing() {
    let factor =
        SelfDoseFactor::given("r", "x", 100.0, [1.0, 2.0, 3.0], "chosen").expect("numbers");
    let tia = Tia::new("r", 1.0, None, None, "chosen").expect("numbers");
    let mass = Mass::new("r", 100.0, None).expect("numbers");
    let dose = absorbed_dose(&tia, &factor, mass, None).expect("one mass");
    let weighted = rbe_weighted(&dose, Rbe::of_alpha(5.0)).expect("a weight");
    assert!((weighted.gy_rbe() - 36.0).abs() < 1e-12);
    assert_eq!(weighted.to_string(), "36.0000 Gy(RBE) (RBE 5 alpha, 1 electron, 1 photon)");
    assert!(rbe_weighted(&dose, Rbe::of_alpha(0.0)).is_err());
}

#[test]
fn exact_half_lives_and_coefficients() {
    let effective = effective_half_life_h(160.0, 80.0).expect("half-lives");
    assert!((effective - 160.0 / 3.0).abs() < 1e-12);
    assert!((biological_half_life_h(160.0, effective).expect("half-lives") - 80.0).abs() < 1e-10);
    assert!((effective_half_life_h(160.0, f64::INFINITY).expect("stays") - 160.0).abs() < 1e-12);
    let slower = biological_half_life_h(160.0, 200.0).expect_err("slower than decay");
    assert!(slower.to_string().contains("decay-corrected"), "{slower}");
    let tia = Tia::of_one_exponential("r", 100.0, 50.0).expect("numbers");
    assert!((tia.value_mbq_h() - 5000.0 / std::f64::consts::LN_2).abs() < 1e-9);
    assert!(
        (tia.coefficient_h(1000.0).expect("injected") * 1000.0 - tia.value_mbq_h()).abs() < 1e-9
    );
}

#[test]
fn exact_dose_is_the_integral_of_the_dose_rate() {
    // ∫ A₀ e^(−λt) S dt over ten half-lives by Simpson, against Ã·S.
    let region = Region::named("liver").expect("a known organ");
    let factor = self_dose_factor(&lutetium(), &region, 1800.0, Sex::Male).expect("a solid organ");
    let (a0, half_life, n) = (300.0, 60.0, 2000);
    let h = 40.0 * half_life / f64::from(n);
    let rate = |i: i32| {
        let activity = a0 * (-std::f64::consts::LN_2 * f64::from(i) * h / half_life).exp();
        factor.dose_rate_gy_per_h(activity).expect("an activity")
    };
    let weight = |i: i32| if i == 0 || i == n { 1.0 } else { f64::from(2 + 2 * (i % 2)) };
    let integral: f64 = (0..=n).map(|i| weight(i) * rate(i)).sum::<f64>() * h / 3.0;
    let tia = Tia::of_one_exponential("liver", a0, half_life).expect("numbers");
    let mass = Mass::new("liver", 1800.0, None).expect("a mass");
    let dose = absorbed_dose(&tia, &factor, mass, None).expect("one mass");
    assert!((integral / dose.total - 1.0).abs() < 1e-6, "{integral} {}", dose.total);
}

#[test]
fn exact_bad_input_is_refused_with_numbers() {
    let region = Region::named("kidneys").expect("a known organ");
    let code = |result: Result<SelfDoseFactor, DoseError>| result.expect_err("refused").code();
    for mass in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(code(self_dose_factor(&lutetium(), &region, mass, Sex::Male)), "LUT6001");
        assert!(Mass::new("kidneys", mass, None).is_err());
        assert!(Mass::of_volume(&region, mass, None).is_err());
    }
    for tia in [-1.0, f64::INFINITY, f64::NAN] {
        assert!(Tia::new("r", tia, None, None, "x").is_err());
        assert!(Tia::new("r", 1.0, Some(tia), None, "x").is_err());
        assert!(Tia::new("r", 1.0, None, Some(tia), "x").is_err());
    }
    let message =
        Tia::new("liver", f64::INFINITY, None, None, "x").expect_err("infinite").to_string();
    assert!(
        message.starts_with("time-integrated activity of `liver` is inf MBq h; expected"),
        "{message}"
    );
    assert!(Tia::new("r", 1.0, None, Some(1.1), "x").is_err());
    let tia = Tia::new("r", 1.0, None, None, "x").expect("numbers");
    assert!(tia.coefficient_h(0.0).is_err());
    // A factor of another mass.
    let factor =
        SelfDoseFactor::given("r", "x", 100.0, [0.0, 1.0, 0.0], "chosen").expect("numbers");
    let other = Mass::new("r", 110.0, None).expect("numbers");
    assert!(absorbed_dose(&tia, &factor, other, None).is_err());
    // Walls and marrow have no self dose factor from a convex body.
    for name in ["red marrow", "stomach", "bladder", "blood"] {
        let region = Region::named(name).expect("a known region");
        let error = self_dose_factor(&lutetium(), &region, 100.0, Sex::Male).expect_err("refused");
        assert_eq!(error.code(), "LUT6003");
        // It says which organs have one, and for the marrow what to do instead.
        let message = error.to_string();
        assert!(message.contains("there are factors for kidneys, liver, spleen"), "{message}");
        assert_eq!(
            message.contains("`marrow`"),
            ["red marrow", "blood"].contains(&name),
            "{message}"
        );
    }
}

#[test]
fn exact_spheres_too_small_are_refused() {
    let sphere = |name, mass| {
        let source = bundled::source(name).expect("a bundled nuclide");
        sphere_dose_factor(&source, "tumour", mass, 1.0, Surroundings::Body)
    };
    // 4 µg are a sphere of 0.098 mm.
    let error = sphere("Y-90", 4e-6).expect_err("too small");
    assert_eq!(error.code(), "LUT6004");
    assert!(error.to_string().contains("radius of 0.098 mm"), "{error}");
    assert!(sphere("Y-90", 5e-6).is_ok());
    assert!(sphere("Ac-225", 5e-6).is_ok());
}

#[test]
fn exact_photons_without_lines_are_refused() {
    let emitter = Emitter::new("Xx-1", [0.0, 0.1, 0.1], Vec::new()).expect("numbers");
    let region = Region::named("liver").expect("a known organ");
    let error = self_dose_factor(&Source::alone(emitter), &region, 1800.0, Sex::Male);
    assert_eq!(error.expect_err("no lines").code(), "LUT6005");
    let line = PhotonLine { energy_kev: 0.0, yield_per_decay: 1.0 };
    assert!(Emitter::new("Xx-1", [0.0, 0.1, 0.1], vec![line]).is_err());
}

#[test]
fn exact_tumour_and_body_say_what_is_assumed() {
    let method = |name: &str, mass| {
        let region = Region::named(name).expect("a known region");
        self_dose_factor(&lutetium(), &region, mass, Sex::Male).expect("a factor").method
    };
    assert_eq!(method("Tumour_1", 24.0), "sphere of 24 g, 1.06 g/cm3, in a body");
    assert!(method("RemainderOfBody_FOV", 7e4).contains("trunk-shaped body"));
    assert!(method("WholeFOV", 7e4).contains("trunk-shaped body"));
    assert!(
        method("Kidney_Left", 150.0).contains("one of the kidneys of the reference male (155 g)")
    );
    assert!(method("parotid", 50.0).contains("parotid glands of the reference male (50 g)"));
    assert!(
        method("lacrimal", 1.4).contains("lacrimal glands of the reference male (1.4 g, assumed)")
    );
    assert!(method("submandibular", 25.0).contains("submandibular glands of 25 g"));
}

#[test]
fn val_chains_in_equilibrium() {
    // Sums over the chains from ICRP 107 (recoil in the alpha energy), MeV per decay of the parent:
    // alpha, electron. Alpha energies agree between evaluations to 0.5 %, electron energies to 5 %.
    for (nuclide, alpha, electron) in [
        ("Ac-225", 27.994, 0.690),
        ("Pb-212", 7.952, 0.901),
        ("Ra-223", 26.873, 1.043),
        ("At-211", 6.915, 0.006),
        ("Bi-213", 8.483, 0.656),
    ] {
        let source = bundled::source_with_daughters(nuclide).expect("a bundled nuclide");
        let [a, e, _] = source.energy_mev();
        println!("{}: {a:.3} {e:.3}", source.name());
        assert!((a / alpha - 1.0).abs() < 0.005, "{nuclide}: {a} MeV alpha");
        assert!((e - electron).abs() < 0.05 * electron + 0.002, "{nuclide}: {e} MeV electron");
    }
    let alone = bundled::source("177Lu").expect("a bundled nuclide");
    let with = bundled::source_with_daughters("lu177").expect("a bundled nuclide");
    assert_eq!(alone, with);
    assert_eq!(bundled::source("Xx-300").expect_err("none").code(), "LUT6006");
}

proptest! {
    #[test]
    fn prop_mass_scaling(mass in 20.0..2000.0f64, ratio in 0.2..5.0f64) {
        let region = Region::named("liver").expect("a known organ");
        let one = self_dose_factor(&lutetium(), &region, mass, Sex::Female).expect("a factor");
        let two = self_dose_factor(&lutetium(), &region, mass * ratio, Sex::Female).expect("a factor");
        prop_assert!((one.electron / two.electron / ratio - 1.0).abs() < 1e-12);
        prop_assert!((one.photon / two.photon / ratio.powf(2.0 / 3.0) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn prop_scaling_agrees_with_computing_anew(mass in 60.0..1200.0f64) {
        // A sphere computed at its mass, and one of 300 g scaled to it by the rules of MIRD
        // Pamphlet 11, differ by the photons that are absorbed on the way and by the electrons at
        // the surface: 3 %.
        let sphere = |g| sphere_dose_factor(&lutetium(), "s", g, 1.0, Surroundings::Body);
        let anew = sphere(mass).expect("a factor").total();
        let scaled = sphere(300.0).expect("a factor").scaled_to(mass).expect("a mass").total();
        prop_assert!((scaled / anew - 1.0).abs() < 0.03, "{scaled} {anew}");
    }

    #[test]
    fn prop_dose_is_linear_in_activity(tia in 0.0..1e6f64, factor in 0.1..10.0f64) {
        let mass = Mass::new("Kidney_Left", 150.0, None).expect("a mass");
        let dose = |value| {
            let tia = Tia::new("Kidney_Left", value, Some(0.1 * value), None, "x").expect("a number");
            kidney_dose(mass, &tia)
        };
        let (one, more) = (dose(tia), dose(tia * factor));
        prop_assert!((more.total - factor * one.total).abs() <= 1e-9 * more.total.max(1e-9));
        let parts = one.alpha + one.electron + one.photon;
        prop_assert!((parts - one.total).abs() <= 1e-12 * one.total.max(1e-12));
    }

    #[test]
    fn prop_absorbed_energy_is_at_most_emitted(mass in 0.05..1e5f64) {
        for name in ["Lu-177", "I-131", "In-111"] {
            let source = bundled::source(name).expect("a bundled nuclide");
            let Ok(factor) = sphere_dose_factor(&source, "s", mass, 1.0, Surroundings::Body) else { continue };
            let all: f64 = source.energy_mev().iter().sum::<f64>() * 0.160_217_663_4 / mass;
            prop_assert!(factor.total() > 0.0 && factor.total() <= all);
        }
    }

    #[test]
    fn prop_no_name_panics(name in "\\PC{0,40}") {
        let _ = Region::named(&name);
    }
}
