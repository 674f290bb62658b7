//! Reading the columns that a chart needs, with messages that name the table, the row and the column.

use std::{borrow::Cow, collections::BTreeMap};

use schemars::JsonSchema;
use serde::Deserialize;

use lutetia_table::{Cell, Table, Tables, table};

use super::ChartError;

/// Which column of the table plays which role of the chart, where it is not called like the role:
/// `columns = { time = "month", arm = "treatment" }`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Columns(BTreeMap<String, String>);

/// Which rows of the table are drawn: those with these texts in these columns, `only = { endpoint =
/// "overall survival" }`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Only(BTreeMap<String, String>);

impl Columns {
    /// The column of a role: as named, else called like it.
    pub(super) fn of<'s>(&'s self, role: &'s str) -> &'s str {
        self.0.get(role).map_or(role, String::as_str)
    }

    /// The roles that are named, and their columns.
    pub(super) fn named(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(role, column)| (role.as_str(), column.as_str()))
    }
}

impl Only {
    /// The columns that decide, and what stands in the rows that are drawn.
    pub(super) fn named(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(column, text)| (column.as_str(), text.as_str()))
    }
}

/// A table read by the roles of its columns.
pub(crate) struct Source<'a> {
    table: Cow<'a, Table>,
    columns: Cow<'a, Columns>,
}

impl<'a> Source<'a> {
    /// The table of that name, which must have rows; `columns` may only name `roles`.
    pub(crate) fn open(
        tables: &'a Tables,
        name: &str,
        columns: &'a Columns,
        only: &Only,
        roles: &[&str],
    ) -> Result<Self, ChartError> {
        let table = table(tables, name)?;
        if let Some(role) = columns.0.keys().find(|r| !roles.contains(&r.as_str())) {
            return Err(ChartError::Role {
                role: role.clone(),
                known: roles.iter().map(|r| (*r).to_owned()).collect(),
                near: lutetia_diagnostic::closest(role, roles.iter().copied()).map(str::to_owned),
            });
        }
        if table.rows.is_empty() {
            return Err(ChartError::NoRows { table: name.to_owned() });
        }
        let table = only.of(table)?;
        Ok(Self { table, columns: Cow::Borrowed(columns) })
    }

    /// A table that goes with another one: what `columns` and `only` say holds for it as far as it
    /// has such columns.
    pub(crate) fn beside(
        tables: &'a Tables,
        name: &str,
        columns: &Columns,
        only: &Only,
    ) -> Result<Self, ChartError> {
        let beside = table(tables, name)?;
        let has = |column: &String| beside.index_of(column).is_some();
        let columns = columns.0.iter().filter(|(_, c)| has(c));
        let columns = Columns(columns.map(|(r, c)| (r.clone(), c.clone())).collect());
        let only = only.0.iter().filter(|(c, _)| has(c));
        let only = Only(only.map(|(c, t)| (c.clone(), t.clone())).collect());
        let none = Columns::default();
        let opened = Source::open(tables, name, &none, &only, &[])?.table.into_owned();
        Ok(Self { table: Cow::Owned(opened), columns: Cow::Owned(columns) })
    }

    /// The rows that are drawn, with all columns.
    pub(crate) fn table(&self) -> &Table {
        &self.table
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.table.rows.len()
    }

    /// The column that plays a role.
    pub(crate) fn name<'s>(&'s self, role: &'s str) -> &'s str {
        self.columns.0.get(role).map_or(role, String::as_str)
    }

    fn index(&self, role: &str) -> Result<usize, ChartError> {
        self.table.index(self.name(role)).map_err(|source| {
            if self.columns.0.contains_key(role) {
                source.into()
            } else {
                ChartError::RoleMissing { source, role: role.to_owned() }
            }
        })
    }

    /// Whether there is a column for a role; one that was named must exist.
    pub(crate) fn has(&self, role: &str) -> Result<bool, ChartError> {
        if self.columns.0.contains_key(role) {
            return self.index(role).map(|_| true);
        }
        Ok(self.table.index_of(role).is_some())
    }

    /// A message about a row, counted from 1.
    pub(crate) fn fault(&self, row: usize, role: &str, found: &str, expected: &str) -> ChartError {
        ChartError::Cell {
            table: self.table.name.clone(),
            row: row + 1,
            column: self.name(role).to_owned(),
            found: found.to_owned(),
            expected: expected.to_owned(),
        }
    }

    /// A number in every row.
    pub(crate) fn numbers(&self, role: &str) -> Result<Vec<f64>, ChartError> {
        let cells = self.maybe(role)?;
        cells
            .into_iter()
            .enumerate()
            .map(|(i, v)| v.ok_or_else(|| self.fault(i, role, "nothing", "a number")))
            .collect()
    }

    /// A number or nothing in every row of a column that must exist.
    pub(crate) fn maybe(&self, role: &str) -> Result<Vec<Option<f64>>, ChartError> {
        let at = self.index(role)?;
        self.table
            .rows
            .iter()
            .enumerate()
            .map(|(i, row)| match row.get(at) {
                Some(Cell::Number(x)) if x.is_finite() => Ok(Some(*x)),
                Some(Cell::Number(x)) => {
                    Err(self.fault(i, role, &format!("`{x}`"), "a finite number"))
                }
                // A bound stands for what is smaller than can be stated, such as `< 1e-300`.
                Some(Cell::Text(t)) => match t.strip_prefix("< ").and_then(|b| b.parse().ok()) {
                    Some(bound) => Ok(Some(bound)),
                    None => Err(self.fault(i, role, &format!("`{t}`"), "a number")),
                },
                Some(cell @ Cell::Int(_)) => Ok(cell.number()),
                Some(Cell::Bool(yes)) => Err(self.fault(i, role, &format!("`{yes}`"), "a number")),
                Some(Cell::Missing) | None => Ok(None),
            })
            .collect()
    }

    /// A number or nothing in every row; nothing anywhere without such a column.
    pub(crate) fn optional(&self, role: &str) -> Result<Vec<Option<f64>>, ChartError> {
        if self.has(role)? { self.maybe(role) } else { Ok(vec![None; self.len()]) }
    }

    /// The bars between two optional columns.
    pub(crate) fn bars(
        &self,
        low: &str,
        high: &str,
    ) -> Result<Vec<Option<(f64, f64)>>, ChartError> {
        let (lows, highs) = (self.optional(low)?, self.optional(high)?);
        let mut bars = Vec::with_capacity(lows.len());
        for (i, pair) in lows.into_iter().zip(highs).enumerate() {
            bars.push(match pair {
                (Some(l), Some(h)) if l > h => {
                    let found = format!("{l} above `{}` = {h}", self.name(high));
                    return Err(self.fault(i, low, &found, "the lower end"));
                }
                (Some(l), Some(h)) => Some((l, h)),
                _ => None,
            });
        }
        Ok(bars)
    }

    /// The text of every row of a column that must exist; a number as it is printed.
    pub(crate) fn texts(&self, role: &str) -> Result<Vec<String>, ChartError> {
        let at = self.index(role)?;
        Ok(self.table.rows.iter().map(|r| r.get(at).map(Cell::csv).unwrap_or_default()).collect())
    }

    /// The text of every row; empty without such a column.
    pub(crate) fn optional_texts(&self, role: &str) -> Result<Vec<String>, ChartError> {
        if self.has(role)? { self.texts(role) } else { Ok(vec![String::new(); self.len()]) }
    }

    /// Yes or no in every row: 1 or 0, `true` or `false`, `yes` or `no`.
    pub(crate) fn flags(&self, role: &str) -> Result<Vec<bool>, ChartError> {
        let texts = self.texts(role)?;
        let flag = |(i, t): (usize, String)| match t.as_str() {
            "1" | "true" | "yes" => Ok(true),
            "0" | "false" | "no" => Ok(false),
            other => Err(self.fault(i, role, &format!("`{other}`"), "1 or 0")),
        };
        texts.into_iter().enumerate().map(flag).collect()
    }

    /// Refuses numbers below zero.
    pub(crate) fn not_negative(&self, role: &str, values: &[f64]) -> Result<(), ChartError> {
        match values.iter().position(|v| *v < 0.0) {
            Some(i) => {
                Err(self.fault(i, role, &format!("{}", values[i]), "a number that is not negative"))
            }
            None => Ok(()),
        }
    }

    /// Refuses what a logarithmic axis cannot show.
    pub(crate) fn positive(
        &self,
        role: &str,
        values: impl IntoIterator<Item = f64>,
    ) -> Result<(), ChartError> {
        match values.into_iter().enumerate().find(|(_, v)| *v <= 0.0) {
            Some((i, v)) => Err(self.fault(
                i,
                role,
                &format!("{v}"),
                "a number above 0, as the axis is logarithmic",
            )),
            None => Ok(()),
        }
    }
}

impl Only {
    fn of<'a>(&self, table: &'a Table) -> Result<Cow<'a, Table>, ChartError> {
        let mut kept = Cow::Borrowed(table);
        for (column, text) in &self.0 {
            let at = table.index(column)?;
            let holds = |row: &Vec<Cell>| row.get(at).is_some_and(|c| c.csv() == *text);
            if !kept.rows.iter().any(holds) {
                let there: Vec<String> =
                    kept.rows.iter().filter_map(|r| r.get(at)).map(Cell::csv).collect();
                let there: Vec<String> = groups(&there).into_iter().map(|(t, _)| t).collect();
                return Err(ChartError::Only {
                    text: text.clone(),
                    column: column.clone(),
                    table: table.name.clone(),
                    there,
                });
            }
            kept.to_mut().rows.retain(holds);
        }
        Ok(kept)
    }
}

/// The rows of each distinct text, in order of appearance.
pub(crate) fn groups(texts: &[String]) -> Vec<(String, Vec<usize>)> {
    let mut order: Vec<(String, Vec<usize>)> = Vec::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for (i, text) in texts.iter().enumerate() {
        let at = *places.entry(text).or_insert_with(|| {
            order.push((text.clone(), Vec::new()));
            order.len() - 1
        });
        order[at].1.push(i);
    }
    order
}
