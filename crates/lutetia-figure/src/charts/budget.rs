//! Shares of the variance of a dose by input, one bar per region.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Chart, ChartError, readable};
use crate::figure::{Axis, Bar, Colour, Direction, Figure, Marks, Panel};
use lutetia_table::{Cell, Tables, grouped, table};

/// Shares of the variance by input, one bar per region.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BudgetSpec {
    /// File name without ending.
    pub name: String,
    /// What it shows.
    pub caption: String,
    /// A step that makes `.budget`.
    pub from: String,
}

impl Chart for BudgetSpec {
    fn name(&self) -> &str {
        &self.name
    }

    fn from(&self) -> Vec<&str> {
        vec![&self.from]
    }

    fn build(&self, tables: &Tables) -> Result<Figure, ChartError> {
        budget(self, tables)
    }
}

/// The height of a bar, of the distance of two regions.
const THICKNESS: f64 = 0.64;

/// Regions whose variance is determined, the first on top; inputs that add nothing anywhere are
/// left out.
fn budget(spec: &BudgetSpec, tables: &Tables) -> Result<Figure, ChartError> {
    let source = table(tables, &format!("{}.budget", spec.from))?;
    let input = source.index("input")?;
    let mut inputs: Vec<String> = Vec::new();
    for row in &source.rows {
        let name = row.get(input).map(Cell::csv).unwrap_or_default();
        if !inputs.contains(&name) {
            inputs.push(name);
        }
    }
    let mut regions = grouped(source, "region", ["share"])?;
    regions.retain(|(_, rows)| {
        rows.len() == inputs.len() && rows.iter().all(|[share]| share.is_some())
    });
    if regions.is_empty() {
        return Err(ChartError::NoVariance);
    }
    let count = regions.len();
    let names = regions.iter().rev().map(|(name, _)| readable(name)).collect();
    let x = Axis::linear("share of the variance of the absorbed dose (%)");
    let mut panel = Panel::new("", x, Axis::categories("", names));
    for (i, name) in inputs.iter().enumerate() {
        let bar = |(j, (_, rows)): (usize, &(String, Vec<[Option<f64>; 1]>))| {
            let before: f64 = rows[..i].iter().filter_map(|[s]| *s).sum();
            let share = rows[i][0].filter(|s| *s > 0.0)?;
            // Categories count upwards from the axis; the first region belongs on top.
            let at = (count - 1 - j) as f64;
            Some(Bar { at, from: before, to: before + share, thickness: THICKNESS })
        };
        let bars: Vec<Bar> = regions.iter().enumerate().filter_map(bar).collect();
        if !bars.is_empty() {
            // The colour belongs to the input, whichever are there.
            let bars = Marks::Bars { bars, along: Direction::X };
            panel.layer(name.clone(), Colour::Series(i), bars);
        }
    }
    Ok(Figure {
        name: spec.name.clone(),
        caption: spec.caption.clone(),
        panels: vec![panel],
        columns: 1,
    })
}
