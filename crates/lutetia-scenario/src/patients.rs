//! What the columns of a table of patients mean for a model: parameters and covariates by name, and one dose.

use std::collections::BTreeMap;

use lutetia_data::{Covariate, Judge, Subject};
use lutetia_diagnostic::closest;
use lutetia_model::{Parameter, ParameterValue, system::ParameterInfo};
use lutetia_sim::Dose;
use lutetia_units::{Dimension, Quantity, Unit};

use crate::{DoseEntry, LoadedModel, PatientFault, agreeing, patient_fault::DOSE};

/// The columns of a table of patients for a model.
#[derive(Debug)]
pub struct PatientColumns<'a> {
    model: &'a LoadedModel,
    /// Parameters of the patients where their rows say nothing, internal.
    base: Vec<f64>,
    /// What is set for all of them, which no column may set again.
    set: Vec<&'a str>,
    /// The subjects of the study that the table stands beside; none where it stands alone.
    study: Option<Vec<&'a str>>,
}

/// One patient as he is simulated.
#[derive(Debug, Clone, PartialEq)]
pub struct GivenPatient {
    /// His parameters, internal, in the order of [`lutetia_model::system::System::parameters`].
    pub parameters: Vec<f64>,
    /// The dose of his row, where it has one.
    pub doses: Vec<Dose>,
    /// Parameters and covariates of which he has an empty cell, so that those of the model hold.
    pub unsaid: Vec<String>,
}

impl<'a> PatientColumns<'a> {
    /// For a model, with the parameters of whoever says nothing (internal) and the names of those that are set for all.
    #[must_use]
    pub fn new(model: &'a LoadedModel, base: Vec<f64>, set: Vec<&'a str>) -> Self {
        Self { model, base, set, study: None }
    }

    /// For a table beside a study of these subjects, whose own table and doses hold where it says nothing.
    #[must_use]
    pub fn beside(self, subjects: Vec<&'a str>) -> Self {
        Self { study: Some(subjects), ..self }
    }

    /// A patient of the table.
    ///
    /// # Errors
    /// [`PatientFault`]: a value that the model does not take, a covariate without any, a dose that cannot be given.
    pub fn patient(
        &self,
        subject: &Subject,
        columns: &[String],
    ) -> Result<GivenPatient, PatientFault> {
        let mut patient = self.given(&subject.covariates)?;
        let unsaid = columns.iter().filter(|c| !subject.covariates.contains_key(*c));
        patient.unsaid = unsaid.filter(|c| dose_key(c).is_none()).cloned().collect();
        Ok(patient)
    }

    fn given(&self, row: &BTreeMap<String, Covariate>) -> Result<GivenPatient, PatientFault> {
        let mut parameters = self.base.clone();
        for (name, value) in row.iter().filter(|(name, _)| dose_key(name).is_none()) {
            let (slots, value) = self.value(name, value)?;
            for slot in slots {
                parameters[slot] = value;
            }
        }
        let infos = self.model.simulator.system().parameters();
        if let Some((info, _)) = infos.iter().zip(&parameters).find(|(_, x)| x.is_nan()) {
            return Err(PatientFault::NotGiven {
                name: info.name.clone(),
                unit: info.levels.is_empty().then(|| info.unit.to_string()),
            });
        }
        Ok(GivenPatient { parameters, doses: self.doses(row)?, unsaid: Vec::new() })
    }

    /// The dose that a row gives; none where it gives none.
    fn doses(&self, row: &BTreeMap<String, Covariate>) -> Result<Vec<Dose>, PatientFault> {
        let text = |key: &str| {
            let (_, value) = row.iter().find(|(name, _)| dose_key(name) == Some(key))?;
            Some(match value {
                Covariate::Number(q) => written(q),
                Covariate::Text(text) => text.clone(),
            })
        };
        if DOSE.iter().all(|key| text(key).is_none()) {
            return Ok(Vec::new());
        }
        let entry = DoseEntry {
            at: text("at"),
            nuclide: text("nuclide"),
            activity: text("activity"),
            amount: text("amount"),
            over: text("over"),
            ..DoseEntry::into_pool(&text("into").unwrap_or_default())
        };
        let system = self.model.simulator.system();
        entry.doses(system).map_err(|source| PatientFault::Dose {
            nowhere: entry.into.is_empty(),
            source: Box::new(source),
        })
    }

    /// The places of a name, and the internal value of a cell.
    fn value(&self, name: &str, value: &Covariate) -> Result<(Vec<usize>, f64), PatientFault> {
        let slots = self.slots(name)?;
        let infos = self.model.simulator.system().parameters();
        let Some(info) = slots.first().map(|&slot| &infos[slot]) else {
            return Err(self.unknown(name));
        };
        let text = match value {
            Covariate::Number(q) => written(q),
            Covariate::Text(text) => text.clone(),
        };
        let internal = info.setting(&text).map_err(|source| PatientFault::Value {
            source: Box::new(source),
            levels: info.levels.clone(),
        })?;
        Ok((slots, internal))
    }

    fn slots(&self, name: &str) -> Result<Vec<usize>, PatientFault> {
        agreeing(self.model, name).map_err(|source| PatientFault::Parts(Box::new(source)))
    }

    /// What is said of a column that is nothing of the model.
    fn unknown(&self, name: &str) -> PatientFault {
        let is_formula = |p: &&Parameter| p.name == name;
        let formula = self.model.model.parameters.iter().find(is_formula).map(|p| &p.value);
        let name = name.to_owned();
        if let Some(ParameterValue::Formula { text, .. }) = formula {
            return PatientFault::Formula { name, text: text.clone() };
        }
        if self.model.model.inputs.iter().any(|input| input.name == name) {
            return PatientFault::Input { name };
        }
        let infos = self.model.simulator.system().parameters();
        let known = infos.iter().map(|info| info.name.as_str()).chain(DOSE);
        let near = closest(&name, known).map(str::to_owned);
        PatientFault::Unknown { name, near }
    }
}

impl Judge for PatientColumns<'_> {
    type Refusal = PatientFault;

    fn column(&self, name: &str, unit: Option<&Unit>) -> Result<(), PatientFault> {
        if let Some(key) = dose_key(name) {
            if self.study.is_some() {
                return Err(PatientFault::DoseOfStudy { name: name.to_owned() });
            }
            return match key {
                "activity" => dimension(name, unit, &[Dimension::ACTIVITY], "MBq"),
                "amount" => dimension(name, unit, &[Dimension::AMOUNT, Dimension::MASS], "nmol"),
                "at" | "over" => dimension(name, unit, &[Dimension::TIME], "h"),
                _ => dimension(name, unit, &[Dimension::NONE], ""),
            };
        }
        let slots = self.slots(name)?;
        let infos = self.model.simulator.system().parameters();
        let Some(info): Option<&ParameterInfo> = slots.first().map(|&slot| &infos[slot]) else {
            return Err(self.unknown(name));
        };
        if self.set.contains(&name) {
            return Err(PatientFault::SetForAll { name: name.to_owned() });
        }
        dimension(name, unit, &[info.unit.dimension()], info.unit.symbol())
    }

    fn cell(&self, name: &str, value: &Covariate) -> Result<(), PatientFault> {
        if dose_key(name).is_some() {
            return Ok(());
        }
        self.value(name, value).map(|_| ())
    }

    fn patient(&self, name: &str) -> Result<(), PatientFault> {
        let Some(subjects) = self.study.as_ref().filter(|known| !known.contains(&name)) else {
            return Ok(());
        };
        Err(PatientFault::NotInStudy {
            name: name.to_owned(),
            near: closest(name, subjects.iter().copied()).map(str::to_owned),
            known: subjects.iter().map(|&subject| subject.to_owned()).collect(),
        })
    }

    fn row(&self, values: &BTreeMap<String, Covariate>) -> Result<(), PatientFault> {
        // Beside a study the rest stands in the study, or is missed by whoever needs it.
        if self.study.is_some() { Ok(()) } else { self.given(values).map(|_| ()) }
    }
}

/// The key of a dose that a title is.
fn dose_key(name: &str) -> Option<&'static str> {
    DOSE.into_iter().find(|key| key.eq_ignore_ascii_case(name))
}

/// A quantity as a text that reads back as the same number.
fn written(q: &Quantity) -> String {
    match q.dimension().is_none() && q.unit().symbol() == "1" {
        true => format!("{}", q.value()),
        false => format!("{} {}", q.value(), q.unit().symbol()),
    }
}

/// That the unit of a title is of one of some dimensions; `example` is a unit that would be.
fn dimension(
    name: &str,
    unit: Option<&Unit>,
    expected: &[Dimension],
    example: &str,
) -> Result<(), PatientFault> {
    let found = unit.map_or(Dimension::NONE, Unit::dimension);
    if expected.contains(&found) {
        return Ok(());
    }
    Err(PatientFault::Unit {
        name: name.to_owned(),
        found: unit.map(|unit| (unit.symbol().to_owned(), found)),
        expected: expected.to_vec(),
        example: example.to_owned(),
    })
}

/// What a row of `subjects.csv` says of a model, as it would be set: parameters and covariates of these names. A sex that
/// is not known says nothing.
#[must_use]
pub fn of_subject(model: &LoadedModel, subject: &Subject) -> BTreeMap<String, String> {
    let infos = model.simulator.system().parameters();
    let said = subject.covariates.iter().filter_map(|(name, value)| {
        let info = &infos[*crate::slots(model, name).first()?];
        let text = match value {
            Covariate::Number(q) => written(q),
            Covariate::Text(word) => sex(word, &info.levels)?.to_owned(),
        };
        Some((name.clone(), text))
    });
    said.collect()
}

/// The level of a word: itself, or of a sex its other words; none where a sex is not known.
fn sex<'w>(word: &'w str, levels: &'w [String]) -> Option<&'w str> {
    let is_sex = ["male", "female"].iter().all(|level| levels.iter().any(|l| l == level));
    match (is_sex, word.to_lowercase().as_str()) {
        (true, "m" | "male" | "man") => Some("male"),
        (true, "f" | "female" | "woman") => Some("female"),
        (true, "other" | "unknown") => None,
        _ => Some(word),
    }
}
