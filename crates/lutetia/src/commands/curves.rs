//! Sums of exponentials through a patient's curves: what `fit` and `dose` share.

use std::path::PathBuf;

use clap::Args;
use lutetia_data::Study;
use lutetia_experiment::steps::integrate::tables::library;
use lutetia_patient::{
    PatientError, RegionTia, TextError,
    curves::{CurveOptions, RegionCurve, error_model, fit_regions, functions, variance_count},
    cycles::Integration,
    integrate::{Method, integrals, method},
};
use lutetia_units::Dimension;

use super::{quantity::parse_quantity, studies};
use crate::{
    exit::Exit,
    failure::{Failure, Outcome},
    files::read_text,
    terminal::Terminal,
};

/// Scatter taken for granted where a table gives no standard deviations: a round number of the
/// size that repeated quantitative SPECT of organs shows.
pub(super) const ASSUMED_ERROR: &str = "proportional 10 %";

/// One exponential, two, uptake and washout, and uptake with a fast and a slow washout: what the curves of organs and
/// tumours look like. The last has five parameters and competes from five measurements on.
const DEFAULT_FUNCTIONS: [&str; 4] = ["mono", "bi", "bi-uptake", "tri-uptake"];

/// Which curves, and how they are fitted.
#[derive(Debug, Args)]
pub(crate) struct Curves {
    /// Study folder; `lutetia schema study --page` says what its tables hold.
    #[arg(value_name = "FOLDER")]
    pub(super) study: PathBuf,

    /// Subject. Without it, `dose` takes all; the others need it where the study has several.
    #[arg(long, value_name = "NAME")]
    pub(super) subject: Option<String>,

    /// Treatment cycle. Without it, `fit` and `dose` take all (`fit --model` and `--population` the first), `plan` the last one measured, and
    /// `export` needs it where there are several.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) cycle: Option<u16>,

    /// Region; repeat for several. All without it.
    #[arg(long = "region", value_name = "NAME")]
    pub(super) regions: Vec<String>,

    /// Function to fit; repeat to let one be chosen, or `all`. Of those that the data do not refute (χ² under the known
    /// errors, p 0.01) the corrected Akaike criterion chooses; where it is defined for none of them, the simplest; where
    /// all are refuted, standard errors are widened or nothing is determined, and the note says so. Their names, the
    /// published ones among them (`f3a`, `f4d`), are listed by `lutetia functions`.
    #[arg(long = "function", value_name = "NAME", default_values = DEFAULT_FUNCTIONS)]
    functions: Vec<String>,

    /// How measurements scatter: `proportional 10 %`, `additive 5 MBq`, `combined 5 MBq + 10 %`, `proportional` (size
    /// estimated), `unweighted`. Given here, it takes the place of the standard deviations of the table; without it
    /// those hold, and `proportional 10 %` where the table has none.
    #[arg(long, value_name = "ERROR")]
    pub(super) error: Option<String>,

    /// Whether the variance counts among the parameters of AICc: `estimated` (where it is), `always`
    /// or `never`.
    #[arg(long, value_name = "WHEN", default_value = "estimated")]
    count_variance: String,

    /// Leave functions outside the quality gates (CV of a parameter 50 %, correlation 0.8) out of the
    /// choice and the average.
    #[arg(long)]
    gates: bool,

    /// Integrate without a function: `haenscheid`, `madsen 51 h` (half-life), `map effective 51 h 20 %` or
    /// `map biological 70 h 30 %` (half-life and CV of a population) or `library` from one measurement,
    /// `jackson` from three, `trapezoid physical`, `trapezoid fitted` or `trapezoid 51 h` (tail) from all.
    #[arg(long, value_name = "METHOD", conflicts_with_all = ["functions", "error"])]
    pub(super) method: Option<String>,

    /// Curves of other patients for `--method library`: a CSV with the columns curve, amplitude and
    /// effective_half_life (h), a row per phase.
    #[arg(long, value_name = "FILE", requires = "method")]
    library: Option<PathBuf>,

    /// The measurement nearest to this time, such as `24 h`, where a method takes one.
    #[arg(long, value_name = "TIME", requires = "method")]
    at: Option<String>,

    /// Last time of the curves.
    #[arg(long, value_name = "TIME", default_value = "200 h")]
    until: String,

    /// Seed of the random starting points.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

/// Curves with what was fitted to them.
pub(crate) struct Fitted {
    /// Treatment cycle.
    pub(crate) cycle: u16,
    /// The regions.
    pub(crate) regions: Vec<RegionCurve>,
}

impl Curves {
    /// Treatment cycle.
    pub(crate) fn cycle(&self) -> u16 {
        self.cycle.unwrap_or(1)
    }

    /// Regions asked for; none stands for all.
    pub(crate) fn regions(&self) -> &[String] {
        &self.regions
    }

    /// The study alone.
    pub(crate) fn study(&self, terminal: &Terminal) -> Outcome<Study> {
        studies::load(&self.study, terminal)
    }

    /// Last time of the curves, h.
    pub(crate) fn until_h(&self) -> Outcome<f64> {
        let until = hours("`--until`", &self.until)?;
        if until > 0.0 && until.is_finite() {
            return Ok(until);
        }
        let message = format!("`--until` is `{}`; expected a time above 0 h", self.until);
        Err(Failure::usage(message, "write it as `200 h`"))
    }

    /// The time of `--at`, h.
    fn at_h(&self) -> Outcome<Option<f64>> {
        self.at.as_deref().map(|text| hours("`--at`", text)).transpose()
    }

    /// How curves are fitted, without what only `fit` offers.
    pub(crate) fn options(&self) -> Outcome<CurveOptions> {
        functions(&self.functions).map_err(|e| wrong(&e))?;
        Ok(CurveOptions {
            functions: self.functions.clone(),
            error: error_model(self.error.as_deref().unwrap_or(ASSUMED_ERROR))
                .map_err(|e| wrong(&e))?,
            over_sd: self.error.is_some(),
            seed: self.seed,
            until_h: self.until_h()?,
            variance_count: variance_count(&self.count_variance).map_err(|e| wrong(&e))?,
            gates: self.gates,
            profile: false,
            bootstrap: 0,
        })
    }

    /// Error model as typed.
    pub(crate) fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    /// Seed of the random starting points.
    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// A last time that can be drawn.
    pub(super) fn check_until(&self) -> Outcome {
        self.until_h().map(|_| ())
    }

    /// How curves become integrals.
    pub(crate) fn integration(&self) -> Outcome<Integration> {
        match &self.method {
            Some(text) => Ok(Integration::Method(self.read_method(text)?, self.at_h()?)),
            None => Ok(Integration::Fit(self.options()?)),
        }
    }

    /// The method of `--method`, with the curves of `--library`.
    fn read_method(&self, text: &str) -> Outcome<Method> {
        let curves = match &self.library {
            None => None,
            Some(path) => {
                let table = lutetia_table::read("library", &read_text(path)?);
                Some(library(&table).map_err(|reason| {
                    let message = format!("`{}`: {reason}", path.display());
                    Failure::of(Exit::Data, reason.code(), &message)
                })?)
            }
        };
        method(text, curves).map_err(|e| wrong(&e))
    }

    /// Reads the study; the subject and the regions asked for.
    pub(crate) fn load(&self, terminal: &Terminal) -> Outcome<(Study, String, Vec<String>)> {
        self.check_until()?;
        let study = studies::load(&self.study, terminal)?;
        let subject = studies::subject(&study, self.subject.as_deref())?;
        let wanted = studies::regions(&study, &subject, self.cycle(), &self.regions)?;
        Ok((study, subject, wanted))
    }

    /// Reads the study; the subject, and the cycles with the regions asked for in each: the cycle asked for, or all that
    /// were measured.
    fn load_cycles(&self, terminal: &Terminal) -> Outcome<(Study, String, Vec<CycleRegions>)> {
        self.check_until()?;
        let study = studies::load(&self.study, terminal)?;
        let subject = studies::subject(&study, self.subject.as_deref())?;
        let measured: Vec<u16> = match self.cycle {
            Some(asked) => vec![asked],
            None => {
                let cycles = study.cycles(&subject);
                cycles.into_iter().filter(|c| !study.regions(&subject, *c).is_empty()).collect()
            }
        };
        let mut found = Vec::new();
        for &cycle in &measured {
            let known = study.regions(&subject, cycle);
            let here: Vec<String> =
                self.regions.iter().filter(|r| known.contains(&r.as_str())).cloned().collect();
            if self.regions.is_empty() {
                found.push((cycle, known.into_iter().map(str::to_owned).collect()));
            } else if !here.is_empty() {
                found.push((cycle, here));
            }
        }
        let nowhere = |r: &&String| !found.iter().any(|(_, names)| names.contains(r));
        if found.is_empty() || self.regions.iter().any(|r| nowhere(&r)) {
            // Says which region or cycle is missing.
            let cycle = measured.first().copied().unwrap_or(1);
            let wanted = studies::regions(&study, &subject, cycle, &self.regions)?;
            found = vec![(cycle, wanted)];
        }
        Ok((study, subject, found))
    }

    /// Says which cycle is taken where there are several and none was asked for.
    pub(crate) fn say_cycle(&self, study: &Study, subject: &str, terminal: &Terminal) {
        let cycles = study.cycles(subject);
        if self.cycle.is_none() && cycles.len() > 1 {
            let names: Vec<String> = cycles.iter().map(u16::to_string).collect();
            terminal.talk(&format!(
                "note: cycle {} of cycles {} is taken; choose one with `--cycle`",
                self.cycle(),
                names.join(", ")
            ));
        }
    }

    /// The integrals of `--method`, where it is given, cycle by cycle.
    pub(crate) fn integrals(
        &self,
        terminal: &Terminal,
    ) -> Outcome<Option<Vec<(u16, Vec<RegionTia>)>>> {
        let Some(text) = &self.method else { return Ok(None) };
        let method = self.read_method(text)?;
        let at = self.at_h()?;
        let (study, subject, cycles) = self.load_cycles(terminal)?;
        let each = cycles.into_iter().map(|(cycle, wanted)| {
            integrals(&study, &subject, cycle, &wanted, &method, at)
                .map(|tias| (cycle, tias))
                .map_err(|e| failed(&e))
        });
        each.collect::<Outcome<Vec<_>>>().map(Some)
    }

    /// Reads the study and fits the curves asked for, cycle by cycle.
    pub(crate) fn fit(&self, terminal: &Terminal) -> Outcome<Vec<Fitted>> {
        let options = self.options()?;
        let (study, subject, cycles) = self.load_cycles(terminal)?;
        let lacks_sd = |cycle: u16, region: &str| {
            let curve = study.curve(&subject, cycle, region);
            curve.is_some_and(|c| c.points.iter().any(|p| p.sd_mbq.is_none()))
        };
        let mut without: Vec<&str> = Vec::new();
        for (cycle, wanted) in &cycles {
            for region in wanted {
                if lacks_sd(*cycle, region) && !without.contains(&region.as_str()) {
                    without.push(region);
                }
            }
        }
        if self.error.is_none() && !without.is_empty() {
            terminal.talk(&format!(
                "note: no standard deviations for {}; `{ASSUMED_ERROR}` is assumed (change it with `--error`)",
                without.join(", ")
            ));
        }
        cycles
            .iter()
            .map(|(cycle, wanted)| {
                let regions = fit_regions(&study, &subject, *cycle, Some(wanted), &options)
                    .map_err(|e| failed(&e))?;
                Ok(Fitted { cycle: *cycle, regions })
            })
            .collect()
    }
}

/// A cycle with the regions asked for in it.
type CycleRegions = (u16, Vec<String>);

/// An option of a fit that cannot be read.
pub(super) fn wrong(error: &TextError) -> Failure {
    Failure::of(Exit::Usage, error.code(), error)
}

/// A fit or an integral that could not be made.
pub(super) fn failed(error: &PatientError) -> Failure {
    Failure::of(Exit::Data, error.code(), error)
}

/// Hours of a time as it is typed behind an option.
fn hours(what: &str, text: &str) -> Outcome<f64> {
    let time = parse_quantity(what, text, Dimension::TIME, "24 h")?;
    Ok(time.value() * time.unit().scale() / 3600.0)
}
