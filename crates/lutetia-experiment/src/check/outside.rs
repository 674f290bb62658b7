//! Can the models and data that an experiment names be read, are they whole, and have they what the steps ask of them?

use std::collections::BTreeSet;

use lutetia_diagnostic::{Diagnostic, Sources, Span};

use super::{
    File, models, regions, rehearsal,
    sheets::{self, Scope, Sheet},
    tables,
};
use crate::{
    Experiment, Failure, Reading, World, spec,
    steps::{self, Context, Step, Use, cohort::Elsewhere},
};

pub(super) fn faults(
    file: &File<'_>,
    experiment: &Experiment,
    world: &dyn World,
    sources: &mut Sources,
) -> Vec<Diagnostic> {
    let mut reading = Reading::of(world);
    let mut faults = Vec::new();
    let mut context = Context::empty(experiment.experiment.seed);
    let mut unseen = false;
    for (name, data) in &experiment.data {
        if data.table.as_ref().is_some_and(|path| !world.reads_again(path)) {
            unseen = true;
            continue;
        }
        match steps::read_data(data, &mut reading) {
            Ok(read) => context.keep_data(name, data, read),
            Err(failure) => {
                faults.extend(shown(failure, file.declared("data", name), sources));
            }
        }
    }
    for (name, model) in &experiment.models {
        // That it has neither or both is said already.
        if model.file.is_some() != model.parts.is_empty() {
            continue;
        }
        match lutetia_scenario::used(name, model, &mut |path| reading.model(path)) {
            Ok(model) => {
                context.models.insert(name.clone(), model);
            }
            Err(fault) => {
                faults.extend(shown(fault.into(), file.declared("models", name), sources));
            }
        }
    }
    for step in &experiment.steps {
        for used in step.kind().uses() {
            let Use::Experiment(elsewhere) = used else { continue };
            if let Ok((table, _)) = elsewhere.read(&mut reading) {
                context.elsewhere.insert(table.name.clone(), table);
            } else if let Err(message) = made_there(elsewhere, &mut reading) {
                let id = step.kind().id();
                let at = super::names::place(file, "step", "id", id, &elsewhere.experiment);
                faults.push(
                    Diagnostic::error("LUT7131", format!("step `{id}`: {message}"))
                        .at(at, "")
                        .hint(
                            "`lutetia explain` of an experiment under `reports/` lists its steps",
                        ),
                );
            }
        }
    }
    let scope = Scope::of(experiment, &context);
    faults.extend(rehearsal::of_another_kind(file, experiment));
    faults.extend(models::faults(file, experiment, scope.models));
    faults.extend(regions::faults(file, experiment, &scope));
    let unsure = steps_with(file, &file.structure.diagnostics);
    faults.extend(tables::faults(file, experiment, &scope, &unsure));
    let mut faulty = steps_with(file, &faults);
    faulty.extend(unsure);
    faulty.extend(steps_with(file, &super::names::faults(file, experiment)));
    // What a step makes of data that were not looked at is not known.
    if !unseen {
        faults.extend(rehearsal::faults(file, experiment, &mut context, &faulty));
    }
    faults
}

/// The tables that the steps will make.
pub(super) fn declared(experiment: &Experiment, world: &dyn World) -> Vec<Sheet> {
    let mut reading = Reading::of(world);
    let mut context = Context::empty(experiment.experiment.seed);
    for (name, data) in &experiment.data {
        if data.table.as_ref().is_some_and(|path| !world.reads_again(path)) {
            continue;
        }
        if let Ok(read) = steps::read_data(data, &mut reading) {
            context.keep_data(name, data, read);
        }
    }
    for (name, model) in &experiment.models {
        if let Ok(model) = lutetia_scenario::used(name, model, &mut |path| reading.model(path)) {
            context.models.insert(name.clone(), model);
        }
    }
    let scope = Scope::of(experiment, &context);
    experiment.steps.iter().flat_map(|step| sheets::of(step, &scope)).collect()
}

/// Whether another experiment, whose tables are not there yet, will make them.
fn made_there(elsewhere: &Elsewhere, reading: &mut Reading<'_>) -> Result<(), Unmade> {
    let Elsewhere { experiment, step, .. } = elsewhere;
    let path = format!("reports/{experiment}/experiment.toml");
    let text =
        reading.text(&path).map_err(|_| Unmade::NoExperiment { experiment: experiment.clone() })?;
    let Ok(other) = spec::parse(&path, &text, &mut Sources::new()) else {
        return Err(Unmade::Faulty { experiment: experiment.clone() });
    };
    let own = other.steps.iter().find(|s| s.kind().id() == step);
    match own {
        Some(Step::Calibrate(_)) => Ok(()),
        _ => Err(Unmade::NoStep { experiment: experiment.clone(), step: step.clone() }),
    }
}

/// Why a table of another experiment will not be there.
#[derive(Debug, thiserror::Error)]
enum Unmade {
    #[error("there is no experiment `{experiment}` under `reports/`")]
    NoExperiment { experiment: String },
    #[error("the experiment `{experiment}` has faults of its own")]
    Faulty { experiment: String },
    #[error("the experiment `{experiment}` has no step `{step}` of the kind `calibrate`")]
    NoStep { experiment: String, step: String },
}

/// The steps that some faults lie in.
fn steps_with(file: &File<'_>, faults: &[Diagnostic]) -> BTreeSet<String> {
    let spans = file.listed("step").filter_map(|item| {
        let id = item.get_ref().as_table()?.get("id")?.get_ref().as_str()?;
        Some((id, file.extent(item)))
    });
    let places: Vec<Span> =
        faults.iter().filter_map(|f| f.labels.first()).map(|label| label.span).collect();
    let hit = |extent: &Span| {
        places
            .iter()
            .any(|p| p.source == extent.source && p.start >= extent.start && p.start <= extent.end)
    };
    spans.filter(|(_, extent)| hit(extent)).map(|(id, _)| id.to_owned()).collect()
}

/// The faults within a file that was read, or that it could not be read, at the place that names it.
fn shown(failure: Failure, place: Span, sources: &mut Sources) -> Vec<Diagnostic> {
    match failure {
        Failure::Diagnostics { diagnostics, sources: theirs } => {
            sources.take_in(*theirs, diagnostics)
        }
        other => {
            let code = other.code().unwrap_or("LUT7012");
            let hint = match &other {
                Failure::Read { .. } => {
                    Some("paths begin in the folder that holds `reports/`".to_owned())
                }
                Failure::Model(error) => error.hint(),
                _ => None,
            };
            vec![Diagnostic::error(code, other.to_string()).at(place, "").maybe_hint(hint)]
        }
    }
}
