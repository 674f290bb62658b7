//! Charts: what an experiment asks to be drawn, made of tables and written as SVG.
//!
//! [`figure`] holds the primitives (panels, axes, marks) and the drawing; [`charts`] composes them, a file for each
//! kind of chart. A figure carries the table of every number it draws. This is the only crate that names plotters.
//!
//! ```
//! use lutetia_figure::{ChartSpec, charts, figure};
//! use lutetia_table::Table;
//!
//! let mut course = Table::new("course", "Activity").column("time", "h").column("kidneys", "MBq");
//! for (hours, activity) in [(0.0, 100.0), (24.0, 80.0), (48.0, 60.0)] {
//!     course.push(vec![hours.into(), activity.into()]);
//! }
//! // What stands under `[[figure]]` of an experiment.
//! let spec: ChartSpec = toml::from_str(
//!     r#"
//!     kind = "lines"
//!     name = "course"
//!     caption = "Activity of the kidneys"
//!     from = "course"
//!     x = "time"
//!     y = ["kidneys"]
//!     x_label = "time (h)"
//!     y_label = "activity (MBq)"
//!     "#,
//! )?;
//! let drawn = charts::figure(&spec, &[("course".to_owned(), course)].into())?;
//! assert!(figure::svg(&drawn)?.starts_with("<svg"));
//! assert!(drawn.table().to_csv().contains("80"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod charts;
pub mod figure;

pub use charts::{ChartError, ChartSpec};
pub use figure::{Figure, FigureError};
