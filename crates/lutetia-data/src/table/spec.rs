//! What a table may have: its columns, the words for them, and what each means.

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    /// A number, read in the named unit.
    Number(&'static str),
    /// An activity in a region: itself in MBq, its concentration, or its share of what was injected.
    Measured,
    /// The same, or a percentage or fraction of another such number of the row.
    MeasuredOrRelative,
    /// The same, or a percentage or fraction of another number of the row.
    NumberOrRelative(&'static str),
    /// A pure number, without a unit or in `%`.
    Pure,
    /// A date, with or without a clock time.
    Date,
    /// A clock time.
    Clock,
}

impl Kind {
    /// The unit that numbers are read in.
    pub(crate) fn unit(self) -> Option<&'static str> {
        match self {
            Self::Number(unit) | Self::NumberOrRelative(unit) => Some(unit),
            Self::Measured | Self::MeasuredOrRelative => Some("MBq"),
            Self::Pure => Some("1"),
            Self::Text | Self::Date | Self::Clock => None,
        }
    }
}

/// One way to say when something was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Time since the first injection of all cycles.
    Hours,
    /// Time since the first injection of the cycle.
    After,
    /// A date, alone or with its clock time.
    Date,
    /// The clock time that belongs to a date.
    Clock,
}

/// Whether a table must have a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needed {
    Always,
    /// One of the ways to say when.
    When(Way),
    /// In the case that the words name.
    In(&'static str),
    No,
}

/// A column a table may have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ColumnSpec {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) needed: Needed,
    /// What it holds, in Markdown.
    pub(crate) meaning: &'static str,
    /// Other names it is read by; case, blanks, hyphens, underscores and points do not matter.
    pub(crate) words: &'static [&'static str],
    /// Names that say the unit as well, and which.
    pub(crate) united: &'static [(&'static str, &'static str)],
}

impl ColumnSpec {
    pub(crate) const fn new(
        name: &'static str,
        kind: Kind,
        needed: Needed,
        meaning: &'static str,
    ) -> Self {
        Self { name, kind, needed, meaning, words: &[], united: &[] }
    }

    pub(crate) const fn words(mut self, words: &'static [&'static str]) -> Self {
        self.words = words;
        self
    }

    pub(crate) const fn united(mut self, united: &'static [(&'static str, &'static str)]) -> Self {
        self.united = united;
        self
    }

    pub(crate) fn required(&self) -> bool {
        self.needed == Needed::Always
    }

    /// Every name it is read by, its own first.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        let own = std::iter::once(self.name);
        own.chain(self.words.iter().copied()).chain(self.united.iter().map(|u| u.0))
    }

    /// Whether it may hold concentrations and shares of what was injected.
    pub(crate) fn is_measured(&self) -> bool {
        matches!(self.kind, Kind::Measured | Kind::MeasuredOrRelative)
    }

    /// The title of the column with its usual unit, such as `time (h)`.
    pub(crate) fn title(&self) -> String {
        match self.kind.unit().filter(|_| self.kind != Kind::Pure) {
            Some(unit) => format!("{} ({unit})", self.name),
            None => self.name.to_owned(),
        }
    }
}

/// A table: its file and its columns.
#[derive(Debug)]
pub(crate) struct TableSpec {
    pub(crate) file: &'static str,
    /// One row of it, as in “one row per …”.
    pub(crate) row: &'static str,
    pub(crate) columns: &'static [ColumnSpec],
    /// Columns that are not listed are covariates.
    pub(crate) covariates: bool,
    /// Columns whose unit may stand in a column called `unit`.
    pub(crate) unit_column_for: &'static [&'static str],
    pub(crate) row_limit: usize,
}

impl TableSpec {
    /// The column that a name means, with the unit that the name says.
    pub(crate) fn called(&self, name: &str) -> Option<(usize, Option<&'static str>)> {
        let key = squashed(name);
        self.columns.iter().enumerate().find_map(|(i, column)| {
            if column.united.is_empty() && column.words.is_empty() && squashed(column.name) != key {
                return None;
            }
            let united = column.united.iter().find(|u| squashed(u.0) == key);
            match united {
                Some((_, unit)) => Some((i, Some(*unit))),
                None => column.names().any(|n| squashed(n) == key).then_some((i, None)),
            }
        })
    }

    /// The column that says when in this way.
    pub(crate) fn way(&self, way: Way) -> Option<usize> {
        self.columns.iter().position(|c| c.needed == Needed::When(way))
    }
}

/// A name without what people write differently: case, blanks, hyphens, underscores, points and `#`.
pub(crate) fn squashed(name: &str) -> String {
    name.chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '_' | '-' | '.' | '#' | '\u{feff}'))
        .flat_map(char::to_lowercase)
        .collect()
}
