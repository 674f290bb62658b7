//! Absorbed doses from time-integrated activities.

pub mod keys;
pub mod tables;

use std::collections::BTreeMap;

use lutetia_dose::Sex;
use lutetia_patient::{
    dose::{DoseOptions, all_doses, check_reference, reference},
    text::{cortex, given_mass, tissue},
};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Context, StepError, StepKind, Use, cycle, defaults, subject};
use crate::artefact::Artefact;
use crate::written::{OfMass, Share, Text};
use keys::{CortexSpec, DaughterSpec, MarrowSpec, RbeSpec, TissueSpec, VolumeKey};

/// Absorbed doses from time-integrated activities.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
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
    pub volume_sd: Option<Share>,
    /// Which of the measured volumes is taken for the mass.
    #[serde(default)]
    pub volume: VolumeKey,
    /// Sex of the reference adult whose organs are scaled to the patient; that of the study's
    /// `sex` column if left out, else male.
    #[schemars(extend("format" = "adult"))]
    pub reference: Option<String>,
    /// Regions with a biologically effective dose: α/β and half-time of repair of each.
    #[serde(default)]
    pub bed: BTreeMap<String, TissueSpec>,
    /// Regions without an absorbed dose and why (a field of view is not an organ).
    #[serde(default)]
    pub leave_out: BTreeMap<String, String>,
    /// Masses of regions whose volume was not measured, such as `1.4 g`, or `reference` for that of
    /// the reference adult.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Text<OfMass>>")]
    pub masses: BTreeMap<String, String>,
    /// Kidneys (or other organs) whose activity lies in a cortex: its share of mass and of activity.
    #[serde(default)]
    pub cortex: BTreeMap<String, CortexSpec>,
    /// The red marrow.
    pub marrow: Option<MarrowSpec>,
    /// Weights by effect; without them no dose is weighted.
    #[serde(default)]
    pub rbe: Vec<RbeSpec>,
    /// What becomes of daughters; all stay with their parent without it.
    pub daughters: Option<DaughterSpec>,
}

impl StepKind for DoseStep {
    fn id(&self) -> &str {
        &self.id
    }

    fn uses(&self) -> Vec<Use<'_>> {
        vec![Use::Data(&self.study), Use::Step(&self.from)]
    }

    fn rehearse(&self, context: &mut Context) -> Result<(), StepError> {
        let study = context.study(&self.study)?;
        let subject = subject(study, self.subject.as_deref())?;
        let reference_adult = reference(study, subject, self.reference.as_deref())?;
        let options = self.options(reference_adult)?;
        check_reference(study, subject, self.reference.as_deref(), &options.masses)?;
        Ok(())
    }

    fn run(&self, context: &mut Context) -> Result<(), StepError> {
        run(self, context)
    }
}

impl DoseStep {
    /// What the keys of the step ask for.
    fn options(&self, reference: Sex) -> Result<DoseOptions, StepError> {
        Ok(DoseOptions {
            volume_sd: self.volume_sd.as_ref().map(Share::share),
            volume: self.volume.into(),
            reference,
            leave_out: self.leave_out.clone(),
            bed: self
                .bed
                .iter()
                .map(|(region, t)| Ok((region.clone(), tissue(&t.alpha_beta, &t.repair)?)))
                .collect::<Result<_, StepError>>()?,
            masses: self
                .masses
                .iter()
                .map(|(region, text)| Ok((region.clone(), given_mass(region, text)?)))
                .collect::<Result<_, StepError>>()?,
            cortex: self
                .cortex
                .iter()
                .map(|(region, c)| Ok((region.clone(), cortex(&c.mass, &c.activity)?)))
                .collect::<Result<_, StepError>>()?,
            marrow: self.marrow.as_ref().map(MarrowSpec::read).transpose()?,
            rbe: self.rbe.iter().map(RbeSpec::weights).collect(),
            daughters: self.daughters.as_ref().map(DaughterSpec::read).transpose()?,
            chain: None,
        })
    }
}

fn run(step: &DoseStep, context: &mut Context) -> Result<(), StepError> {
    let study = context.study(&step.study)?;
    let subject = subject(study, step.subject.as_deref())?;
    let options = step.options(reference(study, subject, step.reference.as_deref())?)?;
    check_reference(study, subject, step.reference.as_deref(), &options.masses)?;
    let tias = context.artefacts.integrals(&step.from)?;
    let doses = all_doses(study, subject, cycle(step.cycle)?, tias, &options)?;
    for table in tables::all(&step.id, &doses, &options.rbe) {
        context.add(table);
    }
    let warnings = doses.warnings.iter().map(|warning| format!("warning: {warning}")).collect();
    context.remark(&step.id, warnings);
    let made = Artefact::Doses { from: step.from.clone(), regions: doses.regions };
    context.artefacts.add(&step.id, made);
    if let Some(sd) = &step.volume_sd {
        context
            .settings
            .insert(format!("relative SD of volumes of `{}`", step.id), sd.text().to_owned());
    }
    Ok(())
}
