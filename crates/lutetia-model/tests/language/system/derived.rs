//! Derived quantities and their gradients against closed forms.

use lutetia_model::{NoFiles, SourceFile, check, explain, explain_text};

use super::compiled;

/// `CL (w/70 kg)^0.75/V` and its like with their derivatives, at another clearance and weight than those of the file.
#[test]
fn exact_derived_quantities_and_their_gradients() {
    let text = std::fs::read_to_string("tests/good/derived.toml").expect("a file");
    let file = SourceFile { name: "derived.toml".to_owned(), text };
    let model = check(&file, &NoFiles).model.expect("a model");
    let system = compiled(&model, &["Lu-177"]);
    let slot = |name: &str| system.parameter_index(name).expect("a parameter");
    let (cl, ps, weight) = (slot("CL"), slot("PS"), slot("weight"));
    let (kd, r0) = (slot("KD"), slot("R0"));
    let mut parameters = system.default_parameters();
    // Internal units: h, nmol, L; a weight is one in kg.
    (parameters[cl], parameters[weight]) = (3.0, 50.0 * system.parameters()[weight].factor);
    let factor = (50.0_f64 / 70.0).powf(0.75);
    let by_weight = 0.75 / parameters[weight];
    // One that is asked for twice, one that the system does not have.
    let wrt = [cl, weight, ps, kd, r0, cl, 10_000];
    let found = system.derive(&parameters, &wrt);
    let k = 3.0 * factor / 3.0;
    let (t, bp) = (2.0_f64.ln() / k, 5.0 / 0.02);
    let expected = [
        ("k_el", 24.0, true, k, [k / 3.0, k * by_weight, 0.0, 0.0, 0.0, k / 3.0, 0.0]),
        ("t_half", 1.0, true, t, [-t / 3.0, -t * by_weight, 0.0, 0.0, 0.0, -t / 3.0, 0.0]),
        ("BP", 1.0, true, bp, [0.0, 0.0, 0.0, -bp, bp / 5.0, 0.0, 0.0]),
        (
            "change",
            1000.0 / 60.0,
            false,
            0.06 - 3.0 * factor,
            [-factor, -3.0 * factor * by_weight, 1.0, 0.0, 0.0, -factor, 0.0],
        ),
    ];
    assert_eq!(found.len(), expected.len());
    for ((found, info), (name, declared, positive, value, gradient)) in
        found.iter().zip(system.derived()).zip(expected)
    {
        assert_eq!((info.name.as_str(), info.positive), (name, positive));
        // Some operations of rounding.
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-13 * b.abs().max(1e-3);
        assert!(near(info.factor, declared), "{name}: {}", info.factor);
        assert!(near(found.value, value), "{name}: {} {value}", found.value);
        for (a, b) in found.gradient.iter().zip(gradient) {
            assert!(near(*a, b), "{name}: {:?} {gradient:?}", found.gradient);
        }
    }
    assert!(explain_text(&model, false).contains("\nDerived\n"));
    let rows: Vec<String> = explain(&model).derived.into_iter().map(|d| d.name).collect();
    assert_eq!(rows, ["k_el", "t_half", "BP", "change"]);
}
