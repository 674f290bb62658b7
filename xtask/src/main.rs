//! Chores of the repository: `cargo xtask …`.
//!
//! - `tidy`: dependency directions, licences, lints, sizes, links and other invariants of `ARCHITECTURE.md`;
//! - `schema [--check]`: writes, or compares, the JSON Schemas and the reference pages of the book;
//! - `tour`: runs the commands of the README's tour in a copy of the repository, and those of the book in empty folders;
//! - `tour --book [--write] [FOLDER]`: those of the book alone, with the command in FOLDER; `--write` puts into its pages
//!   what they print now;
//! - `api [--check]`: writes, or compares, the public surface of every library crate, `api.txt` in its folder;
//! - `changelog VERSION DATE`: makes a release of the changes in `changelog.d/`;
//! - `dependencies [TIMINGS.html]`: writes what every build pays for the work of others;
//! - `deep [WORD]`: what is too heavy for every change, or the parts whose name holds a word;
//! - `bench-peers`: our benches beside the recorded figures of other solvers.

// A chore talks to the person at the terminal; libraries never print.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "chores print")]

mod api;
mod bench_peers;
mod book;
mod changelog;
mod circles;
mod codes;
mod deep;
mod dependencies;
mod edges;
mod errors;
mod examples;
mod invariants;
mod licences;
mod links;
mod pages;
mod schema;
mod scipy;
mod sizes;
mod texts;
mod tidy;
mod tour;
mod workspace;

use std::{path::Path, process::ExitCode};

const USAGE: &str = "usage: cargo xtask <tidy | schema [--check] | tour [--book [--write] [FOLDER]] | api [--check] | changelog VERSION DATE | dependencies [TIMINGS.html] | deep [WORD] | bench-peers>";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["tidy"] => tidy::run(),
        ["schema"] => schema::run(false),
        ["schema", "--check"] => schema::run(true),
        ["tour"] => tour::run(),
        ["tour", "--book", rest @ ..] => {
            let write = rest.first() == Some(&"--write");
            tour::book(write, rest.get(usize::from(write)).map(Path::new))
        }
        ["changelog", version, date] => changelog::run(version, date),
        ["api"] => api::run(false),
        ["api", "--check"] => api::run(true),
        ["dependencies"] => dependencies::write(None),
        ["dependencies", timings] => dependencies::write(Some(Path::new(timings))),
        ["deep"] => deep::run(None),
        ["deep", word] => deep::run(Some(word)),
        ["bench-peers"] => bench_peers::run(),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(64);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
