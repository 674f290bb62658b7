//! Complications of normal tissue, and how probabilities combine.

use std::marker::PhantomData;

use serde::Serialize;

use super::linear_quadratic::{Bed, Radiobiological};
use crate::error::{OutcomeError, above_zero, not_negative, probability};
use crate::numeric::normal_cdf;

/// Marks a complication model whose axis is absorbed dose in fractions of 2 Gy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum OnDose {}

/// Marks a complication model whose axis is biologically effective dose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum OnBed {}

/// The Lyman–Kutcher–Burman model, `NTCP = Φ((x − x50)/(m x50))`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Lkb<Axis> {
    x50_gy: f64,
    m: f64,
    source: &'static str,
    #[serde(skip)]
    axis: PhantomData<Axis>,
}

impl<Axis> Lkb<Axis> {
    /// A model of one's own: x with a risk of one half (Gy), slope m; `source` says where from.
    ///
    /// # Errors
    /// Numbers that are not above 0.
    pub fn new(x50_gy: f64, m: f64, source: &'static str) -> Result<Self, OutcomeError> {
        above_zero("dose of half the risk", x50_gy, "Gy")?;
        above_zero("slope m", m, "")?;
        Ok(Self { x50_gy, m, source, axis: PhantomData })
    }

    /// Where the parameters are from.
    #[must_use]
    pub fn source(&self) -> &'static str {
        self.source
    }

    fn at(&self, x: f64) -> f64 {
        normal_cdf((x - self.x50_gy) / (self.m * self.x50_gy))
    }
}

impl Lkb<OnDose> {
    /// Whole kidney, external beams of 2 Gy: TD50 28 Gy, m 0.10.
    #[must_use]
    pub fn kidney_dose() -> Self {
        let source = "Emami 1991 (its table, read at radonc.wikidot.com): TD5 23 Gy, TD50 28 Gy; n 0.70, m 0.10 of \
                      Burman 1991, quoted from memory";
        Self { x50_gy: 28.0, m: 0.10, source, axis: PhantomData }
    }

    /// Parotid gland, flow below 25 % after a year: TD50 39.9 Gy, m 0.40, mean dose.
    #[must_use]
    pub fn parotid_dose() -> Self {
        let source =
            "Dijkema 2010, Int J Radiat Oncol Biol Phys 78:449 (abstract read, PubMed 20056347)";
        Self { x50_gy: 39.9, m: 0.40, source, axis: PhantomData }
    }

    /// Risk at a dose (a generalised equivalent uniform dose where the organ is not uniform).
    ///
    /// # Errors
    /// A negative dose.
    pub fn ntcp(&self, dose_gy: f64) -> Result<f64, OutcomeError> {
        Ok(self.at(not_negative("absorbed dose", dose_gy, "Gy")?))
    }
}

impl Lkb<OnBed> {
    /// Whole kidney on the axis of BED (α/β 2.5 Gy): x50 44.8 Gy, m 0.10. Made from external beams, it
    /// finds more harm than 177Lu does: for screening.
    #[must_use]
    pub fn kidney_bed() -> Self {
        let source = "computed from the external-beam TD5 and TD50 at 1.5 to 1.6 Gy per fraction";
        Self { x50_gy: 44.8, m: 0.10, source, axis: PhantomData }
    }

    /// Risk at a BED.
    #[must_use]
    pub fn ntcp(&self, bed: Bed<Radiobiological>) -> f64 {
        self.at(bed.gy())
    }
}

/// BED to the kidneys that is held to be safe, Gy: 28 with hypertension or diabetes, 40 without
/// (Bodei 2008, Eur J Nucl Med Mol Imaging 35:1847, doi 10.1007/s00259-008-0778-1).
#[must_use]
pub fn kidney_bed_limit_gy(risk_factors: bool) -> f64 {
    if risk_factors { 28.0 } else { 40.0 }
}

/// Probability of dry mouth of any grade after radioligands, `logit P = 0.11 (D − 19 Gy)`, on the
/// cumulative mean dose of the glands, weighted with an RBE of 5 for alpha particles.
///
/// Assumed, calibrated to VISION, PSMAddition and 225Ac-PSMA-617; below what PSMAfore saw (57 %), so
/// that a shift of ± 0.5 between studies must be expected: `study_shift` on the logit.
///
/// # Errors
/// A negative dose.
pub fn dry_mouth(weighted_dose_gy: f64, study_shift: f64) -> Result<f64, OutcomeError> {
    not_negative("weighted dose of the salivary glands", weighted_dose_gy, "Gy")?;
    Ok(logistic(0.11 * (weighted_dose_gy - 19.0) + study_shift))
}

/// Probability of a treatment-related event of grade 3 or 4 under checkpoint inhibitors,
/// `logit P = −1.44 + 0.0015 c + 0.011 c·[PD-1]` with c the mean concentration of the anti-CTLA-4
/// antibody over its IC50 (1.33 nM for ipilimumab); of cohorts, not of patients (Shulgin 2020,
/// OncoImmunology 9:1748982, 147 cohorts).
///
/// # Errors
/// A negative exposure.
pub fn checkpoint_inhibitor_toxicity(
    ctla4_exposure: f64,
    with_pd1: bool,
) -> Result<f64, OutcomeError> {
    let c = not_negative("exposure to the anti-CTLA-4 antibody over its IC50", ctla4_exposure, "")?;
    let pd1 = if with_pd1 { 0.011 * c } else { 0.0 };
    Ok(logistic(-1.44 + 0.0015 * c + pd1))
}

/// Probability of at least one of several independent causes of one event, `1 − Π(1 − p_i)`.
///
/// # Errors
/// A probability outside 0 to 1.
pub fn combined_probability(causes: &[f64]) -> Result<f64, OutcomeError> {
    let mut none = 1.0;
    for &p in causes {
        none *= 1.0 - probability("probability of an adverse event", p)?;
    }
    Ok(1.0 - none)
}

/// Control without complications, `P⁺ = TCP Π(1 − NTCP_i)`, with tumour and organs taken as
/// independent.
///
/// # Errors
/// A probability outside 0 to 1.
pub fn uncomplicated_control(tcp: f64, ntcp: &[f64]) -> Result<f64, OutcomeError> {
    Ok(probability("tumour control", tcp)? * (1.0 - combined_probability(ntcp)?))
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}
