//! Models written as users write them.

use lutetia_model::{Binding, Model, compile, system::System};

pub fn checked(text: &str) -> Model {
    lutetia_testkit::checked("test.toml", text)
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
pub fn message<T>(result: Result<T, impl std::fmt::Display>) -> String {
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

/// Ligand in blood and tumour, a tumour it kills, marrow it harms, and the hazard of death that follows
/// the tumour: the smallest whole chain. Times in days.
pub const CHAIN: &str = r#"
[model]
id    = "chain"
title = "From ligand to death"
units = { time = "d", amount = "nmol", volume = "L" }
label = { on = ["L"], decayed = "cold" }

[compartments]
blood  = { volume = "10 L", source = "assumed" }
tumour = { volume = "0.1 L", source = "assumed" }

[parameters]
k_out    = { value = "6 1/d", iiv = "30 %", source = "assumed" }
k_in     = { value = "0.2 1/d", iiv = "50 %", iov = "20 %", source = "assumed" }
k_back   = { value = "0.3 1/d", source = "assumed" }
s_tumour = { value = "0.02 Gy/d/MBq", source = "assumed" }
s_marrow = { value = "0.0002 Gy/d/MBq", source = "assumed" }
alpha    = { value = "0.05 1/Gy", iiv = "50 %", source = "assumed" }
k_grow   = { value = "0.005 1/d", iiv = "60 %", source = "assumed" }
k_tr     = { value = "0.1 1/d", source = "assumed" }
slope    = { value = "1.3 1/Gy", iiv = "20 %", source = "assumed" }
h0       = { value = "0.001 1/d", source = "assumed" }
link     = { value = "0.8", source = "assumed" }
h_lesion = { value = "0.002 1/d", source = "assumed" }
M0       = { value = "100 g", iiv = "80 %", source = "assumed" }

[species]
L = { in = ["blood", "tumour"] }

[states]
M    = { unit = "g", initial = "M0" }
P    = { unit = "1", initial = "1" }
T    = { unit = "1", initial = "1" }
C    = { unit = "1", initial = "1" }
H    = { unit = "1", initial = "0" }
H_nl = { unit = "1", initial = "0" }

[scheme]
processes = '''
out:   L.blood  -> 0         @ k_out
in:    L.blood <-> L.tumour  @ k_in, k_back
grow:  0 => M                @ k_grow*M
kill:  M => 0                @ alpha*s_tumour*activity(L.tumour)*M
make:  0 => P                @ k_tr*P*(1/max(C, 0.01))^0.2
harm:  P => 0                @ slope*s_marrow*activity(L.blood)*P
move1: P => T                @ k_tr*P
move2: T => C                @ k_tr*T
die:   C => 0                @ k_tr*C
death: 0 => H                @ h0*(M/M0)^link
spread: 0 => H_nl            @ h_lesion*M/M0
'''

[outputs]
cumulative_hazard = { of = "H", unit = "1" }
new_lesion        = { of = "H_nl", unit = "1" }
mass              = { of = "M", unit = "g" }
platelets         = { of = "C", unit = "1" }
"#;
