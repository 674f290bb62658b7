//! Radiobiology against closed forms and the design's independently computed numbers.

use lutetia_outcome::radiobiology::{
    Bed, LinearQuadratic, Lkb, OnBed, OnDose, Radiobiological, checkpoint_inhibitor_toxicity,
    combined_probability, control_of_all, dry_mouth, equivalent_uniform_bed, generalised_eud_gy,
    kidney_bed_limit_gy, tcp_logistic, tcp_poisson, uncomplicated_control,
};
use proptest::prelude::*;
use statrs::distribution::{ContinuousCDF, Normal};

use crate::close;

fn cells() -> LinearQuadratic<Radiobiological> {
    LinearQuadratic::prostate_cells()
}

fn bed(gy: f64) -> Bed<Radiobiological> {
    Bed::of_dose(gy, 0.0, None).expect("a dose")
}

/// 24 Gy with G = 0.03546409: BED 37.61821 Gy, ln S −5.529877 (computed by double quadrature).
#[test]
fn val_effect_of_a_protracted_dose() {
    let found = cells().bed(24.0, 0.035_464_09).expect("a dose");
    close(found.gy(), 37.618_21, 5.1e-6);
    close(cells().ln_survival(found), -5.529_877, 5.1e-7);
    // Kidney, one cycle and several; 177Lu (G 2.8/52.8) and 90Y (30 h, G 2.8/32.8).
    let kidney = |dose, g| Bed::<Radiobiological>::of_dose(dose, g, Some(2.5)).expect("a dose");
    let once = kidney(5.0, 2.8 / 52.8);
    close(once.gy(), 5.5303, 5.1e-5);
    close(once.eqd2_gy(2.5).expect("a ratio"), 3.072_39, 5.1e-6);
    close(4.0 * kidney(7.0, 2.8 / 52.8).gy(), 32.16, 5.1e-3);
    close(
        (kidney(9.0, 2.8 / 32.8) + kidney(9.0, 2.8 / 32.8) + kidney(9.0, 2.8 / 32.8)).gy(),
        35.30,
        5.1e-3,
    );
}

/// Repair inhibition, half-times 1.9, 3.8, 7.6 h: G .0355, .0688, .1291; BED at α/β 1.5, 3, 10 Gy.
#[test]
fn val_size_of_repair_inhibition() {
    for (g, beds) in [
        (0.035_464_09, [37.6, 30.8, 26.0]),
        (0.0688, [50.4, 37.2, 28.0]),
        (0.1291, [73.6, 48.8, 31.4]),
    ] {
        for (ratio, expected) in [1.5, 3.0, 10.0].into_iter().zip(beds) {
            let found = Bed::<Radiobiological>::of_dose(24.0, g, Some(ratio)).expect("a dose");
            // To the digit given; G itself is given to four digits, 0.02 Gy at α/β 1.5.
            close(found.gy(), expected, 0.07);
        }
    }
}

/// The clinical set has no β: its BED is the dose, whatever the protraction.
#[test]
fn exact_the_clinical_set_is_linear() {
    let clinical = LinearQuadratic::mcrpc_clinical();
    close(clinical.bed(40.0, 1.0).expect("a dose").gy(), 40.0, 0.0);
    close(clinical.ln_survival(clinical.bed(40.0, 0.1).expect("a dose")), -0.688, 1e-12);
    assert_eq!((clinical.set(), cells().set()), ("clinical-effective", "radiobiological"));
    // The sets differ by a factor of 8.5.
    close(cells().alpha_per_gy() / clinical.alpha_per_gy(), 8.5, 0.05);
}

/// A lognormal dose of mean 24 Gy and σ 0.5: mean BED and EUBED by quantiles, against a computation
/// that drew voxels (its noise is in the second decimal).
#[test]
fn val_uniform_bed_of_a_lognormal_dose() {
    let (n, sigma) = (20_000, 0.5);
    let mu = f64::ln(24.0) - 0.5 * sigma * sigma;
    let shares = vec![1.0 / f64::from(n); 20_000];
    let beds: Vec<Bed<Radiobiological>> = (0..n)
        .map(|i| {
            let z = Normal::standard().inverse_cdf((f64::from(i) + 0.5) / f64::from(n));
            cells().bed((mu + sigma * z).exp(), 0.035_464_09).expect("a dose")
        })
        .collect();
    let mean = beds.iter().map(|b| b.gy()).sum::<f64>() / f64::from(n);
    // E[BED] = 24 + G 24² e^{σ²}/1.5.
    close(mean, 24.0 + 0.035_464_09 * 576.0 * f64::exp(0.25) / 1.5, 5e-3);
    close(mean, 41.51, 0.05);
    close(equivalent_uniform_bed(&beds, &shares, &cells()).expect("shares").gy(), 21.81, 0.05);
}

#[test]
fn exact_equivalent_uniform_doses() {
    let eud = |n| generalised_eud_gy(&[10.0, 30.0], &[0.5, 0.5], n).expect("shares");
    close(eud(1.0), 20.0, 1e-12);
    close(eud(0.5), f64::sqrt(500.0), 1e-12);
    // Towards the largest as n falls: 30 · 2^{−n}.
    close(eud(0.001), 30.0 * 0.5_f64.powf(0.001), 1e-9);
    close(generalised_eud_gy(&[0.0, 0.0], &[0.5, 0.5], 0.5).expect("shares"), 0.0, 0.0);
    // An even BED is its own equivalent; half spared leaves half the cells, ln 2/α.
    let even = equivalent_uniform_bed(&[bed(30.0), bed(30.0)], &[0.5, 0.5], &cells());
    close(even.expect("shares").gy(), 30.0, 1e-12);
    let spared = equivalent_uniform_bed(&[bed(0.0), bed(1e4)], &[0.5, 0.5], &cells());
    close(spared.expect("shares").gy(), 2.0_f64.ln() / 0.147, 1e-9);
    let refused = generalised_eud_gy(&[10.0, 30.0], &[0.5, 0.6], 1.0).expect_err("refused");
    assert_eq!(refused.to_string(), "sum of the shares of the volume is 1.1; expected 1");
    assert!(generalised_eud_gy(&[], &[], 1.0).is_err());
    assert!(generalised_eud_gy(&[1.0], &[0.5, 0.5], 1.0).is_err());
}

proptest! {
    /// The equivalent lies between the extremes, and below the mean BED.
    #[test]
    fn prop_uniform_bed_is_between(a in 0.0..100.0_f64, b in 0.0..100.0_f64, share in 0.01..0.99_f64) {
        let found = equivalent_uniform_bed(&[bed(a), bed(b)], &[share, 1.0 - share], &cells());
        let found = found.expect("shares").gy();
        prop_assert!(found >= a.min(b) - 1e-9 && found <= share * a + (1.0 - share) * b + 1e-9);
    }

    /// More dose never lowers control nor raises survival without complication of the organ.
    #[test]
    fn prop_more_dose_more_effect(d in 0.0..200.0_f64, more in 0.0..50.0_f64) {
        let (low, high) = (bed(d), bed(d + more));
        let tcp = |b| tcp_poisson(1e7, &cells(), b).expect("a number");
        prop_assert!(tcp(high) >= tcp(low));
        let kidney = Lkb::kidney_bed();
        prop_assert!(kidney.ntcp(high) >= kidney.ntcp(low));
    }
}

/// 24 Gy, 51 h, α 0.147, doubling in 60 d: 338.6 h.
#[test]
fn val_critical_time() {
    let found = cells().critical_time_h(24.0, 51.0, 60.0 * 24.0).expect("numbers");
    close(found.expect("kills faster at first"), 338.6, 0.051);
    assert_eq!(cells().critical_time_h(0.1, 51.0, 60.0 * 24.0), Ok(None));
    // One doubling costs ln 2/α; before the kick-off nothing, and never below 0.
    let less = |t| cells().with_repopulation(bed(30.0), t, 100.0, 50.0).expect("times").gy();
    close(less(90.0), 30.0, 0.0);
    close(less(150.0), 30.0 - 2.0_f64.ln() / 0.147, 1e-12);
    close(less(1e6), 0.0, 0.0);
}

/// RBE of 5 for alphas of which all dose comes: five times the dose for the linear part.
#[test]
fn exact_mixed_radiation() {
    let found = Bed::<Radiobiological>::of_mixed(2.0, 1.0, 5.0, 0.1, 2.5).expect("doses");
    close(found.gy(), 10.0 + 1.0 + 0.1 * 9.0 / 2.5, 1e-12);
    let same = Bed::<Radiobiological>::of_mixed(2.0, 1.0, 1.0, 0.1, 2.5).expect("doses");
    close(
        same.gy(),
        Bed::<Radiobiological>::of_dose(3.0, 0.1, Some(2.5)).expect("a dose").gy(),
        1e-12,
    );
}

#[test]
fn exact_tumour_control() {
    // One cell expected left: 1/e.
    let n = 1.79e8_f64;
    let tcp = tcp_poisson(n, &cells(), bed(n.ln() / 0.147)).expect("a number");
    close(tcp, f64::exp(-1.0), 1e-6);
    close(tcp_poisson(n, &cells(), bed(0.0)).expect("a number"), 0.0, 0.0);
    close(tcp_poisson(0.0, &cells(), bed(0.0)).expect("a number"), 1.0, 0.0);
    // Radioembolisation: one half at D50 (292 Gy), slope γ50 there.
    let logistic = |d| tcp_logistic(d, 292.0, 1.2).expect("numbers");
    close(logistic(292.0), 0.5, 1e-15);
    close((logistic(292.0 * 1.001) - logistic(292.0 * 0.999)) / 0.002, 1.2, 1e-4);
    close(logistic(0.0), 0.0, 0.0);
    close(control_of_all(&[0.9, 0.8, 0.5]).expect("probabilities"), 0.36, 1e-12);
    assert!(control_of_all(&[1.2]).is_err());
    assert!(tcp_poisson(-1.0, &cells(), bed(1.0)).is_err());
}

/// Values of the design's reference, to its digits.
#[test]
fn val_complications_of_the_kidney() {
    let dose = Lkb::<OnDose>::kidney_dose();
    for (d, expected) in [(23.0, 0.0371), (25.0, 0.1420), (28.0, 0.5)] {
        close(dose.ntcp(d).expect("a dose"), expected, 5.1e-5);
    }
    let on_bed = Lkb::<OnBed>::kidney_bed();
    for (b, expected, digits) in [
        (28.0, 8.8e-5, 5.1e-7),
        (37.7, 0.0565, 5.1e-5),
        (40.0, 0.142, 5.1e-4),
        (44.8, 0.5, 1e-12),
        (50.0, 0.877, 5.1e-4),
    ] {
        close(on_bed.ntcp(bed(b)), expected, digits);
    }
    close(kidney_bed_limit_gy(true), 28.0, 0.0);
    close(kidney_bed_limit_gy(false), 40.0, 0.0);
    assert!(dose.ntcp(-1.0).is_err());
    assert!(Lkb::<OnDose>::new(28.0, 0.0, "").is_err());
    close(Lkb::parotid_dose().ntcp(39.9).expect("a dose"), 0.5, 1e-12);
}

#[test]
fn val_salivary_glands_and_checkpoint_inhibitors() {
    for (d, expected) in [(15.0, 0.39), (17.0, 0.45), (55.0, 0.98)] {
        close(dry_mouth(d, 0.0).expect("a dose"), expected, 5.1e-3);
    }
    assert!(dry_mouth(17.0, 0.5).expect("a dose") > 0.55);
    // Antibodies against PD-1 alone: 19.2 %, whatever the exposure.
    close(checkpoint_inhibitor_toxicity(0.0, true).expect("an exposure"), 0.192, 5.1e-4);
    let both = checkpoint_inhibitor_toxicity(100.0, true).expect("an exposure");
    assert!(both > checkpoint_inhibitor_toxicity(100.0, false).expect("an exposure"));
    assert!(checkpoint_inhibitor_toxicity(-1.0, true).is_err());
}

#[test]
fn exact_probabilities_combine() {
    close(combined_probability(&[0.1, 0.2]).expect("probabilities"), 0.28, 1e-12);
    close(combined_probability(&[]).expect("none"), 0.0, 0.0);
    close(combined_probability(&[0.3, 1.0]).expect("probabilities"), 1.0, 0.0);
    assert_eq!(
        combined_probability(&[1.5]).expect_err("refused").to_string(),
        "probability of an adverse event is 1.5; expected a probability between 0 and 1"
    );
    close(uncomplicated_control(0.8, &[0.1, 0.2]).expect("probabilities"), 0.8 * 0.72, 1e-12);
}
