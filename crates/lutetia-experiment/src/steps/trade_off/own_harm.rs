//! Harms that a model does not compute: of a disease, of a partner.

use super::TradeOffFault;
use crate::{steps::StepError, written::Share};
use lutetia_outcome::radiobiology::checkpoint_inhibitor_toxicity;
use lutetia_trial::Draws;
use schemars::JsonSchema;
use serde::Deserialize;

/// How often a harm of grade 3 or more happens that the model does not compute.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnHarm {
    /// What happens. Harms of one name befall the same patients under every regimen.
    pub what: String,
    /// Share of the patients, such as `5 %`; `0 %` says that there is none.
    pub share: Option<Share>,
    /// A share that is computed instead.
    pub of: Option<KnownHarm>,
    /// Where it stands.
    pub source: String,
}

/// Harms with a published model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum KnownHarm {
    /// Of an antibody against PD-1 alone, grade 3 or 4 ([`checkpoint_inhibitor_toxicity`] without an antibody
    /// against CTLA-4).
    Pd1Inhibitor,
}

impl OwnHarm {
    /// The share, 0 to 1.
    ///
    /// # Errors
    /// Neither or both of `share` and `of`, a share outside 0 to 100 %.
    pub fn probability(&self) -> Result<f64, StepError> {
        let what = &self.what;
        match (&self.share, self.of) {
            (None, Some(KnownHarm::Pd1Inhibitor)) => {
                checkpoint_inhibitor_toxicity(0.0, true).map_err(StepError::from)
            }
            (Some(written), None) => {
                let share = written.share();
                if (0.0..=1.0).contains(&share) {
                    Ok(share)
                } else {
                    let (harm, found) = (what.clone(), written.text().to_owned());
                    Err(TradeOffFault::Share { harm, found }.into())
                }
            }
            _ => Err(TradeOffFault::Often { harm: what.clone() }.into()),
        }
    }
}

/// Whom such harms befall: independently of each other and of what the model computes.
#[derive(Debug, Clone)]
pub(crate) struct Struck {
    seed: u64,
    harms: Vec<(String, f64)>,
}

impl Struck {
    pub(crate) fn new<'a>(
        seed: u64,
        harms: impl Iterator<Item = &'a OwnHarm>,
    ) -> Result<Self, StepError> {
        let purpose = |h: &OwnHarm| Ok((format!("own harm: {}", h.what), h.probability()?));
        Ok(Self { seed, harms: harms.map(purpose).collect::<Result<_, StepError>>()? })
    }

    /// Whether one befalls a patient under a draw of the calibration. The random number is the patient's own, so
    /// that regimens are compared on the same luck.
    pub(crate) fn harms(&self, patient: u64, draw: usize) -> bool {
        let draws = Draws::new(self.seed, patient);
        self.harms.iter().any(|(purpose, p)| draws.uniform(purpose, draw as u64) < *p)
    }

    /// The risk of at least one, `1 − Π(1 − p)`.
    pub(crate) fn risk(&self) -> f64 {
        1.0 - self.harms.iter().map(|h| 1.0 - h.1).product::<f64>()
    }
}
