//! Which regimen serves patients best, when it may both help and harm?
//!
//! Every regimen is tried on the same virtual patients (common random numbers), and bands come from a
//! bootstrap that draws patients, each with the outcomes of all regimens: what differs between patients
//! cancels in comparisons.

use std::collections::BTreeMap;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::error::TrialError;

/// What a regimen did to each patient.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcomes {
    /// Name of the regimen.
    pub name: String,
    /// Benefit per patient: survival restricted to a horizon, or 1 where the tumour was controlled.
    pub benefit: Vec<f64>,
    /// Whether the patient was harmed (grade ≥ 3, dose above a limit).
    pub harmed: Vec<bool>,
}

/// An estimate with a percentile interval of the bootstrap (95 %).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Banded {
    /// Of all patients.
    pub estimate: f64,
    /// 2.5 %.
    pub lower: f64,
    /// 97.5 %.
    pub upper: f64,
}

/// Number needed to harm, 1/(risk − risk of the reference).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum NeededToHarm {
    /// Harm is more frequent than under the reference, and the interval of the difference excludes zero.
    Patients(Banded),
    /// The interval of the difference of risks includes zero: no number is determined.
    NotDetermined {
        /// The difference of risks.
        difference: Banded,
    },
    /// Harm is less frequent than under the reference.
    Spared,
    /// The reference itself.
    Reference,
}

/// One regimen.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// Its name.
    pub name: String,
    /// Mean benefit.
    pub benefit: Banded,
    /// Share of the patients harmed.
    pub harm: Banded,
    /// Share of the patients who have the benefit and no harm, where the benefit is 0 or 1
    /// (P⁺ = P(control and no complication)).
    pub both: Option<Banded>,
    /// Whether no other regimen is at least as good in both and better in one.
    pub on_front: bool,
    /// Share of the bootstrap samples in which it is on the front.
    pub front_share: f64,
    /// w·benefit/scale + (1 − w)·(1 − harm).
    pub utility: Banded,
    /// Share of the bootstrap samples in which its utility is the greatest.
    pub best_share: f64,
    /// Number needed to harm against the reference.
    pub needed_to_harm: NeededToHarm,
}

/// How benefit and harm are weighed.
#[derive(Debug, Clone, PartialEq)]
pub struct Weighing {
    /// Weight of each criterion, `benefit` and `harm`; they must sum to one.
    pub weights: BTreeMap<String, f64>,
    /// The benefit that counts as one: the horizon of a restricted mean, or 1 for a share.
    pub scale: f64,
    /// Index of the reference regimen.
    pub reference: usize,
    /// Bootstrap samples.
    pub samples: usize,
    /// Seed of the bootstrap.
    pub seed: u64,
}

impl Weighing {
    /// The weights of benefit and harm.
    fn pair(&self) -> Result<(f64, f64), TrialError> {
        let known = ["benefit", "harm"];
        for (name, weight) in &self.weights {
            if !known.contains(&name.as_str()) {
                return Err(TrialError::Unknown {
                    what: "criterion",
                    name: name.clone(),
                    hint: crate::error::known(name, known.into_iter()),
                });
            }
            if !(weight.is_finite() && *weight >= 0.0) {
                return Err(refuse(
                    &format!("the weight of `{name}`"),
                    &weight.to_string(),
                    "a number of zero or more",
                ));
            }
        }
        let of = |name: &str| self.weights.get(name).copied().unwrap_or(0.0);
        let sum = of("benefit") + of("harm");
        // 1e-6: a third typed with seven digits, not with two.
        if (sum - 1.0).abs() > 1e-6 {
            return Err(refuse(
                "the sum of the weights",
                &format!("{sum}"),
                &format!(
                    "weights that sum to one; divided by their sum they are {:.4} and {:.4}",
                    of("benefit") / sum,
                    of("harm") / sum
                ),
            ));
        }
        Ok((of("benefit"), of("harm")))
    }
}

/// Means over a list of patients (with repetitions).
struct Means {
    benefit: Vec<f64>,
    harm: Vec<f64>,
    both: Vec<f64>,
}

/// Weighs regimens tried on the same patients.
///
/// # Errors
/// [`TrialError::OutOfRange`]: no regimen, regimens with different patients or none, weights that do not
/// sum to one, fewer than 100 bootstrap samples.
pub fn trade_off(regimens: &[Outcomes], weighing: &Weighing) -> Result<Vec<Point>, TrialError> {
    let (w_benefit, w_harm) = weighing.pair()?;
    let Some(first) = regimens.first() else {
        return Err(refuse("the number of regimens", "0", "at least one"));
    };
    let n = first.benefit.len();
    for r in regimens {
        if r.benefit.len() != n || r.harmed.len() != n || n == 0 {
            return Err(refuse(
                &format!("the number of patients under `{}`", r.name),
                &format!("{} with {} marks of harm", r.benefit.len(), r.harmed.len()),
                &format!("the same {} patients under every regimen, at least one", n.max(1)),
            ));
        }
        if r.benefit.iter().any(|b| !b.is_finite()) {
            return Err(refuse(
                &format!("a benefit under `{}`", r.name),
                "not a number",
                "finite numbers; leave out patients who could not be simulated under all regimens",
            ));
        }
    }
    if weighing.reference >= regimens.len() {
        return Err(refuse(
            "the index of the reference",
            &weighing.reference.to_string(),
            "one of the regimens",
        ));
    }
    if weighing.samples < 100 {
        return Err(refuse(
            "the number of bootstrap samples",
            &weighing.samples.to_string(),
            "at least 100, for an interval of 95 %",
        ));
    }
    if !(weighing.scale.is_finite() && weighing.scale > 0.0) {
        return Err(refuse(
            "the benefit that counts as one",
            &weighing.scale.to_string(),
            "a number above zero",
        ));
    }
    let utility = |m: &Means, k: usize| {
        w_benefit * m.benefit[k] / weighing.scale + w_harm * (1.0 - m.harm[k])
    };
    let everybody: Vec<usize> = (0..n).collect();
    let whole = means(regimens, &everybody);
    let mut generator = ChaCha8Rng::seed_from_u64(weighing.seed);
    let samples: Vec<Means> = (0..weighing.samples)
        .map(|_| {
            let drawn: Vec<usize> = (0..n).map(|_| generator.random_range(0..n)).collect();
            means(regimens, &drawn)
        })
        .collect();
    let fronts: Vec<Vec<bool>> = samples.iter().map(|m| front(&m.benefit, &m.harm)).collect();
    let own_front = front(&whole.benefit, &whole.harm);
    let best: Vec<usize> = samples
        .iter()
        .map(|m| {
            (0..regimens.len())
                .max_by(|a, b| utility(m, *a).total_cmp(&utility(m, *b)).then(b.cmp(a)))
                .unwrap_or(0)
        })
        .collect();
    let banded = |of: &dyn Fn(&Means) -> f64| band(of(&whole), samples.iter().map(of).collect());
    #[expect(clippy::cast_precision_loss, reason = "counts of samples")]
    let share = |count: usize| count as f64 / samples.len() as f64;
    let binary = |r: &Outcomes| {
        r.benefit.iter().all(|b| b.abs() < f64::EPSILON || (b - 1.0).abs() < f64::EPSILON)
    };
    let reference = weighing.reference;
    Ok(regimens
        .iter()
        .enumerate()
        .map(|(k, r)| Point {
            name: r.name.clone(),
            benefit: banded(&|m| m.benefit[k]),
            harm: banded(&|m| m.harm[k]),
            both: binary(r).then(|| banded(&|m| m.both[k])),
            on_front: own_front[k],
            front_share: share(fronts.iter().filter(|f| f[k]).count()),
            utility: banded(&|m| utility(m, k)),
            best_share: share(best.iter().filter(|b| **b == k).count()),
            needed_to_harm: if k == reference {
                NeededToHarm::Reference
            } else {
                needed(banded(&|m| m.harm[k] - m.harm[reference]))
            },
        })
        .collect())
}

fn means(regimens: &[Outcomes], patients: &[usize]) -> Means {
    #[expect(clippy::cast_precision_loss, reason = "counts of patients")]
    let n = patients.len() as f64;
    let mean = |value: &dyn Fn(&Outcomes, usize) -> f64| -> Vec<f64> {
        regimens.iter().map(|r| patients.iter().map(|&i| value(r, i)).sum::<f64>() / n).collect()
    };
    let harmed = |r: &Outcomes, i: usize| f64::from(u8::from(r.harmed[i]));
    Means {
        benefit: mean(&|r, i| r.benefit[i]),
        harm: mean(&harmed),
        both: mean(&|r, i| r.benefit[i] * (1.0 - harmed(r, i))),
    }
}

/// Which points no other dominates: at least as good in both, better in one.
#[must_use]
pub fn front(benefit: &[f64], harm: &[f64]) -> Vec<bool> {
    let dominates = |a: usize, b: usize| {
        benefit[a] >= benefit[b]
            && harm[a] <= harm[b]
            && (benefit[a] > benefit[b] || harm[a] < harm[b])
    };
    let n = benefit.len().min(harm.len());
    (0..n).map(|k| !(0..n).any(|other| dominates(other, k))).collect()
}

fn needed(difference: Banded) -> NeededToHarm {
    if difference.lower > 0.0 {
        // More harm, fewer patients until one of them is harmed: the ends change places.
        NeededToHarm::Patients(Banded {
            estimate: 1.0 / difference.estimate,
            lower: 1.0 / difference.upper,
            upper: 1.0 / difference.lower,
        })
    } else if difference.upper < 0.0 {
        NeededToHarm::Spared
    } else {
        NeededToHarm::NotDetermined { difference }
    }
}

fn band(estimate: f64, mut values: Vec<f64>) -> Banded {
    values.sort_by(f64::total_cmp);
    // R's type 7, which the other intervals of the library use too.
    let at = |share: f64| {
        #[expect(clippy::cast_precision_loss, reason = "counts of samples")]
        let place = share * (values.len() - 1) as f64;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
        let below = place.floor() as usize;
        let above = (below + 1).min(values.len() - 1);
        values[below] + (place - place.floor()) * (values[above] - values[below])
    };
    Banded { estimate, lower: at(0.025), upper: at(0.975) }
}

fn refuse(what: &str, found: &str, expected: &str) -> TrialError {
    TrialError::OutOfRange {
        what: what.to_owned(),
        found: found.to_owned(),
        expected: expected.to_owned(),
    }
}
