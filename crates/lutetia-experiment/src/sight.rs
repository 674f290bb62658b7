//! A step sees what it names and nothing else.
//!
//! The identity of a step covers what the step says it uses. So that nothing can be read beside that, everything else is
//! out of its sight while it runs: a use that a kind forgets to declare is an error in its first test, never a result
//! that is taken for current when it is not.

use std::collections::{BTreeMap, BTreeSet};

use lutetia_data::{PetStudy, Study};
use lutetia_scenario::LoadedModel;
use lutetia_table::Tables;

use crate::{
    Experiment,
    artefact::Artefacts,
    graph::Graph,
    names::{first, owns, rest},
    results::AllResults,
    steps::{Context, Use},
};

/// What the present step does not name.
pub(crate) struct Hidden {
    studies: BTreeMap<String, Study>,
    scans: BTreeMap<String, PetStudy>,
    published: Tables,
    models: BTreeMap<String, LoadedModel>,
    elsewhere: Tables,
    results: AllResults,
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
            scans: rest(&mut context.scans, |name| data.contains(name)),
            published: rest(&mut context.published, |name| data.contains(name)),
            models: rest(&mut context.models, |name| models.contains(name)),
            elsewhere: rest(&mut context.elsewhere, |name| elsewhere.contains(name)),
            results: context.results.rest(|name| steps.iter().any(|id| owns(id, name))),
            artefacts: context.artefacts.rest(|id| steps.contains(id)),
        }
    }

    /// Puts it back.
    pub(crate) fn back(self, context: &mut Context) {
        context.studies.extend(self.studies);
        context.scans.extend(self.scans);
        context.published.extend(self.published);
        context.models.extend(self.models);
        context.elsewhere.extend(self.elsewhere);
        context.results.extend(self.results);
        context.artefacts.extend(self.artefacts);
    }
}

#[cfg(test)]
mod tests {
    use lutetia_diagnostic::Sources;

    use super::*;
    use crate::{Reading, results::Results, spec};

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

    /// A step is given no table of another: `Context` has none, so that what is computed is handed on by its type. A
    /// cell is looked up in tables of `[data]` alone, which are input.
    #[test]
    fn exact_no_step_reads_a_number_out_of_a_table_of_another() {
        let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/steps")];
        let (mut files, mut looks) = (0, 0);
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                files += 1;
                let text = std::fs::read_to_string(&path).expect("a file of code");
                // What `Context` is made of is said in one file.
                for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
                    assert!(!line.contains("context.tables"), "{}: {line}", path.display());
                    assert!(!line.contains("context.added"), "{}: {line}", path.display());
                    if line.contains("cell(&context.") {
                        assert!(line.contains("context.published"), "{}: {line}", path.display());
                        looks += 1;
                    }
                }
            }
        }
        assert!(files > 80 && looks == 2, "{looks} lines look up a cell, in {files} files");
    }

    #[test]
    fn exact_a_step_sees_only_what_it_names() {
        let world: BTreeMap<String, Vec<u8>> =
            [("rate.csv".to_owned(), b"time (h),rate (Gy/h)\n0,1\n1,1\n".to_vec())].into();
        let experiment = spec::parse("experiment.toml", EXPERIMENT, &mut Sources::new());
        let experiment = experiment.expect("an experiment");
        let graph = Graph::of(&experiment);
        let mut context = Context::load(&experiment, &mut Reading::of(&world)).expect("its files");
        for name in ["first", "second", "second.part", "second_else"] {
            context.results.add(Results::new(name, ""));
        }
        let names = |context: &Context| {
            let own = |map: Vec<&String>| map.into_iter().cloned().collect::<Vec<_>>();
            [
                own(context.models.keys().collect()),
                own(context.published.keys().collect()),
                context.results.names(),
            ]
        };
        let all = names(&context);
        let none: [&str; 0] = [];
        for (at, models, data, results) in [
            (0, &["pk"][..], &none[..], &none[..]),
            (1, &["lq"], &["rate"], &none),
            (2, &none, &["other"], &["second", "second.part"]),
        ] {
            let hidden = Hidden::from(&mut context, &experiment, &graph, at);
            assert_eq!(names(&context), [models, data, results], "step {at}");
            hidden.back(&mut context);
            assert_eq!(names(&context), all, "after step {at}");
        }
    }
}
