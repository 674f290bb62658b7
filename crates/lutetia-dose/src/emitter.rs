//! What decays, and what each decay gives off.

use crate::error::{DoseError, above_zero, not_negative};
use crate::kernel::Deposition;

/// mGy/(MBq·s) of 1 MeV per decay in 1 g: 1.602176634e-13 J · 1e6 Bq/MBq · 1e3 mGy/Gy / 1e-3 kg.
pub(crate) const MGY_G_PER_MEV: f64 = 1.602_176_634e-1;

/// One gamma or X-ray line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PhotonLine {
    /// Energy, keV.
    pub energy_kev: f64,
    /// Photons per decay.
    pub yield_per_decay: f64,
}

/// Mean energies per decay of one nuclide, without its daughters, in MeV, and its photon lines.
///
/// The lines only weight the absorbed fraction; the energy is `photon_mev`, so that lines too weak
/// for the table are not lost.
#[derive(Debug, Clone, PartialEq)]
pub struct Emitter {
    pub(crate) nuclide: String,
    pub(crate) alpha_mev: f64,
    pub(crate) electron_mev: f64,
    pub(crate) photon_mev: f64,
    pub(crate) photons: Vec<PhotonLine>,
    pub(crate) alpha_kernel: Deposition,
    pub(crate) electron_kernel: Deposition,
}

/// Energy of an alpha where only the mean per decay is known, MeV.
const USUAL_ALPHA_MEV: f64 = 6.0;

impl Emitter {
    /// An emitter from its mean energies per decay in MeV; `alpha_mev` with the recoil nucleus.
    ///
    /// Ranges are those of the bundled electron table where it has the nuclide, else of a beta
    /// spectrum of that mean; an alpha is taken for one of 6 MeV where less is given per decay.
    ///
    /// # Errors
    /// [`DoseError::OutOfRange`] when an energy or yield is negative or not finite, or a line at 0
    /// keV.
    pub fn new(
        nuclide: &str,
        [alpha_mev, electron_mev, photon_mev]: [f64; 3],
        photons: Vec<PhotonLine>,
    ) -> Result<Self, DoseError> {
        for energy in [alpha_mev, electron_mev, photon_mev] {
            not_negative("mean energy per decay", nuclide, energy, "MeV")?;
        }
        for line in &photons {
            above_zero("photon energy", nuclide, line.energy_kev, "keV")?;
            not_negative("photon yield", nuclide, line.yield_per_decay, "per decay")?;
        }
        Ok(Self {
            nuclide: nuclide.to_owned(),
            alpha_mev,
            electron_mev,
            photon_mev,
            photons,
            alpha_kernel: Deposition::of_alphas(if alpha_mev > 0.0 {
                alpha_mev.max(USUAL_ALPHA_MEV)
            } else {
                0.0
            }),
            electron_kernel: Deposition::of_electrons(nuclide, electron_mev),
        })
    }

    /// The same emitter with the energy that its alphas have, MeV.
    pub(crate) fn with_alphas_of(mut self, mev: f64) -> Self {
        self.alpha_kernel = Deposition::of_alphas(mev);
        self
    }

    /// Mean distance of the energy of its electrons from the decay in water, mm.
    #[must_use]
    pub fn electron_reach_mm(&self) -> f64 {
        10.0 * self.electron_kernel.reach()
    }
}

/// One nuclide, or a nuclide with daughters that decay where it decays.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    name: String,
    /// Decays per decay of the parent.
    members: Vec<(f64, Emitter)>,
}

impl Source {
    /// One nuclide alone: its daughters, if any, are elsewhere or have their own curve.
    #[must_use]
    pub fn alone(emitter: Emitter) -> Self {
        Self { name: emitter.nuclide.clone(), members: vec![(1.0, emitter)] }
    }

    /// A parent and daughters in equilibrium with it at the same place, each with its decays per
    /// decay of the parent.
    ///
    /// # Errors
    /// [`DoseError::OutOfRange`] when a number of decays is negative or not finite.
    pub fn in_equilibrium(name: &str, members: Vec<(f64, Emitter)>) -> Result<Self, DoseError> {
        for (decays, emitter) in &members {
            not_negative("decays per decay of the parent", &emitter.nuclide, *decays, "(a ratio)")?;
        }
        Ok(Self { name: name.to_owned(), members })
    }

    /// The nuclide, or the parent with a note about its daughters.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether daughters are counted with their parent, as decaying where it decays.
    #[must_use]
    pub fn has_daughters(&self) -> bool {
        self.members.len() > 1
    }

    /// Mean energy per decay of the parent, MeV: alpha, electron, photon.
    #[must_use]
    pub fn energy_mev(&self) -> [f64; 3] {
        let mut sum = [0.0; 3];
        for (decays, e) in &self.members {
            for (total, part) in sum.iter_mut().zip([e.alpha_mev, e.electron_mev, e.photon_mev]) {
                *total += decays * part;
            }
        }
        sum
    }

    /// Dose times mass per time-integrated activity when alphas and electrons stay where they arise
    /// and photons leave, mGy·g/(MBq·h); 85.3 for 177Lu.
    #[must_use]
    pub fn local_deposition_mgy_g_per_mbq_h(&self) -> f64 {
        let [alpha, electron, _] = self.energy_mev();
        (alpha + electron) * MGY_G_PER_MEV * 3600.0
    }

    pub(crate) fn members(&self) -> impl Iterator<Item = (f64, &Emitter)> {
        self.members.iter().map(|(decays, emitter)| (*decays, emitter))
    }
}
