//! From the facts of a fit to a verdict on its integral.
//!
//! | fact | verdict |
//! |---|---|
//! | the data stand against any integral, the fit failed, the integral is not determined | refused |
//! | χ² of probability below 1 % under the known variances | flagged; standard error widened by √(χ²/d.o.f.) (Birge 1932); refused where that is large, as [`lutetia_fit::widened`] says |
//! | a parameter at its bound | flagged; no standard error, as it would not be Gaussian |
//! | both of these | refused: nothing says how far off the integral is |
//! | more than 20 % after the last measurement | flagged |
//! | a population's half-life in place of the patient's | flagged |
//! | chosen without a criterion | flagged |

use lutetia_diagnostic::{Assumption, Choice, Flag, LARGE_EXTRAPOLATION, Verdict};
use lutetia_dose::Tia;
use lutetia_fit::{DerivedEstimate, DerivedKind, Fit, MISFIT, Misfit, widened};

use crate::{
    NoIntegral, NoValue, administrations,
    curves::RegionCurve,
    integrate::{Method, TailChoice},
};

/// What a fit says of an integral.
struct Facts<'a> {
    region: &'a str,
    value: f64,
    /// Widened for a misfit.
    sd: Option<f64>,
    extrapolated: Option<f64>,
    method: &'a str,
    misfit: Option<Misfit>,
    at_bound: Vec<String>,
}

/// The integral of a fitted curve.
pub fn curve(region: &RegionCurve) -> Verdict<Tia> {
    if let Some(reason) = &region.refused {
        return Verdict::refused(reason.clone());
    }
    let best = region.best();
    let fit = match &best.fit {
        Ok(fit) => fit,
        Err(reason) => return Verdict::refused(reason.clone()),
    };
    let (value, sd) = match best.quantity(DerivedKind::Tia) {
        Ok(found) => found,
        Err(why) if region.misfit.is_some() => {
            return Verdict::refused(NoValue::OfFunction(why));
        }
        Err(why) => return Verdict::refused(NoValue::from(why)),
    };
    facts(Facts {
        region: &region.data.region,
        value,
        sd,
        extrapolated: fit.derived(DerivedKind::ExtrapolatedFraction).map(|d| d.value),
        method: &administrations::method(&best.method, &best.curve),
        misfit: region.misfit,
        at_bound: region.at_bound.clone(),
    })
    .with_all(
        region.without_aicc.then(|| Flag::Model {
            choice: Choice::WithoutAicc { function: best.function.clone() },
        }),
    )
}

/// The integral `(MBq h, its standard error, part after the last measurement)` of a fitted model.
pub fn model(
    fit: &Fit,
    tia: &DerivedEstimate,
    region: &str,
    (value, sd, extrapolated): (f64, Option<f64>, Option<f64>),
) -> Verdict<Tia> {
    if !tia.determined.is_determined() {
        return Verdict::refused(NoValue::NotDetermined(tia.determined.clone()));
    }
    if !fit.status.converged() {
        return Verdict::refused(NoValue::Search { status: fit.status.clone() });
    }
    let misfit = fit.misfit(MISFIT);
    let sd = match (sd, misfit) {
        (Some(sd), Some(m)) => match widened(value, sd, m.birge_ratio()) {
            Some(sd) => Some(sd),
            None => return Verdict::refused(NoValue::Refuted(m)),
        },
        (sd, _) => sd,
    };
    let at_bound = fit.estimates.iter().filter(|e| e.at_bound.is_some());
    facts(Facts {
        region,
        value,
        sd,
        extrapolated,
        method: "receptor model",
        misfit,
        at_bound: at_bound.map(|e| e.name.clone()).collect(),
    })
}

fn facts(facts: Facts<'_>) -> Verdict<Tia> {
    let Facts { region, value, sd, extrapolated, method, misfit, at_bound } = facts;
    let misses = misfit.map(|m| Flag::Misfit { chi_square: m.chi2, dof: m.dof, p: m.p });
    if let (Some(misses), Some(bound)) = (&misses, at_bound.first()) {
        return Verdict::refused(NoValue::MissesAtBound {
            misses: misses.clone(),
            parameter: bound.clone(),
        });
    }
    let ratio = misfit.map_or(1.0, |m| m.birge_ratio());
    let sd = if at_bound.is_empty() { sd } else { None };
    let flags = misses
        .into_iter()
        .chain((ratio > 1.0 && sd.is_some()).then_some(Flag::Widened { ratio }))
        .chain(at_bound.into_iter().map(|parameter| Flag::AtBound { parameter }));
    Verdict::from(Tia::new(region, value, sd, extrapolated, method))
        .with_all(flags)
        .with_all(large(extrapolated))
}

/// The flag of a large part after the last measurement.
fn large(extrapolated: Option<f64>) -> Option<Flag> {
    let share = extrapolated.filter(|share| *share > LARGE_EXTRAPOLATION)?;
    Some(Flag::Extrapolated { share })
}

/// An integral made without a function.
pub(crate) fn without_function(method: &Method, found: Result<Tia, NoIntegral>) -> Verdict<Tia> {
    let prior = |parameter: &str| Flag::Prior { parameter: parameter.to_owned() };
    let flag = match method {
        Method::Haenscheid => Some(Flag::Model { choice: Choice::OneMeasurement }),
        Method::Madsen(..) => Some(prior("half-life")),
        Method::Map(map) if map.amplitude.is_some() => Some(prior("half-life and amplitude")),
        Method::Map(_) => Some(prior("half-life")),
        Method::Library(_) => Some(prior("curve")),
        Method::Trapezoid(TailChoice::Given(_)) => Some(prior("half-life of the tail")),
        Method::Trapezoid(TailChoice::Physical) => {
            Some(Flag::Assumed { what: Assumption::PhysicalTail })
        }
        Method::Trapezoid(TailChoice::Fitted) | Method::Jackson => None,
    };
    let found = Verdict::from(found).with_all(flag);
    found.and_then(|tia| {
        let share = tia.extrapolated_fraction();
        Verdict::determined(tia).with_all(large(share))
    })
}

#[cfg(test)]
mod tests {
    use lutetia_diagnostic::FlagKind;

    use super::*;

    fn asked(misfit: Option<Misfit>, at_bound: &[&str], extrapolated: f64) -> Verdict<Tia> {
        facts(Facts {
            region: "kidney",
            value: 3547.0,
            sd: Some(9.0),
            extrapolated: Some(extrapolated),
            method: "mono",
            misfit,
            at_bound: at_bound.iter().map(|name| (*name).to_owned()).collect(),
        })
    }

    #[test]
    fn exact_each_fact_has_its_verdict() {
        let misfit = Some(Misfit { chi2: 400.0, dof: 4, p: 0.0 });
        let sd = |v: &Verdict<Tia>| {
            let tia = v.clone().accept(&FlagKind::ALL).expect("a value");
            tia.sd_mbq_h()
        };
        assert_eq!(asked(None, &[], 0.1).word(), "determined");
        let widened = asked(misfit, &[], 0.1);
        assert!(widened.has(FlagKind::Misfit) && widened.has(FlagKind::Widened));
        let bound = asked(None, &["lambda1"], 0.1);
        assert!(bound.has(FlagKind::AtBound));
        assert_eq!(sd(&bound), None);
        assert!(asked(misfit, &["lambda1"], 0.1).is_refused());
        assert!(!asked(None, &[], 0.2).has(FlagKind::Extrapolated));
        assert!(asked(None, &[], 0.201).has(FlagKind::Extrapolated));
    }

    #[test]
    fn exact_methods_that_lean_on_a_population_say_so() {
        let tia = || Tia::new("kidney", 100.0, None, Some(0.5), "x").map_err(NoIntegral::from);
        let flags = |method: &Method| without_function(method, tia());
        assert!(flags(&Method::Madsen(51.0, None)).has(FlagKind::Prior));
        assert!(flags(&Method::Trapezoid(TailChoice::Given(51.0))).has(FlagKind::Prior));
        assert!(flags(&Method::Trapezoid(TailChoice::Physical)).has(FlagKind::Assumed));
        assert!(flags(&Method::Haenscheid).has(FlagKind::Model));
        assert!(flags(&Method::Jackson).has(FlagKind::Extrapolated));
        assert!(without_function(&Method::Jackson, Err(NoIntegral::DoesNotFall)).is_refused());
    }
}
