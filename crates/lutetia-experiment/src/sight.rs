//! A step sees what it names and nothing else.
//!
//! The identity of a step covers what the step says it uses. So that nothing can be read beside that, everything else is
//! out of its sight while it runs: a use that a kind forgets to declare is an error in its first test, never a result
//! that is taken for current when it is not.

use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
};

use lutetia_data::Study;
use lutetia_scenario::LoadedModel;
use lutetia_table::Tables;

use crate::{
    Experiment,
    artefact::Artefacts,
    graph::{Graph, owns},
    steps::{Context, Use},
};

/// What the present step does not name.
pub(crate) struct Hidden {
    studies: BTreeMap<String, Study>,
    published: Tables,
    models: BTreeMap<String, LoadedModel>,
    elsewhere: Tables,
    tables: Tables,
    artefacts: Artefacts,
}

impl Hidden {
    /// Takes out of a context what the step at a place does not name.
    pub(crate) fn from(
        context: &mut Context,
        experiment: &Experiment,
        graph: &Graph,
        step: usize,
    ) -> Self {
        let kind = experiment.steps[step].kind();
        let (mut data, mut models) = (BTreeSet::new(), BTreeSet::new());
        let mut elsewhere = BTreeSet::new();
        for used in kind.uses() {
            match used {
                Use::Data(name) => drop(data.insert(name.to_owned())),
                Use::Model(name) => drop(models.insert(name.to_owned())),
                Use::Experiment(table) => drop(elsewhere.insert(table.table())),
                Use::Step(_) => {}
            }
        }
        data.extend(kind.reads().iter().map(|path| first(path).to_owned()));
        let steps: BTreeSet<&str> =
            graph.behind(step).iter().map(|&at| experiment.steps[at].kind().id()).collect();
        Self {
            studies: rest(&mut context.studies, |name| data.contains(name)),
            published: rest(&mut context.published, |name| data.contains(name)),
            models: rest(&mut context.models, |name| models.contains(name)),
            elsewhere: rest(&mut context.elsewhere, |name| elsewhere.contains(name)),
            tables: rest(&mut context.tables, |name| steps.iter().any(|id| owns(id, name))),
            artefacts: context.artefacts.rest(|id| steps.contains(id)),
        }
    }

    /// Puts it back.
    pub(crate) fn back(self, context: &mut Context) {
        context.studies.extend(self.studies);
        context.published.extend(self.published);
        context.models.extend(self.models);
        context.elsewhere.extend(self.elsewhere);
        context.tables.extend(self.tables);
        context.artefacts.extend(self.artefacts);
    }
}

/// The table of a path to a cell.
pub(crate) fn first(path: &str) -> &str {
    path.split('/').next().unwrap_or(path)
}

/// Leaves what is seen and returns the rest.
pub(crate) fn rest<T>(
    all: &mut BTreeMap<String, T>,
    seen: impl Fn(&str) -> bool,
) -> BTreeMap<String, T> {
    let (left, rest) = mem::take(all).into_iter().partition(|(name, _)| seen(name));
    *all = left;
    rest
}
