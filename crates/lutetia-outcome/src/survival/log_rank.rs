//! The log-rank test, with weights and strata.

use nalgebra::{DMatrix, DVector};
use serde::Serialize;

use super::data::{Groups, SurvivalData, same_length};
use crate::error::{Asked, Contradiction, NoAnswer, OutcomeError, not_determined, not_negative};
use crate::numeric::chi_squared_tail;

/// A log-rank test to be made.
///
/// `U_g = Σ_t w(t) (d_g − n_g d/n)`, with Fleming–Harrington weights
/// `w = S(t−)^ρ (1 − S(t−))^γ` from the pooled Kaplan–Meier curve of the stratum; U and its
/// hypergeometric covariance are summed over strata, and `χ² = Uᵀ V⁻¹ U` has groups − 1 degrees of
/// freedom. ρ = γ = 0 is the log-rank test; ρ = 1 weights early, γ = 1 late differences.
#[derive(Debug, Clone, PartialEq)]
pub struct LogRank<'a> {
    data: &'a SurvivalData,
    groups: &'a Groups,
    strata: Option<&'a Groups>,
    rho: f64,
    gamma: f64,
}

/// Observed and expected events of a group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GroupCounts {
    /// Its label.
    pub group: String,
    /// Patients.
    pub patients: usize,
    /// Weighted number of observed events.
    pub observed: f64,
    /// Weighted number expected if all groups were equal.
    pub expected: f64,
}

/// The result of a log-rank test.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LogRankResult {
    /// By group, in the order of the labels.
    pub groups: Vec<GroupCounts>,
    /// χ².
    pub chi_squared: f64,
    /// Degrees of freedom.
    pub degrees_of_freedom: usize,
    /// P(χ²_df > χ²).
    pub p: f64,
    /// With two groups, `(O − E)/√V` of the second: negative when it has fewer events than expected.
    pub z: Option<f64>,
}

impl<'a> LogRank<'a> {
    /// The log-rank test of the groups.
    #[must_use]
    pub fn new(data: &'a SurvivalData, groups: &'a Groups) -> Self {
        Self { data, groups, strata: None, rho: 0.0, gamma: 0.0 }
    }

    /// Compares within strata.
    #[must_use]
    pub fn strata(mut self, strata: &'a Groups) -> Self {
        self.strata = Some(strata);
        self
    }

    /// Fleming–Harrington weights.
    #[must_use]
    pub fn weights(mut self, rho: f64, gamma: f64) -> Self {
        (self.rho, self.gamma) = (rho, gamma);
        self
    }

    /// Makes the test.
    ///
    /// # Errors
    /// Columns of different lengths, fewer than two groups, negative exponents; not determined when
    /// there is no event at a time at which two groups are at risk.
    pub fn test(&self) -> Result<LogRankResult, OutcomeError> {
        let (n, k) = (self.data.len(), self.groups.labels().len());
        same_length("group", self.groups.of().len(), n)?;
        not_negative("exponent rho", self.rho, "")?;
        not_negative("exponent gamma", self.gamma, "")?;
        if k < 2 {
            return Err(Contradiction::OneGroup { found: k }.into());
        }
        let mut sums = Sums::new(k);
        let everybody: Vec<usize> = (0..n).collect();
        match self.strata {
            None => self.add(&everybody, &mut sums),
            Some(strata) => {
                same_length("stratum", strata.of().len(), n)?;
                for s in 0..strata.labels().len() {
                    self.add(&strata.rows(s), &mut sums);
                }
            }
        }
        self.result(&sums)
    }

    /// Adds the sums over the event times of one stratum.
    fn add(&self, rows: &[usize], sums: &mut Sums) {
        let (time, event) = (self.data.time(), self.data.event());
        let group = self.groups.of();
        let k = sums.observed.len();
        let mut order = rows.to_vec();
        order.sort_by(|&a, &b| time[a].total_cmp(&time[b]));
        let mut at_risk = vec![0.0; k];
        for &i in rows {
            at_risk[group[i]] += 1.0;
        }
        let (mut survival, mut from) = (1.0_f64, 0);
        while from < order.len() {
            let t = time[order[from]];
            let mut to = from;
            let mut deaths = vec![0.0; k];
            let mut leaving = vec![0.0; k];
            while to < order.len() && time[order[to]].total_cmp(&t).is_eq() {
                let i = order[to];
                leaving[group[i]] += 1.0;
                if event[i] {
                    deaths[group[i]] += 1.0;
                }
                to += 1;
            }
            let (d, r): (f64, f64) = (deaths.iter().sum(), at_risk.iter().sum());
            if d > 0.0 {
                let w = survival.powf(self.rho) * (1.0 - survival).powf(self.gamma);
                for g in 0..k {
                    sums.observed[g] += w * deaths[g];
                    sums.expected[g] += w * d * at_risk[g] / r;
                    if r > 1.0 {
                        let common = w * w * d * (r - d) / (r * r * (r - 1.0)) * at_risk[g];
                        for h in 0..k {
                            let kronecker = if g == h { r } else { 0.0 };
                            sums.covariance[(g, h)] += common * (kronecker - at_risk[h]);
                        }
                    }
                }
                survival *= 1.0 - d / r;
            }
            for g in 0..k {
                at_risk[g] -= leaving[g];
            }
            from = to;
        }
    }

    fn result(&self, sums: &Sums) -> Result<LogRankResult, OutcomeError> {
        let k = sums.observed.len();
        // A group that is never at risk at an event says nothing (R drops it as well).
        let kept: Vec<usize> = (0..k).filter(|&g| sums.expected[g] > 0.0).collect();
        if kept.len() < 2 {
            let reason = NoAnswer::OneGroupAtRisk { events: self.data.events() };
            return Err(not_determined(Asked::LogRankTest, reason));
        }
        let tested = &kept[1..];
        let u = DVector::from_iterator(
            tested.len(),
            tested.iter().map(|&g| sums.observed[g] - sums.expected[g]),
        );
        let v = DMatrix::from_fn(tested.len(), tested.len(), |i, j| {
            sums.covariance[(tested[i], tested[j])]
        });
        let solved = v.clone().lu().solve(&u).filter(|x| x.iter().all(|x| x.is_finite()));
        let Some(solved) = solved else {
            return Err(not_determined(Asked::LogRankTest, NoAnswer::NoVariance));
        };
        let chi_squared = u.dot(&solved);
        let z = (k == 2 && kept.len() == 2).then(|| u[0] / v[(0, 0)].sqrt());
        Ok(LogRankResult {
            groups: (0..k)
                .map(|g| GroupCounts {
                    group: self.groups.labels()[g].clone(),
                    patients: self.groups.rows(g).len(),
                    observed: sums.observed[g],
                    expected: sums.expected[g],
                })
                .collect(),
            chi_squared,
            degrees_of_freedom: tested.len(),
            p: chi_squared_tail(chi_squared, tested.len() as f64),
            z,
        })
    }
}

struct Sums {
    observed: Vec<f64>,
    expected: Vec<f64>,
    covariance: DMatrix<f64>,
}

impl Sums {
    fn new(k: usize) -> Self {
        Self { observed: vec![0.0; k], expected: vec![0.0; k], covariance: DMatrix::zeros(k, k) }
    }
}
