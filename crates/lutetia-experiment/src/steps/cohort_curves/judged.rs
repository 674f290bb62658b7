//! Methods against the truth, over the patients of a cohort.

use std::collections::BTreeMap;

use lutetia_data::Curve;
use lutetia_fit::{Percentiles, percentiles};
use lutetia_patient::curves::functions;
use lutetia_units::{Quantity, Unit};
use rayon::prelude::*;

use super::{
    CohortCurves, CohortMethod,
    estimate::{Knowledge, estimate, knowledge},
    patients::VirtualCurve,
    setting::Setting,
};
use crate::steps::{StepError, TrialStepError};

/// A region of the virtual patients, and what every method makes of it.
pub(super) struct JudgedRegion<'a> {
    pub(super) region: &'a str,
    /// Patients that are judged.
    pub(super) patients: usize,
    /// Their true integrals, MBq h.
    pub(super) tia: Option<Percentiles>,
    pub(super) known: Knowledge,
    /// Absorbed dose per integral, mGy per MBq h; none where it is not asked for.
    pub(super) dose_factor: Option<f64>,
    /// Injected activity of a patient.
    pub(super) injected_gbq: f64,
    pub(super) methods: Vec<JudgedMethod<'a>>,
}

impl JudgedRegion<'_> {
    /// Absorbed dose per injected activity (mGy/GBq) of an integral.
    pub(super) fn dose(&self, tia: f64) -> Option<f64> {
        self.dose_factor.map(|factor| tia * factor / self.injected_gbq)
    }
}

/// A method on one region.
pub(super) struct JudgedMethod<'a> {
    pub(super) way: &'a CohortMethod,
    /// The measurement it takes, h; none where it takes several.
    pub(super) at: Option<f64>,
    /// Of the patients whose integral it determines, over the true one.
    pub(super) ratios: Vec<f64>,
    pub(super) ratio: Option<Percentiles>,
    /// Its integrals, MBq h.
    pub(super) tia: Option<Percentiles>,
}

impl JudgedMethod<'_> {
    /// Share of the determined ratios for which something holds, %; none where none is determined.
    pub(super) fn share(&self, holds: impl Fn(f64) -> bool) -> Option<f64> {
        let n = self.ratios.len() as f64;
        (n > 0.0).then(|| 100.0 * self.ratios.iter().filter(|r| holds(**r)).count() as f64 / n)
    }

    /// Mean distance of the ratios from 1, %.
    pub(super) fn deviation(&self) -> Option<f64> {
        let n = self.ratios.len() as f64;
        (n > 0.0).then(|| 100.0 * self.ratios.iter().map(|r| (r - 1.0).abs()).sum::<f64>() / n)
    }
}

/// Judges every method on every region.
///
/// # Errors
/// Functions, error models and doses that are none, training patients of whom nothing is known.
pub(super) fn judged<'a>(
    setting: &Setting<'a>,
    curves: &'a BTreeMap<String, Vec<VirtualCurve>>,
) -> Result<Vec<JudgedRegion<'a>>, StepError> {
    let step = setting.step;
    curves
        .iter()
        .map(|(region, all)| {
            let (judged, training) = all.split_at(step.size);
            let known = knowledge(setting, training)?;
            let dose_factor = dose_factor(step, region)?;
            let mut methods = Vec::new();
            for way in &step.methods {
                named(way)?;
                for at in times(way) {
                    methods.push(on_all(setting, way, at, judged, &known));
                }
            }
            let tias: Vec<f64> = judged.iter().map(|v| v.tia).collect();
            Ok(JudgedRegion {
                region,
                patients: judged.len(),
                tia: percentiles(&tias),
                known,
                dose_factor,
                injected_gbq: judged[0].curve.injected_mbq / 1000.0,
                methods,
            })
        })
        .collect()
}

/// What can be known of the methods and doses of a step before it.
pub(super) fn asked(setting: &Setting<'_>) -> Result<(), StepError> {
    let step = setting.step;
    setting.model.parameters(&step.set)?;
    setting.model.simulator.check_regimen(&setting.treatment.regimen())?;
    for region in step.regions.keys() {
        dose_factor(step, region)?;
    }
    for way in &step.methods {
        named(way)?;
    }
    Ok(())
}

/// Whether the functions of a way that has functions are known.
fn named(way: &CohortMethod) -> Result<(), StepError> {
    if way.method.is_none() && !way.model {
        functions(&way.functions)?;
    }
    Ok(())
}

/// The measurements that a method of one takes, one after the other; else all at once.
fn times(way: &CohortMethod) -> Vec<Option<f64>> {
    let single = way.method.is_some() || way.model;
    if single && !way.at.is_empty() {
        way.at.iter().map(|at| Some(at.h())).collect()
    } else {
        vec![None]
    }
}

/// The name of a method on a region, with the region where there are several.
pub(super) fn label(region: &JudgedRegion<'_>, method: &JudgedMethod<'_>, several: bool) -> String {
    let when = method.at.map_or_else(String::new, |at| format!(", {at} h"));
    let of = if several { format!("{}: ", region.region) } else { String::new() };
    format!("{of}{}{when}", method.way.name)
}

fn on_all<'a>(
    setting: &Setting<'_>,
    way: &'a CohortMethod,
    at: Option<f64>,
    judged: &[VirtualCurve],
    known: &Knowledge,
) -> JudgedMethod<'a> {
    // A patient for whom it has no answer is one that it does not determine.
    let found: Vec<Option<f64>> =
        judged.par_iter().map(|v| estimate(setting, way, at, v, known).ok()).collect();
    let ratios: Vec<f64> =
        found.iter().zip(judged).filter_map(|(f, v)| f.map(|f| f / v.tia)).collect();
    let tias: Vec<f64> = found.iter().flatten().copied().collect();
    JudgedMethod { way, at, ratio: percentiles(&ratios), tia: percentiles(&tias), ratios }
}

/// Absorbed dose per integral of a region, mGy per MBq h; none where no dose is asked for.
fn dose_factor(step: &CohortCurves, region: &str) -> Result<Option<f64>, StepError> {
    let Some(text) = step.dose.get(region) else { return Ok(None) };
    let unit = Unit::parse("mGy/MBq/h")?;
    let factor = Quantity::parse(text)
        .and_then(|q| q.to(&unit))
        .map_err(TrialStepError::quantity(format!("dose of `{region}`")))?;
    Ok(Some(factor))
}

/// The measured curves of the patients that are judged, by region.
pub(super) fn measured_curves(
    step: &CohortCurves,
    curves: &BTreeMap<String, Vec<VirtualCurve>>,
) -> BTreeMap<String, Vec<Curve>> {
    let own =
        |all: &Vec<VirtualCurve>| all.iter().take(step.size).map(|v| v.curve.clone()).collect();
    curves.iter().map(|(region, all)| (region.clone(), own(all))).collect()
}
