//! Point kernels of electrons in water by condensed-history Monte Carlo.
//!
//! An electron starts in a random direction and slows down continuously: collision stopping power of
//! Bethe with the density effect of Sternheimer (mean excitation energy 75 eV, ICRU Report 37), and
//! radiative losses, which leave as bremsstrahlung and are not deposited. It is scattered by screened
//! Coulomb fields: first transport coefficient of the screened Rutherford cross section with Molière's
//! screening angle, Z² replaced by Z(Z + 1) for the electrons of the atom. Each of the steps, a fixed
//! part of the remaining range, turns it by an angle with 1 − cos θ distributed exponentially, of the
//! mean that the transport coefficient gives; the turn lies at a random place of the step, and the
//! energy of the step is given to one random point of it.
//!
//! Left out: straggling of the energy loss, secondary electrons that travel, spin.

use std::io::{self, Write};

use crate::{ELECTRON_REST_MEV, PI, Random, turn};

/// Electrons per gram of water times 2πr²mc², MeV cm²/g: 0.153536·Z/A, Z/A of water 0.55508.
const BETHE: f64 = 0.153_536 * 0.555_08;
/// Mean excitation energy of water, MeV.
const MEAN_EXCITATION_MEV: f64 = 75e-6;
/// Molecules of water per gram.
const MOLECULES_PER_G: f64 = 3.342_8e22;
/// Classical electron radius squared, cm².
const RE2_CM2: f64 = 7.940_788e-26;
/// Where slowing down ends, MeV, and the range left there, g/cm².
const END_MEV: f64 = 0.001;
const RANGE_AT_END: f64 = 5e-6;

fn beta2(t: f64) -> f64 {
    let tau = t / ELECTRON_REST_MEV;
    tau * (tau + 2.0) / ((tau + 1.0) * (tau + 1.0))
}

/// Collision and radiative stopping power, MeV cm²/g.
fn stopping(t: f64) -> (f64, f64) {
    let tau = t / ELECTRON_REST_MEV;
    let b2 = beta2(t);
    let f = (1.0 - b2) * (1.0 + tau * tau / 8.0 - (2.0 * tau + 1.0) * std::f64::consts::LN_2);
    // Density effect: Sternheimer, Berger and Seltzer 1984, liquid water.
    let x = (tau * (tau + 2.0)).sqrt().log10();
    let delta = if x < 0.24 {
        0.0
    } else {
        4.6052 * x - 3.5017 + 0.09116 * (2.8004 - x).max(0.0).powf(3.4773)
    };
    let ratio = t / MEAN_EXCITATION_MEV;
    let collision = BETHE / b2 * (2.0 * ratio.ln() + (1.0 + tau / 2.0).ln() + f - delta);
    // Radiative over collision: 0.0069 at 1 MeV in water, 0.0147 at 2 MeV (ESTAR, recalled).
    (collision, collision * 0.0069 * t.powf(1.08))
}

/// First transport coefficient, cm²/g: mean of 1 − cos θ per path.
fn transport(t: f64) -> f64 {
    let tau = t / ELECTRON_REST_MEV;
    let b2 = beta2(t);
    let p2 = tau * (tau + 2.0);
    let alpha2 = (1.0f64 / 137.036).powi(2);
    let of = |z: f64| {
        let angle = alpha2 * z.powf(2.0 / 3.0) / (4.0 * 0.885_34 * 0.885_34 * p2)
            * (1.13 + 3.76 * alpha2 * z * z / b2);
        let log = (1.0 / angle).ln_1p() - 1.0 / (1.0 + angle);
        2.0 * PI * RE2_CM2 * z * (z + 1.0) / (p2 * b2) * log
    };
    MOLECULES_PER_G * (2.0 * of(1.0) + of(8.0))
}

/// Range, g/cm², on a fine logarithmic grid of energies.
struct Slowing {
    energies: Vec<f64>,
    ranges: Vec<f64>,
}

impl Slowing {
    fn new() -> Self {
        let n = 4000;
        let step = (5.0f64 / END_MEV).ln() / f64::from(n);
        let mut slowing = Self { energies: vec![END_MEV], ranges: vec![RANGE_AT_END] };
        for i in 1..=n {
            let (low, high) =
                (END_MEV * (step * f64::from(i - 1)).exp(), END_MEV * (step * f64::from(i)).exp());
            let total = |t: f64| {
                let (c, r) = stopping(t);
                1.0 / (c + r)
            };
            let part =
                (high - low) * (total(low) + 4.0 * total(0.5 * (low + high)) + total(high)) / 6.0;
            slowing.ranges.push(slowing.ranges[slowing.ranges.len() - 1] + part);
            slowing.energies.push(high);
        }
        slowing
    }

    fn range(&self, t: f64) -> f64 {
        between(&self.energies, &self.ranges, t)
    }

    fn energy(&self, range: f64) -> f64 {
        between(&self.ranges, &self.energies, range)
    }
}

fn between(x: &[f64], y: &[f64], at: f64) -> f64 {
    let i = x.partition_point(|v| *v < at).clamp(1, x.len() - 1);
    y[i - 1] + (y[i] - y[i - 1]) * (at - x[i - 1]) / (x[i] - x[i - 1])
}

/// Shells per range.
const SHELLS: usize = 20;
/// Steps per range.
const STEPS: u32 = 160;

/// Part of the energy deposited in each shell of the range, and the range.
fn kernel(slowing: &Slowing, t0: f64, histories: u32, random: &mut Random) -> (Vec<f64>, f64) {
    let range = slowing.range(t0);
    let mut shells = [0.0; SHELLS];
    // Steps of a fixed part of the range; every electron has the same energies along its path.
    let step = (range - RANGE_AT_END) / f64::from(STEPS);
    let path: Vec<(f64, f64)> = (0..STEPS)
        .map(|i| {
            let (before, after) = (
                slowing.energy(range - step * f64::from(i)),
                slowing.energy(range - step * f64::from(i + 1)),
            );
            let middle = slowing.energy(range - step * (f64::from(i) + 0.5));
            let (c, r) = stopping(middle);
            ((before - after) * c / (c + r), step * transport(middle))
        })
        .collect();
    for _ in 0..histories {
        let mut p = [0.0; 3];
        let mut d = random.direction();
        for &(energy, turns) in &path {
            let at = random.uniform();
            let hinge = random.uniform();
            // Mean of 1 − cos θ of the step; exponential, cut at a full turn back.
            let mean = 1.0 - (-turns).exp();
            let deflection = sample(mean, random.uniform());
            let mut q = p;
            for k in 0..3 {
                q[k] += d[k] * step * at.min(hinge);
                p[k] += d[k] * step * hinge;
            }
            d = turn(d, 1.0 - deflection, 2.0 * PI * random.uniform());
            for k in 0..3 {
                q[k] += d[k] * step * (at - hinge).max(0.0);
                p[k] += d[k] * step * (1.0 - hinge);
            }
            let r = q.iter().map(|v| v * v).sum::<f64>().sqrt() / range;
            shells[((r * SHELLS as f64) as usize).min(SHELLS - 1)] += energy;
        }
        let r = p.iter().map(|v| v * v).sum::<f64>().sqrt() / range;
        shells[((r * SHELLS as f64) as usize).min(SHELLS - 1)] += END_MEV;
    }
    (shells.iter().map(|s| s / (t0 * f64::from(histories))).collect(), range)
}

/// A value of 0 to 2 distributed exponentially with the mean asked for, from `u` of 0 to 1.
fn sample(mean: f64, u: f64) -> f64 {
    if mean > 0.98 {
        return 2.0 * u;
    }
    // Scale of the exponential whose mean within 0 to 2 is the one asked for.
    let mut scale = mean;
    for _ in 0..4 {
        let x = (-2.0 / scale).exp();
        scale = mean + 2.0 * x / (1.0 - x);
    }
    -scale * (1.0 - u * (1.0 - (-2.0 / scale).exp())).ln()
}

/// Writes the table of kernels.
pub(crate) fn electrons(out: &mut impl Write) -> io::Result<()> {
    let slowing = Slowing::new();
    writeln!(
        out,
        "# Electrons of one energy from a point in water: range in the continuous-slowing-down approximation, and part of the energy deposited in each of {SHELLS} shells of equal thickness from the start to the range. The rest is bremsstrahlung."
    )?;
    writeln!(
        out,
        "# Source: own Monte Carlo, `cargo run --release -p lutetia-dose --example absorbed_fraction_tables -- electrons`, whose file tells the method; standard error of a shell below 1 % of the largest."
    )?;
    let names: Vec<String> = (1..=SHELLS).map(|i| format!("s{i}")).collect();
    writeln!(out, "energy_keV,csda_range_g_per_cm2,{}", names.join(","))?;
    for (i, kev) in
        [5, 10, 20, 50, 100, 200, 350, 500, 750, 1000, 1500, 2000, 3000].into_iter().enumerate()
    {
        let mut random = Random(100 + i as u64);
        let (shells, range) = kernel(&slowing, f64::from(kev) / 1000.0, 60_000, &mut random);
        let cells: Vec<String> = shells.iter().map(|s| format!("{s:.4}")).collect();
        writeln!(out, "{kev},{range:.4e},{}", cells.join(","))?;
    }
    Ok(())
}
