//! What is evaluated once per run: initial values, the numbers of doses, times of events. None of it can depend on what
//! varies over time.

use super::{
    dosing::NUMBERS,
    error::CompileError,
    events::Events,
    graph::{Id, Node, depends},
    lower::{Lowering, pool_name},
};
use crate::model::DoseNumber;

/// Three times of each event, in their order.
const TIMES: [&str; 3] = ["the time", "the interval", "the delay"];

/// That nothing which is evaluated once depends on an input.
pub(crate) fn check(
    lowering: &Lowering<'_>,
    initial: &[Id],
    dosing: &[Id],
    events: &Events,
) -> Result<(), CompileError> {
    let graph = &lowering.graph;
    let varies = |id: &Id| graph.depends(*id) & depends::DYNAMIC != 0;
    let of_states = initial.iter().zip(&lowering.states);
    let states = of_states
        .filter(|(id, _)| varies(id))
        .map(|(id, state)| (*id, format!("the initial value of `{}`", state.name)));
    let doses = dosing.iter().enumerate().filter(|(_, id)| varies(id)).map(|(k, id)| {
        let number = DoseNumber::ALL[k % NUMBERS].key();
        (*id, format!("the {number} of doses into `{}`", pool_name(lowering.model, k / NUMBERS)))
    });
    let times = events.times.iter().enumerate().filter(|(_, id)| varies(id)).map(|(k, id)| {
        let event = events.list.get(k / TIMES.len()).map_or("", |event| event.name.as_str());
        (*id, format!("{} of the event `{event}`", TIMES[k % TIMES.len()]))
    });
    let found: Vec<(Id, String)> = states.chain(doses).chain(times).collect();
    if found.is_empty() {
        return Ok(());
    }
    let needed = graph.reachable(found.iter().map(|f| f.0));
    let mut names: Vec<String> = Vec::new();
    for (id, needed) in needed.into_iter().enumerate() {
        if let (true, Node::Input(input)) = (needed, graph.node(id as Id)) {
            names.push(lowering.model.inputs[input as usize].name.clone());
        }
    }
    Err(CompileError::CannotVary { names, once: found.into_iter().map(|f| f.1).collect() })
}
