//! What an experiment will do, before it does it.

use std::fmt;

use serde::Serialize;

use crate::{
    Experiment, Source,
    cache::Stands,
    spec::Data,
    steps::{Step, Use, compare::Published},
};

/// The steps of an experiment in their order, with what each reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// Title of the page.
    pub title: String,
    /// The question.
    pub question: String,
    /// Seed of every random generator.
    pub seed: u64,
    /// What stands under `[data]`.
    pub data: Vec<Named>,
    /// What stands under `[models]`.
    pub models: Vec<Named>,
    /// The steps; each makes the tables `<id>` and `<id>.<part>`.
    pub steps: Vec<PlannedStep>,
    /// The figures.
    pub figures: Vec<PlannedFigure>,
    /// The files that are read for it, where that was looked up.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
}

/// A name, and the file, folder or parts that it stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Named {
    /// As steps call it.
    pub name: String,
    /// What it is.
    pub what: String,
}

/// A step and what it reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedStep {
    /// Name of its tables.
    pub id: String,
    /// Its kind.
    pub kind: &'static str,
    /// Studies and tables of `[data]`.
    pub data: Vec<String>,
    /// Models.
    pub models: Vec<String>,
    /// Earlier steps.
    pub steps: Vec<String>,
    /// Steps of other experiments, as `experiment/step`.
    pub experiments: Vec<String>,
    /// Where its tables will come from, where that was looked up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
}

/// A figure and the tables it is drawn from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedFigure {
    /// File name without ending.
    pub name: String,
    /// Its kind.
    pub kind: &'static str,
    /// Steps or tables.
    pub from: Vec<String>,
}

impl Plan {
    /// The plan of an experiment.
    #[must_use]
    pub fn of(experiment: &Experiment) -> Self {
        let what = |data: &Data| match (&data.study, &data.table, &data.pet) {
            (Some(study), ..) => format!("study {study}"),
            (None, Some(table), _) => format!("table {table}"),
            (None, None, Some(pet)) => format!("scans {}", pet.frames),
            (None, None, None) => "nothing".to_owned(),
        };
        let data = experiment.data.iter();
        let models = experiment.models.iter().map(|(name, model)| {
            let parts: Vec<String> =
                model.parts.iter().map(|part| format!("{} ({})", part.file, part.name)).collect();
            let what = model.file.clone().unwrap_or_else(|| parts.join(" + "));
            Named { name: name.clone(), what }
        });
        let figures = experiment.figures.iter().map(|figure| PlannedFigure {
            name: figure.name().to_owned(),
            kind: figure.word(),
            from: figure.from().into_iter().map(str::to_owned).collect(),
        });
        Self {
            title: experiment.experiment.title.clone(),
            question: experiment.experiment.question.clone(),
            seed: experiment.experiment.seed,
            data: data.map(|(name, data)| Named { name: name.clone(), what: what(data) }).collect(),
            models: models.collect(),
            steps: experiment.steps.iter().map(|step| planned(step, experiment)).collect(),
            figures: figures.collect(),
            files: Vec::new(),
        }
    }

    /// The same with where the tables of each step will come from.
    #[must_use]
    pub fn standing(mut self, stands: &[Stands]) -> Self {
        for step in &mut self.steps {
            let known = stands.iter().find(|known| known.step == step.id);
            step.source = known.map(|known| known.source);
        }
        self
    }
}

impl Plan {
    /// The same with the files that are read for it: chains with their parts, the ports by which these connect, data.
    #[must_use]
    pub fn reading<'f>(mut self, files: impl IntoIterator<Item = &'f String>) -> Self {
        self.files = files.into_iter().cloned().collect();
        self
    }
}

/// What will happen to a step, in a word or two.
fn fate(source: Source) -> &'static str {
    match source {
        Source::Computed => "computed",
        Source::Cache => "cached",
        Source::Repository => "in the repository",
        Source::Again => "computed again",
    }
}

fn planned(step: &Step, experiment: &Experiment) -> PlannedStep {
    let mut planned = PlannedStep {
        id: step.kind().id().to_owned(),
        kind: step.word(),
        data: Vec::new(),
        models: Vec::new(),
        steps: Vec::new(),
        experiments: Vec::new(),
        source: None,
    };
    let add = |into: &mut Vec<String>, name: &str| {
        if !into.iter().any(|known| known == name) {
            into.push(name.to_owned());
        }
    };
    for used in step.kind().uses() {
        match used {
            Use::Data(name) => add(&mut planned.data, name),
            Use::Model(name) => add(&mut planned.models, name),
            Use::Step(name) => add(&mut planned.steps, name),
            Use::Experiment(other) => {
                add(&mut planned.experiments, &format!("{}/{}", other.experiment, other.step));
            }
        }
    }
    // A comparison stands beside what it compares and takes nothing over from it.
    if let Step::Compare(compare) = step {
        let published = compare.rows.iter().filter_map(|row| match &row.published {
            Published::Cell(cell) => Some(cell.as_str()),
            Published::Number(_) => None,
        });
        for cell in compare.rows.iter().map(|row| row.ours.as_str()).chain(published) {
            let table = cell.split('/').next().unwrap_or(cell);
            if experiment.data.contains_key(table) {
                add(&mut planned.data, table);
            } else {
                add(&mut planned.steps, table.split('.').next().unwrap_or(table));
            }
        }
    }
    planned
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n\nseed {}", self.title, self.question, self.seed)?;
        for (head, named) in [("data", &self.data), ("models", &self.models)] {
            if !named.is_empty() {
                writeln!(f, "\n{head}")?;
            }
            for Named { name, what } in named {
                writeln!(f, "  {name:<20}  {what}")?;
            }
        }
        writeln!(f, "\nsteps, each with the tables `<id>` and `<id>.<part>`")?;
        for (number, step) in self.steps.iter().enumerate() {
            let of = |what: &str, names: &[String]| match names {
                [] => None,
                names => Some(format!("{what} {}", names.join(", "))),
            };
            let reads: Vec<String> = [
                of("data", &step.data),
                of("models", &step.models),
                of("steps", &step.steps),
                of("of other experiments", &step.experiments),
            ]
            .into_iter()
            .flatten()
            .collect();
            let reads = if reads.is_empty() { "nothing".to_owned() } else { reads.join("; ") };
            let (number, id, kind) = (number + 1, &step.id, step.kind);
            let fate = step.source.map_or_else(String::new, |s| format!("{:<17}  ", fate(s)));
            writeln!(f, "  {number:>2}  {id:<20}  {kind:<18}  {fate}reads {reads}")?;
        }
        if !self.figures.is_empty() {
            writeln!(f, "\nfigures")?;
        }
        for figure in &self.figures {
            let PlannedFigure { name, kind, from } = figure;
            writeln!(f, "  {name:<24}  {kind:<18}  of {}", from.join(", "))?;
        }
        if !self.files.is_empty() {
            writeln!(f, "\nfiles read")?;
        }
        for file in &self.files {
            writeln!(f, "  {file}")?;
        }
        Ok(())
    }
}
