//! `lutetia dose`.

use std::collections::BTreeMap;

use clap::Args;
use lutetia_report::{
    experiment::Volume,
    steps::{
        curves::RegionCurve,
        dose::{DoseOptions, doses, reference, relative, table},
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
  lutetia dose data/studies/snmmi_patient4 --region kidney_left --volume-sd \"5 %\" --reference female";

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
}

/// Fits the curves, integrates them and prints the absorbed doses.
pub(crate) fn run(arguments: &Arguments, terminal: &Terminal) -> Outcome {
    let volume_sd = arguments
        .volume_sd
        .as_deref()
        .map(relative)
        .transpose()
        .map_err(|reason| Failure::usage(reason, "write it as `--volume-sd \"5 %\"`"))?;
    let fitted = arguments.curves.fit(terminal)?;
    let reference = reference(&fitted.study, &fitted.subject, arguments.reference.as_deref())
        .map_err(|reason| Failure::usage(reason, "choose one with `--reference`"))?;
    let tias: Vec<_> = fitted.regions.iter().map(RegionCurve::tia).collect();
    let options =
        DoseOptions { volume_sd, volume: Volume::default(), reference, leave_out: BTreeMap::new() };
    let doses = doses(&fitted.study, &fitted.subject, arguments.curves.cycle(), &tias, &options);
    print(&table("dose", &doses), terminal)
}
