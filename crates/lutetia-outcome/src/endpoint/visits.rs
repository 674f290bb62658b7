//! The grid of visits, and what it hides.

use serde::Serialize;

use crate::error::{
    Asked, Contradiction, NoAnswer, OutcomeError, above_zero, not_determined, not_negative, within,
};

/// Times of scans, days since the start of treatment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Visits(Vec<f64>);

/// Progression-free survival of one patient as a trial sees it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ProgressionFree {
    /// Days to progression as seen, death, or the last visit without either.
    pub time: f64,
    /// Whether it was progression or death.
    pub event: bool,
    /// The interval in which progression happened, when it was seen: after the first, up to the
    /// second.
    pub between: Option<(f64, f64)>,
}

impl Visits {
    /// Visits at stated times.
    ///
    /// # Errors
    /// No visit, a time that is not above 0 or not after the one before it.
    pub fn at(times: &[f64]) -> Result<Self, OutcomeError> {
        if times.is_empty() {
            return Err(OutcomeError::Empty { what: "the plan of visits".to_owned() });
        }
        let mut before = 0.0;
        for (i, &t) in times.iter().enumerate() {
            let what = format!("time of visit {}", i + 1);
            within(what, t, "d", t > before, "a time after that of the visit before it")?;
            before = t;
        }
        Ok(Self(times.to_vec()))
    }

    /// Visits in stages: each interval is kept until its end; the next stage goes on from the last
    /// visit. VISION's scans are `[(56, 168), (84, horizon)]`: every 8 weeks for 24 weeks, then every 12.
    ///
    /// # Errors
    /// Intervals that are not above 0, stages out of order.
    pub fn in_stages(stages: &[(f64, f64)]) -> Result<Self, OutcomeError> {
        let mut times = Vec::new();
        let mut last = 0.0;
        for &(interval, until) in stages {
            above_zero("interval between visits", interval, "d")?;
            within(
                "end of a stage of visits",
                until,
                "d",
                until > last,
                "a time after the last visit",
            )?;
            let count = ((until - last) / interval * (1.0 + 1e-12)).floor();
            within("number of visits", count, "", count <= 1e5, "at most 100000")?;
            let start: f64 = last;
            for i in 1..=count as usize {
                last = start + i as f64 * interval;
                times.push(last);
            }
        }
        Self::at(&times)
    }

    /// The times.
    #[must_use]
    pub fn times(&self) -> &[f64] {
        &self.0
    }

    /// The first visit at or after a time; none after the last.
    #[must_use]
    pub fn next(&self, t: f64) -> Option<f64> {
        self.0.get(self.0.partition_point(|&v| v < t)).copied()
    }

    /// The last visit at or before a time, or 0, the start.
    #[must_use]
    pub fn last_before(&self, t: f64) -> f64 {
        self.0.partition_point(|&v| v <= t).checked_sub(1).map_or(0.0, |i| self.0[i])
    }

    /// Progression-free survival seen through these visits: progression is noticed at the next visit,
    /// unless death comes first; who leaves without either is censored at the last visit before.
    ///
    /// `progression`, `death` and `drop_out` are true times, none where they never come.
    ///
    /// # Errors
    /// Times that are negative or not numbers.
    pub fn progression_free(
        &self,
        progression: Option<f64>,
        death: Option<f64>,
        drop_out: Option<f64>,
    ) -> Result<ProgressionFree, OutcomeError> {
        for (what, t) in [("progression", progression), ("death", death), ("drop-out", drop_out)] {
            if let Some(t) = t {
                not_negative(format!("time of {what}"), t, "d")?;
            }
        }
        let last = self.0[self.0.len() - 1];
        // Nobody is seen after drop-out, nor after the last visit of the plan.
        let end = drop_out.unwrap_or(f64::INFINITY);
        let seen = progression.and_then(|t| self.next(t)).filter(|&v| v <= end);
        let death = death.filter(|&d| d <= end && d <= last);
        Ok(match (seen, death) {
            (Some(v), d) if d.is_none_or(|d| v <= d) => ProgressionFree {
                time: v,
                event: true,
                between: Some((self.0.iter().copied().filter(|&x| x < v).fold(0.0, f64::max), v)),
            },
            (_, Some(d)) => ProgressionFree { time: d, event: true, between: None },
            (_, None) => ProgressionFree {
                time: self.last_before(end.min(last)),
                event: false,
                between: None,
            },
        })
    }

    /// Checks a stated time of censoring of progression-free survival: nothing is known after the
    /// last visit.
    ///
    /// # Errors
    /// A time after the last visit of the plan, or before the first.
    pub fn check_censoring(&self, t: f64) -> Result<f64, OutcomeError> {
        let last = self.0[self.0.len() - 1];
        if t > last {
            return Err(Contradiction::AfterLastVisit { at: t, last }.into());
        }
        if self.last_before(t) <= 0.0 {
            let reason = NoAnswer::BeforeFirstVisit { at: t, first: self.0[0] };
            return Err(not_determined(Asked::ProgressionFree, reason));
        }
        Ok(self.last_before(t))
    }
}
