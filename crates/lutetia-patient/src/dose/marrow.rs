//! The red marrow of a patient, from blood or from an image of part of it.

use lutetia_data::{Covariate, Study};
use lutetia_diagnostic::{Flag, Gap, Verdict};
use lutetia_dose::{
    MarrowActivity, MarrowDose, MarrowInput, MarrowToBlood, Region, bundled::source_with_daughters,
    marrow_dose,
};

use super::{DoseOptions, RegionDose};
use crate::{NoValue, PatientError, RegionTia, shown};

/// Density of blood, g/mL (ICRU Report 44).
const BLOOD_G_PER_ML: f64 = 1.06;

/// How the activity of the red marrow is known.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum MarrowSource {
    /// From a curve of blood.
    Blood {
        /// Its region.
        region: String,
        /// Volume that the activity is of, mL; the measured one without it.
        volume_ml: Option<f64>,
        /// Concentration in marrow over that in blood.
        ratio: MarrowToBlood,
    },
    /// From an image of a part of it, such as lumbar vertebrae.
    Image {
        /// Its region.
        region: String,
        /// Share of all active marrow in it, 0 to 1.
        share: f64,
    },
}

impl MarrowSource {
    /// The region that was measured.
    #[must_use]
    pub fn region(&self) -> &str {
        match self {
            Self::Blood { region, .. } | Self::Image { region, .. } => region,
        }
    }
}

/// How the red marrow is computed.
#[derive(Debug, Clone, PartialEq)]
pub struct Marrow {
    /// How its activity is known.
    pub source: MarrowSource,
    /// Region that is the rest of the body, marrow included.
    pub remainder: Option<String>,
    /// Mass of the body, g; the weight of the subject without it, else that of the reference adult.
    pub body_g: Option<f64>,
}

/// Dose of the red marrow with its parts. An integral that is refused, of the marrow, the remainder or an
/// organ, refuses the sum; an organ without a mass is named as missing in it.
///
/// # Errors
/// [`PatientError`]: a region that was not measured, a volume of blood that is not known.
pub(super) fn marrow(
    asked: &Marrow,
    study: &Study,
    (subject, cycle): (&str, u16),
    tias: &[RegionTia],
    doses: &[RegionDose],
    options: &DoseOptions,
) -> Result<Verdict<MarrowDose>, PatientError> {
    let find = |name: &str| {
        tias.iter().find(|t| t.region == name).ok_or_else(|| PatientError::MarrowRegion {
            region: name.to_owned(),
            measured: tias.iter().map(|t| t.region.clone()).collect(),
        })
    };
    let own = find(asked.source.region())?;
    let tia = own.tia.as_ref();
    let activity: Verdict<MarrowActivity> = match &asked.source {
        MarrowSource::Blood { volume_ml, ratio, .. } => {
            let measured = || study.curve(subject, cycle, &own.region)?.mean_volume_ml();
            let ml = volume_ml
                .or_else(measured)
                .ok_or_else(|| PatientError::NoBloodVolume { region: own.region.clone() })?;
            if ml <= 0.0 {
                return Err(PatientError::BloodVolume { ml });
            }
            let grams = ml * BLOOD_G_PER_ML;
            tia.map(|tia| MarrowActivity::Blood {
                per_g_mbq_h: tia.value_mbq_h() / grams,
                sd: tia.sd_mbq_h().map(|sd| sd / grams),
                ratio: *ratio,
            })
        }
        MarrowSource::Image { share, .. } => {
            tia.map(|tia| MarrowActivity::Image { part: tia.clone(), share: *share })
        }
    };
    let activity = activity.within(&format!("`{}`", own.region));
    let remainder = asked.remainder.as_deref().map(find).transpose()?;
    let remainder = match remainder {
        Some(t) => t.tia.clone().map(Some).within(&format!("`{}`", t.region)),
        None => Verdict::determined(None),
    };
    let body_g = asked.body_g.or_else(|| weight_g(study, subject));
    let (mut organs, mut without) = (Verdict::determined(Vec::new()), Vec::new());
    for d in doses
        .iter()
        .filter(|d| d.region != own.region && Some(&d.region) != asked.remainder.as_ref())
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
                let what = Gap::PhotonsOf { region: d.region.clone() };
                without.push(Flag::Incomplete { what });
            }
            continue;
        };
        organs = organs.zip(of_organ(tia, region, grams)).map(|(mut all, one)| {
            all.push(one);
            all
        });
    }
    let source = source_with_daughters(&own.nuclide)?;
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
    if found.is_refused()
        && let Err(refusal) = found.clone().accept(&[])
    {
        return Verdict::refused(NoValue::Organ { region: tia.region.clone(), refusal });
    }
    found.map(|tia| (region, grams, tia))
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
