//! Regimens, integration, sensitivities, trajectories.
//!
//! A [`Simulator`] holds a compiled [`System`](lutetia_model::System) and what an engine needs to know
//! of it once. It runs [`Request`]s: any parameters, regimens and output times, on any number of
//! threads, with the same numbers every time.
//!
//! ```
//! use lutetia_model::{Binding, NoFiles, SourceFile, check, compile};
//! use lutetia_sim::{Dose, Regimen, Request, Simulator};
//!
//! let text = r#"
//! [model]
//! id = "one"
//! title = "One compartment"
//! units = { time = "h", amount = "nmol", volume = "L" }
//! label = { on = ["L"], decayed = "cold" }
//! [compartments]
//! plasma = "V"
//! [parameters]
//! V = "10 L"
//! CL = "2 L/h"
//! [species]
//! L = { in = ["plasma"] }
//! [scheme]
//! processes = "excrete: L.plasma -> 0 @ CL"
//! [observables]
//! A = { of = "activity(L.plasma)", unit = "MBq" }
//! "#;
//! let file = SourceFile { name: "one.toml".to_owned(), text: text.to_owned() };
//! let model = check(&file, &NoFiles).model.expect("no faults");
//! let system = compile(&model, &Binding::all(lutetia_data::nuclides(), ["Lu-177"]))?;
//! let simulator = Simulator::new(system);
//!
//! let activities = vec![("Lu-177".to_owned(), 7400.0)];
//! let into = "L.plasma".to_owned();
//! let dose = Dose { into, activities, over: Some(0.5), ..Dose::default() };
//! let regimen = Regimen::single(dose);
//! let parameters = simulator.parameters(&[("CL", 1.5)])?;
//! let curve = simulator.run(&Request::new(&parameters, &regimen, &[0.0, 0.5, 24.0]))?;
//! let activity: Vec<f64> = curve.outputs.column(simulator.output("A")?).collect();
//! assert!(activity[0] == 0.0 && activity[1] > 7000.0 && activity[2] < 200.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A request says more where more is wanted: [`inputs`](Request::inputs), parameters that
//! [change](Request::changes) from cycle to cycle, [options](Request::options), derivatives
//! ([`wrt`](Request::wrt)), and runs piece by piece ([`from`](Request::from),
//! [`until`](Request::until), [`follow_while`](Request::follow_while)). [`Simulator::run_many`] takes
//! many of them.
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
//! # Engines
//!
//! [`Options::engine`] chooses who integrates. [`EngineId::Bdf`] is diffsol's variable-order BDF with an
//! analytic sparse Jacobian; no type of diffsol appears in this interface, nor outside of the folder of
//! that engine. [`EngineId::Rodas`] is a Rosenbrock method of order four that steps eight patients of
//! [`Simulator::run_many`] at once, each with its own time, step and error, over the widest instructions that
//! the processor has; it has no derivatives by parameters, no events and no doses in their steady state
//! ([`Lacking`]). [`EngineId::Auto`] takes it where it can run what is asked. Doses, inputs, stops, switches,
//! records and the words of failures are common to all engines.
//!
//! All numbers are in the internal units of the model
//! ([`System::units`](lutetia_model::System::units)); time is in internal time.

mod doses;
mod engine;
mod engine_id;
mod error;
mod events;
mod failure;
mod field;
mod fixed_point;
mod impossible;
mod inputs;
mod record;
mod regimen;
mod request;
mod schedule;
mod simulator;
mod switches;
mod tail;
mod text;
mod tolerance;

pub use engine::Stop;
pub use engine_id::{EngineId, Lacking, Unsupported};
pub use error::{
    Bounded, Cause, CurveFault, EventTime, Filling, NoSteadyState, OfState, SimError, SolveFailure,
};
pub use inputs::{Curve, Inputs};
pub use record::{Grid, IntegralToInfinity, Sensitivities, Standing, Statistics, Trajectory};
pub use regimen::{Change, Dose, DoseKind, Regimen};
pub use request::{Options, Request};
pub use simulator::Simulator;
