//! Intervals of the integral and the half-life by propagation, profile likelihood and parametric bootstrap.

use lutetia_fit::{
    DerivedEstimate, DerivedKind, Fit, Percentiles, Problem, Profile, ProfileEnd, Refit, Refitted,
    Sampler, aicc, akaike_weights, percentiles, profile,
};
use lutetia_units::significant;
use rayon::prelude::*;

use super::{Candidate, CurveOptions, RegionCurve};
use crate::NoIntegral;

/// A bootstrap that loses more than this share of its samples has no interval.
const LOST: f64 = 0.1;

/// What is given an interval, with its unit.
const QUANTITIES: [(DerivedKind, &str); 2] =
    [(DerivedKind::Tia, "MBq h"), (DerivedKind::EffectiveHalfLife, "h")];

/// How an interval was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum IntervalMethod {
    /// There is none.
    None,
    /// Propagation of the covariance with a closed-form gradient.
    Propagation,
    /// Profile likelihood.
    Profile,
    /// Parametric bootstrap of the function used.
    Bootstrap,
    /// Parametric bootstrap of the average over functions.
    BootstrapOfAverage,
}

impl IntervalMethod {
    /// In words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Propagation => "propagation",
            Self::Profile => "profile",
            Self::Bootstrap => "bootstrap",
            Self::BootstrapOfAverage => "bootstrap of the average",
        }
    }
}

/// A 95 % interval of one quantity of one region by one method.
#[derive(Debug, Clone, PartialEq)]
pub struct Interval {
    /// What it is of: the integral or the effective half-life.
    pub quantity: DerivedKind,
    /// Its unit: MBq h or h.
    pub unit: &'static str,
    /// How it was made.
    pub method: IntervalMethod,
    /// The estimate; the mean of a bootstrap.
    pub value: Option<f64>,
    /// Its standard deviation, where the method has one.
    pub sd: Option<f64>,
    /// Lower limit; none where it is open or not determined.
    pub low: Option<f64>,
    /// Upper limit; none where it is open or not determined.
    pub high: Option<f64>,
    /// Why there is none, or what must be known of it.
    pub note: String,
}

/// A point of a profile likelihood.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProfilePoint {
    /// What is held.
    pub quantity: DerivedKind,
    /// Its unit.
    pub unit: &'static str,
    /// Where it is held.
    pub value: f64,
    /// Rise of −2 ln L when all else is fitted anew.
    pub deviance: f64,
}

/// The intervals of one region.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Intervals {
    /// By quantity and method.
    pub rows: Vec<Interval>,
    /// Points of the profiles, where they were asked for.
    pub profile: Vec<ProfilePoint>,
}

/// A quantity with its unit, about which rows are written.
#[derive(Clone, Copy)]
struct Of {
    quantity: DerivedKind,
    unit: &'static str,
}

impl Of {
    fn row(self, method: IntervalMethod, numbers: [Option<f64>; 4], note: String) -> Interval {
        let [value, sd, low, high] = numbers;
        Interval { quantity: self.quantity, unit: self.unit, method, value, sd, low, high, note }
    }

    fn none(self, method: IntervalMethod, reason: &dyn std::fmt::Display) -> Interval {
        self.row(method, [None; 4], format!("not determined: {reason}"))
    }
}

/// The 95 % intervals of a region by every method that `options` ask for.
#[must_use]
pub fn intervals(region: &RegionCurve, options: &CurveOptions) -> Intervals {
    let mut found = Intervals::default();
    let best = region.best();
    let fit = match (&region.refused, &best.fit) {
        (Some(why), _) | (None, Err(why)) => {
            let none = QUANTITIES
                .map(|(quantity, unit)| Of { quantity, unit }.none(IntervalMethod::None, why));
            found.rows.extend(none);
            return found;
        }
        (None, Ok(fit)) => fit,
    };
    let mut problem = Problem::new(
        &best.curve,
        region.observations.clone(),
        region.error,
        best.parameters.clone(),
    );
    problem.options.seed = options.seed;
    let samples = (options.bootstrap > 0).then(|| bootstrap(region, options));
    for (i, (quantity, unit)) in QUANTITIES.into_iter().enumerate() {
        let of = Of { quantity, unit };
        found.rows.extend(fit.derived(quantity).map(|d| propagated(of, best, d)));
        if options.profile {
            profiled(of, region, &problem, fit, &mut found);
        }
        match &samples {
            None => {}
            Some(Err(why)) => found.rows.push(of.none(IntervalMethod::Bootstrap, why)),
            Some(Ok(samples)) => {
                let of_chosen = |s: &Sample| s.chosen.map(|r| [r.tia, r.effective_half_life][i]);
                let values: Vec<f64> = samples.iter().filter_map(of_chosen).collect();
                let asked = options.bootstrap;
                found.rows.push(sampled(of, IntervalMethod::Bootstrap, region, &values, asked));
                if i == 0 && region.average().is_ok() {
                    let values: Vec<f64> = samples.iter().filter_map(|s| s.averaged).collect();
                    let method = IntervalMethod::BootstrapOfAverage;
                    found.rows.push(sampled(of, method, region, &values, asked));
                }
            }
        }
    }
    found
}

/// By propagation. Where the data refute the function, interval and standard error are widened alike.
fn propagated(of: Of, best: &Candidate, derived: &DerivedEstimate) -> Interval {
    match best.quantity(of.quantity) {
        Ok((value, sd)) => {
            let ratio = best.misfit().map_or(1.0, |m| m.birge_ratio());
            let end = |e: f64| value * (e / value).powf(ratio);
            let ends = derived.ci95.map(|c| (end(c.0), end(c.1)));
            let note = best.misfit().map_or_else(String::new, |m| m.to_string());
            let numbers = [Some(value), sd, ends.map(|c| c.0), ends.map(|c| c.1)];
            of.row(IntervalMethod::Propagation, numbers, note)
        }
        Err(why) => of.row(IntervalMethod::Propagation, [None; 4], why.to_string()),
    }
}

/// By profile likelihood, with its points.
fn profiled(of: Of, region: &RegionCurve, problem: &Problem<'_>, fit: &Fit, found: &mut Intervals) {
    let Profile { estimate, low, high, points, .. } =
        match profile(problem, fit, of.quantity.name()) {
            Ok(profile) => profile,
            Err(why) => return found.rows.push(of.none(IntervalMethod::Profile, &why)),
        };
    let open = |end: ProfileEnd, side: &str| match end {
        ProfileEnd::Limit(_) => String::new(),
        ProfileEnd::Open(v) => {
            format!("no {side} limit: the data still allow {}", significant(v, 3))
        }
    };
    let refuted = region.misfit.map_or_else(String::new, |m| {
        format!("{m}: too narrow, the stated standard deviations are not its scatter")
    });
    let notes = [open(low, "lower"), open(high, "upper"), refuted];
    let notes: Vec<String> = notes.into_iter().filter(|n| !n.is_empty()).collect();
    let numbers = [Some(estimate), None, low.limit(), high.limit()];
    found.rows.push(of.row(IntervalMethod::Profile, numbers, notes.join("; ")));
    found.profile.extend(points.into_iter().map(|(value, deviance)| ProfilePoint {
        quantity: of.quantity,
        unit: of.unit,
        value,
        deviance,
    }));
}

/// By percentiles of what the samples gave.
fn sampled(
    of: Of,
    method: IntervalMethod,
    region: &RegionCurve,
    values: &[f64],
    asked: usize,
) -> Interval {
    let lost = asked - values.len();
    let p = percentiles(values).filter(|_| (lost as f64) <= LOST * asked as f64);
    let numbers =
        p.map_or([None; 4], |p: Percentiles| [Some(p.mean), Some(p.sd), Some(p.low), Some(p.high)]);
    let note = match (lost, p) {
        (0, _) => format!("{asked} samples"),
        (_, Some(_)) => format!("{asked} samples, {lost} without a minimum"),
        (_, None) => {
            format!("not determined: {lost} of {asked} samples have no minimum with an integral")
        }
    };
    let note = match region.misfit {
        Some(m) => format!("{note}; {m}: too narrow"),
        None => note,
    };
    of.row(method, numbers, note)
}

/// What one sample gave.
struct Sample {
    chosen: Option<Refitted>,
    averaged: Option<f64>,
}

/// Draws samples from the function used, and fits it and every function with a weight to each.
fn bootstrap(region: &RegionCurve, options: &CurveOptions) -> Result<Vec<Sample>, NoIntegral> {
    let best = region.best();
    let fit = best.fit.as_ref().map_err(Clone::clone)?;
    // Each region has its own stream, whatever regions stand beside it.
    let seed = options.seed ^ fnv(region.data.region.as_bytes());
    let sampler = Sampler::new(fit, seed)?;
    let weights = region.average().map(|a| a.weights).unwrap_or_default();
    let refit = |c: &'_ Candidate| -> Option<(usize, usize)> {
        let f = c.fit.as_ref().ok()?;
        Some((f.k, f.n))
    };
    let mut refits = Vec::new();
    for (i, c) in region.candidates.iter().enumerate() {
        let used = i == region.chosen;
        let weighed = weights.get(i).copied().flatten().is_some();
        if let (true, Some(counts), Ok(f)) = (used || weighed, refit(c), &c.fit) {
            let again = Refit::new(&c.curve, &c.parameters, &region.observations, region.error, f);
            refits.push((used, weighed, counts, again));
        }
    }
    Ok((0..options.bootstrap as u64)
        .into_par_iter()
        .map(|i| {
            let data = sampler.draw(i);
            let mut chosen = None;
            let mut criteria = Vec::with_capacity(refits.len());
            let mut values = Vec::with_capacity(refits.len());
            for (used, weighed, (k, n), again) in &refits {
                let found = again.fit(&data);
                if *used {
                    chosen = found;
                }
                if let (true, Some(r)) = (*weighed, found) {
                    criteria.push(aicc(r.minus_two_log_likelihood, *k, *n).ok());
                    values.push(r.tia);
                }
            }
            let weights = akaike_weights(&criteria);
            let averaged = weights
                .iter()
                .any(Option::is_some)
                .then(|| weights.iter().zip(&values).map(|(w, v)| w.unwrap_or(0.0) * v).sum());
            Sample { chosen, averaged }
        })
        .collect())
}

/// Fowler, Noll and Vo's hash, the same on every machine.
fn fnv(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3))
}
