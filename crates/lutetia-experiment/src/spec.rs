//! What an experiment file says: `reports/NN_name/experiment.toml`.
//!
//! An experiment names its data and models, a list of steps that compute tables, the figures drawn
//! from them, and the text around the numbers. The text is Markdown with placeholders that are
//! filled from the tables, so that no number is typed twice.

use std::{collections::BTreeMap, ops::Range};

use lutetia_diagnostic::{Diagnostic, SourceId, Sources, Span};
use lutetia_scenario::ModelUse;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::steps::{Step, Use};
use lutetia_figure::ChartSpec;

/// An experiment file.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// Title, question, text.
    pub experiment: Heading,
    /// Studies and tables by name.
    #[serde(default)]
    pub data: BTreeMap<String, Data>,
    /// Models by name.
    #[serde(default)]
    pub models: BTreeMap<String, ModelUse>,
    /// What is computed, in this order.
    #[serde(default, rename = "step")]
    pub steps: Vec<Step>,
    /// What is drawn.
    #[serde(default, rename = "figure")]
    pub figures: Vec<ChartSpec>,
}

/// The text of an experiment; all of it Markdown.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Heading {
    /// Title of the page.
    pub title: String,
    /// The question in one sentence.
    pub question: String,
    /// Seed of every random generator the experiment uses.
    pub seed: u64,
    /// Objective.
    pub objective: String,
    /// Method.
    pub method: String,
    /// Result, with placeholders.
    pub result: String,
    /// Where the result disagrees with the literature, and why.
    pub disagreement: String,
    /// References.
    #[serde(default)]
    pub references: Vec<String>,
}

/// A study folder or a table, by path from the root of the repository.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// A study folder.
    pub study: Option<String>,
    /// A CSV file.
    pub table: Option<String>,
}

impl Experiment {
    /// The other experiments whose tables this one reads.
    #[must_use]
    pub fn reads(&self) -> Vec<&str> {
        let uses = self.steps.iter().flat_map(|s| s.kind().uses());
        let named = uses.filter_map(|u| match u {
            Use::Experiment(e) => Some(e.experiment.as_str()),
            _ => None,
        });
        named.collect()
    }
}

/// Reads an experiment file.
///
/// # Errors
/// Diagnostics with place: TOML that cannot be read, unknown or missing keys, two steps of one name,
/// a figure or step that names nothing.
pub fn parse(name: &str, text: &str, sources: &mut Sources) -> Result<Experiment, Vec<Diagnostic>> {
    let id = sources.add(name, text);
    let experiment: Experiment = toml::from_str(text).map_err(|e| {
        let mut span = e.span().unwrap_or(0..0);
        // For an unknown key the reader gives the table it stands in.
        let key = e.message().strip_prefix("unknown field `").and_then(|m| m.split('`').next());
        if let Some(key) = key
            && let Some(at) = text.get(span.start..).and_then(|t| t.find(&format!("\n{key}")))
        {
            span = span.start + at + 1..span.start + at + 1 + key.len();
        } else if let Some(line) = line_of_value(text, span.start, e.message()) {
            span = line;
        }
        vec![
            Diagnostic::error("LUT7001", e.message().to_owned())
                .at(Span::new(id, span.start, span.end), "")
                .hint("the experiments in `reports/` show every table and key"),
        ]
    })?;
    let faults = check_names(&experiment, |key, needle| {
        // The value of a key, not a mention in the text; the last one, so that of two steps of one
        // name the second is shown.
        let value = text.rfind(&format!("{key}= \"{needle}\"")).map(|p| p + key.len() + 3);
        let start = value.or_else(|| text.find(&format!("\"{needle}\"")).map(|p| p + 1));
        let start = start.unwrap_or(0);
        Span::new(id, start, start + needle.len().min(text.len() - start))
    });
    let faults: Vec<_> = faults.into_iter().chain(unfilled(id, text)).collect();
    if faults.is_empty() { Ok(experiment) } else { Err(faults) }
}

/// Keys whose text is filled with numbers of the tables.
const FILLED: [&str; 5] = ["objective", "method", "result", "disagreement", "caption"];

/// Placeholders in texts that are printed as they stand.
fn unfilled(id: SourceId, text: &str) -> Vec<Diagnostic> {
    fn walk(key: &str, value: &toml::Value, found: &mut Vec<(String, String)>) {
        match value {
            toml::Value::String(s) if !FILLED.contains(&key) && s.contains("{{") => {
                let line = s.lines().find(|line| line.contains("{{")).unwrap_or(s);
                found.push((key.to_owned(), line.to_owned()));
            }
            toml::Value::Array(items) => items.iter().for_each(|item| walk(key, item, found)),
            toml::Value::Table(table) => {
                table.iter().for_each(|(key, value)| walk(key, value, found));
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    if let Ok(table) = text.parse::<toml::Table>() {
        walk("", &toml::Value::Table(table), &mut found);
    }
    found
        .into_iter()
        .map(|(key, line)| {
            let message = format!("`{key}` is printed as it stands, found `{{{{` in it");
            let start = text.find(&line).unwrap_or(0);
            Diagnostic::error("LUT7030", message)
                .at(Span::new(id, start, start + line.len().min(text.len() - start)), "")
                .hint(format!("numbers are filled into `{}`", FILLED.join("`, `")))
        })
        .collect()
}

/// The line `key = value` whose value a message quotes, from a place on: the reader of a step gives the table, not
/// the key. Nothing where the message quotes no value.
fn line_of_value(text: &str, from: usize, message: &str) -> Option<Range<usize>> {
    // `invalid type: string "5 d", expected f64`, `integer `5``, ``5 d` is no time`.
    let quoted = |mark: char| message.split(mark).nth(1).filter(|v| !v.is_empty());
    let text_of = quoted('"').map(|v| format!("\"{v}\""));
    let plain = quoted('`').map(ToOwned::to_owned);
    let values: Vec<String> = text_of
        .into_iter()
        .chain(plain.iter().map(|v| format!("\"{v}\"")))
        .chain(plain.clone())
        .collect();
    let mut start = from;
    for line in text.get(from..)?.split_inclusive('\n') {
        let body = line.trim_end();
        if let Some((_, value)) = body.split_once('=')
            && let value = value.trim()
            && let Some(rest) = values.iter().find_map(|v| value.strip_prefix(v.as_str()))
            && (rest.trim_start().is_empty() || rest.trim_start().starts_with('#'))
        {
            let lead = body.len() - body.trim_start().len();
            let end = body.len() - rest.len();
            return Some(start + lead..start + end);
        }
        start += line.len();
    }
    None
}

fn check_names(experiment: &Experiment, place: impl Fn(&str, &str) -> Span) -> Vec<Diagnostic> {
    let mut faults = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    let mut known = |kind: &str, name: &str, known: &mut dyn Iterator<Item = &str>| {
        let known: Vec<&str> = known.collect();
        if !known.contains(&name) {
            let hint = lutetia_diagnostic::closest(name, known.iter().copied()).map_or_else(
                || format!("known here: {}", known.join(", ")),
                |c| format!("did you mean `{c}`?"),
            );
            faults.push(
                Diagnostic::error(
                    "LUT7002",
                    format!("`{name}` is not a {kind} of this experiment"),
                )
                .at(place("", name), "not declared")
                .hint(hint),
            );
        }
    };
    for step in &experiment.steps {
        for name in step.kind().uses() {
            match name {
                Use::Data(name) => {
                    known("data set", name, &mut experiment.data.keys().map(String::as_str));
                }
                Use::Model(name) => {
                    known("model", name, &mut experiment.models.keys().map(String::as_str));
                }
                Use::Step(name) => known("step before this one", name, &mut seen.iter().copied()),
                // Its table is looked for where it is read.
                Use::Experiment(_) => {}
            }
        }
        seen.push(step.kind().id());
    }
    for figure in &experiment.figures {
        for table in figure.from() {
            let step = table.split('.').next().unwrap_or(table);
            let data = experiment.data.iter().filter(|(_, d)| d.table.is_some());
            let mut names = seen.iter().copied().chain(data.map(|(name, _)| name.as_str()));
            known("step or table", step, &mut names);
        }
    }
    for (name, model) in &experiment.models {
        if model.file.is_some() != model.parts.is_empty() {
            faults.push(
                Diagnostic::error("LUT7004", format!("the model `{name}` needs `file` or `parts`"))
                    .at(place("", name), "")
                    .hint("give the `file` of one model, or `parts` and how they `connect`"),
            );
        }
    }
    for (i, id) in seen.iter().enumerate() {
        if seen[..i].contains(id) {
            faults.push(
                Diagnostic::error("LUT7003", format!("two steps are called `{id}`"))
                    .at(place("id ", id), "")
                    .hint("give each step an `id` of its own"),
            );
        }
    }
    faults
}
