//! Starting values of a sum of exponentials by curve stripping.

/// A phase found by stripping: positive amplitude, positive biological rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct StrippedPhase {
    pub(crate) amplitude: f64,
    pub(crate) rate: f64,
}

/// Room that stripping works in, so that many curves need no allocation each.
#[derive(Clone, Debug, Default)]
pub struct StartScratch {
    points: Vec<(f64, f64)>,
    rest: Vec<(f64, f64)>,
    phases: Vec<StrippedPhase>,
}

/// Strips `n` phases, slowest first, from activities as measured.
///
/// The decay-corrected curve's tail is fitted by a line in `ln A`, subtracted, and the rest treated likewise. With
/// `zero_sum` the last phase is the uptake: its amplitude closes the sum, its rate makes the curve meet the first point.
/// Whatever the data, the values are positive and finite: the search needs a start, not the truth.
pub(crate) fn strip<'s>(
    times: &[f64],
    activities: &[f64],
    physical_rate: f64,
    n: usize,
    zero_sum: bool,
    scratch: &'s mut StartScratch,
) -> &'s [StrippedPhase] {
    let StartScratch { points, rest, phases } = scratch;
    points.clear();
    points.extend(
        times
            .iter()
            .zip(activities)
            .map(|(&t, &a)| (t, a * (physical_rate * t).exp()))
            .filter(|(_, y)| y.is_finite() && *y > 0.0),
    );
    points.sort_unstable_by(|p, q| p.0.total_cmp(&q.0));
    let last = times.iter().copied().fold(0.0, f64::max).max(f64::MIN_POSITIVE);
    let largest = points.iter().map(|p| p.1).fold(0.0, f64::max);
    let scale = if largest > 0.0 {
        largest
    } else {
        activities.iter().filter(|a| a.is_finite()).fold(0.0_f64, |m, a| m.max(a.abs())).max(1.0)
    };

    let washout = if zero_sum { n - 1 } else { n };
    phases.clear();
    rest.clear();
    rest.extend_from_slice(points);
    for i in 0..washout {
        let phases_left = washout - i;
        // The tail: all points for the last phase, else a share of them, at least two.
        let tail = match (zero_sum, phases_left) {
            (false, 1) => rest.len(),
            _ => (rest.len() / (phases_left + usize::from(zero_sum))).max(2).min(rest.len()),
        };
        let previous = phases.last().copied();
        let found = line(&rest[rest.len() - tail..]);
        let floor = previous.map_or(0.1 / last, |p| 1.5 * p.rate);
        let fallback = StrippedPhase {
            amplitude: previous.map_or(scale, |p| 0.5 * p.amplitude),
            rate: previous.map_or(0.5 / last, |p| 5.0 * p.rate),
        };
        let phase = match found {
            Some((amplitude, rate)) if amplitude.is_finite() => StrippedPhase {
                amplitude: amplitude.clamp(1e-3 * scale, 1e3 * scale),
                rate: rate.max(floor),
            },
            _ => fallback,
        };
        phases.push(phase);
        rest.truncate(rest.len() - tail);
        for p in rest.iter_mut() {
            p.1 -= phase.amplitude * (-phase.rate * p.0).exp();
        }
        rest.retain(|p| p.1 > 0.0);
    }
    if zero_sum {
        let amplitude: f64 = phases.iter().map(|p| p.amplitude).sum();
        let slowest = phases.iter().map(|p| p.rate).fold(0.0, f64::max);
        let first = points.iter().find(|p| p.0 > 0.0);
        // Σ a e^{−λ t1} − y1 is what the uptake still lacks at the first point.
        let rate = first.and_then(|&(t, y)| {
            let washed: f64 = phases.iter().map(|p| p.amplitude * (-p.rate * t).exp()).sum();
            let lacking = (washed - y) / amplitude;
            (lacking > 1e-6 && lacking < 1.0).then(|| -lacking.ln() / t)
        });
        let guess = first.map_or(10.0 / last, |p| 3.0 / p.0);
        phases.push(StrippedPhase { amplitude, rate: rate.unwrap_or(guess).max(1.5 * slowest) });
    }
    phases
}

/// Amplitude and rate of `y = a e^{−λ t}` by the regression line of `ln y`; `None` with fewer than two times.
fn line(points: &[(f64, f64)]) -> Option<(f64, f64)> {
    let n = points.len() as f64;
    let mean_t = points.iter().map(|p| p.0).sum::<f64>() / n;
    let mean_y = points.iter().map(|p| p.1.ln()).sum::<f64>() / n;
    let var: f64 = points.iter().map(|p| (p.0 - mean_t).powi(2)).sum();
    if points.len() < 2 || var <= 0.0 {
        return None;
    }
    let slope = points.iter().map(|p| (p.0 - mean_t) * (p.1.ln() - mean_y)).sum::<f64>() / var;
    Some(((mean_y - slope * mean_t).exp(), -slope))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_one_phase() {
        let times = [1.0, 5.0, 20.0];
        let mut scratch = StartScratch::default();
        let y: Vec<f64> = times.iter().map(|t| 7.0 * (-(0.3_f64 + 0.1) * t).exp()).collect();
        let p = strip(&times, &y, 0.1, 1, false, &mut scratch);
        assert!((p[0].amplitude - 7.0).abs() < 1e-12 && (p[0].rate - 0.3).abs() < 1e-13);
    }

    #[test]
    fn prop_any_data_give_positive_starts() {
        let sets: [&[f64]; 5] = [
            &[0.0, 0.0, 0.0],
            &[-1.0, -2.0, -3.0],
            &[1.0, 2.0, 4.0],
            &[5.0, 5.0, 5.0],
            &[1e-300, 1e300, 1.0],
        ];
        for y in sets {
            for n in 1..=3 {
                for zero_sum in [false, true] {
                    if zero_sum && n == 1 {
                        continue;
                    }
                    let mut scratch = StartScratch::default();
                    let p = strip(&[1.0, 2.0, 3.0], y, 0.01, n, zero_sum, &mut scratch);
                    assert_eq!(p.len(), n);
                    assert!(
                        p.iter().all(|q| q.amplitude > 0.0
                            && q.amplitude.is_finite()
                            && q.rate > 0.0
                            && q.rate.is_finite()),
                        "{y:?} {n} {zero_sum} {p:?}"
                    );
                }
            }
        }
    }
}
