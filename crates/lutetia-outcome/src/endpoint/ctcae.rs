//! Grades of toxicity by CTCAE v5.0 from trajectories of blood counts.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use crate::error::{OutcomeError, above_zero, not_negative, within};

/// The table of limits, with sources.
const TABLE: &str = lutetia_reference_data::CTCAE_V5;

/// A blood count that is graded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Toxicity {
    /// Platelets, 10⁹/L.
    Platelets,
    /// Neutrophils (ANC), 10⁹/L.
    Neutrophils,
    /// Lymphocytes, 10⁹/L.
    Lymphocytes,
    /// White blood cells, 10⁹/L.
    Leukocytes,
    /// Haemoglobin, g/dL.
    Haemoglobin,
}

/// Limits of one item: the grade is the highest whose limit the value is below.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ctcae {
    item: String,
    /// Name in CTCAE.
    pub name: String,
    /// Unit of the limits.
    pub unit: String,
    /// Lower limit of normal: below it is grade 1.
    pub normal: f64,
    below_2: f64,
    below_3: f64,
    below_4: Option<f64>,
    /// Where the limits are from.
    pub source: String,
    /// What else to know.
    pub note: String,
}

/// The worst grade of a trajectory.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct WorstGrade {
    /// 0 (none) to 4.
    pub grade: u8,
    /// Day on which it was first reached; none at grade 0.
    pub day: Option<f64>,
    /// Smallest value.
    pub nadir: f64,
    /// Its day.
    pub nadir_day: f64,
    /// Days between the first and the last value of grade 3 or 4 that follow each other; the longest
    /// such time.
    pub days_at_grade_3: f64,
}

impl Toxicity {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Platelets,
        Self::Neutrophils,
        Self::Lymphocytes,
        Self::Leukocytes,
        Self::Haemoglobin,
    ];

    /// Its name in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Platelets => "platelets",
            Self::Neutrophils => "neutrophils",
            Self::Lymphocytes => "lymphocytes",
            Self::Leukocytes => "leukocytes",
            Self::Haemoglobin => "haemoglobin",
        }
    }

    /// The item of a name.
    ///
    /// # Errors
    /// A name that is not in the table.
    pub fn named(name: &str) -> Result<Self, OutcomeError> {
        Self::ALL.into_iter().find(|t| t.name() == name).ok_or_else(|| OutcomeError::UnknownName {
            kind: "toxicity",
            name: name.to_owned(),
            known: Self::ALL.map(Self::name).join(", "),
        })
    }
}

fn table() -> &'static [Ctcae] {
    static ROWS: OnceLock<Vec<Ctcae>> = OnceLock::new();
    // A row that cannot be read is left out, and the test of the table fails.
    ROWS.get_or_init(|| {
        csv::Reader::from_reader(TABLE.as_bytes()).deserialize().filter_map(Result::ok).collect()
    })
}

impl Ctcae {
    /// The limits of an item.
    ///
    /// # Errors
    /// An item that is missing from the table of this build.
    pub fn of(toxicity: Toxicity) -> Result<Self, OutcomeError> {
        table().iter().find(|r| r.item == toxicity.name()).cloned().ok_or_else(|| {
            OutcomeError::UnknownName {
                kind: "row of ctcae_v5.csv",
                name: toxicity.name().to_owned(),
                known: table().iter().map(|r| r.item.as_str()).collect::<Vec<_>>().join(", "),
            }
        })
    }

    /// The same with the lower limit of normal of a laboratory.
    ///
    /// # Errors
    /// A limit below that of grade 2.
    pub fn with_normal(mut self, normal: f64) -> Result<Self, OutcomeError> {
        let what = format!("lower limit of normal of {}", self.item);
        self.normal =
            within(what, normal, "", normal >= self.below_2, "not below the limit of grade 2")?;
        Ok(self)
    }

    /// Values below which the grades 1 to 4 begin; none for 4 where no laboratory value shows it.
    #[must_use]
    pub fn limits(&self) -> [Option<f64>; 4] {
        [Some(self.normal), Some(self.below_2), Some(self.below_3), self.below_4]
    }

    /// The grade of a value, 0 to 4.
    ///
    /// # Errors
    /// A value that is negative or not finite.
    pub fn grade(&self, value: f64) -> Result<u8, OutcomeError> {
        not_negative(format!("value of {}", self.item), value, "")?;
        let limits = self.limits().into_iter().zip(1_u8..);
        Ok(limits.filter(|(l, _)| l.is_some_and(|l| value < l)).map(|(_, g)| g).max().unwrap_or(0))
    }

    /// The worst grade of values (day, value) in the order of time.
    ///
    /// # Errors
    /// No values, days out of order, values that are negative or not finite.
    pub fn worst(&self, trajectory: &[(f64, f64)]) -> Result<WorstGrade, OutcomeError> {
        let Some(&(day, value)) = trajectory.first() else {
            return Err(OutcomeError::Empty { what: format!("the trajectory of {}", self.item) });
        };
        let mut worst =
            WorstGrade { grade: 0, day: None, nadir: value, nadir_day: day, days_at_grade_3: 0.0 };
        let (mut before, mut since) = (f64::NEG_INFINITY, None);
        for &(day, value) in trajectory {
            within(
                format!("day of a value of {}", self.item),
                day,
                "d",
                day >= before,
                "days that do not fall",
            )?;
            before = day;
            let grade = self.grade(value)?;
            if grade > worst.grade {
                (worst.grade, worst.day) = (grade, Some(day));
            }
            if value < worst.nadir {
                (worst.nadir, worst.nadir_day) = (value, day);
            }
            since = if grade >= 3 { since.or(Some(day)) } else { None };
            if let Some(start) = since {
                worst.days_at_grade_3 = worst.days_at_grade_3.max(day - start);
            }
        }
        Ok(worst)
    }

    /// Limits in the unit of a patient's baseline: a relative trajectory (1 at the start) is graded
    /// after multiplication with the baseline.
    ///
    /// # Errors
    /// A baseline that is not above 0; as [`worst`](Self::worst).
    pub fn worst_of_relative(
        &self,
        baseline: f64,
        trajectory: &[(f64, f64)],
    ) -> Result<WorstGrade, OutcomeError> {
        above_zero(format!("baseline of {}", self.item), baseline, "")?;
        let scaled: Vec<(f64, f64)> = trajectory.iter().map(|&(t, x)| (t, x * baseline)).collect();
        self.worst(&scaled)
    }
}
