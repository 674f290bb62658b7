//! What happens to whom, in which arm, and when?
//!
//! A trial is arms × regimen × cohort. Every patient is simulated on the connected model of kinetics,
//! tumour, toxicity and survival. What happens at random to a patient (death, a new lesion, drop-out,
//! the day of entry, the choice to cross over) is a function of the patient's own random numbers, so
//! that two arms differ by their treatment alone. All times are days, but for those of doses, which are
//! internal.

use std::sync::atomic::{AtomicBool, Ordering};

use lutetia_outcome::{endpoint::BestResponse, survival::Decision};
use lutetia_population::{Draws, Patient, Population, known};
use lutetia_sim::{Dose, Options, Regimen, SimError, Simulator};
use lutetia_units::Dimension;
use rayon::prelude::*;

use crate::{
    course::Course,
    error::TrialError,
    event::{Seen, Visits, interpolate, scans},
    marker::{MarkerSeen, MarkerVisits},
};

/// What is given at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct Cycle {
    /// Start.
    pub at: f64,
    /// Doses; their times (internal) count from the start of the trial.
    pub doses: Vec<Dose>,
    /// Whether an occasion of the ligand begins here, whose parameters hold from `at` on (those of the first one from
    /// the start of the trial). A partner's dose and a further part of a split one belong to the occasion that is on.
    pub begins: bool,
}

/// What patients of an arm may change to when they progress.
#[derive(Debug, Clone, PartialEq)]
pub struct Crossover {
    /// Name of the arm whose treatment they then get, from its beginning.
    pub to: String,
    /// Share of the progressing patients who do, 0 to 1.
    pub share: f64,
    /// From progression to the new treatment.
    pub delay: f64,
    /// What the share depends on; it is that of patients at the references.
    pub depends: Vec<Dependence>,
}

/// How the odds of crossover depend on something known at progression.
#[derive(Debug, Clone, PartialEq)]
pub struct Dependence {
    /// An output of the model, a parameter or covariate, or `time` (from entry to progression).
    pub on: String,
    /// Whether its logarithm counts.
    pub log: bool,
    /// Change of the log odds by one (internal unit, day) of it, or by one of its logarithm.
    pub coefficient: f64,
    /// Where the share holds.
    pub reference: f64,
}

/// Where what a decision depends on is found.
#[derive(Debug, Clone, Copy)]
enum Known {
    Output(usize),
    Slot(usize),
    Time,
}

/// One arm.
#[derive(Debug, Clone, PartialEq)]
pub struct Arm {
    /// Name.
    pub name: String,
    /// Number of patients.
    pub patients: usize,
    /// Number of the first patient. Arms with the same number treat the same patients (common random
    /// numbers); a randomised trial gives each arm patients of its own.
    pub first: u64,
    /// The treatment, cycles in order of time.
    pub cycles: Vec<Cycle>,
    /// Parameters that the arm fixes (name, internal value), after random effects.
    pub set: Vec<(String, f64)>,
    /// Whether treatment ends at progression.
    pub stop_at_progression: bool,
    /// Share of patients who leave at once, without any assessment of progression.
    pub drop_out_at_start: f64,
    /// Rate at which patients leave the assessments of progression, per day.
    pub drop_out_rate: f64,
    /// Rate at which patients are lost to all follow-up, per day.
    pub lost_rate: f64,
    /// Crossover at progression.
    pub crossover: Option<Crossover>,
}

impl Arm {
    /// An arm that gives nothing.
    #[must_use]
    pub fn untreated(name: &str, patients: usize) -> Self {
        Self {
            name: name.to_owned(),
            patients,
            first: 0,
            cycles: Vec::new(),
            set: Vec::new(),
            stop_at_progression: false,
            drop_out_at_start: 0.0,
            drop_out_rate: 0.0,
            lost_rate: 0.0,
            crossover: None,
        }
    }
}

/// A toxicity graded by how far an output falls: grade g from `limits[g − 1]` down.
#[derive(Debug, Clone, PartialEq)]
pub struct Toxicity {
    /// Name.
    pub name: String,
    /// Output of the model.
    pub output: String,
    /// Values (internal) below which grades 1, 2, 3, 4 begin, descending (CTCAE).
    pub limits: Vec<f64>,
}

/// Which outputs mean what.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Meaning {
    /// Cumulative hazard of death.
    pub death: Option<String>,
    /// Cumulative hazard of a new lesion (or of clinical progression); found at the next scan.
    pub new_lesion: Option<String>,
    /// Tumour volume, mass or number of cells; its cube root is followed as a diameter.
    pub volume: Option<String>,
    /// A serum marker such as PSA.
    pub marker: Option<String>,
    /// When it is measured; without, it is looked at with the scans, and its progression is not judged.
    pub marker_visits: Option<MarkerVisits>,
    /// Toxicities.
    pub toxicities: Vec<Toxicity>,
    /// Further outputs to keep: their value at the end of treatment (such as absorbed doses).
    pub keep: Vec<String>,
}

/// A trial.
#[derive(Debug, Clone, PartialEq)]
pub struct TrialSpec {
    /// Arms.
    pub arms: Vec<Arm>,
    /// Which outputs mean what.
    pub meaning: Meaning,
    /// Longest follow-up of a patient.
    pub follow_up: f64,
    /// Time over which patients enter; a patient who enters late is followed that much less.
    pub accrual: f64,
    /// Distance of the times at which curves are kept.
    pub step: f64,
    /// Scans.
    pub visits: Visits,
    /// Time over which toxicity is watched after the last dose.
    pub toxicity_window: f64,
    /// How to integrate.
    pub options: Options,
}

/// How one patient fared in one arm.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Number of the patient.
    pub patient: u64,
    /// Index of the arm.
    pub arm: usize,
    /// Death, or the last day known to be alive: (day, whether dead).
    pub survival: (f64, bool),
    /// Progression or death, or the last assessment: (day, whether it happened).
    pub progression_free: (f64, bool),
    /// The scan before the one that showed progression, zero for the first: it happened after that. None
    /// where death or a censoring ended the time.
    pub progression_after: Option<f64>,
    /// When the patient would have been censored at the latest: the end of the study.
    pub end_of_study: f64,
    /// When treatment was changed.
    pub crossed_at: Option<f64>,
    /// When it was decided whether to change it, where it was, with what the decision depended on.
    pub decision: Option<Decision>,
    /// Cycles of the ligand begun: its occasions.
    pub cycles: usize,
    /// Best response by RECIST 1.1 over the scans while assessed.
    pub response: BestResponse,
    /// Best change of the sum of diameters over them, as a share of the baseline.
    pub best_size: Option<f64>,
    /// Best change of the marker, as a share of the baseline.
    pub best_marker: Option<f64>,
    /// Whether the marker fell to half, confirmed three weeks later; known where it has visits of its own.
    pub marker_halved: Option<bool>,
    /// Progression of the marker or death, or its last measurement: (day, whether it happened).
    pub marker_free: Option<(f64, bool)>,
    /// The measurement before the one that showed its progression.
    pub marker_after: Option<f64>,
    /// Worst grade of each toxicity.
    pub grades: Vec<u8>,
    /// Kept outputs at the end of treatment, internal.
    pub kept: Vec<f64>,
}

impl Record {
    /// The interval `(left, right]` in which progression or death happened: between two scans, at the day of
    /// death, or after the last assessment, where `right` is infinite.
    #[must_use]
    pub fn progression_free_interval(&self) -> (f64, f64) {
        match (self.progression_free, self.progression_after) {
            ((at, true), after) => (after.unwrap_or(at), at),
            ((at, false), _) => (at, f64::INFINITY),
        }
    }
}

/// A patient that could not be simulated.
#[derive(Debug, Clone, PartialEq)]
pub struct Failed {
    /// Number of the patient.
    pub patient: u64,
    /// Index of the arm.
    pub arm: usize,
    /// Why.
    pub reason: String,
}

/// A patient in an arm, with the curves behind the record.
pub(crate) struct Followed<'c> {
    pub(crate) course: Course<'c>,
    pub(crate) visits: Visits,
    pub(crate) record: Record,
}

/// Indices of outputs.
#[derive(Debug, Clone)]
pub(crate) struct Outputs {
    pub(crate) death: Option<usize>,
    pub(crate) new_lesion: Option<usize>,
    pub(crate) volume: Option<usize>,
    pub(crate) marker: Option<usize>,
    pub(crate) toxicities: Vec<(usize, Vec<f64>)>,
    keep: Vec<usize>,
}

/// A trial ready to run: names resolved, numbers checked.
#[derive(Debug)]
pub struct Trial<'a> {
    pub(crate) simulator: &'a Simulator,
    population: &'a Population,
    pub(crate) spec: TrialSpec,
    pub(crate) outputs: Outputs,
    sets: Vec<Vec<(usize, f64)>>,
    targets: Vec<Option<usize>>,
    dependences: Vec<Vec<Known>>,
    pub(crate) times: Vec<f64>,
    pub(crate) internal_times: Vec<f64>,
    /// Internal length of a day.
    pub(crate) day: f64,
}

impl<'a> Trial<'a> {
    /// Checks a trial against the model of a population.
    ///
    /// # Errors
    /// [`TrialError`]: no arm, an arm without patients, an unknown output or arm, a number outside its
    /// range, a dose into a place that does not exist (a partner without kinetics).
    pub fn new(
        simulator: &'a Simulator,
        population: &'a Population,
        spec: TrialSpec,
    ) -> Result<Self, TrialError> {
        let system = simulator.system();
        let positive = |what: &str, value: f64| {
            if value.is_finite() && value > 0.0 {
                return Ok(());
            }
            Err(range(what, value, "a finite time above zero"))
        };
        positive("the follow-up", spec.follow_up)?;
        positive("the step of the curves", spec.step)?;
        if spec.follow_up / spec.step > 1e5 {
            return Err(range(
                "the step of the curves",
                spec.step,
                "at most 100 000 steps of follow-up; make it longer",
            ));
        }
        if !(spec.accrual.is_finite() && spec.accrual >= 0.0 && spec.accrual < spec.follow_up) {
            return Err(range("the accrual", spec.accrual, "zero or more, shorter than follow-up"));
        }
        if let Some(visits) = &spec.meaning.marker_visits {
            positive("the distance of the marker's measurements", visits.every)?;
            if !(visits.least_rise.is_finite() && visits.least_rise >= 0.0) {
                let expected = "a finite number of zero or more";
                return Err(range("the least rise of the marker", visits.least_rise, expected));
            }
        }
        if !(spec.visits.jitter.is_finite() && spec.visits.jitter >= 0.0) {
            return Err(range("the jitter of the scans", spec.visits.jitter, "zero or more days"));
        }
        if spec.arms.is_empty() {
            return Err(range("the number of arms", 0.0, "at least one arm"));
        }
        let output = |name: &String| {
            system.output_index(name).ok_or_else(|| TrialError::Unknown {
                what: "output",
                name: name.clone(),
                hint: known(name, system.outputs().iter().map(|o| o.name.as_str())),
            })
        };
        let optional = |name: &Option<String>| name.as_ref().map(output).transpose();
        let meaning = &spec.meaning;
        let outputs = Outputs {
            death: optional(&meaning.death)?,
            new_lesion: optional(&meaning.new_lesion)?,
            volume: optional(&meaning.volume)?,
            marker: optional(&meaning.marker)?,
            toxicities: meaning
                .toxicities
                .iter()
                .map(|t| {
                    let falling = t.limits.windows(2).all(|w| w[0] >= w[1]);
                    if t.limits.is_empty() || t.limits.len() > 4 || !falling {
                        return Err(TrialError::OutOfRange {
                            what: format!("the limits of `{}`", t.name),
                            found: format!("{:?}", t.limits),
                            expected: "one to four values, descending, from grade 1 up".to_owned(),
                        });
                    }
                    Ok((output(&t.output)?, t.limits.clone()))
                })
                .collect::<Result<_, _>>()?,
            keep: meaning.keep.iter().map(output).collect::<Result<_, _>>()?,
        };
        let mut sets = Vec::new();
        let mut targets = Vec::new();
        let mut dependences = Vec::new();
        for arm in &spec.arms {
            check_arm(arm)?;
            // What no patient can be given is said once, not once per patient.
            let doses: Vec<Dose> = arm.cycles.iter().flat_map(|c| c.doses.clone()).collect();
            simulator.check_regimen(&Regimen { doses })?;
            sets.push(
                arm.set
                    .iter()
                    .map(|(name, value)| Ok((simulator.parameter(name)?, *value)))
                    .collect::<Result<_, SimError>>()?,
            );
            let depends = arm.crossover.iter().flat_map(|c| &c.depends);
            dependences
                .push(depends.map(|d| dependence(d, arm, simulator)).collect::<Result<_, _>>()?);
            targets.push(match &arm.crossover {
                None => None,
                Some(c) => {
                    let names = spec.arms.iter().map(|a| a.name.as_str());
                    let to = spec.arms.iter().position(|a| a.name == c.to);
                    Some(to.ok_or_else(|| TrialError::Unknown {
                        what: "arm",
                        name: c.to.clone(),
                        hint: known(&c.to, names),
                    })?)
                }
            });
        }
        let times = grid(&spec);
        let day = 86_400.0 / system.units().factor(Dimension::TIME);
        let internal_times = times.iter().map(|t| t * day).collect();
        Ok(Self {
            simulator,
            population,
            spec,
            outputs,
            sets,
            targets,
            dependences,
            times,
            internal_times,
            day,
        })
    }

    /// The specification.
    #[must_use]
    pub fn spec(&self) -> &TrialSpec {
        &self.spec
    }

    /// Kept outputs of a record in the units the model declares for them.
    #[must_use]
    pub fn kept_in_declared_units(&self, kept: &[f64]) -> Vec<f64> {
        let infos = self.simulator.system().outputs();
        self.outputs.keep.iter().zip(kept).map(|(o, value)| value * infos[*o].factor).collect()
    }

    /// Every (patient, arm) of the trial, arm after arm.
    #[must_use]
    pub fn places(&self) -> Vec<(u64, usize)> {
        self.spec
            .arms
            .iter()
            .enumerate()
            .flat_map(|(index, arm)| (0..arm.patients as u64).map(move |k| (arm.first + k, index)))
            .collect()
    }

    /// Runs all patients of all arms on the threads of the present pool; the records are in the order
    /// of [`Trial::places`] whatever their number. Whoever could not be simulated is named with the
    /// reason.
    #[must_use]
    pub fn run(&self) -> (Vec<Record>, Vec<Failed>) {
        // Nobody holds the flag, so that nobody raises it.
        self.run_until(&AtomicBool::new(false)).unwrap_or_default()
    }

    /// As [`Trial::run`], unless `stop` comes up, which is looked at before each patient.
    ///
    /// # Errors
    /// [`TrialError::Interrupted`].
    pub fn run_until(&self, stop: &AtomicBool) -> Result<(Vec<Record>, Vec<Failed>), TrialError> {
        let all: Option<Vec<Result<Record, Failed>>> = self
            .places()
            .into_par_iter()
            .map(|(patient, arm)| (!stop.load(Ordering::Relaxed)).then(|| self.one(patient, arm)))
            .collect();
        let (mut records, mut failed) = (Vec::new(), Vec::new());
        for result in all.ok_or(TrialError::Interrupted)? {
            match result {
                Ok(record) => records.push(record),
                Err(why) => failed.push(why),
            }
        }
        Ok((records, failed))
    }

    /// One patient in one arm.
    ///
    /// # Errors
    /// [`Failed`]: the patient has no plausible draw, or the simulation failed.
    pub fn one(&self, number: u64, arm: usize) -> Result<Record, Failed> {
        let fail = |reason: String| Failed { patient: number, arm, reason };
        let patient = self.population.patient(number).map_err(|e| fail(e.to_string()))?;
        self.follow(&patient, arm).map_err(|e| fail(e.to_string()))
    }

    fn follow(&self, patient: &Patient, index: usize) -> Result<Record, TrialError> {
        Ok(self.followed(patient, index)?.record)
    }

    /// The patient of a number.
    pub(crate) fn patient(&self, number: u64) -> Result<Patient, TrialError> {
        Ok(self.population.patient(number)?)
    }

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
        let mut course = Course::new(self, patient, &self.sets[index], arm.cycles.clone(), until);
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
            (progression, &arm.crossover, self.targets[index])
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
            Some(death) if death <= until => (death, true),
            _ => (until, false),
        };
        // Death counts for progression-free survival while assessments go on.
        let found = progression.filter(|at| *at <= survival.0);
        let before = |at: f64| visits.times.iter().copied().filter(|t| *t < at).fold(0.0, f64::max);
        let progression_free = match (found, survival) {
            (Some(at), _) => (at, true),
            (_, (death, true)) if death <= seen_until => (death, true),
            _ => (last_scan(&visits, seen_until.min(survival.0)), false),
        };
        // Scans of the dead show nothing.
        let seen = self.seen(&visits, &course, progression_free.0.min(survival.0))?;
        let mut record = self.record(
            patient,
            index,
            &course,
            survival,
            (progression_free, found.map(before)),
            decision,
            &seen,
            &visits,
        );
        if let Some(seen) = self.marker_seen(&course, draws, seen_until.min(survival.0))? {
            record.marker_halved = Some(seen.halved);
            record.marker_after = seen.before;
            record.marker_free = Some(match (seen.progression, survival) {
                (Some(at), _) => (at, true),
                (None, (death, true)) if death <= seen_until => (death, true),
                _ => (seen.last, false),
            });
        }
        Ok(Followed { course, visits, record })
    }

    /// The probability that a patient who progressed changes treatment, and what it depends on:
    /// `ln p/(1 − p) = ln share/(1 − share) + Σ c·(x − reference)`, x as it is or its logarithm.
    fn chance(
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
        for (d, place) in crossover.depends.iter().zip(&self.dependences[arm]) {
            let found = match place {
                Known::Output(output) => course.value(*output, day),
                Known::Slot(slot) => course.parameters(0)[*slot],
                Known::Time => day,
            };
            let scale = |x: f64| if d.log { x.ln() } else { x };
            let x = scale(found);
            if !x.is_finite() {
                return Err(TrialError::NotDetermined {
                    what: format!("the chance of crossover by `{}`", d.on),
                    reason: format!("it is {found} at progression, and its logarithm is taken"),
                });
            }
            log_odds += d.coefficient * (x - scale(d.reference));
            known.push(x);
        }
        Ok((1.0 / (1.0 + (-log_odds).exp()), known))
    }

    /// The treatment of another arm from a day on. Where that arm's ends at progression, so does this one, at a
    /// progression after the change: of the diameters from those at the change, or by the next new lesion, both
    /// looked for as long as the patient is followed.
    fn cross_over(
        &self,
        course: &mut Course<'_>,
        draws: &Draws,
        visits: &Visits,
        start: f64,
        target: usize,
    ) -> Result<(), TrialError> {
        let to = &self.spec.arms[target];
        course.change_at(start, to.cycles.iter().map(|c| shifted(c, start, self.day)).collect())?;
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
    /// horizon, `∫₀^τ exp(−H(t)) dt` in days by trapezoids, and the kept outputs (in declared units) at the
    /// end of the toxicity window.
    ///
    /// # Errors
    /// [`TrialError`]: no hazard of death, or the simulation failed.
    pub fn expected(
        &self,
        patient: &Patient,
        arm: usize,
        horizon: f64,
    ) -> Result<(f64, Vec<f64>, Vec<u8>), TrialError> {
        let Some(death) = self.outputs.death else {
            return Err(TrialError::NotDetermined {
                what: "the expected survival".to_owned(),
                reason: "the trial names no cumulative hazard of death".to_owned(),
            });
        };
        let cycles = self.spec.arms[arm].cycles.clone();
        let mut course =
            Course::new(self, patient, &self.sets[arm], cycles, f64::INFINITY).without_death();
        course.finish()?;
        let hazard = course.curve(death);
        let mut mean = 0.0;
        for k in 1..self.times.len() {
            let (a, b) = (self.times[k - 1], self.times[k].min(horizon));
            if b > a {
                mean += 0.5 * (b - a) * ((-hazard[k - 1]).exp() + (-hazard[k]).exp());
            }
        }
        let alive = (f64::INFINITY, false);
        let visits = self.visits(&patient.draws);
        let seen = self.seen(&visits, &course, f64::INFINITY)?;
        let progression = (alive, None);
        let record = self.record(patient, arm, &course, alive, progression, None, &seen, &visits);
        Ok((mean, self.kept_in_declared_units(&record.kept), record.grades))
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

    fn visits(&self, draws: &Draws) -> Visits {
        self.spec.visits.of_patient(draws.uniform("scans", 0))
    }

    /// How long a patient is followed for survival.
    fn observed(&self, draws: &Draws, arm: &Arm) -> f64 {
        self.end_of_study(draws).min(exponential(draws, "lost", arm.lost_rate))
    }

    /// From the entry of a patient to the end of the study.
    fn end_of_study(&self, draws: &Draws) -> f64 {
        self.spec.follow_up - self.spec.accrual * draws.uniform("entry", 0)
    }

    /// How long a patient is assessed for progression.
    fn assessed(&self, draws: &Draws, arm: &Arm) -> f64 {
        if draws.uniform("drop-out at start", 0) < arm.drop_out_at_start {
            return 0.0;
        }
        exponential(draws, "drop-out", arm.drop_out_rate)
    }

    /// Until when toxicity is watched.
    pub(crate) fn watched(&self, cycles: &[Cycle], end: f64) -> f64 {
        let last_dose = cycles.iter().filter(|c| c.at < end).map(|c| c.at).fold(0.0, f64::max);
        (last_dose + self.spec.toxicity_window).min(end)
    }

    fn record(
        &self,
        patient: &Patient,
        arm: usize,
        course: &Course<'_>,
        survival: (f64, bool),
        (progression_free, progression_after): ((f64, bool), Option<f64>),
        decision: Option<Decision>,
        seen: &Seen,
        visits: &Visits,
    ) -> Record {
        let (times, cycles) = (course.times(), &course.cycles);
        let end = survival.0;
        let best = |output: usize, until: f64| {
            let values = course.curve(output);
            let first = values.first().copied().unwrap_or(f64::NAN);
            let least = visits
                .times
                .iter()
                .filter(|t| **t <= until)
                .map(|t| interpolate(times, &values, *t))
                .fold(f64::INFINITY, f64::min);
            (least.is_finite() && first > 0.0).then(|| least / first - 1.0)
        };
        let begun = cycles.iter().filter(|c| c.begins && c.at < end).count();
        let watched = self.watched(cycles, end);
        let grades = self
            .outputs
            .toxicities
            .iter()
            .map(|(output, limits)| {
                let nadir = times
                    .iter()
                    .zip(course.curve(*output))
                    .filter(|(t, _)| **t <= watched)
                    .map(|(_, v)| v)
                    .fold(f64::INFINITY, f64::min);
                #[expect(clippy::cast_possible_truncation, reason = "at most four limits")]
                let grade = limits.iter().take_while(|limit| nadir < **limit).count() as u8;
                grade
            })
            .collect();
        let at_end = times.partition_point(|t| *t <= watched).saturating_sub(1);
        let kept = self
            .outputs
            .keep
            .iter()
            .map(|o| course.curve(*o).get(at_end).copied().unwrap_or(f64::NAN))
            .collect();
        Record {
            patient: patient.number,
            arm,
            survival,
            progression_free,
            progression_after,
            end_of_study: self.end_of_study(&patient.draws),
            crossed_at: decision.as_ref().filter(|d| d.switched).map(|d| d.at),
            decision,
            cycles: begun,
            response: seen.best,
            best_size: seen.best_change.filter(|_| self.outputs.volume.is_some()),
            best_marker: self.outputs.marker.and_then(|o| best(o, progression_free.0)),
            marker_halved: None,
            marker_free: None,
            marker_after: None,
            grades,
            kept,
        }
    }
}

/// A cycle of another arm, given from a later time on.
fn shifted(cycle: &Cycle, by: f64, day: f64) -> Cycle {
    let mut cycle = cycle.clone();
    cycle.at += by;
    for dose in &mut cycle.doses {
        dose.at += by * day;
    }
    cycle
}

/// The time of the first event of a constant rate.
fn exponential(draws: &Draws, purpose: &str, rate: f64) -> f64 {
    if rate > 0.0 { -draws.uniform(purpose, 0).ln() / rate } else { f64::INFINITY }
}

/// The last assessment not after a time; zero before the first.
fn last_scan(visits: &Visits, until: f64) -> f64 {
    visits.times.iter().copied().filter(|t| *t <= until).fold(0.0, f64::max)
}

/// Evenly spaced times until the end of follow-up.
fn grid(spec: &TrialSpec) -> Vec<f64> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be positive and below 1e5"
    )]
    let count = (spec.follow_up / spec.step).ceil() as u32;
    let mut times: Vec<f64> =
        (0..=count).map(|k| (f64::from(k) * spec.step).min(spec.follow_up)).collect();
    times.sort_by(f64::total_cmp);
    times.dedup();
    times
}

/// Where a dependence is found, its numbers checked.
fn dependence(d: &Dependence, arm: &Arm, simulator: &Simulator) -> Result<Known, TrialError> {
    let of =
        |what: &str| format!("{what} of `{}` in the crossover of the arm `{}`", d.on, arm.name);
    if !d.coefficient.is_finite() {
        return Err(range(&of("the coefficient"), d.coefficient, "a finite number"));
    }
    if !d.reference.is_finite() || (d.log && d.reference <= 0.0) {
        let expected = if d.log {
            "a number above zero, as its logarithm is taken"
        } else {
            "a finite number"
        };
        return Err(range(&of("the reference"), d.reference, expected));
    }
    let system = simulator.system();
    let found = system
        .output_index(&d.on)
        .map(Known::Output)
        .or_else(|| system.parameter_index(&d.on).map(Known::Slot))
        .or_else(|| (d.on == "time").then_some(Known::Time));
    found.ok_or_else(|| {
        let outputs = system.outputs().iter().map(|o| o.name.as_str());
        let parameters = system.parameters().iter().map(|p| p.name.as_str());
        TrialError::Unknown {
            what: "output, parameter or covariate",
            name: d.on.clone(),
            hint: known(&d.on, outputs.chain(parameters).chain(std::iter::once("time"))),
        }
    })
}

fn check_arm(arm: &Arm) -> Result<(), TrialError> {
    let of = |what: &str| format!("{what} of the arm `{}`", arm.name);
    if arm.patients == 0 {
        return Err(range(&of("the number of patients"), 0.0, "at least one patient"));
    }
    let shares = [
        ("the share that drops out at the start", arm.drop_out_at_start),
        ("the share that crosses over", arm.crossover.as_ref().map_or(0.0, |c| c.share)),
    ];
    for (what, share) in shares {
        if !(0.0..=1.0).contains(&share) {
            return Err(range(&of(what), share, "a share from 0 to 1"));
        }
    }
    let rates = [
        ("the rate of drop-out", arm.drop_out_rate),
        ("the rate of loss to follow-up", arm.lost_rate),
        ("the delay of crossover", arm.crossover.as_ref().map_or(0.0, |c| c.delay)),
    ];
    for (what, rate) in rates {
        if !(rate.is_finite() && rate >= 0.0) {
            return Err(range(&of(what), rate, "a finite number of zero or more"));
        }
    }
    Ok(())
}

fn range(what: &str, found: f64, expected: &str) -> TrialError {
    TrialError::OutOfRange {
        what: what.to_owned(),
        found: found.to_string(),
        expected: expected.to_owned(),
    }
}
