//! `subjects.csv`: who there is, and their covariates.

use std::collections::{BTreeSet, HashMap};

use lutetia_diagnostic::closest;

use crate::{
    Subject, codes,
    table::{Fault, Faults, Input, Part, Place, ReadAs, RowView, TableReader},
};

const SUBJECT: usize = 0;

pub(super) fn read(
    reader: &TableReader<'_>,
    input: &Input<'_>,
    faults: &mut Faults,
) -> (Vec<Subject>, (u8, Vec<ReadAs>)) {
    let mut subjects: Vec<Subject> = Vec::new();
    let mut lines: HashMap<String, u32> = HashMap::new();
    let mut kinds = HashMap::new();
    let layout = reader.read(input, faults, |row, faults| {
        let Ok(id) = row.name(SUBJECT, faults) else { return };
        let covariates = row
            .covariates(&mut kinds, faults)
            .into_iter()
            .map(|(name, value, place)| {
                super::sex::check(&name, &value, place, faults);
                (name, value)
            })
            .collect();
        let place = row.place(SUBJECT);
        if let Some(&line) = lines.get(id.as_ref()) {
            faults.error(codes::DUPLICATE_SUBJECT, place, || {
                Fault::new(format!("subject `{id}` is listed twice"), "the second one")
                    .hint("one row per subject; cycles belong to doses.csv")
                    .also(Place { line, ..place }, "the first one")
            });
            return;
        }
        lines.insert(id.clone().into_owned(), row.line);
        subjects.push(Subject { id: id.into_owned(), covariates, line: row.line });
    });
    (subjects, layout)
}

/// The subjects that rows of the other tables may name.
pub(super) struct Known<'a> {
    ids: BTreeSet<&'a str>,
    /// Without faults in their table; otherwise an absent subject may be a row that was refused.
    whole: bool,
    /// The name of their table.
    file: &'a str,
}

impl<'a> Known<'a> {
    pub(super) fn new(subjects: &'a [Subject], whole: bool, file: &'a str) -> Self {
        Self { ids: subjects.iter().map(|s| s.id.as_str()).collect(), whole, file }
    }

    /// Whether a row may name this subject; tells the fault where it may not.
    pub(super) fn check(
        &self,
        id: &str,
        row: &RowView<'_>,
        column: usize,
        faults: &mut Faults,
    ) -> bool {
        if !self.whole || self.ids.contains(id) {
            return true;
        }
        faults.error(codes::MISSING_SUBJECT, row.place(column), || {
            let hint = closest(id, self.ids.iter().copied()).map_or_else(
                || format!("add a row for `{id}` to {}", self.file),
                |near| format!("did you mean `{near}`?"),
            );
            let place = Place { file: super::SUBJECTS, line: 1, part: Part::Line };
            let file = self.file;
            Fault::new(format!("subject `{id}` is not in {file}"), "unknown subject")
                .hint(hint)
                .also(place, "not among the rows below")
        });
        false
    }
}
