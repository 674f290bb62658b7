//! Why a therapy cannot be predicted from a scan.

use lutetia_units::typed;

use crate::steps::StepError;

/// Why a therapy cannot be predicted from a scan.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PetToTherapyError {
    /// Keys that cannot be as they are.
    #[error("{}", faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Keys {
        /// All of them.
        faults: Vec<ScanFault>,
    },
    /// A model that cannot do what is asked of it.
    #[error("`{name}`: {source}")]
    Of {
        /// The scan, the therapy or what is wrong.
        name: String,
        /// Why not.
        source: Box<StepError>,
    },
}

/// A key of the step that cannot be as it is.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ScanFault {
    /// An empty list.
    #[error("`{key}` is empty; expected at least one")]
    Empty {
        /// The key.
        key: &'static str,
    },
    /// Two of one name.
    #[error("the name `{name}` stands twice in `{key}`")]
    Twice {
        /// The key.
        key: &'static str,
        /// Which.
        name: String,
    },
    /// A name that cannot be that of a region.
    #[error("the region `{name}` names rows; expected letters, digits and `_`")]
    Name {
        /// As written.
        name: String,
    },
    /// A name with a slash, which would end it where a text looks it up.
    #[error("the name `{name}` has a `/`; expected a name without one")]
    Slash {
        /// As written.
        name: String,
    },
    /// Mass and volume, both given.
    #[error("the region `{name}` has both `mass` and `volume`; expected one")]
    MassAndVolume {
        /// Which.
        name: String,
    },
    /// Times that are none, or do not ascend.
    #[error("`times` of `{scan}` are not above 0 h and ascending")]
    Times {
        /// The scan.
        scan: String,
    },
    /// A share outside its range.
    #[error("{what} is {} %; expected {expected}", typed(100.0 * found))]
    Share {
        /// What.
        what: String,
        /// As given, 1 = 100 %.
        found: f64,
        /// What it must be.
        expected: &'static str,
    },
    /// Too few or too many patients.
    #[error("`{key}` is {found}; expected 2 to {most}")]
    Patients {
        /// The key.
        key: &'static str,
        /// As given.
        found: u32,
        /// The most.
        most: u32,
    },
    /// Everything is known.
    #[error("every one of `differ` is `known`, so that a scan has nothing to say")]
    NothingUnknown,
    /// Something that differs without a law.
    #[error("`{parameter}` states no `{key}`, and there is no table `from` to take it of")]
    NoLaw {
        /// The parameter.
        parameter: String,
        /// The key that is missing.
        key: &'static str,
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
    /// A column that gives no law.
    #[error(
        "the column `{column}` of `{table}` gives no law: expected at least three numbers above 0 that differ"
    )]
    Column {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// Something that is wrong and differs between patients.
    #[error(
        "`{name}` sets `{parameter}`, in which patients differ; set what is the same in all of them"
    )]
    SetsDiffering {
        /// What is wrong.
        name: String,
        /// The parameter.
        parameter: String,
    },
    /// A wrong median of what is not estimated.
    #[error("`medians` of `{name}` names `{parameter}`; expected one of those that are estimated: {}", known.join(", "))]
    NotEstimated {
        /// What is wrong.
        name: String,
        /// The parameter.
        parameter: String,
        /// Those that are estimated.
        known: Vec<String>,
    },
    /// Something wrong that changes nothing.
    #[error("`{name}` changes nothing; give `scan`, `therapy`, `medians`, `spread` or `shows`")]
    NothingWrong {
        /// Its name.
        name: String,
    },
    /// A scan that the step does not have.
    #[error("`{name}` names the scan `{scan}`; there are: {}", known.join(", "))]
    NoScan {
        /// What is wrong.
        name: String,
        /// As written.
        scan: String,
        /// Those there are.
        known: Vec<String>,
    },
    /// A region whose output the therapy does not have.
    #[error("the therapy has no output `{output}` of `{region}`")]
    NoOutput {
        /// The region.
        region: String,
        /// The output.
        output: String,
    },
    /// A parameter that two models have in different units.
    #[error(
        "`{parameter}` is in {scan} in the scan and in {therapy} in the therapy; expected one unit"
    )]
    Units {
        /// Which.
        parameter: String,
        /// Its unit in a scan.
        scan: String,
        /// Its unit in the therapy.
        therapy: String,
    },
}

impl PetToTherapyError {
    /// The code of the message.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Keys { .. } => "LUT7192",
            Self::Of { source, .. } => source.code().unwrap_or("LUT7192"),
        }
    }
}
