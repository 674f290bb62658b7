//! Numbers of the experiment over published ones.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Chart, ChartError, readable};
use crate::figure::{Axis, Colour, Dash, Figure, Join, Marks, Panel, Point, Shape};
use lutetia_table::{Tables, grouped, table};

/// Ours over published, one row per row of a comparison.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ComparisonSpec {
    /// File name without ending.
    pub name: String,
    /// What it shows.
    pub caption: String,
    /// A comparison step.
    pub from: String,
}

impl Chart for ComparisonSpec {
    fn name(&self) -> &str {
        &self.name
    }

    fn from(&self) -> Vec<&str> {
        vec![&self.from]
    }

    fn build(&self, tables: &Tables) -> Result<Figure, ChartError> {
        comparison(self, tables)
    }
}

/// Ours over published, one row per quantity, so that quantities of any unit share one axis.
fn comparison(spec: &ComparisonSpec, tables: &Tables) -> Result<Figure, ChartError> {
    let rows = grouped(table(tables, &spec.from)?, "quantity", ["ours", "sd", "published"])?;
    let count = rows.len();
    // Categories count upwards from the axis; the first row belongs on top.
    let height = |i: usize| (count - 1 - i) as f64;
    let ratios = rows
        .iter()
        .enumerate()
        .filter_map(|(i, (_, values))| {
            let [ours, sd, published] = values.first().copied()?;
            let (ours, published) = (ours?, published.filter(|p| p.abs() > 0.0)?);
            let bar = sd.map(|sd| ((ours - 1.96 * sd) / published, (ours + 1.96 * sd) / published));
            Some(Point::new(ours / published, height(i)).lying(bar))
        })
        .collect();
    let names = rows.iter().rev().map(|(name, _)| readable(name)).collect();
    let unity = vec![(1.0, -0.5), (1.0, count as f64 - 0.5)];
    let mut panel =
        Panel::new("", Axis::linear("this report / published"), Axis::categories("", names));
    let unity = Marks::Line { points: unity, dash: Dash::Dashed, join: Join::Straight };
    panel.layer("", Colour::Ink, unity);
    panel.layer(
        "this report / published, with 95 % interval where it has one",
        Colour::Series(0),
        Marks::Points { points: ratios, shape: Shape::Disc },
    );
    Ok(Figure {
        name: spec.name.clone(),
        caption: spec.caption.clone(),
        panels: vec![panel],
        columns: 1,
    })
}
