//! Numbers of the experiment beside published ones.

mod error;
mod pairs;
mod tables;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Context, StepError, StepKind, Use};

pub use error::CompareError;

/// Numbers of this experiment beside published ones.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Compare {
    /// Name of the table.
    pub id: String,
    /// What is shown.
    pub caption: String,
    /// Rows.
    pub rows: Vec<CompareRow>,
}

/// One row of a comparison.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompareRow {
    /// What is compared.
    pub what: String,
    /// Ours: `table/row/column` of a number that an earlier step found of something.
    #[schemars(extend("format" = "cell"))]
    pub ours: String,
    /// Published: `data-name/row/column` of a CSV under `[data]`, or a number.
    pub published: Published,
    /// Where the published number stands.
    pub source: String,
    /// Why they differ.
    #[serde(default)]
    pub why: String,
    /// The most that they may differ, such as `5 %`; beyond it the report is not made. For what the text states of
    /// the method, which a changed model must not leave behind.
    #[schemars(extend("format" = "quantity:%"))]
    pub within: Option<String>,
}

/// A published number.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Published {
    /// Typed here.
    Number(f64),
    /// `data-name/row/column`.
    Cell(String),
}

impl StepKind for Compare {
    fn id(&self) -> &str {
        &self.id
    }

    fn uses(&self) -> Vec<Use<'_>> {
        Vec::new()
    }

    fn reads(&self) -> Vec<&str> {
        let published = self.rows.iter().filter_map(|row| match &row.published {
            Published::Cell(path) => Some(path.as_str()),
            Published::Number(_) => None,
        });
        self.rows.iter().map(|row| row.ours.as_str()).chain(published).collect()
    }

    fn run(&self, context: &mut Context) -> Result<(), StepError> {
        let pairs = pairs::of(self, context)?;
        context.add(tables::pairs(self, &pairs));
        Ok(())
    }
}
