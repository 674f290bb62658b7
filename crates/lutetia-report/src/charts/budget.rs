//! Shares of the variance of a dose by input, one bar per region.

use serde::Deserialize;

use super::{Chart, grouped, index, readable, table};
use crate::{
    figure::{Axis, Figure, Layer, Marks, Panel},
    page::Tables,
    table::Cell,
};

/// Shares of the variance by input, one bar per region.
#[derive(Debug, Clone, Deserialize)]
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

    fn build(&self, tables: &Tables) -> Result<Figure, String> {
        budget(self, tables)
    }
}

/// Half the height of a bar, of the distance of two regions.
const THICKNESS: f64 = 0.32;

/// Regions whose variance is determined, the first on top; inputs that add nothing anywhere are
/// left out.
fn budget(spec: &BudgetSpec, tables: &Tables) -> Result<Figure, String> {
    let source = table(tables, &format!("{}.budget", spec.from))?;
    let input = index(source, "input")?;
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
        return Err("no region has a variance that is determined and above zero".to_owned());
    }
    let count = regions.len();
    let mut layers = Vec::new();
    for (i, name) in inputs.iter().enumerate() {
        for (j, (_, rows)) in regions.iter().enumerate() {
            let before: f64 = rows[..i].iter().filter_map(|[s]| *s).sum();
            let Some(share) = rows[i][0].filter(|s| *s > 0.0) else { continue };
            let (low, high) =
                ((count - 1 - j) as f64 - THICKNESS, (count - 1 - j) as f64 + THICKNESS);
            layers.push(Layer {
                label: name.clone(),
                // The colour belongs to the input, whichever are there.
                series: i,
                marks: Marks::Band {
                    points: vec![(before, low, high), (before + share, low, high)],
                },
            });
        }
    }
    let names = regions.iter().rev().map(|(name, _)| readable(name)).collect();
    Ok(Figure {
        name: spec.name.clone(),
        caption: spec.caption.clone(),
        panels: vec![Panel {
            title: String::new(),
            x: Axis::linear("share of the variance of the absorbed dose (%)"),
            y: Axis::categories("", names),
            layers,
            residuals: None,
        }],
        columns: 1,
    })
}
