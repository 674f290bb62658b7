//! One patient: the curves, integrals, doses and budgets of every cycle, and their sum.
//!
//! What `lutetia dose` prints and writes. The computations are those of the steps of an experiment;
//! here they are done for all cycles and put side by side.

mod course;
mod cumulative;
mod files;
mod page;

use std::collections::BTreeMap;

use lutetia_data::Study;
use lutetia_diagnostic::{FlagKind, Verdict};
use lutetia_dose::{AbsorbedDose, Budget, Chain, Tissue};

use lutetia_experiment::steps::dose::{
    DoseOptions, RegionDose, all_doses, check_reference, reference,
};
use lutetia_experiment::steps::uncertainty::budgets;
use lutetia_experiment::steps::{fit_curves, integrate, uncertainty};
use lutetia_patient::{
    RegionTia,
    curves::{CurveOptions, RegionCurve, fit_regions},
    integrate::{Method, integrals},
    shown,
};
use lutetia_table::{Cell, Table, Tables};

pub use course::courses;
pub use cumulative::{Cumulative, cumulative};
pub use files::{PatientFolder, folder_names, index_page};
pub use page::How as Words;

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
    /// What is known of the measurement beyond its scatter.
    pub chain: Chain,
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
    /// Absorbed doses; their standard deviation is that of the whole chain.
    pub doses: Vec<RegionDose>,
    /// The tables of doses, and of marrow, daughters and weighted doses where they were asked for.
    pub dose_tables: Vec<Table>,
    /// What a person should look at.
    pub warnings: Vec<String>,
    /// Uncertainty by input, in the order of `doses`.
    pub budgets: Vec<(String, Verdict<Budget>)>,
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
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The data do not allow it.
    #[error("{0}")]
    Data(String),
    /// Something asked of the doses cannot be.
    #[error("{0}")]
    Options(String),
}

/// Computes the cycles asked for; a region that was not measured in one of them is left out there.
///
/// # Errors
/// A sentence that says which cycle or region was not measured, or what cannot be read.
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
            let curves = fit_regions(study, subject, number, Some(wanted), how)
                .map_err(|e| Fault::Data(e.to_string()))?;
            let tias = curves.iter().map(RegionCurve::tia).collect();
            (curves, tias)
        }
        Integration::Method(method, at) => {
            let tias = integrals(study, subject, number, wanted, method, *at);
            (Vec::new(), tias.map_err(|e| Fault::Data(e.to_string()))?)
        }
    };
    let mut how = DoseOptions {
        reference: reference(study, subject, options.reference.as_deref())
            .map_err(Fault::Options)?,
        ..options.dose.clone()
    };
    check_reference(study, subject, options.reference.as_deref(), &how.masses)
        .map_err(Fault::Options)?;
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
    let mut doses = all_doses(study, subject, number, &tias, &how).map_err(Fault::Options)?;
    let budgets = budgets(&tias, &doses.regions, &options.chain);
    for (dose, (_, budget)) in doses.regions.iter_mut().zip(&budgets) {
        if let Some(budget) = shown(budget).0 {
            dose.dose = dose.dose.clone().map(|d| AbsorbedDose { sd: budget.sd_gy(), ..d });
        }
    }
    // A cortex is as uncertain as its organ: it shares curve, calibration and volume.
    for region in how.cortex.keys() {
        let whole = doses.regions.iter().find(|d| d.region == *region);
        let relative = whole
            .and_then(|d| shown(&d.dose).0)
            .and_then(|d| Some(d.sd? / d.total))
            .filter(|r| r.is_finite());
        let part = format!("{region} cortex");
        for dose in doses.regions.iter_mut().filter(|d| d.region == part) {
            dose.dose = dose.dose.clone().map(|d| {
                let sd = relative.map(|r| r * d.total);
                AbsorbedDose { sd, ..d }
            });
        }
    }
    let dose_tables = doses.tables(&format!("c{number}.dose"), &how).map_err(Fault::Options)?;
    let given: Vec<_> = study.doses_of(subject).into_iter().filter(|d| d.cycle == number).collect();
    Ok(Cycle {
        number,
        at_h: given.first().map_or(0.0, |d| d.time_h),
        injected: given.iter().map(|d| (d.nuclide.clone(), d.activity_mbq)).collect(),
        curves,
        tias,
        doses: doses.regions,
        dose_tables,
        warnings: doses.warnings,
        budgets,
    })
}

impl Cycle {
    /// Its tables as a step of an experiment makes them, named `c<number>` and `c<number>.<part>`.
    ///
    /// # Errors
    /// When a fitted curve cannot be drawn.
    pub fn tables(&self, until_h: f64) -> Result<Tables, String> {
        let id = format!("c{}", self.number);
        let mut tables = if self.curves.is_empty() {
            vec![integrate::tables::integrals(&id, &self.tias)]
        } else {
            let made = fit_curves::tables::all(&id, &self.curves, until_h);
            made.map_err(|e| e.to_string())?.into()
        };
        tables.extend(self.dose_tables.iter().cloned());
        let [totals, parts] = uncertainty::tables(&format!("{id}.uncertainty"), &self.budgets);
        tables.push(totals);
        tables.push(parts);
        Ok(tables.into_iter().map(|t| (t.name.clone(), t)).collect())
    }
}

impl Patient {
    /// What stands against the doses, a line per region and cycle: warnings where a dose is refused or
    /// refuted, notes where it is not.
    #[must_use]
    pub fn remarks(&self) -> Vec<String> {
        let several = self.cycles.len() > 1;
        self.cycles
            .iter()
            .flat_map(|cycle| cycle.doses.iter().map(move |dose| (cycle.number, dose)))
            .filter_map(|(number, dose)| {
                let note = dose.note();
                let grave = dose.dose.is_refused() || dose.dose.has(FlagKind::Misfit);
                let word = if grave { "warning" } else { "note" };
                let of = if several { format!(" in cycle {number}") } else { String::new() };
                (!note.is_empty()).then(|| format!("{word}: `{}`{of}: {note}", dose.region))
            })
            .collect()
    }

    /// All tables: those of every cycle one below the other, with the cycle in front; `cumulative`
    /// where there are several cycles.
    ///
    /// # Errors
    /// When a fitted curve cannot be drawn.
    pub fn tables(&self) -> Result<Tables, String> {
        let mut stacked: BTreeMap<String, Table> = BTreeMap::new();
        for cycle in &self.cycles {
            let id = format!("c{}", cycle.number);
            for (name, table) in cycle.tables(self.options.until_h)? {
                let part = name.strip_prefix(&id).unwrap_or(&name).trim_start_matches('.');
                let name = match part {
                    "" => "integrals",
                    "candidates" => "functions",
                    "dose" => "doses",
                    "uncertainty.budget" => "budget",
                    other => other.strip_prefix("dose.").unwrap_or(other),
                };
                let lead = [Cell::Number(f64::from(cycle.number))];
                match stacked.get_mut(name) {
                    Some(whole) => whole.append(&["cycle"], &lead, &table),
                    None => {
                        let mut whole = Table::new(name, table.caption.clone());
                        whole.append(&["cycle"], &lead, &table);
                        stacked.insert(name.to_owned(), whole);
                    }
                }
            }
        }
        if self.cycles.len() + self.unmeasured.len() > 1 {
            let rbe = &self.options.dose.rbe;
            let table = cumulative::table("cumulative", &cumulative(self), rbe);
            stacked.insert(table.name.clone(), table);
        }
        Ok(stacked)
    }
}
