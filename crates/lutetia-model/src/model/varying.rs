//! What a curve drives during a run: an input, or a parameter or covariate whose place an input of its name takes.

use lutetia_units::Unit;

use super::{ALIAS_SEPARATOR, Input, Model, ParameterValue};
use crate::expr::{Expr, Symbol};

/// What a curve drives.
#[derive(Debug, Clone, PartialEq)]
pub struct Driven {
    /// The input that it is a curve of; of several parts of a chain that share it, all are driven by it.
    pub input: String,
    /// The unit that the file declares.
    pub unit: Unit,
    /// The range in which the model holds, internal, where the name is a covariate with one.
    pub range: Option<(f64, f64)>,
}

/// Why a curve cannot drive what it names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VaryError {
    /// Nothing of that name.
    #[error("the model has no input, parameter or covariate `{name}`")]
    Unknown {
        /// As named.
        name: String,
        /// The nearest there is.
        near: Option<String>,
        /// The inputs there are.
        inputs: Vec<String>,
    },
    /// The result of a formula follows from what stands in it.
    #[error("`{name}` is the formula `{text}`, which no curve drives")]
    Formula {
        /// The parameter.
        name: String,
        /// As the author wrote it.
        text: String,
    },
    /// There is nothing between two levels.
    #[error("`{name}` has levels ({}), and a curve has numbers", levels.join(", "))]
    Levels {
        /// The covariate.
        name: String,
        /// Its levels.
        levels: Vec<String>,
    },
    /// Parts of a chain that mean different things by the name.
    #[error("several parts have `{name}`, and they are not the same: {}", parts.join(", "))]
    Disagree {
        /// As named.
        name: String,
        /// As each is called.
        parts: Vec<String>,
    },
}

impl VaryError {
    /// What can be done.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Unknown { near: Some(near), .. } => format!("did you mean `{near}`?"),
            Self::Unknown { inputs, .. } if inputs.is_empty() => {
                "the model has no inputs; `lutetia explain` lists its parameters and covariates"
                    .to_owned()
            }
            Self::Unknown { inputs, .. } => {
                format!(
                    "its inputs are {}; a parameter or covariate can be driven, too",
                    inputs.join(", ")
                )
            }
            Self::Formula { .. } => "drive what stands in it".to_owned(),
            Self::Levels { .. } => "set its level for the whole run with `--set`".to_owned(),
            Self::Disagree { parts, .. } => {
                let first = parts.first().map_or("", String::as_str);
                format!("name one of them, such as `{first}`")
            }
        }
    }
}

impl Model {
    /// Lets a curve drive what is called so: an input as it is; a parameter or covariate by an input of its name and
    /// dimension, which takes its place in every rate, definition, observable and volume, and in the formulas of other
    /// parameters. A bare name means that of all parts of a chain, where they agree.
    ///
    /// A parameter that is driven is not a parameter any more: it is neither set nor estimated and does not vary between
    /// patients. Effects of covariates on it stay, as they do where it is set.
    ///
    /// This is the last step before the model is compiled. What is evaluated once (initial values, the numbers of
    /// doses, times of events) cannot depend on what varies; [`crate::compile`] refuses it.
    ///
    /// # Errors
    /// [`VaryError`].
    pub fn vary(&mut self, name: &str) -> Result<Driven, VaryError> {
        let inputs = named(&self.inputs.iter().map(|i| i.name.as_str()), name);
        match inputs[..] {
            [] => {}
            [index] => {
                let input = &self.inputs[index];
                let (input, unit) = (input.name.clone(), input.unit.clone());
                return Ok(Driven { input, unit, range: None });
            }
            _ => {
                let parts = inputs.iter().map(|&i| written(&self.inputs[i].name)).collect();
                return Err(VaryError::Disagree { name: name.to_owned(), parts });
            }
        }
        let covariates = named(&self.covariates.iter().map(|c| c.name.as_str()), name);
        if !covariates.is_empty() {
            return self.vary_covariates(name, &covariates);
        }
        let parameters = named(&self.parameters.iter().map(|p| p.name.as_str()), name);
        if !parameters.is_empty() {
            return self.vary_parameters(name, &parameters);
        }
        let own = |name: &str| name.rsplit(ALIAS_SEPARATOR).next().unwrap_or(name).to_owned();
        let inputs: Vec<String> = self.inputs.iter().map(|i| written(&i.name)).collect();
        let parameters = self.parameters.iter().map(|p| own(&p.name));
        let known: Vec<String> = parameters
            .chain(self.covariates.iter().map(|c| own(&c.name)))
            .chain(self.inputs.iter().map(|i| own(&i.name)))
            .collect();
        let near = lutetia_diagnostic::closest(name, known.iter().map(String::as_str));
        Err(VaryError::Unknown { name: name.to_owned(), near: near.map(str::to_owned), inputs })
    }

    fn vary_covariates(&mut self, name: &str, found: &[usize]) -> Result<Driven, VaryError> {
        let first = &self.covariates[found[0]];
        if !first.levels.is_empty() {
            let levels = first.levels.clone();
            return Err(VaryError::Levels { name: name.to_owned(), levels });
        }
        let dimension = first.unit.dimension();
        if found.iter().any(|&c| {
            !self.covariates[c].levels.is_empty()
                || self.covariates[c].unit.dimension() != dimension
        }) {
            let parts = found.iter().map(|&c| written(&self.covariates[c].name)).collect();
            return Err(VaryError::Disagree { name: name.to_owned(), parts });
        }
        let unit = first.unit.clone();
        // A patient must be within the range of every part.
        let ranges = found.iter().filter_map(|&c| self.covariates[c].range);
        let range = ranges.reduce(|a, b| (a.0.max(b.0), a.1.min(b.1)));
        let input = self.drive(name, &unit);
        for &covariate in found {
            self.covariates[covariate].driven = Some(input);
        }
        Ok(Driven { input: name.to_owned(), unit, range })
    }

    fn vary_parameters(&mut self, name: &str, found: &[usize]) -> Result<Driven, VaryError> {
        let first = &self.parameters[found[0]];
        if !found.iter().all(|&p| self.parameters[p].stands_like(first) || p == found[0]) {
            let parts = found.iter().map(|&p| written(&self.parameters[p].name)).collect();
            return Err(VaryError::Disagree { name: name.to_owned(), parts });
        }
        if let ParameterValue::Formula { text, .. } = &first.value {
            let (name, text) = (name.to_owned(), text.clone());
            return Err(VaryError::Formula { name, text });
        }
        let unit = first.unit.clone();
        let input = self.drive(name, &unit);
        for &index in found {
            let parameter = &mut self.parameters[index];
            let expr = Expr::Symbol(Symbol::Input(input));
            parameter.value =
                ParameterValue::Formula { expr, text: format!("the curve of {name}") };
            parameter.iiv = None;
            parameter.iov = None;
            parameter.uncertainty = None;
            // Formulas that read it come after it.
            self.parameter_order.insert(0, index);
        }
        self.correlations.retain(|c| !found.contains(&c.first) && !found.contains(&c.second));
        Ok(Driven { input: name.to_owned(), unit, range: None })
    }

    /// A new input that has no value of its own.
    fn drive(&mut self, name: &str, unit: &Unit) -> usize {
        let about = Some("varies over time in the place of the number of the model".to_owned());
        self.inputs.push(Input { name: name.to_owned(), unit: unit.clone(), default: None, about });
        self.inputs.len() - 1
    }
}

/// The places of a name: itself, `part.name` for `part:name`, or that of all parts.
fn named<'a>(names: &(impl Iterator<Item = &'a str> + Clone), name: &str) -> Vec<usize> {
    let dotted = name.replacen('.', &ALIAS_SEPARATOR.to_string(), 1);
    let places = |is: &dyn Fn(&str) -> bool| -> Vec<usize> {
        names.clone().enumerate().filter(|(_, known)| is(known)).map(|(k, _)| k).collect()
    };
    let exact = places(&|known| known == name || known == dotted);
    if !exact.is_empty() {
        return exact;
    }
    places(&|known| known.rsplit_once(ALIAS_SEPARATOR).is_some_and(|(_, own)| own == name))
}

/// A name as people write it.
fn written(name: &str) -> String {
    name.replacen(ALIAS_SEPARATOR, ".", 1)
}
