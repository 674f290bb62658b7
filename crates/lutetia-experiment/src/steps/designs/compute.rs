//! Every design under every assumption, and what follows for its activity.

use std::{collections::BTreeMap, sync::atomic::Ordering};

use lutetia_dose::Sex;
use lutetia_patient::{
    designs::{DesignRegion, Designs, RegionDose, design_doses, rehearse_designs},
    first_limit::{Limit, allowed},
    model_dose::Parts,
    text::given_mass,
};
use lutetia_scenario::{LoadedModel, ScenarioError, Treatment, setting};
use lutetia_sim::Options;
use rayon::prelude::*;

use super::{Assumptions, DesignsError, DesignsStep};
use crate::steps::{Context, StepError};

/// More designs, all assumptions together, than anybody reads.
const MOST: usize = 20_000;

/// A step in the terms of its models.
pub(super) struct Asked {
    pub(super) regions: Vec<DesignRegion>,
    pub(super) target: usize,
    /// Of each region, Gy(RBE).
    pub(super) limits: Vec<Option<f64>>,
    pub(super) scenarios: Vec<Assumptions>,
    /// Of each model, in their order.
    nuclides: Vec<String>,
    treatments: Vec<Treatment>,
    /// Which value of each axis, of each combination.
    pub(super) combinations: Vec<Vec<usize>>,
    /// The combination of all bases.
    pub(super) base: usize,
}

/// Doses of a design under assumptions.
pub(super) struct Case {
    /// Which of the scenarios.
    pub(super) scenario: usize,
    /// Its nuclide.
    pub(super) nuclide: String,
    /// Which of the combinations.
    pub(super) combination: usize,
    /// Of each region, per activity given.
    pub(super) doses: Vec<RegionDose>,
    /// Weight of alphas.
    pub(super) rbe: f64,
    /// Activity for the dose that is compared at, MBq.
    pub(super) equal_mbq: f64,
    /// Region that limits the activity, and the activity to its limit, MBq.
    pub(super) limiting: usize,
    pub(super) limit_mbq: f64,
    /// Dose of the target at that activity, Gy(RBE).
    pub(super) at_limit: f64,
}

/// All of them, and what was asked.
pub(super) struct Found {
    pub(super) asked: Asked,
    /// By scenario, model and combination, the last running fastest.
    pub(super) cases: Vec<Case>,
    pub(super) rtol: f64,
}

impl Found {
    /// A case by its indices.
    pub(super) fn case(&self, scenario: usize, model: usize, combination: usize) -> &Case {
        let per_model = self.asked.combinations.len();
        let per_scenario = per_model * self.asked.nuclides.len();
        &self.cases[scenario * per_scenario + model * per_model + combination]
    }

    pub(super) fn models(&self) -> usize {
        self.asked.nuclides.len()
    }
}

/// RBE-weighted dose of parts.
pub(super) fn weighted(parts: Parts, rbe: f64) -> f64 {
    rbe * parts.alpha + parts.electron + parts.photon
}

/// The keys of a step in the terms of its models.
pub(super) fn asked(step: &DesignsStep, context: &Context) -> Result<Asked, StepError> {
    let regions = step
        .regions
        .iter()
        .map(|spec| {
            let free = spec.free.iter();
            Ok(DesignRegion {
                region: spec.region.clone(),
                activity: spec.activity.clone(),
                free: free.map(|(nuclide, output)| (canonical(nuclide), output.clone())).collect(),
                mass_g: given_mass(&spec.region, &spec.mass)?,
            })
        })
        .collect::<Result<Vec<_>, StepError>>()?;
    let target = regions.iter().position(|r| r.region == step.target).ok_or_else(|| {
        let regions = regions.iter().map(|r| r.region.clone()).collect();
        DesignsError::Target { target: step.target.clone(), regions }
    })?;
    let limits: Vec<Option<f64>> = step
        .regions
        .iter()
        .enumerate()
        .map(|(k, spec)| spec.limit.as_ref().filter(|_| k != target).map(|gy| gy.quantity().si()))
        .collect();
    if limits.iter().all(Option::is_none) {
        return Err(DesignsError::NoLimit.into());
    }
    let scenarios = match step.scenarios.is_empty() {
        true => vec![Assumptions { name: "as given".to_owned(), ..Assumptions::default() }],
        false => step.scenarios.clone(),
    };
    let weights =
        scenarios.iter().filter_map(|s| Some((format!("the RBE of `{}`", s.name), s.rbe?)));
    let numbers = limits
        .iter()
        .zip(&step.regions)
        .filter_map(|(limit, spec)| Some((format!("the limit of `{}`", spec.region), (*limit)?)));
    let single =
        [("`rbe`".to_owned(), step.rbe), ("`equal`".to_owned(), step.equal.quantity().si())];
    for (what, value) in single.into_iter().chain(weights).chain(numbers) {
        if !(value > 0.0 && value.is_finite()) {
            return Err(DesignsError::NotAboveZero { what, value }.into());
        }
    }
    let mut treatments = Vec::new();
    let mut nuclides: Vec<String> = Vec::new();
    for (k, name) in step.models.iter().enumerate() {
        let model = context.model(name)?;
        let doses = step.dose.doses(model.simulator.system()).map_err(ScenarioError::from)?;
        let treatment = Treatment::on_one_occasion(doses);
        let asked = Designs { treatment: &treatment, regions: &regions, reference: Sex::Male };
        let nuclide = rehearse_designs(model, &asked)?;
        if let Some(first) = nuclides.iter().position(|n| *n == nuclide) {
            let (first, second) = (step.models[first].clone(), step.models[k].clone());
            return Err(DesignsError::NuclideTwice { first, second, nuclide }.into());
        }
        nuclides.push(nuclide);
        treatments.push(treatment);
        values(step, &scenarios, model)?;
    }
    let (combinations, base) = combinations(step)?;
    let count = combinations.len() * nuclides.len() * scenarios.len();
    if count > MOST {
        return Err(DesignsError::TooMany { count, most: MOST }.into());
    }
    Ok(Asked { regions, target, limits, scenarios, nuclides, treatments, combinations, base })
}

/// The name of a nuclide as the table has it; a name that it has not is refused where it is used.
pub(crate) fn canonical(name: &str) -> String {
    lutetia_data::nuclides().get(name).map_or_else(|_| name.to_owned(), |n| n.name.clone())
}

/// Whether everything that is set can be.
fn values(
    step: &DesignsStep,
    scenarios: &[Assumptions],
    model: &LoadedModel,
) -> Result<(), StepError> {
    for scenario in scenarios {
        let mut set = step.set.clone();
        set.extend(scenario.set.clone());
        model.parameters(&set)?;
    }
    for axis in &step.vary {
        for value in &axis.values {
            setting(model, &axis.parameter, value)?;
        }
    }
    Ok(())
}

/// Every combination of the values of the axes, and the one of all bases.
fn combinations(step: &DesignsStep) -> Result<(Vec<Vec<usize>>, usize), StepError> {
    let mut all = vec![Vec::new()];
    let mut bases = Vec::new();
    for axis in &step.vary {
        let base = axis.values.iter().position(|v| *v == axis.base);
        bases.push(base.ok_or_else(|| DesignsError::Base {
            axis: axis.name.clone(),
            base: axis.base.clone(),
            values: axis.values.clone(),
        })?);
        all = all
            .iter()
            .flat_map(|so_far: &Vec<usize>| {
                (0..axis.values.len()).map(|k| so_far.iter().copied().chain([k]).collect())
            })
            .collect();
    }
    let base = all.iter().position(|c| *c == bases).unwrap_or(0);
    Ok((all, base))
}

/// All designs under all assumptions.
pub(super) fn designs(step: &DesignsStep, context: &Context) -> Result<Found, StepError> {
    let asked = asked(step, context)?;
    let models: Vec<&LoadedModel> =
        step.models.iter().map(|name| context.model(name)).collect::<Result<_, _>>()?;
    let mut wanted = Vec::new();
    for scenario in 0..asked.scenarios.len() {
        for model in 0..models.len() {
            wanted.extend((0..asked.combinations.len()).map(|c| (scenario, model, c)));
        }
    }
    let stop = &context.stop;
    let cases = wanted
        .into_par_iter()
        .map(|(scenario, model, combination)| {
            if stop.load(Ordering::Relaxed) {
                return Err(StepError::Interrupted);
            }
            case(step, &asked, models[model], [scenario, model, combination])
        })
        .collect::<Result<Vec<_>, StepError>>()?;
    Ok(Found { asked, cases, rtol: Options::default().rtol })
}

fn case(
    step: &DesignsStep,
    asked: &Asked,
    model: &LoadedModel,
    [scenario, of_model, combination]: [usize; 3],
) -> Result<Case, StepError> {
    let assumptions = &asked.scenarios[scenario];
    let mut set: BTreeMap<String, String> = step.set.clone();
    set.extend(assumptions.set.clone());
    for (axis, value) in step.vary.iter().zip(&asked.combinations[combination]) {
        set.insert(axis.parameter.clone(), axis.values[*value].clone());
    }
    let designs = Designs {
        treatment: &asked.treatments[of_model],
        regions: &asked.regions,
        reference: Sex::Male,
    };
    let doses = design_doses(model, &designs, &set)?;
    let rbe = assumptions.rbe.unwrap_or(step.rbe);
    let nuclide = asked.nuclides[of_model].clone();
    let target = weighted(doses[asked.target].moved, rbe);
    if target.is_nan() || target <= 0.0 {
        return Err(DesignsError::NoDose { design: nuclide }.into());
    }
    let per_mbq: Vec<Option<f64>> = doses.iter().map(|d| Some(weighted(d.moved, rbe))).collect();
    let limits = asked.limits.iter().enumerate();
    let limits: Vec<Limit> = limits
        .filter_map(|(region, gy)| Some(Limit { region, gy: (*gy)?, tissue: None }))
        .collect();
    let found = allowed(&limits, &per_mbq, &[], None)?.ok_or(DesignsError::NoLimit)?;
    let limiting = found.by.and_then(|at| limits.get(at)).ok_or(DesignsError::NoLimit)?.region;
    let limit_mbq = found.activity;
    Ok(Case {
        scenario,
        nuclide,
        combination,
        doses,
        rbe,
        equal_mbq: step.equal.quantity().si() / target,
        limiting,
        limit_mbq,
        at_limit: target * limit_mbq,
    })
}
