//! Chains whose parts connect by their ports, the roles that chains declare, and parameters that parts share.

use lutetia_model::{explain, explain_text};

use super::chains::{BASE, DRUG, LIGAND, Library, PORTS, checked, good, number};

const HEAD: &str = "[chain]\nid = \"mine\"\ntitle = \"Mine\"\n";
const PARTS: &str = "[parts]\npk = \"family/ligand\"\ntumour = \"family/tumour\"\n";
const BY_PORTS: &str = "connect = \"ports\"\n";
const LOSS: &str = "[connect]\n\"pk.loss\" = \"tumour.loss\"\n";

#[test]
fn exact_parts_connect_by_their_ports_as_if_each_line_were_written() {
    let library = Library::with(&[("ports", PORTS)]);
    let by_ports = good(&format!("{HEAD}{BY_PORTS}{PARTS}"), &library);
    let written = good(&format!("{HEAD}{PARTS}{LOSS}"), &library);
    assert_eq!(format!("{:?}", by_ports.defines), format!("{:?}", written.defines));
    assert_eq!(format!("{:?}", by_ports.processes), format!("{:?}", written.processes));
    let wire = |model: &lutetia_model::Model| {
        let chain = model.chain.clone().expect("a chain");
        let wires = chain.wires.iter();
        wires.map(|w| (w.to.clone(), w.from.clone(), w.port.clone())).collect::<Vec<_>>()
    };
    let (to, from) = ("pk.loss".to_owned(), "tumour.loss".to_owned());
    assert_eq!(wire(&by_ports), [(to.clone(), from.clone(), Some("loss".to_owned()))]);
    assert_eq!(wire(&written), [(to, from, None)]);
    assert!(
        explain_text(&by_ports, false).contains("tumour.loss  port loss"),
        "{}",
        explain_text(&by_ports, false)
    );
    assert!(explain_text(&written, false).contains("tumour.loss  written"));
    // Without being asked, nothing connects by itself.
    assert!(wire(&good(&format!("{HEAD}{PARTS}"), &library)).is_empty());
}

#[test]
fn exact_a_line_wins_over_a_port_and_none_leaves_it_open() {
    let library = Library::with(&[("ports", PORTS), ("family/drug", DRUG)]);
    let parts = format!("{PARTS}drug = \"family/drug\"\n");
    let chosen = "[connect]\n\"pk.loss\" = \"drug.loss\"\n";
    let model = good(&format!("{HEAD}{BY_PORTS}{parts}{chosen}"), &library);
    let wires = model.chain.expect("a chain").wires;
    assert_eq!((wires.len(), wires[0].from.as_str()), (1, "drug.loss"));
    let open = "[connect]\n\"pk.loss\" = \"none\"\n";
    let model = good(&format!("{HEAD}{BY_PORTS}{parts}{open}"), &library);
    assert!(model.chain.expect("a chain").wires.is_empty());
    assert!(model.inputs.iter().any(|i| i.name == "pk:loss"));
}

/// What a chain asks for and leaves open holds for those that extend it, until they say otherwise.
#[test]
fn exact_a_chain_that_extends_connects_as_its_parent_does() {
    let asks = format!("{HEAD}{BY_PORTS}{PARTS}");
    let open = format!("{asks}[connect]\n\"pk.loss\" = \"none\"\n");
    let library = Library::with(&[
        ("ports", PORTS),
        ("family/drug", DRUG),
        ("chains/asks", &asks),
        ("chains/open", &open),
    ]);
    let child = |parent: &str, more: &str| format!("{HEAD}extends = \"chains/{parent}\"\n{more}");
    let wires = |text: &str| good(text, &library).chain.expect("a chain").wires.len();
    assert_eq!(wires(&child("asks", "")), 1);
    assert_eq!(wires(&child("open", "")), 0);
    assert_eq!(wires(&child("open", LOSS)), 1);
    assert_eq!(wires(&child("asks", "[connect]\n\"pk.loss\" = \"none\"\n")), 0);
    assert_eq!(wires(&child("asks", "connect = \"listed\"\n")), 0);
    // Another giver is a fault of the chain that adds it.
    let two = checked(&child("asks", "[parts]\ndrug = \"family/drug\"\n"), &library);
    let fault = &two.diagnostics[0];
    assert_eq!(fault.code, "LUT2616");
    assert!(fault.message.contains("tumour.loss") && fault.message.contains("drug.loss"));
}

/// A model that the file of ports does not name has its ports by their names, where these are of one port alone.
#[test]
fn exact_a_model_of_ones_own_has_ports_by_their_names() {
    let library = Library::with(&[("ports", PORTS), ("chains/my-ligand", LIGAND)]);
    let parts = "[parts]\npk = \"./my-ligand\"\ntumour = \"family/tumour\"\n";
    let model = good(&format!("{HEAD}{BY_PORTS}{parts}"), &library);
    let wires = model.chain.expect("a chain").wires;
    assert_eq!((wires.len(), wires[0].port.as_deref()), (1, Some("loss")));
}

#[test]
fn exact_a_chain_declares_roles_that_are_checked_and_inherited() {
    let base = format!(
        "{BASE}[roles]\nvolume = \"tumour.mass\"\nmarker = \"tumour.mass\"\n[toxicities]\nshrinking = {{ output = \"tumour.mass\", limits = [\"9 g\", \"8 g\", \"7 g\", \"6 g\"] }}\n"
    );
    let library = Library::with(&[("chains/roles", &base)]);
    let chain = good(&base, &library).chain.expect("a chain");
    assert_eq!((chain.role("volume"), chain.role("death")), (Some("tumour.mass"), None));
    let text = format!(
        "{HEAD}extends = \"chains/roles\"\n[roles]\nmarker = \"none\"\n[toxicities]\nshrinking = \"none\"\n"
    );
    let child = good(&text, &library);
    let chain = child.chain.as_ref().expect("a chain");
    assert_eq!((chain.role("volume"), chain.role("marker")), (Some("tumour.mass"), None));
    assert!(chain.toxicities.is_empty());
    assert!(explain_text(&child, false).contains("Roles in a trial"));
    assert!(explain_text(&good(&base, &library), false).contains("below 9 g, 8 g, 7 g, 6 g"));
}

#[test]
fn exact_a_parameter_that_stands_alike_in_parts_is_listed_once_and_set_for_all() {
    let library = Library::with(&[("family/drug", DRUG)]);
    let text = format!("{HEAD}{PARTS}drug = \"family/drug\"\n");
    let model = good(&text, &library);
    let rows = explain(&model).parameters;
    let row = |name: &str| rows.iter().filter(|r| r.name == name).collect::<Vec<_>>();
    // `alpha` is the same in both, `growth` is not.
    assert_eq!(row("alpha").len(), 1);
    assert_eq!(row("alpha")[0].parts, ["tumour", "drug"]);
    assert!(row("tumour:alpha").is_empty());
    assert_eq!((row("tumour:growth").len(), row("drug:growth").len()), (1, 1));
    let set = |line: &str| good(&format!("{text}[set]\n{line} = \"0.7 1/Gy\"\n"), &library);
    let all = set("alpha");
    for part in ["tumour:alpha", "drug:alpha"] {
        assert!((number(&all, part) - 0.7).abs() < 1e-12, "{part}");
    }
    let one = set("\"drug.alpha\"");
    assert!((number(&one, "tumour:alpha") - 0.3).abs() < 1e-12);
    assert!((number(&one, "drug:alpha") - 0.7).abs() < 1e-12);
    let disagreeing = checked(&format!("{text}[set]\ngrowth = \"1 1/h\"\n"), &library);
    assert_eq!(disagreeing.diagnostics[0].code, "LUT2619");
    assert!(disagreeing.diagnostics[0].message.contains("0.05 1/h"));
}
