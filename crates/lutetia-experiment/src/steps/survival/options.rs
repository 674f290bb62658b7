//! How curves and comparisons are made.

use lutetia_outcome::OutcomeError;
use lutetia_outcome::survival::{Interval, KaplanMeier, SurvivalData};
use lutetia_table::significant;

use super::Patients;

/// How curves and comparisons are made.
#[derive(Debug, Clone, PartialEq)]
pub struct SurvivalOptions {
    /// Unit of time, as printed; may be empty.
    pub unit: String,
    /// The arm that others are compared with.
    pub reference: Option<String>,
    /// Scale of the pointwise intervals.
    pub interval: Interval,
    /// Level of all intervals.
    pub level: f64,
    /// Horizon of the restricted means; without it the last time that all arms have.
    pub rmst: Option<f64>,
    /// Times at which survival is tabulated per arm.
    pub at: Vec<f64>,
    /// Whether hazard ratios are by Firth's penalised likelihood.
    pub firth: bool,
}

impl Default for SurvivalOptions {
    fn default() -> Self {
        Self {
            unit: String::new(),
            reference: None,
            interval: Interval::Log,
            level: 0.95,
            rmst: None,
            at: Vec::new(),
            firth: false,
        }
    }
}

impl SurvivalOptions {
    pub(super) fn percent(&self) -> String {
        format!("{} %", significant(100.0 * self.level, 4))
    }

    /// The curve of Kaplan and Meier with its pointwise intervals.
    pub(super) fn curve(&self, data: &SurvivalData) -> Result<KaplanMeier, OutcomeError> {
        KaplanMeier::fit(data, self.interval, self.level)
    }

    /// The horizon asked for, or the last time that every arm has been followed to.
    pub(super) fn horizon(&self, patients: &Patients) -> f64 {
        self.rmst.unwrap_or_else(|| {
            let last = |(_, data): &(&str, SurvivalData)| data.last_time();
            patients.by_arm().iter().map(last).fold(f64::INFINITY, f64::min)
        })
    }
}
