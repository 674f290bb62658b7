//! Survival curves with intervals, censor ticks, medians, comparison and numbers at risk.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Chart, ChartError, Columns, Moment, Only,
    source::{Source, groups},
    survival::{self, Curve, Times},
};
use crate::figure::{
    Axis, Colour, Corner, CountRow, Counts, Dash, Figure, Join, Marks, Note, Panel, Point, Shape,
    Strip,
};
use lutetia_table::{Origin, Tables, significant};

/// Survival curves.
///
/// `from` names a table of patients (`time`, `event`: 1 or 0), for which the curves are estimated
/// (Kaplan and Meier; intervals on the log scale as in R), or of ready curves (`time`, `survival`,
/// and where known `low`, `high`, `at_risk`, `censored`), a row for every time at which patients
/// die or leave. Both may have `arm`, and `panel` for several endpoints.
///
/// Curves of a table that a simulation made are dashed and called simulated; a simulated table is never drawn
/// as `published`, and no table, nor a copy of its numbers, both as the curve and as the simulated band.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KaplanMeierSpec {
    /// File name without ending.
    pub name: String,
    /// What it shows.
    pub caption: String,
    /// Table of patients or curves.
    pub from: String,
    /// Columns that are not called like their role.
    #[serde(default)]
    pub columns: Columns,
    /// Rows that are drawn, where not all are.
    #[serde(default)]
    pub only: Only,
    /// Label of the time axis with unit.
    pub x_label: String,
    /// Label of the other axis.
    #[serde(default = "survival_label")]
    pub y_label: String,
    /// Distance of the ticks and of the numbers at risk, such as `6 mo`.
    pub every: Option<Moment>,
    /// Last time shown, such as `30 mo`.
    pub until: Option<Moment>,
    /// Confidence intervals; drawn unless there is a simulated band.
    pub interval: Option<bool>,
    /// What `low` to `high` is, where it is not a confidence interval.
    #[serde(default = "confidence")]
    pub interval_label: String,
    /// Numbers at risk.
    #[serde(default = "yes")]
    pub risk_table: bool,
    /// Medians, as lines and in the legend.
    #[serde(default = "yes")]
    pub medians: bool,
    /// Table with `hazard_ratio`, `low`, `high` and, where known, `p`, `arm`, `panel`. Without it two
    /// arms of patients are compared by Cox's model and the log-rank test.
    pub compare: Option<String>,
    /// Table of simulated curves (`time`, `low`, `high`; `median`, `arm`, `panel` where known) to draw
    /// behind the curves as bands.
    pub simulated: Option<String>,
    /// Table of published points (`time`, `survival`; `low`, `high`, `arm`, `panel` where known) to
    /// draw in front of the curves.
    pub published: Option<String>,
    /// What the simulated band is.
    #[serde(default = "prediction")]
    pub simulated_label: String,
}

fn survival_label() -> String {
    "survival".to_owned()
}

fn confidence() -> String {
    "95 % confidence interval".to_owned()
}

fn prediction() -> String {
    "simulated, 95 % prediction interval".to_owned()
}

fn yes() -> bool {
    true
}

impl KaplanMeierSpec {
    /// The axis of times of which the last is `end`.
    pub(super) fn times(&self, end: f64) -> Result<Times, ChartError> {
        Times::new(&self.x_label, self.every.as_ref(), self.until.as_ref(), end)
    }
}

impl Chart for KaplanMeierSpec {
    fn name(&self) -> &str {
        &self.name
    }

    fn from(&self) -> Vec<&str> {
        let others = self.compare.iter().chain(&self.simulated).chain(&self.published);
        std::iter::once(&self.from).chain(others).map(String::as_str).collect()
    }

    fn observed(&self) -> Option<&str> {
        self.published.as_deref()
    }

    fn tells_apart(&self) -> bool {
        true
    }

    fn keys(&self) -> Result<(), ChartError> {
        let (every, until) = (self.every.as_ref(), self.until.as_ref());
        // Ticks are counted up to the last time of a table, where none is named.
        Times::new(&self.x_label, every, until.or(every), 0.0).map(drop)
    }

    fn build(&self, tables: &Tables) -> Result<Figure, ChartError> {
        self.refuse_confusion(tables)?;
        let roles =
            ["time", "event", "survival", "low", "high", "at_risk", "censored", "arm", "panel"];
        let source = Source::open(tables, &self.from, &self.columns, &self.only, &roles)?;
        let curves = survival::curves(&source)?;
        let bands = self.bands(tables)?;
        self.refuse_copies(&curves, &bands)?;
        let simulated = super::origin(tables, &self.from) == Origin::Simulated;
        let arms: Vec<&str> = distinct(curves.iter().map(|c| c.arm.as_str()));
        let last = |c: &Curve| c.rows.last().map_or(0.0, |r| r.time);
        let end = curves.iter().map(last).fold(0.0, |a, t| if t > a { t } else { a });
        let times = self.times(end)?;
        let mut panels = Vec::new();
        for name in distinct(curves.iter().map(|c| c.panel.as_str())) {
            let x = times.axis(&self.x_label);
            let mut panel = Panel::new(name, x, Axis::linear(&self.y_label).within(0.0, 1.0));
            let here: Vec<&Curve> = curves.iter().filter(|c| c.panel == name).collect();
            let colour = |arm: &str| Colour::Series(place(&arms, arm));
            for band in bands.iter().filter(|b| b.panel == name || b.panel.is_empty()) {
                band.draw(&mut panel, colour(&band.arm), &self.simulated_label);
            }
            if self.interval.unwrap_or(self.simulated.is_none()) {
                for curve in &here {
                    curve.draw_interval(&mut panel, colour(&curve.arm), &self.interval_label);
                }
            }
            if self.medians {
                for curve in &here {
                    median_lines(curve, &mut panel, colour(&curve.arm));
                }
            }
            for curve in &here {
                let points = curve.points();
                // A solid line is what was seen in patients.
                let dash =
                    if simulated { Dash::Dashed } else { Dash::of(place(&arms, &curve.arm)) };
                let line = Marks::Line { points, dash, join: Join::Steps };
                panel.layer(
                    self.legend(curve, curves.len() > here.len(), simulated),
                    colour(&curve.arm),
                    line,
                );
            }
            for curve in &here {
                let points = curve.censored();
                if !points.is_empty() {
                    let ticks = Marks::Points { points, shape: Shape::Tick };
                    panel.layer("censored", colour(&curve.arm), ticks);
                }
            }
            self.draw_published(tables, &mut panel, &colour)?;
            let lines = self.comparison(tables, &source, name, &arms)?;
            if !lines.is_empty() {
                panel.notes.push(Note { corner: free_corner(&here, times.until), lines });
            }
            if self.risk_table {
                let row = |c: &&Curve| CountRow {
                    label: c.arm.clone(),
                    colour: colour(&c.arm),
                    numbers: c.at_risk(&times.ticks),
                };
                let known = here.iter().filter(|c| c.rows.iter().any(|r| r.at_risk.is_some()));
                let rows: Vec<CountRow> = known.map(row).collect();
                if !rows.is_empty() {
                    let label = "number at risk".to_owned();
                    panel.beneath.push(Strip::Counts(Counts { label, rows }));
                }
            }
            panels.push(panel);
        }
        let columns = panels.len().clamp(1, 2);
        Ok(Figure { name: self.name.clone(), caption: self.caption.clone(), panels, columns })
    }
}

impl KaplanMeierSpec {
    /// One table in two roles, and a simulation in the role of what was published.
    fn refuse_confusion(&self, tables: &Tables) -> Result<(), ChartError> {
        let twice = |other: &'static str| ChartError::Twice {
            key: "from",
            other,
            table: self.from.clone(),
        };
        if self.simulated.as_ref() == Some(&self.from) {
            return Err(twice("simulated"));
        }
        if self.published.as_ref() == Some(&self.from) {
            return Err(twice("published"));
        }
        let Some(published) = &self.published else { return Ok(()) };
        if super::origin(tables, published) == Origin::Simulated {
            return Err(ChartError::PublishedSimulated { table: published.clone() });
        }
        Ok(())
    }

    /// A copy of the medians of the simulated band under another name.
    fn refuse_copies(&self, curves: &[Curve], bands: &[Band]) -> Result<(), ChartError> {
        // Two points agree by chance; tables are written with six digits.
        const LEAST: usize = 3;
        let close = |a: f64, b: f64| (a - b).abs() <= 1e-5 * a.abs().max(b.abs());
        for curve in curves {
            let rows = || curve.rows.iter().filter(|r| r.time > 0.0);
            for band in bands.iter().filter(|b| b.arm == curve.arm || b.arm.is_empty()) {
                let medians: Vec<_> = band.median.iter().filter(|m| m.0 > 0.0).collect();
                let copied = medians.len() >= LEAST
                    && rows().count() == medians.len()
                    && rows()
                        .zip(&medians)
                        .all(|(r, m)| close(r.time, m.0) && close(r.survival, m.1));
                if copied {
                    return Err(ChartError::CopiedMedian {
                        arm: curve.arm.clone(),
                        table: self.from.clone(),
                        simulated: self.simulated.clone().unwrap_or_default(),
                    });
                }
            }
        }
        Ok(())
    }

    fn bands(&self, tables: &Tables) -> Result<Vec<Band>, ChartError> {
        let Some(name) = &self.simulated else { return Ok(Vec::new()) };
        let source = Source::beside(tables, name, &self.columns, &self.only)?;
        let (times, lows, highs) =
            (source.numbers("time")?, source.numbers("low")?, source.numbers("high")?);
        source.not_negative("time", &times)?;
        let medians = source.optional("median")?;
        let (arms, panels) = (source.optional_texts("arm")?, source.optional_texts("panel")?);
        let keys: Vec<String> =
            panels.iter().zip(&arms).map(|(p, a)| format!("{p}\u{1f}{a}")).collect();
        Ok(groups(&keys)
            .into_iter()
            .map(|(_, rows)| Band {
                panel: panels[rows[0]].clone(),
                arm: arms[rows[0]].clone(),
                low_high: rows.iter().map(|i| (times[*i], lows[*i], highs[*i])).collect(),
                median: rows.iter().filter_map(|i| Some((times[*i], medians[*i]?))).collect(),
            })
            .collect())
    }

    fn draw_published(
        &self,
        tables: &Tables,
        panel: &mut Panel,
        colour: &dyn Fn(&str) -> Colour,
    ) -> Result<(), ChartError> {
        let Some(name) = &self.published else { return Ok(()) };
        let source = Source::beside(tables, name, &self.columns, &self.only)?;
        let (times, survival) = (source.numbers("time")?, source.numbers("survival")?);
        source.not_negative("time", &times)?;
        let bars = source.bars("low", "high")?;
        let (arms, panels) = (source.optional_texts("arm")?, source.optional_texts("panel")?);
        for (arm, rows) in groups(&arms) {
            let here = rows.iter().filter(|i| panels[**i].is_empty() || panels[**i] == panel.title);
            let point = |i: &usize| Point::new(times[*i], survival[*i]).upright(bars[*i]);
            let points: Vec<Point> = here.map(point).collect();
            if !points.is_empty() {
                let points = Marks::Points { points, shape: Shape::Ring };
                panel.layer("published", colour(&arm), points);
            }
        }
        Ok(())
    }

    /// Legend text: the arm, and its median with interval where that is the same in all panels.
    fn legend(&self, curve: &Curve, several: bool, simulated: bool) -> String {
        let name = match (curve.arm.as_str(), simulated) {
            ("", false) => "observed".to_owned(),
            ("", true) => "simulated".to_owned(),
            (arm, false) => arm.to_owned(),
            (arm, true) => format!("{arm}, simulated"),
        };
        if !self.medians || several {
            return name;
        }
        let number =
            |t: Option<f64>| t.map_or_else(|| "not reached".to_owned(), |t| significant(t, 3));
        let bounded = curve.rows.iter().any(|r| r.bounds.is_some());
        match curve.median() {
            (None, None, None) => format!("{name}: median not reached"),
            (median, _, _) if !bounded => format!("{name}: median {}", number(median)),
            (median, low, high) => {
                format!("{name}: median {} ({}–{})", number(median), number(low), number(high))
            }
        }
    }

    /// Hazard ratio and p of each arm against the first.
    fn comparison(
        &self,
        tables: &Tables,
        patients: &Source<'_>,
        panel: &str,
        arms: &[&str],
    ) -> Result<Vec<String>, ChartError> {
        let Some(name) = &self.compare else {
            return survival::compared(patients, panel);
        };
        let source = Source::beside(tables, name, &self.columns, &self.only)?;
        let ratios = source.numbers("hazard_ratio")?;
        let (bars, ps) = (source.bars("low", "high")?, source.optional("p")?);
        let (of, panels) = (source.optional_texts("arm")?, source.optional_texts("panel")?);
        let mut lines = Vec::new();
        for (i, ratio) in ratios.iter().enumerate() {
            if panels[i].is_empty() || panels[i] == panel {
                let arm = if arms.len() > 2 { of[i].as_str() } else { "" };
                lines.push(survival::ratio_line(arm, *ratio, bars[i]));
                lines.extend(ps[i].map(survival::p_value));
            }
        }
        Ok(lines)
    }
}

/// A simulated band.
struct Band {
    panel: String,
    arm: String,
    low_high: Vec<(f64, f64, f64)>,
    median: Vec<(f64, f64)>,
}

impl Band {
    fn draw(&self, panel: &mut Panel, colour: Colour, label: &str) {
        let band = Marks::Band { points: self.low_high.clone(), join: Join::Straight };
        panel.layer(label, colour, band);
        if !self.median.is_empty() {
            let points = self.median.clone();
            let line = Marks::Line { points, dash: Dash::Dotted, join: Join::Straight };
            panel.layer("simulated, median", colour, line);
        }
    }
}

/// From the axis at one half to the curve, and down to the time.
fn median_lines(curve: &Curve, panel: &mut Panel, colour: Colour) {
    let Some(t) = curve.median().0 else { return };
    let points = vec![(0.0, 0.5), (t, 0.5), (t, 0.0)];
    panel.layer("", colour, Marks::Line { points, dash: Dash::Dotted, join: Join::Straight });
}

/// The top right where all curves have fallen below it, else the bottom left.
fn free_corner(curves: &[&Curve], until: f64) -> Corner {
    let high = |c: &&Curve| {
        // A curve holds its value until its end.
        let after = c.rows.iter().rev().take_while(|r| r.time > 0.4 * until).count();
        let rows = c.rows.iter().rev().take(after + 1);
        rows.filter(|r| r.time <= until).any(|r| r.survival > 0.8)
    };
    if curves.iter().any(high) { Corner::BottomLeft } else { Corner::TopRight }
}

fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut out: Vec<&str> = Vec::new();
    for name in names {
        if !out.contains(&name) {
            out.push(name);
        }
    }
    out
}

fn place(arms: &[&str], arm: &str) -> usize {
    arms.iter().position(|a| *a == arm).unwrap_or(0)
}
