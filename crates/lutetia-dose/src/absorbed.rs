//! Absorbed fractions of photons: which part of the emitted energy stays in a convex region.

use std::sync::OnceLock;

/// What is around the region, for the photons scattered back into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surroundings {
    /// Vacuum: the whole body, or a phantom in air.
    Vacuum,
    /// The middle of a body, water of radius 14 g/cm².
    Body,
}

/// Absorbed fraction of photons of one energy, uniform source, sphere of water.
///
/// `energy_kev` above 0; `radius` in g/cm² (radius times density). Bilinear in the logarithms in
/// `data/photon_sphere_absorbed_fractions.csv` (own Monte Carlo); outside its grid (10 to 3000 keV,
/// 0.2 to 30 g/cm²) by straight absorption with the energy-absorption coefficient μ, φ = 1 −
/// 3/(8x³)·(2x² − 1 + (1 + 2x)·e^(−2x)), x = μR, scaled to meet the grid's edge in radius.
#[must_use]
pub fn photon_absorbed_fraction(energy_kev: f64, radius: f64, around: Surroundings) -> f64 {
    if energy_kev < 1.0 {
        return 1.0;
    }
    let straight = |r: f64| straight_absorption(mu_en(energy_kev) * r);
    let grid = photon_grid();
    let (first, last) = (grid.radii[0], grid.radii[grid.radii.len() - 1]);
    if !(grid.energies[0]..=grid.energies[grid.energies.len() - 1]).contains(&energy_kev) {
        return straight(radius);
    }
    let edge = radius.clamp(first, last);
    let value = grid.at(energy_kev, edge, around);
    if (edge - radius).abs() > 0.0 {
        (value * straight(radius) / straight(edge)).min(1.0)
    } else {
        value
    }
}

/// φ of a sphere when photons give up energy along straight lines, x = μ_en·R.
fn straight_absorption(x: f64) -> f64 {
    if x < 0.02 {
        // Series of the closed form, which loses its digits here.
        return 0.75 * x - 0.4 * x * x + x * x * x / 6.0;
    }
    1.0 - 3.0 / (8.0 * x * x * x) * (2.0 * x * x - 1.0 + (1.0 + 2.0 * x) * (-2.0 * x).exp())
}

/// Mass energy-absorption coefficient of water, cm²/g.
fn mu_en(energy_kev: f64) -> f64 {
    static TABLE: OnceLock<Vec<[f64; 2]>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        let rows = numbers(lutetia_reference_data::PHOTON_WATER_COEFFICIENTS);
        rows.iter().map(|row| [row[0], row[2]]).collect()
    });
    power_law(table, energy_kev)
}

/// Table of absorbed fractions over energy and radius.
struct Grid {
    energies: Vec<f64>,
    radii: Vec<f64>,
    /// (isolated, in body), by energy and then by radius.
    values: Vec<[f64; 2]>,
}

impl Grid {
    fn at(&self, energy: f64, radius: f64, around: Surroundings) -> f64 {
        let column = usize::from(around == Surroundings::Body);
        let (i, u) = place(&self.energies, energy);
        let (j, v) = place(&self.radii, radius);
        let ln = |i: usize, j: usize| self.values[i * self.radii.len() + j][column].ln();
        let low = ln(i, j) * (1.0 - v) + ln(i, j + 1) * v;
        let high = ln(i + 1, j) * (1.0 - v) + ln(i + 1, j + 1) * v;
        (low * (1.0 - u) + high * u).exp()
    }
}

/// Interval of `x` in `nodes` and the part of it passed, in logarithms.
fn place(nodes: &[f64], x: f64) -> (usize, f64) {
    let upper = nodes.partition_point(|node| *node < x).clamp(1, nodes.len() - 1);
    let (a, b) = (nodes[upper - 1], nodes[upper]);
    (upper - 1, (x / a).ln() / (b / a).ln())
}

fn photon_grid() -> &'static Grid {
    static GRID: OnceLock<Grid> = OnceLock::new();
    GRID.get_or_init(|| {
        let rows = numbers(lutetia_reference_data::PHOTON_SPHERE_ABSORBED_FRACTIONS);
        let mut grid = Grid { energies: Vec::new(), radii: Vec::new(), values: Vec::new() };
        for row in &rows {
            if grid.energies.last().is_none_or(|last| *last < row[0]) {
                grid.energies.push(row[0]);
            }
            if grid.energies.len() == 1 {
                grid.radii.push(row[1]);
            }
            grid.values.push([row[2], row[3]]);
        }
        grid
    })
}

/// Value at `x` of a table, as a power law between rows and beyond its ends.
fn power_law(table: &[[f64; 2]], x: f64) -> f64 {
    let upper = table.partition_point(|row| row[0] < x).clamp(1, table.len() - 1);
    let ([a, ya], [b, yb]) = (table[upper - 1], table[upper]);
    ya * (x / a).powf((yb / ya).ln() / (b / a).ln())
}

/// Lines of a bundled table below its comments and its header.
pub(crate) fn rows(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).skip(1)
}

/// Rows of a bundled table of numbers only.
pub(crate) fn numbers(text: &'static str) -> Vec<Vec<f64>> {
    rows(text).map(|line| line.split(',').filter_map(|cell| cell.parse().ok()).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_bundled_tables_are_whole() {
        let grid = photon_grid();
        assert_eq!(grid.values.len(), grid.energies.len() * grid.radii.len());
        assert!(grid.energies.is_sorted() && grid.radii.is_sorted());
        assert!(grid.values.iter().flatten().all(|v| *v > 0.0 && *v <= 1.0));
        for text in [
            lutetia_reference_data::PHOTON_WATER_COEFFICIENTS,
            lutetia_reference_data::PHOTON_SPHERE_ABSORBED_FRACTIONS,
        ] {
            let rows = numbers(text);
            assert!(rows.len() > 20 && rows.iter().all(|row| row.len() == rows[0].len()));
        }
    }

    #[test]
    fn exact_straight_absorption_limits() {
        // Series and closed form meet where one takes over; 1e-6 is the first omitted term there.
        let closed = |x: f64| {
            1.0 - 3.0 / (8.0 * x * x * x) * (2.0 * x * x - 1.0 + (1.0 + 2.0 * x) * (-2.0 * x).exp())
        };
        assert!((straight_absorption(0.019_999) - closed(0.019_999)).abs() < 1e-6);
        // A thick sphere loses only its rim: 1 − 3/(4x).
        assert!((straight_absorption(200.0) - (1.0 - 3.0 / 800.0)).abs() < 1e-6);
    }

    #[test]
    fn val_photon_fraction_where_scatter_hardly_matters() {
        // A sphere of 1 cm in vacuum at 1 MeV scatters little within itself, so straight absorption
        // with the coefficients of NIST must come out: 2 % covers the scatter and the noise.
        let straight = straight_absorption(0.03103);
        let table = photon_absorbed_fraction(1000.0, 1.0, Surroundings::Vacuum);
        assert!((table / straight - 1.0).abs() < 0.02, "{table} {straight}");
    }

    #[test]
    fn prop_photon_fraction_grows_with_radius_and_in_body() {
        for energy in [2.0, 8.0, 12.0, 25.0, 55.0, 113.0, 208.0, 364.0, 662.0, 2600.0, 4000.0] {
            let mut before = 0.0;
            for step in 1..60 {
                let radius = 0.02 * 1.15f64.powi(step);
                let vacuum = photon_absorbed_fraction(energy, radius, Surroundings::Vacuum);
                let body = photon_absorbed_fraction(energy, radius, Surroundings::Body);
                assert!(
                    vacuum > before && vacuum <= 1.0,
                    "{energy} keV, {radius}: {vacuum}, before {before}"
                );
                // Noise of the table: 3 % for small values.
                assert!(
                    body > 0.97 * vacuum && body <= 1.0,
                    "{energy} keV, {radius}: {body} {vacuum}"
                );
                before = vacuum * 0.999;
            }
        }
    }
}
