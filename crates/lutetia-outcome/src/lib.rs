//! Radiobiology, toxicity grades, endpoints, survival statistics.
//!
//! Takes curves, doses and times; knows no model and no solver.
