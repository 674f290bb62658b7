//! Model text → checked model → ODE system.
//!
//! The crate is pure: it reads no file, prints nothing, knows no clock and no random numbers. Text
//! goes in, a [`Model`] and *all* diagnostics come out; a checked model compiles to a
//! [`System`](crate::system) that solvers only read.

mod connect;
pub mod explain;
pub mod expr;
mod flows;
mod front;
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
pub use model::*;
pub use scaffold::scaffold;
pub use schema::{chain_schema, json_schema, ports_schema};
pub use system::{Binding, CompileError, Evaluator, System, compile};
