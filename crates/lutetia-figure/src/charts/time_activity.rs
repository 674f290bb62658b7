//! Measured activity of each region, its fit, band and residuals.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Chart, ChartError, readable};
use crate::figure::{
    Axis, Colour, Dash, Figure, Join, Marks, Panel, Point, Residuals, Shape, Strip,
};
use lutetia_table::{Origin, Tables, grouped, table};

/// One panel per region: points, fit, band, residuals.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimeActivitySpec {
    /// File name without ending.
    pub name: String,
    /// What it shows.
    pub caption: String,
    /// A step that makes `.points` and `.curves`.
    pub from: String,
    /// Another step whose curves are drawn dashed.
    pub against: Option<String>,
}

impl Chart for TimeActivitySpec {
    fn name(&self) -> &str {
        &self.name
    }

    fn from(&self) -> Vec<&str> {
        std::iter::once(&self.from).chain(&self.against).map(String::as_str).collect()
    }

    fn build(&self, tables: &Tables) -> Result<Figure, ChartError> {
        time_activity(self, tables)
    }
}

fn time_activity(spec: &TimeActivitySpec, tables: &Tables) -> Result<Figure, ChartError> {
    let points = grouped(
        table(tables, &format!("{}.points", spec.from))?,
        "region",
        ["time", "activity", "sd", "residual"],
    )?;
    let columns = ["time", "activity", "low", "high"];
    let curves = grouped(table(tables, &format!("{}.curves", spec.from))?, "region", columns)?;
    let against = match &spec.against {
        Some(step) => grouped(table(tables, &format!("{step}.curves"))?, "region", columns)?,
        None => Vec::new(),
    };
    let seen = if super::origin(tables, &format!("{}.points", spec.from)) == Origin::Simulated {
        "simulated ± 1 SD"
    } else {
        "measured ± 1 SD"
    };
    let panels = points
        .iter()
        .map(|(region, rows)| {
            let mut panel = Panel::new(
                readable(region),
                Axis::linear("time after injection (h)"),
                Axis::log("activity (MBq)"),
            );
            let find = |set: &[(String, Vec<[Option<f64>; 4]>)]| {
                set.iter()
                    .find(|(name, _)| name == region)
                    .map(|(_, rows)| rows.clone())
                    .unwrap_or_default()
            };
            let curve = find(&curves);
            let band: Vec<(f64, f64, f64)> = curve
                .iter()
                .filter_map(|[t, _, low, high]| Some(((*t)?, (*low)?, (*high)?)))
                .collect();
            if !band.is_empty() {
                let band = Marks::Band { points: band, join: Join::Straight };
                panel.layer("95 % band of the curve", Colour::Series(0), band);
            }
            let line = |rows: &[[Option<f64>; 4]], dash| Marks::Line {
                points: rows.iter().filter_map(|[t, a, _, _]| Some(((*t)?, (*a)?))).collect(),
                dash,
                join: Join::Straight,
            };
            panel.layer("fit", Colour::Series(0), line(&curve, Dash::Solid));
            let other = find(&against);
            if !other.is_empty() {
                let other = line(&other, Dash::Dashed);
                panel.layer("sum of exponentials", Colour::Series(1), other);
            }
            let measured = rows.iter().filter_map(|[t, a, sd, _]| {
                let (t, a) = ((*t)?, (*a)?);
                Some(Point::new(t, a).upright(sd.map(|sd| (a - sd, a + sd))))
            });
            let measured = Marks::Points { points: measured.collect(), shape: Shape::Disc };
            panel.layer(seen, Colour::Ink, measured);
            panel.beneath.push(Strip::Residuals(Residuals {
                label: "resid. (SD)".to_owned(),
                points: rows.iter().filter_map(|[t, _, _, r]| Some(((*t)?, (*r)?))).collect(),
            }));
            panel
        })
        .collect();
    Ok(Figure { name: spec.name.clone(), caption: spec.caption.clone(), panels, columns: 3 })
}
