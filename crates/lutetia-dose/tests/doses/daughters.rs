//! Daughters that stay, leave, or have curves of their own.

use lutetia_dose::{
    Leaving, Mass, MemberDecays, OwnActivity, Region, Sex, bundled, chain_decays, chain_doses,
    daughter_phases, self_dose_factor,
};
use lutetia_units::DecayChain;
use proptest::prelude::*;

fn places(given: &[(&str, f64)]) -> Vec<(String, f64)> {
    given.iter().map(|(p, a)| ((*p).to_owned(), *a)).collect()
}

fn of<'a>(decays: &'a [MemberDecays], place: &str, nuclide: &str) -> &'a MemberDecays {
    decays
        .iter()
        .find(|d| d.place == place && d.nuclide == nuclide)
        .unwrap_or_else(|| panic!("no {nuclide} in {place}"))
}

fn leaving(daughter: &str, from: &str, fraction: f64, to: &[(&str, f64)]) -> Leaving {
    let to = to.iter().map(|(p, f)| ((*p).to_owned(), *f)).collect();
    Leaving { daughter: daughter.to_owned(), from: from.to_owned(), fraction, to }
}

#[test]
fn val_energy_of_a_chain_that_stays() {
    // MeV per decay of the parent in equilibrium from ICRP 107: alpha, electron, photon. Alphas agree
    // between evaluations to 0.5 %, electrons and photons to 5 %.
    for (parent, expected) in [
        ("Ac-225", [27.994, 0.690, 0.219]),
        ("Pb-212", [7.952, 0.901, 1.456]),
        ("Bi-213", [8.483, 0.656, 0.173]),
        ("Ra-224", [27.039, 0.903, 1.467]),
        ("Ra-223", [26.873, 1.043, 0.314]),
        ("At-211", [6.915, 0.006, 0.041]),
    ] {
        let decays = chain_decays(parent, &places(&[("here", 1.0)]), &[], &[]).expect("a chain");
        let mut sum = [0.0; 3];
        for member in &decays {
            let e = bundled::source(&member.nuclide).expect("a nuclide").energy_mev();
            for (total, part) in sum.iter_mut().zip(e) {
                *total += member.mbq_h * part;
            }
            assert!((member.mbq_h - member.arising_mbq_h).abs() < 1e-15);
        }
        println!("{parent}: {sum:.3?} {expected:?}");
        assert!((sum[0] / expected[0] - 1.0).abs() < 0.005, "{parent}: {sum:?}");
        for i in [1, 2] {
            assert!((sum[i] - expected[i]).abs() < 0.05 * expected[i] + 0.002, "{parent}: {sum:?}");
        }
    }
}

#[test]
fn exact_what_stays_is_the_source_with_its_daughters() {
    let decays = chain_decays("Ac-225", &places(&[("kidneys", 100.0)]), &[], &[]).expect("a chain");
    let region = Region::named("kidneys").expect("an organ");
    let mass = Mass::new("kidneys", 310.0, None).expect("a mass");
    let doses = chain_doses(&decays, &[(region.clone(), mass)], Sex::Male).expect("doses");
    let whole = bundled::source_with_daughters("Ac-225").expect("a chain");
    let factor = self_dose_factor(&whole, &region, 310.0, Sex::Male).expect("a factor");
    for (i, expected) in [factor.alpha, factor.electron, factor.photon].into_iter().enumerate() {
        let sum: f64 = doses.iter().map(|d| d.gy[i]).sum();
        assert!((sum / (3.6 * 100.0 * expected) - 1.0).abs() < 1e-12, "{sum} {expected}");
    }
}

#[test]
fn exact_what_leaves_decays_where_it_is_sent() {
    // Tumour 100, kidneys 10. Of 221Fr in the tumour 30 % leave, 40 % of them to the kidneys; of 213Bi
    // in the kidneys half leaves for good.
    let ways = [
        leaving("Fr-221", "tumour", 0.3, &[("kidneys", 0.4)]),
        leaving("213Bi", "kidneys", 0.5, &[]),
    ];
    let decays =
        chain_decays("Ac-225", &places(&[("tumour", 100.0), ("kidneys", 10.0)]), &ways, &[])
            .expect("a chain");
    let fr_kidneys = 10.0 + 100.0 * 0.3 * 0.4;
    let to_bi = 0.999_95 * 0.999_93;
    let close = |place: &str, nuclide: &str, expected: f64| {
        let found = of(&decays, place, nuclide).mbq_h;
        // Branches below 1e-4 lead around 217At and 213Bi.
        assert!((found / expected - 1.0).abs() < 5e-4, "{nuclide} in {place}: {found} {expected}");
    };
    close("tumour", "Ac-225", 100.0);
    close("tumour", "Fr-221", 70.0);
    close("tumour", "At-217", 70.0);
    close("tumour", "Bi-213", 70.0 * to_bi);
    close("kidneys", "Fr-221", fr_kidneys);
    close("kidneys", "Bi-213", 0.5 * fr_kidneys * to_bi);
    close("kidneys", "Po-213", 0.5 * fr_kidneys * to_bi * 0.9786);
    assert!((of(&decays, "kidneys", "Bi-213").arising_mbq_h / fr_kidneys - 1.0).abs() < 2e-4);
}

#[test]
fn exact_a_curve_of_its_own_takes_the_place_of_branching() {
    let own =
        [OwnActivity { daughter: "Bi-212".to_owned(), place: "kidneys".to_owned(), mbq_h: 250.0 }];
    let decays =
        chain_decays("Pb-212", &places(&[("kidneys", 100.0)]), &[], &own).expect("a chain");
    assert!((of(&decays, "kidneys", "Bi-212").mbq_h - 250.0).abs() < 1e-12);
    assert!((of(&decays, "kidneys", "Bi-212").arising_mbq_h - 100.0).abs() < 1e-12);
    // Its own daughters follow it: 64.06 % 212Po, 35.94 % 208Tl.
    assert!((of(&decays, "kidneys", "Po-212").mbq_h - 250.0 * 0.6406).abs() < 1e-9);
    assert!((of(&decays, "kidneys", "Tl-208").mbq_h - 250.0 * 0.3594).abs() < 1e-9);
}

#[test]
fn exact_curves_of_daughters_are_those_of_bateman() {
    // With physical decay alone the parent's curve has one phase, and its daughters' are the Bateman
    // solution, which the chain computes by divided differences.
    let hour = 3600.0;
    for (parent, daughter) in [("Ac-225", "Fr-221"), ("Pb-212", "Bi-212"), ("Bi-213", "Tl-209")] {
        let chain = DecayChain::of(lutetia_data::nuclides(), parent).expect("a chain");
        let index =
            |name: &str| chain.members().iter().position(|m| m.name == name).expect("a member");
        let (p, d) = (index(parent), index(daughter));
        let lambda = chain.members()[p].lambda_per_s() * hour;
        let half = chain.members()[d].half_life_s / hour;
        let share = chain.yield_to(daughter, &[]);
        let phases = daughter_phases(&[(1.0, lambda)], half, share).expect("phases");
        for t in [0.01, 0.1, 1.0, 10.0, 100.0] {
            let ours: f64 = phases.iter().map(|(a, k)| a * (-k * t).exp()).sum();
            let exact = chain.activities(t * hour)[d] / chain.activities(0.0)[p];
            // The difference of two exponentials close to each other loses digits at early times.
            assert!((ours - exact).abs() < 1e-10, "{daughter} at {t} h: {ours} {exact}");
        }
        let integral: f64 = phases.iter().map(|(a, k)| a / k).sum();
        assert!((integral * lambda / share - 1.0).abs() < 1e-12, "{daughter}: {integral}");
    }
    // Equal rates do not divide by zero: A = b·a·λ·t·e^(−λt).
    let half = 1.0;
    let lambda = std::f64::consts::LN_2;
    let phases = daughter_phases(&[(1.0, lambda)], half, 1.0).expect("phases");
    let ours: f64 = phases.iter().map(|(a, k)| a * (-k * 2.0).exp()).sum();
    assert!((ours / (2.0 * lambda * (-2.0 * lambda).exp()) - 1.0).abs() < 1e-5, "{ours}");
}

#[test]
fn exact_daughters_that_cannot_be_are_refused() {
    let try_one = |way: Leaving| {
        chain_decays("Ac-225", &places(&[("tumour", 1.0)]), &[way], &[]).expect_err("refused")
    };
    for (way, expected) in [
        (leaving("At-217", "tumour", 0.5, &[]), "it lives 0.033 s and decays where it arises"),
        (
            leaving("Lu-177", "tumour", 0.5, &[]),
            "it is not a daughter of Ac-225; daughters of Ac-225",
        ),
        (leaving("Ac-225", "tumour", 0.5, &[]), "it is not a daughter of Ac-225"),
        (leaving("Bi-209", "tumour", 0.5, &[]), "it is stable"),
        (leaving("Xx-1", "tumour", 0.5, &[]), "Xx-1"),
        (leaving("Fr-221", "liver", 0.5, &[]), "there is no place of that name; there are: tumour"),
        (leaving("Fr-221", "tumour", 0.5, &[("liver", 1.0)]), "there is no place of that name"),
    ] {
        let error = try_one(way);
        assert_eq!(error.code(), "LUT6007");
        assert!(error.to_string().contains(expected), "{error}");
    }
    for way in [
        leaving("Fr-221", "tumour", 1.5, &[]),
        leaving("Fr-221", "tumour", f64::NAN, &[]),
        leaving("Fr-221", "tumour", 0.5, &[("tumour", 0.7), ("tumour", 0.7)]),
    ] {
        assert_eq!(try_one(way).code(), "LUT6001");
    }
    assert!(chain_decays("Ac-225", &places(&[("r", -1.0)]), &[], &[]).is_err());
}

proptest! {
    #[test]
    fn prop_decays_are_conserved_when_nothing_is_lost(
        fraction in 0.0..1.0f64, back in 0.0..1.0f64, a in 0.0..1e4f64, b in 0.0..1e4f64,
    ) {
        // Whatever leaves one place decays at the other: the sums over places are those of staying.
        let ways = [
            leaving("Fr-221", "a", fraction, &[("b", 1.0)]),
            leaving("Bi-213", "b", back, &[("a", 0.5), ("b", 0.5)]),
        ];
        let parents = places(&[("a", a), ("b", b)]);
        let moved = chain_decays("Ac-225", &parents, &ways, &[]).expect("a chain");
        let still = chain_decays("Ac-225", &parents, &[], &[]).expect("a chain");
        for nuclide in ["Ac-225", "Fr-221", "At-217", "Bi-213", "Po-213", "Tl-209", "Pb-209"] {
            let sum = |d: &[MemberDecays]| -> f64 {
                d.iter().filter(|d| d.nuclide == nuclide).map(|d| d.mbq_h).sum()
            };
            prop_assert!((sum(&moved) - sum(&still)).abs() <= 1e-9 * (a + b));
        }
    }
}
