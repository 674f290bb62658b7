//! Which crate may use which: the arrows of `ARCHITECTURE.md`, held over `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata};

/// The arrows: each crate and what it uses. An edge in a manifest is allowed when it lies in the
/// transitive closure of these.
const ARROWS: &[(&str, &[&str])] = &[
    ("lutetia-report", &["lutetia-experiment"]),
    ("lutetia-experiment", &["lutetia-trial", "lutetia-patient", "lutetia-pet", "lutetia-figure"]),
    ("lutetia-patient", &["lutetia-fit", "lutetia-outcome"]),
    ("lutetia-scenario", &["lutetia-sim", "lutetia-dose", "lutetia-models"]),
    ("lutetia-figure", &["lutetia-table", "lutetia-outcome"]),
    ("lutetia-table", &["lutetia-units"]),
    ("lutetia", &["lutetia-report", "lutetia-exchange"]),
    ("lutetia-pet", &["lutetia-fit"]),
    ("lutetia-exchange", &["lutetia-data", "lutetia-model"]),
    ("lutetia-trial", &["lutetia-fit", "lutetia-outcome"]),
    ("lutetia-fit", &["lutetia-scenario", "lutetia-population"]),
    ("lutetia-population", &["lutetia-model"]),
    ("lutetia-sim", &["lutetia-model"]),
    ("lutetia-model", &["lutetia-units", "lutetia-diagnostic"]),
    ("lutetia-dose", &["lutetia-data"]),
    ("lutetia-data", &["lutetia-units", "lutetia-diagnostic", "lutetia-reference-data"]),
    ("lutetia-outcome", &["lutetia-units", "lutetia-diagnostic", "lutetia-reference-data"]),
    ("lutetia-units", &[]),
    ("lutetia-diagnostic", &[]),
    ("lutetia-reference-data", &[]),
    ("lutetia-models", &[]),
    (TESTKIT, &["lutetia-experiment"]),
];

/// What tests share, and nothing else may use.
const TESTKIT: &str = "lutetia-testkit";

/// Heavy dependencies and the one crate that may name each. A name covers the whole family
/// (`diffsol` covers `diffsol-la`), in every kind of dependency.
const OWNERS: &[(&str, &str)] =
    &[("diffsol", "lutetia-sim"), ("argmin", "lutetia-fit"), ("plotters", "lutetia-figure")];

/// A dependency as a manifest declares it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Edge {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) dev: bool,
}

/// Every dependency declared in the workspace.
pub(crate) fn declared(metadata: &Metadata) -> BTreeSet<Edge> {
    metadata
        .workspace_packages()
        .into_iter()
        .flat_map(|package| {
            package.dependencies.iter().map(|dependency| Edge {
                from: package.name.to_string(),
                to: dependency.name.clone(),
                dev: dependency.kind == DependencyKind::Development,
            })
        })
        .collect()
}

/// The forbidden edges among `edges`, as sentences. `crates` are the members of the workspace.
pub(crate) fn faults(edges: &BTreeSet<Edge>, crates: &BTreeSet<String>) -> Vec<String> {
    let allowed = closure();
    let mut faults = Vec::new();
    for name in crates.iter().filter(|name| *name != "xtask") {
        if !allowed.contains_key(name.as_str()) {
            faults.push(format!(
                "crate `{name}` has no place among the arrows of `xtask/src/edges.rs`; add it there and to ARCHITECTURE.md"
            ));
        }
    }
    for Edge { from, to, dev } in edges {
        if let Some((_, owner)) = OWNERS.iter().find(|(name, _)| in_family(to, name))
            && from != owner
        {
            faults.push(format!("`{from}` names `{to}`; only `{owner}` may"));
        }
        if to == "xtask" {
            faults.push(format!("`{from}` uses `xtask`; chores are used by nothing"));
        }
        if to == TESTKIT && !dev {
            faults.push(format!("`{from}` uses `{TESTKIT}` outside its tests"));
        }
        // Tests may look sideways (a model is tested with the real nuclide table), and the chores
        // may use whatever they check.
        if !crates.contains(to) || *dev || from == "xtask" {
            continue;
        }
        let reachable = allowed.get(from.as_str());
        if !reachable.is_some_and(|set| set.contains(to.as_str())) {
            let reachable = reachable
                .map_or_else(String::new, |set| set.iter().copied().collect::<Vec<_>>().join(", "));
            faults.push(format!(
                "`{from}` uses `{to}`, against the arrows; it may use: {}",
                if reachable.is_empty() { "nothing of ours" } else { &reachable }
            ));
        }
    }
    faults
}

/// Dev-dependencies within the workspace: permitted, and listed so that they are seen.
pub(crate) fn sideways(edges: &BTreeSet<Edge>, crates: &BTreeSet<String>) -> Vec<String> {
    edges
        .iter()
        .filter(|edge| edge.dev && crates.contains(&edge.to))
        .map(|edge| format!("{} (tests) → {}", edge.from, edge.to))
        .collect()
}

/// Names of the members of the workspace.
pub(crate) fn members(metadata: &Metadata) -> BTreeSet<String> {
    metadata.workspace_packages().into_iter().map(|package| package.name.to_string()).collect()
}

fn in_family(name: &str, family: &str) -> bool {
    name == family || name.strip_prefix(family).is_some_and(|rest| rest.starts_with(['-', '_']))
}

fn closure() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let direct: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    ARROWS
        .iter()
        .map(|&(from, _)| {
            let mut seen = BTreeSet::new();
            let mut queue = vec![from];
            while let Some(next) = queue.pop() {
                for &to in direct.get(next).copied().unwrap_or_default() {
                    if seen.insert(to) {
                        queue.push(to);
                    }
                }
            }
            (from, seen)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace;

    fn edge(from: &str, to: &str, dev: bool) -> Edge {
        Edge { from: from.to_owned(), to: to.to_owned(), dev }
    }

    #[test]
    fn exact_the_workspace_keeps_its_dependency_directions() {
        let metadata = workspace::metadata().expect("cargo metadata of this workspace");
        let edges = declared(&metadata);
        let crates = members(&metadata);
        assert!(crates.len() >= ARROWS.len(), "{crates:?}");
        assert_eq!(faults(&edges, &crates), Vec::<String>::new());
    }

    #[test]
    fn exact_a_forbidden_edge_is_found() {
        let crates: BTreeSet<String> = ARROWS.iter().map(|(name, _)| (*name).to_owned()).collect();
        let bad = [
            edge("lutetia-dose", "lutetia-sim", false),
            edge("lutetia-units", "lutetia-diagnostic", false),
            edge("lutetia-model", "lutetia-data", false),
            edge("lutetia-scenario", "lutetia-fit", false),
            edge("lutetia-scenario", "lutetia-population", false),
            edge("lutetia-fit", "diffsol-la", false),
            edge("lutetia-sim", "argmin", true),
            edge("lutetia", "plotters", false),
            edge("xtask", "lutetia-testkit", false),
        ];
        for edge in bad {
            let found = faults(&BTreeSet::from([edge.clone()]), &crates);
            assert_eq!(found.len(), 1, "{edge:?}: {found:?}");
        }
        let good = [
            edge("lutetia", "lutetia-units", false),
            edge("lutetia-report", "lutetia-diagnostic", false),
            edge("lutetia-fit", "lutetia-scenario", false),
            edge("lutetia-trial", "lutetia-scenario", false),
            edge("lutetia-patient", "lutetia-scenario", false),
            edge("lutetia-model", "lutetia-data", true),
            edge("lutetia-units", "lutetia-testkit", true),
            edge("lutetia-sim", "diffsol-la", false),
            edge("xtask", "lutetia-model", false),
        ];
        assert_eq!(faults(&BTreeSet::from(good), &crates), Vec::<String>::new());
    }

    #[test]
    fn exact_a_crate_without_a_place_is_found() {
        let mut crates: BTreeSet<String> =
            ARROWS.iter().map(|(name, _)| (*name).to_owned()).collect();
        crates.insert("lutetia-astrology".to_owned());
        assert_eq!(faults(&BTreeSet::new(), &crates).len(), 1);
    }
}
