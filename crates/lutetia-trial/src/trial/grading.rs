//! What does a course say of a patient: responses, grades, kept outputs?

use lutetia_outcome::survival::Decision;
use lutetia_population::Patient;

use super::{
    Trial,
    course::Course,
    record::{Observed, Record},
};
use crate::scans::{Seen, Visits, interpolate};

/// What became of a patient, before it is judged.
pub(super) struct Fate {
    pub(super) survival: Observed,
    pub(super) progression_free: Observed,
    pub(super) decision: Option<Decision>,
}

impl Trial<'_> {
    /// Until when toxicity is watched.
    pub(crate) fn watched(&self, course: &Course<'_>, end: f64) -> f64 {
        let last_dose = course.given().map(|g| g.day).filter(|day| *day < end).fold(0.0, f64::max);
        (last_dose + self.spec.toxicity_window).min(end)
    }

    /// The record of a patient, without what the marker's own visits show.
    pub(super) fn record(
        &self,
        patient: &Patient,
        arm: usize,
        course: &Course<'_>,
        fate: Fate,
        seen: &Seen,
        visits: &Visits,
    ) -> Record {
        let Fate { survival, progression_free, decision } = fate;
        let end = survival.at;
        let begun = course.given().filter(|g| g.moment.begins && g.day < end).count();
        let watched = self.watched(course, end);
        let at_end = course.times().partition_point(|t| *t <= watched).saturating_sub(1);
        let kept = self
            .outputs
            .keep
            .iter()
            .map(|o| course.curve(*o).get(at_end).copied().unwrap_or(f64::NAN))
            .collect();
        let marker = self.outputs.marker;
        Record {
            patient: patient.number,
            arm,
            survival,
            progression_free,
            end_of_study: self.end_of_study(&patient.draws),
            crossed_at: decision.as_ref().filter(|d| d.switched).map(|d| d.at),
            decision,
            cycles: begun,
            response: seen.best,
            best_size: seen.best_change.filter(|_| self.outputs.volume.is_some()),
            best_marker: marker.and_then(|o| best(course, o, visits, progression_free.at)),
            marker_halved: None,
            marker_free: None,
            grades: self.grades(course, watched),
            kept,
        }
    }

    /// The worst grade of each toxicity until a day.
    fn grades(&self, course: &Course<'_>, watched: f64) -> Vec<u8> {
        self.outputs
            .toxicities
            .iter()
            .map(|(output, limits)| {
                let nadir = course
                    .times()
                    .iter()
                    .zip(course.curve(*output))
                    .filter(|(t, _)| **t <= watched)
                    .map(|(_, v)| v)
                    .fold(f64::INFINITY, f64::min);
                #[expect(clippy::cast_possible_truncation, reason = "at most four limits")]
                let grade = limits.iter().take_while(|limit| nadir < **limit).count() as u8;
                grade
            })
            .collect()
    }
}

/// Best change of an output over the visits until a day, as a share of the baseline.
fn best(course: &Course<'_>, output: usize, visits: &Visits, until: f64) -> Option<f64> {
    let values = course.curve(output);
    let first = values.first().copied().unwrap_or(f64::NAN);
    let least = visits
        .times
        .iter()
        .filter(|t| **t <= until)
        .map(|t| interpolate(course.times(), &values, *t))
        .fold(f64::INFINITY, f64::min);
    (least.is_finite() && first > 0.0).then(|| least / first - 1.0)
}
