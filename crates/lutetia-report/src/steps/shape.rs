//! What the data themselves say against an integral to infinity, before any function is fitted.

use std::f64::consts::LN_2;

use lutetia_data::Curve;
use lutetia_fit::{Censoring, ErrorModel, Observation};

use crate::table::significant;

/// A difference of this many standard deviations is no scatter.
const BEYOND_SCATTER: f64 = 1.96;

/// Why nothing can be fitted: a measurement of zero under an error that is proportional to the activity would be known
/// without error.
pub(crate) fn unfit(data: &Curve, error: ErrorModel) -> Option<String> {
    let proportional = matches!(error, ErrorModel::Proportional { .. });
    let zero = data
        .points
        .iter()
        .find(|p| p.activity_mbq <= 0.0 && !p.below_detection && p.time_h > 0.0)
        .filter(|_| proportional)?;
    Some(format!(
        "`{}` is {} MBq at {} h, and a proportional error would make that exact; give the limit of detection and mark \
         the row `below_detection`, or use an error with an additive part such as `combined 1 MBq + 10 %`",
        data.region,
        significant(zero.activity_mbq, 3),
        significant(zero.time_h, 4)
    ))
}

/// Standard deviation of a measurement under the error model, where it is known beforehand.
fn known_sd(observation: &Observation, error: ErrorModel) -> Option<f64> {
    let y = observation.value.abs();
    let fixed = |m: lutetia_fit::Magnitude| (!m.estimated()).then(|| m.value());
    match error {
        ErrorModel::Known => observation.sd,
        ErrorModel::Weighted => None,
        ErrorModel::Additive { sd } => fixed(sd),
        ErrorModel::Proportional { cv } => fixed(cv).map(|cv| cv * y),
        ErrorModel::Combined { sd, cv } => Some(fixed(sd)?.hypot(fixed(cv)? * y)),
    }
}

/// Why the curve has no integral to infinity: it rises at its end, or falls slower than the nuclide decays, by more than
/// the measurements scatter. `physical` is the rate of decay, 1/h.
pub(crate) fn refused(
    data: &Curve,
    observations: &[Observation],
    error: ErrorModel,
    physical: f64,
) -> Option<String> {
    let points: Vec<(f64, f64, Option<f64>)> = data
        .points
        .iter()
        .zip(observations)
        .filter(|(_, o)| o.censoring == Censoring::None && o.value > 0.0)
        .map(|(p, o)| (p.time_h, o.value, known_sd(o, error)))
        .collect();
    let &[.., (t1, y1, s1), (t2, y2, s2)] = points.as_slice() else { return None };
    let ended = data.points.last().is_some_and(|p| p.below_detection);
    let scatter = match (s1, s2) {
        (Some(a), Some(b)) => BEYOND_SCATTER * a.hypot(b),
        _ => 0.0,
    };
    let number = |x: f64| significant(x, 3);
    if !ended && y2 - y1 > scatter {
        return Some(format!(
            "`{}` rises at its last measurement, from {} MBq at {} h to {} MBq at {} h: its washout was not measured, \
             and its integral to infinity has no end in these data; measure later, or give an upper bound by \
             `--method \"trapezoid physical\"`",
            data.region,
            number(y1),
            significant(t1, 4),
            number(y2),
            significant(t2, 4)
        ));
    }
    // The tail from the largest value on; its decay-corrected logarithm falls unless something is wrong.
    let top = (0..points.len()).fold(0, |m, i| if points[i].1 > points[m].1 { i } else { m });
    let tail = &points[top..];
    if ended || tail.len() < 2 {
        return None;
    }
    let weights: Vec<f64> =
        tail.iter().map(|(_, y, sd)| sd.map_or(1.0, |sd| (y / sd).powi(2))).collect();
    let corrected: Vec<f64> = tail.iter().map(|(t, y, _)| y.ln() + physical * t).collect();
    let sum: f64 = weights.iter().sum();
    let mean =
        |v: &dyn Fn(usize) -> f64| (0..tail.len()).map(|i| weights[i] * v(i)).sum::<f64>() / sum;
    let (t_mean, y_mean) = (mean(&|i| tail[i].0), mean(&|i| corrected[i]));
    let spread: f64 = (0..tail.len()).map(|i| weights[i] * (tail[i].0 - t_mean).powi(2)).sum();
    let slope = (0..tail.len())
        .map(|i| weights[i] * (tail[i].0 - t_mean) * (corrected[i] - y_mean))
        .sum::<f64>()
        / spread;
    let se = if tail.iter().all(|p| p.2.is_some()) {
        spread.sqrt().recip()
    } else if tail.len() > 2 {
        let rss: f64 = (0..tail.len())
            .map(|i| (corrected[i] - y_mean - slope * (tail[i].0 - t_mean)).powi(2))
            .sum();
        (rss / (tail.len() - 2) as f64 / spread).sqrt()
    } else {
        return None;
    };
    if slope <= 1e-9 * physical || slope <= BEYOND_SCATTER * se {
        return None;
    }
    let effective = physical - slope;
    let fall = if effective > 0.0 {
        format!("its effective half-life is {} h", number(LN_2 / effective))
    } else {
        "it does not fall at all".to_owned()
    };
    Some(format!(
        "`{}` falls slower than {} decays from {} h on: {fall}, the physical one {} h; look whether the values are \
         decay-corrected (say so in a column `decay_corrected`) or the region is outlined differently at each scan",
        data.region,
        data.nuclide,
        significant(tail[0].0, 4),
        number(LN_2 / physical)
    ))
}
