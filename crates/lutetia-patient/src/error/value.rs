//! Why a dose, a biologically effective dose or a plan has no value.

use lutetia_diagnostic::{Cause, Flag, Refusal};
use lutetia_dose::DoseError;
use lutetia_fit::{Determination, FEWEST_FITS, Misfit, Status};
use lutetia_outcome::OutcomeError;

use super::{NoIntegral, PatientError};

/// What would do where a function misses the data.
const OTHER_FUNCTION: &str = "choose another function with `--function`";

/// Why a quantity that follows from a function has no value.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NoQuantity {
    /// The function was not fitted.
    #[error(transparent)]
    Unfitted(Box<NoIntegral>),
    /// The curve does not fall.
    #[error("the curve does not fall, its integral is infinite")]
    Infinite,
    /// The data do not determine it.
    #[error("{0}")]
    NotDetermined(Determination),
    /// The data refute the function.
    #[error("not determined: {0}")]
    Refuted(Misfit),
}

impl NoQuantity {
    /// Code of the message: LUT612x, or that of why the function was not fitted.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unfitted(why) => why.code(),
            Self::Infinite => "LUT6122",
            Self::NotDetermined(_) => "LUT6124",
            Self::Refuted(_) => "LUT6125",
        }
    }
}

/// Why the draws do not determine a quantity.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum OpenInDraws {
    /// Too few of them determine it.
    #[error("{fits} of {draws} fits determine it, at least {FEWEST_FITS} and 19 of 20 are needed")]
    Fits {
        /// Fits that determine it.
        fits: usize,
        /// Draws.
        draws: usize,
    },
    /// With what the fit holds fixed its error is too large: the gate of a single fit, [`cv_gate`](lutetia_fit::FitOptions::cv_gate).
    #[error(
        "relative standard error {:.0} % with that of what is held fixed, above {:.0} %",
        100.0 * rse,
        100.0 * gate
    )]
    Error {
        /// Relative standard error, 1 = 100 %.
        rse: f64,
        /// Gate.
        gate: f64,
    },
}

/// Why a value of a region is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NoValue {
    /// It was left out on purpose.
    #[error("{because}")]
    LeftOut {
        /// As the user said.
        because: String,
    },
    /// It was not measured.
    #[error("it was not measured")]
    NotMeasured,
    /// It was not measured in a cycle that was given with another nuclide than those in which it was.
    #[error(
        "cycle {cycle} was given with {nuclide} and `{region}` was not measured in it; cycle {like} was of {}",
        nuclides.join(" and ")
    )]
    OtherNuclide {
        /// The cycle.
        cycle: u16,
        /// What was given in it.
        nuclide: String,
        /// The region.
        region: String,
        /// The cycle it would be taken to be like.
        like: u16,
        /// What was given in that.
        nuclides: Vec<String>,
    },
    /// A cycle of another step without a dose of the region.
    #[error("step `{step}` has no dose of it")]
    NotInStep {
        /// The step.
        step: String,
    },
    /// An organ whose photons belong to a sum has no integral.
    #[error("{refusal}")]
    Organ {
        /// The organ.
        region: String,
        /// Why it has none.
        refusal: Refusal,
    },
    /// A sum of several integrals has no budget of its own.
    #[error("it is made of several integrals; its standard error is that of the dose alone")]
    SeveralIntegrals,
    /// A dose rate that is not a sum of exponentials.
    #[error("the curve is not a sum of exponentials")]
    NoPhases,
    /// Nobody asked for a biologically effective dose.
    #[error("no biologically effective dose was computed")]
    NoEffectiveDose,
    /// A sum over cycles of which one has no biologically effective dose.
    #[error("not every cycle has a BED")]
    NotEveryCycle,
    /// Alphas without a weight.
    #[error(
        "{source_name} gives {:.0} % of the dose by alphas, and no RBE says what they are worth",
        100.0 * share
    )]
    AlphasWithoutRbe {
        /// What decays.
        source_name: String,
        /// Share of the dose, 0 to 1.
        share: f64,
    },
    /// Weights of several effects where one is meant.
    #[error("RBE of several effects are given, and a biologically effective dose is of one")]
    SeveralRbe,
    /// A weight that is not for this region.
    #[error("this RBE was not asked for it")]
    OtherRbe,
    /// Doses of alphas and electrons that do not add.
    #[error("a Gy of {} is not worth the same: alphas and electrons do not add", sources.join(" and of "))]
    Mixed {
        /// What decays.
        sources: Vec<String>,
    },
    /// A dose per activity without the activity.
    #[error("the injected activity is not known")]
    NoActivity,
    /// A dose per activity of no dose.
    #[error("the dose is zero")]
    NoDose,
    /// A search that did not end at a minimum.
    #[error("the search {status}")]
    Search {
        /// How it ended.
        status: Status,
    },
    /// The data do not determine it.
    #[error("{0}")]
    NotDetermined(Determination),
    /// Draws of what a fit holds fixed leave it open.
    #[error(transparent)]
    OpenInDraws(#[from] OpenInDraws),
    /// The data refute the model.
    #[error("{0}")]
    Refuted(Misfit),
    /// A function that misses the data has no such quantity.
    #[error(transparent)]
    OfFunction(NoQuantity),
    /// The same, of a function that the data do not refute.
    #[error(transparent)]
    Quantity(#[from] NoQuantity),
    /// A function misses the data, and one of its parameters lies at a bound.
    #[error("{misses}, and `{parameter}` lies at its bound")]
    MissesAtBound {
        /// How it misses them.
        misses: Flag,
        /// The parameter.
        parameter: String,
    },
    /// No function can be integrated.
    #[error(transparent)]
    Integral(#[from] NoIntegral),
    /// A number of the dose.
    #[error(transparent)]
    Dose(#[from] DoseError),
    /// A number of its effect.
    #[error(transparent)]
    Outcome(#[from] OutcomeError),
}

impl Cause for NoValue {
    /// LUT61xx, or that of what failed below.
    fn code(&self) -> &'static str {
        match self {
            Self::LeftOut { .. } => "LUT6141",
            Self::NotMeasured | Self::NotInStep { .. } => "LUT6101",
            Self::OtherNuclide { .. } => "LUT6120",
            Self::Organ { refusal, .. } => refusal.code(),
            Self::SeveralIntegrals => "LUT6142",
            Self::NoPhases | Self::NoEffectiveDose | Self::NotEveryCycle => "LUT6143",
            Self::AlphasWithoutRbe { .. }
            | Self::SeveralRbe
            | Self::OtherRbe
            | Self::Mixed { .. } => "LUT6144",
            Self::NoActivity | Self::NoDose => "LUT6145",
            Self::Search { .. } | Self::NotDetermined(_) | Self::OpenInDraws(_) => "LUT6124",
            Self::Refuted(_) | Self::MissesAtBound { .. } => "LUT6125",
            Self::OfFunction(why) | Self::Quantity(why) => why.code(),
            Self::Integral(error) => error.code(),
            Self::Dose(error) => error.code(),
            Self::Outcome(error) => error.code(),
        }
    }

    fn hint(&self) -> Option<String> {
        let said = match self {
            Self::OfFunction(_) | Self::MissesAtBound { .. } => OTHER_FUNCTION,
            Self::AlphasWithoutRbe { .. } => "give one, such as `--rbe \"late kidney damage=5\"`",
            Self::SeveralRbe => "give the one of the effect that is asked for",
            Self::Mixed { .. } => "`--rbe \"late kidney damage=5\"` adds them in Gy(RBE)",
            Self::OtherNuclide { .. } => {
                "leave `--remaining` out to plan a course without the cycles given"
            }
            Self::Organ { region, .. } => {
                return Some(format!(
                    "leave `{region}` out with `--region` to have the marrow without its photons"
                ));
            }
            _ => return None,
        };
        Some(said.to_owned())
    }
}

impl Cause for NoIntegral {
    fn code(&self) -> &'static str {
        Self::code(self)
    }
}

impl Cause for PatientError {
    fn code(&self) -> &'static str {
        Self::code(self)
    }
}

#[cfg(test)]
mod tests {
    use lutetia_diagnostic::{Reason, Verdict};

    use super::*;

    #[test]
    fn exact_reasons_keep_their_error_code_and_hint() {
        let refused = Verdict::<f64>::refused(NoValue::AlphasWithoutRbe {
            source_name: "Ac-225".to_owned(),
            share: 0.97,
        });
        assert_eq!(
            refused.note(),
            "not determined: Ac-225 gives 97 % of the dose by alphas, and no RBE says what they are worth; give \
             one, such as `--rbe \"late kidney damage=5\"`"
        );
        let [reason] = refused.reasons() else { panic!("one reason") };
        assert_eq!(reason.code(), "LUT6144");
        let cause = reason.cause().downcast_ref::<NoValue>();
        assert!(matches!(cause, Some(NoValue::AlphasWithoutRbe { .. })));
        // What failed below speaks under its own code, and its verdict is said once.
        let below = Reason::from(NoValue::from(NoQuantity::Infinite));
        assert_eq!((below.code(), below.hint()), ("LUT6122", None));
        let organ = Verdict::<f64>::refused(NoValue::NotMeasured).accept(&[]).expect_err("none");
        let organ = Reason::from(NoValue::Organ { region: "liver".to_owned(), refusal: organ });
        assert_eq!(organ.text(), "it was not measured");
        assert_eq!(organ.code(), "LUT6101");
    }
}
