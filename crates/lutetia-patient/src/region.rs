//! What is handed on from a region: its integral.

use lutetia_diagnostic::{FlagKind, Verdict};
use lutetia_dose::Tia;

/// The time-integrated activity of a region.
#[derive(Debug, Clone)]
pub struct RegionTia {
    /// Region as the study names it.
    pub region: String,
    /// Nuclide measured.
    pub nuclide: String,
    /// Activity injected in the cycle, MBq.
    pub injected_mbq: f64,
    /// The integral with what stands against it, or why there is none.
    pub tia: Verdict<Tia>,
    /// Amplitude (MBq) and effective rate (1/h) of each phase; empty where the curve is not a sum of
    /// exponentials, and where there is no integral.
    pub phases: Vec<(f64, f64)>,
}

/// A value to be shown, and the note that must be shown beside it: the flags, or why there is no value.
#[must_use]
pub fn shown<T>(verdict: &Verdict<T>) -> (Option<&T>, String) {
    (verdict.as_ref().accept(&FlagKind::ALL).ok(), verdict.note())
}
