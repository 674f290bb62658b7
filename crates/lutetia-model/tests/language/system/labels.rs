//! Hot and cold forms, decay and its fates.

use lutetia_model::{Binding, CompileError, Fate, Model, compile, system::DoseTargetError};
use lutetia_testkit::{Build, activity, amount, num, receptor};

use super::{
    DAY, Numbers, compiled,
    derivatives::{growing, saturable},
    table,
};

/// Sums of a handful of terms of order ten.
const ROUNDING: f64 = 1e-12;

fn assert_close(a: f64, b: f64, scale: f64, what: &str) {
    assert!((a - b).abs() <= ROUNDING * scale.max(1.0), "{what}: {a} against {b}");
}

#[test]
fn exact_hot_plus_cold_moves_like_the_unlabelled_model() {
    // With decay to cold, the sum over the forms obeys the unlabelled equations exactly.
    let (plain, labelled) = (
        compiled(&receptor(false, true).0, &[]),
        compiled(&receptor(true, true).0, &["Lu-177", "In-111"]),
    );
    let mut numbers = Numbers(7);
    let x = numbers.states(labelled.states().len());
    let total = |v: &[f64]| -> Vec<f64> {
        plain
            .states()
            .iter()
            .map(|s| {
                labelled
                    .states()
                    .iter()
                    .zip(v)
                    .filter(|(l, _)| l.species == s.species && l.place == s.place)
                    .map(|(_, v)| v)
                    .sum()
            })
            .collect()
    };
    let mut dx = vec![0.0; x.len()];
    labelled.evaluator().rhs(0.0, &x, &[], &mut dx);
    let mut expected = vec![0.0; plain.states().len()];
    plain.evaluator().rhs(0.0, &total(&x), &[], &mut expected);
    for (i, (a, b)) in total(&dx).iter().zip(&expected).enumerate() {
        assert_close(*a, *b, 1e3, &plain.states()[i].name);
    }
}

#[test]
fn exact_saturable_share_is_proportional() {
    // Both ways of sharing an explicit flux give each form flux·form/total.
    let system = compiled(&saturable(), &["Lu-177"]);
    let lambda = system.nuclides()[0].lambda;
    let (cold_b, hot_b, cold_c, hot_c) = (1.5, 0.5, 0.4, 0.1);
    let mut dx = [0.0; 4];
    system.evaluator().rhs(0.0, &[cold_b, hot_b, cold_c, hot_c], &[], &mut dx);
    let c: f64 = 2.0 / 2.0;
    let elimination = 3.0 * c / (0.7 + c);
    let uptake = 3.0 * c.powf(1.7) / (0.7_f64.powf(1.7) + c.powf(1.7));
    let leak = 0.3;
    let share = hot_b / (cold_b + hot_b);
    let back = hot_c / (cold_c + hot_c);
    assert_close(
        dx[1],
        -(elimination + uptake) * share + leak * back - lambda * hot_b,
        1.0,
        "hot blood",
    );
    assert_close(dx[3], uptake * share - leak * back - lambda * hot_c, 1.0, "hot cell");
    assert_close(
        dx[2],
        uptake * (1.0 - share) - leak * (1.0 - back) + lambda * hot_c,
        1.0,
        "cold cell",
    );
}

#[test]
fn exact_names_decay_constants_and_activity() {
    let system = compiled(&receptor(true, true).0, &["Lu-177"]);
    let names: Vec<&str> = system.states().iter().map(|s| s.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "L.plasma.cold",
            "L.plasma.hot",
            "L.tumour.cold",
            "L.tumour.hot",
            "R.tumour",
            "LR.tumour.cold",
            "LR.tumour.hot",
            "Li.tumour.cold",
            "Li.tumour.hot"
        ]
    );
    let lutetium = &system.nuclides()[0];
    assert_close(lutetium.lambda, std::f64::consts::LN_2 / (6.6443 * 24.0), 1.0, "per hour");
    // 7400 MBq of Lu-177 is 10.18 nmol (design, section 3).
    let amount = 7400.0 / lutetium.activity_per_amount;
    assert!((amount - 10.18).abs() < 0.005, "{amount} nmol");
    let mut x = vec![0.0; names.len()];
    x[1] = amount;
    let mut y = [0.0; 3];
    system.evaluator().outputs(0.0, &x, &[], &mut y);
    assert_close(y[1], 7400.0, 7400.0, "activity in plasma");
    assert_close(y[2], amount / 3.0, 10.0, "concentration in plasma");
    let mut start = vec![0.0; names.len()];
    system.evaluator().initial(&mut start);
    assert_close(start[4], 1.0, 1.0, "50 nmol/L in 0.02 L");
}

#[test]
fn exact_one_output_per_nuclide_where_several_are_seen() {
    let system = compiled(&receptor(true, true).0, &["Lu-177", "In-111"]);
    let names: Vec<&str> = system.outputs().iter().map(|o| o.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "A_tumour",
            "A_tumour(Lu-177)",
            "A_tumour(In-111)",
            "A_plasma",
            "A_plasma(Lu-177)",
            "A_plasma(In-111)",
            "C_plasma"
        ]
    );
    assert_eq!(system.states()[1].name, "L.plasma.hot(Lu-177)");
    let x = Numbers(3).states(system.states().len());
    let mut y = vec![0.0; 7];
    system.evaluator().outputs(0.0, &x, &[], &mut y);
    assert_close(y[0], y[1] + y[2], y[0], "sum over nuclides");
    assert!(y[1] > 0.0 && y[2] > 0.0);
}

/// A labelled ligand in blood whose decay gives the species named, each with its nuclide.
fn chain(daughters: &[(&str, &str)], products: &[usize]) -> Build {
    let mut b = Build::new("chain");
    let blood = b.compartment("blood", num(1.0));
    let l = b.species("L");
    let mut made = Vec::new();
    for (name, nuclide) in daughters {
        let species = b.species(name);
        b.0.species[species].nuclide = Some((*nuclide).to_owned());
        made.push(species);
    }
    let products: Vec<usize> = products.iter().map(|&k| made[k]).collect();
    b.label(&[l], Fate { cold: true, products: products.clone() });
    b.pool(l, blood, None);
    for species in made {
        b.pool(species, blood, None);
    }
    b
}

#[test]
fn exact_yields_of_the_actinium_and_lead_chains() {
    // Ac-225 reaches Bi-213 in every decay (through Fr-221 and At-217, prompt here), and Bi-213
    // reaches Pb-209 in every decay, Tl-209 in 2.2 %.
    let mut b = chain(&[("Bi", "Bi-213"), ("Tl", "Tl-209")], &[0]);
    b.0.species[1].decayed = Some(Fate { cold: false, products: vec![2] });
    let system = compiled(&b.0, &["Ac-225"]);
    let names: Vec<&str> = system.states().iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, ["L.blood.cold", "L.blood.hot", "Bi.blood", "Tl.blood"]);
    let lambda: Vec<f64> = system.nuclides().iter().map(|n| n.lambda).collect();
    let mut dx = [0.0; 4];
    system.evaluator().rhs(0.0, &[5.0, 2.0, 0.3, 0.1], &[], &mut dx);
    assert_close(dx[0], lambda[0] * 2.0, 1.0, "cold ligand stays");
    assert_close(dx[1], -lambda[0] * 2.0, 1.0, "hot ligand");
    assert_close(dx[2], lambda[0] * 2.0 - lambda[1] * 0.3, 1.0, "Bi-213");
    assert_close(dx[3], 0.022 * lambda[1] * 0.3 - lambda[2] * 0.1, 1.0, "Tl-209");

    // Pb-212: every decay gives Bi-212; of two daughters named together, Tl-208 comes only from
    // decays that do not pass Bi-212 first (none), and alone with its branch.
    let system = compiled(&chain(&[("Bi", "Bi-212"), ("Tl", "Tl-208")], &[0, 1]).0, &["Pb-212"]);
    system.evaluator().rhs(0.0, &[0.0, 1.0, 0.0, 0.0], &[], &mut dx);
    let lead = std::f64::consts::LN_2 / 38_160.0 * 3600.0;
    assert_close(dx[2], lead, 1.0, "Bi-212 in every decay");
    assert_close(dx[3], 0.0, 1.0, "Tl-208 only through Bi-212");
    let system = compiled(&chain(&[("Tl", "Tl-208")], &[0]).0, &["Pb-212"]);
    let mut dx = [0.0; 3];
    system.evaluator().rhs(0.0, &[0.0, 1.0, 0.0], &[], &mut dx);
    assert_close(dx[2], 0.3594 * lead, 1.0, "Tl-208 with its branch");
}

#[test]
fn exact_a_lost_receptor_complex_frees_its_receptor() {
    let system = compiled(&growing(), &["Lu-177"]);
    let index = |name: &str| system.state_index(name).unwrap_or_else(|| panic!("{name}"));
    let mut x = vec![0.0; system.states().len()];
    x[index("LR.tumour.hot")] = 2.0;
    x[index("mass")] = 7.0;
    let mut dx = vec![0.0; x.len()];
    system.evaluator().rhs(0.0, &x, &[0.0], &mut dx);
    let lambda = system.nuclides()[0].lambda;
    assert_close(dx[index("LR.tumour.hot")], -2.0 * lambda, 1.0, "decays");
    assert_close(dx[index("LR.tumour.cold")], 0.0, 1.0, "is lost");
    // growth·exp(…)·max(R, LR) makes receptors as well; at t < 1 and R = 0 it is the only other term.
    let growth = 0.01 * f64::exp(1e-5 * 1000.0);
    assert_close(dx[index("R.tumour")], 2.0 * lambda + growth * 2.0, 1.0, "freed");
}

#[test]
fn exact_doses_know_their_states() {
    let system = compiled(&receptor(true, true).0, &["Lu-177"]);
    let target = system.dose_target("L.plasma").unwrap_or_else(|e| panic!("{e}"));
    assert_eq!((target.hot, target.cold), (vec![(0, 1)], Some(0)));
    let message =
        |name: &str| system.dose_target(name).map_or_else(|e| e.to_string(), |t| format!("{t:?}"));
    assert!(message("L.plazma").contains("did you mean `L.plasma`?"), "{}", message("L.plazma"));
    assert!(
        matches!(system.dose_target("L.plasma.hot"), Err(DoseTargetError::Form { pool, .. }) if pool == "L.plasma")
    );
    let growing = compiled(&growing(), &["Lu-177"]);
    assert!(
        matches!(growing.dose_target("mass"), Err(DoseTargetError::NotAnAmount { unit, .. }) if unit == "g")
    );
}

#[test]
fn exact_bindings_that_cannot_be() {
    let table = table();
    let error = |model: &Model, binding: &Binding<'_>| {
        compile(model, binding).map_or_else(|e| e, |_| panic!("compiled"))
    };
    let model = receptor(true, true).0;
    let unbound = error(&model, &Binding::new(&table));
    assert!(matches!(&unbound, CompileError::Unbound { group, .. } if group == "label"));
    assert!(unbound.to_string().contains("`L`, `LR`, `Li`"), "{unbound}");
    assert!(matches!(
        error(&model, &Binding::all(&table, ["Lu-178"])),
        CompileError::UnknownNuclide { .. }
    ));
    assert!(matches!(
        error(&model, &Binding::all(&table, ["Hf-177"])),
        CompileError::Stable { .. }
    ));
    assert!(matches!(
        error(&model, &Binding::all(&table, ["Lu-177", "177Lu"])),
        CompileError::BoundTwice { .. }
    ));
    assert!(matches!(
        error(&model, &Binding::all(&table, ["Lu-177"]).with("lable", ["Lu-177"])),
        CompileError::UnknownGroup { .. }
    ));
    let wrong = error(&chain(&[("Bi", "Bi-213")], &[0]).0, &Binding::all(&table, ["Pb-212"]));
    assert!(wrong.to_string().contains("Pb-212 → Bi-212"), "{wrong}");
    // Beside a nuclide that has the daughter, one that lacks it yields none of it.
    let tandem = compiled(&chain(&[("Bi", "Bi-213")], &[0]).0, &["Ac-225", "Lu-177"]);
    let mut dx = [0.0; 4];
    tandem.evaluator().rhs(0.0, &[0.0, 0.0, 1.0, 0.0], &[], &mut dx);
    assert_close(dx[3], 0.0, 1.0, "no Bi-213 from Lu-177");
    tandem.evaluator().rhs(0.0, &[0.0, 1.0, 0.0, 0.0], &[], &mut dx);
    assert_close(dx[3], tandem.nuclides()[0].lambda, 1.0, "Bi-213 from Ac-225");
    let mut elsewhere = chain(&[("Bi", "Bi-213")], &[0]);
    let other = elsewhere.compartment("bone", num(1.0));
    elsewhere.0.pools[1].place = other;
    let wrong = error(&elsewhere.0, &Binding::all(&table, ["Ac-225"]));
    assert!(matches!(wrong, CompileError::ProductNotThere { .. }), "{wrong}");
}

#[test]
fn exact_activity_of_a_daughter_species() {
    let mut b = chain(&[("Bi", "Bi-213")], &[0]);
    b.output("A_Bi", "MBq", activity(1));
    b.output("amount", "nmol", amount(1));
    let system = compiled(&b.0, &["Ac-225"]);
    let mut y = [0.0; 2];
    system.evaluator().outputs(0.0, &[0.0, 0.0, 1.0], &[], &mut y);
    let expected = std::f64::consts::LN_2 / 2736.0 * lutetia_units::AVOGADRO * 1e-9 / 1e6;
    assert_close(y[0], expected, expected, "Bi-213");
    assert_close(y[1], 1.0, 1.0, "amount");
    assert!((DAY - 86_400.0).abs() < ROUNDING);
}
