//! `lutetia dose`.

use std::collections::BTreeMap;

use clap::Args;
use lutetia_dose::Tissue;
use lutetia_report::{
    steps::dose::Volume,
    steps::{
        curves::RegionCurve,
        dose::{DoseOptions, check_regions, doses, reference, relative, table, tissue},
    },
};

use super::{curves::Curves, table::print};
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
        volume: Volume::default(),
        reference,
        leave_out: BTreeMap::new(),
        bed: tissues(&arguments.bed)?,
    };
    check_regions(&options, &tias)
        .map_err(|reason| Failure::usage(reason, "name it as the study does"))?;
    let doses = doses(&study, &subject, arguments.curves.cycle(), &tias, &options);
    print(&table("dose", &doses), terminal)
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
