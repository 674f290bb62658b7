//! How far from its start a particle gives its energy away.
//!
//! Electrons: point kernels of single energies in water (`data/electron_point_kernels.csv`, own Monte
//! Carlo, see the example `absorbed_fraction_tables`), folded with the spectrum of the nuclide
//! (`data/nuclide_electrons.csv`): beta branches by the allowed shape with the relativistic Fermi
//! function, times the shape factor of a unique forbidden transition, scaled to the branch's mean
//! energy; conversion electrons by shell; what is left stays where it arises.
//!
//! Alphas: straight tracks with the energy loss of the Bragg–Kleeman rule, range 3.2 µm·(E/MeV)^1.54
//! in water: 48 µm at 5.8 MeV and 85 µm at 8.4 MeV (ICRU Report 49, recalled; a test integrates the
//! stopping power of Bethe instead).
//!
//! From the distances follows the absorbed fraction of any region whose chance of still being the
//! region at a distance is known: of a sphere, and of a random mixture such as marrow among bone and
//! fat.

use std::sync::OnceLock;

use lutetia_data::{ElectronKind, ElectronRow};

use crate::absorbed::numbers;

/// Nodes of the logarithmic grid of distances per decade, its first distance (g/cm²) and its length.
const PER_DECADE: f64 = 24.0;
const FIRST: f64 = 1e-6;
const NODES: usize = 160;

/// Fraction of the emitted energy given away at each distance from the start.
///
/// The fractions sum to 1, or less where some energy leaves as bremsstrahlung.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Deposition {
    /// Energy-weighted fractions by node of the grid.
    parts: Vec<f64>,
}

fn node(distance: f64) -> usize {
    let at = PER_DECADE * (distance.max(FIRST) / FIRST).log10();
    (at.round() as usize).min(NODES - 1)
}

fn distance(node: usize) -> f64 {
    FIRST * 10f64.powf(node as f64 / PER_DECADE)
}

impl Deposition {
    /// Everything at the start.
    pub(crate) fn local() -> Self {
        let mut parts = vec![0.0; NODES];
        parts[0] = 1.0;
        Self { parts }
    }

    /// Electrons of a nuclide of the bundled table; of one that is not there, electrons of one energy
    /// whose range is about that of the energy-weighted mean of a beta spectrum of mean `electron_mev`.
    pub(crate) fn of_electrons(nuclide: &str, electron_mev: f64) -> Self {
        let rows = lutetia_data::electrons(nuclide);
        let mut sum = Tally { parts: vec![0.0; NODES], energy: 0.0 };
        if rows.is_empty() {
            if electron_mev <= 0.0 {
                return Self::local();
            }
            sum.add(SPECTRUM_FACTOR * 1000.0 * electron_mev, 1.0);
        }
        for row in rows {
            sum.add_row(row);
        }
        sum.finish()
    }

    /// Alphas of one energy, MeV.
    pub(crate) fn of_alphas(mev: f64) -> Self {
        if mev <= 0.0 {
            return Self::local();
        }
        let range = alpha_range(mev);
        let mut parts = vec![0.0; NODES];
        let n = 400;
        let left = |part: f64| (1.0 - part).max(0.0).powf(1.0 / BRAGG_KLEEMAN.1);
        for i in 0..n {
            let (a, b) = (f64::from(i) / f64::from(n), f64::from(i + 1) / f64::from(n));
            parts[node(0.5 * (a + b) * range)] += left(a) - left(b);
        }
        Self { parts }
    }

    /// Mean of a function of the distance (g/cm²), weighted by energy.
    fn mean(&self, of: impl Fn(f64) -> f64) -> f64 {
        self.parts
            .iter()
            .enumerate()
            .filter(|(_, part)| **part > 0.0)
            .map(|(i, part)| part * of(distance(i)))
            .sum()
    }

    /// Mean distance of the energy from the start, g/cm².
    pub(crate) fn reach(&self) -> f64 {
        self.mean(|r| r)
    }

    /// Absorbed fraction of a uniform source in a sphere of `radius`, g/cm²: the share of the sphere
    /// that still covers itself when displaced by r is 1 − (3/4)·x + x³/16, x = r/R, 0 from x = 2.
    ///
    /// To first order this is 1 − S·reach/(4V), true for any convex region.
    pub(crate) fn in_sphere(&self, radius: f64) -> f64 {
        self.mean(|r| {
            let x = r / radius;
            if x >= 2.0 { 0.0 } else { 1.0 - 0.75 * x + x * x * x / 16.0 }
        })
    }

    /// Part of the energy of a start at distance `from` of the centre of a sphere of `radius`, both g/cm², that the
    /// sphere absorbs: of the sphere of radius r around the start (R² − (from − r)²)/(4·from·r) lies within.
    pub(crate) fn in_sphere_from(&self, from: f64, radius: f64) -> f64 {
        self.mean(|r| {
            if r <= radius - from {
                1.0
            } else if (from - r).abs() >= radius {
                0.0
            } else {
                (radius * radius - (from - r).powi(2)) / (4.0 * from * r)
            }
        })
    }

    /// Mean of e^(−r/length), length in g/cm²: the part that is given away before the medium has
    /// become another one.
    pub(crate) fn correlated(&self, length: f64) -> f64 {
        self.mean(|r| (-r / length).exp())
    }

    /// Sum of the fractions.
    pub(crate) fn deposited(&self) -> f64 {
        self.mean(|_| 1.0)
    }
}

/// Energy-weighted mean range of a beta spectrum is that of an electron of this multiple of the mean
/// energy, within 8 % for 67Cu to 90Y.
const SPECTRUM_FACTOR: f64 = 1.4;

/// R = a·E^p, µm and MeV.
const BRAGG_KLEEMAN: (f64, f64) = (3.2, 1.54);

/// Range of an alpha in water, g/cm².
pub(crate) fn alpha_range(mev: f64) -> f64 {
    1e-4 * BRAGG_KLEEMAN.0 * mev.powf(BRAGG_KLEEMAN.1)
}

struct Tally {
    parts: Vec<f64>,
    energy: f64,
}

impl Tally {
    /// Electrons of one energy that carry `energy` in all.
    fn add(&mut self, kev: f64, energy: f64) {
        if energy <= 0.0 {
            return;
        }
        self.energy += energy;
        let kernels = kernels();
        let upper = kernels.partition_point(|k| k.kev < kev).clamp(1, kernels.len() - 1);
        let (low, high) = (&kernels[upper - 1], &kernels[upper]);
        let u = (kev / low.kev).ln() / (high.kev / low.kev).ln();
        let range = low.range * (high.range / low.range).powf(u);
        // The shape of the kernel is not extrapolated, only its range.
        let u = u.clamp(0.0, 1.0);
        let n = low.shells.len() as f64;
        for (i, (a, b)) in low.shells.iter().zip(&high.shells).enumerate() {
            let part = a * (1.0 - u) + b * u;
            self.parts[node((i as f64 + 0.5) / n * range)] += energy * part;
        }
    }

    fn add_row(&mut self, row: &ElectronRow) {
        let carried = row.mean_kev * row.yield_per_decay;
        let (unique, charge) = match row.kind {
            ElectronKind::Rest => {
                self.energy += carried;
                self.parts[0] += carried;
                return;
            }
            ElectronKind::Line => return self.add(row.energy_kev, carried),
            ElectronKind::BetaMinus { unique } => (unique, 1.0),
            ElectronKind::BetaPlus { unique } => (unique, -1.0),
        };
        let density = spectrum(row.energy_kev, charge * f64::from(row.z_daughter), unique);
        let total: f64 = density.iter().map(|(e, n)| e * n).sum();
        for (kev, n) in density {
            self.add(kev, carried * kev * n / total);
        }
    }

    fn finish(mut self) -> Deposition {
        if self.energy <= 0.0 {
            return Deposition::local();
        }
        self.parts.iter_mut().for_each(|part| *part /= self.energy);
        Deposition { parts: self.parts }
    }
}

/// Energies (keV) and relative numbers of a beta spectrum; `z` negative for positrons.
fn spectrum(end_kev: f64, z: f64, unique: u8) -> Vec<(f64, f64)> {
    const REST_KEV: f64 = 510.998_95;
    let n = 120;
    let coupling = z / 137.036;
    let exponent = (1.0 - coupling * coupling).sqrt() - 1.0;
    (0..n)
        .map(|i| {
            let kev = (f64::from(i) + 0.5) / f64::from(n) * end_kev;
            let w = 1.0 + kev / REST_KEV;
            let p2 = w * w - 1.0;
            let p = p2.sqrt();
            let q = (end_kev - kev) / REST_KEV;
            let eta = coupling * w / p;
            let fermi = if eta.abs() < 1e-9 {
                1.0
            } else {
                2.0 * std::f64::consts::PI * eta / (1.0 - (-2.0 * std::f64::consts::PI * eta).exp())
            };
            // Bethe and Bacher's approximation of the relativistic factor.
            let relativistic = (w * w * (1.0 + 4.0 * coupling * coupling) - 1.0).powf(exponent);
            // Shape factor p² + q² of a unique first forbidden transition, and its next orders.
            let shape = match unique {
                0 => 1.0,
                1 => p2 + q * q,
                2 => p2 * p2 + 10.0 / 3.0 * p2 * q * q + q.powi(4),
                _ => p2.powi(3) + 7.0 * p2 * q * q * (p2 + q * q) + q.powi(6),
            };
            (kev, p * w * q * q * fermi * relativistic * shape)
        })
        .collect()
}

struct PointKernel {
    kev: f64,
    range: f64,
    shells: Vec<f64>,
}

fn kernels() -> &'static [PointKernel] {
    static KERNELS: OnceLock<Vec<PointKernel>> = OnceLock::new();
    KERNELS.get_or_init(|| {
        numbers(lutetia_reference_data::ELECTRON_POINT_KERNELS)
            .into_iter()
            .map(|row| PointKernel { kev: row[0], range: row[1], shells: row[2..].to_vec() })
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_bundled_kernels_are_whole() {
        assert!(kernels().len() > 10 && kernels().iter().all(|k| k.shells.len() == 20));
        for kernel in kernels() {
            let sum: f64 = kernel.shells.iter().sum();
            // What is missing is bremsstrahlung: below 2 % to 3 MeV.
            assert!(sum > 0.978 && sum < 1.0005, "{} keV: {sum}", kernel.kev);
        }
    }

    #[test]
    fn val_electron_ranges() {
        // ESTAR, NIST Standard Reference Database 124, recalled: CSDA range in liquid water, g/cm².
        // Own integration with a simple radiative term: 1 %.
        for (kev, expected) in [
            (10.0, 2.515e-4),
            (100.0, 1.431e-2),
            (500.0, 0.1766),
            (1000.0, 0.4367),
            (2000.0, 0.9785),
        ] {
            let kernel = kernels().iter().find(|k| (k.kev - kev).abs() < 0.1).expect("a row");
            assert!((kernel.range / expected - 1.0).abs() < 0.01, "{kev} keV: {}", kernel.range);
        }
    }

    #[test]
    fn val_alpha_ranges_of_the_bethe_formula() {
        // Range from 2 MeV on by the stopping power of Bethe (I = 75 eV, no shell correction), which
        // is some percent too large there; at 2 MeV 10.9 µm (ASTAR, recalled).
        let stopping = |mev: f64| {
            let b2 = 2.0 * mev / 3727.4;
            0.307_075 * 4.0 * 0.555_08 / b2 * (2.0 * 0.511e6 * b2 / 75.0).ln()
        };
        for mev in [5.0, 5.8, 7.1, 8.4, 8.8] {
            let n = 2000;
            let h = (mev - 2.0) / f64::from(n);
            let path: f64 = (0..n).map(|i| h / stopping(2.0 + (f64::from(i) + 0.5) * h)).sum();
            let bethe = 10.9e-4 + path;
            let ours = alpha_range(mev);
            println!("{mev} MeV: {:.1} um, Bethe {:.1} um", 1e4 * ours, 1e4 * bethe);
            assert!((ours / bethe - 1.0).abs() < 0.06, "{mev} MeV: {ours} {bethe}");
        }
    }

    #[test]
    fn val_mean_energies_of_spectra() {
        // Mean energies of ENSDF (LOGFT) for the same end points: allowed shapes agree to 2 %, unique
        // ones, whose Coulomb corrections are left out, to 5 %.
        for nuclide in
            ["Lu-177", "Y-90", "I-131", "Tb-161", "Cu-67", "Bi-213", "Pb-209", "F-18", "Ga-68"]
        {
            for row in lutetia_data::electrons(nuclide) {
                // A mean of ENSDF for a weak branch of 67Cu that no shape gives, and what carries little.
                if row.yield_per_decay < 0.02 {
                    continue;
                }
                let (charge, unique) = match row.kind {
                    ElectronKind::BetaMinus { unique } => (1.0, unique),
                    ElectronKind::BetaPlus { unique } => (-1.0, unique),
                    _ => continue,
                };
                let density = spectrum(row.energy_kev, charge * f64::from(row.z_daughter), unique);
                let n: f64 = density.iter().map(|(_, n)| n).sum();
                let mean = density.iter().map(|(e, n)| e * n).sum::<f64>() / n;
                println!("{nuclide} {}: {mean:.1} {}", row.energy_kev, row.mean_kev);
                let tolerance = if unique == 0 { 0.02 } else { 0.05 };
                assert!((mean / row.mean_kev - 1.0).abs() < tolerance, "{nuclide} {row:?}: {mean}");
            }
        }
    }

    #[test]
    fn val_ninety_percent_of_the_energy() {
        // Radius of the sphere around a point in water that holds 90 % of the electron energy: 90Y
        // 5.3 mm, 131I 0.83 mm (Cross 1992, Health Phys 63:160, recalled); 8 %, since straggling and
        // secondary electrons are left out.
        for (nuclide, mm) in [("Y-90", 5.3), ("I-131", 0.83)] {
            let kernel = Deposition::of_electrons(nuclide, 1.0);
            let mut sum = 0.0;
            let found = (0..NODES).find(|i| {
                sum += kernel.parts[*i];
                sum > 0.9 * kernel.deposited()
            });
            let found = 10.0 * distance(found.expect("all is deposited"));
            println!("{nuclide}: {found:.2} mm, mean {:.3} mm", 10.0 * kernel.reach());
            assert!((found / mm - 1.0).abs() < 0.1, "{nuclide}: {found} mm");
        }
    }

    #[test]
    fn exact_sphere_limits() {
        let kernel = Deposition::of_alphas(6.0);
        assert!((kernel.deposited() - 1.0).abs() < 1e-12);
        // A large sphere loses S·reach/(4V) = (3/4)·reach/R.
        let r = 1.0;
        assert!((kernel.in_sphere(r) - (1.0 - 0.75 * kernel.reach() / r)).abs() < 1e-7);
        assert!(Deposition::local().in_sphere(0.1) > 1.0 - 1e-5);
        // Nothing stays in a sphere that is small against the range... but what is given at its start.
        assert!(kernel.in_sphere(1e-4) < 0.1);
    }
}
