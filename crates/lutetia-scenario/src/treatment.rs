//! Which doses begin an occasion of the ligand?
//!
//! Occasions (of variability between occasions, of what follows them in a cohort, and the cycles that are counted)
//! belong to the administrations of the radioligand. A partner is given beside them and begins none.

use lutetia_sim::Dose;
use lutetia_units::Dimension;

use crate::{DoseEntry, DoseError, LoadedModel};

/// What a patient is given.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Treatment {
    /// The administrations of the ligand, in order of time.
    pub occasions: Vec<Occasion>,
    /// What is given beside them, in order of time.
    pub beside: Vec<Dose>,
}

/// One administration of the ligand.
#[derive(Debug, Clone, PartialEq)]
pub struct Occasion {
    /// From 1.
    pub number: u32,
    /// Its start, internal time.
    pub start: f64,
    /// Its doses, in order of time: that at its start, and further parts.
    pub doses: Vec<Dose>,
}

/// Why the doses make no treatment.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TreatmentError {
    /// One dose.
    #[error("a dose of the arm `{arm}`: {source}")]
    Dose {
        /// Of which arm.
        arm: String,
        /// What is wrong with it.
        source: Box<DoseError>,
    },
    /// Occasions are counted from 1.
    #[error("dose {place} of the arm `{arm}` has `cycle = 0`; expected 1 for the first occasion")]
    CycleZero {
        /// Number of the entry, from 1.
        place: usize,
        /// Of which arm.
        arm: String,
    },
    /// A second activity that neither joins occasions nor goes on with them.
    #[error(
        "dose {place} of the arm `{arm}` gives the ligand at {at} d and does not say on which occasion; write \
         `cycle = {within}` where it is a further part of occasion {within}, or `cycle = {own}` where it begins \
         occasion {own}"
    )]
    WhichOccasion {
        /// Number of the entry, from 1.
        place: usize,
        /// Of which arm.
        arm: String,
        /// Its start, d.
        at: f64,
        /// The occasion before it.
        within: u32,
        /// The next one.
        own: u32,
    },
    /// A number is missing.
    #[error(
        "the doses of the arm `{arm}` have a `cycle` of {count} and none of {number}; number them from 1 without gaps"
    )]
    Gap {
        /// Of which arm.
        arm: String,
        /// The highest number.
        count: u32,
        /// The one that is missing.
        number: u32,
    },
    /// Numbers against time.
    #[error(
        "occasion {number} of the arm `{arm}` begins at {start} d and occasion {} at {before} d; number them in order \
         of time", number - 1
    )]
    Order {
        /// Of which arm.
        arm: String,
        /// The later number.
        number: u32,
        /// Its start, d.
        start: f64,
        /// Start of the one before, d.
        before: f64,
    },
}

impl TreatmentError {
    /// The code of the message.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Dose { source, .. } => source.code(),
            _ => "LUT7051",
        }
    }
}

/// Times (days) that differ by less are one.
const MOMENT_D: f64 = 1e-9;

/// Seconds of a day.
const DAY_S: f64 = 86_400.0;

/// One entry with everything it gives.
struct Entry<'a> {
    /// Its number, from 1.
    place: usize,
    written: &'a DoseEntry,
    given: Vec<Dose>,
}

impl Treatment {
    /// What an arm gives. An entry's `cycle` says to which occasion its first dose belongs, and its repetitions belong
    /// to the next ones. Without any, the first entry of the ligand begins an occasion with each of its doses. A later
    /// one joins occasions of the same start, or goes on with the next ones where all of it comes later and is
    /// repeated; else it has to say. An entry whose activity is zero gives nothing.
    ///
    /// # Errors
    /// [`TreatmentError`].
    pub fn of(
        arm: &str,
        entries: &[DoseEntry],
        model: &LoadedModel,
    ) -> Result<Self, TreatmentError> {
        let system = model.simulator.system();
        let entries = entries
            .iter()
            .enumerate()
            .filter(|(_, written)| !written.is_idle())
            .map(|(k, written)| match written.doses(system) {
                Ok(given) => Ok(Entry { place: k + 1, written, given }),
                Err(source) => {
                    Err(TreatmentError::Dose { arm: arm.to_owned(), source: Box::new(source) })
                }
            })
            .collect::<Result<Vec<_>, _>>()?;
        let plan = Plan { arm, model, entries: &entries, day: model.day() };
        let starts = plan.starts()?;
        let mut treatment = Self {
            occasions: (1..)
                .zip(&starts)
                .map(|(number, start)| Occasion { number, start: *start, doses: Vec::new() })
                .collect(),
            beside: Vec::new(),
        };
        for entry in &entries {
            let own = entry.written.cycle.is_some() || plan.is_ligand(entry);
            for dose in &entry.given {
                let begun = |o: &&mut Occasion| o.start <= dose.at + MOMENT_D * plan.day;
                match treatment.occasions.iter_mut().rev().find(begun).filter(|_| own) {
                    Some(occasion) => occasion.doses.push(dose.clone()),
                    None => treatment.beside.push(dose.clone()),
                }
            }
        }
        let by_time = |a: &Dose, b: &Dose| a.at.total_cmp(&b.at);
        treatment.beside.sort_by(by_time);
        for occasion in &mut treatment.occasions {
            occasion.doses.sort_by(by_time);
        }
        Ok(treatment)
    }

    /// All doses, in order of time; at one moment those of the ligand go first.
    #[must_use]
    pub fn doses(&self) -> Vec<Dose> {
        let ligand = self.occasions.iter().flat_map(|o| &o.doses);
        let mut doses: Vec<Dose> = ligand.chain(&self.beside).cloned().collect();
        doses.sort_by(|a, b| a.at.total_cmp(&b.at));
        doses
    }
}

/// What decides on occasions.
struct Plan<'a> {
    arm: &'a str,
    model: &'a LoadedModel,
    entries: &'a [Entry<'a>],
    /// A day, internal.
    day: f64,
}

impl Plan<'_> {
    fn same(&self, a: f64, b: f64) -> bool {
        (a - b).abs() < MOMENT_D * self.day
    }

    /// When the occasions begin, in their order, internal.
    fn starts(&self) -> Result<Vec<f64>, TreatmentError> {
        let arm = || self.arm.to_owned();
        let numbered = self.entries.iter().any(|e| e.written.cycle.is_some());
        // By number, from 1: (number, start).
        let mut doses: Vec<(u32, f64)> = Vec::new();
        for e in self.entries {
            if let Some(first) = e.written.cycle {
                if first == 0 {
                    return Err(TreatmentError::CycleZero { place: e.place, arm: arm() });
                }
                doses.extend((first..).zip(&e.given).map(|(n, d)| (n, d.at)));
            }
        }
        let ligand = self.entries.iter().filter(|e| e.written.cycle.is_none() && self.is_ligand(e));
        for e in ligand {
            let last = doses.iter().map(|d| d.1).fold(f64::NEG_INFINITY, f64::max);
            if doses.is_empty() && !numbered {
                doses = (1..).zip(&e.given).map(|(n, d)| (n, d.at)).collect();
            } else if e.given.iter().all(|g| doses.iter().any(|d| self.same(d.1, g.at))) {
                // Given together with what has begun them.
            } else if e.given.len() > 1 && e.given[0].at > last + MOMENT_D * self.day {
                let next = doses.iter().map(|d| d.0).max().unwrap_or(0) + 1;
                doses.extend((next..).zip(&e.given).map(|(n, d)| (n, d.at)));
            } else {
                let at = e.given[0].at;
                let earlier = doses.iter().filter(|d| d.1 < at - MOMENT_D * self.day);
                let before = earlier.map(|d| d.0).max();
                return Err(TreatmentError::WhichOccasion {
                    place: e.place,
                    arm: arm(),
                    at: at / self.day,
                    within: before.unwrap_or(1),
                    own: before.unwrap_or(0) + 1,
                });
            }
        }
        self.ordered(&doses)
    }

    /// The start of each number, which must have no gap and follow time.
    fn ordered(&self, doses: &[(u32, f64)]) -> Result<Vec<f64>, TreatmentError> {
        let count = doses.iter().map(|d| d.0).max().unwrap_or(0);
        let mut starts: Vec<f64> = Vec::new();
        for number in 1..=count {
            let own = doses.iter().filter(|d| d.0 == number).map(|d| d.1);
            let Some(start) = own.reduce(f64::min) else {
                return Err(TreatmentError::Gap { arm: self.arm.to_owned(), count, number });
            };
            if let Some(before) = starts.last().filter(|b| start < **b + MOMENT_D * self.day) {
                return Err(TreatmentError::Order {
                    arm: self.arm.to_owned(),
                    number,
                    start: start / self.day,
                    before: before / self.day,
                });
            }
            starts.push(start);
        }
        Ok(starts)
    }

    /// Whether an entry gives the ligand: an activity. A model without anything labelled has no radioligand; there the
    /// first entry says what it is.
    fn is_ligand(&self, entry: &Entry<'_>) -> bool {
        let unlabelled = self.model.model.labels.is_empty();
        if unlabelled && self.entries.iter().all(|e| !e.written.is_active()) {
            return self.entries.first().is_some_and(|first| first.place == entry.place);
        }
        entry.written.is_active()
    }
}

impl LoadedModel {
    /// A day in the internal time of the model.
    #[must_use]
    pub fn day(&self) -> f64 {
        DAY_S / self.model.units.factor(Dimension::TIME)
    }
}
