//! Doses weighted by the relative biological effectiveness of an effect, in Gy(RBE).

use lutetia_diagnostic::Verdict;
use lutetia_dose::{AbsorbedDose, DoseError, Rbe, RbeWeightedDose, rbe_weighted};
use serde::Serialize;

use super::{DoseWarning, RegionDose};
use crate::{NoValue, PatientError, shown};

/// Share of alphas in a dose above which it is not taken for one of sparse radiation.
const ALPHA_SHARE: f64 = 1e-4;

/// An effect and the weights of the particles for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// The effect the weights hold for, such as `late kidney damage`.
    pub effect: String,
    /// Weight of alphas.
    pub alpha: f64,
    /// Weight of electrons.
    pub electron: f64,
    /// Weight of photons.
    pub photon: f64,
    /// Regions; all with a dose without them.
    pub regions: Option<Vec<String>>,
}

/// Whether a dose has no alphas at all, so that their weight changes nothing.
#[must_use]
pub fn no_alphas(dose: &AbsorbedDose) -> bool {
    dose.alpha <= 0.0
}

/// One warning for all regions without alphas for which weights are asked.
pub(super) fn without_alphas(weights: &[Weights], doses: &[RegionDose]) -> Option<DoseWarning> {
    let mut regions: Vec<String> = Vec::new();
    let mut source = String::new();
    let wanted =
        weights.iter().flat_map(|w| doses.iter().filter(move |dose| w.is_for(&dose.region)));
    for region in wanted {
        let Some(dose) = shown(&region.dose).0.filter(|dose| no_alphas(dose)) else { continue };
        source.clone_from(&dose.source);
        if !regions.contains(&region.region) {
            regions.push(region.region.clone());
        }
    }
    (!regions.is_empty()).then_some(DoseWarning::NoAlphas { source, regions })
}

/// Refuses weights of regions that have no dose, and weights that are none.
///
/// # Errors
/// [`PatientError`].
pub(super) fn check(weights: &[Weights], doses: &[RegionDose]) -> Result<(), PatientError> {
    for name in weights.iter().flat_map(|w| w.regions.iter().flatten()) {
        if !doses.iter().any(|d| d.region == *name) {
            return Err(PatientError::RbeRegion {
                region: name.clone(),
                regions: doses.iter().map(|d| d.region.clone()).collect(),
            });
        }
    }
    for w in weights {
        for (of, value) in [("alphas", w.alpha), ("electrons", w.electron), ("photons", w.photon)] {
            if !(value > 0.0 && value.is_finite()) {
                return Err(PatientError::RbeWeight { of, value });
            }
        }
    }
    Ok(())
}

impl Weights {
    /// Whether it is asked for a region.
    #[must_use]
    pub fn is_for(&self, region: &str) -> bool {
        self.regions.as_ref().is_none_or(|names| names.iter().any(|name| name == region))
    }

    /// In words: `RBE 5 of alphas for late kidney damage`.
    #[must_use]
    pub fn words(&self) -> String {
        let effect = match self.effect.as_str() {
            "" => String::new(),
            effect => format!(" for {effect}"),
        };
        format!("RBE {} of alphas{effect}", self.alpha)
    }

    /// The weighted dose, Σ RBE·D over alphas, electrons and photons, Gy(RBE).
    ///
    /// # Errors
    /// When an RBE is not above zero.
    pub fn weigh(&self, dose: &AbsorbedDose) -> Result<RbeWeightedDose, DoseError> {
        let rbe = Rbe { alpha: self.alpha, electron: self.electron, photon: self.photon };
        rbe_weighted(dose, rbe)
    }
}

/// Whether alphas are part of a dose: more than a share of it that nobody could notice.
#[must_use]
pub fn has_alphas(dose: &AbsorbedDose) -> bool {
    dose.alpha > ALPHA_SHARE * dose.total
}

/// What the linear part of a dose is weighted by, Σ RBE·D/D.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Linear {
    /// 1 for sparse radiation.
    pub weight: f64,
    /// The RBE in words; empty where none was given.
    pub rbe: String,
}

impl Linear {
    /// Sparse radiation: nothing is weighted.
    #[must_use]
    pub fn sparse() -> Self {
        Self { weight: 1.0, rbe: String::new() }
    }

    /// Whether an RBE is in it, so that what is computed with it is in Gy(RBE).
    #[must_use]
    pub fn is_weighted(&self) -> bool {
        !self.rbe.is_empty()
    }
}

/// The weight of the linear part of a dose. Alphas need the RBE of one effect: taking them for electrons
/// would be wrong by their RBE, about 5.
pub fn linear(dose: &AbsorbedDose, specs: &[Weights]) -> Verdict<Linear> {
    let mut asked = specs.iter().filter(|spec| spec.is_for(&dose.region));
    let (first, second) = (asked.next(), asked.next());
    if !has_alphas(dose) {
        return Verdict::determined(Linear::sparse());
    }
    match (first, second) {
        (Some(spec), None) => Verdict::from(spec.weigh(dose))
            .map(|weighted| Linear { weight: weighted.gy_rbe() / dose.total, rbe: spec.words() }),
        (None, _) => Verdict::refused(NoValue::AlphasWithoutRbe {
            source_name: dose.source.clone(),
            share: dose.alpha / dose.total,
        }),
        (Some(_), Some(_)) => Verdict::refused(NoValue::SeveralRbe),
    }
}
