//! A study from its folder or from memory.

mod activity;
mod checks;
mod columns;
mod curve;
mod doses;
mod measures;
mod mixed;
mod page;
mod patients;
mod plausible;
mod sex;
mod subjects;
mod times;

use std::path::Path;

use lutetia_diagnostic::{Diagnostic, Sources, closest};
use lutetia_units::{Nuclide, NuclideTable};

use crate::{
    Study, codes,
    study::Rows,
    table::{Fault, Faults, Input, Place, ReadAs, TableReader},
};

pub use curve::{CurveAsked, MeasuredCurve};
pub use page::{study_columns, study_page, study_summary};
pub use patients::{Judge, PatientTable, Refused};

/// The tables in the order in which they are read; the index is the number of the file in places.
const SUBJECTS: usize = 0;
const DOSES: usize = 1;
const ACTIVITY: usize = 2;
const README: usize = 3;
const FILES: [&str; 4] = ["subjects.csv", "doses.csv", "activity.csv", "README.md"];

/// A README beyond this is cut; nobody reads more.
const LONGEST_README: usize = 1 << 20;

impl Study {
    /// Reads a study folder: `subjects.csv`, `doses.csv`, `activity.csv`, `README.md`.
    ///
    /// What each column means, by which names it is read, and in which units, is on the page that [`study_page`] makes:
    /// `docs/study.md`. A unit stands in the title of its column or in a column `<name>_unit`; `unit` serves activity and
    /// its standard deviation. Every other column of `subjects.csv` is a covariate.
    ///
    /// Times are on one clock per subject whose zero is the start of the first injection, given as hours or as dates with
    /// clock times. Cells that are empty, `.`, `NA` or `n/a` are missing. Commas, semicolons or tabs separate cells;
    /// decimal commas are read where commas do not separate.
    ///
    /// The study is `None` exactly when one of the diagnostics is an error. Memory is bounded by
    /// the number of valid rows (56 bytes each), not by the text.
    #[must_use]
    pub fn read(folder: &Path) -> (Option<Self>, Vec<Diagnostic>, Sources) {
        let name = folder.file_name().map_or_else(
            || folder.display().to_string(),
            |name| name.to_string_lossy().into_owned(),
        );
        if !folder.is_dir() {
            let shown = folder.display().to_string();
            let mut faults = Faults::default();
            faults.error(codes::MISSING_FILE, Place::file(0), || {
                Fault::new(format!("`{shown}` is not a folder"), "")
                    .hint("give the folder that holds subjects.csv, doses.csv and activity.csv")
            });
            let (diagnostics, sources) = faults.finish(&[(shown, None, b',')]);
            return (None, diagnostics, sources);
        }
        let mut present: Vec<String> = std::fs::read_dir(folder)
            .map(|entries| {
                entries.flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect()
            })
            .unwrap_or_default();
        present.sort();
        let files = FILES.map(|file| {
            let path = folder.join(file);
            let shown = path.display().to_string();
            (shown, present.iter().any(|p| p == file).then_some(Input::File(path)))
        });
        read_study(name, files, &present)
    }

    /// The same from files in memory: pairs of file name and content.
    #[must_use]
    pub fn parse(name: &str, files: &[(&str, &[u8])]) -> (Option<Self>, Vec<Diagnostic>, Sources) {
        Self::in_memory(name, "", files)
    }

    /// The same of the files of a folder, which messages name with their path: the study is called as the folder.
    #[must_use]
    pub fn parse_in(
        folder: &str,
        files: &[(&str, &[u8])],
    ) -> (Option<Self>, Vec<Diagnostic>, Sources) {
        let folder = folder.trim_end_matches('/');
        let name = folder.rsplit('/').next().unwrap_or(folder);
        Self::in_memory(name, &format!("{folder}/"), files)
    }

    fn in_memory(
        name: &str,
        within: &str,
        files: &[(&str, &[u8])],
    ) -> (Option<Self>, Vec<Diagnostic>, Sources) {
        let present: Vec<String> = files.iter().map(|f| f.0.to_owned()).collect();
        let inputs = FILES.map(|file| {
            let found = files.iter().find(|f| f.0 == file);
            (format!("{within}{file}"), found.map(|f| Input::Memory(f.1)))
        });
        read_study(name.to_owned(), inputs, &present)
    }
}

fn read_study(
    name: String,
    files: [(String, Option<Input<'_>>); 4],
    present: &[String],
) -> (Option<Study>, Vec<Diagnostic>, Sources) {
    let mut faults = Faults::default();
    let nuclides = crate::nuclides();
    let mut delimiters = [b','; 4];
    for (i, (shown, input)) in files.iter().enumerate().take(README) {
        if input.is_none() {
            let others = present.iter().map(String::as_str).filter(|p| !FILES.contains(p));
            let hint = closest(FILES[i], others).map_or_else(
                || format!("a study has {}, {} and {}", FILES[0], FILES[1], FILES[2]),
                |near| format!("rename `{near}` to `{}`", FILES[i]),
            );
            faults.error(codes::MISSING_FILE, Place::file(i), || {
                Fault::new(format!("`{shown}` is missing"), "no such file").hint(hint)
            });
        }
    }
    let readme = read_readme(&files[README], &mut faults);

    let specs = columns::TABLES;
    let mut read_as: Vec<ReadAs> = Vec::new();
    // Any table with a column `subject` could be subjects.csv, so none is said to look like it.
    let others = &specs[DOSES..];
    let reader = |i: usize| TableReader { file: i, name: &files[i].0, spec: specs[i], others };

    let mut subjects = Vec::new();
    let before = faults.errors();
    if let Some(input) = &files[SUBJECTS].1 {
        let layout;
        (subjects, layout) = subjects::read(&reader(SUBJECTS), input, &mut faults);
        delimiters[SUBJECTS] = layout.0;
        read_as.extend(layout.1);
    }
    let subjects_whole = faults.errors() == before && files[SUBJECTS].1.is_some();

    let known = subjects::Known::new(&subjects, subjects_whole, FILES[SUBJECTS]);
    let mut found = doses::Doses::default();
    let before = faults.errors();
    if let Some(input) = &files[DOSES].1 {
        found = doses::read(&reader(DOSES), input, &known, nuclides, &mut faults);
        delimiters[DOSES] = found.layout.0;
        read_as.append(&mut found.layout.1);
    }
    let doses_whole = faults.errors() == before && files[DOSES].1.is_some();

    let mut rows = Rows::default();
    let before = faults.errors();
    let cycles = doses::Cycles::new(&found, nuclides, doses_whole);
    if let Some(input) = &files[ACTIVITY].1 {
        let layout;
        (rows, layout) =
            activity::read(&reader(ACTIVITY), input, &known, &cycles, nuclides, &mut faults);
        delimiters[ACTIVITY] = layout.0;
        read_as.extend(layout.1);
    }
    let activity_whole = faults.errors() == before && files[ACTIVITY].1.is_some();
    checks::curves(&rows, doses_whole && activity_whole, &cycles, nuclides, &mut faults);
    if doses_whole && activity_whole {
        checks::unused_subjects(&subjects, &found.rows, &rows, &mut faults);
        plausible::look(&found.rows, &rows, &cycles, nuclides, &mut faults);
    }

    let failed = faults.errors() > 0;
    let inputs: Vec<(String, Option<Input<'_>>, u8)> =
        files.into_iter().zip(delimiters).map(|((name, input), d)| (name, input, d)).collect();
    let (diagnostics, sources) = faults.finish(&inputs);
    let study = Study { name, readme, subjects, doses: found.rows, rows, read_as };
    ((!failed).then_some(study), diagnostics, sources)
}

fn read_readme(file: &(String, Option<Input<'_>>), faults: &mut Faults) -> Option<String> {
    let (shown, input) = file;
    let place = Place::file(README);
    let Some(input) = input else {
        faults.warning(codes::NO_SOURCE, place, || {
            Fault::new(
                format!("`{shown}` is missing, so nothing says where the data come from"),
                "no such file",
            )
            .hint("write a README.md that names the source of the data")
        });
        return None;
    };
    let mut text = String::new();
    let read = input.lines().and_then(|mut lines| {
        while let Some(line) = lines.next_line()? {
            text.push_str(&line.excerpt());
            text.push('\n');
            if text.len() > LONGEST_README {
                break;
            }
        }
        Ok(())
    });
    if let Err(error) = read {
        faults.warning(codes::UNREADABLE_FILE, place, || {
            Fault::new(format!("`{shown}` cannot be read: {error}"), "")
                .hint("look at the permissions of the file")
        });
        return None;
    }
    let lower = text.to_lowercase();
    if !["source", "doi", "http"].iter().any(|word| lower.contains(word)) {
        faults.warning(codes::NO_SOURCE, place, || {
            Fault::new(
                format!("`{shown}` names no source"),
                "neither `source` nor a doi nor an address",
            )
            .hint("say where the data come from and under which licence")
        });
    }
    Some(text)
}

/// A nuclide that decays, or message and hint.
fn decaying_nuclide<'a>(
    table: &'a NuclideTable,
    text: &str,
) -> Result<&'a Nuclide, (String, Option<String>)> {
    let Ok(nuclide) = table.get(text) else {
        let near = closest(text, table.iter().map(|n| n.name.as_str()));
        let hint = near.map(|name| format!("did you mean `{name}`?"));
        return Err((format!("unknown nuclide `{text}`"), hint));
    };
    if nuclide.is_stable() {
        return Err((format!("`{text}` is stable and has no activity"), None));
    }
    Ok(nuclide)
}

/// A number with four significant digits, for messages.
fn significant(value: f64) -> String {
    let digits = 3 - value.abs().log10().floor().clamp(-6.0, 3.0) as i32;
    format!("{value:.*}", usize::try_from(digits).unwrap_or(0))
}
