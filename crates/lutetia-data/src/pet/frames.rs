//! `tacs.csv`: curves of regions over frames.

use std::collections::HashMap;

use lutetia_units::typed;

use super::{
    ONLY, PetAllowed, PetFrame, PetRegion, ReadScan, TACS,
    columns::tac::{ACTIVITY, DURATION, END, REGION, SCAN, SD, START, WEIGHT},
};
use crate::{
    codes,
    table::{Bad, Fault, Faults, Input, Part, Place, RowView, TableReader},
};

/// Neighbours that miss each other by less than this part of the shorter one meet: times are rounded.
const ROUNDING: f64 = 0.01;

/// A row that could be read.
struct Row {
    scan: String,
    region: String,
    frame: PetFrame,
    activity: f64,
    /// Inverse variance, where given.
    weight: Option<f64>,
    line: u32,
}

pub(super) fn read(
    reader: &TableReader<'_>,
    input: &Input<'_>,
    allowed: PetAllowed,
    faults: &mut Faults,
    mut scans: Vec<ReadScan>,
) -> (u8, Vec<ReadScan>) {
    let mut rows: Vec<Row> = Vec::new();
    let mut told = false;
    let (delimiter, _) = reader.read(input, faults, |row, faults| {
        if !told && !row.has(END) && !row.has(DURATION) {
            told = true;
            faults.error(codes::MISSING_COLUMN, Place { line: 1, ..row.whole() }, || {
                Fault::new(
                    "`tacs.csv` has neither `end` nor `duration`",
                    "no end of the frames among these columns",
                )
                .hint("add a column `end (min)` or `duration (min)`")
            });
        }
        rows.extend(read_row(row, faults));
    });
    let mut order: Vec<(String, Vec<(String, Vec<Row>)>)> = Vec::new();
    let mut places: HashMap<(String, String), (usize, usize)> = HashMap::new();
    for row in rows {
        let key = (row.scan.clone(), row.region.clone());
        let (s, r) = *places.entry(key).or_insert_with(|| {
            let s = order.iter().position(|(name, _)| *name == row.scan).unwrap_or_else(|| {
                order.push((row.scan.clone(), Vec::new()));
                order.len() - 1
            });
            order[s].1.push((row.region.clone(), Vec::new()));
            (s, order[s].1.len() - 1)
        });
        order[s].1[r].1.push(row);
    }
    for (name, regions) in order {
        let mut first: Option<(f64, u32)> = None;
        let mut last: Option<(PetFrame, u32)> = None;
        let mut read = Vec::new();
        // Frames are the same in all regions as a rule; what is wrong with them is told once for a scan.
        let mut silent = false;
        for (region, mut rows) in regions {
            rows.sort_by(|a, b| a.frame.start_min.total_cmp(&b.frame.start_min));
            let before = faults.errors();
            if !silent {
                neighbours(&name, &region, &rows, allowed, faults);
            }
            silent |= faults.errors() > before;
            weights(&region, &rows, faults);
            if let (Some(a), Some(z)) = (rows.first(), rows.last()) {
                if first.is_none_or(|(start, _)| a.frame.start_min < start) {
                    first = Some((a.frame.start_min, a.line));
                }
                if last.is_none_or(|(frame, _)| z.frame.end_min > frame.end_min) {
                    last = Some((z.frame, z.line));
                }
            }
            read.push(PetRegion {
                name: region,
                frames: rows.iter().map(|r| r.frame).collect(),
                activity: rows.iter().map(|r| r.activity).collect(),
                weights: rows.iter().map(|r| r.weight).collect(),
            });
        }
        if let (Some(first), Some(last)) = (first, last) {
            scans.push(ReadScan { name, regions: read, first, last });
        }
    }
    (delimiter, scans)
}

fn read_row(row: &mut RowView<'_>, faults: &mut Faults) -> Option<Row> {
    // Every cell is looked at before the row is given up, so that all its faults are told.
    let scan = if row.has(SCAN) {
        row.name(SCAN, faults).map(std::borrow::Cow::into_owned)
    } else {
        Ok(ONLY.to_owned())
    };
    let region = row.name(REGION, faults);
    let start = row.needed(START, faults).and_then(|start| {
        if start < 0.0 {
            faults.error(codes::BEFORE_INJECTION, row.place(START), || {
                Fault::new(
                    format!("a frame starts at {} min", typed(start)),
                    "before the injection",
                )
                .hint("count frames from the injection; leave out those that end before it")
            });
            return Err(Bad);
        }
        Ok(start)
    });
    let end = end(row, start.ok(), faults);
    let activity = row.needed(ACTIVITY, faults);
    let sd = row.number(SD, activity.ok(), faults).and_then(|sd| {
        if let Some(sd) = sd.filter(|sd| *sd <= 0.0) {
            faults.error(codes::BAD_SD, row.place(SD), || {
                Fault::new(format!("standard deviation of {sd} kBq/mL"), "must be positive")
                    .hint("leave the cells empty where errors are not known")
            });
            return Err(Bad);
        }
        Ok(sd)
    });
    let weight = row.number(WEIGHT, None, faults).and_then(|weight| {
        if let Some(weight) = weight.filter(|w| *w < 0.0) {
            faults.error(codes::BAD_SD, row.place(WEIGHT), || {
                Fault::new(format!("weight of {weight}"), "must be 0 or more")
                    .hint("a weight is an inverse variance; 0 leaves the frame out")
            });
            return Err(Bad);
        }
        Ok(weight)
    });
    let frame = PetFrame { start_min: start.ok()?, end_min: end.ok()? };
    Some(Row {
        scan: scan.ok()?,
        region: region.ok()?.into_owned(),
        frame,
        activity: activity.ok()?,
        weight: weight.ok()?.or(sd.ok()?.map(|sd| 1.0 / (sd * sd))),
        line: row.line,
    })
}

/// The end of a frame, of its own column or of its duration.
fn end(row: &mut RowView<'_>, start: Option<f64>, faults: &mut Faults) -> Result<f64, Bad> {
    let (column, end) = if row.has(END) {
        (END, row.needed(END, faults)?)
    } else {
        let duration = row.needed(DURATION, faults)?;
        (DURATION, start.ok_or(Bad)? + duration)
    };
    let Some(start) = start.filter(|start| end <= *start) else { return Ok(end) };
    faults.error(codes::OUT_OF_RANGE, row.place(column), || {
        Fault::new(
            format!("a frame from {} min to {} min has no duration", typed(start), typed(end)),
            "must be later than its start",
        )
        .hint("leave out rows that are not frames, such as one of zeros at the injection")
    });
    Err(Bad)
}

/// Overlaps of and gaps between the frames of a region, which are in the order of their starts.
fn neighbours(scan: &str, region: &str, rows: &[Row], allowed: PetAllowed, faults: &mut Faults) {
    for pair in rows.windows(2) {
        let [before, this] = [pair[0].frame, pair[1].frame];
        let shorter = (before.end_min - before.start_min).min(this.end_min - this.start_min);
        let gap = this.start_min - before.end_min;
        if gap.abs() <= ROUNDING * shorter || (gap > 0.0 && allowed.gaps) {
            continue;
        }
        let at = |row: &Row| Place { file: TACS, line: row.line, part: Part::Line };
        let of = format!("`{region}` of scan `{scan}`");
        if gap < 0.0 {
            faults.error(codes::FRAMES_OVERLAP, at(&pair[1]), || {
                Fault::new(
                    format!(
                        "frames of {of} overlap: one starts at {} min, the one before it ends at {} min",
                        typed(this.start_min),
                        typed(before.end_min)
                    ),
                    "starts too early",
                )
                .hint("look whether a row is there twice, and whether start and duration have their units")
                .also(at(&pair[0]), "the frame before it")
            });
        } else {
            faults.error(codes::FRAMES_GAP, at(&pair[1]), || {
                Fault::new(
                    format!(
                        "frames of {of} leave a gap from {} min to {} min",
                        typed(before.end_min),
                        typed(this.start_min)
                    ),
                    "starts after the gap",
                )
                .hint("add the frame that is missing, or allow gaps where the scan had a break")
                .also(at(&pair[0]), "the frame before it")
            });
        }
    }
}

/// Weights are there for all frames of a region or for none, and not all 0.
fn weights(region: &str, rows: &[Row], faults: &mut Faults) {
    let at = |row: &Row| Place { file: TACS, line: row.line, part: Part::Line };
    let (with, without): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|r| r.weight.is_some());
    if let (Some(_), Some(missing)) = (with.first(), without.first()) {
        faults.error(codes::BAD_SD, at(missing), || {
            Fault::new(
                format!("a frame of `{region}` has no weight, others have"),
                "no weight here",
            )
            .hint("give every frame of a region a weight (or `sd`), or none")
        });
    }
    if let (true, Some(first)) = (
        without.is_empty() && with.iter().all(|r| r.weight.is_some_and(|w| w <= 0.0)),
        with.first(),
    ) {
        faults.error(codes::BAD_SD, at(first), || {
            Fault::new(format!("every frame of `{region}` has weight 0"), "the first of them")
                .hint("give weights above 0, or leave the column out")
        });
    }
}
