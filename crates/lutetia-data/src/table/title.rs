//! What the title of a column means: which column, in which unit.

use super::{
    clock::{Order, date_format, is_clock_format},
    spec::{TableSpec, Way, squashed},
    units::{parse_unit, per_of},
};

/// The title of a column, understood.
#[derive(Debug, Clone)]
pub(super) struct Title {
    /// Lower case, blanks and hyphens as underscores.
    pub(super) key: String,
    /// What was typed, without the unit.
    pub(super) name: String,
    /// Text of the unit and its byte offset in the cell.
    pub(super) unit: Option<(String, usize)>,
    /// The listed column it means.
    pub(super) column: Option<usize>,
    /// The order of day and month that a format such as `dd/mm/yyyy` says.
    pub(super) order: Option<Order>,
}

/// Behind a unit of time: it counts from the injection.
const AFTER: &[&str] = &["p.i.", "p.i", "pi", "post injection", "after injection", "p. i."];

impl Title {
    /// Reads `name`, `name (unit)`, `name [unit]`, `name / unit`, `name in unit`, `name_unit` and names that say their
    /// unit, such as `hours p.i.`.
    pub(super) fn parse(text: &str, spec: &TableSpec) -> Self {
        let bracket = text.find(['(', '[']).filter(|_| text.ends_with([')', ']']));
        let (name, unit) = match bracket {
            Some(at) => {
                (text[..at].trim_end(), Some((text[at + 1..text.len() - 1].to_owned(), at + 1)))
            }
            None => (text, None),
        };
        let key = name.to_lowercase().replace([' ', '-'], "_");
        let mut title = Self { key, name: name.to_owned(), unit, column: None, order: None };
        match spec.called(name) {
            Some((column, united)) => {
                title.column = Some(column);
                if title.unit.is_none() {
                    title.unit = united.map(|unit| (unit.to_owned(), text.len()));
                }
            }
            None if bracket.is_none() => title.split_unit(text, spec),
            None => {}
        }
        title.times(spec);
        title
    }

    /// Takes a unit off the end of a name that is none with it.
    fn split_unit(&mut self, text: &str, spec: &TableSpec) {
        let cuts = [" / ", "/", " in ", "_", " ", "-"];
        let found = cuts.iter().find_map(|cut| {
            let (head, tail) = text.rsplit_once(cut)?;
            let (column, united) = spec.called(head.trim_end_matches(','))?;
            let known = &spec.columns[column];
            let unit = known.kind.unit().is_some() && united.is_none();
            let reads = parse_unit(tail).is_ok() || (known.is_measured() && per_of(tail).is_some());
            let tail_at = text.len() - tail.len();
            (unit && !tail.is_empty() && reads)
                .then(|| (head.trim_end_matches([',', ' ']), column, tail.to_owned(), tail_at))
        });
        if let Some((head, column, unit, at)) = found {
            self.key = head.to_lowercase().replace([' ', '-'], "_");
            (self.name, self.column, self.unit) = (head.to_owned(), Some(column), Some((unit, at)));
        }
    }

    /// Hours after the injection, clock times and formats of dates.
    fn times(&mut self, spec: &TableSpec) {
        let Some(way) = self.way(spec) else { return };
        let Some((unit, _)) = &mut self.unit else { return };
        match way {
            Way::Hours => {
                let lower = unit.to_lowercase();
                let after = AFTER.iter().find(|words| lower.ends_with(*words));
                let length = after.map_or(0, |words| unit.len() - words.len());
                let rest = unit.get(..length).unwrap_or("").trim_end().to_owned();
                if let (Some(column), false) = (spec.way(Way::After), rest.is_empty()) {
                    *unit = rest;
                    self.column = Some(column);
                } else if let (Some(column), true) = (spec.way(Way::Clock), is_clock_format(unit)) {
                    (self.column, self.unit) = (Some(column), None);
                }
            }
            Way::Date => {
                if let Some(order) = date_format(unit) {
                    (self.order, self.unit) = (order, None);
                }
            }
            Way::Clock if is_clock_format(unit) => self.unit = None,
            Way::After | Way::Clock => {}
        }
    }

    pub(super) fn way(&self, spec: &TableSpec) -> Option<Way> {
        match spec.columns.get(self.column?)?.needed {
            super::spec::Needed::When(way) => Some(way),
            _ => None,
        }
    }

    /// Whether the name is another than that of its column.
    pub(super) fn is_translated(&self, spec: &TableSpec) -> bool {
        let column = self.column.and_then(|column| spec.columns.get(column));
        column.is_some_and(|column| squashed(column.name) != squashed(&self.name))
    }
}

/// `time` without a unit is the clock time where a date stands beside it.
pub(super) fn clock_times_beside_dates(titles: &mut [Title], spec: &TableSpec) {
    let has = |way: Way| titles.iter().any(|t| t.way(spec) == Some(way));
    let unit_column = titles.iter().any(|t| t.key == "time_unit");
    if !has(Way::Date) || has(Way::Clock) || unit_column {
        return;
    }
    let Some(clock) = spec.way(Way::Clock) else { return };
    for title in titles {
        if title.way(spec) == Some(Way::Hours) && title.unit.is_none() {
            title.column = Some(clock);
        }
    }
}
