//! Integrals, factors and doses against closed forms and other programs.
#![allow(missing_docs)]

mod cells;
mod daughters;
mod dose;
mod marrow;
mod peers;
mod uncertainty;
mod val_organ_factors;
