//! What was measured and given in a cycle, as a model takes it.

use lutetia_data::Study;
use lutetia_fit::ErrorModel;
use lutetia_model::ResidualError;
use lutetia_scenario::{LoadedModel, ScenarioError, Treatment, Unsaid};

use super::ModelFit;
use crate::{NoIntegral, PatientError};

/// A cycle of a patient.
#[derive(Clone, Copy)]
pub(super) struct CycleOf<'a> {
    pub(super) study: &'a Study,
    pub(super) subject: &'a str,
    pub(super) cycle: u16,
}

/// A measured region, or a sum of regions, with the observable that predicts it.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// As it was asked for: `kidney_left + kidney_right`.
    pub region: String,
    /// The observable.
    pub observable: String,
    /// Nuclide measured.
    pub nuclide: String,
    /// Activity injected in the cycle, MBq.
    pub injected_mbq: f64,
    /// Time (h), activity (MBq) and standard deviation (MBq) of each measurement.
    pub points: Vec<(f64, f64, f64)>,
}

/// Measured activities of a region or of a sum of regions measured at the same times.
pub(super) fn series(
    of: CycleOf<'_>,
    region: &str,
    observable: &str,
    model: &LoadedModel,
    typed: Option<ErrorModel>,
) -> Result<Series, PatientError> {
    let CycleOf { study, subject, cycle } = of;
    let system = model.simulator.system();
    let output = model.simulator.output(observable)?;
    let declared = system.outputs()[output].error;
    let mut found: Option<Series> = None;
    for part in region.split('+').map(str::trim) {
        let curve = study.curve(subject, cycle, part).ok_or_else(|| PatientError::NotMeasured {
            region: part.to_owned(),
            subject: subject.to_owned(),
            cycle,
            measured: study.regions(subject, cycle).into_iter().map(str::to_owned).collect(),
        })?;
        if let Some(p) = curve.points.iter().find(|p| p.below_detection) {
            let why = NoIntegral::BelowDetection { region: part.to_owned(), time_h: p.time_h };
            return Err(why.into());
        }
        match &mut found {
            None => {
                found = Some(Series {
                    region: region.to_owned(),
                    observable: observable.to_owned(),
                    nuclide: curve.nuclide.clone(),
                    injected_mbq: curve.injected_mbq,
                    points: curve.points.iter().map(|p| (p.time_h, p.activity_mbq, 0.0)).collect(),
                });
            }
            Some(sum) => {
                let same = sum.points.len() == curve.points.len()
                    && sum
                        .points
                        .iter()
                        .zip(&curve.points)
                        .all(|(a, b)| (a.0 - b.time_h).abs() < 1e-6);
                if !same {
                    return Err(PatientError::OtherTimes { regions: region.to_owned() });
                }
                for (a, b) in sum.points.iter_mut().zip(&curve.points) {
                    a.1 += b.activity_mbq;
                }
            }
        }
    }
    let mut series = found.ok_or_else(|| PatientError::NoRegion { text: region.to_owned() })?;
    for point in &mut series.points {
        // The error is taken relative to the measured value, so that it does not move with the fit.
        let variance = match (typed, declared) {
            (Some(ErrorModel::Proportional { cv }), _) => (cv.value() * point.1).powi(2),
            (Some(ErrorModel::Additive { sd }), _) => sd.value().powi(2),
            (Some(ErrorModel::Combined { sd, cv }), _) => {
                sd.value().powi(2) + (cv.value() * point.1).powi(2)
            }
            (_, Some(ResidualError::Proportional { b } | ResidualError::LogNormal { b })) => {
                (b * point.1).powi(2)
            }
            (_, Some(ResidualError::Additive { a })) => a * a,
            (_, Some(ResidualError::Combined { a, b })) => a * a + (b * point.1).powi(2),
            _ => {
                return Err(PatientError::NoResidualError { observable: observable.to_owned() });
            }
        };
        point.2 = variance.sqrt();
    }
    Ok(series)
}

/// The doses of a cycle, from the start of its first one.
pub(super) fn treatment(
    of: CycleOf<'_>,
    asked: &ModelFit,
    model: &LoadedModel,
) -> Result<Treatment, PatientError> {
    let CycleOf { study, subject, cycle } = of;
    let mut rows = study.doses_of(subject);
    rows.retain(|row| row.cycle == cycle);
    let (amount, over) = (asked.amount.as_deref(), asked.over.as_deref());
    let unsaid = Unsaid { into: &asked.into, amount, over };
    Treatment::of_rows(&rows, unsaid, model).map_err(|e| ScenarioError::from(e).into())
}
