//! Reading the classic data sets, which lie outside the repository, and tables of R's answers, which lie beside the tests.

use std::path::Path;

use lutetia_outcome::survival::{Groups, SurvivalData};

/// |a − b| ≤ tolerance, absolutely.
pub(crate) fn close(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "found {found}, expected {expected}");
}

/// A table of text cells with named columns.
pub(crate) struct Table {
    names: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// A table of survival data that may not be given on, or `None` with a printed reason.
pub(crate) fn shared(name: &str) -> Option<Table> {
    read(&lutetia_testkit::reference(&format!("data/survival/{name}"))?)
}

/// A table of `tests/peers`.
pub(crate) fn peer(name: &str) -> Table {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers");
    read(&folder.join(name)).expect("a committed table")
}

fn read(path: &Path) -> Option<Table> {
    let mut reader = csv::Reader::from_path(path).ok()?;
    let names = reader.headers().expect("a header").iter().map(str::to_owned).collect();
    let rows =
        reader.records().map(|r| r.expect("a row").iter().map(str::to_owned).collect()).collect();
    Some(Table { names, rows })
}

impl Table {
    pub(crate) fn text(&self, name: &str) -> Vec<&str> {
        let j = self.names.iter().position(|n| n == name).expect("the column");
        self.rows.iter().map(|r| r[j].as_str()).collect()
    }

    /// Numbers; `NA` is NaN.
    pub(crate) fn numbers(&self, name: &str) -> Vec<f64> {
        self.text(name).iter().map(|t| t.parse().unwrap_or(f64::NAN)).collect()
    }

    pub(crate) fn groups(&self, name: &str) -> Groups {
        Groups::by_appearance(&self.text(name))
    }

    /// Times and the rows whose status is `event`.
    pub(crate) fn survival(&self, time: &str, status: &str, event: f64) -> SurvivalData {
        let happened = self.numbers(status).iter().map(|s| (s - event).abs() < 0.5).collect();
        SurvivalData::new(self.numbers(time), happened).expect("survival data")
    }

    /// Without the rows in which one of the columns is `NA`.
    pub(crate) fn complete(self, columns: &[&str]) -> Self {
        let columns: Vec<usize> = columns
            .iter()
            .map(|c| self.names.iter().position(|n| n == c).expect("the column"))
            .collect();
        let rows = self.rows.into_iter();
        Self {
            names: self.names,
            rows: rows.filter(|r| columns.iter().all(|&j| r[j] != "NA")).collect(),
        }
    }
}
