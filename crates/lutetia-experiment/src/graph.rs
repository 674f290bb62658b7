//! Which steps of an experiment stand on which.

use std::collections::BTreeSet;

use crate::{
    Experiment,
    names::{first, owns},
    steps::{Step, StepKind, Use},
};

/// The steps that each step stands on, by their places in the experiment; always earlier ones.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    /// Named by the step itself: what it takes from memory, and whose tables it reads.
    on: Vec<BTreeSet<usize>>,
    /// Those it takes from memory.
    takes: Vec<BTreeSet<usize>>,
    /// Those it stands on through others too.
    behind: Vec<BTreeSet<usize>>,
}

impl Graph {
    /// The graph of an experiment.
    pub(crate) fn of(experiment: &Experiment) -> Self {
        let kinds: Vec<&dyn StepKind> = experiment.steps.iter().map(Step::kind).collect();
        let mut graph = Self::default();
        for (i, kind) in kinds.iter().enumerate() {
            let earlier = &kinds[..i];
            let place = |id: &str| earlier.iter().position(|k| k.id() == id);
            let used: BTreeSet<usize> = kind
                .uses()
                .iter()
                .filter_map(|used| if let Use::Step(id) = used { place(id) } else { None })
                .collect();
            let takes: BTreeSet<usize> = kind.takes().iter().filter_map(|id| place(id)).collect();
            let mut on: BTreeSet<usize> = used.union(&takes).copied().collect();
            for path in kind.reads() {
                let owners = earlier.iter().enumerate().filter(|(_, k)| owns(k.id(), first(path)));
                on.extend(owners.map(|(owner, _)| owner));
            }
            let mut behind = on.clone();
            on.iter().for_each(|&at| behind.extend(&graph.behind[at]));
            graph.on.push(on);
            graph.takes.push(takes);
            graph.behind.push(behind);
        }
        graph
    }

    /// The steps that a step names.
    pub(crate) fn stands_on(&self, step: usize) -> &BTreeSet<usize> {
        &self.on[step]
    }

    /// The steps from which a step takes what they hand on in memory.
    pub(crate) fn takes(&self, step: usize) -> &BTreeSet<usize> {
        &self.takes[step]
    }

    /// The steps that a step stands on, through others too.
    pub(crate) fn behind(&self, step: usize) -> &BTreeSet<usize> {
        &self.behind[step]
    }

    /// Which steps have to run where some are known already: those that are not, and those from which one that runs
    /// takes what is handed on in memory and is not known with their tables.
    pub(crate) fn to_run(&self, known: &[Known]) -> Vec<bool> {
        let mut run: Vec<bool> = known.iter().map(|known| *known == Known::Nothing).collect();
        // What is taken comes from earlier steps, so that one pass from the end finds all.
        for step in (0..run.len()).rev() {
            if run[step] {
                for &taken in &self.takes[step] {
                    run[taken] |= known[taken] != Known::Whole;
                }
            }
        }
        run
    }
}

/// What is known of a step without running it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    /// Nothing.
    Nothing,
    /// Its tables.
    Tables,
    /// Its tables and what it hands on in memory.
    Whole,
}
