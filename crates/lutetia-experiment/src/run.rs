//! From an experiment to its tables and figures, in memory.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use lutetia_figure::{Figure, charts};
use lutetia_table::Tables;

use crate::{Experiment, Failure, Reading, steps::Context};

/// What an experiment made.
#[derive(Debug)]
pub struct Made {
    /// The tables of its steps.
    pub tables: Tables,
    /// The same and the published ones, for texts and figures.
    pub numbers: Tables,
    /// Its figures.
    pub figures: Vec<Figure>,
    /// Numerical settings, and what steps had to remark.
    pub settings: BTreeMap<String, String>,
    /// Parameters that are assumed.
    pub assumed: Vec<String>,
}

/// Runs the steps of an experiment in their order and builds its figures. `begin` is told the step that begins. When
/// `stop` comes up, the run ends at the next step, or earlier in steps that work for long.
///
/// # Errors
/// [`Failure`].
pub fn run(
    experiment: &Experiment,
    reading: &mut Reading<'_>,
    begin: &dyn Fn(&str),
    stop: &Arc<AtomicBool>,
) -> Result<Made, Failure> {
    let mut context = Context::load(experiment, reading)?;
    context.stop = Arc::clone(stop);
    for step in &experiment.steps {
        if stop.load(Ordering::Relaxed) {
            return Err(Failure::Interrupted);
        }
        let step = step.kind();
        begin(step.id());
        context.begin(step);
        step.run(&mut context).map_err(|reason| {
            if stop.load(Ordering::Relaxed) {
                return Failure::Interrupted;
            }
            Failure::Step { step: step.id().to_owned(), reason }
        })?;
    }
    // Published tables may be drawn too; a step of the same name goes first.
    let mut numbers = context.published.clone();
    numbers.extend(context.tables.iter().map(|(name, table)| (name.clone(), table.clone())));
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
        tables: context.tables,
        numbers,
        figures,
        settings: context.settings,
        assumed: context.assumed,
    })
}
