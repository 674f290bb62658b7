//! `lutetia plan`.

use clap::Args;
use lutetia_report::steps::{
    curves::RegionCurve,
    dose::{DoseOptions, doses, reference, relative, tissue},
    plan::{Plan, table},
};
use lutetia_units::{Dimension, Unit};

use super::{curves::Curves, regimen::parse_quantity, table::print};
use crate::{
    failure::{Failure, Outcome},
    terminal::Terminal,
};

const EXAMPLE: &str = "\
Example:
  lutetia plan data/studies/snmmi_patient4 --region kidney_left --region kidney_right --cycles 4 \\
    --limit \"40 Gy\" --tissue \"2.5 Gy,2.8 h\" --activity \"7.4 GBq\" --volume-sd \"5 %\"";

/// Arguments of `plan`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Arguments {
    #[command(flatten)]
    curves: Curves,

    /// Limit of the biologically effective dose over all cycles, such as `40 Gy`.
    #[arg(long, value_name = "DOSE")]
    limit: String,

    /// α/β and half-time of repair of the tissue that limits: `2.5 Gy,2.8 h`.
    #[arg(long, value_name = "ALPHA/BETA,REPAIR")]
    tissue: String,

    /// Number of equal cycles.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=100))]
    cycles: u32,

    /// An activity per cycle whose risk of exceeding the limit is wanted, such as `7.4 GBq`.
    #[arg(long, value_name = "ACTIVITY")]
    activity: Option<String>,

    /// Reference adult: `female` or `male`. The `sex` of the subject without it, else male.
    #[arg(long, value_name = "ADULT")]
    reference: Option<String>,

    /// Relative standard deviation of the measured volumes, such as `5 %`.
    #[arg(long, value_name = "SD")]
    volume_sd: Option<String>,
}

/// Fits the curves of one cycle, and prints how much activity the next may have.
pub(crate) fn run(arguments: &Arguments, terminal: &Terminal) -> Outcome {
    let hint = "write it as `--tissue \"2.5 Gy,2.8 h\"`";
    let (alpha_beta, repair) = arguments.tissue.split_once(',').ok_or_else(|| {
        Failure::usage(format!("cannot read `--tissue {}`", arguments.tissue), hint)
    })?;
    let tissue = tissue(alpha_beta.trim(), repair.trim()).map_err(|e| Failure::usage(e, hint))?;
    let in_unit = |what: &str, text: &str, dimension, unit: &str, example: &str| -> Outcome<f64> {
        let quantity = parse_quantity(what, text, dimension, example)?;
        let value = Unit::parse(unit).and_then(|unit| quantity.to(&unit));
        let value = value.map_err(|e| Failure::usage(e.to_string(), "choose another unit"))?;
        if value > 0.0 {
            return Ok(value);
        }
        Err(Failure::usage(format!("{what} is `{text}`; expected more than 0"), "leave it out"))
    };
    let gray = Unit::parse("Gy").map_or(Dimension::NONE, |unit| unit.dimension());
    let limit_gy = in_unit("`--limit`", &arguments.limit, gray, "Gy", "40 Gy")?;
    let activity_gbq = arguments
        .activity
        .as_deref()
        .map(|text| in_unit("`--activity`", text, Dimension::ACTIVITY, "GBq", "7.4 GBq"))
        .transpose()?;
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
    let options = DoseOptions {
        volume_sd,
        bed: tias.iter().map(|t| (t.region.clone(), tissue)).collect(),
        ..DoseOptions::new(reference)
    };
    let doses = doses(&fitted.study, &fitted.subject, arguments.curves.cycle(), &tias, &options);
    let plan = Plan { limit_gy, cycles: arguments.cycles, tissue, activity_gbq };
    print(&table("plan", &doses, &plan), terminal)
}
