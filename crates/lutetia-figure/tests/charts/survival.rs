//! Survival curves.

use lutetia_figure::figure::{Dash, Marks, Shape, Strip};
use lutetia_table::{Cell, Origin};

use crate::{
    built, case,
    cases::{Case, Numbers, table},
    fault, labelled, numbers,
};

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
    let Some(text) = lutetia_testkit::reference_text("data/survival/classic/lung.csv") else {
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
every = "250 d"
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
    // Where the curve stays there to its end, R prints the time at which it came there (`survmean`).
    let rows = numbers(&[&[1.0, 0.75], &[2.0, 0.5], &[4.0, 0.5]]);
    let figure = built(&case(KM, &["time", "survival"], rows));
    assert_eq!(labelled(&figure.panels[0], "observed: median 2").len(), 1);
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
fn prop_a_hundred_thousand_patients_make_no_larger_page() {
    let mut numbers = Numbers::new(1);
    let rows: Vec<Vec<Cell>> = (0..100_000)
        .map(|_| {
            let event = if numbers.uniform() < 0.5 { 1.0 } else { 0.0 };
            vec![numbers.weibull(20.0, 1.4).into(), event.into()]
        })
        .collect();
    let figure = built(&case(KM, &["time (months)", "event"], rows));
    let drawn = lutetia_figure::figure::svg(&figure).unwrap_or_else(|e| panic!("{e}"));
    // A few thousand steps and ticks have different places on 560 by 326 pixels.
    assert!(drawn.len() < 1_500_000, "{} bytes", drawn.len());
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
every = "0 d"
"#;
    assert_eq!(
        fault(toml, &["time", "event"], numbers(&[&[1.0, 1.0]])),
        "`every` is 0, expected a time above 0"
    );
    let toml = r#"
kind = "kaplan-meier"
name = "km"
caption = ""
from = "t"
x_label = "time"
every = "6 mo"
"#;
    assert_eq!(
        fault(toml, &["time", "event"], numbers(&[&[1.0, 1.0]])),
        "`x_label` is `time`, expected a label that ends in the unit of time of its table, such as `time (months)`"
    );
}

#[test]
fn exact_only_some_rows_and_tables_that_go_with_them() {
    let toml = r#"
kind = "kaplan-meier"
name = "km"
caption = ""
from = "trial.curves"
columns = { panel = "endpoint" }
only = { endpoint = "overall survival" }
x_label = "time (months)"
compare = "trial.ratios"
"#;
    let curves = [
        ("progression", "a", 1.0, 0.4),
        ("overall survival", "a", 1.0, 0.9),
        ("overall survival", "b", 2.0, 0.8),
    ];
    let row = |(e, a, t, s): (&str, &str, f64, f64)| vec![e.into(), a.into(), t.into(), s.into()];
    let columns = ["endpoint", "arm", "time (mo)", "survival"];
    let curves = table("trial.curves", &columns, curves.map(row).to_vec());
    let columns = ["endpoint", "arm", "hazard_ratio", "low", "high", "p"];
    let ratio = |endpoint: &str, ratio: f64, p: Cell| {
        vec![endpoint.into(), "b".into(), ratio.into(), 0.1.into(), 0.9.into(), p]
    };
    let ratios =
        vec![ratio("progression", 0.2, 0.5.into()), ratio("overall survival", 0.3, Cell::Missing)];
    let ratios = table("trial.ratios", &columns, ratios);
    let both = [curves, ratios].map(|t| (t.name.clone(), t));
    let figure = built(&Case { toml, tables: both.clone().into() });
    assert_eq!(figure.panels.len(), 1);
    assert_eq!(figure.panels[0].title, "overall survival");
    assert_eq!(figure.panels[0].notes[0].lines, ["HR 0.30 (95 % CI 0.10–0.90)"]);
    let toml = Box::leak(toml.replace("\"overall survival\"", "\"survival\"").into_boxed_str());
    assert_eq!(
        Case { toml, tables: both.into() }.figure().err().as_deref(),
        Some(
            "`only` asks for `survival` in the column `endpoint` of the table `trial.curves`, \
             which has: progression, overall survival"
        )
    );
}

const INCIDENCE: &str = r#"
kind = "cumulative-incidence"
name = "cif"
caption = ""
from = "t"
x_label = "time (months)"
"#;

#[test]
fn exact_incidences_of_four_patients() {
    // By hand: at 1 relapse 1/4; at 2 death 3/4 · 1/3; at 3 censored; at 4 relapse 2/4 · 1/1.
    let rows = [(1.0, "relapse"), (2.0, "death"), (3.0, "censored"), (4.0, "relapse")];
    let rows = rows.map(|(t, c)| vec![t.into(), c.into()]).to_vec();
    let figure = built(&case(INCIDENCE, &["time", "cause"], rows.clone()));
    let last = |label: &str| match labelled(&figure.panels[0], label)[..] {
        [Marks::Line { points, .. }] => *points.last().expect("points"),
        _ => panic!("no curve `{label}`"),
    };
    assert_eq!(last("relapse"), (4.0, 0.75));
    assert_eq!(last("death"), (4.0, 0.25));
    let Strip::Counts(counts) = &figure.panels[0].beneath[0] else { panic!() };
    assert_eq!(counts.rows[0].numbers[..3], [(0.0, 4.0), (1.0, 4.0), (2.0, 3.0)]);

    let toml = Box::leak(format!("{INCIDENCE}stacked = true").into_boxed_str());
    let figure = built(&case(toml, &["time", "cause"], rows));
    let [Marks::Band { points, .. }] = labelled(&figure.panels[0], "death")[..] else { panic!() };
    // On top of the relapses, and together one.
    assert_eq!(points.last(), Some(&(4.0, 0.75, 1.0)));
}

#[test]
fn exact_faulty_incidences_are_messages() {
    let all_censored = vec![vec![1.0.into(), "".into()], vec![2.0.into(), "censored".into()]];
    assert_eq!(
        fault(INCIDENCE, &["time", "cause"], all_censored),
        "the cumulative incidence is not determined: all 2 times are censored"
    );
    let columns = ["time", "cause", "incidence"];
    let row = |t: f64, p: f64| vec![t.into(), "death".into(), p.into()];
    assert_eq!(
        fault(INCIDENCE, &columns, vec![row(1.0, 0.4), row(2.0, 0.3)]),
        "the table `t`, row 2, column `incidence`: found 0.3 after 0.4, \
         expected a curve that does not fall"
    );
    assert_eq!(
        fault(INCIDENCE, &columns, vec![row(-1.0, 0.4)]),
        "the table `t`, row 1, column `time`: found -1, expected a number that is not negative"
    );
    built(&case(INCIDENCE, &columns, vec![row(3.0, 0.4)]));
}

const FOREST: &str = r#"
kind = "forest"
name = "forest"
caption = ""
from = "t"
x_label = "hazard ratio"
"#;

#[test]
fn exact_a_forest_has_its_rows_from_the_top_and_areas_by_weight() {
    let columns = ["label", "estimate", "low", "high", "weight", "n"];
    let row = |label: &str, rest: [f64; 4]| {
        let mut row = vec![Cell::from(label)];
        row.extend(rest.map(Cell::from));
        row.push(12.0.into());
        row
    };
    let rows = vec![row("first", [0.5, 0.25, 1.0, 1.0]), row("second", [2.0, 1.0, 4.0, 4.0])];
    let toml = Box::leak(format!("{FOREST}text = [\"n\"]").into_boxed_str());
    let figure = built(&case(toml, &columns, rows));
    let panel = &figure.panels[0];
    assert_eq!(panel.y.categories, ["second", "first"]);
    let Some(Marks::Points { points, .. }) = panel.layers.get(1).map(|l| &l.marks) else {
        panic!()
    };
    assert_eq!((points[0].x, points[0].y, points[0].x_bar), (0.5, 1.0, Some((0.25, 1.0))));
    assert_eq!((points[1].x, points[1].y, points[1].x_bar), (2.0, 0.0, Some((1.0, 4.0))));
    // Weights 1 and 4: a quarter of the area.
    assert!((points[1].size / points[0].size - 4.0).abs() < 1e-12);
    assert_eq!(panel.beside[1].cells, ["2.00 (1.00–4.00)", "0.50 (0.25–1.00)"]);
    // Without weights the inverse variance: the same relative width, the same area.
    let equal = built(&case(
        FOREST,
        &["label", "estimate", "low", "high"],
        vec![
            vec!["a".into(), 0.5.into(), 0.25.into(), 1.0.into()],
            vec!["b".into(), 2.0.into(), 1.0.into(), 4.0.into()],
        ],
    ));
    let Marks::Points { points, .. } = &equal.panels[0].layers[1].marks else { panic!() };
    assert!((points[0].size - points[1].size).abs() < 1e-12);
}

/// Estimates that are compared with nothing have no line, and squares of one size whatever their intervals are.
#[test]
fn exact_a_forest_that_compares_nothing_has_no_line() {
    let columns = ["label", "estimate", "low", "high"];
    let row = |label: &str, rest: [f64; 3]| {
        let mut row = vec![Cell::from(label)];
        row.extend(rest.map(Cell::from));
        row
    };
    let rows = || vec![row("narrow", [0.5, 0.49, 0.51]), row("wide", [2.0, 0.5, 8.0])];
    let rules = |panel: &lutetia_figure::figure::Panel| {
        panel.layers.iter().filter(|l| matches!(l.marks, Marks::Rule { .. })).count()
    };
    let with = built(&case(FOREST, &columns, rows()));
    assert_eq!(rules(&with.panels[0]), 1);
    let toml = Box::leak(format!("{FOREST}compared = false").into_boxed_str());
    let without = built(&case(toml, &columns, rows()));
    assert_eq!(rules(&without.panels[0]), 0);
    let marks = without.panels[0].layers.iter().find_map(|l| match &l.marks {
        Marks::Points { points, .. } => Some(points),
        _ => None,
    });
    let sizes: Vec<f64> = marks.expect("squares").iter().map(|p| p.size).collect();
    assert_eq!(sizes, [1.0, 1.0]);
}

/// Zero lies beyond every logarithmic axis: a ring at its lower end, with the number printed.
#[test]
fn exact_a_forest_shows_zero_at_the_end_of_its_axis() {
    let columns = ["label", "estimate", "low", "high"];
    let row = |label: &str, numbers: [f64; 3]| {
        let mut row = vec![Cell::from(label)];
        row.extend(numbers.map(Cell::from));
        row
    };
    let rows = vec![
        row("some", [0.5, 0.3, 2.0]),
        row("at times none", [0.4, 0.0, 0.8]),
        row("none", [0.0, 0.0, 0.6]),
        row("never any", [0.0, 0.0, 0.0]),
    ];
    let figure = built(&case(FOREST, &columns, rows));
    let panel = &figure.panels[0];
    let (low, high) = panel.x.limits.expect("ends around all numbers");
    assert!(low < 0.3 && high > 2.0);
    let Marks::Points { points: squares, .. } = &panel.layers[1].marks else { panic!() };
    assert_eq!(squares.len(), 2);
    // Drawn with an arrow, as it goes on beyond the frame.
    assert_eq!(squares[1].x_bar, Some((0.0, 0.8)));
    let Marks::Points { points: rings, shape } = &panel.layers[2].marks else { panic!() };
    assert_eq!(*shape, Shape::Ring);
    let places: Vec<_> = rings.iter().map(|p| (p.x, p.y, p.x_bar)).collect();
    assert_eq!(places, [(low, 1.0, Some((low, 0.6))), (low, 0.0, None)]);
    assert_eq!(panel.beside[0].cells[0], "0 (0–0)");
    // Without zeros the ends are left to the drawing.
    let figure = built(&case(FOREST, &columns, vec![row("some", [0.5, 0.3, 2.0])]));
    assert_eq!(figure.panels[0].x.limits, None);
}

#[test]
fn exact_faulty_forests_are_messages() {
    let columns = ["label", "estimate", "low", "high"];
    let row = |e: f64, low: f64| vec!["all".into(), e.into(), low.into(), 3.0.into()];
    assert_eq!(
        fault(FOREST, &columns, vec![row(1.0, -0.5)]),
        "the table `t`, row 1, column `low`: found -0.5, expected a number that is not negative"
    );
    assert_eq!(
        fault(FOREST, &columns, vec![row(-1.0, 0.5)]),
        "the table `t`, row 1, column `estimate`: found -1, expected a number that is not negative"
    );
    let toml = Box::leak(format!("{FOREST}summary = [\"every\"]").into_boxed_str());
    assert_eq!(
        fault(toml, &columns, vec![row(1.0, 0.5)]),
        "`summary` names `every`, which is not in the column `label`"
    );
    // Linear axes show zero and below.
    let toml = Box::leak(format!("{FOREST}log = false").into_boxed_str());
    built(&case(toml, &columns, vec![row(-1.0, -2.0)]));
}

const SWIMMER: &str = r#"
kind = "swimmer"
name = "swimmer"
caption = ""
from = "t"
x_label = "time (weeks)"
"#;

#[test]
fn exact_a_swimmer_plot_has_the_longest_course_on_top() {
    let columns = ["subject", "start", "end", "ongoing"];
    let row =
        |s: &str, from: f64, to: f64, on: f64| vec![s.into(), from.into(), to.into(), on.into()];
    let rows = vec![row("a", 0.0, 6.0, 0.0), row("b", 0.0, 4.0, 0.0), row("b", 4.0, 9.0, 1.0)];
    let figure = built(&case(SWIMMER, &columns, rows));
    let panel = &figure.panels[0];
    assert_eq!(panel.y.categories, ["a", "b"]);
    let Marks::Bars { bars, .. } = &panel.layers[0].marks else { panic!() };
    let ends: Vec<(f64, f64, f64)> = bars.iter().map(|b| (b.at, b.from, b.to)).collect();
    assert_eq!(ends, [(0.0, 0.0, 6.0), (1.0, 0.0, 4.0), (1.0, 4.0, 9.0)]);
    let [Marks::Points { points, .. }] = labelled(panel, "still followed")[..] else { panic!() };
    assert_eq!(points.iter().map(|p| (p.x, p.y)).collect::<Vec<_>>(), [(9.0, 1.0)]);
    assert_eq!(
        fault(SWIMMER, &columns, vec![row("a", 5.0, 4.0, 0.0)]),
        "the table `t`, row 1, column `end`: found 4, expected not less than its start, 5"
    );
    let many = (0..1000).map(|i| row(&format!("P{i}"), 0.0, f64::from(i), 0.0)).collect();
    built(&case(SWIMMER, &columns, many));
}

/// What a simulation made is never drawn as observed: dashed and called so by the origin of the table, whatever
/// the experiment calls it, and refused in the role of what was published.
#[test]
fn exact_simulated_curves_are_never_drawn_as_observed() {
    let rows = || numbers(&[&[0.0, 1.0, 1.0, 1.0], &[3.0, 0.7, 0.6, 0.8], &[6.0, 0.4, 0.3, 0.5]]);
    let band =
        |name: &str, origin| table(name, &["time", "survival", "low", "high"], rows()).of(origin);
    let tables = |origins: [Origin; 2]| {
        [band("t", origins[0]), band("u", origins[1])].map(|t| (t.name.clone(), t)).into()
    };
    let both = |toml, origins| Case { toml, tables: tables(origins) };
    let figure = built(&both(KM, [Origin::Simulated, Origin::Unknown]));
    let panel = &figure.panels[0];
    // The upper bound ends at exactly one half. R's `print(survfit)` has the first time at which a curve or bound is at
    // or below one half where none is below it later; so has `quantile` here, as the curve ends at that time.
    let [Marks::Line { dash, .. }] = labelled(panel, "simulated: median 6 (6–6)")[..] else {
        panic!("{:?}", panel.layers.iter().map(|l| &l.label).collect::<Vec<_>>());
    };
    assert_eq!(*dash, Dash::Dashed);
    assert_eq!(panel.title, "simulated");
    assert!(figure.caption.ends_with("Simulated."), "{}", figure.caption);
    assert!(panel.layers.iter().all(|l| !l.label.contains("observed")));

    // Patients of a virtual trial, of two arms.
    let patients = table(
        "t",
        &["time", "event", "arm"],
        numbers(&[&[1.0, 1.0, 1.0], &[2.0, 1.0, 1.0], &[3.0, 1.0, 2.0], &[4.0, 0.0, 2.0]]),
    );
    let patients = [("t".to_owned(), patients.of(Origin::Simulated))];
    let figure = built(&Case { toml: KM, tables: patients.into() });
    let lines = figure.panels[0].layers.iter().filter(|l| l.label.contains("median"));
    assert!(lines.clone().count() == 2 && lines.into_iter().all(|l| l.label.contains("simulated")));

    let with = |line: &str| -> &'static str { Box::leak(format!("{KM}{line}\n").into_boxed_str()) };
    let refused = |line: &str, origins| both(with(line), origins).figure().expect_err(line);
    let unknown = [Origin::Unknown, Origin::Unknown];
    let said = refused("simulated = \"t\"", unknown);
    assert!(said.contains("draws the same numbers twice"), "{said}");
    assert!(refused("published = \"t\"", unknown).contains("draws the same numbers twice"));
    let said = refused("published = \"u\"", [Origin::Unknown, Origin::Simulated]);
    assert!(said.contains("`published` is `u`, which is simulated"), "{said}");
    // Observed curves with a band behind them keep their solid lines and no tag.
    let medians = table(
        "u",
        &["time", "median", "low", "high"],
        numbers(&[&[0.0, 1.0, 1.0, 1.0], &[3.0, 0.8, 0.6, 0.9], &[6.0, 0.4, 0.3, 0.5]]),
    );
    let observed = || band("t", Origin::Observed);
    let beside = [observed(), medians.of(Origin::Simulated)].map(|t| (t.name.clone(), t));
    let figure = built(&Case { toml: with("simulated = \"u\""), tables: beside.into() });
    assert!(figure.panels[0].title.is_empty());
    let [Marks::Line { dash, .. }] = labelled(&figure.panels[0], "observed: median 6 (6–6)")[..]
    else {
        panic!()
    };
    assert_eq!(*dash, Dash::Solid);
    // A copy of the median under another name.
    let copy = table(
        "u",
        &["time", "median", "low", "high"],
        numbers(&[
            &[0.0, 1.0, 1.0, 1.0],
            &[1.0, 0.9, 0.8, 1.0],
            &[3.0, 0.7, 0.6, 0.8],
            &[6.0, 0.4, 0.3, 0.5],
        ]),
    );
    let curve = table(
        "t",
        &["time", "survival"],
        numbers(&[&[0.0, 1.0], &[1.0, 0.9], &[3.0, 0.7], &[6.0, 0.4]]),
    );
    let tables =
        [copy.of(Origin::Simulated), curve.of(Origin::Observed)].map(|t| (t.name.clone(), t));
    let said = Case { toml: with("simulated = \"u\""), tables: tables.into() }.figure();
    let said = said.expect_err("a copy");
    assert!(said.contains("has the numbers of the simulated median of `u`"), "{said}");
}

/// Every kind of chart tags what it draws from simulated tables.
#[test]
fn prop_every_chart_of_simulated_tables_says_so() {
    for case in crate::cases::all() {
        let tables = case.tables.into_iter().map(|(n, t)| (n, t.of(Origin::Simulated))).collect();
        match (Case { toml: case.toml, tables }).figure() {
            Ok(figure) => {
                assert!(
                    figure.panels.iter().all(|p| p.title.contains("simulated")),
                    "{}",
                    figure.name
                );
                let caption = figure.caption.to_lowercase();
                assert!(
                    ["simulat", "virtual"].iter().any(|w| caption.contains(w)),
                    "{}: {caption}",
                    figure.name
                );
            }
            // The one that has published points.
            Err(said) => assert!(said.contains("which is simulated"), "{said}"),
        }
    }
}
