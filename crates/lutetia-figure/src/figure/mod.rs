//! Figures: panels of marks, drawn as SVG, each with the table behind it.
//!
//! A [`Figure`] is data: panels, each with two [`Axis`], layers of [`Marks`] from back to front,
//! strips beneath, columns of text beside and notes within. A kind of chart is a composition of
//! these; nothing is drawn for one kind alone. [`Figure::table`] gives every number that is drawn;
//! [`svg`] draws it.

mod axis;
mod behind;
mod colour;
mod draw;
mod marks;

pub use axis::{Axis, nice_step};
pub use colour::{Colour, ColourScale};
pub use draw::{FigureError, Refusal, svg};
pub use marks::{Bar, Cell, Dash, Direction, Join, Layer, Marks, Point, Shape};

/// A figure of one or more panels.
#[derive(Debug, Clone)]
pub struct Figure {
    /// File name without ending.
    pub name: String,
    /// What the figure shows, in one or two sentences.
    pub caption: String,
    /// Panels, drawn row by row.
    pub panels: Vec<Panel>,
    /// Panels in a row.
    pub columns: usize,
}

/// One pair of axes and what belongs to it.
#[derive(Debug, Clone)]
pub struct Panel {
    /// Title above the panel.
    pub title: String,
    /// Horizontal axis.
    pub x: Axis,
    /// Vertical axis.
    pub y: Axis,
    /// What is drawn, from back to front.
    pub layers: Vec<Layer>,
    /// What is drawn beneath, on the same horizontal axis.
    pub beneath: Vec<Strip>,
    /// Columns of text to the right, a cell for each category of the vertical axis.
    pub beside: Vec<TextColumn>,
    /// Texts in the corners of the panel.
    pub notes: Vec<Note>,
}

impl Panel {
    /// An empty panel.
    #[must_use]
    pub fn new(title: impl Into<String>, x: Axis, y: Axis) -> Self {
        Self {
            title: title.into(),
            x,
            y,
            layers: Vec::new(),
            beneath: Vec::new(),
            beside: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Adds a layer in front of those there are.
    pub fn layer(&mut self, label: impl Into<String>, colour: Colour, marks: Marks) {
        self.layers.push(Layer { label: label.into(), colour, marks });
    }
}

/// Something beneath a panel that shares its horizontal axis.
#[derive(Debug, Clone)]
pub enum Strip {
    /// Standardised residuals.
    Residuals(Residuals),
    /// Numbers printed under the ticks, such as patients at risk.
    Counts(Counts),
}

/// Weighted residuals beneath a panel.
#[derive(Debug, Clone)]
pub struct Residuals {
    /// Axis label with unit.
    pub label: String,
    /// (x, residual).
    pub points: Vec<(f64, f64)>,
}

/// Numbers printed at places of the horizontal axis, one row per series.
#[derive(Debug, Clone)]
pub struct Counts {
    /// Heading above the rows.
    pub label: String,
    /// The rows.
    pub rows: Vec<CountRow>,
}

/// One row of [`Counts`].
#[derive(Debug, Clone)]
pub struct CountRow {
    /// Name at the left.
    pub label: String,
    /// Colour of the name.
    pub colour: Colour,
    /// (x, number).
    pub numbers: Vec<(f64, f64)>,
}

/// A column of text to the right of a panel whose vertical axis has categories.
#[derive(Debug, Clone)]
pub struct TextColumn {
    /// Heading above the column.
    pub heading: String,
    /// One cell per category, in the order of the axis (from the bottom).
    pub cells: Vec<String>,
}

/// Lines of text in a corner of a panel.
#[derive(Debug, Clone)]
pub struct Note {
    /// Where.
    pub corner: Corner,
    /// Lines from top to bottom.
    pub lines: Vec<String>,
}

/// A corner of a panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Corner {
    /// Bottom left.
    BottomLeft,
    /// Bottom right.
    BottomRight,
    /// Top left.
    TopLeft,
    /// Top right.
    TopRight,
}
