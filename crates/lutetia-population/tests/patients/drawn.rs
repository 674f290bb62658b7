//! Patients against their formulas, bit by bit.

use lutetia_model::{Binding, compile};
use lutetia_population::{CohortSpec, Effects, Population};
use lutetia_testkit::checked;

const MODEL: &str = r#"
[model]
id    = "laws"
title = "A variability of every form"
units = { time = "h", amount = "nmol", volume = "L" }

[compartments]
plasma = { volume = "V", source = "assumed" }

[parameters]
CL = { value = "2 L/h", iiv = "30 %", iov = "20 %", source = "assumed" }
V  = { value = "3 L", iiv = "40 %", source = "assumed" }
T0 = { value = "10 h", iiv = "2 h", distribution = "normal", source = "assumed" }
F  = { value = "0.2", iiv = "0.5", distribution = "logitnormal", min = "0.1", max = "0.7", source = "assumed" }
B  = { value = "0.3", iiv = "90 %", distribution = "box-cox", shape = -0.8, source = "assumed" }

[population]
correlations = [{ of = ["CL", "V"], value = 0.7 }]

[species]
L = { in = ["plasma"] }

[scheme]
processes = '''
eliminate: L.plasma -> 0 @ CL
'''

[observables]
all = { of = "F*B*T0", unit = "h" }
"#;

#[test]
fn exact_patients_are_their_formulas() {
    let model = checked("laws.toml", MODEL);
    let system =
        compile(&model, &Binding::new(lutetia_data::nuclides())).unwrap_or_else(|e| panic!("{e}"));
    let spec = CohortSpec { seed: 7, occasions: 3, ..CohortSpec::default() };
    let population = Population::new(&model, &system, &spec).expect("a population");
    let typical = population.typical();
    let slot = |name: &str| system.parameter_index(name).expect("a parameter");
    let m = |name: &str| typical.parameters(0)[slot(name)];
    let omega = |cv: f64| (cv * cv).ln_1p().sqrt();
    for number in 0..200 {
        let patient = population.patient(number).expect("a patient");
        let draws = patient.draws;
        let z = |name: &str| draws.normal(&format!("iiv {name}"), 0);
        for occasion in 0..3 {
            let found = |name: &str| patient.parameters(occasion)[slot(name)];
            let same = |name: &str, expected: f64| {
                let found = found(name);
                // Bit by bit: a patient is the same in every version.
                assert!(
                    found.to_bits() == expected.to_bits(),
                    "{number} {name} {found} {expected}"
                );
            };
            let kappa = omega(0.2) * draws.normal(&format!("iov CL {occasion}"), 0);
            same("CL", m("CL") * (omega(0.3) * z("CL") + kappa).exp());
            // The second row of the Cholesky factor of a correlation of 0.7.
            let mixed = 0.7 * z("CL") + (1.0_f64 - 0.7 * 0.7).sqrt() * z("V");
            same("V", m("V") * (omega(0.4) * mixed).exp());
            same("T0", m("T0") + 2.0 * z("T0"));
            let share = (m("F") - 0.1) / (0.7 - 0.1);
            let logit = (share / (1.0 - share)).ln() + 0.5 * z("F");
            same("F", 0.1 + (0.7 - 0.1) / (1.0 + (-logit).exp()));
            let eta = omega(0.9) * z("B");
            same("B", m("B") * ((-0.8 * eta).exp_m1() / -0.8).exp());
        }
    }
}

#[test]
fn exact_the_covariance_is_that_of_the_file() {
    let model = checked("laws.toml", MODEL);
    let system =
        compile(&model, &Binding::new(lutetia_data::nuclides())).unwrap_or_else(|e| panic!("{e}"));
    let effects = Effects::of(&model, &system, &system.default_parameters()).expect("effects");
    let place = |name: &str| {
        effects.between().iter().position(|e| e.name == name).expect("a random effect")
    };
    let covariance = effects.covariance();
    let (cl, v) = (place("CL"), place("V"));
    let omega = |cv: f64| (cv * cv).ln_1p().sqrt();
    assert!((covariance[(cl, cl)] - omega(0.3).powi(2)).abs() < 1e-15);
    assert!((covariance[(cl, v)] - 0.7 * omega(0.3) * omega(0.4)).abs() < 1e-15);
    assert!((covariance[(v, place("T0"))]).abs() < 1e-15);
    assert_eq!(effects.within().len(), 1);
}
