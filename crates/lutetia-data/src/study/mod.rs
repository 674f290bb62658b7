//! What a study holds once it is read: typed rows in fixed units, and the questions asked of them.

mod administrations;
mod dose_table;
mod rows;

use std::collections::BTreeMap;

use lutetia_units::Quantity;

pub use crate::table::ReadAs;
pub use administrations::Administration;
pub(crate) use rows::{BELOW_DETECTION, CORRECTION_UNDONE, Row, Rows};

/// A covariate of a subject.
#[derive(Debug, Clone, PartialEq)]
pub enum Covariate {
    /// A number with the unit of its column; dimensionless where the header gives no unit.
    Number(Quantity),
    /// A word such as a sex or a diagnosis.
    Text(String),
}

/// One row of `subjects.csv`.
#[derive(Debug, Clone, PartialEq)]
pub struct Subject {
    /// The name the other tables use.
    pub id: String,
    /// Covariates by column name without its unit; missing values are absent.
    pub covariates: BTreeMap<String, Covariate>,
    /// Line in `subjects.csv`, from 1.
    pub line: u32,
}

/// What a dose of a study does to what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RowKind {
    /// It is added.
    #[default]
    Add,
    /// It is given in the steady state of itself, which takes the place of what is there (SS = 1).
    Steady,
    /// The steady state of itself is added to what is there (SS = 2).
    AddSteady,
    /// Everything begins anew, and then it is added (EVID = 4).
    Reset,
}

impl RowKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Add, Self::Steady, Self::AddSteady, Self::Reset];

    /// The word for it in a table.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Steady => "steady",
            Self::AddSteady => "add-steady",
            Self::Reset => "reset",
        }
    }

    /// What a cell says: a word, or a number as NONMEM has it under `SS`.
    #[must_use]
    pub fn named(cell: &str) -> Option<Self> {
        let cell = cell.trim().to_lowercase().replace(['_', ' '], "-");
        match cell.as_str() {
            "0" => Some(Self::Add),
            "1" => Some(Self::Steady),
            "2" => Some(Self::AddSteady),
            word => Self::ALL.into_iter().find(|kind| kind.word() == word),
        }
    }

    /// Whether it is in a steady state, which needs an interval.
    #[must_use]
    pub fn is_steady(self) -> bool {
        matches!(self, Self::Steady | Self::AddSteady)
    }
}

/// One row of `doses.csv`.
#[derive(Debug, Clone, PartialEq)]
pub struct DoseRow {
    /// Who was injected.
    pub subject: String,
    /// Treatment cycle, from 1.
    pub cycle: u16,
    /// Start of the injection on the subject's clock, h.
    pub time_h: f64,
    /// Canonical nuclide name, such as `Lu-177`.
    pub nuclide: String,
    /// Injected activity at the start of the injection, MBq.
    pub activity_mbq: f64,
    /// Ligand injected with it, hot and cold together, nmol; `None` where the source does not say.
    pub amount_nmol: Option<f64>,
    /// Infusion time, h; `None` where the source does not say.
    pub duration_h: Option<f64>,
    /// What it does to what is there.
    pub kind: RowKind,
    /// Interval of its steady state, h; `None` where it is in none.
    pub every_h: Option<f64>,
    /// Route or compartment, such as `L.plasma`; `None` where the source does not say.
    pub into: Option<String>,
    /// Free text.
    pub note: Option<String>,
    /// Line in `doses.csv`, from 1.
    pub line: u32,
}

/// One row of `activity.csv`, a view into the study.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measurement<'a> {
    /// Who was measured.
    pub subject: &'a str,
    /// Treatment cycle, from 1.
    pub cycle: u16,
    /// Where it was measured.
    pub region: &'a str,
    /// The nuclide measured.
    pub nuclide: &'a str,
    /// Time on the subject's clock, h.
    pub time_h: f64,
    /// Activity in the region as measured (not decay-corrected), MBq; the detection limit where
    /// `below_detection` is set.
    pub activity_mbq: f64,
    /// Standard deviation of the activity, MBq; `None` where the source gives none.
    pub sd_mbq: Option<f64>,
    /// Volume of the region at this time, mL.
    pub volume_ml: Option<f64>,
    /// Mass of the region where the source gives one, g.
    pub mass_g: Option<f64>,
    /// The activity was below the detection limit given in `activity_mbq`.
    pub below_detection: bool,
    /// The file gave the value decay-corrected to the injection; the correction has been undone.
    pub decay_correction_undone: bool,
    /// Line in `activity.csv`, from 1.
    pub line: u32,
}

/// The measurements of one region of one subject in one cycle, in order of time.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Who was measured.
    pub subject: String,
    /// Treatment cycle, from 1.
    pub cycle: u16,
    /// Where it was measured.
    pub region: String,
    /// The nuclide measured.
    pub nuclide: String,
    /// Start of the first injection of this cycle on the subject's clock, h.
    pub injected_at_h: f64,
    /// Activity of this nuclide injected in this cycle, MBq.
    pub injected_mbq: f64,
    /// All administrations of this cycle, of this nuclide and of others, in order of time.
    pub administrations: Vec<Administration>,
    /// The points.
    pub points: Vec<CurvePoint>,
}

/// One point of a [`Curve`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CurvePoint {
    /// Time after the start of this cycle's first injection, h.
    pub time_h: f64,
    /// Activity as measured, MBq; the detection limit where `below_detection` is set.
    pub activity_mbq: f64,
    /// Standard deviation of the activity, MBq.
    pub sd_mbq: Option<f64>,
    /// Volume of the region, mL.
    pub volume_ml: Option<f64>,
    /// Mass of the region where the source gives one, g.
    pub mass_g: Option<f64>,
    /// The activity was below the limit given in `activity_mbq`.
    pub below_detection: bool,
    /// Line in `activity.csv`, from 1.
    pub line: u32,
}

impl Curve {
    /// Mean of the measured volumes, mL; `None` where none was measured.
    #[must_use]
    pub fn mean_volume_ml(&self) -> Option<f64> {
        let volumes: Vec<f64> = self.points.iter().filter_map(|p| p.volume_ml).collect();
        (!volumes.is_empty()).then(|| volumes.iter().sum::<f64>() / volumes.len() as f64)
    }
}

/// A study without errors.
///
/// Times are hours on one clock per subject whose zero is the start of the first injection;
/// activities are MBq as measured, volumes mL, amounts nmol.
#[derive(Debug, Clone)]
pub struct Study {
    pub(crate) name: String,
    pub(crate) readme: Option<String>,
    pub(crate) subjects: Vec<Subject>,
    pub(crate) doses: Vec<DoseRow>,
    pub(crate) rows: Rows,
    pub(crate) read_as: Vec<ReadAs>,
}

impl Study {
    /// Name of the study: that of its folder.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Text of `README.md`, if there is one.
    #[must_use]
    pub fn readme(&self) -> Option<&str> {
        self.readme.as_deref()
    }

    /// Columns that were read under other names than their own, file by file.
    #[must_use]
    pub fn read_as(&self) -> &[ReadAs] {
        &self.read_as
    }

    /// The same in one line, such as ``activity.csv: `ROI` read as region``; `None` where there is none.
    #[must_use]
    pub fn understood(&self) -> Option<String> {
        let files = self.read_as.chunk_by(|a, b| a.file == b.file).map(|columns| {
            let each: Vec<String> =
                columns.iter().map(|c| format!("`{}` read as {}", c.typed, c.column)).collect();
            format!("{}: {}", columns[0].file, each.join(", "))
        });
        let said: Vec<String> = files.collect();
        (!said.is_empty()).then(|| said.join("; "))
    }

    /// Subjects in the order of `subjects.csv`.
    #[must_use]
    pub fn subjects(&self) -> &[Subject] {
        &self.subjects
    }

    /// The subject of that name.
    #[must_use]
    pub fn subject(&self, id: &str) -> Option<&Subject> {
        self.subjects.iter().find(|s| s.id == id)
    }

    /// Doses in the order of `doses.csv`.
    #[must_use]
    pub fn doses(&self) -> &[DoseRow] {
        &self.doses
    }

    /// Doses of one subject in order of time.
    #[must_use]
    pub fn doses_of(&self, subject: &str) -> Vec<&DoseRow> {
        let mut doses: Vec<&DoseRow> = self.doses.iter().filter(|d| d.subject == subject).collect();
        doses.sort_by(|a, b| a.time_h.total_cmp(&b.time_h).then(a.cycle.cmp(&b.cycle)));
        doses
    }

    /// Number of rows of `activity.csv`.
    #[must_use]
    pub fn measurement_count(&self) -> usize {
        self.rows.rows.len()
    }

    /// Rows of `activity.csv` in the order of the file.
    pub fn measurements(&self) -> impl Iterator<Item = Measurement<'_>> {
        self.rows.rows.iter().map(|row| self.rows.view(row))
    }

    /// Cycles of a subject that have a dose, ascending.
    #[must_use]
    pub fn cycles(&self, subject: &str) -> Vec<u16> {
        let mut cycles: Vec<u16> =
            self.doses.iter().filter(|d| d.subject == subject).map(|d| d.cycle).collect();
        cycles.sort_unstable();
        cycles.dedup();
        cycles
    }

    /// Regions measured in one cycle of a subject, in the order of their first row.
    #[must_use]
    pub fn regions(&self, subject: &str, cycle: u16) -> Vec<&str> {
        self.rows.regions(subject, cycle)
    }

    /// The curve of one region; `None` where it was not measured. With several nuclides in one
    /// cycle this is the curve of the nuclide first measured; see [`Study::curve_of`].
    #[must_use]
    pub fn curve(&self, subject: &str, cycle: u16, region: &str) -> Option<Curve> {
        let first = self.rows.of(subject, cycle, region).next()?;
        self.curve_of(subject, cycle, region, self.rows.view(first).nuclide)
    }

    /// The curve of one region and nuclide; `None` where it was not measured.
    #[must_use]
    pub fn curve_of(
        &self,
        subject: &str,
        cycle: u16,
        region: &str,
        nuclide: &str,
    ) -> Option<Curve> {
        let doses: Vec<&DoseRow> =
            self.doses.iter().filter(|d| d.subject == subject && d.cycle == cycle).collect();
        let injected_at_h = doses.iter().map(|d| d.time_h).min_by(f64::total_cmp)?;
        let injected_mbq =
            // The sum of none is 0, not −0.
            doses.iter().filter(|d| d.nuclide == nuclide).fold(0.0, |sum, d| sum + d.activity_mbq);
        let mut points: Vec<CurvePoint> = self
            .rows
            .of(subject, cycle, region)
            .map(|row| self.rows.view(row))
            .filter(|m| m.nuclide == nuclide)
            .map(|m| CurvePoint {
                time_h: m.time_h - injected_at_h,
                activity_mbq: m.activity_mbq,
                sd_mbq: m.sd_mbq,
                volume_ml: m.volume_ml,
                mass_g: m.mass_g,
                below_detection: m.below_detection,
                line: m.line,
            })
            .collect();
        points.sort_by(|a, b| a.time_h.total_cmp(&b.time_h));
        (!points.is_empty()).then(|| Curve {
            subject: subject.to_owned(),
            cycle,
            region: region.to_owned(),
            nuclide: nuclide.to_owned(),
            injected_at_h,
            injected_mbq,
            administrations: administrations::administrations(&doses, injected_at_h),
            points,
        })
    }
}
