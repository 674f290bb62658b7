//! A cohort of which the typical values are uncertain: the same patients under draws of these.

use lutetia_population::Uncertainty;
use lutetia_scenario::LoadedModel;
use lutetia_trial::{
    CohortSpec,
    draws::{Quantile, quantile},
};
use rayon::prelude::*;

use super::{
    CohortFault, CohortStep, CohortUse,
    posterior::{Drawn, DrawnFrom},
    result::{Spread, spread_of},
};
use crate::steps::StepError;

/// Fewest draws, which have an interval of the median, and most.
pub(crate) const DRAWS: std::ops::RangeInclusive<u32> = 6..=1000;

/// A quantity over draws.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Band {
    /// Its median.
    pub(crate) median: Option<Quantile>,
    /// The 2.5 % quantile; none where the draws do not allow it.
    pub(crate) lower: Option<Quantile>,
    /// The 97.5 % quantile.
    pub(crate) upper: Option<Quantile>,
}

impl Band {
    /// Of the values under each draw.
    pub(crate) fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let at = |p: f64| quantile(&values, p);
        Self { median: at(0.5), lower: at(0.025), upper: at(0.975) }
    }

    /// Median, lower and upper end, each with its interval.
    pub(crate) fn numbers(&self) -> [Option<f64>; 9] {
        let three = |q: Option<Quantile>| [q.map(|q| q.value), q.map(|q| q.low), q.map(|q| q.high)];
        let all = [three(self.median), three(self.lower), three(self.upper)].concat();
        std::array::from_fn(|at| all[at])
    }
}

/// The columns of [`Band::numbers`].
pub(crate) const BAND: [&str; 9] = [
    "median",
    "median_low",
    "median_high",
    "lower",
    "lower_low",
    "lower_high",
    "upper",
    "upper_low",
    "upper_high",
];

/// A statistic of a parameter or covariate of the cohort over the draws.
pub(super) struct UncertainSpread {
    /// Its place in the system.
    pub(super) slot: usize,
    pub(super) statistic: &'static str,
    pub(super) band: Band,
}

/// The draws of typical values of a model whose other values are set (internal): a function of seed and number.
///
/// # Errors
/// [`CohortFault`]: too few or too many, nothing that is uncertain.
pub(crate) fn draws(
    model: &LoadedModel,
    (count, seed): (u32, u64),
    set: &[&str],
    typical: &[(String, f64)],
) -> Result<Drawn, StepError> {
    if !DRAWS.contains(&count) {
        return Err(
            CohortFault::Draws { found: count, least: *DRAWS.start(), most: *DRAWS.end() }.into()
        );
    }
    let system = model.simulator.system();
    let uncertainty = Uncertainty::of(&model.model, system, set);
    if uncertainty.drawn().next().is_none() {
        return Err(CohortFault::NothingUncertain.into());
    }
    let mut base = system.default_parameters();
    for (name, value) in typical {
        for slot in lutetia_scenario::slots(model, name) {
            base[slot] = *value;
        }
    }
    let drawn: Vec<Vec<f64>> =
        (0..u64::from(count)).map(|number| uncertainty.draw(&base, seed, number)).collect();
    let infos = system.parameters();
    let varies =
        |slot: &usize| drawn.iter().any(|values| values[*slot].to_bits() != base[*slot].to_bits());
    let slots: Vec<usize> = (0..infos.len()).filter(varies).collect();
    let named =
        |values: &Vec<f64>| slots.iter().map(|&k| (infos[k].name.clone(), values[k])).collect();
    Ok(Drawn {
        from: DrawnFrom::Uncertainty,
        nearest: named(&base),
        draws: drawn.iter().map(named).collect(),
        effective_size: f64::from(count),
    })
}

/// The draws of a step, where it asks for any.
pub(super) fn of_step(
    step: &CohortStep,
    model: &LoadedModel,
    spec: &CohortSpec,
) -> Result<Option<Drawn>, StepError> {
    if step.draws == 0 {
        return Ok(None);
    }
    if matches!(step.calibrated, Some(super::Calibrated::Elsewhere(_))) {
        return Err(CohortFault::TwoDraws.into());
    }
    let typical = spec.typical.iter().map(|(name, _)| name);
    let covariates = spec.covariates.iter().map(|(name, _)| name);
    let set: Vec<&str> = typical.chain(covariates).map(String::as_str).collect();
    draws(model, (step.draws, spec.seed), &set, &spec.typical).map(Some)
}

/// The statistics of the cohort under each draw of the numbers of the model, for the parameters that are shown; none where
/// none are drawn.
pub(super) fn spreads(
    cohort: &CohortUse,
    patients: usize,
    shown: &[Spread],
) -> Result<Option<Vec<UncertainSpread>>, StepError> {
    let own = cohort.posterior.as_ref().filter(|p| p.from == DrawnFrom::Uncertainty);
    let Some(drawn) = own else { return Ok(None) };
    let infos = cohort.model.simulator.system().parameters();
    let under = |typical: &Vec<(String, f64)>| {
        let found = cohort.with(typical)?.cohort(0, patients)?;
        let of = |s: &Spread| {
            let factor = infos[s.slot].factor;
            let values = found.patients.iter().map(|p| p.parameters(0)[s.slot] / factor);
            spread_of(s.slot, values.collect())
        };
        Ok::<Vec<Spread>, StepError>(shown.iter().map(of).collect())
    };
    let all = drawn.draws.par_iter().map(under).collect::<Result<Vec<_>, _>>()?;
    let statistics: [(&'static str, fn(&Spread) -> f64); 5] = [
        ("mean", |s| s.mean),
        ("sd", |s| s.sd),
        ("q05", |s| s.q05),
        ("median", |s| s.median),
        ("q95", |s| s.q95),
    ];
    let mut found = Vec::new();
    for (k, s) in shown.iter().enumerate() {
        for (statistic, of) in statistics {
            let values = all.iter().map(|spreads| of(&spreads[k])).collect();
            found.push(UncertainSpread { slot: s.slot, statistic, band: Band::of(values) });
        }
    }
    Ok(Some(found))
}
