//! The computations an experiment is made of; the command offers the same ones one by one.
//!
//! Each step reads what `Context` holds (studies, models, what earlier steps handed on and found) and adds
//! results and tables. The functions that do the work take plain arguments, so that `lutetia fit` and
//! `lutetia dose` run exactly what a report runs.

use lutetia_scenario::LoadedModel;
use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::AtomicBool},
};

use lutetia_data::{PetAllowed, PetStudy, Study, nuclides};
use lutetia_diagnostic::{Diagnostic, Sources};
use lutetia_model::{Parameter, listed_once};

use crate::artefact::Artefacts;
use crate::names::owns;
use crate::results::{AllResults, Results, Shown};
use crate::spec::{Data, Pet};
use crate::world::hash;
use crate::{Experiment, Failure, Reading};
use lutetia_table::{Origin, Table, Tables};

mod absent;
pub mod alone;
pub mod calibrate;
pub mod cohort;
pub mod cohort_curves;
pub mod combination;
pub mod compare;
pub mod courses;
pub mod designs;
pub mod dose;
mod error;
pub mod exposure_response;
pub mod fit_curves;
pub mod fit_model;
pub mod independent_action;
pub mod input_curve;
pub mod integrate;
mod kind;
pub mod model_dose;
pub mod one_at_a_time;
pub mod pet;
pub mod pet_to_therapy;
pub mod plan;
pub mod reconstruct;
mod rows;
pub mod select_function;
pub mod side_by_side;
pub mod simulate;
pub mod small_targets;
pub mod survival;
pub mod sweep;
pub mod trade_off;
pub mod trial;
mod trial_error;
pub mod uncertainty;

pub use absent::{Absent, Made};
pub use error::StepError;
pub use kind::Step;
pub(crate) use kind::{StepKind, Use, defaults};
pub use trial::roles;
pub use trial_error::{NeedsEndpoint, TrialStepError};

/// What the steps of one experiment read and make.
pub(crate) struct Context {
    pub(crate) seed: u64,
    pub(crate) studies: BTreeMap<String, Study>,
    /// Dynamic scans under `[data]`.
    pub(crate) scans: BTreeMap<String, PetStudy>,
    pub(crate) published: Tables,
    pub(crate) models: BTreeMap<String, LoadedModel>,
    /// What earlier steps found. Their tables are not here: they are for readers.
    pub(crate) results: AllResults,
    /// Origins of their tables.
    pub(crate) origins: BTreeMap<String, Origin>,
    /// What earlier steps handed on.
    pub(crate) artefacts: Artefacts,
    pub(crate) settings: BTreeMap<String, String>,
    pub(crate) assumed: Vec<String>,
    /// Comes up when the user stops the run; a step that works for long looks at it, and whatever error it then
    /// ends with is taken for the interruption.
    pub(crate) stop: Arc<AtomicBool>,
    /// Tables of other experiments, by `<experiment>/<table>`.
    pub(crate) elsewhere: Tables,
    /// Origin of the tables that the present step adds.
    pub(crate) origin: Origin,
    /// Tables that the present step added.
    pub(crate) added: Vec<Table>,
    /// Results that it found.
    pub(crate) found: Vec<Results>,
    /// Hashes of what was read.
    pub(crate) bytes: Bytes,
}

/// Hashes of the bytes of what an experiment reads, by the names it has there.
#[derive(Debug, Default)]
pub(crate) struct Bytes {
    /// Studies and tables under `[data]`.
    pub(crate) data: BTreeMap<String, String>,
    /// Models under `[models]`, with every file that was read for each.
    pub(crate) models: BTreeMap<String, String>,
    /// Tables of other experiments, by `<experiment>/<table>`.
    pub(crate) elsewhere: BTreeMap<String, String>,
}

/// The origin of what a step makes, by that of the data and the steps that it uses.
pub(crate) fn origin(step: &dyn StepKind, of: &dyn Fn(&Use<'_>) -> Origin) -> Origin {
    let own = if step.simulates() { Origin::Simulated } else { Origin::Unknown };
    let of = |used: &Use<'_>| match used {
        // A model explains what was measured (a fit) or says what it makes by itself (`simulates`).
        Use::Model(_) => Origin::Unknown,
        Use::Experiment(_) => Origin::Simulated,
        Use::Data(_) | Use::Step(_) => of(used),
    };
    step.uses().iter().map(of).fold(own, Origin::with)
}

impl Context {
    /// Nothing read yet.
    pub(crate) fn empty(seed: u64) -> Self {
        Self {
            seed,
            studies: BTreeMap::new(),
            scans: BTreeMap::new(),
            published: Tables::new(),
            models: BTreeMap::new(),
            results: AllResults::default(),
            origins: BTreeMap::new(),
            artefacts: Artefacts::default(),
            settings: BTreeMap::new(),
            assumed: Vec::new(),
            stop: Arc::default(),
            elsewhere: Tables::new(),
            origin: Origin::Unknown,
            added: Vec::new(),
            found: Vec::new(),
            bytes: Bytes::default(),
        }
    }

    /// Keeps what stands under one name of `[data]`.
    pub(crate) fn keep_data(&mut self, name: &str, data: &Data, read: DataRead) {
        let DataRead { study, scans, text, bytes } = read;
        self.bytes.data.insert(name.to_owned(), bytes);
        self.studies.extend(study.map(|study| (name.to_owned(), study)));
        self.scans.extend(scans.map(|scans| (name.to_owned(), scans)));
        if let (Some(path), Some(text)) = (&data.table, text) {
            let table = lutetia_table::read(name, &text).of(origin_of_file(path));
            self.published.insert(name.to_owned(), table);
        }
    }

    /// Reads the data and models of an experiment.
    pub(crate) fn load(
        experiment: &Experiment,
        reading: &mut Reading<'_>,
    ) -> Result<Self, Failure> {
        let mut context = Self::empty(experiment.experiment.seed);
        for step in &experiment.steps {
            for used in step.kind().uses() {
                if let Use::Experiment(elsewhere) = used {
                    let (table, bytes) = elsewhere.read(reading)?;
                    context.bytes.elsewhere.insert(table.name.clone(), bytes);
                    context.elsewhere.insert(table.name.clone(), table);
                }
            }
        }
        for (name, data) in &experiment.data {
            let read = read_data(data, reading)?;
            context.keep_data(name, data, read);
        }
        for (name, model) in &experiment.models {
            let mut bytes = String::new();
            let loaded = lutetia_scenario::used(name, model, &mut |path| {
                let text = reading.model(path);
                // A file that is not there decides what a model is too.
                let of = text.as_ref().map_or_else(|_| String::new(), |t| hash(t.as_bytes()));
                bytes.push_str(&format!("{path:?} {of}\n"));
                text
            })?;
            context.bytes.models.insert(name.clone(), hash(bytes.as_bytes()));
            // Models of one file assume the same.
            for line in assumed(&loaded).into_iter().chain(loaded.notes.iter().cloned()) {
                if !context.assumed.contains(&line) {
                    context.assumed.push(line);
                }
            }
            context.models.insert(name.clone(), loaded);
        }
        Ok(context)
    }

    /// Adds results, with the table that shows them, or a table alone under its name, with the origin of the step that
    /// makes it.
    pub(crate) fn add(&mut self, shown: impl Into<Shown>) {
        let table = match shown.into() {
            Shown::Results(results) => {
                let table = results.table();
                self.found.push(results);
                table
            }
            Shown::Table(table) => table,
        };
        let origin = table.origin.with(self.origin);
        self.added.push(table.of(origin));
    }

    /// The origin of what a step makes: simulated where it runs a model of patients or uses what was simulated.
    pub(crate) fn begin(&mut self, step: &dyn StepKind) {
        self.origin = origin(step, &|used| match used {
            Use::Data(name) => self.published.get(*name).map_or(Origin::Observed, |t| t.origin),
            Use::Step(id) => self.origin_of_step(id),
            _ => Origin::Unknown,
        });
    }

    fn origin_of_step(&self, id: &str) -> Origin {
        let own = self.origins.iter().filter(|(name, _)| owns(id, name));
        own.map(|(_, origin)| *origin).fold(Origin::Unknown, Origin::with)
    }

    /// Notes what a step was given and does not use; the page lists it beside its settings.
    pub(crate) fn remark(&mut self, step: &str, remarks: Vec<String>) {
        for (i, remark) in remarks.into_iter().enumerate() {
            self.settings.insert(format!("note {} of `{step}`", i + 1), remark);
        }
    }

    /// A model under `[models]`.
    pub(crate) fn model(&self, name: &str) -> Result<&LoadedModel, Absent> {
        self.models.get(name).ok_or_else(|| Absent::Model { name: name.to_owned() })
    }

    /// A table under `[data]`.
    pub(crate) fn published(&self, name: &str) -> Result<&Table, Absent> {
        self.published.get(name).ok_or_else(|| Absent::Published { name: name.to_owned() })
    }

    /// A study under `[data]`.
    pub(crate) fn study(&self, name: &str) -> Result<&Study, Absent> {
        self.studies.get(name).ok_or_else(|| Absent::Study { name: name.to_owned() })
    }

    /// Dynamic scans under `[data]`.
    pub(crate) fn scans(&self, name: &str) -> Result<&PetStudy, Absent> {
        self.scans.get(name).ok_or_else(|| Absent::Scans { name: name.to_owned() })
    }
}

/// The numbers of a model that are assumed, each with the reason; one that stands alike in several parts is one.
fn assumed(loaded: &LoadedModel) -> Vec<String> {
    let mut said = Vec::new();
    for line in listed_once(&loaded.model.parameters) {
        let same: Vec<&Parameter> = line.iter().map(|&k| &loaded.model.parameters[k]).collect();
        let p = same[0];
        // A formula's numbers have their sources where they are declared.
        let number = matches!(p.value, lutetia_model::ParameterValue::Number(_));
        // `assumed: three weeks`, `assumed (scenario)`: what follows the word is the reason.
        let source = p.source.as_deref().unwrap_or("assumed").trim();
        let Some(reason) = source.strip_prefix("assumed").filter(|_| number) else { continue };
        let value = loaded.value_text(p);
        let reason = reason.trim_start_matches([':', ',', ';', ' ']);
        let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
        let parts: Vec<(&str, &str)> = same.iter().filter_map(|p| p.in_part()).collect();
        let (name, of) = match &parts[..] {
            [] => (p.name.as_str(), format!(" ({})", loaded.model.id)),
            // The names of connected models begin with the alias of their part.
            [_] => (p.name.as_str(), String::new()),
            [(_, own), ..] => {
                let parts: Vec<&str> = parts.iter().map(|(part, _)| *part).collect();
                (*own, format!(" ({})", parts.join(", ")))
            }
        };
        said.push(format!("`{name}` = {value}{of}{reason}"));
    }
    said
}

/// What stands under one name of `[data]`.
pub(crate) struct DataRead {
    pub(crate) study: Option<Study>,
    pub(crate) scans: Option<PetStudy>,
    /// Of the table.
    pub(crate) text: Option<String>,
    /// Hash of all that was read.
    bytes: String,
}

/// Reads what stands under one name of `[data]`.
///
/// # Errors
/// What cannot be read, every fault of a study, every row of a table that is wider or narrower than its header.
pub(crate) fn read_data(data: &Data, reading: &mut Reading<'_>) -> Result<DataRead, Failure> {
    let mut read = DataRead { study: None, scans: None, text: None, bytes: String::new() };
    if let Some(path) = &data.study {
        let files = reading.folder(path)?;
        for (name, bytes) in &files {
            read.bytes.push_str(&format!("{name:?} {}\n", hash(bytes)));
        }
        let (study, diagnostics, sources) = study(path, &files);
        read.study = study.filter(|_| !lutetia_diagnostic::has_errors(&diagnostics));
        if read.study.is_none() {
            return Err(Failure::Diagnostics { diagnostics, sources: Box::new(sources) });
        }
    }
    if let Some(pet) = &data.pet {
        read.scans = Some(scans(pet, reading, &mut read.bytes)?);
    }
    if let Some(path) = &data.table {
        let text = reading.text(path)?;
        rows::even(path, &text)?;
        read.bytes.push_str(&hash(text.as_bytes()));
        read.text = Some(text);
    }
    read.bytes = hash(read.bytes.as_bytes());
    Ok(read)
}

/// The study in a folder; messages name its files by their whole path.
fn study(path: &str, files: &[(String, Vec<u8>)]) -> (Option<Study>, Vec<Diagnostic>, Sources) {
    let files: Vec<(&str, &[u8])> = files.iter().map(|(n, b)| (n.as_str(), b.as_slice())).collect();
    Study::parse_in(path, &files)
}

/// Dynamic scans, corrected for decay where they are said not to be.
fn scans(pet: &Pet, reading: &mut Reading<'_>, read: &mut String) -> Result<PetStudy, Failure> {
    let mut table = |path: &String| {
        let bytes = reading.bytes(path)?;
        read.push_str(&format!("{path:?} {}\n", hash(&bytes)));
        Ok::<_, Failure>(bytes)
    };
    let frames = table(&pet.frames)?;
    let blood =
        pet.blood.as_ref().map(|path| Ok::<_, Failure>((path, table(path)?))).transpose()?;
    let second = blood.as_ref().map(|(path, bytes)| (path.as_str(), bytes.as_slice()));
    let allowed = PetAllowed { gaps: pet.gaps };
    let (study, diagnostics, sources) = PetStudy::parse((&pet.frames, &frames), second, allowed);
    let Some(mut study) = study else {
        return Err(Failure::Diagnostics { diagnostics, sources: Box::new(sources) });
    };
    if let Some(nuclide) = &pet.uncorrected {
        let nuclide = nuclides().get(nuclide).map_err(|source| Failure::Step {
            step: pet.frames.clone(),
            reason: StepError::from(source),
        })?;
        study.correct_decay(nuclide);
    }
    Ok(study)
}

/// A file that a report wrote holds what was computed, however it is named here; others were observed.
fn origin_of_file(path: &str) -> Origin {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    if parts.first() == Some(&"reports") { Origin::Simulated } else { Origin::Observed }
}

/// The subject asked for, or the only one.
///
/// # Errors
/// [`Absent::Subject`], and [`Absent::NoSubject`] where none is named and there is not one alone.
pub fn subject<'a>(study: &'a Study, asked: Option<&str>) -> Result<&'a str, Absent> {
    let subjects = study.subjects();
    let known = || subjects.iter().map(|s| s.id.clone()).collect();
    match asked {
        Some(id) => subjects
            .iter()
            .map(|s| s.id.as_str())
            .find(|k| *k == id)
            .ok_or_else(|| Absent::Subject { name: id.to_owned(), known: known() }),
        None if subjects.len() == 1 => Ok(&subjects[0].id),
        None => Err(Absent::NoSubject { known: known() }),
    }
}

/// A cycle number as studies count it.
pub(crate) fn cycle(number: u32) -> Result<u16, Absent> {
    u16::try_from(number).map_err(|_| Absent::Cycle { number })
}
