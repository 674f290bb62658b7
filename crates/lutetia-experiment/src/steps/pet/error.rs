//! Why scans cannot be analysed as it is asked.

use lutetia_pet::SurveyFault;

/// Why scans cannot be analysed as it is asked.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PetStepError {
    /// What is asked and is not there, or not possible.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Asked(Vec<SurveyFault>),
    /// Two rules of where a line begins.
    #[error(
        "`t_star` says where a line begins and `within` asks for it to be found; give one of them"
    )]
    TwoStarts,
    /// An efflux, and that none is needed.
    #[error(
        "`k2_prime` is the efflux of the reference region and `constant_ratio` leaves it out; give one of them"
    )]
    TwoEffluxes,
}

impl PetStepError {
    /// Code of the message.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "LUT7172"
    }

    /// What can be done.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let Self::Asked(faults) = self else { return None };
        faults.iter().find_map(|fault| {
            Some(match fault {
                SurveyFault::NoReference { .. } => {
                    "name a region without the target as `reference`".to_owned()
                }
                SurveyFault::NoEfflux => {
                    "give `k2_prime = \"0.1 1/min\"`, as `srtm` finds it, or `constant_ratio = true`"
                        .to_owned()
                }
                SurveyFault::NoBlood { .. } => {
                    "name its table as `blood` beside `frames` under `[data]`, or take `srtm` with a `reference`"
                        .to_owned()
                }
                other => format!("did you mean `{}`?", other.near()?),
            })
        })
    }
}
