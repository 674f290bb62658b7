//! The identity of a step: a hash of everything that decides what it makes.

use std::fmt::Write as _;

use crate::{
    Experiment,
    cache::revision::revision,
    graph::Graph,
    names::first,
    steps::{Context, Use},
    world::hash,
};

/// What an entry means. To be raised with the form of entries, and with what identities are made of.
const FORMAT: u32 = 4;

/// What decides what each step of an experiment makes, but for the program and the steps it stands on.
///
/// The identity of a step is the SHA-256 of: the form of entries, the version, what computes, the seed; the keys of the
/// step as written; for each study and table its entry under `[data]` and its bytes; for each model its entry under
/// `[models]` and the texts of all files that were read for it, with the ports that models share where its parts connect
/// by them; the tables of other
/// experiments; and the identities of the earlier steps that it uses, which hold all of theirs. It is the same on every
/// machine for the same files, wherever they lie.
pub(crate) struct Identities<'e> {
    /// Of each step, what it was made of.
    made_of: Vec<(String, Vec<String>)>,
    graph: &'e Graph,
}

impl<'e> Identities<'e> {
    /// Those of an experiment; none where its text is not known.
    pub(crate) fn of(experiment: &Experiment, graph: &'e Graph, context: &Context) -> Option<Self> {
        let keys = experiment.written.get("step").and_then(toml::Value::as_array);
        let keys = keys.map_or(&[][..], Vec::as_slice);
        if keys.len() != experiment.steps.len() {
            return None;
        }
        let entry = |table: &str, name: &str| {
            let written = experiment.written.get(table).and_then(|t| t.get(name));
            written.map(canonical).unwrap_or_default()
        };
        let mut made_of = Vec::new();
        for (step, keys) in experiment.steps.iter().zip(keys) {
            let head = format!("seed {}\nkeys {}\n", context.seed, canonical(keys));
            let mut lines: Vec<String> = Vec::new();
            let kind = step.kind();
            let read = kind.reads();
            let data = read.iter().map(|path| Use::Data(first(path)));
            for used in kind.uses().into_iter().chain(data) {
                let line = |what: &str, name: &str, bytes: Option<&String>| {
                    let bytes = bytes.map_or("", String::as_str);
                    format!("{what} {name:?} {} {bytes}", entry(what, name))
                };
                lines.extend(match used {
                    Use::Data(name) => Some(line("data", name, context.bytes.data.get(name))),
                    Use::Model(name) => Some(line("models", name, context.bytes.models.get(name))),
                    Use::Experiment(elsewhere) => {
                        let table = elsewhere.table();
                        let bytes = context.bytes.elsewhere.get(&table);
                        Some(line("elsewhere", &table, bytes))
                    }
                    Use::Step(_) => None,
                });
            }
            made_of.push((head, lines));
        }
        Some(Self { made_of, graph })
    }

    /// The identity of a step that `computes` computes, where those of the steps before it are known.
    pub(crate) fn step(&self, at: usize, computes: &str, before: &[String]) -> String {
        let (head, lines) = &self.made_of[at];
        let version = env!("CARGO_PKG_VERSION");
        let mut of = format!("lutetia step {FORMAT}\nversion {version}\n{computes}\n{head}");
        let steps = self.graph.stands_on(at).iter().map(|&on| format!("step {}", before[on]));
        let mut lines: Vec<String> = lines.iter().cloned().chain(steps).collect();
        lines.sort();
        lines.dedup();
        for line in lines {
            // Writing to a text cannot fail.
            let _ = writeln!(of, "{line}");
        }
        hash(of.as_bytes())
    }

    /// The identities under which a repository keeps the steps: what computes is the revision of their kinds.
    pub(crate) fn kept(&self, experiment: &Experiment) -> Vec<String> {
        let mut identities = Vec::new();
        for (at, step) in experiment.steps.iter().enumerate() {
            identities.push(self.step(at, &revision(step), &identities));
        }
        identities
    }
}

/// A TOML value as one text: keys sorted, floats by their bits, texts in quotes.
fn canonical(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => format!("{text:?}"),
        toml::Value::Integer(n) => format!("i{n}"),
        toml::Value::Float(x) => format!("f{:x}", x.to_bits()),
        toml::Value::Boolean(yes) => format!("{yes}"),
        toml::Value::Datetime(at) => format!("d{at}"),
        toml::Value::Array(items) => {
            let items: Vec<String> = items.iter().map(canonical).collect();
            format!("[{}]", items.join(","))
        }
        toml::Value::Table(table) => {
            let mut entries: Vec<String> =
                table.iter().map(|(key, value)| format!("{key:?}={}", canonical(value))).collect();
            entries.sort();
            format!("{{{}}}", entries.join(","))
        }
    }
}

#[cfg(test)]
mod tests {
    use lutetia_testkit::heading;

    use super::*;
    use crate::{Disk, Reading};

    /// The hash of what decides the model of a chain whose parts connect by ports, with these ports in the folder.
    fn of(ports: Option<&str>) -> (String, Vec<String>) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        if let Some(ports) = ports {
            std::fs::create_dir(folder.path().join("models")).expect("a folder");
            std::fs::write(folder.path().join("models/ports.toml"), ports).expect("a file");
        }
        let file = "file = \"chains/psma-tumour\"\nnuclides = [\"Lu-177\"]\n";
        let text = format!("{}[models.m]\n{file}", heading(1));
        let experiment: Experiment = toml::from_str(&text).expect("an experiment");
        let disk = Disk::new(folder.path());
        let mut reading = Reading::of(&disk);
        let context = Context::load(&experiment, &mut reading).expect("it is read");
        let read = reading.into_hashes();
        assert_eq!(read["models/ports.toml"], hash(ports.unwrap_or(SHIPPED).as_bytes()));
        (context.bytes.models["m"].clone(), read.into_keys().collect())
    }

    const SHIPPED: &str = lutetia_models::PORTS;

    #[test]
    fn exact_the_shared_ports_are_in_the_bytes_of_a_model_that_connects_by_them() {
        let (shipped, read) = of(None);
        assert!(read.contains(&"models/ports.toml".to_owned()), "a row of the provenance");
        assert_eq!(of(Some(SHIPPED)).0, shipped, "wherever the same text lies");
        assert_ne!(of(Some(&format!("{SHIPPED} \n"))).0, shipped);
    }
}
