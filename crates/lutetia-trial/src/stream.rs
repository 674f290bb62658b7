//! How does a trial of any size go to disk, and go on after a kill?
//!
//! The places of the trial (patient × arm) are cut into chunks of fixed size. Each chunk is simulated,
//! written under a temporary name and renamed: a chunk is there whole or not at all. A run that starts
//! again on the same folder skips the chunks that are there, so that nothing is lost and nothing is done
//! twice. When all are there they are joined, in order, into one table. Memory holds the chunks in work
//! and nothing else. Nobody waits for the disk but at the end: a power cut may leave the name of a chunk without
//! its rows, so whoever goes on counts them.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

use lutetia_outcome::endpoint::BestResponse;
use rayon::prelude::*;

use crate::trial::{Failed, Record, Trial};

/// Places per chunk: a second or so of work, so that a kill costs little.
const CHUNK: usize = 256;

/// Name of the folder of chunks within the folder of a run.
const CHUNKS: &str = "chunks";

/// Name of the joined table.
const TABLE: &str = "patients.csv";

/// Name of the file that says what the chunks belong to.
const STAMP: &str = "run.txt";

/// Why a streamed run ended early.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// A file could not be written or read.
    #[error("cannot write `{path}`: {}", source.kind())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The folder holds another run.
    #[error(
        "`{path}` holds the chunks of another run: found `{found}`, expected `{expected}`; give another \
         folder, or remove this one"
    )]
    Another {
        /// The folder.
        path: PathBuf,
        /// What it says.
        found: String,
        /// What this run is.
        expected: String,
    },
    /// Stopped by the user.
    #[error("interrupted after {done} of {all} chunks; the same command goes on from there")]
    Interrupted {
        /// Chunks on disk.
        done: usize,
        /// Chunks of the run.
        all: usize,
    },
}

/// What a streamed run did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Streamed {
    /// The joined table.
    pub table: PathBuf,
    /// Chunks simulated now.
    pub simulated: usize,
    /// Chunks that were there.
    pub found: usize,
    /// Places that could not be simulated, in the chunks simulated now.
    pub failed: usize,
}

/// Runs a trial into `folder/patients.csv`. `identity` says in one line what the run is (hashes of model
/// and specification, seed): chunks of another identity are refused. Times in the
/// table are days. `progress` is called with the chunks done and all chunks.
///
/// # Errors
/// [`StreamError`].
pub fn stream(
    trial: &Trial<'_>,
    folder: &Path,
    identity: &str,
    stop: &AtomicBool,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Streamed, StreamError> {
    let chunks = folder.join(CHUNKS);
    let table = folder.join(TABLE);
    make_folder(folder)?;
    stamp(folder, identity)?;
    let places = Places::new(trial);
    let all = places.count.div_ceil(CHUNK);
    if table.is_file() {
        // Joined before, perhaps killed while the chunks were removed.
        remove_chunks(&chunks)?;
        return Ok(Streamed { table, simulated: 0, found: all, failed: 0 });
    }
    make_folder(&chunks)?;
    let rows = |k: usize| CHUNK.min(places.count - k * CHUNK);
    let missing: Vec<usize> =
        (0..all).filter(|k| !is_whole(&chunk_path(&chunks, *k), rows(*k))).collect();
    let found = all - missing.len();
    let done = AtomicUsize::new(found);
    let failed = AtomicUsize::new(0);
    progress(found, all);
    missing.par_iter().try_for_each(|&k| {
        // Whoever is done with a chunk helps with the patients of another: the last ones are a second of work
        // that all threads would wait for.
        let results: Option<Vec<Result<Record, Failed>>> = (k * CHUNK
            ..((k + 1) * CHUNK).min(places.count))
            .into_par_iter()
            .map(|place| {
                let (patient, arm) = places.get(place);
                (!stop.load(Ordering::Relaxed)).then(|| trial.one(patient, arm))
            })
            .collect();
        let results = results
            .ok_or_else(|| StreamError::Interrupted { done: done.load(Ordering::Relaxed), all })?;
        let mut rows = Vec::new();
        for result in &results {
            failed.fetch_add(usize::from(result.is_err()), Ordering::Relaxed);
            row(trial, result, &mut rows);
        }
        write_whole(&chunk_path(&chunks, k), &rows, false)?;
        progress(done.fetch_add(1, Ordering::Relaxed) + 1, all);
        Ok(())
    })?;
    join(trial, &chunks, all, &table)?;
    remove_chunks(&chunks)?;
    Ok(Streamed { table, simulated: missing.len(), found, failed: failed.into_inner() })
}

/// The places of a trial without a list of them.
struct Places {
    arms: Vec<(u64, usize)>,
    count: usize,
}

impl Places {
    fn new(trial: &Trial<'_>) -> Self {
        let arms: Vec<(u64, usize)> =
            trial.spec().arms.iter().map(|a| (a.first, a.patients)).collect();
        let count = arms.iter().map(|a| a.1).sum();
        Self { arms, count }
    }

    fn get(&self, mut place: usize) -> (u64, usize) {
        for (arm, (first, patients)) in self.arms.iter().enumerate() {
            if place < *patients {
                return (first + place as u64, arm);
            }
            place -= patients;
        }
        (0, 0)
    }
}

fn chunk_path(chunks: &Path, k: usize) -> PathBuf {
    chunks.join(format!("{k:07}.csv"))
}

/// The header of the joined table.
fn header(trial: &Trial<'_>) -> String {
    let mut names: Vec<String> = [
        "patient",
        "arm",
        "status",
        "survival_d",
        "died",
        "progression_free_d",
        "progressed",
        "progression_left_d",
        "progression_right_d",
        "crossed_d",
        "cycles",
        "response",
        "best_size",
        "best_marker",
    ]
    .map(str::to_owned)
    .to_vec();
    let meaning = &trial.spec().meaning;
    if meaning.marker_visits.is_some() {
        names.extend(["marker_free_d", "marker_progressed", "marker_halved"].map(str::to_owned));
    }
    names.extend(meaning.toxicities.iter().map(|t| format!("grade {}", t.name)));
    names.extend(meaning.keep.iter().cloned());
    let mut text = names.iter().map(|n| quoted(n)).collect::<Vec<_>>().join(",");
    text.push('\n');
    text
}

fn row(trial: &Trial<'_>, result: &Result<Record, Failed>, rows: &mut Vec<u8>) {
    let arm = |index: usize| trial.spec().arms.get(index).map_or("", |a| a.name.as_str());
    let optional = |x: Option<f64>| x.map_or_else(String::new, |x| x.to_string());
    let cells: Vec<String> = match result {
        Ok(r) => {
            let mut cells = vec![
                r.patient.to_string(),
                quoted(arm(r.arm)),
                "ok".to_owned(),
                r.survival.0.to_string(),
                u8::from(r.survival.1).to_string(),
                r.progression_free.0.to_string(),
                u8::from(r.progression_free.1).to_string(),
                r.progression_free_interval().0.to_string(),
                optional(Some(r.progression_free_interval().1).filter(|t| t.is_finite())),
                optional(r.crossed_at),
                r.cycles.to_string(),
                response(r.response).to_owned(),
                optional(r.best_size),
                optional(r.best_marker),
            ];
            if trial.spec().meaning.marker_visits.is_some() {
                cells.push(optional(r.marker_free.map(|m| m.0)));
                let flag =
                    |x: Option<bool>| x.map_or_else(String::new, |yes| u8::from(yes).to_string());
                cells.extend([flag(r.marker_free.map(|m| m.1)), flag(r.marker_halved)]);
            }
            cells.extend(r.grades.iter().map(u8::to_string));
            let outputs = trial.kept_in_declared_units(&r.kept);
            cells.extend(outputs.iter().map(f64::to_string));
            cells
        }
        Err(f) => vec![f.patient.to_string(), quoted(arm(f.arm)), quoted(&f.reason)],
    };
    let commas = header(trial).matches(',').count();
    let mut line = cells.join(",");
    // A failed place has empty cells to the end, so that every row has the same width.
    for _ in cells.len()..=commas {
        line.push(',');
    }
    line.push('\n');
    rows.extend_from_slice(line.as_bytes());
}

/// `CR`, `PR`, `SD`, `PD`, `NE`.
#[must_use]
pub fn response(best: BestResponse) -> &'static str {
    match best {
        BestResponse::Complete => "CR",
        BestResponse::Partial => "PR",
        BestResponse::Stable => "SD",
        BestResponse::Progressive => "PD",
        BestResponse::NotEvaluable => "NE",
    }
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\"").replace(['\n', '\r'], " "))
    } else {
        text.to_owned()
    }
}

fn failed_on(path: &Path) -> impl Fn(io::Error) -> StreamError + '_ {
    move |source| StreamError::File { path: path.to_owned(), source }
}

fn make_folder(path: &Path) -> Result<(), StreamError> {
    fs::create_dir_all(path).map_err(failed_on(path))
}

fn remove_chunks(path: &Path) -> Result<(), StreamError> {
    match fs::remove_dir_all(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(failed_on(path)(e)),
        _ => Ok(()),
    }
}

/// Whether a chunk has all its rows, each a line.
fn is_whole(path: &Path, rows: usize) -> bool {
    fs::read(path).is_ok_and(|bytes| {
        let lines = bytes.iter().filter(|b| **b == b'\n').count();
        lines == rows && bytes.ends_with(b"\n") && !bytes.contains(&0)
    })
}

/// Writes under another name, where asked waits until it is on the disk, and renames.
fn write_whole(path: &Path, bytes: &[u8], sync: bool) -> Result<(), StreamError> {
    let part = path.with_extension("part");
    File::create(&part)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            if sync { file.sync_data() } else { Ok(()) }
        })
        .map_err(failed_on(&part))?;
    fs::rename(&part, path).map_err(failed_on(path))
}

/// Refuses the folder of another run; marks it as that of this one.
fn stamp(folder: &Path, identity: &str) -> Result<(), StreamError> {
    let path = folder.join(STAMP);
    let identity = identity.trim();
    match fs::read_to_string(&path) {
        Ok(found) if found.trim() == identity => Ok(()),
        Ok(found) => Err(StreamError::Another {
            path: folder.to_owned(),
            found: found.trim().to_owned(),
            expected: identity.to_owned(),
        }),
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            write_whole(&path, format!("{identity}\n").as_bytes(), true)
        }
        Err(e) => Err(failed_on(&path)(e)),
    }
}

fn join(trial: &Trial<'_>, chunks: &Path, all: usize, table: &Path) -> Result<(), StreamError> {
    let part = table.with_extension("part");
    let file = File::create(&part).map_err(failed_on(&part))?;
    let mut out = BufWriter::new(file);
    out.write_all(header(trial).as_bytes()).map_err(failed_on(&part))?;
    for k in 0..all {
        let path = chunk_path(chunks, k);
        let mut chunk = File::open(&path).map_err(failed_on(&path))?;
        io::copy(&mut chunk, &mut out).map_err(failed_on(&part))?;
    }
    out.into_inner()
        .map_err(io::IntoInnerError::into_error)
        .and_then(|file| file.sync_data())
        .map_err(failed_on(&part))?;
    fs::rename(&part, table).map_err(failed_on(table))
}
