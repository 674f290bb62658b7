//! Compartment models with an input measured in blood, in closed form.

use lutetia_fit::{DMatrix, Derived, PredictError, Predictor};

use crate::{
    curve::{Curve, Response},
    frames::{Frames, TissueCurve},
    input::Input,
    model::ModelFile,
};

/// Which compartment model.
///
/// ```text
/// C(t) = (1 − v_B) C_T(t) + v_B C_B(t − δ),   C_T = h ⊗ C_P(t − δ)
/// one tissue           h = K₁ e^{−k₂t}
/// two tissues          h = φ₁ e^{−θ₁t} + φ₂ e^{−θ₂t},  Δ = √((k₂+k₃+k₄)² − 4k₂k₄),  θ₁,₂ = (k₂+k₃+k₄ ± Δ)/2,
///                      φ₁ = K₁(θ₁−k₃−k₄)/Δ,  φ₂ = K₁(k₃+k₄−θ₂)/Δ
/// irreversible         the same with k₄ = 0
/// ```
///
/// K₁ in mL/cm³/min, k₂ k₃ k₄ in 1/min, the delay δ in min, the fraction of blood v_B without unit.
/// Gunn, Gunn and Cunningham 2001, J Cereb Blood Flow Metab 21:635.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compartments {
    /// One tissue compartment: K₁, k₂.
    OneTissue,
    /// Two tissue compartments: K₁, k₂, k₃, k₄.
    TwoTissue,
    /// Two tissue compartments, of which the second keeps what it takes up: K₁, k₂, k₃.
    TwoTissueIrreversible,
}

impl Compartments {
    /// Every model.
    pub const ALL: [Self; 3] = [Self::OneTissue, Self::TwoTissue, Self::TwoTissueIrreversible];

    /// Name in commands and tables: `1tcm`, `2tcm`, `2tcm-irreversible`.
    pub fn name(self) -> &'static str {
        match self {
            Self::OneTissue => "1tcm",
            Self::TwoTissue => "2tcm",
            Self::TwoTissueIrreversible => "2tcm-irreversible",
        }
    }

    /// How many rate constants it has, K₁ included.
    pub(crate) fn rates(self) -> usize {
        match self {
            Self::OneTissue => 2,
            Self::TwoTissueIrreversible => 3,
            Self::TwoTissue => 4,
        }
    }

    /// Names of its parameters.
    pub(crate) fn parameters(self) -> Vec<String> {
        let rates = ["K1", "k2", "k3", "k4"].into_iter().take(self.rates());
        rates.chain(["vB", "delay"]).map(str::to_owned).collect()
    }

    /// Amplitudes and rates of the impulse response, with their derivatives by K₁, k₂, k₃, k₄.
    fn exponentials(self, theta: &[f64]) -> Vec<Exponential> {
        let (k1, k2) = (theta[0], theta[1]);
        if self == Self::OneTissue {
            return vec![Exponential {
                amplitude: k1,
                rate: k2,
                amplitude_by: [1.0, 0.0, 0.0, 0.0],
                rate_by: [0.0, 1.0, 0.0, 0.0],
            }];
        }
        let k3 = theta[2];
        let k4 = if self == Self::TwoTissue { theta[3] } else { 0.0 };
        let sum = k2 + k3 + k4;
        // (k₂ − k₄)² + k₃² + 2k₃(k₂ + k₄) cannot cancel; the smaller rate is taken from the product of both.
        let root = ((k2 - k4).powi(2) + k3 * k3 + 2.0 * k3 * (k2 + k4)).sqrt();
        let fast = 0.5 * (sum + root);
        let slow = if fast > 0.0 { k2 * k4 / fast } else { 0.0 };
        // K₁, k₂, k₃, k₄.
        let sum_by = [0.0, 1.0, 1.0, 1.0];
        let product_by = [0.0, k4, 0.0, k2];
        let stay_by = [0.0, 0.0, 1.0, 1.0];
        let (first, second) = ((fast - k3 - k4) / root, (k3 + k4 - slow) / root);
        let mut pair = [
            Exponential { amplitude: k1 * first, rate: fast, ..Exponential::default() },
            Exponential { amplitude: k1 * second, rate: slow, ..Exponential::default() },
        ];
        for j in 0..4 {
            let root_by = (sum * sum_by[j] - 2.0 * product_by[j]) / root;
            let (fast_by, slow_by) = (0.5 * (sum_by[j] + root_by), 0.5 * (sum_by[j] - root_by));
            (pair[0].rate_by[j], pair[1].rate_by[j]) = (fast_by, slow_by);
            pair[0].amplitude_by[j] = k1 * (fast_by - stay_by[j] - first * root_by) / root;
            pair[1].amplitude_by[j] = k1 * (stay_by[j] - slow_by - second * root_by) / root;
        }
        (pair[0].amplitude_by[0], pair[1].amplitude_by[0]) = (first, second);
        pair.to_vec()
    }
}

/// One exponential of an impulse response.
#[derive(Debug, Clone, Copy, Default)]
struct Exponential {
    amplitude: f64,
    rate: f64,
    amplitude_by: [f64; 4],
    rate_by: [f64; 4],
}

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
