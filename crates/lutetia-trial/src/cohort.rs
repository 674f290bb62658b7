//! Who are the patients?
//!
//! A virtual patient is drawn from the population that a model file declares: random effects with
//! their correlations, variability from cycle to cycle, covariates. All numbers are internal.

use std::num::NonZeroU64;

use lutetia_model::{
    Distribution, Model, ParameterValue, Variability,
    system::{ParameterKind, System},
};
use nalgebra::DMatrix;
use rayon::prelude::*;

use crate::{
    draw::{Draws, normal_quantile, normal_share},
    error::{TrialError, known},
    weighting::Pool,
};

/// The law of a covariate. Where the model declares a range, the law is truncated to it (by its
/// quantiles, so that correlations hold and no draw is wasted).
#[derive(Debug, Clone, PartialEq)]
pub enum Law {
    /// The same for everybody.
    Constant(f64),
    /// Normal.
    Normal {
        /// Mean before truncation.
        mean: f64,
        /// Standard deviation before truncation, ≥ 0.
        sd: f64,
    },
    /// Log-normal.
    LogNormal {
        /// Median before truncation, > 0.
        median: f64,
        /// Coefficient of variation as a fraction, ≥ 0: ω² = ln(1 + CV²).
        cv: f64,
    },
    /// Uniform.
    Uniform {
        /// Least value.
        lower: f64,
        /// Greatest value.
        upper: f64,
    },
    /// Levels of a categorical covariate with their shares, which sum to one; the value is the
    /// index of the level.
    Levels(Vec<f64>),
}

/// What must lie between two values for a patient to be plausible.
#[derive(Debug, Clone, PartialEq)]
pub struct Limit {
    /// A parameter (before covariate effects), a covariate, or an output at time zero.
    pub name: String,
    /// Least plausible value.
    pub lower: Option<f64>,
    /// Greatest plausible value.
    pub upper: Option<f64>,
}

/// How a cohort is drawn, beside what the model file says.
#[derive(Debug, Clone, PartialEq)]
pub struct CohortSpec {
    /// Seed.
    pub seed: u64,
    /// Typical values that differ from the file: parameters and covariates.
    pub typical: Vec<(String, f64)>,
    /// Laws of covariates; those without one take their typical value. In connected models a name without
    /// its part means the covariates of that name in all parts: they are one patient's.
    pub covariates: Vec<(String, Law)>,
    /// Correlations of covariates, as correlations of a Gaussian copula.
    pub correlations: Vec<(String, String, f64)>,
    /// Covariates that change from occasion to occasion (the cycle itself): a value per occasion,
    /// the last one holding for all later ones.
    pub by_occasion: Vec<(String, Vec<f64>)>,
    /// Number of occasions (cycles), at least 1.
    pub occasions: usize,
    /// Plausibility limits.
    pub limits: Vec<Limit>,
    /// Draws tried per patient before it is given up.
    pub most_attempts: u32,
    /// Size of the cohort where its patients are stratified ([`Draws::stratified`]): for few patients that
    /// should together resemble the population.
    pub stratified: Option<NonZeroU64>,
}

impl Default for CohortSpec {
    fn default() -> Self {
        Self {
            seed: 1,
            typical: Vec::new(),
            covariates: Vec::new(),
            correlations: Vec::new(),
            by_occasion: Vec::new(),
            occasions: 1,
            limits: Vec::new(),
            most_attempts: 1000,
            stratified: None,
        }
    }
}

/// One virtual patient.
#[derive(Debug, Clone, PartialEq)]
pub struct Patient {
    /// Number, from 0; with the seed it says everything about the patient.
    pub number: u64,
    /// One parameter vector per occasion, in the order of
    /// [`System::parameters`](lutetia_model::System::parameters); a single one where nothing changes.
    pub occasions: Vec<Vec<f64>>,
    /// Draws it took until the limits were met.
    pub attempts: u32,
    /// The patient's random numbers.
    pub draws: Draws,
}

impl Patient {
    /// The parameters of an occasion (from 0); the last ones hold for all later occasions.
    #[must_use]
    pub fn parameters(&self, occasion: usize) -> &[f64] {
        let last = self.occasions.len().saturating_sub(1);
        self.occasions.get(occasion.min(last)).map_or(&[], Vec::as_slice)
    }
}

/// A random effect of one parameter.
#[derive(Debug, Clone)]
struct RandomEffect {
    /// Index into the parameter vector.
    slot: usize,
    name: String,
    law: Variability,
    bounds: (Option<f64>, Option<f64>),
}

impl RandomEffect {
    fn apply(&self, typical: f64, eta: f64) -> f64 {
        match self.law.distribution {
            Distribution::LogNormal => typical * eta.exp(),
            Distribution::BoxCox { shape } => typical * ((shape * eta).exp_m1() / shape).exp(),
            Distribution::Normal => typical + eta,
            Distribution::LogitNormal => {
                let (lo, hi) = (self.bounds.0.unwrap_or(0.0), self.bounds.1.unwrap_or(1.0));
                let share = (typical - lo) / (hi - lo);
                let logit = (share / (1.0 - share)).ln() + eta;
                lo + (hi - lo) / (1.0 + (-logit).exp())
            }
        }
    }
}

/// Where the value of a limit is found.
#[derive(Debug, Clone, Copy)]
enum Place {
    Slot(usize),
    Output(usize),
}

#[derive(Debug, Clone)]
struct PlacedLimit {
    place: Place,
    lower: f64,
    upper: f64,
    text: String,
}

/// A covariate with a law; the same value goes to every part that has it.
#[derive(Debug, Clone)]
struct DrawnCovariate {
    slots: Vec<usize>,
    name: String,
    law: Law,
    range: (f64, f64),
}

/// A population ready to be drawn from.
#[derive(Debug, Clone)]
pub struct Population {
    system: System,
    seed: u64,
    typical: Vec<f64>,
    between: Vec<RandomEffect>,
    /// Lower Cholesky factor of the correlations of `between`.
    mixing: DMatrix<f64>,
    within: Vec<RandomEffect>,
    covariates: Vec<DrawnCovariate>,
    copula: DMatrix<f64>,
    by_occasion: Vec<(usize, Vec<f64>)>,
    occasions: usize,
    limits: Vec<PlacedLimit>,
    most_attempts: u32,
    pool: Option<Pool>,
    stratified: Option<NonZeroU64>,
}

/// Patients with what it took to draw them.
#[derive(Debug, Clone)]
pub struct Cohort {
    /// The patients, by number.
    pub patients: Vec<Patient>,
}

impl Cohort {
    /// Accepted draws per draw: 1 where no limit refuses anybody.
    #[must_use]
    pub fn acceptance_rate(&self) -> f64 {
        let attempts: u64 = self.patients.iter().map(|p| u64::from(p.attempts)).sum();
        #[expect(clippy::cast_precision_loss, reason = "counts of patients")]
        let rate = self.patients.len() as f64 / attempts as f64;
        if attempts == 0 { f64::NAN } else { rate }
    }
}

impl Population {
    /// Resolves the names of a specification against a model and its compiled form.
    ///
    /// Random effects are those of the model: θᵢ = θ·exp(η) (log-normal), θ + η (normal),
    /// logit⁻¹(logit θ + η) between the parameter's bounds, or θ·exp((e^(γη) − 1)/γ) (Box–Cox of shape γ); η ~ N(0, Ω) with the model's correlations.
    /// A variability between occasions κ ~ N(0, π²) is added to η on every occasion. A draw outside
    /// the bounds that the file declares for a parameter is refused, like one outside a limit.
    ///
    /// # Errors
    /// [`TrialError`]: a name that does not exist, a law out of range, a variability on a formula, a
    /// covariate without any value, correlations that cannot hold together.
    pub fn new(model: &Model, system: &System, spec: &CohortSpec) -> Result<Self, TrialError> {
        let infos = system.parameters();
        let names = || infos.iter().map(|p| p.name.as_str());
        // In connected models a name without its part means every covariate of that name (they are one
        // patient's), or the parameter of that name where there is one.
        let slots_of = |name: &str, what: &'static str| -> Result<Vec<usize>, TrialError> {
            if let Some(slot) = system.parameter_index(name) {
                return Ok(vec![slot]);
            }
            let slots: Vec<usize> = (0..infos.len())
                .filter(|&k| {
                    infos[k]
                        .name
                        .rsplit_once(lutetia_model::ALIAS_SEPARATOR)
                        .is_some_and(|(_, own)| own == name)
                })
                .collect();
            let covariates = slots.iter().all(|k| infos[*k].kind == ParameterKind::Covariate);
            match slots.len() {
                0 => Err(TrialError::Unknown {
                    what,
                    name: name.to_owned(),
                    hint: known(name, names()),
                }),
                n if n > 1 && !covariates => Err(TrialError::Unknown {
                    what: "single parameter",
                    name: name.to_owned(),
                    hint: format!(
                        "; several parts have it: {}",
                        slots
                            .iter()
                            .map(|k| infos[*k].name.as_str())
                            .collect::<Vec<_>>()
                            .join(", ")
                    ),
                }),
                _ => Ok(slots),
            }
        };
        let covariate_slots = |name: &str| {
            let slots = slots_of(name, "covariate")?;
            if slots.iter().all(|k| infos[*k].kind == ParameterKind::Covariate) {
                return Ok(slots);
            }
            let names = infos
                .iter()
                .filter(|p| p.kind == ParameterKind::Covariate)
                .map(|p| p.name.as_str());
            Err(TrialError::Unknown {
                what: "covariate",
                name: name.to_owned(),
                hint: format!(
                    "; it is a parameter, whose variability is its `iiv`{}",
                    known(name, names)
                ),
            })
        };
        if spec.occasions == 0 {
            return Err(out_of_range("the number of occasions", "0", "at least 1"));
        }
        if spec.most_attempts == 0 {
            return Err(out_of_range("the number of draws per patient", "0", "at least 1"));
        }

        let mut typical = system.default_parameters();
        for (name, value) in &spec.typical {
            if !value.is_finite() {
                return Err(out_of_range(name, &value.to_string(), "a finite number"));
            }
            for slot in slots_of(name, "parameter")? {
                typical[slot] = *value;
            }
        }
        for parameter in &model.parameters {
            let formula = matches!(parameter.value, ParameterValue::Formula { .. });
            if formula && (parameter.iiv.is_some() || parameter.iov.is_some()) {
                return Err(TrialError::Variability {
                    parameter: parameter.name.clone(),
                    reason: "its value is a formula; give the variability to the parameters in it"
                        .to_owned(),
                });
            }
        }
        let effects = |which: fn(&lutetia_model::system::ParameterInfo) -> Option<Variability>| {
            infos
                .iter()
                .enumerate()
                .filter_map(|(slot, info)| {
                    which(info).map(|law| RandomEffect {
                        slot,
                        name: info.name.clone(),
                        law,
                        bounds: info.bounds,
                    })
                })
                .collect::<Vec<_>>()
        };
        let between = effects(|info| info.iiv);
        let within = effects(|info| info.iov);
        for effect in between.iter().chain(&within) {
            check_effect(effect, typical[effect.slot])?;
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

        let mut covariates: Vec<DrawnCovariate> = Vec::new();
        for (name, law) in &spec.covariates {
            let slots = covariate_slots(name)?;
            if covariates.iter().any(|c| c.slots.iter().any(|s| slots.contains(s))) {
                return Err(out_of_range(
                    &format!("the law of `{name}`"),
                    "given twice",
                    "one law per covariate",
                ));
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
            check_law(name, law, range, levels, &said)?;
            covariates.push(DrawnCovariate { slots, name: name.clone(), law: law.clone(), range });
        }
        let mut pairs = Vec::new();
        for (a, b, value) in &spec.correlations {
            let place = |name: &String| {
                covariates.iter().position(|c| c.name == *name).ok_or_else(|| TrialError::Unknown {
                    what: "drawn covariate",
                    name: name.clone(),
                    hint: known(name, covariates.iter().map(|c| c.name.as_str())),
                })
            };
            pairs.push((place(a)?, place(b)?, *value));
        }
        let copula = cholesky(covariates.len(), &pairs, "covariates")?;

        let mut by_occasion = Vec::new();
        for (name, values) in &spec.by_occasion {
            let slots = covariate_slots(name)?;
            if values.is_empty() || values.iter().any(|v| !v.is_finite()) {
                return Err(out_of_range(
                    &format!("`{name}` by occasion"),
                    &format!("{values:?}"),
                    "at least one finite value",
                ));
            }
            for slot in slots {
                typical[slot] = values[0];
                by_occasion.push((slot, values.clone()));
            }
        }
        for (slot, info) in infos.iter().enumerate() {
            if typical[slot].is_nan() && !covariates.iter().any(|c| c.slots.contains(&slot)) {
                return Err(TrialError::NoCovariate {
                    name: info.name.clone(),
                    unit: info.unit.symbol().to_owned(),
                });
            }
        }

        let mut limits: Vec<PlacedLimit> = Vec::new();
        for effect in between.iter().chain(&within) {
            // Logit-normal draws lie within their bounds by construction.
            let (lower, upper) = effect.bounds;
            if effect.law.distribution == Distribution::LogitNormal
                || (lower.is_none() && upper.is_none())
            {
                continue;
            }
            limits.push(PlacedLimit {
                place: Place::Slot(effect.slot),
                lower: lower.unwrap_or(f64::NEG_INFINITY),
                upper: upper.unwrap_or(f64::INFINITY),
                text: format!("the bounds of `{}` in the model file", effect.name),
            });
        }
        for limit in &spec.limits {
            let (lower, upper) =
                (limit.lower.unwrap_or(f64::NEG_INFINITY), limit.upper.unwrap_or(f64::INFINITY));
            if lower.is_nan() || upper.is_nan() || lower >= upper {
                return Err(out_of_range(
                    &format!("the plausibility limit of `{}`", limit.name),
                    "empty",
                    "a lower limit below the upper one",
                ));
            }
            let place = match system.parameter_index(&limit.name) {
                Some(slot) => Place::Slot(slot),
                None => {
                    let names = infos
                        .iter()
                        .map(|p| p.name.as_str())
                        .chain(system.outputs().iter().map(|o| o.name.as_str()));
                    Place::Output(system.output_index(&limit.name).ok_or_else(|| {
                        TrialError::Unknown {
                            what: "parameter, covariate or output",
                            name: limit.name.clone(),
                            hint: known(&limit.name, names),
                        }
                    })?)
                }
            };
            let (unit, factor) = match place {
                Place::Slot(slot) => (infos[slot].unit.symbol(), infos[slot].factor),
                // Outputs are divided by their factor, parameters multiplied.
                Place::Output(o) => {
                    let info = &system.outputs()[o];
                    (info.unit.symbol(), 1.0 / info.factor)
                }
            };
            let said = Said { unit, factor };
            let text = format!("the limit of `{}`, {},", limit.name, said.range((lower, upper)));
            limits.push(PlacedLimit { place, lower, upper, text });
        }
        Ok(Self {
            system: system.clone(),
            seed: spec.seed,
            typical,
            between,
            mixing,
            within,
            covariates,
            copula,
            by_occasion,
            occasions: spec.occasions,
            limits,
            most_attempts: spec.most_attempts,
            pool: None,
            stratified: spec.stratified,
        })
    }

    /// The population that the weights of its first patients make of it: each patient is one of those, chosen in
    /// proportion to the weights by a random number of its own, so that what is counted needs no weights any more.
    /// A number still means the same patient in every arm and cohort; two numbers may mean the same parameters,
    /// and never the same fate.
    ///
    /// # Errors
    /// [`TrialError::OutOfRange`] for weights that are not on the simplex.
    pub fn weighted(mut self, weights: &[f64]) -> Result<Self, TrialError> {
        self.pool = Some(Pool::new(weights)?);
        Ok(self)
    }

    /// The compiled model the patients belong to.
    #[must_use]
    pub fn system(&self) -> &System {
        &self.system
    }

    /// The typical patient: no random effects, covariates without a law at their typical values and
    /// those with one at its median.
    #[must_use]
    pub fn typical(&self) -> Patient {
        let mut parameters = self.typical.clone();
        for c in &self.covariates {
            for slot in &c.slots {
                parameters[*slot] = quantile(&c.law, c.range, 0.5);
            }
        }
        let occasions = self.spread(&parameters, |_, _| 0.0, &vec![0.0; self.between.len()]);
        Patient { number: 0, occasions, attempts: 1, draws: Draws::new(self.seed, 0) }
    }

    /// The patient of a number.
    ///
    /// # Errors
    /// [`TrialError::Implausible`] when no draw meets the limits.
    pub fn patient(&self, number: u64) -> Result<Patient, TrialError> {
        let own = match self.stratified {
            Some(cohort) => Draws::stratified(self.seed, number, cohort),
            None => Draws::new(self.seed, number),
        };
        let draws = match &self.pool {
            Some(pool) => Draws::new(self.seed, pool.pick(own.uniform("prevalence", 0))),
            None => own,
        };
        let mut refused = vec![0_u32; self.limits.len()];
        for attempt in 0..self.most_attempts {
            let occasions = self.draw(&draws, u64::from(attempt));
            match self.refusal(&occasions) {
                None => {
                    return Ok(Patient { number, occasions, attempts: attempt + 1, draws: own });
                }
                Some(limit) => refused[limit] += 1,
            }
        }
        let worst = (0..refused.len()).max_by_key(|&k| refused[k]).unwrap_or(0);
        Err(TrialError::Implausible {
            patient: number,
            attempts: self.most_attempts,
            limit: self.limits.get(worst).map_or_else(String::new, |l| l.text.clone()),
            refused: refused.get(worst).copied().unwrap_or(0),
        })
    }

    /// The patients `first` to `first + size − 1`, drawn on the threads of the present pool.
    ///
    /// # Errors
    /// As [`Population::patient`], of the first patient it happens to; a cohort of nobody.
    pub fn cohort(&self, first: u64, size: usize) -> Result<Cohort, TrialError> {
        if size == 0 {
            return Err(out_of_range("the size of the cohort", "0", "at least one patient"));
        }
        let drawn: Vec<Result<Patient, TrialError>> =
            (0..size as u64).into_par_iter().map(|k| self.patient(first + k)).collect();
        Ok(Cohort { patients: drawn.into_iter().collect::<Result<_, _>>()? })
    }

    fn draw(&self, draws: &Draws, attempt: u64) -> Vec<Vec<f64>> {
        let mut parameters = self.typical.clone();
        let z: Vec<f64> = self
            .covariates
            .iter()
            .map(|c| draws.normal(&format!("covariate {}", c.name), attempt))
            .collect();
        for (k, c) in self.covariates.iter().enumerate() {
            let mixed: f64 = (0..=k).map(|j| self.copula[(k, j)] * z[j]).sum();
            let value = quantile(&c.law, c.range, normal_share(mixed));
            for slot in &c.slots {
                parameters[*slot] = value;
            }
        }
        let z: Vec<f64> = self
            .between
            .iter()
            .map(|e| draws.normal(&format!("iiv {}", e.name), attempt))
            .collect();
        let eta: Vec<f64> = self
            .between
            .iter()
            .enumerate()
            .map(|(k, e)| e.law.sd * (0..=k).map(|j| self.mixing[(k, j)] * z[j]).sum::<f64>())
            .collect();
        let kappa = |effect: &RandomEffect, occasion: usize| {
            let purpose = format!("iov {} {occasion}", effect.name);
            effect.law.sd * draws.normal(&purpose, attempt)
        };
        self.spread(&parameters, kappa, &eta)
    }

    /// One parameter vector per occasion.
    fn spread(
        &self,
        base: &[f64],
        kappa: impl Fn(&RandomEffect, usize) -> f64,
        eta: &[f64],
    ) -> Vec<Vec<f64>> {
        let changes = !self.within.is_empty() || self.by_occasion.iter().any(|(_, v)| v.len() > 1);
        let count = if changes { self.occasions } else { 1 };
        (0..count)
            .map(|occasion| {
                let mut parameters = base.to_vec();
                for (effect, eta) in self.between.iter().zip(eta) {
                    if !self.within.iter().any(|w| w.slot == effect.slot) {
                        parameters[effect.slot] = effect.apply(base[effect.slot], *eta);
                    }
                }
                for effect in &self.within {
                    let own = self.between.iter().zip(eta).find(|(b, _)| b.slot == effect.slot);
                    let between = own.map_or(0.0, |(_, eta)| *eta);
                    parameters[effect.slot] =
                        effect.apply(base[effect.slot], between + kappa(effect, occasion));
                }
                for (slot, values) in &self.by_occasion {
                    parameters[*slot] = values[occasion.min(values.len() - 1)];
                }
                parameters
            })
            .collect()
    }

    /// The first limit that refuses a draw.
    fn refusal(&self, occasions: &[Vec<f64>]) -> Option<usize> {
        if self.limits.is_empty() {
            return None;
        }
        let mut outputs = Vec::new();
        if self.limits.iter().any(|l| matches!(l.place, Place::Output(_))) {
            let mut evaluator = self.system.evaluator();
            evaluator.set_parameters(&occasions[0]);
            let mut x = vec![0.0; self.system.states().len()];
            evaluator.initial(&mut x);
            let inputs: Vec<f64> =
                self.system.inputs().iter().map(|i| i.default.unwrap_or(0.0)).collect();
            outputs.resize(self.system.outputs().len(), 0.0);
            evaluator.outputs(0.0, &x, &inputs, &mut outputs);
        }
        self.limits.iter().position(|limit| {
            let meets = |value: f64| value >= limit.lower && value <= limit.upper;
            match limit.place {
                Place::Slot(slot) => !occasions.iter().all(|parameters| meets(parameters[slot])),
                Place::Output(output) => !meets(outputs[output]),
            }
        })
    }
}

fn out_of_range(what: &str, found: &str, expected: &str) -> TrialError {
    TrialError::OutOfRange {
        what: what.to_owned(),
        found: found.to_owned(),
        expected: expected.to_owned(),
    }
}

fn check_effect(effect: &RandomEffect, typical: f64) -> Result<(), TrialError> {
    let refuse =
        |reason: String| Err(TrialError::Variability { parameter: effect.name.clone(), reason });
    match (effect.law.distribution, effect.bounds) {
        (Distribution::LogNormal | Distribution::BoxCox { .. }, _) if typical < 0.0 => {
            let kind = if effect.law.distribution == Distribution::LogNormal {
                "log-normal"
            } else {
                "Box-Cox"
            };
            refuse(format!("a {kind} parameter is above zero, and its typical value is {typical}"))
        }
        (Distribution::LogitNormal, (Some(lo), Some(hi))) if lo < typical && typical < hi => Ok(()),
        (Distribution::LogitNormal, (Some(lo), Some(hi))) => refuse(format!(
            "its typical value {typical} does not lie strictly between its bounds {lo} and {hi}"
        )),
        (Distribution::LogitNormal, _) if 0.0 < typical && typical < 1.0 => Ok(()),
        (Distribution::LogitNormal, _) => refuse(format!(
            "without bounds a logit-normal parameter lies between 0 and 1, and its typical value is {typical}; give it bounds"
        )),
        _ => Ok(()),
    }
}

/// How internal numbers of one covariate are told to people.
struct Said<'a> {
    unit: &'a str,
    factor: f64,
}

impl Said<'_> {
    fn value(&self, internal: f64) -> String {
        let declared = internal / self.factor;
        // Six digits are more than anybody types, and hide the rounding of the conversion.
        let rounded: f64 = format!("{declared:.6e}").parse().unwrap_or(declared);
        // A number without a unit stands alone, whatever it ends with.
        if self.unit.is_empty() || self.unit == "1" {
            rounded.to_string()
        } else {
            format!("{rounded} {}", self.unit)
        }
    }

    fn range(&self, range: (f64, f64)) -> String {
        match (range.0.is_finite(), range.1.is_finite()) {
            (true, true) => format!("{} to {}", self.value(range.0), self.value(range.1)),
            (true, false) => format!("{} or more", self.value(range.0)),
            (false, true) => format!("{} or less", self.value(range.1)),
            (false, false) => "any number".to_owned(),
        }
    }

    fn law(&self, law: &Law) -> String {
        match law {
            Law::Constant(x) => self.value(*x),
            Law::Normal { mean, sd } => {
                format!("normal with mean {} and sd {}", self.value(*mean), self.value(*sd))
            }
            Law::LogNormal { median, cv } => {
                format!("log-normal with median {} and CV {} %", self.value(*median), 100.0 * cv)
            }
            Law::Uniform { lower, upper } => {
                format!("uniform from {} to {}", self.value(*lower), self.value(*upper))
            }
            Law::Levels(shares) => format!("{} shares of levels", shares.len()),
        }
    }
}

fn check_law(
    name: &str,
    law: &Law,
    range: (f64, f64),
    levels: usize,
    said: &Said<'_>,
) -> Result<(), TrialError> {
    let refuse = |expected: &str| {
        Err(out_of_range(&format!("the law of `{name}`"), &said.law(law), expected))
    };
    match law {
        Law::Levels(_) if levels == 0 => refuse("numbers: the covariate has no levels"),
        Law::Levels(shares) => {
            let sum: f64 = shares.iter().sum();
            if shares.len() != levels {
                return refuse(&format!("one for each of the {levels} levels"));
            }
            // Shares are typed with a few digits; three thirds of three digits are 0.999.
            if shares.iter().any(|s| !s.is_finite() || *s < 0.0) || (sum - 1.0).abs() > 2e-3 {
                return Err(out_of_range(
                    &format!("the sum of the shares {shares:?} of `{name}`"),
                    &format!("{sum:.4}"),
                    "shares of zero or more that sum to one",
                ));
            }
            Ok(())
        }
        _ if levels > 0 && !matches!(law, Law::Constant(_)) => refuse("shares of its levels"),
        Law::Constant(x) if !x.is_finite() || *x < range.0 || *x > range.1 => {
            refuse(&format!("the range of the model file, {}", said.range(range)))
        }
        Law::Normal { mean, sd } if !mean.is_finite() || !sd.is_finite() || *sd < 0.0 => {
            refuse("finite numbers, sd zero or more")
        }
        Law::LogNormal { median, cv }
            if !median.is_finite() || *median <= 0.0 || !cv.is_finite() || *cv < 0.0 =>
        {
            refuse("a median above zero and a CV of zero or more")
        }
        Law::Uniform { lower, upper }
            if !lower.is_finite() || !upper.is_finite() || lower > upper =>
        {
            refuse("a lower end below the upper one")
        }
        _ => {
            // Mass within the range, or the quantiles of the truncated law mean nothing.
            let (a, b) = (share_below(law, range.0), share_below(law, range.1));
            let spread = matches!(law, Law::Normal { sd, .. } if *sd > 0.0)
                || matches!(law, Law::LogNormal { cv, .. } if *cv > 0.0)
                || matches!(law, Law::Uniform { lower, upper } if lower < upper);
            if spread && b - a < 1e-6 {
                return refuse(&format!(
                    "a law with patients in the range of the model file, {}",
                    said.range(range)
                ));
            }
            Ok(())
        }
    }
}

/// Distribution function of an untruncated law; of no use for levels and constants.
fn share_below(law: &Law, x: f64) -> f64 {
    match law {
        Law::Normal { mean, sd } => normal_share((x - mean) / sd),
        Law::LogNormal { median, cv } => {
            if x <= 0.0 {
                0.0
            } else {
                normal_share((x / median).ln() / log_sd(*cv))
            }
        }
        Law::Uniform { lower, upper } => ((x - lower) / (upper - lower)).clamp(0.0, 1.0),
        Law::Constant(_) | Law::Levels(_) => f64::NAN,
    }
}

/// The exact relation of the CV of a log-normal variable to the sd of its logarithm.
fn log_sd(cv: f64) -> f64 {
    (cv * cv).ln_1p().sqrt()
}

/// Quantile of a law truncated to a range.
fn quantile(law: &Law, range: (f64, f64), u: f64) -> f64 {
    let within = |law: &Law| {
        let (a, b) = (share_below(law, range.0), share_below(law, range.1));
        (a + u * (b - a)).clamp(f64::MIN_POSITIVE, 1.0 - f64::EPSILON / 2.0)
    };
    match law {
        Law::Constant(x) => *x,
        Law::Normal { mean, sd } if *sd > 0.0 => {
            (mean + sd * normal_quantile(within(law))).clamp(range.0, range.1)
        }
        Law::Normal { mean, .. } => mean.clamp(range.0, range.1),
        Law::LogNormal { median, cv } if *cv > 0.0 => {
            (median * (log_sd(*cv) * normal_quantile(within(law))).exp()).clamp(range.0, range.1)
        }
        Law::LogNormal { median, .. } => median.clamp(range.0, range.1),
        Law::Uniform { lower, upper } => {
            let (a, b) = (lower.max(range.0), upper.min(range.1));
            a + u * (b - a)
        }
        Law::Levels(shares) => {
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

/// Lower Cholesky factor of a correlation matrix given by its pairs.
fn cholesky(
    n: usize,
    pairs: &[(usize, usize, f64)],
    of: &'static str,
) -> Result<DMatrix<f64>, TrialError> {
    let mut matrix = DMatrix::identity(n, n);
    for &(a, b, value) in pairs {
        if a == b || value.is_nan() || value.abs() >= 1.0 {
            return Err(TrialError::Correlations { of });
        }
        matrix[(a, b)] = value;
        matrix[(b, a)] = value;
    }
    if n == 0 {
        return Ok(matrix);
    }
    matrix.cholesky().map(|c| c.l()).ok_or(TrialError::Correlations { of })
}
