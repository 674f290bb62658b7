//! `lutetia pet`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use lutetia_data::{PetAllowed, PetRegion, PetScan, PetStudy, nuclides};
use lutetia_diagnostic::{Diagnostic, closest};
use lutetia_fit::FitOptions;
use lutetia_pet::{Analysis, Answer, Known, Method, PetError, Start, analyse};
use lutetia_table::{Cell, Table};
use lutetia_units::{Dimension, Quantity, Unit};

use super::{quantity::parse_quantity, table};
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
    let methods = arguments.methods()?;
    let setting = arguments.setting()?;
    let study = arguments.study(terminal)?;
    let scans = named("scan", &study.scans, |scan| &scan.name, &arguments.scan)?;
    let mut made = match arguments.print {
        Print::Points => points_table(),
        Print::Results | Print::Estimates => results_table(),
    };
    let (mut asked, mut given) = (0, 0);
    for scan in scans {
        let reference = match &arguments.reference {
            Some(name) => {
                let name = std::slice::from_ref(name);
                named("region", &scan.regions, |region| &region.name, name)?.first().copied()
            }
            None => None,
        };
        let regions = named("region", &scan.regions, |region| &region.name, &arguments.region)?;
        let wanted = |region: &&PetRegion| {
            !arguments.region.is_empty() || reference.is_none_or(|r| r.name != region.name)
        };
        for region in regions.into_iter().filter(wanted) {
            for &method in &methods {
                let analysis = Analysis { method, reference, ..setting.clone() };
                asked += 1;
                let answer = analyse(scan, region, &analysis);
                let first = answer.as_ref().ok().and_then(|a| a.quantities.first());
                given += usize::from(first.is_some_and(|q| q.refused.is_none()));
                let row = Row { scan, region, method };
                match arguments.print {
                    Print::Points => row.points(answer.as_ref().ok(), &mut made),
                    Print::Results => row.results(&answer, false, &mut made),
                    Print::Estimates => row.results(&answer, true, &mut made),
                }
            }
        }
    }
    table::print(&made, terminal)?;
    if given == 0 && asked > 0 {
        let message = "the data determine nothing that was asked for; the last column says why";
        return Err(Failure::new(Exit::Data, Diagnostic::error("LUT5501", message).hint(
            "look at the points with `--print points`, hold `--delay` and `--blood-fraction`, or take a simpler method",
        )));
    }
    Ok(())
}

impl Arguments {
    /// The methods asked for.
    fn methods(&self) -> Outcome<Vec<Method>> {
        let mut methods = Vec::new();
        for name in &self.method {
            let names = Method::ALL.iter().map(|m| m.name());
            let method = Method::named(name).ok_or_else(|| {
                let known: Vec<&str> = names.clone().collect();
                let hint = closest(name, names.clone()).map_or_else(
                    || format!("there are: {}", known.join(", ")),
                    |near| format!("did you mean `{near}`?"),
                );
                Failure::usage(format!("there is no method `{name}`"), hint)
            })?;
            methods.push(method);
        }
        if methods.is_empty() {
            let usual = if self.reference.is_some() { "srtm" } else { "2tcm" };
            methods.extend(Method::named(usual));
        }
        for method in &methods {
            if method.needs_reference() && self.reference.is_none() {
                return Err(Failure::usage(
                    format!("`{method}` needs a reference region"),
                    "name a region without the target with `--reference NAME`",
                ));
            }
        }
        if methods.contains(&Method::ReferenceLogan) && self.k2_prime.is_none() {
            return Err(Failure::usage(
                "`reference-logan` needs the efflux of the reference region",
                "give `--k2-prime \"0.1 1/min\"` as `--method srtm --print estimates` finds it, or `--k2-prime none`",
            ));
        }
        Ok(methods)
    }

    /// Everything but the method and the reference region.
    fn setting(&self) -> Outcome<Analysis<'static>> {
        let minutes = |quantity: &Quantity| in_unit(quantity, "min");
        let k2_prime = match self.k2_prime.as_deref() {
            None | Some("none") => None,
            Some(text) => {
                let inverse = Dimension::RATE;
                let read = parse_quantity("`--k2-prime`", text, inverse, "0.1 1/min")?;
                let rate = in_unit(&read, "1/min")?;
                if rate <= 0.0 {
                    return Err(Failure::usage(
                        "`--k2-prime` is 0; expected more",
                        "write it as `0.1 1/min`, or `none` to leave the term out",
                    ));
                }
                Some(rate)
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
            Some(text) => {
                let (text, sign) = match text.trim().strip_prefix('-') {
                    Some(rest) => (rest, -1.0),
                    None => (text.trim(), 1.0),
                };
                let read = parse_quantity("`--delay`", text, Dimension::TIME, "6 s")?;
                Some(Known::Fixed(sign * minutes(&read)?))
            }
            None => None,
        };
        let blood_fraction = match &self.blood_fraction {
            Some(text) => {
                let read = parse_quantity("`--blood-fraction`", text, Dimension::NONE, "5 %")?;
                let fraction = in_unit(&read, "1")?;
                if fraction >= 1.0 {
                    return Err(Failure::usage(
                        format!("`--blood-fraction` is `{text}`; expected less than 1"),
                        "write it as `0.05` or `5 %`",
                    ));
                }
                Some(Known::Fixed(fraction))
            }
            None => None,
        };
        Ok(Analysis {
            method: Method::Srtm,
            reference: None,
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

/// The members of a list that were asked for, or all.
fn named<'a, T>(
    what: &str,
    list: &'a [T],
    name: impl Fn(&T) -> &String,
    asked: &[String],
) -> Outcome<Vec<&'a T>> {
    if asked.is_empty() {
        return Ok(list.iter().collect());
    }
    let find = |wanted: &String| {
        list.iter().find(|one| name(one) == wanted).ok_or_else(|| {
            let known: Vec<&str> = list.iter().map(|one| name(one).as_str()).collect();
            let hint = closest(wanted, known.iter().copied()).map_or_else(
                || format!("there are: {}", known.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            let message = format!("there is no {what} `{wanted}`");
            Failure::new(Exit::Data, Diagnostic::error("LUT8013", message).hint(hint))
        })
    };
    asked.iter().map(find).collect()
}

fn results_table() -> Table {
    Table::new("pet", "Quantities of each region, with standard error and 95 % interval")
        .column("scan", "")
        .column("region", "")
        .column("method", "")
        .column("quantity", "")
        .column("unit", "")
        .column("value", "")
        .column("se", "")
        .column("lower_95", "")
        .column("upper_95", "")
        .column("note", "")
}

fn points_table() -> Table {
    Table::new("pet", "Frames of each region, measured and fitted")
        .column("scan", "")
        .column("region", "")
        .column("method", "")
        .column("start", "min")
        .column("end", "min")
        .column("abscissa", "")
        .column("measured", "")
        .column("fitted", "")
        .column("used", "")
}

/// What the rows of one analysis begin with.
struct Row<'a> {
    scan: &'a PetScan,
    region: &'a PetRegion,
    method: Method,
}

impl Row<'_> {
    fn begin(&self) -> Vec<Cell> {
        vec![
            self.scan.name.as_str().into(),
            self.region.name.as_str().into(),
            self.method.name().into(),
        ]
    }

    fn results(&self, answer: &Result<Answer, PetError>, parameters: bool, table: &mut Table) {
        let number = |value: Option<f64>| Cell::from(value.filter(|v| v.is_finite()));
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                let mut row = self.begin();
                row.extend((0..6).map(|_| Cell::from("")));
                row.push(format!("not determined: {error}").as_str().into());
                table.push(row);
                return;
            }
        };
        let of_method = |name: &str| {
            !matches!(name, "K1" | "k2" | "k3" | "k4" | "vB" | "delay" | "R1" | "k2_prime")
        };
        for quantity in answer.quantities.iter().filter(|q| parameters || of_method(&q.name)) {
            let known = quantity.refused.is_none();
            let note = match (&quantity.refused, quantity.fixed) {
                (Some(why), _) => format!("not determined: {why}"),
                (None, true) => "held".to_owned(),
                (None, false) => answer.how.clone(),
            };
            let mut row = self.begin();
            row.push(quantity.name.as_str().into());
            row.push(quantity.unit.into());
            row.push(number(Some(quantity.value).filter(|_| known)));
            row.push(number(quantity.se.filter(|_| known)));
            row.push(number(quantity.ci95.map(|c| c.0).filter(|_| known)));
            row.push(number(quantity.ci95.map(|c| c.1).filter(|_| known)));
            row.push(note.as_str().into());
            table.push(row);
        }
    }

    fn points(&self, answer: Option<&Answer>, table: &mut Table) {
        let number = |value: f64| Cell::from(Some(value).filter(|v| v.is_finite()));
        for seen in answer.iter().flat_map(|answer| &answer.seen) {
            let mut row = self.begin();
            row.push(seen.frame.start.into());
            row.push(seen.frame.end.into());
            row.push(number(seen.abscissa.unwrap_or(f64::NAN)));
            row.push(number(seen.measured));
            row.push(number(seen.fitted));
            row.push(if seen.used { "yes" } else { "no" }.into());
            table.push(row);
        }
    }
}
