//! Can the models and data that an experiment names be read, and are they whole?

use std::collections::BTreeMap;

use lutetia_diagnostic::{Diagnostic, Sources, Span};

use super::{File, models};
use crate::{Experiment, Failure, Reading, World, steps};

pub(super) fn faults(
    file: &File<'_>,
    experiment: &Experiment,
    world: &dyn World,
    sources: &mut Sources,
) -> Vec<Diagnostic> {
    let mut reading = Reading::of(world);
    let mut faults = Vec::new();
    let mut loaded = BTreeMap::new();
    for (name, data) in &experiment.data {
        if let Err(failure) = steps::read_data(data, &mut reading) {
            faults.extend(shown(failure, file.declared("data", name), sources));
        }
    }
    for (name, model) in &experiment.models {
        // That it has neither or both is said already.
        if model.file.is_some() != model.parts.is_empty() {
            continue;
        }
        match lutetia_scenario::used(name, model, &mut |path| reading.model(path)) {
            Ok(model) => {
                loaded.insert(name.clone(), model);
            }
            Err(fault) => {
                faults.extend(shown(fault.into(), file.declared("models", name), sources));
            }
        }
    }
    faults.extend(models::faults(file, experiment, &loaded));
    faults
}

/// The faults within a file that was read, or that it could not be read, at the place that names it.
fn shown(failure: Failure, place: Span, sources: &mut Sources) -> Vec<Diagnostic> {
    match failure {
        Failure::Diagnostics { diagnostics, sources: theirs } => {
            sources.take_in(*theirs, diagnostics)
        }
        other => {
            let code = other.code().unwrap_or("LUT7012");
            vec![Diagnostic::error(code, other.to_string()).at(place, "")]
        }
    }
}
