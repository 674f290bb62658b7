//! Makes the tables of absorbed fractions in `data/`.
//!
//! `cargo run --release -p lutetia-dose --example absorbed_fraction_tables -- photons|shapes|electrons`
//! writes the table to standard output. The tables are kept in the repository; this program is here
//! so that they can be made again.
//!
//! Photons: analog Monte Carlo in water of density 1 g/cm³. Photoelectric absorption and
//! Klein-Nishina scattering on free electrons; coherent scattering left out; the energy given to
//! electrons is deposited where it is given. The photoelectric coefficient is the difference of the
//! energy-absorption coefficient of Hubbell and Seltzer and of the Klein-Nishina energy-transfer
//! coefficient, so that the mean energy deposited per path is theirs.

mod electrons;

use std::f64::consts::PI;
use std::io::{self, Write};

const ELECTRON_REST_MEV: f64 = 0.510_998_95;
/// Electrons per gram of water.
const ELECTRONS_PER_G: f64 = 3.342_8e23;
/// Square of the classical electron radius, cm².
const RE2_CM2: f64 = 7.940_788e-26;
/// Energy below which a photon is absorbed at once.
const CUTOFF_MEV: f64 = 0.005;
/// Radius of the body around an organ, g/cm²: the circle of the same area as the trunk of the
/// MIRD-5 phantom, semi-axes 20 cm and 10 cm.
const BODY_RADIUS: f64 = 14.0;

/// A small deterministic generator (splitmix64); the tables must not depend on a crate's version.
struct Random(u64);

impl Random {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        // 53 random bits; the half keeps the logarithm of the result finite.
        ((z >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    fn direction(&mut self) -> [f64; 3] {
        let c = 2.0 * self.uniform() - 1.0;
        let s = (1.0 - c * c).sqrt();
        let f = 2.0 * PI * self.uniform();
        [s * f.cos(), s * f.sin(), c]
    }
}

/// Two columns of a table, first against `column`, interpolated as a power law.
fn table(text: &str, column: usize) -> Vec<(f64, f64)> {
    text.lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_digit()))
        .map(|line| {
            let cells: Vec<f64> =
                line.split(',').map(|cell| cell.parse().unwrap_or(f64::NAN)).collect();
            (cells[0] / 1000.0, cells[column])
        })
        .collect()
}

fn interpolate(table: &[(f64, f64)], x: f64) -> f64 {
    let upper = table.partition_point(|row| row.0 < x).clamp(1, table.len() - 1);
    let ((a, ya), (b, yb)) = (table[upper - 1], table[upper]);
    ya * (x / a).powf((yb / ya).ln() / (b / a).ln())
}

/// Klein-Nishina cross section per gram of water: scattered, and the part of the energy
/// transferred.
fn klein_nishina(energy_mev: f64) -> (f64, f64) {
    let alpha = energy_mev / ELECTRON_REST_MEV;
    let n = 400;
    let (mut total, mut transfer) = (0.0, 0.0);
    for i in 0..n {
        let c = -1.0 + 2.0 * (f64::from(i) + 0.5) / f64::from(n);
        let p = 1.0 / (1.0 + alpha * (1.0 - c));
        let d = 0.5 * RE2_CM2 * p * p * (p + 1.0 / p - 1.0 + c * c);
        total += d;
        transfer += d * (1.0 - p);
    }
    let scale = 2.0 * PI * 2.0 / f64::from(n) * ELECTRONS_PER_G;
    (total * scale, transfer * scale)
}

/// Coefficients on a fine logarithmic grid: photoelectric and scattering, cm²/g.
struct Coefficients {
    log_first: f64,
    log_step: f64,
    values: Vec<(f64, f64)>,
}

impl Coefficients {
    fn new() -> Self {
        let mu_en = table(lutetia_reference_data::PHOTON_WATER_COEFFICIENTS, 2);
        let n = 4000;
        let log_first = 0.002f64.ln();
        let log_step = (5.0f64.ln() - log_first) / f64::from(n);
        let values = (0..=n)
            .map(|i| {
                let energy = (log_first + log_step * f64::from(i)).exp();
                let (scatter, transfer) = klein_nishina(energy);
                ((interpolate(&mu_en, energy) - transfer).max(0.0), scatter)
            })
            .collect();
        Self { log_first, log_step, values }
    }

    fn at(&self, energy_mev: f64) -> (f64, f64) {
        let i = ((energy_mev.ln() - self.log_first) / self.log_step + 0.5).max(0.0) as usize;
        self.values[i.min(self.values.len() - 1)]
    }
}

/// Distance from `p` along `d` to the surface of the ellipsoid with these semi-axes.
fn to_ellipsoid(p: [f64; 3], d: [f64; 3], axes: [f64; 3]) -> f64 {
    let (mut a, mut b, mut c) = (0.0, 0.0, -1.0);
    for k in 0..3 {
        let q = axes[k] * axes[k];
        a += d[k] * d[k] / q;
        b += p[k] * d[k] / q;
        c += p[k] * p[k] / q;
    }
    (-b + (b * b - a * c).max(0.0).sqrt()) / a
}

/// Absorbed fraction of a uniform source in a sphere of `radius`, inside a body of radius `body`.
fn absorbed_fraction(
    coefficients: &Coefficients,
    energy_mev: f64,
    radius: f64,
    body: f64,
    histories: u32,
    random: &mut Random,
) -> f64 {
    let mut deposited = 0.0;
    for _ in 0..histories {
        let start = random.direction();
        let r = radius * random.uniform().cbrt();
        let mut p = [start[0] * r, start[1] * r, start[2] * r];
        let mut d = random.direction();
        let mut e = energy_mev;
        loop {
            let (photo, scatter) = coefficients.at(e);
            let mu = photo + scatter;
            let x = -random.uniform().ln() / mu;
            if x >= to_ellipsoid(p, d, [body; 3]) {
                break;
            }
            for k in 0..3 {
                p[k] += d[k] * x;
            }
            let inside = p.iter().map(|v| v * v).sum::<f64>() < radius * radius;
            if random.uniform() * mu < photo {
                deposited += if inside { e } else { 0.0 };
                break;
            }
            let (kept, cosine) = scatter_once(e, random);
            deposited += if inside { e * (1.0 - kept) } else { 0.0 };
            e *= kept;
            if e < CUTOFF_MEV {
                deposited += if inside { e } else { 0.0 };
                break;
            }
            d = turn(d, cosine, 2.0 * PI * random.uniform());
        }
    }
    deposited / (f64::from(histories) * energy_mev)
}

/// Fraction of the energy kept and cosine of the angle, by the mixed rejection method of Butcher
/// and Messel.
fn scatter_once(energy_mev: f64, random: &mut Random) -> (f64, f64) {
    let alpha = energy_mev / ELECTRON_REST_MEV;
    let least = 1.0 / (1.0 + 2.0 * alpha);
    let first = -least.ln();
    let second = 0.5 * (1.0 - least * least);
    loop {
        let kept = if random.uniform() * (first + second) < first {
            (-first * random.uniform()).exp()
        } else {
            (least * least + (1.0 - least * least) * random.uniform()).sqrt()
        };
        let t = (1.0 - kept) / (alpha * kept);
        if random.uniform() < 1.0 - kept * t * (2.0 - t) / (1.0 + kept * kept) {
            return (kept, 1.0 - t);
        }
    }
}

fn turn(d: [f64; 3], cosine: f64, angle: f64) -> [f64; 3] {
    let sine = (1.0 - cosine * cosine).max(0.0).sqrt();
    let [u, v, w] = d;
    let (s, c) = (sine * angle.sin(), sine * angle.cos());
    if w.abs() > 0.999_99 {
        return [c, s, cosine * w.signum()];
    }
    let q = (1.0 - w * w).sqrt();
    [
        (u * w * c - v * s) / q + u * cosine,
        (v * w * c + u * s) / q + v * cosine,
        -c * q + w * cosine,
    ]
}

fn photons(out: &mut impl Write) -> io::Result<()> {
    let energies = [
        10, 15, 20, 30, 40, 50, 60, 80, 100, 150, 200, 300, 400, 500, 600, 800, 1000, 1500, 2000,
        3000,
    ];
    let radii = [0.2, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0, 14.0, 20.0, 30.0];
    let coefficients = Coefficients::new();
    writeln!(out, "# Photons: absorbed fraction of a uniform source in a sphere of water.")?;
    writeln!(
        out,
        "# radius_g_per_cm2 is radius times density. isolated: sphere in vacuum; in_body: sphere in the middle of water of radius {BODY_RADIUS} g/cm2 (from there on both are the same)."
    )?;
    writeln!(
        out,
        "# Source: own Monte Carlo, `cargo run --release -p lutetia-dose --example absorbed_fraction_tables -- photons`; standard error of a value below 1 % (below 3 % under 0.01)."
    )?;
    writeln!(out, "energy_keV,radius_g_per_cm2,isolated,in_body")?;
    for (i, energy) in energies.into_iter().enumerate() {
        for (j, radius) in radii.into_iter().enumerate() {
            let mut random = Random((i * 1000 + j) as u64);
            // Small spheres catch few photons: their histories are short, so many can be run.
            let histories = if radius < 0.9 { 1_500_000 } else { 400_000 };
            let e = f64::from(energy) / 1000.0;
            let isolated =
                absorbed_fraction(&coefficients, e, radius, radius, histories, &mut random);
            let in_body = if radius < BODY_RADIUS {
                absorbed_fraction(&coefficients, e, radius, BODY_RADIUS, histories, &mut random)
            } else {
                isolated
            };
            writeln!(out, "{energy},{radius},{isolated:.5},{in_body:.5}")?;
        }
    }
    Ok(())
}

/// Convex bodies of the MIRD-5 phantom, given by the ways to leave them.
enum Body {
    Ellipsoid([f64; 3]),
    /// Elliptical cylinder |z| < half height, cut by the plane n·p ≤ c.
    CutCylinder {
        axes: [f64; 2],
        z: [f64; 2],
        normal: [f64; 3],
        c: f64,
    },
}

impl Body {
    fn exit(&self, p: [f64; 3], d: [f64; 3]) -> f64 {
        match self {
            Self::Ellipsoid(axes) => to_ellipsoid(p, d, *axes),
            Self::CutCylinder { axes, z, normal, c } => {
                let mut x = to_ellipsoid(p, d, [axes[0], axes[1], 1e9]);
                for limit in z {
                    let t = (limit - p[2]) / d[2];
                    if t > 0.0 {
                        x = x.min(t);
                    }
                }
                let slope: f64 = (0..3).map(|k| normal[k] * d[k]).sum();
                let height: f64 = c - (0..3).map(|k| normal[k] * p[k]).sum::<f64>();
                if slope > 0.0 { x.min(height / slope) } else { x }
            }
        }
    }

    /// A point of the body, and whether the trial succeeded; the volume of the box of the trials.
    fn point(&self, random: &mut Random) -> (Option<[f64; 3]>, f64) {
        match self {
            Self::Ellipsoid(a) => {
                let d = random.direction();
                let r = random.uniform().cbrt();
                let volume = 4.0 / 3.0 * PI * a[0] * a[1] * a[2];
                (Some([d[0] * r * a[0], d[1] * r * a[1], d[2] * r * a[2]]), volume)
            }
            Self::CutCylinder { axes, z, normal, c } => {
                let p = [
                    axes[0] * (2.0 * random.uniform() - 1.0),
                    axes[1] * (2.0 * random.uniform() - 1.0),
                    z[0] + (z[1] - z[0]) * random.uniform(),
                ];
                let inside = (p[0] / axes[0]).powi(2) + (p[1] / axes[1]).powi(2) < 1.0
                    && (0..3).map(|k| normal[k] * p[k]).sum::<f64>() < *c;
                (inside.then_some(p), 4.0 * axes[0] * axes[1] * (z[1] - z[0]))
            }
        }
    }
}

fn shapes(out: &mut impl Write) -> io::Result<()> {
    let none = [0.0; 3];
    let bodies = [
        ("kidney", Body::Ellipsoid([4.5, 1.5, 5.5])),
        ("spleen", Body::Ellipsoid([3.5, 2.0, 6.0])),
        ("brain", Body::Ellipsoid([6.0, 9.0, 6.5])),
        ("testis", Body::Ellipsoid([1.3, 1.5, 2.3])),
        ("ovary", Body::Ellipsoid([1.0, 0.5, 2.0])),
        ("lung", Body::Ellipsoid([5.0, 7.5, 12.0])),
        ("ellipsoid 1:1.5:2", Body::Ellipsoid([1.0, 1.5, 2.0])),
        ("ellipsoid 1:1:2.5", Body::Ellipsoid([1.0, 1.0, 2.5])),
        ("ellipsoid 1:2:6", Body::Ellipsoid([1.0, 2.0, 6.0])),
        (
            "liver",
            Body::CutCylinder {
                axes: [16.5, 8.0],
                z: [27.0, 43.0],
                normal: [1.0 / 35.0, 1.0 / 45.0, -1.0 / 43.0],
                c: -1.0,
            },
        ),
        ("trunk", Body::CutCylinder { axes: [20.0, 10.0], z: [0.0, 70.0], normal: none, c: 1.0 }),
    ];
    let mut random = Random(7);
    writeln!(out, "body,volume_cm3,path_factor,surface_factor")?;
    for (name, body) in &bodies {
        let (mut n, mut trials, mut path, mut inverse_chord, mut box_volume) =
            (0.0, 0.0, 0.0, 0.0, 0.0);
        while n < 2e6 {
            trials += 1.0;
            let (point, volume) = body.point(&mut random);
            box_volume = volume;
            let Some(p) = point else { continue };
            let d = random.direction();
            let (ahead, behind) = (body.exit(p, d), body.exit(p, [-d[0], -d[1], -d[2]]));
            n += 1.0;
            path += ahead;
            inverse_chord += 1.0 / (ahead + behind);
        }
        let volume = box_volume * n / trials;
        let radius = (3.0 * volume / (4.0 * PI)).cbrt();
        // For interior rays the mean of 1/chord is S/(4V) (Cauchy and Dirac); a sphere has 3/(4R).
        writeln!(
            out,
            "{name},{volume:.1},{:.3},{:.3}",
            0.75 * radius * n / path,
            inverse_chord / n * 4.0 / 3.0 * radius
        )?;
    }
    Ok(())
}

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    match std::env::args().nth(1).as_deref() {
        Some("photons") => photons(&mut out),
        Some("shapes") => shapes(&mut out),
        Some("electrons") => electrons::electrons(&mut out),
        _ => Err(io::Error::other("say which table: photons, shapes or electrons")),
    }
}
