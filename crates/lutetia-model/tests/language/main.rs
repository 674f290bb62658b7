//! What model files mean, and what is said of their faults.
#![allow(missing_docs, clippy::cast_precision_loss)]

mod chain_ports;
mod chains;
mod connections;
mod explanations;
mod grades;
mod hints;
mod model_files;
mod mutated_files;
mod organ_tables;
mod schema;
mod settings;
mod system;
