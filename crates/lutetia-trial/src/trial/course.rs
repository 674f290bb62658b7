//! How does one patient fare under a treatment that depends on what is seen?
//!
//! A course is simulated piece by piece: to the next cycle, where it is decided whether that is given, and
//! no further than the patient lives and is followed. What was simulated stays; a change of treatment goes
//! on from where it begins.

use lutetia_population::Patient;
use lutetia_scenario::Moment;
use lutetia_sim::{Change, Dose, Regimen, Request, Standing};

use super::Trial;
use crate::{
    error::TrialError,
    hazard::{Crossing, crossing_within},
    scans::interpolate,
};

/// Times (days) that differ by less are one.
const MOMENT: f64 = 1e-9;

/// A treatment, or the first of it: its moments from a day on, until another.
struct Part<'c> {
    moments: &'c [Moment],
    /// Day on which it begins.
    from: f64,
    /// Day before which moments are given.
    until: f64,
}

/// A moment of a treatment on the days of the patient.
#[derive(Clone, Copy)]
pub(crate) struct Given<'c> {
    pub(crate) day: f64,
    pub(crate) moment: &'c Moment,
    /// Day on which its treatment began.
    from: f64,
}

impl<'c> Given<'c> {
    /// A moment of a treatment that begins on a day; `length` is that of a day, internal.
    pub(crate) fn on(moment: &'c Moment, from: f64, length: f64) -> Self {
        Self { day: moment.at / length + from, moment, from }
    }

    /// Whether something is given; of the ligand, where an occasion of it must begin.
    pub(crate) fn counts(&self, ligand: bool) -> bool {
        !self.moment.doses.is_empty() && (self.moment.begins || !ligand)
    }

    /// Its doses, from the start of the course.
    fn doses(&self, length: f64) -> impl Iterator<Item = Dose> + use<'c> {
        let later = self.from * length;
        self.moment.doses.iter().map(move |dose| Dose { at: dose.at + later, ..dose.clone() })
    }
}

/// A patient's curves under a treatment, as far as they are known, with the events they imply.
pub(crate) struct Course<'c> {
    trial: &'c Trial<'c>,
    patient: &'c Patient,
    set: &'c [(usize, f64)],
    /// What is given or to be given, one treatment after the other.
    parts: Vec<Part<'c>>,
    /// How many of the times of the trial are asked for.
    wanted: usize,
    /// Outputs, row after row of the times known so far.
    rows: Vec<f64>,
    /// Where pieces began; the last is where the course stands.
    standings: Vec<Standing>,
    /// Outputs where the last piece ended, before what is given there.
    at_end: Vec<f64>,
    over: bool,
    /// Whether it ends with the death that the patient's random number makes of the hazard.
    mortal: bool,
    /// Death, where it comes within the times known.
    pub(crate) death: Option<f64>,
    /// The first new lesion.
    pub(crate) lesion: Option<f64>,
}

impl<'c> Course<'c> {
    /// A course of which nothing is known yet, to be followed until a day.
    pub(crate) fn new(
        trial: &'c Trial<'c>,
        patient: &'c Patient,
        set: &'c [(usize, f64)],
        moments: &'c [Moment],
        until: f64,
    ) -> Self {
        let wanted = (trial.times.partition_point(|t| *t < until) + 1).min(trial.times.len());
        Self {
            trial,
            patient,
            set,
            parts: vec![Part { moments, from: 0.0, until: f64::INFINITY }],
            wanted,
            rows: Vec::new(),
            standings: Vec::new(),
            at_end: Vec::new(),
            over: false,
            mortal: true,
            death: None,
            lesion: None,
        }
    }

    /// A course that nothing random ends.
    pub(crate) fn without_death(mut self) -> Self {
        self.mortal = false;
        self
    }

    /// What is given or to be given, in order of time.
    pub(crate) fn given(&self) -> impl Iterator<Item = Given<'c>> {
        let length = self.trial.day;
        self.parts.iter().flat_map(move |part| {
            let on_day = move |moment| Given::on(moment, part.from, length);
            part.moments.iter().map(on_day).filter(|given| given.day < part.until)
        })
    }

    /// Gives nothing from a day on.
    fn end_treatment(&mut self, day: f64) {
        for part in &mut self.parts {
            part.until = part.until.min(day);
        }
    }

    fn outputs(&self) -> usize {
        self.trial.simulator.system().outputs().len()
    }

    /// Rows known.
    fn known(&self) -> usize {
        self.rows.len() / self.outputs().max(1)
    }

    /// The times known.
    pub(crate) fn times(&self) -> &[f64] {
        &self.trial.times[..self.known()]
    }

    /// An output over them.
    pub(crate) fn curve(&self, output: usize) -> Vec<f64> {
        self.rows.chunks_exact(self.outputs().max(1)).map(|row| row[output]).collect()
    }

    /// An output over the times known, and where the course has come to a stop beyond them.
    pub(crate) fn known_curve(&self, output: usize) -> (Vec<f64>, Vec<f64>) {
        let (mut times, mut values) = (self.times().to_vec(), self.curve(output));
        if let Some(last) = self.standings.last().filter(|_| !self.over) {
            let stands = last.time / self.trial.day;
            if times.last().is_none_or(|t| *t < stands - MOMENT) {
                times.push(stands);
                values.extend(self.at_end.get(output));
            }
        }
        (times, values)
    }

    /// An output on a day, linear between what is known.
    pub(crate) fn value(&self, output: usize, day: f64) -> f64 {
        let (times, values) = self.known_curve(output);
        interpolate(&times, &values, day)
    }

    /// All cycles are given, whatever happens.
    pub(crate) fn finish(&mut self) -> Result<(), TrialError> {
        self.go(f64::INFINITY)
    }

    /// Gives one cycle after the other until `progressed`, asked before each for the days until then, finds
    /// progression: later cycles are left out. Returns when it was found.
    pub(crate) fn until_progression(
        &mut self,
        progressed: &dyn Fn(&Self, f64) -> Result<Option<f64>, TrialError>,
    ) -> Result<Option<f64>, TrialError> {
        let mut found = None;
        let from = self.standings.last().map_or(0.0, |s| s.time / self.trial.day);
        let starts: Vec<f64> = self
            .given()
            .filter(|g| g.day > from + MOMENT && g.counts(false))
            .map(|g| g.day)
            .collect();
        for at in starts {
            self.go(at)?;
            if self.over {
                return Ok(None);
            }
            found = progressed(self, at)?;
            if let Some(day) = found {
                // What has been given stays given, should it be seen so late.
                self.end_treatment(day.max(at - MOMENT));
                break;
            }
        }
        self.go(f64::INFINITY)?;
        Ok(found)
    }

    /// Forgets what comes after a day and goes there, to be treated otherwise from then on.
    pub(crate) fn change_at(&mut self, day: f64, moments: &'c [Moment]) -> Result<(), TrialError> {
        self.standings.retain(|s| s.time <= day * self.trial.day);
        // What lies between is simulated again with another end: rows of two runs would differ by the integrator's
        // error, by which a cumulative hazard could fall.
        let from = self.standings.last().map_or(0.0, |s| s.time / self.trial.day);
        let kept = self.trial.times.partition_point(|t| *t < from - MOMENT).min(self.known());
        self.rows.truncate(kept * self.outputs());
        self.over = false;
        self.end_treatment(day);
        self.go(day)?;
        self.parts.push(Part { moments, from: day, until: f64::INFINITY });
        Ok(())
    }

    /// Simulates from where the course stands to a day, or to the end of what is asked for.
    fn go(&mut self, day: f64) -> Result<(), TrialError> {
        if self.over {
            return Ok(());
        }
        let trial = self.trial;
        let last = trial.internal_times[self.wanted - 1];
        let to = day * trial.day;
        let ends = to >= last;
        let until = if ends { last } else { to };
        let known = self.known();
        let before = |t: &f64| if ends { *t <= until } else { *t < until - MOMENT * trial.day };
        let mut times: Vec<f64> =
            trial.internal_times[known..self.wanted].iter().copied().take_while(before).collect();
        let rows = times.len();
        if !ends {
            times.push(until);
        }
        let doses = self.given().flat_map(|given| given.doses(trial.day)).collect();
        let level = |purpose: &str| -self.patient.draws.uniform(purpose, 0).ln();
        let deadly =
            trial.outputs.death.filter(|_| self.mortal).map(|output| (output, level("death")));
        // The row at which the hazard of death has reached its level is the last that anybody needs.
        let alive =
            |_: usize, row: &[f64]| !deadly.is_some_and(|(output, level)| row[output] >= level);
        let (parameters, changes, regimen) =
            (self.parameters(0), self.changes(), Regimen { doses });
        let trajectory = trial.simulator.run(
            &Request::new(&parameters, &regimen, &times)
                .changes(&changes)
                .options(&trial.spec.options)
                .from(self.standings.last())
                .until(until)
                .follow_while(&alive),
        )?;
        let found = trajectory.outputs.rows();
        for k in 0..found.min(rows) {
            self.rows.extend_from_slice(trajectory.outputs.row(k));
        }
        self.at_end = trajectory.outputs.row(found.saturating_sub(1)).to_vec();
        self.over = ends || (trajectory.stopped && found <= rows);
        self.standings.push(trajectory.end);
        self.death = match deadly {
            Some((output, level)) => self.reaches(output, level)?,
            None => None,
        };
        self.lesion = match trial.outputs.new_lesion {
            Some(output) => self.reaches(output, level("new lesion"))?,
            None => None,
        };
        Ok(())
    }

    /// The patient's parameters on an occasion, with what the arm fixes.
    pub(crate) fn parameters(&self, occasion: usize) -> Vec<f64> {
        let mut parameters = self.patient.parameters(occasion).to_vec();
        for (slot, value) in self.set {
            parameters[*slot] = *value;
        }
        parameters
    }

    fn changes(&self) -> Vec<Change> {
        if self.patient.occasions.len() < 2 {
            return Vec::new();
        }
        let later = self.given().filter(|given| given.moment.begins).enumerate().skip(1);
        later
            .map(|(k, g)| Change { from: g.day * self.trial.day, parameters: self.parameters(k) })
            .collect()
    }

    /// When a cumulative hazard reaches a level.
    pub(crate) fn reaches(&self, output: usize, level: f64) -> Result<Option<f64>, TrialError> {
        // Also between the last time and where the course has stopped: a lesion of those days is seen before the
        // next cycle is given.
        let (times, hazard) = self.known_curve(output);
        // Errors of some steps add up.
        let tolerance = (10.0 * self.trial.spec.options.rtol).max(1e-6);
        match crossing_within(&times, &hazard, level, tolerance) {
            Crossing::At(time) => Ok(Some(time)),
            Crossing::Never => Ok(None),
            Crossing::Falls { time } => Err(TrialError::FallingHazard {
                output: self.trial.simulator.system().outputs()[output].name.clone(),
                time,
            }),
        }
    }
}
