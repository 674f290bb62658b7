//! Where the daughters of a parent decay: beside it, elsewhere, or by curves of their own.
//!
//! Recoil and the change of the element free a daughter from its carrier. What that does to the dose of
//! a place is a matter of three answers, which may differ by place and daughter: it stays where the
//! parent decayed, a fraction of its atoms leaves and decays at other named places (or is lost to
//! them), or it was measured and has a time-integrated activity of its own. A daughter that lives less
//! than a minute is prompt: it decays where it arises.
//!
//! Integrals over all time are enough for this: an atom that arises either decays here or there,
//! so that the decays of every member follow from those of the parent by branching and fractions, in
//! the order of the chain. No rate constant is needed.

use lutetia_units::{DecayChain, Nuclide};
use serde::Serialize;

use crate::bundled;
use crate::dose::Mass;
use crate::error::{CanLeave, DoseError, NoDaughter, above_zero, not_negative};
use crate::factor::{GY_PER_MBQ_H, self_dose_factor};
use crate::region::Region;

/// A daughter that lives shorter decays where it arises, s.
pub const PROMPT_HALF_LIFE_S: f64 = 60.0;

/// A fraction of a daughter's atoms leaves a place before it decays.
#[derive(Debug, Clone, PartialEq)]
pub struct Leaving {
    /// The daughter, by any name of the nuclide table.
    pub daughter: String,
    /// The place that it leaves.
    pub from: String,
    /// Fraction of the atoms that arise there and leave, 0 to 1.
    pub fraction: f64,
    /// Places where they decay, each with its part of those that left; what is not named is lost to all
    /// places (excreted, or spread over the body).
    pub to: Vec<(String, f64)>,
}

/// A daughter with a time-integrated activity of its own at a place.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnActivity {
    /// The daughter.
    pub daughter: String,
    /// The place.
    pub place: String,
    /// MBq·h.
    pub mbq_h: f64,
}

/// Decays of one member at one place.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MemberDecays {
    /// The place.
    pub place: String,
    /// The member.
    pub nuclide: String,
    /// Time-integrated activity, MBq·h.
    pub mbq_h: f64,
    /// Atoms that arose there, in the same unit: what would decay if all stayed.
    pub arising_mbq_h: f64,
}

/// Dose of one place by one member.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MemberDose {
    /// Decays.
    pub decays: MemberDecays,
    /// Alpha, electron and photon dose, Gy.
    pub gy: [f64; 3],
}

/// Time-integrated activities of every member of the chain of `parent` at every place of `parents`
/// (place and MBq·h of the parent), in the order of the chain. A member that lives more than ten times
/// as long as the parent, and what follows it, is left out.
///
/// # Errors
/// [`DoseError::Nuclide`] for a parent that is not known; [`DoseError::Daughter`] for a daughter that is
/// not of the chain or prompt, or a place that is not among `parents`; [`DoseError::OutOfRange`] for a
/// fraction or an activity out of range.
pub fn chain_decays(
    parent: &str,
    parents: &[(String, f64)],
    leaving: &[Leaving],
    own: &[OwnActivity],
) -> Result<Vec<MemberDecays>, DoseError> {
    let chain = DecayChain::of(lutetia_data::nuclides(), parent)?;
    let members = chain.members();
    let place = |name: &str| {
        parents.iter().position(|(p, _)| p == name).ok_or_else(|| {
            let known = parents.iter().map(|(p, _)| p.clone()).collect();
            DoseError::Daughter { daughter: name.to_owned(), why: NoDaughter::NoPlace { known } }
        })
    };
    let member = |name: &str| member(&chain, name);
    for (place, mbq_h) in parents {
        not_negative("time-integrated activity", place, *mbq_h, "MBq h")?;
    }
    // By member and place: fraction that leaves, and where to.
    let mut ways = vec![vec![(0.0, Vec::new()); parents.len()]; members.len()];
    for way in leaving {
        let (k, p) = (member(&way.daughter)?, place(&way.from)?);
        fraction("fraction that leaves", &way.from, way.fraction)?;
        let mut to = Vec::new();
        for (name, part) in &way.to {
            fraction("part of what leaves", name, *part)?;
            to.push((place(name)?, *part));
        }
        fraction(
            "sum of the parts of what leaves",
            &way.from,
            to.iter().map(|(_, part)| part).sum(),
        )?;
        ways[k][p] = (way.fraction, to);
    }
    let mut given = vec![vec![None; parents.len()]; members.len()];
    for own in own {
        not_negative("time-integrated activity", &own.place, own.mbq_h, "MBq h")?;
        given[member(&own.daughter)?][place(&own.place)?] = Some(own.mbq_h);
    }

    let counted = counted(&chain);
    let mut decays = vec![vec![0.0; parents.len()]; members.len()];
    let mut arising = decays.clone();
    for (k, nuclide) in members.iter().enumerate() {
        if !counted[k] {
            continue;
        }
        for p in 0..parents.len() {
            if k == 0 {
                decays[0][p] = parents[p].1;
                arising[0][p] = parents[p].1;
                continue;
            }
            let (left, to) = &ways[k][p];
            let born = arising[k][p];
            decays[k][p] += born * (1.0 - left);
            for (q, part) in to {
                decays[k][*q] += born * left * part;
            }
        }
        for p in 0..parents.len() {
            if let Some(own) = given[k][p] {
                decays[k][p] = own;
            }
            for branch in &nuclide.branches {
                if let Some(next) = members.iter().position(|m| m.name == branch.daughter) {
                    arising[next][p] += branch.fraction * decays[k][p];
                }
            }
        }
    }
    let mut out = Vec::new();
    for (p, (place, _)) in parents.iter().enumerate() {
        for (k, nuclide) in members.iter().enumerate() {
            if counted[k] && (decays[k][p] > 0.0 || arising[k][p] > 0.0) {
                out.push(MemberDecays {
                    place: place.clone(),
                    nuclide: nuclide.name.clone(),
                    mbq_h: decays[k][p],
                    arising_mbq_h: arising[k][p],
                });
            }
        }
    }
    Ok(out)
}

/// Which members count: radioactive, not more than ten times as long-lived as the parent, and reached
/// through such members only.
fn counted(chain: &DecayChain) -> Vec<bool> {
    let members = chain.members();
    let longest = bundled::LONGEST_DAUGHTER * members[0].half_life_s;
    let too_long: Vec<&str> =
        members[1..].iter().filter(|m| m.half_life_s > longest).map(|m| m.name.as_str()).collect();
    members
        .iter()
        .enumerate()
        .map(|(k, m)| {
            k == 0
                || (!too_long.contains(&m.name.as_str())
                    && chain.yield_to(&m.name, &too_long) > 0.0)
        })
        .collect()
}

/// Index of a daughter that can be somewhere else than its parent.
fn member(chain: &DecayChain, name: &str) -> Result<usize, DoseError> {
    let members = chain.members();
    let refused = |why| Err(DoseError::Daughter { daughter: name.to_owned(), why });
    let parent = || members[0].name.clone();
    let can_leave = || {
        let leaves = |m: &&Nuclide| !m.is_stable() && m.half_life_s >= PROMPT_HALF_LIFE_S;
        let daughters = members[1..].iter().filter(leaves).map(|m| m.name.clone()).collect();
        CanLeave { parent: parent(), daughters }
    };
    let canonical = match lutetia_data::nuclides().get(name) {
        Ok(nuclide) => nuclide.name.clone(),
        Err(error) => return refused(NoDaughter::Unknown(error)),
    };
    match members.iter().position(|m| m.name == canonical) {
        None | Some(0) => {
            let can_leave = Some(can_leave());
            refused(NoDaughter::NotOfChain { parent: parent(), can_leave })
        }
        Some(k) if members[k].is_stable() => refused(NoDaughter::Stable { can_leave: can_leave() }),
        Some(k) if members[k].half_life_s < PROMPT_HALF_LIFE_S => {
            let half_life_s = members[k].half_life_s;
            refused(NoDaughter::Prompt { half_life_s, can_leave: can_leave() })
        }
        Some(k) => Ok(k),
    }
}

fn fraction(quantity: &'static str, of: &str, value: f64) -> Result<f64, DoseError> {
    // Sums of parts such as 0.7 + 0.3 round above 1.
    if value.is_finite() && (0.0..=1.0 + 1e-9).contains(&value) {
        return Ok(value);
    }
    let expected = "a number from 0 to 1";
    Err(DoseError::OutOfRange { quantity, of: of.to_owned(), value, unit: "(of 1)", expected })
}

/// Dose of every place by every member, self dose only.
///
/// # Errors
/// As [`self_dose_factor`], and a place without mass.
pub fn chain_doses(
    decays: &[MemberDecays],
    places: &[(Region, Mass)],
    reference: lutetia_data::Sex,
) -> Result<Vec<MemberDose>, DoseError> {
    let mut out = Vec::new();
    for decays in decays {
        let Some((region, mass)) = places.iter().find(|(r, _)| r.given() == decays.place) else {
            continue;
        };
        let source = bundled::source(&decays.nuclide)?;
        let factor = if region.is_red_marrow() {
            crate::marrow::marrow_self_factor(&source, reference)?.scaled_to(mass.g)?
        } else {
            self_dose_factor(&source, region, mass.g, reference)?
        };
        let gy =
            [factor.alpha, factor.electron, factor.photon].map(|s| GY_PER_MBQ_H * s * decays.mbq_h);
        out.push(MemberDose { decays: decays.clone(), gy });
    }
    Ok(out)
}

/// Curve of a daughter that stays with its parent: phases (MBq, 1/h) of the parent in, phases of the
/// daughter out, none of the daughter at the start:
///
/// ```text
/// A_d(t) = Σ_i b·a_i·λ/(λ − k_i)·(e^(−k_i t) − e^(−λ t))
/// ```
///
/// `yield_per_decay` is b, times the fraction that stays. A rate within 1e-6 of λ is moved off it by
/// that much.
///
/// # Errors
/// [`DoseError::OutOfRange`] for a half-life (h) not above 0 or a negative yield.
pub fn daughter_phases(
    phases: &[(f64, f64)],
    half_life_h: f64,
    yield_per_decay: f64,
) -> Result<Vec<(f64, f64)>, DoseError> {
    above_zero("half-life", "the daughter", half_life_h, "h")?;
    not_negative("yield", "the daughter", yield_per_decay, "per decay")?;
    let lambda = std::f64::consts::LN_2 / half_life_h;
    let mut out = Vec::new();
    let mut own = 0.0;
    for &(a, k) in phases {
        let k = if (k / lambda - 1.0).abs() < 1e-6 { lambda * (1.0 - 1e-6) } else { k };
        let amplitude = yield_per_decay * a * lambda / (lambda - k);
        out.push((amplitude, k));
        own -= amplitude;
    }
    out.push((own, lambda));
    Ok(out)
}
