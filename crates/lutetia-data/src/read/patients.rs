//! A table of patients to be simulated: one row each, with what a model takes, and their doses.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Display,
    path::{Path, PathBuf},
};

use lutetia_diagnostic::{Code, Diagnostic, Sources};
use lutetia_units::Unit;

use super::{columns, doses, subjects};
use crate::{
    Covariate, DoseRow, Subject, codes,
    table::{ColumnSpec, Fault, Faults, Input, Kind, Needed, Part, Place, TableReader, TableSpec},
};

const PATIENT: usize = 0;

static PATIENTS: TableSpec = TableSpec {
    file: "the table of patients",
    row: "patient",
    columns: &[ColumnSpec::new("patient", Kind::Text, Needed::Always, "name of the patient")
        .words(columns::SUBJECT_WORDS)],
    covariates: true,
    unit_column_for: &[],
    row_limit: 200_000,
};

/// Why a column, a cell or a row cannot be taken: what was found and expected, as it is shown.
pub trait Refused: Display {
    /// Its code.
    fn code(&self) -> Code;

    /// What can be done.
    fn hint(&self) -> String;
}

/// Who knows what the columns of a table of patients mean.
pub trait Judge {
    /// Why not.
    type Refusal: Refused;

    /// Whether there is something of the name of a column, in a unit such as this.
    ///
    /// # Errors
    /// Why not.
    fn column(&self, name: &str, unit: Option<&Unit>) -> Result<(), Self::Refusal>;

    /// Whether a patient can have this value.
    ///
    /// # Errors
    /// Why not.
    fn cell(&self, name: &str, value: &Covariate) -> Result<(), Self::Refusal>;

    /// Whether there may be a patient of this name.
    ///
    /// # Errors
    /// Why not.
    fn patient(&self, _name: &str) -> Result<(), Self::Refusal> {
        Ok(())
    }

    /// Whether what a row says goes together; asked where each of its cells can be.
    ///
    /// # Errors
    /// Why not.
    fn row(&self, values: &BTreeMap<String, Covariate>) -> Result<(), Self::Refusal>;
}

/// The patients of a table with their doses, in the order of its rows.
#[derive(Debug, Clone, PartialEq)]
pub struct PatientTable {
    /// The patients; empty cells are absent.
    pub patients: Vec<Subject>,
    /// What stands in the table beside the patient, in its order.
    pub columns: Vec<String>,
    /// The rows of the table of doses, in its order.
    pub doses: Vec<DoseRow>,
}

impl PatientTable {
    /// Reads a table of patients, and one of doses as `doses.csv` of a study where it is given. It is `None` exactly
    /// when one of the diagnostics is an error; all faults of both are told at once.
    #[must_use]
    pub fn read(
        patients: &Path,
        doses: Option<&Path>,
        judge: &impl Judge,
    ) -> (Option<Self>, Vec<Diagnostic>, Sources) {
        let input = |path: &Path| -> (String, Input<'static>) {
            (path.display().to_string(), Input::File(PathBuf::from(path)))
        };
        read(input(patients), doses.map(input), judge)
    }

    /// The same from memory: name and text of each table.
    #[must_use]
    pub fn parse(
        patients: (&str, &[u8]),
        doses: Option<(&str, &[u8])>,
        judge: &impl Judge,
    ) -> (Option<Self>, Vec<Diagnostic>, Sources) {
        let second = doses.map(|(name, text)| (name.to_owned(), Input::Memory(text)));
        read((patients.0.to_owned(), Input::Memory(patients.1)), second, judge)
    }
}

fn read(
    table: (String, Input<'_>),
    given: Option<(String, Input<'_>)>,
    judge: &impl Judge,
) -> (Option<PatientTable>, Vec<Diagnostic>, Sources) {
    let mut faults = Faults::default();
    let mut delimiters = [b','; 2];
    let before = faults.errors();
    let (patients, columns);
    (patients, columns, delimiters[0]) = rows(&table, judge, &mut faults);
    let whole = faults.errors() == before;
    let mut found = Vec::new();
    if let Some((name, input)) = &given {
        let known = subjects::Known::new(&patients, whole, &table.0);
        let spec = columns::TABLES[super::DOSES];
        let reader = TableReader { file: super::DOSES, name, spec, others: &[] };
        let read = doses::read(&reader, input, &known, crate::nuclides(), &mut faults);
        delimiters[1] = read.layout.0;
        found = read.rows;
    }
    let failed = faults.errors() > 0;
    let mut files = vec![(table.0, Some(table.1), delimiters[0])];
    files.extend(given.map(|(name, input)| (name, Some(input), delimiters[1])));
    let (diagnostics, sources) = faults.finish(&files);
    let table = PatientTable { patients, columns, doses: found };
    ((!failed).then_some(table), diagnostics, sources)
}

/// The rows of the table of patients, the columns that it has, and what separates them.
fn rows(
    (name, input): &(String, Input<'_>),
    judge: &impl Judge,
    faults: &mut Faults,
) -> (Vec<Subject>, Vec<String>, u8) {
    let mut patients: Vec<Subject> = Vec::new();
    let mut lines: HashMap<String, u32> = HashMap::new();
    let mut kinds = HashMap::new();
    let mut columns: Option<Vec<(String, bool)>> = None;
    let reader = TableReader { file: super::SUBJECTS, name, spec: &PATIENTS, others: &[] };
    let (delimiter, _) = reader.read(input, faults, |row, faults| {
        let columns = columns.get_or_insert_with(|| {
            let titles = row.unlisted();
            let judged = titles.into_iter().map(|(name, unit, cell)| {
                let refused = judge.column(name, unit).err();
                let place = Place { part: Part::Cell(cell), ..row.title_place() };
                let taken = refused.is_none();
                if let Some(refusal) = refused {
                    faults.error(refusal.code(), place, || said(&refusal, "this column"));
                }
                (name.to_owned(), taken)
            });
            judged.collect()
        });
        let id = row.name(PATIENT, faults);
        let mut covariates = BTreeMap::new();
        let before = faults.errors();
        for (name, value, place) in row.covariates(&mut kinds, faults) {
            if !columns.iter().any(|(column, taken)| *column == name && *taken) {
                continue;
            }
            match judge.cell(&name, &value) {
                Ok(()) => {
                    covariates.insert(name, value);
                }
                Err(refusal) => {
                    faults.error(refusal.code(), place, || said(&refusal, "this value"));
                }
            }
        }
        let whole = faults.errors() == before && columns.iter().all(|column| column.1);
        if let Some(refusal) = whole.then(|| judge.row(&covariates).err()).flatten() {
            faults.error(refusal.code(), row.whole(), || said(&refusal, "this row"));
        }
        let Ok(id) = id else { return };
        let place = row.place(PATIENT);
        if let Err(refusal) = judge.patient(&id) {
            faults.error(refusal.code(), place, || said(&refusal, "this patient"));
        }
        if let Some(&line) = lines.get(id.as_ref()) {
            faults.error(codes::DUPLICATE_SUBJECT, place, || {
                Fault::new(format!("patient `{id}` is listed twice"), "the second one")
                    .hint("one row per patient; several doses belong into a table of doses")
                    .also(Place { line, ..place }, "the first one")
            });
            return;
        }
        lines.insert(id.clone().into_owned(), row.line);
        patients.push(Subject { id: id.into_owned(), covariates, line: row.line });
    });
    let columns = columns.unwrap_or_default().into_iter().map(|c| c.0).collect();
    (patients, columns, delimiter)
}

fn said(refusal: &impl Refused, label: &str) -> Fault {
    Fault::new(refusal.to_string(), label).hint(refusal.hint())
}
