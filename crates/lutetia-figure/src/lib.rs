//! Charts: what an experiment asks to be drawn, made of tables and written as SVG.
//!
//! [`figure`] holds the primitives (panels, axes, marks) and the drawing; [`charts`] composes them, a file for each
//! kind of chart. A figure carries the table of every number it draws. This is the only crate that names plotters.

pub mod charts;
pub mod figure;

pub use charts::{ChartError, ChartSpec};
pub use figure::{Figure, FigureError};
