//! Model text → checked model → ODE system.
//!
//! The crate is pure: it reads no file, prints nothing, knows no clock and no random numbers. Text
//! goes in, a [`Model`] and *all* diagnostics come out; a checked model compiles to a
//! [`System`](crate::system) that solvers only read.
//!
//! ```
//! use lutetia_model::{Binding, NoFiles, SourceFile, check, compile, explain_text};
//!
//! let text = r#"
//! [model]
//! id = "one"
//! title = "One compartment"
//! units = { time = "h", amount = "nmol", volume = "L" }
//! label = { on = ["L"], decayed = "cold" }
//! [compartments]
//! plasma = "10 L"
//! [parameters]
//! CL = "2 L/h"
//! [species]
//! L = { in = ["plasma"] }
//! [scheme]
//! processes = "excrete: L.plasma -> 0 @ CL"
//! "#;
//! let file = |text: &str| SourceFile { name: "one.toml".to_owned(), text: text.to_owned() };
//! let model = check(&file(text), &NoFiles).model.expect("no faults");
//! // Hot and cold follow from the label, and so does the decay of one into the other.
//! assert!(explain_text(&model, false).contains("+ lambda*L.plasma.hot"));
//! let system = compile(&model, &Binding::all(lutetia_data::nuclides(), ["Lu-177"]))?;
//! assert_eq!(system.parameters()[0].name, "CL");
//!
//! // All faults of a file come back at once, each with its place.
//! let faulty = check(&file(&text.replace("@ CL", "@ Cl")), &NoFiles);
//! assert!(faulty.model.is_none());
//! assert_eq!(faulty.diagnostics[0].code, "LUT2101");
//! # Ok::<(), lutetia_model::CompileError>(())
//! ```

mod connect;
pub mod explain;
pub mod expr;
mod flows;
mod front;
mod keys_page;
mod model;
mod ports_page;
pub mod role;
mod scaffold;
mod schema;
pub mod system;
mod values;

pub use connect::{Connection, Link, Mass, connect};
pub use explain::{Explanation, diagram_svg, explain, explain_latex, explain_text};
pub use expr::{Expr, Form, Function, Symbol};
pub use flows::{FlowBalance, flow_balance};
pub use front::{
    Checked, Named, NoFiles, Port, PortPattern, Ports, Resolve, SourceFile, check,
    check_with_units, ports,
};
pub use keys_page::keys_page;
pub use model::*;
pub use scaffold::scaffold;
pub use schema::{chain_schema, json_schema, ports_schema};
pub use system::{Binding, CompileError, Evaluator, System, compile};
