//! What can only be known once steps have run, at its place in the file.

use lutetia_diagnostic::{Diagnostic, Sources};
use lutetia_table::{TableError, Tables, cell};

use super::{
    File, meant,
    names::{inside, place},
    rehearsal, texts,
};
use crate::{Failure, steps::StepError};

/// The cells that the texts of an experiment name and that its tables do not have, now that they are made: all at once,
/// each with its place and what may be meant.
///
/// `name` and `text` are those that were checked; `numbers` the tables of the steps and the published ones.
///
/// # Errors
/// [`Failure::Diagnostics`].
pub fn filled(name: &str, text: &str, numbers: &Tables) -> Result<(), Failure> {
    let mut sources = Sources::new();
    let file = File::read(name, text, &mut sources);
    let diagnostics: Vec<Diagnostic> = texts::named(&file)
        .into_iter()
        .filter_map(|(wanted, at)| {
            let fault = match (wanted.row, wanted.column) {
                (Some(row), Some(column)) => {
                    cell(numbers, &format!("{}/{row}/{column}", wanted.table)).err()?
                }
                _ => lutetia_table::table(numbers, &wanted.table).err()?,
            };
            Some(of_table(&fault).at(at, ""))
        })
        .collect();
    match diagnostics.is_empty() {
        true => Ok(()),
        false => Err(Failure::Diagnostics { diagnostics, sources: Box::new(sources) }),
    }
}

/// A failure of a step or of a figure, at its place in the file; others as they are.
#[must_use]
pub fn placed(name: &str, text: &str, failure: Failure) -> Failure {
    let mut sources = Sources::new();
    let file = File::read(name, text, &mut sources);
    let message = failure.to_string();
    let diagnostic = match &failure {
        Failure::Step { step, reason } => {
            let at = rehearsal::of_message(&file, step, &reason.to_string());
            let hint = match reason {
                StepError::Table(fault) => of_table(fault).hint,
                _ => reason.hint(),
            };
            let code = failure.code().unwrap_or("LUT7013");
            Diagnostic::error(code, message).at(at, "").maybe_hint(hint)
        }
        Failure::Chart { figure, source } => {
            let reason = source.to_string();
            let mut named = reason.split('`').skip(1).step_by(2);
            let at = named.find_map(|name| inside(&file, "figure", "name", figure, name));
            let at = at.unwrap_or_else(|| place(&file, "figure", "name", figure, figure));
            Diagnostic::error(source.code(), message).at(at, "")
        }
        _ => return failure,
    };
    Failure::Placed {
        diagnostic: Box::new(diagnostic),
        sources: Box::new(sources),
        of: Box::new(failure),
    }
}

/// A table, a row or a column that is not there, and the one that may be meant.
fn of_table(fault: &TableError) -> Diagnostic {
    let near = |name: &str, known: &[String]| {
        (!known.is_empty()).then(|| meant(name, known.iter().map(String::as_str)))
    };
    let hint = match fault {
        TableError::NoTable { name, known } => near(name, known),
        TableError::NoColumn { column, known, .. } => near(column, known),
        TableError::NoRow { row, known, .. } => near(row, known),
        TableError::Path { .. } => Some("name a cell as `table/row/column`".to_owned()),
    };
    Diagnostic::error("LUT7014", fault.to_string()).maybe_hint(hint)
}
