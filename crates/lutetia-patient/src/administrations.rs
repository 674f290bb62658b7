//! How the activity was given: as one injection, which every function and method takes for granted, or otherwise.
//!
//! Several administrations of one nuclide in a cycle, and infusions, are superposed where a sum of exponentials is fitted
//! (kinetics are taken to be linear). Everything else is the curve after one injection and is refused then, with one
//! exception: where all was given before the first measurement, and taking it as one injection at time zero shifts the
//! integral by no more than 1 %, it counts as one. To first order the shift is `λ Σ w_j (t_j + T_j/2)`: the rate of fall
//! times the mean time at which the activity was given, such as 0.35 % for 30 min against a half-life of 50 h.

use lutetia_data::{Curve, RowKind};
use lutetia_fit::{ActivityCurve, Administration, Observation, Schedule};

use crate::{GivenAs, NoIntegral};

/// A shift of the integral by no more than this is none.
const NO_SHIFT: f64 = 0.01;
/// Where one measurement shows no fall, the effective rate is taken to be this times the physical one.
const UNKNOWN_FALL: f64 = 3.0;

/// What is superposed; `None` where all counts as one injection at time zero.
///
/// # Errors
/// Why the curve has no integral at all: what was measured was not given, or another nuclide was given as well.
pub(crate) fn schedule(curve: &Curve, physical_per_h: f64) -> Result<Option<Schedule>, NoIntegral> {
    // A virtual patient is injected once.
    if curve.administrations.is_empty() {
        return Ok(None);
    }
    let (given, others) = (curve.given(), curve.other_nuclides());
    let others = || others.iter().map(ToString::to_string).collect();
    if given.is_empty() {
        return Err(NoIntegral::NotGiven {
            region: curve.region.clone(),
            nuclide: curve.nuclide.clone(),
            cycle: curve.cycle,
            given: others(),
        });
    }
    if !curve.other_nuclides().is_empty() {
        return Err(NoIntegral::OtherNuclides {
            subject: curve.subject.clone(),
            cycle: curve.cycle,
            nuclide: curve.nuclide.clone(),
            others: others(),
        });
    }
    if let Some(other) = given.iter().find(|a| a.kind != RowKind::Add) {
        return Err(NoIntegral::NotFromNothing {
            subject: curve.subject.clone(),
            cycle: curve.cycle,
            kind: other.kind.word(),
        });
    }
    let list: Vec<Administration> = given
        .iter()
        .map(|a| Administration { start: a.after_h, duration: a.duration_h, share: a.activity_mbq })
        .collect();
    let schedule = Schedule::new(&list)?;
    Ok((!counts_as_one(curve, &schedule, physical_per_h)).then_some(schedule))
}

/// Whether all was given before the first measurement, and so early that the integral does not shift.
fn counts_as_one(curve: &Curve, schedule: &Schedule, physical_per_h: f64) -> bool {
    if schedule.end() <= 0.0 {
        return true;
    }
    let during = curve.points.iter().any(|p| p.time_h > 0.0 && p.time_h < schedule.end());
    !during && fall(curve, physical_per_h) * schedule.mean_delay() <= NO_SHIFT
}

/// The steepest fall from the largest measurement to a later one, 1/h, and no less than physical decay.
fn fall(curve: &Curve, physical_per_h: f64) -> f64 {
    let seen: Vec<(f64, f64)> = curve
        .points
        .iter()
        .filter(|p| !p.below_detection && p.activity_mbq > 0.0)
        .map(|p| (p.time_h, p.activity_mbq))
        .collect();
    let Some(peak) = seen.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1)) else {
        return UNKNOWN_FALL * physical_per_h;
    };
    let later: Vec<f64> = seen
        .iter()
        .filter(|p| p.0 > peak.0)
        .map(|p| (peak.1 / p.1).ln() / (p.0 - peak.0))
        .collect();
    match later.is_empty() {
        true => UNKNOWN_FALL * physical_per_h,
        false => later.into_iter().fold(physical_per_h, f64::max),
    }
}

/// How the activity was given.
fn given_as(curve: &Curve) -> GivenAs {
    match curve.given().as_slice() {
        [one] => GivenAs::Infusion { duration_h: one.duration_h },
        several => GivenAs::Parts { times_h: several.iter().map(|a| a.after_h).collect() },
    }
}

/// Refuses a curve whose activity was not given as one injection.
///
/// # Errors
/// How it was given, and what would do.
pub(crate) fn one_injection(curve: &Curve) -> Result<(), NoIntegral> {
    let nuclide = lutetia_data::nuclides().get(&curve.nuclide)?;
    match schedule(curve, nuclide.lambda_per_s() * 3600.0)? {
        None => Ok(()),
        Some(_) => Err(NoIntegral::NotOneInjection {
            subject: curve.subject.clone(),
            cycle: curve.cycle,
            given: given_as(curve),
        }),
    }
}

/// The curve of a function, superposed where it has to be; where it cannot be, the curve after one injection and why it
/// does not serve.
pub(crate) fn superpose(
    curve: ActivityCurve,
    data: &Curve,
    schedule: Option<&Schedule>,
) -> (ActivityCurve, Result<(), NoIntegral>) {
    let Some(schedule) = schedule else { return (curve, Ok(())) };
    match curve.clone().superposed(schedule.clone()) {
        Ok(superposed) => (superposed, Ok(())),
        Err(error) => {
            let why = NoIntegral::NotSuperposed {
                cycle: data.cycle,
                given: given_as(data),
                source: Box::new(error),
            };
            (curve, Err(why))
        }
    }
}

/// The measurements after the last administration, which alone show how the curve ends.
pub(crate) fn after_the_last(
    data: &Curve,
    observations: &[Observation],
    schedule: Option<&Schedule>,
) -> (Curve, Vec<Observation>) {
    let end = schedule.map_or(f64::NEG_INFINITY, Schedule::end);
    let (points, observations) = data
        .points
        .iter()
        .zip(observations)
        .filter(|(p, _)| p.time_h >= end)
        .map(|(p, o)| (*p, o.clone()))
        .unzip();
    (Curve { points, ..data.clone() }, observations)
}

/// What the method is called in tables: the function, and that it was superposed.
pub(crate) fn method(function: &str, curve: &ActivityCurve) -> String {
    match curve {
        ActivityCurve::Superposed(_) => format!("{function}, administrations superposed"),
        _ => function.to_owned(),
    }
}
