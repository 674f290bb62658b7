//! What a repository may give: on every machine the same, exactly where nothing has changed.

use std::collections::{BTreeMap, BTreeSet};

use lutetia_experiment::{Keep, Repository, Source, Unfit, cache::Nothing};
use lutetia_testkit::Ran;

use crate::cached::{CHANGES, Case, Memory, STEPS, bits, of, reached};

/// Committed entries, by step.
#[derive(Debug, Clone, Default)]
struct Committed(BTreeMap<String, Vec<u8>>);

impl Repository for Committed {
    fn entry(&self, step: &str) -> Option<Vec<u8>> {
        self.0.get(step).cloned()
    }
}

impl Committed {
    /// Some steps of what was made.
    fn of(ran: &Ran, steps: &[&str]) -> Self {
        let sealed = |step: &&str| {
            let sealed = ran.made.kept.sealed(step);
            ((*step).to_owned(), sealed.expect("it was made"))
        };
        Self(steps.iter().map(sealed).collect())
    }

    fn all(ran: &Ran) -> Self {
        Self::of(ran, &STEPS.map(|(step, _)| step))
    }
}

fn computed() -> Ran {
    Case::new().run_keeping(&Keep::nothing())
}

fn from(repository: &dyn Repository) -> Keep<'_> {
    Keep { repository, ..Keep::nothing() }
}

fn set<'a>(steps: &[&'a str]) -> BTreeSet<&'a str> {
    steps.iter().copied().collect()
}

#[test]
fn exact_what_is_committed_is_what_is_computed_to_the_last_bit_in_every_build() {
    let first = computed();
    let committed = Committed::all(&first);
    for program in ["", "p", "q"] {
        let memory = Memory::default();
        let keep = Keep { cache: &memory, program, repository: &committed };
        let ran = Case::new().run_keeping(&keep);
        assert_eq!(of(&ran, Source::Repository).len(), STEPS.len(), "{program:?}");
        assert_eq!(bits(&ran), bits(&first));
        // Who takes them gives them on as they were.
        assert_eq!(Committed::all(&ran).0, committed.0);
    }
}

#[test]
fn exact_each_change_takes_only_what_still_fits() {
    let committed = Committed::all(&computed());
    for change in &CHANGES {
        let mut case = Case::new();
        (change.0)(&mut case);
        let ran = case.run_keeping(&from(&committed));
        let expected = reached(&[change]);
        assert_eq!(of(&ran, Source::Computed), expected, "{expected:?}");
        assert_eq!(bits(&ran), bits(&case.run_keeping(&Keep::nothing())), "{expected:?}");
        for (step, bytes) in &committed.0 {
            let found = ran.made.kept.open(step, bytes).map(drop);
            let fits = if expected.contains(step.as_str()) { Err(Unfit::Other) } else { Ok(()) };
            assert_eq!(found, fits, "{step}");
        }
    }
}

#[test]
fn exact_what_is_damaged_or_of_another_step_is_never_used() {
    let first = computed();
    let whole = Committed::all(&first);
    let spoils: [fn(&mut Vec<u8>); 5] = [
        |entry| entry.clear(),
        |entry| entry.truncate(entry.len() - 1),
        |entry| entry.push(0),
        |entry| entry[3] ^= 1,
        |entry| {
            let last = entry.len() - 1;
            entry[last] ^= 1;
        },
    ];
    for spoil in spoils {
        let mut spoilt = whole.clone();
        spoilt.0.values_mut().for_each(spoil);
        let ran = Case::new().run_keeping(&from(&spoilt));
        assert_eq!(of(&ran, Source::Computed).len(), STEPS.len());
        assert_eq!(bits(&ran), bits(&first));
        for (step, bytes) in &spoilt.0 {
            assert_eq!(ran.made.kept.open(step, bytes).map(drop), Err(Unfit::Damaged), "{step}");
        }
    }
    let others: Vec<Vec<u8>> = whole.0.values().cloned().collect();
    let mut mixed = whole.clone();
    for (at, bytes) in mixed.0.values_mut().enumerate() {
        bytes.clone_from(&others[(at + 1) % others.len()]);
    }
    let ran = Case::new().run_keeping(&from(&mixed));
    assert_eq!(of(&ran, Source::Computed).len(), STEPS.len());
    assert_eq!(ran.made.kept.open("nobody", &others[0]).map(drop), Err(Unfit::Other));
    assert_eq!(ran.made.kept.sealed("nobody"), None);
}

#[test]
fn exact_what_stands_in_memory_on_a_kept_step_is_worth_keeping_too() {
    let first = computed();
    assert_eq!(first.made.kept.worth(0.0).len(), STEPS.len());
    assert_eq!(first.made.kept.worth(f64::INFINITY), set(&[]));
    let ran = Case::new().run_keeping(&from(&Committed::of(&first, &["trial"])));
    // A trial hands on its patients, which no table holds. A calibration hands on a few values, so that a cohort that
    // stands on it can be computed alone.
    assert_eq!(ran.made.kept.worth(f64::INFINITY), set(&["courses", "posterior", "trial"]));
    // The courses and the calibration take the patients of the trial, which runs for them.
    assert_eq!(of(&ran, Source::Again), set(&["trial"]));
    let enough = Committed::of(&first, &["courses", "posterior", "trial"]);
    let ran = Case::new().run_keeping(&from(&enough));
    assert_eq!(of(&ran, Source::Repository), set(&["courses", "posterior", "trial"]));
    assert_eq!(of(&ran, Source::Again), set(&[]));
    assert_eq!(bits(&ran), bits(&first));
}

#[test]
fn exact_the_cache_goes_first_and_knows_what_stands_on_a_committed_step() {
    let first = computed();
    let committed = Committed::of(&first, &["posterior"]);
    let memory = Memory::default();
    let with = Keep { cache: &memory, program: "p", repository: &committed };
    let ran = Case::new().run_keeping(&with);
    assert_eq!(of(&ran, Source::Repository), set(&["posterior"]));
    let again = Case::new().run_keeping(&with);
    assert_eq!(of(&again, Source::Cache).len(), STEPS.len() - 1);
    // Without the repository the step is computed here, and with it what stood on the committed one.
    let without = Keep { repository: &Nothing, ..with };
    let alone = Case::new().run_keeping(&without);
    assert_eq!(of(&alone, Source::Computed), set(&["fitted", "posterior"]));
    // What this program computed is preferred from now on.
    let last = Case::new().run_keeping(&with);
    assert_eq!(of(&last, Source::Cache).len(), STEPS.len());
    assert_eq!(bits(&last), bits(&first));
}

#[test]
fn exact_what_is_committed_stays_worth_keeping_where_the_cache_has_it() {
    let first = computed();
    let memory = Memory::default();
    let alone = Keep { cache: &memory, program: "p", repository: &Nothing };
    Case::new().run_keeping(&alone);
    let mut committed = Committed::of(&first, &["trial"]);
    for worth in [set(&["courses", "posterior", "trial"]), set(&[])] {
        let ran = Case::new().run_keeping(&Keep { repository: &committed, ..alone });
        assert_eq!(of(&ran, Source::Cache).len(), STEPS.len());
        assert_eq!(ran.made.kept.worth(f64::INFINITY), worth);
        // What does not fit is not there.
        committed.0.values_mut().for_each(Vec::clear);
    }
}
