//! Absorbed doses from time-integrated activities.

use std::collections::BTreeMap;

use lutetia_data::{Covariate, Study};
use lutetia_dose::{
    AbsorbedDose, DoseRatePhase, EffectiveDose, Mass, Region, Sex, Tissue, absorbed_dose,
    bundled::source_with_daughters, effective_dose, self_dose_factor,
};
use lutetia_units::{Dimension, Quantity, Unit};
use serde::Deserialize;

use super::{Context, RegionTia, StepKind, Use, cycle, defaults, subject};
use crate::table::{Cell, Table};

/// Absorbed doses from time-integrated activities.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DoseStep {
    /// Name of the tables.
    pub id: String,
    /// Step whose time-integrated activities are used.
    pub from: String,
    /// Name under `[data]`.
    pub study: String,
    /// Subject; the only one if left out.
    pub subject: Option<String>,
    /// Cycle, from 1.
    #[serde(default = "defaults::one")]
    pub cycle: u32,
    /// Relative standard deviation of a measured volume, such as `5 %`.
    pub volume_sd: Option<String>,
    /// Which of the measured volumes is taken for the mass.
    #[serde(default)]
    pub volume: Volume,
    /// Sex of the reference adult whose organs are scaled to the patient; that of the study's
    /// `sex` column if left out, else male.
    pub reference: Option<String>,
    /// Regions with a biologically effective dose: α/β and half-time of repair of each.
    #[serde(default)]
    pub bed: BTreeMap<String, TissueSpec>,
    /// Regions without an absorbed dose and why (a field of view is no organ).
    #[serde(default)]
    pub leave_out: BTreeMap<String, String>,
}

/// How a tissue answers to a dose that comes slowly.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TissueSpec {
    /// α/β, such as `2.5 Gy`.
    pub alpha_beta: String,
    /// Half-time of repair, such as `2.8 h`.
    pub repair: String,
}

/// Which of the volumes measured at several times is taken for the mass of a region.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Volume {
    /// The mean of all.
    #[default]
    Mean,
    /// That of the first scan.
    First,
}

impl StepKind for DoseStep {
    fn id(&self) -> &str {
        &self.id
    }

    fn uses(&self) -> Vec<Use<'_>> {
        vec![Use::Data(&self.study), Use::Step(&self.from)]
    }

    fn run(&self, context: &mut Context) -> Result<(), String> {
        run(self, context)
    }
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
}

/// The absorbed dose of a region, or why there is none.
#[derive(Debug, Clone)]
pub struct RegionDose {
    /// Region as the study names it.
    pub region: String,
    /// The dose, or why there is none.
    pub dose: Result<AbsorbedDose, String>,
    /// The biologically effective dose where it was asked for and the curve is a sum of
    /// exponentials.
    pub effective: Option<EffectiveDose>,
}

/// Every region with a tissue must have been measured.
///
/// # Errors
/// A sentence that lists the regions there are.
pub fn check_regions(options: &DoseOptions, tias: &[RegionTia]) -> Result<(), String> {
    let known: Vec<&str> = tias.iter().map(|t| t.region.as_str()).collect();
    match options.bed.keys().find(|region| !known.contains(&region.as_str())) {
        None => Ok(()),
        Some(unknown) => {
            let hint = lutetia_diagnostic::closest(unknown, known.iter().copied())
                .map_or_else(String::new, |c| format!("; did you mean `{c}`?"));
            Err(format!(
                "a BED is asked for `{unknown}`, which was not measured; measured: {}{hint}",
                known.join(", ")
            ))
        }
    }
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
                Some(reason) => Err(reason.clone()),
                None => dose(study, subject, cycle, t, options),
            };
            let effective = options
                .bed
                .get(&t.region)
                .zip(dose.as_ref().ok())
                .and_then(|(tissue, dose)| effective(t, dose, *tissue));
            RegionDose { region: t.region.clone(), dose, effective }
        })
        .collect()
}

/// BED of the physical dose: the dose rate is the curve of activity times the dose per integral.
fn effective(tia: &RegionTia, dose: &AbsorbedDose, tissue: Tissue) -> Option<EffectiveDose> {
    let per_mbq_h = dose.total / tia.tia.as_ref().ok()?.value_mbq_h();
    let phases: Vec<DoseRatePhase> = tia
        .phases
        .iter()
        .map(|&(a, k)| DoseRatePhase { gy_per_h: a * per_mbq_h, per_h: k })
        .collect();
    effective_dose(&phases, tissue).ok()
}

fn dose(
    study: &Study,
    subject: &str,
    cycle: u16,
    tia: &RegionTia,
    options: &DoseOptions,
) -> Result<AbsorbedDose, String> {
    let integral = tia.tia.as_ref().map_err(Clone::clone)?;
    let region = Region::named(&tia.region).map_err(|e| e.to_string())?;
    let volume = study
        .curve(subject, cycle, &tia.region)
        .and_then(|c| match options.volume {
            Volume::Mean => c.mean_volume_ml(),
            Volume::First => c.points.iter().find_map(|p| p.volume_ml),
        })
        .ok_or_else(|| format!("no volume of `{}` was measured", tia.region))?;
    let mass = Mass::of_volume(&region, volume, options.volume_sd.map(|sd| sd * volume))
        .map_err(|e| e.to_string())?;
    let source = source_with_daughters(&tia.nuclide).map_err(|e| e.to_string())?;
    let factor =
        self_dose_factor(&source, &region, mass.g, options.reference).map_err(|e| e.to_string())?;
    absorbed_dose(integral, &factor, mass, Some(tia.injected_mbq)).map_err(|e| e.to_string())
}

/// The table of doses.
#[must_use]
pub fn table(id: &str, doses: &[RegionDose]) -> Table {
    let mut table = Table::new(
        id,
        "Mean absorbed self dose per cycle, physical dose without RBE, one standard error",
    )
    .column("region", "")
    .column("mass", "g")
    .column("alpha", "Gy")
    .column("electron", "Gy")
    .column("photon", "Gy")
    .column("total", "Gy")
    .column("total_sd", "Gy")
    .column("per_activity", "Gy/GBq")
    .column("extrapolated", "%")
    .column("method", "");
    let with_bed = doses.iter().any(|d| d.effective.is_some());
    if with_bed {
        table = table.column("protraction", "").column("bed", "Gy").column("eqd2", "Gy");
    }
    for region in doses {
        let mut row = match &region.dose {
            Ok(d) => vec![
                region.region.as_str().into(),
                d.mass.g.into(),
                d.alpha.into(),
                d.electron.into(),
                d.photon.into(),
                d.total.into(),
                d.sd.into(),
                d.gy_per_gbq.into(),
                d.extrapolated_fraction.map(|f| 100.0 * f).into(),
                d.method.as_str().into(),
            ],
            Err(reason) => {
                let mut row = vec![Cell::Missing; 9];
                row[0] = region.region.as_str().into();
                row.push(
                    format!("not determined: {}", reason.trim_start_matches("not determined: "))
                        .into(),
                );
                row
            }
        };
        if with_bed {
            let e = region.effective;
            row.push(e.map(|e| e.protraction).into());
            row.push(e.map(|e| e.bed_gy).into());
            row.push(e.map(|e| e.eqd2_gy).into());
        }
        table.push(row);
    }
    table
}

/// A tissue from texts such as `2.5 Gy` and `2.8 h`.
///
/// # Errors
/// When they are no dose and no time above zero.
pub fn tissue(alpha_beta: &str, repair: &str) -> Result<Tissue, String> {
    let read = |what: &str, text: &str, unit: &str| -> Result<f64, String> {
        let unit = Unit::parse(unit).map_err(|e| e.to_string())?;
        let q = Quantity::parse(text).map_err(|e| format!("{what}: {e}"))?;
        q.to(&unit).map_err(|e| format!("{what}: {e}"))
    };
    let alpha_beta = read("alpha/beta", alpha_beta, "Gy")?;
    let repair = read("half-time of repair", repair, "h")?;
    Tissue::new(alpha_beta, repair).map_err(|e| e.to_string())
}

/// The reference adult of a patient: as asked, else by the `sex` column of the study, else male.
///
/// # Errors
/// When `asked` is neither `male` nor `female`.
pub fn reference(study: &Study, subject: &str, asked: Option<&str>) -> Result<Sex, String> {
    let column = study.subject(subject).and_then(|s| {
        s.covariates.iter().find(|(name, _)| name.eq_ignore_ascii_case("sex")).map(|(_, v)| match v
        {
            Covariate::Text(word) => word.clone(),
            Covariate::Number(_) => String::new(),
        })
    });
    match asked.map(str::to_lowercase).or(column.map(|c| c.to_lowercase())).as_deref() {
        Some("female" | "f") => Ok(Sex::Female),
        Some("male" | "m" | "") | None => Ok(Sex::Male),
        // A word in the study's own language says nothing; one that was asked for must mean something.
        Some(_) if asked.is_none() => Ok(Sex::Male),
        Some(other) => Err(format!("reference `{other}` is neither `male` nor `female`")),
    }
}

/// A relative standard deviation from text such as `5 %`.
///
/// # Errors
/// When it is no non-negative pure number.
pub fn relative(text: &str) -> Result<f64, String> {
    let q = Quantity::parse(text).map_err(|e| e.to_string())?;
    if q.dimension() == Dimension::NONE && q.si() >= 0.0 {
        Ok(q.si())
    } else {
        Err(format!("`{text}` is no relative standard deviation; expected one such as `5 %`"))
    }
}

/// Runs the step of an experiment.
pub(crate) fn run(step: &DoseStep, context: &mut Context) -> Result<(), String> {
    let study = context.study(&step.study)?;
    let subject = subject(study, step.subject.as_deref())?;
    let options = DoseOptions {
        volume_sd: step.volume_sd.as_deref().map(relative).transpose()?,
        volume: step.volume,
        reference: reference(study, subject, step.reference.as_deref())?,
        leave_out: step.leave_out.clone(),
        bed: step
            .bed
            .iter()
            .map(|(region, t)| Ok((region.clone(), tissue(&t.alpha_beta, &t.repair)?)))
            .collect::<Result<_, String>>()?,
    };
    let tias = context
        .tias
        .get(&step.from)
        .ok_or_else(|| format!("step `{}` makes no time-integrated activities", step.from))?;
    check_regions(&options, tias)?;
    let doses = doses(study, subject, cycle(step.cycle)?, tias, &options);
    context.add(table(&step.id, &doses));
    context.doses.insert(step.id.clone(), (step.from.clone(), doses));
    if let Some(sd) = &step.volume_sd {
        context.settings.insert(format!("relative SD of volumes of `{}`", step.id), sd.clone());
    }
    Ok(())
}
