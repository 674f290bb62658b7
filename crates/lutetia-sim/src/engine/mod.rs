//! Who integrates?
//!
//! An [`Engine`] is made for one system and keeps what it works out of it once. It runs lanes of a
//! plan: the plan says what is common to all of them, a lane what belongs to one patient. Doses,
//! inputs, switches, records and the words of failures are not its business; it finds them beside.

pub(crate) mod bdf;
mod elimination;
mod first_step;
pub(crate) mod rodas;

use std::sync::atomic::{AtomicBool, Ordering};

use crate::engine_id::{EngineId, Unsupported};
use crate::error::SolveFailure;
use crate::inputs::Feeds;
use crate::record::{Record, StopRule, Trajectory};
use crate::schedule::Schedule;
use crate::tolerance::Tolerance;

/// Stops runs from outside, such as when a user interrupts; what has not ended then fails with
/// [`SolveFailure::Interrupted`].
#[derive(Debug, Clone, Copy, Default)]
pub struct Stop<'s>(Option<&'s AtomicBool>);

impl<'s> Stop<'s> {
    /// Stops as soon as this becomes true.
    #[must_use]
    pub fn when(flag: &'s AtomicBool) -> Self {
        Self(Some(flag))
    }

    pub(crate) fn is_set(self) -> bool {
        self.0.is_some_and(|flag| flag.load(Ordering::Relaxed))
    }

    /// Whether two are set by the same flag.
    pub(crate) fn is_same(self, other: Self) -> bool {
        self.0.map(std::ptr::from_ref) == other.0.map(std::ptr::from_ref)
    }
}

/// What is common to lanes that are run together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Plan<'a> {
    pub(crate) record: Record<'a>,
    pub(crate) tolerance: Tolerance,
    /// Parameters by which everything recorded is differentiated; each at most once.
    pub(crate) wrt: &'a [usize],
}

/// One patient.
pub(crate) struct Lane<'a> {
    pub(crate) parameters: &'a [f64],
    pub(crate) schedule: Schedule<'a>,
    pub(crate) inputs: Feeds,
    pub(crate) stop_rule: Option<&'a StopRule<'a>>,
    /// What came out; interrupted until then.
    pub(crate) out: Result<Trajectory, SolveFailure>,
}

/// A way to integrate one system.
pub(crate) trait Engine: Sync {
    /// Its name.
    fn id(&self) -> EngineId;

    /// How many lanes it steps together. More than these may be given to it, but gain nothing.
    fn width(&self) -> usize;

    /// Whether it can run a lane of a plan.
    fn can(&self, plan: &Plan<'_>, lane: &Lane<'_>) -> Result<(), Unsupported>;

    /// Runs the lanes and leaves in each what came out. The bits of a lane depend on that lane alone:
    /// not on its neighbours, nor on whether they fail.
    fn run(&self, plan: &Plan<'_>, lanes: &mut [Lane<'_>], stop: Stop<'_>);
}
