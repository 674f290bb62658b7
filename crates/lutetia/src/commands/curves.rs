//! Sums of exponentials through a patient's curve: what `fit` and `dose` share.

use clap::Args;
use lutetia_data::Curve;
use lutetia_diagnostic::Diagnostic;
use lutetia_fit::{
    DerivedEstimate, Determination, ErrorModel, ExponentialForm, Fit, FitOptions, Magnitude,
    Observation, Problem, SumOfExponentials, fit,
};
use lutetia_units::{Dimension, Quantity, Unit};

use crate::{
    exit::Exit,
    failure::{Failure, Outcome},
    terminal::Terminal,
};

/// Scatter taken for granted where a table gives no standard deviations: what repeated
/// quantitative SPECT of organs shows, as a round number.
const ASSUMED_ERROR: &str = "proportional 10 %";

/// How curves are fitted.
#[derive(Debug, Args)]
pub(crate) struct Curves {
    /// Number of exponentials, with an uptake phase or without: `1`, `2`, `2u`, `3`, `3u`. Repeat
    /// to let the corrected Akaike criterion choose; `1` and `2u` are tried without it.
    #[arg(long = "exponentials", value_name = "FORM")]
    forms: Vec<String>,

    /// How measurements scatter: `given`, `proportional 10 %`, `additive 5 MBq`,
    /// `combined 5 MBq + 10 %`; without numbers they are estimated. Without it the standard
    /// deviations of the table, and 10 % where it has none.
    #[arg(long, value_name = "ERROR")]
    error: Option<String>,

    /// Number of random starting points.
    #[arg(long, value_name = "N", default_value_t = 12)]
    starts: usize,

    /// Seed of the random starting points.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

/// A curve with the sum of exponentials chosen for it.
#[derive(Debug)]
pub(crate) struct Fitted {
    /// What was measured.
    pub(crate) curve: Curve,
    /// Name of the form chosen.
    pub(crate) form: &'static str,
    /// The fit.
    pub(crate) fit: Fit,
}

impl Fitted {
    /// The derived quantity of that name.
    pub(crate) fn derived(&self, name: &str) -> Option<&DerivedEstimate> {
        self.fit.derived.iter().find(|d| d.name == name)
    }
}

/// Fits one curve with every form asked for and keeps the one that AICc prefers.
pub(crate) fn fit_curve(arguments: &Curves, curve: Curve, terminal: &Terminal) -> Outcome<Fitted> {
    let error = error_model(arguments.error.as_deref(), &curve, terminal)?;
    let names = if arguments.forms.is_empty() {
        vec!["1", "2u"]
    } else {
        arguments.forms.iter().map(String::as_str).collect()
    };
    let forms = names.into_iter().map(form).collect::<Outcome<Vec<_>>>()?;
    let nuclide =
        lutetia_data::nuclides().get(&curve.nuclide).map_err(|e| failed(&curve, &e.to_string()))?;
    let physical_rate_per_h = nuclide.lambda_per_s() * 3600.0;
    let times: Vec<f64> = curve.points.iter().map(|p| p.time_h).collect();
    let activities: Vec<f64> = curve.points.iter().map(|p| p.activity_mbq).collect();

    let mut best: Option<(&'static str, Fit)> = None;
    let mut refused = None;
    for (name, form) in forms {
        let found = SumOfExponentials::new(form, physical_rate_per_h, &times)
            .and_then(|predictor| {
                let parameters = predictor.parameters(&activities)?;
                Ok((predictor, parameters))
            })
            .map_err(|e| e.to_string())
            .and_then(|(predictor, parameters)| {
                let options = FitOptions {
                    random_starts: arguments.starts,
                    seed: arguments.seed,
                    ..FitOptions::default()
                };
                let observations = observations(&curve);
                let problem = Problem {
                    options,
                    ..Problem::new(&predictor, observations, error, parameters)
                };
                fit(&problem).map_err(|e| e.to_string())
            });
        match found {
            Ok(found) if best.as_ref().is_none_or(|(_, kept)| preferred(&found, kept)) => {
                best = Some((name, found));
            }
            Ok(_) => {}
            Err(reason) => refused = Some(reason),
        }
    }
    match best {
        Some((form, fit)) => Ok(Fitted { curve, form, fit }),
        None => Err(failed(&curve, &refused.unwrap_or_else(|| "no form was tried".to_owned()))),
    }
}

/// Whether AICc, defined for both, is lower, or defined for the new one alone.
fn preferred(new: &Fit, kept: &Fit) -> bool {
    match (new.aicc, kept.aicc) {
        (Some(new), Some(kept)) => new < kept,
        (Some(_), None) => true,
        (None, _) => false,
    }
}

fn observations(curve: &Curve) -> Vec<Observation> {
    curve
        .points
        .iter()
        .map(|p| {
            let label = format!("{} at {} h", curve.region, p.time_h);
            match p.sd_mbq {
                sd if p.below_detection => Observation::below(label, p.activity_mbq, sd),
                Some(sd) => Observation::with_sd(label, p.activity_mbq, sd),
                None => Observation::new(label, p.activity_mbq),
            }
        })
        .collect()
}

fn form(name: &str) -> Outcome<(&'static str, ExponentialForm)> {
    Ok(match name {
        "1" => ("one exponential", ExponentialForm::mono()),
        "2" => ("two exponentials", ExponentialForm::bi()),
        "2u" => ("two exponentials with uptake", ExponentialForm::bi_uptake()),
        "3" => ("three exponentials", ExponentialForm::tri()),
        "3u" => ("three exponentials with uptake", ExponentialForm::tri_uptake()),
        _ => {
            return Err(Failure::usage(
                format!("`{name}` is no form of a sum of exponentials"),
                "choose `1`, `2`, `2u`, `3` or `3u`",
            ));
        }
    })
}

fn error_model(asked: Option<&str>, curve: &Curve, terminal: &Terminal) -> Outcome<ErrorModel> {
    let given = curve.points.iter().all(|p| p.sd_mbq.is_some());
    match asked.map(str::trim) {
        None if given => Ok(ErrorModel::Known),
        None => {
            terminal.talk(&format!(
                "note: `{}` has no standard deviations; `{ASSUMED_ERROR}` is assumed (change it with `--error`)",
                curve.region
            ));
            parse_error(ASSUMED_ERROR)
        }
        Some("given") if given => Ok(ErrorModel::Known),
        Some("given") => Err(Failure::new(
            Exit::Data,
            Diagnostic::error(
                "LUT8014",
                format!("region `{}` has measurements without a standard deviation", curve.region),
            )
            .hint("choose another `--error`, such as `proportional 10 %`"),
        )),
        Some(text) => parse_error(text),
    }
}

/// Reads `proportional 10 %`, `additive 5 MBq`, `combined 5 MBq + 10 %`; a kind without numbers
/// has its magnitudes estimated.
fn parse_error(text: &str) -> Outcome<ErrorModel> {
    let (kind, rest) = text.split_once(' ').unwrap_or((text, ""));
    let unit =
        |name: &str| Unit::parse(name).map_err(|e| Failure::usage(e.to_string(), "write `MBq`"));
    let size = |text: &str, dimension: Dimension, unit: Unit, example: &str| -> Outcome<f64> {
        let hint = format!("write it as `{example}`");
        let quantity = Quantity::parse(text.trim())
            .map_err(|e| Failure::usage(format!("cannot read `{text}`: {e}"), hint.clone()))?;
        let value = quantity.to(&unit).map_err(|e| Failure::usage(e.to_string(), hint.clone()))?;
        if quantity.dimension() != dimension || value <= 0.0 {
            return Err(Failure::usage(format!("`{text}` is not above 0"), hint));
        }
        Ok(value)
    };
    let fraction = |text: &str| {
        size(text, Dimension::NONE, Unit::dimensionless(), "10 %").map(Magnitude::Fixed)
    };
    let activity = |text: &str| -> Outcome<Magnitude> {
        size(text, Dimension::ACTIVITY, unit("MBq")?, "5 MBq").map(Magnitude::Fixed)
    };
    // Starting values only: 10 %, and 1 MBq.
    let (some_cv, some_sd) = (Magnitude::Estimated(0.1), Magnitude::Estimated(1.0));
    match (kind, rest.trim()) {
        ("proportional", "") => Ok(ErrorModel::Proportional { cv: some_cv }),
        ("proportional", cv) => Ok(ErrorModel::Proportional { cv: fraction(cv)? }),
        ("additive", "") => Ok(ErrorModel::Additive { sd: some_sd }),
        ("additive", sd) => Ok(ErrorModel::Additive { sd: activity(sd)? }),
        ("combined", "") => Ok(ErrorModel::Combined { sd: some_sd, cv: some_cv }),
        ("combined", both) if both.contains('+') => {
            let (sd, cv) = both.split_once('+').unwrap_or((both, ""));
            Ok(ErrorModel::Combined { sd: activity(sd)?, cv: fraction(cv)? })
        }
        _ => Err(Failure::usage(
            format!("`{text}` is no error model"),
            "write `given`, `proportional 10 %`, `additive 5 MBq` or `combined 5 MBq + 10 %`",
        )),
    }
}

fn failed(curve: &Curve, reason: &str) -> Failure {
    let message = format!(
        "subject `{}`, cycle {}, region `{}`: {reason}",
        curve.subject, curve.cycle, curve.region
    );
    Failure::new(Exit::Data, Diagnostic::error("LUT8015", message))
}

/// `None` where the data determine the quantity, else why they do not.
pub(crate) fn reason(determined: &Determination) -> Option<String> {
    (!determined.is_determined()).then(|| determined.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_error_models() {
        let read = |text: &str| parse_error(text).ok();
        assert_eq!(
            read("proportional 10 %"),
            Some(ErrorModel::Proportional { cv: Magnitude::Fixed(0.1) })
        );
        assert_eq!(
            read("additive 5000 kBq"),
            Some(ErrorModel::Additive { sd: Magnitude::Fixed(5.0) })
        );
        assert_eq!(
            read("combined 5 MBq + 10 %"),
            Some(ErrorModel::Combined { sd: Magnitude::Fixed(5.0), cv: Magnitude::Fixed(0.1) })
        );
        assert!(matches!(
            read("additive"),
            Some(ErrorModel::Additive { sd: Magnitude::Estimated(_) })
        ));
        for bad in [
            "",
            "poisson",
            "proportional 5 MBq",
            "additive 10 %",
            "additive -1 MBq",
            "combined 5 MBq",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
