//! The red marrow of a patient, from blood or from an image of part of it.

use lutetia_data::{Covariate, Study};
use lutetia_diagnostic::{Flag, Reason, Verdict};
use lutetia_dose::{
    MarrowActivity, MarrowDose, MarrowInput, MarrowToBlood, Region, bundled::source_with_daughters,
    marrow_dose,
};
use serde::Deserialize;

use super::{DoseOptions, RegionDose, quantity};
use lutetia_patient::{RegionTia, shown};
use lutetia_table::{Cell, Table};

/// Density of blood, g/mL (ICRU Report 44).
const BLOOD_G_PER_ML: f64 = 1.06;

/// Marrow-to-blood ratio as a file writes it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Ratio {
    /// A ratio of one's own.
    Number(f64),
    /// `peptide` or `antibody`.
    Word(String),
}

/// How the red marrow is computed.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarrowSpec {
    /// Region of the blood curve.
    pub blood: Option<String>,
    /// Volume the blood activity is of, such as `5300 mL`; the measured one if left out.
    pub blood_volume: Option<String>,
    /// Marrow over blood: `peptide` (1), `antibody` (0.19/(1 − haematocrit)), or a number.
    pub ratio: Option<Ratio>,
    /// Haematocrit, such as `42 %`, for an antibody.
    pub haematocrit: Option<String>,
    /// Region that holds a part of the marrow, such as lumbar vertebrae, instead of blood.
    pub image: Option<String>,
    /// Share of all active marrow in that region, such as `6.7 %` for L2 to L4.
    pub share: Option<String>,
    /// Region that is the rest of the body, marrow included.
    pub remainder: Option<String>,
    /// Mass of the body, such as `75 kg`; the weight of the subject if left out, else the reference
    /// adult's.
    pub body_mass: Option<String>,
}

impl MarrowSpec {
    /// Sets one key from text, as a command line writes it: `blood`, `ratio` and the others.
    ///
    /// # Errors
    /// A key that does not exist; those there are are listed.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        let value = value.to_owned();
        match key {
            "blood" => self.blood = Some(value),
            "blood_volume" => self.blood_volume = Some(value),
            "ratio" => self.ratio = Some(Ratio::Word(value)),
            "haematocrit" => self.haematocrit = Some(value),
            "image" => self.image = Some(value),
            "share" => self.share = Some(value),
            "remainder" => self.remainder = Some(value),
            "body_mass" => self.body_mass = Some(value),
            other => {
                return Err(format!(
                    "the red marrow has no `{other}`; it has blood, blood_volume, ratio, haematocrit, image, \
                     share, remainder, body_mass"
                ));
            }
        }
        Ok(())
    }
}

/// Dose of the red marrow with its parts. An integral that is refused, of the marrow, the remainder or an
/// organ, refuses the sum; an organ without a mass is named as missing in it.
///
/// # Errors
/// What is missing (a ratio is never chosen here) or not measured.
pub fn marrow(
    spec: &MarrowSpec,
    study: &Study,
    (subject, cycle): (&str, u16),
    tias: &[RegionTia],
    doses: &[RegionDose],
    options: &DoseOptions,
) -> Result<Verdict<MarrowDose>, String> {
    let find = |name: &str| {
        tias.iter().find(|t| t.region == name).ok_or_else(|| {
            let known: Vec<&str> = tias.iter().map(|t| t.region.as_str()).collect();
            format!("red marrow: no region `{name}` was measured; measured: {}", known.join(", "))
        })
    };
    let own = match (&spec.blood, &spec.image) {
        (Some(blood), None) => find(blood)?,
        (None, Some(image)) => find(image)?,
        _ => {
            return Err(
                "red marrow: expected either `blood` or `image`, the region of its activity"
                    .to_owned(),
            );
        }
    };
    let tia = own.tia.as_ref();
    let activity: Verdict<MarrowActivity> = if spec.blood.is_some() {
        let ratio = ratio(spec)?;
        let ml = match &spec.blood_volume {
            Some(text) => quantity("blood volume", text, "mL")?,
            None => study
                .curve(subject, cycle, &own.region)
                .and_then(|curve| curve.mean_volume_ml())
                .ok_or_else(|| {
                    format!(
                        "red marrow: no volume of `{}` was measured; give `blood_volume`, such as `5300 mL`",
                        own.region
                    )
                })?,
        };
        if ml <= 0.0 {
            return Err(format!(
                "red marrow: the volume of blood is {ml} mL; expected more than 0"
            ));
        }
        let grams = ml * BLOOD_G_PER_ML;
        tia.map(|tia| MarrowActivity::Blood {
            per_g_mbq_h: tia.value_mbq_h() / grams,
            sd: tia.sd_mbq_h().map(|sd| sd / grams),
            ratio,
        })
    } else {
        let share = spec.share.as_deref().ok_or(
            "red marrow: give `share`, the share of all active marrow in the region of `image`, such as `6.7 %`",
        )?;
        let share = quantity("share", share, "1")?;
        tia.map(|tia| MarrowActivity::Image { part: tia.clone(), share })
    };
    let activity = activity.within(&format!("`{}`", own.region));
    let remainder = spec.remainder.as_deref().map(find).transpose()?;
    let remainder = match remainder {
        Some(t) => t.tia.clone().map(Some).within(&format!("`{}`", t.region)),
        None => Verdict::determined(None),
    };
    let body_g = match &spec.body_mass {
        Some(text) => Some(quantity("body mass", text, "g")?),
        None => weight_g(study, subject),
    };
    let (mut organs, mut without) = (Verdict::determined(Vec::new()), Vec::new());
    for d in doses
        .iter()
        .filter(|d| d.region != own.region && Some(&d.region) != spec.remainder.as_ref())
        .filter(|d| !options.leave_out.contains_key(&d.region))
    {
        let Some(tia) = tias.iter().find(|t| t.region == d.region) else { continue };
        let Ok(region) = Region::named(&d.region) else { continue };
        if region.is_body() {
            continue;
        }
        // A dose without an integral is refused with it; one with an integral lacks its mass.
        let Some(grams) = shown(&d.dose).0.map(|dose| dose.mass.g) else {
            if tia.tia.is_refused() {
                organs = organs.zip(of_organ(tia, region, 0.0)).map(|(all, _)| all);
            } else {
                without.push(Flag::Incomplete {
                    what: format!("without the photons of `{}`, which has no dose", d.region),
                });
            }
            continue;
        };
        organs = organs.zip(of_organ(tia, region, grams)).map(|(mut all, one)| {
            all.push(one);
            all
        });
    }
    let source = source_with_daughters(&own.nuclide).map_err(|e| e.to_string())?;
    let parts = activity.zip(remainder).zip(organs);
    Ok(parts
        .try_map(|((marrow, remainder), organs)| {
            marrow_dose(&MarrowInput {
                source: &source,
                sex: options.reference,
                body_g,
                marrow,
                organs,
                remainder,
                administered_mbq: Some(own.injected_mbq),
            })
        })
        .with_all(without))
}

/// What an organ gives to the marrow.
fn of_organ(
    tia: &RegionTia,
    region: Region,
    grams: f64,
) -> Verdict<(Region, f64, lutetia_dose::Tia)> {
    let found = tia.tia.clone().within(&format!("`{}`", tia.region));
    if found.is_refused() {
        return Verdict::refused(Reason::with_hint(
            found.note(),
            format!(
                "leave `{}` out with `--region` to have the marrow without its photons",
                tia.region
            ),
        ));
    }
    found.map(|tia| (region, grams, tia))
}

fn ratio(spec: &MarrowSpec) -> Result<MarrowToBlood, String> {
    let words = "expected `peptide` (1), `antibody` (0.19/(1 - haematocrit)) or a number";
    match &spec.ratio {
        None => Err(format!("red marrow: the marrow-to-blood `ratio` is missing; {words}")),
        Some(Ratio::Number(ratio)) => Ok(MarrowToBlood::Ratio(*ratio)),
        Some(Ratio::Word(word)) => match word.as_str() {
            "peptide" => Ok(MarrowToBlood::Peptide),
            "antibody" => {
                let text = spec.haematocrit.as_deref().ok_or(
                    "red marrow: an antibody needs the `haematocrit` of the patient, such as `42 %`",
                )?;
                Ok(MarrowToBlood::Antibody { haematocrit: quantity("haematocrit", text, "1")? })
            }
            other => match other.parse::<f64>() {
                Ok(ratio) => Ok(MarrowToBlood::Ratio(ratio)),
                Err(_) => Err(format!("red marrow: the ratio is `{other}`; {words}")),
            },
        },
    }
}

/// The `weight` of a subject, g.
fn weight_g(study: &Study, subject: &str) -> Option<f64> {
    let subject = study.subject(subject)?;
    let named = subject.covariates.iter().find(|(name, _)| name.eq_ignore_ascii_case("weight"))?;
    match &named.1 {
        Covariate::Number(weight) => {
            let grams = lutetia_units::Unit::parse("g").ok()?;
            weight.to(&grams).ok()
        }
        Covariate::Text(_) => None,
    }
}

/// The table of the marrow's dose by where it comes from.
#[must_use]
pub fn table(id: &str, marrow: &Verdict<MarrowDose>) -> Table {
    let mut table = Table::new(
        format!("{id}.marrow"),
        "Mean absorbed dose of the red marrow by where it comes from, physical dose without RBE",
    )
    .column("from", "")
    .column("alpha", "Gy")
    .column("electron", "Gy")
    .column("photon", "Gy")
    .column("total", "Gy")
    .column("method", "")
    .column("note", "");
    let (found, note) = shown(marrow);
    for (from, [alpha, electron, photon]) in found.iter().flat_map(|m| &m.parts) {
        table.push(vec![
            from.as_str().into(),
            (*alpha).into(),
            (*electron).into(),
            (*photon).into(),
            (alpha + electron + photon).into(),
            Cell::from(""),
            Cell::from(""),
        ]);
    }
    let t = found.map(|m| &m.total);
    table.push(vec![
        "all".into(),
        t.map(|t| t.alpha).into(),
        t.map(|t| t.electron).into(),
        t.map(|t| t.photon).into(),
        t.map(|t| t.total).into(),
        t.map_or("", |t| t.method.as_str()).into(),
        note.into(),
    ]);
    table
}
