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

/// Codes said of a study of three regions, each a curve of half-life and value at each time.
fn said(table: &str) -> Vec<(String, String)> {
    let (_, diagnostics, _) = Study::parse(
        "test",
        &[
            ("README.md", b"source: invented"),
            ("subjects.csv", b"subject\nP1\n"),
            ("doses.csv", b"subject,time (h),nuclide,activity (MBq)\nP1,0,Lu-177,7400\n"),
            ("activity.csv", table.as_bytes()),
        ],
    );
    diagnostics.iter().map(|d| (d.code.to_owned(), d.message.clone())).collect()
}

/// Effective half-lives of three regions, and what becomes of the value at a time.
fn three(change: impl Fn(&str, f64, f64) -> String) -> String {
    let mut table = String::from("subject,region,time (h),activity (MBq),decay_corrected\n");
    for (region, half_life) in [("kidneys", 50.0), ("spleen", 70.0), ("liver", 100.0)] {
        for (i, t) in [4.0, 24.0, 96.0, 168.0].into_iter().enumerate() {
            // Scatter of 2 %, as scans have.
            let noise = [1.02, 0.98, 1.01, 0.99][i];
            let a = 100.0 * (-t * std::f64::consts::LN_2 / half_life).exp() * noise;
            table.push_str(&format!("P1,{region},{t},{}\n", change(region, t, a)));
        }
    }
    table
}

fn mixed(table: &str) -> Vec<String> {
    let code = lutetia_data::codes::MIXED_CORRECTION;
    said(table).into_iter().filter(|(c, _)| c == code).map(|(_, m)| m).collect()
}

#[test]
fn exact_a_table_of_one_kind_is_not_named() {
    assert_eq!(said(&three(|_, _, a| format!("{a},"))), []);
    let corrected = three(|_, t, a| format!("{},yes", a * (LAMBDA * t).exp()));
    assert_eq!(said(&corrected), []);
}

#[test]
fn exact_one_scan_of_another_kind_is_named() {
    for (scan, printed) in [(96.0, "96.00"), (168.0, "168.0")] {
        let up = |t: f64| if t > scan - 1.0 && t < scan + 1.0 { (LAMBDA * t).exp() } else { 1.0 };
        let found = mixed(&three(|_, t, a| format!("{},", a * up(t))));
        assert_eq!(found.len(), 1, "{scan}: {found:?}");
        let expected = format!("at {printed} h looks decay-corrected and the others measured");
        assert!(found[0].contains(&expected), "{}", found[0]);
        // All corrected but this one.
        let found = mixed(&three(|_, t, a| format!("{},", a * (LAMBDA * t).exp() / up(t))));
        assert_eq!(found.len(), 1, "{scan}: {found:?}");
        let expected = format!("at {printed} h looks measured and the others decay-corrected");
        assert!(found[0].contains(&expected), "{}", found[0]);
    }
}

#[test]
fn exact_regions_of_another_kind_are_named() {
    let table = three(|region, t, a| {
        format!("{},", if region == "liver" { a * (LAMBDA * t).exp() } else { a })
    });
    let found = mixed(&table);
    assert_eq!(
        found,
        [
            "in cycle 1 of subject `P1`, `liver` looks decay-corrected and `kidneys`, `spleen` do not"
        ]
    );
}

#[test]
fn exact_rows_of_one_curve_marked_differently_are_named() {
    let table = three(|region, t, a| {
        let half = region == "spleen" && t > 50.0;
        if half { format!("{},yes", a * (LAMBDA * t).exp()) } else { format!("{a},") }
    });
    let found = mixed(&table);
    assert_eq!(found, ["`spleen` of subject `P1` is marked as decay-corrected in 2 of its 4 rows"]);
}

#[test]
fn exact_two_phases_are_not_taken_for_a_mixture() {
    // Fast and slow clearance together are curved, too, but by no decay.
    for slow in [0.2, 0.5, 0.8] {
        let mut table = String::from("subject,region,time (h),activity (MBq)\n");
        for (region, fast_h, slow_h) in
            [("kidneys", 8.0, 60.0), ("spleen", 10.0, 80.0), ("liver", 15.0, 110.0)]
        {
            for t in [2.0, 24.0, 72.0, 120.0, 168.0] {
                let phase = |h: f64| (-t * std::f64::consts::LN_2 / h).exp();
                let a = 100.0 * ((1.0 - slow) * phase(fast_h) + slow * phase(slow_h));
                table.push_str(&format!("P1,{region},{t},{a}\n"));
            }
        }
        assert_eq!(mixed(&table), Vec::<String>::new(), "slow share {slow}");
    }
}
