//! Intervals of the integral and the half-life by propagation, profile likelihood and parametric bootstrap.

use lutetia_fit::{
    DerivedKind, Percentiles, Problem, ProfileEnd, Refit, Refitted, Sampler, aicc, akaike_weights,
    percentiles, profile,
};
use rayon::prelude::*;

use super::curves::{Candidate, CurveOptions, RegionCurve};
use lutetia_table::{Cell, Table, significant};

/// A bootstrap that loses more than this share of its samples has no interval.
const LOST: f64 = 0.1;

/// What is given an interval, with its unit.
const QUANTITIES: [(DerivedKind, &str); 2] =
    [(DerivedKind::Tia, "MBq h"), (DerivedKind::EffectiveHalfLife, "h")];

/// The tables `<id>.intervals` and, with profiles, `<id>.profile`.
#[must_use]
pub fn tables(id: &str, regions: &[RegionCurve], options: &CurveOptions) -> Vec<Table> {
    let mut intervals = Table::new(
        format!("{id}.intervals"),
        "95 % intervals by propagation of the covariance (closed-form gradient), by profile likelihood and by parametric bootstrap",
    )
    .column("region", "")
    .column("quantity", "")
    .column("unit", "")
    .column("method", "")
    .column("value", "")
    .column("sd", "")
    .column("low", "")
    .column("high", "")
    .column("note", "");
    let mut points = Table::new(
        format!("{id}.profile"),
        "Profile likelihood: rise of −2 ln L when the quantity is held at a value and all else is fitted anew",
    )
    .column("region", "")
    .column("quantity", "")
    .column("unit", "")
    .column("value", "")
    .column("deviance", "");
    // Where the search for the limit steps depends on the last digits.
    for column in &mut points.columns {
        column.tolerance = 1e-2;
    }
    for region in regions {
        let (rows, profiled) = one(region, options);
        for row in rows {
            intervals.push(row);
        }
        for row in profiled {
            points.push(row);
        }
    }
    if options.profile { vec![intervals, points] } else { vec![intervals] }
}

type Rows = Vec<Vec<Cell>>;

/// The rows of one region.
fn one(region: &RegionCurve, options: &CurveOptions) -> (Rows, Rows) {
    let name = region.data.region.as_str();
    let mut rows = Rows::new();
    let mut points = Rows::new();
    let row =
        |quantity: &str, unit: &str, method: &str, numbers: [Option<f64>; 4], note: String| {
            let mut cells: Vec<Cell> =
                vec![name.into(), quantity.into(), unit.into(), method.into()];
            cells.extend(numbers.map(Cell::from));
            cells.push(note.into());
            cells
        };
    let best = region.best();
    let fit = match (&region.refused, &best.fit) {
        (Some(reason), _) | (None, Err(reason)) => {
            let note = format!("not determined: {reason}");
            for (quantity, unit) in QUANTITIES {
                rows.push(row(quantity.name(), unit, "none", [None; 4], note.clone()));
            }
            return (rows, points);
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
    for (i, (kind, unit)) in QUANTITIES.into_iter().enumerate() {
        let quantity = kind.name();
        if let Some(d) = fit.derived(kind) {
            let row = match best.quantity(kind) {
                Ok((value, sd)) => {
                    // Where the data refute the function, interval and standard error are widened alike.
                    let ratio = best.misfit().map_or(1.0, |m| m.birge_ratio());
                    let end = |e: f64| value * (e / value).powf(ratio);
                    let ends = d.ci95.map(|c| (end(c.0), end(c.1)));
                    let note = best.misfit().map_or_else(String::new, |m| m.to_string());
                    let numbers = [Some(value), sd, ends.map(|c| c.0), ends.map(|c| c.1)];
                    row(quantity, unit, "propagation", numbers, note)
                }
                Err(why) => row(quantity, unit, "propagation", [None; 4], why.to_string()),
            };
            rows.push(row);
        }
        if options.profile {
            match profile(&problem, fit, quantity) {
                Ok(p) => {
                    let open = |end: ProfileEnd, side: &str| match end {
                        ProfileEnd::Limit(_) => String::new(),
                        ProfileEnd::Open(v) => {
                            format!("no {side} limit: the data still allow {}", significant(v, 3))
                        }
                    };
                    let notes = [open(p.low, "lower"), open(p.high, "upper")];
                    let refuted = region.misfit.map_or_else(String::new, |m| {
                        format!(
                            "{m}: too narrow, the stated standard deviations are not its scatter"
                        )
                    });
                    let note = notes.iter().chain([&refuted]).filter(|n| !n.is_empty());
                    let note = note.cloned().collect::<Vec<_>>();
                    let numbers = [Some(p.estimate), None, p.low.limit(), p.high.limit()];
                    rows.push(row(quantity, unit, "profile", numbers, note.join("; ")));
                    for (value, deviance) in p.points {
                        points.push(vec![
                            name.into(),
                            quantity.into(),
                            unit.into(),
                            value.into(),
                            deviance.into(),
                        ]);
                    }
                }
                Err(reason) => {
                    let note = format!("not determined: {reason}");
                    rows.push(row(quantity, unit, "profile", [None; 4], note));
                }
            }
        }
        match &samples {
            None => {}
            Some(Err(reason)) => {
                let note = format!("not determined: {reason}");
                rows.push(row(quantity, unit, "bootstrap", [None; 4], note));
            }
            Some(Ok(found)) => {
                let of = |values: Vec<f64>, method: &str| {
                    let asked = options.bootstrap;
                    let lost = asked - values.len();
                    let p = percentiles(&values).filter(|_| (lost as f64) <= LOST * asked as f64);
                    let numbers = p.map_or([None; 4], |p: Percentiles| {
                        [Some(p.mean), Some(p.sd), Some(p.low), Some(p.high)]
                    });
                    let note = match (lost, p) {
                        (0, _) => format!("{asked} samples"),
                        (_, Some(_)) => format!("{asked} samples, {lost} without a minimum"),
                        (_, None) => format!(
                            "not determined: {lost} of {asked} samples have no minimum with an integral"
                        ),
                    };
                    let note = match region.misfit {
                        Some(m) => format!("{note}; {m}: too narrow"),
                        None => note,
                    };
                    row(quantity, unit, method, numbers, note)
                };
                let values = |pick: &dyn Fn(&Sample) -> Option<f64>| {
                    found.iter().filter_map(pick).collect::<Vec<f64>>()
                };
                rows.push(of(
                    values(&|s| s.chosen.map(|r| [r.tia, r.effective_half_life][i])),
                    "bootstrap",
                ));
                if i == 0 && region.average().is_ok() {
                    rows.push(of(values(&|s| s.averaged), "bootstrap of the average"));
                }
            }
        }
    }
    (rows, points)
}

/// What one sample gave.
struct Sample {
    chosen: Option<Refitted>,
    averaged: Option<f64>,
}

/// Draws samples from the function used, and fits it and every function with a weight to each.
fn bootstrap(region: &RegionCurve, options: &CurveOptions) -> Result<Vec<Sample>, String> {
    let best = region.best();
    let fit = best.fit.as_ref().map_err(Clone::clone)?;
    // Each region has its own stream, whatever regions stand beside it.
    let seed = options.seed ^ fnv(region.data.region.as_bytes());
    let sampler = Sampler::new(fit, seed).map_err(|e| e.to_string())?;
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
