//! `blood.csv`: samples of blood.

use std::collections::{BTreeMap, BTreeSet};

use lutetia_units::typed;

use super::{
    BLOOD, ONLY, PetBlood, PetSamples, ReadBlood,
    columns::sample::{PARENT, PARENT_FRACTION, PLASMA, PLASMA_FRACTION, SCAN, TIME, WHOLE_BLOOD},
};
use crate::{
    codes,
    table::{Bad, Fault, Faults, Input, Part, Place, RowView, TableReader},
};

/// The first sample may have this part of the largest before it is said that the rise was not sampled.
const RISE: f64 = 0.1;

/// Quantities of a row, in the order of [`QUANTITIES`].
const QUANTITIES: [usize; 5] = [WHOLE_BLOOD, PLASMA, PLASMA_FRACTION, PARENT_FRACTION, PARENT];

struct Row {
    time: f64,
    values: [Option<f64>; 5],
    line: u32,
}

pub(super) fn read(
    reader: &TableReader<'_>,
    input: &Input<'_>,
    faults: &mut Faults,
) -> (u8, BTreeMap<String, ReadBlood>) {
    let mut scans: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    let (delimiter, _) = reader.read(input, faults, |row, faults| {
        if let Some((scan, row)) = read_row(row, faults) {
            scans.entry(scan).or_default().push(row);
        }
    });
    let found = scans.into_iter().map(|(scan, mut rows)| {
        rows.sort_by(|a, b| a.time.total_cmp(&b.time));
        let read = whole(&scan, &rows, faults);
        (scan, read)
    });
    (delimiter, found.collect())
}

fn read_row(row: &mut RowView<'_>, faults: &mut Faults) -> Option<(String, Row)> {
    let scan = if row.has(SCAN) {
        row.name(SCAN, faults).map(std::borrow::Cow::into_owned)
    } else {
        Ok(ONLY.to_owned())
    };
    let time = row.needed(TIME, faults).and_then(|time| {
        if time < 0.0 {
            faults.error(codes::BEFORE_INJECTION, row.place(TIME), || {
                Fault::new(format!("blood at {} min", typed(time)), "before the injection")
                    .hint("count samples from the injection, as the frames")
            });
            return Err(Bad);
        }
        Ok(time)
    });
    let mut values = [None; 5];
    let mut bad = false;
    for (value, column) in values.iter_mut().zip(QUANTITIES) {
        match row.number(column, None, faults) {
            Ok(number) => *value = number,
            Err(Bad) => bad = true,
        }
        let Some(number) = *value else { continue };
        let highest = if column == PARENT_FRACTION { 1.0 } else { f64::INFINITY };
        let a_fraction = column == PARENT_FRACTION || column == PLASMA_FRACTION;
        // A fraction written as 1.0000001 is rounded.
        if a_fraction && !(0.0..=highest * (1.0 + 1e-6)).contains(&number) {
            bad = true;
            let name = row.column_name(column);
            faults.error(codes::BAD_FRACTION, row.place(column), || {
                let expected = match column {
                    PARENT_FRACTION => "must lie from 0 to 1",
                    _ => "must not be negative",
                };
                Fault::new(format!("`{name}` is {}", typed(number)), expected).hint(
                    if number > 1.0 && number <= 100.0 {
                        format!("write `{name} (%)` in the title where it is in percent")
                    } else {
                        "leave the cell empty where the fraction was not measured".to_owned()
                    },
                )
            });
        }
        if column == PARENT_FRACTION {
            *value = Some(number.min(1.0));
        }
    }
    let (scan, time) = (scan.ok()?, time.ok()?);
    if !bad && values.iter().all(Option::is_none) {
        faults.error(codes::NOT_A_NUMBER, row.whole(), || {
            Fault::new("a sample without a value", "no value in this row")
                .hint("give a value, or remove the row")
        });
        return None;
    }
    Some((scan, Row { time, values, line: row.line }))
}

/// The samples of a scan, which are in the order of time.
fn whole(scan: &str, rows: &[Row], faults: &mut Faults) -> ReadBlood {
    let at = |line: u32| Place { file: BLOOD, line, part: Part::Line };
    let mut read: [PetSamples; 5] = std::array::from_fn(|_| PetSamples::default());
    let mut lowest: Option<(f64, f64, u32)> = None;
    let mut twice = BTreeSet::new();
    for (k, samples) in read.iter_mut().enumerate() {
        let mut before: Option<&Row> = None;
        for row in rows {
            let Some(value) = row.values[k] else { continue };
            if let Some(first) = before.filter(|b| b.time >= row.time) {
                // Once for a row, however many of its quantities are there twice.
                if twice.insert(row.line) {
                    faults.error(codes::DUPLICATE_ROW, at(row.line), || {
                        Fault::new(
                            format!(
                                "blood of scan `{scan}` at {} min is there twice",
                                typed(row.time)
                            ),
                            "the second one",
                        )
                        .hint("keep one of the rows, or give their mean")
                        .also(at(first.line), "the first one")
                    });
                }
                continue;
            }
            before = Some(row);
            samples.times_min.push(row.time);
            samples.values.push(value);
            if value < 0.0 && lowest.is_none_or(|(low, ..)| value < low) {
                lowest = Some((value, row.time, row.line));
            }
        }
    }
    if let Some((value, time, line)) = lowest {
        faults.warning(codes::NEGATIVE_BLOOD, at(line), || {
            Fault::new(
                format!(
                    "blood of scan `{scan}` is negative: {} kBq/mL at {} min at the lowest",
                    typed(value),
                    typed(time)
                ),
                "below zero",
            )
            .hint("it is taken as it is; look at the correction for background or dispersion")
        });
    }
    let [whole_blood, plasma, plasma_fraction, parent_fraction, parent] = read;
    // What decides when the input begins and ends: concentrations, not fractions.
    let concentrations =
        || [&whole_blood, &plasma, &parent].into_iter().filter(|s| !s.values.is_empty());
    let line = |time: f64| rows.iter().find(|r| r.time >= time).map_or(0, |r| r.line);
    let begins = concentrations().map(|s| s.times_min[0]).max_by(f64::total_cmp);
    let ends = concentrations().filter_map(|s| s.times_min.last().copied()).min_by(f64::total_cmp);
    for samples in concentrations() {
        let peak = samples.values.iter().copied().fold(0.0, f64::max);
        if samples.times_min[0] > 0.0 && samples.values[0] > RISE * peak {
            let time = samples.times_min[0];
            faults.warning(codes::INPUT_LATE, at(line(time)), || {
                Fault::new(
                    format!(
                        "the first sample of scan `{scan}`, at {} min, has {} kBq/mL of {} kBq/mL at the peak: the rise was not sampled",
                        typed(time),
                        typed(samples.values[0]),
                        typed(peak)
                    ),
                    "the tracer is there already",
                )
                .hint("it counts as 0 before; add a sample of 0 where the tracer arrives, and the rise")
            });
            break;
        }
    }
    let with_line = |time: f64| (time, line(time));
    let (first, last) = (begins.map(with_line), ends.map(with_line));
    let blood = PetBlood { whole_blood, plasma, plasma_fraction, parent_fraction, parent };
    ReadBlood { blood, first, last }
}
