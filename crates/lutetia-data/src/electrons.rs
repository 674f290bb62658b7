//! Electrons that a nuclide gives off, as a table that travels inside the program.

use std::sync::LazyLock;

use crate::reference::{LineFault, ReferenceError, Table};

/// What a row of the electron table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ElectronKind {
    /// Beta particles of one branch; the energy is the end point. `unique` is the order of a unique
    /// forbidden transition, 0 where it is none.
    BetaMinus {
        /// Order of a unique forbidden transition.
        unique: u8,
    },
    /// Positrons of one branch.
    BetaPlus {
        /// Order of a unique forbidden transition.
        unique: u8,
    },
    /// Electrons of one energy: conversion electrons of a shell.
    Line,
    /// What is left of the electron energy, which stays where it arises: Auger electrons.
    Rest,
}

/// One row: a branch or a line of a nuclide.
#[derive(Debug, Clone, PartialEq)]
pub struct ElectronRow {
    /// Canonical nuclide name.
    pub nuclide: String,
    /// What the row is.
    pub kind: ElectronKind,
    /// End point of a branch or energy of a line, keV.
    pub energy_kev: f64,
    /// Mean energy, keV.
    pub mean_kev: f64,
    /// Electrons per decay.
    pub yield_per_decay: f64,
    /// Atomic number of the daughter; 0 for the rest.
    pub z_daughter: u32,
}

static ELECTRONS: LazyLock<Vec<ElectronRow>> = LazyLock::new(|| {
    let text = lutetia_reference_data::NUCLIDE_ELECTRONS;
    let mut rows = electrons_from_csv(text).expect("the bundled table is read by a test");
    rows.sort_by(|a, b| a.nuclide.cmp(&b.nuclide));
    rows
});

/// Electrons of a nuclide by its canonical name (`Lu-177`); empty where the table has none.
///
/// ```
/// let rows = lutetia_data::electrons("Y-90");
/// assert!((rows[0].energy_kev - 2278.5).abs() < 1e-9);
/// ```
#[must_use]
pub fn electrons(nuclide: &str) -> &'static [ElectronRow] {
    let start = ELECTRONS.partition_point(|row| row.nuclide.as_str() < nuclide);
    let end = ELECTRONS.partition_point(|row| row.nuclide.as_str() <= nuclide);
    &ELECTRONS[start..end]
}

/// Parses a table `nuclide, kind, energy_keV, mean_keV, yield_per_decay, z_daughter`.
///
/// # Errors
/// A missing column, a kind that is not known, a number that is not above 0.
pub fn electrons_from_csv(text: &str) -> Result<Vec<ElectronRow>, ReferenceError> {
    let columns = ["nuclide", "kind", "energy_keV", "mean_keV", "yield_per_decay", "z_daughter"];
    let mut table = Table::new("nuclide_electrons.csv", text, &columns)?;
    let mut out = Vec::new();
    while let Some(row) = table.next_row()? {
        let needed = |column: usize| {
            row.positive(column)?
                .ok_or_else(|| row.fault(LineFault::Empty { column: columns[column].to_owned() }))
        };
        let text = row.text(1)?;
        let (word, order) = text.split_once(" unique ").unwrap_or((&text, "0"));
        let unique =
            order.parse().map_err(|_| row.fault(LineFault::Order { text: order.to_owned() }))?;
        let kind = match word {
            "beta-" => ElectronKind::BetaMinus { unique },
            "beta+" => ElectronKind::BetaPlus { unique },
            "conversion" => ElectronKind::Line,
            "rest" => ElectronKind::Rest,
            other => {
                return Err(row.fault(LineFault::ElectronKind { text: other.to_owned() }));
            }
        };
        out.push(ElectronRow {
            nuclide: row.text(0)?,
            kind,
            energy_kev: needed(2)?,
            mean_kev: needed(3)?,
            yield_per_decay: needed(4)?,
            z_daughter: row.positive(5)?.map_or(0, |z| z as u32),
        });
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_the_rows_carry_the_mean_electron_energy() {
        for nuclide in crate::nuclides().iter().filter(|n| !n.is_stable()) {
            let sum: f64 = electrons(&nuclide.name)
                .iter()
                .map(|row| row.mean_kev * row.yield_per_decay / 1000.0)
                .sum();
            let energy = nuclide.energy.electron_mev;
            // Rounding of means (0.1 keV) and yields, and rows below 0.1 % where no rest is written.
            assert!(
                (sum - energy).abs() < 2e-3 * energy + 1e-4,
                "{}: rows carry {sum} MeV, the table {energy} MeV",
                nuclide.name
            );
            for row in electrons(&nuclide.name) {
                assert!(row.mean_kev <= row.energy_kev, "{row:?}");
            }
        }
    }

    #[test]
    fn exact_faults_name_line_and_reason() {
        let header = "nuclide,kind,energy_keV,mean_keV,yield_per_decay,z_daughter\n";
        for (row, expected) in [
            ("A-1,gamma,1,1,1,2\n", "`gamma` is not a kind of electron"),
            ("A-1,beta- unique x,1,1,1,2\n", "`x` is not an order"),
            ("A-1,beta-,,1,1,2\n", "`energy_keV` is empty"),
            ("A-1,beta-,-1,1,1,2\n", "`-1` is not a positive number"),
        ] {
            let error = electrons_from_csv(&format!("{header}{row}")).expect_err(row).to_string();
            assert!(error.contains(expected) && error.contains("line 2"), "{error}");
        }
    }
}
