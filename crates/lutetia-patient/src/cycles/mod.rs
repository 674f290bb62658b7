//! All cycles of a patient: curves, integrals, doses and budgets of each, their sum, and the cycles to come.

mod courses;
mod cumulative;

use std::fmt;

use lutetia_data::Study;
use lutetia_diagnostic::FlagKind;
use lutetia_dose::Tissue;

use crate::{
    PatientError, RegionTia,
    curves::{CurveOptions, RegionCurve, fit_regions},
    dose::{DoseOptions, Doses, all_doses, check_reference, reference},
    integrate::{Method, integrals},
};

pub use courses::courses;
pub use cumulative::{Cumulative, cumulative};

/// How curves become integrals.
#[derive(Debug, Clone)]
pub enum Integration {
    /// By functions fitted.
    Fit(CurveOptions),
    /// Without a function; the measurement nearest to a time (h) where a method takes one.
    Method(Method, Option<f64>),
}

/// How a patient is computed.
#[derive(Debug, Clone)]
pub struct Options {
    /// From curves to integrals.
    pub integration: Integration,
    /// How doses are computed; the reference adult in it is replaced by that of each patient.
    pub dose: DoseOptions,
    /// Reference adult as asked; that of the study's `sex` column without it.
    pub reference: Option<String>,
    /// A tissue for every region without one of its own.
    pub tissue: Option<Tissue>,
    /// Last time drawn, h.
    pub until_h: f64,
}

/// One cycle of a patient.
#[derive(Debug, Clone)]
pub struct Cycle {
    /// From 1.
    pub number: u16,
    /// Start of its first injection, h on the patient's clock.
    pub at_h: f64,
    /// Nuclide and activity (MBq) of each injection.
    pub injected: Vec<(String, f64)>,
    /// What was fitted; empty where integrals were made without a function.
    pub curves: Vec<RegionCurve>,
    /// Integrals.
    pub tias: Vec<RegionTia>,
    /// Absorbed doses; where the chain of the measurement is known, with their budgets.
    pub doses: Doses,
}

/// A patient with all cycles asked for.
#[derive(Debug, Clone)]
pub struct Patient {
    /// As the study names it.
    pub subject: String,
    /// Cycles that were measured.
    pub cycles: Vec<Cycle>,
    /// Cycles of the study that were given and not measured.
    pub unmeasured: Vec<Unmeasured>,
    /// How it was computed.
    pub options: Options,
}

/// A cycle that was given and not measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Unmeasured {
    /// From 1.
    pub number: u16,
    /// Activity given, GBq.
    pub activity_gbq: f64,
    /// Nuclides given.
    pub nuclides: Vec<String>,
}

/// Why a patient could not be computed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The data do not allow it.
    #[error(transparent)]
    Data(Box<PatientError>),
    /// Something asked of the doses cannot be.
    #[error(transparent)]
    Options(Box<PatientError>),
}

impl Fault {
    fn data(error: PatientError) -> Self {
        Self::Data(Box::new(error))
    }

    fn options(error: PatientError) -> Self {
        Self::Options(Box::new(error))
    }

    /// Code of the message, LUT61xx, or that of what failed below.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Data(error) | Self::Options(error) => error.code(),
        }
    }
}

/// Computes the cycles asked for; a region that was not measured in one of them is left out there.
///
/// # Errors
/// [`Fault`]: which region was not measured, or what cannot be asked of the doses.
pub fn compute(
    study: &Study,
    subject: &str,
    cycles: &[u16],
    regions: Option<&[String]>,
    options: &Options,
) -> Result<Patient, Fault> {
    let mut found = Vec::new();
    for &number in cycles {
        let measured = study.regions(subject, number);
        let wanted: Vec<String> = match regions {
            Some(names) => {
                names.iter().filter(|n| measured.contains(&n.as_str())).cloned().collect()
            }
            None => measured.into_iter().map(str::to_owned).collect(),
        };
        if wanted.is_empty() {
            continue;
        }
        found.push(cycle(study, subject, number, &wanted, options)?);
    }
    // Where only some of the measured cycles are asked for, the others are not said to be missing.
    let all = study.cycles(subject).into_iter();
    let (measured, without): (Vec<u16>, Vec<u16>) =
        all.partition(|n| !study.regions(subject, *n).is_empty());
    let whole = measured.iter().all(|n| cycles.contains(n));
    let unmeasured = without
        .into_iter()
        .filter(|_| whole)
        .map(|n| {
            let doses = study.doses_of(subject).into_iter().filter(|d| d.cycle == n);
            let mut unmeasured = Unmeasured { number: n, activity_gbq: 0.0, nuclides: Vec::new() };
            for dose in doses {
                unmeasured.activity_gbq += dose.activity_mbq / 1000.0;
                if !unmeasured.nuclides.contains(&dose.nuclide) {
                    unmeasured.nuclides.push(dose.nuclide.clone());
                }
            }
            unmeasured
        })
        .collect();
    Ok(Patient { subject: subject.to_owned(), cycles: found, unmeasured, options: options.clone() })
}

fn cycle(
    study: &Study,
    subject: &str,
    number: u16,
    wanted: &[String],
    options: &Options,
) -> Result<Cycle, Fault> {
    let (curves, tias) = match &options.integration {
        Integration::Fit(how) => {
            let curves =
                fit_regions(study, subject, number, Some(wanted), how).map_err(Fault::data)?;
            let tias = curves.iter().map(RegionCurve::tia).collect();
            (curves, tias)
        }
        Integration::Method(method, at) => {
            let tias = integrals(study, subject, number, wanted, method, *at);
            (Vec::new(), tias.map_err(Fault::data)?)
        }
    };
    let mut how = DoseOptions {
        reference: reference(study, subject, options.reference.as_deref())
            .map_err(Fault::options)?,
        ..options.dose.clone()
    };
    check_reference(study, subject, options.reference.as_deref(), &how.masses)
        .map_err(Fault::options)?;
    if let Some(tissue) = options.tissue {
        for tia in &tias {
            how.bed.entry(tia.region.clone()).or_insert(tissue);
        }
    }
    // What is asked of a region holds in the cycles in which it was measured.
    let measured = |region: &String| tias.iter().any(|t| t.region == *region);
    how.bed.retain(|region, _| measured(region));
    how.masses.retain(|region, _| measured(region));
    how.cortex.retain(|region, _| measured(region));
    let doses = all_doses(study, subject, number, &tias, &how).map_err(Fault::options)?;
    let given: Vec<_> = study.doses_of(subject).into_iter().filter(|d| d.cycle == number).collect();
    Ok(Cycle {
        number,
        at_h: given.first().map_or(0.0, |d| d.time_h),
        injected: given.iter().map(|d| (d.nuclide.clone(), d.activity_mbq)).collect(),
        curves,
        tias,
        doses,
    })
}

/// What stands against the dose of a region in a cycle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// Whether the dose is refused or refuted.
    pub grave: bool,
    /// The region.
    pub region: String,
    /// The cycle, where the patient has several.
    pub cycle: Option<u16>,
    /// What is to be known.
    pub note: String,
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.region)?;
        if let Some(cycle) = self.cycle {
            write!(f, " in cycle {cycle}")?;
        }
        write!(f, ": {}", self.note)
    }
}

impl Patient {
    /// What stands against the doses, one remark per region and cycle.
    #[must_use]
    pub fn remarks(&self) -> Vec<Remark> {
        let several = self.cycles.len() > 1;
        self.cycles
            .iter()
            .flat_map(|cycle| cycle.doses.regions.iter().map(move |dose| (cycle.number, dose)))
            .filter_map(|(number, dose)| {
                let note = dose.note();
                (!note.is_empty()).then(|| Remark {
                    grave: dose.dose.is_refused() || dose.dose.has(FlagKind::Misfit),
                    region: dose.region.clone(),
                    cycle: several.then_some(number),
                    note,
                })
            })
            .collect()
    }
}
