//! The exact likelihood of tied events in discrete time.

use super::likelihood::Contribution;
use super::risk_sets::RiskSet;
use super::rows::Rows;

/// The denominator of d events among those at risk: the sum of `Π r` over all subsets of d, by the recursion of Gail,
/// Lubin and Rubinstein (1981, Biometrika 68:703) with its derivatives, `O(n d k²)`. Weights are not defined for it.
pub(super) struct Discrete {
    covariates: usize,
    /// By the size of the subset: the sum, its gradient, the lower triangle of its Hessian.
    sums: Vec<f64>,
    gradients: Vec<f64>,
    hessians: Vec<f64>,
}

impl Discrete {
    pub(super) fn new(covariates: usize) -> Self {
        Self { covariates, sums: Vec::new(), gradients: Vec::new(), hessians: Vec::new() }
    }

    /// Takes the logarithm of the denominator of a risk set, with its derivatives, out of `sum`.
    pub(super) fn subtract(
        &mut self,
        rows: &Rows,
        risk: &[f64],
        set: &RiskSet<'_>,
        sum: &mut Contribution,
    ) {
        let (k, d) = (self.covariates, set.dying.len());
        let triangle = k * (k + 1) / 2;
        for (buffer, width) in
            [(&mut self.sums, 1), (&mut self.gradients, k), (&mut self.hessians, triangle)]
        {
            buffer.clear();
            buffer.resize((d + 1) * width, 0.0);
        }
        self.sums[0] = 1.0;
        let members = || set.lasting.clone().filter(|&row| rows.entered(row, set.time));
        // Risks in units of their sum over d: the sum over subsets is then below e^d, whatever n is.
        let unit = set.at_risk.s0 / d as f64;
        for row in members() {
            self.admit(risk[row] / unit, rows.x(row));
        }
        let total = self.sums[d];
        let gradient: Vec<f64> = self.gradients[d * k..].iter().map(|g| g / total).collect();
        let hessian = &self.hessians[d * triangle..];
        let value = total.ln() + d as f64 * unit.ln();
        sum.subtract(value, &gradient, |i, j, place| {
            hessian[place] / total - gradient[i] * gradient[j]
        });
    }

    /// Adds one of those at risk: `B_m ← B_m + r B_{m−1}`, from the largest subsets down.
    fn admit(&mut self, risk: f64, x: &[f64]) {
        let k = self.covariates;
        let triangle = k * (k + 1) / 2;
        for m in (1..self.sums.len()).rev() {
            let below = self.sums[m - 1];
            self.sums[m] += risk * below;
            let (low, high) = self.gradients.split_at_mut(m * k);
            let (low, high) = (&low[(m - 1) * k..], &mut high[..k]);
            let (h_low, h_high) = self.hessians.split_at_mut(m * triangle);
            let h_low = &h_low[(m - 1) * triangle..];
            let mut place = 0;
            for i in 0..k {
                high[i] += risk * (low[i] + x[i] * below);
                for j in 0..=i {
                    h_high[place] +=
                        risk * (h_low[place] + x[i] * low[j] + x[j] * low[i] + x[i] * x[j] * below);
                    place += 1;
                }
            }
        }
    }
}
