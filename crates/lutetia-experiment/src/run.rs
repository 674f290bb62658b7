//! From an experiment to its tables and figures, in memory.

use std::{
    collections::BTreeMap,
    mem,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use lutetia_figure::{Figure, charts};
use lutetia_table::Tables;

use crate::{
    Experiment, Failure, Reading,
    cache::{Entry, Keep, Looked, Source},
    graph::Graph,
    kept::{Kept, KeptStep},
    results::Results,
    sight::Hidden,
    steps::Context,
};

/// What an experiment made.
#[derive(Debug)]
pub struct Made {
    /// The tables of its steps.
    pub tables: Tables,
    /// What its steps found, which some of the tables show.
    pub results: Vec<Results>,
    /// The tables and the published ones, for texts and figures.
    pub numbers: Tables,
    /// Its figures.
    pub figures: Vec<Figure>,
    /// Numerical settings, and what steps had to remark.
    pub settings: BTreeMap<String, String>,
    /// Parameters that are assumed.
    pub assumed: Vec<String>,
    /// Its steps in their order: where each came from, and how long it took.
    pub steps: Vec<StepRun>,
    /// What its steps made, for a repository to keep.
    pub kept: Kept,
}

/// What one step took.
#[derive(Debug, Clone, PartialEq)]
pub struct StepRun {
    /// Its identifier.
    pub step: String,
    /// Where its tables come from.
    pub source: Source,
    /// Seconds until they were there.
    pub seconds: f64,
}

/// Runs the steps of an experiment in their order and builds its figures. A step whose identity the cache or the
/// repository holds is not run, unless one that has to run takes more from it than its tables. `begin` is told the step that begins. When
/// `stop` comes up, the run ends at the next step, or earlier in steps that work for long; what was whole before is
/// kept.
///
/// # Errors
/// [`Failure`].
pub fn run(
    experiment: &Experiment,
    reading: &mut Reading<'_>,
    keep: &Keep<'_>,
    begin: &dyn Fn(&str),
    stop: &Arc<AtomicBool>,
) -> Result<Made, Failure> {
    let mut context = Context::load(experiment, reading)?;
    context.stop = Arc::clone(stop);
    let graph = Graph::of(experiment);
    let mut looked = Looked::at(experiment, &graph, &context, keep);
    let (mut steps, mut made, mut tables) = (Vec::new(), Vec::new(), Tables::new());
    for (at, step) in experiment.steps.iter().enumerate() {
        if stop.load(Ordering::Relaxed) {
            return Err(Failure::Interrupted);
        }
        let id = step.kind().id();
        begin(id);
        let since = Instant::now();
        let (entry, source) = match looked.found[at].take() {
            Some((entry, source)) if !looked.to_run[at] => {
                if let Some(small) = &entry.hands_on {
                    context.artefacts.add(id, small.clone().into());
                }
                (entry, source)
            }
            before => {
                let mut entry = compute(&mut context, experiment, &graph, at)?;
                entry.took = Some(since.elapsed().as_secs_f64());
                let source = if before.is_some() { Source::Again } else { Source::Computed };
                // What was made while the user stopped the run may be a part.
                if let Some(identities) = &looked.cached
                    && source == Source::Computed
                    && !stop.load(Ordering::Relaxed)
                {
                    keep.cache.put(&identities[at], &entry.seal(&identities[at]));
                }
                (entry, source)
            }
        };
        let seconds = since.elapsed().as_secs_f64();
        steps.push(StepRun { step: id.to_owned(), source, seconds });
        context.settings.extend(entry.settings.clone());
        for results in &entry.results {
            context.results.add(results.clone());
        }
        for table in &entry.tables {
            context.origins.insert(table.name.clone(), table.origin);
            tables.insert(table.name.clone(), table.clone());
        }
        let identity = looked.kept.as_ref().map(|identities| identities[at].clone());
        let committed = looked.committed[at];
        made.push(KeptStep { step: id.to_owned(), identity, committed, entry });
    }
    // Published tables may be drawn too; a step of the same name goes first.
    let mut numbers = context.published.clone();
    numbers.extend(tables.iter().map(|(name, table)| (name.clone(), table.clone())));
    let figures = experiment
        .figures
        .iter()
        .map(|spec| {
            charts::figure(spec, &numbers).map_err(|source| Failure::Chart {
                figure: spec.name().to_owned(),
                source: Box::new(source),
            })
        })
        .collect::<Result<Vec<Figure>, Failure>>()?;
    Ok(Made {
        tables,
        results: context.results.into_list(),
        numbers,
        figures,
        settings: context.settings,
        assumed: context.assumed,
        steps,
        kept: Kept::of(made, graph),
    })
}

/// Runs one step, which sees only what it names, and returns what it added.
fn compute(
    context: &mut Context,
    experiment: &Experiment,
    graph: &Graph,
    at: usize,
) -> Result<Entry, Failure> {
    let step = experiment.steps[at].kind();
    context.begin(step);
    let hidden = Hidden::from(context, experiment, graph, at);
    let settings = mem::take(&mut context.settings);
    step.run(context).map_err(|reason| {
        if context.stop.load(Ordering::Relaxed) {
            return Failure::Interrupted;
        }
        Failure::Step { step: step.id().to_owned(), reason }
    })?;
    hidden.back(context);
    Ok(Entry {
        tables: mem::take(&mut context.added),
        results: mem::take(&mut context.found),
        settings: mem::replace(&mut context.settings, settings),
        hands_on: context.artefacts.small(step.id()),
        took: None,
    })
}
