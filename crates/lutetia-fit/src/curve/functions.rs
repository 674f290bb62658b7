//! The functions by name: what users write, what was published, what they mean.

use crate::curve::exponentials::{ExponentialForm, SumOfExponentials};
use crate::curve::gamma::GammaVariate;
use crate::curve::integral_first::IntegralFirst;
use crate::curve::linear_uptake::LinearUptake;
use crate::curve::{ActivityCurve, TimeActivity};
use crate::error::{CurveError, PredictError};
use crate::problem::FitParameter;

/// Half-life of the supply from blood in hours: one minute, the circulation time of blood that the Ulm group takes.
const BLOOD_HALF_LIFE_H: f64 = 1.0 / 60.0;

/// Rate of the supply from blood, 1/h.
const BLOOD_PER_H: f64 = std::f64::consts::LN_2 / BLOOD_HALF_LIFE_H;

/// Where a published name is known from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameSource {
    /// Hardiansyah et al. 2021 (EJNMMI Phys, doi:10.1186/s40658-021-00427-x).
    Hardiansyah2021,
    /// Hardiansyah et al. 2023 (doi:10.1186/s40658-023-00530-1).
    Hardiansyah2023,
    /// NUKFIT (Kletting et al. 2013, Med Phys 40:102504), recalled: the forms are certain, the letters may not be.
    Nukfit,
}

/// A function that can be fitted to the activity of a region.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Function {
    /// Name.
    pub name: &'static str,
    /// Published names of the same function.
    pub published: &'static [(&'static str, NameSource)],
    /// In words.
    pub meaning: &'static str,
    /// As an equation; `λp` is the physical rate, `λb = ln 2/1 min`, `A0` the injected activity.
    pub equation: &'static str,
    /// Number of parameters.
    pub parameters: usize,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Physical,
    Mono,
    MonoPhysical,
    MonoKnown,
    MonoBlood,
    Bi,
    BiUptake,
    BiUptakeKnown,
    BiPhysical,
    BiUptakePhysical,
    BiBlood,
    BiUptakeBlood,
    IntegralFirst,
    Tri,
    TriUptake,
    Gamma,
    LinearUptake,
}

use NameSource::{Hardiansyah2021, Hardiansyah2023, Nukfit};

/// Every function, simplest first.
pub const FUNCTIONS: [Function; 17] = [
    Function {
        name: "physical",
        published: &[("f1", Nukfit)],
        meaning: "physical decay only",
        equation: "A1 e^{−λp t}",
        parameters: 1,
        kind: Kind::Physical,
    },
    Function {
        name: "mono",
        published: &[("f2b", Hardiansyah2021), ("f2", Nukfit)],
        meaning: "one exponential",
        equation: "A1 e^{−(λ1+λp) t}",
        parameters: 2,
        kind: Kind::Mono,
    },
    Function {
        name: "mono-known",
        published: &[("f2e", Hardiansyah2021)],
        meaning: "of the injected activity a part is washed out and the rest stays",
        equation: "A1 e^{−(λ1+λp) t} + (A0 − A1) e^{−λp t}",
        parameters: 2,
        kind: Kind::MonoKnown,
    },
    Function {
        name: "mono-blood",
        published: &[("f3", Nukfit)],
        meaning: "one exponential after a supply from blood",
        equation: "A1 (e^{−(λ1+λp) t} − e^{−(λb+λp) t})",
        parameters: 2,
        kind: Kind::MonoBlood,
    },
    Function {
        name: "uptake-known",
        published: &[("f2a", Hardiansyah2021)],
        meaning: "uptake and washout of the whole injected activity",
        equation: "A0 (e^{−(λ1+λp) t} − e^{−(λ2+λp) t})",
        parameters: 2,
        kind: Kind::BiUptakeKnown,
    },
    Function {
        name: "mono-physical",
        published: &[("f3a", Hardiansyah2021), ("f3d", Nukfit)],
        meaning: "one exponential and a part that stays",
        equation: "A1 e^{−λp t} + A2 e^{−(λ2+λp) t}",
        parameters: 3,
        kind: Kind::MonoPhysical,
    },
    Function {
        name: "bi-uptake",
        published: &[("nukfit-f3a", Nukfit)],
        meaning: "uptake and washout",
        equation: "A1 (e^{−(λ1+λp) t} − e^{−(λ2+λp) t})",
        parameters: 3,
        kind: Kind::BiUptake,
    },
    Function {
        name: "gamma",
        published: &[],
        meaning: "gamma variate",
        equation: "P (k t/s)^s e^{s − k t}, k = λ + λp",
        parameters: 3,
        kind: Kind::Gamma,
    },
    Function {
        name: "linear-uptake",
        published: &[],
        meaning: "linear uptake and exponential washout",
        equation: "P t/T up to T, then P e^{−(λ+λp)(t − T)}",
        parameters: 3,
        kind: Kind::LinearUptake,
    },
    Function {
        name: "bi",
        published: &[("f4a", Nukfit)],
        meaning: "two exponentials",
        equation: "A1 e^{−(λ1+λp) t} + A2 e^{−(λ2+λp) t}",
        parameters: 4,
        kind: Kind::Bi,
    },
    Function {
        name: "bi-blood",
        published: &[("f4c", Nukfit)],
        meaning: "two exponentials after a supply from blood",
        equation: "A1 e^{−(λ1+λp) t} + A2 e^{−(λ2+λp) t} − (A1 + A2) e^{−(λb+λp) t}",
        parameters: 4,
        kind: Kind::BiBlood,
    },
    Function {
        name: "bi-uptake-blood",
        published: &[("f4b", Nukfit)],
        meaning: "washout after an uptake that is partly slow, partly with the blood",
        equation: "A1 e^{−(λ1+λp) t} − A2 e^{−(λ2+λp) t} − (A1 − A2) e^{−(λb+λp) t}",
        parameters: 4,
        kind: Kind::BiUptakeBlood,
    },
    Function {
        name: "bi-uptake-tia",
        published: &[("f4d", Hardiansyah2023)],
        meaning: "the same with the time-integrated activity as a parameter",
        equation: "TIA s(t)/∫s, s = (1−α) e^{−(λ1+λp) t} − α e^{−(λ2+λp) t} − (1−2α) e^{−(λb+λp) t}",
        parameters: 4,
        kind: Kind::IntegralFirst,
    },
    Function {
        name: "bi-uptake-physical",
        published: &[],
        meaning: "uptake, washout of a part, the rest stays",
        equation: "A1 e^{−λp t} + A2 e^{−(λ2+λp) t} − (A1 + A2) e^{−(λ3+λp) t}",
        parameters: 4,
        kind: Kind::BiUptakePhysical,
    },
    Function {
        name: "bi-physical",
        published: &[],
        meaning: "two exponentials and a part that stays",
        equation: "A1 e^{−λp t} + A2 e^{−(λ2+λp) t} + A3 e^{−(λ3+λp) t}",
        parameters: 5,
        kind: Kind::BiPhysical,
    },
    Function {
        name: "tri-uptake",
        published: &[("f5a", Nukfit), ("f5", Nukfit)],
        meaning: "uptake and two washouts",
        equation: "A1 e^{−(λ1+λp) t} + A2 e^{−(λ2+λp) t} − (A1 + A2) e^{−(λ3+λp) t}",
        parameters: 5,
        kind: Kind::TriUptake,
    },
    Function {
        name: "tri",
        published: &[("f6a", Nukfit)],
        meaning: "three exponentials",
        equation: "A1 e^{−(λ1+λp) t} + A2 e^{−(λ2+λp) t} + A3 e^{−(λ3+λp) t}",
        parameters: 6,
        kind: Kind::Tri,
    },
];

/// No function of that name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown function `{name}`; known are {known}")]
pub struct UnknownFunction {
    /// As asked.
    pub name: String,
    /// Every name, published ones in brackets.
    pub known: String,
}

impl UnknownFunction {
    /// Code of the message.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "LUT5203"
    }
}

impl Function {
    /// The function of that name, its own or a published one.
    ///
    /// # Errors
    /// When there is none.
    pub fn named(name: &str) -> Result<&'static Self, UnknownFunction> {
        FUNCTIONS
            .iter()
            .find(|f| f.name == name || f.published.iter().any(|(p, _)| *p == name))
            .ok_or_else(|| UnknownFunction {
                name: name.to_owned(),
                known: FUNCTIONS
                    .iter()
                    .map(|f| match f.published {
                        [] => f.name.to_owned(),
                        list => {
                            let names: Vec<&str> = list.iter().map(|(p, _)| *p).collect();
                            format!("{} ({})", f.name, names.join(", "))
                        }
                    })
                    .collect::<Vec<_>>()
                    .join(", "),
            })
    }

    /// The curve at these times (h), with the physical rate (1/h) and the injected activity (in the unit of the
    /// activities), which only the functions of a known activity use.
    ///
    /// # Errors
    /// When a rate or time is negative or not finite, or the injected activity is needed and not above 0.
    pub fn curve(
        &self,
        physical_per_h: f64,
        injected: f64,
        times_h: &[f64],
    ) -> Result<ActivityCurve, PredictError> {
        let of = |form: ExponentialForm| {
            SumOfExponentials::new(form, physical_per_h, times_h).map(ActivityCurve::Exponentials)
        };
        match self.kind {
            Kind::Physical => of(ExponentialForm::physical()),
            Kind::Mono => of(ExponentialForm::mono()),
            Kind::MonoPhysical => of(ExponentialForm::mono_and_physical()),
            Kind::MonoKnown => of(ExponentialForm::mono_of_known(injected)),
            Kind::MonoBlood => of(ExponentialForm::mono_from_blood(BLOOD_PER_H)),
            Kind::Bi => of(ExponentialForm::bi()),
            Kind::BiUptake | Kind::BiUptakeKnown => of(ExponentialForm::bi_uptake()),
            Kind::BiPhysical => of(ExponentialForm::bi_and_physical()),
            Kind::BiUptakePhysical => of(ExponentialForm::bi_uptake_and_physical()),
            Kind::BiBlood => of(ExponentialForm::bi_from_blood(BLOOD_PER_H)),
            Kind::BiUptakeBlood => of(ExponentialForm::bi_uptake_from_blood(BLOOD_PER_H)),
            Kind::Tri => of(ExponentialForm::tri()),
            Kind::TriUptake => of(ExponentialForm::tri_uptake()),
            Kind::IntegralFirst => IntegralFirst::new(BLOOD_PER_H, physical_per_h, times_h)
                .map(ActivityCurve::IntegralFirst),
            Kind::Gamma => GammaVariate::new(physical_per_h, times_h).map(ActivityCurve::Gamma),
            Kind::LinearUptake => {
                LinearUptake::new(physical_per_h, times_h).map(ActivityCurve::LinearUptake)
            }
        }
    }

    /// Parameters of that curve ready to be fitted to measured activities; the amplitude of a function of a known
    /// activity is held at the injected one.
    ///
    /// # Errors
    /// When the number of activities is not the number of times, there is no positive time, or the injected activity
    /// is needed and not above 0.
    pub fn parameters(
        &self,
        curve: &ActivityCurve,
        injected: f64,
        activities: &[f64],
    ) -> Result<Vec<FitParameter>, PredictError> {
        let mut out = curve.parameters(activities)?;
        if self.kind == Kind::BiUptakeKnown {
            if !(injected.is_finite() && injected > 0.0) {
                return Err(CurveError::Injected { activity: injected }.into());
            }
            out[0].start = injected;
            out[0].fixed = true;
        }
        Ok(out)
    }
}
