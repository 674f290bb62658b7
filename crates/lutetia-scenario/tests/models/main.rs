//! Models as they are simulated: the doses they give, what follows their nuclide, and what a treatment is.
#![allow(missing_docs)]

mod body;
mod chains;
mod doses;
mod engines;
mod nuclides;
mod ports;
mod swap;
mod treatments;
