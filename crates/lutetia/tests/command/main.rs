//! The command as a user runs it.
#![allow(missing_docs, clippy::print_stdout)]

mod bad_input;
mod bad_outcomes;
mod bundled;
mod commands;
mod common;
mod curve_choice;
mod curve_input;
mod draws;
mod examples;
mod experiments;
mod fit_draws;
mod hints;
mod numbers;
mod patient_tables;
mod patients;
mod pet;
#[cfg(unix)]
mod progress;
mod spreadsheets;
mod survival;
mod trials;
mod unused_input;
mod varying;
