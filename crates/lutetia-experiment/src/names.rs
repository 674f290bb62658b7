//! Names of tables and of their cells: `<id>`, `<id>.<part>`, `<table>/<row>/<column>`.

use std::{collections::BTreeMap, mem};

/// Whether a table may be one of a step: `<id>` and `<id>.<part>`.
pub(crate) fn owns(id: &str, table: &str) -> bool {
    table.strip_prefix(id).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The table of a path to a cell.
pub(crate) fn first(path: &str) -> &str {
    path.split('/').next().unwrap_or(path)
}

/// Leaves what is seen and returns the rest.
pub(crate) fn rest<T>(
    all: &mut BTreeMap<String, T>,
    seen: impl Fn(&str) -> bool,
) -> BTreeMap<String, T> {
    let (left, rest) = mem::take(all).into_iter().partition(|(name, _)| seen(name));
    *all = left;
    rest
}
