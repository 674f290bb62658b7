//! Fits against closed forms, other programs and what data cannot say.
#![allow(missing_docs)]

mod closed_forms;
mod common;
mod curves;
mod fast;
mod functions;
mod nist;
mod ode;
mod peers;
mod pooled;
mod reference_fits;
mod search;
mod superposition;
mod uncertainty;
mod words;
