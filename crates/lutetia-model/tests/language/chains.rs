//! Chain files: what they say, over what they extend, and every fault they can have.

use std::collections::BTreeMap;

use lutetia_diagnostic::render;
use lutetia_model::{
    Checked, Connection, Model, Named, ParameterValue, Resolve, SourceFile, check, connect,
};

pub(super) const LIGAND: &str = r#"
[model]
id = "ligand"
title = "A ligand"
units = { time = "h", amount = "nmol", volume = "L" }
label = { on = "L", decayed = "lost" }
[compartments]
plasma = "3 L"
tumour = "0.1 L"
[parameters]
k = { value = "0.2 1/h", source = "a test" }
[species]
L = { in = ["plasma", "tumour"] }
[scheme]
processes = """
uptake: L.plasma -> L.tumour @ k
lose: L.tumour -> 0 @ loss
"""
[inputs]
loss = { unit = "1/h", default = "0 1/h" }
[outputs]
A_tumour = { of = "activity(L.tumour)", unit = "MBq" }
"#;

pub(super) const TUMOUR: &str = r#"
[model]
id = "tumour"
title = "A tumour"
units = { time = "h", amount = "nmol", volume = "L" }
[parameters]
growth = { value = "0.01 1/h", source = "a test" }
alpha = { value = "0.3 1/Gy", source = "a test" }
[states]
m = { unit = "g", initial = "20 g" }
[scheme]
processes = """
grow: 0 => m @ growth*m
die: m => 0 @ alpha*dose_rate*m
"""
[inputs]
dose_rate = { unit = "Gy/h", default = "0 Gy/h" }
[outputs]
mass = { of = "m", unit = "g" }
loss = { of = "growth", unit = "1/h" }
"#;

pub(super) const BASE: &str = r#"
[chain]
id = "base"
title = "A ligand and a tumour"
[parts]
pk = "family/ligand"
tumour = "family/tumour"
[connect]
"tumour.dose_rate" = { from = "pk.A_tumour", times = "4 mGy/(MBq h)", source = "a test" }
"pk.loss" = "tumour.loss"
[set]
"tumour.growth" = { value = "0.02 1/h", source = "a better test" }
"#;

/// A drug that kills, as the tumour loses cells by itself.
pub(super) const DRUG: &str = r#"
[model]
id = "drug"
title = "A drug"
units = { time = "h", amount = "nmol", volume = "L" }
[parameters]
kill = { value = "0.03 1/h", source = "a test" }
growth = { value = "0.05 1/h", source = "a test" }
alpha = { value = "0.3 1/Gy", source = "a test" }
[states]
x = { unit = "1", initial = "1" }
[scheme]
processes = """
fade: x => 0 @ (growth + alpha*dose_rate)*x
"""
[inputs]
dose_rate = { unit = "Gy/h", default = "0 Gy/h" }
[outputs]
loss = { of = "kill*x", unit = "1/h" }
"#;

/// What the models of these tests share.
pub(super) const PORTS: &str = r#"
[ports.loss]
is = "cells lost"
unit = "1/d"
nothing = "0 1/d"
given = ["family/tumour.loss", "family/drug.loss"]
taken = ["family/ligand.loss"]
[ports.tumour_dose_rate]
is = "dose rate of a tumour"
unit = "Gy/h"
nothing = "0 Gy/h"
taken = ["family/tumour.dose_rate"]
[ports.drug_dose_rate]
is = "dose rate where a drug is"
unit = "Gy/h"
nothing = "0 Gy/h"
given = ["family/other.rate"]
taken = ["family/drug.dose_rate"]
"#;

/// Files by name.
pub(super) struct Library(BTreeMap<&'static str, String>);

impl Library {
    pub(super) fn with(more: &[(&'static str, &str)]) -> Self {
        let files = [("family/ligand", LIGAND), ("family/tumour", TUMOUR), ("chains/base", BASE)];
        let files = files.iter().chain(more).map(|(name, text)| (*name, (*text).to_owned()));
        Self(files.collect())
    }
}

impl Resolve for Library {
    fn resolve(&self, _name: &str) -> Option<String> {
        None
    }

    fn named(&self, name: &str) -> Option<Named<'_>> {
        let text = self.0.get(name)?.clone();
        let beside = Box::new(Self(self.0.clone()));
        Some(Named { file: SourceFile { name: format!("{name}.toml"), text }, resolve: beside })
    }

    fn nearest(&self, name: &str) -> Option<String> {
        lutetia_diagnostic::closest(name, self.0.keys().copied()).map(str::to_owned)
    }

    fn ports(&self) -> Option<SourceFile> {
        let text = self.0.get("ports")?.clone();
        Some(SourceFile { name: "ports.toml".to_owned(), text })
    }
}

pub(super) fn checked(text: &str, library: &Library) -> Checked {
    let file = SourceFile { name: "chains/mine.toml".to_owned(), text: text.to_owned() };
    check(&file, library)
}

pub(super) fn good(text: &str, library: &Library) -> Model {
    let checked = checked(text, library);
    let faults = render(&checked.diagnostics, &checked.sources, false);
    checked.model.unwrap_or_else(|| panic!("{faults}"))
}

pub(super) fn number(model: &Model, name: &str) -> f64 {
    let parameter = model.parameters.iter().find(|p| p.name == name).expect("a parameter");
    match parameter.value {
        ParameterValue::Number(x) => x,
        ParameterValue::Formula { .. } => panic!("{name} is a formula"),
    }
}

#[test]
fn exact_a_chain_is_its_parts_connected() {
    let library = Library::with(&[]);
    let chain = good(BASE, &library);
    let part = |text: &str| {
        let file = SourceFile { name: "part.toml".to_owned(), text: text.to_owned() };
        check(&file, &library).model.expect("a model")
    };
    let parts = [("pk".to_owned(), part(LIGAND)), ("tumour".to_owned(), part(TUMOUR))];
    let scale = lutetia_units::Quantity::parse("4 mGy/(MBq h)").expect("a quantity");
    let wires = [
        Connection::new("pk.A_tumour", "tumour.dose_rate").times(scale),
        Connection::new("tumour.loss", "pk.loss"),
    ];
    let (by_hand, faults) = connect(&parts, &wires);
    let by_hand = by_hand.unwrap_or_else(|| panic!("{faults:?}"));
    assert_eq!(format!("{:?}", chain.defines), format!("{:?}", by_hand.defines));
    assert_eq!(format!("{:?}", chain.processes), format!("{:?}", by_hand.processes));
    assert!((number(&chain, "tumour:growth") - 0.02).abs() < 1e-15);
    assert!((number(&by_hand, "tumour:growth") - 0.01).abs() < 1e-15);
}

#[test]
fn exact_an_extending_chain_wins_line_by_line_and_keeps_the_order() {
    let other = TUMOUR.replace("\"tumour\"", "\"other\"").replace("0.3 1/Gy", "0.1 1/Gy");
    let library = Library::with(&[("family/other", &other), ("family/third", TUMOUR)]);
    let text = r#"
[chain]
id = "mine"
title = "Mine"
extends = "chains/base"
[parts]
third = "family/third"
tumour = "family/other"
[connect]
"pk.loss" = "none"
"third.dose_rate" = { from = "pk.A_tumour", times = "1 mGy/(MBq h)" }
[set]
"tumour.growth" = "none"
"third.growth" = "0.03 1/h"
"#;
    let model = good(text, &library);
    let chain = model.chain.as_ref().expect("a chain");
    let parts: Vec<&str> = chain.parts.iter().map(|p| p.alias.as_str()).collect();
    assert_eq!(parts, ["pk", "tumour", "third"]);
    assert!((number(&model, "tumour:alpha") - number(&model, "third:alpha") / 3.0).abs() < 1e-9);
    assert!((number(&model, "tumour:growth") - 0.01).abs() < 1e-15);
    assert!((number(&model, "third:growth") - 0.03).abs() < 1e-15);
    // What is no longer driven is open again.
    assert!(model.inputs.iter().any(|i| i.name == "pk:loss"));
    let files: Vec<(&str, &str)> =
        chain.wires.iter().map(|w| (w.to.as_str(), w.file.as_str())).collect();
    assert_eq!(
        files,
        [("tumour.dose_rate", "chains/base.toml"), ("third.dose_rate", "chains/mine.toml")]
    );
}

#[test]
fn exact_a_part_that_is_left_out_takes_its_lines_with_it() {
    let text = "[chain]\nid = \"less\"\ntitle = \"Less\"\nextends = \"chains/base\"\n[parts]\ntumour = \"none\"\n";
    let model = good(text, &Library::with(&[]));
    let chain = model.chain.as_ref().expect("a chain");
    assert_eq!((chain.parts.len(), chain.wires.len(), chain.set.len()), (1, 0, 0));
}

/// Ḋ = A Δ / m: the formula has the activity, a parameter for Δ and the mass, and Δ has no value before a nuclide
/// gives it one.
#[test]
fn exact_a_dose_rate_is_activity_times_delta_over_mass() {
    for (mass, shown) in [("310 g", "310 g"), ("tumour.mass", "tumour.mass")] {
        let line = format!(
            "\"tumour.dose_rate\" = {{ dose_rate_of = \"pk.A_tumour\", mass = \"{mass}\" }}"
        );
        let old = "\"tumour.dose_rate\" = { from = \"pk.A_tumour\", times = \"4 mGy/(MBq h)\", source = \"a test\" }";
        let text = BASE.replace(old, &line);
        assert_ne!(text, BASE);
        let model = good(&text, &Library::with(&[]));
        let chain = model.chain.as_ref().expect("a chain");
        let [factor] = &chain.dose_factors[..] else { panic!("one factor") };
        assert_eq!(model.parameters[factor.parameter].name, "tumour:dose_rate~Delta");
        assert!(number(&model, "tumour:dose_rate~Delta").is_nan());
        let explained = lutetia_model::explain_text(&model, false);
        assert!(explained.contains("of the nuclide") && !explained.contains("NaN"), "{explained}");
        assert!(chain.wires.iter().any(|w| w.from == format!("pk.A_tumour * Delta / {shown}")));
    }
}

/// Faults of connecting by ports, of roles and of what parts share.
fn cases_of_ports_and_roles(head: &str, parts: &str) -> Vec<(&'static str, String)> {
    let own = format!("{head}connect = \"ports\"\n");
    vec![
        ("another way to connect", format!("{}{parts}", own.replace("\"ports\"", "\"port\""))),
        ("two givers of one port", format!("{own}{parts}drug = \"family/drug\"\n")),
        (
            "a port left open that is none",
            format!("{own}{parts}[connect]\n\"pk.los\" = \"none\"\n"),
        ),
        (
            "a region of a mass that changes",
            format!(
                "{head}{parts}[connect]\n\"tumour.dose_rate\" = {{ dose_rate_of = \"pk.A_tumour\", mass = \"tumour.mass\", region = \"liver\" }}\n"
            ),
        ),
        ("unknown role", format!("{head}{parts}[roles]\ndeaths = \"tumour.mass\"\n")),
        (
            "outputs that cannot play",
            format!(
                "{head}{parts}[roles]\ndeath = \"tumour.loss\"\nvolume = \"tumour.loss\"\nmarker = \"tumour.mas\"\n"
            ),
        ),
        (
            "toxicities",
            format!(
                "{head}{parts}[toxicities]\na = {{ output = \"tumour.mass\", ctcae = \"platelets\" }}\nb = {{ output = \"tumour.mass\", limits = [\"1 g\", \"2 g\"] }}\n"
            ),
        ),
        (
            "toxicities that are not clear",
            format!(
                "{head}{parts}[toxicities]\na = \"tumour.mass\"\nb = {{ output = \"tumour.mass\", ctcae = \"platlets\" }}\n"
            ),
        ),
        ("roles that are not text", format!("{head}{parts}[roles]\ndeath = 1\n")),
        (
            "parts that do not agree",
            format!("{head}{parts}drug = \"family/drug\"\n[set]\n\"growth\" = \"1 1/h\"\n"),
        ),
    ]
}

/// Every fault, as a user sees it: with its place, what was found, and a hint.
#[test]
fn regress_faults_of_chains() {
    let head = "[chain]\nid = \"mine\"\ntitle = \"Mine\"\n";
    let parts = "[parts]\npk = \"family/ligand\"\ntumour = \"family/tumour\"\n";
    let circle = "[chain]\nid = \"a\"\ntitle = \"A\"\nextends = \"chains/b\"\n";
    let back = "[chain]\nid = \"b\"\ntitle = \"B\"\nextends = \"chains/a\"\n";
    let broken = LIGAND.replace("@ k", "@ kk");
    let library = Library::with(&[
        ("chains/a", circle),
        ("chains/b", back),
        ("family/broken", &broken),
        ("family/drug", DRUG),
        ("ports", PORTS),
    ]);
    let cases = [
        ("no id or title", "[chain]\n".to_owned()),
        ("no part", head.to_owned()),
        ("unknown table", format!("{head}{parts}[wires]\n")),
        ("unknown key", format!("{head}extend = \"chains/base\"\n{parts}")),
        ("extends nothing", format!("{head}extends = \"chains/bse\"\n")),
        ("extends a model", format!("{head}extends = \"family/ligand\"\n")),
        ("extends in a circle", format!("{head}extends = \"chains/a\"\n")),
        ("no such model", format!("{head}[parts]\npk = \"family/ligend\"\n")),
        ("a chain as a part", format!("{head}[parts]\npk = \"chains/base\"\n")),
        ("a part with a fault", format!("{head}[parts]\npk = \"family/broken\"\n")),
        ("alias that is not a name", format!("{head}[parts]\n\"p k\" = \"family/ligand\"\n")),
        (
            "several at once",
            format!(
                "{head}{parts}[connect]\n\"tumour.dose_rat\" = \"pk.A_tumour\"\n\"pk.loss\" = \"tumor.loss\"\n\"pk.los\" = \"tumour.loss\"\n"
            ),
        ),
        ("units", format!("{head}{parts}[connect]\n\"tumour.dose_rate\" = \"pk.A_tumour\"\n")),
        (
            "times is not a quantity",
            format!(
                "{head}{parts}[connect]\n\"tumour.dose_rate\" = {{ from = \"pk.A_tumour\", times = \"4 mGy/MBq/hh\" }}\n"
            ),
        ),
        (
            "not clear",
            format!(
                "{head}{parts}[connect]\n\"tumour.dose_rate\" = {{ dose_rate_of = \"pk.A_tumour\" }}\n"
            ),
        ),
        (
            "mass is a length",
            format!(
                "{head}{parts}[connect]\n\"tumour.dose_rate\" = {{ dose_rate_of = \"pk.A_tumour\", mass = \"3 cm\" }}\n"
            ),
        ),
        (
            "mass is a rate",
            format!(
                "{head}{parts}[connect]\n\"tumour.dose_rate\" = {{ dose_rate_of = \"pk.A_tumour\", mass = \"tumour.loss\" }}\n"
            ),
        ),
        (
            "dose rate of no activity",
            format!(
                "{head}{parts}[connect]\n\"tumour.dose_rate\" = {{ dose_rate_of = \"tumour.mass\", mass = \"3 g\" }}\n"
            ),
        ),
        ("set what is not there", format!("{head}{parts}[set]\n\"tumour.alfa\" = \"1 1/Gy\"\n")),
        (
            "set what is driven",
            format!(
                "{head}{parts}[connect]\n\"pk.loss\" = \"tumour.loss\"\n[set]\n\"pk.loss\" = \"1 1/h\"\n"
            ),
        ),
        ("set in another dimension", format!("{head}{parts}[set]\n\"tumour.alpha\" = \"1 Gy\"\n")),
        ("set to a bare number", format!("{head}{parts}[set]\n\"tumour.alpha\" = 1\n")),
        (
            "nothing to leave out",
            format!("{head}extends = \"chains/base\"\n[connect]\n\"pk.los\" = \"none\"\n"),
        ),
        ("an adult that there is not", format!("{head}adult = \"child\"\n{parts}")),
        ("a list for a part", format!("{head}[parts]\npk = [\"family/ligand\"]\n")),
    ];
    let mut all = String::new();
    let mut codes = std::collections::BTreeSet::new();
    for (name, text) in cases.into_iter().chain(cases_of_ports_and_roles(head, parts)) {
        let checked = checked(&text, &library);
        assert!(checked.model.is_none(), "{name} has no fault");
        all.push_str(&format!("## {name}\n\n"));
        for fault in &checked.diagnostics {
            assert!(fault.hint.is_some(), "{name}: {} has no hint", fault.message);
            codes.insert(fault.code);
            assert!(!fault.labels.is_empty(), "{name}: {} has no place", fault.message);
        }
        let text = render(&checked.diagnostics, &checked.sources, false);
        text.lines().for_each(|line| all.push_str(&format!("{}\n", line.trim_end())));
        all.push('\n');
    }
    for code in
        ["LUT2611", "LUT2612", "LUT2613", "LUT2614", "LUT2615", "LUT2616", "LUT2617", "LUT2619"]
    {
        assert!(codes.contains(code), "no case gives {code}");
    }
    insta::assert_snapshot!(all);
}
