//! Kinetics of dynamic PET: compartments and plots over regions of scans.

mod error;
pub mod tables;

use std::sync::{Arc, atomic::Ordering};

use lutetia_data::PetStudy;
use lutetia_fit::FitOptions;
use lutetia_pet::{Efflux, Method, Start, Survey};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Context, StepError, StepKind, Use};
use crate::results::Shown;
use crate::written::{OfPetMethod, Rate, Share, Text, Time};

pub use error::PetStepError;

/// Kinetics of dynamic PET: compartments and plots over regions of scans.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PetStep {
    /// Name of the tables.
    pub id: String,
    /// Name under `[data]` of the scans, given there as `pet`.
    pub data: String,
    /// Scans of it; all if left out.
    #[serde(default)]
    pub scans: Vec<String>,
    /// Regions; all but the reference region if left out.
    #[serde(default)]
    pub regions: Vec<String>,
    /// `1tcm`, `2tcm`, `2tcm-irreversible`, `srtm`, `logan`, `ma1`, `patlak`, `reference-logan`; `2tcm` if left out, or
    /// `srtm` with a reference region.
    #[serde(default)]
    #[schemars(with = "Vec<Text<OfPetMethod>>")]
    pub methods: Vec<String>,
    /// The region without the target, for `srtm` and `reference-logan`.
    pub reference: Option<String>,
    /// Efflux of the reference region for `reference-logan`, such as `0.1 1/min`; `k2_prime` of `srtm` finds it.
    pub k2_prime: Option<Rate>,
    /// Whether region and reference keep a constant ratio after t*, so that `reference-logan` needs no `k2_prime`.
    #[serde(default)]
    pub constant_ratio: bool,
    /// Where the line of a plot begins: frames that start then or later, such as `30 min`. If left out, the earliest frame
    /// from which all points lie within `within` of their line.
    pub t_star: Option<Time>,
    /// How far points may lie from their line for the rule of t*, such as `5 %`; `10 %` if left out.
    pub within: Option<Share>,
    /// How much later the blood of the samples reaches a region, such as `6 s`. If left out, compartments estimate it from
    /// -30 s to 30 s, and plots take 0.
    pub delay: Option<Time>,
    /// Share of a region that is blood, such as `5 %`. If left out, compartments estimate it from 0 to 30 %, and plots
    /// take 0.
    pub blood_fraction: Option<Share>,
}

impl StepKind for PetStep {
    fn id(&self) -> &str {
        &self.id
    }

    fn uses(&self) -> Vec<Use<'_>> {
        vec![Use::Data(&self.data)]
    }

    fn rehearse(&self, context: &mut Context) -> Result<(), StepError> {
        let survey = self.asked(FitOptions::default())?;
        survey.analyses(context.scans(&self.data)?).map_err(PetStepError::Asked)?;
        Ok(())
    }

    fn run(&self, context: &mut Context) -> Result<(), StepError> {
        let stop = Some(Arc::clone(&context.stop));
        let survey = self.asked(FitOptions { interrupt: stop, ..FitOptions::default() })?;
        let found = survey.run(context.scans(&self.data)?).map_err(PetStepError::Asked)?;
        if context.stop.load(Ordering::Relaxed) {
            return Err(StepError::Interrupted);
        }
        let mut made: Vec<Shown> = vec![
            tables::quantities(&self.id, &found).into(),
            tables::points(&format!("{}.points", self.id), &found).into(),
        ];
        if tables::estimates_anything(&found) {
            made.push(tables::parameters(&format!("{}.parameters", self.id), &found).into());
        }
        let refused = found.iter().filter(|analysed| !analysed.is_determined()).count();
        let said =
            format!("{refused} of {} analyses determine nothing; their rows say why", found.len());
        for table in made {
            context.add(table);
        }
        context.remark(&self.id, (refused > 0).then_some(said).into_iter().collect());
        Ok(())
    }
}

/// Share of the values by which points may lie off their line, where nothing is said.
const WITHIN: f64 = 0.1;

impl PetStep {
    /// The analyses that will be made, where all that is named is there.
    pub(crate) fn each(&self, scans: Option<&PetStudy>) -> Option<Vec<(String, String, Method)>> {
        let none = FitOptions::default();
        self.asked(none).ok()?.analyses(scans?).ok()
    }

    /// What is asked, in the terms of the analysis.
    fn asked(&self, options: FitOptions) -> Result<Survey, PetStepError> {
        let start = match (&self.t_star, &self.within) {
            (Some(_), Some(_)) => return Err(PetStepError::TwoStarts),
            (Some(at), None) => Start::Time(at.min()),
            (None, within) => Start::Within(within.as_ref().map_or(WITHIN, Share::share)),
        };
        let k2_prime = match (&self.k2_prime, self.constant_ratio) {
            (Some(_), true) => return Err(PetStepError::TwoEffluxes),
            (Some(rate), false) => Some(Efflux::Rate(rate.per_min())),
            (None, constant) => constant.then_some(Efflux::LeftOut),
        };
        Ok(Survey {
            scans: self.scans.clone(),
            regions: self.regions.clone(),
            methods: self.methods.clone(),
            reference: self.reference.clone(),
            k2_prime,
            start,
            delay: self.delay.as_ref().map(Time::min),
            blood_fraction: self.blood_fraction.as_ref().map(Share::share),
            options,
        })
    }
}
