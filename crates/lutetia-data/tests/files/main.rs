//! What measured tables and reference tables say, and what is wrong with them.
#![allow(missing_docs)]

mod columns;
mod decay_correction;
mod dose_tables;
mod hints;
mod measures;
mod mutated_files;
mod nuclides;
mod pet;
mod plausible;
mod study_folders;
