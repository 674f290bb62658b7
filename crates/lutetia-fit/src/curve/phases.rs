//! What sums of exponentials have in common: integrals, the maximum, the terminal half-life.

use crate::predictor::{Derived, DerivedKind};

/// One phase at given parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Phase {
    /// Amplitude, negative in an uptake.
    pub(crate) a: f64,
    /// Effective rate.
    pub(crate) k: f64,
}

/// The interior maximum of a sum of phases: time, and derivatives by each phase's amplitude and rate.
pub(crate) fn maximum(phases: &[Phase]) -> Option<(f64, Vec<f64>, Vec<f64>)> {
    let value = |t: f64| phases.iter().map(|p| p.a * (-p.k * t).exp()).sum::<f64>();
    let slope = |t: f64| phases.iter().map(|p| -p.a * p.k * (-p.k * t).exp()).sum::<f64>();
    // Without a falling amplitude nothing rises.
    if phases.iter().all(|p| p.a >= 0.0) {
        return None;
    }
    let fastest = phases.iter().map(|p| p.k).fold(0.0, f64::max);
    let slowest = phases.iter().map(|p| p.k).filter(|k| *k > 0.0).fold(fastest, f64::min);
    if fastest <= 0.0 {
        return None;
    }
    // Extremes of a sum of exponentials lie between a fraction of the shortest and a multiple of the longest time
    // constant; a grid even in ln t finds the sign changes of the slope, bisection the place.
    let (from, to) = ((1e-4 / fastest).ln(), (50.0 / slowest).ln());
    let steps = 400;
    let grid = |i: usize| (from + (to - from) * i as f64 / f64::from(steps)).exp();
    let mut best: Option<f64> = None;
    for i in 0..steps as usize {
        let (mut lo, mut hi) = (grid(i), grid(i + 1));
        if !(slope(lo) > 0.0 && slope(hi) <= 0.0) {
            continue;
        }
        for _ in 0..200 {
            let mid = 0.5 * (lo + hi);
            if slope(mid) > 0.0 {
                lo = mid;
            } else {
                hi = mid;
            }
        }
        let t = 0.5 * (lo + hi);
        if best.is_none_or(|b| value(t) > value(b)) {
            best = Some(t);
        }
    }
    let t = best.filter(|t| value(*t) > value(0.0))?;
    let curvature: f64 = phases.iter().map(|p| p.a * p.k * p.k * (-p.k * t).exp()).sum();
    // Implicit function theorem on A'(t) = 0: dt/dq = −(∂A'/∂q)/A''.
    let by_a = phases.iter().map(|p| p.k * (-p.k * t).exp() / curvature).collect();
    let by_k =
        phases.iter().map(|p| p.a * (1.0 - p.k * t) * (-p.k * t).exp() / curvature).collect();
    Some((t, by_a, by_k))
}

/// `(1 − e^{−k T})/k` and its derivative by `k`, without cancellation at small `k T`.
fn truncated(k: f64, t: f64) -> (f64, f64) {
    let x = k * t;
    if x.abs() < 1e-4 {
        // Series to x³; the first term left out is below 1e-17 of the sum.
        let value = t * (1.0 - x / 2.0 + x * x / 6.0 - x * x * x / 24.0);
        let slope = t * t * (-0.5 + x / 3.0 - x * x / 8.0 + x * x * x / 30.0);
        (value, slope)
    } else {
        let e = (-x).exp();
        let value = -(-x).exp_m1() / k;
        (value, (t * e - value) / k)
    }
}

/// The slowest effective rate of a phase that is there.
pub(crate) fn terminal(phases: &[Phase]) -> Option<usize> {
    (0..phases.len())
        .filter(|&i| phases[i].a.abs() > 0.0)
        .min_by(|&i, &j| phases[i].k.total_cmp(&phases[j].k))
}

/// The quantities derived from phases, with gradients that `gather` brings from the derivatives by each phase's
/// amplitude and rate to those by the parameters.
pub(crate) fn derived(
    phases: &[Phase],
    last: f64,
    gather: &dyn Fn(&[f64], &[f64]) -> Vec<f64>,
) -> Vec<Derived> {
    let mut out = Vec::new();
    let mut push = |kind: DerivedKind, value: f64, gradient: Vec<f64>| {
        out.push(Derived::of_curve(kind, value, gradient));
    };

    let parts: Vec<(f64, f64)> = phases.iter().map(|p| truncated(p.k, last)).collect();
    let to_last = phases.iter().zip(&parts).map(|(p, q)| p.a * q.0).sum();
    let by_a: Vec<f64> = parts.iter().map(|q| q.0).collect();
    let by_k: Vec<f64> = phases.iter().zip(&parts).map(|(p, q)| p.a * q.1).collect();
    push(DerivedKind::TiaToLast, to_last, gather(&by_a, &by_k));

    if phases.iter().all(|p| p.k > 0.0) {
        let tia: f64 = phases.iter().map(|p| p.a / p.k).sum();
        let tia_a: Vec<f64> = phases.iter().map(|p| 1.0 / p.k).collect();
        let tia_k: Vec<f64> = phases.iter().map(|p| -p.a / (p.k * p.k)).collect();
        push(DerivedKind::Tia, tia, gather(&tia_a, &tia_k));

        let rest: f64 = phases.iter().map(|p| p.a / p.k * (-p.k * last).exp()).sum();
        let fraction = rest / tia;
        let f_a: Vec<f64> =
            phases.iter().map(|p| ((-p.k * last).exp() / p.k - fraction / p.k) / tia).collect();
        let f_k: Vec<f64> = phases
            .iter()
            .map(|p| {
                let rest_k = -p.a * (-p.k * last).exp() * (1.0 / (p.k * p.k) + last / p.k);
                (rest_k + fraction * p.a / (p.k * p.k)) / tia
            })
            .collect();
        push(DerivedKind::ExtrapolatedFraction, fraction, gather(&f_a, &f_k));
    }

    if let Some(i) = terminal(phases)
        && phases[i].k > 0.0
    {
        let k = phases[i].k;
        let mut by_k = vec![0.0; phases.len()];
        by_k[i] = -std::f64::consts::LN_2 / (k * k);
        let none = vec![0.0; phases.len()];
        push(DerivedKind::EffectiveHalfLife, std::f64::consts::LN_2 / k, gather(&none, &by_k));
    }
    if let Some((t, by_a, by_k)) = maximum(phases) {
        push(DerivedKind::TimeOfMaximum, t, gather(&by_a, &by_k));
    }
    out
}
