//! Benefit against harm.

use lutetia_figure::figure::{Colour, Marks, Point};
use lutetia_table::Cell;

use crate::{built, case, fault, labelled, numbers};

const INDEX: &str = r#"
kind = "therapeutic-index"
name = "index"
caption = ""
from = "t"
x_label = "activity (GBq)"
"#;

#[test]
fn exact_control_without_complication_and_where_it_is_highest() {
    let rows =
        numbers(&[&[0.0, 0.0, 0.0], &[10.0, 0.5, 0.1], &[20.0, 0.9, 0.6], &[30.0, 1.0, 1.0]]);
    let toml = Box::leak(format!("{INDEX}limit = 0.35").into_boxed_str());
    let figure = built(&case(toml, &["x", "tcp", "ntcp"], rows));
    let panel = &figure.panels[0];
    let label = "control without complication (P+)";
    let [Marks::Line { points, .. }] = labelled(panel, label)[..] else { panic!() };
    let found: Vec<f64> = points.iter().map(|p| p.1).collect();
    for (p, expected) in found.iter().zip([0.0, 0.45, 0.36, 0.0]) {
        assert!((p - expected).abs() < 1e-12, "{found:?}");
    }
    let [Marks::Points { points, .. }] = labelled(panel, "highest P+")[..] else { panic!() };
    assert_eq!((points[0].x, points[0].y), (10.0, 0.45));
    // Half-way between 0.1 at 10 and 0.6 at 20.
    let reached = panel.layers.iter().find_map(|l| match &l.marks {
        Marks::Rule { at, text, .. } if text == "limit reached at 15 GBq" => Some(*at),
        _ => None,
    });
    assert!(reached.is_some_and(|at| (at - 15.0).abs() < 1e-9), "{reached:?}");
    assert_eq!(
        fault(INDEX, &["x", "tcp", "ntcp"], numbers(&[&[1.0, 1.2, 0.0]])),
        "the table `t`, row 1, column `tcp`: found 1.2, expected a probability from 0 to 1"
    );
    assert_eq!(
        fault(INDEX, &["x", "tcp", "ntcp"], numbers(&[&[-1.0, 0.2, 0.0]])),
        "the table `t`, row 1, column `x`: found -1, expected a number that is not negative"
    );
    built(&case(INDEX, &["x", "tcp", "ntcp"], numbers(&[&[5.0, 0.2, 0.0]])));

    let named = r#"columns = { x = "activity", value = "share" }
curves = { tcp = "benefit", ntcp = "harm", p_plus = "both" }"#;
    let toml: &'static str = Box::leak(format!("{INDEX}{named}").into_boxed_str());
    let columns = ["curve", "activity (GBq)", "share"];
    let row = |curve: &str, x: f64, p: f64| vec![curve.into(), x.into(), p.into()];
    let mut rows = vec![row("benefit", 9.0, 0.8), row("benefit", 3.0, 0.4), row("harm", 3.0, 0.1)];
    assert_eq!(
        fault(toml, &columns, rows.clone()),
        "`curves` asks for `both`, which the table `t` has not; it has: benefit, harm"
    );
    rows.push(row("both", 3.0, 0.35));
    let figure = built(&case(toml, &columns, rows));
    let [Marks::Line { points, .. }] = labelled(&figure.panels[0], "tumour control (TCP)")[..]
    else {
        panic!()
    };
    assert_eq!(points[..], [(3.0, 0.4), (9.0, 0.8)]);
}

const PARETO: &str = r#"
kind = "pareto"
name = "pareto"
caption = ""
from = "t"
x_label = "toxicity (%)"
y_label = "survival (months)"
"#;

fn places(marks: &Marks) -> Vec<(f64, f64)> {
    match marks {
        Marks::Points { points, .. } => points.iter().map(|Point { x, y, .. }| (*x, *y)).collect(),
        _ => panic!("no points"),
    }
}

#[test]
fn exact_the_front_is_what_nothing_dominates() {
    let rows = [[10.0, 5.0], [20.0, 9.0], [20.0, 8.0], [25.0, 9.0], [40.0, 12.0], [15.0, 4.0]];
    let rows: Vec<&[f64]> = rows.iter().map(<[f64; 2]>::as_slice).collect();
    let figure = built(&case(PARETO, &["x", "y"], numbers(&rows)));
    let panel = &figure.panels[0];
    assert_eq!(
        places(labelled(panel, "on the front")[0]),
        [(10.0, 5.0), (20.0, 9.0), (40.0, 12.0)]
    );
    assert_eq!(places(labelled(panel, "dominated")[0]), [(20.0, 8.0), (25.0, 9.0), (15.0, 4.0)]);

    // u(x) = 1 − x/100 and u(y) = y/20: 0.2 u(x) + 0.8 u(y) is 0.38, 0.52 and 0.6 on the front.
    let scaled = "x_utility = [100, 0]\ny_utility = [0, 20]";
    let toml = format!("{PARETO}weights = {{ x = 0.2, y = 0.8 }}\n{scaled}");
    let toml = Box::leak(toml.into_boxed_str());
    let figure = built(&case(toml, &["x", "y"], numbers(&rows)));
    let panel = &figure.panels[0];
    assert_eq!(places(labelled(panel, "highest utility (0.6)")[0]), [(40.0, 12.0)]);
    let equal: Vec<&Marks> = panel
        .layers
        .iter()
        .filter(|l| l.colour == Colour::Grey && matches!(l.marks, Marks::Line { .. }))
        .map(|l| &l.marks)
        .collect();
    assert!(equal.len() > 2, "{} lines", equal.len());
    for line in equal {
        let Marks::Line { points, .. } = line else { panic!() };
        let utility = |(x, y): &(f64, f64)| 0.2 * (1.0 - x / 100.0) + 0.8 * y / 20.0;
        assert!((utility(&points[0]) - utility(&points[1])).abs() < 1e-9, "{points:?}");
    }
    // More x and less y: the opposite corner.
    let toml =
        Box::leak(format!("{PARETO}x_better = \"more\"\ny_better = \"less\"").into_boxed_str());
    let figure = built(&case(toml, &["x", "y"], numbers(&rows)));
    // (10, 5) is beaten by (15, 4) and (20, 9) by (20, 8).
    assert_eq!(
        places(labelled(&figure.panels[0], "on the front")[0]),
        [(20.0, 8.0), (25.0, 9.0), (40.0, 12.0), (15.0, 4.0)]
    );
}

#[test]
fn exact_equal_regimens_are_both_on_the_front_and_one_row_is_a_front() {
    let figure = built(&case(PARETO, &["x", "y"], numbers(&[&[1.0, 2.0], &[1.0, 2.0]])));
    assert_eq!(places(labelled(&figure.panels[0], "on the front")[0]).len(), 2);
    let toml = Box::leak(
        format!(
            "{PARETO}weights = {{ x = 0.5, y = 0.5 }}\nx_utility = [60, 0]\ny_utility = [0, 53]"
        )
        .into_boxed_str(),
    );
    built(&case(toml, &["x", "y"], numbers(&[&[1.0, 2.0]])));
    let many: Vec<Vec<Cell>> =
        (0..1000).map(|i| vec![f64::from(i % 61).into(), f64::from(i * 7 % 53).into()]).collect();
    built(&case(toml, &["x", "y"], many));
}

#[test]
fn exact_weights_that_do_not_add_to_one_are_refused() {
    let of = |weights: &str| {
        let toml = Box::leak(format!("{PARETO}weights = {weights}").into_boxed_str());
        fault(toml, &["x", "y"], numbers(&[&[1.0, 2.0]]))
    };
    assert_eq!(
        of("{ x = 0.5, y = 0.6 }"),
        "`weights` are x = 0.5 and y = 0.6, which add to 1.1, expected numbers that are not \
         negative, that of y above 0, that add to 1"
    );
    let said = of("{ x = 0.5 }");
    assert!(said.contains("missing field `y`"), "{said}");
    let said = of("{ x = 0.5, z = 0.5 }");
    assert!(said.contains("unknown field `z`, expected `x` or `y`"), "{said}");
    assert_eq!(
        of("{ x = 0.5, y = 0.5 }"),
        "`weights` need `x_utility`, the values of utility 0 and 1"
    );
    assert_eq!(
        of("{ x = 0.5, y = 0.5 }\nx_utility = [0, 100]"),
        "`x_utility` is [0, 100], expected a pair that falls from utility 0 to 1"
    );
}

const SYNERGY: &str = r#"
kind = "synergy"
name = "synergy"
caption = ""
from = "t"
x_label = "activity (GBq)"
y_label = "dose (mg)"
z_label = "excess over Bliss (probability)"
"#;

#[test]
fn exact_the_null_is_subtracted_and_levels_are_in_order() {
    let columns = ["a", "b", "effect", "null"];
    let rows = numbers(&[&[10.0, 0.0, 0.5, 0.5], &[2.0, 0.0, 0.25, 0.75], &[2.0, 1.0, 1.0, 0.75]]);
    let figure = built(&case(SYNERGY, &columns, rows));
    let panel = &figure.panels[0];
    assert_eq!(panel.x.categories, ["2", "10"]);
    let Marks::Cells { cells, scale } = &panel.layers[0].marks else { panic!() };
    let found: Vec<(usize, usize, f64)> =
        cells.iter().map(|c| (c.column, c.row, c.value)).collect();
    assert_eq!(found, [(1, 0, 0.0), (0, 0, -0.5), (0, 1, 0.25)]);
    assert_eq!((scale.low, scale.middle, scale.high), (-0.5, 0.0, 0.5));
    let cells = figure.table();
    let value = |row: usize| cells.rows[row][cells.index_of("value").expect("a column")].clone();
    assert_eq!(value(1), Cell::Number(-0.5));
    assert_eq!(
        fault(SYNERGY, &columns, numbers(&[&[1.0, 1.0, 0.5, 0.4], &[1.0, 1.0, 0.5, 0.4]])),
        "the table `t`, row 2, column `a`: found a second row of a = 1, b = 1, \
         expected one row for each pair"
    );
    let nothing = vec![vec![1.0.into(), 1.0.into(), Cell::Missing, 0.5.into()]];
    assert_eq!(
        fault(SYNERGY, &columns, nothing),
        "the table `t` determines no excess over the null, expected a number in some row"
    );
    built(&case(SYNERGY, &["a", "b", "excess"], numbers(&[&[1.0, 1.0, 0.0]])));
}

const TORNADO: &str = r#"
kind = "tornado"
name = "tornado"
caption = ""
from = "t"
x_label = "median survival (months)"
"#;

#[test]
fn exact_a_tornado_is_widest_at_the_top() {
    let columns = ["parameter", "low", "high", "base"];
    let row = |name: &str, low: f64, high: f64| {
        vec![Cell::from(name), low.into(), high.into(), 10.0.into()]
    };
    let rows = vec![row("narrow", 9.0, 11.0), row("wide", 14.0, 4.0), row("one_sided", 10.0, 12.5)];
    let figure = built(&case(TORNADO, &columns, rows.clone()));
    let panel = &figure.panels[0];
    assert_eq!(panel.y.categories, ["narrow", "one_sided", "wide"]);
    let [Marks::Bars { bars, .. }] = labelled(panel, "input at its low end")[..] else { panic!() };
    assert_eq!(
        bars.iter().map(|b| (b.from, b.to)).collect::<Vec<_>>(),
        [(10.0, 9.0), (10.0, 10.0), (10.0, 14.0)]
    );
    let toml = Box::leak(format!("{TORNADO}most = 1").into_boxed_str());
    assert_eq!(built(&case(toml, &columns, rows)).panels[0].y.categories, ["wide"]);
    let mut uneven = vec![row("a", 9.0, 11.0), row("b", 9.0, 11.0)];
    uneven[1][3] = 11.0.into();
    assert_eq!(
        fault(TORNADO, &columns, uneven),
        "the table `t`, row 2, column `base`: found 11, expected the 10 of row 1"
    );
}

/// One panel per partner, each beside the ligand alone with a front of its own, and bands where they are known.
#[test]
fn exact_each_partner_has_a_panel_with_both_fronts_and_bands() {
    let row = |s: &str, x: f64, y: f64| vec![s.into(), x.into(), y.into()];
    let rows = vec![
        row("alone", 0.0, 5.0),
        row("alone", 10.0, 9.0),
        row("alone", 12.0, 8.0),
        row("with A", 8.0, 10.0),
        row("with B", 20.0, 7.0),
        row("with B", 25.0, 8.0),
    ];
    let toml = format!("{PARETO}beside = \"alone\"\nbands = \"b\"\nbest = \"u\"\n");
    let toml: &'static str = Box::leak(toml.into_boxed_str());
    let mut case = case(toml, &["series", "x", "y"], rows.clone());
    let level = |s: &str, x: f64, b: [f64; 3]| {
        vec![s.into(), x.into(), b[0].into(), b[1].into(), b[2].into()]
    };
    let mut bands = vec![
        level("alone", 0.0, [5.0, 4.0, 6.0]),
        level("alone", 10.0, [9.0, 7.0, 11.0]),
        level("with A", 8.0, [10.0, 9.0, 12.0]),
    ];
    // Nothing is known there, and nothing is drawn.
    bands.push(vec!["with A".into(), 0.0.into(), Cell::Missing, Cell::Missing, Cell::Missing]);
    let columns = ["series", "x", "y", "y_low", "y_high"];
    case.tables.insert("b".to_owned(), crate::table("b", &columns, bands));
    let best = vec![vec!["with A".into(), 0.7.into(), 0.6.into(), 0.81.into()]];
    let columns = ["series", "utility", "utility_low", "utility_high"];
    case.tables.insert("u".to_owned(), crate::table("u", &columns, best));
    let figure = built(&case);
    let titles: Vec<&str> = figure.panels.iter().map(|p| p.title.as_str()).collect();
    assert_eq!(titles, ["with A", "with B"]);
    for panel in &figure.panels {
        // The worse regimen of the ligand alone is dominated by its own series, whatever the partner does.
        assert_eq!(places(labelled(panel, "alone")[0]), [(0.0, 5.0), (10.0, 9.0)]);
        assert_eq!(panel.x.limits, figure.panels[0].x.limits);
    }
    let own = |k: usize| places(labelled(&figure.panels[k], "with the partner of the panel")[0]);
    assert_eq!((own(0), own(1)), (vec![(8.0, 10.0)], vec![(20.0, 7.0), (25.0, 8.0)]));
    let bands = labelled(&figure.panels[0], "95 % range of the best");
    let [Marks::Band { points: alone, .. }, Marks::Band { points: with_a, .. }] = bands[..] else {
        panic!("{bands:?}")
    };
    assert_eq!(alone[..], [(0.0, 4.0, 6.0), (10.0, 7.0, 11.0)]);
    assert_eq!(with_a[..], [(8.0, 9.0, 12.0)]);
    assert_eq!(labelled(&figure.panels[1], "95 % range of the best").len(), 1);
    assert_eq!(figure.panels[0].notes[0].lines, ["highest utility, with A: 0.70 (0.60 to 0.81)"]);

    let toml = format!("{PARETO}beside = \"alon\"\n");
    assert_eq!(
        fault(Box::leak(toml.into_boxed_str()), &["series", "x", "y"], rows),
        "`beside` asks for the series `alon`, which the table `t` has not; it has: alone, with A, with B"
    );
}

/// A panel whose best regimen is told apart and one with several have one entry of the legend for their rings.
#[test]
fn exact_rings_of_all_panels_are_one_entry_of_the_legend() {
    let row = |s: &str, x: f64, y: f64, l: &str| vec![s.into(), x.into(), y.into(), l.into()];
    let rows = vec![
        row("alone", 0.0, 5.0, "1"),
        row("with A", 8.0, 10.0, "2"),
        row("with A", 9.0, 10.5, "3"),
        row("with B", 20.0, 7.0, "4"),
    ];
    let toml = format!(
        "{PARETO}beside = \"alone\"\nbest = \"u\"\nweights = {{ x = 0.3, y = 0.7 }}\nx_utility = [100, 0]\ny_utility = [0, 24]\n"
    );
    let mut case = case(Box::leak(toml.into_boxed_str()), &["series", "x", "y", "label"], rows);
    let best = vec![
        vec!["with A".into(), 0.7.into(), 0.6.into(), 0.81.into(), "2 3".into()],
        vec!["with B".into(), 0.6.into(), 0.5.into(), 0.7.into(), "4".into()],
    ];
    let columns = ["series", "utility", "utility_low", "utility_high", "keys"];
    case.tables.insert("u".to_owned(), crate::table("u", &columns, best));
    let figure = built(&case);
    let rings: Vec<_> = figure
        .panels
        .iter()
        .map(|p| places(labelled(p, "highest utility, or not told apart from it")[0]))
        .collect();
    assert_eq!(rings, [vec![(8.0, 10.0), (9.0, 10.5)], vec![(20.0, 7.0)]]);
}
