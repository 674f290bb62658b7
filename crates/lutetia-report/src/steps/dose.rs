//! Absorbed doses from time-integrated activities.

use std::collections::BTreeMap;

use lutetia_data::{Covariate, Study};
use lutetia_dose::{
    AbsorbedDose, Mass, Region, Sex, absorbed_dose, bundled::source_with_daughters,
    self_dose_factor,
};
use lutetia_units::{Dimension, Quantity};

use super::{Context, RegionTia, cycle, subject};
use crate::{
    experiment::{DoseStep, Volume},
    table::{Cell, Table},
};

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
}

/// The absorbed dose of a region, or why there is none.
#[derive(Debug, Clone)]
pub struct RegionDose {
    /// Region as the study names it.
    pub region: String,
    /// The dose, or why there is none.
    pub dose: Result<AbsorbedDose, String>,
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
        .map(|t| RegionDose {
            region: t.region.clone(),
            dose: match options.leave_out.get(&t.region) {
                Some(reason) => Err(reason.clone()),
                None => dose(study, subject, cycle, t, options),
            },
        })
        .collect()
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
    for region in doses {
        table.push(match &region.dose {
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
        });
    }
    table
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
    };
    let tias = context
        .tias
        .get(&step.from)
        .ok_or_else(|| format!("step `{}` makes no time-integrated activities", step.from))?;
    let doses = doses(study, subject, cycle(step.cycle)?, tias, &options);
    context.add(table(&step.id, &doses));
    if let Some(sd) = &step.volume_sd {
        context.settings.insert(format!("relative SD of volumes of `{}`", step.id), sd.clone());
    }
    Ok(())
}
