//! Every kind of chart: the numbers drawn are the numbers given, and a faulty table is a message.

#[path = "../examples/gallery/cases/mod.rs"]
mod cases;

use cases::{Case, table};
use lutetia_report::{
    Cell,
    figure::{Figure, Marks, Panel, Strip, svg},
};

/// The layers of a panel with that legend text.
fn labelled<'a>(panel: &'a Panel, label: &str) -> Vec<&'a Marks> {
    panel.layers.iter().filter(|l| l.label == label).map(|l| &l.marks).collect()
}

fn case(toml: &'static str, columns: &[&str], rows: Vec<Vec<Cell>>) -> Case {
    let table = table("t", columns, rows);
    Case { toml, tables: [("t".to_owned(), table)].into() }
}

fn fault(toml: &'static str, columns: &[&str], rows: Vec<Vec<Cell>>) -> String {
    case(toml, columns, rows).figure().err().unwrap_or_else(|| panic!("no fault: {toml}"))
}

fn numbers(rows: &[&[f64]]) -> Vec<Vec<Cell>> {
    rows.iter().map(|r| r.iter().map(|x| Cell::from(*x)).collect()).collect()
}

fn built(case: &Case) -> Figure {
    let figure = case.figure().unwrap_or_else(|e| panic!("{e}"));
    let drawn = svg(&figure).unwrap_or_else(|e| panic!("{e}"));
    assert!(!drawn.contains("NaN") && !drawn.contains("inf"), "{}", figure.name);
    figure
}

#[test]
fn regress_every_kind_draws() {
    let mut shapes = String::new();
    let mut names = Vec::new();
    for case in cases::all() {
        let figure = built(&case);
        let drawn = svg(&figure).unwrap_or_else(|e| panic!("{e}"));
        // Elements of each kind, and every text: a cut label or a lost layer shows.
        let count = |tag: &str| drawn.matches(&format!("<{tag} ")).count();
        let (areas, rectangles) = (count("polygon"), count("rect"));
        shapes.push_str(&format!(
            "== {} ({} rows behind it)\nareas {areas}, rectangles {rectangles}, discs {}\n",
            figure.name,
            figure.table().rows.len(),
            count("circle"),
        ));
        for text in drawn.split("<text ").skip(1) {
            let text = text.split('>').nth(1).unwrap_or_default().trim();
            shapes.push_str(text.trim_end_matches("</text"));
            shapes.push('\n');
        }
        names.push(figure.name);
    }
    let distinct: std::collections::BTreeSet<&String> = names.iter().collect();
    assert_eq!(distinct.len(), names.len(), "{names:?}");
    insta::assert_snapshot!(shapes);
}

const KM: &str = r#"
kind = "kaplan-meier"
name = "km"
caption = ""
from = "t"
x_label = "time (days)"
"#;

#[test]
fn exact_a_survival_curve_of_five_patients() {
    // By hand: 5 at risk; death at 2: 4/5; censored at 3; deaths at 4: 4/5 · 2/3; death at 6: half
    // of that; censored at 8.
    let rows = numbers(&[&[4.0, 1.0], &[2.0, 1.0], &[3.0, 0.0], &[8.0, 0.0], &[6.0, 1.0]]);
    let figure = built(&case(KM, &["time (days)", "event"], rows));
    let panel = &figure.panels[0];
    let [Marks::Line { points, .. }] = labelled(panel, "observed: median 6 (4–not reached)")[..]
    else {
        panic!("{:?}", panel.layers.iter().map(|l| &l.label).collect::<Vec<_>>());
    };
    let expected = [(0.0, 1.0), (2.0, 0.8), (3.0, 0.8), (4.0, 8.0 / 15.0), (6.0, 4.0 / 15.0)];
    assert_eq!(points.len(), 6);
    for ((t, s), (et, es)) in points.iter().zip(expected) {
        // Products of three ratios: rounding only.
        assert!((t - et).abs() < 1e-12 && (s - es).abs() < 1e-12, "{t} {s}");
    }
    let [Marks::Points { points, .. }] = labelled(panel, "censored")[..] else { panic!() };
    assert_eq!(points.iter().map(|p| p.x).collect::<Vec<_>>(), [3.0, 8.0]);
    let Strip::Counts(counts) = &panel.beneath[0] else { panic!() };
    let at_risk = |t: f64| counts.rows[0].numbers.iter().find(|n| (n.0 - t).abs() < 1e-9);
    assert_eq!(at_risk(0.0).map(|n| n.1), Some(5.0));
    // Just before: the patient who dies at 4 is still counted there, the one censored at 3 is not.
    assert_eq!(at_risk(4.0).map(|n| n.1), Some(3.0));
    assert_eq!(at_risk(5.0).map(|n| n.1), Some(2.0));
    assert_eq!(at_risk(8.0).map(|n| n.1), Some(1.0));
}

#[test]
fn val_lung_by_sex_as_in_r() {
    let path =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/survival/classic/lung.csv");
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("skipped: the data of R's `survival` are not on this machine");
        return;
    };
    let rows = text.lines().skip(1).map(|line| {
        let cells: Vec<&str> = line.split(',').collect();
        let event = if cells[2] == "2" { 1.0 } else { 0.0 };
        vec![cells[1].parse::<f64>().expect("days").into(), event.into(), cells[4].into()]
    });
    let toml = r#"
kind = "kaplan-meier"
name = "lung"
caption = "Survival of 228 patients with lung cancer by sex"
from = "t"
columns = { arm = "sex" }
x_label = "time (days)"
every = 250
"#;
    let figure = built(&case(toml, &["time (days)", "event", "sex"], rows.collect()));
    let panel = &figure.panels[0];
    // R survival 3.5-3: medians 270 [212, 310] and 426 [348, 550].
    assert_eq!(labelled(panel, "1: median 270 (212–310)").len(), 1);
    assert_eq!(labelled(panel, "2: median 426 (348–550)").len(), 1);
    // R: numbers at risk 138 62 20 7 2 and 90 53 21 3 0.
    let Strip::Counts(counts) = &panel.beneath[0] else { panic!() };
    let of = |i: usize| counts.rows[i].numbers.iter().map(|n| n.1).collect::<Vec<_>>();
    assert_eq!(of(0), [138.0, 62.0, 20.0, 7.0, 2.0]);
    assert_eq!(of(1), [90.0, 53.0, 21.0, 3.0, 0.0]);
    // R coxph, Efron: exp(−0.5310) = 0.588, 95 % 0.424–0.816; survdiff p = 0.00131.
    assert_eq!(panel.notes[0].lines, ["2: HR 0.59 (95 % CI 0.42–0.82)", "log-rank p = 0.0013"]);
}

#[test]
fn exact_medians_where_the_curve_rests_at_one_half() {
    let rows = numbers(&[&[1.0, 0.75], &[2.0, 0.5], &[4.0, 0.25]]);
    let figure = built(&case(KM, &["time", "survival"], rows));
    // R takes the middle of the two times.
    assert_eq!(labelled(&figure.panels[0], "observed: median 3").len(), 1);
}

#[test]
fn exact_all_censored_has_no_median_and_no_ratio() {
    let columns = ["time", "event", "arm"];
    let rows = numbers(&[&[1.0, 0.0, 1.0], &[2.0, 0.0, 1.0], &[3.0, 0.0, 2.0], &[3.0, 0.0, 2.0]]);
    let figure = built(&case(KM, &columns, rows));
    let panel = &figure.panels[0];
    assert_eq!(labelled(panel, "1: median not reached").len(), 1);
    assert_eq!(panel.notes[0].lines, ["HR not determined", "log-rank test not determined"]);
    // One patient, who leaves at once.
    built(&case(KM, &["time", "event"], numbers(&[&[0.0, 0.0]])));
    built(&case(KM, &["time", "event"], numbers(&[&[5.0, 1.0]])));
}

#[test]
fn exact_faulty_survival_tables_are_messages() {
    let say = |columns: &[&str], rows: &[&[f64]]| fault(KM, columns, numbers(rows));
    assert_eq!(
        say(&["time", "event"], &[]),
        "the table `t` has no rows, expected at least one to draw"
    );
    assert_eq!(
        say(&["month", "event"], &[&[1.0, 1.0]]),
        "the table `t` has no column `time`; it has: month, event; \
         `columns = { time = \"…\" }` names another one"
    );
    assert_eq!(
        say(&["time", "event"], &[&[1.0, 1.0], &[-2.0, 1.0]]),
        "the table `t`, row 2, column `time`: found -2, expected a number that is not negative"
    );
    assert_eq!(
        say(&["time", "event"], &[&[1.0, 2.0]]),
        "the table `t`, row 1, column `event`: found `2`, expected 1 or 0"
    );
    assert_eq!(
        say(&["time", "survival"], &[&[1.0, 0.5], &[2.0, 0.6]]),
        "the table `t`, row 2, column `survival`: found 0.6 after 0.5, \
         expected a curve that does not rise"
    );
    assert_eq!(
        say(&["time", "survival"], &[&[2.0, 0.5], &[1.0, 0.4]]),
        "the table `t`, row 2, column `time`: found 1 after 2, expected times in order"
    );
    assert_eq!(
        say(&["time", "survival"], &[&[1.0, 50.0]]),
        "the table `t`, row 1, column `survival`: found 50, expected a probability from 0 to 1"
    );
    assert_eq!(
        say(&["time", "survival", "low", "high"], &[&[1.0, 0.5, 0.6, 0.4]]),
        "the table `t`, row 1, column `low`: found 0.6 above `high` = 0.4, expected the lower end"
    );
    let toml = r#"
kind = "kaplan-meier"
name = "km"
caption = ""
from = "t"
x_label = "time (days)"
columns = { tme = "day" }
"#;
    assert_eq!(
        fault(toml, &["day", "event"], numbers(&[&[1.0, 1.0]])),
        "`columns` names the role `tme`, expected one of: time, event, survival, low, high, \
         at_risk, censored, arm, panel; did you mean `time`?"
    );
    let toml = r#"
kind = "kaplan-meier"
name = "km"
caption = ""
from = "t"
x_label = "time (days)"
every = 0
"#;
    assert_eq!(
        fault(toml, &["time", "event"], numbers(&[&[1.0, 1.0]])),
        "`every` is 0, expected a time above 0"
    );
}
