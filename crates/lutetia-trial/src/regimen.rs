//! Which regimen, within limits?

use std::sync::{Arc, Mutex, PoisonError, atomic::AtomicBool};

use lutetia_fit::{Judged, SearchOptions, search};

use crate::{
    error::{ProposeError, TrialError},
    range::RegimenRange,
};

/// Something of a regimen that may be chosen: activity, number of cycles, interval, amount of ligand, dose
/// or start of a partner.
#[derive(Debug, Clone, PartialEq)]
pub struct Knob {
    /// Name.
    pub name: String,
    /// Least value.
    pub lower: f64,
    /// Greatest value.
    pub upper: f64,
    /// Whether only whole numbers mean something (cycles).
    pub whole: bool,
}

/// The most that something may be: risk of harm, absorbed dose of an organ.
#[derive(Debug, Clone, PartialEq)]
pub struct RegimenLimit {
    /// Name.
    pub name: String,
    /// Greatest value, above zero.
    pub most: f64,
}

/// What a regimen does to the cohort or to the patient it is sought for.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessed {
    /// What is to be as large as possible.
    pub benefit: f64,
    /// What is limited, in the order of the limits.
    pub limited: Vec<f64>,
}

/// A limit at the place where a search ended.
#[derive(Debug, Clone, PartialEq)]
pub struct AtLimit {
    /// Its place among the limits of the search.
    pub place: usize,
    /// Its name.
    pub name: String,
    /// Its value there.
    pub value: f64,
    /// The most it may be.
    pub most: f64,
    /// Whether a regimen near by (a knob moved by a twentieth of its range, or by one) would have more benefit
    /// but for this limit. Says so of limits that move in steps, such as shares of few patients.
    pub holds: bool,
    /// The least it can be over all regimens; known where no regimen meets all limits.
    pub least: Option<f64>,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq)]
pub enum Proposal {
    /// A regimen that meets all limits.
    Found {
        /// The knobs, in their order.
        values: Vec<f64>,
        /// Its benefit.
        benefit: f64,
        /// All limits there; [`AtLimit::binds`] says which keep the benefit down.
        limits: Vec<AtLimit>,
        /// The knobs that lie at an end of their bounds (within a fiftieth of the range), with that end.
        bounds: Vec<(String, f64)>,
        /// Regimens tried.
        tried: usize,
    },
    /// No regimen within the bounds meets all limits.
    Impossible {
        /// The regimen that breaks them least.
        nearest: Vec<f64>,
        /// The limits that it breaks, and the least that each could be alone.
        broken: Vec<AtLimit>,
        /// Regimens tried.
        tried: usize,
    },
}

impl Proposal {
    /// One sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::Found { limits, bounds, .. } => {
                let mut holds: Vec<String> =
                    limits.iter().filter(|l| l.binds()).map(|l| format!("`{}`", l.name)).collect();
                holds.extend(
                    bounds.iter().map(|(name, end)| format!("the bound {end} of `{name}`")),
                );
                if holds.is_empty() {
                    "neither a limit nor a bound is reached: the greatest benefit lies within, or more \
                     regimens must be tried"
                        .to_owned()
                } else {
                    format!("the benefit is kept down by {}", holds.join(" and "))
                }
            }
            Self::Impossible { broken, .. } => {
                let parts: Vec<String> = broken
                    .iter()
                    .map(|l| match l.least {
                        Some(least) if least > l.most => format!(
                            "`{}` cannot be below {least:.4} and may be {:.4} at most",
                            l.name, l.most
                        ),
                        _ => format!(
                            "`{}` is {:.4} and may be {:.4} at most, which it can be, but not together \
                             with the other limits",
                            l.name, l.value, l.most
                        ),
                    })
                    .collect();
                format!("no regimen within the bounds meets the limits: {}", parts.join("; "))
            }
        }
    }
}

impl AtLimit {
    /// Whether the limit keeps the benefit down: the regimen lies within a fiftieth of it, or it holds back
    /// one near by.
    #[must_use]
    pub fn binds(&self) -> bool {
        self.holds || self.value >= 0.98 * self.most
    }
}

/// Seeks the regimen of greatest benefit that meets all limits, by differential evolution
/// ([`lutetia_fit::search`]). `assess` should use common random numbers; it is called on several threads.
///
/// # Errors
/// [`ProposeError`]: no knob, bounds or limits out of range, or an assessment that fails everywhere.
pub fn propose<E: Send>(
    knobs: &[Knob],
    limits: &[RegimenLimit],
    options: &SearchOptions,
    assess: &(dyn Fn(&[f64]) -> Result<Assessed, E> + Sync),
) -> Result<Proposal, ProposeError<E>> {
    check(knobs, limits).map_err(TrialError::from)?;
    let lower: Vec<f64> = knobs.iter().map(|k| k.lower).collect();
    let upper: Vec<f64> = knobs.iter().map(|k| k.upper).collect();
    let rounded = |x: &[f64]| -> Vec<f64> {
        x.iter().zip(knobs).map(|(x, k)| if k.whole { x.round() } else { *x }).collect()
    };
    let failure = Mutex::new(None::<E>);
    let judged =
        |x: &[f64], excess: &dyn Fn(&[f64]) -> Vec<f64>, cost: &dyn Fn(&Assessed) -> f64| {
            match assess(&rounded(x)) {
                Ok(a) => Judged { cost: cost(&a), excess: excess(&a.limited) },
                Err(reason) => {
                    // A poisoned lock still holds the first reason.
                    failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(reason);
                    Judged { cost: f64::NAN, excess: Vec::new() }
                }
            }
        };
    let excess =
        |v: &[f64]| -> Vec<f64> { v.iter().zip(limits).map(|(v, l)| v / l.most - 1.0).collect() };
    let best = search(&lower, &upper, None, options, &|x| judged(x, &excess, &|a| -a.benefit))
        .map_err(ProposeError::Search)?;
    let mut tried = best.evaluations;
    let values = rounded(&best.x);
    let at = assess(&values).map_err(|reason| ProposeError::Assessment { reason })?;
    let placed = |k: usize, least: Option<f64>, holds: bool| AtLimit {
        place: k,
        name: limits[k].name.clone(),
        value: at.limited.get(k).copied().unwrap_or(f64::NAN),
        most: limits[k].most,
        holds,
        least,
    };
    if best.judged.broken() <= 0.0 {
        let near_by = neighbours(knobs, &values);
        tried += near_by.len();
        let better: Vec<Vec<f64>> = near_by
            .iter()
            .filter_map(|x| assess(x).ok().filter(|a| a.benefit > at.benefit))
            .map(|a| excess(&a.limited))
            .collect();
        // Held back by this limit alone.
        let holds = |k: usize| {
            better
                .iter()
                .any(|e| e[k] > 0.0 && e.iter().enumerate().all(|(j, x)| j == k || *x <= 0.0))
        };
        let limits = (0..limits.len()).map(|k| placed(k, None, holds(k))).collect();
        let near = |x: f64, end: f64, k: &Knob| (x - end).abs() <= 0.02 * (k.upper - k.lower);
        let bounds = knobs
            .iter()
            .zip(&values)
            .filter(|(k, _)| k.lower < k.upper)
            .filter_map(|(k, x)| {
                let end = [k.lower, k.upper].into_iter().find(|end| near(*x, *end, k))?;
                Some((k.name.clone(), end))
            })
            .collect();
        return Ok(Proposal::Found { values, benefit: at.benefit, limits, bounds, tried });
    }
    if !best.judged.broken().is_finite() {
        let reason = failure.into_inner().unwrap_or_else(PoisonError::into_inner);
        return Err(match reason {
            Some(reason) => ProposeError::Assessment { reason },
            None => ProposeError::NoBenefit,
        });
    }
    let mut broken = Vec::new();
    for k in 0..limits.len() {
        if best.judged.excess.get(k).is_none_or(|e| *e <= 0.0) {
            continue;
        }
        let alone = search(&lower, &upper, Some(&best.x), options, &|x| {
            judged(x, &|_| Vec::new(), &|a| a.limited.get(k).copied().unwrap_or(f64::NAN))
        })
        .map_err(ProposeError::Search)?;
        tried += alone.evaluations;
        broken.push(placed(k, Some(alone.judged.cost), true));
    }
    Ok(Proposal::Impossible { nearest: values, broken, tried })
}

/// The regimen with each knob moved by a twentieth of its range, or by one, to either side within its bounds.
fn neighbours(knobs: &[Knob], values: &[f64]) -> Vec<Vec<f64>> {
    let mut all = Vec::new();
    for (k, knob) in knobs.iter().enumerate() {
        let step = if knob.whole { 1.0 } else { 0.05 * (knob.upper - knob.lower) };
        for moved in [values[k] - step, values[k] + step] {
            if step > 0.0 && moved >= knob.lower && moved <= knob.upper {
                let mut x = values.to_vec();
                x[k] = moved;
                all.push(x);
            }
        }
    }
    all
}

/// Options for a search of that many regimens at a time and rounds.
#[must_use]
pub fn options(
    points: usize,
    rounds: u64,
    seed: u64,
    interrupt: Option<Arc<AtomicBool>>,
) -> SearchOptions {
    SearchOptions { points, rounds, seed, interrupt }
}

fn check(knobs: &[Knob], limits: &[RegimenLimit]) -> Result<(), RegimenRange> {
    if knobs.is_empty() {
        return Err(RegimenRange::NothingToChoose);
    }
    for k in knobs {
        let ordered = k.lower.is_finite() && k.upper.is_finite() && k.lower <= k.upper;
        if !ordered {
            return Err(RegimenRange::Bounds { name: k.name.clone(), bounds: (k.lower, k.upper) });
        }
    }
    for l in limits {
        if !(l.most.is_finite() && l.most > 0.0) {
            return Err(RegimenRange::Limit { name: l.name.clone(), most: l.most });
        }
    }
    Ok(())
}
