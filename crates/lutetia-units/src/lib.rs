//! Quantities with dimensions, and nuclide algebra.
