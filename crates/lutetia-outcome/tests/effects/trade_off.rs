//! Shares, numbers needed to harm, utilities, net benefit.

use lutetia_outcome::survival::{Interval, KaplanMeier, SurvivalData};
use lutetia_outcome::trade_off::{
    UtilityWeights, net_benefit, number_needed_to_harm, paired_risk_difference, proportion,
    risk_difference,
};

use crate::close;

/// Newcombe 1998, Stat Med 17:857, table I (method 3) and 17:873, table II (method 10), to the digits
/// printed.
#[test]
fn val_wilson_and_newcombe() {
    for (events, patients, lower, upper) in [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ] {
        let found = proportion(events, patients, 0.95).expect("counts");
        close(found.lower, lower, 5.1e-5);
        close(found.upper, upper, 5.1e-5);
    }
    let of = |e, n| proportion(e, n, 0.95).expect("counts");
    let found = risk_difference(&of(56, 70), &of(48, 80));
    close(found.difference, 0.2, 1e-12);
    close(found.lower, 0.0524, 5.1e-5);
    close(found.upper, 0.3339, 5.1e-5);
    let found = risk_difference(&of(9, 10), &of(3, 10));
    close(found.lower, 0.1705, 5.1e-5);
    close(found.upper, 0.8090, 5.1e-5);
}

/// All of ten: the interval is that of none of ten, mirrored; none: z²/(n + z²).
#[test]
fn exact_wilson_at_the_ends() {
    let z2 = 1.959_963_984_540_054_f64.powi(2);
    let none = proportion(0, 10, 0.95).expect("counts");
    close(none.lower, 0.0, 0.0);
    close(none.upper, z2 / (10.0 + z2), 1e-10);
    let all = proportion(10, 10, 0.95).expect("counts");
    close(all.lower, 1.0 - none.upper, 1e-12);
    assert!(proportion(0, 0, 0.95).is_err());
    assert_eq!(
        proportion(11, 10, 0.95).expect_err("refused").to_string(),
        "11 events of 10 patients; count patients with an event, not events"
    );
}

/// VISION, grade 3 or worse: 52.7 % of 529 against 38.0 % of 205 is one more in 6.8.
#[test]
fn exact_number_needed_to_harm() {
    let (treated, control) = (proportion(279, 529, 0.95), proportion(78, 205, 0.95));
    let difference = risk_difference(&treated.expect("counts"), &control.expect("counts"));
    let found = number_needed_to_harm(&difference).expect("a difference");
    close(found.number, 1.0 / (279.0 / 529.0 - 78.0 / 205.0), 1e-12);
    let (low, high) = found.limits.expect("all on one side");
    assert!(low < found.number && found.number < high && low > 0.0);
    // A difference that may be none has no finite interval.
    let small = |e| proportion(e, 10, 0.95).expect("counts");
    let found = number_needed_to_harm(&risk_difference(&small(5), &small(4))).expect("a number");
    assert_eq!(found.limits, None);
    assert_eq!(
        number_needed_to_harm(&risk_difference(&small(5), &small(5)))
            .expect_err("refused")
            .to_string(),
        "the number needed to harm is not determined: both arms have the same share"
    );
}

/// The utility of 0.9 of a benefit and a risk of harm of one half, by hand; the benefit as a share and in months.
#[test]
fn exact_utilities_and_their_weights() {
    let weights = UtilityWeights::new(0.6, 0.4).expect("weights");
    close(weights.utility(0.9, 1.0, 0.5), 0.74, 1e-12);
    close(weights.utility(21.6, 24.0, 0.5), 0.74, 1e-12);
    let refused = |b, h| UtilityWeights::new(b, h).expect_err("refused").to_string();
    assert_eq!(
        refused(0.6, 0.5),
        "the weights of benefit 0.6 and of harm 0.5 add to 1.1, expected 1; divided by their sum they are 0.5455 and 0.4545"
    );
    assert!(refused(0.0, 0.0).ends_with("add to 0, expected 1"));
    assert!(refused(1.5, -0.5).starts_with("weight of the harm is -0.5"));
    assert!(refused(f64::NAN, 0.5).starts_with("weight of the benefit is NaN"));
}

#[test]
fn exact_net_benefit() {
    let curve = |scale: f64| {
        let time = (1..=20).map(|i| scale * f64::from(i)).collect();
        let data = SurvivalData::new(time, vec![true; 20]).expect("data");
        KaplanMeier::fit(&data, Interval::Log, 0.95).expect("a curve").rmst(18.0).expect("a mean")
    };
    let gain = curve(1.5).minus(&curve(1.0), 0.95).expect("one horizon");
    let of = |e| proportion(e, 100, 0.95).expect("counts");
    let harm = risk_difference(&of(40), &of(20));
    let free = net_benefit(&gain, &harm, 0.0, 0.95).expect("a price");
    // At no price it is the gain with its own interval.
    close(free.net, gain.difference, 1e-12);
    close(free.lower, gain.lower, 1e-9);
    let priced = net_benefit(&gain, &harm, 6.0, 0.95).expect("a price");
    close(priced.net, gain.difference - 1.2, 1e-12);
    assert!(priced.upper - priced.lower > free.upper - free.lower);
    let even = priced.break_even_price.expect("more harm");
    close(net_benefit(&gain, &harm, even, 0.95).expect("a price").net, 0.0, 1e-12);
    assert_eq!(
        net_benefit(&gain, &risk_difference(&of(10), &of(20)), 1.0, 0.95)
            .expect("a price")
            .break_even_price,
        None
    );
    assert!(net_benefit(&gain, &harm, -1.0, 0.95).is_err());
    let other = curve(1.0);
    let short = KaplanMeier::fit(
        &SurvivalData::new(vec![1.0, 2.0], vec![true, true]).expect("data"),
        Interval::Log,
        0.95,
    )
    .expect("a curve")
    .rmst(2.0)
    .expect("a mean");
    assert_eq!(
        short.minus(&other, 0.95).expect_err("refused").to_string(),
        "restricted means to 2 and to 18 are compared; take the same horizon for both"
    );
}

/// Newcombe 1998, Stat Med 17:2635, table II, method 10 (recalled, and computed again from the formula in
/// another language), to the digits printed there.
#[test]
fn val_newcombe_for_pairs() {
    for (both, treated, control, neither, lower, upper) in [
        (36.0, 12.0, 2.0, 0.0, 0.0569, 0.3404),
        (20.0, 12.0, 2.0, 16.0, 0.0562, 0.3292),
        (53.0, 0.0, 1.0, 0.0, -0.0977, 0.0496),
        (54.0, 0.0, 0.0, 0.0, -0.0664, 0.0664),
        (0.0, 29.0, 1.0, 0.0, 0.6666, 0.9882),
    ] {
        let found = paired_risk_difference(both, treated, control, neither, 0.95).expect("pairs");
        close(found.difference, (treated - control) / (both + treated + control + neither), 1e-12);
        close(found.lower, lower, 5.1e-5);
        close(found.upper, upper, 5.1e-5);
    }
}

/// Pairs without correlation (ad = bc) are two samples; nobody harmed leaves Wilson's upper limit; numbers
/// that are not counts are refused.
#[test]
fn exact_pairs_without_correlation_are_two_samples() {
    let found = paired_risk_difference(6.0, 14.0, 24.0, 56.0, 0.95).expect("pairs");
    let of = |e| proportion(e, 100, 0.95).expect("counts");
    let apart = risk_difference(&of(20), &of(30));
    close(found.lower, apart.lower, 1e-12);
    close(found.upper, apart.upper, 1e-12);
    let none = paired_risk_difference(0.0, 0.0, 0.0, 60.0, 0.95).expect("pairs");
    close(none.upper, proportion(0, 60, 0.95).expect("counts").upper, 1e-12);
    assert!(paired_risk_difference(0.0, 0.0, 0.0, 0.0, 0.95).is_err());
    assert!(paired_risk_difference(-1.0, 0.0, 0.0, 60.0, 0.95).is_err());
}
