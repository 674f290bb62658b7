//! Time-integrated activities without a fitted function: one measurement, or trapezoids.

mod method;
mod prior;

pub use method::{MapPrior, Method, TailChoice, method};
pub use prior::map;

use lutetia_data::{Curve, CurvePoint, Study};
use lutetia_dose::{
    Start, Tail, Tia, Trapezoids, TriExponential, from_library, haenscheid, madsen,
};
use lutetia_units::significant;

use crate::shape::{self, CurveEnd};
use crate::{NoIntegral, PatientError, RegionTia, administrations, judge};
use method::ASSUMED_ERROR;

/// A measurement counts as taken at the time asked for within this share of it, or within [`NEAR_H`]: scans are planned
/// for 24 h and made at 20 to 28 h.
const NEAR: f64 = 0.25;

/// … or within so many hours.
const NEAR_H: f64 = 2.0;

/// Measured within these multiples of the effective half-life, one measurement misses the integral of one exponential by
/// 12 % at most (Hänscheid 2018).
const GOOD_TIMES: (f64, f64) = (0.75, 2.5);

/// The measurement nearest to `at_h`, or the only one.
fn one_point(curve: &Curve, at_h: Option<f64>) -> Result<&CurvePoint, NoIntegral> {
    let region = &curve.region;
    let distance = |t: f64| at_h.map_or(0.0, |at| (t - at).abs());
    let times_h = || curve.points.iter().map(|p| p.time_h).collect();
    if curve.points.len() > 1 && at_h.is_none() {
        return Err(NoIntegral::SeveralMeasurements { region: region.clone(), times_h: times_h() });
    }
    let nearest = curve
        .points
        .iter()
        .min_by(|a, b| distance(a.time_h).total_cmp(&distance(b.time_h)))
        .ok_or_else(|| NoIntegral::NoMeasurement { region: region.clone() })?;
    if let Some(at) = at_h
        && distance(nearest.time_h).partial_cmp(&(NEAR * at).max(NEAR_H))
            != Some(std::cmp::Ordering::Less)
    {
        return Err(NoIntegral::NoneNear { region: region.clone(), at_h: at, times_h: times_h() });
    }
    if nearest.below_detection {
        return Err(NoIntegral::BelowDetection { region: region.clone(), time_h: nearest.time_h });
    }
    Ok(nearest)
}

/// An integral proportional to one activity, with the standard deviation of that activity added where it has one, and a
/// word on how it was made.
fn of_one(found: &Tia, point: &CurvePoint, word: &str) -> Result<Tia, NoIntegral> {
    let value = found.value_mbq_h();
    let own = point.sd_mbq.filter(|_| point.activity_mbq > 0.0);
    let measurement = own.map(|sd| value * sd / point.activity_mbq);
    let (sd, covers) = match (found.sd_mbq_h(), measurement) {
        (Some(a), Some(b)) => (Some(a.hypot(b)), ""),
        (Some(a), None) => (Some(a), "; the SD leaves the measurement out"),
        (None, Some(b)) => (Some(b), "; the SD is that of the measurement alone"),
        (None, None) => (None, ""),
    };
    let method = format!("{}{word}{covers}", found.method());
    Ok(Tia::new(found.region(), value, sd, found.extrapolated_fraction(), &method)?)
}

/// What is to be said of a measurement at `time_h` under an effective half-life.
fn early_or_late(time_h: f64, half_life_h: f64) -> String {
    let x = time_h / half_life_h;
    if (GOOD_TIMES.0..=GOOD_TIMES.1).contains(&x) {
        return String::new();
    }
    format!(
        "; measured at {} effective half-lives, outside {} to {}: the integral rests on the half-life",
        significant(x, 2),
        GOOD_TIMES.0,
        GOOD_TIMES.1
    )
}

/// The integral of one region. A method of one measurement takes the one nearest to `at_h`, or the
/// only one.
///
/// # Errors
/// [`NoIntegral`]: several measurements and no `at_h` or none near it, one below detection, a curve that rises at
/// its end or falls more slowly than the nuclide decays, an effective half-life above the physical one.
pub fn integral(curve: &Curve, method: &Method, at_h: Option<f64>) -> Result<Tia, NoIntegral> {
    administrations::one_injection(curve)?;
    let one = || one_point(curve, at_h);
    let region = curve.region.as_str();
    let physical_h = physical_half_life(curve)?;
    let possible = |half_life_h: f64, whose: &'static str| {
        let wrong = shape::impossible_half_life(half_life_h, physical_h, &curve.nuclide, whose);
        wrong.map_or(Ok(()), Err)
    };
    let all_sd: Option<Vec<f64>> = curve.points.iter().map(|p| p.sd_mbq).collect();
    match method {
        Method::Haenscheid => {
            let p = one()?;
            let found = haenscheid(region, p.time_h, p.activity_mbq)?;
            let hours = |x: f64| significant(x, 3);
            let (short, long) = (p.time_h / GOOD_TIMES.1, p.time_h / GOOD_TIMES.0);
            let word = if short >= physical_h {
                format!(
                    ", measured too late: more than {} physical half-lives, the integral is too small",
                    GOOD_TIMES.1
                )
            } else {
                format!(
                    ", within 12 % for effective half-lives of {} to {} h",
                    hours(short),
                    hours(long.min(physical_h))
                )
            };
            of_one(&found, p, &word)
        }
        Method::Madsen(half_life, sd) => {
            possible(*half_life, "of `madsen`")?;
            let p = one()?;
            let found = madsen(region, p.time_h, p.activity_mbq, *half_life, *sd)?;
            of_one(&found, p, &early_or_late(p.time_h, *half_life))
        }
        Method::Library(library) => {
            if let Some(slowest) = library.slowest_half_life_h() {
                possible(slowest, "of a curve of the library")?;
            }
            let p = one()?;
            let found = from_library(region, p.time_h, p.activity_mbq, library)?;
            of_one(&found, p, "")
        }
        Method::Map(prior) => {
            if !prior.biological {
                possible(prior.half_life_h, "of `map effective`")?;
            }
            let p = one()?;
            let sd = p.sd_mbq.unwrap_or(prior.error * p.activity_mbq);
            let physical = std::f64::consts::LN_2 / physical_h;
            map(region, (p.time_h, p.activity_mbq, sd), prior, physical)
        }
        Method::Jackson => {
            slow_end(curve, physical_h)?;
            let points: Vec<(f64, f64)> =
                curve.points.iter().map(|p| (p.time_h, p.activity_mbq)).collect();
            let three: [(f64, f64); 3] = points.try_into().map_err(|p: Vec<_>| {
                NoIntegral::NotThree { region: region.to_owned(), found: p.len() }
            })?;
            let found = match all_sd.and_then(|sd| <[f64; 3]>::try_from(sd).ok()) {
                Some(sd) => TriExponential::integral_with_sd(region, three, sd, physical_h),
                None => TriExponential::through(region, three, physical_h)
                    .and_then(|curve| curve.integral(region)),
            };
            Ok(found?)
        }
        Method::Trapezoid(tail) => {
            if let TailChoice::Given(half_life) = tail {
                possible(*half_life, "of `trapezoid`")?;
            }
            trapezoids(curve, *tail, physical_h, all_sd.as_deref())
        }
    }
}

/// Trapezoids from zero at the injection, and a tail.
fn trapezoids(
    curve: &Curve,
    choice: TailChoice,
    physical_h: f64,
    all_sd: Option<&[f64]>,
) -> Result<Tia, NoIntegral> {
    let region = curve.region.as_str();
    if let Some(p) = curve.points.iter().find(|p| p.below_detection) {
        return Err(NoIntegral::BelowDetection { region: region.to_owned(), time_h: p.time_h });
    }
    let tail = match choice {
        TailChoice::Fitted => Tail::Fitted,
        TailChoice::Given(half_life) => Tail::Given(half_life),
        TailChoice::Physical => Tail::Physical(physical_h),
    };
    let points: Vec<(f64, f64)> = curve.points.iter().map(|p| (p.time_h, p.activity_mbq)).collect();
    let found = Trapezoids::over(region, &points, Start::Zero, tail)?;
    let half_life_h = found.effective_half_life_h;
    if tail == Tail::Fitted && half_life_h > physical_h * (1.0 + 1e-6) {
        return Err(NoIntegral::SlowTail {
            region: region.to_owned(),
            nuclide: curve.nuclide.clone(),
            half_life_h,
            physical_h,
        });
    }
    let tia = found.integral(region, all_sd)?;
    match still_filling(&points, physical_h) {
        true => relabelled(&tia, "; no upper bound: uptake may go on after the last measurement"),
        false => Ok(tia),
    }
}

/// Whether the decay-corrected activity does not fall over the last two measurements.
fn still_filling(points: &[(f64, f64)], physical_h: f64) -> bool {
    let &[.., (t1, y1), (t2, y2)] = points else { return true };
    y2 > 0.0 && y2 >= y1 * (-(t2 - t1) / physical_h).exp2()
}

/// The same integral with a word after its method.
fn relabelled(tia: &Tia, word: &str) -> Result<Tia, NoIntegral> {
    let method = format!("{}{word}", tia.method());
    let (value, sd) = (tia.value_mbq_h(), tia.sd_mbq_h());
    Ok(Tia::new(tia.region(), value, sd, tia.extrapolated_fraction(), &method)?)
}

/// Refuses a curve whose end stands against an integral to infinity, by its standard deviations or, where it has none,
/// by the assumed error.
fn slow_end(curve: &Curve, physical_h: f64) -> Result<(), NoIntegral> {
    let points: Vec<shape::EndPoint> = curve
        .points
        .iter()
        .filter(|p| !p.below_detection && p.activity_mbq > 0.0)
        .map(|p| (p.time_h, p.activity_mbq, p.sd_mbq.or(Some(ASSUMED_ERROR * p.activity_mbq))))
        .collect();
    let physical = std::f64::consts::LN_2 / physical_h;
    match shape::end_fault(&points, physical) {
        Some(fault) => Err(CurveEnd::new(curve, &points, fault, physical).into()),
        None => Ok(()),
    }
}

/// Physical half-life of the nuclide measured, h.
fn physical_half_life(curve: &Curve) -> Result<f64, NoIntegral> {
    let nuclide = lutetia_data::nuclides().get(&curve.nuclide)?;
    Ok(std::f64::consts::LN_2 / (nuclide.lambda_per_s() * 3600.0))
}

/// The integrals of the regions of one cycle of one patient.
///
/// # Errors
/// [`PatientError::NotMeasured`].
pub fn integrals(
    study: &Study,
    subject: &str,
    cycle: u16,
    regions: &[String],
    method: &Method,
    at_h: Option<f64>,
) -> Result<Vec<RegionTia>, PatientError> {
    regions
        .iter()
        .map(|region| {
            let curve =
                study.curve(subject, cycle, region).ok_or_else(|| PatientError::NotMeasured {
                    region: region.clone(),
                    subject: subject.to_owned(),
                    cycle,
                    measured: study
                        .regions(subject, cycle)
                        .into_iter()
                        .map(str::to_owned)
                        .collect(),
                })?;
            Ok(RegionTia {
                region: region.clone(),
                nuclide: curve.nuclide.clone(),
                injected_mbq: curve.injected_mbq,
                tia: judge::without_function(method, integral(&curve, method, at_h)),
                phases: Vec::new(),
            })
        })
        .collect()
}
