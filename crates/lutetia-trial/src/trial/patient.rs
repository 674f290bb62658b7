//! How does one patient fare in one arm?

use lutetia_outcome::survival::Decision;
use lutetia_population::{Draws, Patient};

use super::{
    Trial,
    censoring::last_scan,
    course::Course,
    grading::Fate,
    record::{Observed, Record},
};
use crate::{
    error::TrialError,
    marker::MarkerSeen,
    scans::{Seen, Visits, scans},
};

/// What is expected of a patient in an arm.
#[derive(Debug, Clone, PartialEq)]
pub struct Expected {
    /// Mean survival up to a horizon, days.
    pub survival: f64,
    /// Kept outputs at the end of the toxicity window, internal.
    pub kept: Vec<f64>,
    /// Worst grade of each toxicity.
    pub grades: Vec<u8>,
}

/// A patient in an arm, with the curves behind the record.
pub(crate) struct Followed<'c> {
    pub(crate) course: Course<'c>,
    pub(crate) visits: Visits,
    pub(crate) record: Record,
}

impl Trial<'_> {
    /// A patient in an arm, with the curves behind the record.
    pub(crate) fn followed<'c>(
        &'c self,
        patient: &'c Patient,
        index: usize,
    ) -> Result<Followed<'c>, TrialError> {
        let arm = &self.spec.arms[index];
        let draws = &patient.draws;
        let visits = self.visits(draws);
        let until = self.observed(draws, arm);
        let seen_until = self.assessed(draws, arm).min(until);
        let named = &self.named[index];
        let mut course = Course::new(self, patient, &named.set, &named.moments, until);
        // Progression ends treatment only while it is looked for.
        let looked = |course: &Course<'_>, day: f64| -> Result<Option<f64>, TrialError> {
            Ok(self.seen(&visits, course, seen_until.min(day))?.progression)
        };
        let mut stopped = None;
        if arm.stop_at_progression {
            stopped = course.until_progression(&looked)?;
        } else {
            course.finish()?;
        }
        // The scan that ended treatment comes before anything that was left out.
        let progression = looked(&course, f64::INFINITY)?.or(stopped);
        let mut decision = None;
        if let (Some(at), Some(crossover), Some(target)) =
            (progression, &arm.crossover, self.named[index].target)
        {
            let start = at + crossover.delay;
            let alive = course.death.is_none_or(|death| death > start) && start < until;
            if alive {
                let (share, covariates) = self.chance(index, crossover, &course, at)?;
                let switched = draws.uniform("crossover", 0) < share;
                if switched {
                    self.cross_over(&mut course, draws, &visits, start, target)?;
                }
                decision = Some(Decision { at: start, switched, covariates });
            }
        }
        let survival = match course.death {
            Some(death) if death <= until => Observed::event(death),
            _ => Observed::censored(until),
        };
        // Death counts for progression-free survival while assessments go on.
        let found = progression.filter(|at| *at <= survival.at);
        let before = |at: f64| visits.times.iter().copied().filter(|t| *t < at).fold(0.0, f64::max);
        let progression_free = match found {
            Some(at) => Observed::found(at, before(at)),
            None if survival.event && survival.at <= seen_until => survival,
            None => Observed::censored(last_scan(&visits, seen_until.min(survival.at))),
        };
        // Scans of the dead show nothing.
        let seen = self.seen(&visits, &course, progression_free.at.min(survival.at))?;
        let fate = Fate { survival, progression_free, decision };
        let mut record = self.record(patient, index, &course, fate, &seen, &visits);
        if let Some(seen) = self.marker_seen(&course, draws, seen_until.min(survival.at))? {
            record.marker_halved = Some(seen.halved);
            record.marker_free = Some(match seen.progression {
                Some(at) => Observed { at, event: true, after: seen.before },
                None if survival.event && survival.at <= seen_until => survival,
                None => Observed::censored(seen.last),
            });
        }
        Ok(Followed { course, visits, record })
    }

    /// What the scans of a course until a time show.
    fn seen(&self, visits: &Visits, course: &Course<'_>, until: f64) -> Result<Seen, TrialError> {
        match self.outputs.volume {
            Some(output) => {
                let (times, volume) = course.known_curve(output);
                scans(visits, &times, Some(&volume), course.lesion, until)
            }
            None => scans(visits, &[], None, course.lesion, until),
        }
    }

    /// What is expected of one patient in one arm, without any random event: the mean survival up to a
    /// horizon, `∫₀^τ exp(−H(t)) dt` in days by trapezoids, the worst grades, and the kept outputs at the end of the
    /// toxicity window.
    ///
    /// # Errors
    /// [`TrialError`]: no hazard of death, or the simulation failed.
    pub fn expected(
        &self,
        patient: &Patient,
        arm: usize,
        horizon: f64,
    ) -> Result<Expected, TrialError> {
        let Some(death) = self.outputs.death else {
            return Err(TrialError::NoDeath);
        };
        let named = &self.named[arm];
        let mut course =
            Course::new(self, patient, &named.set, &named.moments, f64::INFINITY).without_death();
        course.finish()?;
        let hazard = course.curve(death);
        let mut mean = 0.0;
        for k in 1..self.times.len() {
            let (a, b) = (self.times[k - 1], self.times[k].min(horizon));
            if b > a {
                mean += 0.5 * (b - a) * ((-hazard[k - 1]).exp() + (-hazard[k]).exp());
            }
        }
        let alive = Observed::censored(f64::INFINITY);
        let visits = self.visits(&patient.draws);
        let seen = self.seen(&visits, &course, f64::INFINITY)?;
        let fate = Fate { survival: alive, progression_free: alive, decision: None };
        let record = self.record(patient, arm, &course, fate, &seen, &visits);
        Ok(Expected { survival: mean, kept: record.kept, grades: record.grades })
    }

    /// What the marker shows until a day, where it is measured.
    fn marker_seen(
        &self,
        course: &Course<'_>,
        draws: &Draws,
        until: f64,
    ) -> Result<Option<MarkerSeen>, TrialError> {
        let (Some(output), Some(visits)) = (self.outputs.marker, &self.spec.meaning.marker_visits)
        else {
            return Ok(None);
        };
        let (times, values) = course.known_curve(output);
        // Scans and blood are taken in the same calendar.
        let shift = self.spec.visits.jitter * (2.0 * draws.uniform("scans", 0) - 1.0);
        visits.judge(&times, &values, shift, until)
    }
}
