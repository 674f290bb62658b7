//! All patients and cycles of a study: what `dose`, `plan` and `export` share.

use std::path::Path;

use lutetia_data::Study;
use lutetia_diagnostic::{Diagnostic, closest};
use lutetia_dose::Sex;
use lutetia_patient::{
    TextError,
    cycles::{Fault, Options, Patient, compute},
    dose::DoseOptions,
};

use super::{
    curves::{ASSUMED_ERROR, Curves},
    studies,
};
use crate::{
    exit::Exit,
    failure::{Failure, Outcome},
    terminal::Terminal,
};

/// A study and the patients asked for.
pub(crate) struct Patients {
    /// The study.
    pub(crate) study: Study,
    /// In the order of the study.
    pub(crate) patients: Vec<Patient>,
    /// Regions whose measurements have no standard deviation, so that one was assumed.
    pub(crate) assumed: Vec<String>,
    /// What is to be looked at in the data.
    pub(crate) warnings: Vec<String>,
}

impl Curves {
    /// The folder of the study.
    pub(crate) fn folder(&self) -> &Path {
        &self.study
    }

    /// Reads the study and computes the patients and cycles asked for; all without `--subject` (one, if
    /// only `one` will do) and `--cycle`.
    pub(crate) fn patients(
        &self,
        options: &Options,
        one: bool,
        terminal: &Terminal,
    ) -> Outcome<Patients> {
        self.check_until()?;
        let (study, warnings) = studies::load_with_warnings(&self.study, terminal)?;
        let names: Vec<&str> = study.subjects().iter().map(|s| s.id.as_str()).collect();
        let subjects: Vec<String> = match &self.subject {
            asked if one || asked.is_some() => {
                vec![studies::subject(&study, self.subject.as_deref())?]
            }
            _ => names.iter().map(|n| (*n).to_owned()).collect(),
        };
        let mut wanted = Vec::new();
        for subject in &subjects {
            let measured: Vec<u16> = study
                .cycles(subject)
                .into_iter()
                .filter(|n| !study.regions(subject, *n).is_empty())
                .collect();
            let cycles = match self.cycle {
                Some(n) if subjects.len() == 1 => {
                    studies::regions(&study, subject, n, &self.regions)?;
                    vec![n]
                }
                Some(n) => measured.into_iter().filter(|m| *m == n).collect(),
                None => measured,
            };
            if cycles.is_empty() {
                // One who was asked for must have been measured; the others are named.
                if subjects.len() == 1 {
                    studies::regions(&study, subject, self.cycle(), &self.regions)?;
                }
                let which = self.cycle.map_or_else(String::new, |n| format!(" in cycle {n}"));
                terminal.talk(&format!(
                    "note: subject `{subject}` has no measurement{which} and is left out"
                ));
                continue;
            }
            wanted.push((subject, cycles));
        }
        if wanted.is_empty() {
            let message =
                format!("study `{}` has no measurement to compute doses from", study.name());
            return Err(Failure::new(Exit::Data, Diagnostic::error("LUT8012", message)));
        }
        self.check_regions(&study, &wanted)?;
        let assumed = self.assumed(&study, &wanted);
        if !assumed.is_empty() {
            terminal.talk(&format!(
                "note: no standard deviations for {}; `{ASSUMED_ERROR}` is assumed (change it with `--error`)",
                assumed.join(", ")
            ));
        }
        let regions = (!self.regions.is_empty()).then_some(self.regions.as_slice());
        let patients = wanted
            .into_iter()
            .map(|(subject, cycles)| compute(&study, subject, &cycles, regions, options))
            .collect::<Result<Vec<_>, Fault>>()
            .map_err(|fault| match fault {
                Fault::Options(error) => {
                    Failure::asked(error.code(), &error, "change the option it names")
                }
                other => Failure::of(Exit::Data, other.code(), &other),
            })?;
        Ok(Patients { study, patients, assumed, warnings })
    }

    /// Every region asked for must have been measured somewhere.
    fn check_regions(&self, study: &Study, wanted: &[(&String, Vec<u16>)]) -> Outcome {
        let mut known: Vec<&str> = Vec::new();
        for (subject, cycles) in wanted {
            for region in cycles.iter().flat_map(|n| study.regions(subject, *n)) {
                if !known.contains(&region) {
                    known.push(region);
                }
            }
        }
        match self.regions.iter().find(|r| !known.contains(&r.as_str())) {
            None => Ok(()),
            Some(unknown) => {
                let hint = closest(unknown, known.iter().copied()).map_or_else(
                    || format!("there are: {}", known.join(", ")),
                    |near| format!("did you mean `{near}`?"),
                );
                let message = format!("study `{}` has no region `{unknown}`", study.name());
                Err(Failure::new(Exit::Data, Diagnostic::error("LUT8013", message).hint(hint)))
            }
        }
    }

    /// Regions without standard deviations, where an error is assumed for them.
    fn assumed(&self, study: &Study, wanted: &[(&String, Vec<u16>)]) -> Vec<String> {
        let mut without: Vec<String> = Vec::new();
        if self.error.is_some() || self.method.is_some() {
            return without;
        }
        for (subject, cycles) in wanted {
            for &cycle in cycles {
                for region in study.regions(subject, cycle) {
                    let asked = self.regions.is_empty() || self.regions.iter().any(|r| r == region);
                    let lacks = study
                        .curve(subject, cycle, region)
                        .is_some_and(|c| c.points.iter().any(|p| p.sd_mbq.is_none()));
                    if asked && lacks && !without.iter().any(|w| w == region) {
                        without.push(region.to_owned());
                    }
                }
            }
        }
        without
    }
}

/// Mean volumes, and nothing else asked for; the reference adult is that of each patient.
pub(crate) fn plain_doses() -> DoseOptions {
    DoseOptions::new(Sex::Male)
}

/// The reference adult as typed.
pub(crate) fn reference(asked: Option<&str>) -> Outcome<Option<String>> {
    match asked.map(str::to_lowercase).as_deref() {
        None | Some("male" | "m" | "female" | "f") => Ok(asked.map(str::to_owned)),
        Some(_) => {
            let error = TextError::Reference { text: asked.unwrap_or_default().to_owned() };
            Err(Failure::asked(error.code(), &error, "choose one with `--reference`"))
        }
    }
}
