//! Best change of each patient, sorted, as bars.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Chart, ChartError, Columns, Only,
    source::{Source, groups},
};
use crate::figure::{Axis, Bar, Colour, Corner, Dash, Direction, Figure, Marks, Note, Panel};
use lutetia_table::{Tables, significant};

/// A waterfall plot: a row of `from` for each patient (`change` in percent; where known `group`, which
/// gives the colour). Patients are sorted from the largest rise to the largest fall; those without a
/// change are counted and not drawn.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaterfallSpec {
    /// File name without ending.
    pub name: String,
    /// What it shows.
    pub caption: String,
    /// Table of patients.
    pub from: String,
    /// Columns that are not called like their role.
    #[serde(default)]
    pub columns: Columns,
    /// Rows that are drawn, where not all are.
    #[serde(default)]
    pub only: Only,
    /// Label of the vertical axis with unit.
    #[serde(default = "change")]
    pub y_label: String,
    /// Changes that count: RECIST's +20 and −30 % unless given; −50 for PSA.
    #[serde(default = "recist")]
    pub thresholds: Vec<f64>,
    /// Larger changes are cut there, and their number is said.
    #[serde(default = "hundred")]
    pub cut: f64,
}

pub(super) fn change() -> String {
    "best change from baseline (%)".to_owned()
}

pub(super) fn recist() -> Vec<f64> {
    vec![20.0, -30.0]
}

fn hundred() -> f64 {
    100.0
}

impl Chart for WaterfallSpec {
    fn name(&self) -> &str {
        &self.name
    }

    fn from(&self) -> Vec<&str> {
        vec![&self.from]
    }

    fn build(&self, tables: &Tables) -> Result<Figure, ChartError> {
        let source =
            Source::open(tables, &self.from, &self.columns, &self.only, &["change", "group"])?;
        let (all, mut names) = (source.optional("change")?, source.optional_texts("group")?);
        // Who was not seen again has no change and no bar.
        let rows: Vec<usize> = (0..all.len()).filter(|i| all[*i].is_some()).collect();
        let changes: Vec<f64> = all.iter().copied().flatten().collect();
        names = rows.iter().filter_map(|i| names.get(*i).cloned()).collect();
        if changes.is_empty() {
            return Err(source.fault(0, "change", "nothing", "a number"));
        }
        if let Some(i) = changes.iter().position(|c| *c < -100.0) {
            let found = format!("{} %", significant(changes[i], 6));
            return Err(source.fault(rows[i], "change", &found, "a change of −100 % or more"));
        }
        if self.cut.is_nan() || self.cut <= 0.0 {
            return Err(ChartError::key("cut", self.cut.to_string(), "a change above 0 %"));
        }
        let mut order: Vec<usize> = (0..changes.len()).collect();
        order.sort_by(|a, b| changes[*b].total_cmp(&changes[*a]));
        let mut place = vec![0; changes.len()];
        for (at, patient) in order.iter().enumerate() {
            place[*patient] = at + 1;
        }
        let count = changes.len();
        let x = Axis {
            ticks: vec![1.0, count as f64],
            ..Axis::linear(format!("{count} patients, by change")).within(0.0, count as f64 + 1.0)
        };
        let highest = changes.iter().fold(0.0, |a: f64, c| if *c > a { *c } else { a });
        let top = if highest > self.cut { self.cut } else { highest };
        // Thresholds and −100 % are always in view.
        let top = self.thresholds.iter().fold(top, |a, t| if *t > a { *t } else { a });
        let y =
            Axis::linear(&self.y_label).within(-105.0, if top > 0.0 { top * 1.05 } else { 5.0 });
        let mut panel = Panel::new("", x, y);
        for (series, (name, rows)) in groups(&names).into_iter().enumerate() {
            let bar = |i: &usize| Bar {
                at: place[*i] as f64,
                from: 0.0,
                to: changes[*i],
                thickness: 0.8,
            };
            let bars = Marks::Bars { bars: rows.iter().map(bar).collect(), along: Direction::Y };
            panel.layer(super::readable(&name), Colour::Series(series), bars);
        }
        for at in self.thresholds.iter().copied().chain([0.0]) {
            let (dash, text) = if at.abs() > 0.0 {
                (Dash::Dashed, percent(at))
            } else {
                (Dash::Solid, String::new())
            };
            panel.layer("", Colour::Ink, Marks::Rule { axis: Direction::Y, at, dash, text });
        }
        let cut = changes.iter().filter(|c| **c > top).count();
        let mut lines = Vec::new();
        if cut > 0 {
            let bars = if cut == 1 { "1 bar".to_owned() } else { format!("{cut} bars") };
            lines.push(format!("{bars} cut at {}", percent(top)));
        }
        let missing = all.len() - count;
        if missing > 0 {
            let patients =
                if missing == 1 { "1 patient".to_owned() } else { format!("{missing} patients") };
            lines.push(format!("{patients} without a value"));
        }
        if !lines.is_empty() {
            panel.notes.push(Note { corner: Corner::BottomLeft, lines });
        }
        Ok(Figure {
            name: self.name.clone(),
            caption: self.caption.clone(),
            panels: vec![panel],
            columns: 1,
        })
    }
}

/// A change in words: `+20 %`, `−30 %`.
pub(super) fn percent(change: f64) -> String {
    let text = significant(change.abs(), 4);
    if change < 0.0 { format!("−{text} %") } else { format!("+{text} %") }
}
