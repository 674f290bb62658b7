//! Curves over time that several kinds of chart share.

use lutetia_outcome::survival::{Cox, Groups, Interval, KaplanMeier, LogRank, SurvivalData};

use super::{
    ChartError, Moment,
    source::{Source, groups},
};
use crate::figure::{Axis, Colour, Join, Marks, Panel, Point, nice_step};
use lutetia_table::significant;

/// A survival curve of one arm in one panel.
pub(crate) struct Curve {
    pub(crate) panel: String,
    pub(crate) arm: String,
    /// From time 0 on.
    pub(crate) rows: Vec<Row>,
}

/// One time of a curve.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    pub(crate) time: f64,
    pub(crate) survival: f64,
    pub(crate) bounds: Option<(f64, f64)>,
    /// Patients just before the time.
    pub(crate) at_risk: Option<f64>,
    /// Patients censored at the time.
    pub(crate) censored: f64,
}

impl Row {
    /// Everybody alive at time 0.
    fn start(bounded: bool, at_risk: Option<f64>) -> Self {
        Self {
            time: 0.0,
            survival: 1.0,
            bounds: bounded.then_some((1.0, 1.0)),
            at_risk,
            censored: 0.0,
        }
    }
}

impl Curve {
    pub(crate) fn points(&self) -> Vec<(f64, f64)> {
        self.rows.iter().map(|r| (r.time, r.survival)).collect()
    }

    pub(crate) fn censored(&self) -> Vec<Point> {
        let ticks = self.rows.iter().filter(|r| r.censored > 0.0);
        ticks.map(|r| Point::new(r.time, r.survival)).collect()
    }

    pub(crate) fn draw_interval(&self, panel: &mut Panel, colour: Colour, label: &str) {
        let known = self.rows.iter().filter_map(|r| Some((r.time, r.bounds?.0, r.bounds?.1)));
        let points: Vec<(f64, f64, f64)> = known.collect();
        if points.len() > 1 {
            panel.layer(label, colour, Marks::Band { points, join: Join::Steps });
        }
    }

    /// Patients at risk at each time: those of the first row that is not earlier.
    pub(crate) fn at_risk(&self, times: &[f64]) -> Vec<(f64, f64)> {
        let at = |t: f64| {
            let later = self.rows.iter().find(|r| r.time >= t * (1.0 - 1e-12));
            later.map_or(Some(0.0), |r| r.at_risk)
        };
        times.iter().filter_map(|t| Some((*t, at(*t)?))).collect()
    }

    /// The median and the ends of its interval: where the curve and its bounds fall to one half, as
    /// in R's `survfit`; half-way between two times where a curve rests at one half.
    pub(crate) fn median(&self) -> (Option<f64>, Option<f64>, Option<f64>) {
        let half = |value: &dyn Fn(&Row) -> Option<f64>| {
            const CLOSE: f64 = 1e-9;
            let falls = |r: &&Row| value(r).is_some_and(|s| s <= 0.5 + CLOSE);
            let first = self.rows.iter().find(falls)?;
            let below = |r: &&Row| value(r).is_some_and(|s| s < 0.5 - CLOSE);
            if value(first).is_some_and(|s| (s - 0.5).abs() <= CLOSE)
                && let Some(next) = self.rows.iter().find(below)
            {
                return Some(first.time.midpoint(next.time));
            }
            Some(first.time)
        };
        (
            half(&|r| Some(r.survival)),
            half(&|r| r.bounds.map(|b| b.0)),
            half(&|r| r.bounds.map(|b| b.1)),
        )
    }
}

/// The curves of a table of patients or of ready curves.
pub(crate) fn curves(source: &Source<'_>) -> Result<Vec<Curve>, ChartError> {
    let times = source.numbers("time")?;
    source.not_negative("time", &times)?;
    let strands = strands(source)?;
    if source.has("survival")? {
        ready(source, &times, strands)
    } else {
        estimated(source, strands)
    }
}

/// The rows of one arm in one panel.
struct Strand {
    panel: String,
    arm: String,
    rows: Vec<usize>,
}

fn strands(source: &Source<'_>) -> Result<Vec<Strand>, ChartError> {
    let (arms, panels) = (source.optional_texts("arm")?, source.optional_texts("panel")?);
    let key = |(panel, arm): (&String, &String)| format!("{panel}\u{1f}{arm}");
    let keys: Vec<String> = panels.iter().zip(&arms).map(key).collect();
    let strand = |rows: Vec<usize>| Strand {
        panel: panels[rows[0]].clone(),
        arm: arms[rows[0]].clone(),
        rows,
    };
    Ok(groups(&keys).into_iter().map(|(_, rows)| strand(rows)).collect())
}

fn ready(
    source: &Source<'_>,
    times: &[f64],
    strands: Vec<Strand>,
) -> Result<Vec<Curve>, ChartError> {
    let survival = source.numbers("survival")?;
    if let Some(i) = survival.iter().position(|s| !(0.0..=1.0).contains(s)) {
        let found = significant(survival[i], 6);
        return Err(source.fault(i, "survival", &found, "a probability from 0 to 1"));
    }
    let bounds = source.bars("low", "high")?;
    let (at_risk, censored) = (source.optional("at_risk")?, source.optional("censored")?);
    let mut curves = Vec::new();
    for Strand { panel, arm, rows } in strands {
        let mut out: Vec<Row> = Vec::with_capacity(rows.len() + 1);
        for i in rows {
            if let Some(last) = out.last() {
                if times[i] < last.time {
                    let found = format!("{} after {}", times[i], last.time);
                    return Err(source.fault(i, "time", &found, "times in order"));
                }
                // Printed curves are rounded; six digits are those of our own tables.
                if survival[i] > last.survival + 1e-6 {
                    let found = format!("{} after {}", survival[i], last.survival);
                    return Err(source.fault(i, "survival", &found, "a curve that does not rise"));
                }
            } else if times[i] > 0.0 {
                out.push(Row::start(bounds[i].is_some(), at_risk[i]));
            }
            out.push(Row {
                time: times[i],
                survival: survival[i],
                bounds: bounds[i],
                at_risk: at_risk[i],
                censored: censored[i].unwrap_or(0.0),
            });
        }
        curves.push(Curve { panel, arm, rows: out });
    }
    Ok(curves)
}

fn estimated(source: &Source<'_>, strands: Vec<Strand>) -> Result<Vec<Curve>, ChartError> {
    let mut curves = Vec::new();
    for strand in strands {
        let data = patients(source, &strand.rows)?;
        let fit = KaplanMeier::fit(&data, Interval::Log, 0.95)?;
        let mut rows = Vec::with_capacity(fit.steps.len() + 1);
        if fit.steps.first().is_some_and(|s| s.time > 0.0) {
            rows.push(Row::start(true, Some(fit.patients as f64)));
        }
        rows.extend(fit.steps.iter().map(|s| Row {
            time: s.time,
            survival: s.survival,
            bounds: s.lower.zip(s.upper),
            at_risk: Some(s.at_risk as f64),
            censored: s.censored as f64,
        }));
        curves.push(Curve { panel: strand.panel, arm: strand.arm, rows });
    }
    Ok(curves)
}

/// Times and events of some rows.
fn patients(source: &Source<'_>, rows: &[usize]) -> Result<SurvivalData, ChartError> {
    let (times, events) = (source.numbers("time")?, source.flags("event")?);
    let time = rows.iter().map(|i| times[*i]).collect();
    let event = rows.iter().map(|i| events[*i]).collect();
    Ok(SurvivalData::new(time, event)?)
}

/// Compares the arms of a table of patients in one panel: with two arms the hazard ratio of the
/// second against the first and the log-rank test, with more the test of all. Nothing for ready
/// curves and for a single arm; what the patients do not determine is said.
pub(crate) fn compared(source: &Source<'_>, panel: &str) -> Result<Vec<String>, ChartError> {
    if source.has("survival")? {
        return Ok(Vec::new());
    }
    let strands: Vec<Strand> = strands(source)?.into_iter().filter(|s| s.panel == panel).collect();
    if strands.len() < 2 {
        return Ok(Vec::new());
    }
    let rows: Vec<usize> = strands.iter().flat_map(|s| s.rows.iter().copied()).collect();
    let of: Vec<&str> =
        strands.iter().flat_map(|s| s.rows.iter().map(|_| s.arm.as_str())).collect();
    let (data, groups) = (patients(source, &rows)?, Groups::by_appearance(&of));
    let mut lines = Vec::new();
    if strands.len() == 2 {
        let ratio = Cox::new(&data).groups(&groups).fit().and_then(|fit| {
            let coefficient = &fit.coefficients[0];
            Ok((coefficient.hazard_ratio(), coefficient.hazard_ratio_interval(0.95)?))
        });
        lines.push(match ratio {
            Ok((ratio, bounds)) => ratio_line(&strands[1].arm, ratio, Some(bounds)),
            Err(_) => "HR not determined".to_owned(),
        });
    }
    lines.push(match LogRank::new(&data, &groups).test() {
        Ok(test) => format!("log-rank {}", p_value(test.p)),
        Err(_) => "log-rank test not determined".to_owned(),
    });
    Ok(lines)
}

/// A hazard ratio in words.
pub(crate) fn ratio_line(arm: &str, ratio: f64, bounds: Option<(f64, f64)>) -> String {
    let of = if arm.is_empty() { String::new() } else { format!("{arm}: ") };
    let range = bounds.map_or_else(String::new, |(low, high)| {
        format!(" (95 % CI {}–{})", fixed(low), fixed(high))
    });
    format!("{of}HR {}{range}", fixed(ratio))
}

/// Two decimals, as hazard ratios are printed.
fn fixed(value: f64) -> String {
    format!("{value:.2}")
}

pub(crate) fn p_value(p: f64) -> String {
    if p < 1e-4 { "p < 0.0001".to_owned() } else { format!("p = {}", significant(p, 2)) }
}

/// The time axis and its ticks.
pub(crate) struct Times {
    pub(crate) ticks: Vec<f64>,
    pub(crate) until: f64,
}

impl Times {
    /// From 0 to `until` (the last time there is, if left out), with ticks `every` so often.
    pub(crate) fn new(
        label: &str,
        every: Option<&Moment>,
        until: Option<&Moment>,
        last: f64,
    ) -> Result<Self, ChartError> {
        let on = |time: Option<&Moment>| time.map(|time| time.on(label)).transpose();
        let (every, until) = (on(every)?, on(until)?);
        for (key, value) in [("every", every), ("until", until)] {
            if let Some(v) = value.filter(|v| !(v.is_finite() && *v > 0.0)) {
                return Err(ChartError::key(key, v.to_string(), "a time above 0"));
            }
        }
        // A curve of patients who all leave at once still needs a width.
        let until = until.unwrap_or(if last > 0.0 { last } else { 1.0 });
        let step = every.unwrap_or_else(|| step(label, until));
        let count = (until / step * (1.0 + 1e-9)).floor();
        if count > 200.0 {
            return Err(ChartError::Ticks { step, count, until });
        }
        Ok(Self { ticks: (0..=count as usize).map(|i| i as f64 * step).collect(), until })
    }

    pub(crate) fn axis(&self, label: &str) -> Axis {
        Axis { ticks: self.ticks.clone(), ..Axis::linear(label).within(0.0, self.until) }
    }
}

/// Months are counted by halves and quarters of years, weeks by fours, all else by tens.
fn step(label: &str, until: f64) -> f64 {
    let unit = Axis::linear(label).unit().to_owned();
    let steps: &[f64] = match unit.as_str() {
        "month" | "months" | "mo" => &[1.0, 2.0, 3.0, 6.0, 12.0, 24.0, 60.0, 120.0],
        "week" | "weeks" | "wk" => &[1.0, 2.0, 4.0, 8.0, 12.0, 24.0, 52.0, 104.0],
        _ => &[],
    };
    let fits = |s: &&f64| until / **s <= 8.5;
    steps.iter().find(fits).copied().unwrap_or_else(|| nice_step(until, 8))
}
