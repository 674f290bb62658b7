//! The integral by function, region by region.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Chart, ChartError, readable};
use crate::figure::{Axis, Colour, Dash, Direction, Figure, Marks, Panel, Point, Shape};
use lutetia_table::{Cell, Tables, table};

/// Time-integrated activities by function over that of a reference function, one panel per region, with 95 % intervals
/// by propagation; functions whose integral is not determined have an empty row.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FunctionsSpec {
    /// File name without ending.
    pub name: String,
    /// What it shows.
    pub caption: String,
    /// A `fit-curves` step; its table of candidates is drawn.
    pub from: String,
    /// The function all others are divided by.
    pub reference: String,
    /// Regions; all if left out.
    pub regions: Option<Vec<String>>,
}

impl Chart for FunctionsSpec {
    fn name(&self) -> &str {
        &self.name
    }

    fn from(&self) -> Vec<&str> {
        vec![&self.from]
    }

    fn build(&self, tables: &Tables) -> Result<Figure, ChartError> {
        functions(self, tables)
    }
}

fn functions(spec: &FunctionsSpec, tables: &Tables) -> Result<Figure, ChartError> {
    let source = table(tables, &format!("{}.candidates", spec.from))?;
    let at = |name: &str| source.index(name);
    let (region, function, tia, sd) = (at("region")?, at("function")?, at("tia")?, at("tia_sd")?);
    let text = |row: &[Cell], i: usize| row.get(i).map(Cell::csv).unwrap_or_default();
    let distinct = |i: usize| {
        let mut names: Vec<String> = Vec::new();
        for row in &source.rows {
            let name = text(row, i);
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    };
    let names = distinct(function);
    let count = names.len();
    let mut panels = Vec::new();
    for name in distinct(region) {
        if spec.regions.as_ref().is_some_and(|r| !r.contains(&name)) {
            continue;
        }
        let rows: Vec<&Vec<Cell>> =
            source.rows.iter().filter(|r| text(r, region) == name).collect();
        let reference = rows
            .iter()
            .find(|r| text(r, function) == spec.reference)
            .and_then(|r| r.get(tia)?.number())
            .ok_or_else(|| ChartError::NoReference {
                region: name.clone(),
                function: spec.reference.clone(),
            })?;
        let points: Vec<Point> = rows
            .iter()
            .filter_map(|r| {
                let value = r.get(tia)?.number()? / reference;
                // The first function belongs on top.
                let place = names.iter().position(|n| *n == text(r, function))?;
                let half = r.get(sd).and_then(Cell::number).map(|s| 1.96 * s / reference);
                Some(Point {
                    x_bar: half.map(|h| (value - h, value + h)),
                    ..Point::new(value, (count - 1 - place) as f64)
                })
            })
            .collect();
        let labels = names.iter().rev().cloned().collect();
        let x = Axis::linear(format!("integral / integral by {}", spec.reference));
        let mut panel = Panel::new(readable(&name), x, Axis::categories("", labels));
        let rule =
            Marks::Rule { axis: Direction::X, at: 1.0, dash: Dash::Dashed, text: String::new() };
        panel.layer("", Colour::Ink, rule);
        panel.layer(
            "time-integrated activity with 95 % interval",
            Colour::Series(0),
            Marks::Points { points, shape: Shape::Disc },
        );
        panels.push(panel);
    }
    let columns = panels.len().clamp(1, 2);
    Ok(Figure { name: spec.name.clone(), caption: spec.caption.clone(), panels, columns })
}
