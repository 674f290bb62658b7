//! What one step made, as sealed bytes and back, without losing a bit.

use std::collections::BTreeMap;

use lutetia_table::{Cell, Column, Origin, Table};
use serde::{Deserialize, Serialize};

use crate::{artefact::Small, world::hash};

/// What a step added to its experiment, but for what it hands on in memory where that is large.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Entry {
    /// Its tables, in the order in which it added them.
    pub(crate) tables: Vec<Table>,
    /// Numerical settings, and what it had to remark.
    pub(crate) settings: BTreeMap<String, String>,
    /// What it hands on, where that is a few values.
    pub(crate) hands_on: Option<Small>,
}

impl Entry {
    /// The bytes to be kept: the SHA-256 of what follows, a line feed, and the content, which names its identity, so
    /// that an entry under another name is none.
    pub(crate) fn seal(&self, identity: &str) -> Vec<u8> {
        let content = Content {
            identity: identity.to_owned(),
            tables: self.tables.iter().map(StoredTable::of).collect(),
            settings: self.settings.clone(),
            hands_on: self.hands_on.as_ref().map(StoredSmall::of),
        };
        // Texts, integers and maps of texts by texts are always JSON.
        let content = serde_json::to_vec(&content).unwrap_or_default();
        let mut sealed = hash(&content).into_bytes();
        sealed.push(b'\n');
        sealed.extend(content);
        sealed
    }

    /// The entry that some bytes hold; none where they were not sealed like this under this identity.
    pub(crate) fn open(identity: &str, sealed: &[u8]) -> Option<Self> {
        let at = sealed.iter().position(|b| *b == b'\n')?;
        let (seal, content) = (&sealed[..at], &sealed[at + 1..]);
        if seal != hash(content).as_bytes() {
            return None;
        }
        let content: Content = serde_json::from_slice(content).ok()?;
        if content.identity != identity {
            return None;
        }
        let tables = content.tables.into_iter().map(StoredTable::table).collect();
        let hands_on = content.hands_on.map(StoredSmall::small);
        Some(Self { tables, settings: content.settings, hands_on })
    }
}

#[derive(Serialize, Deserialize)]
struct Content {
    identity: String,
    tables: Vec<StoredTable>,
    settings: BTreeMap<String, String>,
    hands_on: Option<StoredSmall>,
}

#[derive(Serialize, Deserialize)]
enum StoredSmall {
    Calibrated(Vec<(String, u64)>),
    Effect(BTreeMap<String, String>),
}

impl StoredSmall {
    fn of(small: &Small) -> Self {
        match small {
            Small::Calibrated(values) => {
                Self::Calibrated(values.iter().map(|(n, x)| (n.clone(), x.to_bits())).collect())
            }
            Small::Effect(effect) => Self::Effect(effect.clone()),
        }
    }

    fn small(self) -> Small {
        match self {
            Self::Calibrated(values) => Small::Calibrated(
                values.into_iter().map(|(name, bits)| (name, f64::from_bits(bits))).collect(),
            ),
            Self::Effect(effect) => Small::Effect(effect),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct StoredTable {
    name: String,
    caption: String,
    columns: Vec<StoredColumn>,
    rows: Vec<Vec<StoredCell>>,
    origin: StoredOrigin,
}

#[derive(Serialize, Deserialize)]
struct StoredColumn {
    name: String,
    unit: String,
    tolerance: u64,
}

/// Decimal numbers of JSON have no infinity, and readers round them; bits are bits.
#[derive(Serialize, Deserialize)]
enum StoredCell {
    #[serde(rename = "i")]
    Int(i64),
    #[serde(rename = "b")]
    Bool(bool),
    #[serde(rename = "n")]
    Bits(u64),
    #[serde(rename = "t")]
    Text(String),
    #[serde(rename = "-")]
    Missing,
}

#[derive(Serialize, Deserialize)]
enum StoredOrigin {
    Unknown,
    Observed,
    Simulated,
}

impl StoredTable {
    fn of(table: &Table) -> Self {
        let column = |c: &Column| StoredColumn {
            name: c.name.clone(),
            unit: c.unit.clone(),
            tolerance: c.tolerance.to_bits(),
        };
        Self {
            name: table.name.clone(),
            caption: table.caption.clone(),
            columns: table.columns.iter().map(column).collect(),
            rows: table.rows.iter().map(|row| row.iter().map(StoredCell::of).collect()).collect(),
            origin: match table.origin {
                Origin::Unknown => StoredOrigin::Unknown,
                Origin::Observed => StoredOrigin::Observed,
                Origin::Simulated => StoredOrigin::Simulated,
            },
        }
    }

    fn table(self) -> Table {
        let column = |c: StoredColumn| Column {
            name: c.name,
            unit: c.unit,
            tolerance: f64::from_bits(c.tolerance),
        };
        Table {
            name: self.name,
            caption: self.caption,
            columns: self.columns.into_iter().map(column).collect(),
            rows: self
                .rows
                .into_iter()
                .map(|row| row.into_iter().map(StoredCell::cell).collect())
                .collect(),
            origin: match self.origin {
                StoredOrigin::Unknown => Origin::Unknown,
                StoredOrigin::Observed => Origin::Observed,
                StoredOrigin::Simulated => Origin::Simulated,
            },
        }
    }
}

impl StoredCell {
    fn of(cell: &Cell) -> Self {
        match cell {
            Cell::Int(n) => Self::Int(*n),
            Cell::Bool(yes) => Self::Bool(*yes),
            Cell::Number(x) => Self::Bits(x.to_bits()),
            Cell::Text(text) => Self::Text(text.clone()),
            Cell::Missing => Self::Missing,
        }
    }

    fn cell(self) -> Cell {
        match self {
            Self::Int(n) => Cell::Int(n),
            Self::Bool(yes) => Cell::Bool(yes),
            Self::Bits(bits) => Cell::Number(f64::from_bits(bits)),
            Self::Text(text) => Cell::Text(text),
            Self::Missing => Cell::Missing,
        }
    }
}
