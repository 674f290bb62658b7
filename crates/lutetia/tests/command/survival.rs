//! `lutetia survival`: what it prints, and what it says to files that cannot be.

use std::{fs, path::Path};

use lutetia_testkit::reference;

use crate::common;

fn run(folder: &Path, arguments: &[&str]) -> String {
    common::run(folder, &[&["survival"], arguments].concat()).shown()
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in files {
        fs::write(folder.path().join(name), text).expect("a file");
    }
    folder
}

/// Two arms of twelve, times in months.
const TRIAL: &str = "\
patient,time (months),event,arm
1,2.1,1,control
2,3.0,1,control
3,3.4,0,control
4,4.2,1,control
5,5.5,1,control
6,6.1,1,control
7,7.9,0,control
8,8.8,1,control
9,2.8,1,treated
10,4.9,1,treated
11,6.6,0,treated
12,7.3,1,treated
13,9.4,1,treated
14,11.2,0,treated
15,12.5,1,treated
16,14.0,0,treated
";

#[test]
fn regress_arms_and_comparison() {
    let folder = folder(&[("trial.csv", TRIAL)]);
    let of = |more: &[&str]| run(folder.path(), &[&["trial.csv"], more].concat());
    insta::assert_snapshot!("survival", of(&["--unit", "months", "--at", "6"]));
    insta::assert_snapshot!(
        "survival_curve",
        of(&["--table", "curve", "--interval", "log-log", "--level", "90"])
    );
    insta::assert_snapshot!("survival_families", of(&["--table", "families", "--horizon", "8"]));
    insta::assert_snapshot!("survival_json", of(&["--json", "--reference", "treated"]));
}

/// Deaths at 1, 3 and at 2, 4: χ² 8/13; medians 2 and 3 in the middle of flat pieces; areas to 3 of
/// 1 + 2·½ = 2 and 2 + ½ = 2.5.
#[test]
fn exact_numbers_by_hand() {
    let text = "time,event,arm\n1,1,a\n3,1,a\n2,1,b\n4,1,b\n";
    let folder = folder(&[("four.csv", text)]);
    let output = run(folder.path(), &["four.csv", "--json"]);
    let json = output.split("----- stdout -----\n").nth(1).expect("both streams");
    let json = json.split("----- stderr -----").next().expect("both streams");
    let value: serde_json::Value = serde_json::from_str(json).expect("one JSON value");
    let number = |table: &str, row: usize, column: &str| {
        value[table][row][column].as_f64().unwrap_or_else(|| panic!("{table} {column}: {value}"))
    };
    let close = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-12, "{found}");
    close(number("comparison", 0, "log_rank"), 8.0 / 13.0);
    close(number("arms", 0, "median"), 2.0);
    close(number("arms", 1, "median"), 3.0);
    close(number("arms", 0, "horizon"), 3.0);
    close(number("arms", 0, "restricted_mean"), 2.0);
    close(number("arms", 1, "restricted_mean"), 2.5);
    close(number("comparison", 0, "restricted_mean_difference"), 0.5);
}

/// R `survival` 3.5-3 on its data set lung, which lies outside the repository: medians with intervals,
/// log-rank χ² 10.33, restricted means to a year.
#[test]
fn val_lung() {
    let Some(classic) = reference("data/survival/classic") else { return };
    let text = run(
        &classic,
        &[
            "lung.csv",
            "--event",
            "status=2",
            "--arm",
            "sex",
            "--reference",
            "1",
            "--horizon",
            "365",
        ],
    );
    for expected in [
        "\n1,138,112,270,212,310,365,241.495,10.3582,\n",
        "\n2,90,53,426,348,550,365,297.465,10.7913,\n",
        ",10.3267,",
    ] {
        assert!(text.contains(expected), "{expected} is not in {text}");
    }
}

/// Months to deterioration after radiotherapy (Finkelstein and Wolfe 1985, Biometrics 41:933), between two visits.
/// R's `interval::icfit` has .0463 in (4, 5] and .4656 after 46 (Fay and Shaw 2010, J Stat Softw 36(2)).
const VISITS: &str = "\
left,right
45,\n6,10\n0,7\n46,\n46,\n7,16\n17,\n7,14\n37,44\n0,8\n4,11\n15,\n11,15\n22,\n46,\n46,\n25,37\n46,\n26,40
46,\n27,34\n36,44\n46,NA\n36,48\n37,\n40,\n17,25\n46,\n11,18\n38,\n5,12\n37,\n0,5\n18,\n24,\n36,\n5,11\n19,35
17,25\n24,inf\n32,\n33,\n19,26\n37,\n34,\n36,
";

#[test]
fn val_events_between_two_visits() {
    let folder = folder(&[("visits.csv", VISITS)]);
    let visits = ["visits.csv", "--left", "left", "--right", "right"];
    let text = run(folder.path(), &[&visits[..], &["--at", "10"]].concat());
    for expected in [
        "\nall,46,21,38,40,-58.06,0.831622,0.831622,\n",
        "\nall,4,5,0.0463468,0.953653,",
        "\nall,46,48,0.465558,0,,\n",
    ] {
        assert!(text.contains(expected), "{expected} is not in {text}");
    }
}

/// Three events in one of two arms that have as many at risk: 3(β − ln(1 + e^β)) + ½ ln(3π(1 − π)) is largest
/// at π = 7/8.
#[test]
fn exact_firths_hazard_ratio_is_seven() {
    let mono = "time,event,arm\n2,0,a\n1,1,b\n4,0,a\n3,1,b\n6,0,a\n5,1,b\n8,0,a\n7,0,b\n";
    let folder = folder(&[("mono.csv", mono)]);
    let of = |more: &[&str]| {
        run(folder.path(), &[&["mono.csv", "--table", "comparison"], more].concat())
    };
    assert!(of(&["--firth"]).contains("\nb,a,7,0.678"), "{}", of(&["--firth"]));
    let plain = of(&[]);
    assert!(plain.contains("\nb,a,,,,") && plain.contains("Firth"), "{plain}");
}

#[test]
fn regress_splines_and_visits() {
    let folder = folder(&[
        ("trial.csv", TRIAL),
        ("visits.csv", "left,right,arm\n3,2,a\nx,4,a\n1,y,\n0,2,b\n"),
        ("censored.csv", "left,right\n3,\n4,\n"),
    ]);
    let of = |arguments: &[&str]| run(folder.path(), arguments);
    let between = |more: &[&str]| of(&[more, &["--left", "left", "--right", "right"]].concat());
    insta::assert_snapshot!(
        "survival_splines",
        of(&["trial.csv", "--table", "splines", "--knots", "1", "--scale", "odds"])
    );
    insta::assert_snapshot!("survival_visits_faults", between(&["visits.csv"]));
    insta::assert_snapshot!("survival_visits_censored", between(&["censored.csv"]));
    insta::assert_snapshot!("survival_visits_columns", between(&["trial.csv"]));
    insta::assert_snapshot!(
        "survival_visits_families",
        between(&["visits.csv", "--table", "families"])
    );
    insta::assert_snapshot!(
        "survival_knots",
        of(&["trial.csv", "--table", "splines", "--knots", "40"])
    );
}

#[test]
fn regress_files_that_cannot_be() {
    let faults = "\
time,event,arm
2.1,1,a
,1,a
-3,0,b
4,2,b
five,1,
NaN,0,a
";
    let folder = folder(&[
        ("trial.csv", TRIAL),
        ("faults.csv", faults),
        ("empty.csv", ""),
        ("header.csv", "time,event\n"),
        ("names.csv", "months,death,group\n1,1,a\n"),
        ("coded.csv", "time,status\n1,2\n2,1\n"),
        ("censored.csv", "time,event,arm\n1,0,a\n2,0,b\n3,0,a\n"),
        ("one.csv", "time,event,arm\n1,0,a\n2,1,b\n3,0,a\n"),
        ("ties.csv", "time,event,arm\n2,1,a\n2,1,b\n2,1,a\n2,1,b\n"),
        ("zero.csv", "time,event,arm\n0,1,a\n2,1,a\n3,1,a\n"),
    ]);
    for (name, arguments) in [
        ("faults", &["faults.csv"][..]),
        ("empty", &["empty.csv"]),
        ("header_alone", &["header.csv"]),
        ("columns", &["names.csv", "--event", "deaths"]),
        ("coded", &["coded.csv", "--event", "status"]),
        ("coded_right", &["coded.csv", "--event", "status=2"]),
        ("no_arm", &["trial.csv", "--arm", "treatment"]),
        ("no_reference", &["trial.csv", "--reference", "controll"]),
        ("all_censored", &["censored.csv"]),
        ("one_event", &["one.csv"]),
        ("ties", &["ties.csv"]),
        ("event_at_0", &["zero.csv", "--table", "families"]),
        ("one_arm", &["zero.csv", "--table", "comparison"]),
        ("beyond", &["trial.csv", "--horizon", "60"]),
        ("horizon", &["trial.csv", "--horizon", "-1"]),
        ("level", &["trial.csv", "--level", "0.95", "--table", "arms"]),
        ("level_100", &["trial.csv", "--level", "100"]),
        ("missing", &["tril.csv"]),
    ] {
        insta::assert_snapshot!(format!("survival_{name}"), run(folder.path(), arguments));
    }
}

/// Standard output and error apart.
fn both(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let ran = common::run(folder, &[&["survival"], arguments].concat());
    (ran.code, ran.stdout, ran.stderr)
}

/// Codings of the event that mean the same give the same; values that never occur are refused.
#[test]
fn exact_the_event_is_what_was_meant() {
    let with = |yes: &str, no: &str| format!("time,event,arm\n1,{yes},a\n2,{no},a\n3,{yes},a\n");
    let folder = folder(&[("plain.csv", &with("1", "0"))]);
    let expected = both(folder.path(), &["plain.csv", "--json"]).1;
    assert!(expected.contains("\"events\": 2"), "{expected}");
    assert!(expected.contains("\"patients\": 3"), "{expected}");
    let cases = [
        ("1.0", "0.0", "event"),
        ("1.0", "0.0", "event=1"),
        ("TRUE", "FALSE", "event"),
        ("TRUE", "FALSE", "event=true"),
        ("T", "F", "event"),
        ("Yes", "no", "event"),
        ("y", "N", "event"),
        ("dead", "censored", "event=Dead"),
        (" dead ", "censored", "event=dead"),
        ("2", "1", "event=2.0"),
    ];
    for (yes, no, asked) in cases {
        fs::write(folder.path().join("case.csv"), with(yes, no)).expect("a file");
        let (code, out, err) = both(folder.path(), &["case.csv", "--json", "--event", asked]);
        assert_eq!((code, &out), (Some(0), &expected), "{yes} {asked}: {err}");
    }
    for (yes, no, asked) in [
        ("dead", "censored", "event=deed"),
        ("1.0", "0.0", "event=2"),
        ("2", "1", "event"),
        ("dead", "alive", "event"),
    ] {
        fs::write(folder.path().join("case.csv"), with(yes, no)).expect("a file");
        let (code, out, err) = both(folder.path(), &["case.csv", "--event", asked]);
        assert_eq!((code, out.as_str()), (Some(65), ""), "{asked}");
        assert!(err.contains(&format!("`{yes}`")) && err.contains(&format!("`{no}`")), "{err}");
    }
}

#[test]
fn exact_rows_of_another_width_are_refused_by_line() {
    let cases = [
        ("time,event,arm\n5,1,1,a\n6,0,0,a\n7,1,1,b\n", ":2:", "4 cells", "decimal comma"),
        (
            "time,event,arm\n1,1,a\n6,1,b\n7,1,a,extra\n",
            ":4:",
            "more than the 3 columns",
            "quotation",
        ),
        ("time,event,arm\n1,1,a\n6,1\n7,1,a\n", ":3:", "2 cells, fewer", "keep its separator"),
        ("time,event,arm,more\n1,1,a,\n6,1,b\n", ":3:", "fewer than the 4", "separator"),
    ];
    for (text, line, what, hint) in cases {
        let folder = folder(&[("rows.csv", text)]);
        for more in [&[][..], &["--left", "time", "--right", "event"]] {
            let (code, out, err) = both(folder.path(), &[&["rows.csv"], more].concat());
            assert_eq!((code, out.as_str()), (Some(65), ""), "{text}");
            assert!(err.contains(line) && err.contains(what) && err.contains(hint), "{err}");
        }
    }
    // Quoted, it is one cell.
    let folder = folder(&[("quoted.csv", "time,event,arm\n5,1,\"a, late\"\n6,1,b\n")]);
    assert_eq!(both(folder.path(), &["quoted.csv"]).0, Some(0));
}

#[test]
fn exact_semicolons_and_tabs_separate_too() {
    let folder = folder(&[
        ("comma.csv", "time,event,arm\n5.5,1,a\n6.25,0,a\n7,1,b\n8,1,b\n"),
        ("semicolon.csv", "time;event;arm\n5,5;1;a\n6,25;0;a\n7;1;b\n8;1;b\n"),
        ("tab.csv", "time\tevent\tarm\n5.5\t1\ta\n6.25\t0\ta\n7\t1\tb\n8\t1\tb\n"),
    ]);
    let (_, expected, quiet) = both(folder.path(), &["comma.csv"]);
    assert_eq!(quiet, "");
    for (name, word) in [("semicolon.csv", "`;`"), ("tab.csv", "tabs")] {
        let (code, out, err) = both(folder.path(), &[name]);
        assert_eq!((code, &out), (Some(0), &expected), "{err}");
        assert!(err.contains(word), "{err}");
    }
}

#[test]
fn exact_columns_that_are_not_used_are_named() {
    let folder = folder(&[
        ("start_stop.csv", "start,stop,event,arm\n0,5,0,a\n5,9,1,b\n0,6,1,a\n"),
        ("weights.csv", "time,event,arm,weight\n5,1,a,2\n6,0,a,1\n7,1,b,3\n"),
        ("id.csv", "id,time,event\n1,5,1\n1,6,0\n2,7,1\n"),
    ]);
    for (file, time, named) in [
        ("start_stop.csv", "stop", "`start`"),
        ("weights.csv", "time", "`weight`"),
        ("id.csv", "time", "`id`"),
    ] {
        let (code, _, err) = both(folder.path(), &[file, "--time", time]);
        assert!(code == Some(0) && err.contains(&format!("column {named} is not used")), "{err}");
    }
}

/// Two times that differ by rounding: R 4.2.2 with survival 3.5.
#[test]
fn val_times_that_differ_by_rounding_are_ties() {
    let text = "time,event,arm\n0.3,1,a\n0.30000000000000004,1,b\n0.6,1,a\n0.6000000000000001,0,b\n0.9,1,b\n1.2,0,a\n";
    let folder = folder(&[("ties.csv", text)]);
    let (code, out, err) = both(folder.path(), &["ties.csv", "--table", "comparison"]);
    assert_eq!(code, Some(0), "{err}");
    let row: Vec<&str> = out.lines().nth(1).expect("a row").split(',').collect();
    let number = |k: usize| row[k].parse::<f64>().expect("a number");
    // R: 1.000000 (0.1409 to 7.099), χ² 0; half a digit of what it prints.
    for (k, expected, within) in
        [(2, 1.0, 5e-7), (3, 0.1409, 5e-5), (4, 7.099, 5e-4), (5, 0.0, 1e-9)]
    {
        assert!((number(k) - expected).abs() < within, "{out}");
    }
}

/// A p-value below the least number is not zero.
#[test]
fn exact_a_p_that_underflows_has_a_bound() {
    let mut text = "time,event,arm\n".to_owned();
    for k in 0..3000 {
        // Everybody of `a` dies before anybody of `b` but a few.
        let (a, b) = (1.0 + f64::from(k) / 3000.0, 3.0 + f64::from(k) / 3000.0);
        let b = if k % 50 == 0 { a } else { b };
        text.push_str(&format!("{a},1,a\n{b},1,b\n"));
    }
    let folder = folder(&[("apart.csv", &text)]);
    let (code, out, err) = both(folder.path(), &["apart.csv", "--table", "comparison", "--json"]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("\"p\": \"< 1e-300\""), "{out}");
}

/// The table of `lutetia trial`: who could not be simulated is left out and counted.
#[test]
fn exact_a_table_of_a_trial_is_read() {
    let text = "patient,arm,status,survival_d,died\n0,a,ok,10.5,1\n1,a,\"subject 1: the rate of change, at 3 h\",,\n2,b,ok,20,0\n3,b,ok,21,1\n";
    let folder = folder(&[("patients.csv", text)]);
    let (code, out, err) =
        both(folder.path(), &["patients.csv", "--time", "survival_d", "--event", "died"]);
    assert!(code == Some(0) && out.contains("a,1,1,10.5"), "{out} {err}");
    assert!(err.contains("1 of 4 rows are left out"), "{err}");
}
