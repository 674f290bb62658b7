//! What the steps of an experiment made, for a repository to keep: which of them are worth it, and their bytes.

use std::collections::BTreeSet;

use lutetia_table::Table;

use crate::{
    cache::{Entry, Unfit},
    graph::Graph,
};

/// What each step of one run made.
#[derive(Debug, Default)]
pub struct Kept {
    steps: Vec<KeptStep>,
    graph: Graph,
}

/// What one step made.
#[derive(Debug)]
pub(crate) struct KeptStep {
    pub(crate) step: String,
    /// Under which a repository keeps it; none where the text of the experiment is not known.
    pub(crate) identity: Option<String>,
    /// Whether the repository has it already, though the cache may have gone first, or it may have been computed again
    /// for another one.
    pub(crate) committed: bool,
    pub(crate) entry: Entry,
}

impl Kept {
    pub(crate) fn of(steps: Vec<KeptStep>, graph: Graph) -> Self {
        Self { steps, graph }
    }

    /// The steps that are worth keeping: those that took `long` seconds at least, those that the repository had
    /// already, and those that stand in memory on one of these, which would have to be computed again for them.
    #[must_use]
    pub fn worth(&self, long: f64) -> BTreeSet<&str> {
        self.chosen(|step| {
            let took = step.entry.took.is_some_and(|seconds| seconds >= long);
            took || step.committed
        })
    }

    /// Those of some steps that there are, and those that stand in memory on one of them: no time decides, so that every
    /// machine keeps the same.
    #[must_use]
    pub fn with_what_stands_on(&self, kept: &BTreeSet<String>) -> BTreeSet<&str> {
        self.chosen(|step| kept.contains(&step.step))
    }

    /// The steps that `chosen` says, and those that stand in memory on one of these.
    fn chosen(&self, chosen: impl Fn(&KeptStep) -> bool) -> BTreeSet<&str> {
        let mut worth = vec![false; self.steps.len()];
        for (at, step) in self.steps.iter().enumerate() {
            let again = |&on: &usize| worth[on] && self.steps[on].entry.hands_on.is_none();
            worth[at] = chosen(step) || self.graph.takes(at).iter().any(again);
        }
        self.steps.iter().zip(worth).filter(|(_, w)| *w).map(|(s, _)| s.step.as_str()).collect()
    }

    /// The bytes to be committed of a step: the same whenever it makes the same. None where there is no such step.
    #[must_use]
    pub fn sealed(&self, step: &str) -> Option<Vec<u8>> {
        let step = self.step(step)?;
        let entry = Entry { took: None, ..step.entry.clone() };
        Some(entry.seal(step.identity.as_ref()?))
    }

    /// The tables of a step that some committed bytes hold.
    ///
    /// # Errors
    /// Where they are not those of this step as the experiment, its files and the program are now.
    pub fn open(&self, step: &str, sealed: &[u8]) -> Result<Vec<Table>, Unfit> {
        let identity = self.step(step).and_then(|step| step.identity.as_ref());
        Ok(Entry::open(identity.ok_or(Unfit::Other)?, sealed)?.tables)
    }

    fn step(&self, step: &str) -> Option<&KeptStep> {
        self.steps.iter().find(|known| known.step == step)
    }
}
