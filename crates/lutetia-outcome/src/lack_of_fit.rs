//! Do the patients that a curve was fitted to refute it?

use serde::Serialize;

use crate::error::{Asked, NoAnswer, OutcomeError, not_determined, within};
use crate::numeric::chi_squared_tail;

/// Below this p a fit is called refuted: its interval, which takes the curve for true, means nothing.
pub const REFUTED_BELOW: f64 = 0.05;

/// A test of fit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LackOfFit {
    /// Pearson's χ².
    pub chi_squared: f64,
    /// Degrees of freedom.
    pub df: usize,
    /// p of so large a χ² if the curve were true.
    pub p: f64,
}

impl LackOfFit {
    pub(crate) fn new(chi_squared: f64, df: usize) -> Self {
        Self { chi_squared, df, p: chi_squared_tail(chi_squared, df as f64) }
    }

    /// Whether the curve is refuted.
    #[must_use]
    pub fn refuted(&self) -> bool {
        self.p < REFUTED_BELOW
    }

    /// How much wider than by the curve alone the scatter about it is, `√(χ²/df)`, not below one: standard errors
    /// of a refuted curve are widened by it.
    #[must_use]
    pub fn widening(&self) -> f64 {
        (self.chi_squared / self.df as f64).sqrt().max(1.0)
    }
}

/// Patients with neighbouring exposures.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ExposureGroup {
    /// Median exposure.
    pub exposure: f64,
    /// Patients.
    pub patients: usize,
    /// Patients with the event.
    pub events: usize,
    /// Patients that the curve expects to have it.
    pub expected: f64,
}

/// Patients in order of exposure, in that many groups of about equal size; equal exposures are never
/// parted. The groups hold places in `exposure`.
#[must_use]
pub fn exposure_groups(exposure: &[f64], count: usize) -> Vec<Vec<usize>> {
    let n = exposure.len();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|a, b| exposure[*a].total_cmp(&exposure[*b]));
    let mut groups = Vec::new();
    let mut from = 0;
    for k in 1..=count {
        let mut to = (n * k / count).clamp(from, n);
        while to > from && to < n && exposure[order[to]] <= exposure[order[to - 1]] {
            to += 1;
        }
        if to > from {
            groups.push(order[from..to].to_vec());
        }
        from = to;
    }
    groups
}

/// Hosmer and Lemeshow's test of a curve of probabilities that was fitted to these patients,
/// `χ² = Σ_g (O_g − E_g)²/(E_g (1 − E_g/n_g))` on `G − 2` degrees of freedom, over groups of neighbouring
/// exposures. Groups in which the curve expects less than one event, or less than one patient without it, are
/// joined to the next.
///
/// # Errors
/// Columns of different length, probabilities outside 0 to 1, fewer than three groups.
pub fn hosmer_lemeshow(
    exposure: &[f64],
    event: &[bool],
    probability: &[f64],
    groups: usize,
) -> Result<(LackOfFit, Vec<ExposureGroup>), OutcomeError> {
    for (what, found) in [("event", event.len()), ("probability", probability.len())] {
        if found != exposure.len() {
            let (what, expected) = (what.to_owned(), exposure.len());
            return Err(OutcomeError::Lengths { what, found, expected });
        }
    }
    for (i, p) in probability.iter().enumerate() {
        let inside = (0.0..=1.0).contains(p);
        within(format!("probability of patient {}", i + 1), *p, "", inside, "0 to 1")?;
    }
    let mut joined: Vec<Vec<usize>> = Vec::new();
    let expected = |of: &[usize]| of.iter().map(|i| probability[*i]).sum::<f64>();
    let few = |of: &[usize]| {
        let e = expected(of);
        e < 1.0 || of.len() as f64 - e < 1.0
    };
    for group in exposure_groups(exposure, groups) {
        match joined.last_mut() {
            Some(last) if few(last) => last.extend(group),
            _ => joined.push(group),
        }
    }
    // The last has no next one.
    if joined.len() > 1 && joined.last().is_some_and(|last| few(last)) {
        let last = joined.pop().unwrap_or_default();
        if let Some(before) = joined.last_mut() {
            before.extend(last);
        }
    }
    if joined.len() < 3 {
        let reason = NoAnswer::FewGroups { groups: joined.len() };
        return Err(not_determined(Asked::LackOfFit, reason));
    }
    let mut chi_squared = 0.0;
    let mut out = Vec::with_capacity(joined.len());
    for group in &joined {
        let (n, e) = (group.len() as f64, expected(group));
        let events = group.iter().filter(|i| event[**i]).count();
        chi_squared += (events as f64 - e).powi(2) / (e * (1.0 - e / n));
        let middle =
            exposure[group[(group.len() - 1) / 2]].midpoint(exposure[group[group.len() / 2]]);
        out.push(ExposureGroup { exposure: middle, patients: group.len(), events, expected: e });
    }
    Ok((LackOfFit::new(chi_squared, joined.len() - 2), out))
}

/// Test of a survival curve that was fitted to these patients, by the numbers of events that its cumulative
/// hazard Λ expects in periods of follow-up, `E_j = Σ_i Λ(min(t_i, b_j)) − Λ(min(t_i, a_j))` and
/// `χ² = Σ_j (O_j − E_j)²/E_j`. Periods end at quantiles of the event times, at least five events in each and at
/// most ten periods.
///
/// Where the parameters are those of greatest likelihood χ² lies between the distributions on `G − k` and on `G`
/// degrees of freedom (Chernoff and Lehmann 1954). Taken are `G − 1`, as a free scale makes the sums equal, so that
/// a curve is not called refuted too easily.
///
/// # Errors
/// Not determined with fewer than three periods, or where the curve expects nobody in one.
pub fn survival_lack_of_fit(
    data: &crate::survival::SurvivalData,
    cumulative_hazard: impl Fn(f64) -> f64,
) -> Result<LackOfFit, OutcomeError> {
    const LEAST_EVENTS: usize = 5;
    const MOST_PERIODS: usize = 10;
    let pairs = || data.time().iter().zip(data.event());
    let mut times: Vec<f64> = pairs().filter(|(_, e)| **e).map(|(t, _)| *t).collect();
    times.sort_by(f64::total_cmp);
    let periods = (times.len() / LEAST_EVENTS).min(MOST_PERIODS);
    let mut ends: Vec<f64> =
        (1..periods).map(|k| times[(times.len() * k / periods).saturating_sub(1)]).collect();
    ends.push(data.last_time());
    // Many events at one time make fewer periods.
    ends.dedup_by(|a, b| *a <= *b);
    if ends.len() < 3 {
        let reason = NoAnswer::FewPeriods { events: times.len(), periods: ends.len() };
        return Err(not_determined(Asked::LackOfFit, reason));
    }
    let (mut chi_squared, mut from) = (0.0, 0.0);
    for end in &ends {
        let expected: f64 = data
            .time()
            .iter()
            .filter(|t| **t > from)
            .map(|t| cumulative_hazard(t.min(*end)) - cumulative_hazard(from))
            .sum();
        let first = from <= 0.0;
        let inside = |t: f64| (t > from || (first && t >= 0.0)) && t <= *end;
        let seen = pairs().filter(|(t, e)| **e && inside(**t)).count() as f64;
        if !(expected.is_finite() && expected > 0.0) {
            let reason = NoAnswer::NobodyExpected { from, to: *end };
            return Err(not_determined(Asked::LackOfFit, reason));
        }
        chi_squared += (seen - expected).powi(2) / expected;
        from = *end;
    }
    Ok(LackOfFit::new(chi_squared, ends.len() - 1))
}
