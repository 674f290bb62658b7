//! A Rosenbrock method that steps several patients at once.
//!
//! Every lane has its own time, step and error, and every operation is done lane by lane: what comes out for a patient has
//! the same bits whoever shares the group.

mod course;
mod dense;
mod factors;
mod group;
mod method;
mod set;
mod stepper;

use std::sync::{Arc, OnceLock};

use lutetia_model::system::{LaneTapes, Lanes, Pack, System};

use self::group::{Common, Group};
pub(crate) use self::set::InstructionSet;
use super::elimination::Elimination;
use super::{Engine, Lane, Plan, Stop};
use crate::engine_id::{EngineId, Lacking, Unsupported};

/// What the method works out about a system once.
#[derive(Debug)]
pub(crate) struct Rodas {
    system: System,
    elimination: Option<Arc<Elimination>>,
    timed: bool,
    set: InstructionSet,
    ordered: OnceLock<Ordered>,
}

/// The equations with the states in the order of elimination.
#[derive(Debug)]
struct Ordered {
    tapes: Arc<LaneTapes>,
    places: Vec<usize>,
}

impl Ordered {
    fn new(system: &System, elimination: &Elimination) -> Self {
        let order: Vec<usize> = elimination.order.iter().map(|&state| state as usize).collect();
        let mut places = vec![0; order.len()];
        for (place, &state) in order.iter().enumerate() {
            places[state] = place;
        }
        Self { tapes: system.lane_tapes(&order).into(), places }
    }
}

impl Rodas {
    pub(crate) fn new(
        system: &System,
        elimination: Option<Arc<Elimination>>,
        set: InstructionSet,
    ) -> Self {
        let timed = system.rhs_depends_on_time();
        Self { system: system.clone(), elimination, timed, set, ordered: OnceLock::new() }
    }
}

impl Engine for Rodas {
    fn id(&self) -> EngineId {
        EngineId::Rodas
    }

    fn width(&self) -> usize {
        // Lanes that end early make room: more patients than seats keep all of them taken.
        8 * Pack::WIDTH
    }

    fn can(&self, plan: &Plan<'_>, lane: &Lane<'_>) -> Result<(), Unsupported> {
        let doses = &lane.schedule.doses;
        let lacking = if !plan.wrt.is_empty() {
            Lacking::Derivatives
        } else if !self.system.events().is_empty() {
            Lacking::Events
        } else if !doses.steady.is_empty() {
            Lacking::SteadyStates
        } else if self.elimination.is_none() {
            Lacking::Size
        } else {
            return Ok(());
        };
        Err(Unsupported::Lacking { engine: self.id(), lacking })
    }

    fn run(&self, plan: &Plan<'_>, lanes: &mut [Lane<'_>], stop: Stop<'_>) {
        let Some(elimination) = &self.elimination else { return };
        let Ordered { tapes, places } =
            self.ordered.get_or_init(|| Ordered::new(&self.system, elimination));
        let common = Common {
            system: &self.system,
            plan,
            elimination,
            tapes: Arc::clone(tapes),
            places,
            timed: self.timed,
            set: self.set,
            stop,
        };
        let out = if lanes.len() == 1 {
            Group::<f64>::new(&common).run(lanes)
        } else {
            Group::<Pack>::new(&common).run(lanes)
        };
        for (lane, out) in lanes.iter_mut().zip(out) {
            lane.out = out;
        }
    }
}
