//! How does a trial of any size go to disk, and go on after a kill?
//!
//! The places of the trial (patient × arm) are cut into chunks of fixed size. Each chunk is simulated,
//! written under a temporary name and renamed: a chunk is there whole or not at all. A run that starts
//! again on the same folder skips the chunks that are there, so that nothing is lost and nothing is done
//! twice. When all are there they are joined, in order, into one table. Memory holds the chunks in work
//! and nothing else. Nobody waits for the disk but at the end: a power cut may leave the name of a chunk without
//! its rows, so whoever goes on counts them.
//!
//! A folder belongs to one run, which `run.txt` names, and is held by one process at a time. The digest of the joined
//! table is written there before the table has its name: a table that is not as the run wrote it is not taken for its
//! result.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Read as _, Write as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::trial::{Failed, Record, Trial};
use table::{header, quoted, row};

mod table;

pub use table::{Counted, counted};

/// Places per chunk: a second or so of work, so that a kill costs little.
const CHUNK: usize = 256;

/// Name of the folder of chunks within the folder of a run.
const CHUNKS: &str = "chunks";

/// Name of the joined table.
const TABLE: &str = "patients.csv";

/// Name of the file that says what the chunks belong to.
const STAMP: &str = "run.txt";

/// Name of the file that the process at work holds.
const LOCK: &str = ".lock";

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
    /// The joined table could not be read.
    #[error("cannot read `{path}`: {}", source.kind())]
    Table {
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
    /// The folder holds results and does not say of which run.
    #[error(
        "`{path}` holds a `{what}` and no `run.txt` that says which run it is of, so it is not taken for this one's; \
         give another folder, or remove it"
    )]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// What it holds.
        what: &'static str,
    },
    /// The table is not as the run wrote it.
    #[error(
        "`{path}` is not as this run wrote it: found {found} bytes, expected {expected}{}; remove it to simulate it \
         again, or give another folder",
        if found == expected { " of another digest" } else { "" }
    )]
    Changed {
        /// The table.
        path: PathBuf,
        /// Its length.
        found: u64,
        /// The length it had.
        expected: u64,
    },
    /// Another process is at work in the folder.
    #[error("`{path}` is in use by another run; wait until it ends, or give another folder")]
    Busy {
        /// The folder.
        path: PathBuf,
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

/// A folder that this process holds for one run; released when dropped, or when the process ends, however it ends.
#[derive(Debug)]
pub struct Held {
    path: PathBuf,
    _lock: File,
}

impl Held {
    /// Holds a folder, which is made where it is missing.
    ///
    /// # Errors
    /// [`StreamError::Busy`] where another process holds it, [`StreamError::File`] where it cannot be made or written
    /// into.
    pub fn new(folder: &Path) -> Result<Self, StreamError> {
        make_folder(folder)?;
        let path = folder.join(LOCK);
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(failed_on(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { path: folder.to_owned(), _lock: file }),
            Err(fs::TryLockError::WouldBlock) => Err(StreamError::Busy { path: folder.to_owned() }),
            Err(fs::TryLockError::Error(e)) => Err(failed_on(&path)(e)),
        }
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Refuses, before any work, a folder whose run has an identity that begins otherwise, or that holds results of an
    /// unknown one.
    ///
    /// # Errors
    /// [`StreamError::Another`], [`StreamError::Foreign`], [`StreamError::File`].
    pub fn check(&self, beginning: &str) -> Result<(), StreamError> {
        match Stamp::read(&self.path)? {
            Some(stamp) if stamp.identity.starts_with(beginning) => Ok(()),
            Some(stamp) => Err(self.another(stamp, beginning)),
            None => self.nothing_of_others(),
        }
    }

    fn another(&self, stamp: Stamp, expected: &str) -> StreamError {
        StreamError::Another {
            path: self.path.clone(),
            found: stamp.identity,
            expected: expected.to_owned(),
        }
    }

    fn nothing_of_others(&self) -> Result<(), StreamError> {
        let foreign = |what| Err(StreamError::Foreign { path: self.path.clone(), what });
        if self.path.join(TABLE).exists() {
            return foreign(TABLE);
        }
        let chunks = fs::read_dir(self.path.join(CHUNKS));
        if chunks.is_ok_and(|mut entries| entries.next().is_some()) {
            return foreign(CHUNKS);
        }
        Ok(())
    }
}

/// What `run.txt` says: the run, and what its table is once it is joined.
#[derive(Debug)]
struct Stamp {
    identity: String,
    table: Option<(u64, String)>,
}

impl Stamp {
    fn read(folder: &Path) -> Result<Option<Self>, StreamError> {
        let path = folder.join(STAMP);
        // Not text where bytes were changed: the run of another identity.
        let text = match fs::read(&path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(failed_on(&path)(e)),
        };
        let mut lines = text.lines();
        let identity = lines.next().unwrap_or_default().trim().to_owned();
        let table = lines.next().and_then(|line| {
            let mut words = line.strip_prefix(TABLE)?.split_whitespace();
            let length = words.next()?.parse().ok()?;
            // `bytes`, then the digest, of which a truncated line has a part.
            let digest = words.nth(1).filter(|d| d.len() == 64)?;
            Some((length, digest.to_owned()))
        });
        Ok(Some(Self { identity, table }))
    }

    fn write(&self, folder: &Path) -> Result<(), StreamError> {
        let mut text = format!("{}\n", self.identity);
        if let Some((length, digest)) = &self.table {
            text.push_str(&format!("{TABLE} {length} bytes {digest}\n"));
        }
        write_whole(&folder.join(STAMP), text.as_bytes(), true)
    }
}

/// Runs a trial into `folder/patients.csv`. `identity` says in one line what the run is (hashes of model
/// and specification, seed): results of another identity are refused. Times in the
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
    stream_into(trial, &Held::new(folder)?, identity, stop, progress)
}

/// As [`stream`], into a folder that is held already.
///
/// # Errors
/// [`StreamError`].
pub fn stream_into(
    trial: &Trial<'_>,
    held: &Held,
    identity: &str,
    stop: &AtomicBool,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Streamed, StreamError> {
    let folder = held.path();
    let chunks = folder.join(CHUNKS);
    let table = folder.join(TABLE);
    let identity = identity.trim();
    let stamp = match Stamp::read(folder)? {
        Some(stamp) if stamp.identity == identity => stamp,
        Some(stamp) => return Err(held.another(stamp, identity)),
        None => {
            held.nothing_of_others()?;
            let stamp = Stamp { identity: identity.to_owned(), table: None };
            stamp.write(folder)?;
            stamp
        }
    };
    let places = Places::new(trial);
    let all = places.count.div_ceil(CHUNK);
    if table.is_file() {
        let (found, digest) = digest_of(&table)?;
        match &stamp.table {
            None => return Err(StreamError::Foreign { path: folder.to_owned(), what: TABLE }),
            Some((expected, own)) if found != *expected || digest != *own => {
                return Err(StreamError::Changed { path: table, found, expected: *expected });
            }
            Some(_) => {}
        }
        // Joined before, perhaps killed while the chunks were removed.
        remove_chunks(&chunks)?;
        return Ok(Streamed { table, simulated: 0, found: all, failed: 0 });
    }
    make_folder(&chunks)?;
    let beginning = |place: usize| {
        let (patient, arm) = places.get(place);
        format!("{patient},{},", quoted(&trial.spec().arms[arm].name))
    };
    let whole = |k: &usize| {
        let own = (k * CHUNK..((k + 1) * CHUNK).min(places.count)).map(beginning);
        is_whole(&chunk_path(&chunks, *k), own)
    };
    let missing: Vec<usize> = (0..all).filter(|k| !whole(k)).collect();
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
    join(trial, &chunks, all, &table, stamp, folder)?;
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

/// Whether a chunk has all its rows, each a line that begins with its patient and arm.
fn is_whole(path: &Path, rows: impl Iterator<Item = String>) -> bool {
    let Ok(text) = fs::read_to_string(path) else { return false };
    if !(text.ends_with('\n') || text.is_empty()) || text.contains('\0') {
        return false;
    }
    let mut lines = text.lines();
    rows.into_iter().all(|own| lines.next().is_some_and(|line| line.starts_with(&own)))
        && lines.next().is_none()
}

/// Length and SHA-256 of a file.
fn digest_of(path: &Path) -> Result<(u64, String), StreamError> {
    let mut file = File::open(path).map_err(failed_on(path))?;
    let (mut hasher, mut buffer, mut length) = (Sha256::new(), vec![0; 1 << 16], 0);
    loop {
        match file.read(&mut buffer).map_err(failed_on(path))? {
            0 => return Ok((length, hexadecimal(hasher))),
            n => {
                hasher.update(&buffer[..n]);
                length += n as u64;
            }
        }
    }
}

fn hexadecimal(hasher: Sha256) -> String {
    hasher.finalize().iter().map(|b| format!("{b:02x}")).collect()
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

fn join(
    trial: &Trial<'_>,
    chunks: &Path,
    all: usize,
    table: &Path,
    stamp: Stamp,
    folder: &Path,
) -> Result<(), StreamError> {
    let part = table.with_extension("part");
    let file = File::create(&part).map_err(failed_on(&part))?;
    let mut out = BufWriter::new(file);
    let (mut hasher, mut length) = (Sha256::new(), 0);
    let mut add = |bytes: &[u8]| {
        hasher.update(bytes);
        length += bytes.len() as u64;
        out.write_all(bytes).map_err(failed_on(&part))
    };
    add(header(trial).as_bytes())?;
    for k in 0..all {
        let path = chunk_path(chunks, k);
        add(&fs::read(&path).map_err(failed_on(&path))?)?;
    }
    out.into_inner()
        .map_err(io::IntoInnerError::into_error)
        .and_then(|file| file.sync_data())
        .map_err(failed_on(&part))?;
    // First what the table will be, then the table: one without the other is never taken for a result.
    Stamp { table: Some((length, hexadecimal(hasher))), ..stamp }.write(folder)?;
    fs::rename(&part, table).map_err(failed_on(table))
}
