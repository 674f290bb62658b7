//! The linear-quadratic model and effective doses.

use std::f64::consts::LN_2;
use std::marker::PhantomData;

use serde::Serialize;

use crate::error::{OutcomeError, above_zero, not_negative, probability, within};

mod sealed {
    pub trait Sealed {}
}

/// A set of parameters that belong together.
pub trait ParameterSet: sealed::Sealed + Copy + std::fmt::Debug {
    /// Its name, as reports print it.
    const NAME: &'static str;
}

/// Parameters fitted to what is seen in patients: volumes of lesions after treatment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum ClinicalEffective {}

/// Parameters of cells: survival in vitro, fractionation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Radiobiological {}

impl sealed::Sealed for ClinicalEffective {}
impl sealed::Sealed for Radiobiological {}
impl ParameterSet for ClinicalEffective {
    const NAME: &'static str = "clinical-effective";
}
impl ParameterSet for Radiobiological {
    const NAME: &'static str = "radiobiological";
}

/// A biologically effective dose, made with the parameters of one set.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize)]
pub struct Bed<S> {
    gy: f64,
    #[serde(skip)]
    set: PhantomData<S>,
}

/// How cells of a tissue answer: `−ln S = α D + β G D² = α BED`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LinearQuadratic<S> {
    alpha_per_gy: f64,
    alpha_beta_gy: Option<f64>,
    source: &'static str,
    #[serde(skip)]
    set: PhantomData<S>,
}

impl<S: ParameterSet> Bed<S> {
    /// `BED = D (1 + G D/(α/β))` of a dose with the Lea–Catcheside factor G, 1 for a dose at once;
    /// without an α/β (β = 0) it is the dose.
    ///
    /// # Errors
    /// A negative dose, G outside 0 to 1, α/β not above 0.
    pub fn of_dose(
        dose_gy: f64,
        protraction: f64,
        alpha_beta_gy: Option<f64>,
    ) -> Result<Self, OutcomeError> {
        not_negative("absorbed dose", dose_gy, "Gy")?;
        probability("protraction factor", protraction)?;
        let quadratic = match alpha_beta_gy {
            None => 0.0,
            Some(ratio) => protraction * dose_gy / above_zero("alpha/beta", ratio, "Gy")?,
        };
        Ok(Self { gy: dose_gy * (1.0 + quadratic), set: PhantomData })
    }

    /// BED of alpha particles together with electrons and photons,
    /// `D_high RBE_M + D_low + G D²/(α/β)` with D the whole dose: α rises with the density of
    /// ionisation (`RBE_M = α_high/α_low`), β is taken as unchanged.
    ///
    /// # Errors
    /// As [`of_dose`](Self::of_dose); an RBE not above 0.
    pub fn of_mixed(
        high_gy: f64,
        low_gy: f64,
        rbe_m: f64,
        protraction: f64,
        alpha_beta_gy: f64,
    ) -> Result<Self, OutcomeError> {
        not_negative("dose of dense radiation", high_gy, "Gy")?;
        not_negative("dose of sparse radiation", low_gy, "Gy")?;
        above_zero("RBE_M", rbe_m, "")?;
        probability("protraction factor", protraction)?;
        above_zero("alpha/beta", alpha_beta_gy, "Gy")?;
        let total = high_gy + low_gy;
        let quadratic = protraction * total * total / alpha_beta_gy;
        Ok(Self { gy: high_gy * rbe_m + low_gy + quadratic, set: PhantomData })
    }

    /// Gy.
    #[must_use]
    pub fn gy(self) -> f64 {
        self.gy
    }

    /// Dose in fractions of 2 Gy of the same effect, `BED/(1 + 2 Gy/(α/β))`, Gy.
    ///
    /// # Errors
    /// α/β not above 0.
    pub fn eqd2_gy(self, alpha_beta_gy: f64) -> Result<f64, OutcomeError> {
        Ok(self.gy / (1.0 + 2.0 / above_zero("alpha/beta", alpha_beta_gy, "Gy")?))
    }

    /// Less what regrows: `BED − ln 2 (T − T_k)/(α T_pot)`, not below 0. For a dose rate that decays
    /// take T no later than [`critical_time_h`](LinearQuadratic::critical_time_h).
    fn less(self, gy: f64) -> Self {
        Self { gy: (self.gy - gy).max(0.0), set: PhantomData }
    }
}

impl<S: ParameterSet> std::ops::Add for Bed<S> {
    type Output = Self;

    /// Cycles far apart against repair add.
    fn add(self, other: Self) -> Self {
        Self { gy: self.gy + other.gy, set: PhantomData }
    }
}

impl LinearQuadratic<ClinicalEffective> {
    /// Lesions of metastatic castration-resistant prostate cancer under 177Lu-PSMA-I&T: α = 0.0172 ±
    /// 0.0084 1/Gy, β not determined and taken as 0.
    #[must_use]
    pub fn mcrpc_clinical() -> Self {
        Self {
            alpha_per_gy: 0.0172,
            alpha_beta_gy: None,
            source: "Kletting 2019, J Nucl Med 60:65, doi 10.2967/jnumed.118.210377 (13 patients)",
            set: PhantomData,
        }
    }
}

impl LinearQuadratic<Radiobiological> {
    /// Prostate cancer cells: α = 0.147 1/Gy, α/β = 1.5 Gy.
    #[must_use]
    pub fn prostate_cells() -> Self {
        Self {
            alpha_per_gy: 0.147,
            alpha_beta_gy: Some(1.5),
            source: "Bernhardt et al. as quoted in Pharmaceutics 2022;14:2007, Fig 1",
            set: PhantomData,
        }
    }
}

impl<S: ParameterSet> LinearQuadratic<S> {
    /// Parameters of one's own; `source` says where they are from.
    ///
    /// # Errors
    /// α or α/β not above 0.
    pub fn new(
        alpha_per_gy: f64,
        alpha_beta_gy: Option<f64>,
        source: &'static str,
    ) -> Result<Self, OutcomeError> {
        above_zero("alpha", alpha_per_gy, "1/Gy")?;
        if let Some(ratio) = alpha_beta_gy {
            above_zero("alpha/beta", ratio, "Gy")?;
        }
        Ok(Self { alpha_per_gy, alpha_beta_gy, source, set: PhantomData })
    }

    /// α, 1/Gy.
    #[must_use]
    pub fn alpha_per_gy(&self) -> f64 {
        self.alpha_per_gy
    }

    /// α/β, Gy; none where β is 0.
    #[must_use]
    pub fn alpha_beta_gy(&self) -> Option<f64> {
        self.alpha_beta_gy
    }

    /// Where the parameters are from.
    #[must_use]
    pub fn source(&self) -> &'static str {
        self.source
    }

    /// Name of the set.
    #[must_use]
    pub fn set(&self) -> &'static str {
        S::NAME
    }

    /// BED of a dose with its Lea–Catcheside factor.
    ///
    /// # Errors
    /// As [`Bed::of_dose`].
    pub fn bed(&self, dose_gy: f64, protraction: f64) -> Result<Bed<S>, OutcomeError> {
        Bed::of_dose(dose_gy, protraction, self.alpha_beta_gy)
    }

    /// `ln S = −α BED`.
    #[must_use]
    pub fn ln_survival(&self, bed: Bed<S>) -> f64 {
        -self.alpha_per_gy * bed.gy
    }

    /// BED less what regrows in the time T after the kick-off: `BED − ln 2 (T − T_k)/(α T_pot)`, not
    /// below 0.
    ///
    /// # Errors
    /// A doubling time not above 0, negative times.
    pub fn with_repopulation(
        &self,
        bed: Bed<S>,
        time_h: f64,
        kick_off_h: f64,
        doubling_time_h: f64,
    ) -> Result<Bed<S>, OutcomeError> {
        not_negative("time of treatment", time_h, "h")?;
        not_negative("kick-off time of repopulation", kick_off_h, "h")?;
        above_zero("potential doubling time", doubling_time_h, "h")?;
        let grown = (time_h - kick_off_h).max(0.0);
        Ok(bed.less(LN_2 * grown / (self.alpha_per_gy * doubling_time_h)))
    }

    /// When a dose rate that decays with `half_life_h` stops to kill faster than cells double:
    /// `α R(t) = ln 2/T_pot` with `R = D λ e^{−λt}`, h; none when it never kills faster.
    ///
    /// # Errors
    /// Numbers that are not above 0.
    pub fn critical_time_h(
        &self,
        dose_gy: f64,
        half_life_h: f64,
        doubling_time_h: f64,
    ) -> Result<Option<f64>, OutcomeError> {
        above_zero("absorbed dose", dose_gy, "Gy")?;
        above_zero("effective half-life", half_life_h, "h")?;
        above_zero("potential doubling time", doubling_time_h, "h")?;
        let lambda = LN_2 / half_life_h;
        let ratio = self.alpha_per_gy * dose_gy * lambda * doubling_time_h / LN_2;
        Ok((ratio > 1.0).then(|| ratio.ln() / lambda))
    }
}

/// Generalised equivalent uniform dose, `(Σ v_i D_i^{1/n})^n` with shares v of the volume that add to
/// 1; n = 1 is the mean, n near 0 the maximum.
///
/// # Errors
/// Shares that do not add to 1, negative doses, n not above 0.
pub fn generalised_eud_gy(doses_gy: &[f64], shares: &[f64], n: f64) -> Result<f64, OutcomeError> {
    check_shares(doses_gy.len(), shares)?;
    above_zero("volume exponent n", n, "")?;
    for (i, &d) in doses_gy.iter().enumerate() {
        not_negative(format!("dose of part {}", i + 1), d, "Gy")?;
    }
    // Scaled by the largest, so that large powers do not overflow.
    let largest = doses_gy.iter().copied().fold(0.0, f64::max);
    if largest <= 0.0 {
        return Ok(0.0);
    }
    let sum: f64 = doses_gy.iter().zip(shares).map(|(d, v)| v * (d / largest).powf(1.0 / n)).sum();
    Ok(largest * sum.powf(n))
}

/// Equivalent uniform BED, `−(1/α) ln Σ v_i e^{−α BED_i}`: the dose given evenly that leaves as many
/// cells.
///
/// # Errors
/// Shares that do not add to 1.
pub fn equivalent_uniform_bed<S: ParameterSet>(
    beds: &[Bed<S>],
    shares: &[f64],
    cells: &LinearQuadratic<S>,
) -> Result<Bed<S>, OutcomeError> {
    check_shares(beds.len(), shares)?;
    let least = beds.iter().map(|b| b.gy).fold(f64::INFINITY, f64::min);
    // Relative to the least BED, whose cells dominate, so that nothing underflows.
    let sum: f64 = beds
        .iter()
        .zip(shares)
        .map(|(b, v)| v * (-cells.alpha_per_gy * (b.gy - least)).exp())
        .sum();
    Ok(Bed { gy: least - sum.ln() / cells.alpha_per_gy, set: PhantomData })
}

fn check_shares(parts: usize, shares: &[f64]) -> Result<(), OutcomeError> {
    if parts == 0 {
        return Err(OutcomeError::Empty { what: "the volume".to_owned() });
    }
    crate::survival::same_length("share of the volume", shares.len(), parts)?;
    for (i, &v) in shares.iter().enumerate() {
        not_negative(format!("share of part {}", i + 1), v, "")?;
    }
    let total: f64 = shares.iter().sum();
    let good = (total - 1.0).abs() < 1e-6;
    within("sum of the shares of the volume", total, "", good, "1")?;
    Ok(())
}
