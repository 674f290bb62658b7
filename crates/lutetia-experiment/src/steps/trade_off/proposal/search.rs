//! The search for the regimen of greatest benefit within limits.

use std::sync::Arc;

use lutetia_trial::regimen::{Assessed, Proposal, options, propose};
use rayon::prelude::*;

use super::{
    ProposeSpec,
    choices::{Chosen, choices},
    judge::Judge,
    limits::{asked, limits},
    patient::Sought,
};
use crate::steps::{
    Context, StepError,
    trade_off::{Benefit, ProposalFault, RegimenSpec, TradeOffStep, harm::HarmRule},
};

/// What a search found.
pub(in crate::steps::trade_off) struct Proposed {
    pub(super) chosen: Vec<Chosen>,
    pub(super) proposal: Proposal,
    /// The proposed regimen under other values of what is uncertain.
    pub(super) spread: Vec<Assessed>,
}

impl TradeOffStep {
    /// The regimen of greatest benefit within limits.
    ///
    /// # Errors
    /// Keys that do not go together, limits that are none, a search that finds nothing to propose.
    pub(in crate::steps::trade_off) fn search(
        &self,
        spec: &ProposeSpec,
        context: &Context,
    ) -> Result<Proposed, StepError> {
        let from = self.start(spec)?;
        let trial = self.trial_of(from);
        let base = context.artefacts.trial(trial)?.0;
        let cohort = &base.cohort;
        let fitted = spec.fitted.as_ref().map(|f| context.artefacts.fitted(&f.step)).transpose()?;
        let harm = HarmRule::of(self, base, trial)?;
        let (limited, limits): (Vec<_>, Vec<_>) =
            limits(spec, base, &context.artefacts)?.into_iter().unzip();
        let chosen = choices(spec)?;
        let sought = Sought::of(spec, fitted, cohort)?;
        let one = if spec.patients == 0 { Some(cohort.with(&sought.values())?) } else { None };
        let population = one.as_ref().unwrap_or(&cohort.population);
        let judge = Judge {
            base,
            benefit: self.benefit,
            harm,
            from: from.arm(self.stop_at_progression),
            chosen: &chosen,
            limited,
            horizon: self.horizon.d(),
            patients: spec.patients as usize,
            stop: &context.stop,
        };
        let knobs: Vec<_> = chosen.iter().map(Chosen::knob).collect();
        let stop = Some(Arc::clone(&context.stop));
        let how = options(spec.points as usize, u64::from(spec.rounds), context.seed, stop);
        let proposal = propose(&knobs, &limits, &how, &|x| judge.assess(population, x))?;
        let at = match &proposal {
            Proposal::Found { values, .. } => values,
            Proposal::Impossible { nearest, .. } => nearest,
        };
        let spread = sought
            .others(cohort, context.seed)?
            .par_iter()
            .map(|values| judge.assess(&cohort.with(values)?, at))
            .collect::<Result<Vec<_>, StepError>>()?;
        Ok(Proposed { chosen, proposal, spread })
    }

    /// What can be known of a search before it.
    pub(in crate::steps::trade_off) fn asked_of_search(
        &self,
        spec: &ProposeSpec,
        context: &Context,
    ) -> Result<(), StepError> {
        let trial = self.trial_of(self.start(spec)?);
        let base = context.artefacts.trial(trial)?.0;
        HarmRule::of(self, base, trial)?;
        choices(spec)?;
        // What was measured comes from earlier steps.
        let unmeasured =
            ProposeSpec { measured: std::collections::BTreeMap::new(), ..spec.clone() };
        limits(&unmeasured, base, &context.artefacts)?;
        for (name, measured) in &spec.measured {
            asked(spec, name, measured)?;
            base.kept(&measured.dose)?;
        }
        for (name, text) in &spec.patient {
            lutetia_scenario::setting(&base.cohort.model, name, text)?;
        }
        Ok(())
    }

    /// The regimen that is varied, where the keys of a search go together.
    fn start(&self, spec: &ProposeSpec) -> Result<&RegimenSpec, ProposalFault> {
        let from = self.regimens.iter().find(|r| r.name == spec.from).ok_or_else(|| {
            let names = self.regimens.iter().map(|r| r.name.as_str());
            let near = lutetia_diagnostic::closest(&spec.from, names).map(str::to_owned);
            ProposalFault::NoStart { name: spec.from.clone(), near }
        })?;
        if spec.patients == 0 && self.benefit != Benefit::RestrictedMean {
            return Err(ProposalFault::OnePatientBenefit);
        }
        if spec.patients > 0 && (spec.fitted.is_some() || !spec.patient.is_empty()) {
            return Err(ProposalFault::OneAndMany);
        }
        if spec.patients > 0 && !spec.measured.is_empty() {
            return Err(ProposalFault::MeasuredOfMany);
        }
        Ok(from)
    }
}
