//! Variable-order backward differentiation with an analytic sparse Jacobian.
//!
//! The integrator is diffsol's; nothing outside of this folder names it.

mod doses;
mod equations;
mod events;
mod failure;
mod history;
mod linear_solver;
mod matrix;
mod moves;
mod run;
mod start;
mod steady;
mod stepping;
mod tangents;

use std::sync::{Arc, Mutex, PoisonError};

use lutetia_model::system::System;

use self::equations::Layout;
use self::run::{Task, integrate};
use self::tangents::TangentLayout;
use super::elimination::Elimination;
use super::{Engine, Lane, Plan, Stop};
use crate::engine_id::{EngineId, Unsupported};
use crate::error::SolveFailure;

/// Derivative programs kept for the last few choices of parameters: a fit asks for the same ones
/// thousands of times.
const MOST_TANGENT_LAYOUTS: usize = 8;

/// What the solver works out about a system once: the order of elimination of its Jacobian.
#[derive(Debug)]
pub(crate) struct Bdf {
    system: System,
    layout: Layout,
    elimination: Option<Arc<Elimination>>,
    tangent_layouts: Mutex<Vec<Arc<TangentLayout>>>,
}

impl Bdf {
    pub(crate) fn new(system: &System) -> Self {
        let layout =
            Layout::new(system.states().len(), system.outputs().len(), system.jacobian_pattern());
        let elimination = Elimination::plan(Arc::clone(&layout.pattern)).map(Arc::new);
        Self { system: system.clone(), layout, elimination, tangent_layouts: Mutex::default() }
    }

    /// The order of elimination of the system's Jacobian, where there is one.
    pub(crate) fn elimination(&self) -> Option<Arc<Elimination>> {
        self.elimination.clone()
    }

    fn tangent_layout(&self, wrt: &[usize]) -> Arc<TangentLayout> {
        let find = |layouts: &[Arc<TangentLayout>]| {
            layouts.iter().find(|layout| layout.tapes.wrt() == wrt).cloned()
        };
        let lock = || self.tangent_layouts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(layout) = find(&lock()) {
            return layout;
        }
        // Compiled outside the lock: two threads may do it twice, none waits for the other.
        let layout = Arc::new(TangentLayout::new(self.system.sensitivity(wrt)));
        let mut layouts = lock();
        if layouts.len() == MOST_TANGENT_LAYOUTS {
            layouts.remove(0);
        }
        layouts.push(Arc::clone(&layout));
        layout
    }
}

impl Engine for Bdf {
    fn id(&self) -> EngineId {
        EngineId::Bdf
    }

    fn width(&self) -> usize {
        1
    }

    fn can(&self, plan: &Plan<'_>, lane: &Lane<'_>) -> Result<(), Unsupported> {
        let (engine, wrt, changes) = (self.id(), plan.wrt.len(), lane.schedule.changes.len());
        if wrt > 0 && changes > 0 {
            return Err(Unsupported::DerivativesOfOccasions { engine, wrt, changes });
        }
        if wrt > 0 && lane.schedule.from.is_some() {
            return Err(Unsupported::DerivativesOfPiece { engine, wrt });
        }
        Ok(())
    }

    fn run(&self, plan: &Plan<'_>, lanes: &mut [Lane<'_>], stop: Stop<'_>) {
        let tangents = (!plan.wrt.is_empty()).then(|| self.tangent_layout(plan.wrt));
        for lane in lanes {
            let task = Task {
                system: &self.system,
                layout: &self.layout,
                elimination: self.elimination.as_ref(),
                tangents: tangents.as_deref(),
                plan,
                lane,
                stop,
            };
            let out = if stop.is_set() { Err(SolveFailure::Interrupted) } else { integrate(&task) };
            lane.out = out;
        }
    }
}
