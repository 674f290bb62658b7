//! Events that are known to lie between two visits.

use nalgebra::{DMatrix, DVector};
use serde::Serialize;

use super::data::same_length;
use super::kaplan_meier::Interval;
use crate::error::{
    Asked, NoAnswer, OutcomeError, Unfinished, confidence_level, not_determined, not_negative,
    within,
};
use crate::numeric::two_sided_z;

/// For every patient the interval `(left, right]` in which the event happened.
///
/// `left = right` is an event at that very time, `right = ∞` an event after `left` (right-censored), `left = 0`
/// one by `right` (left-censored).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IntervalData {
    left: Vec<f64>,
    right: Vec<f64>,
}

impl IntervalData {
    /// Intervals from their ends.
    ///
    /// # Errors
    /// No patients, columns of different lengths, an end that is negative or not a number, a right end before
    /// the left one.
    pub fn new(left: Vec<f64>, right: Vec<f64>) -> Result<Self, OutcomeError> {
        if left.is_empty() {
            return Err(OutcomeError::Empty { what: "the table of intervals".to_owned() });
        }
        same_length("right", right.len(), left.len())?;
        for (i, (&l, &r)) in left.iter().zip(&right).enumerate() {
            not_negative(format!("left end of the interval of patient {}", i + 1), l, "")?;
            if r != f64::INFINITY {
                let what = format!("right end of the interval of patient {}", i + 1);
                within(what, r, "", r >= l, "a time not before the left end, or none")?;
            }
        }
        Ok(Self { left, right })
    }

    /// Number of patients.
    #[must_use]
    pub fn len(&self) -> usize {
        self.left.len()
    }

    /// Never true: a table without patients is refused.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.left.is_empty()
    }

    /// The left ends.
    #[must_use]
    pub fn left(&self) -> &[f64] {
        &self.left
    }

    /// The right ends, ∞ where the patient is censored.
    #[must_use]
    pub fn right(&self) -> &[f64] {
        &self.right
    }

    /// Patients whose event was seen, at a time or in an interval.
    #[must_use]
    pub fn events(&self) -> usize {
        self.right.iter().filter(|r| r.is_finite()).count()
    }

    /// The last finite time.
    #[must_use]
    pub fn last_time(&self) -> f64 {
        self.left.iter().chain(&self.right).copied().filter(|t| t.is_finite()).fold(0.0, f64::max)
    }
}

/// One interval that carries probability. Where within it the curve falls, the data do not say.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Fall {
    /// Its left end, open; equal to `to` where the event time is known.
    pub from: f64,
    /// Its right end, closed; infinite for what lies after the last visit.
    pub to: f64,
    /// Probability of the event in it.
    pub probability: f64,
    /// S after it.
    pub survival: f64,
    /// Standard error of that S, from the information; none where it is singular.
    pub standard_error: Option<f64>,
    /// Lower limit of that S.
    pub lower: Option<f64>,
    /// Upper limit of that S.
    pub upper: Option<f64>,
}

/// The nonparametric maximum-likelihood estimate of Turnbull (1976, J R Stat Soc B 38:290).
///
/// Probability lies on the innermost intervals only (a left end directly followed by a right end, Peto 1973);
/// the probabilities maximise `Σ_i ln Σ_{j in i} p_j`. The estimate is certified: the logarithm of the
/// likelihood is below its maximum by at most `max_j ∂ℓ/∂p_j − n` (Lindsay 1983), which is
/// [`gap`](Self::gap). Errors are those of the inverse information of the positive probabilities under their
/// sum; they hold where visits fall on a grid, and are Greenwood's where all times are known.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Turnbull {
    /// Patients.
    pub patients: usize,
    /// Patients with an event.
    pub events: usize,
    /// Intervals with probability, in the order of time. The last one may reach to infinity.
    pub falls: Vec<Fall>,
    /// Logarithm of the likelihood.
    pub log_likelihood: f64,
    /// Bound on what is missing to its maximum.
    pub gap: f64,
    /// Level of the intervals.
    pub level: f64,
    /// Scale of the intervals.
    pub interval: Interval,
}

/// Largest gap to the maximum of the likelihood that is accepted.
const GAP: f64 = 1e-8;

/// Most positive probabilities for which the information is inverted: its size squared is held.
const MOST_INVERTED: usize = 2000;

/// Patients that cover the same innermost intervals `first..=last`.
struct Cover {
    first: usize,
    last: usize,
    count: f64,
}

impl Turnbull {
    /// Estimates the curve.
    ///
    /// # Errors
    /// A level that is not between 0 and 1; not determined where all are censored; not converged.
    pub fn fit(data: &IntervalData, interval: Interval, level: f64) -> Result<Self, OutcomeError> {
        confidence_level(level)?;
        let what = Asked::IntervalCurve;
        if data.events() == 0 {
            let patients = data.len();
            return Err(not_determined(what, NoAnswer::PatientsCensored { patients }));
        }
        let supports = innermost(data);
        let covers = covers(data, &supports);
        let mut p = vec![1.0 / supports.len() as f64; supports.len()];
        let reason = Unfinished::Gap { steps: MOST_STEPS, gap: GAP };
        let gap = maximise(&covers, data.len() as f64, &mut p)
            .ok_or(OutcomeError::NotConverged { what, reason })?;
        let kept: Vec<usize> = (0..p.len()).filter(|&j| p[j] > 0.0).collect();
        let covariance = covariance(&covers, &p, &kept);
        let z = two_sided_z(level);
        let mut survival = 1.0;
        let last = kept.len() - 1;
        let falls = kept
            .iter()
            .enumerate()
            .map(|(k, &j)| {
                survival -= p[j];
                // What is left after the last fall is rounding.
                let after = if k == last { 0.0 } else { survival };
                // Var S = Σ over the probabilities up to here of their covariances.
                let error = covariance.as_ref().map(|v| {
                    let block = v.view((0, 0), (k + 1, k + 1));
                    if k == last { 0.0 } else { block.sum().max(0.0).sqrt() }
                });
                let limits = error.and_then(|e| limits(interval, after, e, z));
                Fall {
                    from: supports[j].0,
                    to: supports[j].2,
                    probability: p[j],
                    survival: after,
                    standard_error: error,
                    lower: limits.map(|l| l.0),
                    upper: limits.map(|l| l.1),
                }
            })
            .collect();
        Ok(Self {
            patients: data.len(),
            events: data.events(),
            falls,
            log_likelihood: log_likelihood(&covers, &p),
            gap,
            level,
            interval,
        })
    }

    /// S(t) as the interval that the data leave for it: equal ends outside the intervals with probability.
    #[must_use]
    pub fn survival_at(&self, t: f64) -> (f64, f64) {
        let mut before = 1.0;
        for fall in &self.falls {
            if t < fall.to {
                let within = t > fall.from;
                return (if within { fall.survival } else { before }, before);
            }
            before = fall.survival;
        }
        (before, before)
    }

    /// The interval `(from, to]` in which the share `p` of patients has had the event; none where that is after
    /// the last visit.
    ///
    /// # Errors
    /// `p` outside 0 to 1.
    pub fn quantile(&self, p: f64) -> Result<Option<(f64, f64)>, OutcomeError> {
        let good = p > 0.0 && p < 1.0;
        within("share of patients of a quantile", p, "", good, "a number between 0 and 1")?;
        let fall = self.falls.iter().find(|f| f.survival <= 1.0 - p + TIE);
        Ok(fall.filter(|f| f.to.is_finite()).map(|f| (f.from, f.to)))
    }
}

/// Two values of a curve closer than this are one.
const TIE: f64 = 1e-9;

/// Innermost intervals as (left, whether the left end is open, right).
fn innermost(data: &IntervalData) -> Vec<(f64, bool, f64)> {
    // At one time `[` comes before `]`, and `]` before `(`.
    const CLOSED: u8 = 0;
    const RIGHT: u8 = 1;
    const OPEN: u8 = 2;
    let mut ends: Vec<(f64, u8)> = Vec::with_capacity(2 * data.len());
    for (&l, &r) in data.left.iter().zip(&data.right) {
        ends.push((l, if exact(l, r) { CLOSED } else { OPEN }));
        ends.push((r, RIGHT));
    }
    ends.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    ends.windows(2)
        .filter(|w| w[0].1 != RIGHT && w[1].1 == RIGHT)
        .map(|w| (w[0].0, w[0].1 == OPEN, w[1].0))
        .collect()
}

fn exact(left: f64, right: f64) -> bool {
    left >= right
}

/// The innermost intervals that each patient's interval contains: they are neighbours.
fn covers(data: &IntervalData, supports: &[(f64, bool, f64)]) -> Vec<Cover> {
    let mut found: Vec<(usize, usize)> = data
        .left
        .iter()
        .zip(&data.right)
        .map(|(&l, &r)| {
            let open = !exact(l, r);
            let first = supports.partition_point(|s| s.0 < l || (s.0 <= l && open && !s.1));
            let past = supports.partition_point(|s| s.2 <= r);
            (first, past.saturating_sub(1))
        })
        .collect();
    found.sort_unstable();
    let mut covers: Vec<Cover> = Vec::new();
    for (first, last) in found {
        match covers.last_mut() {
            Some(c) if (c.first, c.last) == (first, last) => c.count += 1.0,
            _ => covers.push(Cover { first, last, count: 1.0 }),
        }
    }
    covers
}

/// Σ of `p` before each place, one longer than `p`.
fn running(p: &[f64]) -> Vec<f64> {
    let mut sum = 0.0;
    std::iter::once(0.0)
        .chain(p.iter().map(|x| {
            sum += x;
            sum
        }))
        .collect()
}

/// Most intervals that are summed one by one.
const MOST_SUMMED: usize = 100_000;

/// Probability of each cover.
fn masses(covers: &[Cover], p: &[f64]) -> Vec<f64> {
    let width: usize = covers.iter().map(|c| c.last + 1 - c.first).sum();
    if width <= MOST_SUMMED {
        return covers.iter().map(|c| p[c.first..=c.last].iter().sum()).collect();
    }
    // At the maximum no cover has less than 1/n: a difference of sums loses no more than n roundings.
    let sums = running(p);
    covers.iter().map(|c| sums[c.last + 1] - sums[c.first]).collect()
}

fn log_likelihood(covers: &[Cover], p: &[f64]) -> f64 {
    let sum: f64 = covers.iter().zip(masses(covers, p)).map(|(c, m)| c.count * m.ln()).sum();
    if sum.is_nan() { f64::NEG_INFINITY } else { sum }
}

/// ∂ℓ/∂p_j.
fn gradient(covers: &[Cover], p: &[f64]) -> Vec<f64> {
    let mut change = vec![0.0; p.len() + 1];
    for (c, m) in covers.iter().zip(masses(covers, p)) {
        change[c.first] += c.count / m;
        change[c.last + 1] -= c.count / m;
    }
    let sums = running(&change[..p.len()]);
    sums[1..].to_vec()
}

const MOST_STEPS: usize = 5000;

/// Maximises the likelihood over probabilities; returns the bound on what is missing. Steps of the iterative
/// convex minorant and of self-consistency (Turnbull's EM) alternate (Wellner and Zhan 1997, J Am Stat Assoc
/// 92:945); once they are near, Newton steps bring the positive probabilities to rounding.
fn maximise(covers: &[Cover], n: f64, p: &mut Vec<f64>) -> Option<f64> {
    for _ in 0..MOST_STEPS {
        *p = minorant(covers, p);
        let gap = missing(covers, n, p);
        if gap < 1e-1
            && let Some((better, gap)) = polished(covers, n, p)
            && gap <= GAP
        {
            *p = better;
            return Some(gap);
        }
        if gap <= GAP {
            return Some(gap);
        }
        let g = gradient(covers, p);
        let raw: Vec<f64> = p.iter().zip(&g).map(|(p, g)| p * g / n).collect();
        let sum: f64 = raw.iter().sum();
        *p = raw.into_iter().map(|x| x / sum).collect();
    }
    None
}

/// One step of the iterative convex minorant: a Newton step for the distribution function with the diagonal of
/// the information, made rising by pooling neighbours, and halved until the likelihood does not fall.
fn minorant(covers: &[Cover], p: &[f64]) -> Vec<f64> {
    let inner = p.len() - 1;
    let (mut slope, mut weight) = (vec![0.0; p.len() + 1], vec![0.0; p.len() + 1]);
    for (c, m) in covers.iter().zip(masses(covers, p)) {
        let w = c.count / (m * m);
        slope[c.last + 1] += c.count / m;
        slope[c.first] -= c.count / m;
        weight[c.last + 1] += w;
        weight[c.first] += w;
    }
    let below = running(p);
    // Blocks of (mean, weight, length) with rising means.
    let mut blocks: Vec<(f64, f64, usize)> = Vec::with_capacity(inner);
    for k in 1..=inner {
        let mut block = (below[k] + slope[k] / weight[k], weight[k], 1);
        while let Some(&(mean, w, length)) = blocks.last() {
            if mean < block.0 {
                break;
            }
            let total = w + block.1;
            block = ((mean * w + block.0 * block.1) / total, total, length + block.2);
            blocks.pop();
        }
        blocks.push(block);
    }
    let pooled: Vec<f64> = blocks
        .iter()
        .flat_map(|&(mean, _, length)| std::iter::repeat_n(mean.clamp(0.0, 1.0), length))
        .collect();
    let now = log_likelihood(covers, p);
    let mut length = 1.0;
    while length > 1e-10 {
        let at = |k: usize| match k {
            0 => 0.0,
            k if k > inner => 1.0,
            k => below[k] + length * (pooled[k - 1] - below[k]),
        };
        let moved: Vec<f64> = (0..p.len()).map(|j| (at(j + 1) - at(j)).max(0.0)).collect();
        if log_likelihood(covers, &moved) >= now {
            return moved;
        }
        length *= 0.5;
    }
    p.to_vec()
}

/// Lindsay's bound `max_j ∂ℓ/∂p_j − n`.
fn missing(covers: &[Cover], n: f64, p: &[f64]) -> f64 {
    let largest = gradient(covers, p).into_iter().fold(0.0, f64::max);
    if largest.is_nan() { f64::INFINITY } else { (largest - n).max(0.0) }
}

/// Newton's iteration for `ℓ − n Σp` on the probabilities that are not negligible, where it is concave; the
/// others are set to 0. None where it leaves the positive ones or the information is singular.
fn polished(covers: &[Cover], n: f64, p: &[f64]) -> Option<(Vec<f64>, f64)> {
    let kept: Vec<usize> = (0..p.len()).filter(|&j| p[j] > 1e-10).collect();
    if kept.is_empty() || kept.len() > MOST_INVERTED {
        return None;
    }
    let mut q = vec![0.0; p.len()];
    let sum: f64 = kept.iter().map(|&j| p[j]).sum();
    for &j in &kept {
        q[j] = p[j] / sum;
    }
    for _ in 0..30 {
        if masses(covers, &q).iter().any(|m| *m <= 0.0) {
            return None;
        }
        let g = gradient(covers, &q);
        let slope = DVector::from_iterator(kept.len(), kept.iter().map(|&j| g[j] - n));
        let step = information(covers, &q, &kept).cholesky()?.solve(&slope);
        // Half-way to the edge at most.
        let length = kept
            .iter()
            .zip(step.iter())
            .fold(1.0_f64, |l, (&j, s)| if *s < 0.0 { l.min(0.5 * q[j] / -s) } else { l });
        for (&j, s) in kept.iter().zip(step.iter()) {
            q[j] += length * s;
        }
        if step.amax() < 1e-14 {
            break;
        }
    }
    let sum: f64 = q.iter().sum();
    q.iter_mut().for_each(|x| *x /= sum);
    let gap = missing(covers, n, &q);
    gap.is_finite().then_some((q, gap))
}

/// `−∂²ℓ/∂p²` of the kept probabilities.
fn information(covers: &[Cover], p: &[f64], kept: &[usize]) -> DMatrix<f64> {
    let k = kept.len();
    // Second differences of the blocks in which a cover counts; summed up along both axes at the end.
    let mut sums = DMatrix::zeros(k + 1, k + 1);
    for (c, m) in covers.iter().zip(masses(covers, p)) {
        let (a, b) =
            (kept.partition_point(|&j| j < c.first), kept.partition_point(|&j| j <= c.last));
        if a == b {
            continue;
        }
        let w = c.count / (m * m);
        sums[(a, a)] += w;
        sums[(b, b)] += w;
        sums[(a, b)] -= w;
        sums[(b, a)] -= w;
    }
    for i in 1..k {
        for j in 0..k {
            sums[(i, j)] += sums[(i - 1, j)];
        }
    }
    for i in 0..k {
        for j in 1..k {
            sums[(i, j)] += sums[(i, j - 1)];
        }
    }
    sums.view((0, 0), (k, k)).into_owned()
}

/// Covariance of the positive probabilities, which sum to one: `I⁻¹ − I⁻¹1 1ᵀI⁻¹/(1ᵀI⁻¹1)`.
fn covariance(covers: &[Cover], p: &[f64], kept: &[usize]) -> Option<DMatrix<f64>> {
    if kept.len() > MOST_INVERTED {
        return None;
    }
    let inverse = information(covers, p, kept).cholesky()?.inverse();
    let rows = inverse.column_sum();
    let total = rows.sum();
    let covariance = &inverse - &rows * rows.transpose() / total;
    covariance.iter().all(|x| x.is_finite()).then_some(covariance)
}

/// Limits of S on the scale asked for; none at 0 and 1, where the scales have none.
fn limits(scale: Interval, s: f64, error: f64, z: f64) -> Option<(f64, f64)> {
    if s <= 0.0 || s >= 1.0 {
        return None;
    }
    Some(match scale {
        Interval::Plain => ((s - z * error).max(0.0), (s + z * error).min(1.0)),
        Interval::Log => {
            let half = (z * error / s).exp();
            (s / half, (s * half).min(1.0))
        }
        Interval::LogLog => {
            let half = (z * error / (s * s.ln()).abs()).exp();
            (s.powf(half), s.powf(1.0 / half))
        }
    })
}
