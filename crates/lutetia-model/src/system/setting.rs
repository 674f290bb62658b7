//! What users set of a system, read once for the command, experiments and cohorts: values of parameters and
//! covariates, levels of categories, the nuclide of a dose, and which of them nothing reads.

use lutetia_units::{Quantity, UnitError};

use super::{
    ParameterInfo, ParameterKind, System,
    graph::Node,
    labels::{list, suggestion},
};

/// Why a value cannot be set.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SettingError {
    /// No quantity of the dimension of the parameter.
    #[error("cannot set `{name}`: {source}")]
    Unit {
        /// Parameter or covariate.
        name: String,
        /// Its unit; `1` where it is a number.
        unit: String,
        /// Why not.
        source: Box<UnitError>,
    },
    /// No level of a categorical covariate.
    #[error("`{found}` is not a level of `{name}`; its levels are {levels}")]
    Level {
        /// Covariate.
        name: String,
        /// As typed.
        found: String,
        /// Its levels.
        levels: String,
    },
    /// Outside the range in which the model holds.
    #[error("`{name}` = {found} is outside the range of the model, {low} to {high} {unit}")]
    Range {
        /// Covariate.
        name: String,
        /// As typed.
        found: String,
        /// Lower end in the declared unit.
        low: String,
        /// Upper end in the declared unit.
        high: String,
        /// Declared unit.
        unit: String,
    },
}

impl SettingError {
    /// A name and a text that it could be set to.
    #[must_use]
    pub fn example(&self) -> (&str, String) {
        match self {
            Self::Unit { name, unit, .. } if unit == "1" => (name, "0.5".to_owned()),
            Self::Unit { name, unit, .. } => (name, format!("2.4 {unit}")),
            Self::Level { name, levels, .. } => {
                (name, levels.split(", ").next().unwrap_or(levels).to_owned())
            }
            Self::Range { name, low, high, unit, .. } => {
                let end = if low == "…" { high } else { low };
                (name, format!("{end} {unit}").trim_end_matches(" 1").to_owned())
            }
        }
    }
}

/// Why the nuclide of a dose is not known.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DoseNuclideError {
    /// The pool carries several.
    #[error(
        "a dose into `{into}` does not say which nuclide its activity is of; `{into}` can carry {known}"
    )]
    Several {
        /// Pool.
        into: String,
        /// Nuclides it can carry.
        known: String,
    },
    /// The pool carries none.
    #[error("a dose into `{into}` has an activity, and `{into}` carries no nuclide{hint}")]
    None {
        /// Pool.
        into: String,
        /// A pool that does.
        hint: String,
    },
    /// The pool carries others.
    #[error("a dose into `{into}` is of `{nuclide}`; `{into}` can carry {known}")]
    Other {
        /// Pool.
        into: String,
        /// As typed.
        nuclide: String,
        /// Nuclides it can carry.
        known: String,
    },
}

impl ParameterInfo {
    /// The internal value of a text: a quantity of the parameter's dimension; for a categorical covariate the name of
    /// a level, or its number from 0 where no level is called by a number.
    ///
    /// # Errors
    /// [`SettingError::Unit`] and [`SettingError::Level`].
    pub fn value(&self, text: &str) -> Result<f64, SettingError> {
        if !self.levels.is_empty() {
            return self.level(text);
        }
        Quantity::parse(text).and_then(|q| q.to(&self.unit)).map(|x| x * self.factor).map_err(
            |source| SettingError::Unit {
                name: self.name.clone(),
                unit: self.unit.symbol().to_owned(),
                source: Box::new(source),
            },
        )
    }

    /// The internal value of a text that this parameter is set to: as [`Self::value`], and for a covariate within the
    /// range that the model declares. The bounds of a parameter serve its estimation only.
    ///
    /// # Errors
    /// [`SettingError`].
    pub fn setting(&self, text: &str) -> Result<f64, SettingError> {
        let value = self.value(text)?;
        let (low, high) = self.bounds;
        // The ends were read by other roundings.
        let slack = |end: f64| 1e-12 * end.abs();
        let outside = low.is_some_and(|low| value < low - slack(low))
            || high.is_some_and(|high| value > high + slack(high));
        if !outside || self.kind != ParameterKind::Covariate {
            return Ok(value);
        }
        // The way to the internal unit and back costs the last digits.
        let shown = |end: Option<f64>| {
            end.map_or_else(
                || "…".to_owned(),
                |x| {
                    let x = x / self.factor;
                    format!("{}", format!("{x:.9e}").parse().unwrap_or(x))
                },
            )
        };
        Err(SettingError::Range {
            name: self.name.clone(),
            found: text.to_owned(),
            low: shown(low),
            high: shown(high),
            unit: self.unit.symbol().to_owned(),
        })
    }

    fn level(&self, text: &str) -> Result<f64, SettingError> {
        #[expect(clippy::cast_precision_loss, reason = "levels are few")]
        let number = |k: usize| k as f64;
        if let Some(k) = self.levels.iter().position(|l| l == text) {
            return Ok(number(k));
        }
        let coded = self.levels.iter().all(|l| l.parse::<f64>().is_err());
        text.parse::<usize>()
            .ok()
            .filter(|k| coded && *k < self.levels.len())
            .map(number)
            .ok_or_else(|| SettingError::Level {
                name: self.name.clone(),
                found: text.to_owned(),
                levels: self.levels.join(", "),
            })
    }
}

impl System {
    /// The nuclide of a dose into a pool: the one that was said, or the only one that the pool can carry. A pool that
    /// is none is left to [`Self::dose_target`].
    ///
    /// # Errors
    /// [`DoseNuclideError`].
    pub fn dose_nuclide(&self, into: &str, said: Option<&str>) -> Result<String, DoseNuclideError> {
        let nuclides = self.nuclides();
        let carried: Vec<&str> = match self.dose_target(into) {
            Ok(target) => target.hot.iter().map(|h| nuclides[h.0].name.as_str()).collect(),
            Err(_) => nuclides.iter().map(|n| n.name.as_str()).collect(),
        };
        let into = into.to_owned();
        match (said, &carried[..]) {
            (Some(said), known) if known.contains(&said) => Ok(said.to_owned()),
            (None, [only]) => Ok((*only).to_owned()),
            (_, []) => {
                let hot = || self.dose_targets().iter().filter(|t| !t.hot.is_empty());
                let names = || hot().map(|t| t.name.as_str());
                let hint = if names().next().is_none() {
                    "; name the nuclide that the model is run with".to_owned()
                } else {
                    match suggestion(&into, names()) {
                        near if near.is_empty() => format!("; those that do are {}", list(names())),
                        near => near,
                    }
                };
                Err(DoseNuclideError::None { into, hint })
            }
            (Some(said), known) => Err(DoseNuclideError::Other {
                into,
                nuclide: said.to_owned(),
                known: known.join(", "),
            }),
            (None, known) => Err(DoseNuclideError::Several { into, known: known.join(", ") }),
        }
    }

    /// Indices of the parameters and covariates that nothing reads: no rate, output, initial value, event or dose
    /// depends on them.
    #[must_use]
    pub fn unread_parameters(&self) -> Vec<usize> {
        let inner = &self.inner;
        let happens = inner.events.times.iter().chain(&inner.events.values).chain(&inner.dosing);
        let roots = inner.rhs.iter().chain(&inner.initial).chain(&inner.output_roots);
        let roots = roots.chain(happens).copied();
        let mut read = vec![false; inner.parameters.len()];
        for (id, needed) in inner.graph.reachable(roots).into_iter().enumerate() {
            if let (true, Node::Parameter(k)) = (needed, inner.graph.node(id as super::graph::Id))
                && let Some(read) = read.get_mut(k as usize)
            {
                *read = true;
            }
        }
        (0..read.len()).filter(|&k| !read[k]).collect()
    }
}
