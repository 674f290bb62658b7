//! What experiments make, step by step, in memory.
#![allow(missing_docs, clippy::cast_precision_loss)]

mod cached;
mod calibrated;
mod checked;
mod combination;
mod committed;
mod connected;
mod dose_step;
mod inside_trials;
mod occasions;
mod roles;
mod trial_step;
