//! A measured curve that drives something of a model: times, and one column of values.

use std::{collections::HashMap, path::Path};

use lutetia_diagnostic::{Diagnostic, Sources, closest};
use lutetia_units::{Dimension, Quantity, Unit, typed};

use crate::{
    codes,
    study::Covariate,
    table::{
        ColumnSpec, Fault, Faults, Input, Kind, Needed, Part, Place, RowView, TableReader,
        TableSpec, squashed,
    },
};

const TIME: usize = 0;

/// A curve: times, and values under any title.
static CURVE: TableSpec = TableSpec {
    file: "the curve",
    row: "time",
    columns: &[ColumnSpec::new("time", Kind::Number("h"), Needed::Always, "when it was measured")
        .words(&["t", "sample_time", "elapsed_time", "time_after_injection"])
        .united(&[("hours", "h"), ("minutes", "min"), ("seconds", "s"), ("days", "d")])],
    covariates: true,
    unit_column_for: &[],
    row_limit: 1_000_000,
};

/// What is asked of the table of a curve.
#[derive(Debug, Clone, PartialEq)]
pub struct CurveAsked<'a> {
    /// What it drives; the column of the values is called so where nothing is said, or is the only one.
    pub name: &'a str,
    /// The column of the values.
    pub value: Option<&'a str>,
    /// What the values are.
    pub dimension: Dimension,
    /// An example of their unit.
    pub unit: &'a str,
    /// Least and greatest value with which the model holds.
    pub range: Option<(Quantity, Quantity)>,
}

/// A curve as it was measured, its times ascending and distinct.
#[derive(Debug, Clone, PartialEq)]
pub struct MeasuredCurve {
    /// Times, h.
    pub times_h: Vec<f64>,
    /// Values, in `unit`.
    pub values: Vec<f64>,
    /// Their unit.
    pub unit: Unit,
}

impl MeasuredCurve {
    /// Reads a table with a column `time` and a column of values, each with its unit in the title. Rows without a value
    /// are left out. The curve is `None` exactly when one of the diagnostics is an error; all faults are told at once.
    #[must_use]
    pub fn read(path: &Path, asked: &CurveAsked<'_>) -> (Option<Self>, Vec<Diagnostic>, Sources) {
        read(path.display().to_string(), Input::File(path.to_path_buf()), asked)
    }

    /// The same from memory: name and text.
    #[must_use]
    pub fn parse(
        (name, text): (&str, &[u8]),
        asked: &CurveAsked<'_>,
    ) -> (Option<Self>, Vec<Diagnostic>, Sources) {
        read(name.to_owned(), Input::Memory(text), asked)
    }
}

fn read(
    name: String,
    input: Input<'_>,
    asked: &CurveAsked<'_>,
) -> (Option<MeasuredCurve>, Vec<Diagnostic>, Sources) {
    let mut faults = Faults::default();
    let mut kinds = HashMap::new();
    let mut column: Option<Option<String>> = None;
    let mut curve =
        MeasuredCurve { times_h: Vec::new(), values: Vec::new(), unit: Unit::dimensionless() };
    let mut before: Option<(f64, u32)> = None;
    let reader = TableReader { file: 0, name: &name, spec: &CURVE, others: &[] };
    let (delimiter, _) = reader.read(&input, &mut faults, |row, faults| {
        let time = row.needed(TIME, faults);
        let cells = row.covariates(&mut kinds, faults);
        let column = column.get_or_insert_with(|| choose(row, asked, faults));
        let (Some(column), Ok(time)) = (&*column, time) else { return };
        let Some((_, value, place)) = cells.into_iter().find(|c| c.0 == *column) else { return };
        let Covariate::Number(value) = value else {
            faults.error(codes::NOT_A_NUMBER, place, || {
                Fault::new(format!("`{column}` is a text"), "expected a number")
                    .hint("write numbers, their unit in the title")
            });
            return;
        };
        outside(&value, asked, place, faults);
        if !follows(time, before, row, faults) {
            return;
        }
        before = Some((time, row.line));
        curve.unit = value.unit().clone();
        curve.times_h.push(time);
        curve.values.push(value.value());
    });
    if curve.times_h.is_empty() && faults.errors() == 0 {
        faults.error(codes::EMPTY_FILE, Place::file(0), || {
            Fault::new(format!("`{name}` has no value"), "").hint("give a value at a time at least")
        });
    }
    let failed = faults.errors() > 0;
    let (diagnostics, sources) = faults.finish(&[(name, Some(input), delimiter)]);
    ((!failed).then_some(curve), diagnostics, sources)
}

/// The column of the values, of the dimension asked for; its faults are told once.
fn choose(row: &RowView<'_>, asked: &CurveAsked<'_>, faults: &mut Faults) -> Option<String> {
    let columns = row.unlisted();
    let header = |part: Part| Place { part, ..row.title_place() };
    let names = || columns.iter().map(|c| c.0);
    let wanted = asked.value.unwrap_or(asked.name);
    let found = columns.iter().find(|c| squashed(c.0) == squashed(wanted));
    let found = match (found, asked.value, &columns[..]) {
        (None, None, [only]) => Some(only),
        (found, ..) => found,
    };
    let Some(&(name, unit, cell)) = found else {
        if row.has_broken_title() {
            return None;
        }
        faults.error(codes::MISSING_COLUMN, header(Part::Line), || {
            let known: Vec<String> = names().map(|n| format!("`{n}`")).collect();
            let hint = match (closest(wanted, names()), asked.value) {
                _ if known.is_empty() => {
                    format!("add a column `{wanted} ({})`", asked.unit)
                }
                (Some(near), _) => format!("did you mean `value = \"{near}\"`?"),
                (None, Some(_)) => format!("there are: {}", known.join(", ")),
                (None, None) => format!(
                    "say which of {} it is: `value = \"{}\"`",
                    known.join(", "),
                    names().next().unwrap_or_default()
                ),
            };
            Fault::new(format!("no column `{wanted}` with the values"), "not among these")
                .hint(hint)
        });
        return None;
    };
    let place = header(Part::Cell(cell));
    let found = unit.map_or(Dimension::NONE, Unit::dimension);
    if found == asked.dimension {
        return Some(name.to_owned());
    }
    match unit {
        None => faults.error(codes::MISSING_UNIT, place, || {
            Fault::new(format!("column `{name}` has no unit"), "no unit here")
                .hint(format!("write `{name} ({})`", asked.unit))
        }),
        Some(unit) => faults.error(codes::WRONG_DIMENSION, place, || {
            let expected = asked.dimension;
            Fault::new(
                format!("`{name}` is in `{unit}` ({found}); `{}` is {expected}", asked.name),
                "of another dimension",
            )
            .hint(format!("write a unit such as `{name} ({})`", asked.unit))
        }),
    }
    None
}

/// Tells where a value is not one with which the model holds.
fn outside(value: &Quantity, asked: &CurveAsked<'_>, place: Place, faults: &mut Faults) {
    let Some((low, high)) = &asked.range else { return };
    // The ends were read by other roundings.
    let (x, slack) = (value.si(), |end: f64| 1e-12 * end.abs());
    if x >= low.si() - slack(low.si()) && x <= high.si() + slack(high.si()) {
        return;
    }
    faults.error(codes::OUT_OF_RANGE, place, || {
        let said = |q: &Quantity| format!("{} {}", typed(q.value()), q.unit());
        Fault::new(
            format!(
                "`{}` = {} is outside the range of the model, {} to {}",
                asked.name,
                said(value),
                said(low),
                said(high)
            ),
            "outside the range",
        )
        .hint("look at the unit in the title; the model is not made for such a value")
    });
}

/// Whether a time comes after the one before it.
fn follows(time: f64, before: Option<(f64, u32)>, row: &RowView<'_>, faults: &mut Faults) -> bool {
    let Some((last, line)) = before.filter(|b| b.0 >= time) else { return true };
    let place = row.place(TIME);
    let first = Place { line, part: Part::Line, ..place };
    let twice = last <= time;
    faults.error(if twice { codes::DUPLICATE_ROW } else { codes::NOT_ASCENDING }, place, || {
        let (message, hint) = if twice {
            (
                format!("{} h is there twice", typed(time)),
                "keep one of the rows; a step is written with `interpolation = \"previous\"`",
            )
        } else {
            (
                format!("{} h comes after {} h", typed(time), typed(last)),
                "sort the rows by time, and look at the unit",
            )
        };
        Fault::new(message, "not later than the row before")
            .hint(hint)
            .also(first, "the row before")
    });
    false
}
