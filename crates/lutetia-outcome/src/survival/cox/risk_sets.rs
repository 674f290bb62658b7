//! The walk over the times of events, and what is summed over those at risk.

use std::ops::Range;

use super::Ties;
use super::rows::Rows;

/// Sums over a set of rows with risks `r = exp(xᵀβ)` and weights w.
#[derive(Debug, Clone)]
pub(super) struct Moments {
    /// Σ w r.
    pub(super) s0: f64,
    /// Σ w r x.
    pub(super) s1: Vec<f64>,
    /// Σ w r x xᵀ, the lower triangle row by row.
    pub(super) s2: Vec<f64>,
}

impl Moments {
    fn new(covariates: usize) -> Self {
        Self {
            s0: 0.0,
            s1: vec![0.0; covariates],
            s2: vec![0.0; covariates * (covariates + 1) / 2],
        }
    }

    fn clear(&mut self) {
        self.s0 = 0.0;
        self.s1.fill(0.0);
        self.s2.fill(0.0);
    }

    fn add(&mut self, risk: f64, x: &[f64]) {
        self.s0 += risk;
        let mut place = 0;
        for (i, &xi) in x.iter().enumerate() {
            let product = risk * xi;
            self.s1[i] += product;
            for &xj in &x[..=i] {
                self.s2[place] += product * xj;
                place += 1;
            }
        }
    }
}

/// Those at risk and those who have the event at one time of a stratum.
pub(super) struct RiskSet<'a> {
    /// Position of the stratum in [`Rows::strata`].
    pub(super) stratum: usize,
    pub(super) time: f64,
    /// The rows with the event.
    pub(super) dying: Range<usize>,
    /// The rows that last to this time; with late entries not all of them are at risk.
    pub(super) lasting: Range<usize>,
    /// Over those at risk.
    pub(super) at_risk: &'a Moments,
    /// Over those with the event.
    pub(super) of_dying: &'a Moments,
    /// Sum of the weights of those with the event.
    pub(super) weight: f64,
}

/// One of the denominators that tied events share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pass {
    /// Weight of the events that it stands for.
    pub(super) weight: f64,
    /// Share of the dying that is taken out of the risk set.
    pub(super) share: f64,
}

impl RiskSet<'_> {
    /// Breslow (1974): all tied events against the whole risk set. Efron (1977): of d tied events the l-th, from 0,
    /// against a risk set in which each of the dying counts `1 − l/d`; with weights each pass stands for their mean
    /// weight (Therneau and Grambsch 2000, section 3.3). Hazards of the exact method are Breslow's.
    pub(super) fn passes(&self, ties: Ties) -> impl Iterator<Item = Pass> + use<> {
        let count = if ties == Ties::Efron { self.dying.len() } else { 1 };
        let weight = self.weight / count as f64;
        (0..count).map(move |l| Pass { weight, share: l as f64 / count as f64 })
    }

    /// Σ w r of the risk set of a pass.
    pub(super) fn total(&self, pass: Pass) -> f64 {
        self.at_risk.s0 - pass.share * self.of_dying.s0
    }

    /// Mean of a covariate over the risk set of a pass.
    pub(super) fn mean(&self, pass: Pass, covariate: usize) -> f64 {
        (self.at_risk.s1[covariate] - pass.share * self.of_dying.s1[covariate]) / self.total(pass)
    }
}

/// A sum that has fallen below this share of what it was has lost so many digits that it is made anew.
const WORN: f64 = 1e-6;

/// Calls `visit` with every risk set at which there is an event, stratum by stratum and backwards in time. One pass,
/// `O(n k²)` for k covariates.
pub(super) fn for_each_risk_set(rows: &Rows, risk: &[f64], mut visit: impl FnMut(&RiskSet<'_>)) {
    let mut at_risk = Moments::new(rows.covariates);
    let mut of_dying = Moments::new(rows.covariates);
    for (stratum, part) in rows.strata.iter().enumerate() {
        at_risk.clear();
        let (begin, end) = (part.rows.start, part.rows.end);
        let (mut first, mut late, mut peak) = (begin, begin, 0.0_f64);
        while first < end {
            let next = rows.end_of_time(first, end);
            let time = rows.time[first];
            of_dying.clear();
            let (mut weight, mut last_dying) = (0.0, first);
            for row in first..next {
                let x = rows.x(row);
                at_risk.add(rows.weight[row] * risk[row], x);
                if rows.event[row] {
                    of_dying.add(rows.weight[row] * risk[row], x);
                    weight += rows.weight[row];
                    last_dying = row + 1;
                }
            }
            peak = peak.max(at_risk.s0);
            let dying = first..last_dying;
            first = next;
            if dying.is_empty() {
                continue;
            }
            // Whoever enters at this time or later is not yet at risk; all of them were added above.
            while let Some(&row) = rows.by_entry.get(late).filter(|_| late < end)
                && !rows.entered(row, time)
            {
                at_risk.add(-rows.weight[row] * risk[row], rows.x(row));
                late += 1;
            }
            if at_risk.s0 < WORN * peak {
                at_risk.clear();
                for row in (begin..next).filter(|&row| rows.entered(row, time)) {
                    at_risk.add(rows.weight[row] * risk[row], rows.x(row));
                }
                peak = at_risk.s0;
            }
            visit(&RiskSet {
                stratum,
                time,
                dying,
                lasting: begin..next,
                at_risk: &at_risk,
                of_dying: &of_dying,
                weight,
            });
        }
    }
}
