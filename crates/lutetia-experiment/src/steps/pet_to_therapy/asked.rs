//! The keys of a step in the terms of its models.

use std::{collections::BTreeMap, sync::Arc};

use lutetia_dose::{Source, bundled::source_with_daughters};
use lutetia_model::log_sd_of_cv;
use lutetia_patient::predict::{Injection, Law, Scan, Study};
use lutetia_scenario::{DoseEntry, LoadedModel, ScenarioError};
use lutetia_table::{Cell, Table};

use super::{DifferSpec, PetToTherapy, PetToTherapyError, ScanFault, WrongSpec};
use crate::{
    steps::{
        Context, StepError,
        side_by_side::cases::{Place, place},
    },
    written::Share,
};

/// Most patients of a step.
const MOST: u32 = 10_000;

/// What is believed is right.
pub(super) const RIGHT: &str = "as believed";

/// What is computed.
pub(super) struct Asked<'c> {
    /// What patients differ in, and whether its law is of the table.
    pub(super) laws: Vec<(Law, bool)>,
    pub(super) cases: Vec<Case<'c>>,
    /// Where each region is under the therapy.
    pub(super) places: Vec<Place>,
    pub(super) therapy: &'c LoadedModel,
    pub(super) source: Source,
}

/// A scan under something that is wrong, or under nothing.
pub(super) struct Case<'c> {
    pub(super) wrong: String,
    pub(super) scan: String,
    pub(super) study: Study<'c>,
}

/// The names of the cases, in their order: what is wrong, and the scan.
pub(crate) fn names(step: &PetToTherapy) -> Vec<(String, String)> {
    let all = || step.scans.iter().map(|scan| scan.name.clone()).collect::<Vec<_>>();
    let right = all().into_iter().map(|scan| (RIGHT.to_owned(), scan));
    let wrong = step.wrong.iter().flat_map(|wrong| {
        let scans = wrong.scans.clone().unwrap_or_else(all);
        scans.into_iter().map(|scan| (wrong.name.clone(), scan))
    });
    right.chain(wrong).collect()
}

/// Reads the keys of a step.
pub(super) fn asked<'c>(step: &PetToTherapy, context: &'c Context) -> Result<Asked<'c>, StepError> {
    let table = step.from.as_ref().map(|name| context.published(name)).transpose()?;
    let (laws, mut faults) = laws(step, table);
    faults.extend(self::faults(step));
    // What the models lack is asked by keys that can be asked.
    if !faults.is_empty() {
        return Err(PetToTherapyError::Keys { faults }.into());
    }
    let therapy = context.model(&step.therapy.model)?;
    let mut places = Vec::new();
    for region in &step.regions {
        match place(region, therapy)? {
            Some(found) => places.push(found),
            None => faults.push(ScanFault::NoOutput {
                region: region.name.clone(),
                output: region.output.clone(),
            }),
        }
    }
    for scan in &step.scans {
        let units = |model: &LoadedModel, name: &str| {
            let system = model.simulator.system();
            Some(system.parameters()[system.parameter_index(name)?].unit.to_string())
        };
        let model = context.model(&scan.model)?;
        for (law, _) in &laws {
            let both = units(model, &law.name).zip(units(therapy, &law.name));
            if let Some((scan, therapy)) = both.filter(|(a, b)| a != b) {
                faults.push(ScanFault::Units { parameter: law.name.clone(), scan, therapy });
            }
        }
    }
    if !faults.is_empty() {
        return Err(PetToTherapyError::Keys { faults }.into());
    }
    let only: Vec<Law> = laws.iter().map(|(law, _)| law.clone()).collect();
    let cases = names(step)
        .into_iter()
        .map(|(wrong, scan)| {
            let name = if wrong == RIGHT { scan.clone() } else { wrong.clone() };
            let of = |source: StepError| PetToTherapyError::Of { name, source: Box::new(source) };
            let study = study(step, context, &only, (&wrong, &scan)).map_err(of)?;
            Ok(Case { wrong, scan, study })
        })
        .collect::<Result<Vec<_>, StepError>>()?;
    let nuclide = therapy.simulator.system().nuclides().first();
    let nuclide = nuclide.map(|n| n.name.clone()).unwrap_or_default();
    Ok(Asked { laws, cases, places, therapy, source: source_with_daughters(&nuclide)? })
}

/// One scan under one thing that is wrong.
fn study<'c>(
    step: &PetToTherapy,
    context: &'c Context,
    laws: &[Law],
    (wrong, scan): (&str, &str),
) -> Result<Study<'c>, StepError> {
    let outputs: Vec<String> = step.regions.iter().map(|r| r.output.clone()).collect();
    let none = BTreeMap::new();
    let wrong = step.wrong.iter().find(|w| w.name == wrong);
    let believed = (&none, laws);
    let in_truth: Vec<Law> = laws.iter().map(|law| true_law(law, wrong)).collect();
    let injection = |name: &str, dose: &DoseEntry, of: (&BTreeMap<String, String>, &[Law])| {
        let (other, laws) = of;
        let model = context.model(name)?;
        let doses = dose.doses(model.simulator.system()).map_err(ScenarioError::from)?;
        let mut set = step.set.clone();
        set.extend(other.clone());
        Ok::<_, StepError>(Injection::new(model, doses, &set, laws, &outputs)?)
    };
    let truth = |of: fn(&WrongSpec) -> &BTreeMap<String, String>| {
        (wrong.map_or(&none, of), in_truth.as_slice())
    };
    let missing = || ScanFault::NoScan {
        name: "scans".to_owned(),
        scan: scan.to_owned(),
        known: step.scans.iter().map(|s| s.name.clone()).collect(),
    };
    let spec = step.scans.iter().find(|s| s.name == scan);
    let spec = spec.ok_or_else(|| PetToTherapyError::Keys { faults: vec![missing()] })?;
    let therapy = &step.therapy;
    let share = |of: fn(&WrongSpec) -> Option<&Share>| wrong.and_then(of).map_or(1.0, Share::share);
    Ok(Study {
        laws: laws.to_vec(),
        scan: Scan {
            injection: injection(&spec.model, &spec.dose, believed)?,
            truth: injection(&spec.model, &spec.dose, truth(|w| &w.scan))?,
            times_h: spec.times.iter().map(crate::written::Time::h).collect(),
            cv: spec.cv.share(),
            scale: share(|w| w.shows.as_ref()),
        },
        therapy: injection(&therapy.model, &therapy.dose, believed)?,
        truth: injection(&therapy.model, &therapy.dose, truth(|w| &w.therapy))?,
        spread: share(|w| w.spread.as_ref()),
        patients: step.patients as usize,
        others: step.others as usize,
        seed: context.seed,
        stop: Arc::clone(&context.stop),
    })
}

/// A law as it is in truth.
fn true_law(law: &Law, wrong: Option<&WrongSpec>) -> Law {
    let median = wrong.and_then(|w| w.medians.get(&law.name)).unwrap_or(&law.median);
    Law { median: median.clone(), ..law.clone() }
}

/// What patients differ in, as it is stated or as the table has it, and what is wrong with that.
fn laws(step: &PetToTherapy, table: Option<&Table>) -> (Vec<(Law, bool)>, Vec<ScanFault>) {
    let (mut laws, mut faults) = (Vec::new(), Vec::new());
    for spec in &step.differ {
        match law(spec, table) {
            Ok(law) => laws.push(law),
            Err(fault) => faults.push(fault),
        }
    }
    (laws, faults)
}

fn law(spec: &DifferSpec, table: Option<&Table>) -> Result<(Law, bool), ScanFault> {
    let parameter = || spec.parameter.clone();
    let law = |median: String, log_sd: f64| Law {
        name: spec.parameter.clone(),
        median,
        log_sd,
        known: spec.known,
    };
    if let (Some(median), Some(cv)) = (&spec.median, &spec.cv) {
        return Ok((law(median.clone(), log_sd_of_cv(cv.share())), false));
    }
    let Some(table) = table else {
        let key = if spec.median.is_none() { "median" } else { "cv" };
        return Err(ScanFault::NoLaw { parameter: parameter(), key });
    };
    let at = table.index_of(&spec.parameter).ok_or_else(|| ScanFault::NoColumn {
        table: table.name.clone(),
        column: parameter(),
        known: table.columns.iter().map(|c| c.name.clone()).collect(),
    })?;
    let numbers = table.rows.iter().filter_map(|row| row.get(at)).filter_map(Cell::number);
    let logs: Vec<f64> = numbers.map(f64::ln).collect();
    let bad = || ScanFault::Column { table: table.name.clone(), column: parameter() };
    let (mean, sd) = moments(&logs).filter(|(_, sd)| *sd > 0.0).ok_or_else(bad)?;
    let unit = &table.columns[at].unit;
    let median = spec.median.clone().unwrap_or_else(|| format!("{} {unit}", mean.exp()));
    let log_sd = spec.cv.as_ref().map_or(sd, |cv| log_sd_of_cv(cv.share()));
    Ok((law(median.trim().to_owned(), log_sd), true))
}

/// Mean and standard deviation of at least three logarithms.
#[expect(clippy::cast_precision_loss, reason = "rows of a table")]
fn moments(logs: &[f64]) -> Option<(f64, f64)> {
    let n = logs.len() as f64;
    let mean = logs.iter().sum::<f64>() / n;
    let sd = (logs.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    (logs.len() > 2 && mean.is_finite() && sd.is_finite()).then_some((mean, sd))
}

/// Everything that is wrong with the keys by themselves.
fn faults(step: &PetToTherapy) -> Vec<ScanFault> {
    let mut faults = Vec::new();
    for (key, empty) in [
        ("scans", step.scans.is_empty()),
        ("regions", step.regions.is_empty()),
        ("differ", step.differ.is_empty()),
    ] {
        faults.extend(empty.then_some(ScanFault::Empty { key }));
    }
    let scans: Vec<&str> = step.scans.iter().map(|s| s.name.as_str()).collect();
    let wrong: Vec<&str> = step.wrong.iter().map(|w| w.name.as_str()).collect();
    let regions: Vec<&str> = step.regions.iter().map(|r| r.name.as_str()).collect();
    let outputs: Vec<&str> = step.regions.iter().map(|r| r.output.as_str()).collect();
    let differ: Vec<&str> = step.differ.iter().map(|d| d.parameter.as_str()).collect();
    for (key, names) in [
        ("scans", &scans),
        ("wrong", &wrong),
        ("regions", &regions),
        ("output", &outputs),
        ("differ", &differ),
    ] {
        for k in (1..names.len()).filter(|&k| names[..k].contains(&names[k])) {
            faults.push(ScanFault::Twice { key, name: names[k].to_owned() });
        }
    }
    let column = |n: &str| n.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    for name in regions.iter().filter(|name| name.is_empty() || !column(name)) {
        faults.push(ScanFault::Name { name: (*name).to_owned() });
    }
    for name in scans.iter().chain(&wrong).filter(|name| name.contains('/')) {
        faults.push(ScanFault::Slash { name: (*name).to_owned() });
    }
    for name in wrong.iter().filter(|name| **name == RIGHT) {
        faults.push(ScanFault::Twice { key: "wrong", name: (*name).to_owned() });
    }
    for both in step.regions.iter().filter(|r| r.mass.is_some() && r.volume.is_some()) {
        faults.push(ScanFault::MassAndVolume { name: both.name.clone() });
    }
    if !step.differ.is_empty() && step.differ.iter().all(|d| d.known) {
        faults.push(ScanFault::NothingUnknown);
    }
    for (key, found) in [("patients", step.patients), ("others", step.others)] {
        let within = (2..=MOST).contains(&found);
        faults.extend((!within).then_some(ScanFault::Patients { key, found, most: MOST }));
    }
    for scan in &step.scans {
        let times: Vec<f64> = scan.times.iter().map(crate::written::Time::h).collect();
        let ascending = times.windows(2).all(|w| w[0] < w[1]);
        if times.first().is_none_or(|first| *first <= 0.0) || !ascending {
            faults.push(ScanFault::Times { scan: scan.name.clone() });
        }
        faults.extend(share(format!("`cv` of `{}`", scan.name), Some(&scan.cv), (0.0, 1.0)));
    }
    for d in &step.differ {
        faults.extend(share(format!("`cv` of `{}`", d.parameter), d.cv.as_ref(), (0.0, 10.0)));
    }
    for w in &step.wrong {
        faults.extend(wrong_faults(step, w, &scans));
    }
    faults
}

/// What is wrong with something that is to be wrong.
fn wrong_faults(step: &PetToTherapy, wrong: &WrongSpec, scans: &[&str]) -> Vec<ScanFault> {
    let mut faults = Vec::new();
    let name = || wrong.name.clone();
    for parameter in wrong.scan.keys().chain(wrong.therapy.keys()) {
        if step.differ.iter().any(|d| d.parameter == *parameter) {
            faults.push(ScanFault::SetsDiffering { name: name(), parameter: parameter.clone() });
        }
    }
    let estimated = step.differ.iter().filter(|d| !d.known).map(|d| d.parameter.clone());
    let estimated: Vec<String> = estimated.collect();
    for parameter in wrong.medians.keys().filter(|p| !estimated.contains(p)) {
        let (parameter, known) = (parameter.clone(), estimated.clone());
        faults.push(ScanFault::NotEstimated { name: name(), parameter, known });
    }
    let sets = !(wrong.scan.is_empty() && wrong.therapy.is_empty() && wrong.medians.is_empty());
    if !sets && wrong.spread.is_none() && wrong.shows.is_none() {
        faults.push(ScanFault::NothingWrong { name: name() });
    }
    for scan in wrong.scans.iter().flatten().filter(|scan| !scans.contains(&scan.as_str())) {
        let known = scans.iter().map(|s| (*s).to_owned()).collect();
        faults.push(ScanFault::NoScan { name: name(), scan: scan.clone(), known });
    }
    for (key, found) in [("spread", &wrong.spread), ("shows", &wrong.shows)] {
        faults.extend(share(format!("`{key}` of `{}`", wrong.name), found.as_ref(), (0.0, 10.0)));
    }
    faults
}

/// A share that must be above one end and at most the other.
fn share(what: String, found: Option<&Share>, (above, most): (f64, f64)) -> Option<ScanFault> {
    let found = found?.share();
    let expected =
        if most > 1.0 { "above 0 %, at most 1000 %" } else { "above 0 %, at most 100 %" };
    let outside = !(found > above && found <= most);
    outside.then_some(ScanFault::Share { what, found, expected })
}
