//! Survival statistics against closed forms, hand calculation and R `survival` 3.5-3.
#![allow(clippy::print_stdout)]

mod classic;
mod common;
mod competing;
mod cox;
mod crossover;
mod firth;
mod interval_censored;
mod parametric;
mod peers;
mod reconstruct;
mod refusals;
mod small;
mod spline;
