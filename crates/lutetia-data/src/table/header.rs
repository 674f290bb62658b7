//! Which column is where, and in which unit.

use lutetia_diagnostic::{Code, closest};
use lutetia_units::{Dimension, Unit};

use super::{Cell, Fault, Faults, Part, Place, split};
use crate::codes;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    /// A number, read in the named unit.
    Number(&'static str),
    /// The same, or a percentage or fraction of another number of the row.
    NumberOrRelative(&'static str),
}

/// A column a table may have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ColumnSpec {
    pub(crate) name: &'static str,
    pub(crate) alias: &'static str,
    pub(crate) required: bool,
    pub(crate) kind: Kind,
}

impl ColumnSpec {
    pub(crate) const fn new(name: &'static str, required: bool, kind: Kind) -> Self {
        Self { name, alias: name, required, kind }
    }

    pub(crate) const fn alias(mut self, alias: &'static str) -> Self {
        self.alias = alias;
        self
    }
}

/// A table: its file and its columns.
#[derive(Debug)]
pub(crate) struct TableSpec {
    pub(crate) file: &'static str,
    pub(crate) columns: &'static [ColumnSpec],
    /// Columns that are not listed are covariates.
    pub(crate) covariates: bool,
    /// Columns whose unit may stand in a column called `unit`.
    pub(crate) unit_column_for: &'static [&'static str],
    pub(crate) row_limit: usize,
}

/// Where the unit of a column comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Scale {
    /// The column has no unit, or no usable one; its fault is already told.
    None,
    /// The number times this is in the fixed unit.
    Factor(f64),
    /// The number times this is a fraction of another number.
    Fraction(f64),
    /// A cell of the row names the unit.
    Cell(usize),
}

/// A listed column in this file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slot {
    pub(crate) cell: Option<usize>,
    pub(crate) scale: Scale,
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
    pub(crate) delimiter: u8,
    pub(crate) width: usize,
    pub(crate) slots: Vec<Slot>,
    pub(crate) covariates: Vec<Covariate>,
}

struct Title {
    /// Lower case, blanks and hyphens as underscores.
    key: String,
    name: String,
    /// Text and byte offset in the cell.
    unit: Option<(String, usize)>,
}

impl Title {
    fn parse(text: &str) -> Self {
        let split = text.find(['(', '[']).filter(|_| text.ends_with([')', ']']));
        let (name, unit) = match split {
            Some(at) => {
                (text[..at].trim_end(), Some((text[at + 1..text.len() - 1].to_owned(), at + 1)))
            }
            None => (text, None),
        };
        let key = name.to_lowercase().replace([' ', '-'], "_");
        Self { key, name: name.to_owned(), unit }
    }
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

/// Why a unit does not serve a column; `range` are the bytes of its text at fault, where not all.
#[derive(Debug)]
pub(crate) struct UnitFault {
    pub(crate) code: Code,
    pub(crate) fault: Fault,
    pub(crate) range: Option<(usize, usize)>,
}

/// A unit as tables write it: `cc` and `ccm` are `cm^3`, and a power may stand without `^` (`cm3`, `m2`).
fn parse_unit(text: &str) -> Result<Unit, lutetia_units::UnitError> {
    Unit::parse(text).or_else(|error| {
        let spelled = match text.trim() {
            "cc" | "ccm" => "cm^3".to_owned(),
            other => match other.strip_suffix(['2', '3']) {
                Some(base) if !base.is_empty() && base.chars().all(char::is_alphabetic) => {
                    format!("{base}^{}", &other[base.len()..])
                }
                _ => return Err(error),
            },
        };
        Unit::parse(&spelled).map_err(|_| error)
    })
}

/// What brings a number with this unit to the fixed unit of its column.
pub(crate) fn unit_factor(text: &str, column: &str, kind: Kind) -> Result<Scale, Box<UnitFault>> {
    let (wanted, relative) = match kind {
        Kind::Text => return Ok(Scale::None),
        Kind::Number(unit) => (unit, false),
        Kind::NumberOrRelative(unit) => (unit, true),
    };
    let unit = parse_unit(text).map_err(|error| {
        let fault = Fault::new(format!("unit of column `{column}`: {error}"), "in this unit")
            .hint(format!("`{column}` is read in `{wanted}` or any unit of the same kind"));
        UnitFault { code: codes::UNKNOWN_UNIT, fault, range: error.range() }
    })?;
    if relative && unit.dimension().is_none() {
        return Ok(Scale::Fraction(unit.scale()));
    }
    let target = Unit::parse(wanted).map_err(|error| {
        let fault = Fault::new(error.to_string(), "read in this unit");
        UnitFault { code: codes::UNKNOWN_UNIT, fault, range: None }
    })?;
    let factor = unit.conversion_to(&target).map_err(|_| {
        let hint = match (wanted, unit.dimension()) {
            ("MBq", d) if d == Dimension::ACTIVITY / Dimension::VOLUME => {
                "multiply the concentration by the volume of the region".to_owned()
            }
            ("nmol", d) if d == Dimension::MASS => {
                "divide the mass by the molar mass of the ligand and give `nmol`".to_owned()
            }
            _ => format!("write a unit such as `{column} ({wanted})`"),
        };
        let fault = Fault::new(
            format!(
                "`{text}` is a unit of {}, column `{column}` needs {} such as `{wanted}`",
                unit.dimension(),
                target.dimension()
            ),
            format!("found {}, expected {}", unit.dimension(), target.dimension()),
        )
        .hint(hint);
        UnitFault { code: codes::WRONG_DIMENSION, fault, range: None }
    })?;
    Ok(Scale::Factor(factor))
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
        let titles: Vec<Title> = cells.iter().map(|c| Title::parse(&c.text(line))).collect();
        if looks_like_another(&titles, spec)
            && let Some(other) = others.iter().find(|o| !looks_like_another(&titles, o))
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
            slots: vec![Slot { cell: None, scale: Scale::None }; spec.columns.len()],
            covariates: Vec::new(),
        };
        let at = |i: usize| Place { part: Part::Cell(i), ..place };
        let mut suggested: Vec<&str> = Vec::new();
        let mut unit_cells: Vec<(String, usize)> = Vec::new();
        for (i, title) in titles.iter().enumerate() {
            if title.name.is_empty() && title.unit.is_none() {
                faults.error(codes::UNKNOWN_COLUMN, at(i), || {
                    Fault::new(
                        format!("column {} of `{}` has no name", i + 1, spec.file),
                        "no name here",
                    )
                    .hint("name the column or remove it")
                });
                continue;
            }
            let known =
                spec.columns.iter().position(|c| c.name == title.key || c.alias == title.key);
            if let Some(slot) = known {
                if let Some(first) = header.slots[slot].cell {
                    faults.error(codes::DUPLICATE_COLUMN, at(i), || {
                        Fault::new(
                            format!("column `{}` is there twice", title.name),
                            "the second one",
                        )
                        .hint("keep one of them")
                        .also(at(first), "the first one")
                    });
                } else {
                    header.slots[slot].cell = Some(i);
                }
            } else if is_unit_column(&title.key, spec) {
                unit_cells.push((title.key.clone(), i));
            } else if spec.covariates {
                header.add_covariate(title, i, at(i), faults);
            } else {
                let hint = unknown_column_hint(&title.key, spec);
                suggested.extend(hint.as_ref().map(|h| h.0));
                faults.error(codes::UNKNOWN_COLUMN, at(i), || {
                    let known: Vec<&str> = spec.columns.iter().map(|c| c.name).collect();
                    let hint = hint.map_or_else(
                        || format!("`{}` may have: {}", spec.file, known.join(", ")),
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
        header.find_units(line, &cells, &titles, &unit_cells, place, spec, faults);
        for (column, slot) in spec.columns.iter().zip(&header.slots) {
            if column.required && slot.cell.is_none() && !suggested.contains(&column.name) {
                faults.error(codes::MISSING_COLUMN, Place { part: Part::Line, ..place }, || {
                    let example = match column.kind {
                        Kind::Text => column.name.to_owned(),
                        Kind::Number(unit) | Kind::NumberOrRelative(unit) => {
                            format!("{} ({unit})", column.name)
                        }
                    };
                    let other = titles.iter().find(|t| meant_by(&t.key) == Some(column.name));
                    Fault::new(
                        format!("`{}` has no column `{}`", spec.file, column.name),
                        format!("no `{}` among these columns", column.name),
                    )
                    .hint(match other {
                        Some(other) => {
                            format!("rename column `{}` to `{}`", other.name, column.name)
                        }
                        None => format!("add a column `{example}`"),
                    })
                });
            }
        }
        Some(header)
    }

    fn add_covariate(&mut self, title: &Title, cell: usize, place: Place, faults: &mut Faults) {
        if let Some(first) = self.covariates.iter().find(|c| c.name == title.name) {
            let first = Place { part: Part::Cell(first.cell), ..place };
            faults.error(codes::DUPLICATE_COLUMN, place, || {
                Fault::new(format!("column `{}` is there twice", title.name), "the second one")
                    .hint("keep one of them")
                    .also(first, "the first one")
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
            let (Kind::Number(example) | Kind::NumberOrRelative(example)) = column.kind else {
                if titles[cell].unit.is_some() {
                    faults.error(codes::WRONG_DIMENSION, here, || {
                        Fault::new(
                            format!(
                                "column `{}` holds names or marks and has no unit",
                                column.name
                            ),
                            "a unit here",
                        )
                        .hint(format!("write `{}`", column.name))
                    });
                }
                continue;
            };
            if let Some((text, offset)) = &titles[cell].unit {
                match unit_factor(text, column.name, column.kind) {
                    Ok(scale) => slot.scale = scale,
                    Err(error) => {
                        let (start, end) = error.range.unwrap_or((0, text.len()));
                        // Doubled quotes shift offsets; such a unit is marked as a whole cell.
                        let part = if cells[cell].text(line).len()
                            == cells[cell].end - cells[cell].start
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
                None => faults.error(codes::MISSING_UNIT, here, || {
                    Fault::new(format!("column `{}` has no unit", column.name), "no unit here")
                        .hint(format!("write `{} ({example})`", column.name))
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
        || key
            .strip_suffix("_unit")
            .is_some_and(|name| spec.columns.iter().any(|c| c.name == name && c.kind != Kind::Text))
}

fn looks_like_another(titles: &[Title], spec: &TableSpec) -> bool {
    let has = |c: &ColumnSpec| titles.iter().any(|t| t.key == c.name || t.key == c.alias);
    let lacks = spec.columns.iter().any(|c| c.required && !has(c));
    // A table of covariates takes any column, so it is told by columns that it must not have.
    let foreign = spec.covariates
        && ["region", "nuclide"].iter().any(|key| titles.iter().any(|t| t.key == *key));
    lacks || foreign
}

/// The column meant, and the hint.
fn unknown_column_hint<'a>(key: &str, spec: &'a TableSpec) -> Option<(&'a str, String)> {
    if let Some((name, unit)) = key.rsplit_once('_') {
        let column = spec.columns.iter().find(|c| c.name == name && c.kind != Kind::Text);
        if let Some(column) = column {
            let example = match column.kind {
                Kind::Number(example) | Kind::NumberOrRelative(example)
                    if example.eq_ignore_ascii_case(unit) =>
                {
                    example
                }
                _ => unit,
            };
            return Some((
                column.name,
                format!("units stand in brackets: write `{name} ({example})`"),
            ));
        }
    }
    let meant = meant_by(key).filter(|name| spec.columns.iter().any(|c| c.name == *name));
    let column = spec.columns.iter().map(|c| c.name).find(|c| Some(*c) == meant);
    let name = column.or_else(|| closest(key, spec.columns.iter().map(|c| c.name)))?;
    Some((name, format!("did you mean `{name}`?")))
}

/// The column that other programs call so.
fn meant_by(key: &str) -> Option<&'static str> {
    Some(match key {
        "patient" | "patient_id" | "patientid" | "patient_name" | "id" | "subject_id" | "case" => {
            "subject"
        }
        "roi" | "voi" | "organ" | "structure" | "label" | "tissue" => "region",
        "timepoint" | "time_point" | "hours" | "t" => "time",
        "isotope" | "radionuclide" => "nuclide",
        "course" | "treatment" | "fraction" => "cycle",
        "vol" => "volume",
        "uncertainty" | "error" | "std" | "se" => "sd",
        _ => return None,
    })
}
