//! Which cells mean the event, and which columns were meant to be used?

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// Most values that a message lists.
const LISTED: usize = 8;

/// What is wrong with the cells that say whether a time is that of the event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EventFault {
    /// An empty cell.
    #[error("the event is missing")]
    Missing,
    /// A cell that is neither the event nor a censoring.
    #[error("the event is `{found}`, expected 1 or 0; the column has {known}")]
    Unknown {
        /// What it says.
        found: String,
        /// What the column says.
        known: Listed,
    },
    /// No cell is the value that means the event: a misspelt one would make everybody censored.
    #[error("no cell is `{value}`; the column has {known}")]
    NoCell {
        /// The value.
        value: String,
        /// What the column says.
        known: Listed,
    },
}

/// The first different values of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Without the blanks around them; nothing for an empty cell.
    pub values: Vec<Option<String>>,
    /// How many more there are.
    pub more: usize,
}

impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, value) in self.values.iter().enumerate() {
            let comma = if i > 0 { ", " } else { "" };
            match value {
                Some(value) => write!(f, "{comma}`{value}`")?,
                None => write!(f, "{comma}nothing")?,
            }
        }
        if self.more > 0 {
            write!(f, " and {} more", self.more)?;
        }
        Ok(())
    }
}

/// The cells of an event column, each as the event, a censoring, or a fault.
///
/// With a value, cells that are equal to it mean the event: numbers as numbers (`1` is `1.0`), words whatever their case
/// and blanks. Without, pairs that mean one thing alone are read: 1 and 0, true and false, T and F, yes and no, Y and N.
///
/// # Errors
/// [`EventFault::NoCell`].
pub(super) fn events(
    cells: &[String],
    value: Option<&str>,
) -> Result<Vec<Result<bool, EventFault>>, EventFault> {
    let known = listed(cells);
    let Some(value) = value else {
        return Ok(cells.iter().map(|cell| plain(cell, &known)).collect());
    };
    if !cells.is_empty() && !cells.iter().any(|cell| !is_missing(cell) && same(cell, value)) {
        return Err(EventFault::NoCell { value: value.trim().to_owned(), known });
    }
    let one = |cell: &String| match is_missing(cell) {
        true => Err(EventFault::Missing),
        false => Ok(same(cell, value)),
    };
    Ok(cells.iter().map(one).collect())
}

fn plain(cell: &str, known: &Listed) -> Result<bool, EventFault> {
    if is_missing(cell) {
        return Err(EventFault::Missing);
    }
    let word = folded(cell);
    if same(cell, "1") || ["true", "t", "yes", "y"].contains(&word.as_str()) {
        Ok(true)
    } else if same(cell, "0") || ["false", "f", "no", "n"].contains(&word.as_str()) {
        Ok(false)
    } else {
        Err(EventFault::Unknown { found: cell.trim().to_owned(), known: known.clone() })
    }
}

fn is_missing(cell: &str) -> bool {
    ["", "na", "n/a", "nan", ".", "null"].contains(&folded(cell).as_str())
}

/// Without blanks and case.
fn folded(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

/// Whether two cells are one value.
fn same(a: &str, b: &str) -> bool {
    let (a, b) = (folded(a), folded(b));
    match (a.parse::<f64>(), b.parse::<f64>()) {
        // Both were typed: 1, 1.0 and 1e0 are equal to the bit.
        (Ok(x), Ok(y)) => x.total_cmp(&y).is_eq() || (x + 0.0).total_cmp(&(y + 0.0)).is_eq(),
        _ => a == b,
    }
}

fn listed(cells: &[String]) -> Listed {
    let mut seen = BTreeSet::new();
    let mut values: Vec<Option<String>> = Vec::new();
    for cell in cells {
        if seen.insert(folded(cell)) {
            values.push(Some(cell.trim().to_owned()).filter(|text| !text.is_empty()));
        }
    }
    let more = values.len().saturating_sub(LISTED);
    values.truncate(LISTED);
    Listed { values, more }
}

/// What is said of columns that were not used and by their names would change the result.
pub(super) fn unused(headers: &[String], used: &[usize], rows: &[Vec<String>]) -> Vec<String> {
    let kinds: [(&str, &[&str]); 3] = [
        (
            "times of entry (left truncation, pieces of patients): every row counts as at risk from 0",
            &[
                "entry",
                "entrytime",
                "start",
                "starttime",
                "tstart",
                "time0",
                "enter",
                "truncation",
                "lefttruncation",
            ],
        ),
        (
            "weights: every row counts once",
            &["weight", "weights", "wt", "w", "ipw", "iptw", "ipcw", "freq", "frequency"],
        ),
        (
            "groups of rows (repeated patients, clusters): rows count as independent",
            &[
                "id",
                "patient",
                "patientid",
                "subject",
                "subjectid",
                "pid",
                "cluster",
                "center",
                "centre",
                "site",
                "usubjid",
            ],
        ),
    ];
    let mut notes = Vec::new();
    for (at, header) in headers.iter().enumerate().filter(|(at, _)| !used.contains(at)) {
        let name: String = folded(header).chars().filter(|c| c.is_alphanumeric()).collect();
        let Some((k, (what, _))) =
            kinds.iter().enumerate().find(|(_, (_, names))| names.contains(&name.as_str()))
        else {
            continue;
        };
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for row in rows {
            *counts.entry(row.get(at).map_or("", |c| c.trim())).or_default() += 1;
        }
        // An identifier of its own in every row groups nothing.
        if k == 2 && counts.values().all(|n| *n == 1) {
            continue;
        }
        notes
            .push(format!("the column `{header}` is not used; its name says that it holds {what}"));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(all: &[&str]) -> Vec<String> {
        all.iter().map(|&c| c.to_owned()).collect()
    }

    #[test]
    fn exact_codings_of_the_event() {
        let pairs = [
            ("1", "0"),
            ("1.0", "0.0"),
            ("1e0", " 0 "),
            ("TRUE", "FALSE"),
            ("True", "False"),
            ("T", "F"),
            ("yes", "No"),
            ("Y", "n"),
        ];
        for (yes, no) in pairs {
            let found = events(&cells(&[yes, no]), None).expect("a coding");
            assert_eq!(found, [Ok(true), Ok(false)], "{yes} {no}");
        }
        for odd in ["2", "dead", "1,0", "-1", "ja"] {
            let found = events(&cells(&[odd, "0"]), None).expect("a column");
            let said = found[0].clone().expect_err("no coding").to_string();
            assert!(said.contains(odd) && said.contains("`0`"), "{said}");
        }
        for missing in ["", "NA", "nan", "."] {
            assert_eq!(
                events(&cells(&[missing]), None).expect("a column")[0],
                Err(EventFault::Missing)
            );
        }
    }

    #[test]
    fn exact_values_are_compared_and_must_occur() {
        let counted = |column: &[&str], value: &str| -> usize {
            let found = events(&cells(column), Some(value)).expect("it occurs");
            found.into_iter().filter(|e| *e == Ok(true)).count()
        };
        assert_eq!(counted(&["1.0", "0.0", "1.0"], "1"), 2);
        assert_eq!(counted(&["1", "0", "1.000"], "1.0"), 2);
        assert_eq!(counted(&["2.0", "2", "1"], "2"), 2);
        assert_eq!(counted(&["TRUE", "FALSE"], "true"), 1);
        assert_eq!(counted(&["Dead", " dead", "DEAD ", "alive"], "dead"), 3);
        assert_eq!(counted(&["died of disease", "Died  of disease", "x"], "died of disease"), 2);
        assert_eq!(counted(&["-0.0", "1"], "0"), 1);
        for (column, value) in
            [(&["dead", "censored"], "deed"), (&["1", "0"], "2"), (&["", "NA"], "NA")]
        {
            let said =
                events(&cells(column), Some(value)).expect_err("it does not occur").to_string();
            assert!(said.contains(value) && said.contains("the column has"), "{said}");
        }
        let refused = events(&cells(&["dead"]), Some("deed")).expect_err("no").to_string();
        assert!(refused.contains("`dead`"), "{refused}");
        // Never taken for each other.
        assert_eq!(counted(&["1", "10", "1a", "one"], "1"), 1);
    }

    #[test]
    fn exact_columns_that_would_change_the_result_are_named() {
        let headers = cells(&["time", "event", "start", "Weight", "patient_id", "arm", "dose"]);
        let row = |id: &str| cells(&["1", "1", "0", "2", id, "a", "3"]);
        let named = unused(&headers, &[0, 1, 5], &[row("1"), row("2")]);
        assert_eq!(named.len(), 2, "{named:?}");
        assert!(named[0].contains("`start`") && named[1].contains("`Weight`"));
        let repeated = unused(&headers, &[0, 1, 5], &[row("1"), row("1")]);
        assert!(repeated.len() == 3 && repeated[2].contains("`patient_id`"), "{repeated:?}");
        assert!(unused(&headers, &[0, 1, 2, 3, 4, 5], &[row("1"), row("1")]).is_empty());
    }
}
