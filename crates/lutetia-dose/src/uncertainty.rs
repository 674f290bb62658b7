//! Uncertainty of an absorbed dose, from the scanner to the organ.
//!
//! The chain of the EANM guidance (Gear 2018, Eur J Nucl Med Mol Imaging 45:2456): activity
//! `A = C/(Q R)` from a count rate C, a calibration factor Q and a recovery coefficient R; time-integrated
//! activity Ã by a fit; dose `D = Ã S`. C, R and S all depend on the volume v outlined, so that Ã
//! and S are correlated through it:
//!
//! ```text
//! [u(D)/D]² = [u(Ã)/Ã]² + [u(S)/S]² + 2 u(Ã,S)/(Ã S)
//! ```
//!
//! Here the same is written by inputs that are independent of each other, each with its sensitivity
//! `e = ∂ln D/∂ln x`, so that `[u(D)/D]² = Σ (e_x u(x)/x)²` and every input has a share of the
//! variance. Q, R and v shift all time points of a region alike and are not in the fit; the scatter of
//! single points is in the fit and nowhere else.
//!
//! The formulas were recalled from the paper and derived again; that of the edge of an outline is
//! checked against numerical integration of a blurred sphere, the whole chain against sampling.

use std::f64::consts::{LN_2, PI};

use serde::Serialize;

use crate::dose::AbsorbedDose;
use crate::error::{DoseError, above_zero, not_negative};
use crate::tia::Tia;

/// Standard deviation of the diameter of an outline, mm, from the size of a voxel and the
/// resolution (full width at half maximum), both mm:
///
/// ```text
/// u²(d) = a²/6 + FWHM²/(4 ln 2)
/// ```
///
/// Each of two opposite edges lies within a voxel (a²/12) and within the blur of the image
/// (FWHM²/(8 ln 2)).
///
/// # Errors
/// [`DoseError::OutOfRange`] when the voxel is not above 0 mm or the resolution negative.
pub fn outline_diameter_sd_mm(voxel_mm: f64, fwhm_mm: f64) -> Result<f64, DoseError> {
    above_zero("voxel", "the image", voxel_mm, "mm")?;
    not_negative("resolution", "the image", fwhm_mm, "mm")?;
    Ok((voxel_mm * voxel_mm / 6.0 + fwhm_mm * fwhm_mm / (4.0 * LN_2)).sqrt())
}

/// Relative standard deviation of a volume in mL outlined on such an image, `u(v)/v = 3 u(d)/d`,
/// with the diameter d of a sphere of that volume.
///
/// # Errors
/// As [`outline_diameter_sd_mm`], or when the volume is not above 0 mL.
pub fn outline_volume_sd(volume_ml: f64, voxel_mm: f64, fwhm_mm: f64) -> Result<f64, DoseError> {
    Ok(3.0 * outline_diameter_sd_mm(voxel_mm, fwhm_mm)? / (2.0 * radius_mm(volume_ml)?))
}

/// Radius of a sphere, mm, of a volume in mL.
fn radius_mm(volume_ml: f64) -> Result<f64, DoseError> {
    above_zero("volume", "the region", volume_ml, "mL")?;
    Ok((3.0 * volume_ml * 1e3 / (4.0 * PI)).cbrt())
}

/// Twice the brightness at the edge of a uniform sphere seen with a Gaussian blur, over its true
/// brightness; 1 for a large sphere:
///
/// ```text
/// φ = erf(2r/(σ√2)) − 2σ/(r√(2π)) (1 − e^{−2r²/σ²}),   σ = FWHM/(2√(2 ln 2))
/// ```
///
/// An outline that is larger by dv holds more counts by φ/2 of the true concentration times dv, so
/// that `∂ln C/∂ln v = φ/(2R)`.
///
/// # Errors
/// [`DoseError::OutOfRange`] when the volume is not above 0 mL or the resolution negative.
pub fn edge_brightness(volume_ml: f64, fwhm_mm: f64) -> Result<f64, DoseError> {
    not_negative("resolution", "the image", fwhm_mm, "mm")?;
    let r = radius_mm(volume_ml)?;
    let sigma = fwhm_mm / (2.0 * (2.0 * LN_2).sqrt());
    if sigma <= 0.0 {
        return Ok(1.0);
    }
    let x = r / sigma;
    Ok(erf(2.0 * x / 2.0_f64.sqrt()) - 2.0 / (x * (2.0 * PI).sqrt()) * (1.0 - (-2.0 * x * x).exp()))
}

/// Error function: its series where that converges quickly, else the continued fraction of erfc;
/// both to rounding.
fn erf(x: f64) -> f64 {
    if x < 2.0 {
        let (mut term, mut sum, mut n) = (x, x, 0.0);
        while term.abs() > 1e-17 * sum.abs() {
            n += 1.0;
            term *= -x * x / n;
            sum += term / (2.0 * n + 1.0);
        }
        return 2.0 / PI.sqrt() * sum;
    }
    // erfc(x) = e^{−x²}/√π · 1/(x + ½/(x + 1/(x + 3⁄2/(x + …)))), from far inside outwards.
    let fraction = (1..=60).rev().fold(x, |inner, k| x + 0.5 * f64::from(k) / inner);
    1.0 - (-x * x).exp() / (PI.sqrt() * fraction)
}

/// A recovery coefficient as a function of volume, `R(v) = 1 − 1/(1 + (v/β)^α)`, fitted to
/// phantom spheres.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Recovery {
    half_volume_ml: f64,
    exponent: f64,
    half_volume_sd: f64,
    exponent_sd: f64,
    correlation: f64,
}

impl Recovery {
    /// The curve that is ½ at `half_volume_ml` (β) and rises with `exponent` (α); standard
    /// deviations of both from their fit, in mL and 1, and their correlation (−1 to 1).
    ///
    /// # Errors
    /// [`DoseError::OutOfRange`] when β or α is not above 0, a standard deviation negative, or the
    /// correlation outside −1 to 1.
    pub fn new(
        half_volume_ml: f64,
        exponent: f64,
        half_volume_sd: f64,
        exponent_sd: f64,
        correlation: f64,
    ) -> Result<Self, DoseError> {
        let of = "the recovery curve";
        above_zero("volume of half recovery", of, half_volume_ml, "mL")?;
        above_zero("exponent", of, exponent, "(a number)")?;
        not_negative("SD of the volume of half recovery", of, half_volume_sd, "mL")?;
        not_negative("SD of the exponent", of, exponent_sd, "(a number)")?;
        if !(-1.0..=1.0).contains(&correlation) {
            return Err(DoseError::OutOfRange {
                quantity: "correlation of its parameters",
                of: of.to_owned(),
                value: correlation,
                unit: "(a number)",
                expected: "a number from −1 to 1",
            });
        }
        Ok(Self { half_volume_ml, exponent, half_volume_sd, exponent_sd, correlation })
    }

    /// R at a volume in mL, 0 to 1.
    #[must_use]
    pub fn at(&self, volume_ml: f64) -> f64 {
        1.0 - self.lost(volume_ml)
    }

    /// 1 − R, without cancellation.
    fn lost(&self, volume_ml: f64) -> f64 {
        1.0 / (1.0 + (volume_ml / self.half_volume_ml).powf(self.exponent))
    }

    /// `∂ln R/∂ln v = α (1 − R)`.
    #[must_use]
    pub fn slope(&self, volume_ml: f64) -> f64 {
        self.exponent * self.lost(volume_ml)
    }

    /// Relative standard deviation of R at a volume from the errors of α and β alone.
    #[must_use]
    pub fn relative_sd(&self, volume_ml: f64) -> f64 {
        let lost = self.lost(volume_ml);
        let by_half = -self.exponent * lost * self.half_volume_sd / self.half_volume_ml;
        let by_exponent = (volume_ml / self.half_volume_ml).ln() * lost * self.exponent_sd;
        let variance = by_half * by_half
            + by_exponent * by_exponent
            + 2.0 * self.correlation * by_half * by_exponent;
        // A perfect anticorrelation may leave a negative rounding error.
        variance.max(0.0).sqrt()
    }
}

/// How well the volume of a region is known.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub enum Outline {
    /// Not more than the mass of the dose says.
    AsMass,
    /// A relative standard deviation.
    Relative(f64),
    /// Voxel and resolution of the image it was drawn on, mm; see [`outline_volume_sd`]. The counts
    /// then depend on the outline, too; see [`edge_brightness`].
    Image {
        /// Edge of a voxel, mm.
        voxel_mm: f64,
        /// Full width at half maximum, mm.
        fwhm_mm: f64,
    },
}

/// What is known of the measurement beyond its scatter.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Chain {
    /// Relative standard deviation of the calibration factor Q.
    pub calibration: f64,
    /// The volume.
    pub outline: Outline,
    /// The recovery curve that the activities were divided by; `None` where none was.
    pub recovery: Option<Recovery>,
    /// Relative standard deviation of the dose factor S at a known mass.
    pub factor: f64,
}

/// An input of a dose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Input {
    /// Scatter of single measurements, through the fit.
    Fit,
    /// Calibration factor.
    Calibration,
    /// Parameters of the recovery curve.
    Recovery,
    /// Volume, through counts, recovery and mass at once.
    Volume,
    /// Dose factor at a known mass.
    Factor,
}

impl Input {
    /// All of them, in the order of the chain.
    pub const ALL: [Self; 5] =
        [Self::Fit, Self::Calibration, Self::Recovery, Self::Volume, Self::Factor];

    /// Its name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Fit => "fit",
            Self::Calibration => "calibration",
            Self::Recovery => "recovery curve",
            Self::Volume => "volume",
            Self::Factor => "dose factor",
        }
    }
}

/// What one input adds to the uncertainty of a dose.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Contribution {
    /// The input.
    pub input: Input,
    /// Its relative standard deviation; `None` where it is not determined.
    pub relative_sd: Option<f64>,
    /// `∂ln D/∂ln x`.
    pub sensitivity: f64,
    /// Its share of the variance of the dose, 0 to 1; `None` where the variance is not determined.
    pub share: Option<f64>,
}

impl Contribution {
    /// Relative standard deviation of the dose from this input alone.
    #[must_use]
    pub fn of_dose(&self) -> Option<f64> {
        self.relative_sd.map(|sd| (self.sensitivity * sd).abs())
    }
}

/// The uncertainty of a dose by its inputs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Budget {
    /// Region as given.
    pub region: String,
    /// Absorbed dose, Gy.
    pub dose_gy: f64,
    /// One per input, in the order of [`Input::ALL`].
    pub contributions: [Contribution; 5],
    /// u(D)/D; `None` where that of the fit is not determined.
    pub relative_sd: Option<f64>,
    /// u(Ã)/Ã; `None` where that of the fit is not determined.
    pub activity_relative_sd: Option<f64>,
    /// u(S)/S.
    pub factor_relative_sd: f64,
    /// u(Ã,S)/(Ã S), the correlation through the volume.
    pub relative_covariance: f64,
}

impl Budget {
    /// Standard deviation of the dose, Gy.
    #[must_use]
    pub fn sd_gy(&self) -> Option<f64> {
        self.relative_sd.map(|sd| sd * self.dose_gy)
    }

    /// The input with the largest share; `None` where the variance is zero or not determined.
    #[must_use]
    pub fn dominant(&self) -> Option<Input> {
        let largest = self
            .contributions
            .iter()
            .max_by(|a, b| a.share.unwrap_or(0.0).total_cmp(&b.share.unwrap_or(0.0)))?;
        largest.share.filter(|share| *share > 0.0).map(|_| largest.input)
    }

    /// Relative standard deviation of the dose from the inputs that all cycles of a patient share
    /// (calibration, recovery curve, volume, dose factor), that is, from all but the fit.
    #[must_use]
    pub fn shared_relative_sd(&self) -> f64 {
        self.contributions[1..]
            .iter()
            .filter_map(Contribution::of_dose)
            .fold(0.0, |sum: f64, sd| sum.hypot(sd))
    }
}

/// The budget of one absorbed dose: D = Ã·S with a mass of `volume_ml` times a density.
///
/// Sensitivities: calibration −1, recovery curve −1, dose factor 1, fit 1, and for the volume
///
/// ```text
/// e_v = φ/(2R) − α(1 − R) − (D_α + D_e + ⅔ D_p)/D
/// ```
///
/// the first term where the resolution is known, the second where the activities were divided by a
/// recovery curve. The first without the second takes R = 1. Density is taken as exact.
///
/// # Errors
/// [`DoseError::OutOfRange`] when a relative standard deviation is negative or not finite, a length
/// or the volume not above 0, the dose or the integral 0, or the curve of no recovery at that volume.
pub fn budget(
    dose: &AbsorbedDose,
    tia: &Tia,
    volume_ml: f64,
    chain: &Chain,
) -> Result<Budget, DoseError> {
    let region = dose.region.as_str();
    above_zero("absorbed dose", region, dose.total, "Gy")?;
    above_zero("time-integrated activity", region, tia.value_mbq_h(), "MBq h")?;
    above_zero("volume", region, volume_ml, "mL")?;
    not_negative("relative SD of the calibration", region, chain.calibration, "(of 1)")?;
    not_negative("relative SD of the dose factor", region, chain.factor, "(of 1)")?;
    let recovered = match &chain.recovery {
        Some(curve) => above_zero("recovery", region, curve.at(volume_ml), "(of 1)")?,
        None => 1.0,
    };
    let (volume_sd, counts) = match chain.outline {
        Outline::AsMass => (dose.mass.sd_g.unwrap_or(0.0) / dose.mass.g, 0.0),
        Outline::Relative(sd) => {
            (not_negative("relative SD of the volume", region, sd, "(of 1)")?, 0.0)
        }
        Outline::Image { voxel_mm, fwhm_mm } => (
            outline_volume_sd(volume_ml, voxel_mm, fwhm_mm)?,
            edge_brightness(volume_ml, fwhm_mm)? / (2.0 * recovered),
        ),
    };
    let recovery = chain
        .recovery
        .map_or((0.0, 0.0), |curve| (curve.relative_sd(volume_ml), curve.slope(volume_ml)));
    let of_activity = counts - recovery.1;
    let of_mass = -(dose.alpha + dose.electron + 2.0 / 3.0 * dose.photon) / dose.total;

    let fit = tia.sd_mbq_h().map(|sd| sd / tia.value_mbq_h());
    let inputs = [
        (Input::Fit, fit, 1.0),
        (Input::Calibration, Some(chain.calibration), -1.0),
        (Input::Recovery, Some(recovery.0), -1.0),
        (Input::Volume, Some(volume_sd), of_activity + of_mass),
        (Input::Factor, Some(chain.factor), 1.0),
    ];
    let square = |(_, sd, e): &(Input, Option<f64>, f64)| sd.map(|sd| (sd * e) * (sd * e));
    let variance: Option<f64> = inputs.iter().map(square).sum();
    let contributions = inputs.map(|input| Contribution {
        input: input.0,
        relative_sd: input.1,
        sensitivity: input.2,
        share: square(&input).zip(variance.filter(|v| *v > 0.0)).map(|(part, all)| part / all),
    });
    let root_sum = |parts: [f64; 4]| parts.iter().fold(0.0, |sum: f64, part| sum.hypot(*part));
    Ok(Budget {
        region: region.to_owned(),
        dose_gy: dose.total,
        contributions,
        relative_sd: variance.map(f64::sqrt),
        activity_relative_sd: fit
            .map(|fit| root_sum([fit, chain.calibration, recovery.0, of_activity * volume_sd])),
        factor_relative_sd: (of_mass * volume_sd).hypot(chain.factor),
        relative_covariance: of_activity * of_mass * volume_sd * volume_sd,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_error_function() {
        // Abramowitz and Stegun, table 7.1.
        for (x, expected) in [
            (0.0, 0.0),
            (0.5, 0.520_499_877_8),
            (1.0, 0.842_700_792_9),
            (1.999_999, 0.995_322_244_3),
            (2.0, 0.995_322_265_0),
            (2.5, 0.999_593_048_0),
        ] {
            assert!((erf(x) - expected).abs() < 2e-10, "{x}: {}", erf(x));
        }
        assert!((erf(12.0) - 1.0).abs() < 1e-15);
    }

    #[test]
    fn exact_recovery_curve() {
        let curve = Recovery::new(5.0, 1.2, 0.5, 0.1, -0.4).expect("a curve");
        assert!((curve.at(5.0) - 0.5).abs() < 1e-15);
        // Slope and standard deviation against differences of the curve itself.
        let v = 20.0;
        let ln = |beta: f64, alpha: f64, v: f64| {
            Recovery::new(beta, alpha, 0.0, 0.0, 0.0).expect("a curve").at(v).ln()
        };
        let h = 1e-5;
        let slope = (ln(5.0, 1.2, v * (1.0 + h)) - ln(5.0, 1.2, v * (1.0 - h))) / (2.0 * h);
        // Central differences of step 1e-5 are good to 1e-9.
        assert!((curve.slope(v) - slope).abs() < 1e-8);
        let by_beta = (ln(5.0 + h, 1.2, v) - ln(5.0 - h, 1.2, v)) / (2.0 * h) * 0.5;
        let by_alpha = (ln(5.0, 1.2 + h, v) - ln(5.0, 1.2 - h, v)) / (2.0 * h) * 0.1;
        let sd = (by_beta * by_beta + by_alpha * by_alpha - 0.8 * by_beta * by_alpha).sqrt();
        assert!((curve.relative_sd(v) - sd).abs() < 1e-8);
        assert!(Recovery::new(5.0, 1.2, 0.0, 0.0, 1.1).is_err());
        assert!(Recovery::new(0.0, 1.2, 0.0, 0.0, 0.0).is_err());
    }
}
