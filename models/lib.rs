//! The models that travel inside Lutetia, and the chains that connect them, as the text of their files.
//!
//! They are a crate so that an installed command finds them in an empty folder. A model is named by its family and its
//! name, `psma/tumour-kidney`; [`find`] also takes it with `.toml` behind or `models/` in front, and
//! [`place()`] prefers a file of the user to the bundled model of the same name.
//!
//! ```
//! let model = lutetia_models::find("psma/tumour-kidney").expect("it is bundled");
//! assert_eq!(model.path, "psma/tumour-kidney.toml");
//! assert!(model.text.contains("[model]"));
//! ```

mod place;
mod scope;

pub use place::{Place, place, place_by, slashed};
pub use scope::{Scope, scope};

/// A model of the library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bundled {
    /// Its path below `models/`: `psma/tumour-kidney.toml`.
    pub path: &'static str,
    /// The text of the file.
    pub text: &'static str,
}

impl Bundled {
    /// The name by which it is asked for: `psma/tumour-kidney`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.path.strip_suffix(".toml").unwrap_or(self.path)
    }
}

macro_rules! library {
    ($($path:literal)*) => {
        &[$(Bundled { path: $path, text: include_str!($path) }),*]
    };
}

/// Every model and every chain, sorted by name.
pub const MODELS: &[Bundled] = library! {
    "body/ligand-body.toml"
    "chains/dotatate-daughters.toml"
    "chains/net-limits.toml"
    "chains/net-survival.toml"
    "chains/psma-617-albumin.toml"
    "chains/psma-617-daughters.toml"
    "chains/psma-enzalutamide.toml"
    "chains/psma-it-limits.toml"
    "chains/psma-it-survival.toml"
    "chains/psma-limits.toml"
    "chains/psma-limits-cabazitaxel.toml"
    "chains/psma-limits-enzalutamide.toml"
    "chains/psma-limits-olaparib.toml"
    "chains/psma-limits-pembrolizumab.toml"
    "chains/psma-marrow.toml"
    "chains/psma-olaparib.toml"
    "chains/psma-olaparib-both.toml"
    "chains/psma-olaparib-cells.toml"
    "chains/psma-pembrolizumab.toml"
    "chains/psma-platelets-survival.toml"
    "chains/psma-survival.toml"
    "chains/psma-tumour.toml"
    "combination/independent-kill.toml"
    "combination/marrow-overlap.toml"
    "combination/parp-single-agent.toml"
    "combination/psma-upregulation.toml"
    "combination/repair-inhibition.toml"
    "combination/sensitisation.toml"
    "combination/standard-of-care.toml"
    "daughter/free-daughters.toml"
    "immune/antigen-effector.toml"
    "ligand/dotatate.toml"
    "ligand/dotatoc.toml"
    "ligand/fap-2286.toml"
    "ligand/fapi-46.toml"
    "ligand/girentuximab.toml"
    "ligand/ibritumomab.toml"
    "ligand/j591.toml"
    "ligand/lilotomab.toml"
    "ligand/mibg.toml"
    "ligand/neob.toml"
    "ligand/pentixather.toml"
    "ligand/pp-f11n.toml"
    "ligand/psma-617.toml"
    "ligand/psma-it.toml"
    "ligand/rhpsma-10-1.toml"
    "ligand/rm2.toml"
    "ligand/satoreotide.toml"
    "ligand/sc16.toml"
    "ligand/tositumomab.toml"
    "ligand/trastuzumab.toml"
    "partner/cabazitaxel.toml"
    "partner/capecitabine.toml"
    "partner/enzalutamide.toml"
    "partner/ipilimumab.toml"
    "partner/nivolumab.toml"
    "partner/olaparib.toml"
    "partner/pembrolizumab.toml"
    "partner/talazoparib.toml"
    "partner/temozolomide.toml"
    "pet/1tcm.toml"
    "pet/2tcm.toml"
    "pet/2tcm-irreversible.toml"
    "pet/srtm.toml"
    "psma/ac225-psma617-daughters.toml"
    "psma/dcfpyl.toml"
    "psma/psma-617-wholebody.toml"
    "psma/psma-it-population.toml"
    "psma/psma-it-wholebody.toml"
    "psma/psma-it-wholebody-feedback.toml"
    "psma/psma617-population.toml"
    "psma/tumour-feedback.toml"
    "psma/tumour-kidney.toml"
    "psma/ubc-pkpd.toml"
    "psma/ubc-reduced.toml"
    "psma/ubc-wholebody.toml"
    "radiobiology/lethal-potentially-lethal.toml"
    "radiobiology/linear-quadratic.toml"
    "radiobiology/linear-quadratic-two-repairs.toml"
    "radiobiology/two-damage.toml"
    "sstr2/dotatate-population.toml"
    "sstr2/dotatate-small.toml"
    "sstr2/dotatate-wholebody.toml"
    "sstr2/ha-dotatate-population.toml"
    "survival/desmee-2015.toml"
    "survival/new-lesions.toml"
    "survival/weibull-tumour.toml"
    "survival/zecchin-2016.toml"
    "target/caix.toml"
    "target/cck2r.toml"
    "target/cd20.toml"
    "target/cd37.toml"
    "target/cxcr4.toml"
    "target/dll3.toml"
    "target/fap.toml"
    "target/grpr.toml"
    "target/her2.toml"
    "target/net1.toml"
    "target/psma.toml"
    "target/sstr2.toml"
    "toxicity/haemoglobin.toml"
    "toxicity/kidneys.toml"
    "toxicity/lymphocytes.toml"
    "toxicity/marrow-dose.toml"
    "toxicity/neutrophils.toml"
    "toxicity/platelets.toml"
    "toxicity/salivary-glands.toml"
    "tumour/growth-inhibition-claret.toml"
    "tumour/growth-kill-clinical-effective.toml"
    "tumour/growth-kill-radiobiological.toml"
    "tumour/psa-desmee-2015.toml"
    "tumour/psa-siebinga-2024.toml"
    "tumour/regression-growth-stein-fojo.toml"
    "vector/albumin.toml"
};

/// What shipped models share: which outputs give it, and which inputs take it; the text of `ports.toml`.
pub const PORTS: &str = include_str!("ports.toml");

/// The same as a file that is looked for like a model.
static PORTS_FILE: Bundled = Bundled { path: "ports.toml", text: PORTS };

/// The path of the file of ports, by which it is asked for.
pub const PORTS_PATH: &str = "models/ports.toml";

/// The model of a name: with or without `.toml`, with or without `models/` in front. The file of ports is here too, by
/// its whole path alone: it is not a model.
#[must_use]
pub fn find(name: &str) -> Option<&'static Bundled> {
    if name.strip_prefix("./").unwrap_or(name) == PORTS_PATH {
        return Some(&PORTS_FILE);
    }
    let wanted = plain(name);
    let at = MODELS.binary_search_by(|model| model.name().cmp(wanted)).ok()?;
    MODELS.get(at)
}

/// The names of all models, sorted.
pub fn names() -> impl Iterator<Item = &'static str> {
    MODELS.iter().map(Bundled::name)
}

/// A name without what it may carry: `./`, `models/` in front, `.toml` behind.
#[must_use]
pub fn plain(name: &str) -> &str {
    let name = name.strip_prefix("./").unwrap_or(name);
    let name = name.strip_prefix("models/").unwrap_or(name);
    name.strip_suffix(".toml").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn exact_every_file_of_the_folder_is_here_and_nothing_else() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut there = Vec::new();
        let mut folders = vec![root.to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).expect("a readable folder") {
                let path = entry.expect("an entry").path();
                if path == root.join("demo") {
                    // What the tour of the README writes; it belongs to nobody else.
                } else if path.is_dir() {
                    folders.push(path);
                } else if folder != root {
                    let below = path.strip_prefix(root).expect("below the root");
                    let parts: Vec<_> =
                        below.iter().map(|part| part.to_string_lossy().into_owned()).collect();
                    there.push(parts.join("/"));
                }
            }
        }
        there.sort();
        let mut here: Vec<&str> = MODELS.iter().map(|model| model.path).collect();
        here.sort_unstable();
        assert_eq!(here, there, "a model is in `lib.rs` and in the folder");
    }

    #[test]
    fn exact_every_line_of_the_scopes_is_of_a_model() {
        let mut before = std::collections::BTreeSet::new();
        for (beginning, scope) in scope::lines() {
            assert!(before.insert(beginning), "{beginning} twice");
            assert!(names().any(|name| name.starts_with(beginning)), "{beginning}");
            assert!(!scope.disease.is_empty(), "{beginning}");
        }
        assert_eq!(scope("psma/ac225-psma617-daughters").nuclides, "Ac-225 with Fr-221 and Bi-213");
        assert_eq!(scope("psma/tumour-kidney").target, "PSMA");
        assert_eq!(scope("radiobiology/linear-quadratic"), Scope::default());
        let ligands = |name: &&str| {
            ["psma/", "sstr2/", "chains/", "ligand/"].iter().any(|f| name.starts_with(f))
        };
        for name in names().filter(ligands) {
            assert!(!scope(name).target.is_empty(), "{name} has no line in `scope.csv`");
        }
    }

    #[test]
    fn exact_a_model_is_found_by_each_of_its_names() {
        // The search halves the list of names, which therefore has to be sorted without `.toml`.
        assert!(names().is_sorted());
        for model in MODELS {
            for name in [
                model.name().to_owned(),
                model.path.to_owned(),
                format!("models/{}", model.name()),
                format!("models/{}", model.path),
                format!("./models/{}", model.path),
            ] {
                assert_eq!(find(&name), Some(model), "{name}");
            }
        }
        assert_eq!(find("models/ports.toml").map(|file| file.text), Some(PORTS));
        for name in [
            "",
            "ports",
            "ports.toml",
            "models/",
            "psma",
            "tumour-kidney",
            "psma/tumour-kidney.toml.toml",
            "../psma/tumour-kidney",
        ] {
            assert_eq!(find(name), None, "{name}");
        }
    }
}
