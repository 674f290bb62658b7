//! What the simulator promises, checked on models built by hand.
#![allow(missing_docs, unreachable_pub, clippy::cast_precision_loss, dead_code)]

mod build;
mod closed_forms;
mod effort;
mod faults;
mod library;
mod population;
mod schedules;
mod sensitivities;
