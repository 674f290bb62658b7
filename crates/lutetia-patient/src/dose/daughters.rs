//! Doses by daughter of a chain, and what daughters that leave do to them.

use lutetia_diagnostic::{FlagKind, Verdict};
use lutetia_dose::{
    Leaving, Mass, MemberDose, OwnActivity, Region, Sex, chain_decays, chain_doses,
};

use super::RegionDose;
use crate::{PatientError, RegionTia, shown};

/// What becomes of the daughters.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Daughters {
    /// Daughters that leave a region by a fraction; those not named stay.
    pub leaving: Vec<Leaving>,
    /// Daughters with a measured curve of their own.
    pub own: Vec<OwnCurve>,
}

/// A daughter with its own curve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnCurve {
    /// The daughter.
    pub daughter: String,
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
/// [`PatientError`]: a daughter or region that is not there, several parents, a fraction out of range.
pub(super) fn by_member(
    asked: &Daughters,
    tias: &[RegionTia],
    doses: &mut [RegionDose],
    reference: Sex,
) -> Result<Vec<MemberDose>, PatientError> {
    let curves: Vec<&str> = asked.own.iter().map(|own| own.curve.as_str()).collect();
    join(asked, tias, doses)?;
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
                return Err(PatientError::SeveralParents {
                    region: tia.region.clone(),
                    nuclide: tia.nuclide.clone(),
                    first: first.to_owned(),
                });
            }
            Some(_) => {}
        }
        let region = Region::named(&tia.region)?;
        parents.push((tia.region.clone(), found.value_mbq_h()));
        places.push((region, Mass { g: dose.mass.g, sd_g: None }));
    }
    let Some(nuclide) = nuclide else { return Ok(Vec::new()) };
    let refused = |name: &str| doses.iter().any(|d| d.region == name && d.dose.is_refused());
    let leaving: Vec<Leaving> = asked
        .leaving
        .iter()
        .filter(|way| !refused(&way.from))
        .map(|way| Leaving {
            to: way.to.iter().filter(|(place, _)| !refused(place)).cloned().collect(),
            ..way.clone()
        })
        .collect();
    let own = asked
        .own
        .iter()
        .filter(|own| !refused(&own.place))
        .map(|own| {
            let tia = of_curve(own, tias)?.tia.as_ref().accept(&FlagKind::ALL);
            let mbq_h =
                tia.map_err(|refusal| PatientError::Refused(Box::new(refusal)))?.value_mbq_h();
            Ok(OwnActivity { daughter: own.daughter.clone(), place: own.place.clone(), mbq_h })
        })
        .collect::<Result<Vec<_>, PatientError>>()?;
    let decays = chain_decays(nuclide, &parents, &leaving, &own)?;
    let members = chain_doses(&decays, &places, reference)?;
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
fn of_curve<'a>(own: &OwnCurve, tias: &'a [RegionTia]) -> Result<&'a RegionTia, PatientError> {
    tias.iter().find(|t| t.region == own.curve).ok_or_else(|| PatientError::DaughterCurve {
        curve: own.curve.clone(),
        nuclide: own.daughter.clone(),
    })
}

/// Joins the verdicts along the ways of daughters: from where they leave to where they decay, as often as
/// there are regions, so that a way over several of them is followed to its end.
fn join(
    asked: &Daughters,
    tias: &[RegionTia],
    doses: &mut [RegionDose],
) -> Result<(), PatientError> {
    let add = |doses: &mut [RegionDose], place: &str, what: Verdict<()>| {
        for dose in doses.iter_mut().filter(|d| d.region == place) {
            dose.dose = dose.dose.clone().zip(what.clone()).map(|(dose, ())| dose);
        }
    };
    for own in &asked.own {
        let tia = &of_curve(own, tias)?.tia;
        let of = format!("`{}`, curve of {}", own.curve, own.daughter);
        add(doses, &own.place, tia.as_ref().map(|_| ()).within(&of));
    }
    for _ in 0..doses.len() {
        for way in &asked.leaving {
            let from = doses.iter().find(|d| d.region == way.from);
            let Some(from) = from.map(|d| d.dose.as_ref().map(|_| ())) else { continue };
            if !from.is_refused() {
                continue;
            }
            let of = format!("{} comes from `{}`", way.daughter, way.from);
            for (place, _) in &way.to {
                let already = doses.iter().any(|d| d.region == *place && d.dose.is_refused());
                if !already {
                    add(doses, place, from.clone().within(&of));
                }
            }
        }
    }
    for way in &asked.leaving {
        let Some(from) = tias.iter().find(|t| t.region == way.from) else { continue };
        let flags = from.tia.as_ref().map(|_| ()).within(&format!("`{}`", way.from));
        for (place, _) in way.to.iter().filter(|_| !flags.is_refused()) {
            add(doses, place, flags.clone());
        }
    }
    Ok(())
}
