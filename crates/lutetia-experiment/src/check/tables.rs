//! Will the tables, rows and columns that texts, figures and steps name be there?

use std::collections::BTreeSet;

use lutetia_diagnostic::{Diagnostic, Span};
use lutetia_figure::{ChartError, ChartSpec};
use lutetia_table::{Origin, TableError};

use super::{
    File, meant,
    names::place,
    rehearsal,
    sheets::{self, Scope, Sheet},
    texts,
};
use crate::{
    Experiment,
    steps::{Step, compare::Published, fit_model::FitModel, simulate::Simulate},
    written::{self, TimeUnit},
};

/// The tables that there will be.
struct Made<'e> {
    scope: &'e Scope<'e>,
    sheets: Vec<Sheet>,
    /// Steps of whose tables nothing is said: their own keys have faults.
    unsure: &'e BTreeSet<String>,
}

pub(super) fn faults(
    file: &File<'_>,
    experiment: &Experiment,
    scope: &Scope<'_>,
    unsure: &BTreeSet<String>,
) -> Vec<Diagnostic> {
    let sheets = experiment.steps.iter().flat_map(|step| sheets::of(step, scope)).collect();
    let made = Made { scope, sheets, unsure };
    let mut faults = Vec::new();
    let mut say = |fault: Option<(String, Option<String>)>, at: Span| {
        faults.extend(fault.map(|(message, hint)| {
            Diagnostic::error("LUT7014", message).at(at, "").maybe_hint(hint)
        }));
    };
    for (what, at) in texts::named(file) {
        // A table that there is not is said with its placeholder.
        if made.is_there(&what.table) {
            say(made.fault_of(&what), at);
        }
    }
    for step in &experiment.steps {
        let id = step.kind().id();
        for path in cells(step).into_iter().filter(|path| Wanted::cell(path).is_none()) {
            let fault = TableError::Path { path: path.to_owned() };
            let hint = "name a cell as `table/row/column`".to_owned();
            let message = (format!("step `{id}`: {fault}"), Some(hint));
            say(Some(message), place(file, "step", "id", id, path));
        }
    }
    for (at, step) in experiment.steps.iter().enumerate() {
        let before: Vec<&str> = experiment.steps[..at].iter().map(|s| s.kind().id()).collect();
        let id = step.kind().id();
        // What a step of another kind than is needed lacks is not said beside that.
        if !rehearsal::kinds_fit(experiment, step) {
            continue;
        }
        for (near, wanted) in of_step(step) {
            let fault = made.later(&wanted, &before).or_else(|| made.fault_of(&wanted));
            let fault = fault.or_else(|| made.not_results(&wanted));
            let fault = fault.map(|(message, hint)| (format!("step `{id}`: {message}"), hint));
            say(fault, place(file, "step", "id", id, &near));
        }
        for (name, known) in made.arms_of(step) {
            let message = format!("step `{id}`: there is no arm `{name}`");
            let hint = meant(&name, known.iter().map(String::as_str));
            say(Some((message, Some(hint))), place(file, "step", "id", id, &name));
        }
    }
    faults.extend(experiment.steps.iter().filter_map(|step| made.other_unit(file, step)));
    let mut say = |fault: Option<(String, Option<String>)>, at: Span| {
        faults.extend(fault.map(|(message, hint)| {
            Diagnostic::error("LUT7014", message).at(at, "").maybe_hint(hint)
        }));
    };
    for figure in &experiment.figures {
        let name = figure.name();
        let needs = figure.needs(&|table, column| made.may_have(table, column));
        for need in needs.columns.into_iter().filter(|need| made.is_there(&need.table)) {
            let wanted =
                Wanted { table: need.table.clone(), row: None, column: Some(need.column.clone()) };
            let fault = made.fault_of(&wanted).map(|(message, hint)| match need.role {
                Some(role) => (
                    format!("figure `{name}`: {message}"),
                    Some(format!("name the column that is the `{role}` with `columns = {{ {role} = \"…\" }}`; {}", hint.unwrap_or_default())),
                ),
                None => (format!("figure `{name}`: {message}"), hint),
            });
            let near = [need.column.as_str(), need.table.as_str()];
            let at = near
                .into_iter()
                .find_map(|n| super::names::inside(file, "figure", "name", name, n));
            let at = at.unwrap_or_else(|| {
                let step = need.table.split('.').next().unwrap_or(&need.table);
                place(file, "figure", "name", name, step)
            });
            say(fault, at);
        }
        for (table, column, text) in &needs.texts {
            let Some(known) = made.texts(table, column) else { continue };
            if !known.contains(text) {
                let message =
                    format!("figure `{name}`: no row of `{table}` has `{text}` as its `{column}`");
                let hint = meant(text, known.iter().map(String::as_str));
                say(Some((message, Some(hint))), place(file, "figure", "name", name, text));
            }
        }
        if let ChartSpec::Functions(chart) = figure
            && let Err(unread) = written::read("function", &chart.reference)
        {
            let fault = (format!("figure `{name}`: {unread}"), unread.hint());
            say(Some(fault), place(file, "figure", "name", name, &chart.reference));
        }
        if let Err(error) = figure.keys() {
            let message = error.to_string();
            // The key that the message begins with, or the item whose limits there are not.
            let item = match figure {
                ChartSpec::Toxicity(chart) => chart.ctcae.as_deref(),
                _ => None,
            };
            let key = message.split('`').nth(1).filter(|_| message.starts_with('`'));
            let near = item.or(key).unwrap_or(name);
            let fault = (format!("figure `{name}`: {message}"), None);
            say(Some(fault), place(file, "figure", "name", name, near));
        }
        if let Some(table) = figure.observed()
            && scope.origin_of(table) == Origin::Simulated
        {
            let error = ChartError::PublishedSimulated { table: table.to_owned() };
            let fault = (format!("figure `{name}`: {error}"), None);
            say(Some(fault), place(file, "figure", "name", name, table));
        }
        for (role, known) in needs.roles {
            let message = format!("figure `{name}`: a chart of this kind has no role `{role}`");
            let hint = meant(&role, known.iter().map(String::as_str));
            say(Some((message, Some(hint))), place(file, "figure", "name", name, &role));
        }
    }
    faults
}

/// A table, and a row and a column of it, that something names.
pub(super) struct Wanted {
    pub(super) table: String,
    pub(super) row: Option<String>,
    pub(super) column: Option<String>,
}

impl Wanted {
    /// Out of `table/row/column`.
    pub(super) fn cell(path: &str) -> Option<Self> {
        let parts: Vec<&str> = path.split('/').collect();
        let [table, row, column] = parts[..] else { return None };
        Some(Self {
            table: table.to_owned(),
            row: Some(row.to_owned()),
            column: Some(column.to_owned()),
        })
    }

    fn column(table: &str, column: &str) -> Self {
        Self { table: table.to_owned(), row: None, column: Some(column.to_owned()) }
    }
}

/// The cells that a step reads, by their paths.
fn cells(step: &Step) -> Vec<&str> {
    match step {
        Step::Compare(s) => {
            let published = s.rows.iter().filter_map(|row| match &row.published {
                Published::Cell(path) => Some(path.as_str()),
                Published::Number(_) => None,
            });
            s.rows.iter().map(|r| r.ours.as_str()).chain(published).collect()
        }
        Step::TradeOff(s) => {
            let measured = s.propose.iter().flat_map(|p| p.measured.values());
            measured.flat_map(|m| &m.per_activity).map(String::as_str).collect()
        }
        _ => Vec::new(),
    }
}

/// What a step reads of tables by their columns, each with the text of the file that names it.
fn of_step(step: &Step) -> Vec<(String, Wanted)> {
    let columns = |table: &str, columns: &[&str]| -> Vec<(String, Wanted)> {
        let named = columns.iter().map(|column| Wanted::column(table, column));
        named.map(|wanted| (table.to_owned(), wanted)).collect()
    };
    match step {
        Step::Compare(_) | Step::TradeOff(_) => cells(step)
            .into_iter()
            .filter_map(|path| Some((path.to_owned(), Wanted::cell(path)?)))
            .collect(),
        Step::Reconstruct(s) => {
            let mut wanted = columns(&s.curve, &["arm", "time", "survival"]);
            wanted.extend(columns(&s.at_risk, &["arm", "time", "at_risk"]));
            wanted
        }
        Step::Survival(s) => {
            let Some(table) = s.from.as_ref().or(s.data.as_ref()) else { return Vec::new() };
            let c = &s.columns;
            let own = [Some(&c.time), Some(&c.event), c.arm.as_ref()].into_iter().flatten();
            let between = s.between.iter().flat_map(|b| [&b.left, &b.right]);
            own.chain(between)
                .map(|column| (column.clone(), Wanted::column(table, column)))
                .collect()
        }
        Step::IndependentAction(s) => columns(&s.from, &["time", "event", "arm"]),
        Step::Simulate(Simulate { inputs, .. }) | Step::FitModel(FitModel { inputs, .. }) => inputs
            .values()
            .flat_map(|curve| [&curve.time, &curve.value].map(|c| (c, &curve.table)))
            .map(|(column, table)| (column.clone(), Wanted::column(table, column)))
            .collect(),
        Step::OneAtATime(s) => {
            let data = s.vary.iter().filter_map(|vary| vary.data.as_deref());
            data.flat_map(|table| columns(table, &["low", "high"])).collect()
        }
        Step::Integrate(s) => s
            .library
            .iter()
            .flat_map(|table| columns(table, &["curve", "amplitude", "effective_half_life"]))
            .collect(),
        _ => Vec::new(),
    }
}

impl Made<'_> {
    /// The step that a table is of.
    fn step_of(&self, table: &str) -> Option<&str> {
        self.scope.step_of(table)
    }

    /// Whether a table is of a step or of `[data]`, whatever part of it is named.
    fn is_there(&self, table: &str) -> bool {
        self.step_of(table).is_some() || self.scope.experiment.data.contains_key(table)
    }

    /// Patients whose times are in another unit than a step says.
    fn other_unit(&self, file: &File<'_>, step: &Step) -> Option<Diagnostic> {
        let (unit, from) = match step {
            Step::Survival(s) => (&s.unit, s.from.as_ref()?),
            Step::IndependentAction(s) => (&s.unit, &s.from),
            _ => return None,
        };
        let theirs = match self.scope.step(self.step_of(from)?)? {
            Step::Reconstruct(s) => s.unit.clone(),
            Step::Trial(_) => TimeUnit::parse("mo").ok()?,
            _ => return None,
        };
        if unit.is_that_of(&theirs) {
            return None;
        }
        let id = step.kind().id();
        let message = format!(
            "step `{id}`: `unit` is `{}`, and the times of `{from}` are in `{}`",
            unit.text(),
            theirs.text()
        );
        let at = place(file, "step", "id", id, unit.text());
        let hint = format!("write `unit = \"{}\"`", theirs.text());
        Some(Diagnostic::error("LUT7159", message).at(at, "").hint(hint))
    }

    /// The arms that a step names and that its patients do not have, with those that they have.
    fn arms_of(&self, step: &Step) -> Vec<(String, Vec<String>)> {
        let (table, column, named): (&str, &str, Vec<&String>) = match step {
            Step::Survival(s) => {
                let Some(table) = s.from.as_ref().or(s.data.as_ref()) else { return Vec::new() };
                let column = s.columns.arm.as_deref().unwrap_or("arm");
                (table, column, s.reference.iter().collect())
            }
            Step::IndependentAction(s) => {
                let named = [&s.combination, &s.alone].into_iter().chain(&s.other);
                (&s.from, "arm", named.collect())
            }
            _ => return Vec::new(),
        };
        let Some(known) = self.scope.arms(table, column) else { return Vec::new() };
        let missing = named.into_iter().filter(|name| !known.contains(name));
        missing.map(|name| (name.clone(), known.clone())).collect()
    }

    /// What may stand in a column, where that is known.
    fn texts(&self, table: &str, column: &str) -> Option<&Vec<String>> {
        if self.unsure.contains(self.step_of(table)?) {
            return None;
        }
        let texts = &self.sheet(table)?.texts;
        texts.iter().find(|(own, _)| own == column).map(|(_, known)| known)
    }

    fn sheet(&self, table: &str) -> Option<&Sheet> {
        self.sheets.iter().find(|sheet| sheet.name == table)
    }

    /// Whether a table can have a column; of one that is not known everything can be.
    fn may_have(&self, table: &str, column: &str) -> bool {
        if let Some(sheet) = self.sheet(table) {
            return sheet.may_have(column);
        }
        match self.scope.published.get(table) {
            Some(table) => table.index_of(column).is_some(),
            None => true,
        }
    }

    /// A table of a step that comes after the one that names it.
    fn later(&self, wanted: &Wanted, before: &[&str]) -> Option<(String, Option<String>)> {
        let step = self.step_of(&wanted.table)?;
        if before.contains(&step) || self.scope.experiment.data.contains_key(&wanted.table) {
            return None;
        }
        let message = format!("the step `{step}` is not before this one");
        Some((message, Some("move it to the front".to_owned())))
    }

    /// A cell of a table of a step that shows no results: there is nothing that a step could take.
    fn not_results(&self, wanted: &Wanted) -> Option<(String, Option<String>)> {
        let step = self.step_of(&wanted.table).filter(|step| !self.unsure.contains(*step))?;
        wanted.row.as_ref()?;
        if self.sheet(&wanted.table)?.results {
            return None;
        }
        let results = self.sheets.iter().filter(|sheet| sheet.results);
        let known = results.map(|sheet| sheet.name.as_str());
        let known: Vec<&str> = known.filter(|name| self.step_of(name) == Some(step)).collect();
        let message = format!("the table `{}` shows no results that a step can take", wanted.table);
        let hint = match &known[..] {
            [] => format!("the step `{step}` has none; a text or a figure can show any cell"),
            known => format!("the results of the step `{step}` are in {}", known.join(", ")),
        };
        Some((message, Some(hint)))
    }

    /// What is wrong with what is named, and what may be meant.
    fn fault_of(&self, wanted: &Wanted) -> Option<(String, Option<String>)> {
        let Wanted { table: name, row, column } = wanted;
        let experiment = self.scope.experiment;
        let Some(step) = self.step_of(name) else {
            if let Some(table) = self.scope.published.get(name) {
                return self.of_published(table, wanted);
            }
            // Data that could not be read are said to be so.
            if experiment.data.contains_key(name) {
                return None;
            }
            let ids = experiment.steps.iter().map(|s| s.kind().id());
            let known = ids.chain(experiment.data.keys().map(String::as_str));
            let message = format!("`{name}` is not a table of a step or of `[data]`");
            let first = name.split('.').next().unwrap_or(name);
            return Some((message, Some(meant(first, known))));
        };
        if self.unsure.contains(step) {
            return None;
        }
        let Some(sheet) = self.sheet(name) else {
            let own = self.sheets.iter().map(|sheet| sheet.name.as_str());
            let own: Vec<&str> = own.filter(|name| self.step_of(name) == Some(step)).collect();
            let message = format!("the step `{step}` makes no table `{name}` with its keys");
            return Some((message, Some(meant(name, own))));
        };
        if let Some(column) = column
            && !sheet.may_have(column)
        {
            let message = format!("the table `{name}` has no column `{column}`");
            return Some((message, Some(meant(column, sheet.columns.iter().map(String::as_str)))));
        }
        if let (Some(row), Some(rows)) = (row, &sheet.rows)
            && !rows.contains(row)
        {
            let message = format!("the table `{name}` has no row `{row}`");
            return Some((message, Some(meant(row, rows.iter().map(String::as_str)))));
        }
        None
    }

    fn of_published(
        &self,
        table: &lutetia_table::Table,
        wanted: &Wanted,
    ) -> Option<(String, Option<String>)> {
        let (name, column) = (&wanted.table, wanted.column.as_ref()?);
        if table.index_of(column).is_none() {
            let known = table.columns.iter().map(|c| c.name.as_str());
            let message = format!("the table `{name}` has no column `{column}`");
            return Some((message, Some(meant(column, known))));
        }
        let row = wanted.row.as_ref()?;
        if table.get(row, column).is_some() {
            return None;
        }
        let rows: Vec<String> =
            table.rows.iter().filter_map(|r| r.first()).map(lutetia_table::Cell::csv).collect();
        let message = format!("the table `{name}` has no row `{row}`");
        Some((message, Some(meant(row, rows.iter().map(String::as_str)))))
    }
}
