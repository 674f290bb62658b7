//! From the optimum to uncertainty: covariance, what the data determine, what they do not.

use lutetia_population::Transform;
use nalgebra::{DMatrix, DVector};
use statrs::distribution::{ChiSquared, ContinuousCDF, Normal, StudentsT};

use crate::likelihood::Objective;
use crate::problem::Problem;
use crate::solver::Linearisation;
use crate::verdict::{Bound, Breakdown, Reason, at_bound, rests_on};

/// Distribution behind the 95 % intervals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum IntervalKind {
    /// Student's t: the variance was estimated from the residuals.
    StudentT {
        /// Degrees of freedom, observations − parameters.
        degrees_of_freedom: usize,
    },
    /// Normal: the variance was known, or estimated together with the parameters.
    Normal,
}

/// A direction in the transformed parameters without information.
#[derive(Clone, Debug)]
pub(crate) struct NullDirection {
    /// In column-scaled coordinates, unit length.
    scaled: DVector<f64>,
    /// In words.
    pub(crate) combination: String,
}

/// Uncertainty at the optimum, on the scale of `x`.
#[derive(Clone, Debug)]
pub(crate) struct Inference {
    /// Covariance on the transformed scale (pseudo-inverse in the determined directions, zero rows for components at a
    /// bound), without the residual variance.
    unscaled: DMatrix<f64>,
    /// The same with positive parameters at their lower bound let go, for what follows from them; `None` where there is
    /// none, or where the data do not determine it.
    wide: Option<DMatrix<f64>>,
    /// Residual variance and correction for degrees of freedom; `None` when it cannot be estimated.
    pub(crate) variance_scale: Option<f64>,
    column_norms: Vec<f64>,
    pub(crate) nulls: Vec<NullDirection>,
    pub(crate) at_bound: Vec<Option<Bound>>,
    pub(crate) condition_number: f64,
    pub(crate) interval: IntervalKind,
    pub(crate) quantile: f64,
    /// Position in the predictor's parameters of each free one.
    free: Vec<usize>,
    /// `dθ/dφ` of each free one.
    slopes: Vec<f64>,
    free_names: Vec<String>,
}

/// What the uncertainty of the parameters means for a function of them.
pub(crate) enum Spread {
    /// Its standard deviation.
    Sd(f64),
    /// It cannot be computed.
    Unknown(Reason),
    /// The error of the data is unknown.
    NoVariance,
}

/// The 97.5 % quantile of Student's t (normal from 1e6 degrees of freedom on).
pub(crate) fn t_quantile(df: usize) -> f64 {
    match StudentsT::new(0.0, 1.0, df as f64) {
        Ok(t) if df < 1_000_000 => {
            // The library inverts by a search of limited accuracy; two Newton steps on its CDF give all digits.
            let mut q = t.inverse_cdf(0.975);
            for _ in 0..3 {
                use statrs::distribution::Continuous;
                q -= (t.cdf(q) - 0.975) / t.pdf(q);
            }
            q
        }
        _ => normal_quantile(),
    }
}

/// The 97.5 % quantile of the normal distribution.
pub(crate) fn normal_quantile() -> f64 {
    Normal::standard().inverse_cdf(0.975)
}

/// 95 % interval of a standard deviation estimated with `df` degrees of freedom.
pub(crate) fn sd_interval(sd: f64, df: usize) -> Option<(f64, f64)> {
    let chi = ChiSquared::new(df as f64).ok()?;
    let df = df as f64;
    Some((sd * (df / chi.inverse_cdf(0.975)).sqrt(), sd * (df / chi.inverse_cdf(0.025)).sqrt()))
}

/// The pseudo-inverse of an information among some of its components.
struct Inverted {
    unscaled: DMatrix<f64>,
    nulls: Vec<NullDirection>,
    condition_number: f64,
}

impl Inverted {
    fn of(
        lin: &Linearisation,
        open: &[usize],
        column_norms: &[f64],
        rank_tolerance: f64,
        name: &dyn Fn(&DVector<f64>) -> String,
    ) -> Result<Self, Breakdown> {
        let all = column_norms.len();
        let mut nulls = Vec::new();
        let mut unscaled = DMatrix::zeros(all, all);
        if open.is_empty() {
            return Ok(Self { unscaled, nulls, condition_number: 1.0 });
        }
        let scaled = DMatrix::from_fn(lin.m.nrows(), open.len(), |row, c| {
            let norm = column_norms[open[c]];
            if norm > 0.0 { lin.m[(row, open[c])] / norm } else { 0.0 }
        });
        let svd =
            nalgebra::linalg::SVD::try_new(scaled.qr().r(), false, true, f64::EPSILON, 10_000)
                .ok_or(Breakdown::SingularValues)?;
        let v_t = svd.v_t.ok_or(Breakdown::SingularVectors)?;
        let largest = svd.singular_values.max();
        let smallest = svd.singular_values.min();
        let condition_number =
            if smallest > 0.0 { (largest / smallest).powi(2) } else { f64::INFINITY };
        let mut full = DMatrix::zeros(open.len(), open.len());
        for (s, value) in svd.singular_values.iter().enumerate() {
            let v = v_t.row(s).transpose();
            if *value > rank_tolerance * largest {
                full += &v * v.transpose() / (value * value);
            } else {
                let mut direction = DVector::zeros(all);
                for (c, &k) in open.iter().enumerate() {
                    direction[k] = v[c];
                }
                let combination = name(&direction);
                nulls.push(NullDirection { scaled: direction, combination });
            }
        }
        for (a, &i) in open.iter().enumerate() {
            for (b, &j) in open.iter().enumerate() {
                if column_norms[i] > 0.0 && column_norms[j] > 0.0 {
                    unscaled[(i, j)] = full[(a, b)] / (column_norms[i] * column_norms[j]);
                }
            }
        }
        Ok(Self { unscaled, nulls, condition_number })
    }
}

impl Inference {
    /// Analyses the linearisation at the optimum.
    pub(crate) fn new(
        problem: &Problem<'_>,
        objective: &Objective<'_>,
        x: &[f64],
        lin: &Linearisation,
    ) -> Result<Self, Breakdown> {
        let (lower, upper) = objective.bounds();
        let names = coordinate_names(problem, objective);
        let free: Vec<usize> = objective.free().to_vec();
        let n_free = free.len();

        let bounds: Vec<Option<Bound>> = (0..x.len())
            .map(|k| {
                let natural = |v: f64| match free.get(k) {
                    Some(&i) => problem.parameters[i].transform.backward(v),
                    None => v.exp(),
                };
                if at_bound(x[k], lower[k]) {
                    Some(Bound::Lower(natural(lower[k])))
                } else if at_bound(x[k], upper[k]) {
                    Some(Bound::Upper(natural(upper[k])))
                } else {
                    None
                }
            })
            .collect();

        let column_norms: Vec<f64> = (0..x.len()).map(|k| lin.m.column(k).norm()).collect();
        let open: Vec<usize> = (0..x.len()).filter(|&k| bounds[k].is_none()).collect();
        let names_of = |direction: &DVector<f64>| combination(direction, &column_norms, &names);
        let rank_tolerance = problem.options.rank_tolerance.max(problem.predictor.precision());
        let Inverted { unscaled, nulls, condition_number } =
            Inverted::of(lin, &open, &column_norms, rank_tolerance, &names_of)?;
        // A rate at its lower bound may be larger than that, and what follows from it with it. Its information on the
        // natural scale is that of a parameter without the bound; the pseudo-inverse with it is the honest spread.
        let held_low: Vec<usize> = (0..n_free)
            .filter(|&k| {
                let log = problem.parameters[free[k]].transform == Transform::Log;
                log && matches!(bounds[k], Some(Bound::Lower(_))) && column_norms[k] > 0.0
            })
            .collect();
        let wide = if held_low.is_empty() {
            None
        } else {
            let mut freed = [open.clone(), held_low].concat();
            freed.sort_unstable();
            Inverted::of(lin, &freed, &column_norms, rank_tolerance, &names_of)
                .ok()
                .filter(|w| w.nulls.is_empty())
                .map(|w| w.unscaled)
        };

        let n = problem.observations.len();
        let df = n.saturating_sub(n_free);
        let (variance_scale, interval) = if objective.profiled() {
            let scale = (df > 0).then(|| 2.0 * lin.cost / df as f64);
            (scale, IntervalKind::StudentT { degrees_of_freedom: df })
        } else if lone_proportional(problem) && df > 0 {
            // The maximum-likelihood variance divides by n.
            (Some(n as f64 / df as f64), IntervalKind::StudentT { degrees_of_freedom: df })
        } else {
            (Some(1.0), IntervalKind::Normal)
        };
        let quantile = match interval {
            IntervalKind::StudentT { degrees_of_freedom } if degrees_of_freedom > 0 => {
                t_quantile(degrees_of_freedom)
            }
            _ => normal_quantile(),
        };
        let slopes = free
            .iter()
            .enumerate()
            .map(|(k, &i)| problem.parameters[i].transform.slope(x[k]))
            .collect();
        let free_names = free.iter().map(|&i| problem.parameters[i].name.clone()).collect();
        Ok(Self {
            unscaled,
            wide,
            variance_scale,
            column_norms,
            nulls,
            at_bound: bounds,
            condition_number,
            interval,
            quantile,
            free,
            slopes,
            free_names,
        })
    }

    /// Standard deviation of component `k` of `x`.
    pub(crate) fn sd(&self, k: usize) -> Option<f64> {
        let undefined = self.at_bound[k].is_some() || self.null_of(k).is_some();
        let scale = self.variance_scale?;
        (!undefined).then(|| (self.unscaled[(k, k)] * scale).max(0.0).sqrt())
    }

    /// The direction without information that component `k` takes part in.
    pub(crate) fn null_of(&self, k: usize) -> Option<&NullDirection> {
        // A tenth of the largest entry separates the parties to a trade-off from numerical dust.
        self.nulls.iter().find(|d| d.scaled[k].abs() > 0.1 * d.scaled.amax())
    }

    /// Covariance on the natural scale among `n` parameters of the predictor.
    pub(crate) fn natural_covariance(&self, n: usize) -> Option<DMatrix<f64>> {
        let scale = self.variance_scale?;
        let mut out = DMatrix::zeros(n, n);
        for (a, &i) in self.free.iter().enumerate() {
            for (b, &j) in self.free.iter().enumerate() {
                out[(i, j)] = self.unscaled[(a, b)] * self.slopes[a] * self.slopes[b] * scale;
            }
        }
        Some(out)
    }

    /// Spread of a function of the parameters with this gradient on the natural scale and this value.
    pub(crate) fn spread(&self, value: f64, gradient: &[f64]) -> Spread {
        let g: DVector<f64> = DVector::from_fn(self.column_norms.len(), |k, _| {
            self.free.get(k).map_or(0.0, |&i| gradient[i] * self.slopes[k])
        });
        for (k, bound) in self.at_bound.iter().enumerate() {
            if let Some(bound) = bound
                && k < self.free.len()
                && rests_on(g[k], value)
            {
                return Spread::Unknown(Reason::AtBound {
                    parameter: self.free_names[k].clone(),
                    bound: bound.value(),
                });
            }
        }
        let scaled = DVector::from_fn(g.len(), |k, _| {
            if self.column_norms[k] > 0.0 { g[k] / self.column_norms[k] } else { g[k] }
        });
        for d in &self.nulls {
            // 1e-4 of the gradient is what rounding leaves of an exactly estimable combination in an information of
            // condition 1e16; anything above really moves along the direction.
            if d.scaled.dot(&scaled).abs() > 1e-4 * scaled.norm() {
                return Spread::Unknown(Reason::Singular { combination: d.combination.clone() });
            }
        }
        match self.variance_scale {
            Some(s) => {
                let covariance = self.wide.as_ref().unwrap_or(&self.unscaled);
                let sd = (g.dot(&(covariance * &g)) * s).max(0.0).sqrt();
                // A value that only a parameter at its bound moves is the bound's, not the data's.
                let held = (0..self.free.len())
                    .find_map(|k| self.at_bound[k].filter(|_| g[k].abs() > 0.0).map(|b| (k, b)));
                match held {
                    Some((k, bound)) if sd <= 1e-12 * value.abs() => {
                        Spread::Unknown(Reason::AtBound {
                            parameter: self.free_names[k].clone(),
                            bound: bound.value(),
                        })
                    }
                    _ => Spread::Sd(sd),
                }
            }
            None => Spread::NoVariance,
        }
    }
}

/// Whether the only unknown of the variance is one factor of a proportional error, without priors or censoring.
fn lone_proportional(problem: &Problem<'_>) -> bool {
    use crate::problem::{Censoring, ErrorModel};
    matches!(problem.error, ErrorModel::Proportional { cv } if cv.estimated())
        && problem.observations.iter().all(|o| o.censoring == Censoring::None)
        && problem.parameters.iter().all(|p| p.fixed || p.prior.is_none())
}

/// Names of the coordinates of `x`.
fn coordinate_names(problem: &Problem<'_>, objective: &Objective<'_>) -> Vec<String> {
    let mut names: Vec<String> = objective
        .free()
        .iter()
        .map(|&i| problem.parameters[i].transform.describe(&problem.parameters[i].name))
        .collect();
    for (k, (name, _)) in problem.error.magnitudes().iter().enumerate() {
        if objective.sigma_index(k).is_some() {
            names.push(format!("ln({name})"));
        }
    }
    names
}

/// A direction in words, largest coefficient 1.
fn combination(direction: &DVector<f64>, column_norms: &[f64], names: &[String]) -> String {
    let largest = direction.amax();
    let mut terms: Vec<(usize, f64)> = Vec::new();
    for (k, v) in direction.iter().enumerate() {
        if v.abs() > 0.1 * largest {
            let natural = if column_norms[k] > 0.0 { v / column_norms[k] } else { *v };
            terms.push((k, natural));
        }
    }
    let unit = terms.iter().fold(0.0_f64, |a, t| if t.1.abs() > a.abs() { t.1 } else { a });
    let mut out = String::new();
    for (position, (k, v)) in terms.iter().enumerate() {
        let c = v / unit;
        let sign = match (position, c < 0.0) {
            (0, true) => "−",
            (0, false) => "",
            (_, true) => " − ",
            (_, false) => " + ",
        };
        out.push_str(&format!("{sign}{:.2}·{}", c.abs(), names[*k]));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_student_quantiles() {
        // t_{0.975} for 1 and 2 degrees of freedom have closed forms: tan(0.475 π), 0.95·√(2/(1 − 0.95²)).
        let one = (0.475 * std::f64::consts::PI).tan();
        let two = 0.95 * (2.0 / (1.0 - 0.95_f64.powi(2))).sqrt();
        // The CDF of statrs is good to about 1e-12, the quantile at one degree of freedom to 1e-9.
        assert!((t_quantile(1) / one - 1.0).abs() < 1e-8, "{}", t_quantile(1));
        assert!((t_quantile(2) / two - 1.0).abs() < 1e-9, "{}", t_quantile(2));
        assert!((normal_quantile() - 1.959_963_984_540_054).abs() < 1e-9);
    }
}
