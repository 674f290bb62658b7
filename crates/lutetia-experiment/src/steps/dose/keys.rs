//! What a file or a command line says of doses: masses, cortex, marrow, weights, daughters.

use std::collections::BTreeMap;

use crate::written::Share;
use lutetia_dose::{Leaving, MarrowToBlood};
use lutetia_patient::{
    TextError,
    dose::{Daughters, Marrow, MarrowSource, OwnCurve, Volume, Weights},
    text::quantity,
};
use schemars::JsonSchema;
use serde::Deserialize;

/// Which of the volumes measured at several times is taken for the mass of a region.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum VolumeKey {
    /// The mean of all.
    #[default]
    Mean,
    /// That of the first scan.
    First,
}

impl From<VolumeKey> for Volume {
    fn from(key: VolumeKey) -> Self {
        match key {
            VolumeKey::Mean => Self::Mean,
            VolumeKey::First => Self::First,
        }
    }
}

/// Which part of an organ is its cortex.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CortexSpec {
    /// Share of the mass, such as `70 %`.
    #[schemars(extend("format" = "quantity:%"))]
    pub mass: String,
    /// Share of the activity, such as `100 %`.
    #[schemars(extend("format" = "quantity:%"))]
    pub activity: String,
}

/// How a tissue answers to a dose that comes slowly.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TissueSpec {
    /// α/β, such as `2.5 Gy`.
    #[schemars(extend("format" = "quantity:Gy"))]
    pub alpha_beta: String,
    /// Half-time of repair, such as `2.8 h`, or two phases, such as `40 % 0.3 h + 60 % 4 h`.
    #[schemars(extend("format" = "repair"))]
    pub repair: String,
}

/// An effect and the weights of the particles for it.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RbeSpec {
    /// The effect the weights hold for, such as `late kidney damage`.
    pub effect: String,
    /// Weight of alphas.
    pub alpha: f64,
    /// Weight of electrons.
    #[serde(default = "one")]
    pub electron: f64,
    /// Weight of photons.
    #[serde(default = "one")]
    pub photon: f64,
    /// Regions; all with a dose if left out.
    pub regions: Option<Vec<String>>,
}

fn one() -> f64 {
    1.0
}

impl RbeSpec {
    /// The weights.
    #[must_use]
    pub fn weights(&self) -> Weights {
        Weights {
            effect: self.effect.clone(),
            alpha: self.alpha,
            electron: self.electron,
            photon: self.photon,
            regions: self.regions.clone(),
        }
    }
}

/// What becomes of the daughters.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DaughterSpec {
    /// Daughters that leave a region by a fraction; those not named stay.
    #[serde(default)]
    pub leaving: Vec<LeavingSpec>,
    /// Daughters with a measured curve of their own.
    #[serde(default)]
    pub own: Vec<OwnSpec>,
}

/// A daughter that leaves a region.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LeavingSpec {
    /// The daughter.
    #[schemars(extend("format" = "nuclide"))]
    pub nuclide: String,
    /// Region it leaves.
    pub from: String,
    /// Fraction of its atoms, such as `30 %`.
    #[schemars(extend("format" = "quantity:%"))]
    pub fraction: String,
    /// Regions where they decay instead, and the part of those that left that each gets.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Share>")]
    pub to: BTreeMap<String, String>,
}

/// A daughter with its own curve.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnSpec {
    /// The daughter.
    #[schemars(extend("format" = "nuclide"))]
    pub nuclide: String,
    /// Region whose dose it adds to.
    pub place: String,
    /// Measured region that is its curve there.
    pub curve: String,
}

impl DaughterSpec {
    /// What the keys ask for.
    ///
    /// # Errors
    /// [`TextError`]: a fraction that cannot be read.
    pub fn read(&self) -> Result<Daughters, TextError> {
        let leaving = self
            .leaving
            .iter()
            .map(|way| {
                let part = |(place, part): (&String, &String)| {
                    Ok((place.clone(), quantity("part of what leaves", part, "1")?))
                };
                Ok(Leaving {
                    daughter: way.nuclide.clone(),
                    from: way.from.clone(),
                    fraction: quantity("fraction that leaves", &way.fraction, "1")?,
                    to: way.to.iter().map(part).collect::<Result<_, TextError>>()?,
                })
            })
            .collect::<Result<_, TextError>>()?;
        let own = self
            .own
            .iter()
            .map(|own| OwnCurve {
                daughter: own.nuclide.clone(),
                place: own.place.clone(),
                curve: own.curve.clone(),
            })
            .collect();
        Ok(Daughters { leaving, own })
    }
}

/// Marrow-to-blood ratio as a file writes it.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Ratio {
    /// A ratio of one's own.
    Number(f64),
    /// `peptide` or `antibody`.
    Word(String),
}

/// How the red marrow is computed.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MarrowSpec {
    /// Region of the blood curve.
    pub blood: Option<String>,
    /// Volume the blood activity is of, such as `5300 mL`; the measured one if left out.
    #[schemars(extend("format" = "quantity:mL"))]
    pub blood_volume: Option<String>,
    /// Marrow over blood: `peptide` (1), `antibody` (0.19/(1 − haematocrit)), or a number.
    pub ratio: Option<Ratio>,
    /// Haematocrit, such as `42 %`, for an antibody.
    #[schemars(extend("format" = "quantity:%"))]
    pub haematocrit: Option<String>,
    /// Region that holds a part of the marrow, such as lumbar vertebrae, instead of blood.
    pub image: Option<String>,
    /// Share of all active marrow in that region, such as `6.7 %` for L2 to L4.
    #[schemars(extend("format" = "quantity:%"))]
    pub share: Option<String>,
    /// Region that is the rest of the body, marrow included.
    pub remainder: Option<String>,
    /// Mass of the body, such as `75 kg`; the weight of the subject if left out, else the reference
    /// adult's.
    #[schemars(extend("format" = "quantity:g"))]
    pub body_mass: Option<String>,
}

impl MarrowSpec {
    /// Sets one key from text, as a command line writes it: `blood`, `ratio` and the others.
    ///
    /// # Errors
    /// [`TextError::MarrowKey`], which lists the keys there are.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), TextError> {
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
            other => return Err(TextError::MarrowKey { key: other.to_owned() }),
        }
        Ok(())
    }

    /// What the keys ask for.
    ///
    /// # Errors
    /// [`TextError`]: a source that is not clear, what belongs to it and is missing (a ratio is never chosen here), a
    /// quantity that cannot be read.
    pub fn read(&self) -> Result<Marrow, TextError> {
        let in_unit = |what: &str, text: &Option<String>, unit: &str| {
            text.as_deref().map(|text| quantity(what, text, unit)).transpose()
        };
        let source = match (&self.blood, &self.image) {
            (Some(blood), None) => MarrowSource::Blood {
                region: blood.clone(),
                ratio: self.to_blood()?,
                volume_ml: in_unit("blood volume", &self.blood_volume, "mL")?,
            },
            (None, Some(image)) => MarrowSource::Image {
                region: image.clone(),
                share: in_unit("share", &self.share, "1")?.ok_or(TextError::NoMarrowShare)?,
            },
            _ => return Err(TextError::MarrowSource),
        };
        let body_g = in_unit("body mass", &self.body_mass, "g")?;
        Ok(Marrow { source, remainder: self.remainder.clone(), body_g })
    }

    fn to_blood(&self) -> Result<MarrowToBlood, TextError> {
        match &self.ratio {
            None => Err(TextError::NoRatio),
            Some(Ratio::Number(ratio)) => Ok(MarrowToBlood::Ratio(*ratio)),
            Some(Ratio::Word(word)) => match word.as_str() {
                "peptide" => Ok(MarrowToBlood::Peptide),
                "antibody" => {
                    let text = self.haematocrit.as_deref().ok_or(TextError::NoHaematocrit)?;
                    Ok(MarrowToBlood::Antibody { haematocrit: quantity("haematocrit", text, "1")? })
                }
                other => match other.parse::<f64>() {
                    Ok(ratio) => Ok(MarrowToBlood::Ratio(ratio)),
                    Err(_) => Err(TextError::Ratio { text: other.to_owned() }),
                },
            },
        }
    }
}
