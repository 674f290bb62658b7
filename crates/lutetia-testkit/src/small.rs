//! Small models whose answers are known.

/// A patient whose hazard of death is a constant, less what a drug takes of it, and whose organ gets a dose
/// in proportion to the drug.
pub const CONSTANT_HAZARD: &str = r#"
[model]
id = "patient"
title = "a constant hazard"
units = { time = "h", amount = "nmol", volume = "L" }
[compartments]
c = "1 L"
[parameters]
rate = { value = "0.01 1/d", source = "assumed" }
spared = { value = "0.5 1/nmol", source = "assumed" }
per = { value = "10 Gy/nmol", source = "assumed" }
[species]
X = { in = ["c"] }
[states]
H = { unit = "1", initial = "0" }
[scheme]
processes = '''
die: 0 => H @ rate/(1 + spared*X.c)
'''
[outputs]
hazard = { of = "H", unit = "1" }
dose = { of = "per*X.c", unit = "Gy" }
"#;
