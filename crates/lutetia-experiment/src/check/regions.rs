//! Subjects, cycles and regions that steps name, beside those of the studies.

use std::collections::BTreeSet;

use lutetia_diagnostic::Diagnostic;

use super::{File, meant, names::place, sheets::Scope};
use crate::{
    Experiment,
    steps::{Step, dose::DoseStep},
};

pub(super) fn faults(
    file: &File<'_>,
    experiment: &Experiment,
    scope: &Scope<'_>,
) -> Vec<Diagnostic> {
    let mut faults = Vec::new();
    for step in &experiment.steps {
        let id = step.kind().id();
        let mut say = |code: &'static str, near: &str, message: String, hint: Option<String>| {
            let at = place(file, "step", "id", id, near);
            let message = format!("step `{id}`: {message}");
            faults.push(Diagnostic::error(code, message).at(at, "").maybe_hint(hint));
        };
        let Asked { study, subject, cycle, regions } = Asked::of(step);
        let mut known = None;
        if let Some((name, study)) = study.and_then(|name| Some((name, scope.studies.get(name)?))) {
            let subjects = study.subjects();
            let subjects = || subjects.iter().map(|s| s.id.as_str());
            match subject {
                Some(subject) if !subjects().any(|s| s == subject) => {
                    let message = format!("the study `{name}` has no subject `{subject}`");
                    say("LUT7151", subject, message, Some(meant(subject, subjects())));
                    continue;
                }
                None if !matches!(step, Step::SelectFunction(_)) && subjects().count() != 1 => {
                    let message = format!("the study `{name}` has {} subjects", subjects().count());
                    let first = subjects().next().unwrap_or("…");
                    let hint = format!("name one of them, such as `subject = \"{first}\"`");
                    say("LUT7151", name, message, Some(hint));
                    continue;
                }
                _ => {}
            }
            known = match step {
                Step::SelectFunction(_) => Some(of_all(study, cycle)),
                _ => scope.measured(name, subject, cycle, None),
            };
            if known.as_ref().is_some_and(Vec::is_empty) && !matches!(step, Step::Dose(_)) {
                let message = format!("the study `{name}` has no measurement of cycle {cycle}");
                say("LUT7151", name, message, None);
                continue;
            }
        }
        let known = match step {
            Step::Dose(s) => scope.integrated(&s.from),
            Step::Plan(s) => scope.dosed(&s.from),
            Step::ModelDose(s) => Some(s.sources.iter().map(|s| s.region.clone()).collect()),
            Step::SelectFunction(s) if s.study.is_none() => {
                s.from.as_ref().and_then(|from| match scope.step(from)? {
                    Step::CohortCurves(curves) => Some(curves.regions.keys().cloned().collect()),
                    _ => None,
                })
            }
            _ => known,
        };
        let Some(known) = known else { continue };
        for region in regions {
            if !known.contains(&region) {
                let message = format!("there is no region `{region}`");
                let hint = meant(&region, known.iter().map(String::as_str));
                say("LUT7102", &region, message, Some(hint));
            }
        }
    }
    faults
}

/// The regions of every subject.
fn of_all(study: &lutetia_data::Study, cycle: u32) -> Vec<String> {
    let Ok(cycle) = u16::try_from(cycle) else { return Vec::new() };
    let subjects = study.subjects();
    let regions = subjects.iter().flat_map(|s| study.regions(&s.id, cycle));
    regions.map(str::to_owned).collect::<BTreeSet<_>>().into_iter().collect()
}

/// What a step asks of a study or of the regions of an earlier step.
#[derive(Default)]
struct Asked<'e> {
    study: Option<&'e str>,
    subject: Option<&'e str>,
    cycle: u32,
    regions: Vec<String>,
}

impl<'e> Asked<'e> {
    fn of(step: &'e Step) -> Self {
        let all = |regions: &Option<Vec<String>>| regions.clone().unwrap_or_default();
        match step {
            Step::FitCurves(s) => Self {
                study: Some(&s.study),
                subject: s.subject.as_deref(),
                cycle: s.cycle,
                regions: all(&s.regions),
            },
            Step::Integrate(s) => Self {
                study: Some(&s.study),
                subject: s.subject.as_deref(),
                cycle: s.cycle,
                regions: all(&s.regions),
            },
            Step::SelectFunction(s) => Self {
                study: s.study.as_deref(),
                subject: None,
                cycle: s.cycle,
                regions: all(&s.regions),
            },
            Step::FitModel(s) => Self {
                study: Some(&s.study),
                subject: s.subject.as_deref(),
                cycle: s.cycle,
                regions: s
                    .observe
                    .keys()
                    .flat_map(|sum| sum.split('+'))
                    .map(|region| region.trim().to_owned())
                    .collect(),
            },
            Step::Dose(s) => Self {
                study: Some(&s.study),
                subject: s.subject.as_deref(),
                cycle: s.cycle,
                regions: of_dose(s),
            },
            Step::Plan(s) => Self { regions: all(&s.regions), ..Self::default() },
            Step::ModelDose(s) => {
                let weighted = s.rbe.iter().flat_map(|w| w.regions.iter().flatten());
                Self { regions: weighted.cloned().collect(), ..Self::default() }
            }
            _ => Self::default(),
        }
    }
}

/// The regions that a step of doses asks something for.
fn of_dose(s: &DoseStep) -> Vec<String> {
    let maps = s.bed.keys().chain(s.masses.keys()).chain(s.cortex.keys());
    let maps = maps.chain(s.leave_out.keys());
    let marrow = s.marrow.iter().flat_map(|m| [&m.blood, &m.image, &m.remainder]).flatten();
    let own = s.daughters.iter().flat_map(|d| &d.own).flat_map(|own| [&own.curve, &own.place]);
    let ways = s.daughters.iter().flat_map(|d| &d.leaving);
    let ways = ways.flat_map(|way| std::iter::once(&way.from).chain(way.to.keys()));
    let weights = s.rbe.iter().flat_map(|w| w.regions.iter().flatten());
    maps.chain(marrow).chain(own).chain(ways).chain(weights).cloned().collect()
}
