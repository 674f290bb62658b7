//! What is there of the steps of an experiment before it runs.

use serde::Serialize;

use super::{Entry, Keep, identity::Identities};
use crate::{
    Experiment, Failure, Reading,
    graph::{Graph, Known},
    steps::Context,
};

/// Where the tables of a step come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// It was computed.
    Computed,
    /// The cache had them.
    Cache,
    /// The repository had them.
    Repository,
    /// They were there, and it was computed all the same: a step that had to run takes from it what is handed on in
    /// memory alone.
    Again,
}

/// The steps of an experiment, what is there of each, and under which identities it may be kept.
pub(crate) struct Looked {
    /// Of each step: what was found, and where.
    pub(crate) found: Vec<Option<(Entry, Source)>>,
    /// Of which the repository holds what would be taken, though the cache may have gone first.
    pub(crate) committed: Vec<bool>,
    /// Which have to run.
    pub(crate) to_run: Vec<bool>,
    /// The identities for the cache; none where nothing may be kept in it.
    pub(crate) cached: Option<Vec<String>>,
    /// The identities for the repository.
    pub(crate) kept: Option<Vec<String>>,
}

impl Looked {
    /// Looks for every step: in the cache, which holds what this program computed, then in the repository.
    ///
    /// What stands on a step that the repository has is kept in the cache as that: its identity there is made of the one
    /// that the step has in the repository.
    pub(crate) fn at(
        experiment: &Experiment,
        graph: &Graph,
        context: &Context,
        keep: &Keep<'_>,
    ) -> Self {
        let identities = Identities::of(experiment, graph, context);
        let kept = identities.as_ref().map(|identities| identities.kept(experiment));
        let computes = format!("program {}", keep.program);
        let (mut found, mut used): (Vec<_>, Vec<String>) = (Vec::new(), Vec::new());
        let mut committed = Vec::new();
        for (at, step) in experiment.steps.iter().enumerate() {
            let (Some(identities), Some(kept)) = (&identities, &kept) else {
                found.push(None);
                committed.push(false);
                continue;
            };
            let own = identities.step(at, &computes, &used);
            let cached = || {
                let sealed = keep.cache.get(&own).filter(|_| !keep.program.is_empty())?;
                Some((Entry::open(&own, &sealed).ok()?, Source::Cache))
            };
            let there = keep.repository.entry(step.kind().id());
            let there = there.and_then(|sealed| Entry::open(&kept[at], &sealed).ok());
            committed.push(there.is_some());
            let entry = cached().or(there.map(|entry| (entry, Source::Repository)));
            let taken = matches!(entry, Some((_, Source::Repository)));
            used.push(if taken { kept[at].clone() } else { own });
            found.push(entry);
        }
        let how = |found: &Option<(Entry, Source)>| match found {
            None => Known::Nothing,
            Some((entry, _)) if entry.hands_on.is_none() => Known::Tables,
            Some(_) => Known::Whole,
        };
        let to_run = graph.to_run(&found.iter().map(how).collect::<Vec<_>>());
        let cached = (kept.is_some() && !keep.program.is_empty()).then_some(used);
        Self { found, committed, to_run, cached, kept }
    }
}

/// A step before the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stands {
    /// Its identifier.
    pub step: String,
    /// Where its tables will come from.
    pub source: Source,
}

/// Where the tables of each step will come from when the experiment runs, without running it.
///
/// # Errors
/// What cannot be read of its data and models.
pub fn stands(
    experiment: &Experiment,
    reading: &mut Reading<'_>,
    keep: &Keep<'_>,
) -> Result<Vec<Stands>, Failure> {
    let context = Context::load(experiment, reading)?;
    let graph = Graph::of(experiment);
    let looked = Looked::at(experiment, &graph, &context, keep);
    let source = |at: usize| match &looked.found[at] {
        None => Source::Computed,
        Some(_) if looked.to_run[at] => Source::Again,
        Some((_, source)) => *source,
    };
    let steps = experiment.steps.iter().enumerate();
    Ok(steps.map(|(at, s)| Stands { step: s.kind().id().to_owned(), source: source(at) }).collect())
}
