//! A Rosenbrock method that steps several patients at once.
//!
//! Every lane has its own time, step and error, and every operation is done lane by lane: what comes out for a patient has
//! the same bits whoever shares the group.

mod course;
mod dense;
mod factors;
mod group;
mod method;

use std::sync::Arc;

use lutetia_model::system::System;

use self::group::{Common, Group};
use super::elimination::Elimination;
use super::id::{EngineId, Lacking, Unsupported};
use super::{Engine, Lane, Plan, Stop};

/// Lanes of a group: what fills a cache line, and the widest registers.
const LANES: usize = 8;

/// What the method works out about a system once.
#[derive(Debug)]
pub(crate) struct Rodas {
    system: System,
    elimination: Option<Arc<Elimination>>,
    timed: bool,
}

impl Rodas {
    pub(crate) fn new(system: &System, elimination: Option<Arc<Elimination>>) -> Self {
        Self { system: system.clone(), elimination, timed: system.rhs_depends_on_time() }
    }
}

impl Engine for Rodas {
    fn id(&self) -> EngineId {
        EngineId::Rodas
    }

    fn width(&self) -> usize {
        // Lanes that end early make room: more patients than seats keep all of them taken.
        8 * LANES
    }

    fn can(&self, plan: &Plan<'_>, lane: &Lane<'_>) -> Result<(), Unsupported> {
        let doses = &lane.schedule.doses;
        let lacking = if !plan.wrt.is_empty() {
            Lacking::Derivatives
        } else if !self.system.events().is_empty() {
            Lacking::Events
        } else if lane.schedule.from.is_some() {
            Lacking::Pieces
        } else if !(doses.settings.is_empty() && doses.resets.is_empty() && doses.steady.is_empty())
        {
            Lacking::KindsOfDoses
        } else if self.elimination.is_none() {
            Lacking::Size
        } else {
            return Ok(());
        };
        Err(Unsupported::Lacking { engine: self.id(), lacking })
    }

    fn run(&self, plan: &Plan<'_>, lanes: &mut [Lane<'_>], stop: Stop<'_>) {
        let Some(elimination) = &self.elimination else { return };
        let common = Common { system: &self.system, plan, elimination, timed: self.timed, stop };
        let out = if lanes.len() == 1 {
            Group::<1>::new(&common).run(lanes)
        } else {
            Group::<LANES>::new(&common).run(lanes)
        };
        for (lane, out) in lanes.iter_mut().zip(out) {
            lane.out = out;
        }
    }
}
