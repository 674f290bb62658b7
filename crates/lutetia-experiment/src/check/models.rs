//! Does the model of a step have the names that the step gives it, and can it take their values and the doses?

use std::{collections::BTreeMap, fmt::Display};

use lutetia_diagnostic::Diagnostic;
use lutetia_scenario::{DoseEntry, LoadedModel};
use lutetia_sim::Regimen;

use super::{File, meant, names::place};
use crate::{
    Experiment,
    steps::{Step, cohort::CohortStep},
};

pub(super) fn faults(
    file: &File<'_>,
    experiment: &Experiment,
    models: &BTreeMap<String, LoadedModel>,
) -> Vec<Diagnostic> {
    let mut faults = Vec::new();
    for step in &experiment.steps {
        let several =
            of_regimens(step, experiment).into_iter().chain(of_cases(step)).chain(of_scans(step));
        for asked in std::iter::once(Asked::of(step, experiment)).chain(several) {
            let Some(model) = asked.model.and_then(|name| models.get(name)) else { continue };
            let mut judge = Judge { file, step: step.kind().id(), model, faults: &mut faults };
            asked.set.iter().for_each(|set| judge.set(set));
            asked.doses.iter().for_each(|dose| judge.dose(dose));
            asked.outputs.iter().for_each(|output| judge.output(output));
            asked.part.iter().for_each(|part| judge.part(part));
        }
    }
    faults
}

/// What a step asks of its model.
#[derive(Default)]
struct Asked<'e> {
    model: Option<&'e str>,
    set: Vec<&'e BTreeMap<String, String>>,
    doses: Vec<&'e DoseEntry>,
    outputs: Vec<&'e str>,
    /// A part of the model, where it is connected.
    part: Option<&'e str>,
}

/// What a trade-off asks of the models of its regimens: each has that of its trial.
fn of_regimens<'e>(step: &'e Step, experiment: &'e Experiment) -> Vec<Asked<'e>> {
    let Step::TradeOff(trade) = step else { return Vec::new() };
    let model = |trial: &str| {
        experiment.steps.iter().find_map(|step| match step {
            Step::Trial(own) if own.id == *trial => {
                cohort(experiment, &own.cohort).map(|c| c.model.as_str())
            }
            _ => None,
        })
    };
    let regimens = trade.regimens.iter().map(|regimen| Asked {
        model: model(regimen.trial.as_ref().unwrap_or(&trade.trial)),
        set: vec![&regimen.set],
        doses: regimen.doses.iter().collect(),
        ..Asked::default()
    });
    let fitted = trade.propose.iter().filter_map(|propose| {
        let from = trade.regimens.iter().find(|regimen| regimen.name == propose.from)?;
        let part = &propose.fitted.as_ref()?.part;
        Some(Asked {
            model: model(from.trial.as_ref().unwrap_or(&trade.trial)),
            part: Some(part.as_str()).filter(|part| !part.is_empty()),
            ..Asked::default()
        })
    });
    regimens.chain(fitted).collect()
}

/// What cases side by side ask of their models. A region or a reading that only some of them have is left out of the
/// others.
fn of_cases(step: &Step) -> Vec<Asked<'_>> {
    let Step::SideBySide(cases) = step else { return Vec::new() };
    cases
        .cases
        .iter()
        .map(|case| Asked {
            model: Some(&case.model),
            set: vec![&case.set],
            doses: case.doses.iter().collect(),
            ..Asked::default()
        })
        .collect()
}

/// What scans and the therapy that is predicted from them ask of their models.
fn of_scans(step: &Step) -> Vec<Asked<'_>> {
    let Step::PetToTherapy(s) = step else { return Vec::new() };
    let outputs = || s.regions.iter().map(|region| region.output.as_str()).collect();
    let scans = s.scans.iter().map(|scan| Asked {
        model: Some(&scan.model),
        set: std::iter::once(&s.set).chain(s.wrong.iter().map(|w| &w.scan)).collect(),
        doses: vec![&scan.dose],
        outputs: outputs(),
        part: None,
    });
    let therapy = Asked {
        model: Some(&s.therapy.model),
        set: s.wrong.iter().flat_map(|w| [&w.therapy, &w.medians]).collect(),
        doses: vec![&s.therapy.dose],
        ..Asked::default()
    };
    scans.chain([therapy]).collect()
}

impl<'e> Asked<'e> {
    fn of(step: &'e Step, experiment: &'e Experiment) -> Self {
        let outputs = |names: &'e [String]| names.iter().map(String::as_str).collect();
        match step {
            Step::Simulate(s) => Self {
                model: Some(&s.model),
                set: vec![&s.set],
                doses: s.doses.iter().collect(),
                outputs: outputs(s.outputs.as_deref().unwrap_or_default()),
                part: None,
            },
            Step::ModelDose(s) => Self {
                model: Some(&s.model),
                set: vec![&s.set],
                doses: s.doses.iter().collect(),
                ..Self::default()
            },
            // Of several models it is the first that is looked at here; all are when the step rehearses.
            Step::Designs(s) => Self {
                model: s.models.first().map(String::as_str),
                set: std::iter::once(&s.set).chain(s.scenarios.iter().map(|s| &s.set)).collect(),
                doses: vec![&s.dose],
                outputs: s
                    .regions
                    .iter()
                    .flat_map(|region| {
                        std::iter::once(&region.activity).chain(region.free.values())
                    })
                    .map(String::as_str)
                    .collect(),
                part: None,
            },
            Step::Sweep(s) => Self {
                model: Some(&s.model),
                set: vec![&s.set],
                doses: Vec::new(),
                outputs: outputs(&s.observe),
                part: None,
            },
            Step::FitModel(s) => {
                Self { model: Some(&s.model), set: vec![&s.set], ..Self::default() }
            }
            Step::CohortCurves(s) => Self {
                model: Some(&s.model),
                set: vec![&s.set],
                doses: Vec::new(),
                outputs: s.regions.values().map(String::as_str).collect(),
                part: None,
            },
            Step::Cohort(s) => Self { model: Some(&s.model), set: vec![&s.set], ..Self::default() },
            Step::Combination(s) => Self {
                model: Some(&s.model),
                set: std::iter::once(&s.set).chain(s.scenarios.iter().map(|s| &s.set)).collect(),
                doses: s.a.doses.iter().chain(&s.b.doses).collect(),
                outputs: std::iter::once(&s.response)
                    .chain(&s.lowest)
                    .chain(&s.last)
                    .map(String::as_str)
                    .collect(),
                part: None,
            },
            Step::Trial(s) => Self {
                model: cohort(experiment, &s.cohort).map(|c| c.model.as_str()),
                set: s.arms.iter().map(|arm| &arm.set).collect(),
                doses: s.arms.iter().flat_map(|arm| &arm.doses).collect(),
                outputs: s.named_outputs().collect(),
                part: None,
            },
            _ => Self::default(),
        }
    }
}

fn cohort<'e>(experiment: &'e Experiment, id: &str) -> Option<&'e CohortStep> {
    experiment.steps.iter().find_map(|step| match step {
        Step::Cohort(cohort) if cohort.id == id => Some(cohort),
        _ => None,
    })
}

struct Judge<'a> {
    file: &'a File<'a>,
    step: &'a str,
    model: &'a LoadedModel,
    faults: &'a mut Vec<Diagnostic>,
}

impl Judge<'_> {
    fn say(&mut self, code: &'static str, near: &str, message: String, hint: Option<String>) {
        let at = place(self.file, "step", "id", self.step, near);
        self.faults.push(Diagnostic::error(code, message).at(at, "").maybe_hint(hint));
    }

    fn set(&mut self, set: &BTreeMap<String, String>) {
        for (name, text) in set {
            if let Err(fault) = lutetia_scenario::setting(self.model, name, text) {
                let message = format!("step `{}`, `set`: {fault}", self.step);
                self.say("LUT7013", text, message, Some(fault.hint()));
            }
        }
    }

    fn dose(&mut self, dose: &DoseEntry) {
        let said = |fault: &dyn Display| format!("step `{}`: {fault}", self.step);
        let simulator = &self.model.simulator;
        let fault = match dose.dose(simulator.system()) {
            Err(fault) => Some((fault.code(), said(&fault), Some(fault.hint()))),
            Ok(dose) => {
                let given = simulator.check_regimen(&Regimen { doses: vec![dose] });
                given.err().map(|fault| ("LUT7013", said(&fault), None))
            }
        };
        if let Some((code, message, hint)) = fault {
            self.say(code, &dose.into, message, hint);
        }
    }

    fn part(&mut self, part: &str) {
        let parameters = self.model.simulator.system().parameters();
        let mut parts: Vec<&str> =
            parameters.iter().filter_map(|p| Some(p.name.split_once(':')?.0)).collect();
        parts.dedup();
        if !parts.contains(&part) {
            let message = format!("step `{}`: the model has no part `{part}`", self.step);
            self.say("LUT7013", part, message, Some(meant(part, parts)));
        }
    }

    fn output(&mut self, name: &str) {
        let system = self.model.simulator.system();
        if system.output_index(name).is_none() {
            let message = format!("step `{}`: the model has no output `{name}`", self.step);
            let hint = meant(name, system.outputs().iter().map(|o| o.name.as_str()));
            self.say("LUT7013", name, message, Some(hint));
        }
    }
}
