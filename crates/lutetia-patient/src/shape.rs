//! What the data themselves say against an integral to infinity, before any function is fitted.

use std::f64::consts::LN_2;

use lutetia_data::Curve;
use lutetia_fit::{Censoring, ErrorModel, Observation};

use lutetia_units::significant;

use crate::NoIntegral;

/// A difference of this many standard deviations is not scatter.
const BEYOND_SCATTER: f64 = 1.96;

/// Why nothing can be fitted: a measurement of zero under an error that is proportional to the activity would be known
/// without error.
#[must_use]
pub fn unfit(data: &Curve, error: ErrorModel) -> Option<NoIntegral> {
    let proportional = matches!(error, ErrorModel::Proportional { .. });
    let zero = data
        .points
        .iter()
        .find(|p| p.activity_mbq <= 0.0 && !p.below_detection && p.time_h > 0.0)
        .filter(|_| proportional)?;
    Some(NoIntegral::ExactZero {
        region: data.region.clone(),
        activity_mbq: zero.activity_mbq,
        time_h: zero.time_h,
    })
}

/// Standard deviation of a measurement `y` under the error model, where it is known beforehand; `own` is that of the
/// table.
#[must_use]
pub fn known_sd(y: f64, own: Option<f64>, error: ErrorModel) -> Option<f64> {
    let fixed = |m: lutetia_fit::Magnitude| (!m.estimated()).then(|| m.value());
    match error {
        ErrorModel::Known => own,
        ErrorModel::Weighted => None,
        ErrorModel::Additive { sd } => fixed(sd),
        ErrorModel::Proportional { cv } => fixed(cv).map(|cv| cv * y.abs()),
        ErrorModel::Combined { sd, cv } => Some(fixed(sd)?.hypot(fixed(cv)? * y)),
    }
}

/// A measurement that counts at the end of a curve: time (h), activity, and its standard deviation where known.
pub type EndPoint = (f64, f64, Option<f64>);

/// What stands at the end of a curve against an integral to infinity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum EndFault {
    /// The last measurement is above the one before it by more than scatter; the places of both.
    Rises,
    /// From this place on the activity falls more slowly than the nuclide decays, by more than scatter, at this effective
    /// rate in 1/h (0 or less where it does not fall).
    Slow {
        /// Where it begins.
        from: usize,
        /// Its rate, 1/h.
        rate: f64,
    },
}

/// What stands at the end of a curve against an integral: it rises, or its last interval, or any stretch of it that
/// begins at or after its largest value and runs to the end, falls more slowly than the nuclide decays. Each is judged
/// against the scatter of the measurements: with known standard deviations by their propagation into the slope of the
/// decay-corrected logarithm, else by the residuals about it. `physical` is the rate of decay, 1/h. All values are above
/// 0. Allocates nothing.
#[must_use]
pub fn end_fault(points: &[EndPoint], physical: f64) -> Option<EndFault> {
    let &[.., (_, y1, s1), (t2, y2, s2)] = points else { return None };
    let scatter = match (s1, s2) {
        (Some(a), Some(b)) => BEYOND_SCATTER * a.hypot(b),
        _ => 0.0,
    };
    if y2 - y1 > scatter {
        return Some(EndFault::Rises);
    }
    let n = points.len();
    let top = (0..n).fold(0, |m, i| if points[i].1 > points[m].1 { i } else { m });
    let known = points.iter().all(|p| p.2.is_some());
    // Weighted sums over the stretch, of time and decay-corrected logarithm about the last point.
    let (mut w, mut wt, mut wc, mut wtt, mut wtc, mut wcc) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
    let mut found = None;
    for i in (top.min(n - 2)..n).rev() {
        let (t, y, sd) = points[i];
        let (t, c) = (t - t2, (y / y2).ln() + physical * (t - t2));
        let weight = sd.map_or(1.0, |sd| (y / sd).powi(2));
        w += weight;
        wt += weight * t;
        wc += weight * c;
        wtt += weight * t * t;
        wtc += weight * t * c;
        wcc += weight * c * c;
        let taken = n - i;
        if taken < 2 {
            continue;
        }
        let spread = wtt - wt * wt / w;
        let slope = (wtc - wt * wc / w) / spread;
        let se = if known {
            spread.sqrt().recip()
        } else if taken > 2 {
            let rss = (wcc - wc * wc / w - slope * slope * spread).max(0.0);
            (rss / (taken - 2) as f64 / spread).sqrt()
        } else {
            continue;
        };
        // The stretch that stands out most is the one to name.
        let clear = slope > 1e-9 * physical && slope > BEYOND_SCATTER * se;
        let z = slope / se.max(f64::MIN_POSITIVE);
        if clear && found.is_none_or(|(most, _)| z > most) {
            found = Some((z, EndFault::Slow { from: i, rate: physical - slope }));
        }
    }
    found.map(|(_, fault)| fault)
}

/// The part of the integral that was measured: from nothing at the injection over straight lines to the last value.
fn measured_part(points: &[EndPoint]) -> f64 {
    let mut last = (0.0, 0.0);
    let mut sum = 0.0;
    for &(t, y, _) in points {
        sum += 0.5 * (t - last.0) * (y + last.1);
        last = (t, y);
    }
    sum
}

/// Why the curve has no integral to infinity: it rises at its end, or falls more slowly than the nuclide decays, by more than
/// the measurements scatter. `physical` is the rate of decay, 1/h.
#[must_use]
pub fn refused(
    data: &Curve,
    observations: &[Observation],
    error: ErrorModel,
    physical: f64,
) -> Option<NoIntegral> {
    let points: Vec<EndPoint> = data
        .points
        .iter()
        .zip(observations)
        .filter(|(_, o)| o.censoring == Censoring::None && o.value > 0.0)
        .map(|(p, o)| (p.time_h, o.value, known_sd(o.value, o.sd, error)))
        .collect();
    if data.points.last().is_some_and(|p| p.below_detection) {
        return None;
    }
    end_fault(&points, physical).map(|fault| CurveEnd::new(data, &points, fault, physical).into())
}

/// What stands at the end of a curve against its integral to infinity, with the numbers that show it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CurveEnd {
    /// The washout was not measured.
    #[error(
        "`{region}` rises at its last measurement, from {} MBq at {} h to {} MBq at {} h: its washout was not measured, \
         and its integral to infinity has no end in these data; measure later; {held}",
        significant(before.1, 3),
        significant(before.0, 4),
        significant(last.1, 3),
        significant(last.0, 4)
    )]
    Rises {
        /// The region.
        region: String,
        /// Time (h) and activity (MBq) of the measurement before the last one.
        before: (f64, f64),
        /// Time (h) and activity (MBq) of the last measurement.
        last: (f64, f64),
        /// What the data hold all the same.
        held: Held,
    },
    /// It falls more slowly than the nuclide decays.
    #[error(
        "`{region}` falls more slowly than {nuclide} decays (half-life {} h) from {} h on: {}; check whether the values \
         are decay-corrected (if so, say it in a column `decay_corrected`), the region was outlined differently at each \
         scan, or uptake still goes on (measure later; {held})",
        significant(*physical_h, 3),
        significant(*from_h, 4),
        fall(*half_life_h)
    )]
    Slow {
        /// The region.
        region: String,
        /// The nuclide measured.
        nuclide: String,
        /// From when on, h.
        from_h: f64,
        /// Effective half-life from there on, h; none where it does not fall at all.
        half_life_h: Option<f64>,
        /// Physical half-life, h.
        physical_h: f64,
        /// What the data hold all the same.
        held: Held,
    },
}

/// The part of an integral that was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Held {
    /// Last measurement, h.
    pub until_h: f64,
    /// From nothing at the injection over straight lines to the last value, MBq h.
    pub mbq_h: f64,
}

impl std::fmt::Display for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "what lies up to {} h, about {} MBq h, is all that these data hold",
            significant(self.until_h, 4),
            significant(self.mbq_h, 3)
        )
    }
}

fn fall(half_life_h: Option<f64>) -> String {
    match half_life_h {
        Some(hours) => format!("its effective half-life is {} h", significant(hours, 3)),
        None => "it does not fall at all".to_owned(),
    }
}

impl CurveEnd {
    /// A fault of an end with its numbers; `physical` is the rate of decay, 1/h.
    #[must_use]
    pub fn new(data: &Curve, points: &[EndPoint], fault: EndFault, physical: f64) -> Self {
        let at = |i: usize| points.get(i).map_or((0.0, 0.0), |p| (p.0, p.1));
        let last = at(points.len().saturating_sub(1));
        let held = Held { until_h: last.0, mbq_h: measured_part(points) };
        let region = data.region.clone();
        match fault {
            EndFault::Rises => {
                Self::Rises { region, before: at(points.len().saturating_sub(2)), last, held }
            }
            EndFault::Slow { from, rate } => Self::Slow {
                region,
                nuclide: data.nuclide.clone(),
                from_h: at(from).0,
                // Rounding leaves a rate of 1e-17 of level values.
                half_life_h: (rate > 1e-6 * physical).then(|| LN_2 / rate),
                physical_h: LN_2 / physical,
                held,
            },
        }
    }
}

/// Why an effective half-life that was typed or tabulated cannot be: a nuclide does not decay slower in a body. The hint
/// reads it as the biological one, the usual slip.
#[must_use]
pub fn impossible_half_life(
    effective_h: f64,
    physical_h: f64,
    nuclide: &str,
    whose: &'static str,
) -> Option<NoIntegral> {
    (effective_h > physical_h * (1.0 + 1e-6)).then(|| NoIntegral::HalfLife {
        effective_h,
        physical_h,
        nuclide: nuclide.to_owned(),
        whose,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHYSICAL: f64 = LN_2 / 159.5;

    fn at(values: &[(f64, f64)], cv: f64) -> Vec<EndPoint> {
        values.iter().map(|&(t, y)| (t, y, Some(cv * y))).collect()
    }

    #[test]
    fn exact_ends_of_many_kinds() {
        let fast_then = |half_life: f64| -> Vec<(f64, f64)> {
            [2.0, 8.0, 24.0, 72.0, 140.0, 200.0]
                .map(|t: f64| (t, 80.0 * (-t / 3.0).exp2() + 20.0 * (-t / half_life).exp2()))
                .to_vec()
        };
        // The last intervals behind a fast phase: 385 h is impossible, 150 h is not.
        assert!(matches!(
            end_fault(&at(&fast_then(385.0), 0.01), PHYSICAL),
            Some(EndFault::Slow { from: 2.., .. })
        ));
        assert_eq!(end_fault(&at(&fast_then(150.0), 0.01), PHYSICAL), None);
        // Within scatter nothing is said.
        assert_eq!(end_fault(&at(&fast_then(170.0), 0.3), PHYSICAL), None);
        // Only the last interval is slow.
        let last = [(4.0, 50.0), (24.0, 40.0), (48.0, 30.0), (72.0, 22.0), (144.0, 21.0)];
        assert!(matches!(
            end_fault(&at(&last, 0.03), PHYSICAL),
            Some(EndFault::Slow { from: 3, .. })
        ));
        let rising = [(4.0, 5.0), (24.0, 5.0), (96.0, 8.0)];
        assert_eq!(end_fault(&at(&rising, 0.1), PHYSICAL), Some(EndFault::Rises));
        // Rising within scatter, but far from decaying.
        let level = [(4.0, 0.35), (24.0, 1.88), (96.0, 4.95), (168.0, 5.2)];
        assert!(matches!(end_fault(&at(&level, 0.1), PHYSICAL), Some(EndFault::Slow { .. })));
        assert_eq!(end_fault(&at(&[(4.0, 1.0)], 0.1), PHYSICAL), None);
    }

    #[test]
    fn exact_swapped_half_lives_are_named() {
        let said = impossible_half_life(400.0, 159.5, "Lu-177", "of `madsen`")
            .expect("a refusal")
            .to_string();
        // 1/(1/400 + 1/159.5) = 114.03.
        assert!(said.contains("the effective one is 114"), "{said}");
        assert_eq!(impossible_half_life(159.5, 159.5, "Lu-177", ""), None);
        assert_eq!(impossible_half_life(51.0, 159.5, "Lu-177", ""), None);
    }
}
