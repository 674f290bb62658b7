//! Sources from the bundled nuclide table.

use std::collections::BTreeMap;

use lutetia_units::{Nuclide, NuclideTable};

use crate::emitter::{Emitter, PhotonLine, Source};
use crate::error::DoseError;

/// Longest half-life of a daughter counted with its parent, in half-lives of the parent.
const LONGEST_DAUGHTER: f64 = 10.0;

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
    source_with_daughters_of(lutetia_data::nuclides(), nuclide)
}

fn source_with_daughters_of(table: &NuclideTable, nuclide: &str) -> Result<Source, DoseError> {
    let parent = table.get(nuclide)?;
    let mut decays = BTreeMap::from([(parent.name.as_str(), 1.0)]);
    // A chain only branches and joins downwards (the table refuses cycles): each pass settles one
    // generation more.
    let mut generation = vec![(parent, 1.0)];
    while !generation.is_empty() {
        let mut next: Vec<(&Nuclide, f64)> = Vec::new();
        for (nuclide, per_parent) in generation {
            for branch in &nuclide.branches {
                let daughter = table.get(&branch.daughter)?;
                if daughter.half_life_s > LONGEST_DAUGHTER * parent.half_life_s {
                    continue;
                }
                let share = per_parent * branch.fraction;
                *decays.entry(daughter.name.as_str()).or_insert(0.0) += share;
                next.push((daughter, share));
            }
        }
        generation = next;
    }
    let daughters = decays.len() - 1;
    let members = decays
        .into_iter()
        .map(|(name, per_parent)| Ok((per_parent, emitter(table.get(name)?)?)))
        .collect::<Result<Vec<_>, DoseError>>()?;
    let name = match daughters {
        0 => parent.name.clone(),
        _ => format!("{} with {daughters} daughters in equilibrium", parent.name),
    };
    Source::in_equilibrium(&name, members)
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
    Emitter::new(&nuclide.name, [alpha, energy.electron_mev, energy.photon_mev], photons)
}
