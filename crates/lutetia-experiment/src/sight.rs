//! A step sees what it names and nothing else.
//!
//! The identity of a step covers what the step says it uses. So that nothing can be read beside that, everything else is
//! out of its sight while it runs: a use that a kind forgets to declare is an error in its first test, never a result
//! that is taken for current when it is not.

use std::collections::{BTreeMap, BTreeSet};

use lutetia_data::Study;
use lutetia_scenario::LoadedModel;
use lutetia_table::Tables;

use crate::{
    Experiment,
    artefact::Artefacts,
    graph::Graph,
    names::{first, owns, rest},
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

#[cfg(test)]
mod tests {
    use lutetia_diagnostic::Sources;
    use lutetia_table::Table;

    use super::*;
    use crate::{Reading, spec};

    const EXPERIMENT: &str = r#"
[experiment]
title = "t"
question = "q"
seed = 1
objective = "o"
method = "m"
result = "r"
disagreement = "d"
[data.rate]
table = "rate.csv"
[data.other]
table = "rate.csv"
[models.lq]
file = "radiobiology/linear-quadratic"
[models.pk]
file = "psma/tumour-kidney"
nuclides = ["Lu-177"]
[[step]]
kind = "simulate"
id = "first"
model = "pk"
outputs = ["A_kidneys"]
[[step]]
kind = "simulate"
id = "second"
model = "lq"
inputs = { dose_rate = { table = "rate", time = "time", value = "rate" } }
[[step]]
kind = "compare"
id = "beside"
caption = "c"
rows = [{ what = "w", ours = "second/1/dose", published = "other/1/rate", source = "s" }]
"#;

    #[test]
    fn exact_a_step_sees_only_what_it_names() {
        let world: BTreeMap<String, Vec<u8>> =
            [("rate.csv".to_owned(), b"time (h),rate (Gy/h)\n0,1\n1,1\n".to_vec())].into();
        let experiment = spec::parse("experiment.toml", EXPERIMENT, &mut Sources::new());
        let experiment = experiment.expect("an experiment");
        let graph = Graph::of(&experiment);
        let mut context = Context::load(&experiment, &mut Reading::of(&world)).expect("its files");
        for name in ["first", "second", "second.part", "second_else"] {
            context.tables.insert(name.to_owned(), Table::new(name, ""));
        }
        let names = |context: &Context| {
            let own = |map: Vec<&String>| map.into_iter().cloned().collect::<Vec<_>>();
            [
                own(context.models.keys().collect()),
                own(context.published.keys().collect()),
                own(context.tables.keys().collect()),
            ]
        };
        let all = names(&context);
        let none: [&str; 0] = [];
        for (at, models, data, tables) in [
            (0, &["pk"][..], &none[..], &none[..]),
            (1, &["lq"], &["rate"], &none),
            (2, &none, &["other"], &["second", "second.part"]),
        ] {
            let hidden = Hidden::from(&mut context, &experiment, &graph, at);
            assert_eq!(names(&context), [models, data, tables], "step {at}");
            hidden.back(&mut context);
            assert_eq!(names(&context), all, "after step {at}");
        }
    }
}
