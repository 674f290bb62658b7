//! What was the hazard of a trial fitted to, and where are the values it was calibrated to?
//!
//! A trial run by itself needs what the steps before it would have made. A calibration is minutes of work: its result is
//! read from the tables of the report where these are what this version makes of the same files, else it is made again
//! and kept beside the trial.

use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
};

use lutetia_scenario::{ModelUse, internal};
use lutetia_table::{Cell, Table};

use super::{AloneFault, Stage};
use crate::artefact::{Artefact, CalibratedValue};
use crate::steps::{
    Context, Step, StepError,
    calibrate::{CalibrateStep, declared},
    cohort::{self, Calibrated, CohortStep},
    trial::{self, TrialStep},
};
use crate::world::hash;
use crate::{Experiment, Failure, Reading, shelf::Shelf};

/// An experiment of which one trial is run.
pub(super) struct Alone<'a> {
    /// Folder that holds `models/`.
    pub(super) root: &'a Path,
    /// Folder of the experiment.
    pub(super) folder: &'a Path,
    /// Text of its file.
    pub(super) text: &'a str,
    pub(super) experiment: &'a Experiment,
    /// Folder of the result, which keeps calibrations.
    pub(super) out: &'a Path,
    /// Everything that was read, for calibrations that are kept.
    pub(super) identity: &'a str,
    pub(super) shelf: &'a dyn Shelf,
    pub(super) stop: &'a AtomicBool,
    pub(super) follow: &'a (dyn Fn(Stage<'_>) + Sync),
}

impl Alone<'_> {
    fn fail(step: &str, reason: impl Into<StepError>) -> Failure {
        Failure::Step { step: step.to_owned(), reason: reason.into() }
    }

    /// Makes what a cohort refers to, and says where its values come from.
    pub(super) fn provide(
        &self,
        cohort: &CohortStep,
        context: &mut Context,
    ) -> Result<Option<String>, Failure> {
        match &cohort.calibrated {
            None => Ok(None),
            Some(Calibrated::Step(id)) => {
                let step = self.calibration(id, &cohort.id)?;
                Ok(Some(self.calibrate(step, context)?))
            }
            Some(Calibrated::Elsewhere(e)) => {
                let folder = self.root.join("reports").join(&e.experiment);
                let text = fs::read_to_string(folder.join("experiment.toml")).unwrap_or_default();
                let table = format!("{}.particles", e.step);
                let state = match self.shelf.table(&folder, &text, &table) {
                    Ok(_) => "which is current".to_owned(),
                    Err(why) => {
                        let again = format!("make it again with `lutetia report {}`", e.experiment);
                        (self.follow)(Stage::Said(&format!(
                            "warning: the calibration of `{}` is out of date, {why}; {again}",
                            e.experiment
                        )));
                        format!("which is out of date ({why})")
                    }
                };
                Ok(Some(format!(
                    "calibrated: the particle of `{}` of the experiment `{}` that is nearest to its targets, read from \
                     `reports/{}/tables/{table}.csv`, {state}",
                    e.step, e.experiment, e.experiment
                )))
            }
        }
    }

    /// The step of the kind `calibrate` that a cohort names.
    fn calibration(&self, id: &str, cohort: &str) -> Result<&CalibrateStep, Failure> {
        let place = |name: &str| self.experiment.steps.iter().position(|s| s.kind().id() == name);
        let named = place(id).map(|at| (at, &self.experiment.steps[at]));
        match named {
            Some((at, Step::Calibrate(step))) if place(cohort).is_some_and(|own| at < own) => {
                Ok(step)
            }
            other => {
                let step = id.to_owned();
                let fault = match other {
                    Some((_, Step::Calibrate(_))) => AloneFault::CalibratedAfter { step },
                    Some(_) => AloneFault::NotCalibrated { step },
                    None => AloneFault::NoStep { step },
                };
                Err(Self::fail(cohort, fault))
            }
        }
    }

    /// Puts the result of a calibration into the context; says where it is from.
    fn calibrate(&self, step: &CalibrateStep, context: &mut Context) -> Result<String, Failure> {
        let fail = |reason: StepError| Self::fail(&step.id, reason);
        let names: Vec<String> = step
            .targets
            .iter()
            .filter(|t| t.calibrate)
            .map(|t| format!("`{}`", t.name()))
            .collect();
        let to = format!(
            "calibrated by the step `{}` to {}; the particle nearest to them",
            step.id,
            names.join(", ")
        );
        let other = |step: &String, expected: &'static str| {
            fail(AloneFault::OtherKind { step: step.clone(), expected }.into())
        };
        let trial = self.trial(&step.trial).ok_or_else(|| other(&step.trial, "trial"))?;
        let cohort = self.cohort(&trial.cohort).ok_or_else(|| other(&trial.cohort, "cohort"))?;
        let reported = format!("{}.csv", self.folder.join("tables").join(&step.id).display());
        let why = match self.shelf.table(self.folder, self.text, &step.id) {
            Ok(text) => {
                let table = lutetia_table::read(&step.id, &text);
                let found = values(&table, step, cohort, context).map_err(fail)?;
                context
                    .artefacts
                    .add(&step.id, Artefact::Calibrated(CalibratedValue::nearest(found)));
                return Ok(format!("{to}, read from `{reported}`, which is current"));
            }
            Err(why) => why,
        };
        // One calibrated to what another one gave.
        self.provide(cohort, context)?;
        let prepared = cohort::prepare(cohort, context).map_err(fail)?;
        context.artefacts.add(&cohort.id, Artefact::Cohort(Box::new(prepared)));
        let base = trial::prepare(trial, context).map_err(fail)?;
        let kept = self.out.join(format!("{}.calibrated.csv", step.id));
        let head = format!("# {}\n", hash(format!("{}\n{}", step.id, self.identity).as_bytes()));
        if let Ok(text) = fs::read_to_string(&kept)
            && let Some(rest) = text.strip_prefix(&head)
            && text.ends_with("# whole\n")
        {
            let found = values(&lutetia_table::read(&step.id, rest), step, cohort, context)
                .map_err(fail)?;
            context.artefacts.add(&step.id, Artefact::Calibrated(CalibratedValue::nearest(found)));
            return Ok(format!("{to}, computed by an earlier run into `{}`", kept.display()));
        }
        let (least, most) = step.particles();
        (self.follow)(Stage::Said(&format!(
            "calibrating `{}` first ({least} to {most} particles of up to {} patients per arm; minutes), because the \
             tables of the report cannot be used: {why}; `lutetia report` makes it once for all runs",
            step.id, step.patients
        )));
        let done = AtomicU64::new(0);
        let count = || {
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            (self.follow)(Stage::Calibrating { done, least, most });
        };
        let (_, posterior) =
            step.posterior(&base, context.seed, self.stop, &count).map_err(|reason| {
                if self.stop.load(Ordering::Relaxed) { Failure::Interrupted } else { fail(reason) }
            })?;
        let found = step.nearest(&base, &posterior).map_err(fail)?;
        let mut table =
            Table::new(&step.id, "").column("name", "").column("nearest", "").column("unit", "");
        for (name, x) in &found {
            let (unit, factor) = declared(&base, name);
            table.push(vec![name.as_str().into(), Cell::from(x / factor), unit.into()]);
        }
        let text = format!("{head}{}# whole\n", table.to_csv());
        self.shelf.keep(&kept, &text)?;
        context.artefacts.add(&step.id, Artefact::Calibrated(CalibratedValue::nearest(found)));
        Ok(format!("{to}, computed now and kept in `{}`", kept.display()))
    }

    fn trial(&self, id: &str) -> Option<&TrialStep> {
        self.experiment.steps.iter().find_map(|s| match s {
            Step::Trial(t) if t.id == id => Some(t.as_ref()),
            _ => None,
        })
    }

    pub(super) fn cohort(&self, id: &str) -> Option<&CohortStep> {
        self.experiment.steps.iter().find_map(|s| match s {
            Step::Cohort(c) if c.id == id => Some(c),
            _ => None,
        })
    }

    /// What is said of a trial that no calibration stands behind.
    pub(super) fn uncalibrated(
        &self,
        step: &TrialStep,
        cohort: &CohortStep,
        inputs: &mut Reading<'_>,
    ) -> String {
        let mut said = "not calibrated".to_owned();
        let hazard = step.death.as_ref().or(step.new_lesion.as_ref());
        let part =
            hazard.and_then(|h| file_of(self.experiment.models.get(&cohort.model)?, h, inputs));
        if let (Some(hazard), Some(file)) = (hazard, part) {
            let values = if cohort.set.is_empty() {
                "as shipped"
            } else {
                "with values that the experiment sets"
            };
            said = format!("{said}: `{hazard}` is that of `{file}` {values}");
            let source = inputs.model(&file).ok().and_then(|text| reference(&text));
            if let Some(source) = source {
                said = format!("{said} (source: {source})");
            }
        }
        let calibrations: Vec<&CalibrateStep> = self
            .experiment
            .steps
            .iter()
            .filter_map(|s| if let Step::Calibrate(c) = s { Some(c) } else { None })
            .collect();
        let ids =
            |all: Vec<&str>| all.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ");
        if !calibrations.is_empty() {
            let from = ids(calibrations.iter().map(|c| c.id.as_str()).collect());
            said = format!(
                "{said}; its results are not those that the experiment calibrates in {from}"
            );
            let fitted: Vec<&str> = self
                .experiment
                .steps
                .iter()
                .filter_map(|s| if let Step::Trial(t) = s { Some(t) } else { None })
                .filter(|t| self.cohort(&t.cohort).is_some_and(|c| c.calibrated.is_some()))
                .map(|t| t.id.as_str())
                .collect();
            if !fitted.is_empty() {
                said = format!("{said}; a calibrated trial is {}, by `--step`", ids(fitted));
            }
        }
        said
    }
}

/// The values of a table of unknowns, internal.
fn values(
    table: &Table,
    step: &CalibrateStep,
    cohort: &CohortStep,
    context: &Context,
) -> Result<Vec<(String, f64)>, StepError> {
    let model = context.model(&cohort.model)?;
    let (Some(name), Some(unit), Some(nearest)) =
        (table.index_of("name"), table.index_of("unit"), table.index_of("nearest"))
    else {
        return Err(AloneFault::NoColumns.into());
    };
    let cell = |row: &[Cell], at: usize| row.get(at).map(Cell::csv).unwrap_or_default();
    step.unknowns
        .iter()
        .map(|u| {
            let row = table.rows.iter().find(|r| cell(r, name) == u.name);
            let row = row.ok_or_else(|| AloneFault::NoRow { parameter: u.name.clone() })?;
            let text = format!("{} {}", cell(row, nearest), cell(row, unit));
            Ok((u.name.clone(), internal(model, &u.name, text.trim())?))
        })
        .collect()
}

/// The model that an output comes from: a file, or a name of the library.
fn file_of(model: &ModelUse, output: &str, inputs: &mut Reading<'_>) -> Option<String> {
    // A connection calls it `part.output`, a table `part:output`.
    let alias = || Some(output.split_once([lutetia_model::ALIAS_SEPARATOR, '.'])?.0);
    let Some(file) = &model.file else {
        let part = model.parts.iter().find(|p| Some(p.name.as_str()) == alias())?;
        return Some(part.file.clone());
    };
    let loaded = lutetia_scenario::used(file, model, &mut |path| inputs.model(path)).ok()?;
    match &loaded.model.chain {
        None => Some(file.clone()),
        Some(chain) => {
            let part = chain.parts.iter().find(|p| Some(p.alias.as_str()) == alias())?;
            Some(part.model.clone())
        }
    }
}

/// The reference of a model file.
fn reference(text: &str) -> Option<String> {
    let file: toml::Table = toml::from_str(text).ok()?;
    Some(file.get("model")?.get("reference")?.as_str()?.to_owned())
}
