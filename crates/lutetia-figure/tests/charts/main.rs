//! Every kind of chart: the numbers drawn are the numbers given, and a faulty table is a message.

#[path = "../../examples/gallery/cases/mod.rs"]
mod cases;

mod response;
mod survival;
mod tradeoff;

use cases::{Case, table};
use lutetia_figure::figure::{Figure, Marks, Panel, svg};
use lutetia_table::Cell;

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
    for case in cases::extremes() {
        built(&case);
    }
    let distinct: std::collections::BTreeSet<&String> = names.iter().collect();
    assert_eq!(distinct.len(), names.len(), "{names:?}");
    insta::assert_snapshot!(shapes);
}

#[test]
fn prop_no_table_makes_a_chart_panic() {
    let odd = [0.0, -1.0, 0.5, 1e-300, 1e300, -1e300, 1e18, f64::INFINITY, f64::NAN];
    let mut numbers = cases::Numbers::new(17);
    let mut pick = |n: usize| ((numbers.uniform() * n as f64) as usize).min(n - 1);
    let (mut drawn, mut refused) = (0, 0);
    for case in cases::all().into_iter().chain(cases::extremes()) {
        for _ in 0..30 {
            let mut tables = case.tables.clone();
            for table in tables.values_mut() {
                // Few rows, so that one odd cell matters, and whole patients at times.
                let keep = [1, 2, 5, 40][pick(4)];
                let from = pick(table.rows.len());
                table.rows = table.rows.iter().skip(from).take(keep).cloned().collect();
                for _ in 0..pick(4) {
                    let (row, column) = (pick(table.rows.len()), pick(table.columns.len()));
                    table.rows[row][column] = match pick(odd.len() + 2) {
                        0 => Cell::Missing,
                        1 => "text".into(),
                        k => Cell::from(odd[k - 2]),
                    };
                }
            }
            match (Case { toml: case.toml, tables }).figure() {
                Ok(figure) => {
                    let drawing = svg(&figure).unwrap_or_else(|e| panic!("{e}"));
                    assert!(!drawing.contains("NaN"), "{}", figure.name);
                    drawn += 1;
                }
                Err(reason) => {
                    assert!(!reason.is_empty());
                    refused += 1;
                }
            }
        }
    }
    // Both ways are met often, or the test shows nothing.
    assert!(drawn > 100 && refused > 100, "{drawn} drawn, {refused} refused");
}
