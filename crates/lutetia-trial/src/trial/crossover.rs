//! Who changes treatment at progression, and what happens then?

use lutetia_population::Draws;

use super::{Trial, course::Course, spec::Crossover};
use crate::{
    error::TrialError,
    scans::{Visits, scans},
};

/// Where what a decision depends on is found.
#[derive(Debug, Clone, Copy)]
pub(super) enum Known {
    Output(usize),
    Slot(usize),
    Time,
}

impl Trial<'_> {
    /// The probability that a patient who progressed changes treatment, and what it depends on:
    /// `ln p/(1 − p) = ln share/(1 − share) + Σ c·(x − reference)`, x as it is or its logarithm.
    pub(super) fn chance(
        &self,
        arm: usize,
        crossover: &Crossover,
        course: &Course<'_>,
        day: f64,
    ) -> Result<(f64, Vec<f64>), TrialError> {
        if crossover.depends.is_empty() {
            return Ok((crossover.share, Vec::new()));
        }
        let mut log_odds = (crossover.share / (1.0 - crossover.share)).ln();
        let mut known = Vec::new();
        for (d, place) in crossover.depends.iter().zip(&self.named[arm].dependences) {
            let found = match place {
                Known::Output(output) => course.value(*output, day),
                Known::Slot(slot) => course.parameters(0)[*slot],
                Known::Time => day,
            };
            let scale = |x: f64| if d.log { x.ln() } else { x };
            let x = scale(found);
            if !x.is_finite() {
                return Err(TrialError::NoChance { on: d.on.clone(), found });
            }
            log_odds += d.coefficient * (x - scale(d.reference));
            known.push(x);
        }
        Ok((1.0 / (1.0 + (-log_odds).exp()), known))
    }

    /// The treatment of another arm from a day on. Where that arm's ends at progression, so does this one, at a
    /// progression after the change: of the diameters from those at the change, or by the next new lesion, both
    /// looked for as long as the patient is followed.
    pub(super) fn cross_over<'c>(
        &'c self,
        course: &mut Course<'c>,
        draws: &Draws,
        visits: &Visits,
        start: f64,
        target: usize,
    ) -> Result<(), TrialError> {
        let to = &self.spec.arms[target];
        course.change_at(start, &self.named[target].moments)?;
        if !to.stop_at_progression {
            return course.finish();
        }
        let volume = self.outputs.volume;
        let at_start = volume.map(|o| course.value(o, start));
        let at_first = volume.and_then(|o| course.curve(o).first().copied());
        let ratio = at_start.zip(at_first).map_or(1.0, |(now, first)| (now / first).max(0.0));
        let later = Visits {
            times: visits.times.iter().copied().filter(|t| *t > start).collect(),
            baseline_mm: visits.baseline_mm * if ratio.is_finite() { ratio.cbrt() } else { 1.0 },
            jitter: 0.0,
        };
        // Lesions arise without memory: the next one is as far off as a first one would be.
        let spread = self.outputs.new_lesion.map(|o| {
            let level = course.value(o, start) - draws.uniform("new lesion", 1).ln();
            (o, level)
        });
        let looked = |course: &Course<'_>, day: f64| -> Result<Option<f64>, TrialError> {
            let lesion = match spread {
                Some((output, level)) => course.reaches(output, level)?,
                None => None,
            };
            let (mut times, mut values) = (vec![start], Vec::new());
            if let (Some(output), Some(first)) = (volume, at_start) {
                let (known, curve) = course.known_curve(output);
                values.push(first);
                let after = known.partition_point(|t| *t <= start);
                times.extend(&known[after..]);
                values.extend(&curve[after..]);
            }
            let volume = (!values.is_empty()).then_some(values.as_slice());
            Ok(scans(&later, &times, volume, lesion, day)?.progression)
        };
        course.until_progression(&looked).map(|_| ())
    }
}
