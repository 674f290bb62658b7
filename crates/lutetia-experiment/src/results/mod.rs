//! The numbers that a step found, by what they are of and what they are.
//!
//! A step makes results and not only tables where it finds a quantity of each of several subjects: the dose of a region,
//! the median of an arm, an output of a model at a time. They are handed on as values with their units, and the table
//! that a reader sees is made of them; nothing goes the other way. With what is kept of a step they are kept too, so
//! that a step that is not run gives them as well.

mod measure;

use std::collections::BTreeMap;

use lutetia_table::{Cell, Column, Table};

pub(crate) use measure::Measure;

/// Share by which a number that is written as the name of a row may differ from its own: six digits are written.
const WRITTEN: f64 = 5e-6;

/// What a number is of.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Subject {
    /// Something with a name: a region, an arm, a regimen, a parameter.
    Named(String),
    /// Something with a value: a time, an amount.
    Value(f64),
    /// Nothing that was said.
    None,
}

impl Subject {
    fn of(cell: Cell) -> Self {
        match cell {
            Cell::Text(name) => Self::Named(name),
            other => other.number().map_or(Self::None, Self::Value),
        }
    }

    fn cell(&self) -> Cell {
        match self {
            Self::Named(name) => name.as_str().into(),
            Self::Value(x) => (*x).into(),
            Self::None => Cell::Missing,
        }
    }

    /// How far it is from what is written, where it may be meant by it.
    fn distance(&self, written: &str) -> Option<f64> {
        match self {
            Self::Named(name) => (name == written).then_some(0.0),
            Self::Value(x) => {
                let meant: f64 = written.parse().ok()?;
                let distance = (meant - x).abs();
                (distance <= WRITTEN * x.abs()).then_some(distance)
            }
            Self::None => None,
        }
    }
}

/// What stands in a column of results.
#[derive(Debug, Clone, PartialEq)]
enum Holds {
    /// A number.
    Number(Measure),
    /// Words beside the numbers.
    Text,
}

/// Quantities of several subjects.
#[derive(Debug, Clone, PartialEq)]
pub struct Results {
    name: String,
    /// What is shown.
    pub(crate) caption: String,
    /// What the subjects are.
    of: Column,
    columns: Vec<(Holds, Column)>,
    rows: Vec<(Subject, Vec<Cell>)>,
}

impl Results {
    /// None yet; the name is that of the step, or that and the part.
    pub(crate) fn new(name: impl Into<String>, caption: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            caption: caption.into(),
            of: column("", ""),
            columns: Vec::new(),
            rows: Vec::new(),
        }
    }

    /// Says what the subjects are.
    pub(crate) fn subject(mut self, what: &str, unit: &str) -> Self {
        self.of = column(what, unit);
        self
    }

    /// With a further quantity.
    pub(crate) fn number(mut self, measure: Measure, unit: &str) -> Self {
        let column = column(&measure.name(), unit);
        self.columns.push((Holds::Number(measure), column));
        self
    }

    /// With words beside the numbers.
    pub(crate) fn text(mut self, name: &str) -> Self {
        self.columns.push((Holds::Text, column(name, "")));
        self
    }

    /// The relative difference within which numbers of the last column are the same.
    pub(crate) fn tolerance(mut self, relative: f64) -> Self {
        if let Some((_, column)) = self.columns.last_mut() {
            column.tolerance = relative;
        }
        self
    }

    /// Adds a subject and its values, in the order of the columns; those that are left out are not known.
    pub(crate) fn push(&mut self, row: Vec<Cell>) {
        let mut cells = row.into_iter();
        let subject = cells.next().map_or(Subject::None, Subject::of);
        let mut values: Vec<Cell> = cells.collect();
        values.resize(self.columns.len(), Cell::Missing);
        self.rows.push((subject, values));
    }

    /// Their name, that of the table that shows them.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The table that shows them.
    #[must_use]
    pub fn table(&self) -> Table {
        let mut table = Table::new(&self.name, &self.caption);
        table.columns.push(self.of.clone());
        table.columns.extend(self.columns.iter().map(|(_, column)| column.clone()));
        for (subject, values) in &self.rows {
            table.push(std::iter::once(subject.cell()).chain(values.iter().cloned()).collect());
        }
        table
    }

    /// What each column holds; none for words.
    pub(crate) fn measures(&self) -> Vec<Option<Measure>> {
        let measure = |(holds, _): &(Holds, Column)| match holds {
            Holds::Number(measure) => Some(measure.clone()),
            Holds::Text => None,
        };
        self.columns.iter().map(measure).collect()
    }

    /// Results that were kept as the table that shows them and what its columns hold; none where these do not fit
    /// each other.
    pub(crate) fn kept(table: &Table, measures: Vec<Option<Measure>>) -> Option<Self> {
        let (of, columns) = table.columns.split_first()?;
        let fits = |(measure, column): (&Option<Measure>, &Column)| {
            measure.as_ref().is_none_or(|measure| measure.name() == column.name)
        };
        if columns.len() != measures.len() || !measures.iter().zip(columns).all(fits) {
            return None;
        }
        let holds = measures.into_iter().map(|measure| measure.map_or(Holds::Text, Holds::Number));
        let mut results = Self::new(&table.name, &table.caption);
        results.of = of.clone();
        results.columns = holds.zip(columns.iter().cloned()).collect();
        table.rows.iter().for_each(|row| results.push(row.clone()));
        Some(results)
    }

    /// The values of the subject that is written: the nearest one, or the first with that word beside its numbers.
    fn of_subject(&self, written: &str) -> Option<&[Cell]> {
        let near = self.rows.iter().filter_map(|row| Some((row.0.distance(written)?, row)));
        let nearest = near.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, row)| row);
        let beside = || {
            let named = |cell: &Cell| matches!(cell, Cell::Text(text) if text == written);
            self.rows.iter().find(|(_, values)| values.iter().any(named))
        };
        nearest.or_else(beside).map(|(_, values)| values.as_slice())
    }
}

/// A quantity that a step found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Found {
    /// The number; what is said in its place where there is none, or nothing.
    pub(crate) value: Cell,
    /// Its standard deviation, where one was found.
    pub(crate) sd: Option<f64>,
}

/// The results of the steps so far, by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct AllResults(BTreeMap<String, Results>);

impl AllResults {
    /// Adds what a step found.
    pub(crate) fn add(&mut self, results: Results) {
        self.0.insert(results.name.clone(), results);
    }

    /// Leaves those whose names are seen, and returns the rest.
    pub(crate) fn rest(&mut self, seen: impl Fn(&str) -> bool) -> Self {
        Self(crate::names::rest(&mut self.0, seen))
    }

    /// Adds what other steps found.
    pub(crate) fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// All of them, by name.
    pub(crate) fn into_list(self) -> Vec<Results> {
        self.0.into_values().collect()
    }

    /// Their names.
    #[cfg(test)]
    pub(crate) fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    /// What is at `results/subject/quantity`.
    ///
    /// # Errors
    /// [`NotFound`]: a path of another form, or a part of it that is not there, with what is.
    pub(crate) fn at(&self, path: &str) -> Result<Found, NotFound> {
        let parts: Vec<&str> = path.split('/').collect();
        let [name, subject, quantity] = parts[..] else {
            return Err(NotFound::Path { path: path.to_owned() });
        };
        let results = self.0.get(name).ok_or_else(|| NotFound::Results {
            name: name.to_owned(),
            known: self.0.keys().cloned().collect(),
        })?;
        let place = results.columns.iter().position(|(_, column)| column.name == quantity);
        let place = place.ok_or_else(|| NotFound::Quantity {
            results: name.to_owned(),
            quantity: quantity.to_owned(),
            known: results.columns.iter().map(|(_, column)| column.name.clone()).collect(),
        })?;
        let values = results.of_subject(subject).ok_or_else(|| NotFound::Subject {
            results: name.to_owned(),
            subject: subject.to_owned(),
            known: results.rows.iter().map(|(subject, _)| subject.cell().csv()).collect(),
        })?;
        let (holds, _) = &results.columns[place];
        let is_sd_of = |other: &Holds| match (other, holds) {
            (Holds::Number(Measure::SdOf(of)), Holds::Number(own)) => **of == *own,
            _ => false,
        };
        let sd = results.columns.iter().position(|(other, _)| is_sd_of(other));
        let sd = sd.and_then(|at| values.get(at)).and_then(Cell::number);
        Ok(Found { value: values.get(place).cloned().unwrap_or(Cell::Missing), sd })
    }
}

/// Why no step found what is named.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotFound {
    /// Something else than a path.
    #[error("expected `table/row/column`, found `{path}`")]
    Path {
        /// As written.
        path: String,
    },
    /// No step found results of that name.
    #[error("no step found results `{name}`; there are: {}", known.join(", "))]
    Results {
        /// As written.
        name: String,
        /// Those there are.
        known: Vec<String>,
    },
    /// No such quantity among them.
    #[error("`{results}` has no column `{quantity}`; it has: {}", known.join(", "))]
    Quantity {
        /// Of which results.
        results: String,
        /// As written.
        quantity: String,
        /// Those there are.
        known: Vec<String>,
    },
    /// Nobody and nothing of that name has them.
    #[error("`{results}` has no row `{subject}`; it has: {}", known.join(", "))]
    Subject {
        /// Of which results.
        results: String,
        /// As written.
        subject: String,
        /// Those there are.
        known: Vec<String>,
    },
}

impl NotFound {
    /// Code of the message.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "LUT7014"
    }
}

/// What a step shows: results, or what is only to be read and drawn.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shown {
    /// Numbers of subjects, handed on.
    Results(Results),
    /// A table.
    Table(Table),
}

impl From<Results> for Shown {
    fn from(results: Results) -> Self {
        Self::Results(results)
    }
}

impl From<Table> for Shown {
    fn from(table: Table) -> Self {
        Self::Table(table)
    }
}

fn column(name: &str, unit: &str) -> Column {
    Column { name: name.to_owned(), unit: unit.to_owned(), tolerance: Table::TOLERANCE }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results() -> Results {
        let mut results = Results::new("fits", "Integrals")
            .subject("region", "")
            .number(Measure::Tia, "MBq h")
            .number(Measure::Tia.sd(), "MBq h")
            .text("note");
        results.push(vec!["kidney".into(), 1e3.into(), 50.0.into(), "one phase".into()]);
        results.push(vec!["liver".into(), Cell::Missing, Cell::Missing, "it rises".into()]);
        results
    }

    fn simulated() -> Results {
        let mut results = Results::new("sim", "Outputs over time")
            .subject("time", "h")
            .number(Measure::Output("marrow:dose".to_owned()), "Gy");
        for third in 0..4 {
            results.push(vec![(f64::from(third) / 3.0).into(), f64::from(third).into()]);
        }
        results
    }

    fn both() -> AllResults {
        let mut all = AllResults::default();
        all.add(results());
        all.add(simulated());
        all
    }

    #[test]
    fn exact_a_number_is_found_with_its_standard_deviation() {
        let all = both();
        let of = |path: &str| all.at(path).expect("it is there");
        assert_eq!(of("fits/kidney/tia"), Found { value: 1e3.into(), sd: Some(50.0) });
        assert_eq!(of("fits/kidney/tia_sd"), Found { value: 50.0.into(), sd: None });
        assert_eq!(of("fits/liver/tia"), Found { value: Cell::Missing, sd: None });
        assert_eq!(of("fits/it rises/note").value, "it rises".into(), "by the words beside it");
    }

    #[test]
    fn exact_a_time_is_its_value_and_not_its_text() {
        let all = both();
        for (written, value) in
            [("0", 0.0), ("0.333333", 1.0), ("0.33333333333", 1.0), ("1.0", 3.0), ("1e0", 3.0)]
        {
            let found = all.at(&format!("sim/{written}/marrow:dose")).expect("a time");
            assert_eq!(found.value, value.into(), "{written}");
        }
        assert!(matches!(all.at("sim/0.3333/marrow:dose"), Err(NotFound::Subject { .. })));
    }

    #[test]
    fn exact_what_is_not_there_is_said_with_what_is() {
        let all = both();
        let said = |path: &str| all.at(path).expect_err("it is not there").to_string();
        assert_eq!(said("fits/kidney"), "expected `table/row/column`, found `fits/kidney`");
        assert_eq!(said("fit/kidney/tia"), "no step found results `fit`; there are: fits, sim");
        assert_eq!(said("fits/bone/tia"), "`fits` has no row `bone`; it has: kidney, liver");
        assert_eq!(
            said("fits/kidney/mass"),
            "`fits` has no column `mass`; it has: tia, tia_sd, note"
        );
    }

    #[test]
    fn exact_results_come_back_out_of_what_is_kept() {
        for own in [results(), simulated()] {
            let (table, measures) = (own.table(), own.measures());
            assert_eq!(Results::kept(&table, measures.clone()), Some(own.clone()));
            assert_eq!(Results::kept(&table, measures[1..].to_vec()), None, "of another width");
            let mut other = measures;
            other[0] = Some(Measure::Harm);
            assert_eq!(Results::kept(&table, other), None, "of other columns");
        }
    }
}
