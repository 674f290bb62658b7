//! Measured activity of each region, its fit, band and residuals.

use serde::Deserialize;

use super::{Chart, grouped, readable, table};
use crate::{
    figure::{Axis, Figure, Layer, Marks, Panel, Residuals},
    page::Tables,
};

/// One panel per region: points, fit, band, residuals.
#[derive(Debug, Clone, Deserialize)]
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

    fn build(&self, tables: &Tables) -> Result<Figure, String> {
        time_activity(self, tables)
    }
}

fn time_activity(spec: &TimeActivitySpec, tables: &Tables) -> Result<Figure, String> {
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
    let panels = points
        .iter()
        .map(|(region, rows)| {
            let mut layers = Vec::new();
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
                layers.push(Layer {
                    label: "95 % band of the curve".to_owned(),
                    series: 0,
                    marks: Marks::Band { points: band },
                });
            }
            let line = |rows: &[[Option<f64>; 4]]| -> Vec<(f64, f64)> {
                rows.iter().filter_map(|[t, a, _, _]| Some(((*t)?, (*a)?))).collect()
            };
            layers.push(Layer {
                label: "fit".to_owned(),
                series: 0,
                marks: Marks::Line { points: line(&curve), dashed: false },
            });
            let other = line(&find(&against));
            if !other.is_empty() {
                layers.push(Layer {
                    label: "sum of exponentials".to_owned(),
                    series: 1,
                    marks: Marks::Line { points: other, dashed: true },
                });
            }
            layers.push(Layer {
                label: "measured ± 1 SD".to_owned(),
                series: 6,
                marks: Marks::Points {
                    points: rows
                        .iter()
                        .filter_map(|[t, a, sd, _]| {
                            let (t, a) = ((*t)?, (*a)?);
                            Some((t, a, sd.map(|sd| (a - sd, a + sd))))
                        })
                        .collect(),
                    open: false,
                },
            });
            Panel {
                title: readable(region),
                x: Axis::linear("time after injection (h)"),
                y: Axis::log("activity (MBq)"),
                layers,
                residuals: Some(Residuals {
                    label: "resid. (SD)".to_owned(),
                    points: rows.iter().filter_map(|[t, _, _, r]| Some(((*t)?, (*r)?))).collect(),
                }),
            }
        })
        .collect();
    Ok(Figure { name: spec.name.clone(), caption: spec.caption.clone(), panels, columns: 3 })
}
