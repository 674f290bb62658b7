//! What a combination does beyond a null model, over the doses of both.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Chart, ChartError, Columns, Only,
    source::{Source, groups},
};
use crate::figure::{Axis, Cell, Colour, ColourScale, Figure, Marks, Panel, Point, Shape};
use lutetia_table::Tables;

/// A synergy map: rows of `from` are pairs of doses (`a`, `b`) with the `effect` and the `null`
/// model's, or their difference as `excess`; `panel` tells several null models apart. White is the
/// null, orange more effect, blue less. Where `low` and `high` are known a ring marks pairs whose interval
/// includes none; a cross marks pairs for which the null model says nothing.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SynergySpec {
    /// File name without ending.
    pub name: String,
    /// What it shows.
    pub caption: String,
    /// Table of combinations.
    pub from: String,
    /// Columns that are not called like their role.
    #[serde(default)]
    pub columns: Columns,
    /// Rows that are drawn, where not all are.
    #[serde(default)]
    pub only: Only,
    /// Label of the first dose with unit.
    pub x_label: String,
    /// Label of the second dose with unit.
    pub y_label: String,
    /// What the colours show, with unit and null model.
    pub z_label: String,
}

impl Chart for SynergySpec {
    fn name(&self) -> &str {
        &self.name
    }

    fn from(&self) -> Vec<&str> {
        vec![&self.from]
    }

    fn build(&self, tables: &Tables) -> Result<Figure, ChartError> {
        let roles = ["a", "b", "effect", "null", "excess", "low", "high", "panel"];
        let source = Source::open(tables, &self.from, &self.columns, &self.only, &roles)?;
        let (a, b) = (source.texts("a")?, source.texts("b")?);
        let excess = if source.has("excess")? {
            source.maybe("excess")?
        } else {
            let (effect, null) = (source.maybe("effect")?, source.maybe("null")?);
            effect.iter().zip(&null).map(|(e, n)| Some((*e)? - (*n)?)).collect()
        };
        let values: Vec<f64> = excess.iter().flatten().copied().collect();
        if values.is_empty() {
            return Err(ChartError::NoExcess { table: self.from.clone() });
        }
        let bars = source.bars("low", "high")?;
        // One scale for all panels, so that null models can be compared.
        let scale = ColourScale::diverging(&self.z_label, 0.0, &values);
        let (across, up) = (levels(&a), levels(&b));
        let mut panels = Vec::new();
        for (title, rows) in groups(&source.optional_texts("panel")?) {
            let mut cells: Vec<Cell> = Vec::new();
            let (mut none, mut unsaid): (Vec<Point>, Vec<Point>) = (Vec::new(), Vec::new());
            for i in rows {
                let at = |levels: &[String], of: &String| levels.iter().position(|l| l == of);
                let (Some(column), Some(row)) = (at(&across, &a[i]), at(&up, &b[i])) else {
                    continue;
                };
                if cells.iter().any(|c| c.column == column && c.row == row) {
                    let found = format!("a second row of a = {}, b = {}", a[i], b[i]);
                    return Err(source.fault(i, "a", &found, "one row for each pair"));
                }
                cells.push(Cell { column, row, value: excess[i].unwrap_or(f64::NAN) });
                let (x, y) = (column as f64, row as f64);
                if excess[i].is_none() {
                    unsaid.push(Point::new(x, y));
                } else if bars[i].is_some_and(|(low, high)| low <= 0.0 && high >= 0.0 && low < high)
                {
                    none.push(Point::new(x + 0.34, y + 0.26).sized(0.7));
                }
            }
            let mut panel = Panel::new(
                super::readable(&title),
                Axis::categories(&self.x_label, across.clone()),
                Axis::categories(&self.y_label, up.clone()),
            );
            panel.layer("", Colour::Ink, Marks::Cells { cells, scale: scale.clone() });
            if !none.is_empty() {
                let marks = Marks::Points { points: none, shape: Shape::Ring };
                panel.layer("95 % interval includes none", Colour::Ink, marks);
            }
            if !unsaid.is_empty() {
                let marks = Marks::Points { points: unsaid, shape: Shape::Cross };
                panel.layer(
                    "not defined: one alone does not reach the effect",
                    Colour::Grey,
                    marks,
                );
            }
            panels.push(panel);
        }
        let columns = panels.len().clamp(1, 2);
        Ok(Figure { name: self.name.clone(), caption: self.caption.clone(), panels, columns })
    }
}

/// The distinct levels, by size where all are numbers.
fn levels(texts: &[String]) -> Vec<String> {
    let mut levels: Vec<String> = groups(texts).into_iter().map(|(level, _)| level).collect();
    let numbers: Option<Vec<f64>> = levels.iter().map(|l| l.parse().ok()).collect();
    if let Some(numbers) = numbers {
        let mut order: Vec<usize> = (0..levels.len()).collect();
        order.sort_by(|i, j| numbers[*i].total_cmp(&numbers[*j]));
        levels = order.into_iter().map(|i| levels[i].clone()).collect();
    }
    levels
}
