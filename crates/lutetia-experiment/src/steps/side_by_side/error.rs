//! Why cases cannot be set side by side.

use lutetia_units::Unit;

use crate::steps::StepError;

/// Why cases cannot be set side by side.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SideBySideError {
    /// Neither cases nor rows, or both.
    #[error("give either `case` or `patients`")]
    CasesOrPatients,
    /// Two cases, regions or readings of one name.
    #[error("the name `{name}` stands twice among the {what}")]
    Twice {
        /// Of what.
        what: &'static str,
        /// Which.
        name: String,
    },
    /// A name that cannot be that of a column.
    #[error("`{name}` is the name of a column; expected letters, digits and `_`")]
    Name {
        /// As written.
        name: String,
    },
    /// A region that the step does not have.
    #[error("`{key}` names the region `{name}`; there are: {}", known.join(", "))]
    NoRegion {
        /// The key.
        key: &'static str,
        /// As written.
        name: String,
        /// Those there are.
        known: Vec<String>,
    },
    /// A target without anything that limits.
    #[error("`target` needs `limits`: its dose is that at the activity which they allow")]
    NoLimits,
    /// Draws without ranges, or ranges without draws.
    #[error("`draws` needs `assumed = true`, `ranges` or `disagreement`, and these need `draws`")]
    NothingDrawn,
    /// Further seeds where nothing is drawn, or nothing is ranked.
    #[error("`seeds` draws ranks again, and there are none; it needs `draws` and `target`")]
    NothingRanked,
    /// Mass and volume, both given.
    #[error("the region `{name}` has both `mass` and `volume`; expected one")]
    MassAndVolume {
        /// Which.
        name: String,
    },
    /// A column that is not there.
    #[error("the table `{table}` has no column `{column}`; it has: {}", known.join(", "))]
    NoColumn {
        /// The table.
        table: String,
        /// As named.
        column: String,
        /// Those there are.
        known: Vec<String>,
    },
    /// A cell that must hold a number.
    #[error("the table `{table}` has no number in the row `{row}`, column `{column}`")]
    NoNumber {
        /// The table.
        table: String,
        /// The row.
        row: String,
        /// The column.
        column: String,
    },
    /// A model without a nuclide or with several.
    #[error(
        "expected a model with exactly one nuclide; this one has {}",
        if found.is_empty() { "none".to_owned() } else { found.join(", ") }
    )]
    Nuclides {
        /// The nuclides of the model.
        found: Vec<String>,
    },
    /// An output that is not an activity.
    #[error("the output `{name}` is in {unit}; expected a unit of activity")]
    NoActivity {
        /// Which.
        name: String,
        /// Its unit.
        unit: Box<Unit>,
    },
    /// No case has the output of a region or a reading.
    #[error("no model has the output `{output}` of `{region}`")]
    NoOutput {
        /// The region or the reading.
        region: String,
        /// The output.
        output: String,
    },
    /// Doses without activity.
    #[error("nothing is given that is active, so there is no dose per activity")]
    NothingActive,
    /// Two regions of one output.
    #[error("the output `{output}` is that of two regions")]
    OutputTwice {
        /// Which.
        output: String,
    },
    /// Something that is not a volume.
    #[error("`{name}` is in {unit}; expected a volume")]
    NoVolume {
        /// Which.
        name: String,
        /// Its unit.
        unit: String,
    },
    /// A quantity of another dimension.
    #[error("`{what}` is `{text}`; expected {expected}")]
    Quantity {
        /// What it is for.
        what: String,
        /// As written.
        text: String,
        /// What it must be.
        expected: &'static str,
    },
    /// A range that does not rise.
    #[error("the range of `{name}` is {low} to {high}; expected a least and a greater value")]
    Range {
        /// Of what.
        name: String,
        /// Its start.
        low: String,
        /// Its end.
        high: String,
    },
    /// An activity that does not end.
    #[error("the activity of `{region}` does not end, so it has no integral")]
    NoEnd {
        /// Where.
        region: String,
    },
    /// What went wrong in one case.
    #[error("case `{name}`: {source}")]
    Case {
        /// Which.
        name: String,
        /// What.
        source: Box<StepError>,
    },
}

impl SideBySideError {
    /// The code of the message.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Case { source, .. } => source.code().unwrap_or("LUT7162"),
            _ => "LUT7162",
        }
    }
}
