//! When does a cumulative hazard reach a level? The time of an event is where it reaches −ln U.

/// Where a cumulative hazard reaches a level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Crossing {
    /// There.
    At(f64),
    /// Not within the times.
    Never,
    /// It falls, so that it is not a cumulative hazard.
    Falls {
        /// Where.
        time: f64,
    },
}

/// The time at which a cumulative hazard reaches `level` = −ln U, linear between the times (a hazard
/// constant in between).
#[must_use]
pub fn crossing(times: &[f64], cumulative: &[f64], level: f64) -> Crossing {
    crossing_within(times, cumulative, level, 1e-6)
}

/// As [`crossing`]; a fall by less than `tolerance`, relatively, from the greatest value so far is the integrator's error
/// and no fall: where a hazard has all but ended, its integral wavers by that much.
#[must_use]
pub(crate) fn crossing_within(
    times: &[f64],
    cumulative: &[f64],
    level: f64,
    tolerance: f64,
) -> Crossing {
    let mut before: Option<(f64, f64)> = None;
    let mut greatest = f64::NEG_INFINITY;
    for (&t, &h) in times.iter().zip(cumulative) {
        if let Some((t0, h0)) = before {
            // A hazard of zero may fall by rounding.
            if h < greatest - tolerance * greatest.abs().max(1e-3) {
                return Crossing::Falls { time: t };
            }
            if h >= level {
                let share = if h > h0 { (level - h0) / (h - h0) } else { 0.0 };
                return Crossing::At(t0 + share.clamp(0.0, 1.0) * (t - t0));
            }
        } else if h >= level {
            return Crossing::At(t);
        }
        greatest = greatest.max(h);
        before = Some((t, h));
    }
    Crossing::Never
}
