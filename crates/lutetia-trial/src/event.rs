//! When does something happen to a patient whose curves are known?

/// Scans and what they call progression.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Visits {
    /// Times of the scans, ascending, the baseline scan at zero left out.
    pub times: Vec<f64>,
    /// Sum of diameters at baseline in mm, against which the 5 mm of RECIST 1.1 are measured.
    pub baseline_mm: f64,
}

impl Visits {
    /// A scan every `first` until `change`, then every `later`, until `end`.
    #[must_use]
    pub fn every(first: f64, change: f64, later: f64, end: f64, baseline_mm: f64) -> Self {
        let mut times = Vec::new();
        let mut at = first;
        while at <= end && times.len() < 100_000 {
            times.push(at);
            // A moment of grace, so that eight times three weeks are 24 weeks.
            at += if at < change * (1.0 - 1e-9) { first } else { later };
        }
        Self { times, baseline_mm }
    }

    /// Whether a time is that of a scan.
    #[must_use]
    pub fn is_visit(&self, time: f64) -> bool {
        self.times.binary_search_by(|t| t.total_cmp(&time)).is_ok()
    }
}

/// Where a cumulative hazard reaches a level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Crossing {
    /// There.
    At(f64),
    /// Not within the times.
    Never,
    /// It falls, so that it is no cumulative hazard.
    Falls {
        /// Where.
        time: f64,
    },
}

/// The time at which a cumulative hazard reaches `level` = −ln U, linear between the times (a hazard
/// constant in between).
#[must_use]
pub fn crossing(times: &[f64], cumulative: &[f64], level: f64) -> Crossing {
    let mut before: Option<(f64, f64)> = None;
    for (&t, &h) in times.iter().zip(cumulative) {
        if let Some((t0, h0)) = before {
            // The integrator's tolerance lets a hazard of zero fall by its rounding.
            if h < h0 - 1e-6 * h0.abs().max(1e-3) {
                return Crossing::Falls { time: t };
            }
            if h >= level {
                let share = if h > h0 { (level - h0) / (h - h0) } else { 0.0 };
                return Crossing::At(t0 + share.clamp(0.0, 1.0) * (t - t0));
            }
        } else if h >= level {
            return Crossing::At(t);
        }
        before = Some((t, h));
    }
    Crossing::Never
}

/// The first scan that shows progression: the diameter at least 20 % and 5 mm above its smallest value
/// so far (RECIST 1.1, Eisenhauer 2009), or a new lesion since the scan before.
#[must_use]
pub fn scans(
    visits: &Visits,
    times: &[f64],
    volume: Option<&[f64]>,
    lesion: Option<f64>,
) -> Option<f64> {
    let diameter = |at: f64| {
        let volume = volume?;
        let place = times.binary_search_by(|t| t.total_cmp(&at)).ok()?;
        let first = *volume.first()?;
        (first > 0.0).then(|| (volume[place] / first).max(0.0).cbrt() * visits.baseline_mm)
    };
    let mut nadir = visits.baseline_mm;
    for &at in &visits.times {
        if lesion.is_some_and(|l| l <= at) {
            return Some(at);
        }
        if let Some(d) = diameter(at) {
            if d >= 1.2 * nadir && d - nadir >= 5.0 {
                return Some(at);
            }
            nadir = nadir.min(d);
        }
    }
    None
}
