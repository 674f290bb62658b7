//! A case for every kind of chart: what an experiment file says, and the tables it is drawn from.
//! All numbers are synthetic; they look like those of trials so that the drawing is put to the test.

mod extremes;
mod response;
mod survival;
mod tradeoff;

use lutetia_figure::charts;
use lutetia_figure::charts::ChartSpec;
use lutetia_figure::figure::Figure;
use lutetia_table::{Cell, Table, Tables};

/// A chart and its tables.
pub(crate) struct Case {
    /// The `[[figure]]` of an experiment file, without its heading.
    pub(crate) toml: &'static str,
    /// Tables by name.
    pub(crate) tables: Tables,
}

impl Case {
    fn new(toml: &'static str, tables: impl IntoIterator<Item = Table>) -> Self {
        Self { toml, tables: tables.into_iter().map(|t| (t.name.clone(), t)).collect() }
    }

    /// Builds the figure.
    ///
    /// # Errors
    /// What is wrong with the file or the tables.
    pub(crate) fn figure(&self) -> Result<Figure, String> {
        let spec: ChartSpec = toml::from_str(self.toml).map_err(|e| e.to_string())?;
        charts::figure(&spec, &self.tables).map_err(|e| e.to_string())
    }
}

/// Every case of the gallery.
pub(crate) fn all() -> Vec<Case> {
    [survival::cases(), response::cases(), tradeoff::cases()].into_iter().flatten().collect()
}

/// Cases that put the drawing to the test: long labels, many rows, one row, many panels.
pub(crate) fn extremes() -> Vec<Case> {
    extremes::cases()
}

/// Numbers between 0 and 1 that are the same on every machine: a linear congruential generator
/// (Knuth's MMIX constants), good enough for a drawing.
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(2_654_435_761).wrapping_add(1))
    }

    pub(crate) fn uniform(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // The upper 53 bits; 0 itself is left out for the logarithms below.
        ((self.0 >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    /// By Box and Muller.
    pub(crate) fn normal(&mut self) -> f64 {
        let (u, v) = (self.uniform(), self.uniform());
        (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    }

    /// Weibull distributed.
    pub(crate) fn weibull(&mut self, scale: f64, shape: f64) -> f64 {
        scale * (-self.uniform().ln()).powf(1.0 / shape)
    }
}

/// A table with columns given as `name` or `name (unit)`.
pub(crate) fn table(name: &str, columns: &[&str], rows: Vec<Vec<Cell>>) -> Table {
    let mut table = Table::new(name, "");
    for column in columns {
        let (name, unit) = column.split_once(" (").unwrap_or((column, ""));
        table = table.column(name, unit.trim_end_matches(')'));
    }
    for row in rows {
        table.push(row);
    }
    table
}
