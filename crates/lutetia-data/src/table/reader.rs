//! Rows of one table, with every fault of the text told.

use std::{borrow::Cow, collections::HashMap};

use lutetia_units::{Quantity, Unit};

use super::{
    Cell, Decimals, Fault, Faults, Header, Input, LineFault, NumberFault, Part, Place, ReadAs,
    TableSpec, Way,
    cells::QuoteFault,
    clock::{ClockFault, Moment, Order, has_clock, parse_clock, parse_date, with_date},
    header::{Scale, detect_delimiter},
    is_missing,
    numbers::{Marks, without_thousands},
    parse_number, split,
    units::{Measure, Per, unit_factor},
};
use crate::{Covariate, codes};

/// What to do where a number that must be there is not.
const NEEDED: &str = "give the number or remove the row";

/// Different units that a column of units may hold; more is a column taken for another.
const MOST_UNITS: usize = 256;

/// Lines from which the decimal mark of a file is taken.
const LOOKED_AT: u32 = 2000;

/// A cell whose fault is already told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bad;

/// Remembers the units of a column of units.
///
/// `None` is a unit whose fault is told, once for all its rows.
type UnitCache = HashMap<(usize, String), Option<Scale>>;

/// One row that has as many cells as the header.
pub(crate) struct RowView<'a> {
    pub(crate) line: u32,
    file: usize,
    text: &'a str,
    cells: &'a [Cell],
    header: &'a Header,
    spec: &'a TableSpec,
    decimals: &'a mut Decimals,
    /// Marks in numbers of the file may be decimal or separate thousands.
    undecided: bool,
    order: &'a mut Option<Order>,
    units: &'a mut UnitCache,
}

/// What a row says of its time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum When {
    /// Hours since the first injection of all cycles.
    Hours(f64),
    /// Hours since the first injection of the cycle.
    After(f64),
    /// Date and clock time.
    At(Moment),
}

impl<'a> RowView<'a> {
    /// The place of a listed column in this row.
    pub(crate) fn place(&self, column: usize) -> Place {
        let part = self.header.slots[column].cell.map_or(Part::Line, Part::Cell);
        Place { file: self.file, line: self.line, part }
    }

    pub(crate) fn whole(&self) -> Place {
        Place { file: self.file, line: self.line, part: Part::Line }
    }

    pub(crate) fn column_name(&self, column: usize) -> &'static str {
        self.spec.columns[column].name
    }

    /// The place of the titles; a part of it is one of them.
    pub(crate) fn title_place(&self) -> Place {
        Place { file: self.file, line: self.header.line, part: Part::Line }
    }

    /// Whether a title that is not listed has a fault, which is told.
    pub(crate) fn has_broken_title(&self) -> bool {
        self.header.covariates.iter().any(|c| c.broken)
    }

    /// The columns that are not listed and have no fault of their own: name, unit, and number of the cell.
    pub(crate) fn unlisted(&self) -> Vec<(&'a str, Option<&'a Unit>, usize)> {
        let whole = self.header.covariates.iter().filter(|c| !c.broken);
        whole.map(|c| (c.name.as_str(), c.unit.as_ref(), c.cell)).collect()
    }

    pub(crate) fn has(&self, column: usize) -> bool {
        self.header.slots[column].cell.is_some()
    }

    fn cell(&self, cell: usize) -> Cow<'a, str> {
        self.cells.get(cell).copied().unwrap_or_default().text(self.text)
    }

    /// Text of a listed column; `None` where the column or the value is missing.
    pub(crate) fn text(&self, column: usize) -> Option<Cow<'a, str>> {
        let cell = self.header.slots[column].cell?;
        Some(self.cell(cell)).filter(|text| !is_missing(text))
    }

    /// A name that must not be empty.
    pub(crate) fn name(&self, column: usize, faults: &mut Faults) -> Result<Cow<'a, str>, Bad> {
        if !self.has(column) {
            return Err(Bad);
        }
        self.text(column).ok_or_else(|| {
            let name = self.spec.columns[column].name;
            faults.error(codes::EMPTY_NAME, self.place(column), || {
                Fault::new(format!("`{name}` is empty"), "nothing here")
                    .hint(format!("name the {name}"))
            });
            Bad
        })
    }

    /// A treatment cycle; 1 where the file has none.
    pub(crate) fn cycle(&self, column: usize, faults: &mut Faults) -> Result<u16, Bad> {
        let Some(text) = self.text(column) else { return Ok(1) };
        text.parse::<u16>().ok().filter(|&c| c > 0).ok_or_else(|| {
            faults.error(codes::BAD_CYCLE, self.place(column), || {
                Fault::new(
                    format!("cycle `{text}` is not a whole number from 1 to 65535"),
                    "not a cycle",
                )
                .hint("number the cycles 1, 2, 3 …")
            });
            Bad
        })
    }

    /// A yes-or-no mark; no where it is missing.
    pub(crate) fn mark(&self, column: usize, faults: &mut Faults) -> Result<bool, Bad> {
        let Some(text) = self.text(column) else { return Ok(false) };
        match text.to_ascii_lowercase().as_str() {
            "yes" | "y" | "true" | "1" => Ok(true),
            "no" | "n" | "false" | "0" => Ok(false),
            _ => {
                let name = self.spec.columns[column].name;
                faults.error(codes::BAD_MARK, self.place(column), || {
                    Fault::new(format!("`{name}` is `{text}`, neither yes nor no"), "not a mark")
                        .hint("write `yes` or `no`")
                });
                Err(Bad)
            }
        }
    }

    /// A number in the fixed unit of its column; `relative_to` is what a percentage refers to.
    pub(crate) fn number(
        &mut self,
        column: usize,
        relative_to: Option<f64>,
        faults: &mut Faults,
    ) -> Result<Option<f64>, Bad> {
        let Some(text) = self.text(column) else { return Ok(None) };
        self.number_of(&text, column, relative_to, faults).map(Some)
    }

    /// A number that must be there.
    pub(crate) fn needed(&mut self, column: usize, faults: &mut Faults) -> Result<f64, Bad> {
        match self.number(column, None, faults)? {
            Some(value) => Ok(value),
            None => Err(self.absent(column, faults)),
        }
    }

    /// Says that a number that must be there is not.
    pub(crate) fn absent(&self, column: usize, faults: &mut Faults) -> Bad {
        match self.has(column) {
            false => Bad,
            true => {
                let name = self.spec.columns[column].name;
                let cell = self.header.slots[column].cell.map(|cell| self.cell(cell));
                faults.error(codes::NOT_A_NUMBER, self.place(column), || {
                    let message = match cell.filter(|text| !text.is_empty()) {
                        Some(text) => {
                            format!("`{name}` is `{text}`, which says that there is no value")
                        }
                        None => format!("`{name}` is empty"),
                    };
                    Fault::new(message, "expected a number").hint(NEEDED)
                });
                Bad
            }
        }
    }

    /// When it was, in the way of the file.
    pub(crate) fn when(&mut self, faults: &mut Faults) -> Result<When, Bad> {
        let given = |way: Way| self.spec.way(way).filter(|&column| self.has(column));
        if let Some(date) = given(Way::Date) {
            let clock = given(Way::Clock);
            let broken = |column: usize| self.header.slots[column].broken;
            if broken(date) || clock.is_some_and(broken) {
                return Err(Bad);
            }
            return self.moment(date, clock, faults).map(When::At);
        }
        if let Some(column) = given(Way::After) {
            return self.needed(column, faults).map(When::After);
        }
        let hours = given(Way::Hours).ok_or(Bad)?;
        self.needed(hours, faults).map(When::Hours)
    }

    /// The column that says when; that of hours where the file has none.
    pub(crate) fn when_column(&self) -> usize {
        let ways = [Way::Date, Way::After, Way::Hours].into_iter();
        let mut columns = ways.filter_map(|way| self.spec.way(way));
        columns.find(|&c| self.has(c)).or_else(|| self.spec.way(Way::Hours)).unwrap_or(0)
    }

    fn moment(
        &mut self,
        date: usize,
        clock: Option<usize>,
        faults: &mut Faults,
    ) -> Result<Moment, Bad> {
        let mut told = |column: usize, text: &str, fault: &ClockFault| {
            let name = self.spec.columns[column].name;
            let beside = self.spec.way(Way::Clock).map_or("", |c| self.spec.columns[c].name);
            faults.error(codes::BAD_DATE, self.place(column), || {
                clock_fault(text, name, beside, fault)
            });
            Bad
        };
        let clock = clock
            .map(|column| {
                let text = self.text(column).unwrap_or_default();
                parse_clock(&text).map_err(|fault| told(column, &text, &fault))
            })
            .transpose();
        let text = self.text(date).unwrap_or_default();
        let known = self.header.slots[date].order.or(*self.order);
        let dated = match parse_date(&text, self.header.slots[date].order) {
            // One that shows its order by itself must not show another than those before it.
            Ok(dated) if dated.shows.is_some() && known.is_some() && dated.shows != known => {
                parse_date(&text, known)
            }
            parsed => parsed,
        };
        let dated = dated.map_err(|fault| told(date, &text, &fault));
        let (dated, clock) = (dated?, clock?);
        let moment = dated.at(clock).map_err(|fault| told(date, &text, &fault))?;
        *self.order = self.order.or(dated.shows);
        Ok(moment)
    }

    /// The number in `text`, which is (part of) the cell of `column`.
    pub(crate) fn number_of(
        &mut self,
        text: &str,
        column: usize,
        relative_to: Option<f64>,
        faults: &mut Faults,
    ) -> Result<f64, Bad> {
        let relative_to = relative_to.map(|value| Measure { value, per: Per::default() });
        self.measure_of(text, column, relative_to, faults).map(|measure| measure.value)
    }

    /// The same of an activity, which may be a concentration or a share.
    pub(crate) fn measure_of(
        &mut self,
        text: &str,
        column: usize,
        relative_to: Option<Measure>,
        faults: &mut Faults,
    ) -> Result<Measure, Bad> {
        let place = self.place(column);
        let name = self.spec.columns[column].name;
        let required = self.spec.columns[column].required();
        let value = self.parse(text, name, place, required, faults)?;
        let (scaled, per) = match self.scale(column, faults)? {
            Scale::Factor(factor) => (value * factor, Per::default()),
            Scale::Measured(factor, per) => (value * factor, per),
            Scale::Fraction(factor) => {
                let whole = relative_to.ok_or(Bad)?;
                (value * factor * whole.value, whole.per)
            }
            Scale::None | Scale::Cell(_) => return Err(Bad),
        };
        if scaled.is_finite() {
            // 0.1 d is 2.4 h, not 2.4000000000000004 h.
            return Ok(Measure { value: lutetia_units::without_noise(scaled), per });
        }
        faults.error(codes::NOT_FINITE, place, || {
            Fault::new(format!("`{name}` is `{text}`, too large for its unit"), "not finite")
                .hint("look for a misplaced exponent")
        });
        Err(Bad)
    }

    fn parse(
        &mut self,
        text: &str,
        name: &str,
        place: Place,
        required: bool,
        faults: &mut Faults,
    ) -> Result<f64, Bad> {
        let commas = self.header.delimiter != b',';
        let decimals = *self.decimals;
        let plain = without_thousands(text);
        if let (true, Some(whole)) = (self.undecided, &plain) {
            let mark = if text.contains('.') { "." } else { "," };
            faults.error(codes::UNDECIDED_NUMBER, place, || {
                Fault::new(
                    format!("`{text}` may be {whole} or {}", text.replacen(',', ".", 1)),
                    "one mark and three digits, as has every such number of the file",
                )
                .hint(format!(
                    "write `{whole}` where the mark separates thousands, and `{text}0` where it is decimal: a `{mark}` with other than three digits behind it settles the whole file"
                ))
            });
            return Err(Bad);
        }
        parse_number(text, commas, self.decimals).map_err(|fault| {
            match fault {
                NumberFault::NotANumber => faults.error(codes::NOT_A_NUMBER, place, || {
                    let hint = if let Some(plain) = plain {
                        format!("write `{plain}`, without a separator of thousands")
                    } else if text.contains(':') {
                        "clock times need a date beside them, in a column `date`; hours are written as a number".to_owned()
                    } else if !commas && text.contains(',') {
                        "write a decimal point, or separate the columns with `;`".to_owned()
                    } else if decimals == Decimals::Comma {
                        "write a number such as `12,5` or `1,25e1`, its unit in the header".to_owned()
                    } else {
                        "write a number such as `12.5` or `1.25e1`, its unit in the header".to_owned()
                    };
                    Fault::new(format!("`{name}` is `{text}`, not a number"), "expected a number")
                        .hint(hint)
                }),
                NumberFault::NotFinite => faults.error(codes::NOT_FINITE, place, || {
                    Fault::new(format!("`{name}` is `{text}`, not a finite number"), "not finite")
                        .hint(if required { NEEDED } else { "leave the cell empty where there is no value" })
                }),
                NumberFault::Mixed => faults.error(codes::MIXED_DECIMALS, place, || {
                    let hint = match decimals.written(text) {
                        _ if plain.is_some() && text.contains(',') && text.contains('.') => {
                            format!("write `{}`, without a separator of thousands", plain.unwrap_or_default())
                        }
                        Some(number) => format!(
                            "decimal {} stand in the rest of the file: write `{number}`, and no separator of thousands",
                            if decimals == Decimals::Comma { "commas" } else { "points" }
                        ),
                        None => {
                            "use one decimal mark in the whole file and no separator of thousands".to_owned()
                        }
                    };
                    Fault::new(
                        format!("`{text}` mixes decimal commas and decimal points"),
                        "a comma and a point in one number or one file",
                    )
                    .hint(hint)
                }),
            }
            Bad
        })
    }

    fn scale(&mut self, column: usize, faults: &mut Faults) -> Result<Scale, Bad> {
        let Scale::Cell(cell) = self.header.slots[column].scale else {
            return Ok(self.header.slots[column].scale);
        };
        let text = self.cell(cell).into_owned();
        let key = (column, text);
        if let Some(scale) = self.units.get(&key) {
            return scale.ok_or(Bad);
        }
        let place = Place { file: self.file, line: self.line, part: Part::Cell(cell) };
        let column_spec = &self.spec.columns[column];
        if is_missing(&key.1) {
            faults.error(codes::MISSING_UNIT, place, || {
                Fault::new(format!("the unit of `{}` is empty", column_spec.name), "no unit here")
                    .hint("give the unit in every row, or once in the header")
            });
            return Err(Bad);
        }
        if self.units.len() >= MOST_UNITS {
            faults.error(codes::UNKNOWN_UNIT, place, || {
                Fault::new(format!("more than {MOST_UNITS} different units"), "one more unit")
                    .hint("look whether another column was taken for the unit")
            });
            return Err(Bad);
        }
        let scale = match unit_factor(&key.1, column_spec.name, column_spec.kind) {
            Ok(scale) => Some(scale),
            Err(error) => {
                let part = error.range.map_or(Part::Cell(cell), |(s, e)| Part::Inside(cell, s, e));
                faults.error(error.code, Place { part, ..place }, || error.fault);
                None
            }
        };
        self.units.insert(key, scale);
        scale.ok_or(Bad)
    }

    /// Values of the columns that are not listed: name, quantity or text, and place.
    ///
    /// `kinds` remembers per column whether its first value was a number.
    pub(crate) fn covariates(
        &mut self,
        kinds: &mut HashMap<String, bool>,
        faults: &mut Faults,
    ) -> Vec<(String, Covariate, Place)> {
        let header = self.header;
        let mut out = Vec::new();
        for column in header.covariates.iter().filter(|c| !c.broken) {
            let text = self.cell(column.cell).into_owned();
            if is_missing(&text) {
                continue;
            }
            let place = Place { file: self.file, line: self.line, part: Part::Cell(column.cell) };
            let numeric = match (&column.unit, kinds.get(&column.name)) {
                (Some(_), _) => true,
                (None, Some(&numeric)) => numeric,
                (None, None) => {
                    let mut decimals = *self.decimals;
                    let commas = header.delimiter != b',';
                    let parsed = parse_number(&text, commas, &mut decimals);
                    let numeric = parsed != Err(NumberFault::NotANumber);
                    kinds.insert(column.name.clone(), numeric);
                    numeric
                }
            };
            if numeric {
                if let Ok(value) = self.parse(&text, &column.name, place, false, faults) {
                    let unit = column.unit.clone().unwrap_or_else(Unit::dimensionless);
                    out.push((
                        column.name.clone(),
                        Covariate::Number(Quantity::new(value, unit)),
                        place,
                    ));
                }
            } else {
                out.push((column.name.clone(), Covariate::Text(text), place));
            }
        }
        out
    }
}

/// Reads a table row by row.
pub(crate) struct TableReader<'a> {
    pub(crate) file: usize,
    pub(crate) name: &'a str,
    pub(crate) spec: &'a TableSpec,
    pub(crate) others: &'a [&'a TableSpec],
}

impl TableReader<'_> {
    /// Calls `on_row` for every usable row; returns the character between cells and what was read under other names.
    pub(crate) fn read(
        &self,
        input: &Input<'_>,
        faults: &mut Faults,
        mut on_row: impl FnMut(&mut RowView<'_>, &mut Faults),
    ) -> (u8, Vec<ReadAs>) {
        let mut found = (b',', Vec::new());
        if let Err(error) = self.rows(input, faults, &mut found, &mut on_row) {
            faults.error(codes::UNREADABLE_FILE, Place::file(self.file), || {
                Fault::new(format!("`{}` cannot be read: {error}", self.name), "")
                    .hint("look at the permissions of the file and whether it is a plain file")
            });
        }
        found
    }

    fn rows(
        &self,
        input: &Input<'_>,
        faults: &mut Faults,
        found: &mut (u8, Vec<ReadAs>),
        on_row: &mut dyn FnMut(&mut RowView<'_>, &mut Faults),
    ) -> std::io::Result<()> {
        let mut lines = input.lines()?;
        let mut header: Option<Header> = None;
        let mut cells = Vec::new();
        let (mut decimals, undecided) = self.decimals(input)?;
        let mut order = None;
        let mut units = UnitCache::new();
        let mut count = 0usize;
        while let Some(line) = lines.next_line()? {
            let whole = Place { file: self.file, line: line.number, part: Part::Line };
            let text = match line.text() {
                Ok(text) => text,
                Err(fault) => {
                    self.line_fault(fault, whole, line.bytes.contains(&b'\r'), faults);
                    if header.is_none() || fault == LineFault::Utf16 {
                        return Ok(());
                    }
                    // A row that cannot be read is still a row.
                    count += 1;
                    continue;
                }
            };
            if text.trim().is_empty() {
                continue;
            }
            if let Some(at) = text.find('\r') {
                let place = Place { part: Part::Bytes(at, at + 1), ..whole };
                faults.error(codes::OLD_LINE_ENDS, place, || old_line_ends(self.name));
                return Ok(());
            }
            let Some(header) = &header else {
                header = Header::read(text, whole, self.spec, self.others, faults);
                match &header {
                    Some(header) => *found = (header.delimiter, header.read_as.clone()),
                    None => return Ok(()),
                }
                continue;
            };
            if let Err(fault) = split(text, header.delimiter, &mut cells) {
                count += 1;
                quote_fault(fault, whole, text.len(), faults);
                continue;
            }
            if cells.iter().all(|c| c.text(text).is_empty()) {
                continue;
            }
            count += 1;
            if !header.first.is_empty() && cells[0].text(text).eq_ignore_ascii_case(&header.first) {
                faults.error(codes::MIXED_TABLES, whole, || {
                    Fault::new(format!("a second header in `{}`", self.name), "a table starts here")
                        .hint("keep one table per file, with one header")
                });
                return Ok(());
            }
            if cells.len() != header.width {
                ragged_row(&cells, header, whole, faults);
                continue;
            }
            if count > self.spec.row_limit {
                faults.error(codes::TOO_MANY_ROWS, whole, || {
                    Fault::new(
                        format!("`{}` has more than {} rows", self.name, self.spec.row_limit),
                        "the first row too many",
                    )
                    .hint("look whether this is the right file, or split the study")
                });
                return Ok(());
            }
            let mut row = RowView {
                line: line.number,
                file: self.file,
                text,
                cells: &cells,
                header,
                spec: self.spec,
                decimals: &mut decimals,
                undecided,
                order: &mut order,
                units: &mut units,
            };
            on_row(&mut row, faults);
        }
        if header.is_none() {
            faults.error(codes::EMPTY_FILE, Place::file(self.file), || {
                let times = self.spec.way(Way::Hours);
                let columns: Vec<&str> = (self.spec.columns.iter().enumerate())
                    .filter(|(i, c)| c.required() || times == Some(*i))
                    .map(|(_, c)| c.name)
                    .collect();
                Fault::new(format!("`{}` is empty", self.name), "nothing here")
                    .hint(format!("write a header with at least: {}", columns.join(", ")))
            });
        } else if count == 0 {
            let place = Place { file: self.file, line: 1, part: Part::Line };
            faults.error(codes::EMPTY_FILE, place, || {
                Fault::new(format!("`{}` has a header and no rows", self.name), "nothing follows")
                    .hint("add a row per subject, dose or measurement")
            });
        }
        Ok(())
    }

    /// The decimal mark that most numbers at the beginning of the file have, so that a fault is told of the others; and
    /// whether no number tells a decimal mark from a separator of thousands where both are usual.
    fn decimals(&self, input: &Input<'_>) -> std::io::Result<(Decimals, bool)> {
        let mut lines = input.lines()?;
        let mut cells = Vec::new();
        let (mut separator, mut marks) = (None, Marks::default());
        while let Some(line) = lines.next_line()? {
            if line.number > LOOKED_AT {
                break;
            }
            let Ok(text) = line.text() else { continue };
            let Some(separator) = separator else {
                if !text.trim().is_empty() {
                    separator = Some(detect_delimiter(text));
                }
                continue;
            };
            if separator == b',' || split(text, separator, &mut cells).is_err() {
                continue;
            }
            for cell in &cells {
                marks.add(&cell.text(text));
            }
        }
        Ok((marks.decimals(), marks.undecided(separator.unwrap_or(b','))))
    }

    fn line_fault(&self, fault: LineFault, place: Place, returns: bool, faults: &mut Faults) {
        match fault {
            LineFault::Workbook => faults.error(codes::NOT_UTF8, Place::file(self.file), || {
                Fault::new(
                    format!("`{}` is a workbook of a spreadsheet program, not text", self.name),
                    "",
                )
                .hint("open it there and save this sheet as “CSV UTF-8”")
            }),
            LineFault::Utf16 => faults.error(codes::NOT_UTF8, Place::file(self.file), || {
                Fault::new(format!("`{}` is UTF-16, not UTF-8", self.name), "")
                    .hint("save it as “CSV UTF-8”")
            }),
            LineFault::NotUtf8 { at, byte } => {
                let place = Place { part: Part::Bytes(at, at + 1), ..place };
                faults.error(codes::NOT_UTF8, place, || {
                    Fault::new(
                        format!("byte 0x{byte:02X} in `{}` is not UTF-8", self.name),
                        "not a character",
                    )
                    .hint("save the file as “CSV UTF-8”")
                });
            }
            LineFault::TooLong if returns => {
                faults.error(codes::OLD_LINE_ENDS, place, || old_line_ends(self.name));
            }
            LineFault::TooLong => faults.error(codes::LINE_TOO_LONG, place, || {
                Fault::new(
                    format!("a line of `{}` is longer than 16 KiB", self.name),
                    "starts like this",
                )
                .hint("look whether this is a CSV file with line ends")
            }),
        }
    }
}

/// Why a cell says no moment, and what would.
fn clock_fault(text: &str, column: &str, clock: &str, fault: &ClockFault) -> Fault {
    let empty = text.is_empty();
    let (message, label, hint) = match fault {
        _ if empty => (
            format!("`{column}` is empty"),
            "expected a date or a clock time",
            "give it, or remove the row".to_owned(),
        ),
        ClockFault::Ambiguous { day_first, month_first } => (
            format!("`{text}` may be {day_first} or {month_first}"),
            "day and month cannot be told apart",
            format!(
                "write `{}` or `{}`, or say the order for the whole file in the title of the column: `{column} (dd/mm/yyyy)`",
                with_date(text, day_first),
                with_date(text, month_first)
            ),
        ),
        ClockFault::OtherOrder { iso } => (
            format!("`{text}` has day and month in another order than the rest of the file"),
            "the other order",
            format!("write `{}`, and all dates of the file this way", with_date(text, iso)),
        ),
        ClockFault::ShortYear => (
            format!("the year of `{text}` has two digits"),
            "which century, and which of the numbers is the year?",
            "write the date as `2025-03-31`".to_owned(),
        ),
        ClockFault::SerialNumber => (
            format!("`{text}` is the number by which a spreadsheet keeps a date"),
            "not a date that can be read",
            "format the cells as `yyyy-mm-dd hh:mm` there and save again".to_owned(),
        ),
        ClockFault::NoSuchDay => (
            format!("`{text}` is not a day of the calendar"),
            "no such day",
            "write the date as `2025-03-31`".to_owned(),
        ),
        ClockFault::NotADate => (
            format!("`{text}` is not a date"),
            "expected a date",
            "write the date as `2025-03-31`, with its clock time as `2025-03-31 10:30`".to_owned(),
        ),
        ClockFault::NoClock if has_clock(text) => (
            format!("`{text}` has no clock time: spreadsheets write midnight behind a date"),
            "a date alone is not a time",
            format!(
                "add a column `{clock}`, or write both as `2025-03-31 10:30`; for midnight itself, `00:00` in `{clock}`"
            ),
        ),
        ClockFault::NoClock => (
            format!("`{text}` has no clock time"),
            "a date alone is not a time",
            format!("add a column `{clock}`, or write both as `2025-03-31 10:30`"),
        ),
        ClockFault::NotAClock { guess } => (
            format!("`{text}` holds no clock time from 0:00 to 23:59"),
            "expected a clock time",
            match guess {
                Some(guess) => format!("write `{guess}`"),
                None => "write it as `14:30`, `14:30:00` or `2:30 PM`".to_owned(),
            },
        ),
        ClockFault::Span { start } => (
            format!("`{text}` may be two clock times, or one with an offset from UTC"),
            "expected one clock time",
            format!(
                "write `{start}`; before an offset from UTC seconds are needed, as in `10:30:00-05:00`"
            ),
        ),
        ClockFault::TwoClocks => (
            format!("`{text}` has another clock time than `{clock}` beside it"),
            "two clock times",
            format!("keep the date alone here, or remove the column `{clock}`"),
        ),
    };
    Fault::new(message, label).hint(hint)
}

fn old_line_ends(name: &str) -> Fault {
    Fault::new(
        format!("lines of `{name}` end in a lone carriage return"),
        "a line end of old systems",
    )
    .hint("save the file with LF or CRLF line ends")
}

fn quote_fault(fault: QuoteFault, place: Place, length: usize, faults: &mut Faults) {
    let (range, message, label, hint) = match fault {
        QuoteFault::Unclosed(at) => (
            (at, length),
            "a quote is not closed on its line",
            "opened here",
            "close the quote; line breaks inside a cell are not read",
        ),
        QuoteFault::TextAfter(at) => (
            (at, length),
            "text follows a closing quote",
            "expected the separator or the end of the line",
            "double the quotes that belong to the text",
        ),
    };
    let place = Place { part: Part::Bytes(range.0, range.1), ..place };
    faults.error(codes::BAD_QUOTE, place, || Fault::new(message, label).hint(hint));
}

fn ragged_row(cells: &[Cell], header: &Header, place: Place, faults: &mut Faults) {
    let (found, expected) = (cells.len(), header.width);
    let part = if found > expected {
        let end = cells.last().map_or(0, |c| c.end);
        Part::Bytes(cells[expected].start, end)
    } else {
        Part::Line
    };
    faults.error(codes::RAGGED_ROW, Place { part, ..place }, || {
        let hint = if found > expected && header.delimiter == b',' {
            "put cells with commas in quotes; decimal commas need `;` between the columns"
        } else if found > expected {
            "put cells that contain the separator in quotes"
        } else {
            "leave cells without a value empty, but keep their separators"
        };
        let label = if found > expected { "too many cells" } else { "too few cells" };
        Fault::new(format!("row has {found} cells, the header {expected}"), label).hint(hint)
    });
}
