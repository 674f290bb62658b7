//! Where does a search begin?

use lutetia_population::Transform;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::likelihood::Objective;
use crate::problem::Problem;

/// The given start, the extra ones, the random ones; all within the bounds.
pub(super) fn starting_points(problem: &Problem<'_>, objective: &Objective<'_>) -> Vec<Vec<f64>> {
    let options = &problem.options;
    let (lower, upper) = objective.bounds();
    let clamp = |mut x: Vec<f64>| {
        for k in 0..x.len() {
            x[k] = x[k].clamp(lower[k], upper[k]);
        }
        x
    };
    let given: Vec<f64> = problem.parameters.iter().map(|p| p.start).collect();
    let first = clamp(objective.x(&given));
    let mut starts = vec![first.clone()];
    for extra in &options.extra_starts {
        let x = objective.x(extra);
        // A start outside the domain of a transform is not a start.
        if x.iter().all(|v| v.is_finite()) {
            starts.push(clamp(x));
        }
    }
    for k in 0..options.random_starts {
        // Each start has its own stream, so that it does not depend on how many there are or who runs it.
        let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
        rng.set_stream(k as u64);
        let mut x = first.clone();
        for (c, &i) in objective.free().iter().enumerate() {
            let p = &problem.parameters[i];
            let z = standard_normal(&mut rng);
            x[c] = match (p.prior, p.transform) {
                (Some(prior), _) => prior.mean + prior.sd * z,
                (None, Transform::Identity) => {
                    let size = if x[c].abs() > 0.0 { x[c].abs() } else { 1.0 };
                    x[c] + options.spread * size * z
                }
                (None, _) => x[c] + options.spread * z,
            };
        }
        starts.push(clamp(x));
    }
    starts
}

/// A standard normal number by Box and Muller; one of the pair is enough here.
pub(crate) fn standard_normal(rng: &mut ChaCha8Rng) -> f64 {
    let unit = |bits: u64| ((bits >> 11) as f64 + 0.5) * (1.0 / 9_007_199_254_740_992.0);
    let (u, v) = (unit(rng.next_u64()), unit(rng.next_u64()));
    (-2.0 * u.ln()).sqrt() * (2.0 * std::f64::consts::PI * v).cos()
}
