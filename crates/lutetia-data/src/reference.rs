//! Reference tables that travel inside the program: organ masses, photon lines.

use std::sync::{Arc, LazyLock};

use lutetia_units::NuclideError;

/// A fault of a reference table.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ReferenceError {
    /// A line cannot be read.
    #[error("line {line} of {table}: {reason}")]
    Line {
        /// The table.
        table: &'static str,
        /// Line, from 1.
        line: u64,
        /// What is wrong with it.
        reason: LineFault,
    },
}

impl ReferenceError {
    /// Code of the message, LUT3056.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Line { .. } => "LUT3056",
        }
    }
}

/// What is wrong with a line of a reference table.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum LineFault {
    /// It has no cells.
    #[error("{0}")]
    Csv(Arc<csv::Error>),
    /// The same, of the nuclides.
    #[error("it is not a CSV line")]
    NotCsv,
    /// The header lacks a column.
    #[error("no column `{name}`")]
    NoColumn {
        /// Which.
        name: String,
    },
    /// A cell that has to be filled is not.
    #[error("`{column}` is empty")]
    Empty {
        /// Its column.
        column: String,
    },
    /// The same, of a text.
    #[error("cell {number} is empty")]
    EmptyCell {
        /// Which, from 1.
        number: usize,
    },
    /// A number that has to be above 0.
    #[error("`{text}` is not a positive number")]
    NotPositive {
        /// As written.
        text: String,
    },
    /// A number that may be 0.
    #[error("`{column}` is `{text}`; expected a number not below zero")]
    NotNumber {
        /// Its column.
        column: &'static str,
        /// As written.
        text: String,
    },
    /// A kind of electron that there is not.
    #[error("`{text}` is not a kind of electron; expected beta-, beta+, conversion or rest")]
    ElectronKind {
        /// As written.
        text: String,
    },
    /// An order of a unique transition that is not a number.
    #[error("`{text}` is not an order of a unique transition")]
    Order {
        /// As written.
        text: String,
    },
    /// A stable nuclide with something that only decay gives.
    #[error("`{column}` is filled for a stable nuclide")]
    Stable {
        /// Its column.
        column: &'static str,
    },
    /// A unit of a half-life that is not a time.
    #[error("`{symbol}` is not a unit of time such as `d`")]
    NotATime {
        /// As written.
        symbol: String,
    },
    /// A half-life of nothing.
    #[error("the half-life `{text}` {symbol} is not above zero")]
    HalfLife {
        /// As written.
        text: String,
        /// Its unit.
        symbol: String,
    },
    /// A branch of another form.
    #[error("`{text}` is not `daughter:fraction:mode`")]
    Branch {
        /// As written.
        text: String,
    },
    /// A fraction of a branch.
    #[error("the fraction `{text}` is not between 0 and 1")]
    Fraction {
        /// As written.
        text: String,
    },
    /// Nuclides that do not fit each other.
    #[error(transparent)]
    Nuclides(Box<NuclideError>),
}

impl From<csv::Error> for LineFault {
    fn from(error: csv::Error) -> Self {
        Self::Csv(Arc::new(error))
    }
}

/// Which reference adult.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sex {
    /// Reference adult male, 73 kg.
    Male,
    /// Reference adult female, 60 kg.
    Female,
}

/// Mass of one organ of the reference adults.
#[derive(Debug, Clone, PartialEq)]
pub struct ReferenceMass {
    /// Organ, lower case, words joined by underscores: `kidneys`, `red_marrow`.
    pub organ: String,
    /// Male, g; `None` where the organ is not in him or not given.
    pub male_g: Option<f64>,
    /// Female, g.
    pub female_g: Option<f64>,
    /// Where the number comes from.
    pub source: String,
}

impl ReferenceMass {
    /// The mass of one sex, g.
    #[must_use]
    pub fn of(&self, sex: Sex) -> Option<f64> {
        match sex {
            Sex::Male => self.male_g,
            Sex::Female => self.female_g,
        }
    }
}

/// One photon line or group of a nuclide.
#[derive(Debug, Clone, PartialEq)]
pub struct PhotonLine {
    /// Canonical nuclide name.
    pub nuclide: String,
    /// Photon energy, keV.
    pub energy_kev: f64,
    /// Photons of this energy per decay.
    pub yield_per_decay: f64,
    /// Where the numbers come from.
    pub source: String,
}

static MASSES: LazyLock<Vec<ReferenceMass>> = LazyLock::new(|| {
    let text = lutetia_reference_data::REFERENCE_MASSES;
    reference_masses_from_csv(text).expect("the bundled table is read by a test")
});

static PHOTONS: LazyLock<Vec<PhotonLine>> = LazyLock::new(|| {
    let text = lutetia_reference_data::NUCLIDE_PHOTONS;
    let mut lines = photon_lines_from_csv(text).expect("the bundled table is read by a test");
    lines.sort_by(|a, b| a.nuclide.cmp(&b.nuclide).then(a.energy_kev.total_cmp(&b.energy_kev)));
    lines
});

/// The text of every bundled table by the name of its file, sorted.
#[must_use]
pub fn bundled_tables() -> &'static [(&'static str, &'static str)] {
    lutetia_reference_data::TABLES
}

/// Organ masses of the reference adults (ICRP Publication 89), in the order of the table.
#[must_use]
pub fn reference_masses() -> &'static [ReferenceMass] {
    &MASSES
}

/// Mass of an organ of a reference adult, g; `None` where the table has none.
///
/// ```
/// use lutetia_data::{Sex, reference_mass_g};
/// assert_eq!(reference_mass_g("kidneys", Sex::Male), Some(310.0));
/// assert_eq!(reference_mass_g("ovaries", Sex::Male), None);
/// ```
#[must_use]
pub fn reference_mass_g(organ: &str, sex: Sex) -> Option<f64> {
    MASSES.iter().find(|m| m.organ == organ)?.of(sex)
}

/// Photon lines of a nuclide by its canonical name (`Lu-177`), by rising energy; empty where the
/// table has none.
#[must_use]
pub fn photon_lines(nuclide: &str) -> &'static [PhotonLine] {
    let start = PHOTONS.partition_point(|l| l.nuclide.as_str() < nuclide);
    let end = PHOTONS.partition_point(|l| l.nuclide.as_str() <= nuclide);
    &PHOTONS[start..end]
}

/// Parses a table `organ, male_g, female_g, source`.
///
/// # Errors
/// A missing column, a mass that is not a positive number, an organ without source.
pub fn reference_masses_from_csv(text: &str) -> Result<Vec<ReferenceMass>, ReferenceError> {
    let mut table =
        Table::new("reference_masses.csv", text, &["organ", "male_g", "female_g", "source"])?;
    let mut out = Vec::new();
    while let Some(row) = table.next_row()? {
        out.push(ReferenceMass {
            organ: row.text(0)?,
            male_g: row.positive(1)?,
            female_g: row.positive(2)?,
            source: row.text(3)?,
        });
    }
    Ok(out)
}

/// Parses a table `nuclide, energy_keV, yield_per_decay, source`.
///
/// # Errors
/// A missing column, an energy or yield that is not a positive number, a row without source.
pub fn photon_lines_from_csv(text: &str) -> Result<Vec<PhotonLine>, ReferenceError> {
    let columns = ["nuclide", "energy_keV", "yield_per_decay", "source"];
    let mut table = Table::new("nuclide_photons.csv", text, &columns)?;
    let mut out = Vec::new();
    while let Some(row) = table.next_row()? {
        let needed = |column: usize| {
            row.positive(column)?
                .ok_or_else(|| row.fault(LineFault::Empty { column: columns[column].to_owned() }))
        };
        out.push(PhotonLine {
            nuclide: row.text(0)?,
            energy_kev: needed(1)?,
            yield_per_decay: needed(2)?,
            source: row.text(3)?,
        });
    }
    Ok(out)
}

pub(crate) struct Table<'a> {
    name: &'static str,
    reader: csv::Reader<&'a [u8]>,
    columns: Vec<usize>,
}

pub(crate) struct TableRow {
    name: &'static str,
    line: u64,
    cells: Vec<String>,
}

impl<'a> Table<'a> {
    pub(crate) fn new(
        name: &'static str,
        text: &'a str,
        columns: &[&str],
    ) -> Result<Self, ReferenceError> {
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .comment(Some(b'#'))
            .from_reader(text.as_bytes());
        let fault = |reason: LineFault| ReferenceError::Line { table: name, line: 1, reason };
        let header = reader.headers().map_err(|e| fault(e.into()))?.clone();
        let columns = columns
            .iter()
            .map(|column| {
                header
                    .iter()
                    .position(|h| h == *column)
                    .ok_or_else(|| fault(LineFault::NoColumn { name: (*column).to_owned() }))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { name, reader, columns })
    }

    pub(crate) fn next_row(&mut self) -> Result<Option<TableRow>, ReferenceError> {
        let mut record = csv::StringRecord::new();
        let line = self.reader.position().line();
        let more = self.reader.read_record(&mut record).map_err(|e| ReferenceError::Line {
            table: self.name,
            line,
            reason: e.into(),
        })?;
        let line = record.position().map_or(line, csv::Position::line);
        let cells = self.columns.iter().map(|&c| record.get(c).unwrap_or("").to_owned()).collect();
        Ok(more.then_some(TableRow { name: self.name, line, cells }))
    }
}

impl TableRow {
    pub(crate) fn fault(&self, reason: LineFault) -> ReferenceError {
        ReferenceError::Line { table: self.name, line: self.line, reason }
    }

    pub(crate) fn text(&self, column: usize) -> Result<String, ReferenceError> {
        let text = &self.cells[column];
        if text.is_empty() {
            return Err(self.fault(LineFault::EmptyCell { number: column + 1 }));
        }
        Ok(text.clone())
    }

    pub(crate) fn positive(&self, column: usize) -> Result<Option<f64>, ReferenceError> {
        let text = &self.cells[column];
        if text.is_empty() {
            return Ok(None);
        }
        match text.parse::<f64>() {
            Ok(value) if value > 0.0 && value.is_finite() => Ok(Some(value)),
            _ => Err(self.fault(LineFault::NotPositive { text: text.clone() })),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn val_icrp89_masses() {
        // ICRP Publication 89, table 2.8: reference adult male and female.
        assert_eq!(reference_mass_g("kidneys", Sex::Female), Some(275.0));
        assert_eq!(reference_mass_g("spleen", Sex::Male), Some(150.0));
        assert_eq!(reference_mass_g("red_marrow", Sex::Male), Some(1170.0));
        assert_eq!(reference_mass_g("uterus", Sex::Male), None);
        assert!(reference_masses().iter().all(|m| m.male_g.or(m.female_g).is_some()));
    }

    #[test]
    fn exact_faults_name_the_line() {
        let text = "organ,male_g,female_g,source\nliver,1800,1400,x\nspleen,-1,130,x\n";
        let error = reference_masses_from_csv(text).expect_err("a negative mass");
        assert_eq!(
            error.to_string(),
            "line 3 of reference_masses.csv: `-1` is not a positive number"
        );
        let error = photon_lines_from_csv("nuclide,source\n").expect_err("columns are missing");
        assert_eq!(error.to_string(), "line 1 of nuclide_photons.csv: no column `energy_keV`");
    }

    #[test]
    fn prop_photon_energy_does_not_exceed_the_mean_photon_energy() {
        for nuclide in crate::nuclides().iter() {
            let sum: f64 = photon_lines(&nuclide.name)
                .iter()
                .map(|l| l.energy_kev * l.yield_per_decay / 1000.0)
                .sum();
            // The two tables may come from different evaluations: 5 % is left for that.
            assert!(
                sum <= 1.05 * nuclide.energy.photon_mev + 1e-4,
                "{}: lines carry {sum} MeV, the table {} MeV",
                nuclide.name,
                nuclide.energy.photon_mev
            );
        }
    }
}
