//! Runs every case, at every amount and value, with every draw.

use std::{num::NonZeroU64, sync::atomic::Ordering};

use lutetia_model::Status;
use lutetia_patient::first_limit::{Limit, allowed};
use lutetia_sim::{Options, Regimen, Request};
use lutetia_units::Unit;
use rayon::prelude::*;

use super::{
    SideBySide, SideBySideError,
    cases::{Asked, Case, asked},
    draws::{middle, rank_correlation},
};
use crate::steps::{Context, StepError};

/// Times (h) after the start between which the half-life of a region is taken.
const FALL: [f64; 2] = [24.0, 96.0];
/// The part of the activity given below which nothing is said of a half-life: what the integrator allows to be wrong.
const LEAST: f64 = 1e-7;

/// Everything that was computed.
pub(super) struct Found {
    pub(super) rows: Vec<Row>,
    /// Of each case with draws, its rank correlations.
    pub(super) correlations: Vec<Correlation>,
    /// Relative tolerance of the integration.
    pub(super) rtol: f64,
}

/// One case at one amount and one value.
pub(super) struct Row {
    pub(super) case: String,
    pub(super) group: String,
    /// `sketch`, `reproduced`, `validated`, or nothing where the file does not say it.
    pub(super) status: String,
    pub(super) nuclide: String,
    /// The amount of the step, and the value that is varied, as typed.
    pub(super) amount: Option<String>,
    pub(super) value: Option<String>,
    pub(super) given_gbq: f64,
    pub(super) given_nmol: f64,
    pub(super) drawn: usize,
    pub(super) main: Outcome,
    /// With every draw.
    pub(super) draws: Vec<Outcome>,
    /// With every draw of each further seed; empty of what has no rank.
    pub(super) again: Vec<Vec<Outcome>>,
}

/// How the doses of a region go with a value that is drawn.
pub(super) struct Correlation {
    pub(super) case: String,
    pub(super) value: String,
    /// By region; none where the model has none.
    pub(super) ranks: Vec<Option<f64>>,
}

/// What one run gives.
pub(super) struct Outcome {
    /// Integral per activity given, h, by region.
    pub(super) coefficients: Vec<Option<f64>>,
    /// h, by region.
    pub(super) half_lives: Vec<Option<f64>>,
    /// Gy/GBq, by region.
    pub(super) doses: Vec<Option<f64>>,
    /// By ratio of the step.
    pub(super) ratios: Vec<Option<f64>>,
    /// By reading, in the unit of the output.
    pub(super) readings: Vec<Option<f64>>,
    pub(super) at_limit: Option<AtLimit>,
}

/// What the limits leave.
pub(super) struct AtLimit {
    pub(super) gbq: f64,
    /// The region whose limit it is, or the amount of ligand.
    pub(super) by: String,
    /// Gy.
    pub(super) target: Option<f64>,
}

/// What limits where no organ does.
pub(super) const BY_AMOUNT: &str = "amount of ligand";

/// One amount and one value of a case.
struct Point<'a, 'c> {
    case: &'a Case<'c>,
    amount: Option<&'a (String, f64)>,
    value: Option<&'a (String, Vec<usize>, f64)>,
}

pub(super) fn of(step: &SideBySide, context: &Context) -> Result<Found, StepError> {
    let Asked { cases, limits } = asked(step, context)?;
    let mut points = Vec::new();
    for case in &cases {
        let amounts: Vec<Option<&(String, f64)>> = one_or_all(&case.amounts);
        for amount in amounts {
            for value in one_or_all(&case.varied) {
                points.push(Point { case, amount, value });
            }
        }
    }
    let rtol = Options::default().rtol;
    let seed = step.seed.unwrap_or(context.seed);
    let seeds: Vec<u64> = std::iter::once(seed).chain(step.seeds.iter().copied()).collect();
    let jobs: Vec<Job> = points.iter().enumerate().flat_map(|(at, p)| p.jobs(at, step)).collect();
    let outcomes = jobs
        .par_iter()
        .map(|&(at, drawn)| {
            if context.stop.load(Ordering::Relaxed) {
                return Err(StepError::Interrupted);
            }
            let point = &points[at];
            let named = |source: StepError| SideBySideError::Case {
                name: point.case.name.clone(),
                source: Box::new(source),
            };
            let (turn, draw) = drawn.unzip();
            let seed = seeds[turn.unwrap_or(0)];
            point.run(step, &limits, seed, draw).map_err(|e| named(e).into())
        })
        .collect::<Result<Vec<_>, StepError>>()?;
    let mut rows: Vec<Row> = Vec::new();
    for ((at, drawn), outcome) in jobs.into_iter().zip(outcomes) {
        // The draws of a row follow it, seed by seed.
        match (drawn, rows.last_mut()) {
            (Some((0, _)), Some(row)) => row.draws.push(outcome),
            (Some((turn, _)), Some(row)) => {
                row.again.resize_with(turn.max(row.again.len()), Vec::new);
                row.again[turn - 1].push(outcome);
            }
            _ => rows.push(points[at].row(outcome)?),
        }
    }
    let mut correlations = Vec::new();
    for (point, row) in points.iter().zip(&rows) {
        if point.amount.is_none() && point.value.is_none() {
            correlations.extend(point.correlations(step, row, seed));
        }
    }
    Ok(Found { rows, correlations, rtol })
}

fn one_or_all<T>(of: &[T]) -> Vec<Option<&T>> {
    if of.is_empty() { vec![None] } else { of.iter().map(Some).collect() }
}

/// A row, and of which seed, counted from that of the step, which draw; the file's own values where there is none.
type Job = (usize, Option<(usize, u64)>);

impl Point<'_, '_> {
    /// Its own values, and the draws of each seed; further seeds are for what has a rank.
    fn jobs(&self, at: usize, step: &SideBySide) -> Vec<Job> {
        let mut jobs = vec![(at, None)];
        let seeds = match self.case.model.model.status {
            _ if self.case.ranges.is_empty() => 0,
            Some(Status::Sketch) => 1,
            _ => 1 + step.seeds.len(),
        };
        let of = |turn: usize| (0..u64::from(step.draws)).map(move |k| (at, Some((turn, k))));
        jobs.extend((0..seeds).flat_map(of));
        jobs
    }

    fn parameters(&self, seed: u64, draw: Option<u64>, draws: u32) -> Vec<f64> {
        let mut parameters = self.case.parameters.clone();
        if let (Some(draw), Some(of)) = (draw, NonZeroU64::new(u64::from(draws))) {
            for range in &self.case.ranges {
                let value = range.value(seed, draw, of);
                range.slots.iter().for_each(|&slot| parameters[slot] = value);
            }
        }
        // What is varied wins over what is drawn.
        if let Some((_, slots, value)) = self.value {
            slots.iter().for_each(|&slot| parameters[slot] = *value);
        }
        parameters
    }

    /// The factor of the dose of a region in a draw; 1 without one.
    fn disagreement(&self, region: usize, seed: u64, draw: Option<u64>, draws: u32) -> f64 {
        let (Some(draw), Some(of)) = (draw, NonZeroU64::new(u64::from(draws))) else { return 1.0 };
        let own = self.case.ranges.iter().filter(|range| range.region == Some(region));
        own.map(|range| range.value(seed, draw, of)).product()
    }

    fn regimen(&self) -> Regimen {
        let mut regimen = self.case.regimen.clone();
        if let Some((_, amount)) = self.amount {
            let active = regimen.doses.iter_mut().filter(|dose| !dose.activities.is_empty());
            active.for_each(|dose| dose.amount = Some(*amount));
        }
        regimen
    }

    /// Activity given, GBq, and the activity of all its ligand if every molecule of it were labelled.
    fn given(&self, regimen: &Regimen) -> Result<(f64, Option<f64>), StepError> {
        let model = self.case.model;
        let mega = Unit::parse("MBq")?;
        let gbq = |x: f64| model.model.units.from_internal(x, &mega) / 1000.0;
        let per_amount = model.simulator.system().nuclides()[0].activity_per_amount;
        let active = || regimen.doses.iter().filter(|dose| !dose.activities.is_empty());
        let activity: f64 = active().flat_map(|d| &d.activities).map(|a| a.1).sum();
        // Of several doses the one with the least room decides.
        let room = active().map(|dose| {
            let own: f64 = dose.activities.iter().map(|a| a.1).sum();
            dose.amount.map(|amount| amount * per_amount / own)
        });
        let room: Option<Vec<f64>> = room.collect();
        let room = room.and_then(|r| r.into_iter().min_by(f64::total_cmp));
        Ok((gbq(activity), room.map(|times| gbq(activity) * times)))
    }

    fn run(
        &self,
        step: &SideBySide,
        limits: &[Limit],
        seed: u64,
        draw: Option<u64>,
    ) -> Result<Outcome, StepError> {
        let model = self.case.model;
        let hour = model.clock().hour();
        let parameters = self.parameters(seed, draw, step.draws);
        let regimen = self.regimen();
        let (given, carried) = self.given(&regimen)?;
        let after = |hours: f64| self.case.start + hours * hour;
        let end = step.until.as_ref().map(|t| t.h() * hour);
        let asked = step.readings.iter().map(|r| after(r.at.h())).chain(end);
        let mut times: Vec<f64> =
            std::iter::once(0.0).chain(FALL.map(after)).chain(asked).collect();
        times.sort_by(f64::total_cmp);
        times.dedup_by(|a, b| a.total_cmp(b).is_eq());
        let row = |time: f64| times.iter().position(|t| t.total_cmp(&time).is_eq());
        let integrals = self.case.places.iter().flatten().map(|place| place.output).collect();
        let options = Options { integrals, to_infinity: end.is_none(), ..Options::default() };
        let request = Request::new(&parameters, &regimen, &times).options(&options);
        let run = model.simulator.run(&request)?;
        let read = |output: usize, hours: f64| -> Option<f64> {
            let info = &model.simulator.system().outputs()[output];
            Some(run.outputs.column(output).nth(row(after(hours))?)? * info.factor)
        };
        let mega_hours = Unit::parse("MBq h")?;
        let mut outcome = Outcome {
            coefficients: Vec::new(),
            half_lives: Vec::new(),
            doses: Vec::new(),
            ratios: Vec::new(),
            readings: Vec::new(),
            at_limit: None,
        };
        let mut next = 0;
        for (at, (spec, place)) in step.regions.iter().zip(&self.case.places).enumerate() {
            let Some(place) = place else {
                outcome.coefficients.push(None);
                outcome.half_lives.push(None);
                outcome.doses.push(None);
                continue;
            };
            let integral = match end {
                None => run.integrals_to_infinity.get(next).map(|x| x.value),
                Some(end) => row(end).and_then(|at| run.integrals.row(at).get(next).copied()),
            };
            next += 1;
            let Some(integral) = integral.filter(|x| x.is_finite()) else {
                return Err(SideBySideError::NoEnd { region: spec.name.clone() }.into());
            };
            // Rounding of the solver may leave a small negative integral of what is not there.
            let mbq_h = model.model.units.from_internal(integral, &mega_hours).max(0.0);
            outcome.coefficients.push(Some(mbq_h / (1000.0 * given)));
            outcome.half_lives.push(match FALL.map(|t| read(place.output, t)) {
                [Some(early), Some(late)] if early > late && late > LEAST * 1000.0 * given => {
                    Some((FALL[1] - FALL[0]) * std::f64::consts::LN_2 / (early / late).ln())
                }
                _ => None,
            });
            let off = self.disagreement(at, seed, draw, step.draws);
            let gy = off * place.gy_per_mbq_h(model, &self.case.source, &parameters)? * mbq_h;
            outcome.doses.push(Some(gy / given));
        }
        let region = |name: &String| step.regions.iter().position(|r| r.name == *name);
        let dose = |name: &String| outcome.doses[region(name)?];
        outcome.ratios = step
            .ratios
            .iter()
            .map(|[a, b]| dose(a).zip(dose(b)).filter(|(_, b)| *b > 0.0).map(|(a, b)| a / b))
            .collect();
        let readings = step.readings.iter().zip(&self.case.readings);
        outcome.readings = readings.map(|(r, output)| read((*output)?, r.at.h())).collect();
        if !limits.is_empty() {
            let found = allowed(limits, &outcome.doses, &outcome.half_lives, carried)?;
            outcome.at_limit = found.map(|found| AtLimit {
                gbq: found.activity,
                by: found.by.map_or_else(
                    || BY_AMOUNT.to_owned(),
                    |at| step.regions[limits[at].region].name.clone(),
                ),
                target: step.target.as_ref().and_then(dose).map(|per_gbq| per_gbq * found.activity),
            });
        }
        Ok(outcome)
    }

    fn row(&self, main: Outcome) -> Result<Row, StepError> {
        let model = self.case.model;
        let regimen = self.regimen();
        let (given_gbq, _) = self.given(&regimen)?;
        let nmol = Unit::parse("nmol")?;
        let per_amount = model.simulator.system().nuclides()[0].activity_per_amount;
        let amount: f64 = regimen
            .doses
            .iter()
            .filter(|dose| !dose.activities.is_empty())
            .map(|dose| {
                let hot = dose.activities.iter().map(|a| a.1 / per_amount).sum();
                dose.amount.unwrap_or(hot)
            })
            .sum();
        Ok(Row {
            case: self.case.name.clone(),
            group: self.case.group.clone(),
            status: model.model.status.map(|s| s.word().to_owned()).unwrap_or_default(),
            nuclide: model.simulator.system().nuclides()[0].name.clone(),
            amount: self.amount.map(|a| a.0.clone()),
            value: self.value.map(|v| v.0.clone()),
            given_gbq,
            given_nmol: model.model.units.from_internal(amount, &nmol),
            drawn: self.case.ranges.len(),
            main,
            draws: Vec::new(),
            again: Vec::new(),
        })
    }

    fn correlations(&self, step: &SideBySide, row: &Row, seed: u64) -> Vec<Correlation> {
        let Some(of) = NonZeroU64::new(u64::from(step.draws)) else { return Vec::new() };
        let ranges = self.case.ranges.iter();
        let one = |range: &super::draws::Range| {
            let drawn: Vec<f64> = (0..of.get()).map(|k| range.value(seed, k, of)).collect();
            let ranks = (0..step.regions.len()).map(|at| {
                let doses: Option<Vec<f64>> = row.draws.iter().map(|d| d.doses[at]).collect();
                rank_correlation(&drawn, &doses?)
            });
            Correlation {
                case: row.case.clone(),
                value: range.name.clone(),
                ranks: ranks.collect(),
            }
        };
        ranges.map(one).collect()
    }
}

impl Row {
    /// The middle 90 % of something over the draws.
    pub(super) fn middle(&self, of: impl Fn(&Outcome) -> Option<f64>) -> Option<(f64, f64)> {
        Self::middle_of(&self.draws, of)
    }

    /// The same with a seed, 0 for that of the step.
    pub(super) fn middle_with(
        &self,
        seed: usize,
        of: impl Fn(&Outcome) -> Option<f64>,
    ) -> Option<(f64, f64)> {
        let again = seed.checked_sub(1).and_then(|k| self.again.get(k));
        Self::middle_of(again.unwrap_or(&self.draws), of)
    }

    fn middle_of(draws: &[Outcome], of: impl Fn(&Outcome) -> Option<f64>) -> Option<(f64, f64)> {
        let values: Option<Vec<f64>> = draws.iter().map(of).collect();
        middle(&values?)
    }
}
