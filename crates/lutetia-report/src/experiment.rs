//! What an experiment file says: `reports/NN_name/experiment.toml`.
//!
//! An experiment names its data and models, a list of steps that compute tables, the figures drawn
//! from them, and the text around the numbers. The text is Markdown with placeholders that are
//! filled from the tables, so that no number is typed twice.

use std::collections::BTreeMap;

use lutetia_diagnostic::{Diagnostic, Sources, Span};
use serde::Deserialize;

/// An experiment file.
#[derive(Debug, Clone, Deserialize)]
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
    pub figures: Vec<FigureSpec>,
}

/// The text of an experiment; all of it Markdown.
#[derive(Debug, Clone, Deserialize)]
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
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// A study folder.
    pub study: Option<String>,
    /// A CSV file.
    pub table: Option<String>,
}

/// A model, or several connected through their ports, with the nuclides they are run with.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelUse {
    /// Path from the root of the repository, for one model.
    pub file: Option<String>,
    /// Models to connect; the internal units are those of the first.
    #[serde(default)]
    pub parts: Vec<Part>,
    /// Which output drives which input.
    #[serde(default)]
    pub connect: Vec<Wire>,
    /// Nuclides of its labels.
    #[serde(default)]
    pub nuclides: Vec<String>,
}

/// One of several connected models; its names get the prefix `name:`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Short name.
    pub name: String,
    /// Path from the root of the repository.
    pub file: String,
}

/// An output of one part drives an input of another.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wire {
    /// `part.output`.
    pub from: String,
    /// `part.input`.
    pub to: String,
    /// The input is the output times this, where their dimensions differ: `0.3 mGy/(MBq h)`.
    pub scale: Option<String>,
}

/// One computation. Its tables are named `<id>` and `<id>.<part>`.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Step {
    /// Sums of exponentials through every region of a patient.
    FitCurves(FitCurves),
    /// Time-integrated activities without a fitted function.
    Integrate(Integrate),
    /// Absorbed doses from time-integrated activities.
    Dose(DoseStep),
    /// Numbers of this experiment beside published ones.
    Compare(Compare),
    /// A compartmental model through all regions of a patient at once.
    FitModel(FitModel),
    /// A model over a grid of ligand amounts.
    Sweep(Sweep),
    /// A model over time.
    Simulate(Simulate),
}

impl Step {
    /// The identifier.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::FitCurves(s) => &s.id,
            Self::Integrate(s) => &s.id,
            Self::Dose(s) => &s.id,
            Self::Compare(s) => &s.id,
            Self::FitModel(s) => &s.id,
            Self::Sweep(s) => &s.id,
            Self::Simulate(s) => &s.id,
        }
    }
}

/// Sums of exponentials through every region of a patient.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FitCurves {
    /// Name of the tables.
    pub id: String,
    /// Name under `[data]`.
    pub study: String,
    /// Subject; the only one if left out.
    pub subject: Option<String>,
    /// Cycle, from 1.
    #[serde(default = "one")]
    pub cycle: u32,
    /// Regions; all if left out.
    pub regions: Option<Vec<String>>,
    /// Functions tried; the first that AICc ranks best among those it is defined for is used, and
    /// where it is defined for none, the first.
    pub functions: Vec<String>,
    /// Measurement error where the table has no SD: `proportional 10 %`.
    pub error: String,
    /// Last time drawn, in hours.
    #[serde(default = "default_until")]
    pub until: f64,
}

/// Time-integrated activities without a fitted function.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Integrate {
    /// Name of the table.
    pub id: String,
    /// Name under `[data]`.
    pub study: String,
    /// Subject; the only one if left out.
    pub subject: Option<String>,
    /// Cycle, from 1.
    #[serde(default = "one")]
    pub cycle: u32,
    /// Regions; all if left out.
    pub regions: Option<Vec<String>>,
    /// `haenscheid`, `madsen 51 h`, `madsen 51 h 8 h`, `jackson`, `trapezoid physical`, `trapezoid fitted` or
    /// `trapezoid 51 h`.
    pub method: String,
    /// The measurement nearest to this time, in hours, where the method takes one.
    pub at: Option<f64>,
}

/// Absorbed doses from time-integrated activities.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DoseStep {
    /// Name of the tables.
    pub id: String,
    /// Step whose time-integrated activities are used.
    pub from: String,
    /// Name under `[data]`.
    pub study: String,
    /// Subject; the only one if left out.
    pub subject: Option<String>,
    /// Cycle, from 1.
    #[serde(default = "one")]
    pub cycle: u32,
    /// Relative standard deviation of a measured volume, such as `5 %`.
    pub volume_sd: Option<String>,
    /// Which of the measured volumes is taken for the mass.
    #[serde(default)]
    pub volume: Volume,
    /// Sex of the reference adult whose organs are scaled to the patient; that of the study's
    /// `sex` column if left out, else male.
    pub reference: Option<String>,
    /// Regions with a biologically effective dose: α/β and half-time of repair of each.
    #[serde(default)]
    pub bed: BTreeMap<String, TissueSpec>,
    /// Regions without an absorbed dose and why (a field of view is no organ).
    #[serde(default)]
    pub leave_out: BTreeMap<String, String>,
}

/// How a tissue answers to a dose that comes slowly.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TissueSpec {
    /// α/β, such as `2.5 Gy`.
    pub alpha_beta: String,
    /// Half-time of repair, such as `2.8 h`.
    pub repair: String,
}

/// Which of the volumes measured at several times is taken for the mass of a region.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Volume {
    /// The mean of all.
    #[default]
    Mean,
    /// That of the first scan.
    First,
}

/// Numbers of this experiment beside published ones.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compare {
    /// Name of the table.
    pub id: String,
    /// What is shown.
    pub caption: String,
    /// Rows.
    pub rows: Vec<CompareRow>,
}

/// One row of a comparison.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompareRow {
    /// What is compared.
    pub what: String,
    /// Ours: `table/row/column`.
    pub ours: String,
    /// Published: `data-name/row/column` of a CSV under `[data]`, or a number.
    pub published: Published,
    /// Where the published number stands.
    pub source: String,
    /// Why they differ.
    #[serde(default)]
    pub why: String,
}

/// A published number.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Published {
    /// Typed here.
    Number(f64),
    /// `data-name/row/column`.
    Cell(String),
}

/// A compartmental model through all regions of a patient at once.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FitModel {
    /// Name of the tables.
    pub id: String,
    /// Name under `[models]`.
    pub model: String,
    /// Name under `[data]`.
    pub study: String,
    /// Subject; the only one if left out.
    pub subject: Option<String>,
    /// Cycle, from 1.
    #[serde(default = "one")]
    pub cycle: u32,
    /// Where doses of the study go.
    pub into: String,
    /// Ligand amount where the study has none, such as `100 nmol`.
    pub amount: Option<String>,
    /// Duration of the infusion where the study has none, such as `30 min`.
    pub over: Option<String>,
    /// Observable of the model for each measured region or sum of regions `A + B`.
    pub observe: BTreeMap<String, String>,
    /// Covariates the study does not give: name to quantity.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
    /// Parameters estimated; those with `iiv` if left out. Each carries its population prior.
    pub estimate: Option<Vec<String>>,
    /// Measurement error where the model file gives none.
    pub error: Option<String>,
    /// Last time drawn, in hours.
    #[serde(default = "default_until")]
    pub until: f64,
}

/// A model over a grid of ligand amounts.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sweep {
    /// Name of the tables.
    pub id: String,
    /// Name under `[models]`.
    pub model: String,
    /// Where the dose goes.
    pub into: String,
    /// Activity, such as `7.4 GBq`.
    pub activity: String,
    /// Duration, such as `10 min`.
    pub over: Option<String>,
    /// Ligand amounts, such as `["10 nmol", "100 nmol"]`.
    pub amounts: Vec<String>,
    /// Observables (in a unit of activity) whose time-integrated activity is tabulated.
    pub observe: Vec<String>,
    /// Names of observables in tables and figures; their own if left out.
    #[serde(default)]
    pub names: BTreeMap<String, String>,
    /// Pairs of observables whose ratio is tabulated.
    #[serde(default)]
    pub ratios: Vec<[String; 2]>,
    /// Amounts whose curves are kept (a subset of `amounts`).
    #[serde(default)]
    pub curves: Vec<String>,
    /// Parameters or covariates that differ from the file.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
    /// Last time of the curves, in hours.
    #[serde(default = "default_until")]
    pub until: f64,
}

/// A model over time under a regimen.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Simulate {
    /// Name of the table.
    pub id: String,
    /// Name under `[models]`.
    pub model: String,
    /// Doses.
    #[serde(default)]
    pub doses: Vec<DoseSpec>,
    /// Every dose is repeated at this interval.
    pub every: Option<String>,
    /// How often the doses are given in all.
    #[serde(default = "one")]
    pub cycles: u32,
    /// Measured curves that drive inputs of the model, by input.
    #[serde(default)]
    pub inputs: BTreeMap<String, InputCurve>,
    /// Outputs tabulated; all if left out.
    pub outputs: Option<Vec<String>>,
    /// Parameters or covariates that differ from the file.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
    /// Last time, in hours.
    #[serde(default = "default_until")]
    pub until: f64,
    /// Number of times, evenly spaced from zero.
    #[serde(default = "default_points")]
    pub points: u32,
}

/// A dose as design and command write it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DoseSpec {
    /// Start, such as `0 h`; zero if left out.
    pub at: Option<String>,
    /// Where it goes: `L.plasma`.
    pub into: String,
    /// Nuclide, where the model has several.
    pub nuclide: Option<String>,
    /// Activity at its start, such as `7.4 GBq`.
    pub activity: Option<String>,
    /// Hot and cold ligand together, such as `100 nmol`; carrier-free if left out.
    pub amount: Option<String>,
    /// Duration of the infusion, such as `30 min`; a bolus if left out.
    pub over: Option<String>,
}

/// A curve out of a table under `[data]`; units stand in its header.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputCurve {
    /// Name under `[data]`.
    pub table: String,
    /// Column of the times.
    pub time: String,
    /// Column of the values.
    pub value: String,
}

/// A figure.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum FigureSpec {
    /// One panel per region: points, fit, band, residuals.
    TimeActivity(TimeActivitySpec),
    /// Ours over published, one row per row of a comparison.
    Comparison(ComparisonSpec),
    /// Columns of a table against another column.
    Lines(LinesSpec),
}

impl FigureSpec {
    /// File name without ending.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::TimeActivity(f) => &f.name,
            Self::Comparison(f) => &f.name,
            Self::Lines(f) => &f.name,
        }
    }
}

/// One panel per region: points, fit, band, residuals.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeActivitySpec {
    /// File name without ending.
    pub name: String,
    /// What it shows.
    pub caption: String,
    /// A step that makes `.points` and `.curves`.
    pub from: String,
    /// Another step whose curves are drawn dashed.
    pub against: Option<String>,
}

/// Ours over published, one row per row of a comparison.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComparisonSpec {
    /// File name without ending.
    pub name: String,
    /// What it shows.
    pub caption: String,
    /// A comparison step.
    pub from: String,
}

/// Columns of a table against another column.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinesSpec {
    /// File name without ending.
    pub name: String,
    /// What it shows.
    pub caption: String,
    /// Table name.
    pub from: String,
    /// Column of x.
    pub x: String,
    /// Columns of y, one series each.
    pub y: Vec<String>,
    /// Legend texts of `y`; the column names if left out.
    #[serde(default)]
    pub labels: Vec<String>,
    /// Column whose values split the rows into panels.
    pub panels: Option<String>,
    /// Column whose values split the rows into series.
    pub series: Option<String>,
    /// Label of x with unit.
    pub x_label: String,
    /// Label of y with unit.
    pub y_label: String,
    /// Logarithmic x.
    #[serde(default)]
    pub x_log: bool,
    /// Logarithmic y.
    #[serde(default)]
    pub y_log: bool,
}

fn one() -> u32 {
    1
}

fn default_until() -> f64 {
    200.0
}

fn default_points() -> u32 {
    201
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
    if faults.is_empty() { Ok(experiment) } else { Err(faults) }
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
    let names: Vec<&str> = experiment.data.keys().map(String::as_str).collect();
    for step in &experiment.steps {
        match step {
            Step::FitCurves(s) => known("data set", &s.study, &mut names.iter().copied()),
            Step::Integrate(s) => known("data set", &s.study, &mut names.iter().copied()),
            Step::Dose(s) => {
                known("data set", &s.study, &mut names.iter().copied());
                known("step before this one", &s.from, &mut seen.iter().copied());
            }
            Step::FitModel(s) => {
                known("data set", &s.study, &mut names.iter().copied());
                known("model", &s.model, &mut experiment.models.keys().map(String::as_str));
            }
            Step::Sweep(s) => {
                known("model", &s.model, &mut experiment.models.keys().map(String::as_str));
            }
            Step::Simulate(s) => {
                known("model", &s.model, &mut experiment.models.keys().map(String::as_str));
                for curve in s.inputs.values() {
                    known("data set", &curve.table, &mut names.iter().copied());
                }
            }
            Step::Compare(_) => {}
        }
        seen.push(step.id());
    }
    for figure in &experiment.figures {
        match figure {
            FigureSpec::TimeActivity(f) => {
                known("step", &f.from, &mut seen.iter().copied());
                if let Some(against) = &f.against {
                    known("step", against, &mut seen.iter().copied());
                }
            }
            FigureSpec::Comparison(f) => known("step", &f.from, &mut seen.iter().copied()),
            FigureSpec::Lines(f) => {
                let step = f.from.split('.').next().unwrap_or(&f.from);
                known("step", step, &mut seen.iter().copied());
            }
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
