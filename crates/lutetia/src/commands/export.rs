//! `lutetia export`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use lutetia_data::Sex;
use lutetia_diagnostic::{Diagnostic, FlagKind};
use lutetia_dose::Region;
use lutetia_exchange::{Exported, OlindaCase, OrganIntegral, mirdcalc_csv};
use lutetia_patient::{
    cycles::{Cycle, Options},
    dose::{DoseOptions, reference as reference_of},
    plan::accepts_misfit,
    shown,
};

use super::{
    curves::Curves,
    measurement::Measurement,
    output,
    patients::{plain_doses, reference},
};
use crate::{
    exit::Exit,
    failure::{Failure, Outcome},
    terminal::Terminal,
};

const OLINDA: &str = "\
Example:
  lutetia export olinda data/studies/snmmi_patient4 --file patient4.cas

Regions of one organ are added; the mass of a measured organ is its volume times its density.
The remainder of the body is the total body there. What has no place in a case file is named.
An integral that is not determined, or that its data refute, is not written; the run then ends
with code 65.";

const MIRDCALC: &str = "\
Example:
  lutetia export mirdcalc data/studies/snmmi_patient4
  lutetia export mirdcalc data/studies/snmmi_patient4 --file patient4_tiac.csv

An integral that is not determined, or that its data refute, is not written; the run then ends
with code 65.";

/// Arguments of `export`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Write an OLINDA/EXM 2 case file of one cycle of a patient.
    #[command(after_help = OLINDA)]
    Olinda(Export),
    /// Write time-integrated activity coefficients to paste into MIRDcalc.
    #[command(after_help = MIRDCALC)]
    Mirdcalc(Export),
}

#[derive(Debug, Args)]
struct Export {
    #[command(flatten)]
    curves: Curves,

    /// File to write; standard output without it.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,

    /// Overwrite the file if it is there.
    #[arg(long, requires = "file")]
    overwrite: bool,

    /// Reference adult: `female` or `male`. The `sex` of the subject without it, else male.
    #[arg(long, value_name = "ADULT")]
    reference: Option<String>,

    /// Write in spite of a flag: `misfit`, a curve that misses its data.
    #[arg(long, value_name = "FLAG")]
    accept: Vec<String>,

    #[command(flatten)]
    measurement: Measurement,
}

/// Fits the curves of one cycle and writes their integrals.
pub(crate) fn run(arguments: &Arguments, terminal: &Terminal) -> Outcome {
    let (What::Olinda(asked) | What::Mirdcalc(asked)) = &arguments.what;
    let adult = reference(asked.reference.as_deref())?;
    let accept_misfit = accepts_misfit(&asked.accept).map_err(|reason| {
        Failure::asked(
            reason.code(),
            &format!("`--accept`: {reason}"),
            "write it as `--accept misfit`",
        )
    })?;
    let options = Options {
        integration: asked.curves.integration()?,
        dose: DoseOptions { chain: Some(asked.measurement.chain()?), ..plain_doses() },
        reference: adult.clone(),
        tissue: None,
        until_h: asked.curves.until_h()?,
    };
    let found = asked.curves.patients(&options, true, terminal)?;
    let Some(patient) = found.patients.first() else { return Err(Failure::shown(Exit::Data)) };
    let [cycle] = &patient.cycles[..] else {
        let cycles: Vec<String> = patient.cycles.iter().map(|c| c.number.to_string()).collect();
        return Err(Failure::usage(
            format!("subject `{}` was measured in cycles {}", patient.subject, cycles.join(", ")),
            "choose one with `--cycle N`",
        ));
    };
    let Found { integrals, mut notes, refused } = integrals(cycle, accept_misfit);
    for (_, why) in &refused {
        terminal.talk(&format!("warning: {why}"));
    }
    if integrals.is_empty() {
        let message = "no region has an integral and an organ; nothing is written";
        let hint = match notes.first() {
            Some(note) if refused.is_empty() => Some(note.clone()),
            _ => Some(REFUSED_HINT.to_owned()),
        };
        return Err(Failure::new(
            Exit::Data,
            Diagnostic::error("LUT8023", message).maybe_hint(hint),
        ));
    }
    let Exported { text, notes: of_file } = match &arguments.what {
        What::Mirdcalc(_) => mirdcalc_csv(&integrals),
        What::Olinda(_) => {
            let sex =
                reference_of(&found.study, &patient.subject, adult.as_deref()).unwrap_or(Sex::Male);
            let nuclide = cycle.tias.first().map_or("", |t| t.nuclide.as_str());
            if cycle.tias.iter().any(|t| t.nuclide != nuclide) {
                return Err(Failure::usage(
                    "the regions hold several nuclides; a case file has one",
                    "choose the regions of one with `--region`",
                ));
            }
            let saved = format!(
                "export of Lutetia {}: {}, cycle {}",
                env!("CARGO_PKG_VERSION"),
                patient.subject.replace(['\n', '\r'], " "),
                cycle.number
            );
            OlindaCase::export(nuclide, sex, &integrals, &saved)
        }
    };
    notes.extend(of_file);
    for note in notes {
        terminal.talk(&format!("note: {note}"));
    }
    match &asked.file {
        None => terminal.data(&text)?,
        Some(path) => output::file(path, text.as_bytes(), asked.overwrite)?,
    }
    if refused.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = refused.iter().map(|(region, _)| region.as_str()).collect();
    let message = format!("written without {}", names.join(", "));
    Err(Failure::new(Exit::Data, Diagnostic::error("LUT8035", message).hint(REFUSED_HINT)))
}

/// What would do where an integral is refused.
const REFUSED_HINT: &str =
    "choose regions with `--region`, another function with `--function`, or `--accept misfit`";

/// What there is to write.
struct Found {
    integrals: Vec<OrganIntegral>,
    /// What a person should know of what is written, and of regions that are not organs.
    notes: Vec<String>,
    /// Regions that cannot be written, and why.
    refused: Vec<(String, String)>,
}

/// Integrals of regions that are organs, and why others are not among them. One that its data refute is not,
/// unless that is accepted: a file of another program has no room for what stands against it.
fn integrals(cycle: &Cycle, accept_misfit: bool) -> Found {
    let mut found = Found { integrals: Vec::new(), notes: Vec::new(), refused: Vec::new() };
    let accepted: &[FlagKind] =
        if accept_misfit { &FlagKind::ALL } else { &FlagKind::NOT_REFUTING };
    for (tia, dose) in cycle.tias.iter().zip(&cycle.doses.regions) {
        let region = match Region::named(&tia.region) {
            Ok(region) => region,
            Err(error) => {
                found.notes.push(format!("`{}` is left out: {error}", tia.region));
                continue;
            }
        };
        let name = &tia.region;
        let integral = match tia.tia.as_ref().accept(accepted) {
            Ok(integral) => integral,
            Err(refusal) => {
                let why = format!("`{name}` is left out: its integral is {refusal}");
                found.refused.push((name.clone(), why));
                continue;
            }
        };
        let note = tia.tia.note();
        if !note.is_empty() {
            found.notes.push(format!("`{name}`: {note}"));
        }
        let per = |mbq_h: f64| mbq_h / tia.injected_mbq;
        let organ = region.taken_for();
        found.integrals.push(OrganIntegral {
            region: name.clone(),
            organ: organ.strip_prefix("one of the ").unwrap_or(&organ).to_owned(),
            tiac_h: per(integral.value_mbq_h()),
            tiac_sd_h: integral.sd_mbq_h().map(per),
            mass_g: shown(&dose.dose).0.map(|d| d.mass.g),
        });
    }
    found
}
