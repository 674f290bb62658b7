//! Decay chains with branching: amounts, activities, decays, equilibrium energies, yields.

use crate::nuclide::{MeanEnergy, Nuclide, NuclideError, NuclideTable};

/// The chain that a nuclide heads, down to its stable ends.
///
/// The amount of a member is a sum over the paths that lead to it. Along a path with decay
/// constants λ₁ … λₖ and branching fractions b the Bateman solution is
/// `N(t) = N₀ · Π(b·λ) · (−1)^(k−1) · exp(−xt)[λ₁, …, λₖ]`, a divided difference of the exponential
/// at the decay constants. Divided differences are formed by their recurrence, slowest member
/// first, where the nodes are apart (spread · t > 1), and by their power series where they are
/// close; either way no digits cancel, from half-lives of 1e-7 s beside years to equal ones.
#[derive(Debug, Clone)]
pub struct DecayChain {
    members: Vec<Nuclide>,
    paths: Vec<Path>,
}

/// One way from the head to a member: indices into `members` and the product of the fractions.
#[derive(Debug, Clone)]
struct Path {
    nodes: Vec<usize>,
    fraction: f64,
}

impl DecayChain {
    /// The chain of `name`.
    ///
    /// # Errors
    /// [`NuclideError::Unknown`].
    pub fn of(table: &NuclideTable, name: &str) -> Result<Self, NuclideError> {
        let head = table.get(name)?;
        // Topological order: a member comes after every member that feeds it.
        let mut order: Vec<String> = Vec::new();
        visit(table, &head.name, &mut order)?;
        order.reverse();
        let members =
            order.iter().map(|n| table.get(n).cloned()).collect::<Result<Vec<Nuclide>, _>>()?;
        let mut paths = vec![Path { nodes: vec![0], fraction: 1.0 }];
        let mut at = 0;
        while at < paths.len() {
            let path = paths[at].clone();
            if let Some(last) = path.nodes.last() {
                for branch in &members[*last].branches {
                    if let Some(next) = members.iter().position(|m| m.name == branch.daughter) {
                        let mut nodes = path.nodes.clone();
                        nodes.push(next);
                        paths.push(Path { nodes, fraction: path.fraction * branch.fraction });
                    }
                }
            }
            at += 1;
        }
        Ok(Self { members, paths })
    }

    /// The members, the head first, each after those that feed it.
    #[must_use]
    pub fn members(&self) -> &[Nuclide] {
        &self.members
    }

    fn index(&self, name: &str) -> Option<usize> {
        self.members.iter().position(|m| m.name == name)
    }

    /// Amounts of all members at time `t_s` ≥ 0, for one unit of the head at time zero.
    #[must_use]
    pub fn amounts(&self, t_s: f64) -> Vec<f64> {
        let mut amounts = vec![0.0; self.members.len()];
        for path in &self.paths {
            let lambdas: Vec<f64> =
                path.nodes.iter().map(|i| self.members[*i].lambda_per_s()).collect();
            if let Some(last) = path.nodes.last() {
                amounts[*last] += path.fraction * bateman(&lambdas, t_s);
            }
        }
        amounts
    }

    /// Amounts of all members at time `t_s` ≥ 0, from amounts of any of them at time zero, both in
    /// the order of [`Self::members`]; amounts left out are zero.
    #[must_use]
    pub fn amounts_from(&self, initial: &[f64], t_s: f64) -> Vec<f64> {
        let mut amounts = vec![0.0; self.members.len()];
        for (start, n0) in initial.iter().enumerate().take(self.members.len()) {
            self.follow(
                start,
                &mut vec![self.members[start].lambda_per_s()],
                *n0,
                t_s,
                &mut amounts,
            );
        }
        amounts
    }

    /// Adds what `start` and all that follows it hold at `t_s`; `lambdas` are those of the path so
    /// far, `start` included, and `n0` the initial amount times the fractions of the path.
    fn follow(&self, start: usize, lambdas: &mut Vec<f64>, n0: f64, t_s: f64, amounts: &mut [f64]) {
        if n0 == 0.0 {
            return;
        }
        amounts[start] += n0 * bateman(lambdas, t_s);
        for branch in &self.members[start].branches {
            if let Some(next) = self.index(&branch.daughter) {
                lambdas.push(self.members[next].lambda_per_s());
                self.follow(next, lambdas, n0 * branch.fraction, t_s, amounts);
                lambdas.pop();
            }
        }
    }

    /// Activities of all members at time `t_s` in 1/s, for one atom of the head at time zero; times
    /// the head's atoms this is Bq.
    #[must_use]
    pub fn activities(&self, t_s: f64) -> Vec<f64> {
        let amounts = self.amounts(t_s);
        self.members.iter().zip(amounts).map(|(m, n)| m.lambda_per_s() * n).collect()
    }

    /// Decays of each member between time zero and `t_s`, for one atom of the head.
    #[must_use]
    pub fn decays(&self, t_s: f64) -> Vec<f64> {
        let mut decays = vec![0.0; self.members.len()];
        for path in &self.paths {
            let mut lambdas: Vec<f64> =
                path.nodes.iter().map(|i| self.members[*i].lambda_per_s()).collect();
            let Some(last) = path.nodes.last() else { continue };
            if self.members[*last].is_stable() {
                continue;
            }
            // What has decayed sits in a sink that keeps it: one more member, with λ = 0.
            lambdas.push(0.0);
            decays[*last] += path.fraction * bateman(&lambdas, t_s);
        }
        decays
    }

    /// Decays of each member until all is decayed, for one atom of the head.
    #[must_use]
    pub fn decays_to_infinity(&self) -> Vec<f64> {
        let mut decays = vec![0.0; self.members.len()];
        for path in &self.paths {
            if let Some(last) = path.nodes.last()
                && !self.members[*last].is_stable()
            {
                decays[*last] += path.fraction;
            }
        }
        decays
    }

    /// Mean energies per decay of the head, all members decaying where and when it does.
    ///
    /// `until` names members that are not counted, with what they alone lead to (207Bi of 211At, a
    /// half-life of 32 years).
    #[must_use]
    pub fn equilibrium_energy(&self, until: &[&str]) -> MeanEnergy {
        let mut total = MeanEnergy::default();
        for path in &self.paths {
            if path.nodes.iter().any(|i| until.contains(&self.members[*i].name.as_str())) {
                continue;
            }
            if let Some(last) = path.nodes.last() {
                let e = self.members[*last].energy;
                total.alpha_mev += path.fraction * e.alpha_mev;
                total.alpha_recoil_mev += path.fraction * e.alpha_recoil_mev;
                total.electron_mev += path.fraction * e.electron_mev;
                total.photon_mev += path.fraction * e.photon_mev;
            }
        }
        total
    }

    /// Probability that an atom of the head passes through `daughter` without passing through any
    /// of `before` first; zero where the chain never does.
    #[must_use]
    pub fn yield_to(&self, daughter: &str, before: &[&str]) -> f64 {
        let Some(target) = self.index(daughter) else { return 0.0 };
        self.paths
            .iter()
            .filter(|p| p.nodes.len() > 1 && p.nodes.last() == Some(&target))
            .filter(|p| {
                p.nodes[1..p.nodes.len() - 1]
                    .iter()
                    .all(|i| !before.contains(&self.members[*i].name.as_str()))
            })
            .map(|p| p.fraction)
            .sum()
    }
}

fn visit(table: &NuclideTable, name: &str, order: &mut Vec<String>) -> Result<(), NuclideError> {
    if order.iter().any(|o| o == name) {
        return Ok(());
    }
    for branch in &table.get(name)?.branches {
        visit(table, &branch.daughter, order)?;
    }
    order.push(name.to_owned());
    Ok(())
}

/// Amount of the last member of a linear chain at `t`, from one unit of the first at time zero.
fn bateman(lambdas: &[f64], t: f64) -> f64 {
    let Some((last, feeding)) = lambdas.split_last() else { return 0.0 };
    // At no time only the head is there, and after all time only what is stable.
    if t.is_nan() || t <= 0.0 {
        return if feeding.is_empty() { 1.0 } else { 0.0 };
    }
    // e^(−750) is below the smallest number: only what is stable is left.
    let slowest = lambdas.iter().filter(|l| **l > 0.0).fold(f64::INFINITY, |a, b| a.min(*b));
    if slowest.is_finite() && slowest * t > 750.0 {
        return if *last == 0.0 { 1.0 } else { 0.0 };
    }
    if t.is_infinite() {
        return 1.0;
    }
    // Dimensionless nodes z = λt in ascending order; each feeding member contributes one factor z.
    let mut z: Vec<f64> = lambdas.iter().map(|l| l * t).collect();
    z.sort_by(f64::total_cmp);
    // (−1)^(k−1)·exp(−x)[z…] is positive; the factors are multiplied in one by one so that the tiny
    // divided difference and the huge product of the λ never stand alone.
    let mut factors: Vec<f64> = feeding.iter().map(|l| l * t).collect();
    factors.sort_by(|a, b| b.total_cmp(a));
    divided_difference(&z, &factors)
}

/// `Π factors · (−1)^n · exp(−x)[z₀ … zₙ]` for ascending `z`, `n` factors in descending order.
fn divided_difference(z: &[f64], factors: &[f64]) -> f64 {
    let n = z.len() - 1;
    // row[i] holds (−1)^m·exp(−x)[z_i … z_{i+m}]·(product of the first m factors).
    let mut row: Vec<f64> = z.iter().map(|x| (-x).exp()).collect();
    for m in 1..=n {
        let factor = factors[m - 1];
        let next: Vec<f64> = (0..=n - m)
            .map(|i| {
                let spread = z[i + m] - z[i];
                if spread > 1.0 {
                    (row[i] - row[i + 1]) * (factor / spread)
                } else {
                    series(&z[i..=i + m]) * factors[..m].iter().product::<f64>()
                }
            })
            .collect();
        row = next;
    }
    row.first().copied().unwrap_or(0.0)
}

/// `(−1)^n·exp(−x)[z₀ … zₙ]` for nodes within 1 of each other: `e^(−c)·Σ_m h_m(c − z)/(n + m)!` with
/// the complete homogeneous symmetric polynomials h_m; c is the largest node, so all terms are
/// positive.
fn series(z: &[f64]) -> f64 {
    let n = z.len() - 1;
    let c = z[n];
    let distances: Vec<f64> = z.iter().map(|x| c - x).collect();
    // h over the first j distances, degree by degree: h_m(d₁…dⱼ) = h_m(d₁…dⱼ₋₁) + dⱼ·h_{m−1}(d₁…dⱼ).
    let mut h = vec![1.0; distances.len()];
    let mut factorial: f64 = (1..=n).map(|i| i as f64).product();
    let mut sum = 1.0 / factorial;
    for m in 1..60 {
        let mut previous = 0.0;
        for (slot, d) in h.iter_mut().zip(&distances) {
            previous += d * *slot;
            *slot = previous;
        }
        factorial *= (n + m) as f64;
        let term = previous / factorial;
        sum += term;
        if term <= sum * 1e-17 {
            break;
        }
    }
    (-c).exp() * sum
}

#[cfg(test)]
#[expect(clippy::excessive_precision, reason = "golden numbers stand as they were printed")]
mod tests {
    use super::*;

    #[test]
    fn exact_two_members() {
        // N₂ = λ₁/(λ₂ − λ₁)·(e^(−λ₁t) − e^(−λ₂t)); equal constants: λt·e^(−λt). Rounding only.
        for (a, b, t) in [
            (0.1_f64, 0.7_f64, 3.0_f64),
            (1e-6, 1e6, 10.0),
            (2.0, 2.0 + 1e-9, 0.5),
            (0.3, 0.3, 4.0),
        ] {
            let expected = if (b - a) * t < 1e-6 {
                a * t * (-a * t).exp() * (1.0 - 0.5 * (b - a) * t)
            } else {
                a / (b - a) * ((-a * t).exp() - (-b * t).exp())
            };
            let found = bateman(&[a, b], t);
            assert!((found - expected).abs() < 1e-13 * expected, "{a} {b} {t}: {found} {expected}");
            assert!((bateman(&[b, a], t) / bateman(&[a, b], t) - b / a).abs() < 1e-12 * b / a);
        }
    }

    #[test]
    fn val_high_precision() {
        // Sixty-digit partial fractions; tests/cases/bateman.py makes the numbers.
        let lambdas = [1e-6, 2.4e-3, 21.0, 2.5e-4, 1.6e5, 6e-5];
        let golden = [
            (
                1.0,
                [
                    0.9999990000005,
                    9.9880045982420305e-7,
                    1.0871887731086011e-10,
                    1.0902343438759266e-9,
                    1.7034688692504442e-18,
                    8.6951822644013162e-14,
                ],
            ),
            (
                1e3,
                [
                    0.99900049983337499,
                    0.0003786088147327897,
                    4.3269087127460438e-8,
                    0.00056449635956828714,
                    8.8202555433007034e-13,
                    5.5422212441111788e-5,
                ],
            ),
            (
                1e6,
                [
                    0.36787944117144232,
                    0.00015334699506937988,
                    1.7525371699613495e-8,
                    0.0014780433963529454,
                    2.3094428068159112e-12,
                    0.0062628957472973863,
                ],
            ),
            (
                3e7,
                [
                    9.3576229688401746e-14,
                    3.9006348348645997e-17,
                    4.4578685949818565e-21,
                    3.7596482126353007e-16,
                    5.8744503322793726e-25,
                    1.5930712765503383e-15,
                ],
            ),
        ];
        for (t, row) in golden {
            for (k, expected) in row.iter().enumerate() {
                let found = bateman(&lambdas[..=k], t);
                // Six recurrences of rounding, and e^(−30) to its own rounding.
                assert!((found / expected - 1.0).abs() < 2e-13, "{t} {k}: {found} {expected}");
            }
        }
        // The sum over all members and the sink is one: nothing is lost at any time.
        for t in [1e-9, 1e-4, 1.0, 1e3, 1e6, 1e9] {
            let mut total = 0.0;
            for k in 1..=lambdas.len() {
                total += bateman(&lambdas[..k], t);
            }
            let mut sink = lambdas.to_vec();
            sink.push(0.0);
            total += bateman(&sink, t);
            assert!((total - 1.0).abs() < 1e-13, "{t}: {total}");
        }
    }
}
