//! Null models against what they must be.

use lutetia_outcome::combination::{
    DoseResponse, Excess, Hill, IndependentAction, additive_times, bivariate_normal_cdf, bliss,
    combination_index, highest_single_agent, independent_action, loewe,
};
use lutetia_outcome::survival::{Interval, KaplanMeier, SurvivalData};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::close;

/// A drug with something that does nothing is the drug.
#[test]
fn exact_bliss_with_nothing_is_the_drug() {
    for s in [0.0, 0.2, 0.7, 1.0] {
        close(bliss(s, 1.0).expect("shares"), s, 0.0);
        close(highest_single_agent(s, 1.0).expect("shares"), s, 0.0);
        // Of event times: with a partner under which everybody has had the event.
        close(independent_action(s, 0.0).expect("shares"), s, 1e-15);
    }
    close(bliss(0.5, 0.4).expect("shares"), 0.2, 1e-15);
    close(highest_single_agent(0.5, 0.4).expect("shares"), 0.4, 0.0);
    close(Excess::over(0.1, 0.2).difference, -0.1, 1e-15);
    assert_eq!(
        bliss(1.2, 0.5).expect_err("refused").to_string(),
        "surviving share under A is 1.2; expected a probability between 0 and 1"
    );
}

proptest! {
    /// Loewe's sham combination: a drug combined with itself is the sum of its doses, and with a
    /// dilution of itself likewise; the index of the effect it has is 1.
    #[test]
    fn prop_loewe_of_a_drug_with_itself(
        ec50 in 0.1..10.0_f64, h in 0.5..4.0_f64, a in 0.01..20.0_f64, b in 0.01..20.0_f64,
        dilution in 0.1..10.0_f64,
    ) {
        let drug = Hill::new(0.9, ec50, h).expect("a curve");
        let found = loewe(&drug, &drug, a, b).expect("doses");
        prop_assert!((found.effect - drug.effect(a + b)).abs() < 1e-9);
        let diluted = Hill::new(0.9, ec50 * dilution, h).expect("a curve");
        let found = loewe(&drug, &diluted, a, b).expect("doses");
        prop_assert!((found.effect - drug.effect(a + b / dilution)).abs() < 1e-9);
        let index = combination_index(&drug, &diluted, a, b, found.effect).expect("reached");
        // The index is steep in the effect near its largest; compared where it is not.
        if found.effect < 0.89 {
            prop_assert!((index - 1.0).abs() < 1e-5, "{index}");
        }
    }

    /// Without a partner Loewe is the drug.
    #[test]
    fn prop_loewe_of_one_drug_alone(d in 0.0..20.0_f64) {
        let a = Hill::new(0.8, 2.0, 1.5).expect("a curve");
        let b = Hill::new(0.5, 1.0, 1.0).expect("a curve");
        prop_assert!((loewe(&a, &b, d, 0.0).expect("doses").effect - a.effect(d)).abs() < 1e-9);
        prop_assert!((a.dose_of(a.effect(d)).expect("reached") - d).abs() < 1e-7 * (1.0 + d));
    }

    /// More correlation, less to gain: S falls from the closed form at 0 to the better curve at 1.
    #[test]
    fn prop_correlation_takes_from_independent_action(a in 0.01..0.99_f64, b in 0.01..0.99_f64) {
        let at = |rho| IndependentAction::new(rho).expect("a correlation").survival(a, b).expect("shares");
        prop_assert!((at(0.0) - independent_action(a, b).expect("shares")).abs() < 1e-9);
        prop_assert!((at(1.0) - a.max(b)).abs() < 1e-9);
        prop_assert!((at(-1.0) - (a + b).min(1.0)).abs() < 1e-9);
        let curve = [at(-0.5), at(0.0), at(0.3), at(0.7), at(0.95), at(1.0)];
        prop_assert!(curve.windows(2).all(|w| w[0] >= w[1] - 1e-9), "{curve:?}");
    }
}

#[test]
fn exact_a_drug_beyond_the_other() {
    let strong = Hill::new(1.0, 1.0, 1.0).expect("a curve");
    let weak = Hill::new(0.3, 1.0, 1.0).expect("a curve");
    // No dose of the weak one reaches one half: the strong one counts alone.
    close(combination_index(&strong, &weak, 1.0, 5.0, 0.5).expect("reached"), 1.0, 1e-12);
    let found = loewe(&strong, &weak, 1.0, 5.0).expect("doses");
    assert!(!found.within_both);
    close(found.effect, 0.5, 1e-9);
    assert_eq!(
        combination_index(&weak, &weak, 1.0, 1.0, 0.5).expect_err("refused").to_string(),
        "the combination index is not determined: no dose of A alone (largest effect 0.3) or of B alone (0.3) reaches 0.5"
    );
    assert!(combination_index(&weak, &weak, -1.0, 1.0, 0.1).is_err());
    close(loewe(&weak, &strong, 0.0, 0.0).expect("doses").effect, 0.0, 0.0);
    assert!(Hill::new(0.0, 1.0, 1.0).is_err());
}

/// Φ₂(0, 0; ρ) = 1/4 + asin ρ/2π; independent at ρ = 0; marginal as the other goes to infinity.
#[test]
fn exact_bivariate_normal() {
    for rho in [-0.999, -0.6, 0.0, 0.3, 0.9, 0.999] {
        let exact = 0.25 + f64::asin(rho) / (2.0 * std::f64::consts::PI);
        close(bivariate_normal_cdf(0.0, 0.0, rho), exact, 1e-12);
        close(bivariate_normal_cdf(1.3, 9.0, rho), bivariate_normal_cdf(1.3, 40.0, 0.0), 1e-10);
    }
    // Φ₂(h, −h; ρ) and Φ₂(h, h; ρ) add to Φ(h): a sign of the second is a sign of ρ.
    let (h, rho) = (0.7, 0.45);
    let sum = bivariate_normal_cdf(h, h, rho) + bivariate_normal_cdf(h, -h, -rho);
    close(sum, bivariate_normal_cdf(h, 40.0, 0.0), 1e-12);
    assert!(IndependentAction::new(1.2).is_err());
}

/// Times drawn from the copula give the formula: 20,000 pairs, error of a share 0.35 %.
#[test]
fn prop_ranks_follow_the_copula() {
    let model = IndependentAction::new(0.4).expect("a correlation");
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let n = 20_000;
    let late = (0..n)
        .filter(|_| {
            let (u, v) = model.ranks(&mut rng);
            // S_A = 0.3, S_B = 0.45: late when either rank is above.
            u > 0.7 || v > 0.55
        })
        .count();
    let expected = model.survival(0.3, 0.45).expect("shares");
    close(late as f64 / f64::from(n), expected, 0.013);
}

fn curve(scale: f64) -> KaplanMeier {
    let time = (1..=10).map(|i| scale * f64::from(i)).collect();
    let data = SurvivalData::new(time, vec![true; 10]).expect("data");
    KaplanMeier::fit(&data, Interval::Log, 0.95).expect("a curve")
}

#[test]
fn exact_null_curves() {
    let (a, b, control) = (curve(2.0), curve(3.0), curve(1.0));
    let model = IndependentAction::new(0.0).expect("a correlation");
    let found = model.curve(&a, &b, &[0.0, 10.0, 40.0]).expect("curves");
    close(found[0].expect("seen"), 1.0, 0.0);
    // S_A(10) = 0.5, S_B(10) = 0.7.
    close(found[1].expect("seen"), 0.85, 1e-9);
    close(found[2].expect("both ended"), 0.0, 1e-12);
    // Times i, 2i, 3i at the same share: 2 + 3 − 1 = 4 times the control's.
    let times = additive_times(&a, &b, &control, &[0.25, 0.35]).expect("reached");
    close(times[0], 12.0, 1e-12);
    close(times[1], 16.0, 1e-12);
    let censored = SurvivalData::new(vec![1.0, 2.0], vec![true, false]).expect("data");
    let censored = KaplanMeier::fit(&censored, Interval::Log, 0.95).expect("a curve");
    let refused = additive_times(&a, &censored, &control, &[0.8]).expect_err("refused").to_string();
    assert_eq!(
        refused,
        "the sum of times at a share of 0.8 is not determined: the curve of B does not reach it"
    );
    assert_eq!(model.curve(&a, &censored, &[5.0]), Ok(vec![None]));
}
