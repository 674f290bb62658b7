//! What is known of the measurement beyond its scatter: what `dose` and `plan` share.

use clap::Args;
use lutetia_dose::Chain;
use lutetia_experiment::steps::uncertainty::{ChainSpec, RecoverySpec};

use crate::failure::{Failure, Outcome};

/// Standard deviations of the inputs of a dose; each left out is taken as exact.
#[derive(Debug, Args)]
#[command(next_help_heading = "Uncertainty")]
pub(crate) struct Measurement {
    /// Relative standard deviation of the measured volumes, such as `5 %`.
    #[arg(long, value_name = "SD")]
    volume_sd: Option<String>,

    /// Voxel of the image that volumes were outlined on, such as `4.8 mm`; with `--resolution` in place
    /// of `--volume-sd`, after the EANM guidance.
    #[arg(long, value_name = "LENGTH")]
    voxel: Option<String>,

    /// Resolution of that image, full width at half maximum, such as `12 mm`.
    #[arg(long, value_name = "LENGTH")]
    resolution: Option<String>,

    /// Relative standard deviation of the calibration, such as `3 %`.
    #[arg(long, value_name = "SD")]
    calibration_sd: Option<String>,

    /// Recovery curve `1 - 1/(1 + (v/b)^a)` that the activities were divided by: b, its standard
    /// deviation, a, its standard deviation, and perhaps their correlation: `4 mL,0.4 mL,1.1,0.08`.
    #[arg(long, value_name = "B,SD,A,SD")]
    recovery: Option<String>,

    /// Relative standard deviation of the dose factors at a known mass, such as `2 %`.
    #[arg(long, value_name = "SD")]
    factor_sd: Option<String>,
}

impl Measurement {
    /// Standard deviation of volumes as typed.
    pub(crate) fn volume_sd(&self) -> Option<&str> {
        self.volume_sd.as_deref()
    }

    /// The chain; a relative standard deviation of volumes is that of the masses.
    pub(crate) fn chain(&self) -> Outcome<Chain> {
        let hint =
            "write them as `--calibration-sd \"3 %\" --voxel \"4.8 mm\" --resolution \"12 mm\"`";
        let spec = ChainSpec {
            calibration: self.calibration_sd.clone(),
            // Where the image says how well a volume is known, another number contradicts it.
            volume_sd: self
                .volume_sd
                .clone()
                .filter(|_| self.voxel.is_some() || self.resolution.is_some()),
            voxel: self.voxel.clone(),
            resolution: self.resolution.clone(),
            recovery: self.recovery.as_deref().map(recovery).transpose()?,
            factor: self.factor_sd.clone(),
        };
        spec.chain().map_err(|e| Failure::asked(e.code(), &e, hint))
    }

    /// What was asked for, for the page.
    pub(crate) fn settings(&self) -> Vec<(&'static str, String)> {
        [
            ("relative SD of volumes", &self.volume_sd),
            ("voxel", &self.voxel),
            ("resolution", &self.resolution),
            ("relative SD of the calibration", &self.calibration_sd),
            ("recovery curve", &self.recovery),
            ("relative SD of dose factors", &self.factor_sd),
        ]
        .into_iter()
        .filter_map(|(name, text)| Some((name, text.clone()?)))
        .collect()
    }
}

fn recovery(text: &str) -> Outcome<RecoverySpec> {
    let wrong = || {
        Failure::usage(
            format!("cannot read `--recovery {text}`"),
            "write it as `--recovery \"4 mL,0.4 mL,1.1,0.08\"`: volume of half recovery, its standard deviation, \
             exponent, its standard deviation",
        )
    };
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    let (&[half, half_sd, exponent, exponent_sd], rest) =
        parts.split_first_chunk().ok_or_else(wrong)?;
    let number = |text: &str| text.parse::<f64>().map_err(|_| wrong());
    let correlation = match rest {
        [] => 0.0,
        [correlation] => number(correlation)?,
        _ => return Err(wrong()),
    };
    Ok(RecoverySpec {
        half_volume: half.to_owned(),
        exponent: number(exponent)?,
        half_volume_sd: half_sd.to_owned(),
        exponent_sd: number(exponent_sd)?,
        correlation,
    })
}
