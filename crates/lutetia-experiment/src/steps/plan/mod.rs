//! How much activity until a limit is reached, in cycles to come, and with which risk.

pub mod tables;

use std::collections::BTreeMap;

use lutetia_diagnostic::Verdict;
use lutetia_patient::{
    NoValue, PatientError,
    dose::{RegionDose, Weights, effective},
    plan::{Course, Limit, Plan, accepts_misfit, given_cycle, plans},
    text::{above_zero, tissue},
};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Context, StepError, StepKind, Use,
    dose::keys::{RbeSpec, TissueSpec},
};
use crate::written::{AbsorbedDose, Activity, Share};

/// How much activity until a limit, as a step of an experiment.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanStep {
    /// Name of the tables.
    pub id: String,
    /// Step of doses of the cycle that those to come are like.
    pub from: String,
    /// Steps of doses of the cycles given that count; none if left out.
    #[serde(default)]
    pub given: Vec<String>,
    /// Regions; all if left out.
    pub regions: Option<Vec<String>>,
    /// Limit over all cycles, such as `40 Gy`.
    pub limit: AbsorbedDose,
    /// α/β and half-time of repair: the limit is one of biologically effective dose; without it, one
    /// of absorbed dose.
    pub tissue: Option<TissueSpec>,
    /// Cycles to come.
    pub cycles: u32,
    /// An activity per cycle whose risk is asked for, such as `7.4 GBq`.
    pub activity: Option<Activity>,
    /// Relative standard deviation of the dose per activity between cycles, such as `15 %`.
    pub between_cycles: Option<Share>,
    /// Weights of the effect that limits; alphas need one.
    #[serde(default)]
    pub rbe: Vec<RbeSpec>,
    /// Flags that are taken beside those that refute nothing: `misfit`.
    #[serde(default)]
    pub accept: Vec<String>,
}

impl StepKind for PlanStep {
    fn id(&self) -> &str {
        &self.id
    }

    fn uses(&self) -> Vec<Use<'_>> {
        std::iter::once(&self.from).chain(&self.given).map(|step| Use::Step(step)).collect()
    }

    fn rehearse(&self, _context: &mut Context) -> Result<(), StepError> {
        if self.cycles == 0 {
            return Err(PatientError::NoCycle.into());
        }
        self.tissue.as_ref().map(|t| tissue(&t.alpha_beta, &t.repair)).transpose()?;
        above_zero(self.limit.text(), "Gy").map_err(|e| e.of("limit"))?;
        accepts_misfit(&self.accept)?;
        Ok(())
    }

    fn run(&self, context: &mut Context) -> Result<(), StepError> {
        if self.cycles == 0 {
            return Err(PatientError::NoCycle.into());
        }
        let tissue = self.tissue.as_ref().map(|t| tissue(&t.alpha_beta, &t.repair)).transpose()?;
        let limit = above_zero(self.limit.text(), "Gy").map_err(|e| e.of("limit"))?;
        let what = Plan {
            limit: tissue.map_or(Limit::Dose(limit), |t| Limit::Bed(limit, t)),
            cycles: self.cycles,
            activity_gbq: self
                .activity
                .as_ref()
                .map(|a| above_zero(a.text(), "GBq"))
                .transpose()?,
            between_cycles: self.between_cycles.as_ref().map_or(0.0, Share::share),
            accept_misfit: accepts_misfit(&self.accept)?,
        };
        let rbe: Vec<Weights> = self.rbe.iter().map(RbeSpec::weights).collect();
        let with_tissue = |step: &String| -> Result<BTreeMap<String, RegionDose>, StepError> {
            let (tias, doses) = context.artefacts.doses(step)?;
            Ok(doses
                .iter()
                .map(|d| {
                    let tia = tias.iter().find(|t| t.region == d.region);
                    let asked = tissue.zip(tia);
                    let effective = asked.map(|(t, tia)| effective(tia, &d.dose, t, &rbe));
                    (d.region.clone(), RegionDose { effective, ..d.clone() })
                })
                .collect())
        };
        let next = with_tissue(&self.from)?;
        let given = self.given.iter().map(with_tissue).collect::<Result<Vec<_>, _>>()?;
        let regions: Vec<String> =
            self.regions.clone().unwrap_or_else(|| next.keys().cloned().collect());
        let courses = regions
            .iter()
            .map(|region| {
                let dose = next.get(region).ok_or_else(|| StepError::NoDoseOf {
                    step: self.from.clone(),
                    region: region.clone(),
                    known: next.keys().cloned().collect(),
                })?;
                let given =
                    given.iter().zip(&self.given).map(|(doses, step)| match doses.get(region) {
                        Some(dose) => given_cycle(dose, &rbe).within(&format!("`{step}`")),
                        None => Verdict::refused(NoValue::NotInStep { step: step.clone() }),
                    });
                Ok(Course { given: Verdict::all(given), ..Course::of(dose, &rbe) })
            })
            .collect::<Result<Vec<_>, StepError>>()?;
        let (results, risks) = tables::found(&self.id, &plans(courses, &what), &what);
        context.add(results);
        context.add(risks);
        Ok(())
    }
}
