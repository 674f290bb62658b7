//! Concentrations and shares of the injected activity, beside what they are by hand.

use lutetia_data::{Organ, Study, organs};

/// Decay constant of Lu-177 (6.6443 d), 1/h.
const LAMBDA: f64 = std::f64::consts::LN_2 / (6.6443 * 24.0);
const DOSES: &str = "subject,time (h),nuclide,activity (MBq)\nP,0,Lu-177,5000\nP,6,Lu-177,2000\nP,48,Lu-177,1000\nP,0,Ga-68,150\n";

/// Activities and standard deviations of the rows of a table, MBq.
fn read(activity: &str) -> Vec<(f64, f64)> {
    let (study, diagnostics, sources) = Study::parse(
        "test",
        &[
            ("README.md", b"source: invented"),
            ("subjects.csv", b"subject\nP\n"),
            ("doses.csv", DOSES.as_bytes()),
            ("activity.csv", activity.as_bytes()),
        ],
    );
    let said = lutetia_diagnostic::render(&diagnostics, &sources, false);
    let study = study.unwrap_or_else(|| panic!("{activity}\n{said}"));
    study.measurements().map(|m| (m.activity_mbq, m.sd_mbq.unwrap_or(f64::NAN))).collect()
}

/// The one row of a table with these titles behind those that every table has.
fn one(titles: &str, cells: &str) -> (f64, f64) {
    let rows =
        read(&format!("subject,region,time (h),nuclide,{titles}\nP,kidneys,24,Lu-177,{cells}\n"));
    assert_eq!(rows.len(), 1);
    rows[0]
}

fn density(organ: &str) -> f64 {
    let own = |o: &&Organ| o.name == organ;
    organs().iter().find(own).expect("an organ").density
}

fn close(found: f64, expected: f64) {
    assert!((found / expected - 1.0).abs() < 1e-11, "found {found}, expected {expected}");
}

#[test]
fn exact_a_concentration_is_times_the_volume_or_the_mass() {
    let kidneys = density("kidneys");
    for (unit, mbq_per) in
        [("kBq/mL", 1e-3), ("MBq/L", 1e-3), ("Bq/cc", 1e-6), ("kBq/cm3", 1e-3), ("uCi/mL", 0.037)]
    {
        close(one(&format!("activity ({unit}),volume (mL)"), "40,300").0, 40.0 * mbq_per * 300.0);
        // A mass in the place of the volume is divided by the density of the organ.
        close(
            one(&format!("activity ({unit}),mass (g)"), "40,310").0,
            40.0 * mbq_per * 310.0 / kidneys,
        );
        // With both, each is of its own.
        close(
            one(&format!("activity ({unit}),mass (g),volume (L)"), "40,999,0.3").0,
            40.0 * mbq_per * 300.0,
        );
    }
    close(one("activity (kBq/g),mass (g),volume (L)", "40,310,0.9").0, 12.4);
    close(one("activity (MBq/kg),volume (mL)", "40,300").0, 0.04 * 300.0 * kidneys);
}

#[test]
fn exact_a_share_is_of_what_the_cycle_was_given_until_the_scan() {
    // 5000 and 2000 MBq before 24 h, 1000 MBq after it, and another nuclide: 7000 MBq.
    close(one("activity (%IA),decay_corrected", "2,no").0, 140.0);
    let left = (-LAMBDA * 24.0_f64).exp();
    close(one("activity (%ID),decay_corrected", "2,yes").0, 140.0 * left);
    close(
        one("activity (%IA/g),mass (g),decay_corrected", "0.01,310,yes").0,
        1e-4 * 310.0 * 7000.0 * left,
    );
    close(one("activity (%ID/kg),mass (kg),decay_corrected", "10,0.31,no").0, 0.1 * 0.31 * 7000.0);
    close(
        one("activity (%IA/mL),volume (mL),decay_corrected", "0.01,300,no").0,
        1e-4 * 300.0 * 7000.0,
    );
    // After 48 h it is of 8000 MBq.
    let late = "subject,region,time (h),nuclide,activity (%IA),decay_corrected\nP,kidneys,48,Lu-177,2,no\n";
    close(read(late)[0].0, 160.0);
}

#[test]
fn exact_standard_deviations_are_given_in_any_of_the_ways() {
    for (titles, cells, activity, sd) in [
        ("activity (kBq/mL),sd (kBq/mL),volume (mL)", "40,4,300", 12.0, 1.2),
        ("activity (kBq/mL),sd (%),volume (mL)", "40,10,300", 12.0, 1.2),
        ("activity (kBq/mL),sd (MBq),volume (mL)", "40,1.2,300", 12.0, 1.2),
        ("activity (MBq),sd (Bq/mL),volume (mL)", "12,4000,300", 12.0, 1.2),
        ("activity (%IA),sd (%IA),decay_corrected", "2,0.2,no", 140.0, 14.0),
        ("activity (%IA),sd (%),decay_corrected", "2,10,no", 140.0, 14.0),
        ("activity,sd,unit,volume (mL)", "40,4,kBq/mL,300", 12.0, 1.2),
        ("activity,activity_unit,sd (%),decay_corrected", "2,%IA,10,no", 140.0, 14.0),
    ] {
        let (found, found_sd) = one(titles, cells);
        close(found, activity);
        close(found_sd, sd);
    }
}

#[test]
fn exact_titles_say_what_they_are_of() {
    for (title, more, cells, mbq) in [
        ("concentration (kBq/mL)", "volume (mL)", "40,300", 12.0),
        ("Activity concentration [Bq/ml]", "volume (mL)", "40000,300", 12.0),
        ("activity kBq/mL", "volume (mL)", "40,300", 12.0),
        ("Activity / kBq/mL", "volume (mL)", "40,300", 12.0),
        ("%IA", "decay_corrected", "2,no", 140.0),
        ("%ID/g", "mass (g),decay_corrected", "0.01,310,no", 217.0),
        ("activity (% ID)", "decay_corrected", "2,no", 140.0),
        ("activity %IA", "decay_corrected", "2,no", 140.0),
        ("activity (percent of injected activity)", "decay_corrected", "2,no", 140.0),
    ] {
        close(one(&format!("{title},{more}"), cells).0, mbq);
    }
}
