//! Time-integrated activity and half-lives.

use std::f64::consts::LN_2;

use serde::Serialize;

use crate::error::{DoseError, above_zero, not_negative};

/// Time-integrated activity Ã(r_S) of one region, from the start of the injection to infinity.
///
/// `value` in MBq·h, not decay-corrected. The names follow MIRD Pamphlet 21.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tia {
    region: String,
    value_mbq_h: f64,
    sd_mbq_h: Option<f64>,
    extrapolated_fraction: Option<f64>,
    method: String,
}

impl Tia {
    /// A time-integrated activity and how it was made.
    ///
    /// `sd_mbq_h` and `extrapolated_fraction` (0 to 1, the part after the last measurement) are
    /// `None` where they are not determined.
    ///
    /// # Errors
    /// [`DoseError::OutOfRange`] when a number is negative or not finite, or the fraction above 1.
    pub fn new(
        region: &str,
        value_mbq_h: f64,
        sd_mbq_h: Option<f64>,
        extrapolated_fraction: Option<f64>,
        method: &str,
    ) -> Result<Self, DoseError> {
        not_negative("time-integrated activity", region, value_mbq_h, "MBq h")?;
        if let Some(sd) = sd_mbq_h {
            not_negative("SD of the time-integrated activity", region, sd, "MBq h")?;
        }
        if let Some(fraction) = extrapolated_fraction
            && !(0.0..=1.0).contains(&fraction)
        {
            return Err(DoseError::OutOfRange {
                quantity: "extrapolated fraction",
                of: region.to_owned(),
                value: fraction,
                unit: "(of 1)",
                expected: "a number from 0 to 1",
            });
        }
        Ok(Self {
            region: region.to_owned(),
            value_mbq_h,
            sd_mbq_h,
            extrapolated_fraction,
            method: method.to_owned(),
        })
    }

    /// One exponential, Ã = A₀·T_eff/ln 2.
    ///
    /// # Errors
    /// [`DoseError::OutOfRange`] when the activity (MBq) is negative, or the half-life (h) not
    /// above 0.
    pub fn of_one_exponential(
        region: &str,
        activity_at_zero_mbq: f64,
        effective_half_life_h: f64,
    ) -> Result<Self, DoseError> {
        not_negative("activity at time zero", region, activity_at_zero_mbq, "MBq")?;
        above_zero("effective half-life", region, effective_half_life_h, "h")?;
        let value = activity_at_zero_mbq * effective_half_life_h / LN_2;
        Self::new(region, value, None, None, "one exponential")
    }

    /// Name of the region, as given.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Ã in MBq·h.
    #[must_use]
    pub fn value_mbq_h(&self) -> f64 {
        self.value_mbq_h
    }

    /// Standard deviation in MBq·h, where it is determined.
    #[must_use]
    pub fn sd_mbq_h(&self) -> Option<f64> {
        self.sd_mbq_h
    }

    /// Part of Ã after the last measurement, 0 to 1, where it is determined.
    #[must_use]
    pub fn extrapolated_fraction(&self) -> Option<f64> {
        self.extrapolated_fraction
    }

    /// How it was made.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.method
    }

    /// Time-integrated activity coefficient ã = Ã/A₀ in h (formerly residence time).
    ///
    /// # Errors
    /// [`DoseError::OutOfRange`] when the administered activity is not above 0 MBq.
    pub fn coefficient_h(&self, administered_mbq: f64) -> Result<f64, DoseError> {
        above_zero("administered activity", &self.region, administered_mbq, "MBq")?;
        Ok(self.value_mbq_h / administered_mbq)
    }
}

/// Effective half-life 1/(1/T_phys + 1/T_bio), in the unit of both.
///
/// An infinite biological half-life (nothing leaves) gives the physical one.
///
/// # Errors
/// [`DoseError::OutOfRange`] when the physical half-life is not finite and above 0, or the
/// biological one not above 0.
pub fn effective_half_life_h(physical_h: f64, biological_h: f64) -> Result<f64, DoseError> {
    above_zero("physical half-life", "the nuclide", physical_h, "h")?;
    if biological_h.is_infinite() && biological_h > 0.0 {
        return Ok(physical_h);
    }
    above_zero("biological half-life", "the region", biological_h, "h")?;
    Ok(1.0 / (1.0 / physical_h + 1.0 / biological_h))
}

/// Biological half-life 1/(1/T_eff − 1/T_phys); infinite when both are the same.
///
/// # Errors
/// [`DoseError::OutOfRange`] when a half-life is not finite and above 0, or the effective one is
/// longer than the physical one: such a curve falls more slowly than the nuclide decays.
pub fn biological_half_life_h(physical_h: f64, effective_h: f64) -> Result<f64, DoseError> {
    above_zero("physical half-life", "the nuclide", physical_h, "h")?;
    above_zero("effective half-life", "the region", effective_h, "h")?;
    if effective_h > physical_h {
        return Err(DoseError::OutOfRange {
            quantity: "effective half-life",
            of: "the region".to_owned(),
            value: effective_h,
            unit: "h",
            expected: "at most the physical half-life (is the curve decay-corrected?)",
        });
    }
    let rate = 1.0 / effective_h - 1.0 / physical_h;
    Ok(if rate > 0.0 { 1.0 / rate } else { f64::INFINITY })
}
