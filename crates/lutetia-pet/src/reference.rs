//! The simplified reference tissue model.

use lutetia_fit::{DMatrix, Derived, PredictError, Predictor};

use crate::{
    curve::Curve,
    error::PetError,
    frames::{Frames, TissueCurve, means},
    model::ModelFile,
};

/// The simplified reference tissue model over the frames of a scan; its values are means over frames.
///
/// ```text
/// C_T = R₁ C_R + (k₂ − R₁k₂/(1 + BP_ND)) C_R ⊗ e^{−k₂t/(1 + BP_ND)}
/// ```
///
/// R₁ and BP_ND without unit, k₂ in 1/min. C_R is the reference region, as the curve whose means are the measured ones.
/// Lammertsma and Hume 1996, NeuroImage 4:153.
#[derive(Debug, Clone)]
pub struct ReferencePredictor {
    names: Vec<String>,
    reference: Curve,
    means: Vec<f64>,
    frames: Frames,
    used: Vec<usize>,
}

impl ReferencePredictor {
    /// The model with this reference region, over the frames of a region that have a weight. Parameters: `R1`, `k2`,
    /// `BP_ND`.
    ///
    /// # Errors
    /// Where the frames of both differ.
    pub fn new(region: &TissueCurve, reference: &TissueCurve) -> Result<Self, PetError> {
        if region.frames() != reference.frames() {
            return Err(PetError::OtherFrames);
        }
        let curve = reference.continuous()?;
        let frames = region.frames().clone();
        Ok(Self {
            names: ["R1", "k2", "BP_ND"].map(str::to_owned).to_vec(),
            means: means(&curve, &frames, 0.0),
            reference: curve,
            used: (0..frames.len()).filter(|&k| region.weights()[k] > 0.0).collect(),
            frames,
        })
    }

    /// Frames that are predicted.
    pub(crate) fn used(&self) -> &[usize] {
        &self.used
    }
}

impl Predictor for ReferencePredictor {
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
        let [ratio, k2, bp] = [theta[0], theta[1], theta[2]];
        let apparent = k2 / (1.0 + bp);
        let amplitude = k2 - ratio * apparent;
        let edges = self.reference.responses(apparent, self.frames.edges(0.0));
        for (row, &k) in self.used.iter().enumerate() {
            let duration = self.frames.list()[k].duration();
            let (start, end) = (edges[2 * k], edges[2 * k + 1]);
            let value = (end.integral - start.integral) / duration;
            let by_rate = (end.integral_by_rate - start.integral_by_rate) / duration;
            values[row] = ratio * self.means[k] + amplitude * value;
            if let Some(jacobian) = jacobian.as_deref_mut() {
                // Through the apparent rate k₂/(1 + BP): its own derivative and that of the amplitude.
                let through = amplitude * by_rate - ratio * value;
                jacobian[(row, 0)] = self.means[k] - apparent * value;
                jacobian[(row, 1)] = value + through / (1.0 + bp);
                jacobian[(row, 2)] = -through * apparent / (1.0 + bp);
            }
        }
        Ok(())
    }

    fn precision(&self) -> f64 {
        1e-12
    }

    /// The efflux of the reference region, as the model file says.
    fn derived(&self, theta: &[f64]) -> Result<Vec<Derived>, PredictError> {
        Ok(ModelFile::Srtm.derived(&self.names, theta))
    }
}
