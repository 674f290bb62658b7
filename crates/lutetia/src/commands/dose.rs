//! `lutetia dose`.

use std::collections::BTreeMap;

use clap::Args;
use lutetia_dose::Tissue;
use lutetia_report::steps::{
    curves::RegionCurve,
    dose::{
        DoseOptions, all_doses, check_regions, cortex,
        daughters::{DaughterSpec, LeavingSpec},
        given_mass,
        marrow::MarrowSpec,
        reference, relative, tissue,
        weighted::RbeSpec,
    },
};

use super::{curves::Curves, table::print_all};
use crate::{
    failure::{Failure, Outcome},
    terminal::Terminal,
};

const EXAMPLE: &str = "\
Example:
  lutetia dose data/studies/snmmi_patient4
  lutetia dose data/studies/snmmi_patient4 --region kidney_left --volume-sd \"5 %\" --reference female
  lutetia dose data/studies/snmmi_patient4 --bed \"kidney_left=2.5 Gy,2.8 h\"";

/// Arguments of `dose`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Arguments {
    #[command(flatten)]
    curves: Curves,

    /// Reference adult whose organs are scaled to the measured volumes: `female` or `male`. The
    /// `sex` of the subject without it, else male.
    #[arg(long, value_name = "ADULT")]
    reference: Option<String>,

    /// Relative standard deviation of the measured volumes, such as `5 %`.
    #[arg(long, value_name = "SD")]
    volume_sd: Option<String>,

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

    /// Weight alphas for an effect, in a table of its own in Gy(RBE): `late kidney damage=5`.
    #[arg(long = "rbe", value_name = "EFFECT=RBE")]
    rbe: Vec<String>,

    /// Doses by daughter; those named leave a region by a fraction: `Fr-221,tumour,30 %`, or
    /// `Fr-221,tumour,30 %,kidneys,40 %` where part of them decays in another region. `stay` for none.
    #[arg(long = "leaving", value_name = "NUCLIDE,REGION,FRACTION")]
    leaving: Vec<String>,
}

/// Fits the curves, integrates them and prints the absorbed doses.
pub(crate) fn run(arguments: &Arguments, terminal: &Terminal) -> Outcome {
    let volume_sd = arguments
        .volume_sd
        .as_deref()
        .map(relative)
        .transpose()
        .map_err(|reason| Failure::usage(reason, "write it as `--volume-sd \"5 %\"`"))?;
    let (study, subject, tias) = match arguments.curves.integrals(terminal)? {
        Some(found) => found,
        None => {
            let fitted = arguments.curves.fit(terminal)?;
            let tias = fitted.regions.iter().map(RegionCurve::tia).collect();
            (fitted.study, fitted.subject, tias)
        }
    };
    let reference = reference(&study, &subject, arguments.reference.as_deref())
        .map_err(|reason| Failure::usage(reason, "choose one with `--reference`"))?;
    let options = DoseOptions {
        volume_sd,
        bed: tissues(&arguments.bed)?,
        masses: assigned(&arguments.masses, "--mass \"lacrimal=1.4 g\"", |region, text| {
            given_mass(region, text)
        })?
        .into_iter()
        .collect(),
        cortex: assigned(&arguments.cortex, "--cortex \"kidney_left=70 %,100 %\"", |_, text| {
            let (mass, activity) = text.split_once(',').ok_or("expected two shares")?;
            cortex(mass.trim(), activity.trim())
        })?
        .into_iter()
        .collect(),
        marrow: marrow(&arguments.marrow)?,
        rbe: assigned(&arguments.rbe, "--rbe \"late kidney damage=5\"", |effect, text| {
            let alpha = text.parse().map_err(|_| format!("`{text}` is no number"))?;
            let effect = effect.to_owned();
            Ok(RbeSpec { effect, alpha, electron: 1.0, photon: 1.0, regions: None })
        })?
        .into_iter()
        .map(|(_, spec)| spec)
        .collect(),
        daughters: leaving(&arguments.leaving)?,
        ..DoseOptions::new(reference)
    };
    check_regions(&options, &tias)
        .map_err(|reason| Failure::usage(reason, "name it as the study does"))?;
    let doses = all_doses(&study, &subject, arguments.curves.cycle(), &tias, &options)
        .map_err(|reason| Failure::usage(reason, "change the option it names"))?;
    for warning in &doses.warnings {
        terminal.talk(warning);
    }
    let tables = doses
        .tables("dose", &options)
        .map_err(|reason| Failure::usage(reason, "change the option it names"))?;
    print_all(&tables, terminal)
}

/// Texts such as `kidney_left=1.4 g`, each read by `read` from what stands on both sides.
fn assigned<T>(
    given: &[String],
    example: &str,
    read: impl Fn(&str, &str) -> Result<T, String>,
) -> Outcome<Vec<(String, T)>> {
    let hint = || format!("write it as `{example}`");
    given
        .iter()
        .map(|text| {
            let (name, value) = text
                .split_once('=')
                .ok_or_else(|| Failure::usage(format!("cannot read `{text}`: no `=`"), hint()))?;
            let (name, value) = (name.trim(), value.trim());
            let value = read(name, value).map_err(|reason| Failure::usage(reason, hint()))?;
            Ok((name.to_owned(), value))
        })
        .collect()
}

/// The red marrow, key by key.
fn marrow(given: &[String]) -> Outcome<Option<MarrowSpec>> {
    let mut spec = MarrowSpec::default();
    for (key, value) in
        assigned(given, "--marrow blood=blood --marrow ratio=peptide", |_, v| Ok(v.to_owned()))?
    {
        spec.set(&key, &value)
            .map_err(|reason| Failure::usage(reason, "write it as `--marrow ratio=peptide`"))?;
    }
    Ok((!given.is_empty()).then_some(spec))
}

/// Daughters that leave, as typed.
fn leaving(given: &[String]) -> Outcome<Option<DaughterSpec>> {
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
    Ok((!given.is_empty()).then_some(spec))
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
                tissue(alpha_beta, repair).map_err(|reason| Failure::usage(reason, hint))?;
            Ok((region.to_owned(), tissue))
        })
        .collect()
}
