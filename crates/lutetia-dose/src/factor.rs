//! Self-dose factors S(r←r): mean absorbed dose in a region per decay in it.

use std::f64::consts::PI;

use lutetia_data::{Organ, OrganForm, Sex, organs};
use lutetia_units::significant;
use serde::Serialize;

use crate::absorbed::{Surroundings, photon_absorbed_fraction};
use crate::emitter::{Emitter, MGY_G_PER_MEV, Source};
use crate::error::{DoseError, NoBody, above_zero, not_negative};
use crate::region::{Kind, Region, SOFT_TISSUE_DENSITY};

/// Least radius served, cm: below it a region is a few cells, and where in them the activity lies
/// counts more than the mean dose of all.
const LEAST_RADIUS_CM: f64 = 0.01;

/// S(r←r) of one region and one source, in mGy/(MBq·s), by kind of particle.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SelfDoseFactor {
    /// Region as given.
    pub region: String,
    /// Nuclide or chain.
    pub source: String,
    /// Mass in g the factor is for.
    pub mass_g: f64,
    /// Alpha particles with their recoil nuclei. Not weighted by any RBE.
    pub alpha: f64,
    /// Beta particles, positrons, conversion and Auger electrons.
    pub electron: f64,
    /// Gamma and X rays.
    pub photon: f64,
    /// Geometry and assumptions, in words.
    pub method: String,
}

impl SelfDoseFactor {
    /// Sum of the three, mGy/(MBq·s).
    #[must_use]
    pub fn total(&self) -> f64 {
        self.alpha + self.electron + self.photon
    }

    /// Absorbed-dose rate Ḋ = A·S in Gy/h for an activity in MBq.
    ///
    /// # Errors
    /// [`DoseError::OutOfRange`] when the activity is negative or not finite.
    pub fn dose_rate_gy_per_h(&self, activity_mbq: f64) -> Result<f64, DoseError> {
        not_negative("activity", &self.region, activity_mbq, "MBq")?;
        Ok(activity_mbq * self.total() * GY_PER_MBQ_H)
    }

    /// The same factor for another mass of the same region: alphas and electrons as 1/m, photons
    /// as m^(−2/3) (MIRD Pamphlet 11).
    ///
    /// # Errors
    /// [`DoseError::OutOfRange`] when the mass (g) is not finite and above 0.
    pub fn scaled_to(&self, mass_g: f64) -> Result<Self, DoseError> {
        above_zero("mass", &self.region, mass_g, "g")?;
        let ratio = self.mass_g / mass_g;
        Ok(Self {
            mass_g,
            alpha: self.alpha * ratio,
            electron: self.electron * ratio,
            photon: self.photon * ratio.powf(2.0 / 3.0),
            ..self.clone()
        })
    }

    /// A factor from elsewhere, in mGy/(MBq·s), with its source in words.
    ///
    /// # Errors
    /// [`DoseError::OutOfRange`] when a part is negative or not finite, or the mass (g) not above
    /// 0.
    pub fn given(
        region: &str,
        source: &str,
        mass_g: f64,
        [alpha, electron, photon]: [f64; 3],
        method: &str,
    ) -> Result<Self, DoseError> {
        above_zero("mass", region, mass_g, "g")?;
        for part in [alpha, electron, photon] {
            not_negative("dose factor", region, part, "mGy/(MBq s)")?;
        }
        Ok(Self {
            region: region.to_owned(),
            source: source.to_owned(),
            mass_g,
            alpha,
            electron,
            photon,
            method: method.to_owned(),
        })
    }
}

/// Gy/h per MBq of 1 mGy/(MBq·s): 3600 s/h, 1e-3 Gy/mGy. Also Gy per MBq·h.
pub(crate) const GY_PER_MBQ_H: f64 = 3.6;

/// Self-dose factor of a region of the patient.
///
/// S = (E_α·φ_α + E_e·φ_e + E_p·φ_p)/m, mean energies per decay, absorbed fractions φ.
///
/// - An organ is one or a few convex pieces of the reference adult
///   (`data/dose_factors_organs.csv`). φ_α and φ_e are those of a sphere with the same surface per
///   volume; φ_p is the mean over the photon lines, of a sphere with the same mean path to the
///   surface, in the middle of a body. From the reference mass to the patient's: 1/m, and m^(−2/3)
///   for photons; an organ without reference mass is computed at the patient's.
/// - A tumour is a sphere of soft tissue (1.06 g/cm³) of its own mass, in the middle of a body.
/// - The body, the remainder of it and a field of view are one water body of the given mass and the
///   shape of the trunk, with the activity spread evenly and vacuum around. This is a mean over
///   very different tissues.
///
/// Electrons and alphas are followed by point kernels of our own (module `kernel`), so that spheres
/// of any nuclide are served from a radius of 0.1 mm on. Cross dose from other regions is not in it.
/// Organs agree with OLINDA 2 and OpenDose within 2 % for 177Lu and within 5 % for 90Y, 131I, 161Tb,
/// 67Cu, 111In and the chain of 225Ac (tests `val_organ_factors`).
///
/// # Errors
/// [`DoseError::OutOfRange`] for a mass (g) that is not above 0, [`DoseError::NoGeometry`] for
/// walls, marrow and blood, [`DoseError::TooSmall`], [`DoseError::NoPhotonLines`].
pub fn self_dose_factor(
    source: &Source,
    region: &Region,
    mass_g: f64,
    reference: Sex,
) -> Result<SelfDoseFactor, DoseError> {
    above_zero("mass", region.given(), mass_g, "g")?;
    let Kind::Organ { organ, one_of_pair } = &region.kind else {
        return sphere_dose_factor(
            source,
            region.given(),
            mass_g,
            SOFT_TISSUE_DENSITY,
            Surroundings::Body,
        );
    };
    let refused = |why: NoBody| {
        let solid =
            organs().iter().filter(|o| matches!(o.form, OrganForm::Solid | OrganForm::Body));
        Err(DoseError::NoGeometry {
            region: region.given().to_owned(),
            why,
            source_of_organ: organ.source,
            known: solid.map(|o| o.name).collect::<Vec<_>>().join(", "),
            hint: if region.is_red_marrow() || organ.name == "blood" {
                "; the red marrow has factors of its own, from blood or an image (`marrow`)"
            } else {
                "; leave it out, or give a factor of your own in mGy/(MBq s)"
            },
        })
    };
    match organ.form {
        OrganForm::Wall => refused(NoBody::Wall),
        OrganForm::Spread => refused(NoBody::Spread),
        OrganForm::Body => {
            let shape = Shape::of(organ, Surroundings::Vacuum, false);
            let method = "electrons absorbed but for the surface, photons in a trunk-shaped body of water of this mass, \
                          activity spread evenly";
            factor(source, region.given(), mass_g, &shape, method)
        }
        OrganForm::Solid => {
            let shape = Shape::of(organ, Surroundings::Body, *one_of_pair);
            let taken_for = region.taken_for();
            let Some(of_reference) = region.reference_mass_g(reference) else {
                let method =
                    format!("{taken_for} of {} g, convex pieces in a body", significant(mass_g, 4));
                return factor(source, region.given(), mass_g, &shape, &method);
            };
            let adult = match reference {
                Sex::Male => "male",
                Sex::Female => "female",
            };
            let assumed = if reference_mass_is_assumed(organ) { ", assumed" } else { "" };
            let method = format!(
                "{taken_for} of the reference {adult} ({} g{assumed}), convex pieces in a body, \
                 scaled 1/m and photons m^(-2/3)",
                significant(of_reference, 4)
            );
            factor(source, region.given(), of_reference, &shape, &method)?.scaled_to(mass_g)
        }
    }
}

/// Self-dose factor of a sphere of any mass (g) and density (g/cm³), computed at that mass.
///
/// # Errors
/// As [`self_dose_factor`].
pub fn sphere_dose_factor(
    source: &Source,
    name: &str,
    mass_g: f64,
    density: f64,
    around: Surroundings,
) -> Result<SelfDoseFactor, DoseError> {
    above_zero("mass", name, mass_g, "g")?;
    above_zero("density", name, density, "g/mL")?;
    let shape = Shape { pieces: vec![1.0], path_factor: 1.0, surface_factor: 1.0, density, around };
    let place = match around {
        Surroundings::Body => "in a body",
        Surroundings::Vacuum => "in vacuum",
    };
    let method = format!(
        "sphere of {} g, {} g/cm3, {place}",
        significant(mass_g, 4),
        significant(density, 4)
    );
    factor(source, name, mass_g, &shape, &method)
}

/// Whether the mass of the reference adult's organ is nobody's measurement (the lacrimal glands).
fn reference_mass_is_assumed(organ: &Organ) -> bool {
    let name = organ.name.replace(' ', "_");
    let row = lutetia_data::reference_masses().iter().find(|m| m.organ == name);
    row.is_some_and(|m| m.source.starts_with("assumed"))
}

/// Convex pieces.
struct Shape {
    pieces: Vec<f64>,
    path_factor: f64,
    surface_factor: f64,
    density: f64,
    around: Surroundings,
}

impl Shape {
    fn of(organ: &Organ, around: Surroundings, one_of_pair: bool) -> Self {
        // A side is half of every pair of pieces, and the pieces are listed in pairs.
        let pieces = if one_of_pair {
            organ.pieces.iter().step_by(2).map(|part| 2.0 * part).collect()
        } else {
            organ.pieces.clone()
        };
        let Organ { path_factor, surface_factor, density, .. } = *organ;
        Self { pieces, path_factor, surface_factor, density, around }
    }
}

fn factor(
    source: &Source,
    region: &str,
    mass_g: f64,
    shape: &Shape,
    method: &str,
) -> Result<SelfDoseFactor, DoseError> {
    let (mut alpha, mut electron, mut photon) = (0.0, 0.0, 0.0);
    for (per_decay, emitter) in source.members() {
        for part in &shape.pieces {
            let radius_cm = (3.0 * mass_g * part / (4.0 * PI * shape.density)).cbrt();
            let by_surface = radius_cm * shape.density / shape.surface_factor;
            check_size(region, mass_g, radius_cm / shape.surface_factor)?;
            let weight = per_decay * part;
            alpha += weight * emitter.alpha_mev * emitter.alpha_kernel.in_sphere(by_surface);
            electron +=
                weight * emitter.electron_mev * emitter.electron_kernel.in_sphere(by_surface);
            let by_path = radius_cm * shape.density / shape.path_factor;
            photon +=
                weight * emitter.photon_mev * photon_fraction(emitter, by_path, shape.around)?;
        }
    }
    let scale = MGY_G_PER_MEV / mass_g;
    Ok(SelfDoseFactor {
        region: region.to_owned(),
        source: source.name().to_owned(),
        mass_g,
        alpha: alpha * scale,
        electron: electron * scale,
        photon: photon * scale,
        method: method.to_owned(),
    })
}

/// Energy-weighted mean of the absorbed fraction over the lines.
pub(crate) fn photon_fraction(
    emitter: &Emitter,
    radius: f64,
    around: Surroundings,
) -> Result<f64, DoseError> {
    let local = emitter.alpha_mev + emitter.electron_mev;
    let (mut absorbed, mut emitted) = (0.0, 0.0);
    for line in &emitter.photons {
        let energy = line.energy_kev * line.yield_per_decay;
        emitted += energy;
        absorbed += energy * photon_absorbed_fraction(line.energy_kev, radius, around);
    }
    if emitted > 0.0 {
        return Ok(absorbed / emitted);
    }
    // Without lines the term is left out only where all of it would not show.
    if emitter.photon_mev <= 0.002 * local {
        return Ok(0.0);
    }
    Err(DoseError::NoPhotonLines {
        nuclide: emitter.nuclide.clone(),
        photon_mev: emitter.photon_mev,
    })
}

fn check_size(region: &str, mass_g: f64, radius_cm: f64) -> Result<(), DoseError> {
    if radius_cm < LEAST_RADIUS_CM {
        return Err(DoseError::TooSmall {
            region: region.to_owned(),
            mass_g,
            radius_mm: 10.0 * radius_cm,
            least_mm: 10.0 * LEAST_RADIUS_CM,
        });
    }
    Ok(())
}
