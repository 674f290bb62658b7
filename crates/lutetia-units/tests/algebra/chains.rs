//! Decay chains: closed forms, conservation, linearity.

use lutetia_units::{Branch, DecayChain, MeanEnergy, Nuclide, NuclideError, NuclideTable};
use proptest::prelude::*;

fn nuclide(name: &str, half_life_s: f64, branches: &[(&str, f64)]) -> Nuclide {
    Nuclide {
        name: name.to_owned(),
        half_life_s,
        half_life_sd_s: None,
        branches: branches
            .iter()
            .map(|(daughter, fraction)| Branch {
                daughter: (*daughter).to_owned(),
                fraction: *fraction,
                mode: "B-".to_owned(),
            })
            .collect(),
        energy: MeanEnergy { electron_mev: 1.0, ..MeanEnergy::default() },
        source: "invented".to_owned(),
    }
}

fn chain(rows: Vec<Nuclide>) -> DecayChain {
    let head = rows[0].name.clone();
    DecayChain::of(&NuclideTable::from_nuclides(rows).expect("consistent"), &head).expect("there")
}

#[test]
fn exact_equal_half_lives() {
    // k equal members: Erlang, (λt)^k·e^(−λt)/k!.
    let chain = chain(vec![
        nuclide("A-1", 10.0, &[("B-2", 1.0)]),
        nuclide("B-2", 10.0, &[("C-3", 1.0)]),
        nuclide("C-3", 10.0, &[("D-4", 1.0)]),
        nuclide("D-4", f64::INFINITY, &[]),
    ]);
    for t in [1e-6, 0.1, 10.0, 40.0, 300.0] {
        let z = std::f64::consts::LN_2 / 10.0 * t;
        let amounts = chain.amounts(t);
        let mut expected = (-z).exp();
        for (k, found) in amounts[..3].iter().enumerate() {
            // Divided differences of a few nodes: some ulps a level.
            assert!((found / expected - 1.0).abs() < 1e-13, "{t} {k}: {found} {expected}");
            expected *= z / (k + 1) as f64;
        }
    }
}

#[test]
fn exact_secular_equilibrium() {
    // 212Po (0.3 us) under a parent of a year: both activities are the same to λ₁/λ₂ ≈ 1e-14.
    let chain = chain(vec![
        nuclide("A-1", 3.15e7, &[("B-2", 1.0)]),
        nuclide("B-2", 3e-7, &[("C-3", 1.0)]),
        nuclide("C-3", f64::INFINITY, &[]),
    ]);
    for t in [1.0, 1e5, 3e7, 1e9] {
        let a = chain.activities(t);
        assert!((a[1] / a[0] - 1.0).abs() < 1e-13, "{t}: {a:?}");
    }
    let decays = chain.decays(1e7);
    assert!((decays[0] + (-1e7 * std::f64::consts::LN_2 / 3.15e7).exp() - 1.0).abs() < 1e-14);
}

#[test]
fn exact_limits_of_time() {
    let chain = chain(vec![
        nuclide("A-1", 1.0, &[("B-2", 0.25), ("C-3", 0.75)]),
        nuclide("B-2", 1e-3, &[("C-3", 1.0)]),
        nuclide("C-3", f64::INFINITY, &[]),
    ]);
    assert_eq!(chain.amounts(0.0), [1.0, 0.0, 0.0]);
    assert_eq!(chain.amounts(f64::INFINITY), [0.0, 0.0, 1.0]);
    assert_eq!(chain.amounts(f64::NAN), [1.0, 0.0, 0.0]);
    assert_eq!(chain.decays(f64::INFINITY), chain.decays_to_infinity());
    assert_eq!(chain.decays_to_infinity(), [1.0, 0.25, 0.0]);
    // All of the head's decays and a quarter of a decay of its daughter, 1 MeV each.
    assert!((chain.equilibrium_energy(&[]).electron_mev - 1.25 - 1.0).abs() < 1e-12);
    assert!((chain.equilibrium_energy(&["B-2"]).electron_mev - 1.75).abs() < 1e-12);
}

#[test]
fn exact_tables_that_contradict_themselves() {
    let of = |rows| NuclideTable::from_nuclides(rows).expect_err("a contradiction");
    let stable = || nuclide("C-3", f64::INFINITY, &[]);
    assert!(matches!(
        of(vec![nuclide("A-1", 1.0, &[("B-2", 1.0)])]),
        NuclideError::MissingDaughter { .. }
    ));
    assert!(matches!(
        of(vec![nuclide("A-1", 1.0, &[("C-3", 0.9)]), stable()]),
        NuclideError::Fractions { .. }
    ));
    assert!(matches!(of(vec![nuclide("A-1", -1.0, &[])]), NuclideError::HalfLife { .. }));
    assert!(matches!(of(vec![stable(), stable()]), NuclideError::Duplicate { .. }));
    let round = vec![nuclide("A-1", 1.0, &[("B-2", 1.0)]), nuclide("B-2", 1.0, &[("A-1", 1.0)])];
    assert!(matches!(of(round), NuclideError::Cycle { .. }));
}

#[test]
fn exact_names_of_nuclides() {
    let table = NuclideTable::from_nuclides(vec![
        nuclide("Lu-177m", 1.4e7, &[("Lu-177", 0.227), ("Hf-177", 0.773)]),
        nuclide("Lu-177", 5.7e5, &[("Hf-177", 1.0)]),
        nuclide("Hf-177", f64::INFINITY, &[]),
    ])
    .expect("consistent");
    for text in ["Lu-177", "177Lu", "lu177", "177-Lu", " LU 177 "] {
        assert_eq!(table.get(text).expect(text).name, "Lu-177");
    }
    for text in ["Lu-177m", "177mLu", "lu177m"] {
        assert_eq!(table.get(text).expect(text).name, "Lu-177m");
    }
    let error = table.get("Lu-176").expect_err("not in the table");
    assert_eq!(
        error.to_string(),
        "unknown nuclide `Lu-176`, did you mean `Lu-177`?; known are Lu-177, Lu-177m"
    );
}

fn any_chain() -> impl Strategy<Value = DecayChain> {
    // Half-lives from 1e-7 s to 1e9 s, each member to the next and, past it, to one further on.
    prop::collection::vec((-7.0..9.0f64, 0.0..1.0f64), 1..9).prop_map(|members| {
        let name = |i: usize| format!("X-{}", i + 1);
        let n = members.len();
        let mut rows: Vec<Nuclide> = members
            .iter()
            .enumerate()
            .map(|(i, (log, fraction))| {
                let mut row = nuclide(&name(i), 10f64.powf(*log), &[(&name(i + 1), 1.0)]);
                if i + 2 <= n {
                    row.branches[0].fraction = *fraction;
                    row.branches.push(Branch {
                        daughter: name(i + 2),
                        fraction: 1.0 - fraction,
                        mode: "A".to_owned(),
                    });
                }
                row
            })
            .collect();
        rows.push(nuclide(&name(n), f64::INFINITY, &[]));
        chain(rows)
    })
}

proptest! {
    #[test]
    fn prop_atoms_are_conserved(chain in any_chain(), log_t in -9.0..12.0f64) {
        let amounts = chain.amounts(10f64.powf(log_t));
        prop_assert!(amounts.iter().all(|n| (0.0..=1.0 + 1e-12).contains(n)), "{:?}", amounts);
        // Up to 34 paths of up to 9 members: rounding of each.
        prop_assert!((amounts.iter().sum::<f64>() - 1.0).abs() < 1e-11, "{:?}", amounts);
    }

    #[test]
    fn prop_what_decayed_is_what_is_gone(chain in any_chain(), log_t in -9.0..12.0f64) {
        let t = 10f64.powf(log_t);
        let (decays, amounts) = (chain.decays(t), chain.amounts(t));
        // The head: decays = 1 − N₁(t); every decay lands on a member, so decays are also arrivals.
        prop_assert!((decays[0] + amounts[0] - 1.0).abs() < 1e-13);
        for (i, member) in chain.members().iter().enumerate().skip(1) {
            let arrived: f64 = chain.members().iter().zip(&decays).map(|(from, n)| {
                let to = from.branches.iter().filter(|b| b.daughter == member.name);
                n * to.map(|b| b.fraction).sum::<f64>()
            }).sum();
            prop_assert!((arrived - decays[i] - amounts[i]).abs() < 1e-11);
        }
    }

    #[test]
    fn prop_two_steps_are_one(chain in any_chain(), log_t in -6.0..9.0f64, part in 0.01..0.99f64) {
        // Markov: amounts after t from those after a part of it.
        let t = 10f64.powf(log_t);
        let whole = chain.amounts(t);
        let stepped = chain.amounts_from(&chain.amounts(part * t), (1.0 - part) * t);
        for (a, b) in whole.iter().zip(&stepped) {
            // 1e-10 of the amount, and what rounding leaves of members that have long gone.
            prop_assert!((a - b).abs() < 1e-10 * a.max(1e-6), "{} {}", a, b);
        }
    }
}
