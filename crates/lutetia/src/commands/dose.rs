//! `lutetia dose`.

use std::{collections::BTreeMap, path::PathBuf};

use clap::{Args, ValueEnum};
use lutetia_data::{Covariate, Study};
use lutetia_diagnostic::{Diagnostic, closest};
use lutetia_dose::{
    AbsorbedDose, DoseError, Mass, Region, Sex, Tia, absorbed_dose, bundled, self_dose_factor,
};
use lutetia_units::{Quantity, Unit};
use serde_json::{Value, json};

use super::{
    curves::{self, Curves, Fitted},
    studies, table,
};
use crate::{
    exit::Exit,
    failure::{Failure, Outcome},
    terminal::Terminal,
};

const EXAMPLE: &str = "\
Example:
  lutetia dose data/studies/snmmi_patient4
  lutetia dose data/studies/snmmi_patient4 --region kidney_left --mass \"kidney_left=160 g\"";

/// Whose organs are scaled to the patient's masses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Reference {
    Female,
    Male,
}

/// Arguments of `dose`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Arguments {
    /// Study folder.
    #[arg(value_name = "FOLDER")]
    study: PathBuf,

    /// Subject; needed where the study has several.
    #[arg(long, value_name = "NAME")]
    subject: Option<String>,

    /// Treatment cycle.
    #[arg(long, value_name = "N", default_value_t = 1)]
    cycle: u16,

    /// Region; repeat for several. All without it.
    #[arg(long = "region", value_name = "NAME")]
    regions: Vec<String>,

    /// Mass of a region, `REGION=160 g`, in place of the measured volume. Repeat for several.
    #[arg(long = "mass", value_name = "REGION=MASS")]
    masses: Vec<String>,

    /// Reference adult whose organs are scaled; the subject's sex without it.
    #[arg(long, value_enum, hide_possible_values = true, value_name = "female|male")]
    reference: Option<Reference>,

    #[command(flatten)]
    curves: Curves,
}

/// Fits the curves, integrates them and prints the absorbed doses.
pub(crate) fn run(arguments: &Arguments, terminal: &Terminal) -> Outcome {
    let study = studies::load(&arguments.study, terminal)?;
    let subject = studies::subject(&study, arguments.subject.as_deref())?;
    let reference = reference(arguments, &study, &subject, terminal);
    let curves = studies::curves(&study, &subject, arguments.cycle, &arguments.regions)?;
    let regions: Vec<&str> = curves.iter().map(|c| c.region.as_str()).collect();
    let masses = masses(&arguments.masses, &regions)?;
    let mut rows = Vec::new();
    for curve in curves {
        let fitted = curves::fit_curve(&arguments.curves, curve, terminal)?;
        let mass = masses.get(fitted.curve.region.as_str()).copied();
        rows.push(row(&fitted, mass, reference));
    }
    table::print(&rows, terminal)
}

fn row(fitted: &Fitted, mass_g: Option<f64>, reference: Sex) -> Value {
    let curve = &fitted.curve;
    let half_life = fitted.derived("effective_half_life").filter(|d| d.determined.is_determined());
    let outcome = dose(fitted, mass_g, reference);
    let dose = outcome.as_ref().ok();
    json!({
        "region": curve.region,
        "form": fitted.form,
        "mass_g": dose.map(|d| d.mass.g),
        "effective_half_life_h": half_life.map(|d| d.value),
        "tia_MBq_h": determined_tia(fitted).ok().map(|t| t.0),
        "tia_se_MBq_h": determined_tia(fitted).ok().and_then(|t| t.1),
        "extrapolated_fraction": fitted.derived("extrapolated_fraction").map(|d| d.value),
        "dose_Gy": dose.map(|d| d.total),
        "dose_sd_Gy": dose.and_then(|d| d.sd),
        "alpha_Gy": dose.map(|d| d.alpha),
        "electron_Gy": dose.map(|d| d.electron),
        "photon_Gy": dose.map(|d| d.photon),
        "Gy_per_GBq": dose.and_then(|d| d.gy_per_gbq),
        "note": outcome.as_ref().map_or_else(Clone::clone, |d| d.method.clone()),
    })
}

/// The absorbed dose, or why there is none.
fn dose(fitted: &Fitted, mass_g: Option<f64>, reference: Sex) -> Result<AbsorbedDose, String> {
    let curve = &fitted.curve;
    let said = |error: DoseError| error.to_string();
    let (tia, se) = determined_tia(fitted)?;
    let fraction = fitted.derived("extrapolated_fraction").map(|d| d.value);
    let region = Region::named(&curve.region).map_err(said)?;
    let mass = match (mass_g, curve.mean_volume_ml()) {
        (Some(g), _) => Mass::new(&curve.region, g, None),
        (None, Some(ml)) => Mass::of_volume(&region, ml, None),
        (None, None) => {
            return Err(format!(
                "no volume was measured; give the mass with `--mass \"{}=… g\"`",
                curve.region
            ));
        }
    }
    .map_err(said)?;
    let tia = Tia::new(&curve.region, tia, se, fraction, fitted.form).map_err(said)?;
    let source = bundled::source_with_daughters(&curve.nuclide).map_err(said)?;
    let factor = self_dose_factor(&source, &region, mass.g, reference).map_err(said)?;
    let administered = (curve.injected_mbq > 0.0).then_some(curve.injected_mbq);
    absorbed_dose(&tia, &factor, mass, administered).map_err(said)
}

/// Time-integrated activity to infinity with its standard error, MBq·h, or why it is not determined.
fn determined_tia(fitted: &Fitted) -> Result<(f64, Option<f64>), String> {
    let tia = fitted
        .derived("tia")
        .ok_or("the time-integrated activity is not determined: the curve does not fall")?;
    match curves::reason(&tia.determined) {
        Some(reason) => Err(format!("the time-integrated activity is {reason}")),
        None => Ok((tia.value, tia.se)),
    }
}

/// Masses in g by region.
fn masses<'a>(given: &'a [String], regions: &[&str]) -> Outcome<BTreeMap<&'a str, f64>> {
    let mut masses = BTreeMap::new();
    for text in given {
        let hint = "write it as `--mass \"kidney_left=160 g\"`";
        let Some((region, mass)) = text.split_once('=') else {
            return Err(Failure::usage(format!("`{text}` names no mass"), hint));
        };
        let region = region.trim();
        if !regions.contains(&region) {
            let hint = closest(region, regions.iter().copied()).map_or_else(
                || format!("there are: {}", regions.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            let message = format!("`--mass` names the region `{region}`, which is not computed");
            return Err(Failure::new(Exit::Data, Diagnostic::error("LUT8016", message).hint(hint)));
        }
        let grams =
            Quantity::parse(mass.trim()).and_then(|mass| mass.to(&Unit::parse("g")?)).map_err(
                |e| Failure::usage(format!("cannot read the mass of `{region}`: {e}"), hint),
            )?;
        masses.insert(region, grams);
    }
    Ok(masses)
}

fn reference(arguments: &Arguments, study: &Study, subject: &str, terminal: &Terminal) -> Sex {
    match arguments.reference {
        Some(Reference::Female) => return Sex::Female,
        Some(Reference::Male) => return Sex::Male,
        None => {}
    }
    let sex = study.subject(subject).and_then(|s| match s.covariates.get("sex") {
        Some(Covariate::Text(word)) => word.chars().next().map(|c| c.to_ascii_lowercase()),
        _ => None,
    });
    match sex {
        Some('f') => Sex::Female,
        Some('m') => Sex::Male,
        _ => {
            terminal.talk(&format!(
                "note: the sex of `{subject}` is not given; organs are scaled from the reference male (change it with `--reference`)"
            ));
            Sex::Male
        }
    }
}
