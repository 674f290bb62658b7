//! Doses by daughter of a chain, and what daughters that leave do to them.

use std::collections::BTreeMap;

use lutetia_diagnostic::{FlagKind, Verdict};
use lutetia_dose::{
    Leaving, Mass, MemberDose, OwnActivity, Region, Sex, chain_decays, chain_doses,
};
use serde::Deserialize;

use super::{RegionDose, quantity};
use lutetia_patient::{RegionTia, shown};
use lutetia_table::Table;

/// What becomes of the daughters.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DaughterSpec {
    /// Daughters that leave a region by a fraction; those not named stay.
    #[serde(default)]
    pub leaving: Vec<LeavingSpec>,
    /// Daughters with a measured curve of their own.
    #[serde(default)]
    pub own: Vec<OwnSpec>,
}

/// A daughter that leaves a region.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeavingSpec {
    /// The daughter.
    pub nuclide: String,
    /// Region it leaves.
    pub from: String,
    /// Fraction of its atoms, such as `30 %`.
    pub fraction: String,
    /// Regions where they decay instead, and the part of those that left that each gets.
    #[serde(default)]
    pub to: BTreeMap<String, String>,
}

/// A daughter with its own curve.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnSpec {
    /// The daughter.
    pub nuclide: String,
    /// Region whose dose it adds to.
    pub place: String,
    /// Measured region that is its curve there.
    pub curve: String,
}

/// Doses of every region by every member of the chain; `doses` gives regions and masses, and gets the
/// sums.
///
/// A region that gets daughters from one whose integral is refused, or whose daughter has a curve that is
/// refused, is refused as well; flags travel the same ways.
///
/// # Errors
/// A daughter or region that is not there, several parents, a fraction out of range.
pub fn by_member(
    spec: &DaughterSpec,
    tias: &[RegionTia],
    doses: &mut [RegionDose],
    reference: Sex,
) -> Result<Vec<MemberDose>, String> {
    let curves: Vec<&str> = spec.own.iter().map(|own| own.curve.as_str()).collect();
    join(spec, tias, doses)?;
    let mut parents = Vec::new();
    let mut places = Vec::new();
    let mut nuclide: Option<&str> = None;
    for (tia, dose) in tias.iter().zip(doses.iter()) {
        // What stands against them has joined the doses; here the numbers are moved.
        let (Some(found), Some(dose)) = (shown(&tia.tia).0, shown(&dose.dose).0) else { continue };
        if curves.contains(&tia.region.as_str()) {
            continue;
        }
        match nuclide {
            None => nuclide = Some(&tia.nuclide),
            Some(first) if first != tia.nuclide => {
                return Err(format!(
                    "`{}` was measured by {} and others by {first}; name the curves of daughters in `own`",
                    tia.region, tia.nuclide
                ));
            }
            Some(_) => {}
        }
        let region = Region::named(&tia.region).map_err(|e| e.to_string())?;
        parents.push((tia.region.clone(), found.value_mbq_h()));
        places.push((region, Mass { g: dose.mass.g, sd_g: None }));
    }
    let Some(nuclide) = nuclide else { return Ok(Vec::new()) };
    let refused = |name: &str| doses.iter().any(|d| d.region == name && d.dose.is_refused());
    let leaving = spec
        .leaving
        .iter()
        .filter(|way| !refused(&way.from))
        .map(|way| {
            let to = way
                .to
                .iter()
                .filter(|(place, _)| !refused(place))
                .map(|(place, part)| {
                    Ok((place.clone(), quantity("part of what leaves", part, "1")?))
                })
                .collect::<Result<_, String>>()?;
            Ok(Leaving {
                daughter: way.nuclide.clone(),
                from: way.from.clone(),
                fraction: quantity("fraction that leaves", &way.fraction, "1")?,
                to,
            })
        })
        .collect::<Result<Vec<_>, String>>()?;
    let own = spec
        .own
        .iter()
        .filter(|own| !refused(&own.place))
        .map(|own| {
            let tia = of_curve(own, tias)?.tia.as_ref().accept(&FlagKind::ALL);
            let mbq_h = tia.map_err(|e| e.to_string())?.value_mbq_h();
            Ok(OwnActivity { daughter: own.nuclide.clone(), place: own.place.clone(), mbq_h })
        })
        .collect::<Result<Vec<_>, String>>()?;
    let decays = chain_decays(nuclide, &parents, &leaving, &own).map_err(|e| e.to_string())?;
    let members = chain_doses(&decays, &places, reference).map_err(|e| e.to_string())?;
    for dose in doses.iter_mut() {
        let sum = |i: usize| -> f64 {
            members.iter().filter(|m| m.decays.place == dose.region).map(|m| m.gy[i]).sum()
        };
        let (alpha, electron, photon) = (sum(0), sum(1), sum(2));
        let total = alpha + electron + photon;
        if total <= 0.0 {
            continue;
        }
        dose.dose = dose.dose.clone().map(|mut found| {
            let ratio = total / found.total;
            found.sd = found.sd.map(|sd| sd * ratio);
            found.gy_per_gbq = found.gy_per_gbq.map(|per| per * ratio);
            (found.alpha, found.electron, found.photon, found.total) =
                (alpha, electron, photon, total);
            found.method = format!("{}; daughters as table `daughters` says", found.method);
            found
        });
    }
    Ok(members)
}

/// The measured curve of a daughter.
fn of_curve<'a>(own: &OwnSpec, tias: &'a [RegionTia]) -> Result<&'a RegionTia, String> {
    tias.iter()
        .find(|t| t.region == own.curve)
        .ok_or_else(|| format!("the curve `{}` of {} was not measured", own.curve, own.nuclide))
}

/// Joins the verdicts along the ways of daughters: from where they leave to where they decay, as often as
/// there are regions, so that a way over several of them is followed to its end.
fn join(spec: &DaughterSpec, tias: &[RegionTia], doses: &mut [RegionDose]) -> Result<(), String> {
    let add = |doses: &mut [RegionDose], place: &str, what: Verdict<()>| {
        for dose in doses.iter_mut().filter(|d| d.region == place) {
            dose.dose = dose.dose.clone().zip(what.clone()).map(|(dose, ())| dose);
        }
    };
    for own in &spec.own {
        let tia = &of_curve(own, tias)?.tia;
        let of = format!("`{}`, curve of {}", own.curve, own.nuclide);
        add(doses, &own.place, tia.as_ref().map(|_| ()).within(&of));
    }
    for _ in 0..doses.len() {
        for way in &spec.leaving {
            let from = doses.iter().find(|d| d.region == way.from);
            let Some(from) = from.map(|d| d.dose.as_ref().map(|_| ())) else { continue };
            if !from.is_refused() {
                continue;
            }
            let of = format!("{} comes from `{}`", way.nuclide, way.from);
            for place in way.to.keys() {
                let already = doses.iter().any(|d| d.region == *place && d.dose.is_refused());
                if !already {
                    add(doses, place, from.clone().within(&of));
                }
            }
        }
    }
    for way in &spec.leaving {
        let Some(from) = tias.iter().find(|t| t.region == way.from) else { continue };
        let flags = from.tia.as_ref().map(|_| ()).within(&format!("`{}`", way.from));
        for place in way.to.keys().filter(|_| !flags.is_refused()) {
            add(doses, place, flags.clone());
        }
    }
    Ok(())
}

/// The table of doses by daughter.
#[must_use]
pub fn table(id: &str, members: &[MemberDose]) -> Table {
    let mut table = Table::new(
        format!("{id}.daughters"),
        "Decays and mean absorbed dose of every member of the chain, physical dose without RBE",
    )
    .column("member", "")
    .column("region", "")
    .column("nuclide", "")
    .column("tia", "MBq h")
    .column("arising", "MBq h")
    .column("alpha", "Gy")
    .column("electron", "Gy")
    .column("photon", "Gy")
    .column("total", "Gy");
    for m in members {
        let [alpha, electron, photon] = m.gy;
        table.push(vec![
            format!("{} {}", m.decays.place, m.decays.nuclide).into(),
            m.decays.place.as_str().into(),
            m.decays.nuclide.as_str().into(),
            m.decays.mbq_h.into(),
            m.decays.arising_mbq_h.into(),
            alpha.into(),
            electron.into(),
            photon.into(),
            (alpha + electron + photon).into(),
        ]);
    }
    table
}
