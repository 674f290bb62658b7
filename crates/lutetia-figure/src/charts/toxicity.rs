//! A laboratory value over cycles, before bands of its grades.

use lutetia_outcome::endpoint::{Ctcae, Toxicity};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Chart, ChartError, Columns, Moment, Only,
    source::{Source, groups},
};
use crate::figure::{Axis, Colour, Dash, Direction, Figure, Join, Marks, Panel};
use lutetia_table::Tables;

/// Toxicity over cycles: rows of `from` are times (`time`, `value`; where known `low`, `high`,
/// `series`, `panel`).
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToxicitySpec {
    /// File name without ending.
    pub name: String,
    /// What it shows.
    pub caption: String,
    /// Table of values over time.
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
    pub y_label: String,
    /// The item whose limits are drawn: `platelets`, `neutrophils`, `lymphocytes`, `leukocytes` in
    /// 10⁹/L or `haemoglobin` in g/dL.
    pub ctcae: Option<String>,
    /// Or the limits of grade 1, 2, … themselves: falling ones where low values are bad, rising ones
    /// where high values are.
    #[serde(default)]
    pub grades: Vec<f64>,
    /// Times at which a cycle begins, such as `6 week`.
    #[serde(default)]
    pub cycles: Vec<Moment>,
    /// What `low` to `high` is.
    #[serde(default = "interval")]
    pub band_label: String,
}

fn interval() -> String {
    "90 % of patients".to_owned()
}

impl Chart for ToxicitySpec {
    fn name(&self) -> &str {
        &self.name
    }

    fn from(&self) -> Vec<&str> {
        vec![&self.from]
    }

    fn keys(&self) -> Result<(), ChartError> {
        self.limits()?;
        self.starts().map(drop)
    }

    fn build(&self, tables: &Tables) -> Result<Figure, ChartError> {
        let roles = ["time", "value", "low", "high", "series", "panel"];
        let source = Source::open(tables, &self.from, &self.columns, &self.only, &roles)?;
        let (times, values) = (source.numbers("time")?, source.numbers("value")?);
        source.not_negative("value", &values)?;
        let bars = source.bars("low", "high")?;
        let (series, panels) = (source.optional_texts("series")?, source.optional_texts("panel")?);
        let (limits, cycles) = (self.limits()?, self.starts()?);
        let falling = limits.len() < 2 || limits[0] > limits[1];
        let colours: Vec<String> = groups(&series).into_iter().map(|(name, _)| name).collect();
        let mut drawn = Vec::new();
        for (title, rows) in groups(&panels) {
            let all = rows.iter().flat_map(|i| [values[*i], bars[*i].map_or(0.0, |b| b.1)]);
            // The first limit is in view where values fall to it.
            let all = all.chain(limits.first().copied().filter(|_| falling));
            let top = all.fold(0.0, |a: f64, v| if v > a { v } else { a });
            let y =
                Axis::linear(&self.y_label).within(0.0, if top > 0.0 { 1.08 * top } else { 1.0 });
            let mut panel = Panel::new(super::readable(&title), Axis::linear(&self.x_label), y);
            zones(&limits, falling, &mut panel);
            for (i, at) in cycles.iter().enumerate() {
                let text = format!("cycle {}", i + 1);
                // All but the first few would cover each other.
                let text = if self.cycles.len() <= 8 { text } else { String::new() };
                let rule = Marks::Rule { axis: Direction::X, at: *at, dash: Dash::Dotted, text };
                panel.layer("", Colour::Ink, rule);
            }
            let of: Vec<String> = rows.iter().map(|i| series[*i].clone()).collect();
            for (name, within) in groups(&of) {
                let mut rows: Vec<usize> = within.iter().map(|i| rows[*i]).collect();
                rows.sort_by(|a, b| times[*a].total_cmp(&times[*b]));
                let number = colours.iter().position(|c| *c == name).unwrap_or(0);
                let colour = Colour::Series(number);
                let band = rows.iter().filter_map(|i| Some((times[*i], bars[*i]?.0, bars[*i]?.1)));
                let band: Vec<_> = band.collect();
                if band.len() > 1 {
                    let band = Marks::Band { points: band, join: Join::Straight };
                    panel.layer(self.band_label.clone(), colour, band);
                }
                let points = rows.iter().map(|i| (times[*i], values[*i])).collect();
                let dash = Dash::of(number);
                let line = Marks::Line { points, dash, join: Join::Straight };
                let name =
                    if name.is_empty() { "median".to_owned() } else { super::readable(&name) };
                panel.layer(name, colour, line);
            }
            drawn.push(panel);
        }
        let columns = drawn.len().clamp(1, 2);
        Ok(Figure {
            name: self.name.clone(),
            caption: self.caption.clone(),
            panels: drawn,
            columns,
        })
    }
}

impl ToxicitySpec {
    /// Where cycles begin on the axis.
    fn starts(&self) -> Result<Vec<f64>, ChartError> {
        self.cycles.iter().map(|time| time.on(&self.x_label)).collect()
    }

    /// The limits of grade 1, 2, … in their order.
    ///
    /// # Errors
    /// An item that CTCAE does not have, limits given twice, or in no order.
    pub fn limits(&self) -> Result<Vec<f64>, ChartError> {
        let limits = match (&self.ctcae, self.grades.is_empty()) {
            (Some(item), true) => {
                let row = Toxicity::named(item).and_then(Ctcae::of)?;
                row.limits().into_iter().flatten().collect()
            }
            (None, _) => self.grades.clone(),
            (Some(_), false) => {
                return Err(ChartError::GradesTwice);
            }
        };
        let falls = limits.windows(2).all(|w: &[f64]| w[1] < w[0]);
        let rises = limits.windows(2).all(|w: &[f64]| w[1] > w[0]);
        if limits.iter().any(|l| !l.is_finite()) || !(falls || rises) {
            let expected = "limits of grade 1, 2, … that all fall or all rise";
            return Err(ChartError::key("grades", format!("{limits:?}"), expected));
        }
        Ok(limits)
    }
}

/// A band for each grade, the worst one without end.
fn zones(limits: &[f64], falling: bool, panel: &mut Panel) {
    for (i, limit) in limits.iter().enumerate() {
        let next = limits.get(i + 1).copied();
        let (low, high) = if falling {
            (next.unwrap_or(f64::NEG_INFINITY), *limit)
        } else {
            (*limit, next.unwrap_or(f64::INFINITY))
        };
        // There are at most five grades; the colours end there too.
        let grade = u8::try_from(i + 1).unwrap_or(5);
        let text = format!("grade {grade}");
        panel.layer("", Colour::Grade(grade), Marks::Zone { low, high, text });
    }
}
