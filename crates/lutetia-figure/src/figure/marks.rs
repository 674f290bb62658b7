//! What can be drawn within a pair of axes.

use super::{Colour, ColourScale};

/// One thing drawn in a panel. Layers of one series share a colour.
#[derive(Debug, Clone)]
pub struct Layer {
    /// Legend text; empty for none. Layers of equal text share one entry.
    pub label: String,
    /// Its colour.
    pub colour: Colour,
    /// What is drawn.
    pub marks: Marks,
}

/// The marks of a layer.
#[derive(Debug, Clone)]
pub enum Marks {
    /// A line through (x, y).
    Line {
        /// Points in order along the line.
        points: Vec<(f64, f64)>,
        /// Solid or broken.
        dash: Dash,
        /// Straight from point to point, or in steps.
        join: Join,
    },
    /// An area between low and high.
    Band {
        /// (x, low, high) in order of x.
        points: Vec<(f64, f64, f64)>,
        /// Straight from point to point, or in steps.
        join: Join,
    },
    /// Points, each with optional bars of uncertainty.
    Points {
        /// The points.
        points: Vec<Point>,
        /// How each is drawn.
        shape: Shape,
    },
    /// Rectangles that stand on the horizontal axis or lie along it.
    Bars {
        /// The rectangles.
        bars: Vec<Bar>,
        /// Along which axis they reach `from` … `to`.
        along: Direction,
    },
    /// A reference line across the whole panel.
    Rule {
        /// The axis on which `at` lies: a rule at a value of x is upright.
        axis: Direction,
        /// Where.
        at: f64,
        /// Solid or broken.
        dash: Dash,
        /// Text beside it.
        text: String,
    },
    /// A shaded range of the vertical axis across the whole panel; an end may be infinite.
    Zone {
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
        /// Text at its right end.
        text: String,
    },
    /// Texts at (x, y).
    Words {
        /// The texts; each stands above and beside its place.
        words: Vec<(f64, f64, String)>,
        /// To its left rather than its right.
        left: bool,
    },
    /// Coloured cells of a grid of categories, with a colour bar beside the panel.
    Cells {
        /// The cells.
        cells: Vec<Cell>,
        /// What the colours mean.
        scale: ColourScale,
    },
}

/// A point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Horizontally.
    pub x: f64,
    /// Vertically.
    pub y: f64,
    /// Ends of a lying bar.
    pub x_bar: Option<(f64, f64)>,
    /// Ends of an upright bar.
    pub y_bar: Option<(f64, f64)>,
    /// Area, 1 being ordinary.
    pub size: f64,
}

impl Point {
    /// A point without bars.
    #[must_use]
    pub fn new(x: f64, y: f64) -> Self {
        Self { x, y, x_bar: None, y_bar: None, size: 1.0 }
    }

    /// With a lying bar.
    #[must_use]
    pub fn lying(self, bar: Option<(f64, f64)>) -> Self {
        Self { x_bar: bar, ..self }
    }

    /// With an upright bar.
    #[must_use]
    pub fn upright(self, bar: Option<(f64, f64)>) -> Self {
        Self { y_bar: bar, ..self }
    }

    /// With an area.
    #[must_use]
    pub fn sized(self, size: f64) -> Self {
        Self { size, ..self }
    }
}

/// A rectangle centred at `at` on one axis, from `from` to `to` on the other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bar {
    /// Place on the axis it stands on.
    pub at: f64,
    /// One end.
    pub from: f64,
    /// The other end.
    pub to: f64,
    /// Thickness in units of the axis it stands on.
    pub thickness: f64,
}

/// A cell of a grid; column and row count the categories of the axes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cell {
    /// Category of the horizontal axis.
    pub column: usize,
    /// Category of the vertical axis.
    pub row: usize,
    /// What the colour shows; NaN is drawn as empty.
    pub value: f64,
}

/// One of the axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The horizontal axis.
    X,
    /// The vertical axis.
    Y,
}

/// How a line is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dash {
    /// Not at all.
    Solid,
    /// Dashes.
    Dashed,
    /// Short dashes.
    Dotted,
}

impl Dash {
    /// The dash of a series: colours repeat only with another dash.
    #[must_use]
    pub fn of(series: usize) -> Self {
        match series / Colour::COUNT % 3 {
            0 => Self::Solid,
            1 => Self::Dashed,
            _ => Self::Dotted,
        }
    }
}

/// How two points are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Join {
    /// By a straight line.
    Straight,
    /// The value holds until the next point and jumps there.
    Steps,
}

/// How a point is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A disc.
    Disc,
    /// A ring.
    Ring,
    /// A square.
    Square,
    /// A diamond; with a lying bar, its width is the bar.
    Diamond,
    /// A triangle.
    Triangle,
    /// A cross.
    Cross,
    /// A short upright stroke.
    Tick,
    /// An arrow head that points to larger x.
    Arrow,
}
