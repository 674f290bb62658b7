//! Which column is where, and in which unit.

use lutetia_diagnostic::closest;
use lutetia_units::Unit;

use super::{
    Cell, Fault, Faults, Part, Place,
    clock::Order,
    spec::{ColumnSpec, Kind, Needed, TableSpec, Way, squashed},
    split,
    title::{Title, clock_times_beside_dates},
    units::{Per, parse_unit, unit_factor},
};
use crate::codes;

/// Where the unit of a column comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Scale {
    /// The column has no unit, or no usable one; its fault is already told.
    None,
    /// The number times this is in the fixed unit.
    Factor(f64),
    /// The number times this is a fraction of another number.
    Fraction(f64),
    /// The number times this is a concentration or a share of what was injected.
    Measured(f64, Per),
    /// A cell of the row names the unit.
    Cell(usize),
}

/// A listed column in this file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slot {
    pub(crate) cell: Option<usize>,
    pub(crate) scale: Scale,
    /// The order of day and month that the header says.
    pub(crate) order: Option<Order>,
    /// A column of dates or clock times whose title has a fault that is already told.
    pub(crate) broken: bool,
}

/// A column that was read under another name than its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadAs {
    /// The file, such as `activity.csv`.
    pub file: &'static str,
    /// The title as it was typed, with its unit.
    pub typed: String,
    /// The column that it was read as.
    pub column: &'static str,
}

/// A column that is not listed.
#[derive(Debug, Clone)]
pub(crate) struct Covariate {
    pub(crate) name: String,
    pub(crate) unit: Option<Unit>,
    pub(crate) cell: usize,
    /// The header of the column has a fault that is already told.
    pub(crate) broken: bool,
}

/// The header of one file.
#[derive(Debug)]
pub(crate) struct Header {
    /// Its line, from 1.
    pub(crate) line: u32,
    pub(crate) delimiter: u8,
    pub(crate) width: usize,
    pub(crate) slots: Vec<Slot>,
    pub(crate) covariates: Vec<Covariate>,
    /// The first title: a row that begins with it is another header.
    pub(crate) first: String,
    pub(crate) read_as: Vec<ReadAs>,
}

/// The character between cells: whichever of `;`, tab and `,` is most frequent in the header.
pub(crate) fn detect_delimiter(header: &str) -> u8 {
    let mut quoted = false;
    let mut counts = [0usize; 3];
    for byte in header.bytes() {
        match byte {
            b'"' => quoted = !quoted,
            b';' if !quoted => counts[0] += 1,
            b'\t' if !quoted => counts[1] += 1,
            b',' if !quoted => counts[2] += 1,
            _ => {}
        }
    }
    let [semicolons, tabs, commas] = counts;
    if semicolons > 0 && semicolons >= tabs && semicolons >= commas {
        b';'
    } else if tabs > commas {
        b'\t'
    } else {
        b','
    }
}

impl Header {
    /// Reads the header line; `None` where the file is plainly another table.
    pub(crate) fn read(
        line: &str,
        place: Place,
        spec: &TableSpec,
        others: &[&TableSpec],
        faults: &mut Faults,
    ) -> Option<Self> {
        let delimiter = detect_delimiter(line);
        let mut cells: Vec<Cell> = Vec::new();
        if split(line, delimiter, &mut cells).is_err() {
            faults.error(codes::BAD_QUOTE, place, || {
                Fault::new(
                    format!("the header of `{}` has an unbalanced quote", spec.file),
                    "this line cannot be cut into cells",
                )
                .hint(
                    "close the quote on the same line and put nothing between it and the separator",
                )
            });
            return None;
        }
        let texts: Vec<String> = cells.iter().map(|c| c.text(line).into_owned()).collect();
        let understood = |spec: &TableSpec| {
            let mut titles: Vec<Title> = texts.iter().map(|t| Title::parse(t, spec)).collect();
            clock_times_beside_dates(&mut titles, spec);
            titles
        };
        let titles = understood(spec);
        if looks_like_another(&titles, spec)
            && let Some(other) = others.iter().find(|o| !looks_like_another(&understood(o), o))
        {
            faults.error(codes::MIXED_TABLES, place, || {
                Fault::new(
                    format!("`{}` has the columns of `{}`", spec.file, other.file),
                    "these columns belong to the other table",
                )
                .hint("look whether two files were exchanged")
            });
            return None;
        }
        let mut header = Self {
            delimiter,
            width: cells.len(),
            slots: vec![
                Slot { cell: None, scale: Scale::None, order: None, broken: false };
                spec.columns.len()
            ],
            line: place.line,
            covariates: Vec::new(),
            first: texts.first().cloned().unwrap_or_default(),
            read_as: Vec::new(),
        };
        let suggested = header.find_columns(&titles, &texts, place, spec, faults);
        let unit_cells: Vec<(String, usize)> = titles
            .iter()
            .enumerate()
            .filter(|(_, t)| t.column.is_none() && is_unit_column(&t.key, spec))
            .map(|(i, t)| (t.key.clone(), i))
            .collect();
        header.find_units(line, &cells, &titles, &unit_cells, place, spec, faults);
        for (column, slot) in spec.columns.iter().zip(&header.slots) {
            if column.required() && slot.cell.is_none() && !suggested.contains(&column.name) {
                faults.error(codes::MISSING_COLUMN, Place { part: Part::Line, ..place }, || {
                    Fault::new(
                        format!("`{}` has no column `{}`", spec.file, column.name),
                        format!("no `{}` among these columns", column.name),
                    )
                    .hint(format!("add a column `{}`", column.title()))
                });
            }
        }
        header.check_times(&titles, &suggested, place, spec, faults);
        Some(header)
    }

    /// Puts each title to its column; the columns that hints to unknown titles name.
    fn find_columns<'s>(
        &mut self,
        titles: &[Title],
        texts: &[String],
        place: Place,
        spec: &'s TableSpec,
        faults: &mut Faults,
    ) -> Vec<&'s str> {
        let at = |i: usize| Place { part: Part::Cell(i), ..place };
        let mut suggested: Vec<&str> = Vec::new();
        for (i, title) in titles.iter().enumerate() {
            if title.column.is_none() && is_unit_column(&title.key, spec) {
                continue;
            }
            if title.name.is_empty() && title.unit.is_none() {
                faults.error(codes::UNKNOWN_COLUMN, at(i), || {
                    Fault::new(
                        format!("column {} of `{}` has no name", i + 1, spec.file),
                        "no name here",
                    )
                    .hint("name the column or remove it")
                });
            } else if let Some(column) = title.column {
                if let Some(first) = self.slots[column].cell {
                    faults.error(codes::DUPLICATE_COLUMN, at(i), || {
                        twice(&titles[first], title, spec.columns[column].name)
                            .also(at(first), "the first one")
                    });
                    continue;
                }
                (self.slots[column].cell, self.slots[column].order) = (Some(i), title.order);
                if title.is_translated(spec) {
                    let (typed, column) = (texts[i].clone(), spec.columns[column].name);
                    self.read_as.push(ReadAs { file: spec.file, typed, column });
                }
            } else if spec.covariates {
                self.add_covariate(title, i, at(i), faults);
            } else {
                let hint = unknown_column_hint(title, spec);
                suggested.extend(hint.as_ref().map(|h| h.0));
                faults.error(codes::UNKNOWN_COLUMN, at(i), || {
                    let known: Vec<&str> = spec.columns.iter().map(|c| c.name).collect();
                    let hint = hint.map_or_else(
                        || {
                            format!(
                                "remove the column, or name it as one of: {}; `lutetia schema study --page` says what each is",
                                known.join(", ")
                            )
                        },
                        |h| h.1,
                    );
                    Fault::new(
                        format!("`{}` has no column `{}`", spec.file, title.name),
                        "unknown column",
                    )
                    .hint(hint)
                });
            }
        }
        suggested
    }

    /// One way to say when, and one only.
    fn check_times(
        &self,
        titles: &[Title],
        suggested: &[&str],
        place: Place,
        spec: &TableSpec,
        faults: &mut Faults,
    ) {
        let found = |way: Way| {
            let column = spec.way(way)?;
            Some((spec.columns[column].name, self.slots[column].cell?))
        };
        let Some(hours) = spec.way(Way::Hours).map(|column| &spec.columns[column]) else { return };
        let named = |way: Way| spec.way(way).map_or("", |column| spec.columns[column].name);
        let mut ways: Vec<(&str, usize)> =
            [Way::Hours, Way::After, Way::Date].into_iter().filter_map(found).collect();
        let clock = found(Way::Clock);
        if let (Some((name, cell)), None) = (clock, found(Way::Date)) {
            let here = Place { part: Part::Cell(cell), ..place };
            faults.error(codes::MISSING_COLUMN, here, || {
                Fault::new(
                    format!("`{}` has clock times and no dates", titles[cell].name),
                    format!("read as `{name}`"),
                )
                .hint(format!(
                    "add a column `{}`, or give hours as `{}`",
                    named(Way::Date),
                    hours.title()
                ))
            });
            return;
        }
        ways.sort_by_key(|way| way.1);
        match ways[..] {
            [] if !suggested.contains(&hours.name) => {
                faults.error(codes::MISSING_COLUMN, Place { part: Part::Line, ..place }, || {
                    Fault::new(
                        format!("`{}` has no column `{}`", spec.file, hours.name),
                        format!("no `{}` among these columns", hours.name),
                    )
                    .hint(format!(
                        "add a column `{}`, or `{}` with date and clock time",
                        hours.title(),
                        named(Way::Date)
                    ))
                });
            }
            [(_, first), (_, second), ..] => {
                let here = |cell: usize| Place { part: Part::Cell(cell), ..place };
                faults.error(codes::DUPLICATE_COLUMN, here(second), || {
                    Fault::new(
                        format!(
                            "columns `{}` and `{}` both say when",
                            titles[first].name, titles[second].name
                        ),
                        "the second one",
                    )
                    .hint("keep one of them")
                    .also(here(first), "the first one")
                });
            }
            _ => {}
        }
    }

    fn add_covariate(&mut self, title: &Title, cell: usize, place: Place, faults: &mut Faults) {
        let title = &with_checked_unit(title);
        let same = |name: &str| match squashed(name) {
            key if key == "gender" => "sex".to_owned(),
            key => key,
        };
        if let Some(first) = self.covariates.iter().find(|c| same(&c.name) == same(&title.name)) {
            let first_place = Place { part: Part::Cell(first.cell), ..place };
            faults.error(codes::DUPLICATE_COLUMN, place, || {
                let message = match first.name == title.name {
                    true => format!("column `{}` is there twice", title.name),
                    false => format!("`{}` and `{}` are the same column", first.name, title.name),
                };
                Fault::new(message, "the second one")
                    .hint("keep one of them")
                    .also(first_place, "the first one")
            });
            return;
        }
        let mut broken = false;
        let unit = title.unit.as_ref().and_then(|(text, offset)| match parse_unit(text) {
            Ok(unit) => Some(unit),
            Err(error) => {
                broken = true;
                let (start, end) = error.range().unwrap_or((0, text.len()));
                let place =
                    Place { part: Part::Inside(cell, offset + start, offset + end), ..place };
                faults.error(codes::UNKNOWN_UNIT, place, || {
                    Fault::new(
                        format!("unit of covariate `{}`: {error}", title.name),
                        "in this unit",
                    )
                    .hint("write a unit such as `weight (kg)`, or none for a pure number")
                });
                None
            }
        });
        let wanted = CHECKED_COVARIATES.iter().find(|c| c.0 == title.key);
        if let (false, Some(&(_, example))) = (broken, wanted) {
            match &unit {
                None => {
                    broken = true;
                    faults.error(codes::MISSING_UNIT, place, || {
                        Fault::new(
                            format!("covariate `{}` has no unit", title.name),
                            "no unit here",
                        )
                        .hint(format!("write `{} ({example})`", title.name))
                    });
                }
                Some(_) => {
                    let text = title.unit.as_ref().map_or("", |u| u.0.as_str());
                    if let Err(error) = unit_factor(text, &title.name, Kind::Number(example)) {
                        broken = true;
                        let offset = title.unit.as_ref().map_or(0, |u| u.1);
                        let part = Part::Inside(cell, offset, offset + text.len());
                        faults.error(error.code, Place { part, ..place }, || error.fault);
                    }
                }
            }
        }
        self.covariates.push(Covariate { name: title.name.clone(), unit, cell, broken });
    }

    fn find_units(
        &mut self,
        line: &str,
        cells: &[Cell],
        titles: &[Title],
        unit_cells: &[(String, usize)],
        place: Place,
        spec: &TableSpec,
        faults: &mut Faults,
    ) {
        for (column, slot) in spec.columns.iter().zip(&mut self.slots) {
            let Some(cell) = slot.cell else { continue };
            let here = Place { part: Part::Cell(cell), ..place };
            let Some(example) = column.kind.unit() else {
                if titles[cell].unit.is_some() {
                    slot.broken = true;
                    faults.error(codes::WRONG_DIMENSION, here, || {
                        unit_of_none(&titles[cell], column, spec)
                    });
                }
                continue;
            };
            if let Some((text, offset)) = &titles[cell].unit {
                match unit_factor(text, &titles[cell].name, column.kind) {
                    Ok(scale) => slot.scale = scale,
                    Err(error) => {
                        let (start, end) = error.range.unwrap_or((0, text.len()));
                        // Doubled quotes shift offsets; such a unit is marked as a whole cell.
                        let typed = cells[cell].text(line).len();
                        let part = if typed == cells[cell].end - cells[cell].start
                            && offset + text.len() <= typed
                        {
                            Part::Inside(cell, offset + start, offset + end)
                        } else {
                            Part::Cell(cell)
                        };
                        faults.error(error.code, Place { part, ..place }, || error.fault);
                    }
                }
                continue;
            }
            let own = format!("{}_unit", column.name);
            let shared = spec.unit_column_for.contains(&column.name);
            let unit_cell = unit_cells
                .iter()
                .find(|(key, _)| *key == own)
                .or_else(|| unit_cells.iter().find(|(key, _)| shared && key == "unit"));
            match unit_cell {
                Some((_, i)) => slot.scale = Scale::Cell(*i),
                None if column.kind == Kind::Pure => slot.scale = Scale::Factor(1.0),
                None => faults.error(codes::MISSING_UNIT, here, || {
                    let name = &titles[cell].name;
                    Fault::new(format!("column `{name}` has no unit"), "no unit here")
                        .hint(format!("write `{name} ({example})`"))
                }),
            }
        }
    }
}

/// Covariates whose unit is never left to guessing.
const CHECKED_COVARIATES: [(&str, &str); 8] = [
    ("weight", "kg"),
    ("height", "cm"),
    ("age", "a"),
    ("bsa", "m^2"),
    ("gfr", "mL/min"),
    ("egfr", "mL/min"),
    ("kidney_volume", "mL"),
    ("tumour_volume", "mL"),
];

fn is_unit_column(key: &str, spec: &TableSpec) -> bool {
    (key == "unit" && !spec.unit_column_for.is_empty())
        || key.strip_suffix("_unit").is_some_and(|name| {
            spec.columns.iter().any(|c| c.name == name && c.kind.unit().is_some())
        })
}

/// Columns that a table of covariates must not have: it is then another table.
const FOREIGN: [&str; 4] = ["region", "nuclide", "roi", "voi"];

fn looks_like_another(titles: &[Title], spec: &TableSpec) -> bool {
    let has = |i: usize| titles.iter().any(|t| t.column == Some(i));
    let lacks = (0..spec.columns.len()).any(|i| spec.columns[i].required() && !has(i));
    let when = |c: &ColumnSpec| matches!(c.needed, Needed::When(_));
    let timeless = spec.columns.iter().any(when)
        && !(0..spec.columns.len()).any(|i| when(&spec.columns[i]) && has(i));
    // A table of covariates takes any column, so it is told by columns that it must not have.
    let foreign = spec.covariates && FOREIGN.iter().any(|key| titles.iter().any(|t| t.key == *key));
    lacks || timeless || foreign
}

/// Two titles that mean one column.
fn twice(first: &Title, second: &Title, column: &str) -> Fault {
    let message = if squashed(&first.name) == squashed(&second.name) {
        format!("column `{}` is there twice", second.name)
    } else {
        format!("`{}` and `{}` both mean `{column}`", first.name, second.name)
    };
    Fault::new(message, "the second one").hint("keep one of them")
}

/// A unit where there is none to have.
fn unit_of_none(title: &Title, column: &ColumnSpec, spec: &TableSpec) -> Fault {
    let (message, hint) = match column.kind {
        Kind::Date => (
            format!("column `{}` holds dates", title.name),
            format!("write `{}`, or a format such as `{0} (dd/mm/yyyy)`", column.name),
        ),
        Kind::Clock => {
            let hours =
                spec.way(Way::Hours).map_or("time (h)".to_owned(), |i| spec.columns[i].title());
            (
                format!("column `{}` holds clock times and has no unit", title.name),
                format!(
                    "remove it where it is how long the scan took; hours since the first injection stand in a column `{hours}`"
                ),
            )
        }
        _ => (
            format!("column `{}` holds names or marks and has no unit", column.name),
            format!("write `{}`", column.name),
        ),
    };
    Fault::new(message, "a unit here").hint(hint)
}

/// `weight_kg` is `weight (kg)`, of the covariates whose unit is never left to guessing.
fn with_checked_unit(title: &Title) -> Title {
    let cut = || {
        let (head, tail) = title.name.rsplit_once(['_', ' '])?;
        let known = CHECKED_COVARIATES.iter().any(|c| squashed(c.0) == squashed(head));
        (known && parse_unit(tail).is_ok())
            .then(|| (head.to_owned(), tail.to_owned(), title.name.len() - tail.len()))
    };
    match title.unit.is_none().then(cut).flatten() {
        Some((name, unit, at)) => Title {
            key: name.to_lowercase(),
            name,
            unit: Some((unit, at)),
            column: None,
            order: None,
        },
        None => title.clone(),
    }
}

/// The column meant, and the hint.
fn unknown_column_hint<'a>(title: &Title, spec: &'a TableSpec) -> Option<(&'a str, String)> {
    let near = |name: &str| {
        let near = closest(name, spec.columns.iter().flat_map(ColumnSpec::names))?;
        let column = spec.columns.iter().find(|c| c.names().any(|n| n == near))?;
        Some((column, near))
    };
    if let Some((column, near)) = near(&title.key) {
        return Some((
            column.name,
            match (column.kind.unit(), &title.unit) {
                (Some(_), Some((unit, _))) => format!("did you mean `{near} ({unit})`?"),
                _ => format!("did you mean `{near}`?"),
            },
        ));
    }
    let (head, tail) = title.name.rsplit_once(['_', ' ']).filter(|t| parse_unit(t.1).is_ok())?;
    let (column, near) = near(&head.to_lowercase())?;
    column.kind.unit()?;
    Some((column.name, format!("did you mean `{near} ({tail})`?")))
}
