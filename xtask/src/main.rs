//! Chores of the repository: `cargo xtask …`.
//!
//! - `tidy`: dependency directions, licences, lints, sizes, links and other invariants of `ARCHITECTURE.md`;
//! - `schema [--check]`: writes, or compares, the JSON Schema of the model file;
//! - `tour`: runs the commands of the README's tour in a copy of the repository;
//! - `dependencies [TIMINGS.html]`: writes what every build pays for the work of others;
//! - `deep [WORD]`: what is too heavy for every change, or the parts whose name holds a word;
//! - `bench-peers`: our benches beside the recorded figures of other solvers.

// A chore talks to the person at the terminal; libraries never print.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "chores print")]

mod bench_peers;
mod circles;
mod codes;
mod deep;
mod dependencies;
mod edges;
mod errors;
mod invariants;
mod licences;
mod links;
mod schema;
mod scipy;
mod sizes;
mod texts;
mod tidy;
mod tour;
mod workspace;

use std::{path::Path, process::ExitCode};

const USAGE: &str = "usage: cargo xtask <tidy | schema [--check] | tour | dependencies [TIMINGS.html] | deep [WORD] | bench-peers>";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["tidy"] => tidy::run(),
        ["schema"] => schema::run(false),
        ["schema", "--check"] => schema::run(true),
        ["tour"] => tour::run(),
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
