//! Sources from the bundled nuclide table.

use lutetia_units::{DecayChain, Nuclide};

use crate::emitter::{Emitter, PhotonLine, Source};
use crate::error::{DoseError, NoDaughter};

/// Longest half-life of a daughter counted with its parent, in half-lives of the parent.
pub(crate) const LONGEST_DAUGHTER: f64 = 10.0;

/// A nuclide of the bundled table alone, without its daughters. `Lu-177`, `177Lu` and `lu177` mean
/// the same.
///
/// # Errors
/// [`DoseError::Nuclide`] when there is none of that name.
pub fn source(nuclide: &str) -> Result<Source, DoseError> {
    Ok(Source::alone(emitter(lutetia_data::nuclides().get(nuclide)?)?))
}

/// A nuclide of the bundled table with every daughter that decays at the same place, in
/// equilibrium.
///
/// Each daughter counts with its decays per decay of the parent, branching included. A daughter
/// that lives more than ten times as long as the parent (207Bi after 211At, 149Gd after 149Tb) does
/// not stay with it: it and what follows it are left out. Daughters that leave the place of the
/// parent need curves of their own and [`source`].
///
/// # Errors
/// [`DoseError::Nuclide`] when there is none of that name.
pub fn source_with_daughters(nuclide: &str) -> Result<Source, DoseError> {
    let chain = DecayChain::of(lutetia_data::nuclides(), nuclide)?;
    let parent = &chain.members()[0];
    let longest = LONGEST_DAUGHTER * parent.half_life_s;
    let (counted, left_out): (Vec<&Nuclide>, Vec<&Nuclide>) =
        chain.members()[1..].iter().partition(|daughter| daughter.half_life_s <= longest);
    let left_out: Vec<&str> = left_out.iter().map(|daughter| daughter.name.as_str()).collect();
    let mut members = vec![(1.0, emitter(parent)?)];
    for daughter in counted {
        let per_parent = chain.yield_to(&daughter.name, &left_out);
        if per_parent > 0.0 {
            members.push((per_parent, emitter(daughter)?));
        }
    }
    let name = match members.len() {
        1 => parent.name.clone(),
        n => format!("{} with its daughters in equilibrium ({} nuclides)", parent.name, n),
    };
    Source::in_equilibrium(&name, members)
}

/// A nuclide of the bundled table with the daughters that decay where it does, those `elsewhere` and what follows them
/// left out: they are followed by themselves. A daughter that lives longer than `longest_s` seconds is left out with what
/// follows it, too.
///
/// # Errors
/// [`DoseError::Nuclide`] when there is none of that name.
pub fn source_until(
    nuclide: &str,
    elsewhere: &[&str],
    longest_s: f64,
) -> Result<Source, DoseError> {
    let chain = DecayChain::of(lutetia_data::nuclides(), nuclide)?;
    let [parent, daughters @ ..] = chain.members() else {
        return source(nuclide);
    };
    let is_elsewhere =
        |d: &Nuclide| elsewhere.contains(&d.name.as_str()) || d.half_life_s > longest_s;
    let left_out: Vec<&str> =
        daughters.iter().filter(|d| is_elsewhere(d)).map(|d| d.name.as_str()).collect();
    let mut members = vec![(1.0, emitter(parent)?)];
    for daughter in daughters.iter().filter(|d| !is_elsewhere(d)) {
        let per_parent = chain.yield_to(&daughter.name, &left_out);
        if per_parent > 0.0 {
            members.push((per_parent, emitter(daughter)?));
        }
    }
    Source::in_equilibrium(&parent.name, members)
}

/// Decays of a daughter per decay of `nuclide`, branching included; 1 for the nuclide itself.
///
/// # Errors
/// [`DoseError::Nuclide`] for a name that is not known; [`DoseError::Daughter`] for one that is no
/// daughter.
pub fn decays_per_decay(nuclide: &str, daughter: &str) -> Result<f64, DoseError> {
    let chain = DecayChain::of(lutetia_data::nuclides(), nuclide)?;
    let name = &lutetia_data::nuclides().get(daughter)?.name;
    if *name == chain.members()[0].name {
        return Ok(1.0);
    }
    let yielded = chain.yield_to(name, &[]);
    if yielded > 0.0 {
        return Ok(yielded);
    }
    let why = NoDaughter::NotOfChain { parent: chain.members()[0].name.clone(), can_leave: None };
    Err(DoseError::Daughter { daughter: daughter.to_owned(), why })
}

/// Energies of the table; the recoil nucleus counts as alpha.
fn emitter(nuclide: &Nuclide) -> Result<Emitter, DoseError> {
    let energy = &nuclide.energy;
    let photons = lutetia_data::photon_lines(&nuclide.name)
        .iter()
        .map(|line| PhotonLine {
            energy_kev: line.energy_kev,
            yield_per_decay: line.yield_per_decay,
        })
        .collect();
    let alpha = energy.alpha_mev + energy.alpha_recoil_mev;
    // Mean energy of the alphas themselves, where only some decays give one (212Bi).
    let share: f64 = nuclide.branches.iter().filter(|b| b.mode == "A").map(|b| b.fraction).sum();
    let particle = if share > 0.0 { energy.alpha_mev / share } else { 0.0 };
    let emitter =
        Emitter::new(&nuclide.name, [alpha, energy.electron_mev, energy.photon_mev], photons)?;
    Ok(emitter.with_alphas_of(particle))
}
