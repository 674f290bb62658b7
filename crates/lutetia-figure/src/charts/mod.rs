//! What an experiment asks to be drawn: a kind of chart, and the tables it is drawn from.
//!
//! A kind is a file of this folder: its keys, the tables it needs, and the [`Figure`] it makes of
//! them; here it is only listed.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::figure::Figure;
use lutetia_table::{Origin, Tables};

mod budget;
mod comparison;
mod cumulative_incidence;
mod error;
mod exposure_response;
mod forest;
mod functions;
mod kaplan_meier;
mod lines;
mod moment;
mod needs;
mod pareto;
mod scatter;
mod source;
mod spider;
mod survival;
mod swimmer;
mod synergy;
mod therapeutic_index;
mod time_activity;
mod tornado;
mod toxicity;
mod waterfall;

pub use budget::BudgetSpec;
pub use comparison::ComparisonSpec;
pub use cumulative_incidence::CumulativeIncidenceSpec;
pub use error::ChartError;
pub use exposure_response::ExposureResponseSpec;
pub use forest::ForestSpec;
pub use functions::FunctionsSpec;
pub use kaplan_meier::KaplanMeierSpec;
pub use lines::LinesSpec;
pub use moment::Moment;
pub use needs::{Need, Needs};
pub use pareto::ParetoSpec;
pub use scatter::ScatterSpec;
pub use source::{Columns, Only};
pub use spider::SpiderSpec;
pub use swimmer::SwimmerSpec;
pub use synergy::SynergySpec;
pub use therapeutic_index::TherapeuticIndexSpec;
pub use time_activity::TimeActivitySpec;
pub use tornado::TornadoSpec;
pub use toxicity::ToxicitySpec;
pub use waterfall::WaterfallSpec;

/// What every kind of chart can say of itself and do.
pub(crate) trait Chart {
    /// File name without ending.
    fn name(&self) -> &str;
    /// Steps or tables it is drawn from.
    fn from(&self) -> Vec<&str>;
    /// Makes the figure.
    fn build(&self, tables: &Tables) -> Result<Figure, ChartError>;
    /// Whether its keys agree with each other, as far as they say so without a table.
    ///
    /// # Errors
    /// A key that cannot be as it is.
    fn keys(&self) -> Result<(), ChartError> {
        Ok(())
    }
    /// The table that it shows as observed, whatever the others are.
    fn observed(&self) -> Option<&str> {
        None
    }
    /// Whether it says of every mark of its own whether that was observed or simulated, where it draws both.
    fn tells_apart(&self) -> bool {
        false
    }
}

/// A figure of an experiment.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ChartSpec {
    /// One panel per region: points, fit, band, residuals.
    TimeActivity(TimeActivitySpec),
    /// Ours over published, one row per row of a comparison.
    Comparison(ComparisonSpec),
    /// Integrals by function, one panel per region.
    Functions(FunctionsSpec),
    /// Shares of the variance by input, one bar per region.
    Budget(BudgetSpec),
    /// Columns of a table against another column.
    Lines(LinesSpec),
    /// One column against another, a point for each row.
    Scatter(ScatterSpec),
    /// Survival curves with intervals, medians and numbers at risk.
    KaplanMeier(KaplanMeierSpec),
    /// Risk of each of several events that exclude each other.
    CumulativeIncidence(CumulativeIncidenceSpec),
    /// Estimates with intervals, one row each.
    Forest(ForestSpec),
    /// Best change of each patient, sorted.
    Waterfall(WaterfallSpec),
    /// The course of each patient.
    Swimmer(SwimmerSpec),
    /// Change of each patient over time.
    Spider(SpiderSpec),
    /// A laboratory value over cycles, before bands of its grades.
    Toxicity(ToxicitySpec),
    /// Probability of a response against exposure.
    ExposureResponse(ExposureResponseSpec),
    /// Tumour control and complication against activity.
    TherapeuticIndex(TherapeuticIndexSpec),
    /// Regimens between benefit and harm.
    Pareto(ParetoSpec),
    /// A combination beyond its null model.
    Synergy(SynergySpec),
    /// How far each input alone moves a result.
    Tornado(TornadoSpec),
}

impl ChartSpec {
    /// Its kind, as an experiment writes it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::TimeActivity(_) => "time-activity",
            Self::Comparison(_) => "comparison",
            Self::Functions(_) => "functions",
            Self::Budget(_) => "budget",
            Self::Lines(_) => "lines",
            Self::Scatter(_) => "scatter",
            Self::KaplanMeier(_) => "kaplan-meier",
            Self::CumulativeIncidence(_) => "cumulative-incidence",
            Self::Forest(_) => "forest",
            Self::Waterfall(_) => "waterfall",
            Self::Swimmer(_) => "swimmer",
            Self::Spider(_) => "spider",
            Self::Toxicity(_) => "toxicity",
            Self::ExposureResponse(_) => "exposure-response",
            Self::TherapeuticIndex(_) => "therapeutic-index",
            Self::Pareto(_) => "pareto",
            Self::Synergy(_) => "synergy",
            Self::Tornado(_) => "tornado",
        }
    }

    /// File name of the figure, without ending.
    #[must_use]
    pub fn name(&self) -> &str {
        self.kind().name()
    }

    /// Steps or tables it is drawn from.
    #[must_use]
    pub fn from(&self) -> Vec<&str> {
        self.kind().from()
    }

    /// Whether its keys agree with each other, as far as they say so without a table.
    ///
    /// # Errors
    /// A key that cannot be as it is: times on an axis whose label has no unit of time, limits in no order.
    pub fn keys(&self) -> Result<(), ChartError> {
        self.kind().keys()
    }

    /// The table that it shows as observed, whatever the others are: one that is simulated is refused.
    #[must_use]
    pub fn observed(&self) -> Option<&str> {
        self.kind().observed()
    }

    pub(crate) fn kind(&self) -> &dyn Chart {
        match self {
            Self::TimeActivity(c) => c,
            Self::Comparison(c) => c,
            Self::Functions(c) => c,
            Self::Budget(c) => c,
            Self::Lines(c) => c,
            Self::Scatter(c) => c,
            Self::KaplanMeier(c) => c,
            Self::CumulativeIncidence(c) => c,
            Self::Forest(c) => c,
            Self::Waterfall(c) => c,
            Self::Swimmer(c) => c,
            Self::Spider(c) => c,
            Self::Toxicity(c) => c,
            Self::ExposureResponse(c) => c,
            Self::TherapeuticIndex(c) => c,
            Self::Pareto(c) => c,
            Self::Synergy(c) => c,
            Self::Tornado(c) => c,
        }
    }
}

/// The figure that `spec` describes, made from tables. What is drawn from simulated tables says so, whatever
/// the kind of chart: above each panel and in the caption.
///
/// # Errors
/// Says which table, row, column or key is not as the chart needs it.
pub fn figure(spec: &ChartSpec, tables: &Tables) -> Result<Figure, ChartError> {
    let chart = spec.kind();
    let mut figure = chart.build(tables)?;
    let origins: Vec<Origin> = chart.from().into_iter().map(|name| origin(tables, name)).collect();
    let simulated = origins.iter().filter(|o| **o == Origin::Simulated).count();
    let tag = match simulated {
        0 => return Ok(figure),
        n if n == origins.len() => "simulated",
        _ if chart.tells_apart() => return Ok(figure),
        _ => "simulated in part",
    };
    for panel in &mut figure.panels {
        let title = std::mem::take(&mut panel.title);
        panel.title = if title.is_empty() { tag.to_owned() } else { format!("{title} ({tag})") };
    }
    let words = figure.caption.to_lowercase();
    if !["simulat", "virtual"].iter().any(|w| words.contains(w)) {
        let caption = figure.caption.trim_end().trim_end_matches('.');
        figure.caption = if simulated == origins.len() {
            format!("{caption}. Simulated.")
        } else {
            format!("{caption}. Some of it is simulated.")
        };
    }
    Ok(figure)
}

/// Where the numbers of a table come from, or of the tables of a step.
pub(crate) fn origin(tables: &Tables, name: &str) -> Origin {
    if let Some(table) = tables.get(name) {
        return table.origin;
    }
    let own = |n: &String| n.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
    tables.iter().filter(|t| own(t.0)).map(|t| t.1.origin).fold(Origin::Unknown, Origin::with)
}

/// A name for people.
#[must_use]
pub fn readable(region: &str) -> String {
    region.replace('_', " ")
}
