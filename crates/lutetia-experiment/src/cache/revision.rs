//! The version of what computes, for results that are committed.
//!
//! What a repository keeps must be good for every build of the same code, and stay so when a comment, a message or a page
//! is changed; a hash of the executable or of the sources would not. It is therefore a number that is raised by hand, with
//! each change of code after which a kind of step makes other numbers. That it was not forgotten is seen where steps
//! are computed again and compared: of each kind one in turn in `report --check`, all of them in
//! `report --check --force`.
//!
//! Only a change of code needs that number. What computes is data too, and is in the identities by itself: the bundled
//! tables (nuclides, photons, electrons, masses, dose factors, CTCAE) by their texts, here; models, and the
//! ports that they share, by theirs (`Context::load`).

use std::sync::LazyLock;

use crate::{steps::Step, world::hash};

/// To be raised with what several kinds stand on: solvers, populations, trials, fits.
const SHARED: u32 = 1;

/// A hash of the bundled tables.
static TABLES: LazyLock<String> = LazyLock::new(|| digest(lutetia_data::bundled_tables()));

/// A hash of the names of some tables and of their texts.
fn digest(tables: &[(&str, &str)]) -> String {
    let line = |(name, text): &(&str, &str)| format!("{name:?} {}\n", hash(text.as_bytes()));
    hash(tables.iter().map(line).collect::<String>().as_bytes())
}

/// The version of what computes a step.
pub(crate) fn revision(step: &Step) -> String {
    let own = match step {
        Step::FitCurves(_)
        | Step::CohortCurves(_)
        | Step::SelectFunction(_)
        | Step::Integrate(_)
        | Step::Dose(_)
        | Step::Uncertainty(_)
        | Step::ModelDose(_)
        | Step::Designs(_)
        | Step::SmallTargets(_)
        | Step::Plan(_)
        | Step::Compare(_)
        | Step::FitModel(_)
        | Step::Sweep(_)
        | Step::Simulate(_)
        | Step::SideBySide(_)
        | Step::Pet(_)
        | Step::PetToTherapy(_)
        | Step::Reconstruct(_)
        | Step::Survival(_)
        | Step::IndependentAction(_)
        | Step::Combination(_)
        | Step::Cohort(_)
        | Step::Trial(_)
        | Step::Calibrate(_)
        | Step::Courses(_)
        | Step::ExposureResponse(_)
        | Step::OneAtATime(_)
        | Step::TradeOff(_) => 1,
    };
    format!("revision {SHARED}.{own} of {}\ntables {}", step.word(), *TABLES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_each_table_and_each_letter_of_it_is_in_the_digest() {
        let tables = lutetia_data::bundled_tables();
        assert!(tables.iter().any(|(name, _)| *name == "nuclides.csv"));
        assert_eq!(digest(tables), *TABLES);
        for at in 0..tables.len() {
            let (name, text) = tables[at];
            let other = format!("{text} ");
            let mut changed = tables.to_vec();
            changed[at] = (name, &other);
            assert_ne!(digest(&changed), *TABLES, "{name}");
            changed[at] = ("another.csv", text);
            assert_ne!(digest(&changed), *TABLES, "{name}");
            changed.remove(at);
            assert_ne!(digest(&changed), *TABLES, "{name}");
        }
    }
}
