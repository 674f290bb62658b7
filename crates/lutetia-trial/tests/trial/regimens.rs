//! Regimens under limits whose optimum is known.

use lutetia_trial::regimen::{Assessed, Knob, Proposal, RegimenLimit, options, propose};

use crate::build::message;

fn knob(name: &str, lower: f64, upper: f64, whole: bool) -> Knob {
    Knob { name: name.to_owned(), lower, upper, whole }
}

fn limit(name: &str, most: f64) -> RegimenLimit {
    RegimenLimit { name: name.to_owned(), most }
}

/// Activity a per cycle, n cycles. Control 1 − exp(−a·n/20); kidney 4·a·n Gy; marrow a (per cycle).
fn course(x: &[f64]) -> Result<Assessed, &'static str> {
    let total = x[0] * x[1];
    Ok(Assessed { benefit: 1.0 - (-total / 20.0).exp(), limited: vec![4.0 * total, x[0]] })
}

fn knobs() -> Vec<Knob> {
    vec![knob("activity", 1.0, 12.0, false), knob("cycles", 1.0, 6.0, true)]
}

#[test]
fn exact_the_binding_limit_fixes_the_regimen() {
    // 4·a·n ≤ 100 binds: a·n = 25 with n whole and a ≤ 8.
    let limits = [limit("kidney", 100.0), limit("marrow", 8.0)];
    let found = propose(&knobs(), &limits, &options(24, 60, 1, None), &course).unwrap();
    let Proposal::Found { values, benefit, limits, .. } = &found else { panic!("{found:?}") };
    assert!((values[0] * values[1] - 25.0).abs() < 0.05, "{values:?}");
    assert!((values[1] - values[1].round()).abs() < 1e-12);
    // The search settles to 1e-6 of the cost or runs its 60 rounds; 1e-3 is ample.
    assert!((benefit - (1.0 - (-1.25_f64).exp())).abs() < 1e-3);
    assert!(limits[0].binds());
    assert!(found.sentence().contains("kidney"), "{}", found.sentence());
}

#[test]
fn exact_without_a_limit_the_bounds_decide() {
    let found = propose(&knobs(), &[limit("kidney", 1e6)], &options(24, 60, 1, None), &|x| {
        course(x).map(|a| Assessed { limited: a.limited[..1].to_vec(), ..a })
    })
    .unwrap();
    let Proposal::Found { values, .. } = &found else { panic!("{found:?}") };
    assert!((values[0] - 12.0).abs() < 0.01 && (values[1] - 6.0).abs() < 1e-9, "{values:?}");
    assert_eq!(
        found.sentence(),
        "the benefit is kept down by the bound 12 of `activity` and the bound 6 of `cycles`"
    );
}

/// A greatest benefit inside all bounds and limits is said to be that, and not laid on a bound.
#[test]
fn exact_an_optimum_within_is_said_so() {
    let inside =
        |x: &[f64]| Ok::<_, &str>(Assessed { benefit: -(x[0] - 6.0).powi(2), limited: vec![x[0]] });
    let knobs = [knob("activity", 1.0, 12.0, false)];
    let found =
        propose(&knobs, &[limit("marrow", 8.0)], &options(16, 40, 1, None), &inside).unwrap();
    assert!(found.sentence().starts_with("neither a limit nor a bound"), "{}", found.sentence());
    // A limit that moves in steps lies far below what it may be, and still keeps the next step away.
    let stepped = |x: &[f64]| {
        Ok::<_, &str>(Assessed {
            benefit: x[0],
            limited: vec![if x[0] > 6.0 { 100.0 } else { 0.0 }],
        })
    };
    let found =
        propose(&knobs, &[limit("harm", 50.0)], &options(16, 40, 1, None), &stepped).unwrap();
    assert_eq!(found.sentence(), "the benefit is kept down by `harm`");
}

#[test]
fn exact_limits_that_no_regimen_meets_are_named() {
    // The least kidney dose is 4 Gy at 1 GBq once.
    let limits = [limit("kidney", 2.0), limit("marrow", 8.0)];
    let found = propose(&knobs(), &limits, &options(16, 30, 1, None), &course).unwrap();
    let Proposal::Impossible { nearest, broken, .. } = &found else { panic!("{found:?}") };
    assert_eq!(broken.len(), 1);
    assert_eq!(broken[0].name, "kidney");
    // 16 points over 30 rounds come within 1 % of the corner.
    assert!((broken[0].least.unwrap() - 4.0).abs() < 0.04, "{broken:?}");
    assert!((nearest[0] - 1.0).abs() < 0.05 && (nearest[1] - 1.0).abs() < 1e-9);
    let said = found.sentence();
    assert!(
        said.contains("`kidney` cannot be below 4.0") && said.contains("2.0000 at most"),
        "{said}"
    );
    // Each alone can be met, both together cannot: a ≥ 8 as 16 − a ≤ 8, and a ≤ 4.
    let both = propose(
        &[knob("activity", 1.0, 12.0, false)],
        &[limit("tumour escape", 8.0), limit("marrow", 4.0)],
        &options(16, 30, 1, None),
        &|x| Ok::<_, &str>(Assessed { benefit: 0.0, limited: vec![16.0 - x[0], x[0]] }),
    )
    .unwrap();
    assert!(both.sentence().contains("not together"), "{}", both.sentence());
}

#[test]
fn regress_messages_about_regimens() {
    let ask = |knobs: &[Knob], limits: &[RegimenLimit]| {
        message(propose(knobs, limits, &options(8, 2, 1, None), &course))
    };
    let found = [
        ask(&[], &[]),
        ask(&[knob("activity", 5.0, 1.0, false)], &[]),
        ask(&knobs(), &[limit("kidney", 0.0)]),
        message(propose(&knobs(), &[], &options(2, 2, 1, None), &course)),
        message(propose(&knobs(), &[], &options(8, 2, 1, None), &|_| {
            Err("dose 1: `olaparib.gut` is not a pool of the model")
        })),
    ];
    insta::assert_snapshot!(found.join("\n"));
}
