//! Risk of each of several events that exclude each other.

use lutetia_outcome::survival::{AalenJohansen, CompetingData};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Chart, ChartError, Columns, Moment, Only,
    source::{Source, groups},
    survival::Times,
};
use crate::figure::{Axis, Colour, CountRow, Counts, Dash, Figure, Join, Marks, Panel, Strip};
use lutetia_table::{Tables, significant};

/// Cumulative incidences.
///
/// `from` names a table of patients (`time`, `cause`: what ended it, nothing or `censored` where
/// nothing did), for which the incidences are estimated (Aalen and Johansen), or of ready curves
/// (`time`, `cause`, `incidence`, and where known `low`, `high`, `at_risk`). Both may have `arm`: a
/// panel each, or with one cause a curve each.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CumulativeIncidenceSpec {
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
    #[serde(default = "label")]
    pub y_label: String,
    /// Distance of the ticks and of the numbers at risk, such as `6 mo`.
    pub every: Option<Moment>,
    /// Last time shown, such as `30 mo`.
    pub until: Option<Moment>,
    /// Causes on top of each other, so that the upper edge is the risk of any.
    #[serde(default)]
    pub stacked: bool,
}

fn label() -> String {
    "cumulative incidence".to_owned()
}

/// The incidence of one cause in one arm.
struct Incidence {
    arm: String,
    cause: String,
    /// From time 0 on: time, incidence, bounds, patients at risk.
    rows: Vec<(f64, f64, Option<(f64, f64)>, Option<f64>)>,
}

impl Incidence {
    fn at(&self, time: f64) -> f64 {
        self.rows.iter().rev().find(|r| r.0 <= time).map_or(0.0, |r| r.1)
    }
}

impl CumulativeIncidenceSpec {
    /// The axis of times of which the last is `end`.
    pub(super) fn times(&self, end: f64) -> Result<Times, ChartError> {
        Times::new(&self.x_label, self.every.as_ref(), self.until.as_ref(), end)
    }
}

impl Chart for CumulativeIncidenceSpec {
    fn name(&self) -> &str {
        &self.name
    }

    fn from(&self) -> Vec<&str> {
        vec![&self.from]
    }

    fn keys(&self) -> Result<(), ChartError> {
        let (every, until) = (self.every.as_ref(), self.until.as_ref());
        // Ticks are counted up to the last time of a table, where none is named.
        Times::new(&self.x_label, every, until.or(every), 0.0).map(drop)
    }

    fn build(&self, tables: &Tables) -> Result<Figure, ChartError> {
        let roles = ["time", "cause", "arm", "incidence", "low", "high", "at_risk"];
        let source = Source::open(tables, &self.from, &self.columns, &self.only, &roles)?;
        let times = source.numbers("time")?;
        source.not_negative("time", &times)?;
        let curves = if source.has("incidence")? {
            ready(&source, &times)?
        } else {
            estimated(&source, &times)?
        };
        let end = times.iter().fold(0.0, |a: f64, t| if *t > a { *t } else { a });
        let axis = self.times(end)?;
        let arms = distinct(curves.iter().map(|c| c.arm.as_str()));
        let causes = distinct(curves.iter().map(|c| c.cause.as_str()));
        let mut panels = Vec::new();
        // With one cause the arms are to be compared, with several the causes.
        let titles = if causes.len() > 1 { arms.clone() } else { vec![""] };
        for title in titles {
            let here: Vec<&Incidence> =
                curves.iter().filter(|c| causes.len() == 1 || c.arm == title).collect();
            let y = Axis::linear(&self.y_label).within(0.0, top(&curves, &arms, self.stacked));
            let mut panel = Panel::new(title, axis.axis(&self.x_label), y);
            let name = |c: &Incidence| {
                let of = if causes.len() > 1 || c.arm.is_empty() { &c.cause } else { &c.arm };
                super::readable(of)
            };
            let series = |c: &Incidence| {
                let (of, name) =
                    if causes.len() > 1 { (&causes, &c.cause) } else { (&arms, &c.arm) };
                of.iter().position(|n| n == name).unwrap_or(0)
            };
            if self.stacked {
                stack(&here, &mut panel, &|c| Colour::Series(series(c)), &name);
            } else {
                for curve in &here {
                    let bounds = curve.rows.iter().filter_map(|r| Some((r.0, r.2?.0, r.2?.1)));
                    let points: Vec<_> = bounds.collect();
                    if points.len() > 1 {
                        let band = Marks::Band { points, join: Join::Steps };
                        panel.layer(
                            "95 % confidence interval",
                            Colour::Series(series(curve)),
                            band,
                        );
                    }
                }
                for curve in &here {
                    let points = curve.rows.iter().map(|r| (r.0, r.1)).collect();
                    let dash = Dash::of(series(curve));
                    let line = Marks::Line { points, dash, join: Join::Steps };
                    panel.layer(name(curve), Colour::Series(series(curve)), line);
                }
            }
            panel.beneath.extend(at_risk(&here, &axis, causes.len() > 1));
            panels.push(panel);
        }
        let columns = panels.len().clamp(1, 2);
        Ok(Figure { name: self.name.clone(), caption: self.caption.clone(), panels, columns })
    }
}

/// The upper end of the axis: all of 0 to 1 unless nothing comes near.
fn top(curves: &[Incidence], arms: &[&str], stacked: bool) -> f64 {
    let last = |c: &Incidence| {
        let highest = c.rows.iter().map(|r| r.2.map_or(r.1, |b| b.1));
        highest.fold(0.0, |a: f64, v| if v > a { v } else { a })
    };
    let of = |arm: &&str| {
        let all = curves.iter().filter(|c| c.arm == **arm).map(last);
        if stacked { all.sum() } else { all.fold(0.0, |a: f64, v| if v > a { v } else { a }) }
    };
    let highest = arms.iter().map(of).fold(0.0, |a: f64, v| if v > a { v } else { a });
    [0.05, 0.1, 0.2, 0.25, 0.5].into_iter().find(|t| highest < 0.95 * t).unwrap_or(1.0)
}

fn stack(
    curves: &[&Incidence],
    panel: &mut Panel,
    colour: &dyn Fn(&Incidence) -> Colour,
    name: &dyn Fn(&Incidence) -> String,
) {
    let mut times: Vec<f64> = curves.iter().flat_map(|c| c.rows.iter().map(|r| r.0)).collect();
    times.sort_by(f64::total_cmp);
    times.dedup();
    let mut below = vec![0.0; times.len()];
    for curve in curves {
        let above: Vec<f64> = times.iter().zip(&below).map(|(t, b)| b + curve.at(*t)).collect();
        let points = times.iter().zip(below.iter().zip(&above)).map(|(t, (b, a))| (*t, *b, *a));
        let band = Marks::Band { points: points.collect(), join: Join::Steps };
        panel.layer(name(curve), colour(curve), band);
        let points = times.iter().copied().zip(above.iter().copied()).collect();
        let edge = Marks::Line { points, dash: Dash::Solid, join: Join::Steps };
        panel.layer("", colour(curve), edge);
        below = above;
    }
}

/// Patients at risk: the same for all causes of an arm.
fn at_risk(curves: &[&Incidence], axis: &Times, one_arm: bool) -> Option<Strip> {
    let row = |curve: &Incidence, colour: Colour, label: String| {
        let at = |t: f64| {
            let later = curve.rows.iter().find(|r| r.0 >= t * (1.0 - 1e-12));
            later.map_or(Some(0.0), |r| r.3)
        };
        let numbers = axis.ticks.iter().filter_map(|t| Some((*t, at(*t)?))).collect();
        CountRow { label, colour, numbers }
    };
    let known = curves.iter().filter(|c| c.rows.iter().any(|r| r.3.is_some()));
    let rows: Vec<CountRow> = if one_arm {
        known.take(1).map(|c| row(c, Colour::Ink, c.arm.clone())).collect()
    } else {
        known.enumerate().map(|(i, c)| row(c, Colour::Series(i), c.arm.clone())).collect()
    };
    let label = "number at risk".to_owned();
    (!rows.is_empty()).then_some(Strip::Counts(Counts { label, rows }))
}

fn ready(source: &Source<'_>, times: &[f64]) -> Result<Vec<Incidence>, ChartError> {
    let (arms, causes) = (source.optional_texts("arm")?, source.texts("cause")?);
    let values = source.numbers("incidence")?;
    if let Some(i) = values.iter().position(|s| !(0.0..=1.0).contains(s)) {
        let found = significant(values[i], 6);
        return Err(source.fault(i, "incidence", &found, "a probability from 0 to 1"));
    }
    let (bounds, at_risk) = (source.bars("low", "high")?, source.optional("at_risk")?);
    let key = |(arm, cause): (&String, &String)| format!("{arm}\u{1f}{cause}");
    let keys: Vec<String> = arms.iter().zip(&causes).map(key).collect();
    let mut curves = Vec::new();
    for (_, of) in groups(&keys) {
        let mut rows: Vec<(f64, f64, Option<(f64, f64)>, Option<f64>)> = Vec::new();
        for i in &of {
            let i = *i;
            match rows.last() {
                Some(last) if times[i] < last.0 => {
                    let found = format!("{} after {}", times[i], last.0);
                    return Err(source.fault(i, "time", &found, "times in order"));
                }
                Some(last) if values[i] < last.1 - 1e-6 => {
                    let found = format!("{} after {}", values[i], last.1);
                    return Err(source.fault(i, "incidence", &found, "a curve that does not fall"));
                }
                None if times[i] > 0.0 => {
                    rows.push((0.0, 0.0, bounds[i].map(|_| (0.0, 0.0)), at_risk[i]));
                }
                _ => {}
            }
            rows.push((times[i], values[i], bounds[i], at_risk[i]));
        }
        let (arm, cause) = (arms[of[0]].clone(), causes[of[0]].clone());
        curves.push(Incidence { arm, cause, rows });
    }
    Ok(curves)
}

fn estimated(source: &Source<'_>, times: &[f64]) -> Result<Vec<Incidence>, ChartError> {
    let (arms, causes) = (source.optional_texts("arm")?, source.texts("cause")?);
    let censored = |c: &str| c.is_empty() || c == "0" || c == "censored";
    let named = distinct(causes.iter().map(String::as_str).filter(|c| !censored(c)));
    let mut curves = Vec::new();
    for (arm, of) in groups(&arms) {
        let time = of.iter().map(|i| times[*i]).collect();
        let cause = of.iter().map(|i| named.iter().position(|n| *n == causes[*i])).collect();
        let data = CompetingData::new(time, cause, &named)?;
        let fit = AalenJohansen::fit(&data).map_err(|source| {
            if arm.is_empty() {
                source.into()
            } else {
                ChartError::Arm { arm: arm.clone(), source }
            }
        })?;
        for (k, cause) in named.iter().enumerate() {
            let mut rows = vec![(0.0, 0.0, None, Some(of.len() as f64))];
            rows.extend(fit.steps.iter().map(|s| {
                let (value, error) = (s.incidence[k], s.standard_error[k]);
                let bounds = AalenJohansen::interval(value, error, 0.95);
                (s.time, value, bounds, Some(s.at_risk as f64))
            }));
            curves.push(Incidence { arm: arm.clone(), cause: (*cause).to_owned(), rows });
        }
    }
    Ok(curves)
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
