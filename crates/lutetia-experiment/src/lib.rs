//! Experiments: what an `experiment.toml` says, and the tables its steps make.
//!
//! [`spec`] reads the file, [`keys`] is the table of its keys, [`check()`] finds its faults, [`steps`] holds each kind
//! of step, [`run()`] runs them one after the other, [`world`] is everything that is read from outside, [`cache`] what
//! steps made before. Figures are built by `lutetia-figure`, pages and files written by `lutetia-report`.
//!
//! ```
//! use std::sync::Arc;
//!
//! use lutetia_experiment::{Disk, Keep, Reading, check, run};
//!
//! let text = r#"
//! [experiment]
//! title = "What remains of the ligand"
//! question = "How much activity is in the tumour after four days?"
//! seed = 1
//! objective = "An example."
//! method = "A bundled model."
//! result = '{{ num("course/96/A_tumour", 3) }} MBq.'
//! disagreement = "None."
//!
//! [models.pk]
//! file = "psma/tumour-kidney"
//! nuclides = ["Lu-177"]
//!
//! [[step]]
//! kind = "simulate"
//! id = "course"
//! model = "pk"
//! until = "4 d"
//! points = 2
//! doses = [{ at = "0 h", into = "L.plasma", activity = "7.4 GBq", amount = "100 nmol" }]
//! "#;
//! // Bundled models are there in any folder.
//! let world = Disk::new(".");
//! let checked = check("experiment.toml", text, &world);
//! let experiment = checked.experiment.expect("no faults");
//! let made = run(&experiment, &mut Reading::of(&world), &Keep::nothing(), &|_| {}, &Arc::default())?;
//! assert!(made.tables.contains_key("course"));
//! # Ok::<(), lutetia_experiment::Failure>(())
//! ```

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
