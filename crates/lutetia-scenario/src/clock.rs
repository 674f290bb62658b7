//! The clock of treatments: internal time inside, hours, days and months where people read.

use lutetia_model::system::System;
use lutetia_units::Dimension;

/// Days in the month of survival times: a twelfth of a Julian year, 365.25 / 12.
pub const MONTH_D: f64 = 30.4375;

const HOUR_S: f64 = 3600.0;
const DAY_S: f64 = 86_400.0;

/// Times (days) that differ by less are one.
const MOMENT_D: f64 = 1e-9;

/// How long an hour and a day are in the internal time of a model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clock {
    hour: f64,
    day: f64,
}

impl Clock {
    /// Of a compiled model.
    #[must_use]
    pub fn of(system: &System) -> Self {
        let second = system.units().factor(Dimension::TIME);
        Self { hour: HOUR_S / second, day: DAY_S / second }
    }

    /// An hour, internal.
    #[must_use]
    pub fn hour(self) -> f64 {
        self.hour
    }

    /// A day, internal.
    #[must_use]
    pub fn day(self) -> f64 {
        self.day
    }

    /// An internal time in days.
    #[must_use]
    pub fn days(self, internal: f64) -> f64 {
        internal / self.day
    }

    /// Whether two internal times are one: they differ by less than 1e-9 d.
    #[must_use]
    pub fn same(self, a: f64, b: f64) -> bool {
        (a - b).abs() < self.moment()
    }

    /// 1e-9 d, internal.
    pub(crate) fn moment(self) -> f64 {
        MOMENT_D * self.day
    }
}
