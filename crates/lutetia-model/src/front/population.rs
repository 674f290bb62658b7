//! Population structure and residual errors.

use lutetia_diagnostic::Diagnostic;
use lutetia_units::{Dimension, Quantity, Unit, UnitSystem};

use super::{
    code,
    declare::{Fields, unknown, wrong_kind},
    fields::{place, quantity, quantity_of, text},
    text::Text,
    tree::{Node, Value},
};
use crate::model::{Correlation, Distribution, ResidualError, Variability};

/// The distribution of a parameter's random effects.
pub(super) fn distribution(fields: &Fields, faults: &mut Vec<Diagnostic>) -> Distribution {
    let word = text(fields, "distribution", faults);
    let transformed = word.is_some_and(|t| t.as_str() == "box-cox");
    if !transformed && fields.get("shape").is_some() {
        faults.push(
            Diagnostic::error(code::POPULATION, "`shape` is of a Box-Cox distribution only")
                .at(place(fields, "shape"), "")
                .hint("write `distribution = \"box-cox\"`, or leave `shape` out"),
        );
    }
    match word {
        None => Distribution::LogNormal,
        Some(t) => match t.as_str() {
            "box-cox" => Distribution::BoxCox { shape: shape(fields, t, faults) },
            "lognormal" => Distribution::LogNormal,
            "normal" => Distribution::Normal,
            "logitnormal" => Distribution::LogitNormal,
            other => {
                faults.push(
                    Diagnostic::error(code::POPULATION, format!("unknown distribution `{other}`"))
                        .at(t.span(), "")
                        .hint("one of `lognormal`, `normal`, `logitnormal`, `box-cox`"),
                );
                Distribution::LogNormal
            }
        },
    }
}

/// `shape` of a Box–Cox distribution; 1 where it is faulty, which has been said.
fn shape(fields: &Fields, distribution: &Text, faults: &mut Vec<Diagnostic>) -> f64 {
    let mut refuse =
        |message: String, at| {
            faults.push(Diagnostic::error(code::POPULATION, message).at(at, "").hint(
                "write `shape = -0.8`: below 0 for a short upper tail, above 0 for a long one",
            ));
            1.0
        };
    match fields.get("shape") {
        None => refuse("a Box-Cox distribution has no `shape`".to_owned(), distribution.span()),
        Some(Node { value: Value::Number(x), .. }) if x.is_finite() && x.abs() > 1e-6 => *x,
        Some(Node { value: Value::Number(x), span, .. }) => refuse(
            format!(
                "`shape` is {x}; expected a number that is not 0, where the distribution is log-normal"
            ),
            *span,
        ),
        Some(node) => {
            faults.push(wrong_kind("shape", &node.value, "a number", node.span));
            1.0
        }
    }
}

/// `uncertainty` of a parameter: a standard error, relative to the value (log-normal) or in its unit (normal).
pub(super) fn uncertainty(
    fields: &Fields,
    (value, unit): (f64, &Unit),
    units: &UnitSystem,
    faults: &mut Vec<Diagnostic>,
) -> Option<Variability> {
    let t = text(fields, "uncertainty", faults)?;
    let q = quantity(t, faults)?;
    let relative = t.as_str().trim_end().ends_with('%');
    let refusal = if q.value() <= 0.0 {
        Some((
            format!("`uncertainty` is `{q}`; expected a standard error above zero"),
            "leave `uncertainty` out where it is not known",
        ))
    } else if relative && value <= 0.0 {
        Some((
            format!("`uncertainty` is `{q}` of a value that is not above zero"),
            "give a standard error in the unit of the value",
        ))
    } else if !relative && q.dimension() != unit.dimension() {
        Some((
            format!(
                "`uncertainty` is `{q}` ({}); expected a standard error in {unit}, or `12 %` of the value",
                q.dimension()
            ),
            "write `12 %`, or a quantity in the unit of the value",
        ))
    } else {
        None
    };
    if let Some((message, hint)) = refusal {
        faults.push(Diagnostic::error(code::POPULATION, message).at(t.span(), "").hint(hint));
        return None;
    }
    Some(if relative {
        let sd = crate::model::log_sd_of_cv(q.si());
        Variability { sd, distribution: Distribution::LogNormal }
    } else {
        let sd = if q.dimension().is_none() { q.si() } else { units.to_internal(&q) };
        Variability { sd, distribution: Distribution::Normal }
    })
}

/// `iiv` or `iov` of a parameter: a CV for log-normal and Box–Cox, a number for logit-normal, a quantity for normal.
pub(super) fn variability(
    fields: &Fields,
    key: &str,
    distribution: Distribution,
    unit: &Unit,
    units: &UnitSystem,
    faults: &mut Vec<Diagnostic>,
) -> Option<Variability> {
    let t = text(fields, key, faults)?;
    let q = quantity(t, faults)?;
    let mut refuse = |message: String, hint: String| {
        faults.push(Diagnostic::error(code::POPULATION, message).at(t.span(), "").hint(hint));
        None
    };
    if q.value() <= 0.0 {
        return refuse(
            format!("`{key}` is `{q}`; expected a number above zero"),
            format!("leave `{key}` out where individuals do not differ"),
        );
    }
    let sd = match distribution {
        Distribution::Normal if q.dimension() == unit.dimension() && !q.dimension().is_none() => {
            units.to_internal(&q)
        }
        Distribution::Normal if q.dimension() == unit.dimension() => q.si(),
        Distribution::Normal => {
            return refuse(
                format!(
                    "`{key}` of a normal distribution is `{q}` ({}); expected {}",
                    q.dimension(),
                    unit.dimension()
                ),
                format!("give a standard deviation in {unit}"),
            );
        }
        _ if !q.dimension().is_none() => {
            return refuse(
                format!(
                    "`{key}` is `{q}` ({}); expected a coefficient of variation",
                    q.dimension()
                ),
                "write `30 %`".to_owned(),
            );
        }
        // ω² = ln(1 + CV²), the exact relation for a log-normal variable.
        Distribution::LogNormal | Distribution::BoxCox { .. } => crate::model::log_sd_of_cv(q.si()),
        Distribution::LogitNormal => q.si(),
    };
    Some(Variability { sd, distribution })
}

/// `proportional 10 %`, `additive 5 MBq`, `combined 5 MBq + 10 %`, `lognormal 20 %`.
pub(super) fn residual_error(
    t: &Text,
    unit: &Unit,
    units: &UnitSystem,
    faults: &mut Vec<Diagnostic>,
) -> Option<ResidualError> {
    let at = t.as_str().find(' ').unwrap_or(t.as_str().len());
    let kind = t.part(0, at);
    let rest = t.part(at, t.as_str().len());
    let before = faults.len();
    let fraction = |t: &Text, faults: &mut Vec<Diagnostic>| {
        let q = quantity_of(t, Dimension::NONE, "a proportional error", faults)?;
        positive(&q, t, faults)
    };
    let absolute = |t: &Text, faults: &mut Vec<Diagnostic>| {
        let q = quantity_of(t, unit.dimension(), "an additive error", faults)?;
        positive(&q, t, faults)?;
        Some(units.to_internal(&q))
    };
    let found = match kind.as_str() {
        "proportional" => fraction(&rest, faults).map(|b| ResidualError::Proportional { b }),
        "lognormal" => fraction(&rest, faults).map(|b| ResidualError::LogNormal { b }),
        "additive" => absolute(&rest, faults).map(|a| ResidualError::Additive { a }),
        "combined" => match &rest.split('+')[..] {
            [a, b] => {
                let (a, b) = (absolute(a, faults), fraction(b, faults));
                a.zip(b).map(|(a, b)| ResidualError::Combined { a, b })
            }
            _ => None,
        },
        _ => None,
    };
    if found.is_none() && faults.len() == before {
        faults.push(
            Diagnostic::error(code::ERROR_MODEL, format!("cannot read the residual error `{}`", t.as_str()))
                .at(t.span(), "")
                .hint("write `proportional 10 %`, `additive 5 MBq`, `combined 5 MBq + 10 %` or `lognormal 20 %`"),
        );
    }
    found
}

fn positive(q: &Quantity, t: &Text, faults: &mut Vec<Diagnostic>) -> Option<f64> {
    if q.value() > 0.0 {
        return Some(q.si());
    }
    faults.push(
        Diagnostic::error(
            code::ERROR_MODEL,
            format!("a residual error is `{q}`; expected a number above zero"),
        )
        .at(t.span(), "")
        .hint("leave `error` out where an observable is not compared with data"),
    );
    None
}

/// `[population] correlations`.
pub(super) fn correlations(
    fields: &Fields,
    index_of: &dyn Fn(&str) -> Option<(usize, bool)>,
    faults: &mut Vec<Diagnostic>,
) -> Vec<Correlation> {
    let Some(node) = fields.get("correlations") else { return Vec::new() };
    let Value::List(items) = &node.value else {
        faults.push(wrong_kind("correlations", &node.value, "a list", node.span));
        return Vec::new();
    };
    let mut out: Vec<Correlation> = Vec::new();
    for item in items {
        let Value::Table(list) = &item.value else {
            faults.push(wrong_kind(
                "correlations",
                &item.value,
                "`{ of = [\"CL\", \"V\"], value = 0.5 }`",
                item.span,
            ));
            continue;
        };
        for (k, _) in list {
            let known = super::keys::names(super::keys::CORRELATION);
            if !known.contains(&k.as_str()) {
                faults.push(unknown(k, "key", &known));
            }
        }
        let own = Fields { list: list.clone(), span: item.span };
        let names = super::fields::texts(&own, "of", faults);
        let mut pair = Vec::new();
        for name in &names {
            match index_of(name.as_str()) {
                Some((i, true)) => pair.push(i),
                Some((_, false)) => faults.push(
                    Diagnostic::error(
                        code::POPULATION,
                        format!("`{}` has no `iiv`, so it correlates with nothing", name.as_str()),
                    )
                    .at(name.span(), "")
                    .hint("add `iiv` to the parameter"),
                ),
                None => faults.push(
                    Diagnostic::error(
                        code::UNDECLARED,
                        format!("`{}` is not a parameter", name.as_str()),
                    )
                    .at(name.span(), "not declared")
                    .hint("correlations are between parameters with `iiv`"),
                ),
            }
        }
        let value = match own.get("value") {
            Some(Node { value: Value::Number(x), .. }) if x.abs() < 1.0 => *x,
            _ => {
                faults.push(
                    Diagnostic::error(
                        code::POPULATION,
                        "a correlation needs a `value` between -1 and 1",
                    )
                    .at(super::fields::place(&own, "value"), "")
                    .hint("write `value = 0.5`"),
                );
                continue;
            }
        };
        if let [first, second] = pair[..] {
            out.push(Correlation { first, second, value });
        } else if names.len() != 2 {
            faults.push(
                Diagnostic::error(
                    code::POPULATION,
                    format!("a correlation is between two parameters; found {}", names.len()),
                )
                .at(item.span, "")
                .hint("write `of = [\"CL\", \"V\"]`"),
            );
        }
    }
    if !positive_definite(&out) {
        faults.push(
            Diagnostic::error(code::POPULATION, "these correlations cannot hold together: their matrix is not positive definite")
                .at(node.span, "")
                .hint("make the correlations smaller, or give the missing ones between the same parameters"),
        );
    }
    out
}

/// Cholesky of the correlation matrix of the parameters involved.
fn positive_definite(correlations: &[Correlation]) -> bool {
    let mut members: Vec<usize> = correlations.iter().flat_map(|c| [c.first, c.second]).collect();
    members.sort_unstable();
    members.dedup();
    let n = members.len();
    let mut m = vec![vec![0.0; n]; n];
    for (i, row) in m.iter_mut().enumerate() {
        row[i] = 1.0;
    }
    for c in correlations {
        let place = |k: usize| members.iter().position(|x| *x == k).unwrap_or(0);
        let (i, j) = (place(c.first), place(c.second));
        if i == j {
            return false;
        }
        m[i][j] = c.value;
        m[j][i] = c.value;
    }
    for j in 0..n {
        let d = m[j][j] - (0..j).map(|k| m[j][k] * m[j][k]).sum::<f64>();
        if d <= 1e-12 {
            return false;
        }
        let root = d.sqrt();
        m[j][j] = root;
        for i in j + 1..n {
            let s = m[i][j] - (0..j).map(|k| m[i][k] * m[j][k]).sum::<f64>();
            m[i][j] = s / root;
        }
    }
    true
}
