//! Experiments: what an `experiment.toml` says, and the tables its steps make.
//!
//! [`spec`] reads the file, [`keys`] is the table of its keys, [`check()`] finds its faults, [`steps`] holds each kind
//! of step, [`run()`] runs them one after the other, [`world`] is everything that is read from outside, [`cache`] what
//! steps made before. Figures are built by `lutetia-figure`, pages and files written by `lutetia-report`.

mod artefact;
pub mod cache;
mod check;
mod failure;
mod graph;
mod kept;
pub mod keys;
mod names;
mod plan;
mod results;
pub mod run;
pub mod shelf;
mod sight;
pub mod spec;
pub mod steps;
pub mod world;
pub mod written;

pub use cache::{Cache, Keep, Repository, Source, Unfit};
pub use check::{Checked, Sheet, check, declared, filled, placed};
pub use failure::{Attempt, Failure};
pub use kept::Kept;
pub use plan::{Named, Plan, PlannedFigure, PlannedStep};
pub use results::{NotFound, Results};
pub use run::{Made, StepRun, run};
pub use spec::Experiment;
pub use world::{Disk, Reading, World};
