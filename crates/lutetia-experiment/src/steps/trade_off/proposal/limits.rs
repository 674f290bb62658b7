//! What a regimen may do at most.

use lutetia_patient::shown;
use lutetia_scenario::internal;
use lutetia_trial::regimen::RegimenLimit;
use lutetia_units::{Quantity, Unit};

use super::{MeasuredDose, ProposalFault, ProposeSpec};
use crate::{
    artefact::Artefacts,
    steps::{StepError, TrialStepError, trial::TrialUse},
};

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Limited {
    /// Share of the patients harmed, %.
    Harm,
    /// A kept output by its place, in its declared unit.
    Output(usize),
    /// The same, judged by a measured dose.
    Measured(Measured),
    /// Activity of all cycles together, GBq.
    Activity,
}

/// The limits of a search, in the order in which they are shown.
///
/// # Errors
/// An output that the model does not have or the trial does not keep, quantities of other dimensions, measured doses
/// that are none.
pub(super) fn limits(
    spec: &ProposeSpec,
    base: &TrialUse,
    artefacts: &Artefacts,
) -> Result<Vec<(Limited, RegimenLimit)>, StepError> {
    let model = &base.cohort.model;
    let system = model.simulator.system();
    let mut all = Vec::new();
    if let Some(share) = &spec.harm {
        let most = 100.0 * number("harm", share.quantity(), "1")?;
        all.push((Limited::Harm, RegimenLimit { name: "harm (%)".to_owned(), most }));
    }
    let mut outputs = Vec::new();
    for (name, text) in &spec.limits {
        let output = system
            .output_index(name)
            .ok_or_else(|| TrialStepError::NoOutput { name: name.clone() })?;
        let info = &system.outputs()[output];
        let most = internal(model, name, text)? * info.factor;
        let place = base.kept(name)?;
        let limit = RegimenLimit { name: format!("{name} ({})", info.unit), most };
        outputs.push((name, place, limit));
    }
    all.extend(outputs.iter().map(|(_, place, limit)| (Limited::Output(*place), limit.clone())));
    for (name, m) in &spec.measured {
        let Some((_, limited, limit)) = outputs.iter().find(|(output, ..)| *output == name) else {
            return Err(ProposalFault::MeasuredUnlimited { output: name.clone() }.into());
        };
        let measured = Measured {
            limited: *limited,
            dose: base.kept(&m.dose)?,
            per_gbq: largest(name, &m.per_activity, artefacts)?,
        };
        let name = format!("{}, measured curves", limit.name);
        all.push((Limited::Measured(measured), RegimenLimit { name, most: limit.most }));
    }
    if let Some(activity) = &spec.total_activity {
        let most = number("`total_activity`", activity.quantity(), "GBq")?;
        let name = "activity given in all (GBq)".to_owned();
        all.push((Limited::Activity, RegimenLimit { name, most }));
    }
    Ok(all)
}

/// Whether a measured output has a limit, and doses that it is measured by, before there are any.
pub(super) fn asked(
    spec: &ProposeSpec,
    name: &str,
    measured: &MeasuredDose,
) -> Result<(), ProposalFault> {
    if !spec.limits.contains_key(name) {
        return Err(ProposalFault::MeasuredUnlimited { output: name.to_owned() });
    }
    if measured.per_activity.is_empty() {
        return Err(ProposalFault::NoCell { output: name.to_owned() });
    }
    Ok(())
}

/// The number of a quantity in a unit.
pub(super) fn number(key: &str, quantity: &Quantity, unit: &str) -> Result<f64, TrialStepError> {
    let number = Unit::parse(unit).and_then(|unit| quantity.to(&unit));
    number.map_err(TrialStepError::quantity(key))
}

/// A limited output, judged by a measured dose.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Measured {
    /// Places of the limited output and of the absorbed dose among those kept.
    limited: usize,
    dose: usize,
    per_gbq: f64,
}

impl Measured {
    /// The limited output if the organ had the measured dose D′ instead of the model's D. What the output is beyond
    /// the absorbed dose is quadratic in the dose rate, as in `BED = D + G D²/(α/β)`:
    /// `x′ = D′ + (x − D) (D′/D)²`; an output that is the dose itself becomes D′.
    pub(super) fn of(self, values: &[f64], gbq: f64) -> f64 {
        let (x, d) = (values[self.limited], values[self.dose]);
        if d <= 0.0 {
            return x;
        }
        let own = self.per_gbq * gbq;
        own + (x - d) * (own / d).powi(2)
    }
}

/// The largest of some absorbed doses per activity, Gy/GBq.
fn largest(name: &str, paths: &[String], artefacts: &Artefacts) -> Result<f64, StepError> {
    let mut found: Option<f64> = None;
    for path in paths {
        let none = || ProposalFault::NoDose { path: path.clone(), output: name.to_owned() };
        let &[step, region, "per_activity"] = &path.split('/').collect::<Vec<_>>()[..] else {
            return Err(none().into());
        };
        let (_, regions) = artefacts.doses(step)?;
        let region = regions.iter().find(|r| r.region == region).ok_or_else(|| {
            let known = regions.iter().map(|r| r.region.clone()).collect();
            ProposalFault::NoRegion { path: path.clone(), known }
        })?;
        let dose = shown(&region.dose).0.and_then(|dose| dose.gy_per_gbq);
        let number = dose.filter(|x| *x > 0.0).ok_or_else(none)?;
        found = Some(found.map_or(number, |f| f.max(number)));
    }
    found.ok_or_else(|| ProposalFault::NoCell { output: name.to_owned() }.into())
}
