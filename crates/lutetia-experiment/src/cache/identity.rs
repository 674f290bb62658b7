//! The identity of a step: a hash of everything that decides what it makes.

use std::fmt::Write as _;

use crate::{
    Experiment,
    graph::Graph,
    names::first,
    steps::{Context, Use},
    world::hash,
};

/// What an entry means. To be raised with the form of entries, and with what identities are made of.
const FORMAT: u32 = 1;

/// The identities of the steps of an experiment, in their order; none where its text or the program is not known.
///
/// The identity is the SHA-256 of: the form of entries, the version, the program, the seed; the keys of the step as
/// written; for each study and table its entry under `[data]` and its bytes; for each model its entry under
/// `[models]` and the texts of all files that were read for it; the tables of other experiments; and the identities
/// of the earlier steps that it uses, which hold all of theirs.
pub(crate) fn identities(
    experiment: &Experiment,
    graph: &Graph,
    context: &Context,
    program: &str,
) -> Option<Vec<String>> {
    let keys = experiment.written.get("step").and_then(toml::Value::as_array);
    let keys = keys.map_or(&[][..], Vec::as_slice);
    if program.is_empty() || keys.len() != experiment.steps.len() {
        return None;
    }
    let entry = |table: &str, name: &str| {
        let written = experiment.written.get(table).and_then(|t| t.get(name));
        written.map(canonical).unwrap_or_default()
    };
    let mut identities: Vec<String> = Vec::new();
    for (i, (step, keys)) in experiment.steps.iter().zip(keys).enumerate() {
        let mut of = format!(
            "lutetia step {FORMAT}\nversion {}\nprogram {program}\nseed {}\nkeys {}\n",
            env!("CARGO_PKG_VERSION"),
            context.seed,
            canonical(keys),
        );
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
        for &on in graph.stands_on(i) {
            lines.push(format!("step {}", identities[on]));
        }
        lines.sort();
        lines.dedup();
        for line in lines {
            // Writing to a text cannot fail.
            let _ = writeln!(of, "{line}");
        }
        identities.push(hash(of.as_bytes()));
    }
    Some(identities)
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
