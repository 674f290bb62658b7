//! What the simulator promises, checked on models built by hand.
#![allow(missing_docs, unreachable_pub, clippy::cast_precision_loss, dead_code)]

mod build;
mod closed_forms;
mod dosing;
mod effort;
mod events;
mod faults;
mod hazards;
mod horizons;
mod language;
mod library;
mod ligands;
mod partner;
mod population;
mod possible;
mod radiobiology;
mod schedules;
mod sensitivities;
mod shipped;
mod steady;
mod switches;
mod tolerances;
mod toxicity;
mod tumour;
mod varying;
mod whole_body;
