//! Models written as users write them.

use lutetia_model::{Binding, Model, NoFiles, SourceFile, check, compile, system::System};
use lutetia_trial::TrialError;

pub fn checked(text: &str) -> Model {
    let checked =
        check(&SourceFile { name: "test.toml".to_owned(), text: text.to_owned() }, &NoFiles);
    checked.model.unwrap_or_else(|| panic!("{:#?}", checked.diagnostics))
}

pub fn compiled(model: &Model) -> System {
    compile(model, &Binding::all(lutetia_data::nuclides(), ["Lu-177"]))
        .unwrap_or_else(|e| panic!("{e}"))
}

pub fn model(text: &str) -> (Model, System) {
    let model = checked(text);
    let system = compiled(&model);
    (model, system)
}

/// What a user reads.
pub fn message<T>(result: Result<T, TrialError>) -> String {
    match result {
        Ok(_) => panic!("expected a refusal"),
        Err(error) => error.to_string(),
    }
}

/// A drug with everything a population can have.
pub const POPULATION: &str = r#"
[model]
id    = "population"
title = "One compartment with every kind of variability"
units = { time = "h", amount = "nmol", volume = "L" }

[patient]
weight = { unit = "kg", range = ["40 kg", "150 kg"], typical = "80 kg" }
GFR    = { unit = "L/h", range = ["1 L/h", "12 L/h"] }
ecog   = { levels = ["zero", "one", "two"], typical = "one" }
cycle  = { levels = ["first", "later"], typical = "first" }

[compartments]
plasma = { volume = "V", source = "assumed" }

[parameters]
CL = { value = "2 L/h", iiv = "30 %", iov = "20 %", effects = [{ of = "weight", form = "power", reference = "80 kg", coefficient = "0.75" }], source = "assumed" }
V  = { value = "3 L", iiv = "40 %", source = "assumed" }
T0 = { value = "10 h", iiv = "2 h", distribution = "normal", source = "assumed" }
F  = { value = "0.2", iiv = "50 %", distribution = "logitnormal", min = "0", max = "1", source = "assumed" }

[population]
correlations = [{ of = ["CL", "V"], value = 0.7 }]

[species]
L = { in = ["plasma"] }

[scheme]
processes = '''
eliminate: L.plasma -> 0 @ CL
'''

[observables]
clearance = { of = "CL", unit = "L/h" }
filtered  = { of = "F*GFR", unit = "L/h" }
delay     = { of = "T0", unit = "h" }
"#;
