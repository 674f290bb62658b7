//! When a region is said to look decay-corrected, and when not.

use lutetia_data::Study;
use proptest::prelude::*;

/// Decay constant of Lu-177 (6.6443 d), 1/h.
const LAMBDA: f64 = std::f64::consts::LN_2 / (6.6443 * 24.0);

fn warned(points: &[(f64, f64)]) -> bool {
    let mut activity = String::from("subject,region,time (h),activity (MBq)\n");
    for (time, value) in points {
        activity.push_str(&format!("P1,tumour,{time},{value}\n"));
    }
    let (_, diagnostics, _) = Study::parse(
        "test",
        &[
            ("README.md", b"source: invented"),
            ("subjects.csv", b"subject\nP1\n"),
            ("doses.csv", b"subject,time (h),nuclide,activity (MBq)\nP1,0,Lu-177,7400\n"),
            ("activity.csv", activity.as_bytes()),
        ],
    );
    diagnostics.iter().any(|d| d.code == lutetia_data::codes::LOOKS_DECAY_CORRECTED)
}

fn sampled(times: &[f64], curve: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
    times.iter().map(|&t| (t, curve(t))).collect()
}

const TIMES: [f64; 5] = [4.0, 24.0, 72.0, 120.0, 168.0];

#[test]
fn exact_decay_corrected_clearance_is_named() {
    // Biological half-life 400 h, decay taken out: it falls with 400 h, slower than 159 h.
    assert!(warned(&sampled(&TIMES, |t| 100.0 * (-t * 0.693 / 400.0).exp())));
}

#[test]
fn exact_measured_retention_is_not_named() {
    assert!(!warned(&sampled(&TIMES, |t| 100.0 * (-LAMBDA * t).exp())));
}

#[test]
fn exact_slow_uptake_is_not_named() {
    // Irreversible uptake; the measured curve peaks late and its fall is slower than decay
    // until uptake is over. Uptake rates from an hour to a week.
    for uptake in [0.7, 0.1, 0.03, 0.01, 0.004] {
        let curve = |t: f64| 100.0 * (-LAMBDA * t).exp() * (1.0 - (-uptake * t).exp());
        for times in
            [&TIMES[..], &[24.0, 96.0, 168.0], &[4.0, 28.0, 52.0, 76.0, 124.0, 196.0, 268.0]]
        {
            assert!(!warned(&sampled(times, curve)), "uptake at {uptake}/h, times {times:?}");
        }
    }
}

proptest! {
    /// Measured curves that clear with at least a tenth of the decay rate stay unnamed under
    /// noise of up to one assumed standard deviation (5 %) per point.
    #[test]
    fn prop_noise_is_tolerated(
        clearance in 0.1f64..4.0,
        noise in prop::array::uniform5(-0.05f64..0.05),
    ) {
        let points: Vec<(f64, f64)> = TIMES
            .iter()
            .zip(noise)
            .map(|(&t, e)| (t, 100.0 * (-(1.0 + clearance) * LAMBDA * t).exp() * (1.0 + e)))
            .collect();
        prop_assert!(!warned(&points));
    }
}
