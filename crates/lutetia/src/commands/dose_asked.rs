//! What is asked of doses beyond their curves: masses, cortex, marrow, weights, daughters.

use std::{collections::BTreeMap, convert::Infallible, fmt::Display};

use clap::Args;
use lutetia_data::Sex;
use lutetia_dose::Tissue;
use lutetia_experiment::steps::dose::keys::{DaughterSpec, LeavingSpec, MarrowSpec};
use lutetia_patient::{
    TextError,
    dose::{Daughters, DoseOptions, Marrow, Weights},
    text::{cortex, given_mass, relative, tissue},
};

use crate::failure::{Failure, Outcome};

/// What is asked of doses.
#[derive(Debug, Args)]
pub(crate) struct Asked {
    /// Biologically effective dose of a region, with its α/β and half-time of repair:
    /// `kidney_left=2.5 Gy,2.8 h`. Repeat for several.
    #[arg(long = "bed", value_name = "REGION=ALPHA/BETA,REPAIR")]
    bed: Vec<String>,

    /// Mass of a region whose volume was not measured: `lacrimal=1.4 g`, or `lacrimal=reference` for
    /// that of the reference adult. Repeat for several.
    #[arg(long = "mass", value_name = "REGION=MASS")]
    masses: Vec<String>,

    /// Cortex of an organ, with its share of mass and of activity: `kidney_left=70 %,100 %`.
    #[arg(long = "cortex", value_name = "REGION=MASS,ACTIVITY")]
    cortex: Vec<String>,

    /// The red marrow, key by key: `blood=REGION` and `ratio=peptide|antibody|NUMBER` (with
    /// `haematocrit=42 %`), or `image=REGION` and `share=6.7 %`; also `remainder=REGION`,
    /// `blood_volume=5300 mL`, `body_mass=75 kg`.
    #[arg(long = "marrow", value_name = "KEY=VALUE")]
    marrow: Vec<String>,

    /// Weight alphas for an effect, in a table of its own in Gy(RBE): `late kidney damage=5`. It is in
    /// `--bed` and `--print cumulative`, too; those of alphas are refused without.
    #[arg(long = "rbe", value_name = "EFFECT=RBE")]
    rbe: Vec<String>,

    /// Doses by daughter; those named leave a region by a fraction: `Fr-221,tumour,30 %`, or
    /// `Fr-221,tumour,30 %,kidneys,40 %` where part of them decays in another region. `stay` for none.
    #[arg(long = "leaving", value_name = "NUCLIDE,REGION,FRACTION")]
    leaving: Vec<String>,
}

impl Asked {
    /// How doses are computed, with a relative standard deviation of volumes as typed; the reference
    /// adult is that of each patient.
    pub(crate) fn options(&self, volume_sd: Option<&str>) -> Outcome<DoseOptions> {
        let volume_sd = volume_sd
            .map(relative)
            .transpose()
            .map_err(|e| Failure::asked(e.code(), &e, "write it as `--volume-sd \"5 %\"`"))?;
        Ok(DoseOptions {
            volume_sd,
            bed: tissues(&self.bed)?,
            masses: assigned(&self.masses, "--mass \"lacrimal=1.4 g\"", given_mass)?
                .into_iter()
                .collect(),
            cortex: assigned(&self.cortex, "--cortex \"kidney_left=70 %,100 %\"", |_, text| {
                let (mass, activity) = text.split_once(',').ok_or(CortexError::OneShare)?;
                Ok::<_, CortexError>(cortex(mass.trim(), activity.trim())?)
            })?
            .into_iter()
            .collect(),
            marrow: marrow(&self.marrow)?,
            rbe: weights(&self.rbe)?,
            daughters: leaving(&self.leaving)?,
            ..DoseOptions::new(Sex::Male)
        })
    }

    /// What was asked for, for the page.
    pub(crate) fn settings(&self) -> Vec<(String, String)> {
        [
            ("tissue", &self.bed),
            ("mass given", &self.masses),
            ("cortex", &self.cortex),
            ("red marrow", &self.marrow),
            ("RBE of alphas by effect", &self.rbe),
            ("daughters that leave", &self.leaving),
        ]
        .into_iter()
        .filter(|(_, texts)| !texts.is_empty())
        .map(|(name, texts)| (name.to_owned(), texts.join("; ")))
        .collect()
    }
}

/// Texts such as `kidney_left=1.4 g`, each read by `read` from what stands on both sides.
fn assigned<T, E: Display>(
    given: &[String],
    example: &str,
    read: impl Fn(&str, &str) -> Result<T, E>,
) -> Outcome<Vec<(String, T)>> {
    let hint = || format!("write it as `{example}`");
    given
        .iter()
        .map(|text| {
            let (name, value) = text
                .split_once('=')
                .ok_or_else(|| Failure::usage(format!("cannot read `{text}`: no `=`"), hint()))?;
            let (name, value) = (name.trim(), value.trim());
            let value = read(name, value).map_err(|e| Failure::usage(e.to_string(), hint()))?;
            Ok((name.to_owned(), value))
        })
        .collect()
}

/// A cortex that cannot be.
#[derive(Debug, thiserror::Error)]
enum CortexError {
    #[error("expected two shares")]
    OneShare,
    #[error(transparent)]
    Share(#[from] TextError),
}

/// A weight of alphas that cannot be.
#[derive(Debug, thiserror::Error)]
enum RbeError {
    #[error("`{text}` is not a number")]
    NotANumber { text: String },
    #[error("the RBE is `{text}`; expected a number above 0")]
    NotAboveZero { text: String },
}

/// Weights of alphas, as typed: `late kidney damage=5`.
pub(super) fn weights(given: &[String]) -> Outcome<Vec<Weights>> {
    let read = |effect: &str, text: &str| -> Result<Weights, RbeError> {
        let alpha: f64 =
            text.parse().map_err(|_| RbeError::NotANumber { text: text.to_owned() })?;
        if !(alpha > 0.0 && alpha.is_finite()) {
            return Err(RbeError::NotAboveZero { text: text.to_owned() });
        }
        let effect = effect.to_owned();
        Ok(Weights { effect, alpha, electron: 1.0, photon: 1.0, regions: None })
    };
    let found = assigned(given, "--rbe \"late kidney damage=5\"", read)?;
    Ok(found.into_iter().map(|(_, spec)| spec).collect())
}

/// The red marrow, key by key.
fn marrow(given: &[String]) -> Outcome<Option<Marrow>> {
    let mut spec = MarrowSpec::default();
    for (key, value) in assigned(given, "--marrow blood=blood --marrow ratio=peptide", |_, v| {
        Ok::<_, Infallible>(v.to_owned())
    })? {
        spec.set(&key, &value)
            .map_err(|e| Failure::asked(e.code(), &e, "write it as `--marrow ratio=peptide`"))?;
    }
    let hint = "change the option it names";
    let read = (!given.is_empty()).then(|| spec.read()).transpose();
    read.map_err(|e| Failure::asked(e.code(), &e, hint))
}

/// Daughters that leave, as typed.
fn leaving(given: &[String]) -> Outcome<Option<Daughters>> {
    let mut spec = DaughterSpec::default();
    for text in given.iter().filter(|text| text.as_str() != "stay") {
        let parts: Vec<&str> = text.split(',').map(str::trim).collect();
        let (&[nuclide, from, fraction], to) = parts.split_first_chunk().ok_or_else(|| {
            Failure::usage(
                format!("cannot read `--leaving {text}`"),
                "write it as `--leaving \"Fr-221,tumour,30 %\"`",
            )
        })?;
        spec.leaving.push(LeavingSpec {
            nuclide: nuclide.to_owned(),
            from: from.to_owned(),
            fraction: fraction.to_owned(),
            to: to.chunks_exact(2).map(|pair| (pair[0].to_owned(), pair[1].to_owned())).collect(),
        });
    }
    let read = (!given.is_empty()).then(|| spec.read()).transpose();
    read.map_err(|e| Failure::asked(e.code(), &e, "change the option it names"))
}

/// Tissues by region, as typed.
fn tissues(given: &[String]) -> Outcome<BTreeMap<String, Tissue>> {
    let hint = "write it as `--bed \"kidney_left=2.5 Gy,2.8 h\"`";
    given
        .iter()
        .map(|text| {
            let parts = text.split_once('=').and_then(|(region, rest)| {
                let (alpha_beta, repair) = rest.split_once(',')?;
                Some((region.trim(), alpha_beta.trim(), repair.trim()))
            });
            let (region, alpha_beta, repair) =
                parts.ok_or_else(|| Failure::usage(format!("cannot read `--bed {text}`"), hint))?;
            let tissue =
                tissue(alpha_beta, repair).map_err(|e| Failure::asked(e.code(), &e, hint))?;
            Ok((region.to_owned(), tissue))
        })
        .collect()
}
