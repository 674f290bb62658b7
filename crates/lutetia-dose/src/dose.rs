//! Absorbed dose of one region, its uncertainty, and what it becomes with an RBE.

use std::fmt;

use serde::Serialize;

use crate::error::{DoseError, above_zero, not_negative, short};
use crate::factor::{GY_PER_MBQ_H, SelfDoseFactor};
use crate::region::Region;
use crate::tia::Tia;

/// Mass of a region of the patient, g, with its standard deviation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Mass {
    /// Grams.
    pub g: f64,
    /// Standard deviation, g; `None` where it is not known.
    pub sd_g: Option<f64>,
}

impl Mass {
    /// A mass in g.
    ///
    /// # Errors
    /// [`DoseError::OutOfRange`] when the mass is not finite and above 0, or the SD negative or not
    /// finite.
    pub fn new(region: &str, g: f64, sd_g: Option<f64>) -> Result<Self, DoseError> {
        above_zero("mass", region, g, "g")?;
        if let Some(sd) = sd_g {
            not_negative("SD of the mass", region, sd, "g")?;
        }
        Ok(Self { g, sd_g })
    }

    /// Volume in mL times the density of the organ (of soft tissue, 1.06 g/mL, for a tumour).
    ///
    /// # Errors
    /// As [`Mass::new`], said of the volume.
    pub fn of_volume(region: &Region, ml: f64, sd_ml: Option<f64>) -> Result<Self, DoseError> {
        above_zero("volume", region.given(), ml, "mL")?;
        if let Some(sd) = sd_ml {
            not_negative("SD of the volume", region.given(), sd, "mL")?;
        }
        let density = region.density();
        Ok(Self { g: ml * density, sd_g: sd_ml.map(|sd| sd * density) })
    }
}

/// Mean absorbed dose of one region from the activity in it, physical dose in Gy.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AbsorbedDose {
    /// Region as given.
    pub region: String,
    /// Nuclide or chain.
    pub source: String,
    /// Mass, g.
    pub mass: Mass,
    /// Part of alpha particles and recoils, Gy.
    pub alpha: f64,
    /// Part of electrons, Gy.
    pub electron: f64,
    /// Part of photons, Gy.
    pub photon: f64,
    /// Sum, Gy.
    pub total: f64,
    /// Standard deviation of the sum, Gy; `None` where that of the activity is not determined.
    pub sd: Option<f64>,
    /// Part of the time-integrated activity after the last measurement, 0 to 1.
    pub extrapolated_fraction: Option<f64>,
    /// Sum over the administered activity, Gy/GBq.
    pub gy_per_gbq: Option<f64>,
    /// How curve and factor were made.
    pub method: String,
}

/// Absorbed dose D = Ã·S (MIRD Pamphlet 21), self dose only.
///
/// The factor must be of the mass given. Uncertainty (Gear 2018, independent terms):
/// (u_D/D)² = (u_Ã/Ã)² + ((D_α + D_e + ⅔·D_p)/D · u_m/m)². The covariance of Ã and mass through the volume of
/// interest and its recovery coefficient is not in it, nor the uncertainty of the factor itself
/// (about 2 % for 177Lu). A mass without SD adds nothing.
///
/// `administered_mbq` gives Gy/GBq.
///
/// # Errors
/// [`DoseError::OutOfRange`] when the administered activity is not above 0, or the factor is for
/// another mass.
pub fn absorbed_dose(
    tia: &Tia,
    factor: &SelfDoseFactor,
    mass: Mass,
    administered_mbq: Option<f64>,
) -> Result<AbsorbedDose, DoseError> {
    // Rounding of a printed mass is let pass; a factor of another organ is not.
    if (factor.mass_g / mass.g - 1.0).abs() > 1e-6 {
        return Err(DoseError::OutOfRange {
            quantity: "mass of the dose factor",
            of: factor.region.clone(),
            value: factor.mass_g,
            unit: "g",
            expected: "the mass of the region",
        });
    }
    if let Some(administered) = administered_mbq {
        above_zero("administered activity", tia.region(), administered, "MBq")?;
    }
    let per = GY_PER_MBQ_H * tia.value_mbq_h();
    let [alpha, electron, photon] =
        [factor.alpha * per, factor.electron * per, factor.photon * per];
    let total = alpha + electron + photon;
    let of_mass = mass.sd_g.unwrap_or(0.0) / mass.g * (alpha + electron + 2.0 / 3.0 * photon);
    // From Ã directly, so that a region without activity keeps its uncertainty.
    let sd = tia.sd_mbq_h().map(|sd| (GY_PER_MBQ_H * factor.total() * sd).hypot(of_mass));
    Ok(AbsorbedDose {
        region: tia.region().to_owned(),
        source: factor.source.clone(),
        mass,
        alpha,
        electron,
        photon,
        total,
        sd,
        extrapolated_fraction: tia.extrapolated_fraction(),
        gy_per_gbq: administered_mbq.map(|mbq| total / (mbq / 1000.0)),
        method: format!("activity: {}; factor: {}", tia.method(), factor.method),
    })
}

/// Dose of the cortex of an organ from the dose of the whole, where the cortex has the shares given (0
/// to 1) of its mass and of its activity: alphas and electrons by the concentration, photons as in the
/// whole organ. What electrons carry between cortex and medulla is left out (MIRD Pamphlet 19 keeps it;
/// 177Lu electrons reach 0.2 mm of a cortex of 7 mm).
///
/// # Errors
/// [`DoseError::OutOfRange`] when a share is not above 0 and at most 1.
pub fn cortex_dose(
    whole: &AbsorbedDose,
    mass_share: f64,
    activity_share: f64,
) -> Result<AbsorbedDose, DoseError> {
    for (quantity, value) in
        [("share of the mass", mass_share), ("share of the activity", activity_share)]
    {
        if !(value > 0.0 && value <= 1.0) {
            let expected = "a number above 0, at most 1";
            let of = format!("cortex of {}", whole.region);
            return Err(DoseError::OutOfRange { quantity, of, value, unit: "(of 1)", expected });
        }
    }
    let times = activity_share / mass_share;
    let (alpha, electron) = (whole.alpha * times, whole.electron * times);
    let total = alpha + electron + whole.photon;
    let ratio = if whole.total > 0.0 { total / whole.total } else { 1.0 };
    Ok(AbsorbedDose {
        region: format!("{} cortex", whole.region),
        mass: Mass {
            g: whole.mass.g * mass_share,
            sd_g: whole.mass.sd_g.map(|sd| sd * mass_share),
        },
        alpha,
        electron,
        total,
        sd: whole.sd.map(|sd| sd * ratio),
        gy_per_gbq: whole.gy_per_gbq.map(|per| per * ratio),
        method: format!(
            "cortex with {} % of the mass and {} % of the activity of: {}",
            short(100.0 * mass_share),
            short(100.0 * activity_share),
            whole.method
        ),
        ..whole.clone()
    })
}

/// Relative biological effectiveness of each kind of particle.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Rbe {
    /// Of alphas, 5 for tissue reactions (MIRD Pamphlet 22).
    pub alpha: f64,
    /// Of electrons.
    pub electron: f64,
    /// Of photons.
    pub photon: f64,
}

impl Rbe {
    /// Alphas weighted, electrons and photons 1.
    #[must_use]
    pub fn of_alpha(alpha: f64) -> Self {
        Self { alpha, electron: 1.0, photon: 1.0 }
    }
}

/// A dose weighted by RBE, in Gy(RBE). Not an [`AbsorbedDose`], and no sum with one exists.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RbeWeightedDose {
    region: String,
    gy_rbe: f64,
    sd: Option<f64>,
    rbe: Rbe,
}

impl RbeWeightedDose {
    /// Region as given.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Weighted dose, Gy(RBE).
    #[must_use]
    pub fn gy_rbe(&self) -> f64 {
        self.gy_rbe
    }

    /// Standard deviation, Gy(RBE), with the RBE taken as exact.
    #[must_use]
    pub fn sd(&self) -> Option<f64> {
        self.sd
    }

    /// The weights.
    #[must_use]
    pub fn rbe(&self) -> Rbe {
        self.rbe
    }
}

impl fmt::Display for RbeWeightedDose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Rbe { alpha, electron, photon } = self.rbe;
        write!(f, "{:.4} Gy(RBE)", self.gy_rbe)?;
        if let Some(sd) = self.sd {
            write!(f, " ± {sd:.4}")?;
        }
        write!(f, " (RBE {alpha} alpha, {electron} electron, {photon} photon)")
    }
}

/// Σ RBE·D over alphas, electrons and photons, in Gy(RBE).
///
/// # Errors
/// [`DoseError::OutOfRange`] when a weight is not finite and above 0.
pub fn rbe_weighted(dose: &AbsorbedDose, rbe: Rbe) -> Result<RbeWeightedDose, DoseError> {
    for weight in [rbe.alpha, rbe.electron, rbe.photon] {
        above_zero("RBE", &dose.region, weight, "(a ratio)")?;
    }
    let gy_rbe = rbe.alpha * dose.alpha + rbe.electron * dose.electron + rbe.photon * dose.photon;
    // The particles share one activity and one mass, so the relative uncertainty stays.
    let sd = dose.sd.map(|sd| if dose.total > 0.0 { sd * gy_rbe / dose.total } else { sd });
    Ok(RbeWeightedDose { region: dose.region.clone(), gy_rbe, sd, rbe })
}
