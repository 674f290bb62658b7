//! Red marrow by blood and by images: the formula term by term, and what must be said.

use lutetia_dose::{
    MarrowActivity, MarrowInput, MarrowToBlood, Region, Sex, Source, Tia, bundled, marrow_dose,
    marrow_from_body, marrow_from_organ, marrow_self_factor,
};

fn lutetium() -> Source {
    bundled::source("Lu-177").expect("a bundled nuclide")
}

fn blood(source: &Source, ratio: MarrowToBlood) -> MarrowInput<'_> {
    MarrowInput {
        source,
        sex: Sex::Male,
        body_g: None,
        marrow: MarrowActivity::Blood { per_g_mbq_h: 2.0, sd: Some(0.2), ratio },
        organs: Vec::new(),
        remainder: None,
        administered_mbq: Some(7400.0),
    }
}

#[test]
fn exact_ratio_of_peptide_and_antibody() {
    let peptide = MarrowToBlood::Peptide.value().expect("a ratio");
    assert!((peptide - 1.0).abs() < 1e-15);
    // 0.36 at a haematocrit of 0.47 (Hindorf 2010).
    let antibody = MarrowToBlood::Antibody { haematocrit: 0.47 }.value().expect("a ratio");
    assert!((antibody - 0.19 / 0.53).abs() < 1e-15 && (antibody - 0.36).abs() < 0.002);
    for haematocrit in [0.0, 1.0, 47.0, f64::NAN] {
        assert!(MarrowToBlood::Antibody { haematocrit }.value().is_err());
    }
    assert!(MarrowToBlood::Ratio(0.0).value().is_err());
}

#[test]
fn exact_self_part_is_concentration_times_the_reference_mass() {
    // ã per gram · m · S · m_ref/m: the mass of the patient's marrow falls out for electrons.
    let source = lutetium();
    let factor = marrow_self_factor(&source, Sex::Male).expect("a factor");
    let dose = marrow_dose(&blood(&source, MarrowToBlood::Peptide)).expect("a dose");
    let expected = 3.6 * 2.0 * 1170.0 * factor.total();
    assert!((dose.total.total / expected - 1.0).abs() < 1e-12);
    assert!((dose.total.sd.expect("known") / dose.total.total - 0.1).abs() < 1e-12);
    let light = MarrowInput { body_g: Some(50_000.0), ..blood(&source, MarrowToBlood::Peptide) };
    let light = marrow_dose(&light).expect("a dose");
    assert!((light.total.electron / dose.total.electron - 1.0).abs() < 1e-12);
    assert!((light.total.mass.g - 1170.0 * 50.0 / 73.0).abs() < 1e-9);
    // The factor three between peptide and antibody, and it is said which was taken.
    let antibody = blood(&source, MarrowToBlood::Antibody { haematocrit: 0.42 });
    let antibody = marrow_dose(&antibody).expect("a dose");
    assert!((antibody.total.total / dose.total.total - 0.19 / 0.58).abs() < 1e-12);
    assert!(antibody.total.method.contains("0.19/(1 - 0.42)"), "{}", antibody.total.method);
    assert!(dose.total.method.contains("ratio 1 (peptide)"), "{}", dose.total.method);
}

#[test]
fn exact_remainder_and_organs_by_the_formula() {
    let source = lutetium();
    let organ = |name: &str, g: f64, mbq_h: f64| {
        let tia = Tia::new(name, mbq_h, None, None, "chosen").expect("a number");
        (Region::named(name).expect("an organ"), g, tia)
    };
    let input = MarrowInput {
        organs: vec![organ("kidneys", 310.0, 20_000.0), organ("liver", 1800.0, 15_000.0)],
        remainder: Some(Tia::new("rest", 60_000.0, None, None, "chosen").expect("a number")),
        ..blood(&source, MarrowToBlood::Peptide)
    };
    let dose = marrow_dose(&input).expect("a dose");
    let s_rm = marrow_self_factor(&source, Sex::Male).expect("a factor").total();
    let s_tb = marrow_from_body(&source, Sex::Male).expect("a factor").total();
    let s_h =
        |organ: &Region| marrow_from_organ(&source, organ, Sex::Male).expect("a factor").total();
    let (kidneys, liver) = (s_h(&input.organs[0].0), s_h(&input.organs[1].0));
    let m_rb = 73_000.0 - 1170.0 - 310.0 - 1800.0;
    let s_rb = (s_tb * 73_000.0 - s_rm * 1170.0 - kidneys * 310.0 - liver * 1800.0) / m_rb;
    let own = 2.0 * 1170.0;
    let expected =
        3.6 * (own * s_rm + 20_000.0 * kidneys + 15_000.0 * liver + (60_000.0 - own) * s_rb);
    assert!((dose.total.total / expected - 1.0).abs() < 1e-12, "{} {expected}", dose.total.total);
    let names: Vec<&str> = dose.parts.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["red marrow", "kidneys", "liver", "remainder of body"]);
    let sum: f64 = dose.parts.iter().flat_map(|(_, part)| part).sum();
    assert!((sum / dose.total.total - 1.0).abs() < 1e-12);
    // A blood curve of 2 MBq h/g of a treatment with 7.4 GBq: tens of mGy/GBq, as published (15 to 64
    // mGy/GBq by the function and the method).
    let per = 1000.0 * dose.total.gy_per_gbq.expect("was injected");
    assert!((5.0..100.0).contains(&per), "{per} mGy/GBq");
}

#[test]
fn exact_image_takes_the_share_that_is_given() {
    let source = lutetium();
    let part = || Tia::new("L2-L4", 67.0, Some(6.7), Some(0.2), "chosen").expect("a number");
    let input = MarrowInput {
        marrow: MarrowActivity::Image { part: part(), share: 0.067 },
        ..blood(&source, MarrowToBlood::Peptide)
    };
    let dose = marrow_dose(&input).expect("a dose");
    let s = marrow_self_factor(&source, Sex::Male).expect("a factor").total();
    assert!((dose.total.total / (3.6 * 1000.0 * s) - 1.0).abs() < 1e-12);
    assert!(dose.total.method.contains("`L2-L4`, which holds 6.7 % of it"));
    for share in [0.0, 1.5, f64::NAN] {
        let input =
            MarrowInput { marrow: MarrowActivity::Image { part: part(), share }, ..input.clone() };
        assert_eq!(marrow_dose(&input).expect_err("no share").code(), "LUT6001");
    }
}

#[test]
fn exact_masses_out_of_range_are_refused() {
    let source = lutetium();
    let zero = MarrowInput { body_g: Some(0.0), ..blood(&source, MarrowToBlood::Peptide) };
    assert!(marrow_dose(&zero).expect_err("no mass").to_string().starts_with("mass of `the body`"));
    let tia = Tia::new("liver", 1.0, None, None, "x").expect("a number");
    let heavy = MarrowInput {
        organs: vec![(Region::named("liver").expect("an organ"), 80_000.0, tia.clone())],
        remainder: Some(tia),
        ..blood(&source, MarrowToBlood::Peptide)
    };
    assert!(
        marrow_dose(&heavy).expect_err("heavier than the body").to_string().contains("remainder")
    );
}
