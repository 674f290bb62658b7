//! Probability of a response against exposure, with what was observed by groups of exposure.

use lutetia_outcome::trade_off::proportion;
use serde::Deserialize;

use super::{
    Chart, Columns, Only,
    source::{Source, groups},
};
use crate::{
    figure::{Axis, Colour, Dash, Figure, Join, Marks, Panel, Point, Shape},
    page::Tables,
};

/// Exposure and response: `from` is a curve (`exposure`, `probability`; where known `low`, `high`,
/// `series`), `observed` a table of patients (`exposure`, `response`: 1 or 0; where known `series`),
/// drawn as shares with Wilson's 95 % intervals in groups of equal numbers.
#[derive(Debug, Clone, Deserialize)]
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

    fn build(&self, tables: &Tables) -> Result<Figure, String> {
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
        let names: Vec<String> = groups(&series).into_iter().map(|(name, _)| name).collect();
        for (number, (name, mut rows)) in groups(&series).into_iter().enumerate() {
            rows.sort_by(|a, b| x[*a].total_cmp(&x[*b]));
            let colour = Colour::Series(number);
            let band = rows.iter().filter_map(|i| Some((x[*i], bars[*i]?.0, bars[*i]?.1)));
            let band: Vec<_> = band.collect();
            if band.len() > 1 {
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
        Ok(Figure {
            name: self.name.clone(),
            caption: self.caption.clone(),
            panels: vec![panel],
            columns: 1,
        })
    }
}

impl ExposureResponseSpec {
    fn observe(
        &self,
        tables: &Tables,
        table: &str,
        names: &[String],
        panel: &mut Panel,
    ) -> Result<(), String> {
        if self.groups == 0 {
            return Err("`groups` is 0, expected at least 1".to_owned());
        }
        let source = Source::beside(tables, table, &self.columns, &self.only)?;
        let (x, response) = (source.numbers("exposure")?, source.flags("response")?);
        if self.x_log {
            source.positive("exposure", x.iter().copied())?;
        }
        let series = source.optional_texts("series")?;
        for (name, rows) in groups(&series) {
            let patients: Vec<(f64, bool)> = rows.iter().map(|i| (x[*i], response[*i])).collect();
            let mut points = Vec::new();
            for group in divided(patients, self.groups) {
                let events = group.iter().filter(|p| p.1).count();
                let share = proportion(events, group.len(), 0.95).map_err(|e| e.to_string())?;
                let middle = median(&group);
                let bar = Some((share.lower, share.upper));
                points.push(Point::new(middle, share.share).upright(bar));
            }
            let number = names.iter().position(|n| *n == name).unwrap_or(0);
            let several = names.len() > 1;
            let colour = if several { Colour::Series(number) } else { Colour::Ink };
            let marks = Marks::Points { points, shape: Shape::Disc };
            panel.layer("observed in groups of equal size, 95 % interval", colour, marks);
        }
        Ok(())
    }
}

/// Patients in order of exposure, in that many groups of about equal size; equal exposures are never
/// parted.
fn divided(mut patients: Vec<(f64, bool)>, count: usize) -> Vec<Vec<(f64, bool)>> {
    patients.sort_by(|a, b| a.0.total_cmp(&b.0));
    let n = patients.len();
    let mut groups = Vec::new();
    let mut from = 0;
    for k in 1..=count {
        let mut to = (n * k / count).clamp(from, n);
        while to > from && to < n && patients[to].0 <= patients[to - 1].0 {
            to += 1;
        }
        if to > from {
            groups.push(patients[from..to].to_vec());
        }
        from = to;
    }
    groups
}

/// The median exposure of a group in order.
fn median(group: &[(f64, bool)]) -> f64 {
    let n = group.len();
    group[(n - 1) / 2].0.midpoint(group[n / 2].0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_equal_exposures_stay_together() {
        let patients: Vec<(f64, bool)> =
            [0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 3.0, 4.0].map(|x| (x, false)).to_vec();
        let sizes: Vec<usize> = divided(patients.clone(), 4).iter().map(Vec::len).collect();
        assert_eq!(sizes, [4, 2, 2]);
        assert_eq!(divided(patients.clone(), 1).len(), 1);
        assert_eq!(divided(patients.clone(), 100).len(), 5);
        // Half-way between 0 and 1, without rounding.
        assert!((median(&patients) - 0.5).abs() < f64::EPSILON);
        assert!(divided(Vec::new(), 10).is_empty());
    }
}
