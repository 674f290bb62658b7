//! Sums of exponentials through a patient's curves: what `fit` and `dose` share.

use std::path::PathBuf;

use clap::Args;
use lutetia_data::Study;
use lutetia_diagnostic::Diagnostic;
use lutetia_report::steps::{
    RegionTia,
    curves::{CurveOptions, RegionCurve, error_model, fit_regions},
    integrate::{integrals, method},
};

use super::studies;
use crate::{
    exit::Exit,
    failure::{Failure, Outcome},
    terminal::Terminal,
};

/// Scatter taken for granted where a table gives no standard deviations: a round number of the
/// size that repeated quantitative SPECT of organs shows.
const ASSUMED_ERROR: &str = "proportional 10 %";

/// Which curves, and how they are fitted.
#[derive(Debug, Args)]
pub(crate) struct Curves {
    /// Study folder.
    #[arg(value_name = "FOLDER")]
    study: PathBuf,

    /// Subject; needed where the study has several.
    #[arg(long, value_name = "NAME")]
    subject: Option<String>,

    /// Treatment cycle.
    #[arg(long, value_name = "N", default_value_t = 1)]
    cycle: u16,

    /// Region; repeat for several. All without it.
    #[arg(long = "region", value_name = "NAME")]
    regions: Vec<String>,

    /// Function to fit; repeat to let the corrected Akaike criterion choose. One of `physical`,
    /// `mono`, `mono-physical`, `bi`, `bi-uptake`, `tri`, `tri-uptake`.
    #[arg(long = "function", value_name = "NAME", default_values = ["mono", "bi-uptake"])]
    functions: Vec<String>,

    /// How measurements scatter where the table has no standard deviations: `proportional 10 %`,
    /// `additive 5 MBq`, `combined 5 MBq + 10 %`, `unweighted`.
    #[arg(long, value_name = "ERROR")]
    error: Option<String>,

    /// Integrate without a function: `haenscheid` or `madsen 51 h` (half-life) from one measurement,
    /// `jackson` from three, `trapezoid physical`, `trapezoid fitted` or `trapezoid 51 h` (tail) from all.
    #[arg(long, value_name = "METHOD", conflicts_with_all = ["functions", "error"])]
    method: Option<String>,

    /// The measurement nearest to this time, in h, where a method takes one.
    #[arg(long, value_name = "HOURS", requires = "method")]
    at: Option<f64>,

    /// Last time of the curves, in h.
    #[arg(long, value_name = "HOURS", default_value_t = 200.0)]
    until: f64,

    /// Seed of the random starting points.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

/// Curves with what was fitted to them.
pub(crate) struct Fitted {
    /// The study.
    pub(crate) study: Study,
    /// The subject.
    pub(crate) subject: String,
    /// The regions.
    pub(crate) regions: Vec<RegionCurve>,
}

impl Curves {
    /// Treatment cycle.
    pub(crate) fn cycle(&self) -> u16 {
        self.cycle
    }

    /// Last time of the curves, h.
    pub(crate) fn until_h(&self) -> f64 {
        self.until
    }

    /// Error model as typed.
    pub(crate) fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    /// Seed of the random starting points.
    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// Reads the study; the subject and the regions asked for.
    pub(crate) fn load(&self, terminal: &Terminal) -> Outcome<(Study, String, Vec<String>)> {
        if !(self.until > 0.0 && self.until.is_finite()) {
            return Err(wrong(format!("`--until {}` is not a time above 0 h", self.until)));
        }
        let study = studies::load(&self.study, terminal)?;
        let subject = studies::subject(&study, self.subject.as_deref())?;
        let wanted = studies::regions(&study, &subject, self.cycle, &self.regions)?;
        Ok((study, subject, wanted))
    }

    /// The integrals of `--method`, where it is given.
    pub(crate) fn integrals(
        &self,
        terminal: &Terminal,
    ) -> Outcome<Option<(Study, String, Vec<RegionTia>)>> {
        let Some(text) = &self.method else { return Ok(None) };
        let method = method(text).map_err(wrong)?;
        let (study, subject, wanted) = self.load(terminal)?;
        let tias = integrals(&study, &subject, self.cycle, &wanted, method, self.at)
            .map_err(|reason| Failure::new(Exit::Data, Diagnostic::error("LUT8015", reason)))?;
        Ok(Some((study, subject, tias)))
    }

    /// Reads the study and fits the curves asked for.
    pub(crate) fn fit(&self, terminal: &Terminal) -> Outcome<Fitted> {
        for function in &self.functions {
            lutetia_report::steps::curves::form(function).map_err(wrong)?;
        }
        let error = error_model(self.error.as_deref().unwrap_or(ASSUMED_ERROR)).map_err(wrong)?;
        let (study, subject, wanted) = self.load(terminal)?;
        let without: Vec<&str> = wanted
            .iter()
            .filter(|region| {
                study
                    .curve(&subject, self.cycle, region)
                    .is_some_and(|c| c.points.iter().any(|p| p.sd_mbq.is_none()))
            })
            .map(String::as_str)
            .collect();
        if self.error.is_none() && !without.is_empty() {
            terminal.talk(&format!(
                "note: no standard deviations for {}; `{ASSUMED_ERROR}` is assumed (change it with `--error`)",
                without.join(", ")
            ));
        }
        let options = CurveOptions {
            functions: self.functions.clone(),
            error,
            seed: self.seed,
            until_h: self.until,
        };
        let regions = fit_regions(&study, &subject, self.cycle, Some(&wanted), &options)
            .map_err(|reason| Failure::new(Exit::Data, Diagnostic::error("LUT8015", reason)))?;
        Ok(Fitted { study, subject, regions })
    }
}

/// An option of a fit that cannot be read.
fn wrong(reason: String) -> Failure {
    Failure::new(Exit::Usage, Diagnostic::error("LUT8014", reason))
}
