//! Hours of scans that are given as dates and clock times.

use std::collections::HashSet;

use super::doses::{Cycles, mixed_zones};
use crate::{
    codes,
    table::{Fault, Faults, Moment, Part, Place, RowView},
};

/// What was told once of the dates of a file.
#[derive(Debug, Default)]
pub(super) struct Clocks {
    no_dates: bool,
    /// Of which change of the clocks a cycle of a subject was warned.
    set: HashSet<(String, u16, String)>,
}

impl Clocks {
    /// Hours from the start of the subject's first injection; `None` where a fault is told or the injection was refused.
    pub(super) fn hours(
        &mut self,
        row: &RowView<'_>,
        moment: Moment,
        subject: &str,
        cycle: u16,
        cycles: &Cycles<'_>,
        faults: &mut Faults,
    ) -> Option<f64> {
        let here = row.place(row.when_column());
        let Some(zero) = cycles.zero(subject) else {
            if cycles.whole && !self.no_dates && cycles.get(subject, cycle).is_some() {
                self.no_dates = true;
                faults.error(codes::MIXED_ZONES, here, || {
                    let place = Place { file: super::DOSES, line: 1, part: Part::Line };
                    Fault::new(
                        format!("the injections of subject `{subject}` have no date"),
                        "this scan has one",
                    )
                    .hint("add columns `injection_date` and `injection_time` to doses.csv in the place of `time`")
                    .also(place, "no date among these columns")
                });
            } else if cycles.whole && cycles.get(subject, cycle).is_none() {
                // No dose at all: that is told, whatever the time.
                return Some(0.0);
            }
            return None;
        };
        let injection = Place { file: super::DOSES, line: zero.line, part: Part::Line };
        if zero.moment.zoned != moment.zoned {
            faults.error(codes::MIXED_ZONES, here, || {
                mixed_zones(moment, "this scan", zero.moment, "the injection")
                    .also(injection, "written in the other way")
            });
            return None;
        }
        let hours = moment.hours_since(zero.moment);
        let Some(given) = cycles.get(subject, cycle) else { return Some(hours.max(0.0)) };
        if hours < given.start_h {
            // The row of an earlier injection may have been refused.
            if cycles.whole {
                faults.error(codes::BEFORE_INJECTION, here, || {
                    let start = zero.moment.after_hours(given.start_h);
                    let place = Place { line: given.line, ..injection };
                    Fault::new(
                        format!(
                            "scanned at {moment}, before the injection of cycle {cycle} at {start}"
                        ),
                        "before the injection",
                    )
                    .hint("look at the order of day and month, at the clock times and at the cycle")
                    .also(place, "injected here")
                });
            }
            return None;
        }
        let start = zero.moment.after_hours(given.start_h);
        for (day, region) in start.clocks_set_before(moment) {
            if !self.set.insert((subject.to_owned(), cycle, day.clone())) {
                continue;
            }
            faults.warning(codes::CLOCKS_SET, here, || {
                Fault::new(
                    format!(
                        "clocks are set in {region} on {day}, between the injection of cycle {cycle} of subject `{subject}` and this scan"
                    ),
                    "an hour more or less than these clock times say",
                )
                .hint(format!(
                    "where they were, write all times with their offset from UTC, such as `{}{}`, here and in doses.csv",
                    moment.to_string().replacen(' ', "T", 1),
                    region.offset()
                ))
            });
        }
        Some(hours)
    }
}
