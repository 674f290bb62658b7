//! The tables of cases side by side, and their columns, which are known before.

use lutetia_table::Cell;

use super::{
    SideBySide,
    run::{Found, Outcome, Row},
    summary,
};
use crate::results::{Measure, Results};

/// A column.
pub(crate) struct Named {
    pub(crate) name: String,
    unit: String,
    /// Whether words stand in it and no numbers.
    words: bool,
}

/// The tables with their columns, as far as the keys decide them: every table but the number of rows.
pub(crate) fn declared(step: &SideBySide) -> Vec<(String, Vec<Named>)> {
    let mut made = vec![(String::new(), doses(step)), ("integrals".to_owned(), integrals(step))];
    if !step.limits.is_empty() {
        made.push(("limits".to_owned(), limited(step)));
    }
    if step.vary.is_some() && step.amounts.is_empty() {
        let mut columns = lead(step);
        columns.extend(step.regions.iter().map(|r| named(r.name.clone(), "")));
        made.push(("relative".to_owned(), columns));
    }
    if best_is_asked(step) {
        made.push(("best".to_owned(), best(step)));
    }
    if together(step) {
        made.push(("summary".to_owned(), summarised()));
    }
    if step.draws > 0 && single(step) {
        let mut columns = words(&["row", "case", "value"]);
        columns.extend(step.regions.iter().map(|r| named(r.name.clone(), "")));
        made.push(("correlations".to_owned(), columns));
        let mut columns = words(&["case"]);
        columns.push(named("drawn", ""));
        let regions: Vec<&str> = step.regions.iter().map(|r| r.name.as_str()).collect();
        columns.extend(words(&regions));
        made.push(("strongest".to_owned(), columns));
    }
    made
}

/// Whether each case is one row.
fn single(step: &SideBySide) -> bool {
    step.amounts.is_empty() && step.vary.is_none()
}

fn best_is_asked(step: &SideBySide) -> bool {
    !step.amounts.is_empty() && step.target.is_some()
}

/// Whether the cases are patients who are read together.
fn together(step: &SideBySide) -> bool {
    step.patients.is_some() && single(step)
}

fn words(columns: &[&str]) -> Vec<Named> {
    let word = |c: &&str| Named { name: (*c).to_owned(), unit: String::new(), words: true };
    columns.iter().map(word).collect()
}

fn named(name: impl Into<String>, unit: &str) -> Named {
    Named { name: name.into(), unit: unit.to_owned(), words: false }
}

/// The columns of what the cases are together.
pub(super) fn summarised() -> Vec<Named> {
    let mut columns = words(&["what", "unit"]);
    let numbers = ["cases", "mean", "sd", "least", "greatest"];
    columns.extend(numbers.map(|number| named(number, "")));
    columns
}

/// Results of the columns, the first of which holds what they are of.
pub(super) fn results(name: String, caption: String, columns: &[Named]) -> Results {
    let mut results = Results::new(name, caption);
    let Some((of, columns)) = columns.split_first() else { return results };
    results = results.subject(&of.name, &of.unit);
    for column in columns {
        results = match column.words {
            true => results.text(&column.name),
            false => results.number(Measure::Output(column.name.clone()), &column.unit),
        };
    }
    results
}

/// A column, with its interval where there are draws.
fn with_interval(step: &SideBySide, name: &str, unit: &str, columns: &mut Vec<Named>) {
    columns.push(named(name, unit));
    if step.draws > 0 {
        columns.push(named(format!("{name}_low"), unit));
        columns.push(named(format!("{name}_high"), unit));
    }
}

fn lead(step: &SideBySide) -> Vec<Named> {
    let mut columns = words(&["case"]);
    if !single(step) {
        columns.extend(words(&["of"]));
    }
    if let Some(vary) = &step.vary {
        columns.push(named(vary.parameter.clone(), &unit_of(&vary.values)));
    }
    columns
}

/// The column of groups, where a case has one.
fn grouped(step: &SideBySide) -> Vec<Named> {
    let any = step.cases.iter().any(|case| !case.group.is_empty());
    if any { words(&["group"]) } else { Vec::new() }
}

/// Whether cases are ranked: ligands or settings, not patients.
fn ranked(step: &SideBySide) -> bool {
    single(step) && step.patients.is_none()
}

/// The unit of what is varied: that of its first value, where all have it.
fn unit_of(values: &[String]) -> String {
    let unit = |text: &String| text.split_once(' ').map_or("", |(_, unit)| unit).to_owned();
    let first = values.first().map(unit).unwrap_or_default();
    if values.iter().all(|v| unit(v) == first) { first } else { String::new() }
}

fn doses(step: &SideBySide) -> Vec<Named> {
    let mut columns = lead(step);
    columns.extend(grouped(step));
    // Patients have one model.
    if step.patients.is_none() {
        columns.extend(words(&["status", "nuclide"]));
    }
    columns.push(named("given", "GBq"));
    columns.push(named("amount", "nmol"));
    if step.draws > 0 {
        columns.push(named("drawn", ""));
    }
    for region in &step.regions {
        with_interval(step, &region.name, "Gy/GBq", &mut columns);
    }
    for [over, under] in &step.ratios {
        with_interval(step, &format!("ratio_{over}_{under}"), "", &mut columns);
    }
    columns.extend(step.readings.iter().map(|r| named(r.name.clone(), "")));
    columns
}

/// The columns of the best amounts.
pub(super) fn best(step: &SideBySide) -> Vec<Named> {
    let mut columns = lead(step);
    columns.push(named("amount", "nmol"));
    columns.push(named("activity", "GBq"));
    columns.push(named("dose", "Gy"));
    columns.extend(words(&["limiting", "place"]));
    columns.push(named("from", "nmol"));
    columns.push(named("to", "nmol"));
    columns
}

fn integrals(step: &SideBySide) -> Vec<Named> {
    let mut columns = lead(step);
    columns.push(named("amount", "nmol"));
    for region in &step.regions {
        columns.push(named(format!("tiac_{}", region.name), "h"));
        columns.push(named(format!("half_life_{}", region.name), "h"));
    }
    columns
}

fn limited(step: &SideBySide) -> Vec<Named> {
    let mut columns = lead(step);
    columns.extend(grouped(step));
    if step.patients.is_none() {
        columns.extend(words(&["status"]));
    }
    columns.push(named("amount", "nmol"));
    columns.extend(words(&["limiting"]));
    if step.draws > 0 {
        columns.push(named("limiting_share", "%"));
    }
    with_interval(step, "activity", "GBq", &mut columns);
    if step.target.is_some() {
        with_interval(step, "at_limit", "Gy", &mut columns);
        if ranked(step) {
            columns.extend(words(&["rank"]));
        }
    }
    columns
}

/// All of them.
pub(super) fn all(step: &SideBySide, found: &Found) -> Vec<Results> {
    let captions = [
        ("", "Mean absorbed dose per activity, to infinity, self-dose"),
        (
            "integrals",
            "Integral per activity given, to infinity, and effective half-life between 24 and 96 h",
        ),
        (
            "limits",
            "What reaches its limit first, and the activity until then at this amount of ligand",
        ),
        ("relative", "Doses over those at the first value"),
        ("correlations", "Rank correlation (Spearman) of the doses with each value that is drawn"),
        (
            "strongest",
            "The drawn value with which the dose of a region is correlated most, with its rank correlation",
        ),
    ];
    let mut made: Vec<Results> = Vec::new();
    for (part, columns) in declared(step) {
        let table = match part.as_str() {
            "best" => summary::best(step, found),
            "summary" => summary::summary(step, &made),
            _ => {
                let name =
                    if part.is_empty() { step.id.clone() } else { format!("{}.{part}", step.id) };
                let caption = captions.iter().find(|c| c.0 == part).map_or("", |c| c.1);
                let caption = match step.draws {
                    0 => caption.to_owned(),
                    n if ["correlations", "strongest"].contains(&part.as_str()) => {
                        format!("{caption}, {n} joint draws")
                    }
                    _ if ["integrals", "relative"].contains(&part.as_str()) => {
                        format!("{caption}, without draws")
                    }
                    n => format!("{caption}; low and high: the middle 90 % of {n} joint draws"),
                };
                let mut table = results(name, caption, &columns);
                for row in rows(step, &part, found) {
                    table.push(row);
                }
                table
            }
        };
        made.push(table);
    }
    made
}

/// For each case with draws, and each region, what decides most.
fn strongest(step: &SideBySide, found: &Found) -> Vec<Vec<Cell>> {
    let drawn = found.rows.iter().filter(|row| row.drawn > 0);
    let own =
        |row: &Row| found.correlations.iter().filter(|c| c.case == row.case).collect::<Vec<_>>();
    drawn
        .map(|row| {
            let own = own(row);
            let mut cells: Vec<Cell> = vec![row.case.as_str().into(), row.drawn.into()];
            cells.extend((0..step.regions.len()).map(|at| {
                let ranks = own.iter().filter_map(|c| Some((c.value.as_str(), c.ranks[at]?)));
                let most = ranks.max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()));
                most.map_or(Cell::Missing, |(value, rank)| {
                    let bare = value.rsplit_once(':').map_or(value, |(_, bare)| bare);
                    let rank = lutetia_units::significant(rank, 2).replace('-', "−");
                    format!("{bare} {rank}").into()
                })
            }));
            cells
        })
        .collect()
}

/// The name of a row of `correlations`.
pub(crate) fn drawn_name(case: &str, value: &str) -> String {
    format!("{case}: {value}")
}

fn rows(step: &SideBySide, part: &str, found: &Found) -> Vec<Vec<Cell>> {
    if part == "strongest" {
        return strongest(step, found);
    }
    if part == "correlations" {
        return found
            .correlations
            .iter()
            .map(|c| {
                let mut row: Vec<Cell> = vec![
                    drawn_name(&c.case, &c.value).into(),
                    c.case.as_str().into(),
                    c.value.as_str().into(),
                ];
                row.extend(c.ranks.iter().map(|r| Cell::from(*r)));
                row
            })
            .collect();
    }
    found
        .rows
        .iter()
        .map(|row| {
            let mut cells = key(step, row);
            match part {
                "" => dose_cells(step, row, &mut cells),
                "integrals" => {
                    cells.push(row.given_nmol.into());
                    for (x, h) in row.main.coefficients.iter().zip(&row.main.half_lives) {
                        cells.extend([Cell::from(*x), Cell::from(*h)]);
                    }
                }
                "relative" => relative_cells(row, &found.rows, &mut cells),
                _ => limit_cells(step, row, &found.rows, &mut cells),
            }
            cells
        })
        .collect()
}

/// The name of a case at an amount and a value. A slash would end the name of a row where a text names a cell.
pub(crate) fn row_name(case: &str, at: &[&str]) -> String {
    match at.is_empty() {
        true => case.to_owned(),
        false => format!("{case} at {}", at.join(", ").replace('/', " per ")),
    }
}

/// The name of a row, and what it is of.
fn key(step: &SideBySide, row: &Row) -> Vec<Cell> {
    keyed(step, row, row.amount.as_deref())
}

/// The same at another amount, or at none.
pub(super) fn keyed(step: &SideBySide, row: &Row, amount: Option<&str>) -> Vec<Cell> {
    let at: Vec<&str> = [amount, row.value.as_deref()].into_iter().flatten().collect();
    if step.amounts.is_empty() && step.vary.is_none() {
        return vec![row.case.as_str().into()];
    }
    let name = row_name(&row.case, &at);
    let mut cells: Vec<Cell> = vec![name.into(), row.case.as_str().into()];
    if step.vary.is_some() {
        let value = row.value.as_deref().unwrap_or_default();
        cells.push(match lutetia_units::Quantity::parse(value) {
            Ok(q) => q.value().into(),
            Err(_) => value.into(),
        });
    }
    cells
}

/// A value with its interval, where there are draws.
fn interval(
    step: &SideBySide,
    row: &Row,
    of: impl Fn(&Outcome) -> Option<f64>,
    cells: &mut Vec<Cell>,
) {
    cells.push(of(&row.main).into());
    if step.draws > 0 {
        let ends = row.middle(of);
        cells.extend([Cell::from(ends.map(|e| e.0)), Cell::from(ends.map(|e| e.1))]);
    }
}

fn dose_cells(step: &SideBySide, row: &Row, cells: &mut Vec<Cell>) {
    cells.extend(grouped(step).iter().map(|_| Cell::from(row.group.as_str())));
    if step.patients.is_none() {
        cells.extend([Cell::from(row.status.as_str()), row.nuclide.as_str().into()]);
    }
    cells.extend([Cell::from(row.given_gbq), row.given_nmol.into()]);
    if step.draws > 0 {
        cells.push(row.drawn.into());
    }
    for at in 0..step.regions.len() {
        interval(step, row, |o| o.doses[at], cells);
    }
    for at in 0..step.ratios.len() {
        interval(step, row, |o| o.ratios[at], cells);
    }
    cells.extend(row.main.readings.iter().map(|x| Cell::from(*x)));
}

/// Doses over those of the same case at its first value.
fn relative_cells(row: &Row, rows: &[Row], cells: &mut Vec<Cell>) {
    let first = rows.iter().find(|other| other.case == row.case);
    for (at, own) in row.main.doses.iter().enumerate() {
        let of = first.and_then(|first| first.main.doses[at]).filter(|of| *of > 0.0);
        cells.push(own.zip(of).map(|(own, of)| own / of).into());
    }
}

fn limit_cells(step: &SideBySide, row: &Row, rows: &[Row], cells: &mut Vec<Cell>) {
    cells.extend(grouped(step).iter().map(|_| Cell::from(row.group.as_str())));
    if step.patients.is_none() {
        cells.push(row.status.as_str().into());
    }
    cells.push(row.given_nmol.into());
    let by = row.main.at_limit.as_ref().map(|a| a.by.as_str());
    cells.push(by.map_or(Cell::Missing, Cell::from));
    if step.draws > 0 {
        let same = row.draws.iter().filter(|d| d.at_limit.as_ref().map(|a| a.by.as_str()) == by);
        #[expect(clippy::cast_precision_loss, reason = "counts of draws")]
        let share = 100.0 * same.count() as f64 / row.draws.len() as f64;
        // Without draws there is no share: 0/0.
        cells.push(share.into());
    }
    interval(step, row, |o| o.at_limit.as_ref().map(|a| a.gbq), cells);
    if step.target.is_some() {
        interval(step, row, |o| o.at_limit.as_ref().and_then(|a| a.target), cells);
        if ranked(step) {
            cells.push(summary::rank(row, rows));
        }
    }
}
