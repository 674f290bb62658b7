//! Single cells and spheres of a few cells: what alphas and electrons leave in them.
//!
//! A cell is two concentric spheres of water, nucleus and cell. Particles go out evenly in all directions, so that the
//! energy that a decay at distance ρ from the centre leaves in a sphere of radius R is the sum, over the distances r at
//! which its kernel gives energy away, of the part of the sphere of radius r around the decay that lies within R:
//!
//! ```text
//! w(ρ, r) = 1                          r <= R - ρ
//!           0                          |ρ - r| >= R
//!           (R² - (ρ - r)²)/(4 ρ r)    else
//! ```
//!
//! and its mean over the places of the decays. Kernels are those of the other spheres (module `kernel`); photons leave
//! next to nothing in so little water and are not counted. A mean dose of a nucleus says nothing of how few alphas it is
//! made of.

use std::f64::consts::PI;

use serde::Serialize;

use crate::emitter::{MGY_G_PER_MEV, Source};
use crate::error::{DoseError, above_zero};
use crate::kernel::Deposition;

/// µm of water of 1 g/cm³ in g/cm².
const PER_UM: f64 = 1e-4;

/// Places of the decays over which a mean is taken.
const PLACES: u32 = 40;

/// A cell of water, µm.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Cell {
    /// Radius of the cell, µm.
    pub radius_um: f64,
    /// Radius of its nucleus, µm.
    pub nucleus_um: f64,
}

/// Where in a cell the decays are, evenly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Compartment {
    /// On the surface.
    Surface,
    /// Between nucleus and surface.
    Cytoplasm,
    /// In the nucleus.
    Nucleus,
    /// In the whole cell.
    Cell,
}

/// What one decay leaves, by particle.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SmallDose {
    /// Part of the energy of alphas and their recoil nuclei that is absorbed; none without alphas.
    pub alpha_fraction: Option<f64>,
    /// Part of the energy of electrons that is absorbed; none without electrons.
    pub electron_fraction: Option<f64>,
    /// Dose of alphas per decay, mGy/(MBq s), that is nGy.
    pub alpha: f64,
    /// Dose of electrons per decay, mGy/(MBq s).
    pub electron: f64,
    /// Mass of what absorbs, g.
    pub mass_g: f64,
}

/// Self-dose of a sphere of water with decays spread evenly in it, of any size: S = (E_α φ_α + E_e φ_e)/m without
/// photons. The radius is in µm, at 1 g/cm³.
///
/// # Errors
/// [`DoseError::OutOfRange`] for a radius that is not above 0.
pub fn small_sphere(source: &Source, radius_um: f64) -> Result<SmallDose, DoseError> {
    above_zero("radius", source.name(), radius_um, "um")?;
    Ok(small_dose(source, radius_um, |kernel| kernel.in_sphere(radius_um * PER_UM)))
}

/// Dose of the nucleus of a cell from decays in a compartment of the same cell.
///
/// # Errors
/// [`DoseError::OutOfRange`] for a radius that is not above 0, or a nucleus that is larger than its cell.
pub fn cell_dose(source: &Source, cell: Cell, from: Compartment) -> Result<SmallDose, DoseError> {
    above_zero("radius of the nucleus", source.name(), cell.nucleus_um, "um")?;
    above_zero(
        "radius of the cell beyond its nucleus",
        source.name(),
        cell.radius_um - cell.nucleus_um,
        "um",
    )?;
    let [outer, inner] = [cell.radius_um, cell.nucleus_um].map(|um| um * PER_UM);
    let places: Vec<f64> = match from {
        Compartment::Surface => vec![outer],
        Compartment::Cytoplasm => even(inner, outer),
        Compartment::Nucleus => even(0.0, inner),
        Compartment::Cell => even(0.0, outer),
    };
    let n = places.len() as f64;
    Ok(small_dose(source, cell.nucleus_um, |kernel| {
        places.iter().map(|from| kernel.in_sphere_from(*from, inner)).sum::<f64>() / n
    }))
}

/// Distances from the centre of places that lie evenly between two spheres: the middles of shells of equal volume.
fn even(inner: f64, outer: f64) -> Vec<f64> {
    let [low, high] = [inner, outer].map(|r| r.powi(3));
    (0..PLACES)
        .map(|i| (low + (high - low) * (f64::from(i) + 0.5) / f64::from(PLACES)).cbrt())
        .collect()
}

fn small_dose(
    source: &Source,
    absorbing_um: f64,
    fraction: impl Fn(&Deposition) -> f64,
) -> SmallDose {
    let mass_g = 4.0 / 3.0 * PI * (absorbing_um * PER_UM).powi(3);
    let mut emitted = [0.0; 2];
    let mut absorbed = [0.0; 2];
    for (decays, e) in source.members() {
        let parts = [(e.alpha_mev, &e.alpha_kernel), (e.electron_mev, &e.electron_kernel)];
        for (k, (mev, kernel)) in parts.into_iter().enumerate() {
            emitted[k] += decays * mev;
            absorbed[k] += decays * mev * fraction(kernel);
        }
    }
    let part = |k: usize| (emitted[k] > 0.0).then(|| absorbed[k] / emitted[k]);
    SmallDose {
        alpha_fraction: part(0),
        electron_fraction: part(1),
        alpha: absorbed[0] * MGY_G_PER_MEV / mass_g,
        electron: absorbed[1] * MGY_G_PER_MEV / mass_g,
        mass_g,
    }
}
