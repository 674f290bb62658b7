//! Has every row of a published table the cells that its header names?

use lutetia_diagnostic::{Diagnostic, Sources, Span};

use crate::Failure;

/// Most rows that are listed.
const MOST: usize = 20;

/// Refuses a table of which rows have more or fewer cells than the header: what stands right of a stray comma would be
/// read under the name of its neighbour.
pub(super) fn even(path: &str, text: &str) -> Result<(), Failure> {
    let mut reader =
        csv::ReaderBuilder::new().flexible(true).comment(Some(b'#')).from_reader(text.as_bytes());
    let columns = reader.headers().map(csv::StringRecord::len).unwrap_or_default();
    let mut sources = Sources::new();
    let id = sources.add(path, text);
    let mut diagnostics = Vec::new();
    for record in reader.records().filter_map(Result::ok).filter(|r| r.len() != columns) {
        let start = record.position().map_or(0, |p| usize::try_from(p.byte()).unwrap_or(0));
        let rest = text.get(start..).unwrap_or("");
        let start = start + (rest.len() - rest.trim_start_matches(['\r', '\n']).len());
        let end = text.get(start..).and_then(|t| t.find(['\r', '\n']));
        let span = Span::new(id, start, end.map_or(text.len(), |p| start + p));
        let cells = record.len();
        let than = if cells > columns { "more" } else { "fewer" };
        let message = format!("the row has {cells} cells, {than} than the {columns} columns");
        diagnostics.push(Diagnostic::error("LUT7020", message).at(span, "").hint(
            "put a cell that holds a comma in quotation marks; keep the commas of empty cells",
        ));
        if diagnostics.len() == MOST {
            break;
        }
    }
    if diagnostics.is_empty() {
        return Ok(());
    }
    Err(Failure::Diagnostics { diagnostics, sources: Box::new(sources) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_rows_of_another_width_are_refused() {
        assert!(even("a.csv", "# of a paper\na,b\n1,2\n\n3,\n\"4, 5\",6\n").is_ok());
        for (text, count) in [("a,b\n1,2,3\n4\n", 2), ("a,b\n1,5,2\n3,4\n", 1)] {
            let Err(Failure::Diagnostics { diagnostics, .. }) = even("a.csv", text) else {
                panic!("{text}")
            };
            assert_eq!(diagnostics.len(), count, "{text}");
        }
    }
}
