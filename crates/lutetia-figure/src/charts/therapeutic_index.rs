//! Tumour control, complication and control without complication against activity or dose.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Chart, ChartError, Columns, Only,
    source::{Source, groups},
};
use crate::figure::{
    Axis, Colour, Corner, Dash, Direction, Figure, Join, Marks, Note, Panel, Point, Shape,
};
use lutetia_table::{Tables, significant};

/// Roles of the columns where a row is a level; the first three are needed.
pub(super) const WIDE: [&str; 10] = [
    "x",
    "tcp",
    "ntcp",
    "p_plus",
    "tcp_low",
    "tcp_high",
    "ntcp_low",
    "ntcp_high",
    "p_plus_low",
    "p_plus_high",
];
/// Roles of the columns where a row is a point of a named curve; the first three are needed.
pub(super) const LONG: [&str; 5] = ["curve", "x", "value", "low", "high"];

/// Therapeutic-index curves: rows of `from` are levels of `x` (activity, dose, number of cycles) with
/// `tcp`, `ntcp` and, where known, `p_plus` (else `TCP (1 − NTCP)`), each with `…_low` and `…_high`
/// where known. With `curves` the rows are points of named curves instead (`curve`, `x`, `value`; where
/// known `low`, `high`).
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TherapeuticIndexSpec {
    /// File name without ending.
    pub name: String,
    /// What it shows.
    pub caption: String,
    /// Table of the curves.
    pub from: String,
    /// Columns that are not called like their role.
    #[serde(default)]
    pub columns: Columns,
    /// Rows that are drawn, where not all are.
    #[serde(default)]
    pub only: Only,
    /// The names of the curves in the column `curve`: `curves = { tcp = "benefit", ntcp = "harm",
    /// p_plus = "benefit without harm" }`.
    #[serde(default)]
    pub curves: BTreeMap<String, String>,
    /// What the bands are.
    #[serde(default = "interval")]
    pub interval_label: String,
    /// Label of x with unit.
    pub x_label: String,
    /// Label of the other axis.
    #[serde(default = "probability")]
    pub y_label: String,
    /// What control is.
    #[serde(default = "control")]
    pub tcp_label: String,
    /// What the complication is.
    #[serde(default = "complication")]
    pub ntcp_label: String,
    /// Complication that is accepted: where the curve reaches it is marked.
    pub limit: Option<f64>,
}

fn probability() -> String {
    "probability".to_owned()
}

fn control() -> String {
    "tumour control (TCP)".to_owned()
}

fn complication() -> String {
    "complication (NTCP)".to_owned()
}

fn interval() -> String {
    "95 % interval".to_owned()
}

impl Chart for TherapeuticIndexSpec {
    fn name(&self) -> &str {
        &self.name
    }

    fn from(&self) -> Vec<&str> {
        vec![&self.from]
    }

    fn build(&self, tables: &Tables) -> Result<Figure, ChartError> {
        let [tcp, ntcp, p_plus] = self.read(tables)?;
        let y = Axis::linear(&self.y_label).within(0.0, 1.0);
        let mut panel = Panel::new("", Axis::linear(&self.x_label), y);
        let curves = [
            (&tcp, self.tcp_label.as_str(), Dash::Solid),
            (&ntcp, &self.ntcp_label, Dash::Solid),
            (&p_plus, "control without complication (P+)", Dash::Dashed),
        ];
        for (i, (curve, _, _)) in curves.iter().enumerate() {
            let band = curve.iter().filter_map(|l| Some((l.x, l.bar?.0, l.bar?.1)));
            let band: Vec<_> = band.collect();
            if band.len() > 1 {
                let band = Marks::Band { points: band, join: Join::Straight };
                panel.layer(self.interval_label.as_str(), Colour::Series(i), band);
            }
        }
        for (i, (curve, label, dash)) in curves.into_iter().enumerate() {
            let points = curve.iter().map(|l| (l.x, l.value)).collect();
            let line = Marks::Line { points, dash, join: Join::Straight };
            panel.layer(label, Colour::Series(i), line);
        }
        // The first of equals: no more is given than is of use.
        let best = p_plus.iter().reduce(|a, b| if b.value > a.value { b } else { a });
        if let Some(best) = best {
            let point = vec![Point::new(best.x, best.value).sized(1.5)];
            let marks = Marks::Points { points: point, shape: Shape::Diamond };
            panel.layer("highest P+", Colour::Series(2), marks);
            let unit = panel.x.unit().to_owned();
            let text =
                format!("highest P+: {} at {} {unit}", two(best.value), significant(best.x, 3));
            // In a corner: beside its point it would cover the curves.
            let lines = vec![text.trim_end().to_owned()];
            panel.notes.push(Note { corner: Corner::TopLeft, lines });
        }
        if let Some(limit) = self.limit {
            if !(0.0..=1.0).contains(&limit) {
                let expected = "a probability from 0 to 1";
                return Err(ChartError::key("limit", limit.to_string(), expected));
            }
            let text = format!("limit {}", two(limit));
            let rule = Marks::Rule { axis: Direction::Y, at: limit, dash: Dash::Dotted, text };
            panel.layer("", Colour::Series(1), rule);
            if let Some(at) = crossing(&ntcp, limit) {
                let text = format!("limit reached at {} {}", significant(at, 3), panel.x.unit());
                let text = text.trim_end().to_owned();
                let rule = Marks::Rule { axis: Direction::X, at, dash: Dash::Dotted, text };
                panel.layer("", Colour::Series(1), rule);
            }
        }
        Ok(Figure {
            name: self.name.clone(),
            caption: self.caption.clone(),
            panels: vec![panel],
            columns: 1,
        })
    }
}

/// A level of x with a probability.
#[derive(Clone, Copy)]
struct Level {
    x: f64,
    value: f64,
    bar: Option<(f64, f64)>,
}

impl TherapeuticIndexSpec {
    /// Control, complication and control without complication, each in order of x.
    fn read(&self, tables: &Tables) -> Result<[Vec<Level>; 3], ChartError> {
        let mut curves =
            if self.curves.is_empty() { self.wide(tables)? } else { self.long(tables)? };
        for curve in &mut curves {
            curve.sort_by(|a, b| a.x.total_cmp(&b.x));
        }
        Ok(curves)
    }

    fn wide(&self, tables: &Tables) -> Result<[Vec<Level>; 3], ChartError> {
        let source = Source::open(tables, &self.from, &self.columns, &self.only, &WIDE)?;
        let x = source.numbers("x")?;
        source.not_negative("x", &x)?;
        let curve = |role: &str| {
            let bars = source.bars(&format!("{role}_low"), &format!("{role}_high"))?;
            let values = share(&source, role)?.into_iter().zip(bars);
            let level =
                |(x, (value, bar)): (&f64, (f64, Option<(f64, f64)>))| Level { x: *x, value, bar };
            Ok::<Vec<Level>, ChartError>(x.iter().zip(values).map(level).collect())
        };
        let (tcp, ntcp) = (curve("tcp")?, curve("ntcp")?);
        let p_plus = if source.has("p_plus")? {
            curve("p_plus")?
        } else {
            let both = |(t, n): (&Level, &Level)| Level {
                x: t.x,
                value: t.value * (1.0 - n.value),
                bar: None,
            };
            tcp.iter().zip(&ntcp).map(both).collect()
        };
        Ok([tcp, ntcp, p_plus])
    }

    fn long(&self, tables: &Tables) -> Result<[Vec<Level>; 3], ChartError> {
        let source = Source::open(tables, &self.from, &self.columns, &self.only, &LONG)?;
        let (names, x, values) =
            (source.texts("curve")?, source.numbers("x")?, share(&source, "value")?);
        source.not_negative("x", &x)?;
        let bars = source.bars("low", "high")?;
        let curve = |role: &str| {
            let name = self.curves.get(role).ok_or_else(|| ChartError::Key {
                key: "curves",
                verb: "has no",
                found: format!("`{role}`"),
                expected: "`tcp`, `ntcp` and `p_plus`",
            })?;
            let rows = (0..names.len()).filter(|i| names[*i] == *name);
            let levels: Vec<Level> =
                rows.map(|i| Level { x: x[i], value: values[i], bar: bars[i] }).collect();
            if levels.is_empty() {
                return Err(ChartError::Series {
                    key: "curves",
                    what: "",
                    name: name.clone(),
                    table: self.from.clone(),
                    there: groups(&names).into_iter().map(|(n, _)| n).collect(),
                });
            }
            Ok(levels)
        };
        Ok([curve("tcp")?, curve("ntcp")?, curve("p_plus")?])
    }
}

fn two(p: f64) -> String {
    format!("{p:.2}")
}

fn share(source: &Source<'_>, role: &str) -> Result<Vec<f64>, ChartError> {
    let values = source.numbers(role)?;
    match values.iter().position(|p| !(0.0..=1.0).contains(p)) {
        Some(i) => {
            let found = significant(values[i], 6);
            Err(source.fault(i, role, &found, "a probability from 0 to 1"))
        }
        None => Ok(values),
    }
}

/// Where the straight line between two levels first rises to the limit.
fn crossing(curve: &[Level], limit: f64) -> Option<f64> {
    curve.windows(2).find_map(|w| {
        let (a, b) = (w[0], w[1]);
        let share = (limit - a.value) / (b.value - a.value);
        (a.value < limit && b.value >= limit).then_some(a.x + share * (b.x - a.x))
    })
}
