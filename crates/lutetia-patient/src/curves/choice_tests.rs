//! The choice among functions on curves whose truth is known.

use lutetia_diagnostic::FlagKind;
use std::f64::consts::LN_2;

use lutetia_data::{Curve, CurvePoint};
use lutetia_fit::{DerivedKind, ErrorModel, Magnitude, VarianceCount};

use super::{CurveOptions, RegionCurve, fit_region};

/// Physical rate of Lu-177, 1/h, to the digits that matter here.
const PHYSICAL: f64 = LN_2 / 159.528;

/// SplitMix64, for designs and noise.
struct Random(u64);

impl Random {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / 9_007_199_254_740_992.0
    }
    fn between(&mut self, low: f64, high: f64) -> f64 {
        low * (high / low).powf(self.unit())
    }
    fn normal(&mut self) -> f64 {
        let (u, v) = (self.unit().max(1e-300), self.unit());
        (-2.0 * u.ln()).sqrt() * (2.0 * std::f64::consts::PI * v).cos()
    }
}

fn options(cv: f64) -> CurveOptions {
    CurveOptions {
        functions: ["mono", "bi", "bi-uptake", "tri-uptake"].map(str::to_owned).to_vec(),
        error: ErrorModel::Proportional { cv: Magnitude::Fixed(cv) },
        over_sd: false,
        seed: 1,
        until_h: 200.0,
        variance_count: VarianceCount::Estimated,
        gates: false,
        profile: false,
        bootstrap: 0,
    }
}

fn measured(points: &[(f64, f64)], cv: Option<f64>) -> Curve {
    let point = |&(time_h, activity_mbq): &(f64, f64)| CurvePoint {
        time_h,
        activity_mbq,
        sd_mbq: cv.map(|cv| cv * activity_mbq),
        volume_ml: None,
        mass_g: None,
        below_detection: false,
        line: 0,
    };
    Curve {
        subject: "p".to_owned(),
        cycle: 1,
        region: "kidney_left".to_owned(),
        nuclide: "Lu-177".to_owned(),
        injected_at_h: 0.0,
        injected_mbq: 7400.0,
        administrations: Vec::new(),
        points: points.iter().map(point).collect(),
    }
}

/// Amplitudes (MBq) and effective rates (1/h) of a truth.
type Phases = Vec<(f64, f64)>;

fn truth(kind: usize, random: &mut Random) -> Phases {
    let rate = |half_life: f64| LN_2 / half_life + PHYSICAL;
    let slow = rate(random.between(40.0, 300.0));
    let fast = rate(random.between(3.0, 12.0));
    let uptake = rate(random.between(2.0, 30.0));
    let share = random.between(0.2, 0.8);
    match kind {
        0 => vec![(100.0, slow)],
        1 => vec![(100.0 * share, slow), (100.0 * (1.0 - share), fast)],
        2 => vec![(100.0, slow), (-100.0, uptake)],
        _ => {
            let first = rate(random.between(0.3, 1.5));
            vec![(100.0 * share, slow), (100.0 * (1.0 - share), fast), (-100.0, first)]
        }
    }
}

fn at(phases: &Phases, t: f64) -> f64 {
    phases.iter().map(|(a, k)| a * (-k * t).exp()).sum()
}

/// Scans as they are made: the first within hours, the last after four to eight days.
fn times(n: usize, random: &mut Random) -> Vec<f64> {
    let (first, last) = (random.between(1.0, 5.0), random.between(96.0, 192.0));
    (0..n)
        .map(|i| {
            let x = i as f64 / (n - 1) as f64;
            let jitter =
                if i == 0 || i + 1 == n { 0.0 } else { 0.3 * (random.unit() - 0.5) / n as f64 };
            first * (last / first).powf(x + jitter)
        })
        .collect()
}

/// Whether a reader is told that the number is not a plain one.
fn flagged(curve: &RegionCurve) -> bool {
    curve.misfit.is_some() || !curve.at_bound.is_empty() || curve.without_aicc
}

/// For one, two and three phases with and without uptake, three to eight scans, exact and with the scatter stated: a
/// value that comes without a flag lies within four standard errors of the truth, and the data do not refute its curve.
#[test]
fn prop_no_confident_value_is_far_from_the_truth() {
    let mut random = Random(17);
    let (mut plain, mut told, mut refused) = (0, 0, 0);
    let mut faults = Vec::new();
    for round in 0..240 {
        let (kind, n) = (round % 4, 3 + (round / 4) % 6);
        let cv = [0.02, 0.05, 0.1][round % 3];
        let scatter = if (round / 2) % 2 == 0 { 0.0 } else { cv };
        let phases = truth(kind, &mut random);
        let points: Vec<(f64, f64)> = times(n, &mut random)
            .into_iter()
            .map(|t| (t, at(&phases, t) * (1.0 + scatter * random.normal()).max(0.05)))
            .collect();
        let whole: f64 = phases.iter().map(|(a, k)| a / k).sum();
        let stated = if round % 5 == 0 { None } else { Some(cv) };
        let curve = fit_region(measured(&points, stated), &options(cv)).expect("a region");
        match (curve.tia().tia.accept(&FlagKind::ALL).ok(), flagged(&curve)) {
            (None, _) => refused += 1,
            (Some(_), true) => told += 1,
            (Some(tia), false) => {
                plain += 1;
                let sd = tia.sd_mbq_h().expect("a standard error");
                let z = (tia.value_mbq_h() - whole) / sd;
                if z.is_nan() || z.abs() > 4.0 {
                    faults.push(format!(
                        "round {round}, kind {kind}, n {n}, cv {cv}, scatter {scatter}: {} ± {sd} by {} for {whole}, z {z:.1}",
                        tia.value_mbq_h(),
                        tia.method()
                    ));
                }
            }
        }
    }
    assert!(
        faults.is_empty(),
        "{} of {plain} plain values ({told} flagged, {refused} refused):\n{}",
        faults.len(),
        faults.join("\n")
    );
    // The property would hold of a program that refuses everything.
    assert!(plain >= 120, "{plain} plain, {told} flagged, {refused} refused");
}

/// Exact data are met whatever proportional error is assumed: 100 MBq of 50 h.
#[test]
fn exact_an_assumed_error_does_not_draw_clean_data_down() {
    let points = [4.0, 24.0, 72.0, 120.0].map(|t: f64| (t, 100.0 * (-t / 50.0).exp2()));
    for cv in [0.1, 0.2, 0.3] {
        let curve = fit_region(measured(&points, None), &options(cv)).expect("a region");
        let tia = curve.tia().tia.accept(&FlagKind::ALL).expect("an integral").value_mbq_h();
        // The search ends within 1e-7 standard errors.
        assert!((tia / (100.0 * 50.0 / LN_2) - 1.0).abs() < 1e-6, "{cv}: {tia}");
    }
}

/// Where the data scatter as assumed, the mean of many integrals is the truth: the bias is of the order of CV² over the
/// number of scans, and its sign is not that of the old pull.
#[test]
fn prop_an_assumed_error_that_is_true_leaves_no_bias() {
    let (cv, rounds) = (0.1, 1500);
    let mut random = Random(5);
    let mut options = options(cv);
    options.functions = vec!["mono".to_owned()];
    let mut logs = (0.0, 0.0);
    for _ in 0..rounds {
        let points = [4.0, 24.0, 72.0, 120.0]
            .map(|t: f64| (t, 100.0 * (-t / 50.0).exp2() * (1.0 + cv * random.normal())));
        let curve = fit_region(measured(&points, None), &options).expect("a region");
        let fit = curve.best().fit.as_ref().expect("a fit");
        let r = fit.derived(DerivedKind::Tia).expect("an integral").value * LN_2 / 5000.0 - 1.0;
        logs = (logs.0 + r, logs.1 + r * r);
    }
    let mean = logs.0 / f64::from(rounds);
    let sd = (logs.1 / f64::from(rounds) - mean * mean).sqrt();
    // Three standard errors of the mean of 1500, and half of CV² for the curvature of the integral in the rate.
    let allowed = 3.0 * sd / f64::from(rounds).sqrt() + 0.5 * cv * cv;
    assert!(mean.abs() < allowed, "mean {mean}, allowed {allowed}");
}

/// `--error` on the command line takes the place of stated standard deviations; an experiment's error does not.
#[test]
fn exact_an_error_given_outright_replaces_stated_ones() {
    let points = [(4.0, 90.0), (24.0, 75.0), (72.0, 36.0), (120.0, 19.0)];
    let sd = |over: bool| {
        let functions = vec!["mono".to_owned()];
        let options = CurveOptions { over_sd: over, functions, ..options(0.3) };
        let curve = fit_region(measured(&points, Some(0.01)), &options).expect("a region");
        let tia =
            curve.best().fit.as_ref().expect("a fit").derived(DerivedKind::Tia).expect("one").se;
        (tia.expect("a standard error"), curve.best().method.clone())
    };
    let ((stated, plain), (given, named)) = (sd(false), sd(true));
    assert!(given > 20.0 * stated, "{given} {stated}");
    assert_eq!(plain, "mono");
    assert_eq!(named, "mono, error proportional 30 %");
}
