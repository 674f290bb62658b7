//! What every build pays for the work of others: a table that is read in review.
//!
//! `xtask/dependencies.csv` has a row per external crate that a crate of the workspace names: its version, who names it,
//! how many packages come with it, and how long they take to build. `cargo xtask tidy` holds names, versions and owners;
//! `cargo xtask dependencies` writes them, with the times of `cargo build --release --timings` in an empty target folder.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use anyhow::{Context as _, Result};
use cargo_metadata::{DependencyKind, Metadata, PackageId};

use crate::workspace;

const TABLE: &str = "xtask/dependencies.csv";
const HEADER: &str = "name,version,named by,packages,seconds";

/// What is known of a dependency without building it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    version: String,
    named_by: BTreeSet<String>,
    /// Itself and everything it brings.
    packages: BTreeSet<(String, String)>,
}

/// The external crates that crates of the workspace name, other than for tests, by name.
fn rows(metadata: &Metadata) -> BTreeMap<String, Row> {
    let Some(resolve) = &metadata.resolve else { return BTreeMap::new() };
    let nodes: BTreeMap<&PackageId, _> = resolve.nodes.iter().map(|n| (&n.id, n)).collect();
    let package = |id: &PackageId| &metadata[id];
    let normal = |id: &PackageId| -> Vec<&PackageId> {
        let deps = nodes.get(id).map(|n| &n.deps[..]).unwrap_or_default();
        let used = |k: &cargo_metadata::DepKindInfo| k.kind != DependencyKind::Development;
        deps.iter().filter(|d| d.dep_kinds.iter().any(used)).map(|d| &d.pkg).collect()
    };
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    for member in &metadata.workspace_members {
        if package(member).name == "xtask" {
            continue;
        }
        for id in normal(member) {
            if metadata.workspace_members.contains(id) {
                continue;
            }
            let mut reached = BTreeSet::from([id]);
            let mut open = vec![id];
            while let Some(at) = open.pop() {
                open.extend(normal(at).into_iter().filter(|next| reached.insert(next)));
            }
            let name_of = |id: &PackageId| {
                let p = package(id);
                (p.name.to_string(), p.version.to_string())
            };
            let (name, version) = name_of(id);
            let row = rows.entry(name).or_insert_with(|| Row {
                version,
                named_by: BTreeSet::new(),
                packages: reached.into_iter().map(name_of).collect(),
            });
            row.named_by.insert(package(member).name.trim_start_matches("lutetia-").to_owned());
        }
    }
    rows
}

/// A row without its time.
fn known(name: &str, row: &Row) -> String {
    let by: Vec<&str> = row.named_by.iter().map(String::as_str).collect();
    format!("{name},{},{},{}", row.version, by.join(" "), row.packages.len())
}

/// What the committed table says otherwise than cargo does.
pub(crate) fn faults(metadata: &Metadata) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(workspace::root().join(TABLE)).context(TABLE)?;
    Ok(differences(&rows(metadata), &text))
}

fn differences(rows: &BTreeMap<String, Row>, table: &str) -> Vec<String> {
    let said: BTreeMap<&str, &str> = table
        .lines()
        .filter(|line| !line.starts_with('#') && *line != HEADER)
        .filter_map(|line| Some((line.split(',').next()?, line.rsplit_once(',')?.0)))
        .collect();
    let mut faults = Vec::new();
    for (name, row) in rows {
        let now = known(name, row);
        match said.get(name.as_str()) {
            Some(line) if *line == now => {}
            Some(line) => faults.push(format!(
                "{TABLE}: `{line}` is now `{now}`; look at what the build pays, then `cargo xtask dependencies`"
            )),
            None => faults.push(format!(
                "{TABLE}: `{now}` is new; is it worth what every build pays? then `cargo xtask dependencies`"
            )),
        }
    }
    let gone = said.keys().filter(|name| !rows.contains_key(**name));
    faults.extend(gone.map(|name| format!("{TABLE}: nothing names `{name}` any more")));
    faults
}

/// Writes the table. Times are those of `timings`, the page that `cargo build --timings` writes; without it those of the
/// committed table stay.
pub(crate) fn write(timings: Option<&Path>) -> Result<()> {
    let metadata = workspace::metadata()?;
    let path = workspace::root().join(TABLE);
    let old = std::fs::read_to_string(&path).unwrap_or_default();
    let kept: BTreeMap<&str, &str> = old
        .lines()
        .filter_map(|line| Some((line.split(',').next()?, line.rsplit_once(',')?.1)))
        .collect();
    let built = match timings {
        Some(page) => {
            let text = std::fs::read_to_string(page).with_context(|| page.display().to_string())?;
            Some(durations(&text).context("the page has no UNIT_DATA")?)
        }
        None => None,
    };
    let mut text = format!(
        "# External crates that crates of the workspace name, with everything each brings: packages, and seconds of one\n\
         # core to build them in release mode (they share packages; on a busy machine the times are too long). `cargo xtask dependencies`\n\
         # writes this, with times after `cargo build --release --timings` from nothing.\n{HEADER}\n"
    );
    for (name, row) in &rows(&metadata) {
        let seconds = match &built {
            Some(built) => {
                let all: f64 = row.packages.iter().filter_map(|p| built.get(p)).sum();
                format!("{all:.1}")
            }
            None => kept.get(name.as_str()).map_or_else(String::new, ToString::to_string),
        };
        text.push_str(&format!("{},{seconds}\n", known(name, row)));
    }
    std::fs::write(&path, text).with_context(|| path.display().to_string())
}

/// Seconds of every package, of all its units together, out of the page of `cargo build --timings`.
fn durations(page: &str) -> Option<BTreeMap<(String, String), f64>> {
    let start = page.find("const UNIT_DATA = ")? + "const UNIT_DATA = ".len();
    let end = start + page.get(start..)?.find("\n];")? + 2;
    let mut found: BTreeMap<(String, String), f64> = BTreeMap::new();
    for unit in page.get(start..end)?.split("\n  {").skip(1) {
        let field = |key: &str| {
            let at = unit.find(&format!("\"{key}\": "))? + key.len() + 4;
            let rest = unit.get(at..)?;
            Some(rest.split(['\n', '}']).next()?.trim().trim_end_matches(',').trim_matches('"'))
        };
        let (name, version) = (field("name")?, field("version")?);
        let seconds: f64 = field("duration")?.parse().ok()?;
        *found.entry((name.to_owned(), version.to_owned())).or_default() += seconds;
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> BTreeMap<String, Row> {
        let row = Row {
            version: "1.2.3".to_owned(),
            named_by: ["sim".to_owned(), "fit".to_owned()].into(),
            packages: [("faer".to_owned(), "1.2.3".to_owned()), ("x".to_owned(), "1".to_owned())]
                .into(),
        };
        [("faer".to_owned(), row)].into()
    }

    #[test]
    fn exact_what_is_new_changed_or_gone_is_found() {
        let good = format!("# words\n{HEADER}\nfaer,1.2.3,fit sim,2,12.5\n");
        assert_eq!(differences(&some(), &good), Vec::<String>::new());
        let faults = |text: &str| differences(&some(), text).join("; ");
        assert!(faults(HEADER).contains("is new"));
        assert!(faults(&good.replace("1.2.3", "1.2.2")).contains("is now"));
        assert!(faults(&good.replace("fit sim", "sim")).contains("is now"));
        assert!(faults(&format!("{good}gone,1.0.0,sim,1,3.0\n")).contains("nothing names `gone`"));
    }

    #[test]
    fn exact_times_are_read_from_the_page_of_cargo() {
        let page = "x\nconst UNIT_DATA = [\n  {\n    \"i\": 0,\n    \"name\": \"faer\",\n    \"version\": \"1.2.3\",\n    \
                    \"mode\": \"todo\",\n    \"duration\": 2.5,\n    \"unlocked_units\": []\n  },\n  {\n    \"i\": 1,\n    \
                    \"name\": \"faer\",\n    \"version\": \"1.2.3\",\n    \"duration\": 1.5\n  }\n];\nmore";
        let found = durations(page).expect("units");
        let seconds = found[&("faer".to_owned(), "1.2.3".to_owned())];
        // Exact in binary.
        assert!((seconds - 4.0).abs() < f64::EPSILON, "{seconds}");
    }

    #[test]
    fn exact_the_committed_table_is_that_of_cargo() {
        let metadata = workspace::metadata().expect("cargo metadata of this workspace");
        assert_eq!(faults(&metadata).expect("the table"), Vec::<String>::new());
    }
}
