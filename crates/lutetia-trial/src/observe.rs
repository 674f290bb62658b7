//! What is seen of one patient of a trial from visit to visit?

use crate::{
    scans::interpolate,
    trial::{Failed, Record, Trial},
};

/// What one visit shows, as shares of the baseline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Visit {
    /// Day.
    pub day: f64,
    /// Change of the sum of diameters.
    pub size: Option<f64>,
    /// Change of the marker.
    pub marker: Option<f64>,
}

/// One patient in one arm over time.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservedCourse {
    /// What the trial keeps of the patient.
    pub record: Record,
    /// The visits after the baseline until progression, death or the last assessment.
    pub visits: Vec<Visit>,
    /// Day on which the last interval of treatment ends: when the cycle after the last one begun was planned,
    /// else as long after it as the one before took, else (a single cycle) as long as toxicity is watched after a
    /// dose; or the progression or death that ended treatment. Nothing without treatment.
    pub treated_until: Option<f64>,
    /// Days of the curves.
    pub times: Vec<f64>,
    /// The outputs of the toxicities over them, in their order and in declared units.
    pub toxicities: Vec<Vec<f64>>,
    /// Until when toxicity is watched.
    pub watched_until: f64,
}

impl Trial<'_> {
    /// One patient in one arm, with the curves behind the record.
    ///
    /// # Errors
    /// [`Failed`]: the patient has no plausible draw, or the simulation failed.
    pub fn observe(&self, number: u64, arm: usize) -> Result<ObservedCourse, Failed> {
        let fail = |reason| Failed { patient: number, arm, reason: Box::new(reason) };
        let patient = self.patient(number).map_err(fail)?;
        let followed = self.followed(&patient, arm).map_err(fail)?;
        let (course, record) = (followed.course, followed.record);
        let end = record.survival.at;
        let times = course.times().to_vec();
        let curve = |output: usize| (course.curve(output), output);
        let changes = |output: Option<usize>, root: bool| {
            let (values, _) = curve(output?);
            let first = values.first().copied().filter(|v| *v > 0.0)?;
            let change = move |ratio: f64| if root { ratio.max(0.0).cbrt() } else { ratio } - 1.0;
            let times = &times;
            Some(move |day: f64| change(interpolate(times, &values, day) / first))
        };
        let (size, marker) =
            (changes(self.outputs.volume, true), changes(self.outputs.marker, false));
        let until = record.progression_free.at.min(end);
        let visits = followed
            .visits
            .times
            .iter()
            .filter(|day| **day <= until)
            .map(|&day| Visit {
                day,
                size: size.as_ref().map(|f| f(day)),
                marker: marker.as_ref().map(|f| f(day)),
            })
            .collect();
        let given = |ligand: bool| -> Vec<f64> {
            course
                .given()
                .filter(|g| g.day < end && g.counts(ligand))
                .map(|g| g.day)
                .filter(|at| record.crossed_at.is_none_or(|crossed| *at < crossed))
                .collect()
        };
        let all = given(false);
        let ligand = given(true);
        let by_ligand = !ligand.is_empty();
        let cycles = if by_ligand { &ligand } else { &all };
        // A cycle lasts until the next one is planned, whatever else is given in between; where none follows, as long as
        // the one before it; where there is no other, as long as toxicity is counted.
        let planned =
            self.planned(arm).chain(course.given()).filter(|g| g.counts(by_ligand)).map(|g| g.day);
        let interval = cycles.last().map_or(0.0, |last| {
            let next = planned.filter(|at| at > last).reduce(f64::min).map(|next| next - last);
            let before = cycles.windows(2).last().map(|pair| pair[1] - pair[0]);
            next.or(before).unwrap_or(self.spec.toxicity_window)
        });
        let last = all.last().copied();
        let over = cycles.last().map(|at| (at + interval).max(last.unwrap_or(*at)));
        let progressed = record.progression_free.event && record.progression_free.at < end;
        let stopped = self.spec.arms[arm].stop_at_progression && progressed;
        let end_of_treatment = if stopped { record.progression_free.at } else { end };
        let treated_until =
            last.zip(over).map(|(last, over)| over.min(end_of_treatment.max(last)).min(end));
        let infos = self.simulator.system().outputs();
        let toxicities = self
            .outputs
            .toxicities
            .iter()
            .map(|(output, _)| {
                let (values, output) = curve(*output);
                values.into_iter().map(|v| v * infos[output].factor).collect()
            })
            .collect();
        let watched_until = self.watched(&course, end);
        drop((size, marker));
        Ok(ObservedCourse { record, visits, treated_until, times, toxicities, watched_until })
    }
}
