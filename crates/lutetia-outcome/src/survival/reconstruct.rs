//! Individual times from a published curve.
//!
//! The method of Guyot, Ades, Ouwens and Welton 2012 (BMC Med Res Methodol 12:9): from points read
//! off a Kaplan–Meier curve and the numbers at risk printed below it, times of events and of
//! censorings are found whose curve and numbers at risk are those published. Within an interval of
//! the risk table censorings are taken as evenly spread; what individuals truly had is not recovered.

use std::fmt;

use serde::Serialize;

use super::data::SurvivalData;
use crate::error::{
    Asked, Contradiction, NoAnswer, OutcomeError, above_zero, not_determined, within,
};

/// A curve as read off a figure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PublishedCurve {
    points: Vec<(f64, f64)>,
    at_risk: Vec<(f64, usize)>,
    events: Option<usize>,
}

/// Reconstructed individual times and what did not fit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reconstruction {
    /// The times, in ascending order.
    pub data: SurvivalData,
    /// Largest distance between the published points and the reconstructed curve.
    pub largest_distance: f64,
    /// Largest difference between the printed and the reconstructed numbers at risk.
    pub largest_at_risk_difference: usize,
    /// Events asked for minus events found, when the total was given.
    pub missing_events: Option<i64>,
}

/// What a published curve, its numbers at risk and its number of events say against each other: at least one of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Contradicted {
    /// Numbers at risk against the curve.
    pub at_risk: Option<AtRiskDiffer>,
    /// The number of events against the curve.
    pub events: Option<EventsDiffer>,
}

/// Numbers at risk that are not those of the curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct AtRiskDiffer {
    /// The largest difference, patients.
    pub differ: usize,
    /// Patients at the start.
    pub patients: usize,
}

/// A number of events that is not that of the curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct EventsDiffer {
    /// As published.
    pub given: i64,
    /// Of the reconstructed times.
    pub of_curve: usize,
}

impl fmt::Display for Contradicted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(AtRiskDiffer { differ, patients }) = self.at_risk {
            write!(
                f,
                "the numbers at risk contradict the curve: they differ by up to {differ} of {patients} patients; "
            )?;
        }
        if let Some(EventsDiffer { given, of_curve }) = self.events {
            write!(
                f,
                "the number of events contradicts the curve: {given} are given, and the curve has {of_curve}; "
            )?;
        }
        f.write_str("check the arm, the scale and the units")
    }
}

/// Share of the patients by which numbers at risk or of events may miss what was published: reading errors of points
/// and rounding of printed curves make some tenths of a percent to a few percent.
const TOLERATED: f64 = 0.05;

impl Reconstruction {
    /// What the curve, the numbers at risk and the number of events say against each other, where it is more than errors
    /// of reading: such individual times are of no trial.
    #[must_use]
    pub fn contradiction(&self) -> Option<Contradicted> {
        // Two patients may always be an error of reading.
        let patients = self.data.len();
        let most = (TOLERATED * patients as f64).max(2.0);
        let differ = self.largest_at_risk_difference;
        let at_risk = (differ as f64 > most).then_some(AtRiskDiffer { differ, patients });
        let missing = self.missing_events.filter(|m| m.unsigned_abs() as f64 > most);
        let events = missing.map(|missing| {
            let of_curve = self.data.events();
            let given = i64::try_from(of_curve).unwrap_or(i64::MAX).saturating_add(missing);
            EventsDiffer { given, of_curve }
        });
        (at_risk.is_some() || events.is_some()).then_some(Contradicted { at_risk, events })
    }
}

impl PublishedCurve {
    /// Points (t, S) with S between 0 and 1, and numbers at risk (t, n) from t = 0 on, both in the
    /// order of time.
    ///
    /// # Errors
    /// No points, values outside their ranges, times out of order, a risk table that does not start
    /// at 0 or that grows.
    pub fn new(
        points: &[(f64, f64)],
        at_risk: &[(f64, usize)],
        events: Option<usize>,
    ) -> Result<Self, OutcomeError> {
        if points.is_empty() {
            return Err(OutcomeError::Empty { what: "the published curve".to_owned() });
        }
        for (i, &(t, s)) in points.iter().enumerate() {
            let n = i + 1;
            within(format!("time of point {n} of the curve"), t, "", t >= 0.0, "0 or later")?;
            let what = format!("survival at point {n} of the curve");
            let good = (0.0..=1.0).contains(&s);
            within(what, s, "", good, "a fraction between 0 and 1; divide percentages by 100")?;
        }
        let first = at_risk.first().copied();
        if first.is_none_or(|(t, _)| t.abs() > 0.0) {
            let late = |(start, _): (f64, usize)| Contradiction::LateRiskTable { start };
            return Err(first.map_or(Contradiction::NoRiskTable, late).into());
        }
        above_zero("number at risk at time 0", at_risk[0].1 as f64, "patients")?;
        for pair in at_risk.windows(2) {
            let ((t0, n0), (t1, n1)) = (pair[0], pair[1]);
            within("time of the risk table", t1, "", t1 > t0, "a time after the one before it")?;
            if n1 > n0 {
                let (earlier, later) = ((t0, n0), (t1, n1));
                return Err(Contradiction::RisingAtRisk { earlier, later }.into());
            }
        }
        if let Some(events) = events.filter(|&e| e > at_risk[0].1) {
            return Err(Contradiction::EventsOfCurve { events, patients: at_risk[0].1 }.into());
        }
        let mut points = points.to_vec();
        // At one time the higher value comes first: a vertical line, read at both its ends.
        points.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.total_cmp(&a.1)));
        Ok(Self { points, at_risk: at_risk.to_vec(), events })
    }

    /// Puts each fall of the curve in the middle between two readings.
    ///
    /// The algorithm takes deaths to lie on the points, as they do where points were set on the steps of
    /// a figure. Readings at fixed times lie behind the deaths since the reading before; left there, the
    /// deaths before a time of the risk table would count as at risk at it, and be made up for by
    /// censorings that nobody had.
    #[must_use]
    pub fn read_between_steps(mut self) -> Self {
        let mut points: Vec<(f64, f64)> = Vec::with_capacity(2 * self.points.len());
        let (mut t0, mut s0) = (0.0, 1.0);
        for &(t, s) in &self.points {
            if s < s0 && t > t0 {
                points.push((0.5 * (t0 + t), s));
            }
            points.push((t, s));
            (t0, s0) = (t, s);
        }
        self.points = points;
        self
    }

    /// Leaves out what the figure shows after this time.
    ///
    /// # Errors
    /// A horizon before the first point.
    pub fn until(mut self, horizon: f64) -> Result<Self, OutcomeError> {
        self.points.retain(|p| p.0 <= horizon);
        self.at_risk.retain(|r| r.0 <= horizon);
        if self.points.is_empty() || self.at_risk.is_empty() {
            let reason = NoAnswer::NoPointBefore { horizon };
            return Err(not_determined(Asked::Reconstruction, reason));
        }
        Ok(self)
    }

    /// Finds individual times.
    ///
    /// # Errors
    /// Not determined when the figure ends where it starts.
    pub fn reconstruct(&self) -> Result<Reconstruction, OutcomeError> {
        let mut work = Work::new(self)?;
        for i in 0..work.intervals() - 1 {
            work.interval(i);
        }
        work.last_interval();
        if let Some(total) = self.events {
            work.fit_total(total);
        }
        let (time, event) = work.individuals();
        let data = SurvivalData::new(time, event)?;
        let found = data.events() as i64;
        Ok(Reconstruction {
            largest_distance: work.largest_distance(&data),
            largest_at_risk_difference: self
                .at_risk
                .iter()
                .map(|&(t, n)| data.time().iter().filter(|&&x| x >= t).count().abs_diff(n))
                .max()
                .unwrap_or(0),
            missing_events: self.events.map(|e| e as i64 - found),
            data,
        })
    }
}

/// The state of the algorithm, with the names of the paper: points k, intervals i of the risk table.
struct Work {
    t: Vec<f64>,
    s: Vec<f64>,
    /// First point of each interval.
    lower: Vec<usize>,
    /// Last point of each interval.
    upper: Vec<usize>,
    at_risk: Vec<i64>,
    censored_in: Vec<i64>,
    /// Number at risk just before each point, by the numbers so far.
    n_hat: Vec<i64>,
    deaths: Vec<i64>,
    censored: Vec<i64>,
    km: Vec<f64>,
    /// Last point with deaths before each interval.
    last: Vec<usize>,
}

/// No adjustment of censorings takes more rounds than there are patients, unless it swings between
/// two values; then the last is kept.
const MOST_ROUNDS: usize = 10_000;

impl Work {
    fn new(curve: &PublishedCurve) -> Result<Self, OutcomeError> {
        let mut t = vec![0.0];
        let mut s = vec![1.0];
        let start = usize::from(curve.points[0] == (0.0, 1.0));
        for &(time, survival) in &curve.points[start..] {
            t.push(time);
            s.push(survival);
        }
        antitonic(&mut s);
        // A row of the risk table after the last point: the curve goes on at its last value.
        let rows: Vec<(f64, usize)> = curve.at_risk.iter().copied().filter(|r| r.1 > 0).collect();
        let (mut end, level) = (t[t.len() - 1], s[s.len() - 1]);
        for &(time, _) in &rows {
            if time > end {
                t.push(time);
                s.push(level);
                end = time;
            }
        }
        let n = t.len();
        if end <= 0.0 {
            return Err(not_determined(Asked::Reconstruction, NoAnswer::PointsAtZero));
        }
        let (mut lower, mut at_risk) = (Vec::new(), Vec::<i64>::new());
        for &(time, number) in &rows {
            let first = t.partition_point(|&x| x < time);
            // Rows between two points say the same moment twice; the later is nearer to the point.
            if lower.last() == Some(&first) {
                at_risk.pop();
                lower.pop();
            }
            lower.push(first);
            // More patients than i64 holds do not fit in memory.
            at_risk.push(i64::try_from(number).unwrap_or(i64::MAX));
        }
        let m = lower.len();
        let mut upper: Vec<usize> = lower[1..].iter().map(|l| l - 1).collect();
        upper.push(n - 1);
        Ok(Self {
            n_hat: vec![at_risk[0] + 1; n + 1],
            deaths: vec![0; n],
            censored: vec![0; n],
            km: vec![1.0; n],
            censored_in: vec![0; m],
            last: vec![0; m],
            t,
            s,
            lower,
            upper,
            at_risk,
        })
    }

    fn intervals(&self) -> usize {
        self.lower.len()
    }

    /// Spreads `count` censorings evenly from point `from` to point `to` over the pieces between.
    fn spread(&mut self, from: usize, to: usize, count: i64) {
        self.censored[from..to.max(from)].fill(0);
        let (a, b) = (self.t[from], self.t[to]);
        for j in 1..=count {
            let time = a + (b - a) * j as f64 / (count + 1) as f64;
            // The piece (t_k, t_{k+1}] that holds it.
            let k = self.t[from..=to].partition_point(|&x| x < time);
            self.censored[from + k.saturating_sub(1)] += 1;
        }
    }

    /// Deaths at the points from..=to that keep to the curve; returns the last point with deaths.
    fn deaths(&mut self, from: usize, to: usize, mut last: usize, never_negative: bool) -> usize {
        for k in from..=to {
            let n = self.n_hat[k];
            let ratio = if self.km[last] > 0.0 { self.s[k] / self.km[last] } else { 1.0 };
            let first = k == 0;
            // Halves go to the even neighbour, as in R.
            let d = if first || n <= 0 {
                0
            } else {
                (n as f64 * (1.0 - ratio)).round_ties_even() as i64
            };
            self.deaths[k] = d;
            self.km[k] = if first {
                1.0
            } else if n > 0 {
                self.km[last] * (1.0 - d as f64 / n as f64)
            } else {
                self.km[last]
            };
            let left = n - d - self.censored[k];
            self.n_hat[k + 1] = left;
            if never_negative && left < 0 {
                self.n_hat[k + 1] = 0;
                self.censored[k] = n - d;
            }
            if d != 0 {
                last = k;
            }
        }
        last
    }

    /// Finds the censorings of an interval with which the next number at risk is met.
    fn interval(&mut self, i: usize) {
        let (from, next) = (self.lower[i], self.lower[i + 1]);
        let ratio = if self.s[from] > 0.0 { self.s[next] / self.s[from] } else { 0.0 };
        let expected = (self.at_risk[i] as f64 * ratio).round_ties_even() as i64;
        let mut count = expected - self.at_risk[i + 1];
        let mut last = self.last[i];
        for _ in 0..MOST_ROUNDS {
            let (found, wanted) = (self.n_hat[next], self.at_risk[i + 1]);
            if !(found > wanted || (found < wanted && count > 0)) {
                break;
            }
            count = count.max(0);
            self.spread(from, next, count);
            self.n_hat[from] = self.at_risk[i];
            last = self.deaths(from, self.upper[i], self.last[i], false);
            count += self.n_hat[next] - self.at_risk[i + 1];
        }
        self.censored_in[i] = count;
        self.at_risk[i + 1] = self.at_risk[i + 1].min(self.n_hat[next]).max(0);
        self.last[i + 1] = last;
    }

    /// The last interval has no number at risk at its end: censorings go on as before.
    fn last_interval(&mut self) {
        let i = self.intervals() - 1;
        let (from, to) = (self.lower[i], self.upper[i]);
        let mut count = 0;
        if i > 0 {
            let before: i64 = self.censored_in[..i].iter().sum();
            let span = self.t[self.upper[i - 1]] - self.t[self.lower[0]];
            if span > 0.0 {
                let rate = before as f64 / span;
                count = (rate * (self.t[to] - self.t[from])).round_ties_even() as i64;
            }
        }
        self.end_with(count.clamp(0, self.at_risk[i]));
    }

    fn end_with(&mut self, count: i64) {
        let i = self.intervals() - 1;
        let (from, to) = (self.lower[i], self.upper[i]);
        self.censored_in[i] = count;
        if to > from {
            self.spread(from, to, count);
        }
        self.n_hat[from] = self.at_risk[i];
        self.deaths(from, to, self.last[i], true);
    }

    /// Fits the censorings of the last interval to the total number of events.
    fn fit_total(&mut self, total: usize) {
        let total = i64::try_from(total).unwrap_or(i64::MAX);
        let i = self.intervals() - 1;
        let (from, to) = (self.lower[i], self.upper[i]);
        if i > 0 && self.deaths[..from].iter().sum::<i64>() >= total {
            self.deaths[from..=to].fill(0);
            self.censored[from..to.max(from)].fill(0);
            return;
        }
        for _ in 0..MOST_ROUNDS {
            let found: i64 = self.deaths.iter().sum();
            let count = self.censored_in[i];
            if !(found > total || (found < total && count > 0)) {
                return;
            }
            let next = (count + found - total).clamp(0, self.at_risk[i]);
            if next == count {
                return;
            }
            self.end_with(next);
        }
    }

    fn individuals(&self) -> (Vec<f64>, Vec<bool>) {
        // As numbered in the risk table at 0; whoever is left is censored at the end.
        let patients = usize::try_from(self.at_risk[0]).unwrap_or(0);
        let end = self.t[self.t.len() - 1];
        let mut rows: Vec<(f64, bool)> = Vec::with_capacity(patients);
        for (k, &d) in self.deaths.iter().enumerate() {
            rows.extend((0..d).map(|_| (self.t[k], true)));
        }
        for k in 0..self.t.len() - 1 {
            let middle = 0.5 * (self.t[k] + self.t[k + 1]);
            rows.extend((0..self.censored[k]).map(|_| (middle, false)));
        }
        rows.resize(patients, (end, false));
        rows.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
        rows.into_iter().unzip()
    }

    fn largest_distance(&self, data: &SurvivalData) -> f64 {
        let Ok(curve) = super::KaplanMeier::fit(data, super::Interval::Log, 0.95) else {
            return f64::NAN;
        };
        let points = self.t.iter().zip(&self.s).enumerate();
        points
            // Of a vertical line only its foot is on the curve.
            .filter(|(k, (t, _))| self.t.get(k + 1).is_none_or(|next| next > *t))
            .filter_map(|(_, (&t, &s))| curve.survival_at(t).map(|found| (found - s).abs()))
            .fold(0.0, f64::max)
    }
}

/// Makes a sequence fall by averaging neighbours that rise (pool adjacent violators).
fn antitonic(values: &mut [f64]) {
    let mut blocks: Vec<(f64, usize)> = Vec::with_capacity(values.len());
    for &v in values.iter() {
        blocks.push((v, 1));
        while let [.., (a, m), (b, n)] = blocks[..] {
            if b <= a {
                break;
            }
            let mean = (a * m as f64 + b * n as f64) / (m + n) as f64;
            blocks.truncate(blocks.len() - 2);
            blocks.push((mean, m + n));
        }
    }
    let flat = blocks.into_iter().flat_map(|(v, n)| std::iter::repeat_n(v, n));
    for (value, found) in values.iter_mut().zip(flat) {
        *value = found;
    }
}
