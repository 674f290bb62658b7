//! The course of each patient: phases as bars, events as marks.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Chart, ChartError, Columns, Only,
    source::{Source, groups},
};
use crate::figure::{Axis, Bar, Colour, Direction, Figure, Marks, Panel, Point, Shape};
use lutetia_table::{Tables, significant};

/// A swimmer plot: rows of `from` are phases (`subject`, `end`; where known `start`, `phase`, which
/// gives the colour, and `ongoing`: 1 where the patient is still followed). The longest course is on
/// top.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SwimmerSpec {
    /// File name without ending.
    pub name: String,
    /// What it shows.
    pub caption: String,
    /// Table of phases.
    pub from: String,
    /// Columns that are not called like their role.
    #[serde(default)]
    pub columns: Columns,
    /// Rows that are drawn, where not all are.
    #[serde(default)]
    pub only: Only,
    /// Table of events (`subject`, `time`, `event`), each kind with a mark of its own.
    pub events: Option<String>,
    /// Label of the time axis with unit.
    pub x_label: String,
}

/// Marks of kinds of events in order of appearance; the arrow is kept for those still followed.
const SHAPES: [Shape; 6] =
    [Shape::Diamond, Shape::Ring, Shape::Cross, Shape::Triangle, Shape::Square, Shape::Tick];

impl Chart for SwimmerSpec {
    fn name(&self) -> &str {
        &self.name
    }

    fn from(&self) -> Vec<&str> {
        std::iter::once(&self.from).chain(&self.events).map(String::as_str).collect()
    }

    fn build(&self, tables: &Tables) -> Result<Figure, ChartError> {
        let roles = ["subject", "start", "end", "phase", "ongoing"];
        let source = Source::open(tables, &self.from, &self.columns, &self.only, &roles)?;
        let (subjects, phases) = (source.texts("subject")?, source.optional_texts("phase")?);
        let (starts, ends) = (source.optional("start")?, source.numbers("end")?);
        let starts: Vec<f64> = starts.into_iter().map(|s| s.unwrap_or(0.0)).collect();
        source.not_negative("start", &starts)?;
        if let Some(i) = (0..ends.len()).find(|i| ends[*i] < starts[*i]) {
            let found = significant(ends[i], 6);
            let expected = format!("not less than its start, {}", significant(starts[i], 6));
            return Err(source.fault(i, "end", &found, &expected));
        }
        let ongoing =
            if source.has("ongoing")? { source.flags("ongoing")? } else { vec![false; ends.len()] };
        let mut order = groups(&subjects);
        let last = |rows: &[usize]| {
            rows.iter().map(|i| ends[*i]).fold(0.0, |a: f64, t| if t > a { t } else { a })
        };
        // Categories count upwards from the axis: the shortest first.
        order.sort_by(|a, b| last(&a.1).total_cmp(&last(&b.1)).then_with(|| b.1.cmp(&a.1)));
        let names: Vec<String> = order.iter().map(|(name, _)| name.clone()).collect();
        let height = |subject: &str| names.iter().position(|n| n == subject).map(|i| i as f64);
        let x = Axis::linear(&self.x_label);
        let mut panel = Panel::new("", x, Axis::categories("", names.clone()));
        for (series, (phase, rows)) in groups(&phases).into_iter().enumerate() {
            let bar = |i: &usize| {
                let at = height(&subjects[*i])?;
                Some(Bar { at, from: starts[*i], to: ends[*i], thickness: 0.62 })
            };
            let bars = rows.iter().filter_map(bar).collect();
            let bars = Marks::Bars { bars, along: Direction::X };
            // Light, as marks stand in front.
            panel.layer(super::readable(&phase), Colour::Tint(series), bars);
        }
        let followed = order.iter().enumerate().filter(|(_, (_, r))| r.iter().any(|i| ongoing[*i]));
        let points: Vec<Point> =
            followed.map(|(at, (_, rows))| Point::new(last(rows), at as f64)).collect();
        if !points.is_empty() {
            let arrows = Marks::Points { points, shape: Shape::Arrow };
            panel.layer("still followed", Colour::Ink, arrows);
        }
        if let Some(name) = &self.events {
            let events = Source::beside(tables, name, &self.columns, &self.only)?;
            let (of, times) = (events.texts("subject")?, events.numbers("time")?);
            events.not_negative("time", &times)?;
            for (kind, (event, rows)) in groups(&events.texts("event")?).into_iter().enumerate() {
                let mut points = Vec::new();
                for i in rows {
                    let Some(at) = height(&of[i]) else {
                        let found = format!("`{}`", of[i]);
                        let expected = format!("a subject of the table `{}`", self.from);
                        return Err(events.fault(i, "subject", &found, &expected));
                    };
                    points.push(Point::new(times[i], at));
                }
                let shape = SHAPES[kind % SHAPES.len()];
                let marks = Marks::Points { points, shape };
                panel.layer(super::readable(&event), Colour::Ink, marks);
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
