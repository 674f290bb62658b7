//! Nuclides of tests, with half-lives that a closed form can use to the last digit.

use lutetia_units::{Branch, MeanEnergy, Nuclide, NuclideTable};

/// A nuclide with its half-life in s and its daughters by fraction; without energies.
#[must_use]
pub fn nuclide(name: &str, half_life_s: f64, daughters: &[(&str, f64)]) -> Nuclide {
    Nuclide {
        name: name.to_owned(),
        half_life_s,
        half_life_sd_s: None,
        branches: daughters
            .iter()
            .map(|&(daughter, fraction)| Branch {
                daughter: daughter.to_owned(),
                fraction,
                mode: "B-".to_owned(),
            })
            .collect(),
        energy: MeanEnergy::default(),
        source: "for tests".to_owned(),
    }
}

/// A table of these: name, half-life in s, daughters by fraction.
///
/// # Panics
/// When they contradict each other.
#[must_use]
pub fn nuclide_table(rows: &[(&str, f64, &[(&str, f64)])]) -> NuclideTable {
    let nuclides =
        rows.iter().map(|(name, half_life_s, daughters)| nuclide(name, *half_life_s, daughters));
    NuclideTable::from_nuclides(nuclides.collect()).unwrap_or_else(|e| panic!("{e}"))
}
