//! `lutetia plan`.

use clap::{Args, ValueEnum};
use lutetia_diagnostic::Diagnostic;
use lutetia_experiment::steps::plan::tables;
use lutetia_patient::{
    cycles::{Options, courses},
    dose::DoseOptions,
    plan::{Limit, Plan, accepts_misfit, plans},
    text::{relative, tissue},
};
use lutetia_units::{Dimension, Unit};

use super::{
    curves::Curves,
    dose_asked::weights,
    measurement::Measurement,
    patients::{plain_doses, reference},
    quantity::parse_quantity,
    table::print,
};
use crate::{
    exit::Exit,
    failure::{Failure, Outcome},
    terminal::Terminal,
};

const EXAMPLE: &str = "\
Example:
  lutetia plan data/studies/snmmi_patient4 --region kidney_left --region kidney_right --cycles 4 \\
    --limit \"40 Gy\" --tissue \"2.5 Gy,2.8 h\" --activity \"7.4 GBq\" --volume-sd \"5 %\"
  lutetia plan data/studies/snmmi_patient4 --region kidney_left --remaining 3 \\
    --limit \"23 Gy\" --print risk

A nuclide with alphas needs `--rbe`: the limit then is one in Gy(RBE). There is no plan from a
curve that its data refute, unless `--accept misfit` says that it will do.";

/// What to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Print {
    /// One row per region.
    Plan,
    /// The probability of exceeding the limit by activity.
    Risk,
}

/// Arguments of `plan`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Arguments {
    #[command(flatten)]
    curves: Curves,

    /// Limit over all cycles, such as `40 Gy`: of biologically effective dose with `--tissue`, of
    /// absorbed dose without it.
    #[arg(long, value_name = "DOSE")]
    limit: String,

    /// α/β and half-time of repair of the tissue that limits: `2.5 Gy,2.8 h`.
    #[arg(long, value_name = "ALPHA/BETA,REPAIR")]
    tissue: Option<String>,

    /// Number of equal cycles of a whole course; what was given already does not count.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=100))]
    cycles: u32,

    /// Number of equal cycles still to come; those of the study count against the limit.
    #[arg(long, value_name = "N", conflicts_with = "cycles", value_parser = clap::value_parser!(u32).range(1..=100))]
    remaining: Option<u32>,

    /// An activity per cycle whose risk of exceeding the limit is wanted, such as `7.4 GBq`, and how
    /// many cycles of it there can be.
    #[arg(long, value_name = "ACTIVITY")]
    activity: Option<String>,

    /// Relative standard deviation of the dose per activity between cycles, such as `15 %`; taken as
    /// common to the cycles to come.
    #[arg(long, value_name = "SD")]
    between_cycles: Option<String>,

    /// Weight of alphas for the effect that limits, such as `late kidney damage=5`: the limit is one in
    /// Gy(RBE).
    #[arg(long, value_name = "EFFECT=RBE")]
    rbe: Option<String>,

    /// Plan in spite of a flag: `misfit`, a curve that misses its data.
    #[arg(long, value_name = "FLAG")]
    accept: Vec<String>,

    /// Reference adult: `female` or `male`. The `sex` of the subject without it, else male.
    #[arg(long, value_name = "ADULT")]
    reference: Option<String>,

    /// What to print: `plan` or `risk`, the probability of exceeding the limit by activity.
    #[arg(
        long,
        value_enum,
        default_value = "plan",
        hide_possible_values = true,
        value_name = "WHAT"
    )]
    print: Print,

    #[command(flatten)]
    measurement: Measurement,
}

/// Fits the curves of the cycles measured, and prints how much activity the next may have.
pub(crate) fn run(arguments: &Arguments, terminal: &Terminal) -> Outcome {
    let hint = "write it as `--tissue \"2.5 Gy,2.8 h\"`";
    let tissue = arguments
        .tissue
        .as_deref()
        .map(|text| {
            let (alpha_beta, repair) = text
                .split_once(',')
                .ok_or_else(|| Failure::usage(format!("cannot read `--tissue {text}`"), hint))?;
            tissue(alpha_beta.trim(), repair.trim()).map_err(|e| Failure::asked(e.code(), &e, hint))
        })
        .transpose()?;
    let in_unit = |what: &str, text: &str, dimension, unit: &str, example: &str| -> Outcome<f64> {
        let quantity = parse_quantity(what, text, dimension, example)?;
        let value = Unit::parse(unit).and_then(|unit| quantity.to(&unit));
        let value = value.map_err(|e| Failure::usage(e.to_string(), "choose another unit"))?;
        if value > 0.0 {
            return Ok(value);
        }
        Err(Failure::usage(format!("{what} is `{text}`; expected more than 0"), "leave it out"))
    };
    let limit_gy = in_unit("`--limit`", &arguments.limit, Dimension::DOSE, "Gy", "40 Gy")?;
    let activity_gbq = arguments
        .activity
        .as_deref()
        .map(|text| in_unit("`--activity`", text, Dimension::ACTIVITY, "GBq", "7.4 GBq"))
        .transpose()?;
    let share = |what: &str, text: Option<&str>| {
        let read = text.map(relative).transpose();
        read.map_err(|e| Failure::asked(e.code(), &e, format!("write it as `{what} \"5 %\"`")))
    };
    let volume_sd = share("--volume-sd", arguments.measurement.volume_sd())?;
    let between_cycles =
        share("--between-cycles", arguments.between_cycles.as_deref())?.unwrap_or(0.0);
    let rbe = weights(arguments.rbe.as_slice())?;
    let accept_misfit = accepts_misfit(&arguments.accept).map_err(|reason| {
        Failure::asked(
            reason.code(),
            &format!("`--accept`: {reason}"),
            "write it as `--accept misfit`",
        )
    })?;
    let options = Options {
        integration: arguments.curves.integration()?,
        dose: DoseOptions {
            volume_sd,
            rbe,
            chain: Some(arguments.measurement.chain()?),
            ..plain_doses()
        },
        reference: reference(arguments.reference.as_deref())?,
        tissue,
        until_h: arguments.curves.until_h()?,
    };
    let after_given = arguments.remaining.is_some();
    let mut found = arguments
        .curves
        .patients(&options, true, terminal)?
        .patients
        .pop()
        .ok_or_else(|| Failure::shown(Exit::Data))?;
    if !after_given && found.cycles.len() > 1 {
        // A whole course like one cycle: the last one, unless another is asked for.
        found.cycles.drain(..found.cycles.len() - 1);
        let number = found.cycles.first().map_or(1, |c| c.number);
        terminal.talk(&format!(
            "note: planned from cycle {number}, the last one measured; `--remaining N` counts the cycles given"
        ));
    }
    let plan = Plan {
        limit: tissue.map_or(Limit::Dose(limit_gy), |tissue| Limit::Bed(limit_gy, tissue)),
        cycles: arguments.remaining.unwrap_or(arguments.cycles),
        activity_gbq,
        between_cycles,
        accept_misfit,
    };
    let planned = plans(courses(&found, after_given), &plan);
    let [table, risk] = tables::all("plan", &planned, &plan);
    for one in &planned {
        let note = one.note();
        if !note.is_empty() {
            let word = if one.plan.is_refused() { "warning" } else { "note" };
            terminal.talk(&format!("{word}: `{}`: {note}", one.course.region));
        }
    }
    match arguments.print {
        Print::Plan => print(&table, terminal)?,
        Print::Risk => print(&risk, terminal)?,
    }
    if planned.iter().all(|one| one.plan.is_refused()) {
        let refused: Vec<&str> = planned.iter().map(|one| one.course.region.as_str()).collect();
        let message = format!("there is no plan for {}", refused.join(", "));
        return Err(Failure::new(Exit::Data, Diagnostic::error("LUT8034", message)));
    }
    Ok(())
}
