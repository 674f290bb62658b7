//! Shipped models as they are simulated: the doses they give, and what follows their nuclide.
#![allow(missing_docs)]

mod chains;
mod doses;
mod nuclides;
mod ports;
mod swap;
