//! `cargo xtask deep`: what is too heavy for every change, whole: every part is run, also after one failed, and the
//! result is written to `xtask/deep.csv`, which is committed.

use std::{
    fmt::Write as _,
    process::{Command, Stdio},
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result, ensure};

use crate::workspace;

const RESULT: &str = "xtask/deep.csv";

/// A part: its name, and what is run in a folder of the repository.
struct Part {
    name: &'static str,
    folder: &'static str,
    /// The program; cargo without it. A part whose program is not installed is left out, and the result says so.
    program: Option<&'static str>,
    arguments: &'static [&'static str],
}

const PARTS: &[Part] = &[
    Part {
        name: "every test, with optimisation",
        folder: ".",
        program: None,
        arguments: &["test", "--workspace", "--locked", "--release", "--no-fail-fast"],
    },
    Part {
        name: "every report, from nothing",
        folder: ".",
        program: None,
        arguments: &[
            "run",
            "--release",
            "--locked",
            "--quiet",
            "--",
            "report",
            "--check",
            "--force",
        ],
    },
    Part {
        name: "benches run",
        folder: ".",
        program: None,
        arguments: &["bench", "--workspace", "--locked", "--", "--test"],
    },
    Part {
        name: "crates are packaged",
        folder: ".",
        program: None,
        arguments: &["package", "--workspace", "--locked", "--allow-dirty", "--no-verify"],
    },
    Part {
        name: "Arrow and Parquet",
        folder: "optional/lutetia-arrow",
        program: None,
        arguments: &["test", "--locked"],
    },
    Part {
        name: "the book is built",
        folder: "docs",
        program: Some("mdbook"),
        arguments: &["build"],
    },
];

/// Runs every part, or those whose name contains a word, and writes what came of it when all were run.
pub(crate) fn run(only: Option<&str>) -> Result<()> {
    let chosen: Vec<&Part> =
        PARTS.iter().filter(|part| only.is_none_or(|word| part.name.contains(word))).collect();
    ensure!(
        !chosen.is_empty(),
        "no part has that word in its name; there are: {}",
        PARTS.iter().map(|part| part.name).collect::<Vec<_>>().join("; ")
    );
    let mut rows = String::from("part,result,minutes\n");
    let mut failed = Vec::new();
    for part in chosen {
        let program = part.program.map_or_else(workspace::cargo, Into::into);
        println!(
            "deep: {} ({} {})",
            part.name,
            part.program.unwrap_or("cargo"),
            part.arguments.join(" ")
        );
        if part.program.is_some_and(|program| !installed(program)) {
            println!("deep: {} left out: it is not installed", part.name);
            writeln!(rows, "\"{}\",left out,", part.name)?;
            continue;
        }
        let start = Instant::now();
        let status = Command::new(program)
            .args(part.arguments)
            .current_dir(workspace::root().join(part.folder))
            .stdin(Stdio::null())
            .status()
            .with_context(|| part.name.to_owned())?;
        let minutes = start.elapsed().as_secs_f64() / 60.0;
        let word = if status.success() { "passed" } else { "failed" };
        println!("deep: {} {word} in {minutes:.1} min", part.name);
        writeln!(rows, "\"{}\",{word},{minutes:.1}", part.name)?;
        if !status.success() {
            failed.push(part.name);
        }
    }
    if only.is_none() {
        #[expect(clippy::disallowed_methods, reason = "the date of a run is not a result")]
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let text = format!("# {}, {cores} cores\n{rows}", date(seconds / 86_400));
        std::fs::write(workspace::root().join(RESULT), text).context(RESULT)?;
    }
    ensure!(failed.is_empty(), "failed: {}", failed.join("; "));
    Ok(())
}

/// Whether a program answers.
fn installed(program: &str) -> bool {
    let asked = Command::new(program).arg("--version").stdout(Stdio::null()).status();
    asked.is_ok_and(|status| status.success())
}

/// The Gregorian date of a day counted from 1970-01-01 (Hinnant's `civil_from_days`: years begin in March, so that
/// the leap day is their last).
fn date(day: u64) -> String {
    let shifted = day + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year + u64::from(month <= 2);
    format!("{year}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_days_are_dates() {
        for (day, text) in [
            (0, "1970-01-01"),
            (58, "1970-02-28"),
            (59, "1970-03-01"),
            (11_016, "2000-02-29"),
            (11_017, "2000-03-01"),
            (20_786, "2026-11-29"),
        ] {
            assert_eq!(date(day), text);
        }
    }

    #[test]
    fn exact_optional_crates_are_among_the_parts() {
        let folder = workspace::root().join("optional");
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let name =
                format!("optional/{}", entry.expect("an entry").file_name().to_string_lossy());
            assert!(PARTS.iter().any(|part| part.folder == name), "{name} is tested by nothing");
        }
    }
}
