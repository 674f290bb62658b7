//! Regimens, integration, sensitivities, trajectories.
//!
//! A [`Simulator`] holds a compiled [`System`](lutetia_model::System) and what the solver needs to
//! know of it once: the order of elimination of its Jacobian. It runs any number of parameter sets,
//! regimens and output times, on any number of threads, with the same numbers every time.
//!
//! ```text
//! System ─► Simulator ─┬─ run ────────────────► Trajectory
//!                      ├─ run_sensitivities ──► Trajectory + derivatives by chosen parameters
//!                      └─ run_many ───────────► one Trajectory (or error) per parameter set
//! ```
//!
//! All numbers are in the internal units of the model ([`System::units`](lutetia_model::System::units));
//! time is in internal time. The integrator is diffsol's variable-order BDF with an analytic sparse
//! Jacobian; no type of diffsol appears in this interface.

mod elimination;
mod equations;
mod error;
mod history;
mod impossible;
mod inputs;
mod integrate;
mod linear_solver;
mod matrix;
mod regimen;
mod simulator;
mod switches;
mod tolerance;
mod trajectory;

pub use error::SimError;
pub use inputs::{Curve, Inputs};
pub use regimen::{Dose, Regimen};
pub use simulator::{Change, Options, Piece, Simulator, Standing};
pub use trajectory::{Grid, IntegralToInfinity, Sensitivities, Statistics, Trajectory};
