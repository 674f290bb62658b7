//! A ligand model to start from.

/// The text of a new ligand model called `id` (lower-case letters, digits and hyphens).
///
/// It passes [`check`](crate::check); every number in it is assumed and waits for the author's own.
#[must_use]
pub fn scaffold(id: &str) -> String {
    TEMPLATE.replace("{id}", id)
}

const TEMPLATE: &str = r#"# A ligand model to start from. Replace every assumed number and name its source.

[model]
id    = "{id}"
title = "Hot and cold ligand compete for the receptors of one tumour"
units = { time = "h", amount = "nmol", volume = "L" }
label = { on = ["L", "LR", "Li"], decayed = "cold" }

[compartments]
plasma = "3.0 L"
tumour = "0.02 L"

[parameters]
CL    = { value = "2.4 L/h", iiv = "30 %", about = "renal clearance", source = "assumed" }
PS    = { value = "0.06 L/h", about = "tumour permeability x surface", source = "assumed" }
R0    = { value = "5.0 nmol", iiv = "60 %", about = "receptors in the tumour", source = "assumed" }
kon   = { value = "2.76 L/nmol/h", fixed = true, about = "association", source = "assumed" }
KD    = { value = "1.0 nmol/L", about = "dissociation constant", source = "assumed" }
k_int = { value = "0.06 1/h", about = "internalisation", source = "assumed" }
k_rel = { value = "0.0137 1/h", about = "release", source = "assumed" }

[species]
L  = { in = ["plasma", "tumour"], about = "ligand" }
R  = { in = ["tumour"], initial = "R0", about = "free receptor" }
LR = { in = ["tumour"], about = "ligand on the receptor" }
Li = { in = ["tumour"], about = "internalised ligand" }

[scheme]
processes = '''
excrete:     L.plasma             -> 0                     @ CL
extravasate: L.plasma            <-> L.tumour              @ PS, PS
bind:        L.tumour + R.tumour <-> LR.tumour             @ kon, kon*KD
internalise: LR.tumour            -> Li.tumour + R.tumour  @ k_int
release:     Li.tumour            -> 0                     @ k_rel
'''

[observables]
A_plasma = { of = "activity(L.plasma)", unit = "MBq", error = "proportional 10 %" }
A_tumour = { of = "activity(*.tumour)", unit = "MBq", error = "proportional 10 %" }
"#;

#[cfg(test)]
mod tests {
    #[test]
    fn exact_a_new_model_has_no_faults() {
        let text = super::scaffold("my-ligand");
        let file = crate::SourceFile { name: "my-ligand.toml".to_owned(), text };
        let checked = crate::check(&file, &crate::NoFiles);
        let shown = lutetia_diagnostic::render(&checked.diagnostics, &checked.sources, false);
        assert!(checked.diagnostics.is_empty(), "{shown}");
        assert!(checked.model.is_some());
    }
}
