//! Until when is a patient seen?

use lutetia_population::Draws;

use super::{Trial, spec::Arm};
use crate::scans::Visits;

impl Trial<'_> {
    pub(super) fn visits(&self, draws: &Draws) -> Visits {
        self.spec.visits.of_patient(draws.uniform("scans", 0))
    }

    /// How long a patient is followed for survival.
    pub(super) fn observed(&self, draws: &Draws, arm: &Arm) -> f64 {
        self.end_of_study(draws).min(exponential(draws, "lost", arm.lost_rate))
    }

    /// From the entry of a patient to the end of the study.
    pub(super) fn end_of_study(&self, draws: &Draws) -> f64 {
        self.spec.follow_up - self.spec.accrual * draws.uniform("entry", 0)
    }

    /// How long a patient is assessed for progression.
    pub(super) fn assessed(&self, draws: &Draws, arm: &Arm) -> f64 {
        if draws.uniform("drop-out at start", 0) < arm.drop_out_at_start {
            return 0.0;
        }
        exponential(draws, "drop-out", arm.drop_out_rate)
    }
}

/// The time of the first event of a constant rate.
fn exponential(draws: &Draws, purpose: &str, rate: f64) -> f64 {
    if rate > 0.0 { -draws.uniform(purpose, 0).ln() / rate } else { f64::INFINITY }
}

/// The last assessment not after a time; zero before the first.
pub(super) fn last_scan(visits: &Visits, until: f64) -> f64 {
    visits.times.iter().copied().filter(|t| *t <= until).fold(0.0, f64::max)
}
