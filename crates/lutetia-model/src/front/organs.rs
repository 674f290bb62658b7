//! The table of repeated organs: inline rows or a CSV file beside the model.

use lutetia_diagnostic::{Diagnostic, Sources, Span};

use super::{
    Resolve, code,
    declare::{Entry, Fields, wrong_kind},
    text::Text,
    tree::{Node, Value},
};

/// Most organs of a model.
const MOST: usize = 2000;

/// The organs, their columns as parameters, their filters.
#[derive(Debug, Default)]
pub(super) struct Organs {
    pub(super) names: Vec<String>,
    /// `<column>_<organ>` for every cell that is not true or false.
    pub(super) parameters: Vec<Entry>,
    /// Column of true and false, and the organs for which it is true.
    pub(super) filters: Vec<(String, Vec<String>)>,
}

impl Organs {
    /// The organs a filter leaves; `None` where the column does not exist.
    pub(super) fn chosen(&self, filter: &str) -> Option<Vec<String>> {
        if filter.is_empty() {
            return Some(self.names.clone());
        }
        self.filters.iter().find(|f| f.0 == filter).map(|f| f.1.clone())
    }
}

/// One cell: its text and place, or true/false.
enum Cell {
    Flag(bool),
    Value(Text),
}

/// Reads `[organs]`.
pub(super) fn read(
    node: &Node,
    resolve: &dyn Resolve,
    sources: &mut Sources,
    faults: &mut Vec<Diagnostic>,
) -> Organs {
    let mut fault = |message: String, span: Span, hint: &str| {
        faults.push(Diagnostic::error(code::ORGANS, message).at(span, "").hint(hint));
    };
    let rows = match &node.value {
        Value::Text(name) => csv_rows(name, resolve, sources, &mut fault),
        Value::Table(list) => {
            match list.iter().find(|(k, _)| k.as_str() == "table" || k.as_str() == "rows") {
                Some((_, Node { value: Value::Text(name), .. })) => {
                    csv_rows(name, resolve, sources, &mut fault)
                }
                Some((_, Node { value: Value::List(rows), .. })) => inline_rows(rows, &mut fault),
                _ => {
                    fault(
                        "the organ table has neither `table` nor `rows`".to_owned(),
                        node.span,
                        "write `table = \"organs.csv\"`",
                    );
                    Vec::new()
                }
            }
        }
        other => {
            faults.push(wrong_kind(
                "organs",
                other,
                "a table or the name of a CSV file",
                node.span,
            ));
            return Organs::default();
        }
    };
    let mut organs = Organs::default();
    if rows.len() > MOST {
        fault(
            format!("{} organs; at most {MOST} are read", rows.len()),
            node.span,
            "use fewer organs",
        );
        return organs;
    }
    for row in rows {
        let Some((_, Cell::Value(name))) = row.iter().find(|(k, _)| k == "organ") else {
            fault(
                "a row of the organ table has no `organ`".to_owned(),
                node.span,
                "name the organ of each row: `organ = \"kidney\"`",
            );
            continue;
        };
        let span = name.span();
        let name = name.as_str().to_owned();
        if organs.names.contains(&name) {
            fault(
                format!("the organ table has two rows for `{name}`"),
                span,
                "give each organ one row",
            );
            continue;
        }
        organs.names.push(name.clone());
        for (column, cell) in row.into_iter().filter(|(k, _)| k != "organ") {
            match cell {
                Cell::Flag(true) => match organs.filters.iter_mut().find(|f| f.0 == column) {
                    Some((_, members)) => members.push(name.clone()),
                    None => organs.filters.push((column, vec![name.clone()])),
                },
                Cell::Flag(false) => {
                    if !organs.filters.iter().any(|f| f.0 == column) {
                        organs.filters.push((column, Vec::new()));
                    }
                }
                Cell::Value(value) => {
                    let span = value.span();
                    organs.parameters.push(Entry {
                        name: Text::lumped(span, &format!("{column}_{name}")),
                        fields: Fields {
                            list: vec![(
                                Text::lumped(span, "value"),
                                Node { value: Value::Text(value), span },
                            )],
                            span,
                        },
                    });
                }
            }
        }
    }
    organs
}

fn inline_rows(
    rows: &[Node],
    fault: &mut impl FnMut(String, Span, &str),
) -> Vec<Vec<(String, Cell)>> {
    let mut out = Vec::new();
    for row in rows {
        let Value::Table(cells) = &row.value else {
            fault(
                format!("a row of the organ table is {}", row.value.kind()),
                row.span,
                "write `{ organ = \"kidney\", V = \"0.3 L\" }`",
            );
            continue;
        };
        let mut read = Vec::new();
        for (key, cell) in cells {
            match &cell.value {
                Value::Flag(flag) => read.push((key.as_str().to_owned(), Cell::Flag(*flag))),
                Value::Text(text) => {
                    read.push((key.as_str().to_owned(), Cell::Value(text.clone())));
                }
                Value::Number(x) => {
                    read.push((
                        key.as_str().to_owned(),
                        Cell::Value(Text::lumped(cell.span, &x.to_string())),
                    ));
                }
                other => fault(
                    format!("`{}` is {}", key.as_str(), other.kind()),
                    cell.span,
                    "write a quantity such as `\"0.3 L\"`, or true or false",
                ),
            }
        }
        out.push(read);
    }
    out
}

fn csv_rows(
    name: &Text,
    resolve: &dyn Resolve,
    sources: &mut Sources,
    fault: &mut impl FnMut(String, Span, &str),
) -> Vec<Vec<(String, Cell)>> {
    let Some(text) = resolve.resolve(name.as_str()) else {
        fault(
            format!("there is no file `{}` beside the model", name.as_str()),
            name.span(),
            "give the path from the folder of the model file",
        );
        return Vec::new();
    };
    if text.len() > super::LARGEST_FILE {
        fault(
            format!("the file `{}` is larger than 1 MiB", name.as_str()),
            name.span(),
            "an organ table has one row per organ",
        );
        return Vec::new();
    }
    let id = sources.add(name.as_str(), text.clone());
    let mut reader =
        csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let headers: Vec<(String, String)> = match reader.headers() {
        Ok(headers) => headers
            .iter()
            .map(|h| match h.split_once(['(', '[']) {
                Some((column, unit)) => {
                    (column.trim().to_owned(), unit.trim_end_matches([')', ']']).trim().to_owned())
                }
                None => (h.trim_start_matches('\u{feff}').to_owned(), String::new()),
            })
            .collect(),
        Err(e) => {
            fault(
                format!("cannot read `{}`: {e}", name.as_str()),
                name.span(),
                "write comma-separated values with a header",
            );
            return Vec::new();
        }
    };
    let mut out = Vec::new();
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(e) => {
                fault(
                    format!("cannot read `{}`: {e}", name.as_str()),
                    name.span(),
                    "write comma-separated values with a header",
                );
                continue;
            }
        };
        // The record's place is its first byte; a cell's caret covers the line.
        let start =
            record.position().map_or(0, |p| usize::try_from(p.byte()).unwrap_or(0)).min(text.len());
        let line = text.get(start..).unwrap_or("").lines().next().unwrap_or("");
        let span = Span::new(id, start, start + line.len());
        let mut row = Vec::new();
        for (cell, (column, unit)) in record.iter().zip(&headers) {
            let value = match cell {
                "" => continue,
                "true" => Cell::Flag(true),
                "false" => Cell::Flag(false),
                text if unit.is_empty() => Cell::Value(Text::lumped(span, text)),
                text if text.parse::<f64>().is_err() => {
                    fault(
                        format!("`{text}` in column `{column}` is no number"),
                        span,
                        &format!(
                            "the header gives the unit, `{unit}`; write a number, or leave the cell empty"
                        ),
                    );
                    // The name is declared all the same, or its use would be a second fault.
                    Cell::Value(Text::lumped(span, &format!("1 {unit}")))
                }
                text => Cell::Value(Text::lumped(span, &format!("{text} {unit}"))),
            };
            row.push((column.clone(), value));
        }
        out.push(row);
    }
    out
}
