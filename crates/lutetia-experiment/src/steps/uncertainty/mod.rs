//! Uncertainty of absorbed doses by their inputs, from calibration to mass.

pub mod tables;

use lutetia_dose::{Chain, Outline, Recovery};
use lutetia_patient::{
    TextError,
    budget::budgets,
    text::{in_unit, relative},
};
use lutetia_units::Dimension;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Context, StepError, StepKind, Use};

/// Uncertainty of absorbed doses by their inputs.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UncertaintyStep {
    /// Name of the tables.
    pub id: String,
    /// Step of doses.
    pub from: String,
    /// What is known of the measurement.
    #[serde(default)]
    pub measurement: ChainSpec,
}

/// What is known of the measurement beyond its scatter, as written.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChainSpec {
    /// Relative standard deviation of the calibration, such as `3 %`.
    #[schemars(extend("format" = "quantity:%"))]
    pub calibration: Option<String>,
    /// Relative standard deviation of a volume, such as `5 %`; that of the dose step if left out.
    #[schemars(extend("format" = "quantity:%"))]
    pub volume_sd: Option<String>,
    /// Edge of a voxel of the image that volumes were outlined on, such as `4.8 mm`; with
    /// `resolution`, in place of `volume_sd`.
    #[schemars(extend("format" = "quantity:mm"))]
    pub voxel: Option<String>,
    /// Resolution of that image, full width at half maximum, such as `12 mm`.
    #[schemars(extend("format" = "quantity:mm"))]
    pub resolution: Option<String>,
    /// Recovery curve that the activities were divided by.
    pub recovery: Option<RecoverySpec>,
    /// Relative standard deviation of the dose factor at a known mass, such as `2 %`.
    #[schemars(extend("format" = "quantity:%"))]
    pub factor: Option<String>,
}

/// A recovery curve `R(v) = 1 − 1/(1 + (v/half_volume)^exponent)`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecoverySpec {
    /// Volume of half recovery, such as `4 mL`.
    #[schemars(extend("format" = "quantity:mL"))]
    pub half_volume: String,
    /// Exponent.
    pub exponent: f64,
    /// Standard deviation of the volume of half recovery, such as `0.4 mL` or `10 %`.
    #[schemars(extend("format" = "quantity:mL|%"))]
    pub half_volume_sd: String,
    /// Standard deviation of the exponent.
    pub exponent_sd: f64,
    /// Correlation of both.
    #[serde(default)]
    pub correlation: f64,
}

impl StepKind for UncertaintyStep {
    fn id(&self) -> &str {
        &self.id
    }

    fn uses(&self) -> Vec<Use<'_>> {
        vec![Use::Step(&self.from)]
    }

    fn rehearse(&self, _context: &mut Context) -> Result<(), StepError> {
        self.measurement.chain()?;
        Ok(())
    }

    fn run(&self, context: &mut Context) -> Result<(), StepError> {
        run(self, context)
    }
}

impl RecoverySpec {
    /// The curve.
    ///
    /// # Errors
    /// [`TextError`], which says which part cannot be.
    pub fn curve(&self) -> Result<Recovery, TextError> {
        let half = in_unit("half_volume", &self.half_volume, "mL", Dimension::VOLUME)?;
        let text = &self.half_volume_sd;
        let sd = match relative(text) {
            Ok(share) => share * half,
            Err(_) => in_unit("half_volume_sd", text, "mL", Dimension::VOLUME)?,
        };
        Ok(Recovery::new(half, self.exponent, sd, self.exponent_sd, self.correlation)?)
    }
}

impl ChainSpec {
    /// Whether nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self { calibration, volume_sd, voxel, resolution, recovery, factor } = self;
        calibration.is_none()
            && volume_sd.is_none()
            && voxel.is_none()
            && resolution.is_none()
            && recovery.is_none()
            && factor.is_none()
    }

    /// The chain.
    ///
    /// # Errors
    /// [`TextError`], which says which part cannot be read, or that parts contradict each other.
    pub fn chain(&self) -> Result<Chain, TextError> {
        let share = |what: &str, text: &Option<String>| -> Result<f64, TextError> {
            let read = text.as_deref().map(relative).transpose();
            Ok(read.map_err(|e| e.of(what))?.unwrap_or(0.0))
        };
        let outline = match (&self.volume_sd, &self.voxel, &self.resolution) {
            (None, None, None) => Outline::AsMass,
            (Some(sd), None, None) => {
                Outline::Relative(relative(sd).map_err(|e| e.of("volume_sd"))?)
            }
            (None, Some(voxel), Some(fwhm)) => Outline::Image {
                voxel_mm: in_unit("voxel", voxel, "mm", Dimension::LENGTH)?,
                fwhm_mm: in_unit("resolution", fwhm, "mm", Dimension::LENGTH)?,
            },
            (Some(_), _, _) => return Err(TextError::TwoOutlines),
            (None, _, _) => return Err(TextError::HalfAnOutline),
        };
        Ok(Chain {
            calibration: share("calibration", &self.calibration)?,
            outline,
            recovery: self.recovery.as_ref().map(RecoverySpec::curve).transpose()?,
            factor: share("factor", &self.factor)?,
        })
    }
}

fn run(step: &UncertaintyStep, context: &mut Context) -> Result<(), StepError> {
    let chain = step.measurement.chain()?;
    let (tias, doses) = context.artefacts.doses(&step.from)?;
    let (results, parts) = tables::found(&step.id, &budgets(tias, doses, &chain));
    context.add(results);
    context.add(parts);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_what_is_said_of_the_measurement_is_read() {
        let read = |text: &str| toml::from_str::<ChainSpec>(text).expect("TOML").chain();
        let chain = read(
            "calibration = '3 %'\nvoxel = '0.48 cm'\nresolution = '12 mm'\nfactor = '2 %'\n\
             recovery = { half_volume = '4 mL', exponent = 1.1, half_volume_sd = '10 %', exponent_sd = 0.08 }",
        )
        .expect("a chain");
        let Outline::Image { voxel_mm, fwhm_mm } = chain.outline else { panic!("{chain:?}") };
        assert!((voxel_mm - 4.8).abs() < 1e-12 && (fwhm_mm - 12.0).abs() < 1e-12);
        assert!((chain.calibration - 0.03).abs() < 1e-15 && (chain.factor - 0.02).abs() < 1e-15);
        let same = Recovery::new(4.0, 1.1, 0.4, 0.08, 0.0).expect("a curve");
        let found = chain.recovery.expect("a curve");
        assert!((found.relative_sd(9.0) - same.relative_sd(9.0)).abs() < 1e-15);
        assert_eq!(read("").expect("a chain").outline, Outline::AsMass);
        for (bad, why) in [
            ("calibration = '3 MBq'", "calibration: `3 MBq`"),
            ("voxel = '4.8 mm'", "belong together"),
            ("voxel = '4.8 mm'\nresolution = '12 mm'\nvolume_sd = '5 %'", "not both"),
            ("voxel = '4.8 mL'\nresolution = '12 mm'", "voxel: `4.8 mL`"),
            (
                "recovery = { half_volume = '4 mL', exponent = 1.1, half_volume_sd = '4 g', exponent_sd = 0.08 }",
                "half_volume_sd: `4 g`",
            ),
        ] {
            let message = read(bad).expect_err(bad).to_string();
            assert!(message.contains(why), "{bad}: {message}");
        }
    }
}
