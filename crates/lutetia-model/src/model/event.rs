//! What happens at moments.

use super::Participant;
use crate::expr::Expr;

/// What happens at a moment: states take other values at once.
///
/// All values are worked out with the states before the event, then all states are changed. Several events at one
/// moment happen one after the other, that of the highest priority first and in the order of the file where
/// priorities are equal, each with what those before it left.
#[derive(Debug, Clone)]
pub struct Event {
    /// Name.
    pub name: String,
    /// When it happens.
    pub trigger: Trigger,
    /// From its trigger to the event (internal time); a formula of parameters and covariates.
    pub delay: Option<Expr>,
    /// Among events of one moment, the highest first.
    pub priority: f64,
    /// What changes.
    pub actions: Vec<Action>,
    /// Description.
    pub about: Option<String>,
    /// Where it comes from.
    pub source: Option<String>,
}

impl Event {
    /// Calls `change` on every expression of the event.
    pub fn for_each_expr(&mut self, change: &mut impl FnMut(&mut Expr)) {
        match &mut self.trigger {
            Trigger::Times { at, every, .. } => {
                change(at);
                every.iter_mut().for_each(&mut *change);
            }
            Trigger::When { condition, .. } => change(condition),
        }
        self.delay.iter_mut().for_each(&mut *change);
        self.actions.iter_mut().for_each(|action| change(&mut action.value));
    }
}

/// When an event happens.
#[derive(Debug, Clone, PartialEq)]
pub enum Trigger {
    /// At `at`, `at + every`, `at + 2 every`, …: formulas of parameters and covariates.
    Times {
        /// The first time (internal).
        at: Expr,
        /// The interval (internal); once where there is none.
        every: Option<Expr>,
        /// How often in all; without an end where nothing is said.
        times: Option<u32>,
    },
    /// Each time a condition that was not true becomes true; one that is true at the start has to become false first.
    When {
        /// 1 where it is true, else 0.
        condition: Expr,
        /// As the author wrote it.
        text: String,
    },
}

/// What an event does to a state.
#[derive(Debug, Clone, PartialEq)]
pub struct Action {
    /// The pool or quantity. Of a labelled pool `=` sets hot and cold together, which keep their shares; `+=` adds
    /// cold molecules.
    pub target: Participant,
    /// Whether the value is added (`+=`), else it takes the place of what was there.
    pub adds: bool,
    /// The value, from the states before the event.
    pub value: Expr,
    /// As the author wrote the line.
    pub text: String,
}
