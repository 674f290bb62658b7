//! What a step that runs would say of names, units and keys that exclude each other, before anything is computed.

use std::collections::{BTreeMap, BTreeSet};

use lutetia_diagnostic::{Diagnostic, Span};

use super::{File, kinds, names};
use crate::{
    Experiment,
    steps::{Context, Step, StepError, Use},
};

/// Faults of steps that have no other; `faulty` names those that have, and whatever builds on one of them is not looked
/// at.
pub(super) fn faults(
    file: &File<'_>,
    experiment: &Experiment,
    context: &mut Context,
    faulty: &BTreeSet<String>,
) -> Vec<Diagnostic> {
    let mut left_out = faulty.clone();
    let mut faults = Vec::new();
    for step in &experiment.steps {
        let kind = step.kind();
        let id = kind.id();
        let stands_on = |used: &Use<'_>| match used {
            Use::Step(other) => left_out.contains(*other),
            Use::Model(name) => !context.models.contains_key(*name),
            Use::Data(name) => {
                !context.studies.contains_key(*name)
                    && !context.scans.contains_key(*name)
                    && !context.published.contains_key(*name)
            }
            Use::Experiment(_) => false,
        };
        if left_out.contains(id) || kind.uses().iter().any(stands_on) {
            left_out.insert(id.to_owned());
            continue;
        }
        if let Err(fault) = kind.rehearse(context) {
            faults.push(shown(file, step, &fault));
            left_out.insert(id.to_owned());
        }
    }
    faults
}

fn shown(file: &File<'_>, step: &Step, fault: &StepError) -> Diagnostic {
    let id = step.kind().id();
    let message = fault.to_string();
    let at = of_message(file, id, &message);
    let code = fault.code().unwrap_or("LUT7013");
    Diagnostic::error(code, format!("step `{id}`: {message}")).at(at, "").maybe_hint(fault.hint())
}

/// The first name of a message that the step has, else the step.
pub(super) fn of_message(file: &File<'_>, id: &str, message: &str) -> Span {
    let named = message.split('`').skip(1).step_by(2);
    let place = |name: &str| names::inside(file, "step", "id", id, name);
    let found = named.filter(|name| *name != id).find_map(place);
    found.unwrap_or_else(|| names::place(file, "step", "id", id, id))
}

/// Whether the steps that a step names are of the kinds that it needs.
pub(super) fn kinds_fit(experiment: &Experiment, step: &Step) -> bool {
    let kind = |id: &str| experiment.steps.iter().find(|s| s.kind().id() == id).map(Step::word);
    kinds::needed(step)
        .iter()
        .all(|(id, wanted)| kind(id).is_none_or(|word| wanted.contains(&word)))
}

/// Steps whose kind is not the one that is needed of them.
pub(super) fn of_another_kind(file: &File<'_>, experiment: &Experiment) -> Vec<Diagnostic> {
    let known: BTreeMap<&str, &Step> =
        experiment.steps.iter().map(|step| (step.kind().id(), step)).collect();
    let mut faults = Vec::new();
    for step in &experiment.steps {
        let id = step.kind().id();
        for (name, wanted) in kinds::needed(step) {
            // One that is not there is said to be so.
            let Some(found) = known.get(name).map(|step| step.word()) else { continue };
            if !wanted.contains(&found) {
                let message = format!(
                    "step `{id}`: `{name}` is of the kind `{found}`, expected `{}`",
                    wanted.join("` or `")
                );
                let fitting = known.values().filter(|s| wanted.contains(&s.word()));
                let fitting: Vec<&str> = fitting.map(|s| s.kind().id()).collect();
                let hint = (!fitting.is_empty())
                    .then(|| format!("of that kind are: `{}`", fitting.join("`, `")));
                let at = names::place(file, "step", "id", id, name);
                faults.push(Diagnostic::error("LUT7150", message).at(at, "").maybe_hint(hint));
            }
        }
    }
    faults
}
