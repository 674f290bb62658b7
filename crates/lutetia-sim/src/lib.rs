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
//! # Branches
//!
//! Where an argument of `step`, `if_positive`, `min`, `max` or `abs` that depends on time, parameters
//! and inputs alone changes its sign, the integrator stops and starts anew. For arguments c₀ + c₁·t the
//! moment is exact; for any other every change of sign is found unless two lie within 2⁻³² of the time
//! between two changes of parameters (or bends of an input it depends on). Arguments that depend on
//! states are looked at after every step, those of `step` and `if_positive` also at three points
//! within it; the change is located to rounding on the integrator's own interpolant. An excursion of a
//! state over a level and back between two of these points is not seen.
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
