//! Weighted least squares of a kinetic model, over the means of frames.

use lutetia_fit::{
    ErrorModel, Fit, FitOptions, FitParameter, Observation, Predictor, Problem, fit,
};
use lutetia_units::significant;

use crate::{
    compartments::Compartments, error::PetError, frames::TissueCurve, input::Input,
    reference::ReferencePredictor, tissue::TissuePredictor,
};

/// Least and largest rate constant, 1/min (K₁: mL/cm³/min). The least is a half-life of 480 days, the largest one of
/// 4 s: nothing beyond can be told apart in a scan.
const RATES: (f64, f64) = (1e-6, 10.0);

/// A parameter that may be known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Known {
    /// Held at this value.
    Fixed(f64),
    /// Estimated between these ends.
    Between(f64, f64),
}

/// What a fit of a compartment model takes beside the data.
#[derive(Debug, Clone)]
pub struct TissueSetting {
    /// Fraction of the region that is blood, v_B.
    pub blood_fraction: Known,
    /// How much later the blood of the samples reaches the region, min; negative where the samples are the later ones.
    pub delay: Known,
    /// Search and gates.
    pub options: FitOptions,
}

impl Default for TissueSetting {
    /// Both estimated: v_B from 0 to 0.3, the delay from −0.5 min to 0.5 min.
    fn default() -> Self {
        Self {
            blood_fraction: Known::Between(0.0, 0.3),
            delay: Known::Between(-0.5, 0.5),
            options: FitOptions::default(),
        }
    }
}

/// A fitted kinetic model: the parameters with errors, and V_T, V_ND, BP_ND, BP_P or K_i among the derived quantities.
#[derive(Debug, Clone)]
pub struct KineticFit {
    /// The fit of the weighted means over frames.
    pub fit: Fit,
    /// Frames of the scan that count, in the order of the residuals.
    pub frames: Vec<usize>,
}

/// Fits a compartment model to one region by weighted least squares.
///
/// The sum of squares is `Σ w_i (C_i − mean of C over frame i)²`; its scale is estimated, so that weights are needed up
/// to a factor only. Rate constants lie between 1e-6 and 10 per min; what comes to rest there, or has a relative
/// standard error above 50 %, is not determined.
///
/// # Errors
/// Where the input does not cover the scan, a fraction is out of range, or the fit cannot be made.
pub fn fit_tissue(
    model: Compartments,
    input: &Input,
    tissue: &TissueCurve,
    setting: &TissueSetting,
) -> Result<KineticFit, PetError> {
    let delay = match setting.delay {
        Known::Fixed(delay) => delay,
        Known::Between(..) => 0.0,
    };
    input.covers(tissue.frames(), delay)?;
    for (what, known) in [("delay", setting.delay), ("blood fraction", setting.blood_fraction)] {
        let (low, high) = ends(known);
        if !(low.is_finite() && high.is_finite() && low <= high) {
            return Err(PetError::Ends { what, low, high });
        }
    }
    check_fraction(ends(setting.blood_fraction))?;
    let predictor = TissuePredictor::weighted(model, input, tissue);
    let mut parameters: Vec<FitParameter> = predictor.names()[..model.rates()]
        .iter()
        .map(|name| FitParameter::log(name.clone(), 0.1).bounded(RATES.0, RATES.1))
        .collect();
    parameters.push(parameter("vB", setting.blood_fraction, 0.05));
    parameters.push(parameter("delay", setting.delay, 0.0));
    let observations = observations(tissue, predictor.used());
    let mut problem =
        Problem::new(&predictor, observations, ErrorModel::Weighted, parameters.clone());
    problem.options = setting.options.clone();
    // The sum of squares of two compartments has several minima, and the delay is among what tells them apart.
    let (least, most) = ends(setting.delay);
    for binding in [0.1, 0.03] {
        for delay in [0.0_f64.clamp(least, most), 0.5 * least, 0.5 * most] {
            let mut start: Vec<f64> = parameters.iter().map(|p| p.start).collect();
            start[2.min(model.rates())..model.rates()].fill(binding);
            if !parameters[model.rates() + 1].fixed {
                start[model.rates() + 1] = delay.clamp(least, most);
            }
            problem.options.extra_starts.push(start);
        }
    }
    Ok(KineticFit { frames: predictor.used().to_vec(), fit: fit(&problem)? })
}

/// Fits the simplified reference tissue model to one region by weighted least squares.
///
/// # Errors
/// Where region and reference have different frames or gaps between them, or the fit cannot be made.
pub fn fit_reference(
    region: &TissueCurve,
    reference: &TissueCurve,
    options: FitOptions,
) -> Result<KineticFit, PetError> {
    let predictor = ReferencePredictor::new(region, reference)?;
    let parameters = vec![
        FitParameter::log("R1", 1.0).bounded(1e-3, 1e2),
        FitParameter::log("k2", 0.1).bounded(RATES.0, RATES.1),
        // A region may hold less than the reference, down to nothing.
        FitParameter::new("BP_ND", 1.0, lutetia_fit::Transform::Identity).bounded(-0.99, 1e2),
    ];
    let observations = observations(region, predictor.used());
    let mut problem = Problem::new(&predictor, observations, ErrorModel::Weighted, parameters);
    problem.options = options;
    Ok(KineticFit { frames: predictor.used().to_vec(), fit: fit(&problem)? })
}

/// Lowest and highest value of a parameter.
fn ends(known: Known) -> (f64, f64) {
    match known {
        Known::Fixed(value) => (value, value),
        Known::Between(low, high) => (low, high),
    }
}

fn check_fraction((low, high): (f64, f64)) -> Result<(), PetError> {
    match [low, high].into_iter().find(|v| !(0.0..1.0).contains(v)) {
        Some(value) => {
            Err(PetError::Fraction { what: "blood fraction", value, lowest: 0.0, highest: 1.0 })
        }
        None => Ok(()),
    }
}

/// A parameter on its natural scale.
fn parameter(name: &str, known: Known, start: f64) -> FitParameter {
    let identity = |start: f64| FitParameter::new(name, start, lutetia_fit::Transform::Identity);
    match known {
        Known::Fixed(value) => identity(value).fix(),
        Known::Between(low, high) => identity(start.clamp(low, high)).bounded(low, high),
    }
}

/// The frames that count, each with the standard deviation that its weight stands for, up to a factor.
fn observations(tissue: &TissueCurve, used: &[usize]) -> Vec<Observation> {
    let one = |&k: &usize| {
        let label = format!("{} min", significant(tissue.frames().list()[k].middle(), 4));
        Observation::with_sd(label, tissue.values()[k], tissue.weights()[k].powf(-0.5))
    };
    used.iter().map(one).collect()
}
