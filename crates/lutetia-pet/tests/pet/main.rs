//! Tests of the kinetics of PET.
#![allow(missing_docs, clippy::print_stdout)]

mod closed_forms;
mod derived;
mod kinfitr;
mod models;
