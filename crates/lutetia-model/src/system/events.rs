//! What happens at a moment: when, and to which states?

use super::{
    error::CompileError,
    graph::Id,
    lower::{Context, Lowering},
    pool_name,
};
use crate::model::{Participant, Trigger};

/// An event of a system.
#[derive(Debug, Clone, PartialEq)]
pub struct EventInfo {
    /// Name.
    pub name: String,
    /// When it happens.
    pub trigger: TriggerInfo,
    /// Among events of one moment, the highest first.
    pub priority: f64,
    /// What it changes.
    pub actions: Vec<ActionInfo>,
    /// Place of the value of its first action in [`Evaluator::events`](super::Evaluator::events).
    pub first_value: usize,
}

/// What triggers an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TriggerInfo {
    /// Times: once, or at an interval so often in all, or without an end.
    Times {
        /// Whether it happens again.
        repeats: bool,
        /// How often at most.
        times: Option<u32>,
    },
    /// A condition that becomes true.
    Condition,
}

/// What an event does to a state.
#[derive(Debug, Clone, PartialEq)]
pub struct ActionInfo {
    /// Name of the pool or quantity.
    pub name: String,
    /// What it changes.
    pub target: EventTarget,
    /// Whether the value is added to what is there.
    pub adds: bool,
}

/// The states that an action changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventTarget {
    /// An amount: the state without a nuclide, if there is one, and those that carry one.
    Amount {
        /// Cold or only form.
        cold: Option<usize>,
        /// Hot forms.
        hot: Vec<usize>,
    },
    /// A quantity that is not an amount.
    Quantity(usize),
}

/// Times of an event at given parameters, internal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EventTimes {
    /// The first one; not a number where a condition triggers it.
    pub at: f64,
    /// The interval; not a number where it happens once.
    pub every: f64,
    /// From the trigger to the event.
    pub delay: f64,
}

/// The events of a system, and what is evaluated of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Events {
    pub(crate) list: Vec<EventInfo>,
    /// `at`, `every`, `delay` of each; all fixed by the parameters.
    pub(crate) times: Vec<Id>,
    /// The condition of each, then the values of all actions.
    pub(crate) values: Vec<Id>,
}

impl Events {
    pub(crate) fn lower(lowering: &mut Lowering<'_>) -> Result<Self, CompileError> {
        let model = lowering.model;
        let mut all = Self::default();
        let mut actions = Vec::new();
        let none = lowering.graph.constant(f64::NAN);
        let zero = lowering.graph.constant(0.0);
        for event in &model.events {
            let (at, every, condition) = match &event.trigger {
                Trigger::Times { at, every, .. } => {
                    let at = lowering.lower(at, Context::Running)?;
                    let every = match every {
                        Some(every) => lowering.lower(every, Context::Running)?,
                        None => none,
                    };
                    (at, every, zero)
                }
                Trigger::When { condition, .. } => {
                    (none, none, lowering.lower(condition, Context::Running)?)
                }
            };
            let delay = match &event.delay {
                Some(delay) => lowering.lower(delay, Context::Running)?,
                None => zero,
            };
            all.times.extend([at, every, delay]);
            all.values.push(condition);
            let mut infos = Vec::with_capacity(event.actions.len());
            let first_value = model.events.len() + actions.len();
            for action in &event.actions {
                actions.push(lowering.lower(&action.value, Context::Running)?);
                infos.push(info(lowering, action.target, action.adds));
            }
            let trigger = match &event.trigger {
                Trigger::Times { every, times, .. } => {
                    TriggerInfo::Times { repeats: every.is_some(), times: *times }
                }
                Trigger::When { .. } => TriggerInfo::Condition,
            };
            all.list.push(EventInfo {
                name: event.name.clone(),
                trigger,
                priority: event.priority,
                actions: infos,
                first_value,
            });
        }
        all.values.extend(actions);
        Ok(all)
    }

    /// The conditions: their switches decide when something happens.
    pub(crate) fn conditions(&self) -> impl Iterator<Item = Id> + '_ {
        self.values.iter().take(self.list.len()).copied()
    }

    /// The values of the actions.
    pub(crate) fn actions(&self) -> &[Id] {
        self.values.get(self.list.len()..).unwrap_or(&[])
    }
}

fn info(lowering: &Lowering<'_>, target: Participant, adds: bool) -> ActionInfo {
    match target {
        Participant::Pool(pool) => ActionInfo {
            name: pool_name(lowering.model, pool),
            target: EventTarget::Amount {
                cold: lowering.pools[pool].cold,
                hot: lowering.pools[pool].hot.iter().map(|h| h.1).collect(),
            },
            adds,
        },
        Participant::Quantity(q) => ActionInfo {
            name: lowering.model.quantities[q].name.clone(),
            target: EventTarget::Quantity(lowering.quantity_state(q)),
            adds,
        },
    }
}
