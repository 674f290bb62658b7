//! Doses of designs of a radioligand: of one nuclide and one set of rates, with its daughters where they are.
//!
//! A region has the activity of the ligand and those of daughters that the model follows by themselves. A daughter that
//! the model does not follow decays where the nuclide above it does. Beside it stands the dose of a table that leaves all
//! daughters where their parents were.

use std::collections::BTreeMap;

use lutetia_dose::{
    Region, SelfDoseFactor, Sex, Source, bundled, marrow_self_factor, self_dose_factor,
};
use lutetia_scenario::{LoadedModel, Treatment};
use lutetia_sim::Options;
use lutetia_units::{DecayChain, Dimension, Unit};

use crate::{PatientError, model_dose::Parts};

/// Longest half-life of a daughter that counts, in half-lives of the nuclide given.
const LONGEST_DAUGHTER: f64 = 10.0;

/// A region of a design.
#[derive(Debug, Clone, PartialEq)]
pub struct DesignRegion {
    /// The region.
    pub region: String,
    /// Output that is the activity of the ligand there.
    pub activity: String,
    /// Outputs that are the activities of daughters there, by their nuclide.
    pub free: Vec<(String, String)>,
    /// Mass, g; that of the reference adult without it.
    pub mass_g: Option<f64>,
}

/// What is asked of a model.
#[derive(Debug, Clone)]
pub struct Designs<'a> {
    /// What is given, with one nuclide.
    pub treatment: &'a Treatment,
    /// Regions.
    pub regions: &'a [DesignRegion],
    /// Reference adult whose organs are taken.
    pub reference: Sex,
}

/// Doses of a region per activity given, Gy/MBq.
#[derive(Debug, Clone, PartialEq)]
pub struct RegionDose {
    /// Daughters where the model has them.
    pub moved: Parts,
    /// All daughters where their parents decay.
    pub in_place: Parts,
    /// Decays per activity given, h: of the nuclide given and of each daughter that is followed.
    pub decays: Vec<(String, f64)>,
}

/// The nuclide given and the activity, internal: of one dose or several of it.
///
/// # Errors
/// [`PatientError::NoActivity`] without activity, [`PatientError::SeveralNuclides`] with several.
pub fn nuclide_given(treatment: &Treatment) -> Result<(String, f64), PatientError> {
    let regimen = treatment.regimen();
    let mut names: Vec<String> = Vec::new();
    let mut sum = 0.0;
    for (name, activity) in regimen.doses.iter().flat_map(|d| &d.activities) {
        let name = lutetia_data::nuclides().get(name)?.name.clone();
        if !names.contains(&name) {
            names.push(name);
        }
        sum += activity;
    }
    match names.len() {
        1 if sum > 0.0 => Ok((names.remove(0), sum)),
        0 | 1 => Err(PatientError::NoActivity),
        _ => Err(PatientError::SeveralNuclides { found: names }),
    }
}

/// A part of the dose of a region: an output and the factor of what decays with it.
struct Share {
    output: usize,
    region: usize,
    factor: SelfDoseFactor,
    nuclide: String,
}

/// Doses per activity given in all regions, integrals taken to infinity.
///
/// # Errors
/// [`PatientError`]: an output that is not an activity, a region, nuclide or mass that is not known, no activity given, one
/// that does not end.
pub fn design_doses(
    model: &LoadedModel,
    asked: &Designs<'_>,
    set: &BTreeMap<String, String>,
) -> Result<Vec<RegionDose>, PatientError> {
    let (nuclide, injected) = nuclide_given(asked.treatment)?;
    let chain = DecayChain::of(lutetia_data::nuclides(), &nuclide)?;
    let longest_s = LONGEST_DAUGHTER * chain.members()[0].half_life_s;
    let mut shares = Vec::new();
    let mut whole = Vec::new();
    for (k, spec) in asked.regions.iter().enumerate() {
        // The daughters of this nuclide among those that can be followed.
        let followed: Vec<(&str, &str)> = spec
            .free
            .iter()
            .filter(|(name, _)| {
                chain.members()[1..].iter().any(|m| m.name == *name && m.half_life_s <= longest_s)
            })
            .map(|(name, output)| (name.as_str(), output.as_str()))
            .collect();
        let elsewhere: Vec<&str> = followed.iter().map(|(name, _)| *name).collect();
        let heads = std::iter::once((nuclide.as_str(), spec.activity.as_str()));
        for (head, output) in heads.chain(followed.iter().copied()) {
            let source = bundled::source_until(head, &elsewhere, longest_s)?;
            shares.push(Share {
                output: activity(model, output)?,
                region: k,
                factor: factor(&source, spec, asked.reference)?,
                nuclide: head.to_owned(),
            });
        }
        let all = bundled::source_until(&nuclide, &[], longest_s)?;
        whole.push(factor(&all, spec, asked.reference)?);
    }
    let mut outputs: Vec<usize> = shares.iter().map(|s| s.output).collect();
    outputs.sort_unstable();
    outputs.dedup();
    let options = Options { integrals: outputs.clone(), to_infinity: true, ..Options::default() };
    let scenario = model.scenario(set, asked.treatment.clone())?;
    let times = [0.0, model.clock().hour()];
    let trajectory = scenario.simulator().run(&scenario.request(&times).options(&options))?;
    let hours = Unit::parse("h")?;
    let mut doses =
        vec![RegionDose { moved: NONE, in_place: NONE, decays: Vec::new() }; asked.regions.len()];
    for share in &shares {
        let at = outputs.iter().position(|o| *o == share.output).ok_or(PatientError::NoEnd)?;
        let integral = trajectory.integrals_to_infinity.get(at).ok_or(PatientError::NoEnd)?.value;
        // Rounding of the solver may leave a small negative integral of what is not there.
        let decays_h = model.model.units.from_internal(integral / injected, &hours).max(0.0);
        let dose = &mut doses[share.region];
        add(&mut dose.moved, &share.factor, decays_h);
        if dose.decays.is_empty() {
            add(&mut dose.in_place, &whole[share.region], decays_h);
        }
        dose.decays.push((share.nuclide.clone(), decays_h));
    }
    Ok(doses)
}

const NONE: Parts = Parts { alpha: 0.0, electron: 0.0, photon: 0.0 };

/// Adds `decays_h` MBq·h times a factor in mGy/(MBq·s), in Gy: 3600 s/h over 1000 mGy/Gy.
fn add(parts: &mut Parts, factor: &SelfDoseFactor, decays_h: f64) {
    parts.alpha += 3.6 * decays_h * factor.alpha;
    parts.electron += 3.6 * decays_h * factor.electron;
    parts.photon += 3.6 * decays_h * factor.photon;
}

fn activity(model: &LoadedModel, name: &str) -> Result<usize, PatientError> {
    let output = model.simulator.output(name)?;
    let unit = &model.simulator.system().outputs()[output].unit;
    if unit.dimension() != Dimension::ACTIVITY {
        return Err(PatientError::NotAnActivity { output: name.to_owned(), unit: unit.clone() });
    }
    Ok(output)
}

fn factor(source: &Source, spec: &DesignRegion, sex: Sex) -> Result<SelfDoseFactor, PatientError> {
    let region = Region::named(&spec.region)?;
    let reference = || {
        let of_adult = region.reference_mass_g(sex);
        of_adult.ok_or_else(|| PatientError::NoReferenceMass { region: spec.region.clone() })
    };
    let grams = spec.mass_g.map_or_else(reference, Ok)?;
    Ok(if region.is_red_marrow() {
        marrow_self_factor(source, sex)?.scaled_to(grams)?
    } else {
        self_dose_factor(source, &region, grams, sex)?
    })
}

/// Everything that can fail by a name, without computing.
///
/// # Errors
/// Those of [`design_doses`].
pub fn rehearse_designs(model: &LoadedModel, asked: &Designs<'_>) -> Result<String, PatientError> {
    let (nuclide, _) = nuclide_given(asked.treatment)?;
    let source = bundled::source(&nuclide)?;
    for spec in asked.regions {
        activity(model, &spec.activity)?;
        for (name, output) in &spec.free {
            lutetia_data::nuclides().get(name)?;
            activity(model, output)?;
        }
        factor(&source, spec, asked.reference)?;
    }
    Ok(nuclide)
}
