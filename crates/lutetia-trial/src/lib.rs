//! Cohorts, virtual trials, calibration, regimen search.
//!
//! Whatever must simulate many patients lives here: it samples patients from the population of a
//! model, simulates them through `lutetia-sim`, and judges them with `lutetia-outcome`.
