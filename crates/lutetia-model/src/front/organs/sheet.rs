//! An organ table as spreadsheets write it: commas, semicolons or tabs, decimal points or commas.

use lutetia_diagnostic::{Sources, Span, closest};

use super::{super::LARGEST_FILE, Cell, Faults, Row};
use crate::front::{Resolve, text::Text};

/// A column: its name and, where the header gives one, its unit.
struct Column {
    name: String,
    unit: String,
}

/// How the cells of a file are written.
#[derive(Clone, Copy)]
struct Dialect {
    separator: u8,
    /// Whether numbers have a decimal comma; only where commas do not separate cells.
    decimal_comma: bool,
}

/// The rows of the CSV file of that name.
pub(super) fn rows(
    name: &Text,
    resolve: &dyn Resolve,
    sources: &mut Sources,
    faults: &mut Faults<'_>,
) -> Vec<Row> {
    let Some(text) = resolve.resolve(name.as_str()) else {
        faults.tear(
            format!("there is no file `{}` beside the model", name.as_str()),
            name.span(),
            "give the path from the folder of the model file",
        );
        return Vec::new();
    };
    if text.len() > LARGEST_FILE {
        faults.tear(
            format!("the file `{}` is larger than 1 MiB", name.as_str()),
            name.span(),
            "an organ table has one row per organ",
        );
        return Vec::new();
    }
    let id = sources.add(name.as_str(), text.clone());
    // A byte-order mark, and the first line by which a spreadsheet names its separator.
    let mut from = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let first = text[from..].split_inclusive('\n').next().unwrap_or("");
    let named = first.trim().strip_prefix("sep=").filter(|s| s.len() == 1);
    if named.is_some() {
        from += first.len();
    }
    let body = &text[from..];
    let header = body.lines().next().unwrap_or("");
    let often = |c: char| header.matches(c).count();
    let separator = named.and_then(|s| s.bytes().next()).unwrap_or_else(|| {
        if often(';') > often(',') {
            b';'
        } else if often('\t') > often(',') {
            b'\t'
        } else {
            b','
        }
    });
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .trim(csv::Trim::All)
        .delimiter(separator)
        .has_headers(false)
        .from_reader(body.as_bytes());
    let mut records: Vec<(Span, csv::StringRecord)> = Vec::new();
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(e) => {
                faults.tear(
                    format!("cannot read `{}`: {e}", name.as_str()),
                    name.span(),
                    "write comma-separated values with a header",
                );
                return Vec::new();
            }
        };
        // The record's place is its first byte, after a line break that it may begin with; a cell's caret covers the
        // line.
        let at = record.position().map_or(0, |p| usize::try_from(p.byte()).unwrap_or(0));
        let rest = body.get(at..).unwrap_or("");
        let start =
            from + at.min(body.len()) + (rest.len() - rest.trim_start_matches(['\r', '\n']).len());
        let line = text.get(start..).unwrap_or("").lines().next().unwrap_or("");
        records.push((Span::new(id, start, start + line.len()), record));
    }
    let mut records = records.into_iter();
    let Some((header, names)) = records.next() else {
        faults.tear(
            format!("the file `{}` is empty", name.as_str()),
            name.span(),
            "begin with a header such as `organ,V (L),receptor`",
        );
        return Vec::new();
    };
    let records: Vec<_> = records.filter(|(_, r)| r.iter().any(|cell| !cell.is_empty())).collect();
    let Some(columns) = columns(&names, &records, header, faults) else { return Vec::new() };
    let Some(decimal_comma) = decimal_comma(separator, &records, faults) else { return Vec::new() };
    let dialect = Dialect { separator, decimal_comma };
    let mut out = Vec::new();
    for (span, record) in &records {
        if record.iter().skip(columns.len()).any(|cell| !cell.is_empty()) {
            faults.tear(
                format!("the row has {} cells; the header has {}", record.len(), columns.len()),
                *span,
                if separator == b',' {
                    "write numbers with a decimal point, or name the column in the header"
                } else {
                    "name the column in the header, or empty the cell"
                },
            );
            continue;
        }
        let cells = record.iter().zip(&columns).filter(|(cell, _)| !cell.is_empty());
        out.push(
            cells
                .map(|(text, c)| (c.name.clone(), cell(text, c, *span, dialect, faults)))
                .collect(),
        );
    }
    out
}

/// The columns of the header; `None` after a fault.
fn columns(
    names: &csv::StringRecord,
    records: &[(Span, csv::StringRecord)],
    header: Span,
    faults: &mut Faults<'_>,
) -> Option<Vec<Column>> {
    let mut columns: Vec<Column> = names
        .iter()
        .map(|h| match h.split_once(['(', '[']) {
            Some((column, unit)) => Column {
                name: column.trim().to_owned(),
                unit: unit.trim_end_matches([')', ']']).trim().to_owned(),
            },
            None => Column { name: h.to_owned(), unit: String::new() },
        })
        .collect();
    // Spreadsheets go on with empty columns.
    let used = |k: usize| records.iter().any(|(_, r)| r.get(k).is_some_and(|c| !c.is_empty()));
    while columns.last().is_some_and(|c| c.name.is_empty()) && !used(columns.len() - 1) {
        columns.pop();
    }
    let known = || columns.iter().map(|c| c.name.as_str());
    if !known().any(|c| c == "organ") {
        let found: Vec<String> =
            known().filter(|c| !c.is_empty()).map(|c| format!("`{c}`")).collect();
        let near = known().find(|c| c.eq_ignore_ascii_case("organ"));
        let near = near.or_else(|| closest("organ", known()).filter(|c| !c.is_empty()));
        faults.tear(
            format!("the organ table has no column `organ`; found {}", found.join(", ")),
            header,
            &near.map_or_else(
                || "name the organ of each row in a column `organ`".to_owned(),
                |c| format!("write `organ` for `{c}`"),
            ),
        );
        return None;
    }
    for (k, c) in columns.iter().enumerate() {
        if c.name.is_empty() {
            let message = format!("column {} of the organ table has no name", k + 1);
            faults.tear(message, header, "name it in the header, or empty its cells");
            return None;
        }
        if columns[..k].iter().any(|b| b.name == c.name) {
            let message = format!("the organ table has two columns `{}`", c.name);
            faults.tear(message, header, "give each column a name of its own");
            return None;
        }
    }
    Some(columns)
}

/// A plain number with one decimal comma, such as `1,5` or `-2,5e3`, with a decimal point.
fn with_point(text: &str) -> Option<String> {
    let (whole, rest) = text.split_once(',')?;
    let digits = whole.trim_start_matches(['+', '-']);
    let plain = digits.bytes().all(|b| b.is_ascii_digit())
        && rest.starts_with(|c: char| c.is_ascii_digit());
    let number = format!("{whole}.{rest}");
    // What follows the number of a cell without unit in its header is its unit.
    let end = number.find(char::is_whitespace).unwrap_or(number.len());
    (plain && number[..end].parse::<f64>().is_ok()).then_some(number)
}

/// Whether the numbers of the file have a decimal comma; `None` after a fault.
fn decimal_comma(
    separator: u8,
    records: &[(Span, csv::StringRecord)],
    faults: &mut Faults<'_>,
) -> Option<bool> {
    if separator == b',' {
        return Some(false);
    }
    let cells = || records.iter().flat_map(|(span, r)| r.iter().map(move |c| (*span, c)));
    let Some((span, comma)) = cells().find(|(_, c)| with_point(c).is_some()) else {
        return Some(false);
    };
    let point = cells().find(|(_, c)| {
        let number = c.split_whitespace().next().unwrap_or("");
        number.contains('.') && number.parse::<f64>().is_ok()
    });
    match point {
        None => Some(true),
        Some((_, point)) => {
            faults.tear(
                format!("`{comma}` has a decimal comma and `{point}` a decimal point"),
                span,
                "write all numbers of the table with a decimal point",
            );
            None
        }
    }
}

fn cell(
    text: &str,
    column: &Column,
    span: Span,
    dialect: Dialect,
    faults: &mut Faults<'_>,
) -> Cell {
    let read = if dialect.decimal_comma { with_point(text) } else { None };
    let number = read.as_deref().unwrap_or(text);
    if column.unit.is_empty() {
        return Cell::Value(Text::lumped(span, number), false);
    }
    if number.parse::<f64>().is_ok() {
        return Cell::Value(Text::lumped(span, &format!("{number} {}", column.unit)), true);
    }
    let hint = if dialect.separator != b',' && text.contains(',') {
        "write the number with one decimal mark and no other, such as `1.5`".to_owned()
    } else {
        format!(
            "the header gives the unit, `{}`; write a number, or leave the cell empty",
            column.unit
        )
    };
    faults.push(format!("`{text}` in column `{}` is not a number", column.name), span, &hint);
    // The name is declared all the same, or its use would be a second fault.
    Cell::Value(Text::lumped(span, &format!("1 {}", column.unit)), true)
}
