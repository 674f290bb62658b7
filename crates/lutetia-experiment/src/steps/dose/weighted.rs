//! Doses weighted by the relative biological effectiveness of an effect, in Gy(RBE).

use lutetia_diagnostic::{Reason, Verdict};
use lutetia_dose::{AbsorbedDose, DoseError, Rbe, RbeWeightedDose, rbe_weighted};
use serde::{Deserialize, Serialize};

use super::RegionDose;
use lutetia_patient::shown;
use lutetia_table::Table;

/// Share of alphas in a dose above which it is not taken for one of sparse radiation.
const ALPHA_SHARE: f64 = 1e-4;

/// An effect and the weights of the particles for it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RbeSpec {
    /// The effect the weights hold for, such as `late kidney damage`.
    pub effect: String,
    /// Weight of alphas.
    pub alpha: f64,
    /// Weight of electrons.
    #[serde(default = "one")]
    pub electron: f64,
    /// Weight of photons.
    #[serde(default = "one")]
    pub photon: f64,
    /// Regions; all with a dose if left out.
    pub regions: Option<Vec<String>>,
}

fn one() -> f64 {
    1.0
}

/// What a reader should look at: an RBE of alphas asked for where there are none.
#[must_use]
pub fn warning(dose: &AbsorbedDose) -> Option<String> {
    (dose.alpha <= 0.0).then(|| {
        format!("warning: {} gives no alphas; an RBE of alphas changes nothing", dose.source)
    })
}

/// One warning for all regions without alphas.
#[must_use]
pub fn warnings(specs: &[RbeSpec], doses: &[RegionDose]) -> Vec<String> {
    let mut regions: Vec<&str> = Vec::new();
    let mut source = "";
    for (_, region) in wanted(specs, doses) {
        let Some(dose) = shown(&region.dose).0.filter(|dose| dose.alpha <= 0.0) else { continue };
        source = &dose.source;
        if !regions.contains(&region.region.as_str()) {
            regions.push(&region.region);
        }
    }
    if regions.is_empty() {
        return Vec::new();
    }
    vec![format!(
        "warning: {source} gives no alphas; an RBE of alphas changes nothing in {}",
        regions.join(", ")
    )]
}

fn wanted<'a>(
    specs: &'a [RbeSpec],
    doses: &'a [RegionDose],
) -> impl Iterator<Item = (&'a RbeSpec, &'a RegionDose)> {
    specs.iter().flat_map(move |spec| {
        doses.iter().filter(|d| spec.is_for(&d.region)).map(move |d| (spec, d))
    })
}

impl RbeSpec {
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
pub(crate) fn linear(dose: &AbsorbedDose, specs: &[RbeSpec]) -> Verdict<Linear> {
    let mut asked = specs.iter().filter(|spec| spec.is_for(&dose.region));
    let (first, second) = (asked.next(), asked.next());
    if !has_alphas(dose) {
        return Verdict::determined(Linear::sparse());
    }
    match (first, second) {
        (Some(spec), None) => Verdict::from(spec.weigh(dose))
            .map(|weighted| Linear { weight: weighted.gy_rbe() / dose.total, rbe: spec.words() }),
        (None, _) => Verdict::refused(Reason::with_hint(
            format!(
                "{} gives {:.0} % of the dose by alphas, and no RBE says what they are worth",
                dose.source,
                100.0 * dose.alpha / dose.total
            ),
            "give one, such as `--rbe \"late kidney damage=5\"`",
        )),
        (Some(_), Some(_)) => Verdict::refused(Reason::with_hint(
            "RBE of several effects are given, and a biologically effective dose is of one",
            "give the one of the effect that is asked for",
        )),
    }
}

/// The table of weighted doses, one row per region and effect.
///
/// # Errors
/// A weight that is not above 0, or a region that is not there.
pub fn table(id: &str, specs: &[RbeSpec], doses: &[RegionDose]) -> Result<Table, String> {
    for spec in specs {
        for name in spec.regions.iter().flatten() {
            if !doses.iter().any(|d| d.region == *name) {
                let known: Vec<&str> = doses.iter().map(|d| d.region.as_str()).collect();
                return Err(format!(
                    "an RBE is asked for `{name}`, which has no dose; there are: {}",
                    known.join(", ")
                ));
            }
        }
    }
    for spec in specs {
        for (name, weight) in
            [("alphas", spec.alpha), ("electrons", spec.electron), ("photons", spec.photon)]
        {
            if !(weight > 0.0 && weight.is_finite()) {
                return Err(format!("the RBE of {name} is {weight}; expected a number above 0"));
            }
        }
    }
    let mut table =
        Table::new(format!("{id}.rbe"), "Doses weighted by RBE, per effect; not an absorbed dose")
            .column("region", "")
            .column("effect", "")
            .column("rbe_alpha", "")
            .column("rbe_electron", "")
            .column("rbe_photon", "")
            .column("absorbed", "Gy")
            .column("weighted", "Gy(RBE)")
            .column("weighted_sd", "Gy(RBE)")
            .column("per_activity", "Gy(RBE)/GBq")
            .column("note", "");
    for (spec, region) in wanted(specs, doses) {
        let both = region
            .dose
            .as_ref()
            .and_then(|dose| Verdict::from(spec.weigh(dose)).map(|weighted| (dose, weighted)));
        let (found, mut note) = shown(&both);
        if let Some(warning) = found.and_then(|(dose, _)| warning(dose)) {
            note = if note.is_empty() { warning } else { format!("{note}; {warning}") };
        }
        let per = |(dose, weighted): &(&AbsorbedDose, RbeWeightedDose)| {
            let per = dose.gy_per_gbq.filter(|_| dose.total > 0.0)?;
            Some(per * weighted.gy_rbe() / dose.total)
        };
        table.push(vec![
            region.region.as_str().into(),
            spec.effect.as_str().into(),
            spec.alpha.into(),
            spec.electron.into(),
            spec.photon.into(),
            found.map(|(dose, _)| dose.total).into(),
            found.map(|(_, weighted)| weighted.gy_rbe()).into(),
            found.and_then(|(_, weighted)| weighted.sd()).into(),
            found.and_then(per).into(),
            note.into(),
        ]);
    }
    Ok(table)
}
