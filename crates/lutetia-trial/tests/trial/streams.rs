//! Trials on disk: nothing lost, nothing twice.

use std::{
    fs,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

use lutetia_trial::{
    Arm, Trial,
    stream::{Held, StreamError, stream},
};

use crate::trials::{chain, spec, treated};

fn arms() -> Vec<Arm> {
    vec![treated("Lu, 7.4 GBq", 7400.0, 500), Arm::untreated("control", 300)]
}

/// What a run that nothing stops writes.
fn whole(trial: &Trial<'_>) -> String {
    let folder = tempfile::tempdir().unwrap();
    let stop = AtomicBool::new(false);
    let done = stream(trial, folder.path(), "run 1", &stop, &|_, _| ()).unwrap();
    assert_eq!((done.simulated, done.found, done.failed), (4, 0, 0));
    assert!(!folder.path().join("chunks").exists());
    fs::read_to_string(done.table).unwrap()
}

#[test]
fn exact_an_interrupted_run_goes_on_and_ends_as_if_nothing_had_happened() {
    let (simulator, population) = chain();
    let trial = Trial::new(&simulator, &population, spec(arms())).unwrap();
    let expected = whole(&trial);
    // One row per place, in order, none twice.
    let mut seen = std::collections::BTreeSet::new();
    for record in csv::Reader::from_reader(expected.as_bytes()).records() {
        let record = record.unwrap();
        assert!(seen.insert((record[0].to_owned(), record[1].to_owned())));
        assert_eq!(&record[2], "ok");
    }
    assert_eq!(seen.len(), 800);

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    // One thread, stopped in the second chunk.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let (stop, calls) = (AtomicBool::new(false), AtomicUsize::new(0));
    let count = |_, _| {
        if calls.fetch_add(1, Ordering::SeqCst) == 1 {
            stop.store(true, Ordering::SeqCst);
        }
    };
    let ended = pool.install(|| stream(&trial, path, "run 1", &stop, &count));
    assert!(matches!(ended, Err(StreamError::Interrupted { done: 1, all: 4 })), "{ended:?}");
    // A kill leaves a half-written chunk under another name, and perhaps a half-joined table.
    fs::write(path.join("chunks/0000002.part"), "7,Lu").unwrap();
    fs::write(path.join("patients.part"), "patient,arm").unwrap();
    stop.store(false, Ordering::SeqCst);
    let done = stream(&trial, path, "run 1", &stop, &|_, _| ()).unwrap();
    assert_eq!((done.found, done.simulated), (1, 3));
    assert!(fs::read_to_string(&done.table).unwrap() == expected);
    // Again: nothing is done twice.
    let again = stream(&trial, path, "run 1", &stop, &|_, _| ()).unwrap();
    assert_eq!((again.found, again.simulated), (4, 0));
    // Another run does not mix with it.
    let other = stream(&trial, path, "run 2", &stop, &|_, _| ());
    assert!(matches!(other, Err(StreamError::Another { .. })), "{other:?}");
}

#[test]
fn exact_whoever_fails_has_a_row_with_the_reason() {
    let overflowing =
        crate::build::CHAIN.replace("h0*(M/M0)^link", "h0*exp(100*k_grow/h_lesion*link*M/M0)");
    let (model, system) = crate::build::model(&overflowing);
    let cohort = lutetia_trial::CohortSpec::default();
    let population = lutetia_trial::Population::new(&model, &system, &cohort).unwrap();
    let simulator = lutetia_sim::Simulator::new(system);
    let trial = Trial::new(&simulator, &population, spec(vec![Arm::untreated("a", 30)])).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let stop = AtomicBool::new(false);
    let done = stream(&trial, folder.path(), "run", &stop, &|_, _| ()).unwrap();
    let text = fs::read_to_string(done.table).unwrap();
    let rows: Vec<csv::StringRecord> =
        csv::Reader::from_reader(text.as_bytes()).records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 30);
    let failed = rows.iter().filter(|r| &r[2] != "ok").count();
    assert!(failed > 0 && failed == done.failed);
    assert!(rows.iter().filter(|r| &r[2] != "ok").all(|r| r[2].len() > 20 && r[3].is_empty()));
}

/// What a power cut may leave: names of chunks with zeros, with half of their rows, with none.
#[test]
fn exact_chunks_without_their_rows_are_simulated_again() {
    let (simulator, population) = chain();
    let trial = Trial::new(&simulator, &population, spec(arms())).unwrap();
    let expected = whole(&trial);
    let body = expected.split_once('\n').unwrap().1;
    let lines: Vec<&str> = body.split_inclusive('\n').collect();
    let folder = tempfile::tempdir().unwrap();
    let chunks = folder.path().join("chunks");
    fs::create_dir_all(&chunks).unwrap();
    let write = |k: usize, text: &str| fs::write(chunks.join(format!("{k:07}.csv")), text).unwrap();
    write(0, &lines[..256].concat().replace(|c| c != '\n', "\0"));
    write(1, &lines[256..400].concat());
    write(2, &lines[512..768].concat());
    write(3, "");
    fs::write(folder.path().join("run.txt"), "run 1\n").unwrap();
    let stop = AtomicBool::new(false);
    let done = stream(&trial, folder.path(), "run 1", &stop, &|_, _| ()).unwrap();
    assert_eq!((done.found, done.simulated), (1, 3));
    assert!(fs::read_to_string(done.table).unwrap() == expected);
}

/// The property of a folder: whatever it lacks, the end is the table of a run nobody disturbed, or a refusal.
fn ends_well(trial: &Trial<'_>, path: &std::path::Path, expected: &str, what: &str) -> bool {
    let stop = AtomicBool::new(false);
    match stream(trial, path, "run 1", &stop, &|_, _| ()) {
        Ok(done) => {
            assert!(fs::read_to_string(done.table).unwrap() == expected, "{what}");
            true
        }
        Err(
            StreamError::Another { .. } | StreamError::Foreign { .. } | StreamError::Changed { .. },
        ) => false,
        Err(other) => panic!("{what}: {other}"),
    }
}

#[test]
fn prop_a_truncated_file_is_refused_or_made_again() {
    let (simulator, population) = chain();
    let few = vec![treated("Lu, 7.4 GBq", 7400.0, 300), Arm::untreated("control", 40)];
    let mut short = spec(few);
    (short.follow_up, short.accrual) = (60.0, 0.0);
    let trial = Trial::new(&simulator, &population, short).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let stop = AtomicBool::new(false);
    let done = stream(&trial, path, "run 1", &stop, &|_, _| ()).unwrap();
    let expected = fs::read_to_string(&done.table).unwrap();
    let stamp = fs::read_to_string(path.join("run.txt")).unwrap();
    let line_ends = expected.match_indices('\n').map(|(k, _)| k + 1);
    let table_cuts: Vec<usize> =
        line_ends.step_by(60).chain([0, 1, 7_777, expected.len() - 1]).collect();
    for cut in table_cuts.into_iter().filter(|c| *c < expected.len()) {
        fs::write(&done.table, &expected[..cut]).unwrap();
        assert!(!ends_well(&trial, path, &expected, &format!("table cut at {cut}")));
        // Nothing of it was thrown away.
        assert_eq!(fs::read_to_string(&done.table).unwrap(), expected[..cut]);
    }
    // As long as it was, with another digit.
    fs::write(&done.table, expected.replacen("ok,6", "ok,5", 1).replacen("ok,5", "ok,4", 1))
        .unwrap();
    assert!(!ends_well(&trial, path, &expected, "changed"));
    fs::write(&done.table, &expected).unwrap();
    for cut in 0..stamp.len() {
        fs::write(path.join("run.txt"), &stamp[..cut]).unwrap();
        let well = ends_well(&trial, path, &expected, &format!("run.txt cut at {cut}"));
        // The last line end alone says nothing.
        assert_eq!(well, cut + 1 == stamp.len(), "{cut}");
    }
    fs::write(path.join("run.txt"), &stamp).unwrap();
    assert!(ends_well(&trial, path, &expected, "as it was"));

    // Chunks: what is missing of them is simulated again.
    let body = expected.split_once('\n').unwrap().1;
    let lines: Vec<&str> = body.split_inclusive('\n').collect();
    let (first, second) = (lines[..256].concat(), lines[256..].concat());
    for cut in [0, 1, 500, first.len() - 1, first.rfind("\n255,").unwrap() + 1] {
        fs::remove_file(&done.table).unwrap();
        fs::create_dir_all(path.join("chunks")).unwrap();
        fs::write(path.join("chunks/0000000.csv"), &first[..cut]).unwrap();
        // Right as a number of lines, of other patients.
        let others = second.replace("\n3", "\n4");
        fs::write(path.join("chunks/0000001.csv"), others).unwrap();
        assert!(ends_well(&trial, path, &expected, &format!("chunk cut at {cut}")));
    }
}

#[test]
fn exact_results_of_nobody_knows_whom_are_refused() {
    let (simulator, population) = chain();
    let trial = Trial::new(&simulator, &population, spec(arms())).unwrap();
    let stop = AtomicBool::new(false);
    for what in ["patients.csv", "chunks/0000000.csv"] {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("chunks")).unwrap();
        fs::write(folder.path().join(what), "patient,arm\n").unwrap();
        let ended = stream(&trial, folder.path(), "run 1", &stop, &|_, _| ());
        assert!(matches!(ended, Err(StreamError::Foreign { .. })), "{ended:?}");
        assert_eq!(fs::read_to_string(folder.path().join(what)).unwrap(), "patient,arm\n");
        assert!(!folder.path().join("run.txt").exists());
    }
}

#[test]
fn exact_a_folder_has_one_run_at_a_time() {
    let (simulator, population) = chain();
    let trial = Trial::new(&simulator, &population, spec(arms())).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let stop = AtomicBool::new(true);
    let held = Held::new(folder.path()).unwrap();
    let second = stream(&trial, folder.path(), "run 1", &stop, &|_, _| ());
    assert!(matches!(second, Err(StreamError::Busy { .. })), "{second:?}");
    // The file stays; whoever held it does not.
    drop(held);
    assert!(folder.path().join(".lock").exists());
    let third = stream(&trial, folder.path(), "run 1", &stop, &|_, _| ());
    assert!(matches!(third, Err(StreamError::Interrupted { .. })), "{third:?}");
}
