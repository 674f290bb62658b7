//! Compartment models with an input measured in blood, in closed form.

use lutetia_fit::{DMatrix, Derived, PredictError, Predictor};

use crate::{
    compartments::{Compartments, Exponential},
    curve::{Curve, Response},
    frames::{Frames, TissueCurve},
    input::Input,
    model::ModelFile,
};

/// A compartment model over the frames of a scan; its values are means over frames.
#[derive(Debug, Clone)]
pub struct TissuePredictor<'a> {
    model: Compartments,
    names: Vec<String>,
    input: &'a Input,
    frames: Frames,
    /// Indices of the frames that are predicted.
    used: Vec<usize>,
}

impl<'a> TissuePredictor<'a> {
    /// The model with this input, over all frames. Parameters: the rate constants, `vB`, `delay`.
    pub fn new(model: Compartments, input: &'a Input, frames: &Frames) -> Self {
        let used = (0..frames.len()).collect();
        Self { model, names: model.parameters(), input, frames: frames.clone(), used }
    }

    /// The same over the frames of a curve that have a weight.
    pub(crate) fn weighted(model: Compartments, input: &'a Input, tissue: &TissueCurve) -> Self {
        let used = (0..tissue.frames().len()).filter(|&k| tissue.weights()[k] > 0.0).collect();
        Self { used, ..Self::new(model, input, tissue.frames()) }
    }

    /// Frames that are predicted.
    pub(crate) fn used(&self) -> &[usize] {
        &self.used
    }
}

/// Mean over a frame of a response, and of its derivative by the rate and by the delay.
fn mean(edges: &[Response], duration: f64) -> (f64, f64, f64) {
    let [start, end] = [edges[0], edges[1]];
    (
        (end.integral - start.integral) / duration,
        (end.integral_by_rate - start.integral_by_rate) / duration,
        (start.value - end.value) / duration,
    )
}

/// Means over frames of a curve itself, and of their derivative by its delay.
fn blood_means(curve: &Curve, frames: &Frames, delay: f64) -> Vec<(f64, f64)> {
    let areas = curve.responses(0.0, frames.edges(delay));
    let rows = areas.chunks_exact(2).zip(frames.list());
    rows.map(|(pair, frame)| {
        let (from, to) = (curve.at(frame.start - delay), curve.at(frame.end - delay));
        ((pair[1].value - pair[0].value) / frame.duration(), (from - to) / frame.duration())
    })
    .collect()
}

impl Predictor for TissuePredictor<'_> {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn n_values(&self) -> usize {
        self.used.len()
    }

    fn predict(
        &self,
        theta: &[f64],
        values: &mut [f64],
        mut jacobian: Option<&mut DMatrix<f64>>,
    ) -> Result<(), PredictError> {
        let rates = self.model.rates();
        let (fraction, delay) = (theta[rates], theta[rates + 1]);
        let exponentials: Vec<(Exponential, Vec<Response>)> = self
            .model
            .exponentials(theta)
            .into_iter()
            .map(|e| (e, self.input.parent().responses(e.rate, self.frames.edges(delay))))
            .collect();
        let blood = blood_means(self.input.blood(), &self.frames, delay);
        for (row, &k) in self.used.iter().enumerate() {
            let duration = self.frames.list()[k].duration();
            let (mut tissue, mut by_delay, mut by) = (0.0, 0.0, [0.0; 4]);
            for (exponential, responses) in &exponentials {
                let (value, by_rate, late) = mean(&responses[2 * k..2 * k + 2], duration);
                tissue += exponential.amplitude * value;
                by_delay += exponential.amplitude * late;
                for (j, sum) in by.iter_mut().enumerate() {
                    *sum += exponential.amplitude_by[j] * value
                        + exponential.amplitude * by_rate * exponential.rate_by[j];
                }
            }
            values[row] = (1.0 - fraction) * tissue + fraction * blood[k].0;
            if let Some(jacobian) = jacobian.as_deref_mut() {
                for j in 0..rates {
                    jacobian[(row, j)] = (1.0 - fraction) * by[j];
                }
                jacobian[(row, rates)] = blood[k].0 - tissue;
                jacobian[(row, rates + 1)] = (1.0 - fraction) * by_delay + fraction * blood[k].1;
            }
        }
        Ok(())
    }

    /// Closed forms of some hundred pieces.
    fn precision(&self) -> f64 {
        1e-12
    }

    /// V_T, V_ND, BP_ND, BP_P or K_i, as the model file says.
    fn derived(&self, theta: &[f64]) -> Result<Vec<Derived>, PredictError> {
        Ok(ModelFile::Tissue(self.model).derived(&self.names, theta))
    }
}
