//! Why a chart cannot be made of its tables.

use lutetia_outcome::OutcomeError;
use lutetia_table::TableError;

/// A table, a row, a column or a key that is not as a kind of chart needs it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ChartError {
    /// A table or column that does not exist.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A column that plays a role by its own name and does not exist.
    #[error("{source}; `columns = {{ {role} = \"…\" }}` names another one")]
    RoleMissing {
        /// What was looked for.
        source: TableError,
        /// The role.
        role: String,
    },
    /// `columns` names a role that the chart does not have.
    #[error(
        "`columns` names the role `{role}`, expected one of: {}{}", known.join(", "),
        near.as_ref().map_or_else(String::new, |n| format!("; did you mean `{n}`?"))
    )]
    Role {
        /// As written.
        role: String,
        /// The roles of the chart.
        known: Vec<String>,
        /// The nearest of them.
        near: Option<String>,
    },
    /// Nothing to draw.
    #[error("the table `{table}` has no rows, expected at least one to draw")]
    NoRows {
        /// Which.
        table: String,
    },
    /// One cell.
    #[error(
        "the table `{table}`, row {row}, column `{column}`: found {found}, expected {expected}"
    )]
    Cell {
        /// Where.
        table: String,
        /// From 1.
        row: usize,
        /// Where.
        column: String,
        /// What stands there.
        found: String,
        /// What may stand there.
        expected: String,
    },
    /// `only` asks for rows that there are not.
    #[error("`only` asks for `{text}` in the column `{column}` of the table `{table}`, which has: {}", there.join(", "))]
    Only {
        /// As asked.
        text: String,
        /// Where.
        column: String,
        /// Where.
        table: String,
        /// What there is.
        there: Vec<String>,
    },
    /// A key asks for a series or curve that the table does not have.
    #[error("`{key}` asks for {what}`{name}`, which the table `{table}` has not; it has: {}", there.join(", "))]
    Series {
        /// The key.
        key: &'static str,
        /// What is asked for, with a blank behind it, or nothing.
        what: &'static str,
        /// As asked.
        name: String,
        /// Where.
        table: String,
        /// What there is.
        there: Vec<String>,
    },
    /// A key with a value that cannot be.
    #[error("`{key}` {verb} {found}, expected {expected}")]
    Key {
        /// The key.
        key: &'static str,
        /// `is` or `are`, `names`, `has no`.
        verb: &'static str,
        /// Its value.
        found: String,
        /// What it may be.
        expected: &'static str,
    },
    /// Ticks that nobody could read.
    #[error("`every` is {step}, which makes {count} ticks up to {until}; expected at most 200")]
    Ticks {
        /// Distance.
        step: f64,
        /// How many.
        count: f64,
        /// End of the axis.
        until: f64,
    },
    /// Weights of a utility without its ends.
    #[error("`weights` need `{key}`, the values of utility 0 and 1")]
    WithoutEnds {
        /// The key that is missing.
        key: &'static str,
    },
    /// A name of `summary` that no row has.
    #[error("`summary` names `{name}`, which is not in the column `label`")]
    Summary {
        /// As written.
        name: String,
    },
    /// Limits of grades given twice.
    #[error("`ctcae` and `grades` both give limits, expected one of them")]
    GradesTwice,
    /// No integral by the function that the others are divided by.
    #[error("`{region}` has no integral by `{function}`")]
    NoReference {
        /// The region.
        region: String,
        /// The function.
        function: String,
    },
    /// No cell of a map of synergy has a number.
    #[error(
        "the table `{table}` determines no excess over the null, expected a number in some row"
    )]
    NoExcess {
        /// Which.
        table: String,
    },
    /// A budget of nothing.
    #[error("no region has a variance that is determined and above zero")]
    NoVariance,
    /// One table in two roles.
    #[error(
        "`{key}` and `{other}` are both `{table}`, which draws the same numbers twice, once as what they are not; \
         leave out `{other}`, or name a table of what was observed as `{key}`"
    )]
    Twice {
        /// The first role.
        key: &'static str,
        /// The second.
        other: &'static str,
        /// The table.
        table: String,
    },
    /// A simulation in the role of what was published.
    #[error(
        "`published` is `{table}`, which is simulated; expected a table of published points under `[data]`, or name \
         it as `simulated`"
    )]
    PublishedSimulated {
        /// The table.
        table: String,
    },
    /// A copy of the medians of the simulated band under another name.
    #[error(
        "the curve `{arm}` of `{table}` has the numbers of the simulated median of `{simulated}`, which would be \
         drawn twice, once as observed; expected a curve that was observed as `from`"
    )]
    CopiedMedian {
        /// The curve.
        arm: String,
        /// Its table.
        table: String,
        /// The table of the band.
        simulated: String,
    },
    /// A statistic that the rows do not determine.
    #[error(transparent)]
    Outcome(#[from] OutcomeError),
    /// The same in one arm.
    #[error("arm `{arm}`: {source}")]
    Arm {
        /// Which.
        arm: String,
        /// Why.
        source: OutcomeError,
    },
}

impl ChartError {
    /// A key with a value that cannot be: ``` `key` is found, expected … ```.
    pub(crate) fn key(key: &'static str, found: impl Into<String>, expected: &'static str) -> Self {
        Self::Key { key, verb: "is", found: found.into(), expected }
    }

    /// The code of the message.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "LUT7040"
    }
}
