//! Which random effects does a model have, and how are they correlated?

use lutetia_model::{
    Model, ParameterValue, Variability,
    system::{ParameterInfo, System},
};
use nalgebra::DMatrix;

use crate::{
    draw::Draws,
    error::{NoVariability, PopulationError},
    law::{Form, ParameterLaw},
};

/// A random effect of one parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct RandomEffect {
    /// Index into the parameter vector of the system.
    pub slot: usize,
    /// Name of the parameter.
    pub name: String,
    /// How the parameter departs from its typical value.
    pub form: Form,
    /// Standard deviation ω of η, or π of κ.
    pub sd: f64,
    /// Bounds of the parameter, internal.
    pub bounds: (Option<f64>, Option<f64>),
}

impl RandomEffect {
    /// The effect of a variability that the model file declares for a parameter of the system.
    #[must_use]
    pub fn declared(slot: usize, info: &ParameterInfo, variability: Variability) -> Self {
        Self {
            slot,
            name: info.name.clone(),
            form: Form::declared(variability.distribution, info.bounds),
            sd: variability.sd,
            bounds: info.bounds,
        }
    }

    /// The law of the parameter about a typical value.
    #[must_use]
    pub fn law(&self, typical: f64) -> ParameterLaw {
        ParameterLaw { form: self.form, typical, sd: self.sd }
    }

    fn check(&self, typical: f64) -> Result<(), PopulationError> {
        let reason = match (self.form, self.bounds) {
            (form @ (Form::LogNormal | Form::BoxCox { .. }), _) if typical < 0.0 => {
                NoVariability::BelowZero { form: form.name(), typical }
            }
            (Form::LogitNormal { lo, hi }, _) if lo < typical && typical < hi => return Ok(()),
            (Form::LogitNormal { .. }, (Some(lower), Some(upper))) => {
                NoVariability::OutsideBounds { typical, lower, upper }
            }
            (Form::LogitNormal { .. }, _) => NoVariability::NoShare { typical },
            _ => return Ok(()),
        };
        Err(PopulationError::Variability { parameter: self.name.clone(), reason })
    }
}

/// The random effects of a model: η ~ N(0, Ω) between patients, with the correlations that the model declares, and
/// κ ~ N(0, π²) between the occasions of a patient, added to η of the same parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Effects {
    between: Vec<RandomEffect>,
    /// Lower Cholesky factor of the correlations of `between`.
    mixing: DMatrix<f64>,
    within: Vec<RandomEffect>,
}

impl Effects {
    /// Those of a model, about typical values in the order of
    /// [`System::parameters`](lutetia_model::System::parameters).
    ///
    /// # Errors
    /// [`PopulationError`]: a variability on a formula, a typical value outside the law, correlations that cannot
    /// hold together.
    pub fn of(model: &Model, system: &System, typical: &[f64]) -> Result<Self, PopulationError> {
        for parameter in &model.parameters {
            let formula = matches!(parameter.value, ParameterValue::Formula { .. });
            if formula && (parameter.iiv.is_some() || parameter.iov.is_some()) {
                return Err(PopulationError::Variability {
                    parameter: parameter.name.clone(),
                    reason: NoVariability::Formula,
                });
            }
        }
        let declared = |which: fn(&ParameterInfo) -> Option<Variability>| {
            let infos = system.parameters().iter().enumerate();
            infos
                .filter_map(|(slot, info)| {
                    which(info).map(|law| RandomEffect::declared(slot, info, law))
                })
                .collect::<Vec<_>>()
        };
        let between = declared(|info| info.iiv);
        let within = declared(|info| info.iov);
        for effect in between.iter().chain(&within) {
            effect.check(typical[effect.slot])?;
        }
        let mut pairs = Vec::new();
        for c in &model.correlations {
            let place = |index: usize| {
                let name = model.parameters.get(index).map(|p| p.name.as_str());
                between.iter().position(|e| Some(e.name.as_str()) == name)
            };
            if let (Some(a), Some(b)) = (place(c.first), place(c.second)) {
                pairs.push((a, b, c.value));
            }
        }
        let mixing = cholesky(between.len(), &pairs, "random effects")?;
        Ok(Self { between, mixing, within })
    }

    /// Those between patients.
    #[must_use]
    pub fn between(&self) -> &[RandomEffect] {
        &self.between
    }

    /// Those between the occasions of a patient.
    #[must_use]
    pub fn within(&self) -> &[RandomEffect] {
        &self.within
    }

    /// Ω, the covariance of those between patients.
    #[must_use]
    pub fn covariance(&self) -> DMatrix<f64> {
        let correlation = &self.mixing * self.mixing.transpose();
        DMatrix::from_fn(self.between.len(), self.between.len(), |a, b| {
            self.between[a].sd * correlation[(a, b)] * self.between[b].sd
        })
    }

    /// η of a patient.
    pub(crate) fn eta(&self, draws: &Draws, attempt: u64) -> Vec<f64> {
        let z: Vec<f64> = self
            .between
            .iter()
            .map(|e| draws.normal(&format!("iiv {}", e.name), attempt))
            .collect();
        self.between
            .iter()
            .enumerate()
            .map(|(k, e)| e.sd * (0..=k).map(|j| self.mixing[(k, j)] * z[j]).sum::<f64>())
            .collect()
    }

    /// The parameters of a patient on one occasion: typical ones with η, and κ of the occasion.
    pub(crate) fn apply(
        &self,
        typical: &[f64],
        eta: &[f64],
        kappa: impl Fn(&RandomEffect) -> f64,
    ) -> Vec<f64> {
        let mut parameters = typical.to_vec();
        for (effect, eta) in self.between.iter().zip(eta) {
            if !self.within.iter().any(|w| w.slot == effect.slot) {
                parameters[effect.slot] = effect.form.value(typical[effect.slot], *eta);
            }
        }
        for effect in &self.within {
            let own = self.between.iter().zip(eta).find(|(b, _)| b.slot == effect.slot);
            let between = own.map_or(0.0, |(_, eta)| *eta);
            parameters[effect.slot] =
                effect.form.value(typical[effect.slot], between + kappa(effect));
        }
        parameters
    }
}

/// Lower Cholesky factor of a correlation matrix given by its pairs.
pub(crate) fn cholesky(
    n: usize,
    pairs: &[(usize, usize, f64)],
    of: &'static str,
) -> Result<DMatrix<f64>, PopulationError> {
    let mut matrix = DMatrix::identity(n, n);
    for &(a, b, value) in pairs {
        if a == b || value.is_nan() || value.abs() >= 1.0 {
            return Err(PopulationError::Correlations { of });
        }
        matrix[(a, b)] = value;
        matrix[(b, a)] = value;
    }
    if n == 0 {
        return Ok(matrix);
    }
    matrix.cholesky().map(|c| c.l()).ok_or(PopulationError::Correlations { of })
}
