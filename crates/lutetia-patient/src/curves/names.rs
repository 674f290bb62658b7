//! How functions, error models and the count of the variance are named.

use lutetia_fit::{ErrorModel, FUNCTIONS, Function, Magnitude, VarianceCount};
use lutetia_units::{Dimension, Quantity, Unit, significant};

use crate::{TextError, percent::refuse_bare};

/// The functions of these names, at least one; `all` stands for every one. The published names (`f3a`, `f4d`) are known
/// too.
///
/// # Errors
/// [`TextError::Function`], which lists the names; [`TextError::NoFunction`].
pub fn functions(names: &[String]) -> Result<Vec<(String, &'static Function)>, TextError> {
    if names.is_empty() {
        return Err(TextError::NoFunction);
    }
    if matches!(names, [all] if all == "all") {
        return Ok(FUNCTIONS.iter().map(|f| (f.name.to_owned(), f)).collect());
    }
    names
        .iter()
        .map(|name| {
            let found = Function::named(name).map_err(|source| {
                let known = FUNCTIONS
                    .iter()
                    .flat_map(|f| std::iter::once(f.name).chain(f.published.iter().map(|p| p.0)));
                let near = lutetia_diagnostic::closest(name, known).map(str::to_owned);
                TextError::Function { source, near }
            })?;
            Ok((name.clone(), found))
        })
        .collect()
}

/// How the variance is counted, from `estimated`, `always` or `never`.
///
/// # Errors
/// [`TextError::VarianceCount`].
pub fn variance_count(text: &str) -> Result<VarianceCount, TextError> {
    match text {
        "estimated" => Ok(VarianceCount::Estimated),
        "always" => Ok(VarianceCount::Always),
        "never" => Ok(VarianceCount::Never),
        _ => Err(TextError::VarianceCount { text: text.to_owned() }),
    }
}

/// An error model from text: `proportional 10 %`, `additive 5 MBq`, `combined 5 MBq + 10 %`,
/// `proportional` (its size estimated), or `unweighted` (additive, its size taken from the residuals).
///
/// # Errors
/// [`TextError`]: no error model, a magnitude that cannot be read.
pub fn error_model(text: &str) -> Result<ErrorModel, TextError> {
    let fail = || TextError::ErrorModel { text: text.to_owned() };
    let (kind, rest) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
    let additive = |t: &str| -> Result<Magnitude, TextError> {
        Ok(Magnitude::Fixed(Quantity::parse(t)?.to(&Unit::parse("MBq")?)?))
    };
    let fraction = |t: &str| -> Result<Magnitude, TextError> {
        let q = Quantity::parse(t)?;
        refuse_bare(t)?;
        if q.dimension() == Dimension::NONE { Ok(Magnitude::Fixed(q.si())) } else { Err(fail()) }
    };
    match kind {
        "unweighted" if rest.is_empty() => {
            Ok(ErrorModel::Additive { sd: Magnitude::Estimated(1.0) })
        }
        "proportional" if rest.is_empty() => {
            Ok(ErrorModel::Proportional { cv: Magnitude::Estimated(0.1) })
        }
        "proportional" => Ok(ErrorModel::Proportional { cv: fraction(rest)? }),
        "additive" => Ok(ErrorModel::Additive { sd: additive(rest)? }),
        "combined" => {
            let (a, b) = rest.split_once('+').ok_or_else(fail)?;
            Ok(ErrorModel::Combined { sd: additive(a)?, cv: fraction(b)? })
        }
        _ => Err(fail()),
    }
}

/// An error model in the words of [`error_model`].
pub(super) fn describe(error: ErrorModel) -> String {
    let share = |m: Magnitude| {
        if m.estimated() {
            String::new()
        } else {
            format!(" {} %", significant(100.0 * m.value(), 4))
        }
    };
    let mbq = |m: Magnitude| format!("{} MBq", significant(m.value(), 4));
    match error {
        ErrorModel::Known => "of the table".to_owned(),
        ErrorModel::Weighted => "of the table up to a factor".to_owned(),
        ErrorModel::Additive { sd } if sd.estimated() => "unweighted".to_owned(),
        ErrorModel::Additive { sd } => format!("additive {}", mbq(sd)),
        ErrorModel::Proportional { cv } => format!("proportional{}", share(cv)),
        ErrorModel::Combined { sd, cv } => format!("combined {} +{}", mbq(sd), share(cv)),
    }
}
