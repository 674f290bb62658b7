//! The table of repeated organs: inline rows or a CSV file beside the model.

mod sheet;

use std::{cell::RefCell, collections::BTreeSet};

use lutetia_diagnostic::{Diagnostic, Sources, Span, closest};

use super::{
    Resolve, code,
    declare::{Entry, Fields, unknown, wrong_kind},
    keys,
    text::Text,
    tree::{Node, Value},
};

/// Columns that say what the numbers of their row rest on.
const GRADES: [&str; 2] = ["source", "evidence"];

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
    /// Columns of values, each with one of its cells.
    values: Vec<(String, Text)>,
    /// Whether the table as a whole could not be read: what it would have named is not a second fault.
    pub(super) torn: bool,
    /// Columns of values that were used as filters and reported.
    reported: RefCell<BTreeSet<String>>,
}

impl Organs {
    /// The organs that the placeholders of a text stand for; `None` after a fault was reported. A text is for one
    /// choice of organs: the first placeholder makes it, later ones repeat its filter or leave it out.
    pub(super) fn chosen(&self, text: &Text, faults: &mut Vec<Diagnostic>) -> Option<Vec<String>> {
        let all = text.placeholders();
        let mut fault = |message: String, (start, end): (usize, usize), hint: String| {
            let at = text.place(start, end);
            faults.push(Diagnostic::error(code::PLACEHOLDER, message).at(at, "").hint(hint));
        };
        let typed = |start: usize, end: usize| text.as_str()[start..end].to_owned();
        if let Some(bad) = all.iter().find(|p| p.filter.is_none()) {
            fault(
                format!("`{}` is not a placeholder", typed(bad.start, bad.end)),
                (bad.start, bad.end),
                "write `{organ}`, or `{organ:column}` for the organs of a column of true and false, `{organ:!column}` for the others"
                    .to_owned(),
            );
            return None;
        }
        if self.names.is_empty() {
            if !self.torn {
                let whole = (0, text.as_str().len());
                let message = "`{organ}` stands for the organs of a table, and there is none";
                let hint = "add `[organs]` with `table = \"organs.csv\"` or `rows = [ … ]`";
                fault(message.to_owned(), whole, hint.to_owned());
            }
            return None;
        }
        let first = all.first().and_then(|p| p.filter.clone()).unwrap_or_default();
        for p in &all {
            let whole = p.filter.as_deref().unwrap_or_default();
            let (not, filter) = negated(whole);
            if !whole.is_empty() && !self.filters.iter().any(|f| f.0 == filter) {
                if let Some((_, cell)) = self.values.iter().find(|v| v.0 == filter) {
                    // The table is at fault, once for all texts that rely on the column.
                    if self.reported.borrow_mut().insert(filter.to_owned()) {
                        let message = format!(
                            "the column `{filter}` of the organ table is not of true and false"
                        );
                        faults.push(
                            Diagnostic::error(code::PLACEHOLDER, message)
                                .at(text.place(p.start, p.end), "used as a filter here")
                                .note_at(cell.span(), format!("found `{}`", cell.as_str()))
                                .hint("write `true` or `false` in every cell of the column, or leave a cell empty for false"),
                        );
                    }
                    return None;
                }
                let known: Vec<&str> = self.filters.iter().map(|f| f.0.as_str()).collect();
                let hint = if let Some(c) = closest(filter, known.iter().copied()) {
                    format!("did you mean `{{organ:{not}{c}}}`?")
                } else if known.is_empty() {
                    format!(
                        "add a column `{filter}` of true and false, or write `{{organ}}` for all organs"
                    )
                } else {
                    format!("columns of true and false: {}", known.join(", "))
                };
                fault(
                    format!("the organ table has no column `{filter}` of true and false"),
                    (p.start, p.end),
                    hint,
                );
                return None;
            }
            if !whole.is_empty() && whole != first {
                let one = |filter: &str| match filter {
                    "" => "{organ}".to_owned(),
                    filter => format!("{{organ:{filter}}}"),
                };
                let message = format!(
                    "`{}` after `{}`: a text stands for one choice of organs",
                    one(whole),
                    one(&first)
                );
                fault(
                    message,
                    (p.start, p.end),
                    format!(
                        "write `{}`; an organ that both should hold for needs a column of its own",
                        one(&first)
                    ),
                );
                return None;
            }
        }
        Some(self.names.iter().filter(|organ| self.passes(&first, organ)).cloned().collect())
    }

    /// Whether an organ is among those of a filter: a column, `!` and a column, or nothing for all.
    fn passes(&self, filter: &str, organ: &str) -> bool {
        let (not, column) = negated(filter);
        column.is_empty()
            || self
                .filters
                .iter()
                .any(|f| f.0 == column && f.1.iter().any(|o| o == organ) == not.is_empty())
    }

    /// Whether every filter of the placeholders of a text holds for an organ.
    pub(super) fn holds(&self, text: &Text, organ: &str) -> bool {
        text.placeholders()
            .iter()
            .filter_map(|p| p.filter.as_deref())
            .all(|filter| self.passes(filter, organ))
    }
}

/// `!` or nothing, and the column, of a filter.
pub(super) fn negated(filter: &str) -> (&'static str, &str) {
    match filter.strip_prefix('!') {
        Some(column) => ("!", column.trim()),
        None => ("", filter),
    }
}

/// One cell: true/false of TOML, or a text and whether the header of its column has a unit.
enum Cell {
    Flag(bool, Span),
    Value(Text, bool),
}

impl Cell {
    /// Read as true or false: the words that people and spreadsheets write.
    fn flag(&self) -> Option<bool> {
        match self {
            Self::Flag(flag, _) => Some(*flag),
            Self::Value(_, true) => None,
            Self::Value(text, false) => match text.as_str().to_lowercase().as_str() {
                "true" | "yes" | "wahr" | "ja" | "vrai" | "oui" => Some(true),
                "false" | "no" | "falsch" | "nein" | "faux" | "non" => Some(false),
                _ => None,
            },
        }
    }

    /// One or zero without unit, which may be a flag or a number.
    fn digit(&self) -> Option<bool> {
        match self {
            Self::Value(text, false) => match text.as_str() {
                "1" => Some(true),
                "0" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }
}

/// A row: its cells by column, without empty ones.
type Row = Vec<(String, Cell)>;

/// What reading the rows may report.
struct Faults<'a> {
    list: &'a mut Vec<Diagnostic>,
    /// Whether the table as a whole could not be read.
    torn: bool,
}

impl Faults<'_> {
    fn push(&mut self, message: String, span: Span, hint: &str) {
        self.list.push(Diagnostic::error(code::ORGANS, message).at(span, "").hint(hint));
    }

    fn tear(&mut self, message: String, span: Span, hint: &str) {
        self.push(message, span, hint);
        self.torn = true;
    }
}

/// Reads `[organs]`.
pub(super) fn read(
    node: &Node,
    resolve: &dyn Resolve,
    sources: &mut Sources,
    list: &mut Vec<Diagnostic>,
) -> Organs {
    let mut faults = Faults { list, torn: false };
    let rows = match &node.value {
        Value::Text(name) => sheet::rows(name, resolve, sources, &mut faults),
        Value::Table(list) => {
            let known = keys::table("organs").map(|t| keys::names(t.keys)).unwrap_or_default();
            for (k, _) in list.iter().filter(|(k, _)| !known.contains(&k.as_str())) {
                faults.list.push(unknown(k, "key", &known));
                faults.torn = true;
            }
            let given: Vec<_> = list.iter().filter(|(k, _)| known.contains(&k.as_str())).collect();
            match given[..] {
                [(_, Node { value: Value::Text(name), .. })] => {
                    sheet::rows(name, resolve, sources, &mut faults)
                }
                [(_, Node { value: Value::List(rows), .. })] => inline_rows(rows, &mut faults),
                [] if faults.torn => Vec::new(),
                [_, (k, _), ..] => {
                    faults.tear(
                        "the organ table has both `table` and `rows`".to_owned(),
                        k.span(),
                        "leave one of them out",
                    );
                    Vec::new()
                }
                _ => {
                    faults.tear(
                        "the organ table has neither `table` nor `rows`".to_owned(),
                        node.span,
                        "write `table = \"organs.csv\"`",
                    );
                    Vec::new()
                }
            }
        }
        other => {
            let expected = "a table or the name of a CSV file";
            faults.list.push(wrong_kind("organs", other, expected, node.span));
            return Organs { torn: true, ..Organs::default() };
        }
    };
    if rows.len() > MOST {
        let message = format!("{} organs; at most {MOST} are read", rows.len());
        faults.tear(message, node.span, "use fewer organs");
        return Organs { torn: true, ..Organs::default() };
    }
    let mut organs = Organs::default();
    let mut kept: Vec<(String, Row)> = Vec::new();
    for mut row in rows {
        let at = row.iter().position(|(k, _)| k == "organ");
        let Some((_, Cell::Value(name, _))) = at.map(|at| row.remove(at)) else {
            faults.tear(
                "a row of the organ table has no `organ`".to_owned(),
                row.first().map_or(node.span, |(_, c)| match c {
                    Cell::Flag(_, span) => *span,
                    Cell::Value(text, _) => text.span(),
                }),
                "name the organ of each row: `organ = \"kidney\"`",
            );
            continue;
        };
        let span = name.span();
        let name = name.as_str().to_owned();
        if organs.names.contains(&name) {
            faults.push(
                format!("the organ table has two rows for `{name}`"),
                span,
                "give each organ one row",
            );
            continue;
        }
        organs.names.push(name.clone());
        kept.push((name, row));
    }
    organs.columns(&kept, &mut faults);
    organs.torn |= faults.torn;
    organs
}

impl Organs {
    /// Makes filters and parameters of the columns. A column with true or false in it, in any of its spellings, is a
    /// filter; one of nothing but 0 and 1 without unit may be used as a filter and as a number.
    fn columns(&mut self, rows: &[(String, Row)], faults: &mut Faults<'_>) {
        let mut names: Vec<&str> = Vec::new();
        for (name, _) in rows.iter().flat_map(|r| &r.1) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        // What the numbers of a row rest on is not a column of numbers.
        let graded = |organ: &str| -> Vec<(Text, Node)> {
            let row = rows.iter().find(|r| r.0 == organ).map_or(&[][..], |r| &r.1);
            row.iter()
                .filter(|(k, _)| GRADES.contains(&k.as_str()))
                .filter_map(|(k, cell)| match cell {
                    Cell::Value(text, _) => {
                        let (span, value) = (text.span(), Value::Text(text.clone()));
                        Some((Text::lumped(span, k), Node { value, span }))
                    }
                    Cell::Flag(..) => None,
                })
                .collect()
        };
        names.retain(|name| !GRADES.contains(name));
        for column in names {
            let cells: Vec<(&String, &Cell)> = rows
                .iter()
                .flat_map(|(organ, row)| {
                    row.iter().filter(|(k, _)| k == column).map(move |(_, cell)| (organ, cell))
                })
                .collect();
            let words = cells.iter().any(|(_, c)| c.flag().is_some());
            let digits = cells.iter().all(|(_, c)| c.digit().is_some());
            if words || digits {
                let read = |c: &Cell| c.flag().or_else(|| c.digit());
                if let Some((_, Cell::Value(text, _))) =
                    cells.iter().find(|(_, c)| read(c).is_none())
                {
                    faults.push(
                        format!(
                            "`{}` in column `{column}` is neither true nor false, as other cells of the column are",
                            text.as_str()
                        ),
                        text.span(),
                        "write `true` or `false`, or leave the cell empty for false",
                    );
                }
                let members = cells.iter().filter(|(_, c)| read(c) == Some(true));
                self.filters.push((
                    column.to_owned(),
                    members.map(|(organ, _)| (*organ).clone()).collect(),
                ));
            }
            if words {
                continue;
            }
            for (organ, cell) in cells {
                let Cell::Value(value, _) = cell else { continue };
                if !digits && !self.values.iter().any(|v| v.0 == column) {
                    self.values.push((column.to_owned(), value.clone()));
                }
                let span = value.span();
                let mut list = graded(organ);
                let node = Node { value: Value::Text(value.clone()), span };
                list.push((Text::lumped(span, "value"), node));
                self.parameters.push(Entry {
                    name: Text::lumped(span, &format!("{column}_{organ}")),
                    fields: Fields { list, span },
                });
            }
        }
    }
}

fn inline_rows(rows: &[Node], faults: &mut Faults<'_>) -> Vec<Row> {
    let mut out = Vec::new();
    for row in rows {
        let Value::Table(cells) = &row.value else {
            faults.tear(
                format!("a row of the organ table is {}", row.value.kind()),
                row.span,
                "write `{ organ = \"kidney\", V = \"0.3 L\" }`",
            );
            continue;
        };
        let mut read = Vec::new();
        for (key, cell) in cells {
            let value = match &cell.value {
                Value::Flag(flag) => Cell::Flag(*flag, cell.span),
                Value::Text(text) => Cell::Value(text.clone(), false),
                Value::Number(x) => Cell::Value(Text::lumped(cell.span, &x.to_string()), false),
                other => {
                    faults.push(
                        format!("`{}` is {}", key.as_str(), other.kind()),
                        cell.span,
                        "write a quantity such as `\"0.3 L\"`, or true or false",
                    );
                    continue;
                }
            };
            read.push((key.as_str().to_owned(), value));
        }
        out.push(read);
    }
    out
}
