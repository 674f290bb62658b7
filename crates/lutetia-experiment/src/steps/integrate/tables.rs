//! The table of integrals without a function, and the library of curves that one method reads.

use lutetia_dose::{DoseError, TacLibrary, Tia};
use lutetia_patient::{RegionTia, shown};
use lutetia_table::{Cell, Table};

use crate::results::{Measure, Results};

/// The table of integrals: `<id>`.
#[must_use]
pub fn integrals(id: &str, tias: &[RegionTia]) -> Results {
    let mut table = Results::new(id, "Time-integrated activities without a fitted function")
        .subject("region", "")
        .number(Measure::Tia, "MBq h")
        .number(Measure::Tia.sd(), "MBq h")
        .number(Measure::TiaCoefficient, "h")
        .number(Measure::Extrapolated, "%")
        .text("method")
        .text("note");
    for t in tias {
        let (found, note) = shown(&t.tia);
        table.push(vec![
            t.region.as_str().into(),
            found.map(Tia::value_mbq_h).into(),
            found.and_then(Tia::sd_mbq_h).into(),
            found.map(|x| x.value_mbq_h() / t.injected_mbq).into(),
            found.and_then(Tia::extrapolated_fraction).map(|f| 100.0 * f).into(),
            found.map_or("", Tia::method).into(),
            note.into(),
        ]);
    }
    table
}

/// A library of curves from a table with the columns curve, amplitude and effective_half_life (h), a row per phase.
///
/// # Errors
/// [`LibraryError`].
pub fn library(table: &Table) -> Result<TacLibrary, LibraryError> {
    let column = |name: &'static str| {
        table.index_of(name).ok_or_else(|| LibraryError::Column {
            name,
            found: table.columns.iter().map(|c| c.name.clone()).collect(),
        })
    };
    let (curve, amplitude, half_life) =
        (column("curve")?, column("amplitude")?, column("effective_half_life")?);
    let mut curves: Vec<(String, Vec<(f64, f64)>)> = Vec::new();
    for (i, row) in table.rows.iter().enumerate() {
        let number = |at: usize| {
            row.get(at).and_then(Cell::number).ok_or_else(|| LibraryError::NoNumber {
                row: i + 1,
                column: table.columns[at].name.clone(),
            })
        };
        let phase = (number(amplitude)?, std::f64::consts::LN_2 / number(half_life)?);
        let name = row.get(curve).map(Cell::csv).unwrap_or_default();
        match curves.iter_mut().find(|c| c.0 == name) {
            Some(found) => found.1.push(phase),
            None => curves.push((name, vec![phase])),
        }
    }
    Ok(TacLibrary::new(curves.into_iter().map(|c| c.1).collect())?)
}

/// Why a table is not a library of curves.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LibraryError {
    /// A column that is missing.
    #[error(
        "a library needs the columns curve, amplitude and effective_half_life (h); `{name}` is missing, found {}",
        found.join(", ")
    )]
    Column {
        /// Which.
        name: &'static str,
        /// What there is.
        found: Vec<String>,
    },
    /// A cell that is not a number.
    #[error("row {row} of the library has no number in `{column}`")]
    NoNumber {
        /// From 1.
        row: usize,
        /// Which.
        column: String,
    },
    /// Curves that make no library.
    #[error(transparent)]
    Curves(#[from] DoseError),
}

impl LibraryError {
    /// Code of the message, LUT7105, or that of the curves.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Column { .. } | Self::NoNumber { .. } => "LUT7105",
            Self::Curves(error) => error.code(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_libraries_are_read() {
        let mut table = Table::new("l", "")
            .column("curve", "")
            .column("amplitude", "")
            .column("effective_half_life", "h");
        for (curve, a, h) in [("p1", 10.0, 50.0), ("p1", -10.0, 2.0), ("p2", 5.0, 70.0)] {
            table.push(vec![curve.into(), a.into(), h.into()]);
        }
        assert_eq!(library(&table).expect("two curves").factor(24.0).expect("one").curves, 2);
        let bad = Table::new("l", "").column("curve", "").column("amplitude", "");
        assert!(library(&bad).is_err_and(|e| e.to_string().contains("effective_half_life")));
    }
}
