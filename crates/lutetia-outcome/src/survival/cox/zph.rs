//! The test of proportional hazards.

use nalgebra::{DMatrix, DVector};
use serde::Serialize;

use super::likelihood::{add_triangle, for_each_contribution};
use super::newton::dependent;
use super::rows::Rows;
use super::{TestStatistic, Ties};

/// Scale of time of the test of proportional hazards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PhTime {
    /// 1 − the left-continuous Kaplan–Meier curve, the default of R's `cox.zph`.
    #[default]
    KaplanMeier,
    /// Its rank among the times of all rows, censored ones too.
    Rank,
    /// The time itself.
    Identity,
    /// Its logarithm.
    Log,
}

/// Score test of proportional hazards against `β(t) = β + θ g(t)`, by coefficient and for all.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PhTest {
    /// g.
    pub time: PhTime,
    /// By covariate.
    pub terms: Vec<(String, TestStatistic)>,
    /// For all together.
    pub global: TestStatistic,
}

/// χ² of each covariate and of all together.
///
/// With the residual `s(t)` and the information `V(t)` of every time of events at the estimate, the score of θ is
/// `U = Σ g s` and its information, θ beside β, has the blocks `Σ V`, `Σ g V` and `Σ g² V`; with
/// `J = Σ g² V − Σ g V (Σ V)⁻¹ Σ g V`, `χ² = Uᵀ J⁻¹ U`. A single covariate is tested by `U_j²/J_jj`. Neither depends on
/// the origin or the unit of g (Grambsch and Therneau 1994, Biometrika 81:515). None where J is singular.
pub(super) fn statistics(
    rows: &Rows,
    ties: Ties,
    beta: &DVector<f64>,
    time: PhTime,
) -> Option<(Vec<f64>, f64)> {
    let k = rows.covariates;
    let clock = Clock::new(rows, time);
    let mut blocks = [DMatrix::zeros(k, k), DMatrix::zeros(k, k), DMatrix::zeros(k, k)];
    let mut score = DVector::zeros(k);
    for_each_contribution(rows, ties, beta, |set, part| {
        let g = clock.at(set.time);
        for (power, block) in blocks.iter_mut().enumerate() {
            add_triangle(block, &part.information, [1.0, g, g * g][power]);
        }
        for (s, p) in score.iter_mut().zip(&part.score) {
            *s += g * p;
        }
    });
    let [v, gv, ggv] = blocks;
    let j = &ggv - &gv * v.cholesky()?.solve(&gv);
    // What is left of a block of which nothing is left is rounding.
    if dependent(&j, 0.0).is_some() || (0..k).any(|i| j[(i, i)] <= ROUNDING * ggv[(i, i)]) {
        return None;
    }
    let by_term = (0..k).map(|i| score[i] * score[i] / j[(i, i)]).collect();
    let global = score.dot(&j.cholesky()?.solve(&score));
    Some((by_term, global))
}

/// Share of a sum of squares below which the rest of it is rounding.
const ROUNDING: f64 = 1e-11;

/// g at the times of events, about its mean over the events, which keeps the digits of J.
struct Clock {
    times: Vec<f64>,
    values: Vec<f64>,
}

impl Clock {
    fn new(rows: &Rows, time: PhTime) -> Self {
        let mut events: Vec<f64> =
            rows.time.iter().zip(&rows.event).filter(|(_, e)| **e).map(|(t, _)| *t).collect();
        events.sort_unstable_by(f64::total_cmp);
        let mut leaving = rows.time.clone();
        leaving.sort_unstable_by(f64::total_cmp);
        let mut entering = rows.entry.clone();
        entering.sort_unstable_by(f64::total_cmp);
        let (mut times, mut values) = (Vec::new(), Vec::new());
        let (mut survival, mut first, mut sum) = (1.0, 0, 0.0);
        while first < events.len() {
            let t = events[first];
            let d = events[first..].iter().take_while(|&&other| other <= t).count();
            let gone = leaving.partition_point(|&other| other < t);
            let value = match time {
                PhTime::KaplanMeier => 1.0 - survival,
                PhTime::Rank => {
                    // The mean rank of those that are tied.
                    0.5 * (gone + 1 + leaving.partition_point(|&other| other <= t)) as f64
                }
                PhTime::Identity => t,
                PhTime::Log => t.ln(),
            };
            times.push(t);
            values.push(value);
            sum += value * d as f64;
            // Without entries everybody is there from the beginning.
            let outside = entering.len() - entering.partition_point(|&from| from < t);
            survival *= 1.0 - d as f64 / (leaving.len() - gone - outside) as f64;
            first += d;
        }
        let mean = sum / events.len() as f64;
        values.iter_mut().for_each(|v| *v -= mean);
        Self { times, values }
    }

    fn at(&self, time: f64) -> f64 {
        self.values[self.times.partition_point(|&t| t < time)]
    }
}
