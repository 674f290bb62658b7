//! Which compartment models there are, and the impulse response of each.

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
    pub(crate) fn exponentials(self, theta: &[f64]) -> Vec<Exponential> {
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
pub(crate) struct Exponential {
    pub(crate) amplitude: f64,
    pub(crate) rate: f64,
    pub(crate) amplitude_by: [f64; 4],
    pub(crate) rate_by: [f64; 4],
}
