//! Graphical methods: a transformation after which the end of the scan lies on a line (or a plane).
//!
//! Running integrals and concentrations are means over frames, of the input exactly and of the tissue along the curve
//! whose means are the measured ones. Points are counted from `t*`, given or found by the rule of [`Start`].

mod line;
mod methods;

pub use line::{Line, NotDetermined, Quantity, Start};
pub use methods::{Graphical, GraphicalInput, logan, ma1, patlak, reference_logan};
