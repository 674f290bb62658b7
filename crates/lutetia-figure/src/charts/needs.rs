//! Which columns a figure needs of its tables, before there are any.

use super::{
    ChartSpec, scatter,
    source::{Columns, Only},
    therapeutic_index::{LONG, WIDE},
};

/// A column that a figure needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// The table.
    pub table: String,
    /// Its column.
    pub column: String,
    /// The role that the column plays, where the figure does not name it.
    pub role: Option<String>,
}

/// What a figure needs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// The columns.
    pub columns: Vec<Need>,
    /// Texts that some row of a table must have in a column: the table, the column, the text.
    pub texts: Vec<(String, String, String)>,
    /// Roles that `columns` names and the chart does not have, with those that it has.
    pub roles: Vec<(String, Vec<String>)>,
}

/// Whether a table can have a column.
type Has<'h> = &'h dyn Fn(&str, &str) -> bool;

impl Needs {
    fn column(&mut self, table: &str, column: &str) {
        let need = Need { table: table.to_owned(), column: column.to_owned(), role: None };
        self.columns.push(need);
    }

    fn all(&mut self, table: &str, columns: &[&str]) {
        columns.iter().for_each(|column| self.column(table, column));
    }

    fn role(&mut self, table: &str, columns: &Columns, role: &str) {
        let column = columns.of(role);
        self.columns.push(Need {
            table: table.to_owned(),
            column: column.to_owned(),
            role: Some(role.to_owned()).filter(|_| column == role),
        });
    }

    /// The table that a figure is of.
    fn source(
        &mut self,
        table: &str,
        (columns, only): (&Columns, &Only),
        roles: &[&str],
        needed: &[&str],
    ) {
        for (role, column) in columns.named() {
            if roles.contains(&role) {
                self.column(table, column);
            } else {
                let known = roles.iter().map(|r| (*r).to_owned()).collect();
                self.roles.push((role.to_owned(), known));
            }
        }
        needed.iter().for_each(|role| self.role(table, columns, role));
        for (column, text) in only.named() {
            self.column(table, column);
            self.texts.push((table.to_owned(), column.to_owned(), text.to_owned()));
        }
    }

    /// A table that goes with it: what `columns` says holds as far as it has such columns.
    fn beside(&mut self, table: &str, columns: &Columns, needed: &[&str], has: Has<'_>) {
        for role in needed {
            let own = Some(columns.of(role)).filter(|column| has(table, column)).unwrap_or(role);
            self.column(table, own);
        }
    }
}

impl ChartSpec {
    /// The columns that it needs of its tables; `has` says whether a table can have a column, which decides where a
    /// chart reads one of two kinds of tables.
    #[must_use]
    pub fn needs(&self, has: &dyn Fn(&str, &str) -> bool) -> Needs {
        let mut needs = Needs::default();
        let either = |table: &str, columns: &Columns, role: &str| has(table, columns.of(role));
        match self {
            Self::TimeActivity(c) => {
                let curves = ["region", "time", "activity", "low", "high"];
                let points = ["region", "time", "activity", "sd", "residual"];
                needs.all(&format!("{}.points", c.from), &points);
                needs.all(&format!("{}.curves", c.from), &curves);
                if let Some(against) = &c.against {
                    needs.all(&format!("{against}.curves"), &curves);
                }
            }
            Self::Comparison(c) => needs.all(&c.from, &["quantity", "ours", "sd", "published"]),
            Self::Functions(c) => {
                let table = format!("{}.candidates", c.from);
                needs.all(&table, &["region", "function", "tia", "tia_sd"]);
            }
            Self::Budget(c) => {
                needs.all(&format!("{}.budget", c.from), &["region", "input", "share"]);
            }
            Self::Lines(c) => {
                let named = std::iter::once(&c.x).chain(&c.y).chain(&c.panels).chain(&c.series);
                named.for_each(|column| needs.column(&c.from, column));
            }
            Self::Scatter(c) => {
                needs.source(&c.from, (&c.columns, &c.only), &scatter::ROLES, &["x", "y"]);
            }
            Self::KaplanMeier(c) => {
                let roles = [
                    "time", "event", "survival", "low", "high", "at_risk", "censored", "arm",
                    "panel",
                ];
                let ready = either(&c.from, &c.columns, "survival");
                let needed = if ready { ["time", "survival"] } else { ["time", "event"] };
                needs.source(&c.from, (&c.columns, &c.only), &roles, &needed);
                for (table, columns) in [
                    (&c.simulated, &["time", "low", "high"][..]),
                    (&c.published, &["time", "survival"]),
                    (&c.compare, &["hazard_ratio"]),
                ] {
                    if let Some(table) = table {
                        needs.beside(table, &c.columns, columns, has);
                    }
                }
            }
            Self::CumulativeIncidence(c) => {
                let roles = ["time", "cause", "arm", "incidence", "low", "high", "at_risk"];
                let ready = either(&c.from, &c.columns, "incidence");
                let needed =
                    if ready { &["time", "cause", "incidence"][..] } else { &["time", "cause"] };
                needs.source(&c.from, (&c.columns, &c.only), &roles, needed);
            }
            Self::Forest(c) => {
                let roles = ["label", "estimate", "low", "high", "weight", "group"];
                needs.source(&c.from, (&c.columns, &c.only), &roles, &["label", "estimate"]);
                c.text.iter().for_each(|column| needs.column(&c.from, column));
            }
            Self::Waterfall(c) => {
                needs.source(&c.from, (&c.columns, &c.only), &["change", "group"], &["change"]);
            }
            Self::Swimmer(c) => {
                let roles = ["subject", "start", "end", "phase", "ongoing"];
                needs.source(&c.from, (&c.columns, &c.only), &roles, &["subject", "end"]);
                if let Some(events) = &c.events {
                    needs.beside(events, &c.columns, &["subject", "time", "event"], has);
                }
            }
            Self::Spider(c) => {
                let roles = ["subject", "time", "change", "group"];
                needs.source(
                    &c.from,
                    (&c.columns, &c.only),
                    &roles,
                    &["subject", "time", "change"],
                );
            }
            Self::Toxicity(c) => {
                let roles = ["time", "value", "low", "high", "series", "panel"];
                needs.source(&c.from, (&c.columns, &c.only), &roles, &["time", "value"]);
            }
            Self::ExposureResponse(c) => {
                let roles = ["exposure", "probability", "low", "high", "series", "response"];
                let needed = ["exposure", "probability"];
                needs.source(&c.from, (&c.columns, &c.only), &roles, &needed);
                if let Some(observed) = &c.observed {
                    needs.beside(observed, &c.columns, &["exposure", "response"], has);
                }
            }
            Self::TherapeuticIndex(c) => needs.therapeutic_index(c),
            Self::Pareto(c) => {
                let roles = ["x", "y", "x_low", "x_high", "y_low", "y_high", "label", "series"];
                needs.source(&c.from, (&c.columns, &c.only), &roles, &["x", "y"]);
                if let Some(bands) = &c.bands {
                    let roles = ["series", "x", "y", "y_low", "y_high"];
                    let none = Only::default();
                    needs.source(bands, (&c.band_columns, &none), &roles, &["x", "y"]);
                }
                if let Some(best) = &c.best {
                    needs.all(best, &["series", "utility"]);
                }
            }
            Self::Synergy(c) => {
                let roles = ["a", "b", "effect", "null", "excess", "low", "high", "panel"];
                let ready = either(&c.from, &c.columns, "excess");
                let needed = if ready { &["a", "b"][..] } else { &["a", "b", "effect", "null"] };
                needs.source(&c.from, (&c.columns, &c.only), &roles, needed);
            }
            Self::Tornado(c) => {
                let roles = ["parameter", "low", "high", "low_at", "high_at", "base"];
                let base = ["parameter", "low", "high", "base"];
                let needed = if c.base.is_some() { &base[..3] } else { &base };
                needs.source(&c.from, (&c.columns, &c.only), &roles, needed);
            }
        }
        needs
    }
}

impl Needs {
    fn therapeutic_index(&mut self, c: &super::TherapeuticIndexSpec) {
        let from = (&c.columns, &c.only);
        if c.curves.is_empty() {
            self.source(&c.from, from, &WIDE, &WIDE[..3]);
        } else {
            self.source(&c.from, from, &LONG, &LONG[..3]);
        }
    }
}
