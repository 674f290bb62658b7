//! Which regimen serves patients best, when it may both help and harm?
//!
//! Every regimen is tried on the same virtual patients (common random numbers), and bands come from a
//! bootstrap that draws patients, each with the outcomes of all regimens: what differs between patients
//! cancels in comparisons. Where the values of the model are uncertain themselves (draws of a posterior),
//! the same patients are tried under every draw, and each bootstrap sample takes one draw and then patients:
//! its bands hold both uncertainties.

use lutetia_outcome::trade_off::{
    UtilityWeights, number_needed_to_harm, paired_risk_difference, share_limits,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::{
    error::{Statistic, TrialError},
    range::TradeOffRange,
};

/// Fewer bootstrap samples have no 2.5 %.
const LEAST_SAMPLES: usize = 100;

/// What a regimen did to each patient.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcomes {
    /// Name of the regimen.
    pub name: String,
    /// Regimens of one series (the ligand alone, with a partner) have a front of their own.
    pub series: usize,
    /// Benefit per patient: survival restricted to a horizon, or 1 where the tumour was controlled. With
    /// several draws of uncertain values, all patients under the first draw, then all under the second …
    pub benefit: Vec<f64>,
    /// Whether the patient was harmed (grade ≥ 3, dose above a limit), in the same order.
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

/// Number needed to harm, 1/(risk − risk of the reference). The interval of the difference of risks is the
/// wider of the bootstrap's and Newcombe's for pairs, which is not empty where nobody was harmed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum NeededToHarm {
    /// Harm is more frequent than under the reference, and the interval of the difference excludes zero: its
    /// ends change places in the inverse.
    Patients {
        /// Patients treated for one more to be harmed.
        number: Banded,
        /// The difference of risks.
        difference: Banded,
    },
    /// The interval of the difference of risks includes zero, where its inverse breaks: the numbers go from
    /// one over its upper end through infinity to the number spared, and no number is determined.
    NotDetermined {
        /// The difference of risks.
        difference: Banded,
    },
    /// Harm is less frequent than under the reference: patients treated for one to be spared.
    Spared {
        /// Patients treated for one to be spared.
        number: Banded,
        /// The difference of risks, negative.
        difference: Banded,
    },
    /// The reference itself.
    Reference,
}

impl NeededToHarm {
    /// Risk minus that of the reference; none for the reference.
    #[must_use]
    pub fn difference(&self) -> Option<Banded> {
        match self {
            Self::Patients { difference, .. }
            | Self::NotDetermined { difference }
            | Self::Spared { difference, .. } => Some(*difference),
            Self::Reference => None,
        }
    }

    /// In words, with the break at zero: `15 (7.5 to 60)`, `not different from none: between one harmed in
    /// 12 and one spared in 20`.
    #[must_use]
    pub fn sentence(&self) -> String {
        let n = |x: f64| if x < 10.0 { format!("{x:.1}") } else { format!("{x:.0}") };
        match self {
            Self::Reference => "reference".to_owned(),
            Self::Patients { number, .. } => {
                format!("{} ({} to {})", n(number.estimate), n(number.lower), n(number.upper))
            }
            Self::Spared { number, .. } => format!(
                "one spared in {} ({} to {})",
                n(number.estimate),
                n(number.lower),
                n(number.upper)
            ),
            Self::NotDetermined { difference } => {
                // The number passes through infinity where the difference passes through zero.
                let end = |d: f64, what: &str| {
                    if d.abs() > 0.0 {
                        format!("{what} in {}", n(1.0 / d.abs()))
                    } else {
                        "none".to_owned()
                    }
                };
                format!(
                    "not different from none: between {} and {}",
                    end(difference.upper.max(0.0), "one harmed"),
                    end(difference.lower.min(0.0), "one spared")
                )
            }
        }
    }
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
    /// Whether no other regimen of its series is at least as good in both and better in one.
    pub on_front: bool,
    /// Share of the bootstrap samples in which it is on the front of its series.
    pub front_share: f64,
    /// w·benefit/scale + (1 − w)·(1 − harm).
    pub utility: Banded,
    /// Share of the bootstrap samples in which its utility is the greatest of its series.
    pub best_share: f64,
    /// Number needed to harm against the reference.
    pub needed_to_harm: NeededToHarm,
}

/// How benefit and harm are weighed.
#[derive(Debug, Clone, PartialEq)]
pub struct Weighing {
    /// How much benefit and harm count.
    pub weights: UtilityWeights,
    /// The benefit that counts as one: the horizon of a restricted mean, or 1 for a share.
    pub scale: f64,
    /// Index of the reference regimen.
    pub reference: usize,
    /// Bootstrap samples.
    pub samples: usize,
    /// Seed of the bootstrap.
    pub seed: u64,
    /// Draws of uncertain values under which all patients were tried, at least 1.
    pub draws: usize,
}

/// What a front offers at a level of harm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FrontLevel {
    /// Share of patients harmed that is accepted.
    pub harm: f64,
    /// The greatest mean benefit of the regimens that harm no more, `max {b_k : h_k ≤ h}`, of all patients and
    /// in the middle 95 % of the bootstrap samples. None where more than 1 in 40 samples have no such regimen.
    pub benefit: Option<Banded>,
}

/// The best of a series by its utility.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Best {
    /// Index of the regimen of greatest utility.
    pub regimen: usize,
    /// The greatest utility there is: of all patients, and of each bootstrap sample, whichever regimen gives it.
    pub utility: Banded,
    /// Share of the samples in which it is that regimen that gives it.
    pub share: f64,
}

/// Which regimens of a series are not told apart from that of greatest utility.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// The regimen of greatest utility, which is no more than that of these patients.
    pub greatest: usize,
    /// All of the series with the paired difference of their utility from it, on the same patients: 0 for itself,
    /// else negative or zero.
    pub behind: Vec<(usize, Banded)>,
}

impl Standing {
    /// The regimens whose paired difference from the greatest includes zero, and the greatest itself. Only where
    /// it is alone may it be called the best.
    #[must_use]
    pub fn not_told_apart(&self) -> Vec<usize> {
        let near = |(k, d): &&(usize, Banded)| *k == self.greatest || d.upper >= 0.0;
        self.behind.iter().filter(near).map(|b| b.0).collect()
    }
}

/// Means over a list of patients (with repetitions).
struct Means {
    benefit: Vec<f64>,
    harm: Vec<f64>,
    both: Vec<f64>,
}

/// Regimens tried on the same patients, with bootstrap samples of their means.
pub struct Resampled<'a> {
    regimens: &'a [Outcomes],
    weighing: &'a Weighing,
    /// Patients under one draw.
    patients: usize,
    whole: Means,
    samples: Vec<Means>,
}

/// Weighs regimens tried on the same patients: [`Resampled::points`].
///
/// # Errors
/// As [`Resampled::new`].
pub fn trade_off(regimens: &[Outcomes], weighing: &Weighing) -> Result<Vec<Point>, TrialError> {
    Resampled::new(regimens, weighing)?.points()
}

impl<'a> Resampled<'a> {
    /// Draws the bootstrap samples.
    ///
    /// # Errors
    /// [`TradeOffRange`]: no regimen, regimens with different patients or none, fewer than 100 bootstrap samples.
    pub fn new(regimens: &'a [Outcomes], weighing: &'a Weighing) -> Result<Self, TrialError> {
        let count = check(regimens, weighing)?;
        let patients = count / weighing.draws;
        let everybody: Vec<usize> = (0..count).collect();
        let whole = means(regimens, &everybody);
        let mut generator = ChaCha8Rng::seed_from_u64(weighing.seed);
        let samples: Vec<Means> = (0..weighing.samples)
            .map(|_| {
                // One draw takes no random number, so that what was published without draws stays.
                let draw =
                    if weighing.draws > 1 { generator.random_range(0..weighing.draws) } else { 0 };
                let drawn: Vec<usize> = (0..patients)
                    .map(|_| draw * patients + generator.random_range(0..patients))
                    .collect();
                means(regimens, &drawn)
            })
            .collect();
        Ok(Self { regimens, weighing, patients, whole, samples })
    }

    fn utility(&self, m: &Means, k: usize) -> f64 {
        self.weighing.weights.utility(m.benefit[k], self.weighing.scale, m.harm[k])
    }

    fn banded(&self, of: &dyn Fn(&Means) -> f64) -> Banded {
        band(of(&self.whole), self.samples.iter().map(of).collect())
    }

    fn share(&self, holds: &dyn Fn(usize) -> bool) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "counts of samples")]
        let share = (0..self.samples.len()).filter(|s| holds(*s)).count() as f64
            / self.samples.len() as f64;
        share
    }

    /// The regimens of a series.
    #[must_use]
    pub fn members(&self, series: usize) -> Vec<usize> {
        (0..self.regimens.len()).filter(|k| self.regimens[*k].series == series).collect()
    }

    /// The first of the greatest utility.
    fn greatest(&self, m: &Means, members: &[usize]) -> Option<usize> {
        members
            .iter()
            .copied()
            .max_by(|a, b| self.utility(m, *a).total_cmp(&self.utility(m, *b)).then(b.cmp(a)))
    }

    /// Every regimen, with what it offers and costs.
    ///
    /// # Errors
    /// None that [`Resampled::new`] lets through.
    pub fn points(&self) -> Result<Vec<Point>, TrialError> {
        let front_of = |m: &Means| -> Vec<bool> {
            let mut on = vec![false; self.regimens.len()];
            for k in 0..on.len() {
                // Each series once, at its first regimen.
                let members = self.members(self.regimens[k].series);
                if members.first() != Some(&k) {
                    continue;
                }
                let pick = |v: &[f64]| members.iter().map(|i| v[*i]).collect::<Vec<_>>();
                for (i, f) in members.iter().zip(front(&pick(&m.benefit), &pick(&m.harm))) {
                    on[*i] = f;
                }
            }
            on
        };
        let fronts: Vec<Vec<bool>> = self.samples.iter().map(front_of).collect();
        let own_front = front_of(&self.whole);
        let binary = |r: &Outcomes| {
            r.benefit.iter().all(|b| b.abs() < f64::EPSILON || (b - 1.0).abs() < f64::EPSILON)
        };
        let reference = self.weighing.reference;
        self.regimens
            .iter()
            .enumerate()
            .map(|(k, r)| {
                let members = self.members(r.series);
                Ok(Point {
                    name: r.name.clone(),
                    benefit: self.banded(&|m| m.benefit[k]),
                    harm: self.harm(k)?,
                    both: binary(r).then(|| self.banded(&|m| m.both[k])),
                    on_front: own_front[k],
                    front_share: self.share(&|s| fronts[s][k]),
                    utility: self.banded(&|m| self.utility(m, k)),
                    best_share: self
                        .share(&|s| self.greatest(&self.samples[s], &members) == Some(k)),
                    needed_to_harm: if k == reference {
                        NeededToHarm::Reference
                    } else {
                        needed(self.difference(k)?)?
                    },
                })
            })
            .collect()
    }

    /// Pairs of patients harmed under both, under `k` alone, under the reference alone, and under neither,
    /// in the mean of the draws.
    fn pairs(&self, k: usize) -> [f64; 4] {
        let (own, other) = (&self.regimens[k], &self.regimens[self.weighing.reference]);
        let mut counts = [0.0; 4];
        for (x, y) in own.harmed.iter().zip(&other.harmed) {
            counts[usize::from(!x) * 2 + usize::from(!y)] += 1.0;
        }
        #[expect(clippy::cast_precision_loss, reason = "draws are few")]
        let draws = self.weighing.draws as f64;
        counts.map(|c| c / draws)
    }

    fn difference(&self, k: usize) -> Result<Banded, TrialError> {
        let reference = self.weighing.reference;
        let found = self.banded(&|m| m.harm[k] - m.harm[reference]);
        let [both, own, other, neither] = self.pairs(k);
        let pairs = paired_risk_difference(both, own, other, neither, 0.95).map_err(outcome)?;
        Ok(wider(found, pairs.lower, pairs.upper))
    }

    /// The share harmed; with Wilson's interval where that is wider, as a bootstrap of nobody knows no risk.
    fn harm(&self, k: usize) -> Result<Banded, TrialError> {
        let found = self.banded(&|m| m.harm[k]);
        #[expect(clippy::cast_precision_loss, reason = "counts of patients")]
        let n = self.patients as f64;
        let (lower, upper) = share_limits(found.estimate, n, 0.95).map_err(outcome)?;
        Ok(wider(found, lower, upper))
    }

    /// The best benefit of a series at levels of accepted harm, and its band. The reference may always be chosen,
    /// so that every series has something to offer where it harms too many.
    #[must_use]
    pub fn front(&self, series: usize, levels: &[f64]) -> Vec<FrontLevel> {
        let mut members = self.members(series);
        if !members.is_empty() && !members.contains(&self.weighing.reference) {
            members.push(self.weighing.reference);
        }
        let best = |m: &Means, harm: f64| {
            members
                .iter()
                // 1e-12: a share reached exactly is no more than itself.
                .filter(|k| m.harm[**k] <= harm + 1e-12)
                .map(|k| m.benefit[*k])
                .reduce(f64::max)
        };
        levels
            .iter()
            .map(|&harm| {
                let found: Vec<f64> = self.samples.iter().filter_map(|m| best(m, harm)).collect();
                let enough = found.len() * 40 >= self.samples.len() * 39;
                let benefit = best(&self.whole, harm).filter(|_| enough).map(|b| band(b, found));
                FrontLevel { harm, benefit }
            })
            .collect()
    }

    /// How the regimens of a series stand to that of greatest utility, each difference taken on the same patients
    /// in every bootstrap sample; none without such a series.
    #[must_use]
    pub fn standing(&self, series: usize) -> Option<Standing> {
        let members = self.members(series);
        let greatest = self.greatest(&self.whole, &members)?;
        let behind = members
            .iter()
            .map(|&k| (k, self.banded(&|m| self.utility(m, k) - self.utility(m, greatest))))
            .collect();
        Some(Standing { greatest, behind })
    }

    /// The best of a series by its utility; none without such a series.
    #[must_use]
    pub fn best(&self, series: usize) -> Option<Best> {
        let members = self.members(series);
        let regimen = self.greatest(&self.whole, &members)?;
        let of = |m: &Means| self.greatest(m, &members).map_or(f64::NAN, |k| self.utility(m, k));
        Some(Best {
            regimen,
            utility: self.banded(&of),
            share: self.share(&|s| self.greatest(&self.samples[s], &members) == Some(regimen)),
        })
    }
}

/// What was asked can be answered; the number of patients of a regimen, over all draws.
fn check(regimens: &[Outcomes], weighing: &Weighing) -> Result<usize, TrialError> {
    let Some(first) = regimens.first() else {
        return Err(TradeOffRange::NoRegimens.into());
    };
    let n = first.benefit.len();
    for r in regimens {
        if r.benefit.len() != n || r.harmed.len() != n || n == 0 {
            let (name, benefit, harmed) = (r.name.clone(), r.benefit.len(), r.harmed.len());
            return Err(TradeOffRange::Patients { name, benefit, harmed, expected: n }.into());
        }
        if r.benefit.iter().any(|b| !b.is_finite()) {
            return Err(TradeOffRange::Benefit { name: r.name.clone() }.into());
        }
    }
    if weighing.draws == 0 || n % weighing.draws != 0 {
        return Err(TradeOffRange::Draws { found: weighing.draws, patients: n }.into());
    }
    if weighing.reference >= regimens.len() {
        return Err(TradeOffRange::Reference { found: weighing.reference }.into());
    }
    if weighing.samples < LEAST_SAMPLES {
        let (found, least) = (weighing.samples, LEAST_SAMPLES);
        return Err(TradeOffRange::Samples { found, least }.into());
    }
    if !(weighing.scale.is_finite() && weighing.scale > 0.0) {
        return Err(TradeOffRange::Scale { found: weighing.scale }.into());
    }
    Ok(n)
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

fn needed(difference: Banded) -> Result<NeededToHarm, TrialError> {
    // The inverse, with its ends in order; only asked where the difference is not zero.
    let inverse = |d: Banded| -> Result<Banded, TrialError> {
        let risk = lutetia_outcome::trade_off::RiskDifference {
            difference: d.estimate,
            lower: d.lower,
            upper: d.upper,
        };
        let found = number_needed_to_harm(&risk).map_err(outcome)?;
        let (lower, upper) = found.limits.unwrap_or((f64::NAN, f64::NAN));
        Ok(Banded { estimate: found.number, lower, upper })
    };
    Ok(if difference.lower > 0.0 {
        NeededToHarm::Patients { number: inverse(difference)?, difference }
    } else if difference.upper < 0.0 {
        let turned = Banded {
            estimate: -difference.estimate,
            lower: -difference.upper,
            upper: -difference.lower,
        };
        NeededToHarm::Spared { number: inverse(turned)?, difference }
    } else {
        NeededToHarm::NotDetermined { difference }
    })
}

fn outcome(cause: lutetia_outcome::OutcomeError) -> TrialError {
    TrialError::outcome(Statistic::NeededToHarm)(cause)
}

/// With the ends moved outwards to these.
fn wider(b: Banded, lower: f64, upper: f64) -> Banded {
    Banded { estimate: b.estimate, lower: b.lower.min(lower), upper: b.upper.max(upper) }
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
