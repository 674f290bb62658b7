//! Change of each patient over time.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Chart, ChartError, Columns, Only,
    source::{Source, groups},
    waterfall::{percent, recist},
};
use crate::figure::{Axis, Colour, Dash, Direction, Figure, Join, Marks, Panel, Point, Shape};
use lutetia_table::Tables;

/// A spider plot: rows of `from` are visits (`subject`, `time`, `change` in percent; where known
/// `group`, which gives the colour).
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpiderSpec {
    /// File name without ending.
    pub name: String,
    /// What it shows.
    pub caption: String,
    /// Table of visits.
    pub from: String,
    /// Columns that are not called like their role.
    #[serde(default)]
    pub columns: Columns,
    /// Rows that are drawn, where not all are.
    #[serde(default)]
    pub only: Only,
    /// Label of the time axis with unit.
    pub x_label: String,
    /// Label of the other axis with unit.
    #[serde(default = "change")]
    pub y_label: String,
    /// Changes that count: RECIST's +20 and −30 % unless given; −50 and +25 for PSA.
    #[serde(default = "recist")]
    pub thresholds: Vec<f64>,
    /// Larger changes leave the panel there.
    pub cut: Option<f64>,
}

fn change() -> String {
    "change from baseline (%)".to_owned()
}

impl Chart for SpiderSpec {
    fn name(&self) -> &str {
        &self.name
    }

    fn from(&self) -> Vec<&str> {
        vec![&self.from]
    }

    fn build(&self, tables: &Tables) -> Result<Figure, ChartError> {
        let roles = ["subject", "time", "change", "group"];
        let source = Source::open(tables, &self.from, &self.columns, &self.only, &roles)?;
        let (subjects, names) = (source.texts("subject")?, source.optional_texts("group")?);
        let (times, changes) = (source.numbers("time")?, source.numbers("change")?);
        source.not_negative("time", &times)?;
        let y = Axis::linear(&self.y_label);
        let y = match self.cut {
            Some(cut) if cut.is_nan() || cut <= 0.0 => {
                return Err(ChartError::key("cut", cut.to_string(), "a change above 0 %"));
            }
            Some(cut) => y.within(-105.0, cut),
            None => y,
        };
        let mut panel = Panel::new("", Axis::linear(&self.x_label), y);
        for at in self.thresholds.iter().copied().chain([0.0]) {
            let (dash, text) = if at.abs() > 0.0 {
                (Dash::Dashed, percent(at))
            } else {
                (Dash::Solid, String::new())
            };
            panel.layer("", Colour::Ink, Marks::Rule { axis: Direction::Y, at, dash, text });
        }
        let series: Vec<String> = groups(&names).into_iter().map(|(name, _)| name).collect();
        let mut named = vec![false; series.len()];
        for (_, mut rows) in groups(&subjects) {
            rows.sort_by(|a, b| times[*a].total_cmp(&times[*b]));
            let of = series.iter().position(|s| *s == names[rows[0]]).unwrap_or(0);
            let points: Vec<(f64, f64)> = rows.iter().map(|i| (times[*i], changes[*i])).collect();
            let last = points.last().map(|p| Point::new(p.0, p.1));
            // One legend entry for a group.
            let label = if named[of] { "" } else { series[of].as_str() };
            named[of] = true;
            let dash = Dash::of(of);
            let line = Marks::Line { points, dash, join: Join::Straight };
            panel.layer(super::readable(label), Colour::Series(of), line);
            let end = Marks::Points { points: last.into_iter().collect(), shape: Shape::Disc };
            panel.layer("", Colour::Series(of), end);
        }
        Ok(Figure {
            name: self.name.clone(),
            caption: self.caption.clone(),
            panels: vec![panel],
            columns: 1,
        })
    }
}
