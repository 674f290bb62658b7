//! Patient tables, nuclide and reference data.
