//! The table of nuclides that travels inside the program.

use std::sync::LazyLock;

use lutetia_units::{Branch, Dimension, MeanEnergy, Nuclide, NuclideError, NuclideTable, Unit};

use crate::reference::{LineFault, ReferenceError};

const TABLE: &str = "nuclides.csv";
const COLUMNS: [&str; 10] = [
    "nuclide",
    "half_life",
    "unit",
    "half_life_sd",
    "branches",
    "alpha_MeV",
    "alpha_recoil_MeV",
    "electron_MeV",
    "photon_MeV",
    "source",
];

static NUCLIDES: LazyLock<NuclideTable> = LazyLock::new(|| {
    let text = lutetia_reference_data::NUCLIDES;
    nuclides_from_csv(text).expect("the bundled table is read by a test")
});

/// The nuclides of the library, with their chains to stability.
///
/// Half-lives are those of ENSDF; energies per decay are computed from its decay data, as the
/// columns `source` and `note` of `data/nuclides.csv` tell.
///
/// ```
/// let lutetium = lutetia_data::nuclides().get("177Lu").expect("it is in the table");
/// assert!((lutetium.half_life_s / 86_400.0 - 6.6443).abs() < 1e-9);
/// ```
#[must_use]
pub fn nuclides() -> &'static NuclideTable {
    &NUCLIDES
}

/// Reads a table of nuclides.
///
/// Columns, in any order: `nuclide`, `half_life` (a number, or `stable`), `unit` (of time),
/// `half_life_sd`, `branches` (`daughter:fraction:mode`, joined by `;`), the mean energies per decay
/// `alpha_MeV`, `alpha_recoil_MeV`, `electron_MeV`, `photon_MeV`, and `source`. Lines that begin with
/// `#` are comments. A stable nuclide needs its name and source only.
///
/// # Errors
/// The first line that cannot be read or contradicts the others: a missing column or cell, a number
/// out of range, a unit that is not a time, a daughter that is not in the table, fractions that do not
/// sum to one, a chain that returns to itself.
pub fn nuclides_from_csv(text: &str) -> Result<NuclideTable, ReferenceError> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .comment(Some(b'#'))
        .flexible(true)
        .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let header = reader.headers().map_err(|e| fault(1, e.into()))?.clone();
    let mut columns = [0; COLUMNS.len()];
    for (slot, name) in columns.iter_mut().zip(COLUMNS) {
        *slot = header
            .iter()
            .position(|h| h == name)
            .ok_or_else(|| fault(1, LineFault::NoColumn { name: name.to_owned() }))?;
    }
    let mut rows = Vec::new();
    let mut lines = Vec::new();
    for record in reader.records() {
        let record = record
            .map_err(|e| fault(e.position().map_or(1, csv::Position::line), LineFault::NotCsv))?;
        let line = record.position().map_or(1, csv::Position::line);
        let row = Row { line, cells: columns.map(|c| record.get(c).unwrap_or("").trim()) };
        let nuclide = row.nuclide()?;
        lines.push((nuclide.name.clone(), line));
        rows.push(nuclide);
    }
    NuclideTable::from_nuclides(rows).map_err(|error| {
        let name = match &error {
            NuclideError::Unknown { name, .. }
            | NuclideError::Fractions { name, .. }
            | NuclideError::HalfLife { name, .. }
            | NuclideError::Duplicate { name }
            | NuclideError::Cycle { name } => name,
            NuclideError::MissingDaughter { parent, .. } => parent,
        };
        // The last line of that name: the one that is too many where a name stands twice.
        let line = lines.iter().rev().find(|(n, _)| n == name).map_or(1, |(_, line)| *line);
        fault(line, LineFault::Nuclides(Box::new(error)))
    })
}

fn fault(line: u64, reason: LineFault) -> ReferenceError {
    ReferenceError::Line { table: TABLE, line, reason }
}

struct Row<'a> {
    line: u64,
    cells: [&'a str; COLUMNS.len()],
}

impl Row<'_> {
    fn nuclide(&self) -> Result<Nuclide, ReferenceError> {
        let (name, source) = (self.needed(0)?.to_owned(), self.needed(9)?.to_owned());
        if self.cells[1] == "stable" {
            if let Some(column) = (2..9).find(|c| !self.cells[*c].is_empty()) {
                return Err(self.fault(LineFault::Stable { column: COLUMNS[column] }));
            }
            return Ok(Nuclide {
                name,
                half_life_s: f64::INFINITY,
                half_life_sd_s: None,
                branches: Vec::new(),
                energy: MeanEnergy::default(),
                source,
            });
        }
        let symbol = self.needed(2)?;
        let unit = Unit::parse(symbol)
            .ok()
            .filter(|u| u.dimension() == Dimension::TIME)
            .ok_or_else(|| self.fault(LineFault::NotATime { symbol: symbol.to_owned() }))?;
        let half_life_s = self.number(1)? * unit.scale();
        if !half_life_s.is_normal() {
            let (text, symbol) = (self.cells[1].to_owned(), symbol.to_owned());
            return Err(self.fault(LineFault::HalfLife { text, symbol }));
        }
        let half_life_sd_s =
            if self.cells[3].is_empty() { None } else { Some(self.number(3)? * unit.scale()) };
        Ok(Nuclide {
            name,
            half_life_s,
            half_life_sd_s,
            branches: self.branches()?,
            energy: MeanEnergy {
                alpha_mev: self.number(5)?,
                alpha_recoil_mev: self.number(6)?,
                electron_mev: self.number(7)?,
                photon_mev: self.number(8)?,
            },
            source,
        })
    }

    fn branches(&self) -> Result<Vec<Branch>, ReferenceError> {
        self.needed(4)?
            .split(';')
            .map(|text| {
                let parts: Vec<&str> = text.split(':').map(str::trim).collect();
                let [daughter, fraction, mode] = parts[..] else {
                    return Err(self.fault(LineFault::Branch { text: text.to_owned() }));
                };
                let fraction =
                    fraction.parse().ok().filter(|f| (0.0..=1.0).contains(f)).ok_or_else(|| {
                        self.fault(LineFault::Fraction { text: fraction.to_owned() })
                    })?;
                Ok(Branch { daughter: daughter.to_owned(), fraction, mode: mode.to_owned() })
            })
            .collect()
    }

    fn needed(&self, column: usize) -> Result<&str, ReferenceError> {
        match self.cells[column] {
            "" => Err(self.fault(LineFault::Empty { column: COLUMNS[column].to_owned() })),
            text => Ok(text),
        }
    }

    fn number(&self, column: usize) -> Result<f64, ReferenceError> {
        let text = self.needed(column)?;
        text.parse().ok().filter(|x: &f64| x.is_finite() && *x >= 0.0).ok_or_else(|| {
            self.fault(LineFault::NotNumber { column: COLUMNS[column], text: text.to_owned() })
        })
    }

    fn fault(&self, reason: LineFault) -> ReferenceError {
        fault(self.line, reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_the_bundled_table_is_read() {
        assert!(nuclides().iter().count() > 60);
        // Every radioactive nuclide releases energy and names its source.
        for n in nuclides().iter().filter(|n| !n.is_stable()) {
            let e = n.energy;
            let total = e.alpha_mev + e.alpha_recoil_mev + e.electron_mev + e.photon_mev;
            assert!(total > 0.01 && total < 10.0, "{}: {total} MeV", n.name);
            assert!(!n.source.is_empty() && n.half_life_sd_s.is_some(), "{}", n.name);
        }
    }

    #[test]
    fn exact_faults_name_line_and_reason() {
        let header = COLUMNS.join(",");
        let good = "B-2,stable,,,,,,,,x\n";
        for (rows, expected) in [
            ("A-1,1,d,0.1,B-2:1:B-,0,0,1,0,\n", "line 3 of nuclides.csv: `source` is empty"),
            ("A-1,-1,d,,B-2:1:B-,0,0,1,0,x\n", "`half_life` is `-1`; expected a number not below"),
            ("A-1,0,d,,B-2:1:B-,0,0,1,0,x\n", "the half-life `0` d is not above zero"),
            ("A-1,1,kg,,B-2:1:B-,0,0,1,0,x\n", "`kg` is not a unit of time such as `d`"),
            ("A-1,1,d,,B-2:1,0,0,1,0,x\n", "`B-2:1` is not `daughter:fraction:mode`"),
            ("A-1,1,d,,B-2:2:B-,0,0,1,0,x\n", "the fraction `2` is not between 0 and 1"),
            ("A-1,1,d,,B-2:0.5:B-,0,0,1,0,x\n", "the branching fractions of `A-1` sum to 0.5"),
            ("A-1,1,d,,C-3:1:B-,0,0,1,0,x\n", "decays to `C-3`, which is not in the table"),
            ("A-1,1,d,,A-1:1:B-,0,0,1,0,x\n", "the decay chain of `A-1` returns to itself"),
            ("A-1,1,d,,B-2:1:B-,0,0,inf,0,x\n", "`electron_MeV` is `inf`"),
            ("B-2,stable,,,,,,,,x\n", "line 3 of nuclides.csv: the nuclide `B-2` is listed twice"),
            ("A-1,stable,d,,,,,,,x\n", "`unit` is filled for a stable nuclide"),
        ] {
            let error = nuclides_from_csv(&format!("{header}\n{good}{rows}")).expect_err(rows);
            assert!(error.to_string().contains(expected), "{error}\n{expected}");
        }
        let error = nuclides_from_csv("nuclide\n").expect_err("columns are missing");
        assert_eq!(error.to_string(), "line 1 of nuclides.csv: no column `half_life`");
    }
}
