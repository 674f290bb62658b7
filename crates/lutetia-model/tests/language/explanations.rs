//! What is said of a model.

use lutetia_model::{
    Distribution, Fate, Model, Variability, diagram_svg, explain, explain_latex, explain_text,
};
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
    insta::assert_snapshot!(explain_text(&described(), false));
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

/// Three organs, two of which drain into the third, as a file says it.
fn organs() -> Model {
    let text = r#"[model]
id = "organs"
title = "Organs of a table"
units = { time = "h", amount = "nmol", volume = "L" }
[patient]
weight = { unit = "kg", typical = "140 kg" }
[organs]
rows = [
  { organ = "spleen", V = "0.2 L", F = "4 L/h", portal = true },
  { organ = "gut", V = "1.5 L", F = "12 L/h", portal = true },
  { organ = "liver", V = "1.8 L", F = "20 L/h" },
  { organ = "kidney", V = "0.3 L", F = "70 L/h" },
]
[compartments]
blood = "V_body - sum(V_{organ})"
"{organ}" = "V_{organ}"
[parameters]
V_body = { value = "7.6 L", effects = [{ of = "weight", form = "linear", reference = "70 kg", coefficient = "0.01 1/kg" }] }
F_out = "F_liver + sum(F_{organ:portal})"
F_gain = "0.1*F_out"
[species]
P = { in = ["blood", "{organ}"] }
[scheme]
processes = '''
in_{organ}:          P.blood -> P.{organ} @ F_{organ}
out_{organ:portal}:  P.{organ} -> P.liver @ F_{organ}
out_kidney:          P.kidney -> P.blood @ F_kidney
out_liver:           P.liver -> P.blood @ F_out
clear:               P.kidney -> 0 @ F_gain*delay(P.blood, T, 4)/(delay(P.blood, T, 4) + one)
'''
[parameters.T]
value = "2 h"
[parameters.one]
value = "1 nmol"
[observables]
all = { of = "sum(P.{organ}) + P.blood", unit = "nmol" }
"#;
    lutetia_testkit::checked("organs.toml", text)
}

/// Values of formulas by hand: 7.6·(1 + 0.01·70) = 12.92; less 3.8 L of organs 9.12; 20 + 4 + 12 = 36 L/h.
#[test]
fn exact_formulas_are_explained_with_their_values() {
    let e = explain(&organs());
    let parameter =
        |name: &str| e.parameters.iter().find(|p| p.name == name).and_then(|p| p.typical.clone());
    assert_eq!(parameter("V_body").as_deref(), Some("12.92"));
    assert_eq!(parameter("F_out").as_deref(), Some("36"));
    assert_eq!(parameter("F_gain").as_deref(), Some("3.6"));
    assert_eq!(parameter("V_liver"), None);
    assert_eq!(e.volumes[0].value.as_deref(), Some("9.12"));
    assert_eq!(e.delays.len(), 1);
    assert!(e.delays[0].text.ends_with("mean T, variance (T)^2/4"), "{}", e.delays[0].text);
}

/// Every organ takes in what it gives, and a flow that is given back nowhere is said by its amount.
#[test]
fn exact_the_balance_of_flows_is_said_by_how_much() {
    let mut model = organs();
    let balance = |model: &Model| {
        lutetia_model::flow_balance(model)
            .into_iter()
            .map(|f| (f.place.clone(), f.inflow, f.outflow, f.balances()))
            .collect::<Vec<_>>()
    };
    let near = |a: f64, b: f64| (a - b).abs() < 1e-9;
    for (place, inflow, outflow, balances) in balance(&model) {
        assert!(balances && near(inflow, outflow), "{place}: {inflow}, {outflow}");
    }
    let places: Vec<String> = balance(&model).into_iter().map(|f| f.0).collect();
    assert_eq!(places, ["blood", "spleen", "gut", "liver", "kidney"]);
    // The spleen no longer drains into the liver but into the blood: the liver gives 4 L/h more than it takes.
    let spleen = model.processes.iter().position(|p| p.name == "out_spleen").expect("there");
    model.processes[spleen].products[0].0 = lutetia_model::Participant::Pool(0);
    let off: Vec<_> = balance(&model).into_iter().filter(|f| !f.3).collect();
    assert_eq!(off.len(), 2, "{off:?}");
    let of = |place: &str| off.iter().find(|f| f.0 == place).expect("off");
    assert!(near(of("liver").1 - of("liver").2, -4.0), "{off:?}");
    assert!(near(of("blood").1 - of("blood").2, 4.0), "{off:?}");
}

/// What a template made is one line; with every organ, each has its own.
#[test]
fn regress_organs_are_folded() {
    let model = organs();
    let short = explain_text(&model, false);
    let long = explain_text(&model, true);
    assert!(short.lines().count() + 10 < long.lines().count());
    for organ in ["spleen", "gut", "kidney"] {
        assert!(long.contains(&format!("d(P.{organ})/dt")), "{organ}");
        assert!(!short.contains(&format!("in_{organ} ")), "{organ}");
    }
    insta::assert_snapshot!(short);
}

/// Every box and arrow of a drawing: one box for the compartment that is not an organ, one per template, an arrow per pair.
#[test]
fn exact_the_drawing_has_a_box_per_template() {
    let count = |text: &str, what: &str| text.matches(what).count();
    let model = organs();
    let (short, long) = (diagram_svg(&model, false), diagram_svg(&model, true));
    // Beside the white ground: blood, the organs, the states of the delay.
    assert_eq!(count(&short, "<rect"), 1 + 3, "{short}");
    assert_eq!(count(&long, "<rect"), 1 + 6, "{long}");
    // Blood with each of four organs, and two organs with the liver.
    assert_eq!(count(&long, "<path d=\"M") - 1, 6, "{long}");
    assert!(short.contains("{organ} × 4"), "{short}");
    assert_eq!(count(&long, "<text"), count(&long, "</text>"));
}
