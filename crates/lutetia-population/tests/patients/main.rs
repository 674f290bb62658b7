//! How patients differ, and who they are.
#![allow(missing_docs)]

mod drawn;
mod laws;
