//! The legend beneath all panels.

use super::{
    marks::BAND,
    pen::{Drawn, Font, Pen, fitted, width},
};
use crate::figure::{Colour, Dash, Figure, Layer, Marks, Shape};

const ROW: f64 = 20.0;
/// From the left edge of an entry to its text.
const TEXT: f64 = 33.0;
const LEFT: f64 = 66.0;

/// The entries and how they are set out.
pub(super) struct Legend<'a> {
    entries: Vec<(&'a Layer, Colour)>,
    per_row: usize,
    step: f64,
}

impl<'a> Legend<'a> {
    /// The distinct labelled layers, in order of appearance, on a page of that width.
    pub(super) fn new(figure: &'a Figure, page: f64) -> Self {
        let mut entries: Vec<(&Layer, Colour)> = Vec::new();
        for layer in figure.panels.iter().flat_map(|p| &p.layers) {
            if layer.label.is_empty() {
                continue;
            }
            match entries.iter_mut().find(|(e, _)| e.label == layer.label) {
                // One meaning in several colours, such as an interval around each arm.
                Some((_, colour)) if *colour != layer.colour => *colour = Colour::Grey,
                Some(_) => {}
                None => entries.push((layer, layer.colour)),
            }
        }
        let widest = entries
            .iter()
            .map(|(e, _)| TEXT + width(&e.label, 13.0) + 16.0)
            .fold(120.0, |a: f64, w| if w > a { w } else { a });
        let room = page - LEFT - 10.0;
        let per_row = ((room / widest) as usize).clamp(1, entries.len().max(1));
        Self { entries, per_row, step: if per_row == 1 { room } else { widest } }
    }

    pub(super) fn height(&self) -> f64 {
        if self.entries.is_empty() {
            return 0.0;
        }
        ROW * self.entries.len().div_ceil(self.per_row) as f64 + 8.0
    }

    pub(super) fn draw(&self, pen: &Pen<'_>) -> Drawn {
        for (i, (layer, colour)) in self.entries.iter().enumerate() {
            let at = LEFT + self.step * (i % self.per_row) as f64;
            let py = 10.0 + ROW * (i / self.per_row) as f64;
            key(layer, *colour, pen, (at, py))?;
            let text = fitted(&layer.label, 13.0, self.step - TEXT);
            pen.text(&text, (at + TEXT, py), Font::new(13.0))?;
        }
        Ok(())
    }
}

fn key(layer: &Layer, colour: Colour, pen: &Pen<'_>, (at, py): (f64, f64)) -> Drawn {
    let rgb = colour.rgb();
    let box_of = |opacity: f64| pen.rectangle((at, py - 6.0), (at + 26.0, py + 6.0), rgb, opacity);
    let middle = (at + 13.0, py);
    match &layer.marks {
        Marks::Band { .. } => box_of(BAND + 0.1),
        Marks::Zone { .. } | Marks::Bars { .. } | Marks::Cells { .. } => box_of(1.0),
        Marks::Line { dash, .. } | Marks::Rule { dash, .. } => {
            pen.line(&[(at, py), (at + 26.0, py)], rgb, 2.0, *dash)
        }
        Marks::Points { shape, .. } => match shape {
            Shape::Disc => pen.disc(middle, 4.0, rgb),
            Shape::Ring => pen.ring(middle, 4.0, rgb, 2.0),
            Shape::Square => pen.rectangle((at + 9.0, py - 4.0), (at + 17.0, py + 4.0), rgb, 1.0),
            Shape::Diamond => {
                let tips =
                    [(at + 7.0, py), (at + 13.0, py - 5.0), (at + 19.0, py), (at + 13.0, py + 5.0)];
                pen.fill(&tips, rgb, 1.0)
            }
            Shape::Triangle => pen.fill(
                &[(at + 8.0, py + 4.0), (at + 13.0, py - 5.0), (at + 18.0, py + 4.0)],
                rgb,
                1.0,
            ),
            Shape::Cross => {
                let (l, r) = (at + 9.0, at + 17.0);
                pen.line(&[(l, py - 4.0), (r, py + 4.0)], rgb, 2.0, Dash::Solid)?;
                pen.line(&[(l, py + 4.0), (r, py - 4.0)], rgb, 2.0, Dash::Solid)
            }
            Shape::Tick => {
                pen.line(&[(at + 13.0, py - 5.0), (at + 13.0, py + 5.0)], rgb, 1.25, Dash::Solid)
            }
            Shape::Arrow => {
                pen.line(&[(at + 5.0, py), (at + 14.0, py)], rgb, 2.0, Dash::Solid)?;
                pen.fill(&[(at + 20.0, py), (at + 13.0, py - 4.0), (at + 13.0, py + 4.0)], rgb, 1.0)
            }
        },
        Marks::Words { .. } => Ok(()),
    }
}
