//! What experiments make, step by step, in memory.
#![allow(missing_docs, clippy::cast_precision_loss)]

mod cached;
mod calibrated;
mod checked;
mod combination;
mod committed;
mod connected;
mod declared_roles;
mod designs;
mod dose_step;
mod foreseen;
mod inside_trials;
mod mutated;
mod occasions;
mod pet;
mod pet_to_therapy;
mod roles;
mod side_by_side;
mod trial_step;
mod uncertain;
