//! `cargo xtask changelog VERSION DATE`: the fragments of `changelog.d/` become a release of `CHANGELOG.md`.
//!
//! A fragment is a file `changelog.d/NAME.AREA.md` of one line, so that two changes never meet in one file. The areas are
//! those of [`AREAS`], in the order in which a release lists them.

use std::{collections::BTreeMap, path::PathBuf};

use anyhow::{Context as _, Result, ensure};

use crate::workspace;

/// The areas of a release: the end of a fragment's name, and the heading.
const AREAS: &[(&str, &str)] = &[
    ("models", "Models"),
    ("language", "Model language and chains"),
    ("simulation", "Simulation"),
    ("fits", "Fits"),
    ("doses", "Doses and plans"),
    ("studies", "Studies and other programs"),
    ("trials", "Trials and survival"),
    ("experiments", "Experiments and reports"),
    ("library", "Library"),
    ("book", "Documentation"),
];

const FOLDER: &str = "changelog.d";
const CHANGELOG: &str = "CHANGELOG.md";

/// Below this line of the changelog stand the releases, newest first.
const MARK: &str = "<!-- releases -->";

/// Makes a release of what `changelog.d/` holds, and empties it.
pub(crate) fn run(version: &str, date: &str) -> Result<()> {
    let fragments = fragments()?;
    ensure!(!fragments.is_empty(), "`{FOLDER}` holds no change");
    let read: Vec<(String, String)> =
        fragments.iter().map(|(path, text)| (name(path), text.clone())).collect();
    let faults = of(&read);
    ensure!(faults.is_empty(), "{}", faults.join("\n"));
    let path = workspace::root().join(CHANGELOG);
    let changelog = std::fs::read_to_string(&path).context(CHANGELOG)?;
    std::fs::write(&path, with_release(&changelog, version, date, &read)?).context(CHANGELOG)?;
    for (path, _) in &fragments {
        std::fs::remove_file(workspace::root().join(path))
            .with_context(|| path.display().to_string())?;
    }
    println!("changelog: {} changes in {version}", fragments.len());
    Ok(())
}

/// What no release can take.
pub(crate) fn faults() -> Result<Vec<String>> {
    let read: Vec<(String, String)> =
        fragments()?.into_iter().map(|(path, text)| (name(&path), text)).collect();
    Ok(of(&read))
}

/// The fragments, by their path.
fn fragments() -> Result<Vec<(PathBuf, String)>> {
    let mut out = Vec::new();
    for path in workspace::files()? {
        if path.starts_with(FOLDER) && !path.ends_with("README.md") {
            let text = workspace::text(&path)?.unwrap_or_default();
            out.push((path, text));
        }
    }
    Ok(out)
}

fn name(path: &std::path::Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The area of a fragment by its name.
fn area(name: &str) -> Option<&'static str> {
    let (_, area) = name.strip_suffix(".md")?.rsplit_once('.')?;
    AREAS.iter().find(|(known, _)| *known == area).map(|(known, _)| *known)
}

fn of(fragments: &[(String, String)]) -> Vec<String> {
    let mut faults = Vec::new();
    for (name, text) in fragments {
        if area(name).is_none() {
            let known: Vec<&str> = AREAS.iter().map(|(known, _)| *known).collect();
            faults.push(format!(
                "{FOLDER}/{name}: expected a name such as `short-words.{}.md`; areas are {}",
                known[0],
                known.join(", ")
            ));
        }
        if text.trim().lines().count() != 1 {
            faults.push(format!("{FOLDER}/{name}: expected one line, what a user notices"));
        }
    }
    faults
}

/// The changelog with a release above the others.
fn with_release(
    changelog: &str,
    version: &str,
    date: &str,
    fragments: &[(String, String)],
) -> Result<String> {
    let (before, after) =
        changelog.split_once(MARK).with_context(|| format!("{CHANGELOG} has no line `{MARK}`"))?;
    let mut by_area: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, text) in fragments {
        if let Some(area) = area(name) {
            by_area.entry(area).or_default().push(text.trim().trim_start_matches("- "));
        }
    }
    let mut release = format!("## [{version}] - {date}\n");
    for (area, heading) in AREAS {
        if let Some(lines) = by_area.get(area) {
            release.push_str(&format!("\n### {heading}\n\n"));
            lines.iter().for_each(|line| release.push_str(&format!("- {line}\n")));
        }
    }
    Ok(format!("{before}{MARK}\n\n{}{after}", release.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(fragments: &[(&str, &str)]) -> Vec<(String, String)> {
        fragments.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn exact_fragments_become_a_release_by_area() {
        let changelog = "# Changelog\n\n<!-- releases -->\n\n## [0.1.0] - 2026-11-30\n";
        let fragments =
            read(&[("b.fits.md", "B.\n"), ("a.fits.md", "- A.\n"), ("c.models.md", "C.\n")]);
        let made = with_release(changelog, "0.2.0", "2027-01-01", &fragments).expect("a mark");
        assert_eq!(
            made,
            "# Changelog\n\n<!-- releases -->\n\n## [0.2.0] - 2027-01-01\n\n### Models\n\n- C.\n\n### Fits\n\n- B.\n- A.\n\n## [0.1.0] - 2026-11-30\n"
        );
        assert!(with_release("# Changelog\n", "0.2.0", "2027-01-01", &fragments).is_err());
    }

    #[test]
    fn exact_faulty_fragments_are_named() {
        assert_eq!(of(&read(&[("a.fits.md", "one line\n")])), Vec::<String>::new());
        assert_eq!(
            of(&read(&[("a.md", "x"), ("a.other.md", "x"), ("a.fits.md", "x\ny")])).len(),
            3
        );
    }
}
