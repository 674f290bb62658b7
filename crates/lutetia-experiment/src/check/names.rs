//! Does every name that a step or a figure refers to stand for something, and for one thing?

use std::collections::BTreeSet;

use lutetia_diagnostic::{Diagnostic, Span};
use toml::Spanned;
use toml::de::DeValue;

use super::{File, meant};
use crate::{
    Experiment,
    steps::{Step, Use},
};

pub(super) fn faults(file: &File<'_>, experiment: &Experiment) -> Vec<Diagnostic> {
    let mut faults = Vec::new();
    let (data, models) = (file.keys("data"), file.keys("models"));
    let ids = file.named("step", "id");
    let mut unknown = |kind: &str, name: &str, known: &[&str], place: Span| {
        if !known.contains(&name) {
            let message = format!("`{name}` is not a {kind} of this experiment");
            let hint = match (known, kind) {
                ([], "data set") => format!("declare it: `data.{name} = {{ table = \"…\" }}`"),
                ([], "model") => format!("declare it: `models.{name} = {{ file = \"…\" }}`"),
                ([], _) => "write what it names before it".to_owned(),
                _ => meant(name, known.iter().copied()),
            };
            let fault = Diagnostic::error("LUT7002", message).at(place, "not declared");
            faults.push(fault.hint(hint));
        }
    };
    let mut reached = 0;
    for step in &experiment.steps {
        let id = step.kind().id();
        // Steps with faults are left out of `experiment`, and two may have one name.
        let own = ids[reached..].iter().position(|i| *i == id).map_or(reached, |at| reached + at);
        let before = &ids[..own];
        reached = (own + 1).min(ids.len());
        let place = |name: &str| place(file, "step", "id", id, name);
        for used in step.kind().uses() {
            match used {
                Use::Data(name) => unknown("data set", name, &data, place(name)),
                Use::Model(name) => unknown("model", name, &models, place(name)),
                Use::Step(name) => unknown("step before this one", name, before, place(name)),
                // Its table is looked for where it is read.
                Use::Experiment(_) => {}
            }
        }
        // What stands beside published numbers is not an input: it says nothing of where numbers come from.
        if let Step::Compare(compare) = step {
            let ours = compare.rows.iter().map(|r| r.ours.split('/').next().unwrap_or(&r.ours));
            for table in ours.collect::<BTreeSet<_>>() {
                let name = table.split('.').next().unwrap_or(table);
                if !data.contains(&table) {
                    unknown("step before this one", name, before, place(name));
                }
            }
        }
    }
    let tables: Vec<&str> = experiment
        .data
        .iter()
        .filter(|(_, d)| d.table.is_some())
        .map(|(name, _)| name.as_str())
        .collect();
    let known: Vec<&str> = ids.iter().chain(&tables).copied().collect();
    for figure in &experiment.figures {
        for table in figure.from() {
            let step = table.split('.').next().unwrap_or(table);
            let place = place(file, "figure", "name", figure.name(), step);
            // Only tables of steps have parts.
            let name = if ids.contains(&step) || !tables.contains(&step) { step } else { table };
            unknown("step or table", name, &known, place);
        }
    }
    for (name, data) in &experiment.data {
        if data.study.is_none() && data.table.is_none() && data.pet.is_none() {
            faults.push(
                Diagnostic::error("LUT7004", format!("the data `{name}` need `study`, `table` or `pet`"))
                    .at(file.declared("data", name), "")
                    .hint("give the folder of a `study`, the CSV file of a `table`, or the `frames` of a `pet`"),
            );
        }
    }
    for (name, model) in &experiment.models {
        if model.file.is_some() != model.parts.is_empty() {
            faults.push(
                Diagnostic::error("LUT7004", format!("the model `{name}` needs `file` or `parts`"))
                    .at(file.declared("models", name), "")
                    .hint("give the `file` of one model, or `parts` and how they `connect`"),
            );
        }
    }
    twice(file, "step", "id", "steps", &mut faults);
    twice(file, "figure", "name", "figures", &mut faults);
    faults
}

/// The place of a name within a step or a figure.
pub(super) fn place(file: &File<'_>, section: &str, key: &str, of: &str, name: &str) -> Span {
    inside(file, section, key, of, name)
        .or_else(|| item(file, section, key, of).map(|item| file.span(item.span())))
        .unwrap_or_else(|| file.span(0..0))
}

/// The same, where the step or figure has it.
pub(super) fn inside(
    file: &File<'_>,
    section: &str,
    key: &str,
    of: &str,
    name: &str,
) -> Option<Span> {
    let table = item(file, section, key, of)?.get_ref().as_table()?;
    // A step may be named like the data that it reads: its own name is not looked at.
    let others = table.iter().filter(|(k, _)| ![key, "kind"].contains(&k.get_ref().as_ref()));
    let values: Vec<_> = others.map(|(_, value)| value).collect();
    let by_value = values.iter().find_map(|value| file.within(value, name));
    by_value.or_else(|| values.iter().find_map(|value| file.key_within(value, name)))
}

fn item<'f>(
    file: &'f File<'_>,
    section: &str,
    key: &str,
    of: &str,
) -> Option<&'f Spanned<DeValue<'f>>> {
    file.listed(section).find(|item| {
        let own = item.get_ref().as_table().and_then(|t| t.get(key));
        own.and_then(|v| v.get_ref().as_str()) == Some(of)
    })
}

/// Two steps or figures of one name.
fn twice(file: &File<'_>, section: &str, key: &str, many: &str, faults: &mut Vec<Diagnostic>) {
    let mut seen: Vec<&str> = Vec::new();
    for item in file.listed(section) {
        let Some(value) = item.get_ref().as_table().and_then(|t| t.get(key)) else { continue };
        let Some(name) = value.get_ref().as_str() else { continue };
        if seen.contains(&name) {
            let place = file.inside(value.span(), 0, name.len());
            faults.push(
                Diagnostic::error("LUT7003", format!("two {many} are called `{name}`"))
                    .at(place, "")
                    .hint(format!("give each {section} a name of its own in `{key}`")),
            );
        }
        seen.push(name);
    }
}
