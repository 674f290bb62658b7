//! Models connected through their ports.

use lutetia_model::{Connection, Function, Model, connect};
use lutetia_testkit::{Build, activity, call, num, quantity, receptor, unit, volume};
use lutetia_units::Quantity;

use crate::system::{Numbers, compiled};

/// A tumour that grows and is killed by a dose rate, and says how large it is.
fn tumour() -> Model {
    let mut b = Build::new("tumour");
    let growth = b.parameter("growth", 0.01, "1/h");
    let alpha = b.parameter("alpha", 0.3, "1/Gy");
    let mass = b.state("mass", "g", num(20.0));
    let rate = b.input("dose_rate", "Gy/h", Some(0.0));
    b.feed("grow", mass, growth * quantity(mass));
    b.drain("die", mass, alpha * rate * quantity(mass));
    b.output("volume", "L", quantity(mass) * num(0.001));
    b.output("mass", "g", quantity(mass));
    b.0
}

/// The receptor model with the tumour's volume as an input.
fn pk() -> Model {
    let mut b = receptor(true, true);
    let size = b.input("tumour_volume", "L", Some(0.02));
    b.0.compartments[1].volume = size;
    b.output("dose_rate_per_volume", "MBq/L", (activity(1) + activity(3)) / volume(1));
    b.0
}

fn link(from: &str, to: &str, scale: Option<&str>) -> Connection {
    let wire = Connection::new(from, to);
    match scale {
        Some(s) => wire.times(Quantity::parse(s).unwrap_or_else(|e| panic!("{s}: {e}"))),
        None => wire,
    }
}

fn parts() -> Vec<(String, Model)> {
    vec![("pk".to_owned(), pk()), ("tumour".to_owned(), tumour())]
}

fn codes(connections: &[Connection]) -> Vec<(&'static str, String)> {
    let (model, diagnostics) = connect(&parts(), connections);
    assert!(model.is_none());
    diagnostics
        .into_iter()
        .map(|d| (d.code, format!("{} | {}", d.message, d.hint.unwrap_or_default())))
        .collect()
}

#[test]
fn exact_feedback_both_ways_is_one_system() {
    let (model, diagnostics) = connect(
        &parts(),
        &[
            link("pk.A_tumour", "tumour.dose_rate", Some("2 Gy/h/MBq")),
            link("tumour.volume", "pk.tumour_volume", None),
        ],
    );
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let Some(model) = model else { panic!("no model") };
    let system = compiled(&model, &["Lu-177"]);
    assert!(system.inputs().is_empty());
    assert!(system.dose_target("pk:L.plasma").is_ok());
    let dotted = system.dose_target("pk.L.plasma").expect("the same pool");
    assert_eq!(dotted.name, "pk:L.plasma");
    let at = |name: &str| system.state_index(name).unwrap_or_else(|| panic!("{name}"));
    let mut x = Numbers(11).states(system.states().len());
    x[at("tumour:mass")] = 40.0;
    let mut dx = vec![0.0; x.len()];
    system.evaluator().rhs(0.0, &x, &[], &mut dx);
    let hot = x[at("pk:L.tumour.hot")] + x[at("pk:LR.tumour.hot")] + x[at("pk:Li.tumour.hot")];
    let rate = 2.0 * hot * system.nuclides()[0].activity_per_amount;
    let expected = 0.01 * 40.0 - 0.3 * rate * 40.0;
    // A product of five factors: rounding of a few units in the last place.
    assert!((dx[at("tumour:mass")] - expected).abs() <= 1e-12 * expected.abs());
    // The receptor binds in the volume that the tumour model says, 0.04 L.
    let bound = 2.76 / 0.04 * (x[at("pk:L.tumour.cold")] * x[at("pk:R.tumour")])
        - (2.76 + 0.06) * x[at("pk:LR.tumour.cold")]
        + system.nuclides()[0].lambda * x[at("pk:LR.tumour.hot")];
    assert!((dx[at("pk:LR.tumour.cold")] - bound).abs() <= 1e-12 * bound.abs().max(100.0));
    // The initial receptor number follows the initial volume of the other model.
    let mut start = vec![0.0; x.len()];
    system.evaluator().initial(&mut start);
    assert!((start[at("pk:R.tumour")] - 50.0 * 0.02).abs() < 1e-12);
    // Feedback is in the Jacobian: binding depends on the tumour's mass.
    let (row, column) = (at("pk:R.tumour"), at("tumour:mass"));
    assert!(system.jacobian_pattern().iter().any(|entry| entry == (row, column)));
}

#[test]
fn exact_unconnected_inputs_stay_open() {
    let (model, _) = connect(&parts(), &[]);
    let system = compiled(&model.unwrap_or_else(|| panic!("no model")), &["Lu-177"]);
    let names: Vec<&str> = system.inputs().iter().map(|i| i.name.as_str()).collect();
    assert_eq!(names, ["pk:tumour_volume", "tumour:dose_rate"]);
}

#[test]
fn exact_faults_of_connections() {
    let found = codes(&[
        link("pk.A_tumor", "tumour.dose_rate", None),
        link("pk.A_tumour", "tumor.dose_rate", None),
        link("A_tumour", "tumour.dose_rate", None),
        link("pk.A_tumour", "tumour.dose_rat", None),
        link("pk.A_tumour", "tumour.dose_rate", None),
    ]);
    let expected = [
        ("LUT2604", "did you mean `A_tumour`?"),
        ("LUT2603", "did you mean `tumour`?"),
        ("LUT2603", "write `alias.port`"),
        ("LUT2604", "did you mean `dose_rate`?"),
        ("LUT2605", "`pk.A_tumour` gives `MBq` (activity); `tumour.dose_rate` expects `Gy/h`"),
    ];
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for ((code, text), (expected_code, part)) in found.iter().zip(expected) {
        assert_eq!(*code, expected_code, "{text}");
        assert!(text.contains(part), "{text}");
    }
    let twice = link("tumour.volume", "pk.tumour_volume", None);
    assert_eq!(codes(&[twice.clone(), twice])[0].0, "LUT2606");
}

#[test]
fn exact_algebraic_loops_are_printed() {
    let mut a = Build::new("a");
    let x = a.input("x", "1", None);
    a.output("y", "1", call(Function::Exp, [x]));
    let parts = vec![("a".to_owned(), a.0.clone()), ("b".to_owned(), a.0)];
    let (model, diagnostics) =
        connect(&parts, &[link("a.y", "b.x", None), link("b.y", "a.x", None)]);
    assert!(model.is_none());
    assert_eq!(diagnostics[0].code, "LUT2607");
    assert!(diagnostics[0].message.contains("a:x -> b:x -> a:x"), "{}", diagnostics[0].message);
    assert_eq!(unit("1").symbol(), "1");
}
