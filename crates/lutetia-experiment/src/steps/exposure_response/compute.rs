//! A logistic curve through the patients of a trial, and whether they refute it.

use lutetia_outcome::{
    OutcomeError,
    exposure_response::Logistic,
    lack_of_fit::{ExposureGroup, LackOfFit},
};
use lutetia_trial::{Record, Share, TrialSpec};
use lutetia_units::Quantity;

use super::ExposureResponseStep;
use crate::steps::{StepError, TrialStepError, trial::TrialUse};

/// Points of the curve.
const POINTS: u32 = 101;

/// Groups of patients in which the curve is tested.
const GROUPS: usize = 10;

/// A response against exposure.
pub(super) struct ExposureResponse {
    /// Symbol of the unit of exposure.
    pub(super) unit: String,
    /// Exposure and response of each patient.
    pub(super) patients: Vec<(f64, bool)>,
    pub(super) fit: Logistic,
    pub(super) tested: Tested,
    /// Over the exposures of the patients.
    pub(super) curve: Vec<CurvePoint>,
    pub(super) odds: OddsRatio,
}

/// The test of a curve, or why there is none.
pub(super) type Tested = Result<(LackOfFit, Vec<ExposureGroup>), OutcomeError>;

/// Probability at an exposure.
pub(super) struct CurvePoint {
    pub(super) exposure: f64,
    pub(super) probability: f64,
    /// Its 95 % interval; none of a curve that its patients refute.
    pub(super) interval: Option<(f64, f64)>,
}

/// By how much a rise of exposure multiplies the odds.
pub(super) struct OddsRatio {
    /// The rise.
    pub(super) per: f64,
    pub(super) ratio: f64,
    pub(super) low: f64,
    pub(super) high: f64,
    /// By what the logarithms of the ends were widened, √(χ²/df) of a refuted curve, else 1.
    pub(super) widened: f64,
}

/// The keys of a step in the terms of its trial.
pub(super) struct Asked<'b> {
    /// Of the exposure among the outputs that are kept.
    place: usize,
    info: &'b lutetia_model::system::OutputInfo,
    /// Rise of exposure that the odds ratio is of, in the unit of the output.
    per: f64,
    /// Arms.
    chosen: Vec<usize>,
    share: Share,
}

impl ExposureResponseStep {
    /// What is exposure, what is response, and whose.
    pub(super) fn asked<'b>(&self, base: &'b TrialUse) -> Result<Asked<'b>, StepError> {
        let place = base.kept(&self.exposure)?;
        let system = base.cohort.model.simulator.system();
        let info = system
            .output_index(&self.exposure)
            .map(|k| &system.outputs()[k])
            .ok_or_else(|| TrialStepError::NoOutput { name: self.exposure.clone() })?;
        let per = match &self.per {
            None => 1.0,
            Some(text) => Quantity::parse(text)
                .and_then(|q| q.to(&info.unit))
                .map_err(TrialStepError::quantity("`per`"))?,
        };
        let chosen = self.chosen(&base.spec)?;
        let spec = &base.spec;
        let share = Share::named(&self.response, spec).ok_or_else(|| {
            let known = Share::of_trial(spec).iter().map(|share| share.name(spec)).collect();
            TrialStepError::NoShare { name: self.response.clone(), known }
        })?;
        Ok(Asked { place, info, per, chosen, share })
    }

    /// Fits the curve.
    pub(super) fn compute(
        &self,
        base: &TrialUse,
        records: &[Record],
    ) -> Result<ExposureResponse, StepError> {
        let Asked { place, info, per, chosen, share } = self.asked(base)?;
        let (mut exposure, mut response) = (Vec::new(), Vec::new());
        for record in records.iter().filter(|r| chosen.contains(&r.arm)) {
            // Who was never assessed has no response, neither yes nor no.
            if let (Some(x), Some(yes)) = (record.kept.get(place), share.of(record)) {
                exposure.push(x * info.factor);
                response.push(yes);
            }
        }
        let fit = Logistic::fit(&exposure, &response)?;
        let tested = fit.lack_of_fit(&exposure, &response, GROUPS);
        let refuted = tested.as_ref().ok().map(|t| t.0).filter(LackOfFit::refuted);
        Ok(ExposureResponse {
            unit: info.unit.symbol().to_owned(),
            curve: curve(&fit, &exposure, refuted.is_some())?,
            odds: odds_ratio(&fit, per, refuted)?,
            patients: exposure.into_iter().zip(response).collect(),
            fit,
            tested,
        })
    }

    /// Indices of the arms that are pooled.
    fn chosen(&self, spec: &TrialSpec) -> Result<Vec<usize>, TrialStepError> {
        if self.arms.is_empty() {
            return Ok((0..spec.arms.len()).collect());
        }
        let place = |wanted: &String| {
            spec.arms.iter().position(|a| a.name == *wanted).ok_or_else(|| {
                let known = spec.arms.iter().map(|a| a.name.clone()).collect();
                TrialStepError::NoArm { name: wanted.clone(), known }
            })
        };
        self.arms.iter().map(place).collect()
    }
}

fn curve(fit: &Logistic, exposure: &[f64], refuted: bool) -> Result<Vec<CurvePoint>, StepError> {
    let (low, high) = exposure
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(*x), b.max(*x)));
    let point = |k: u32| {
        let exposure = low + (high - low) * f64::from(k) / f64::from(POINTS - 1);
        let (probability, a, b) = fit.at(exposure, 0.95)?;
        Ok(CurvePoint { exposure, probability, interval: (!refuted).then_some((a, b)) })
    };
    (0..POINTS).map(point).collect()
}

fn odds_ratio(
    fit: &Logistic,
    per: f64,
    refuted: Option<LackOfFit>,
) -> Result<OddsRatio, StepError> {
    let (ratio, low, high) = fit.odds_ratio(per, 0.95)?;
    // The scatter about a refuted curve is wider than the curve says.
    let widened = refuted.map_or(1.0, |t| t.widening());
    let [low, high] = [low, high].map(|end: f64| ratio * (end / ratio).powf(widened));
    Ok(OddsRatio { per, ratio, low, high, widened })
}
