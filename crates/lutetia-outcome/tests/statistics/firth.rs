//! Firth's penalised Cox model.

use lutetia_outcome::survival::{Cox, Groups, SurvivalData, firth};

use crate::common::{close, shared};

/// One event, in arm b, with n_a and n_b at risk. With π = n_b e^β/(n_a + n_b e^β) the penalised likelihood is
/// ln π + ½ ln(π(1 − π)) + a constant, which is largest at π = 3/4: the hazard ratio is 3 n_a/n_b.
#[test]
fn exact_one_event() {
    let data = SurvivalData::new(
        vec![2.0, 3.0, 3.0, 4.0, 5.0, 6.0, 7.0],
        vec![true, false, false, false, false, false, false],
    )
    .expect("data");
    let treated = [1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0];
    let fit = firth(&data, &[("treated", &treated)], 0.95).expect("a fit");
    let found = &fit.coefficients[0];
    close(found.hazard_ratio(), 3.0 * 4.0 / 3.0, 1e-8);
    close(
        fit.penalised_log_likelihood,
        1.5 * 0.75_f64.ln() + 0.5 * 0.25_f64.ln() - 3.0_f64.ln(),
        1e-10,
    );
    // At β = 0, π = 3/7.
    let null = 1.5 * (3.0 / 7.0_f64).ln() + 0.5 * (4.0 / 7.0_f64).ln() - 3.0_f64.ln();
    close(found.test.chi_squared, 2.0 * (fit.penalised_log_likelihood - null), 1e-9);
    // The limits solve 1.5 ln π + ½ ln(1 − π) = maximum − χ²/2; checked by putting them in.
    for beta in [found.lower, found.upper] {
        let odds = 0.75 * beta.exp();
        let share = odds / (1.0 + odds);
        let value = 1.5 * share.ln() + 0.5 * (1.0 - share).ln() - 3.0_f64.ln();
        close(value, fit.penalised_log_likelihood - 0.5 * 3.841_458_820_694_124, 1e-7);
    }
    assert!(found.lower < 0.0 && found.upper > found.value);
}

/// All three events in one arm, at times at which both arms have as many at risk: 3(β − ln(1 + e^β)) +
/// ½ ln(3π(1 − π)) − ln 24 is largest at π = 7/8, a hazard ratio of 7. firthmodels 0.8.2 (Python) gives 1.945910 with error
/// 1.745743, ln L* −4.135828 and the profile interval −0.387211 to 6.847180.
#[test]
fn exact_all_events_in_one_arm() {
    let data = SurvivalData::new(
        vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0],
        vec![true, false, true, false, true, false, false, false],
    )
    .expect("data");
    let arms = Groups::by_appearance(&["a", "b", "a", "b", "a", "b", "a", "b"]);
    assert!(Cox::new(&data).groups(&arms).fit().is_err());
    let treated = [1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0];
    let fit = firth(&data, &[("treated", &treated)], 0.95).expect("a fit");
    let found = &fit.coefficients[0];
    close(found.value, 7.0_f64.ln(), 1e-9);
    close(found.standard_error, 1.745_743_12, 1e-7);
    close(fit.penalised_log_likelihood, -4.135_828_331, 1e-8);
    // The limits are put into the closed form; firthmodels stops at some 1e-4.
    for (beta, theirs) in [(found.lower, -0.387_210_63), (found.upper, 6.847_180_01)] {
        let share = 1.0 / (1.0 + f64::exp(-beta));
        let value =
            3.5 * share.ln() + 0.5 * (1.0 - share).ln() + 0.5 * 3.0_f64.ln() - 24.0_f64.ln();
        close(value, fit.penalised_log_likelihood - 0.5 * 3.841_458_820_694_124, 1e-7);
        close(beta, theirs, 2e-4);
    }
}

/// Age, sex and performance status of the lung data, by firthmodels 0.8.2 (Breslow's ties; tolerance 1e-10).
#[test]
fn val_lung() {
    let Some(lung) = shared("classic/lung.csv") else { return };
    let lung = lung.complete(&["ph.ecog"]);
    let data = lung.survival("time", "status", 2.0);
    let (age, sex, ecog) = (lung.numbers("age"), lung.numbers("sex"), lung.numbers("ph.ecog"));
    let fit =
        firth(&data, &[("age", &age), ("sex", &sex), ("ph.ecog", &ecog)], 0.95).expect("a fit");
    let expected = [
        (0.010_884_31, 0.009_263_98, -0.007_037_10, 0.029_255_61, 0.236_010_332),
        (-0.547_635_54, 0.167_616_35, -0.881_999_28, -0.225_614_63, 7.661_418_49e-4),
        (0.462_989_91, 0.113_593_98, 0.240_810_42, 0.685_665_35, 4.550_247_31e-5),
    ];
    for (found, (value, error, lower, upper, p)) in fit.coefficients.iter().zip(expected) {
        close(found.value, value, 1e-7);
        close(found.standard_error, error, 1e-7);
        close(found.lower, lower, 1e-6);
        close(found.upper, upper, 1e-6);
        close(found.test.p / p, 1.0, 1e-5);
    }
    close(fit.penalised_log_likelihood, -720.829_850_908, 1e-8);
}

#[test]
fn exact_refusals_of_the_penalised_model() {
    let data = SurvivalData::new(vec![1.0, 2.0], vec![false, false]).expect("data");
    let message = |d: &SurvivalData, x: &[f64]| {
        firth(d, &[("x", x)], 0.95).expect_err("a refusal").to_string()
    };
    assert_eq!(
        message(&data, &[0.0, 1.0]),
        "the penalised Cox model is not determined: all 2 times are censored; follow the patients longer"
    );
    let data = SurvivalData::new(vec![1.0, 2.0], vec![true, true]).expect("data");
    assert!(message(&data, &[1.0, 1.0]).contains("constant among those at risk"));
    assert!(message(&data, &[f64::NAN, 1.0]).contains("`x` of patient 1"));
    assert!(firth(&data, &[], 0.95).is_err());
}
