//! The chain of uncertainties against sampling, numerical integration and its limits.

use std::f64::consts::{LN_2, PI};

use lutetia_dose::{
    AbsorbedDose, Chain, Input, Mass, Outline, Recovery, Region, Sex, Tia, absorbed_dose, budget,
    bundled, edge_brightness, outline_diameter_sd_mm, outline_volume_sd, self_dose_factor,
};

/// A tumour of 177Lu: volume in mL, relative standard deviation of the integral.
fn tumour(volume_ml: f64, fit: Option<f64>) -> (AbsorbedDose, Tia) {
    let region = Region::tumour("tumour");
    let mass = Mass::of_volume(&region, volume_ml, None).expect("a mass");
    let tia = Tia::new("tumour", 500.0, fit.map(|f| f * 500.0), None, "mono").expect("an integral");
    let source = bundled::source("Lu-177").expect("a nuclide");
    let factor = self_dose_factor(&source, &region, mass.g, Sex::Male).expect("a factor");
    (absorbed_dose(&tia, &factor, mass, Some(7400.0)).expect("a dose"), tia)
}

const NOTHING: Chain =
    Chain { calibration: 0.0, outline: Outline::Relative(0.0), recovery: None, factor: 0.0 };

#[test]
fn exact_diameter_and_volume_of_an_outline() {
    // Voxel 4.8 mm alone: two edges, each uniform over a voxel.
    let voxel = outline_diameter_sd_mm(4.8, 0.0).expect("a length");
    assert!((voxel - 4.8 / 6.0_f64.sqrt()).abs() < 1e-15);
    // Resolution alone: two edges, each with the σ of the blur.
    let sigma = 12.0 / (2.0 * (2.0 * LN_2).sqrt());
    let both = outline_diameter_sd_mm(4.8, 12.0).expect("a length");
    assert!((both * both - voxel * voxel - 2.0 * sigma * sigma).abs() < 1e-12);
    // A sphere of 60 mm diameter.
    let relative = outline_volume_sd(PI / 6.0 * 216.0, 4.8, 12.0).expect("a volume");
    assert!((relative - 3.0 * both / 60.0).abs() < 1e-12);
    assert!(outline_volume_sd(0.0, 4.8, 12.0).is_err());
    assert!(outline_diameter_sd_mm(0.0, 12.0).is_err());
    assert!(outline_diameter_sd_mm(4.8, f64::NAN).is_err());
}

/// Brightness at a distance `rho` from the centre of a uniform sphere of radius `r` and brightness 1,
/// convolved with a Gaussian: shells of radius s, seen from rho, have the weight
/// `s/(rho σ√(2π)) [e^{−(rho−s)²/2σ²} − e^{−(rho+s)²/2σ²}] ds`; summed in `n` steps at their middle.
fn blurred(rho: f64, r: f64, sigma: f64, n: u32) -> f64 {
    let h = r / f64::from(n);
    let g = |x: f64| (-x * x / (2.0 * sigma * sigma)).exp();
    let sum: f64 =
        (0..n).map(|i| h * (f64::from(i) + 0.5)).map(|s| s * (g(rho - s) - g(rho + s))).sum();
    sum * h / (rho * sigma * (2.0 * PI).sqrt())
}

#[test]
fn val_the_edge_of_a_blurred_sphere_by_integration() {
    for (volume_ml, fwhm) in [(1.0, 12.0), (20.0, 12.0), (150.0, 8.0), (0.2, 15.0)] {
        let r = (3.0 * volume_ml * 1e3 / (4.0 * PI)).cbrt();
        let sigma = fwhm / (2.0 * (2.0 * LN_2).sqrt());
        let closed = edge_brightness(volume_ml, fwhm).expect("a volume");
        // The rule of the middle is of second order: steps of r/20000 against a width σ of r/7 and more
        // leave 1e-8.
        let numeric = 2.0 * blurred(r, r, sigma, 20_000);
        assert!((closed - numeric).abs() < 1e-7, "{volume_ml} mL: {closed} {numeric}");
    }
    // A large region has half of its brightness at its edge.
    let large = edge_brightness(5e6, 10.0).expect("a volume");
    assert!((large - 1.0).abs() < 0.01, "{large}");
}

#[test]
fn exact_without_errors_of_the_chain_the_fit_is_all() {
    let (dose, tia) = tumour(20.0, Some(0.08));
    let found = budget(&dose, &tia, 20.0, &NOTHING).expect("a budget");
    assert!((found.relative_sd.expect("a fit") - 0.08).abs() < 1e-15);
    assert_eq!(found.dominant(), Some(Input::Fit));
    assert_eq!(found.contributions[0].share, Some(1.0));
    // The calibration adds in quadrature and nothing else.
    let chain = Chain { calibration: 0.06, ..NOTHING };
    let found = budget(&dose, &tia, 20.0, &chain).expect("a budget");
    assert!((found.relative_sd.expect("a fit") - 0.1).abs() < 1e-15);
}

#[test]
fn exact_the_mass_alone_is_what_the_dose_says() {
    let region = Region::named("kidney_left").expect("an organ");
    let mass = Mass::of_volume(&region, 241.0, Some(12.0)).expect("a mass");
    let tia = Tia::new("kidney_left", 7580.0, Some(380.0), None, "mono").expect("an integral");
    let source = bundled::source("Lu-177").expect("a nuclide");
    let factor = self_dose_factor(&source, &region, mass.g, Sex::Male).expect("a factor");
    let dose = absorbed_dose(&tia, &factor, mass, None).expect("a dose");
    let chain = Chain { outline: Outline::AsMass, ..NOTHING };
    let found = budget(&dose, &tia, 241.0, &chain).expect("a budget");
    let (a, b) = (found.sd_gy().expect("a fit"), dose.sd.expect("a fit"));
    assert!((a / b - 1.0).abs() < 1e-12, "{a} {b}");
}

#[test]
fn exact_shares_and_the_form_with_a_covariance() {
    let (dose, tia) = tumour(8.0, Some(0.08));
    let chain = Chain {
        calibration: 0.03,
        outline: Outline::Image { voxel_mm: 4.8, fwhm_mm: 12.0 },
        recovery: Some(Recovery::new(4.0, 1.1, 0.4, 0.08, -0.3).expect("a curve")),
        factor: 0.02,
    };
    let found = budget(&dose, &tia, 8.0, &chain).expect("a budget");
    let sum: f64 = found.contributions.iter().filter_map(|c| c.share).sum();
    assert!((sum - 1.0).abs() < 1e-14);
    // The same variance as the guidance writes it.
    let (a, s) = (found.activity_relative_sd.expect("a fit"), found.factor_relative_sd);
    let variance = a * a + s * s + 2.0 * found.relative_covariance;
    let total = found.relative_sd.expect("a fit");
    assert!((total * total / variance - 1.0).abs() < 1e-13);
    // A larger outline holds more counts and divides by more mass: the correlation is of the sign of
    // φ/(2R) − α(1 − R), times −1.
    assert!(found.relative_covariance < 0.0);
}

#[test]
fn exact_an_undetermined_fit_leaves_the_total_undetermined() {
    let (dose, tia) = tumour(20.0, None);
    let chain = Chain { calibration: 0.03, ..NOTHING };
    let found = budget(&dose, &tia, 20.0, &chain).expect("a budget");
    assert_eq!((found.relative_sd, found.dominant()), (None, None));
    assert_eq!(found.contributions[1].of_dose(), Some(0.03));
    assert!((found.shared_relative_sd() - 0.03).abs() < 1e-15);
}

#[test]
fn exact_impossible_inputs_are_refused() {
    let (dose, tia) = tumour(20.0, Some(0.1));
    for chain in [
        Chain { calibration: -0.1, ..NOTHING },
        Chain { factor: f64::NAN, ..NOTHING },
        Chain { outline: Outline::Relative(f64::INFINITY), ..NOTHING },
        Chain { outline: Outline::Image { voxel_mm: -1.0, fwhm_mm: 12.0 }, ..NOTHING },
    ] {
        assert!(budget(&dose, &tia, 20.0, &chain).is_err(), "{chain:?}");
    }
    assert!(budget(&dose, &tia, 0.0, &NOTHING).is_err());
}

/// Uniform and normal numbers, the same on every machine (splitmix64, Box–Muller).
struct Random(u64);

impl Random {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        let (u, v) = (1.0 - self.uniform(), self.uniform());
        (-2.0 * u.ln()).sqrt() * (2.0 * PI * v).cos()
    }
}

/// One exponential through (t, ln A) by least squares: ln A₀, λ.
fn log_linear(times: &[f64], logs: &[f64]) -> (f64, f64) {
    let n = times.len() as f64;
    let (t, y) = (times.iter().sum::<f64>() / n, logs.iter().sum::<f64>() / n);
    let stt: f64 = times.iter().map(|x| (x - t) * (x - t)).sum();
    let sty: f64 = times.iter().zip(logs).map(|(x, l)| (x - t) * (l - y)).sum();
    let lambda = -sty / stt;
    (y + lambda * t, lambda)
}

#[test]
fn val_the_chain_against_sampling() {
    // Everything is drawn: the calibration, the parameters of the recovery curve, the outline, and
    // the scatter of each scan; counts in an outline come from integrating the blurred sphere; each
    // draw is fitted, integrated and divided by its mass, as a person would do it.
    let (volume, fwhm, outline_sd) = (30.0, 10.0, 0.06);
    let r = |v: f64| (3.0 * v * 1e3 / (4.0 * PI)).cbrt();
    let sigma = fwhm / (2.0 * (2.0 * LN_2).sqrt());
    let n_shells = 300;
    // Counts inside an outline of radius `rho`, over those of the true sphere without blur.
    let counts = |v: f64| {
        let rho = r(v);
        let h = rho / f64::from(n_shells);
        let shell = |x: f64| {
            if x <= 0.0 { 0.0 } else { 3.0 * x * x * blurred(x, r(volume), sigma, 60) }
        };
        let sum: f64 = (0..n_shells).map(|i| shell(h * (f64::from(i) + 0.5))).sum();
        sum * h / r(volume).powi(3)
    };
    // On a grid of outlines, because every draw needs it.
    let grid: Vec<(f64, f64)> = (0..=120)
        .map(|i| 0.6 + 0.008 * f64::from(i))
        .map(|f| (f * volume, counts(f * volume)))
        .collect();
    let measured = |v: f64| {
        let upper = grid.partition_point(|g| g.0 < v).clamp(1, grid.len() - 1);
        let ((a, ca), (b, cb)) = (grid[upper - 1], grid[upper]);
        ca + (cb - ca) * (v - a) / (b - a)
    };
    // A curve whose value at the true volume is what the blur leaves, so that the mean is right.
    let recovered = measured(volume);
    let alpha = 1.1;
    let beta = volume * ((1.0 - recovered) / recovered).powf(1.0 / alpha);
    let curve = Recovery::new(beta, alpha, 0.08 * beta, 0.06, -0.4).expect("a curve");
    assert!((curve.at(volume) - recovered).abs() < 1e-12);

    let (a0, lambda, scatter, calibration) = (100.0, LN_2 / 60.0, 0.05, 0.04);
    let times = [4.0, 24.0, 96.0, 168.0];
    let (dose, _) = tumour(volume, Some(0.1));
    let mass_exponent = (dose.alpha + dose.electron + 2.0 / 3.0 * dose.photon) / dose.total;
    let mut random = Random(20_261_126);
    let draws = 40_000;
    let logs: Vec<f64> = (0..draws)
        .map(|_| {
            let q = 1.0 + calibration * random.normal();
            let v = volume * (1.0 + outline_sd * random.normal());
            let (x, y) = (random.normal(), random.normal());
            let y = -0.4 * x + (1.0 - 0.16f64).sqrt() * y;
            let drawn = Recovery::new(beta * (1.0 + 0.08 * x), alpha + 0.06 * y, 0.0, 0.0, 0.0)
                .expect("a curve");
            let per_count = 1.0 / (q * drawn.at(v));
            let points: Vec<f64> = times
                .iter()
                .map(|t| {
                    let c =
                        a0 * (-lambda * t).exp() * measured(v) * (scatter * random.normal()).exp();
                    (c * per_count).ln()
                })
                .collect();
            let (ln_a0, fitted) = log_linear(&times, &points);
            // ln of A₀/λ over the power of the mass.
            ln_a0 - fitted.ln() - mass_exponent * v.ln()
        })
        .collect();
    let mean = logs.iter().sum::<f64>() / f64::from(draws);
    let sampled = (logs.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / f64::from(draws)).sqrt();

    // Closed form: the covariance of the straight line, then the chain.
    let n = times.len() as f64;
    let t = times.iter().sum::<f64>() / n;
    let stt: f64 = times.iter().map(|x| (x - t) * (x - t)).sum();
    // ln Ã = ln A₀ − ln λ with Var(ȳ) = s²/n and Var(λ) = s²/Stt, ln A₀ = ȳ + λ t̄.
    let fit = scatter * (1.0 / n + (t - 1.0 / lambda).powi(2) / stt).sqrt();
    let tia = Tia::new("tumour", 500.0, Some(fit * 500.0), None, "mono").expect("an integral");
    // The outline's error is given here, and its effect on the counts is that of the image: the
    // image whose voxel makes this error.
    let diameter_sd = outline_sd / 3.0 * 2.0 * r(volume);
    let of_blur = outline_diameter_sd_mm(1e-9, fwhm).expect("a length");
    assert!(of_blur > diameter_sd, "the blur alone would be more than what is drawn");
    let chain = Chain {
        calibration,
        outline: Outline::Image { voxel_mm: 1e-9, fwhm_mm: fwhm },
        recovery: Some(curve),
        factor: 0.0,
    };
    let by_image = budget(&dose, &tia, volume, &chain).expect("a budget");
    // Its volume error is larger than that drawn; the sensitivity is what is tested.
    let variance: f64 = by_image
        .contributions
        .iter()
        .map(|c| {
            let sd = if c.input == Input::Volume { Some(outline_sd) } else { c.relative_sd };
            (sd.expect("all are given") * c.sensitivity).powi(2)
        })
        .sum();
    let closed = variance.sqrt();
    // 40 000 draws know a standard deviation to 0.35 %; 6 and 8 % errors of nonlinear functions add
    // about 0.5 % more.
    assert!((sampled / closed - 1.0).abs() < 0.015, "sampled {sampled}, closed {closed}");
    // With the correlation left out the answer is another one, so the test can tell.
    let without: f64 = by_image
        .contributions
        .iter()
        .map(|c| match c.input {
            Input::Volume => {
                let mass = mass_exponent * outline_sd;
                let activity = (c.sensitivity + mass_exponent) * outline_sd;
                mass * mass + activity * activity
            }
            _ => (c.relative_sd.expect("given") * c.sensitivity).powi(2),
        })
        .sum();
    assert!((sampled / without.sqrt() - 1.0).abs() > 0.03, "{sampled} {}", without.sqrt());
}
