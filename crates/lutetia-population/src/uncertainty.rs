//! How certain are the numbers of a model?
//!
//! The uncertainty of an estimate is not how patients differ: it becomes less with more data, and one value holds for
//! everybody. A model file says it as a standard error (`uncertainty`), or, of a number that is assumed or carried over
//! from something related, as the range from `min` to `max` in which it may lie.
//!
//! | said | law |
//! |---|---|
//! | a standard error relative to the value, CV | m·e^(ωz), ω² = ln(1 + CV²), within the bounds |
//! | a standard error s in the unit of the value | m + s·z, within the bounds |
//! | a range of an assumed number | even in the logarithm from `min` to `max`, where `min` is above zero |
//!
//! Parameters are drawn independently of each other: files state no correlation of estimates.

use lutetia_model::{
    ALIAS_SEPARATOR, Distribution, Evidence, Model, ParameterValue, Variability, listed_once,
    system::System,
};

use crate::draw::{Draws, normal_quantile, normal_share};

/// How many times its value the greatest of the range of an assumed number may be: bounds far above it are those of any
/// ligand, which a chain that states none takes over from its part.
pub const WIDEST_RANGE: f64 = 100.0;

/// The value of a range below which a share `u` of it lies: even in the logarithm where the least value is above zero,
/// else even.
#[must_use]
pub fn in_range((low, high): (f64, f64), u: f64) -> f64 {
    if low > 0.0 { low * (high / low).powf(u) } else { low + u * (high - low) }
}

/// What is said of how certain a number is.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Said {
    /// A standard error.
    Error(Variability),
    /// From the least to the greatest value.
    Range,
}

/// A parameter whose uncertainty is known.
#[derive(Debug, Clone, PartialEq)]
struct Uncertain {
    /// Its places: several where parts of a chain have it alike.
    slots: Vec<usize>,
    name: String,
    said: Said,
    bounds: (f64, f64),
}

/// The parameters of a model whose uncertainty is stated, and those of which nothing is.
#[derive(Debug, Clone, PartialEq)]
pub struct Uncertainty {
    drawn: Vec<Uncertain>,
    held: Vec<String>,
}

impl Uncertainty {
    /// Of a model, except parameters that are `set` and so known. Parameters of several parts of a chain that stand alike
    /// are one, with one value.
    #[must_use]
    pub fn of(model: &Model, system: &System, set: &[&str]) -> Self {
        let mut found = Self { drawn: Vec::new(), held: Vec::new() };
        for line in listed_once(&model.parameters) {
            let parameter = &model.parameters[line[0]];
            let ParameterValue::Number(value) = parameter.value else { continue };
            let names = line.iter().map(|&k| model.parameters[k].name.as_str());
            let slots: Vec<usize> =
                names.clone().filter_map(|name| system.parameter_index(name)).collect();
            let known = names.clone().any(|name| set.iter().any(|set| is(name, set)));
            let name = parameter.name.clone();
            let assumed = matches!(parameter.evidence, Some(Evidence::Assumed | Evidence::Related));
            let said = match (parameter.uncertainty, parameter.bounds) {
                _ if known => None,
                (Some(error), _) => Some(Said::Error(error)),
                (None, (Some(low), Some(high))) => {
                    let narrow = value > 0.0 && low < high && high <= WIDEST_RANGE * value;
                    (assumed && narrow).then_some(Said::Range)
                }
                _ => None,
            };
            let Some(said) = said else {
                found.held.push(name);
                continue;
            };
            let low = parameter.bounds.0.unwrap_or(f64::NEG_INFINITY);
            let bounds = (low, parameter.bounds.1.unwrap_or(f64::INFINITY));
            found.drawn.push(Uncertain { slots, name, said, bounds });
        }
        found
    }

    /// The parameters that are drawn, in the order of the model.
    pub fn drawn(&self) -> impl Iterator<Item = &str> {
        self.drawn.iter().map(|u| u.name.as_str())
    }

    /// Those of which no uncertainty is stated, which keep their values.
    #[must_use]
    pub fn held(&self) -> &[String] {
        &self.held
    }

    /// Values of one draw about those of `base`, internal, in the order of
    /// [`System::parameters`](lutetia_model::System::parameters): a function of the seed and the number of the draw.
    #[must_use]
    pub fn draw(&self, base: &[f64], seed: u64, number: u64) -> Vec<f64> {
        let draws = Draws::new(seed, number);
        let mut values = base.to_vec();
        for uncertain in &self.drawn {
            let u = draws.uniform(&format!("uncertainty {}", uncertain.name), 0);
            for &slot in &uncertain.slots {
                values[slot] = uncertain.value(base[slot], u);
            }
        }
        values
    }
}

impl Uncertain {
    /// The value of which a share `u` of the law lies below.
    fn value(&self, typical: f64, u: f64) -> f64 {
        let (low, high) = self.bounds;
        match self.said {
            Said::Range => in_range((low, high), u),
            Said::Error(Variability { sd, distribution: Distribution::Normal }) => {
                let z = between(u, (low - typical) / sd, (high - typical) / sd);
                (typical + sd * z).clamp(low, high)
            }
            Said::Error(Variability { sd, .. }) => {
                let scaled = |end: f64| match end > 0.0 {
                    true => (end / typical).ln() / sd,
                    false => f64::NEG_INFINITY,
                };
                let z = between(u, scaled(low), scaled(high));
                (typical * (sd * z).exp()).clamp(low, high)
            }
        }
    }
}

/// Whether a parameter is the one that is set under a name, `part.name` in a chain.
fn is(name: &str, set: &str) -> bool {
    name == set || set.replacen('.', &ALIAS_SEPARATOR.to_string(), 1) == name
}

/// The standard normal number between two ends below which a share `u` of those between them lies.
fn between(u: f64, low: f64, high: f64) -> f64 {
    let share = |z: f64| match z {
        z if z.is_infinite() => f64::from(u8::from(z > 0.0)),
        z => normal_share(z),
    };
    let (below, above) = (share(low), share(high));
    normal_quantile((below + u * (above - below)).clamp(f64::MIN_POSITIVE, 1.0 - f64::EPSILON))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uncertain(said: Said, bounds: (f64, f64)) -> Uncertain {
        Uncertain { slots: vec![0], name: "k".to_owned(), said, bounds }
    }

    const FREE: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);

    #[test]
    fn exact_quantiles_are_those_of_the_laws() {
        // Φ⁻¹(0.975) = 1.959964.
        let normal = Variability { sd: 0.5, distribution: Distribution::Normal };
        let found = uncertain(Said::Error(normal), FREE).value(3.0, 0.975);
        assert!((found - (3.0 + 0.5 * 1.959_963_985)).abs() < 1e-8, "{found}");
        let log = Variability { sd: 0.2, distribution: Distribution::LogNormal };
        let found = uncertain(Said::Error(log), FREE).value(3.0, 0.025);
        assert!((found / (3.0 * (-0.2 * 1.959_963_985_f64).exp()) - 1.0).abs() < 1e-8, "{found}");
        let range = uncertain(Said::Range, (0.1, 10.0)).value(2.0, 0.5);
        assert!((range - 1.0).abs() < 1e-12, "{range}");
    }

    /// Of a normal law cut at its typical value, the median is the third quartile of the whole.
    #[test]
    fn exact_bounds_cut_the_law() {
        let normal = Variability { sd: 1.0, distribution: Distribution::Normal };
        let found = uncertain(Said::Error(normal), (5.0, f64::INFINITY)).value(5.0, 0.5);
        assert!((found - 5.674_489_75).abs() < 1e-7, "{found}");
        let log = Variability { sd: 0.3, distribution: Distribution::LogNormal };
        let cut = uncertain(Said::Error(log), (0.0, 2.0));
        for k in 0..1000_u32 {
            let x = cut.value(2.0, (f64::from(k) + 0.5) / 1000.0);
            assert!((0.0..=2.0).contains(&x), "{x}");
        }
        assert!((cut.value(2.0, 0.5) / (2.0 * (-0.3 * 0.674_489_75_f64).exp()) - 1.0).abs() < 1e-7);
    }
}
