//! How is a covariate spread over patients?

use lutetia_model::{Model, log_sd_of_cv, system::System};
use nalgebra::DMatrix;

use crate::{
    covariate_law::{CovariateLaw, Said},
    draw::{Draws, normal_quantile, normal_share},
    effects::cholesky,
    error::{Instead, PopulationError},
    law::Form,
    range::{ExpectedLaw, NoLaw, PopulationRange},
    slots::covariate_slots,
};

/// A covariate with a law; the same value goes to every part that has it.
#[derive(Debug, Clone)]
struct Drawn {
    slots: Vec<usize>,
    name: String,
    law: CovariateLaw,
    range: (f64, f64),
}

/// The covariates of a population that have a law.
#[derive(Debug, Clone)]
pub(crate) struct Covariates {
    drawn: Vec<Drawn>,
    /// Lower Cholesky factor of their correlations.
    copula: DMatrix<f64>,
}

impl Covariates {
    /// Those with a law, and their correlations, checked against the model.
    pub(crate) fn of(
        model: &Model,
        system: &System,
        laws: &[(String, CovariateLaw)],
        correlations: &[(String, String, f64)],
    ) -> Result<Self, PopulationError> {
        let infos = system.parameters();
        let mut drawn: Vec<Drawn> = Vec::new();
        for (name, law) in laws {
            let slots = covariate_slots(system, name)?;
            if drawn.iter().any(|c| c.slots.iter().any(|s| slots.contains(s))) {
                return Err(PopulationRange::Twice { name: name.clone() }.into());
            }
            let info = &infos[slots[0]];
            let range = slots.iter().fold((f64::NEG_INFINITY, f64::INFINITY), |range, k| {
                let own = infos[*k].bounds;
                (
                    own.0.map_or(range.0, |lo| range.0.max(lo)),
                    own.1.map_or(range.1, |hi| range.1.min(hi)),
                )
            });
            let levels = model.covariates.get(info.index).map_or(0, |c| c.levels.len());
            let said = Said { unit: info.unit.symbol(), factor: info.factor };
            check(name, law, range, levels, &said)?;
            drawn.push(Drawn { slots, name: name.clone(), law: law.clone(), range });
        }
        let mut pairs = Vec::new();
        for (a, b, value) in correlations {
            let place = |name: &String| {
                drawn.iter().position(|c| c.name == *name).ok_or_else(|| PopulationError::Unknown {
                    what: "drawn covariate",
                    name: name.clone(),
                    instead: Instead::of(name, drawn.iter().map(|c| c.name.as_str())),
                })
            };
            pairs.push((place(a)?, place(b)?, *value));
        }
        let copula = cholesky(drawn.len(), &pairs, "covariates")?;
        Ok(Self { drawn, copula })
    }

    /// Whether a parameter is a covariate with a law.
    pub(crate) fn gives(&self, slot: usize) -> bool {
        self.drawn.iter().any(|c| c.slots.contains(&slot))
    }

    /// Writes the medians.
    pub(crate) fn write_medians(&self, parameters: &mut [f64]) {
        for c in &self.drawn {
            for slot in &c.slots {
                parameters[*slot] = quantile(&c.law, c.range, 0.5);
            }
        }
    }

    /// Writes the values of a patient.
    pub(crate) fn write_drawn(&self, draws: &Draws, attempt: u64, parameters: &mut [f64]) {
        let z: Vec<f64> = self
            .drawn
            .iter()
            .map(|c| draws.normal(&format!("covariate {}", c.name), attempt))
            .collect();
        for (k, c) in self.drawn.iter().enumerate() {
            let mixed: f64 = (0..=k).map(|j| self.copula[(k, j)] * z[j]).sum();
            let value = quantile(&c.law, c.range, normal_share(mixed));
            for slot in &c.slots {
                parameters[*slot] = value;
            }
        }
    }
}

fn check(
    name: &str,
    law: &CovariateLaw,
    range: (f64, f64),
    levels: usize,
    said: &Said<'_>,
) -> Result<(), PopulationRange> {
    let refuse = |expected: ExpectedLaw| {
        Err(PopulationRange::Law(Box::new(NoLaw {
            covariate: name.to_owned(),
            law: law.clone(),
            unit: said.unit.to_owned(),
            factor: said.factor,
            expected,
        })))
    };
    match law {
        CovariateLaw::Levels(_) if levels == 0 => refuse(ExpectedLaw::Numbers),
        CovariateLaw::Levels(shares) => {
            let sum: f64 = shares.iter().sum();
            if shares.len() != levels {
                return refuse(ExpectedLaw::ShareOfEach { levels });
            }
            // Shares are typed with a few digits; three thirds of three digits are 0.999.
            if shares.iter().any(|s| !s.is_finite() || *s < 0.0) || (sum - 1.0).abs() > 2e-3 {
                let (name, shares) = (name.to_owned(), shares.clone());
                return Err(PopulationRange::Shares { name, shares });
            }
            Ok(())
        }
        _ if levels > 0 && !matches!(law, CovariateLaw::Constant(_)) => refuse(ExpectedLaw::Shares),
        CovariateLaw::Constant(x) if !x.is_finite() || *x < range.0 || *x > range.1 => {
            refuse(ExpectedLaw::Within { range })
        }
        CovariateLaw::Normal { mean, sd } if !mean.is_finite() || !sd.is_finite() || *sd < 0.0 => {
            refuse(ExpectedLaw::Normal)
        }
        CovariateLaw::LogNormal { median, cv }
            if !median.is_finite() || *median <= 0.0 || !cv.is_finite() || *cv < 0.0 =>
        {
            refuse(ExpectedLaw::LogNormal)
        }
        CovariateLaw::Uniform { lower, upper }
            if !lower.is_finite() || !upper.is_finite() || lower > upper =>
        {
            refuse(ExpectedLaw::Uniform)
        }
        _ => {
            // Mass within the range, or the quantiles of the truncated law mean nothing.
            let (a, b) = (share_below(law, range.0), share_below(law, range.1));
            let spread = matches!(law, CovariateLaw::Normal { sd, .. } if *sd > 0.0)
                || matches!(law, CovariateLaw::LogNormal { cv, .. } if *cv > 0.0)
                || matches!(law, CovariateLaw::Uniform { lower, upper } if lower < upper);
            if spread && b - a < 1e-6 {
                return refuse(ExpectedLaw::SomebodyWithin { range });
            }
            Ok(())
        }
    }
}

/// Distribution function of an untruncated law; of no use for levels and constants.
fn share_below(law: &CovariateLaw, x: f64) -> f64 {
    match law {
        CovariateLaw::Normal { mean, sd } => normal_share(Form::Normal.eta(*mean, x) / sd),
        CovariateLaw::LogNormal { median, cv } => {
            if x <= 0.0 {
                0.0
            } else {
                normal_share(Form::LogNormal.eta(*median, x) / log_sd_of_cv(*cv))
            }
        }
        CovariateLaw::Uniform { lower, upper } => ((x - lower) / (upper - lower)).clamp(0.0, 1.0),
        CovariateLaw::Constant(_) | CovariateLaw::Levels(_) => f64::NAN,
    }
}

/// Quantile of a law truncated to a range.
fn quantile(law: &CovariateLaw, range: (f64, f64), u: f64) -> f64 {
    let within = |law: &CovariateLaw| {
        let (a, b) = (share_below(law, range.0), share_below(law, range.1));
        (a + u * (b - a)).clamp(f64::MIN_POSITIVE, 1.0 - f64::EPSILON / 2.0)
    };
    match law {
        CovariateLaw::Constant(x) => *x,
        CovariateLaw::Normal { mean, sd } if *sd > 0.0 => {
            let eta = sd * normal_quantile(within(law));
            Form::Normal.value(*mean, eta).clamp(range.0, range.1)
        }
        CovariateLaw::Normal { mean, .. } => mean.clamp(range.0, range.1),
        CovariateLaw::LogNormal { median, cv } if *cv > 0.0 => {
            let eta = log_sd_of_cv(*cv) * normal_quantile(within(law));
            Form::LogNormal.value(*median, eta).clamp(range.0, range.1)
        }
        CovariateLaw::LogNormal { median, .. } => median.clamp(range.0, range.1),
        CovariateLaw::Uniform { lower, upper } => {
            let (a, b) = (lower.max(range.0), upper.min(range.1));
            a + u * (b - a)
        }
        CovariateLaw::Levels(shares) => {
            let mut below = 0.0;
            let total: f64 = shares.iter().sum();
            for (level, share) in shares.iter().enumerate() {
                below += share / total;
                if u < below {
                    #[expect(clippy::cast_precision_loss, reason = "levels are few")]
                    return level as f64;
                }
            }
            #[expect(clippy::cast_precision_loss, reason = "levels are few")]
            let last = shares.iter().rposition(|s| *s > 0.0).unwrap_or(0) as f64;
            last
        }
    }
}
