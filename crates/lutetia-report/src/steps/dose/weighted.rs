//! Doses weighted by the relative biological effectiveness of an effect, in Gy(RBE).

use lutetia_dose::{AbsorbedDose, Rbe, rbe_weighted};
use serde::Deserialize;

use super::RegionDose;
use crate::table::{Cell, Table};

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
    for (_, dose) in wanted(specs, doses).filter(|(_, dose)| dose.alpha <= 0.0) {
        source = &dose.source;
        if !regions.contains(&dose.region.as_str()) {
            regions.push(&dose.region);
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
) -> impl Iterator<Item = (&'a RbeSpec, &'a AbsorbedDose)> {
    specs.iter().flat_map(move |spec| {
        doses
            .iter()
            .filter(|d| spec.regions.as_ref().is_none_or(|names| names.contains(&d.region)))
            .filter_map(move |d| Some((spec, d.dose.as_ref().ok()?)))
    })
}

/// The table of weighted doses, one row per region and effect.
///
/// # Errors
/// A weight that is not above 0, or a region without a dose.
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
    for (spec, dose) in wanted(specs, doses) {
        let rbe = Rbe { alpha: spec.alpha, electron: spec.electron, photon: spec.photon };
        let weighted = rbe_weighted(dose, rbe).map_err(|e| e.to_string())?;
        let per = dose.gy_per_gbq.filter(|_| dose.total > 0.0);
        table.push(vec![
            dose.region.as_str().into(),
            spec.effect.as_str().into(),
            spec.alpha.into(),
            spec.electron.into(),
            spec.photon.into(),
            dose.total.into(),
            weighted.gy_rbe().into(),
            weighted.sd().into(),
            per.map(|per| per * weighted.gy_rbe() / dose.total).into(),
            Cell::from(warning(dose).unwrap_or_default().as_str()),
        ]);
    }
    Ok(table)
}
