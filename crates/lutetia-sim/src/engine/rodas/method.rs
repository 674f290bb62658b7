//! The Rosenbrock method of order four with an embedded one of order three: RODAS of Hairer and Wanner, *Solving
//! Ordinary Differential Equations II*, 2nd ed., IV.10 and the program `rodas.f` (METH = 1), stiffly accurate, with
//! continuous output of order three.
//!
//! With W = I/(hγ) − J, the stages are W·kₛ = f(t + αₛh, yₛ) + Σⱼ cₛⱼ/h·kⱼ + h·dₛ·∂f/∂t, where yₛ = x + Σⱼ aₛⱼ·kⱼ; the
//! step is y = y₆ + k₆, and k₆ its error.

/// Stages.
pub(super) const STAGES: usize = 6;

/// γ.
pub(super) const GAMMA: f64 = 0.25;

/// aₛⱼ of stages 2 to 5; the sixth goes on from the fifth: y₆ = y₅ + k₅.
pub(super) const A: [&[f64]; 4] = [
    &[1.544],
    &[0.946_678_528_081_582_6, 0.255_701_169_898_328_4],
    &[3.314_825_187_068_521, 2.896_124_015_972_201, 0.998_641_913_997_781_7],
    &[1.221_224_509_226_641, 6.019_134_481_288_629, 12.537_083_329_320_87, -0.687_886_036_105_895],
];

/// cₛⱼ of stages 2 to 6.
pub(super) const C: [&[f64]; 5] = [
    &[-5.6688],
    &[-2.430_093_356_833_875, -0.206_359_915_709_191_5],
    &[-0.107_352_905_815_137_5, -9.594_562_251_023_355, -20.470_286_148_096_16],
    &[7.496_443_313_967_647, -10.246_804_314_643_52, -33.999_903_528_199_05, 11.708_908_932_061_6],
    &[
        8.083_246_795_921_522,
        -7.981_132_988_064_893,
        -31.521_594_328_743_71,
        16.319_305_431_231_36,
        -6.058_818_238_834_054,
    ],
];

/// αₛ: where in the step a stage is.
pub(super) const ALPHA: [f64; STAGES] = [0.0, 0.386, 0.21, 0.63, 1.0, 1.0];

/// dₛ: how much of ∂f/∂t a stage takes.
pub(super) const D: [f64; STAGES] = [0.25, -0.1043, 0.1035, -0.036_200_000_000_000_023, 0.0, 0.0];

/// What the continuous output takes of the first five stages: y(s) = x(1 − s) + s·(y + (1 − s)(q + s·r)).
pub(super) const Q: [f64; 5] = [
    10.126_235_083_445_86,
    -7.487_995_877_610_167,
    -34.800_918_615_557_47,
    -7.992_771_707_568_823,
    1.025_137_723_295_662,
];

/// As [`Q`].
pub(super) const R: [f64; 5] = [
    -0.676_280_339_280_125_3,
    6.087_714_651_680_015,
    16.430_843_208_924_78,
    24.767_225_114_183_86,
    -6.594_389_125_716_872,
];

/// A step is tried so much smaller than its error allows, and changes at most so much.
pub(super) const SAFETY: f64 = 0.9;
/// The least part of a step that the next one is.
pub(super) const LEAST_CHANGE: f64 = 0.2;
/// The most times a step that the next one is.
pub(super) const MOST_CHANGE: f64 = 6.0;

/// By what the size of the step is multiplied for the next one, after an error in tolerances, squared.
pub(super) fn change(squared: f64) -> f64 {
    // The fourth root of the error: with square roots alone, which are exact on every machine.
    let factor = SAFETY / squared.sqrt().sqrt().sqrt();
    // An error that is not a number is too large.
    if factor.is_nan() { LEAST_CHANGE } else { factor.clamp(LEAST_CHANGE, MOST_CHANGE) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One step of dy/dt = λ·y from 1 with h = 1, and the middle of its continuous output.
    fn step(lambda: f64) -> (f64, f64) {
        let w = 1.0 / GAMMA - lambda;
        let mut k: Vec<f64> = Vec::new();
        let mut y = 1.0;
        for s in 0..STAGES {
            y = match s {
                0 => 1.0,
                5 => y + k[4],
                _ => 1.0 + A[s - 1].iter().zip(&k).map(|(a, k)| a * k).sum::<f64>(),
            };
            let before: f64 =
                if s == 0 { 0.0 } else { C[s - 1].iter().zip(&k).map(|(c, k)| c * k).sum() };
            k.push((lambda * y + before) / w);
        }
        let end = y + k[5];
        let of = |weights: &[f64; 5]| -> f64 { weights.iter().zip(&k).map(|(w, k)| w * k).sum() };
        let (s, q, r) = (0.5, of(&Q), of(&R));
        (end, (1.0 - s) + s * (end + (1.0 - s) * (q + s * r)))
    }

    /// The error of one step of the exponential falls as h⁵, of its middle as h⁴: the coefficients are those of a method
    /// of order four with output of order three.
    #[test]
    fn exact_order_of_the_method_and_of_its_output() {
        let errors = |h: f64| {
            let (end, middle) = step(-h);
            ((end - (-h).exp()).abs(), (middle - (-0.5 * h).exp()).abs())
        };
        // At larger steps the error of the middle passes through zero.
        let (coarse, fine) = (errors(0.05), errors(0.025));
        let (order, output) = ((coarse.0 / fine.0).log2(), (coarse.1 / fine.1).log2());
        assert!((order - 5.0).abs() < 0.3, "{order}");
        assert!(output > 3.5, "{output}");
    }

    /// Stiffly accurate: what decays at once is gone after a step.
    #[test]
    fn exact_what_decays_at_once_is_gone() {
        assert!(step(-1e9).0.abs() < 1e-6);
    }

    #[test]
    fn exact_steps_change_within_bounds() {
        assert!((change(1.0) - SAFETY).abs() < 1e-15);
        assert!((change(0.0) - MOST_CHANGE).abs() < 1e-15);
        assert!((change(f64::NAN) - LEAST_CHANGE).abs() < 1e-15);
        assert!((change(f64::INFINITY) - LEAST_CHANGE).abs() < 1e-15);
    }
}
