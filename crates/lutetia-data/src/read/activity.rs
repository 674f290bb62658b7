//! `activity.csv`: what was measured, in long form.

use lutetia_units::{Nuclide, NuclideTable, typed};

use super::{
    columns::measured::{
        ACTIVITY, BELOW, CORRECTED, CYCLE, MASS, NUCLIDE, REGION, SD, SUBJECT, VOLUME,
    },
    decaying_nuclide,
    doses::{Cycle, Cycles, positive},
    measures::{Size, Unsaid, given},
    significant,
    subjects::Known,
    times::Clocks,
};
use crate::{
    codes,
    study::{BELOW_DETECTION, CORRECTION_UNDONE, Row, Rows},
    table::{Bad, Fault, Faults, Input, Measure, Part, Place, ReadAs, RowView, TableReader, When},
};

/// Above what decay leaves of the injection by more than the calibration of a dose calibrator
/// against a scanner explains.
const CALIBRATION_SLACK: f64 = 1.1;

/// Names are kept in memory; a study with more is a column taken for another.
const MOST_REGIONS: usize = 100_000;

pub(super) fn read<'a>(
    reader: &TableReader<'_>,
    input: &Input<'_>,
    known: &Known<'_>,
    cycles: &Cycles<'a>,
    nuclides: &NuclideTable,
    faults: &mut Faults,
) -> (Rows, (u8, Vec<ReadAs>)) {
    let mut rows = Rows::default();
    let mut told = Told::default();
    let layout = reader.read(input, faults, |row, faults| {
        if let Some(typed) = read_row(row, &mut rows, known, cycles, &mut told, nuclides, faults) {
            rows.rows.push(typed);
        }
    });
    (rows, layout)
}

/// What is said once of a file.
#[derive(Default)]
struct Told {
    clocks: Clocks,
    measures: Unsaid,
}

fn read_row(
    row: &mut RowView<'_>,
    rows: &mut Rows,
    known: &Known<'_>,
    cycles: &Cycles<'_>,
    told: &mut Told,
    nuclides: &NuclideTable,
    faults: &mut Faults,
) -> Option<Row> {
    // Every cell is looked at before the row is given up, so that all its faults are told.
    let subject = row.name(SUBJECT, faults);
    let in_study = subject.as_ref().is_ok_and(|id| known.check(id, row, SUBJECT, faults));
    let cycle = row.cycle(CYCLE, faults);
    let region = row.name(REGION, faults);
    let when = row.when(faults).and_then(|when| {
        let after = matches!(when, When::After(_));
        let (When::Hours(time) | When::After(time)) = when else { return Ok(when) };
        if time < 0.0 {
            // No injection lies before time zero, so this is wrong whatever the doses are.
            let dose = subject.as_ref().ok().zip(cycle.ok()).and_then(|(s, c)| cycles.get(s, c));
            before_injection(row, time, after, dose, faults);
            return Err(Bad);
        }
        Ok(when)
    });
    let below = row.mark(BELOW, faults);
    let corrected = row.mark(CORRECTED, faults);
    let activity = read_activity(row, faults);
    let sd = read_sd(row, activity.ok().map(|a| a.0), faults);
    let volume = positive(row, VOLUME, "mL", false, faults);
    let mass = positive(row, MASS, "g", false, faults);
    let nuclide = named_nuclide(row, nuclides, faults);
    let measures = [(ACTIVITY, activity.ok().map(|a| a.0)), (SD, sd.ok().flatten())];
    let size = Size::of(volume, mass, region.as_deref().unwrap_or(""));
    let sized = size.look(row, &measures, &mut told.measures, faults);

    let (subject, cycle, when) = (subject.ok().filter(|_| in_study)?, cycle.ok()?, when.ok()?);
    let doses = cycles.get(&subject, cycle);
    let starts = doses.map_or(0.0, |d| d.start_h);
    let time = match when {
        When::Hours(time) => time,
        When::After(time) => starts + time,
        When::At(moment) => told.clocks.hours(row, moment, &subject, cycle, cycles, faults)?,
    };
    if time < starts {
        before_injection(row, time, false, doses, faults);
        return None;
    }
    if doses.is_none() && cycles.whole {
        faults.error(codes::NO_DOSE, row.whole(), || {
            Fault::new(
                format!("subject `{subject}` has no dose in cycle {cycle}"),
                "measured without an injection",
            )
            .hint("add the dose to doses.csv, or correct the cycle")
        });
        return None;
    }
    let nuclide = measured_nuclide(row, nuclide.ok()?, doses, &subject, cycle, faults)?;
    sized?;
    let ((activity, limit), sd) = (activity.ok()?, sd.ok()?);
    let (region, volume, mass) = (region.as_deref().ok()?, volume.ok()?, mass.ok()?);
    let (below, corrected) = (below.ok()? || limit, corrected.ok()?);
    let share = activity.per.injected || sd.is_some_and(|sd| sd.per.injected);
    let given = match share {
        true => given(row, cycles, &subject, cycle, &nuclide.name, time, faults)?,
        false => f64::NAN,
    };
    let mut activity_mbq = size.mbq(activity, given)?;
    let mut sd = sd.map_or(Some(f64::NAN), |sd| size.mbq(sd, given))?;
    if corrected {
        let decayed = (-nuclide.lambda_per_s() * 3600.0 * (time - starts)).exp();
        activity_mbq *= decayed;
        sd *= decayed;
    }
    if rows.regions.len() >= MOST_REGIONS && rows.regions.get(region).is_none() {
        faults.error(codes::TOO_MANY_ROWS, row.place(REGION), || {
            Fault::new(format!("more than {MOST_REGIONS} different regions"), "one more region")
                .hint("look whether another column was taken for the region")
        });
        return None;
    }
    above_injected(
        row,
        cycles,
        &subject,
        cycle,
        region,
        &nuclide.name,
        time,
        activity_mbq,
        faults,
    )?;
    Some(Row {
        time_h: time,
        activity_mbq,
        sd_mbq: sd,
        volume_ml: volume.unwrap_or(f64::NAN),
        mass_g: mass.unwrap_or(f64::NAN),
        subject: rows.subjects.intern(&subject),
        region: rows.regions.intern(region),
        line: row.line,
        cycle,
        nuclide: u8::try_from(rows.nuclides.intern(&nuclide.name)).unwrap_or(u8::MAX),
        flags: if below { BELOW_DETECTION } else { 0 }
            | if corrected { CORRECTION_UNDONE } else { 0 },
    })
}

/// The nuclide that a row names.
fn named_nuclide<'n>(
    row: &RowView<'_>,
    nuclides: &'n NuclideTable,
    faults: &mut Faults,
) -> Result<Option<&'n Nuclide>, Bad> {
    row.text(NUCLIDE)
        .map(|text| {
            decaying_nuclide(nuclides, &text).map_err(|(message, hint)| {
                faults.error(codes::BAD_NUCLIDE, row.place(NUCLIDE), || {
                    Fault::new(message, "not a nuclide that can be measured")
                        .hint("write a nuclide such as `Lu-177`")
                        .maybe_hint(hint)
                });
                Bad
            })
        })
        .transpose()
}

/// The nuclide that was measured: as named, or the only one of the cycle. `None` where a fault is told.
fn measured_nuclide<'n>(
    row: &RowView<'_>,
    named: Option<&'n Nuclide>,
    doses: Option<&Cycle<'n>>,
    subject: &str,
    cycle: u16,
    faults: &mut Faults,
) -> Option<&'n Nuclide> {
    match (named, doses.map(|d| d.nuclides.as_slice())) {
        (Some(nuclide), _) => Some(nuclide),
        (None, Some([only])) => Some(*only),
        (None, Some(several)) => {
            faults.error(codes::BAD_NUCLIDE, row.whole(), || {
                let names: Vec<&str> = several.iter().map(|n| n.name.as_str()).collect();
                Fault::new(
                    format!(
                        "cycle {cycle} of subject `{subject}` has doses of {}; the row does not say which was measured",
                        names.join(" and ")
                    ),
                    "no nuclide",
                )
                .hint("add a column `nuclide`")
            });
            None
        }
        // The dose was refused; its fault is told.
        (None, None) => None,
    }
}

/// `after`: the time counts from the first injection of the cycle, else from that of all cycles.
fn before_injection(
    row: &RowView<'_>,
    time: f64,
    after: bool,
    dose: Option<&Cycle<'_>>,
    faults: &mut Faults,
) {
    faults.error(codes::BEFORE_INJECTION, row.place(row.when_column()), || {
        let start = dose.filter(|_| !after).map_or(0.0, |d| d.start_h);
        let fault = Fault::new(
            format!("measured at {} h, before the injection at {} h", typed(time), typed(start)),
            "before the injection",
        )
        .hint(if after {
            "count from the start of the first injection of this cycle"
        } else if time >= 0.0 && start > 0.0 {
            "count times of all cycles from the start of the first injection, or call the column `time_after_injection (h)` where they count from that of the cycle"
        } else {
            "count times of all cycles from the start of the first injection"
        });
        match dose {
            Some(dose) => fault.also(dose_place(dose), "injected here"),
            None => fault,
        }
    });
}

fn dose_place(doses: &Cycle<'_>) -> Place {
    Place { file: super::DOSES, line: doses.line, part: Part::Line }
}

/// The activity and whether it is a detection limit written as `<12.3`.
fn read_activity(row: &mut RowView<'_>, faults: &mut Faults) -> Result<(Measure, bool), Bad> {
    let Some(text) = row.text(ACTIVITY) else { return Err(row.absent(ACTIVITY, faults)) };
    let limit = text.strip_prefix('<');
    let measure = row.measure_of(limit.unwrap_or(&text).trim(), ACTIVITY, None, faults)?;
    if measure.value < 0.0 {
        faults.error(codes::BAD_ACTIVITY, row.place(ACTIVITY), || {
            Fault::new(format!("activity of {}", measure.shown()), "negative").hint(
                "for a value below detection give the limit and mark the row in `below_detection`",
            )
        });
        return Err(Bad);
    }
    Ok((measure, limit.is_some()))
}

fn read_sd(
    row: &mut RowView<'_>,
    activity: Option<Measure>,
    faults: &mut Faults,
) -> Result<Option<Measure>, Bad> {
    let Some(text) = row.text(SD) else { return Ok(None) };
    let sd = row.measure_of(&text, SD, activity, faults)?;
    if sd.value <= 0.0 {
        faults.error(codes::BAD_SD, row.place(SD), || {
            Fault::new(format!("standard deviation of {}", sd.shown()), "must be positive")
                .hint("leave the cell empty where the error is not known")
        });
        return Err(Bad);
    }
    Ok(Some(sd))
}

fn above_injected(
    row: &RowView<'_>,
    cycles: &Cycles<'_>,
    subject: &str,
    cycle: u16,
    region: &str,
    nuclide: &str,
    time: f64,
    activity: f64,
    faults: &mut Faults,
) -> Option<()> {
    let Some(sum) = cycles.injected(subject, cycle, nuclide, time) else { return Some(()) };
    if activity > sum.injected_mbq * (1.0 + 1e-9) {
        faults.error(codes::ABOVE_INJECTED, row.place(ACTIVITY), || {
            let fault = Fault::new(
                format!(
                    "`{region}` of subject `{subject}` holds {activity} MBq, more than the {} MBq injected",
                    sum.injected_mbq
                ),
                "above what was injected",
            )
            .hint("look at the unit of the activity here and in doses.csv");
            match cycles.get(subject, cycle) {
                Some(doses) => fault.also(dose_place(doses), "injected here"),
                None => fault,
            }
        });
        return None;
    }
    if activity > CALIBRATION_SLACK * sum.remaining_mbq {
        faults.warning(codes::ABOVE_REMAINING, row.place(ACTIVITY), || {
            Fault::new(
                format!(
                    "`{region}` of subject `{subject}` holds {activity} MBq at {} h, when decay leaves {} MBq of the injection",
                    typed(time),
                    significant(sum.remaining_mbq)
                ),
                "above what decay leaves",
            )
            .hint("look whether the value is decay-corrected and mark it in `decay_corrected`")
        });
    }
    Some(())
}
