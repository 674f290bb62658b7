//! Cohorts, trials, calibration and search on small models whose answers are known.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::cast_precision_loss)]

mod build;
mod calibrations;
mod cohorts;
mod published;
mod regimens;
mod streams;
mod switching;
mod tallies;
mod tradeoffs;
mod treatments;
mod trials;
