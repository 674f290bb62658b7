//! How far each input alone moves a result.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Chart, ChartError, Columns, Only, source::Source};
use crate::figure::{Axis, Bar, Colour, Dash, Direction, Figure, Marks, Panel, TextColumn};
use lutetia_table::{Tables, significant};

/// A tornado plot: rows of `from` are inputs (`parameter`) with the result at their low and high end
/// (`low`, `high`), and where known these ends (`low_at`, `high_at`). The input that moves the result
/// most is on top.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TornadoSpec {
    /// File name without ending.
    pub name: String,
    /// What it shows.
    pub caption: String,
    /// Table of inputs.
    pub from: String,
    /// Columns that are not called like their role.
    #[serde(default)]
    pub columns: Columns,
    /// Rows that are drawn, where not all are.
    #[serde(default)]
    pub only: Only,
    /// The result with all inputs in their middle; else the column `base`, the same in all rows.
    pub base: Option<f64>,
    /// Label of the result with unit.
    pub x_label: String,
    /// How many inputs are drawn.
    #[serde(default = "fifteen")]
    pub most: usize,
}

fn fifteen() -> usize {
    15
}

impl Chart for TornadoSpec {
    fn name(&self) -> &str {
        &self.name
    }

    fn from(&self) -> Vec<&str> {
        vec![&self.from]
    }

    fn build(&self, tables: &Tables) -> Result<Figure, ChartError> {
        let roles = ["parameter", "low", "high", "low_at", "high_at", "base"];
        let source = Source::open(tables, &self.from, &self.columns, &self.only, &roles)?;
        let names = source.texts("parameter")?;
        let (low, high) = (source.numbers("low")?, source.numbers("high")?);
        let base = match self.base {
            Some(base) => base,
            None => {
                let bases = source.numbers("base")?;
                // Printed tables are equal to six digits.
                let near = |b: &f64| (b - bases[0]).abs() <= 1e-5 * bases[0].abs();
                if let Some(i) = bases.iter().position(|b| !near(b)) {
                    let expected = format!("the {} of row 1", bases[0]);
                    return Err(source.fault(i, "base", &bases[i].to_string(), &expected));
                }
                bases[0]
            }
        };
        let mut order: Vec<usize> = (0..names.len()).collect();
        let reach = |i: usize| {
            let (a, b) = ((low[i] - base).abs(), (high[i] - base).abs());
            let wide = (high[i] - low[i]).abs();
            [a, b].into_iter().fold(wide, |m, v| if v > m { v } else { m })
        };
        order.sort_by(|a, b| reach(*b).total_cmp(&reach(*a)));
        order.truncate(self.most.max(1));
        order.reverse();
        let (x, value) = (Axis::linear(&self.x_label), significant(base, 4).replace('-', "−"));
        let title = format!("base {value} {}", x.unit()).trim_end().to_owned();
        let labels = order.iter().map(|i| names[*i].clone()).collect();
        let mut panel = Panel::new(title, x, Axis::categories("", labels));
        let sides = [
            ("input at its low end", &low, Colour::Series(0)),
            ("input at its high end", &high, Colour::Series(1)),
        ];
        for (label, ends, colour) in sides {
            let bar = |(at, i): (usize, &usize)| {
                // Where both ends move the result the same way, the shorter bar stays in sight.
                let same = (low[*i] - base) * (high[*i] - base) > 0.0;
                let equal = colour == Colour::Series(1) && (high[*i] - low[*i]).abs() <= 0.0;
                let inner =
                    equal || (ends[*i] - base).abs() < (low[*i] + high[*i] - ends[*i] - base).abs();
                let thickness = if same && inner { 0.3 } else { 0.62 };
                Bar { at: at as f64, from: base, to: ends[*i], thickness }
            };
            let bars = order.iter().enumerate().map(bar).collect();
            panel.layer(label, colour, Marks::Bars { bars, along: Direction::X });
        }
        let (axis, dash, text) = (Direction::X, Dash::Solid, String::new());
        panel.layer("", Colour::Ink, Marks::Rule { axis, at: base, dash, text });
        if source.has("low_at")? && source.has("high_at")? {
            let (from, to) = (source.texts("low_at")?, source.texts("high_at")?);
            let cells = order.iter().map(|i| format!("{} – {}", short(&from[*i]), short(&to[*i])));
            let heading = "input from – to".to_owned();
            panel.beside.push(TextColumn { heading, cells: cells.collect() });
        }
        Ok(Figure {
            name: self.name.clone(),
            caption: self.caption.clone(),
            panels: vec![panel],
            columns: 1,
        })
    }
}

/// A number of a table to three digits; other text as it is.
fn short(text: &str) -> String {
    text.parse::<f64>().map_or_else(|_| text.to_owned(), |x| significant(x, 3))
}
