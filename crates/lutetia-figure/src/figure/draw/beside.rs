//! What stands to the right of a panel, and the notes in its corners.

use super::{
    frame::Frame,
    pen::{Drawn, Font, Pen, width as text_width},
};
use crate::figure::{
    Axis, Colour, ColourScale, Corner, Dash, Marks, Note, Panel, TextColumn, axis::Scale,
};

const GAP: f64 = 16.0;
const COLOUR_BAR: f64 = 96.0;

/// Room to the right of the axes.
pub(super) fn width(panel: &Panel) -> f64 {
    let columns: f64 = panel.beside.iter().map(|c| column_width(c) + GAP).sum();
    let bar = if colour_scale(panel).is_some() { COLOUR_BAR } else { 0.0 };
    14.0 + columns + bar
}

fn column_width(column: &TextColumn) -> f64 {
    let cells = column.cells.iter().map(|c| text_width(c, 12.0));
    // Bold letters are wider.
    cells.fold(1.1 * text_width(&column.heading, 12.0), |a, w| if w > a { w } else { a })
}

fn colour_scale(panel: &Panel) -> Option<&ColourScale> {
    panel.layers.iter().find_map(|l| match &l.marks {
        Marks::Cells { scale, .. } => Some(scale),
        _ => None,
    })
}

pub(super) fn draw(panel: &Panel, pen: &Pen<'_>, frame: &Frame, y: &Scale) -> Drawn {
    let mut at = frame.right + GAP;
    for column in &panel.beside {
        let room = column_width(column);
        let font = Font::new(12.0).bold();
        pen.text(&column.heading, (at, frame.top - 10.0), font)?;
        // Cells that would touch the one below are left out.
        let mut free_to = f64::INFINITY;
        for (i, cell) in column.cells.iter().enumerate() {
            let py = frame.y(y.placed(i as f64));
            if py <= free_to {
                pen.text(cell, (at, py), Font::new(12.0))?;
                free_to = py - 11.0;
            }
        }
        at += room + GAP;
    }
    colour_scale(panel).map_or(Ok(()), |scale| colour_bar(scale, pen, frame))
}

fn colour_bar(scale: &ColourScale, pen: &Pen<'_>, frame: &Frame) -> Drawn {
    let bar = Frame { left: frame.right + 18.0, right: frame.right + 34.0, ..*frame };
    let axis = Axis::linear("").within(scale.low, scale.high);
    let ticks = Scale::new(&axis, std::iter::empty(), 5);
    const PARTS: usize = 60;
    for i in 0..PARTS {
        let share = |k: usize| k as f64 / PARTS as f64;
        let value = scale.low + (share(i) + share(i + 1)) / 2.0 * (scale.high - scale.low);
        let corners = ((bar.left, bar.y(share(i))), (bar.right, bar.y(share(i + 1))));
        pen.rectangle(corners.0, corners.1, scale.rgb(value), 1.0)?;
    }
    let ink = Colour::Ink.rgb();
    for (v, name) in &ticks.ticks {
        let py = bar.y(ticks.placed(*v));
        pen.line(&[(bar.right, py), (bar.right + 4.0, py)], ink, 1.0, Dash::Solid)?;
        pen.text(name, (bar.right + 7.0, py), Font::new(12.0))?;
    }
    let middle = (frame.right + COLOUR_BAR - 8.0, bar.top.midpoint(bar.bottom));
    pen.text(&scale.label, middle, Font::new(13.0).upright().centred().below())
}

pub(super) fn note(note: &Note, pen: &Pen<'_>, frame: &Frame) -> Drawn {
    const LINE: f64 = 16.0;
    let top = match note.corner {
        Corner::TopLeft | Corner::TopRight => frame.top + 12.0,
        Corner::BottomLeft | Corner::BottomRight => {
            frame.bottom - LINE * note.lines.len() as f64 + 4.0
        }
    };
    for (i, line) in note.lines.iter().enumerate() {
        let py = top + LINE * i as f64;
        let font = Font::new(12.0);
        match note.corner {
            Corner::TopLeft | Corner::BottomLeft => {
                pen.text_on_white(line, (frame.left + 8.0, py), font)?;
            }
            Corner::TopRight | Corner::BottomRight => {
                pen.text_on_white(line, (frame.right - 8.0, py), font.ending())?;
            }
        }
    }
    Ok(())
}
