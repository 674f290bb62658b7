//! What stands beneath a panel on the same horizontal axis.

use super::{
    frame::Frame,
    pen::{Drawn, Font, Pen, fitted, width},
};
use crate::figure::axis::Scale;
use crate::figure::{Axis, Colour, Counts, Dash, Panel, Residuals, Strip};
use lutetia_table::significant;

const RESIDUALS: f64 = 84.0;
const COUNT_ROW: f64 = 17.0;

/// Height of a strip; residuals lie above the ticks, counts below the axis label.
pub(super) fn height(strip: &Strip) -> f64 {
    match strip {
        Strip::Residuals(_) => RESIDUALS,
        Strip::Counts(counts) => 26.0 + COUNT_ROW * counts.rows.len() as f64,
    }
}

/// Room that the names of rows of counts need to the left.
pub(super) fn names(panel: &Panel) -> f64 {
    let rows = panel.beneath.iter().flat_map(|s| match s {
        Strip::Counts(c) => c.rows.as_slice(),
        Strip::Residuals(_) => &[],
    });
    // The first number is centred under the axis and reaches left of it.
    let first = |r: &crate::figure::CountRow| {
        r.numbers.first().map_or(0.0, |(_, n)| width(&significant(*n, 6), 12.0) / 2.0)
    };
    rows.map(|r| width(&r.label, 12.0) + first(r) + 20.0)
        .fold(0.0, |a: f64, w| if w > a { w } else { a })
}

pub(super) fn residuals(residuals: &Residuals, pen: &Pen<'_>, lower: &Frame, x: &Scale) -> Drawn {
    let largest = residuals
        .points
        .iter()
        .map(|p| p.1.abs())
        .filter(|r| r.is_finite())
        .fold(1.0, |a: f64, r| if r > a { r } else { a });
    let limit = 1.15 * largest;
    let axis = Axis {
        ticks: vec![-largest.floor(), 0.0, largest.floor()],
        ..Axis::linear(&residuals.label).within(-limit, limit)
    };
    let scale = Scale::new(&axis, std::iter::empty(), 3);
    lower.grid(pen, x, &scale)?;
    let ink = Colour::Ink.rgb();
    let zero = lower.y(0.5);
    pen.line(&[(lower.left, zero), (lower.right, zero)], ink, 1.0, Dash::Solid)?;
    for (t, r) in &residuals.points {
        if let Some(at) = lower.at(x, &scale, *t, *r).filter(|p| lower.holds(*p)) {
            pen.disc(at, 3.0, ink)?;
        }
    }
    lower.outline(pen)?;
    lower.y_ticks(pen, &scale, &axis)
}

pub(super) fn counts(counts: &Counts, pen: &Pen<'_>, frame: &Frame, top: f64, x: &Scale) -> Drawn {
    pen.text(&counts.label, (frame.left, top + 10.0), Font::new(12.0).bold())?;
    for (i, row) in counts.rows.iter().enumerate() {
        let py = top + 28.0 + COUNT_ROW * i as f64;
        let reach =
            row.numbers.first().map_or(0.0, |(_, n)| width(&significant(*n, 6), 12.0) / 2.0);
        let end = frame.left - reach - 8.0;
        let font = Font::new(12.0).bold().ending().colour(row.colour.rgb());
        pen.text(&fitted(&row.label, 12.0, end - 4.0), (end, py), font)?;
        let mut free_from = f64::NEG_INFINITY;
        for (at, n) in &row.numbers {
            let Some(share) = x.share(*at).filter(|s| (0.0..=1.0).contains(s)) else { continue };
            let (px, text) = (frame.x(share), significant(*n, 6));
            let half = width(&text, 12.0) / 2.0;
            if px - half < free_from {
                continue;
            }
            free_from = px + half + 4.0;
            pen.text(&text, (px, py), Font::new(12.0).centred())?;
        }
    }
    Ok(())
}
