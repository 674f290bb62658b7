//! Probability of a response against exposure, with what was observed by groups of exposure.

use lutetia_outcome::{
    lack_of_fit::{LackOfFit, exposure_groups, hosmer_lemeshow},
    trade_off::proportion,
};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Chart, ChartError, Columns, Only,
    source::{Source, groups},
    survival::p_value,
};
use crate::figure::{Axis, Colour, Corner, Dash, Figure, Join, Marks, Note, Panel, Point, Shape};
use lutetia_table::{Origin, Tables, significant};

/// Exposure and response: `from` is a curve (`exposure`, `probability`; where known `low`, `high`,
/// `series`), `observed` a table of patients (`exposure`, `response`: 1 or 0; where known `series`),
/// drawn as shares with Wilson's 95 % intervals in groups of equal numbers; those of simulated patients are
/// called so. Where the curve has lines and the patients refute it (Hosmer and Lemeshow, p below
/// 0.05 over the groups drawn), no band is drawn, and the panel says so.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExposureResponseSpec {
    /// File name without ending.
    pub name: String,
    /// What it shows.
    pub caption: String,
    /// Table of the curve.
    pub from: String,
    /// Columns that are not called like their role.
    #[serde(default)]
    pub columns: Columns,
    /// Rows that are drawn, where not all are.
    #[serde(default)]
    pub only: Only,
    /// Table of patients.
    pub observed: Option<String>,
    /// How many groups the patients are divided into; patients of equal exposure stay together.
    #[serde(default = "ten")]
    pub groups: usize,
    /// Label of the exposure with unit.
    pub x_label: String,
    /// Label of the probability.
    pub y_label: String,
    /// Logarithmic exposure.
    #[serde(default)]
    pub x_log: bool,
}

fn ten() -> usize {
    10
}

impl Chart for ExposureResponseSpec {
    fn name(&self) -> &str {
        &self.name
    }

    fn from(&self) -> Vec<&str> {
        std::iter::once(&self.from).chain(&self.observed).map(String::as_str).collect()
    }

    fn tells_apart(&self) -> bool {
        true
    }

    fn build(&self, tables: &Tables) -> Result<Figure, ChartError> {
        let roles = ["exposure", "probability", "low", "high", "series", "response"];
        let source = Source::open(tables, &self.from, &self.columns, &self.only, &roles)?;
        let (x, y) = (source.numbers("exposure")?, source.numbers("probability")?);
        if let Some(i) = y.iter().position(|p| !(0.0..=1.0).contains(p)) {
            let found = y[i].to_string();
            return Err(source.fault(i, "probability", &found, "a probability from 0 to 1"));
        }
        let (bars, series) = (source.bars("low", "high")?, source.optional_texts("series")?);
        let axis = if self.x_log {
            source.positive("exposure", x.iter().copied())?;
            Axis::log(&self.x_label)
        } else {
            Axis::linear(&self.x_label)
        };
        let mut panel = Panel::new("", axis, Axis::linear(&self.y_label).within(0.0, 1.0));
        let curve = |name: &str| -> Vec<(f64, f64)> {
            let mut points: Vec<(f64, f64)> =
                (0..x.len()).filter(|i| series[*i] == name).map(|i| (x[i], y[i])).collect();
            points.sort_by(|a, b| a.0.total_cmp(&b.0));
            points
        };
        let tests = self.tests(tables, &curve)?;
        let test = |name: &str| tests.iter().find(|t| t.0 == name).map(|t| t.1);
        let names: Vec<String> = groups(&series).into_iter().map(|(name, _)| name).collect();
        for (number, (name, mut rows)) in groups(&series).into_iter().enumerate() {
            rows.sort_by(|a, b| x[*a].total_cmp(&x[*b]));
            let colour = Colour::Series(number);
            let band = rows.iter().filter_map(|i| Some((x[*i], bars[*i]?.0, bars[*i]?.1)));
            let band: Vec<_> = band.collect();
            // A band takes the curve for true.
            let refuted = test(&name).is_some_and(|t| t.refuted());
            if band.len() > 1 && !refuted {
                let band = Marks::Band { points: band, join: Join::Straight };
                panel.layer("95 % band of the model", colour, band);
            }
            let points = rows.iter().map(|i| (x[*i], y[*i])).collect();
            let line = Marks::Line { points, dash: Dash::of(number), join: Join::Straight };
            let name = if name.is_empty() { "model".to_owned() } else { super::readable(&name) };
            panel.layer(name, colour, line);
        }
        if let Some(table) = &self.observed {
            self.observe(tables, table, &names, &mut panel)?;
        }
        let said = |(name, test): &(String, LackOfFit)| {
            let of = if name.is_empty() {
                String::new()
            } else {
                format!("{}: ", super::readable(name))
            };
            let found = format!(
                "lack of fit χ² {} on {}, {}",
                significant(test.chi_squared, 3),
                test.df,
                p_value(test.p)
            );
            let verdict = if test.refuted() { "; curve refuted, no band" } else { "" };
            format!("{of}{found}{verdict}")
        };
        let lines: Vec<String> = tests.iter().map(said).collect();
        if !lines.is_empty() {
            panel.notes.push(Note { corner: Corner::TopLeft, lines });
        }
        Ok(Figure {
            name: self.name.clone(),
            caption: self.caption.clone(),
            panels: vec![panel],
            columns: 1,
        })
    }
}

impl ExposureResponseSpec {
    /// Whether the patients drawn refute the curve drawn, for each series that has both: the probability of each
    /// patient is that of the curve, straight between its points.
    fn tests(
        &self,
        tables: &Tables,
        curve: &dyn Fn(&str) -> Vec<(f64, f64)>,
    ) -> Result<Vec<(String, LackOfFit)>, ChartError> {
        let Some(table) = &self.observed else { return Ok(Vec::new()) };
        let source = Source::beside(tables, table, &self.columns, &self.only)?;
        let (x, response) = (source.numbers("exposure")?, source.flags("response")?);
        let series = source.optional_texts("series")?;
        let mut found = Vec::new();
        for (name, rows) in groups(&series) {
            let points = curve(&name);
            if points.len() < 2 {
                continue;
            }
            let exposure: Vec<f64> = rows.iter().map(|i| x[*i]).collect();
            let event: Vec<bool> = rows.iter().map(|i| response[*i]).collect();
            let probability: Vec<f64> = exposure.iter().map(|x| between(&points, *x)).collect();
            // Too few patients test nothing, and nothing is said.
            if let Ok((test, _)) = hosmer_lemeshow(&exposure, &event, &probability, self.groups) {
                found.push((name, test));
            }
        }
        Ok(found)
    }

    fn observe(
        &self,
        tables: &Tables,
        table: &str,
        names: &[String],
        panel: &mut Panel,
    ) -> Result<(), ChartError> {
        if self.groups == 0 {
            return Err(ChartError::key("groups", "0", "at least 1"));
        }
        let source = Source::beside(tables, table, &self.columns, &self.only)?;
        let (x, response) = (source.numbers("exposure")?, source.flags("response")?);
        if self.x_log {
            source.positive("exposure", x.iter().copied())?;
        }
        let series = source.optional_texts("series")?;
        let seen = if super::origin(tables, table) == Origin::Simulated {
            "simulated patients"
        } else {
            "observed"
        };
        for (name, rows) in groups(&series) {
            let exposure: Vec<f64> = rows.iter().map(|i| x[*i]).collect();
            let mut points = Vec::new();
            for group in exposure_groups(&exposure, self.groups) {
                let events = group.iter().filter(|k| response[rows[**k]]).count();
                let share = proportion(events, group.len(), 0.95)?;
                let middle = exposure[group[(group.len() - 1) / 2]]
                    .midpoint(exposure[group[group.len() / 2]]);
                let bar = Some((share.lower, share.upper));
                points.push(Point::new(middle, share.share).upright(bar));
            }
            let number = names.iter().position(|n| *n == name).unwrap_or(0);
            let several = names.len() > 1;
            let colour = if several { Colour::Series(number) } else { Colour::Ink };
            let marks = Marks::Points { points, shape: Shape::Disc };
            let label = format!("{seen} in groups of equal size, 95 % interval");
            panel.layer(label, colour, marks);
        }
        Ok(())
    }
}

/// The curve at an exposure; beyond its ends, their values.
fn between(points: &[(f64, f64)], x: f64) -> f64 {
    let at = points.partition_point(|p| p.0 < x).clamp(1, points.len() - 1);
    let ((x0, y0), (x1, y1)) = (points[at - 1], points[at]);
    let share = if x1 > x0 { ((x - x0) / (x1 - x0)).clamp(0.0, 1.0) } else { 0.0 };
    y0 + share * (y1 - y0)
}
