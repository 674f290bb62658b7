//! The page that says what the columns of a study mean, made of the table that its reader reads by.

use std::fmt::Write as _;

use super::columns::TABLES;
use crate::table::{ColumnSpec, Kind, Needed, TableSpec, Way};

const HEAD: &str = "\
# The columns of a study

<!-- Written by `cargo xtask schema` out of the table of columns that the reader reads by; change that. -->

A study is a folder with `subjects.csv`, `doses.csv`, `activity.csv` and a `README.md` that says where the data come from and under which licence.
`lutetia new study NAME` writes one to be filled, `lutetia data check FOLDER` finds every fault by file, line and column, and says which columns it read under other names than their own.
`lutetia schema study --page` prints this page.

## How tables are written

- Commas, semicolons or tabs separate cells; the title of a column stands in the first line.
- A decimal comma is read where commas do not separate cells, and then throughout the file. Separators of thousands are not read: `7.400` between semicolons is refused where nothing in the file says whether it is 7400 or 7.4.
- Case, blanks, hyphens, underscores and points of a title do not matter: `Patient ID` is `patient_id`. Each column is read by the other names that are listed with it; two columns that mean the same are a fault, and so is one that is not known.
- A unit stands in the title: `activity (MBq)`, `activity [GBq]`, `Activity / MBq`, `activity in MBq`, `activity_MBq`; or row by row in a column `activity_unit`. A number without a unit is a fault.
- An empty cell, `.`, `NA` and `n/a` are values that are not known. Marks are `yes` or `no`, `y` or `n`, `true` or `false`, `1` or `0`.
";

const TIMES: &str = "\
## Times

Each of `doses.csv` and `activity.csv` says when in one way.

- `time (h)`, from the start of the first injection of all cycles: a scan one day after the second injection, eight weeks after the first, is at 1368 h.
- `time_after_injection (h)`, `hours p.i.`, `time (h p.i.)`, in `activity.csv`: from the start of the first injection of the scan's own cycle.
- `scan_date` with `scan_time`, or both in one cell of `scan_date` (also called `datetime`); likewise `injection_date` and `injection_time` in `doses.csv`, which must have dates where `activity.csv` has them. A column `time` without a unit beside a date holds clock times.

Dates are written `2025-03-31`, `20250331`, `31.03.2025` (points have the day first), `31 Mar 2025`.
`03/04/2025` is April in some countries and March in others: it is refused, unless the title says the order, as in `scan_date (dd/mm/yyyy)`; `31/03/2025` can mean one day only and is read.
A year has four digits.
Clock times are written `14:30`, `14:30:15`, `2:30 PM` or, as in DICOM, `143015`; with a date `2025-03-31T14:30` or `2025-03-31 14:30`.
`2025-03-31 00:00:00` is how a spreadsheet writes a date alone, and no time where none stands beside it: midnight itself is `00:00` in `scan_time`.
`10:00-10:30` is refused in a column of clock times, as it may be a span; before an offset from UTC that is negative, seconds are needed there: `10:00:00-05:00`.
Behind a date it is refused where no clock has that offset, and where a blank stands between date and time and the second time is the later one; `2025-03-31T09:00-10:00` (ISO 8601) has an offset of ten hours.

Hours are the difference of whole microseconds, rounded once.
Clock times without an offset from UTC are those of one clock in one time zone, and no change to or from daylight saving time is made good: times after the injection are differences of what the clock showed.
Where clocks may have been set between injection and scan, a warning says so, for each of the days in Europe and North America.
The American days are those of the rule from 2007 on; changes in other regions are not covered.
With an offset, `2025-03-31T14:30+02:00` or `…Z`, they are moments, and such a change and different time zones are accounted for; the injections and scans of a patient have either all an offset or none.
A scan before the injection of its cycle is a fault.
";

/// Units of activities in regions.
const ACTIVITIES_IN: &str =
    "`MBq`, `kBq/mL`, `kBq/g`, `%IA`, `%IA/mL`, `%IA/g` or of the same kind";

const ACTIVITIES: &str = "\
## Activities

What a scan shows is given in one of three ways, which the unit says; `sd` may be given in any of them too.

- `activity (MBq)`: the activity of the whole region.
- `activity (kBq/mL)`, `activity (kBq/g)`: its mean concentration, times the `volume` or the `mass` of the region in the same row. Where a concentration by volume has a mass beside it and no volume, or one by mass a volume and no mass, the density of the organ goes between them (ICRP Publication 89; soft tissue where the name of the region is not an organ). A row with neither is a fault.
- `activity (%IA)`, also written `%ID`: percent of the activity injected, which is that of the nuclide in `doses.csv`, of all injections of the cycle up to the scan. `%IA/mL` and `%IA/g` are concentrations of it and need a volume or a mass.

Percent of the injected activity are corrected for decay in some publications and not in others, so that each such row says which in `decay_corrected`: `yes` where percents were taken of activities corrected to the injection, `no` where the activity at the time of the scan was divided by that injected.
With `yes`, the activity is A = p/100 · A₀ · exp(−λ·t), with t from the start of the first injection of the cycle; with `no`, A = p/100 · A₀.
A standardised uptake value (SUV) is not a unit of activity: it is (activity concentration)·(body weight)/(activity injected), and the program that computed it also gives the concentration.
";

const MASSES: &str = "\
## Masses

An absorbed dose is the time-integrated activity times a dose factor that goes with the mass of the region (MIRD).
The mass is what `--mass` of the command says, else the mean of the column `mass`, else the mean of the column `volume` times the density of the organ (ICRP Publication 89; soft tissue where the name of the region is not an organ).
";

/// The page of documentation, in Markdown.
#[must_use]
pub fn study_page() -> String {
    let mut page = HEAD.to_owned();
    for table in TABLES {
        let _infallible = write!(page, "\n{}", section(table));
    }
    page + "\n" + TIMES + "\n" + ACTIVITIES + "\n" + MASSES
}

/// The tables of columns of the three files, in Markdown, without the other names.
#[must_use]
pub fn study_columns() -> String {
    let mut text = String::new();
    for table in TABLES {
        let _infallible = write!(
            text,
            "## `{}`: one row per {}\n\n| column | needed | meaning |\n|---|---|---|\n",
            table.file, table.row
        );
        for column in table.columns {
            let _infallible = writeln!(
                text,
                "| `{}` | {} | {} |",
                column.title(),
                needed(column),
                column.meaning
            );
        }
        text += &covariates(table, "| `sex`, `weight (kg)`, … | | ", " |\n");
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text
}

/// The files and their columns in a few lines of plain text.
#[must_use]
pub fn study_summary() -> String {
    let mut text = String::new();
    for table in TABLES {
        let list = |needed: bool| {
            let wanted = |c: &&ColumnSpec| match c.needed {
                Needed::Always | Needed::When(Way::Hours) => needed,
                Needed::In(_) | Needed::No => !needed,
                Needed::When(_) => false,
            };
            let titles: Vec<String> =
                table.columns.iter().filter(wanted).map(ColumnSpec::title).collect();
            titles.join(", ")
        };
        let _infallible = writeln!(text, "  {:<14}{}", table.file, list(true));
        let more = list(false);
        if !more.is_empty() {
            text += &wrapped(&format!("and, where known: {more}"));
        }
        let dates: Vec<&str> = table
            .columns
            .iter()
            .filter(|c| matches!(c.needed, Needed::When(way) if way != Way::Hours))
            .map(|c| c.name)
            .collect();
        if !dates.is_empty() {
            text += &wrapped(&format!("or, in the place of time: {}", dates.join(", ")));
        }
        if table.covariates {
            text += &wrapped("and what describes the patient: sex, weight (kg) …");
        }
    }
    text
}

/// Lines below a name, indented and no longer than a terminal is wide.
fn wrapped(text: &str) -> String {
    let (mut out, mut line) = (String::new(), String::new());
    for word in text.split(' ') {
        if line.chars().count() + word.chars().count() > 70 {
            let _infallible = writeln!(out, "{:16}{}", "", line.trim_end());
            line.clear();
        }
        line += word;
        line.push(' ');
    }
    let _infallible = writeln!(out, "{:16}{}", "", line.trim_end());
    out
}

fn section(table: &TableSpec) -> String {
    let mut text = format!(
        "## `{}`: one row per {}\n\n| column | needed | meaning | unit | also read as |\n|---|---|---|---|---|\n",
        table.file, table.row
    );
    for column in table.columns {
        let mut names: Vec<String> = column.words.iter().map(|n| format!("`{n}`")).collect();
        names.extend(column.united.iter().map(|(name, unit)| format!("`{name}` (in {unit})")));
        let unit = match column.kind {
            Kind::Number(unit) => format!("`{unit}` or of the same kind"),
            Kind::Measured => ACTIVITIES_IN.to_owned(),
            Kind::MeasuredOrRelative => format!("{ACTIVITIES_IN}, `%`"),
            Kind::NumberOrRelative(unit) => format!("`{unit}` or of the same kind, `%`"),
            Kind::Pure => "none, or `%`".to_owned(),
            Kind::Text | Kind::Date | Kind::Clock => String::new(),
        };
        let _infallible = writeln!(
            text,
            "| `{}` | {} | {} | {unit} | {} |",
            column.name,
            needed(column),
            column.meaning,
            names.join(", ")
        );
    }
    text + &covariates(table, "| any other | | ", " | in the title | |\n")
}

fn covariates(table: &TableSpec, before: &str, after: &str) -> String {
    if !table.covariates {
        return String::new();
    }
    format!(
        "{before}describes the patient, and parameters of models can depend on it; `sex` (or `gender`) is `male`, `female` or `unknown`, and reference masses of organs go by it{after}"
    )
}

fn needed(column: &ColumnSpec) -> &'static str {
    match column.needed {
        Needed::Always => "yes",
        Needed::When(Way::Hours) => "or another way to say when",
        Needed::When(_) => "in the place of `time`",
        Needed::In(case) => case,
        Needed::No => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_every_column_and_every_word_is_on_the_page() {
        let page = study_page();
        for table in TABLES {
            let start = page.find(&format!("## `{}`", table.file)).expect("a section");
            for column in table.columns {
                for name in column.names() {
                    assert!(page[start..].contains(&format!("`{name}`")), "{name}");
                }
                assert!(page[start..].contains(column.meaning), "{}", column.name);
                assert!(study_columns().contains(&format!("`{}`", column.title())));
            }
        }
        assert!(study_summary().lines().all(|l| l.chars().count() <= 90), "{}", study_summary());
    }
}
