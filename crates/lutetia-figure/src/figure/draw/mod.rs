//! Drawing: how much room everything needs, and everything in its place.

mod beneath;
mod beside;
mod frame;
mod legend;
mod marks;
mod pen;

use frame::{FOOT, Frame};
use legend::Legend;
use pen::{Drawn, Font, Pen, width};

use super::{
    Figure, Marks, Panel, Strip,
    axis::{Scale, values},
};

/// Room above the axes: title and headings.
const HEAD: f64 = 28.0;
/// What the names of categories may take of the width of a panel.
const NAMES: f64 = 280.0;
/// The same for rows of a table, whose names say what is estimated and of whom.
const ROW_NAMES: f64 = 420.0;

/// A figure that could not be drawn.
#[derive(Debug, thiserror::Error)]
pub enum FigureError {
    /// Nothing to draw.
    #[error("cannot draw the figure `{figure}`: it has no panel")]
    Empty {
        /// Its name.
        figure: String,
    },
    /// The drawing library refuses.
    #[error("cannot draw the figure `{figure}`: {source}")]
    Refused {
        /// Its name.
        figure: String,
        /// What it says.
        source: Refusal,
    },
}

/// What the drawing library says.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Refusal(#[from] pen::Refused);

/// The figure as SVG text.
///
/// # Errors
/// When it has no panel or the drawing library refuses.
pub fn svg(figure: &Figure) -> Result<String, FigureError> {
    if figure.panels.is_empty() {
        return Err(FigureError::Empty { figure: figure.name.clone() });
    }
    let columns = figure.columns.clamp(1, figure.panels.len());
    let rows = figure.panels.len().div_ceil(columns);
    let rooms: Vec<Room> = figure.panels.iter().map(|p| Room::of(p, columns)).collect();
    let widest = largest(rooms.iter().map(|r| r.left + r.plot.0 + r.right));
    // Panels of one figure have axes of one height, and strips of one height.
    let plot = largest(rooms.iter().map(|r| r.plot.1));
    let below = largest(rooms.iter().map(|r| r.below));
    let tallest = HEAD + plot + below;
    let legend = Legend::new(figure, widest * columns as f64);
    let size = (widest * columns as f64, tallest * rows as f64 + legend.height());
    Pen::svg(size, |pen| {
        for (i, (panel, room)) in figure.panels.iter().zip(&rooms).enumerate() {
            let origin = ((i % columns) as f64 * widest, (i / columns) as f64 * tallest);
            let frame = Frame {
                left: room.left,
                right: widest - room.right,
                top: HEAD,
                bottom: HEAD + plot,
            };
            draw(panel, pen.from(origin), frame)?;
        }
        legend.draw(pen.from((0.0, tallest * rows as f64)))
    })
    .map_err(|e| FigureError::Refused { figure: figure.name.clone(), source: e.into() })
}

fn largest(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(0.0, |a, v| if v > a { v } else { a })
}

/// The room around and between the axes of a panel, pixels.
struct Room {
    left: f64,
    right: f64,
    plot: (f64, f64),
    below: f64,
}

impl Room {
    fn of(panel: &Panel, columns: usize) -> Self {
        let (_, ys) = values(panel);
        let y = Scale::new(&panel.y, ys.into_iter(), 5);
        let ticks = largest(y.ticks.iter().map(|(_, t)| width(t, 12.0)));
        let label = if panel.y.label.is_empty() { 12.0 } else { 36.0 };
        let names = beneath::names(panel);
        let left = if ticks + label > names { ticks + label } else { names };
        let left = left.clamp(66.0, if panel.y.flush_left { ROW_NAMES } else { NAMES });
        let right = beside::width(panel);
        let rows = panel.y.categories.len() as f64;
        let cells = panel.layers.iter().any(|l| matches!(l.marks, Marks::Cells { .. }));
        // As large as a page of about 1140 pixels allows.
        let (wide, high, least) = match columns {
            1 => (560.0, 326.0, 330.0),
            2 => (430.0, 260.0, 330.0),
            _ => (300.0, 196.0, 240.0),
        };
        let high = match (rows > 0.0, cells) {
            (true, true) => (40.0 * rows).clamp(120.0, 1.5 * high),
            (true, _) => row_height(rows) * rows + 12.0,
            (false, _) => high,
        };
        // What stands beside takes from the width of the axes before it widens the page.
        let free = wide - (left - 66.0) - (right - 14.0);
        let plot = (if free < least { least } else { free }, high);
        let ends = if panel.x.ends.is_some() { 17.0 } else { 0.0 };
        let below = FOOT + ends + panel.beneath.iter().map(beneath::height).sum::<f64>();
        Self { left, right, plot, below }
    }
}

/// Rows of categories: comfortable for few, denser for many.
fn row_height(rows: f64) -> f64 {
    if rows <= 30.0 { 26.0 } else { (780.0 / rows).clamp(2.0, 26.0) }
}

fn draw(panel: &Panel, pen: &Pen<'_>, frame: Frame) -> Drawn {
    let (xs, ys) = values(panel);
    let x = Scale::new(&panel.x, xs.into_iter(), 6);
    let y = Scale::new(&panel.y, ys.into_iter(), 5);
    let title = if panel.y.flush_left { 6.0 } else { frame.left };
    pen.text(&panel.title, (title, 7.0), Font::new(15.0).bold().below())?;
    frame.grid(pen, &x, &y)?;
    for layer in &panel.layers {
        marks::layer(layer, pen, &frame, &x, &y)?;
    }
    frame.outline(pen)?;
    frame.y_ticks(pen, &y, &panel.y)?;
    for note in &panel.notes {
        beside::note(note, pen, &frame)?;
    }
    beside::draw(panel, pen, &frame, &y)?;

    let mut lowest = frame;
    for strip in &panel.beneath {
        if let Strip::Residuals(residuals) = strip {
            let top = lowest.bottom + 12.0;
            lowest = Frame { top, bottom: top + beneath::height(strip) - 12.0, ..lowest };
            beneath::residuals(residuals, pen, &lowest, &x)?;
        }
    }
    lowest.x_ticks(pen, &x, &panel.x)?;
    let mut top = lowest.bottom + FOOT;
    for strip in &panel.beneath {
        if let Strip::Counts(counts) = strip {
            beneath::counts(counts, pen, &lowest, top, &x)?;
            top += beneath::height(strip);
        }
    }
    Ok(())
}
