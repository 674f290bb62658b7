//! Profile likelihood of a parameter or of a quantity derived from them.

use argmin::core::{CostFunction, Error, Executor, State};
use nalgebra::{DMatrix, DVector};

use crate::error::{ProfileError, SearchFailure};
use crate::inference::IntervalKind;
use crate::likelihood::Objective;
use crate::problem::Problem;
use crate::result::Fit;
use crate::solver::{DampedScoring, FitState, Linearisation, Scored};

/// One end of a profile interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ProfileEnd {
    /// Where the deviance reaches its 95 % limit.
    Limit(f64),
    /// The deviance stays below the limit as far as the parameters may move: the data do not bound the quantity on this
    /// side. The value is the farthest reached.
    Open(f64),
}

impl ProfileEnd {
    /// The limit, where there is one.
    pub fn limit(self) -> Option<f64> {
        match self {
            Self::Limit(v) => Some(v),
            Self::Open(_) => None,
        }
    }
}

/// A profile: the deviance that the best fit keeps when a quantity is held at a value.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// Name of the quantity.
    pub name: String,
    /// Its value at the estimate.
    pub estimate: f64,
    /// Lower end of the 95 % interval.
    pub low: ProfileEnd,
    /// Upper end.
    pub high: ProfileEnd,
    /// Deviance at which the interval ends.
    pub limit: f64,
    /// (value, deviance), ascending in value.
    pub points: Vec<(f64, f64)>,
}

/// The objective pulled towards a value of the quantity.
#[derive(Clone)]
struct Pulled<'a> {
    objective: &'a Objective<'a>,
    problem: &'a Problem<'a>,
    quantity: Quantity<'a>,
    target: f64,
    /// Precision of the pull over the unit of the cost.
    weight: f64,
}

#[derive(Clone, Copy)]
enum Quantity<'a> {
    Parameter(usize),
    Derived(&'a str),
}

/// Why the search along a profile stops; the optimiser carries it as it is.
#[derive(Debug, thiserror::Error)]
enum Unfollowed {
    #[error("there is no `{name}` here")]
    Absent { name: String },
    #[error("the quantity is {value}")]
    NotFinite { value: f64 },
}

impl Pulled<'_> {
    /// The logarithm of the quantity (itself where it is not positive by nature), with the gradient on the scale of `x`.
    fn quantity(&self, x: &[f64]) -> Result<(f64, Vec<f64>), Error> {
        let theta = self.objective.theta(x);
        let (value, gradient, log) = match self.quantity {
            Quantity::Parameter(i) => {
                let mut g = vec![0.0; theta.len()];
                g[i] = 1.0;
                let log = self.problem.parameters[i].transform != crate::Transform::Identity;
                (theta[i], g, log)
            }
            Quantity::Derived(name) => {
                let list = self.problem.predictor.derived(&theta)?;
                let d = list
                    .into_iter()
                    .find(|d| d.name() == name)
                    .ok_or_else(|| Unfollowed::Absent { name: name.to_owned() })?;
                (d.value, d.gradient, d.positive)
            }
        };
        let (h, factor) = if log { (value.ln(), 1.0 / value) } else { (value, 1.0) };
        if !h.is_finite() {
            return Err(Unfollowed::NotFinite { value }.into());
        }
        let mut by_x = vec![0.0; x.len()];
        for (k, &i) in self.objective.free().iter().enumerate() {
            let slope = self.problem.parameters[i].transform.slope(x[k]);
            by_x[k] = gradient[i] * factor * slope;
        }
        Ok((h, by_x))
    }
}

impl CostFunction for Pulled<'_> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, x: &Self::Param) -> Result<f64, Error> {
        let (h, _) = self.quantity(x)?;
        let z = self.weight * (h - self.target);
        Ok(self.objective.cost(x)? + 0.5 * z * z)
    }
}

impl Scored for Pulled<'_> {
    fn linearise(&self, x: &[f64]) -> Result<Linearisation, Error> {
        let own = self.objective.linearise(x)?;
        let (h, by_x) = self.quantity(x)?;
        let z = self.weight * (h - self.target);
        let rows = own.m.nrows();
        let mut m = DMatrix::zeros(rows + 1, own.m.ncols());
        m.rows_mut(0, rows).copy_from(&own.m);
        let mut r = DVector::zeros(rows + 1);
        r.rows_mut(0, rows).copy_from(&own.r);
        r[rows] = z;
        for (c, g) in by_x.iter().enumerate() {
            m[(rows, c)] = self.weight * g;
        }
        Ok(Linearisation { cost: own.cost + 0.5 * z * z, r, m, scale: own.scale })
    }
}

/// The profile of `name` (a parameter or a derived quantity) with its 95 % interval.
///
/// For each value the other parameters are estimated anew; the interval holds the values whose deviance
/// `−2 ln L(value) + 2 ln L̂` stays below `χ²₁(0.95) = 3.84`. Where the variance was taken from the residuals the limit
/// is that of Bates and Watts (1988), `n ln(1 + t²/(n − p))`, which makes the interval exact for a linear model.
///
/// The value is held by a pull, not by a wall: the search minimises `cost + ½ w² (q − target)²`. Where it ends, its `q`
/// is not the target, but its cost is the least for that `q`, so the point lies on the profile exactly.
///
/// # Errors
/// The fit did not converge, there is no such quantity, no degrees of freedom, or a better fit lies along the profile.
pub fn profile(problem: &Problem<'_>, fit: &Fit, name: &str) -> Result<Profile, ProfileError> {
    if !fit.status.converged() {
        return Err(ProfileError::NotConverged { status: fit.status.clone() });
    }
    let objective = Objective::new(problem);
    let x = place(problem, fit, &objective);
    let quantity = match problem.parameters.iter().position(|p| p.name == name) {
        Some(i) if problem.parameters[i].fixed => {
            return Err(ProfileError::Fixed { name: name.to_owned() });
        }
        Some(i) => Quantity::Parameter(i),
        None => Quantity::Derived(name),
    };
    let limit = limit(problem, fit, &objective)?;
    let best = objective.cost_at(&x)?;
    let unit = objective.linearised(&x)?.scale;
    let mut pulled = Pulled { objective: &objective, problem, quantity, target: 0.0, weight: 1.0 };
    let (start, slope) =
        pulled.quantity(&x).map_err(|_| ProfileError::NoQuantity { name: name.to_owned() })?;
    if slope.iter().all(|g| g.abs() < 1e-12) {
        return Err(ProfileError::Unmoved { name: name.to_owned() });
    }
    let found = fit.derived.iter().find(|d| d.name() == name);
    let log = match quantity {
        Quantity::Parameter(i) => problem.parameters[i].transform != crate::Transform::Identity,
        Quantity::Derived(_) => found.is_none_or(|d| d.value > 0.0),
    };
    let back = |h: f64| if log { h.exp() } else { h };
    let estimate = back(start);
    // A standard error on the scale of the pull; where there is none, a tenth of the value.
    let se = found
        .and_then(|d| d.se)
        .or_else(|| fit.estimate(name).and_then(|e| e.se))
        .map(|se| if log { se / estimate } else { se })
        .filter(|se| se.is_finite() && *se > 0.0)
        .unwrap_or(0.1 * if log { 1.0 } else { estimate.abs().max(1e-12) })
        .min(if log { 1.0 } else { f64::INFINITY });
    // Twenty pulls of this strength hold a value to a twentieth of a standard error.
    pulled.weight = 20.0 * unit.sqrt() / se;

    let mut walk = Walk { pulled, best, limit, start, se, quantile: fit.inference.quantile, log };
    let mut points = vec![(estimate, 0.0)];
    let low = walk.side(-1.0, &x, name, &mut points)?;
    let high = walk.side(1.0, &x, name, &mut points)?;
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    Ok(Profile { name: name.to_owned(), estimate, low, high, limit, points })
}

/// The estimates on the scale of the objective; estimated magnitudes are part of it.
fn place(problem: &Problem<'_>, fit: &Fit, objective: &Objective<'_>) -> Vec<f64> {
    let mut x = objective.x(&fit.theta());
    for (k, (magnitude, _)) in problem.error.magnitudes().iter().enumerate() {
        if let Some(at) = objective.sigma_index(k)
            && let Some(e) = fit.magnitudes.iter().find(|e| e.name == *magnitude)
        {
            x[at] = e.value.ln();
        }
    }
    x
}

/// The deviance at which an interval ends.
fn limit(problem: &Problem<'_>, fit: &Fit, objective: &Objective<'_>) -> Result<f64, ProfileError> {
    let (n, p) = (problem.observations.len(), objective.n_free());
    let quantile = fit.inference.quantile;
    if !matches!(fit.interval, IntervalKind::StudentT { .. }) {
        return Ok(quantile * quantile);
    }
    let freedom = n.saturating_sub(p);
    if freedom == 0 {
        return Err(ProfileError::NoFreedom { observations: n, parameters: p });
    }
    Ok(n as f64 * (quantile * quantile / freedom as f64).ln_1p())
}

/// The way along a profile to its two ends.
struct Walk<'a> {
    pulled: Pulled<'a>,
    /// Cost at the estimate.
    best: f64,
    /// Deviance at which the interval ends.
    limit: f64,
    /// The quantity at the estimate, on the scale of the pull.
    start: f64,
    /// Its standard error there.
    se: f64,
    quantile: f64,
    log: bool,
}

impl Walk<'_> {
    fn back(&self, h: f64) -> f64 {
        if self.log { h.exp() } else { h }
    }

    fn deviance(&self, cost: f64) -> f64 {
        let objective = self.pulled.objective;
        if objective.profiled() {
            self.pulled.problem.observations.len() as f64 * (cost / self.best).ln()
        } else {
            2.0 * (cost - self.best)
        }
    }

    /// The best fit with the quantity pulled towards a value: place, value reached, deviance.
    fn solve(&mut self, from: &[f64], target: f64) -> Result<(Vec<f64>, f64, f64), SearchFailure> {
        self.pulled.target = target;
        let Pulled { objective, problem, .. } = self.pulled;
        let (lower, upper) = objective.bounds();
        let solver = DampedScoring::new(lower, upper, objective.step_limits(from), 1e-6)
            .with_interrupt(problem.options.interrupt.clone());
        let state = Executor::new(self.pulled.clone(), solver)
            .configure(|s: FitState| {
                s.param(from.to_vec()).max_iters(problem.options.max_iterations)
            })
            .ctrlc(false)
            .timer(false)
            .run()
            .map_err(SearchFailure::of)?
            .state;
        let found = state.get_param().cloned().unwrap_or_default();
        let (h, _) = self.pulled.quantity(&found).map_err(SearchFailure::of)?;
        let cost = objective.cost_at(&found).map_err(SearchFailure::from)?;
        Ok((found, h, self.deviance(cost)))
    }

    /// The end on one side, with the points passed on the way.
    fn side(
        &mut self,
        sign: f64,
        x: &[f64],
        name: &str,
        points: &mut Vec<(f64, f64)>,
    ) -> Result<ProfileEnd, ProfileError> {
        let (limit, start, se) = (self.limit, self.start, self.se);
        let (mut inside_x, mut inside) = (x.to_vec(), (start, 0.0_f64));
        let mut outside: Option<(f64, f64)> = None;
        let mut step = self.quantile * se;
        let mut target = start + sign * step;
        for _ in 0..60 {
            let Ok((at, h, dev)) = self.solve(&inside_x, target) else { break };
            // More than rounding and the tolerance of a search below the estimate is another minimum.
            if dev < -1e-4 {
                return Err(ProfileError::BetterFit { name: name.to_owned(), at: self.back(h) });
            }
            points.push((self.back(h), dev.max(0.0)));
            if dev >= limit {
                outside = Some((h, dev));
            } else {
                let stuck = (h - inside.0).abs() < 1e-3 * step;
                if sign * (h - inside.0) > 0.0 {
                    inside = (h, dev);
                    inside_x = at;
                }
                // A quantity that no longer follows, or has moved a thousandfold, is not bounded.
                if outside.is_none() && (stuck || (self.log && (h - start).abs() > 7.0)) {
                    break;
                }
            }
            match outside {
                Some(out) => {
                    if (out.1 - limit).abs().min((inside.1 - limit).abs()) < 1e-3 * limit
                        || (out.0 - inside.0).abs() < 1e-6 * se
                    {
                        break;
                    }
                    // The root of the deviance is nearly straight.
                    let (a, b) = (inside.1.max(0.0).sqrt(), out.1.sqrt());
                    let share = ((limit.sqrt() - a) / (b - a)).clamp(0.05, 0.95);
                    target = inside.0 + share * (out.0 - inside.0);
                }
                None => {
                    step *= 1.6;
                    target = inside.0 + sign * step;
                }
            }
        }
        Ok(match outside {
            Some(out) => {
                let (a, b) = (inside.1.max(0.0).sqrt(), out.1.sqrt());
                let share = if b > a { (limit.sqrt() - a) / (b - a) } else { 0.0 };
                ProfileEnd::Limit(self.back(inside.0 + share * (out.0 - inside.0)))
            }
            None => ProfileEnd::Open(self.back(inside.0)),
        })
    }
}
