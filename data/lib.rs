//! Tables of physics and anatomy, as the text of their files.
//!
//! They are a crate so that whatever computes with them can be packaged: a path out of a crate cannot. The crates
//! `lutetia-data`, `lutetia-dose`, `lutetia-outcome` and `lutetia-exchange` read them into numbers; nothing else
//! should. Each table names its columns in its header and its sources in a column or in the comments above it.
//!
//! ```
//! assert!(lutetia_reference_data::NUCLIDES.contains("Lu-177"));
//! ```

/// Half-lives, branches and mean energies per decay, with the source of each.
pub const NUCLIDES: &str = include_str!("nuclides.csv");
/// Photon lines and groups of each nuclide, with energy and yield.
pub const NUCLIDE_PHOTONS: &str = include_str!("nuclide_photons.csv");
/// Beta branches, conversion electrons and the Auger rest of each nuclide.
pub const NUCLIDE_ELECTRONS: &str = include_str!("nuclide_electrons.csv");
/// Organ masses of the reference adults (ICRP Publication 89).
pub const REFERENCE_MASSES: &str = include_str!("reference_masses.csv");
/// Organs whose self dose can be computed: form, pieces, density and the names they go by.
pub const DOSE_FACTOR_ORGANS: &str = include_str!("dose_factors_organs.csv");
/// Mass attenuation and energy-absorption coefficients of water.
pub const PHOTON_WATER_COEFFICIENTS: &str = include_str!("photon_water_coefficients.csv");
/// Absorbed fractions of photons in spheres, alone and within a body.
pub const PHOTON_SPHERE_ABSORBED_FRACTIONS: &str =
    include_str!("photon_sphere_absorbed_fractions.csv");
/// Dose point kernels of electrons in water, by energy and scaled distance.
pub const ELECTRON_POINT_KERNELS: &str = include_str!("electron_point_kernels.csv");
/// Source and target organs of OLINDA/EXM 2 beside ours and those of MIRDcalc.
pub const OLINDA_ORGANS: &str = include_str!("olinda_organs.csv");
/// Limits of the grades of blood counts (CTCAE v5.0).
pub const CTCAE_V5: &str = include_str!("ctcae_v5.csv");

/// Every table by the name of its file, sorted.
pub const TABLES: &[(&str, &str)] = &[
    ("ctcae_v5.csv", CTCAE_V5),
    ("dose_factors_organs.csv", DOSE_FACTOR_ORGANS),
    ("electron_point_kernels.csv", ELECTRON_POINT_KERNELS),
    ("nuclide_electrons.csv", NUCLIDE_ELECTRONS),
    ("nuclide_photons.csv", NUCLIDE_PHOTONS),
    ("nuclides.csv", NUCLIDES),
    ("olinda_organs.csv", OLINDA_ORGANS),
    ("photon_sphere_absorbed_fractions.csv", PHOTON_SPHERE_ABSORBED_FRACTIONS),
    ("photon_water_coefficients.csv", PHOTON_WATER_COEFFICIENTS),
    ("reference_masses.csv", REFERENCE_MASSES),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_every_table_of_the_folder_is_here() {
        let mut there: Vec<String> = std::fs::read_dir(env!("CARGO_MANIFEST_DIR"))
            .expect("the folder of this crate")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .filter(|name| name.ends_with(".csv"))
            .collect();
        there.sort();
        let here: Vec<&str> = TABLES.iter().map(|(name, _)| *name).collect();
        assert_eq!(here, there, "a table is in `lib.rs` and in the folder");
    }
}
