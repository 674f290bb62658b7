//! Absorbed doses out of a model: the integrals of its activities, region by region and nuclide by
//! nuclide, also while one parameter is varied.

use std::collections::BTreeMap;

use lutetia_dose::{
    Mass, Rbe, Region, SelfDoseFactor, Sex, Tia, absorbed_dose, bundled, marrow_self_factor,
    rbe_weighted, self_dose_factor,
};
use lutetia_scenario::{LoadedModel, Treatment};
use lutetia_sim::Options;
use lutetia_units::{Dimension, Unit};
use rayon::prelude::*;

use crate::{PatientError, dose::Weights};

/// What is asked of a model.
#[derive(Debug, Clone)]
pub struct ModelDoses {
    /// What is given, in the units of the model.
    pub treatment: Treatment,
    /// Parameters or covariates that differ from the file: name to quantity.
    pub set: BTreeMap<String, String>,
    /// Reference adult whose organs are taken.
    pub reference: Sex,
    /// Activities and where they are.
    pub sources: Vec<ModelSource>,
    /// Weights by effect.
    pub weights: Vec<Weights>,
    /// A parameter and the values it takes, one after the other.
    pub vary: Option<(String, Vec<String>)>,
}

/// One output of the model, an activity.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelSource {
    /// Output, in a unit of activity.
    pub output: String,
    /// Region whose dose it adds to.
    pub region: String,
    /// Nuclides that decay there: the one of the output, then daughters that the model does not
    /// follow and that decay where the first does, by branching.
    pub nuclides: Vec<String>,
    /// Mass of the region, g; that of the reference adult without it.
    pub mass_g: Option<f64>,
}

/// A dose by particle, Gy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parts {
    /// Of alphas.
    pub alpha: f64,
    /// Of electrons.
    pub electron: f64,
    /// Of photons.
    pub photon: f64,
}

impl Parts {
    /// All particles, Gy.
    #[must_use]
    pub fn total(self) -> f64 {
        self.alpha + self.electron + self.photon
    }
}

/// What one nuclide gives in one region.
#[derive(Debug, Clone, PartialEq)]
pub struct ByNuclide {
    /// The region.
    pub region: String,
    /// The nuclide.
    pub nuclide: String,
    /// Its decays, MBq h.
    pub mbq_h: f64,
    /// Dose by particle.
    pub parts: Parts,
    /// Their sum, Gy.
    pub total: f64,
    /// Its share of the dose of the region, 0 to 1; none where that is zero.
    pub share: Option<f64>,
}

/// What all nuclides give in one region.
#[derive(Debug, Clone, PartialEq)]
pub struct ByRegion {
    /// The region.
    pub region: String,
    /// Its mass, g.
    pub mass_g: f64,
    /// Dose by particle.
    pub parts: Parts,
    /// Doses weighted for each effect, Gy(RBE); none where the weights are not for the region.
    pub weighted: Vec<Option<f64>>,
}

/// The doses at one value of the parameter that is varied.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelCase {
    /// The value; none where nothing is varied.
    pub value: Option<String>,
    /// By region and nuclide.
    pub nuclides: Vec<ByNuclide>,
    /// By region.
    pub regions: Vec<ByRegion>,
}

/// Doses out of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelDosesFound {
    /// Activity given, MBq.
    pub injected_mbq: f64,
    /// One per value of the parameter that is varied.
    pub cases: Vec<ModelCase>,
    /// Relative tolerance of the integration.
    pub rtol: f64,
}

/// A nuclide of a source, ready to be multiplied.
struct Source {
    /// Index of the source, as the outputs are integrated.
    of: usize,
    output: usize,
    /// Decays per decay of the nuclide of the output.
    per_decay: f64,
    region: String,
    mass: Mass,
    factor: SelfDoseFactor,
    nuclide: String,
}

fn sources(asked: &ModelDoses, model: &LoadedModel) -> Result<Vec<Source>, PatientError> {
    let sex = asked.reference;
    let mut found = Vec::new();
    for (of, spec) in asked.sources.iter().enumerate() {
        let output = model.simulator.output(&spec.output)?;
        let info = &model.simulator.system().outputs()[output];
        if info.unit.dimension() != Dimension::ACTIVITY {
            return Err(PatientError::NotAnActivity {
                output: spec.output.clone(),
                unit: info.unit.clone(),
            });
        }
        let region = Region::named(&spec.region)?;
        let reference = || {
            let of_adult = region.reference_mass_g(sex);
            of_adult.ok_or_else(|| PatientError::NoReferenceMass { region: spec.region.clone() })
        };
        let grams = spec.mass_g.map_or_else(reference, Ok)?;
        let mass = Mass::new(&spec.region, grams, None)?;
        let head = spec
            .nuclides
            .first()
            .ok_or_else(|| PatientError::NoNuclides { output: spec.output.clone() })?;
        for nuclide in &spec.nuclides {
            let source = bundled::source(nuclide)?;
            let factor = if region.is_red_marrow() {
                marrow_self_factor(&source, sex).and_then(|factor| factor.scaled_to(grams))
            } else {
                self_dose_factor(&source, &region, grams, sex)
            };
            found.push(Source {
                of,
                output,
                per_decay: bundled::decays_per_decay(head, nuclide)?,
                region: spec.region.clone(),
                mass,
                factor: factor?,
                nuclide: source.name().to_owned(),
            });
        }
    }
    Ok(found)
}

/// A value of a number in a unit.
fn in_unit(model: &LoadedModel, x: f64, unit: &str) -> Result<f64, PatientError> {
    Ok(model.model.units.from_internal(x, &Unit::parse(unit)?))
}

/// The integrals of the activities to infinity and the doses they deliver.
///
/// # Errors
/// [`PatientError`]: an output that is not an activity, a region, nuclide or mass that is not known, doses without activity,
/// an activity that does not end.
pub fn model_doses(
    model: &LoadedModel,
    asked: &ModelDoses,
) -> Result<ModelDosesFound, PatientError> {
    let Prepared { sources, outputs, injected_mbq } = prepared(model, asked)?;
    let options = Options { integrals: outputs, to_infinity: true, ..Options::default() };
    let values: Vec<Option<&String>> = match &asked.vary {
        None => vec![None],
        Some((_, values)) => values.iter().map(Some).collect(),
    };
    let runs = values
        .par_iter()
        .map(|value| integrals(model, asked, &options, *value))
        .collect::<Result<Vec<_>, _>>()?;
    let cases = values
        .into_iter()
        .zip(&runs)
        .map(|(value, integrals)| {
            let nuclides = by_nuclide(model, &sources, integrals, injected_mbq)?;
            let regions = by_region(&sources, &nuclides, &asked.weights)?;
            Ok(ModelCase { value: value.cloned(), nuclides: shared(nuclides, &regions), regions })
        })
        .collect::<Result<_, PatientError>>()?;
    Ok(ModelDosesFound { injected_mbq, cases, rtol: options.rtol })
}

/// Whether such doses can be asked of a model, before anything is computed.
///
/// # Errors
/// [`PatientError`]: an output, a region, a nuclide or a mass that there is not, no activity, one output twice.
pub fn check_model_doses(model: &LoadedModel, asked: &ModelDoses) -> Result<(), PatientError> {
    prepared(model, asked).map(drop)
}

/// What is computed of which outputs.
struct Prepared {
    sources: Vec<Source>,
    outputs: Vec<usize>,
    injected_mbq: f64,
}

fn prepared(model: &LoadedModel, asked: &ModelDoses) -> Result<Prepared, PatientError> {
    let sources = sources(asked, model)?;
    let regimen = asked.treatment.regimen();
    let activities = regimen.doses.iter().flat_map(|d| &d.activities);
    let injected_mbq = in_unit(model, activities.map(|(_, activity)| activity).sum(), "MBq")?;
    if injected_mbq <= 0.0 {
        return Err(PatientError::NoActivity);
    }
    let mut outputs: Vec<usize> = sources.iter().map(|s| s.output).collect();
    // One integral per source, in their order: its nuclides follow each other.
    outputs.dedup_by_key(|output| *output);
    if outputs.len() != asked.sources.len() {
        return Err(PatientError::OutputTwice);
    }
    Ok(Prepared { sources, outputs, injected_mbq })
}

/// The integrals of the sources to infinity, internal, in their order.
fn integrals(
    model: &LoadedModel,
    asked: &ModelDoses,
    options: &Options,
    value: Option<&String>,
) -> Result<Vec<f64>, PatientError> {
    let mut set = asked.set.clone();
    if let (Some((parameter, _)), Some(value)) = (&asked.vary, value) {
        set.insert(parameter.clone(), value.clone());
    }
    let scenario = model.scenario(&set, asked.treatment.clone())?;
    let times = [0.0, model.clock().hour()];
    let trajectory = scenario.simulator().run(&scenario.request(&times).options(options))?;
    (0..asked.sources.len())
        .map(|i| {
            let integral = trajectory.integrals_to_infinity.get(i);
            integral.map(|x| x.value).ok_or(PatientError::NoEnd)
        })
        .collect()
}

/// Doses by region and nuclide, without their shares.
fn by_nuclide(
    model: &LoadedModel,
    sources: &[Source],
    integrals: &[f64],
    injected_mbq: f64,
) -> Result<Vec<ByNuclide>, PatientError> {
    sources
        .iter()
        .map(|source| {
            // Rounding of the solver may leave a small negative integral of what is not there.
            let mbq_h = in_unit(model, integrals[source.of], "MBq h")?.max(0.0) * source.per_decay;
            let tia = Tia::new(&source.region, mbq_h, None, None, "integral of the model")?;
            let dose = absorbed_dose(&tia, &source.factor, source.mass, Some(injected_mbq))?;
            Ok(ByNuclide {
                region: source.region.clone(),
                nuclide: source.nuclide.clone(),
                mbq_h,
                parts: Parts { alpha: dose.alpha, electron: dose.electron, photon: dose.photon },
                total: dose.total,
                share: None,
            })
        })
        .collect()
}

/// Doses by region, in the order in which the regions come.
fn by_region(
    sources: &[Source],
    nuclides: &[ByNuclide],
    weights: &[Weights],
) -> Result<Vec<ByRegion>, PatientError> {
    let mut sums: Vec<(Mass, ByRegion)> = Vec::new();
    for (source, one) in sources.iter().zip(nuclides) {
        match sums.iter_mut().find(|(_, sum)| sum.region == one.region) {
            None => {
                let (region, mass_g) = (one.region.clone(), source.mass.g);
                let sum = ByRegion { region, mass_g, parts: one.parts, weighted: Vec::new() };
                sums.push((source.mass, sum));
            }
            Some((_, sum)) => {
                sum.parts.alpha += one.parts.alpha;
                sum.parts.electron += one.parts.electron;
                sum.parts.photon += one.parts.photon;
            }
        }
    }
    for (mass, sum) in &mut sums {
        let Parts { alpha, electron, photon } = sum.parts;
        sum.weighted = weights
            .iter()
            .map(|w| {
                let rbe = Rbe { alpha: w.alpha, electron: w.electron, photon: w.photon };
                let found = weighted(&sum.region, *mass, [alpha, electron, photon], rbe)?;
                Ok(w.is_for(&sum.region).then_some(found))
            })
            .collect::<Result<_, PatientError>>()?;
    }
    Ok(sums.into_iter().map(|(_, sum)| sum).collect())
}

/// The share of each nuclide in the dose of its region.
fn shared(mut nuclides: Vec<ByNuclide>, regions: &[ByRegion]) -> Vec<ByNuclide> {
    for one in &mut nuclides {
        let whole = regions.iter().find(|r| r.region == one.region).map(|r| r.parts.total());
        one.share = whole.filter(|all| *all > 0.0).map(|all| one.total / all);
    }
    nuclides
}

fn weighted(region: &str, mass: Mass, parts: [f64; 3], rbe: Rbe) -> Result<f64, PatientError> {
    // A factor whose dose per integral is the dose itself: 1/3.6 MBq h.
    let factor = SelfDoseFactor::given(region, "the chain", mass.g, parts, "sum")?;
    let tia = Tia::new(region, 1.0 / 3.6, None, None, "sum")?;
    let dose = absorbed_dose(&tia, &factor, mass, None)?;
    Ok(rbe_weighted(&dose, rbe)?.gy_rbe())
}
