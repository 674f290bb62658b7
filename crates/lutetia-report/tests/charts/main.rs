//! Every kind of chart: the numbers drawn are the numbers given, and a faulty table is a message.

#[path = "../../examples/gallery/cases/mod.rs"]
mod cases;

mod response;
mod survival;
mod tradeoff;

use cases::{Case, table};
use lutetia_report::{
    Cell,
    figure::{Figure, Marks, Panel, svg},
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
    for case in cases::extremes() {
        built(&case);
    }
    let distinct: std::collections::BTreeSet<&String> = names.iter().collect();
    assert_eq!(distinct.len(), names.len(), "{names:?}");
    insta::assert_snapshot!(shapes);
}
