//! Absorbed doses from time-integrated activities.

pub mod budget;
mod daughters;
mod effective;
mod marrow;
mod warning;
mod weights;

pub use daughters::{Daughters, OwnCurve};
pub use effective::{Effective, effective};
pub use marrow::{Marrow, MarrowSource};
pub use warning::DoseWarning;
pub use weights::{Linear, Weights, has_alphas, linear, no_alphas};

use std::collections::BTreeMap;

use lutetia_data::{RegionName, Study};
use lutetia_diagnostic::{Verdict, closest};
use lutetia_dose::{
    AbsorbedDose, Budget, Chain, MarrowDose, Mass, MemberDose, Region, Sex, Tissue, absorbed_dose,
    bundled::source_with_daughters, cortex_dose, self_dose_factor,
};

use self::budget::of_region;
use crate::{NoValue, PatientError, RegionTia, shown, text::adult};

/// Which of the volumes measured at several times is taken for the mass of a region.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Volume {
    /// The mean of all.
    #[default]
    Mean,
    /// That of the first scan.
    First,
}

/// How doses are computed.
#[derive(Debug, Clone)]
pub struct DoseOptions {
    /// Relative standard deviation of measured volumes; `None` where nothing is known of it.
    pub volume_sd: Option<f64>,
    /// Which of the measured volumes gives the mass.
    pub volume: Volume,
    /// Reference adult whose organs are scaled to the patient.
    pub reference: Sex,
    /// Regions without an absorbed dose, and why.
    pub leave_out: BTreeMap<String, String>,
    /// Regions with a biologically effective dose.
    pub bed: BTreeMap<String, Tissue>,
    /// Masses given, g; `None` for that of the reference adult.
    pub masses: BTreeMap<String, Option<f64>>,
    /// Shares of mass and activity of a cortex.
    pub cortex: BTreeMap<String, (f64, f64)>,
    /// The red marrow.
    pub marrow: Option<Marrow>,
    /// Weights by effect.
    pub rbe: Vec<Weights>,
    /// What becomes of daughters.
    pub daughters: Option<Daughters>,
    /// What is known of the measurement beyond its scatter: a dose then has a budget, and its standard deviation is that
    /// of the whole chain; else it holds what the integral and the mass say.
    pub chain: Option<Chain>,
}

impl DoseOptions {
    /// Mean volumes, the reference adult given, and nothing else asked for.
    #[must_use]
    pub fn new(reference: Sex) -> Self {
        Self {
            volume_sd: None,
            volume: Volume::Mean,
            reference,
            leave_out: BTreeMap::new(),
            bed: BTreeMap::new(),
            masses: BTreeMap::new(),
            cortex: BTreeMap::new(),
            marrow: None,
            rbe: Vec::new(),
            daughters: None,
            chain: None,
        }
    }
}

/// The doses of one cycle.
#[derive(Debug, Clone)]
pub struct Doses {
    /// By region; cortices and the red marrow at the end.
    pub regions: Vec<RegionDose>,
    /// The red marrow by where its dose comes from, where it was asked for.
    pub marrow: Option<Verdict<MarrowDose>>,
    /// By member of the chain, where daughters were asked for.
    pub members: Option<Vec<MemberDose>>,
    /// What a person should look at.
    pub warnings: Vec<DoseWarning>,
}

/// Doses of measured regions, and of the red marrow, cortices and daughters where they are asked for, each with its
/// budget where the chain of the measurement is known.
///
/// # Errors
/// [`PatientError`]: a region that was not measured, a fraction or weight out of range.
pub fn all_doses(
    study: &Study,
    subject: &str,
    cycle: u16,
    tias: &[RegionTia],
    options: &DoseOptions,
) -> Result<Doses, PatientError> {
    check_regions(options, tias)?;
    let mut regions = doses(study, subject, cycle, tias, options);
    let members = options
        .daughters
        .as_ref()
        .map(|asked| daughters::by_member(asked, tias, &mut regions, options.reference))
        .transpose()?;
    if let Some(chain) = &options.chain {
        for dose in &mut regions {
            let budget = of_region(tias, dose, chain);
            if let Some(found) = shown(&budget).0 {
                dose.dose = dose.dose.clone().map(|d| AbsorbedDose { sd: found.sd_gy(), ..d });
            }
            dose.budget = Some(budget);
        }
    }
    let marrow = options
        .marrow
        .as_ref()
        .map(|asked| marrow::marrow(asked, study, (subject, cycle), tias, &regions, options))
        .transpose()?;
    // What is made of several integrals has no budget of its own. A cortex is as uncertain as its organ: it shares curve,
    // calibration and volume.
    let part = |region: String, dose: Verdict<AbsorbedDose>| {
        let mut part = RegionDose { region, dose, effective: None, budget: None };
        part.budget = options.chain.as_ref().map(|chain| of_region(tias, &part, chain));
        part
    };
    for (region, (mass, activity)) in &options.cortex {
        let whole = regions.iter().find(|r| r.region == *region);
        let dose = whole.map_or_else(|| Verdict::refused(NoValue::NotMeasured), |r| r.dose.clone());
        let dose = dose.try_map(|d| cortex_dose(&d, *mass, *activity));
        regions.push(part(format!("{region} cortex"), dose));
    }
    if let Some(marrow) = &marrow {
        let dose = marrow.as_ref().map(|marrow| marrow.total.clone());
        regions.push(part("red marrow".to_owned(), dose));
    }
    weights::check(&options.rbe, &regions)?;
    let mut warnings: Vec<DoseWarning> =
        weights::without_alphas(&options.rbe, &regions).into_iter().collect();
    warnings.extend(without_effective_dose(options.bed.keys(), tias));
    warnings.extend(doubtful_masses(&options.masses));
    Ok(Doses { regions, marrow, members, warnings })
}

/// Regions for which a biologically effective dose was requested and cannot be computed, as the dose rate is not a sum of exponentials
/// from one injection on.
fn without_effective_dose<'a>(
    asked: impl Iterator<Item = &'a String>,
    tias: &[RegionTia],
) -> Vec<DoseWarning> {
    let lacks = |region: &str| {
        tias.iter().any(|t| t.region == region && !t.tia.is_refused() && t.phases.is_empty())
    };
    asked
        .filter(|region| lacks(region))
        .map(|region| DoseWarning::NoEffectiveDose { region: region.clone() })
        .collect()
}

/// The absorbed dose of a region, or why there is none.
#[derive(Debug, Clone)]
pub struct RegionDose {
    /// Region as the study names it.
    pub region: String,
    /// The dose with what stands against it, or why there is none.
    pub dose: Verdict<AbsorbedDose>,
    /// The biologically effective dose, or why there is none, where it was asked for.
    pub effective: Option<Verdict<Effective>>,
    /// Uncertainty by input, or why it cannot be computed, where the chain of the measurement is known.
    pub budget: Option<Verdict<Budget>>,
}

/// Every region that something is asked for must have been measured.
///
/// # Errors
/// [`PatientError::Asked`], which lists the regions there are.
pub fn check_regions(options: &DoseOptions, tias: &[RegionTia]) -> Result<(), PatientError> {
    let known: Vec<&str> = tias.iter().map(|t| t.region.as_str()).collect();
    let asked = (options.bed.keys().map(|region| ("a BED", region)))
        .chain(options.masses.keys().map(|region| ("a mass", region)))
        .chain(options.cortex.keys().map(|region| ("a cortex", region)));
    for (what, unknown) in asked {
        if !known.contains(&unknown.as_str()) {
            return Err(PatientError::Asked {
                what,
                region: unknown.clone(),
                measured: known.iter().map(ToString::to_string).collect(),
                near: closest(unknown, known.iter().copied()).map(str::to_owned),
            });
        }
    }
    Ok(())
}

/// Absorbed self doses of measured regions.
///
/// A mass is the measured volume (the mean, or that of the first scan) times the density of the
/// organ.
#[must_use]
pub fn doses(
    study: &Study,
    subject: &str,
    cycle: u16,
    tias: &[RegionTia],
    options: &DoseOptions,
) -> Vec<RegionDose> {
    tias.iter()
        .map(|t| {
            let dose = match options.leave_out.get(&t.region) {
                Some(because) => Verdict::refused(NoValue::LeftOut { because: because.clone() }),
                None => dose(study, subject, cycle, t, options),
            };
            let effective =
                options.bed.get(&t.region).map(|tissue| effective(t, &dose, *tissue, &options.rbe));
            RegionDose { region: t.region.clone(), dose, effective, budget: None }
        })
        .collect()
}

fn dose(
    study: &Study,
    subject: &str,
    cycle: u16,
    tia: &RegionTia,
    options: &DoseOptions,
) -> Verdict<AbsorbedDose> {
    tia.tia.as_ref().and_then(|integral| {
        let found = || -> Result<AbsorbedDose, PatientError> {
            let region = Region::named(&tia.region)?;
            let mass = mass(study, subject, cycle, tia, &region, options)?;
            let source = source_with_daughters(&tia.nuclide)?;
            let factor = self_dose_factor(&source, &region, mass.g, options.reference)?;
            let mut dose = absorbed_dose(integral, &factor, mass, Some(tia.injected_mbq))?;
            if source.has_daughters() && options.daughters.is_none() {
                dose.method += "; daughters taken to stay where their parent decays";
            }
            Ok(dose)
        };
        Verdict::from(found())
    })
}

/// Mass of a region: as given, else its measured volume times the density of the organ.
fn mass(
    study: &Study,
    subject: &str,
    cycle: u16,
    tia: &RegionTia,
    region: &Region,
    options: &DoseOptions,
) -> Result<Mass, PatientError> {
    match options.masses.get(&tia.region) {
        Some(Some(g)) => return Ok(Mass::new(&tia.region, *g, None)?),
        Some(None) => {
            let g = region
                .reference_mass_g(options.reference)
                .ok_or_else(|| PatientError::NoReferenceMass { region: tia.region.clone() })?;
            return Ok(Mass::new(&tia.region, g, None)?);
        }
        None => {}
    }
    let curve = study.curve(subject, cycle, &tia.region);
    if let Some(g) = curve.as_ref().and_then(lutetia_data::Curve::mean_mass_g) {
        return Ok(Mass::new(&tia.region, g, options.volume_sd.map(|sd| sd * g))?);
    }
    let volume = curve
        .and_then(|c| match options.volume {
            Volume::Mean => c.mean_volume_ml(),
            Volume::First => c.points.iter().find_map(|p| p.volume_ml),
        })
        .ok_or_else(|| PatientError::NoVolume { region: tia.region.clone() })?;
    Ok(Mass::of_volume(region, volume, options.volume_sd.map(|sd| sd * volume))?)
}

/// Unit of biologically effective doses: Gy(RBE) where one of them is weighted.
#[must_use]
pub fn bed_unit<'a>(effects: impl IntoIterator<Item = &'a Verdict<Effective>>) -> &'static str {
    let weighted = |e: &Verdict<Effective>| shown(e).0.is_some_and(|e| e.linear.is_weighted());
    if effects.into_iter().any(weighted) { "Gy(RBE)" } else { "Gy" }
}

impl RegionDose {
    /// Everything a reader must know of the dose, and of the BED where that was asked for.
    #[must_use]
    pub fn note(&self) -> String {
        let note = self.dose.note();
        match &self.effective {
            Some(e) if e.is_refused() && !self.dose.is_refused() => {
                let join = if note.is_empty() { "" } else { "; " };
                format!("{note}{join}BED {}", e.note())
            }
            _ => note,
        }
    }
}

/// The reference adult of a patient: as asked, else by the `sex` column of the study, else male.
///
/// # Errors
/// [`TextError`](crate::TextError) when `asked` is neither `male` nor `female`.
pub fn reference(study: &Study, subject: &str, asked: Option<&str>) -> Result<Sex, PatientError> {
    match asked {
        Some(text) => Ok(adult(text)?),
        None => Ok(study.sex(subject).unwrap_or(Sex::Male)),
    }
}

/// Refuses a reference mass for a patient of whom nobody said which reference adult is meant.
///
/// # Errors
/// [`PatientError::NoSex`].
pub fn check_reference(
    study: &Study,
    subject: &str,
    asked: Option<&str>,
    masses: &BTreeMap<String, Option<f64>>,
) -> Result<(), PatientError> {
    let Some((region, _)) = masses.iter().find(|(_, mass)| mass.is_none()) else { return Ok(()) };
    if asked.is_some() || study.sex(subject).is_some() {
        return Ok(());
    }
    let differs = Region::named(region)
        .is_ok_and(|r| r.reference_mass_g(Sex::Male) != r.reference_mass_g(Sex::Female));
    if !differs {
        return Ok(());
    }
    Err(PatientError::NoSex { region: region.clone(), subject: subject.to_owned() })
}

/// What masses in g a unit was mistaken for.
const MASS_SLIPS: [(f64, &str); 4] = [
    (1e-3, "was g meant?"),
    (1e3, "was kg meant?"),
    (1e-6, "was mg meant?"),
    (1e6, "look at the unit"),
];

/// Masses given that the regions cannot have.
fn doubtful_masses(masses: &BTreeMap<String, Option<f64>>) -> Vec<DoseWarning> {
    masses
        .iter()
        .filter_map(|(region, mass)| {
            let g = (*mass)?;
            let (reference, slip) = RegionName::read(region).doubtful_mass(g, &MASS_SLIPS)?;
            Some(DoseWarning::Mass { region: region.clone(), g, reference, slip })
        })
        .collect()
}
