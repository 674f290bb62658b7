//! `lutetia pet`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use lutetia_data::{PetAllowed, PetStudy, nuclides};
use lutetia_diagnostic::{Diagnostic, Sources, closest};
use lutetia_experiment::steps::pet::tables;
use lutetia_fit::FitOptions;
use lutetia_pet::{Analysed, Efflux, Start, Survey, SurveyFault};
use lutetia_units::{Dimension, Quantity, Unit};

use super::{
    quantity::{parse_quantity, parse_time},
    table,
};
use crate::{
    exit::Exit,
    failure::{Failure, Outcome},
    terminal::Terminal,
};

const EXAMPLE: &str = "\
Example:
  lutetia pet data/pet --scan cgyu_2 --region FC
  lutetia pet data/pet --scan cgyu_2 --region FC --method logan --method ma1 --t-star \"30 min\"
  lutetia pet data/pet --scan cgyu_2 --region FC --method 1tcm --delay \"6 s\" --print estimates
  lutetia pet data/pet --scan cgyu_2 --region FC --reference CBL --method srtm

A scan is a table of frames, tacs.csv, and a table of blood, blood.csv, in one folder or named each.
  tacs.csv    scan, region, start (s), duration (s) or end (s), activity (kBq/mL),
              and weight or sd (kBq/mL)
  blood.csv   scan, time (s), whole_blood (kBq/mL) and parent_plasma (kBq/mL), or plasma (kBq/mL)
              (or plasma_fraction) with parent_fraction; cells without a value are empty
Times count from the injection, and concentrations are decay-corrected to it, unless `--uncorrected`
names the nuclide. `docs/pet.md` says how each method works and what it refuses.";

/// What to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Print {
    /// What the method is for, one row per region and quantity.
    Results,
    /// The parameters as well.
    Estimates,
    /// Frames: measured and fitted.
    Points,
}

/// Arguments of `pet`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Arguments {
    /// A table of frames, or a folder with tacs.csv and perhaps blood.csv.
    #[arg(value_name = "TACS")]
    tacs: PathBuf,

    /// The table of blood, where it is not blood.csv of the same folder.
    #[arg(long, value_name = "FILE")]
    blood: Option<PathBuf>,

    /// A scan; repeat for several. Without it, all.
    #[arg(long, value_name = "NAME")]
    scan: Vec<String>,

    /// A region; repeat for several. Without it, all but the reference region.
    #[arg(long, value_name = "NAME")]
    region: Vec<String>,

    /// `1tcm`, `2tcm`, `2tcm-irreversible`, `srtm`, `logan`, `ma1`, `patlak` or `reference-logan`; repeat for
    /// several. Without it, `2tcm`, or `srtm` with a reference region.
    #[arg(long, value_name = "METHOD")]
    method: Vec<String>,

    /// The region without the target, for `srtm` and `reference-logan`.
    #[arg(long, value_name = "NAME")]
    reference: Option<String>,

    /// Efflux of the reference region k2' for `reference-logan`, such as `0.1 1/min` (`--method srtm --print
    /// estimates` finds it), or `none` where region and reference keep a constant ratio after t*.
    #[arg(long, value_name = "RATE")]
    k2_prime: Option<String>,

    /// Where the line of a plot begins: frames that start then or later, such as `30 min`. Without it, the earliest
    /// frame from which all points lie within `--within` of their line.
    #[arg(long, value_name = "TIME", conflicts_with = "within")]
    t_star: Option<String>,

    /// How far points may lie from their line for the rule of t*.
    #[arg(long, value_name = "PERCENT", default_value = "10 %")]
    within: String,

    /// How much later the blood of the samples reaches the region, such as `6 s`. Without it compartments estimate it
    /// from -30 s to 30 s, and plots take 0.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    delay: Option<String>,

    /// Fraction of the region that is blood, such as `0.05` or `5 %`. Without it compartments estimate it from 0 to
    /// 0.3, and plots take 0.
    #[arg(long, value_name = "FRACTION")]
    blood_fraction: Option<String>,

    /// The concentrations are as measured; correct them for the decay of this nuclide since the injection.
    #[arg(long, value_name = "NUCLIDE")]
    uncorrected: Option<String>,

    /// Allow frames to leave gaps, as of a break in the scan.
    #[arg(long)]
    gaps: bool,

    /// What to print: `results`, `estimates` (the parameters as well) or `points`.
    #[arg(
        long,
        value_enum,
        hide_possible_values = true,
        value_name = "WHAT",
        default_value = "results"
    )]
    print: Print,
}

/// Analyses every region asked for and prints one table.
pub(crate) fn run(arguments: &Arguments, terminal: &Terminal) -> Outcome {
    let survey = arguments.survey()?;
    let study = arguments.study(terminal)?;
    let found = survey.run(&study).map_err(|faults| asked(&faults, terminal))?;
    let made = match arguments.print {
        Print::Points => tables::points("pet", &found),
        Print::Results => tables::quantities("pet", &found).table(),
        Print::Estimates => tables::estimates("pet", &found).table(),
    };
    // The name of a row is for experiments, which look it up.
    let columns: Vec<&str> = made.columns.iter().map(|c| c.name.as_str()).collect();
    let columns: Vec<&str> = columns.into_iter().filter(|name| *name != "row").collect();
    table::print(&made.only(&columns), terminal)?;
    if !found.is_empty() && !found.iter().any(Analysed::is_determined) {
        let message = "the data determine nothing that was asked for; the last column says why";
        return Err(Failure::new(Exit::Data, Diagnostic::error("LUT5501", message).hint(
            "look at the points with `--print points`, hold `--delay` and `--blood-fraction`, or take a simpler method",
        )));
    }
    Ok(())
}

/// Shows what is asked and cannot be: a method or an option is wrong on the command line, a name in the tables.
fn asked(faults: &[SurveyFault], terminal: &Terminal) -> Failure {
    let said = |fault: &SurveyFault| {
        let in_tables = matches!(
            fault,
            SurveyFault::NoScan { .. } | SurveyFault::NoRegion { .. } | SurveyFault::NoBlood { .. }
        );
        let report =
            Diagnostic::error(if in_tables { "LUT8013" } else { "LUT8001" }, fault.to_string());
        let hint = match fault {
            SurveyFault::NoReference { .. } => {
                Some("name a region without the target with `--reference NAME`".to_owned())
            }
            SurveyFault::NoEfflux => Some(
                "give `--k2-prime \"0.1 1/min\"` as `--method srtm --print estimates` finds it, or `--k2-prime none`"
                    .to_owned(),
            ),
            SurveyFault::Efflux { .. } => {
                Some("write it as `0.1 1/min`, or `none` to leave the term out".to_owned())
            }
            SurveyFault::BloodFraction { .. } => Some("write it as `0.05` or `5 %`".to_owned()),
            SurveyFault::NoBlood { .. } => {
                Some("name its table with `--blood FILE`, or take `srtm` with `--reference`".to_owned())
            }
            other => other.near().map(|near| format!("did you mean `{near}`?")),
        };
        (in_tables, report.maybe_hint(hint))
    };
    let all: Vec<(bool, Diagnostic)> = faults.iter().map(said).collect();
    let exit = if all.iter().all(|(in_tables, _)| *in_tables) { Exit::Data } else { Exit::Usage };
    let all: Vec<Diagnostic> = all.into_iter().map(|(_, report)| report).collect();
    terminal.diagnostics(&all, &Sources::new());
    Failure::shown(exit)
}

impl Arguments {
    /// What is asked.
    fn survey(&self) -> Outcome<Survey> {
        let minutes = |quantity: &Quantity| in_unit(quantity, "min");
        let k2_prime = match self.k2_prime.as_deref() {
            None => None,
            Some("none") => Some(Efflux::LeftOut),
            Some(text) => {
                let read = parse_quantity("`--k2-prime`", text, Dimension::RATE, "0.1 1/min")?;
                Some(Efflux::Rate(in_unit(&read, "1/min")?))
            }
        };
        let start = match &self.t_star {
            Some(text) => {
                let read = parse_quantity("`--t-star`", text, Dimension::TIME, "30 min")?;
                Start::Time(minutes(&read)?)
            }
            None => {
                let read = parse_quantity("`--within`", &self.within, Dimension::NONE, "10 %")?;
                Start::Within(in_unit(&read, "1")?)
            }
        };
        let delay = match &self.delay {
            Some(text) => Some(minutes(&parse_time("`--delay`", text, "6 s")?)?),
            None => None,
        };
        let blood_fraction = match &self.blood_fraction {
            Some(text) => {
                let read = parse_quantity("`--blood-fraction`", text, Dimension::NONE, "5 %")?;
                Some(in_unit(&read, "1")?)
            }
            None => None,
        };
        Ok(Survey {
            scans: self.scan.clone(),
            regions: self.region.clone(),
            methods: self.method.clone(),
            reference: self.reference.clone(),
            k2_prime,
            start,
            delay,
            blood_fraction,
            options: FitOptions::default(),
        })
    }

    /// The scans, with every fault of their tables shown.
    fn study(&self, terminal: &Terminal) -> Outcome<PetStudy> {
        let nuclide = match &self.uncorrected {
            None => None,
            Some(name) => Some(nuclides().get(name).map_err(|_| {
                let near = closest(name, nuclides().iter().map(|n| n.name.as_str()));
                let hint = near.map_or_else(
                    || "write it as `C-11`".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
                Failure::usage(format!("unknown nuclide `{name}`"), hint)
            })?),
        };
        let folder = self.tacs.is_dir();
        let tacs = if folder { self.tacs.join("tacs.csv") } else { self.tacs.clone() };
        let beside = tacs.with_file_name("blood.csv");
        let blood = self.blood.clone().or_else(|| (folder && beside.is_file()).then_some(beside));
        for path in std::iter::once(&tacs).chain(&blood) {
            readable(path)?;
        }
        let allowed = PetAllowed { gaps: self.gaps };
        let (study, diagnostics, sources) = PetStudy::read(&tacs, blood.as_deref(), allowed);
        terminal.diagnostics(&diagnostics, &sources);
        let mut study = study.ok_or(Failure::shown(Exit::Data))?;
        if let Some(nuclide) = nuclide {
            study.correct_decay(nuclide);
        }
        Ok(study)
    }
}

/// Refuses what is not a file that can be opened.
fn readable(path: &Path) -> Outcome {
    std::fs::File::open(path).map(|_| ()).map_err(|error| Failure::reading(path, &error))
}

/// The value in a unit of the same dimension.
fn in_unit(quantity: &Quantity, unit: &str) -> Outcome<f64> {
    let wrong = |error: &dyn std::fmt::Display| {
        Failure::usage(error.to_string(), format!("write it in `{unit}`"))
    };
    let unit = Unit::parse(unit).map_err(|error| wrong(&error))?;
    let factor = quantity.unit().conversion_to(&unit).map_err(|error| wrong(&error))?;
    Ok(quantity.value() * factor)
}
