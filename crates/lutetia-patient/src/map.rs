//! A table of many curves in, a table of their integrals out: the voxels of a map, row by row.
//!
//! The input is read and the output written in blocks, so that a table of any length takes the same memory; the rows of
//! a block are fitted in parallel and keep their order.

use std::{
    collections::BTreeMap,
    io::{self, Read, Write},
    sync::atomic::{AtomicBool, Ordering},
};

use lutetia_fit::{ErrorModel, Function, PredictError, RowFit, VoxelFitter, VoxelWorker};
use rayon::prelude::*;

use crate::shape::{EndFault, EndPoint, end_fault, known_sd};
use lutetia_units::significant;

/// Rows of one block.
const BLOCK: usize = 16_384;

/// Significant digits of the numbers written.
const DIGITS: usize = 6;

/// Rows that one task fits.
const TASK: usize = 256;

/// What is fitted.
#[derive(Debug, Clone)]
pub struct MapSpec {
    /// Columns of activities with their times in h.
    pub activities: Vec<(String, f64)>,
    /// Columns of their standard deviations, in the same order; empty where an error model is used.
    pub sd: Vec<String>,
    /// Function.
    pub function: &'static Function,
    /// Physical rate, 1/h.
    pub physical_per_h: f64,
    /// Activity injected, in the unit of the activities, where the function needs it.
    pub injected: f64,
    /// Error model of the rows; [`ErrorModel::Known`] with columns of standard deviations.
    pub error: ErrorModel,
    /// Seed of extra starts.
    pub seed: u64,
}

/// What became of the rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MapSummary {
    /// Rows read.
    pub rows: u64,
    /// Rows with a determined integral.
    pub determined: u64,
    /// Rows that the general fit had to settle.
    pub general: u64,
    /// Rows by what stands in their column `status`.
    pub by_status: BTreeMap<&'static str, u64>,
}

/// Why a table cannot be mapped.
#[derive(Debug, thiserror::Error)]
pub enum MapError {
    /// A column that was named is not there.
    #[error("there is no column `{name}`; the table has: {known}")]
    NoColumn {
        /// As asked.
        name: String,
        /// What there is.
        known: String,
    },
    /// A row with another number of cells than the header.
    #[error("line {line} has {found} cells, expected {expected} as the header has")]
    Ragged {
        /// Line, from 1.
        line: u64,
        /// Cells found.
        found: u64,
        /// Cells of the header.
        expected: u64,
    },
    /// A name of the output stands in the input already.
    #[error("the column `{name}` of the input is one that the output makes; rename it")]
    Taken {
        /// Which.
        name: String,
    },
    /// The curve cannot be made.
    #[error(transparent)]
    Curve(Box<PredictError>),
    /// Reading failed.
    #[error("cannot read the table: {0}")]
    Read(csv::Error),
    /// Writing failed.
    #[error("cannot write the table: {}", .0.kind())]
    Write(io::Error),
    /// Stopped by the user.
    #[error("interrupted after {rows} rows")]
    Interrupted {
        /// Rows done.
        rows: u64,
    },
}

impl MapError {
    /// Code of the message: LUT613x, or that of the curve.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoColumn { .. } | Self::Ragged { .. } | Self::Taken { .. } => "LUT6130",
            Self::Curve(error) => error.code(),
            Self::Read(_) | Self::Write(_) => "LUT6131",
            Self::Interrupted { .. } => "LUT6132",
        }
    }
}

impl From<csv::Error> for MapError {
    fn from(error: csv::Error) -> Self {
        match error.kind() {
            csv::ErrorKind::UnequalLengths { pos, expected_len, len } => Self::Ragged {
                line: pos.as_ref().map_or(0, csv::Position::line),
                found: *len,
                expected: *expected_len,
            },
            _ => Self::Read(error),
        }
    }
}

/// Places of the columns of the input.
struct Places {
    activities: Vec<usize>,
    sd: Vec<usize>,
    kept: Vec<usize>,
    /// Places among the activities in ascending time, with that time.
    order: Vec<(usize, f64)>,
}

/// One row's numbers.
struct Room<'a> {
    worker: VoxelWorker<'a>,
    y: Vec<f64>,
    sd: Vec<f64>,
    end: Vec<EndPoint>,
}

impl Room<'_> {
    /// What stands at the end of the row against an integral, as in the fit of a region.
    fn fault(&mut self, places: &Places, spec: &MapSpec) -> Option<EndFault> {
        self.end.clear();
        for &(i, t) in &places.order {
            let y = *self.y.get(i)?;
            if y > 0.0 {
                self.end.push((t, y, known_sd(y, self.sd.get(i).copied(), spec.error)));
            }
        }
        end_fault(&self.end, spec.physical_per_h)
    }
}

/// Fits every row of `input` and writes the columns that are not activities, then `tia` (unit of the activities times h),
/// `tia_sd`, `effective_half_life`, the parameters, `chi_square` and `status`. Numbers that the row does not determine
/// are left out; the status says why.
///
/// # Errors
/// [`MapError`]; the output is then not whole, and it is for the caller not to keep it.
pub fn run(
    input: impl Read,
    output: &mut impl Write,
    spec: &MapSpec,
    stop: &AtomicBool,
) -> Result<MapSummary, MapError> {
    let times: Vec<f64> = spec.activities.iter().map(|(_, t)| *t).collect();
    let fitter = VoxelFitter::new(
        spec.function,
        spec.physical_per_h,
        spec.injected,
        &times,
        spec.error,
        spec.seed,
    )
    .map_err(|e| MapError::Curve(Box::new(e)))?;
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(input);
    let header = reader.headers()?.clone();
    let places = places(&header, spec, &fitter)?;

    let mut first = csv::WriterBuilder::new().from_writer(Vec::new());
    let made = ["tia", "tia_sd", "effective_half_life (h)"];
    let names = fitter.names().iter().map(String::as_str);
    let columns = places
        .kept
        .iter()
        .filter_map(|&i| header.get(i))
        .chain(made)
        .chain(names)
        .chain(["chi_square", "status"]);
    first.write_record(columns)?;
    let bytes = first.into_inner().map_err(|e| MapError::Write(e.into_error()))?;
    output.write_all(&bytes).map_err(MapError::Write)?;

    let mut summary = MapSummary::default();
    let mut block: Vec<csv::ByteRecord> = Vec::with_capacity(BLOCK);
    let mut record = csv::ByteRecord::new();
    loop {
        block.clear();
        while block.len() < BLOCK && reader.read_byte_record(&mut record)? {
            block.push(record.clone());
        }
        if block.is_empty() {
            break;
        }
        if stop.load(Ordering::Relaxed) {
            return Err(MapError::Interrupted { rows: summary.rows });
        }
        let done: Vec<Result<(Vec<u8>, MapSummary), MapError>> = block
            .par_chunks(TASK)
            .map_init(
                || Room { worker: fitter.worker(), y: Vec::new(), sd: Vec::new(), end: Vec::new() },
                |room, rows| task(rows, &places, spec, fitter.names().len(), room),
            )
            .collect();
        for part in done {
            let (bytes, counts) = part?;
            output.write_all(&bytes).map_err(MapError::Write)?;
            summary.rows += counts.rows;
            summary.determined += counts.determined;
            summary.general += counts.general;
            for (status, n) in counts.by_status {
                *summary.by_status.entry(status).or_default() += n;
            }
        }
    }
    output.flush().map_err(MapError::Write)?;
    Ok(summary)
}

fn places(
    header: &csv::StringRecord,
    spec: &MapSpec,
    fitter: &VoxelFitter,
) -> Result<Places, MapError> {
    let place = |name: &str| {
        header.iter().position(|h| h == name).ok_or_else(|| MapError::NoColumn {
            name: name.to_owned(),
            known: header.iter().collect::<Vec<_>>().join(", "),
        })
    };
    let activities =
        spec.activities.iter().map(|(name, _)| place(name)).collect::<Result<Vec<_>, _>>()?;
    let sd = spec.sd.iter().map(|name| place(name)).collect::<Result<Vec<_>, _>>()?;
    let kept: Vec<usize> =
        (0..header.len()).filter(|i| !activities.contains(i) && !sd.contains(i)).collect();
    let made = ["tia", "tia_sd", "effective_half_life (h)", "chi_square", "status"];
    for &i in &kept {
        let name = header.get(i).unwrap_or_default();
        if made.contains(&name) || fitter.names().iter().any(|n| n == name) {
            return Err(MapError::Taken { name: name.to_owned() });
        }
    }
    let mut order: Vec<(usize, f64)> =
        spec.activities.iter().map(|(_, t)| *t).enumerate().collect();
    order.sort_by(|a, b| a.1.total_cmp(&b.1));
    Ok(Places { activities, sd, kept, order })
}

fn number(record: &csv::ByteRecord, at: usize) -> Option<f64> {
    std::str::from_utf8(record.get(at)?).ok()?.parse().ok()
}

fn task(
    rows: &[csv::ByteRecord],
    places: &Places,
    spec: &MapSpec,
    parameters: usize,
    room: &mut Room<'_>,
) -> Result<(Vec<u8>, MapSummary), MapError> {
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::with_capacity(rows.len() * 96));
    let mut counts = MapSummary::default();
    for record in rows {
        for &i in &places.kept {
            writer.write_field(record.get(i).unwrap_or_default())?;
        }
        room.y.clear();
        room.sd.clear();
        room.y.extend(places.activities.iter().filter_map(|&i| number(record, i)));
        room.sd.extend(places.sd.iter().filter_map(|&i| number(record, i)));
        let whole = room.y.len() == places.activities.len() && room.sd.len() == places.sd.len();
        let mut found = match whole {
            true => room.worker.fit(&room.y, &room.sd),
            false => RowFit::Failed("a cell is not a number"),
        };
        if let RowFit::Fitted { not_determined, .. } = &mut found
            && let Some(fault) = room.fault(places, spec)
        {
            *not_determined = Some(match fault {
                EndFault::Rises => "not determined: rises at its last measurement",
                EndFault::Slow { .. } => {
                    "not determined: falls more slowly than the nuclide decays"
                }
            });
        }
        counts.rows += 1;
        let status = match &found {
            RowFit::Fitted { not_determined: None, doubt, .. } => {
                counts.determined += 1;
                doubt.unwrap_or("ok")
            }
            RowFit::Fitted { not_determined: Some(reason), .. } | RowFit::Failed(reason) => reason,
        };
        *counts.by_status.entry(status).or_default() += 1;
        let mut cell = |value: Option<f64>| {
            writer.write_field(value.map_or_else(String::new, |v| significant(v, DIGITS)))
        };
        match &found {
            RowFit::Fitted {
                theta,
                tia,
                tia_sd,
                terminal_rate,
                chi_square,
                not_determined,
                general,
                ..
            } => {
                counts.general += u64::from(*general);
                let known = not_determined.is_none();
                let only = |v: f64| Some(v).filter(|_| known);
                cell(only(*tia))?;
                cell(tia_sd.filter(|_| known))?;
                cell(only(std::f64::consts::LN_2 / terminal_rate))?;
                for value in &theta[..parameters] {
                    cell(only(*value))?;
                }
                cell(Some(*chi_square))?;
            }
            RowFit::Failed(_) => {
                for _ in 0..parameters + 4 {
                    cell(None)?;
                }
            }
        }
        writer.write_field(status)?;
        writer.write_record(None::<&[u8]>)?;
    }
    let bytes = writer.into_inner().map_err(|e| MapError::Write(e.into_error()))?;
    Ok((bytes, counts))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> MapSpec {
        MapSpec {
            activities: vec![
                ("a4".to_owned(), 4.0),
                ("a24".to_owned(), 24.0),
                ("a96".to_owned(), 96.0),
            ],
            sd: Vec::new(),
            function: Function::named("mono").expect("a function"),
            physical_per_h: 0.004_346_7,
            injected: 1.0,
            error: ErrorModel::Proportional { cv: lutetia_fit::Magnitude::Fixed(0.1) },
            seed: 1,
        }
    }

    fn map(text: &str, spec: &MapSpec) -> Result<(String, MapSummary), MapError> {
        let mut out = Vec::new();
        let summary = run(text.as_bytes(), &mut out, spec, &AtomicBool::new(false))?;
        Ok((String::from_utf8(out).expect("text"), summary))
    }

    #[test]
    fn exact_rows_keep_their_order_and_say_how_they_went() {
        // Two noiseless exponentials (integral a/k: 100/0.02, 50/0.05), then what cannot be fitted.
        let row = |a: f64, k: f64| {
            [4.0, 24.0, 96.0].map(|t: f64| format!("{}", a * (-k * t).exp())).join(",")
        };
        let text = format!(
            "x,a4,a24,a96,note\n1,{},first\n2,{},\"a, b\"\n3,0,0,0,\n4,1,0,3,\n5,1,2,x,\n6,1,2,400,\n",
            row(100.0, 0.02),
            row(50.0, 0.05)
        );
        let (out, summary) = map(&text, &spec()).expect("a table");
        let mut reader = csv::Reader::from_reader(out.as_bytes());
        let header = reader.headers().expect("a header").clone();
        assert_eq!(
            header.iter().collect::<Vec<_>>(),
            [
                "x",
                "note",
                "tia",
                "tia_sd",
                "effective_half_life (h)",
                "a1",
                "lambda1",
                "chi_square",
                "status"
            ]
        );
        let rows: Vec<_> = reader.records().map(|r| r.expect("a row")).collect();
        let number = |r: usize, c: usize| rows[r][c].parse::<f64>().expect("a number");
        // Clean data are met whatever error is assumed. Six digits are printed.
        assert!((number(0, 2) / 5000.0 - 1.0).abs() < 2e-6, "{}", number(0, 2));
        assert!((number(1, 2) / 1000.0 - 1.0).abs() < 2e-6, "{}", number(1, 2));
        assert_eq!(&rows[1][1], "a, b");
        assert_eq!(&rows[0][8], "ok");
        assert_eq!(&rows[2][8], "no activity above 0");
        assert_eq!(&rows[3][8], "an activity of 0 or below under a proportional error");
        assert_eq!(&rows[4][8], "a cell is not a number");
        assert_eq!(&rows[4][2], "");
        assert_eq!(&rows[5][8], "not determined: rises at its last measurement");
        assert_eq!((summary.rows, summary.determined), (6, 2));
        assert_eq!(summary.by_status.values().sum::<u64>(), 6);
    }

    #[test]
    fn exact_faults_of_the_table_are_named() {
        let message = |text: &str| map(text, &spec()).expect_err("a fault").to_string();
        assert_eq!(
            message("x,a4,a24\n1,2,3\n"),
            "there is no column `a96`; the table has: x, a4, a24"
        );
        assert_eq!(
            message("a4,a24,a96\n1,2,3\n1,2\n"),
            "line 3 has 2 cells, expected 3 as the header has"
        );
        assert!(message("tia,a4,a24,a96\n1,2,3,4\n").starts_with("the column `tia` of the input"));
        let stopped =
            run("a4,a24,a96\n3,2,1\n".as_bytes(), &mut Vec::new(), &spec(), &AtomicBool::new(true));
        assert!(matches!(stopped, Err(MapError::Interrupted { rows: 0 })));
    }

    #[test]
    fn prop_same_bytes_on_any_number_of_threads() {
        let mut text = "i,a4,a24,a96\n".to_owned();
        for i in 0..3000 {
            let (a, k) = (10.0 + f64::from(i % 97), 0.006 + 1e-4 * f64::from(i % 41));
            let wobble = 1.0 + 0.05 * f64::from(i % 7 - 3);
            text += &format!(
                "{i},{},{},{}\n",
                a,
                a * (-20.0 * k).exp() * wobble,
                a * (-92.0 * k).exp()
            );
        }
        let on = |threads: usize| {
            let pool =
                rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            pool.install(|| map(&text, &spec()).expect("a table"))
        };
        assert_eq!(on(1), on(3));
    }
}
