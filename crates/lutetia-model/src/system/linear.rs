//! Is a system linear in what a dose reaches?

use super::{
    System,
    derivative::gradients,
    graph::{Id, Node},
};

impl System {
    /// The first state whose rate of change is not linear in all that these states reach, themselves among it: whose
    /// derivative by one of them depends on a state. `None` where what is added there adds up, whatever else there is;
    /// coefficients may depend on time and inputs.
    ///
    /// The test is one of form: a rate that is linear only for some values, such as `max(X, 0)`, is taken not to be.
    #[must_use]
    pub fn nonlinear_from(&self, states: &[usize]) -> Option<usize> {
        let inner = &self.inner;
        let mut graph = inner.graph.clone();
        let rows = gradients(&mut graph, &inner.rhs, |node| match node {
            Node::State(state) => Some(state),
            _ => None,
        });
        let mut reached = vec![false; rows.len()];
        for &state in states {
            if let Some(reached) = reached.get_mut(state) {
                *reached = true;
            }
        }
        // Until nothing more is reached: at most as often as there are states.
        loop {
            let more: Vec<usize> = (0..rows.len())
                .filter(|&row| !reached[row] && rows[row].iter().any(|e| reached[e.0 as usize]))
                .collect();
            if more.is_empty() {
                break;
            }
            more.into_iter().for_each(|row| reached[row] = true);
        }
        let of_state: Vec<bool> = {
            let mut of_state = vec![false; graph.len()];
            for id in 0..graph.len() {
                let mut any = matches!(graph.node(id as Id), Node::State(_));
                graph.for_each_child(id as Id, |child| any |= of_state[child as usize]);
                of_state[id] = any;
            }
            of_state
        };
        rows.iter().position(|row| {
            row.iter().any(|&(by, slope)| reached[by as usize] && of_state[slope as usize])
        })
    }
}
