//! One layer within a frame.

use std::collections::BTreeSet;

use super::{
    frame::Frame,
    pen::{Drawn, Font, Pen, width},
};
use crate::figure::{
    Bar, Cell, Colour, ColourScale, Dash, Direction, Join, Layer, Marks, Point, Shape, axis::Scale,
    colour::Rgb,
};

/// Opacity of bands.
pub(super) const BAND: f64 = 0.2;
const RADIUS: f64 = 4.0;
const WHITE: Rgb = (255, 255, 255);

pub(super) fn layer(layer: &Layer, pen: &Pen<'_>, frame: &Frame, x: &Scale, y: &Scale) -> Drawn {
    let colour = layer.colour.rgb();
    match &layer.marks {
        Marks::Band { points, join } => {
            let end = |p: &(f64, f64, f64), v: f64| frame.at(x, y, p.0, v);
            let stepped = |side: Vec<(f64, f64)>| match join {
                Join::Straight => side,
                Join::Steps => steps(&side),
            };
            let upper = stepped(points.iter().filter_map(|p| end(p, p.2)).collect());
            let lower = stepped(points.iter().filter_map(|p| end(p, p.1)).collect());
            let outline = upper.into_iter().chain(lower.into_iter().rev());
            let outline: Vec<_> = outline.map(|p| frame.clamp(p)).collect();
            pen.fill(&outline, colour, BAND)
        }
        Marks::Line { points, dash, join } => {
            let path: Vec<_> = points.iter().filter_map(|p| frame.at(x, y, p.0, p.1)).collect();
            let path = if *join == Join::Steps { steps(&path) } else { path };
            let pixels = if *dash == Dash::Dotted { 1.5 } else { 2.0 };
            for piece in frame.clip(&path) {
                pen.line(&piece, colour, pixels, *dash)?;
            }
            Ok(())
        }
        Marks::Points { points, shape } => {
            let mut seen = Seen::default();
            for p in points {
                let bare = p.x_bar.is_none() && p.y_bar.is_none();
                let at = frame.at(x, y, p.x, p.y);
                if bare && at.is_some_and(|at| seen.again(at, (p.size, 0.0))) {
                    continue;
                }
                point(p, *shape, colour, pen, frame, (x, y))?;
            }
            Ok(())
        }
        Marks::Bars { bars, along } => {
            let mut seen = Seen::default();
            for bar in bars {
                let corners = corners(bar, *along, frame, (x, y));
                if let Some((a, b)) = corners.filter(|(a, b)| !seen.again(*a, *b)) {
                    pen.rectangle(a, b, colour, 1.0)?;
                }
            }
            Ok(())
        }
        Marks::Rule { axis, at, dash, text } => {
            rule(*axis, *at, *dash, text, colour, pen, frame, (x, y))
        }
        Marks::Zone { low, high, text } => {
            let place = |v: f64| {
                let share = if v == f64::NEG_INFINITY { Some(0.0) } else { y.share(v) };
                share.map(|s| frame.y(s.clamp(0.0, 1.0)))
            };
            let (Some(low), Some(high)) = (place(*low), place(*high)) else { return Ok(()) };
            if low - high < 0.5 {
                return Ok(());
            }
            pen.rectangle((frame.left, high), (frame.right, low), colour, 1.0)?;
            if low - high > 11.0 {
                let font = Font::new(11.0).ending().below();
                pen.text(text, (frame.right - 4.0, high + 2.0), font)?;
            }
            Ok(())
        }
        Marks::Words { words, left } => write(words, *left, pen, frame, (x, y)),
        Marks::Cells { cells, scale } => grid(cells, scale, pen, frame, (x, y)),
    }
}

/// Texts beside their places, above where there is room, else in another corner; one that would
/// cover another everywhere is left out (the table behind the figure has it).
fn write(
    words: &[(f64, f64, String)],
    left: bool,
    pen: &Pen<'_>,
    frame: &Frame,
    (x, y): (&Scale, &Scale),
) -> Drawn {
    const SIZE: f64 = 11.0;
    let font = Font::new(SIZE).colour(Colour::Ink.rgb());
    let mut taken: Vec<[f64; 4]> = Vec::new();
    for (vx, vy, text) in words {
        let Some((px, py)) = frame.at(x, y, *vx, *vy).filter(|p| frame.holds(*p)) else {
            continue;
        };
        let w = width(text, SIZE);
        let side = if left { -7.0 } else { 7.0 };
        let corners = [(side, -9.0), (-side, -9.0), (-side, 9.0), (side, 9.0)];
        let free = corners.into_iter().find_map(|(dx, dy)| {
            let left = if dx > 0.0 { px + dx } else { px + dx - w };
            let there = [left, py + dy - SIZE / 2.0, left + w, py + dy + SIZE / 2.0];
            let inside = there[0] > frame.left
                && there[2] < frame.right + 8.0
                && there[1] > frame.top - 8.0
                && there[3] < frame.bottom;
            let apart = |t: &[f64; 4]| {
                there[0] > t[2] || there[2] < t[0] || there[1] > t[3] || there[3] < t[1]
            };
            (inside && taken.iter().all(apart)).then_some((there, dx, dy))
        });
        let Some((there, dx, dy)) = free else { continue };
        taken.push(there);
        let font = if dx > 0.0 { font } else { font.ending() };
        pen.text_on_white(text, (px + dx, py + dy), font)?;
    }
    Ok(())
}

/// The value holds until the next point.
fn steps(path: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut out: Vec<(f64, f64)> = Vec::with_capacity(2 * path.len());
    for p in path {
        if let Some(last) = out.last().copied() {
            out.push((p.0, last.1));
        }
        out.push(*p);
    }
    out
}

fn point(
    p: &Point,
    shape: Shape,
    colour: Rgb,
    pen: &Pen<'_>,
    frame: &Frame,
    (x, y): (&Scale, &Scale),
) -> Drawn {
    // The diamond of a summary is as wide as its interval; others have a line.
    let span = p.x_bar.and_then(|(a, b)| Some((frame.at(x, y, a, p.y)?, frame.at(x, y, b, p.y)?)));
    if let (Some((a, b)), true) = (span, shape != Shape::Diamond) {
        bar(a, b, colour, pen, frame)?;
    }
    if let Some((low, high)) = p.y_bar
        && let (Some(a), Some(b)) = (frame.at(x, y, p.x, low), frame.at(x, y, p.x, high))
    {
        bar(a, b, colour, pen, frame)?;
    }
    let Some((px, py)) = frame.at(x, y, p.x, p.y).filter(|at| frame.holds(*at)) else {
        return Ok(());
    };
    let r = RADIUS * p.size.clamp(0.1, 9.0).sqrt();
    match shape {
        Shape::Disc => pen.disc((px, py), r, colour),
        Shape::Ring => {
            pen.disc((px, py), r, WHITE)?;
            pen.ring((px, py), r, colour, 2.0)
        }
        Shape::Square => {
            let r = 0.9 * r;
            pen.rectangle((px - r, py - r), (px + r, py + r), colour, 1.0)
        }
        Shape::Diamond => {
            let (a, b) = span.map_or((px - 1.3 * r, px + 1.3 * r), |(a, b)| {
                (frame.clamp(a).0, frame.clamp(b).0)
            });
            let h = 1.3 * r;
            pen.fill(&[(a, py), (px, py - h), (b, py), (px, py + h)], colour, 1.0)
        }
        Shape::Triangle => {
            let (dx, up, down) = (1.1 * r, 1.2 * r, 0.8 * r);
            pen.fill(&[(px - dx, py + down), (px, py - up), (px + dx, py + down)], colour, 1.0)
        }
        Shape::Cross => {
            let r = 0.9 * r;
            pen.line(&[(px - r, py - r), (px + r, py + r)], colour, 2.0, Dash::Solid)?;
            pen.line(&[(px - r, py + r), (px + r, py - r)], colour, 2.0, Dash::Solid)
        }
        Shape::Tick => pen.line(&[(px, py - 4.5), (px, py + 4.5)], colour, 1.25, Dash::Solid),
        Shape::Arrow => {
            pen.line(&[(px, py), (px + 6.0, py)], colour, 2.0, Dash::Solid)?;
            head((px + 11.0, py), (1.0, 0.0), colour, pen)
        }
    }
}

/// A bar of uncertainty; an arrow head where it goes on beyond the frame.
fn bar(a: (f64, f64), b: (f64, f64), colour: Rgb, pen: &Pen<'_>, frame: &Frame) -> Drawn {
    for piece in frame.clip(&[a, b]) {
        pen.line(&piece, colour, 2.0, Dash::Solid)?;
        for (end, other) in [(a, b), (b, a)] {
            if !frame.holds(end) {
                let length = (end.0 - other.0).hypot(end.1 - other.1);
                let unit = ((end.0 - other.0) / length, (end.1 - other.1) / length);
                head(frame.clamp(end), unit, colour, pen)?;
            }
        }
    }
    Ok(())
}

/// An arrow head with its tip at a place.
fn head(tip: (f64, f64), (ux, uy): (f64, f64), colour: Rgb, pen: &Pen<'_>) -> Drawn {
    let base = (tip.0 - 6.0 * ux, tip.1 - 6.0 * uy);
    let (nx, ny) = (-3.5 * uy, 3.5 * ux);
    pen.fill(&[tip, (base.0 + nx, base.1 + ny), (base.0 - nx, base.1 - ny)], colour, 1.0)
}

/// Two corners of a bar, cut at the frame.
fn corners(
    bar: &Bar,
    along: Direction,
    frame: &Frame,
    (x, y): (&Scale, &Scale),
) -> Option<((f64, f64), (f64, f64))> {
    let half = bar.thickness / 2.0;
    let (a, b) = match along {
        Direction::X => ((bar.from, bar.at - half), (bar.to, bar.at + half)),
        Direction::Y => ((bar.at - half, bar.from), (bar.at + half, bar.to)),
    };
    let place = |(vx, vy): (f64, f64)| frame.at(x, y, vx, vy).map(|p| frame.clamp(p));
    Some((place(a)?, place(b)?))
}

/// What was drawn already, to a quarter of a pixel: of a hundred thousand patients most marks fall
/// on others, and a page should not carry them.
#[derive(Default)]
struct Seen(BTreeSet<[i64; 4]>);

impl Seen {
    fn again(&mut self, a: (f64, f64), b: (f64, f64)) -> bool {
        !self.0.insert([a.0, a.1, b.0, b.1].map(|v| (v * 4.0).round() as i64))
    }
}

fn rule(
    axis: Direction,
    at: f64,
    dash: Dash,
    text: &str,
    colour: Rgb,
    pen: &Pen<'_>,
    frame: &Frame,
    (x, y): (&Scale, &Scale),
) -> Drawn {
    let scale = if axis == Direction::X { x } else { y };
    let Some(share) = scale.share(at).filter(|s| (0.0..=1.0).contains(s)) else { return Ok(()) };
    let ink = Font::new(11.0).colour(Colour::Ink.rgb());
    match axis {
        Direction::X => {
            let px = frame.x(share);
            pen.line(&[(px, frame.top), (px, frame.bottom)], colour, 1.5, dash)?;
            let right = px + 4.0 + width(text, 11.0) < frame.right + 8.0;
            let (px, font) = if right { (px + 5.0, ink) } else { (px - 5.0, ink.ending()) };
            if !text.is_empty() {
                pen.text_on_white(text, (px, frame.top + 7.0), font)?;
            }
        }
        Direction::Y => {
            let py = frame.y(share);
            pen.line(&[(frame.left, py), (frame.right, py)], colour, 1.5, dash)?;
            // Above the line, below it at the top of the frame.
            let py = if py - 16.0 < frame.top { py + 9.0 } else { py - 8.0 };
            if !text.is_empty() {
                pen.text_on_white(text, (frame.right - 4.0, py), ink.ending())?;
            }
        }
    }
    Ok(())
}

/// Cells touch each other; the value stands in each where there is room.
fn grid(
    cells: &[Cell],
    scale: &ColourScale,
    pen: &Pen<'_>,
    frame: &Frame,
    (x, y): (&Scale, &Scale),
) -> Drawn {
    let texts: Vec<String> = cells.iter().map(|c| signed(c.value, scale)).collect();
    let room = frame.x(x.placed(1.0)) - frame.x(x.placed(0.0));
    let high = frame.y(y.placed(0.0)) - frame.y(y.placed(1.0));
    let widest =
        texts.iter().map(|t| width(t, CELL)).fold(0.0, |a: f64, w| if w > a { w } else { a });
    let written = widest + 4.0 < room && high > 14.0;
    for (cell, text) in cells.iter().zip(&texts) {
        let (column, row) = (cell.column as f64, cell.row as f64);
        let edge = |dx: f64, dy: f64| (frame.x(x.placed(column + dx)), frame.y(y.placed(row + dy)));
        if cell.value.is_nan() {
            continue;
        }
        let fill = scale.rgb(cell.value);
        pen.rectangle(edge(-0.5, -0.5), edge(0.5, 0.5), fill, 1.0)?;
        if written {
            let (r, g, b) = (f64::from(fill.0), f64::from(fill.1), f64::from(fill.2));
            let dark = 0.299 * r + 0.587 * g + 0.114 * b < 120.0;
            let colour = if dark { WHITE } else { Colour::Ink.rgb() };
            pen.text(text, edge(0.0, 0.0), Font::new(CELL).centred().colour(colour))?;
        }
    }
    Ok(())
}

/// Size of the numbers in cells.
const CELL: f64 = 10.0;

/// A value to two digits of the largest on its scale, with its sign where the middle is zero.
fn signed(value: f64, scale: &ColourScale) -> String {
    let reach = (scale.high - scale.middle).abs();
    // 0.27 has two decimals, 0.049 three, 12 none.
    let decimals = (1.0 - reach.log10().floor()).clamp(0.0, 9.0) as usize;
    let text = format!("{value:.decimals$}").replace('-', "−");
    if !text.contains(|c: char| ('1'..='9').contains(&c)) {
        return "0".to_owned();
    }
    let positive = value > 0.0 && scale.middle.abs() < f64::MIN_POSITIVE;
    if positive { format!("+{text}") } else { text }
}
