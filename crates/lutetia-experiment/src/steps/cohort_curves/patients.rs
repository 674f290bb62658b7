//! Virtual patients, measured at clinical times with scatter.

use std::collections::BTreeMap;

use lutetia_data::{Curve, CurvePoint};
use lutetia_fit::ErrorModel;
use lutetia_sim::{Options, Request};
use lutetia_trial::{CohortSpec, Patient, Population};
use lutetia_units::{Dimension, Unit};
use rayon::prelude::*;

use super::{CurvesFault, setting::Setting};
use crate::steps::StepError;

/// A curve of a virtual patient with what is true of it.
#[derive(Debug, Clone)]
pub(super) struct VirtualCurve {
    pub(super) curve: Curve,
    /// The activities without scatter.
    pub(super) clean: Vec<f64>,
    /// The integral to infinity, MBq h.
    pub(super) tia: f64,
}

/// The curves of every region, of the patients judged first, then of those for training; `drawn` are typical values in
/// the place of those of the model (internal).
pub(super) fn virtual_curves(
    setting: &Setting<'_>,
    drawn: &[(String, f64)],
) -> Result<BTreeMap<String, Vec<VirtualCurve>>, StepError> {
    let Setting { step, model, .. } = setting;
    let system = model.simulator.system();
    let mut typical = step
        .set
        .iter()
        .map(|(name, text)| {
            let index = model.simulator.parameter(name)?;
            let value = system.parameters()[index].setting(text)?;
            Ok((name.clone(), value))
        })
        .collect::<Result<Vec<_>, StepError>>()?;
    typical.extend(drawn.iter().cloned());
    let spec = CohortSpec { seed: setting.seed, typical, ..CohortSpec::default() };
    let population = Population::new(&model.model, system, &spec)?;
    let cohort = population.cohort(0, step.size + step.training)?;
    let unit = |text: &str| Unit::parse(text).map_err(StepError::from);
    let (mbq, mbq_h) = (unit("MBq")?, unit("MBq h")?);
    let outputs = step
        .regions
        .iter()
        .map(|(region, output)| {
            let at = model.simulator.output(output)?;
            if system.outputs()[at].unit.dimension() != Dimension::ACTIVITY {
                let (output, region) = (output.clone(), region.clone());
                let unit = system.outputs()[at].unit.clone();
                return Err(CurvesFault::NoActivity { output, region, unit }.into());
            }
            Ok((region.clone(), at))
        })
        .collect::<Result<Vec<_>, StepError>>()?;
    let times: Vec<f64> = step.times.iter().map(|t| t.h() * setting.hour).collect();
    let options = Options {
        integrals: outputs.iter().map(|o| o.1).collect(),
        to_infinity: true,
        ..Options::default()
    };
    let injected_mbq = model.model.units.from_internal(
        model.internal("activity", step.activity.text(), Dimension::ACTIVITY)?,
        &mbq,
    );
    let nuclide = system.nuclides()[0].name.clone();
    let regimen = setting.treatment.regimen();
    let each: Vec<Vec<VirtualCurve>> = cohort
        .patients
        .par_iter()
        .map(|patient| {
            let parameters = patient.parameters(0).to_vec();
            let found = model
                .simulator
                .run(&Request::new(&parameters, &regimen, &times).options(&options))
                .map_err(|e| StepError::Patient {
                    number: patient.number,
                    source: Box::new(e.into()),
                })?;
            outputs
                .iter()
                .enumerate()
                .map(|(k, (region, at))| {
                    let clean: Vec<f64> = found
                        .outputs
                        .column(*at)
                        .map(|y| model.model.units.from_internal(y, &mbq))
                        .collect();
                    let whole = found
                        .integrals_to_infinity
                        .get(k)
                        .ok_or_else(|| CurvesFault::NoIntegral { region: region.clone() })?
                        .value;
                    let curve = Curve {
                        subject: format!("virtual {}", patient.number),
                        cycle: 1,
                        region: region.clone(),
                        nuclide: nuclide.clone(),
                        injected_at_h: 0.0,
                        injected_mbq,
                        administrations: Vec::new(),
                        points: measured(setting, patient, region, &clean),
                    };
                    Ok(VirtualCurve {
                        curve,
                        clean,
                        tia: model.model.units.from_internal(whole, &mbq_h),
                    })
                })
                .collect::<Result<Vec<_>, StepError>>()
        })
        .collect::<Result<Vec<_>, StepError>>()?;
    let mut by_region: BTreeMap<String, Vec<VirtualCurve>> = BTreeMap::new();
    for curve in each.into_iter().flatten() {
        by_region.entry(curve.curve.region.clone()).or_default().push(curve);
    }
    Ok(by_region)
}

/// Clean activities with scatter.
fn measured(
    setting: &Setting<'_>,
    patient: &Patient,
    region: &str,
    clean: &[f64],
) -> Vec<CurvePoint> {
    let purpose = format!("measurement of {region}");
    setting
        .step
        .times
        .iter()
        .zip(clean)
        .enumerate()
        .map(|(i, (t, a))| {
            let sd = match setting.error {
                ErrorModel::Additive { sd } => sd.value(),
                ErrorModel::Proportional { cv } => cv.value() * a,
                ErrorModel::Combined { sd, cv } => sd.value().hypot(cv.value() * a),
                ErrorModel::Known | ErrorModel::Weighted => 0.0,
            };
            let z = patient.draws.normal(&purpose, i as u64);
            CurvePoint {
                time_h: t.h(),
                // A camera shows no less than nothing.
                activity_mbq: (a + sd * z).max(0.01 * a),
                sd_mbq: None,
                volume_ml: None,
                mass_g: None,
                below_detection: false,
                line: 0,
            }
        })
        .collect()
}
