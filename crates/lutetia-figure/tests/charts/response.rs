//! Response and toxicity.

use lutetia_figure::figure::{Colour, Marks};
use lutetia_table::{Cell, Origin};

use crate::{built, case, cases::Case, cases::table, fault, labelled, numbers};

const WATERFALL: &str = r#"
kind = "waterfall"
name = "waterfall"
caption = ""
from = "t"
"#;

#[test]
fn exact_a_waterfall_falls() {
    let rows = numbers(&[&[-30.0], &[250.0], &[-100.0], &[20.0]]);
    let figure = built(&case(WATERFALL, &["change (%)"], rows));
    let panel = &figure.panels[0];
    let Marks::Bars { bars, .. } = &panel.layers[0].marks else { panic!() };
    let mut heights: Vec<(f64, f64)> = bars.iter().map(|b| (b.at, b.to)).collect();
    heights.sort_by(|a, b| a.0.total_cmp(&b.0));
    // The bar beyond the cut keeps its number; only the axis ends.
    assert_eq!(heights, [(1.0, 250.0), (2.0, 20.0), (3.0, -30.0), (4.0, -100.0)]);
    assert_eq!(panel.notes[0].lines, ["1 bar cut at +100 %"]);
    let rules: Vec<f64> = panel
        .layers
        .iter()
        .filter_map(|l| if let Marks::Rule { at, .. } = l.marks { Some(at) } else { None })
        .collect();
    assert_eq!(rules, [20.0, -30.0, 0.0]);
    assert_eq!(
        fault(WATERFALL, &["change"], numbers(&[&[-101.0]])),
        "the table `t`, row 1, column `change`: found -101 %, expected a change of −100 % or more"
    );
    assert_eq!(
        fault(WATERFALL, &["change"], vec![vec!["big".into()]]),
        "the table `t`, row 1, column `change`: found `big`, expected a number"
    );
    assert_eq!(
        fault(WATERFALL, &["change"], vec![vec![Cell::Missing]]),
        "the table `t`, row 1, column `change`: found nothing, expected a number"
    );
    built(&case(WATERFALL, &["change"], numbers(&[&[-5.0]])));
}

#[test]
fn exact_who_has_no_change_has_no_bar_and_is_counted() {
    let mut rows = numbers(&[&[-30.0], &[10.0]]);
    rows.push(vec![Cell::Missing]);
    let figure = built(&case(WATERFALL, &["change (%)"], rows));
    let Marks::Bars { bars, .. } = &figure.panels[0].layers[0].marks else { panic!() };
    assert_eq!(bars.len(), 2);
    assert_eq!(figure.panels[0].notes[0].lines, ["1 patient without a value"]);
}

const SPIDER: &str = r#"
kind = "spider"
name = "spider"
caption = ""
from = "t"
x_label = "time (weeks)"
"#;

#[test]
fn exact_a_spider_has_a_leg_per_subject_in_order_of_time() {
    let columns = ["subject", "time", "change"];
    let rows = numbers(&[&[1.0, 6.0, -20.0], &[1.0, 0.0, 0.0], &[2.0, 0.0, 0.0]]);
    let figure = built(&case(SPIDER, &columns, rows));
    let legs: Vec<_> = figure.panels[0]
        .layers
        .iter()
        .filter_map(|l| if let Marks::Line { points, .. } = &l.marks { Some(points) } else { None })
        .collect();
    assert_eq!(legs, [&vec![(0.0, 0.0), (6.0, -20.0)], &vec![(0.0, 0.0)]]);
    assert_eq!(
        fault(SPIDER, &columns, numbers(&[&[1.0, -1.0, 0.0]])),
        "the table `t`, row 1, column `time`: found -1, expected a number that is not negative"
    );
    let many: Vec<Vec<Cell>> = (0..1000)
        .map(|i| {
            vec![f64::from(i % 100).into(), f64::from(i / 100).into(), f64::from(i % 37).into()]
        })
        .collect();
    built(&case(SPIDER, &columns, many));
}

const TOXICITY: &str = r#"
kind = "toxicity"
name = "toxicity"
caption = ""
from = "t"
x_label = "time (weeks)"
y_label = "platelets (10⁹/L)"
"#;

fn zones(figure: &lutetia_figure::figure::Figure) -> Vec<(Colour, f64, f64)> {
    let layers = figure.panels[0].layers.iter();
    layers
        .filter_map(|l| match l.marks {
            Marks::Zone { low, high, .. } => Some((l.colour, low, high)),
            _ => None,
        })
        .collect()
}

#[test]
fn exact_grades_of_platelets_lie_behind_the_curve() {
    let toml = Box::leak(
        format!("{TOXICITY}ctcae = \"platelets\"\ncycles = [\"0 d\", \"6 week\"]").into_boxed_str(),
    );
    let rows = numbers(&[&[0.0, 230.0], &[4.0, 90.0]]);
    let figure = built(&case(toml, &["time", "value"], rows.clone()));
    // CTCAE v5.0: grade 2 below 75, 3 below 50, 4 below 25; grade 1 below the lower limit of normal.
    let found = zones(&figure);
    assert_eq!(found.len(), 4);
    assert_eq!(found[1], (Colour::Grade(2), 50.0, 75.0));
    assert_eq!(found[2], (Colour::Grade(3), 25.0, 50.0));
    assert_eq!(found[3], (Colour::Grade(4), f64::NEG_INFINITY, 25.0));
    let [Marks::Line { points, .. }] = labelled(&figure.panels[0], "median")[..] else { panic!() };
    assert_eq!(points[..], [(0.0, 230.0), (4.0, 90.0)]);

    // Where high is bad the grades rise.
    let toml = Box::leak(format!("{TOXICITY}grades = [1.5, 3.0]").into_boxed_str());
    let rising = built(&case(toml, &["time", "value"], numbers(&[&[0.0, 1.0]])));
    assert_eq!(
        zones(&rising),
        [(Colour::Grade(1), 1.5, 3.0), (Colour::Grade(2), 3.0, f64::INFINITY)]
    );
    let toml = Box::leak(format!("{TOXICITY}grades = [75, 50, 60]").into_boxed_str());
    assert_eq!(
        fault(toml, &["time", "value"], rows.clone()),
        "`grades` is [75.0, 50.0, 60.0], expected limits of grade 1, 2, … that all fall or all rise"
    );
    let toml = Box::leak(format!("{TOXICITY}ctcae = \"platelet\"").into_boxed_str());
    let message = fault(toml, &["time", "value"], rows);
    assert!(message.contains("`platelet`") && message.contains("platelets"), "{message}");
    assert_eq!(
        fault(TOXICITY, &["time", "value"], numbers(&[&[0.0, -1.0]])),
        "the table `t`, row 1, column `value`: found -1, expected a number that is not negative"
    );
}

#[test]
fn exact_observed_shares_have_wilsons_interval() {
    let toml = r#"
kind = "exposure-response"
name = "er"
caption = ""
from = "model"
observed = "patients"
groups = 2
x_label = "dose (Gy)"
y_label = "response"
"#;
    let model = table("model", &["exposure", "probability"], numbers(&[&[0.0, 0.1], &[40.0, 0.9]]));
    // Ten patients at 10 Gy of whom one responds, ten at 30 Gy of whom all do.
    let patients = (0..20).map(|i| {
        let (x, y) = if i < 10 { (10.0, i == 0) } else { (30.0, true) };
        vec![Cell::from(x), f64::from(u8::from(y)).into()]
    });
    let patients = table("patients", &["exposure", "response"], patients.collect());
    let tables = [model, patients].map(|t| (t.name.clone(), t));
    let figure = built(&Case { toml, tables: tables.clone().into() });
    let label = "observed in groups of equal size, 95 % interval";
    let [Marks::Points { points, .. }] = labelled(&figure.panels[0], label)[..] else { panic!() };
    assert_eq!((points[0].x, points[0].y), (10.0, 0.1));
    assert_eq!((points[1].x, points[1].y), (30.0, 1.0));
    // (p + z²/2n ∓ z √(p(1−p)/n + z²/4n²))/(1 + z²/n) with z = 1.959964, to four digits: 1 of 10 gives
    // 0.0179 to 0.4042, and 10 of 10 gives 1/(1 + z²/10) = 0.7225 to 1.
    let (low, high) = points[0].y_bar.expect("an interval");
    assert!((low - 0.0179).abs() < 5e-5 && (high - 0.4042).abs() < 5e-5, "{low} {high}");
    let (low, high) = points[1].y_bar.expect("an interval");
    assert!((low - 0.7225).abs() < 5e-5 && (high - 1.0).abs() < 1e-12, "{low} {high}");

    let toml = Box::leak(format!("{toml}x_log = true").into_boxed_str());
    assert_eq!(
        Case { toml, tables: tables.into() }.figure().err().as_deref(),
        Some(
            "the table `model`, row 1, column `exposure`: found 0, expected a number above 0, \
             as the axis is logarithmic"
        )
    );
}

/// A curve that its own points refute has no band, and the panel says so; patients of a simulation are not called
/// observed.
#[test]
fn exact_a_curve_refuted_by_its_points_has_no_band() {
    let toml = r#"
kind = "exposure-response"
name = "er"
caption = ""
from = "model"
observed = "patients"
groups = 4
x_label = "dose (Gy)"
y_label = "response"
"#;
    let model = || {
        let rows = numbers(&[&[0.0, 0.5, 0.4, 0.6], &[40.0, 0.5, 0.4, 0.6]]);
        table("model", &["exposure", "probability", "low", "high"], rows)
    };
    // Of twenty at each of four doses so many respond.
    let patients = |responders: [usize; 4]| {
        let rows = (0..80).map(|i| {
            let (group, place) = (i / 20, i % 20);
            let yes = f64::from(u8::from(place < responders[group]));
            vec![Cell::from(10.0 * group as f64), yes.into()]
        });
        table("patients", &["exposure", "response"], rows.collect())
    };
    let drawn = |responders, origin| {
        let tables = [model().of(origin), patients(responders).of(origin)];
        built(&Case { toml, tables: tables.map(|t| (t.name.clone(), t)).into() })
    };
    let good = drawn([9, 11, 10, 10], Origin::Observed);
    assert_eq!(labelled(&good.panels[0], "95 % band of the model").len(), 1);
    // ((9 − 10)² + (11 − 10)²)/(10 · 0.5) = 0.4 on two degrees of freedom: p = exp(−0.2).
    assert_eq!(good.panels[0].notes[0].lines, ["lack of fit χ² 0.4 on 2, p = 0.82"]);
    let bad = drawn([1, 19, 19, 1], Origin::Simulated);
    assert!(labelled(&bad.panels[0], "95 % band of the model").is_empty());
    // 4 · 81/5 = 64.8.
    let said = "lack of fit χ² 64.8 on 2, p < 0.0001; curve refuted, no band";
    assert_eq!(bad.panels[0].notes[0].lines, [said]);
    let label = "simulated patients in groups of equal size, 95 % interval";
    assert_eq!(labelled(&bad.panels[0], label).len(), 1);
}

const SCATTER: &str = r#"
kind = "scatter"
name = "scatter"
caption = ""
from = "t"
x_label = "true"
y_label = "predicted"
log = true
equal = true
"#;

#[test]
fn exact_a_scatter_has_a_point_for_each_row_and_the_line_of_equals() {
    let columns = ["x", "y", "low", "high", "series", "panel"];
    let row = |numbers: [f64; 4], series: &str, panel: &str| {
        let mut row: Vec<Cell> = numbers.map(Cell::from).into();
        row.extend([series.into(), panel.into()]);
        row
    };
    let mut rows = vec![
        row([1.0, 2.0, 1.5, 3.0], "a", "one"),
        row([4.0, 3.0, 2.0, 5.0], "b", "one"),
        row([7.0, 8.0, 6.0, 9.0], "a", "two"),
    ];
    let mut missing = row([5.0, 5.0, 4.0, 6.0], "a", "one");
    missing[1] = Cell::Missing;
    rows.push(missing);
    let figure = built(&case(SCATTER, &columns, rows));
    assert_eq!(figure.panels.len(), 2);
    let Marks::Line { points, .. } = &figure.panels[0].layers[0].marks else { panic!() };
    assert_eq!(points, &[(1.0, 1.0), (4.0, 4.0)]);
    let points = |panel: usize, series: &str| -> Vec<(f64, f64, Option<(f64, f64)>)> {
        let marks = labelled(&figure.panels[panel], series);
        let all = marks.iter().flat_map(|marks| match marks {
            Marks::Points { points, .. } => points.clone(),
            _ => Vec::new(),
        });
        all.map(|p| (p.x, p.y, p.y_bar)).collect()
    };
    assert_eq!(points(0, "a"), [(1.0, 2.0, Some((1.5, 3.0)))]);
    assert_eq!(points(0, "b"), [(4.0, 3.0, Some((2.0, 5.0)))]);
    assert_eq!(points(1, "a"), [(7.0, 8.0, Some((6.0, 9.0)))]);
    assert_eq!(
        fault(SCATTER, &["x", "y"], numbers(&[&[1.0, 0.0]])),
        "the table `t`, row 1, column `y`: found 0, expected a number above 0, as the axis is logarithmic"
    );
}
