//! What a step hands on to later ones, beside its tables.

use std::collections::BTreeMap;

use lutetia_data::Curve;
use lutetia_trial::Record;

use lutetia_patient::{RegionTia, dose::RegionDose, model::FittedPatient};

use crate::names::rest;
use crate::steps::{
    Absent, Made, StepError, cohort::CohortUse, survival::source::Individuals, trial::TrialUse,
};

/// What one step made.
#[derive(Debug, Clone)]
pub(crate) enum Artefact {
    /// Time-integrated activities of regions.
    Integrals(Vec<RegionTia>),
    /// The same out of a model that was fitted to a patient.
    Fit { integrals: Vec<RegionTia>, patient: Box<FittedPatient> },
    /// Absorbed doses, with the step that made their integrals.
    Doses { from: String, regions: Vec<RegionDose> },
    /// Curves of virtual patients by region.
    CohortCurves(BTreeMap<String, Vec<Curve>>),
    /// A population.
    Cohort(Box<CohortUse>),
    /// A trial, and what happened to its patients.
    Trial { used: Box<TrialUse>, records: Vec<Record> },
    /// Values of parameters that a calibration found.
    Calibrated(Vec<CalibratedValue>),
    /// Parameters of an effect that a combination calibrated, as they are set.
    Effect(BTreeMap<String, String>),
    /// Individual times behind published curves.
    Individuals(Individuals),
}

/// What a calibration found of one parameter, internal.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CalibratedValue {
    /// The parameter.
    pub(crate) name: String,
    /// Its value nearest to the targets; none where nothing was computed.
    pub(crate) nearest: Option<f64>,
    /// Ends of its interval of 95 %; none where nothing was computed.
    pub(crate) interval: Option<[f64; 2]>,
}

impl CalibratedValue {
    /// Values nearest to the targets, of which the intervals are not known.
    pub(crate) fn nearest(values: Vec<(String, f64)>) -> Vec<Self> {
        let value = |(name, nearest)| Self { name, nearest: Some(nearest), interval: None };
        values.into_iter().map(value).collect()
    }
}

/// Where patients' times come from.
pub(crate) enum PatientTimes<'a> {
    /// Published curves.
    Reconstructed(&'a Individuals),
    /// A trial and its records.
    Trial(&'a TrialUse, &'a [Record]),
}

/// An artefact that is kept with the tables of its step. What takes longest, a calibration, hands on the least.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Small {
    /// Values of parameters that a calibration found.
    Calibrated(Vec<CalibratedValue>),
    /// Parameters of an effect, as they are set.
    Effect(BTreeMap<String, String>),
}

impl From<Small> for Artefact {
    fn from(small: Small) -> Self {
        match small {
            Small::Calibrated(values) => Self::Calibrated(values),
            Small::Effect(effect) => Self::Effect(effect),
        }
    }
}

/// What the steps made so far, by step.
#[derive(Debug, Default)]
pub(crate) struct Artefacts(BTreeMap<String, Artefact>);

impl Artefacts {
    /// Keeps what a step made.
    pub(crate) fn add(&mut self, step: &str, artefact: Artefact) {
        self.0.insert(step.to_owned(), artefact);
    }

    /// What a step handed on, where that is a few values; anything larger is made again by who needs it.
    pub(crate) fn small(&self, step: &str) -> Option<Small> {
        match self.0.get(step)? {
            Artefact::Calibrated(values) => Some(Small::Calibrated(values.clone())),
            Artefact::Effect(effect) => Some(Small::Effect(effect.clone())),
            _ => None,
        }
    }

    /// Leaves what the steps seen made, and returns the rest.
    pub(crate) fn rest(&mut self, seen: impl Fn(&str) -> bool) -> Self {
        Self(rest(&mut self.0, seen))
    }

    /// Adds what other steps made.
    pub(crate) fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    fn get<'a, T>(
        &'a self,
        step: &str,
        expected: Made,
        take: impl FnOnce(&'a Artefact) -> Option<T>,
    ) -> Result<T, StepError> {
        let fault = || Absent::Kind { step: step.to_owned(), expected }.into();
        self.0.get(step).and_then(take).ok_or_else(fault)
    }

    /// The integrals that a step made, by a function, without one, or by a model.
    pub(crate) fn integrals(&self, step: &str) -> Result<&[RegionTia], StepError> {
        self.get(step, Made::Integrals, |a| match a {
            Artefact::Integrals(tias) | Artefact::Fit { integrals: tias, .. } => Some(&tias[..]),
            _ => None,
        })
    }

    /// The doses that a step made, and the integrals behind them.
    pub(crate) fn doses(&self, step: &str) -> Result<(&[RegionTia], &[RegionDose]), StepError> {
        let (from, regions) = self.get(step, Made::Doses, |a| match a {
            Artefact::Doses { from, regions } => Some((from, &regions[..])),
            _ => None,
        })?;
        Ok((self.integrals(from)?, regions))
    }

    /// The curves of a virtual cohort.
    pub(crate) fn cohort_curves(
        &self,
        step: &str,
    ) -> Result<&BTreeMap<String, Vec<Curve>>, StepError> {
        self.get(step, Made::CohortCurves, |a| match a {
            Artefact::CohortCurves(curves) => Some(curves),
            _ => None,
        })
    }

    /// A population.
    pub(crate) fn cohort(&self, step: &str) -> Result<&CohortUse, StepError> {
        self.get(step, Made::Cohort, |a| match a {
            Artefact::Cohort(cohort) => Some(&**cohort),
            _ => None,
        })
    }

    /// A trial and its records.
    pub(crate) fn trial(&self, step: &str) -> Result<(&TrialUse, &[Record]), StepError> {
        self.get(step, Made::Trial, |a| match a {
            Artefact::Trial { used, records } => Some((&**used, &records[..])),
            _ => None,
        })
    }

    /// Patients' times of a reconstruction or a trial.
    pub(crate) fn patient_times(&self, step: &str) -> Result<PatientTimes<'_>, StepError> {
        self.get(step, Made::PatientTimes, |a| match a {
            Artefact::Individuals(found) => Some(PatientTimes::Reconstructed(found)),
            Artefact::Trial { used, records } => Some(PatientTimes::Trial(used, records)),
            _ => None,
        })
    }

    /// The values of a calibration.
    pub(crate) fn calibrated(&self, step: &str) -> Result<&[CalibratedValue], StepError> {
        self.get(step, Made::Calibrated, |a| match a {
            Artefact::Calibrated(values) => Some(&values[..]),
            _ => None,
        })
    }

    /// The effect that a combination calibrated.
    pub(crate) fn effect(&self, step: &str) -> Result<&BTreeMap<String, String>, StepError> {
        self.get(step, Made::Effect, |a| match a {
            Artefact::Effect(effect) => Some(effect),
            _ => None,
        })
    }

    /// The patient that a model was fitted to.
    pub(crate) fn fitted(&self, step: &str) -> Result<&FittedPatient, StepError> {
        self.get(step, Made::Fit, |a| match a {
            Artefact::Fit { patient, .. } => Some(&**patient),
            _ => None,
        })
    }
}
