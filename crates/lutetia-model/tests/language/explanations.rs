//! What is said of a model.

use lutetia_model::{Distribution, Fate, Model, Variability, explain, explain_latex, explain_text};
use lutetia_testkit::{Build, amount, num, receptor};

fn sums(model: &Model) -> Vec<(String, Vec<String>)> {
    explain(model).laws.into_iter().map(|l| (l.sum, l.changed_by)).collect()
}

#[test]
fn exact_receptor_model_conserves_its_receptors() {
    let names = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        sums(&receptor(true, true).0),
        [
            ("R.tumour + LR.tumour".to_owned(), names(&[])),
            ("L.plasma + L.tumour + LR.tumour + Li.tumour".to_owned(), names(&["excrete"])),
        ]
    );
}

#[test]
fn exact_a_lost_complex_breaks_the_receptor_law_and_a_freed_receptor_keeps_it() {
    let mut b = receptor(true, true);
    b.0.labels[0].decayed = Fate { cold: false, products: Vec::new() };
    let laws = sums(&b.0);
    assert!(laws.iter().all(|(_, changed)| !changed.is_empty()), "{laws:?}");
    let receptors = laws.iter().find(|l| l.0 == "R.tumour + LR.tumour");
    assert_eq!(receptors.map(|l| l.1.clone()), Some(vec!["decay".to_owned()]));
    // Species 2 is LR, 1 is R.
    b.0.species[2].decayed = Some(Fate { cold: false, products: vec![1] });
    assert_eq!(sums(&b.0)[0], ("R.tumour + LR.tumour".to_owned(), Vec::new()));
}

#[test]
fn exact_multiplicities_weigh_in_the_law() {
    let mut b = Build::new("dimer");
    let v = b.compartment("v", num(1.0));
    let (a, d) = (b.species("A"), b.species("D"));
    let (a, d) = (b.pool(a, v, None), b.pool(d, v, None));
    b.mass_action("pair", &[a], &[d], num(1.0), 0);
    b.0.processes[0].reactants[0].1 = 2.0;
    assert_eq!(sums(&b.0), [("A.v + 2*D.v".to_owned(), Vec::new())]);
}

#[test]
fn exact_chain_of_many_states_has_one_law() {
    // 300 pools in a ring: exactly one conserved sum, with all of them.
    let mut b = Build::new("ring");
    let v = b.compartment("v", num(1.0));
    let pools: Vec<usize> = (0..300)
        .map(|k| {
            let species = b.species(&format!("X{k}"));
            b.pool(species, v, None)
        })
        .collect();
    for k in 0..300 {
        b.mass_action(&format!("p{k}"), &[pools[k]], &[pools[(k + 1) % 300]], num(1.0), 0);
    }
    let laws = sums(&b.0);
    assert_eq!(laws.len(), 1);
    assert_eq!(laws[0].0.matches(" + ").count(), 299);
}

fn described() -> Model {
    let mut b = receptor(true, true);
    b.0.title = "Hot and cold ligand compete for one receptor pool".to_owned();
    b.0.parameters[2].iiv = Some(Variability {
        sd: (1.0 + 0.3_f64 * 0.3).ln().sqrt(),
        distribution: Distribution::LogNormal,
    });
    b.0.parameters[2].source = Some("doi:10.0000/example_1".to_owned());
    b.0.parameters[4].fixed = true;
    let km = num(2.0);
    b.flux("metabolise", &[0], &[], num(3.0) * amount(0) / (km + amount(0)));
    b.0
}

#[test]
fn regress_explanation_as_text() {
    insta::assert_snapshot!(explain_text(&described()));
}

#[test]
fn regress_explanation_as_latex() {
    insta::assert_snapshot!(explain_latex(&described()));
}

#[test]
fn exact_explanation_serialises() {
    let json = serde_json::to_value(explain(&described())).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(json["id"], "psma-minimal");
    assert_eq!(json["parameters"][2]["iiv"], "30 %");
    assert_eq!(json["equations"][0]["state"], "L.plasma.cold");
}
