//! What one step made, as sealed bytes and back, without losing a bit.
//!
//! An entry is the SHA-256 of what follows, a line feed, one line of JSON that says what there is, and the cells in
//! binary (`cells.rs`).

use std::collections::BTreeMap;

use lutetia_table::{Column, Origin, Table};
use serde::{Deserialize, Serialize};

use super::{
    Unfit,
    cells::{Cells, Texts},
};
use crate::{
    artefact::{CalibratedValue, Small},
    results::{Measure, Results},
    world::hash,
};

/// What a step added to its experiment, but for what it hands on in memory where that is large.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Entry {
    /// Its tables, in the order in which it added them.
    pub(crate) tables: Vec<Table>,
    /// What it found, which some of its tables show.
    pub(crate) results: Vec<Results>,
    /// Numerical settings, and what it had to remark.
    pub(crate) settings: BTreeMap<String, String>,
    /// What it hands on, where that is a few values.
    pub(crate) hands_on: Option<Small>,
    /// Seconds that computing it took, where that is known. What is committed does not say so, and is the same bytes
    /// whenever it is made.
    pub(crate) took: Option<f64>,
}

impl Entry {
    /// The bytes to be kept. They name their identity, so that an entry under another name is none.
    pub(crate) fn seal(&self, identity: &str) -> Vec<u8> {
        let mut cells = Vec::new();
        let content = Content {
            identity: identity.to_owned(),
            tables: self.tables.iter().map(|table| StoredTable::of(table, &mut cells)).collect(),
            results: self
                .results
                .iter()
                .filter_map(|results| StoredResults::of(results, &self.tables))
                .collect(),
            settings: self.settings.clone(),
            hands_on: self.hands_on.as_ref().map(StoredSmall::of),
            took: self.took.map(f64::to_bits),
        };
        // Texts, integers and maps of texts by texts are always JSON, on one line.
        let mut content = serde_json::to_vec(&content).unwrap_or_default();
        content.push(b'\n');
        content.extend(cells);
        let mut sealed = hash(&content).into_bytes();
        sealed.push(b'\n');
        sealed.extend(content);
        sealed
    }

    /// The entry that some bytes hold, if they were sealed like this under this identity.
    pub(crate) fn open(identity: &str, sealed: &[u8]) -> Result<Self, Unfit> {
        let (seal, content) = line(sealed).ok_or(Unfit::Damaged)?;
        if seal != hash(content).as_bytes() {
            return Err(Unfit::Damaged);
        }
        let (content, cells) = line(content).ok_or(Unfit::Damaged)?;
        let content: Content = serde_json::from_slice(content).map_err(|_| Unfit::Other)?;
        if content.identity != identity {
            return Err(Unfit::Other);
        }
        let mut cells = Cells::of(cells);
        let tables = content.tables.into_iter().map(|table| table.table(&mut cells));
        let tables = tables.collect::<Option<Vec<Table>>>().ok_or(Unfit::Damaged)?;
        let results = content.results.into_iter().map(|results| results.results(&tables));
        let results = results.collect::<Option<Vec<Results>>>().ok_or(Unfit::Damaged)?;
        let hands_on = content.hands_on.map(StoredSmall::small);
        let took = content.took.map(f64::from_bits);
        Ok(Self { tables, results, settings: content.settings, hands_on, took })
    }
}

/// A first line without its end, and the rest.
fn line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().position(|b| *b == b'\n')?;
    Some((&bytes[..at], &bytes[at + 1..]))
}

#[derive(Serialize, Deserialize)]
struct Content {
    identity: String,
    tables: Vec<StoredTable>,
    results: Vec<StoredResults>,
    settings: BTreeMap<String, String>,
    hands_on: Option<StoredSmall>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    took: Option<u64>,
}

/// A value by its bits.
#[derive(Serialize, Deserialize)]
struct StoredValue {
    name: String,
    nearest: Option<u64>,
    interval: Option<[u64; 2]>,
}

#[derive(Serialize, Deserialize)]
enum StoredSmall {
    Calibrated(Vec<StoredValue>),
    Effect(BTreeMap<String, String>),
}

impl StoredSmall {
    fn of(small: &Small) -> Self {
        match small {
            Small::Calibrated(values) => {
                let stored = |value: &CalibratedValue| StoredValue {
                    name: value.name.clone(),
                    nearest: value.nearest.map(f64::to_bits),
                    interval: value.interval.map(|ends| ends.map(f64::to_bits)),
                };
                Self::Calibrated(values.iter().map(stored).collect())
            }
            Small::Effect(effect) => Self::Effect(effect.clone()),
        }
    }

    fn small(self) -> Small {
        match self {
            Self::Calibrated(values) => {
                let value = |stored: StoredValue| CalibratedValue {
                    name: stored.name,
                    nearest: stored.nearest.map(f64::from_bits),
                    interval: stored.interval.map(|ends| ends.map(f64::from_bits)),
                };
                Small::Calibrated(values.into_iter().map(value).collect())
            }
            Self::Effect(effect) => Small::Effect(effect),
        }
    }
}

/// Results: their values are the cells of the table that shows them, which are kept once.
#[derive(Serialize, Deserialize)]
struct StoredResults {
    /// The table.
    table: usize,
    /// What its columns hold, but for the first; none for words.
    measures: Vec<Option<Measure>>,
}

impl StoredResults {
    /// Results that some tables show, of which they are one; none where no table does.
    fn of(results: &Results, tables: &[Table]) -> Option<Self> {
        let table = tables.iter().position(|table| table.name == results.name())?;
        Some(Self { table, measures: results.measures() })
    }

    /// The results again; none where these are not what their table shows.
    fn results(self, tables: &[Table]) -> Option<Results> {
        Results::kept(tables.get(self.table)?, self.measures)
    }
}

#[derive(Serialize, Deserialize)]
struct StoredTable {
    name: String,
    caption: String,
    columns: Vec<StoredColumn>,
    origin: StoredOrigin,
    /// Number of its rows.
    rows: usize,
    /// Each text of its cells once.
    texts: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct StoredColumn {
    name: String,
    unit: String,
    tolerance: u64,
}

#[derive(Serialize, Deserialize)]
enum StoredOrigin {
    Unknown,
    Observed,
    Simulated,
}

impl StoredTable {
    /// A table; its cells go behind those that are there.
    fn of(table: &Table, cells: &mut Vec<u8>) -> Self {
        let column = |c: &Column| StoredColumn {
            name: c.name.clone(),
            unit: c.unit.clone(),
            tolerance: c.tolerance.to_bits(),
        };
        let mut texts = Texts::default();
        for row in &table.rows {
            texts.write_row(row, cells);
        }
        Self {
            name: table.name.clone(),
            caption: table.caption.clone(),
            columns: table.columns.iter().map(column).collect(),
            origin: match table.origin {
                Origin::Unknown => StoredOrigin::Unknown,
                Origin::Observed => StoredOrigin::Observed,
                Origin::Simulated => StoredOrigin::Simulated,
            },
            rows: table.rows.len(),
            texts: texts.into_list(),
        }
    }

    /// The table again, whose cells are the next ones; none where they are not those of a table.
    fn table(self, cells: &mut Cells<'_>) -> Option<Table> {
        let column = |c: StoredColumn| Column {
            name: c.name,
            unit: c.unit,
            tolerance: f64::from_bits(c.tolerance),
        };
        let mut rows = Vec::new();
        for _ in 0..self.rows {
            rows.push(cells.row(&self.texts)?);
        }
        Some(Table {
            name: self.name,
            caption: self.caption,
            columns: self.columns.into_iter().map(column).collect(),
            rows,
            origin: match self.origin {
                StoredOrigin::Unknown => Origin::Unknown,
                StoredOrigin::Observed => Origin::Observed,
                StoredOrigin::Simulated => Origin::Simulated,
            },
        })
    }
}
