//! The version of what computes, for results that are committed.
//!
//! What a repository keeps must be good for every build of the same code, and stay so when a comment, a message or a page
//! is changed; a hash of the executable or of the sources would not. It is therefore a number that is raised by hand, with
//! each change of code after which a kind of step makes other numbers. That it was not forgotten is seen where steps
//! are computed again and compared: of each kind one in turn in `report --check`, all of them in
//! `report --check --force`.

use crate::steps::Step;

/// To be raised with what several kinds stand on: solvers, populations, trials, fits, nuclide data.
const SHARED: u32 = 1;

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
        | Step::Plan(_)
        | Step::Compare(_)
        | Step::FitModel(_)
        | Step::Sweep(_)
        | Step::Simulate(_)
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
    format!("revision {SHARED}.{own} of {}", step.word())
}
