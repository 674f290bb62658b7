//! Which doses begin an occasion of the ligand?
//!
//! Occasions (of variability between occasions, of what follows them in a cohort, and the cycles that are counted)
//! belong to the administrations of the radioligand. A partner is given beside them and begins none.

use std::collections::BTreeMap;

use lutetia_data::DoseRow;
use lutetia_sim::{Dose, Regimen};

use crate::{Clock, DoseEntry, DoseError, LoadedModel, Unsaid};

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

/// What a treatment gives at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct Moment {
    /// The time, internal.
    pub at: f64,
    /// Whether an occasion of the ligand begins here, whose parameters hold from now on (those of the first one from
    /// the start). A partner's dose and a further part of a split one belong to the occasion that is on.
    pub begins: bool,
    /// What is given, of the ligand first; nothing where an occasion begins that gives nothing.
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

    /// What can be done, where the message does not say it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Dose { source, .. } => Some(source.hint()),
            _ => None,
        }
    }
}

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
        let plan = Plan { arm, model, entries: &entries, clock: model.clock() };
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
                let begun = |o: &&mut Occasion| o.start <= dose.at + plan.clock.moment();
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

    /// Doses of which nobody asks for occasions: all of them on one, in the order given.
    #[must_use]
    pub fn on_one_occasion(doses: Vec<Dose>) -> Self {
        let start = doses.iter().map(|d| d.at).reduce(f64::min);
        let occasions = start.map(|start| Occasion { number: 1, start, doses });
        Self { occasions: occasions.into_iter().collect(), beside: Vec::new() }
    }

    /// What was injected into a subject of a study, from the start of the first of the rows; each cycle is an
    /// occasion, and they are counted in order of time. What the study does not say is taken from `unsaid`.
    ///
    /// # Errors
    /// [`DoseError`]: what cannot be given to this model.
    pub fn of_rows(
        rows: &[&DoseRow],
        unsaid: Unsaid<'_>,
        model: &LoadedModel,
    ) -> Result<Self, DoseError> {
        let start_h = rows.iter().map(|r| r.time_h).fold(f64::INFINITY, f64::min);
        let mut cycles: BTreeMap<u16, Vec<Dose>> = BTreeMap::new();
        for row in rows {
            let dose = DoseEntry::of_row(row, start_h, unsaid).dose(model.simulator.system())?;
            cycles.entry(row.cycle).or_default().push(dose);
        }
        let mut occasions: Vec<Occasion> =
            cycles.into_values().flat_map(|doses| Self::on_one_occasion(doses).occasions).collect();
        occasions.sort_by(|a, b| a.start.total_cmp(&b.start));
        for (number, occasion) in (1..).zip(&mut occasions) {
            occasion.number = number;
            occasion.doses.sort_by(|a, b| a.at.total_cmp(&b.at));
        }
        Ok(Self { occasions, beside: Vec::new() })
    }

    /// The doses as a simulator takes them: occasion after occasion, then what is given beside them.
    #[must_use]
    pub fn regimen(&self) -> Regimen {
        let ligand = self.occasions.iter().flat_map(|o| &o.doses);
        Regimen { doses: ligand.chain(&self.beside).cloned().collect() }
    }

    /// What is given and begun, time after time; what comes less than 1e-9 d after a moment belongs to it.
    #[must_use]
    pub fn moments(&self, clock: Clock) -> Vec<Moment> {
        let dose = |dose: Dose| (dose.at, Some(dose));
        // An occasion begins at one of its doses, or, where it has none, at a time of its own.
        let empty = self.occasions.iter().filter(|o| o.doses.is_empty()).map(|o| (o.start, None));
        let mut all: Vec<(f64, Option<Dose>)> =
            self.doses().into_iter().map(dose).chain(empty).collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut moments: Vec<Moment> = Vec::new();
        for (at, dose) in all {
            match moments.last_mut().filter(|m| clock.same(m.at, at)) {
                Some(moment) => moment.doses.extend(dose),
                None => {
                    let begins = self.occasions.iter().any(|o| clock.same(o.start, at));
                    moments.push(Moment { at, begins, doses: dose.into_iter().collect() });
                }
            }
        }
        moments
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
    clock: Clock,
}

impl Plan<'_> {
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
            } else if e.given.iter().all(|g| doses.iter().any(|d| self.clock.same(d.1, g.at))) {
                // Given together with what has begun them.
            } else if e.given.len() > 1 && e.given[0].at > last + self.clock.moment() {
                let next = doses.iter().map(|d| d.0).max().unwrap_or(0) + 1;
                doses.extend((next..).zip(&e.given).map(|(n, d)| (n, d.at)));
            } else {
                let at = e.given[0].at;
                let earlier = doses.iter().filter(|d| d.1 < at - self.clock.moment());
                let before = earlier.map(|d| d.0).max();
                return Err(TreatmentError::WhichOccasion {
                    place: e.place,
                    arm: arm(),
                    at: self.clock.days(at),
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
            if let Some(before) = starts.last().filter(|b| start < **b + self.clock.moment()) {
                return Err(TreatmentError::Order {
                    arm: self.arm.to_owned(),
                    number,
                    start: self.clock.days(start),
                    before: self.clock.days(*before),
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
