//! Our fit of many curves beside SciPy's `curve_fit` and PyTheranostics, in one run on the same rows.

use std::{fmt::Write as _, fs, process::Command, time::Instant};

use anyhow::{Context as _, Result, ensure};

use crate::workspace;

/// Times of the measurements, h.
const TIMES: [f64; 4] = [4.0, 24.0, 72.0, 120.0];

/// Rows that SciPy fits.
const ROWS: usize = 2000;

/// How often the same rows are given to `fit-map`.
const REPEATED: usize = 100;

/// Physical rate of 177Lu, 1/h.
const PHYSICAL: f64 = std::f64::consts::LN_2 / (6.6443 * 24.0);

const SCRIPT: &str = include_str!("scipy_peers.py");

/// Prints microseconds per fit of each, the ratio, and how far the integrals lie apart. Says why where a peer is absent.
pub(crate) fn run() -> Result<()> {
    let folder = workspace::root().join("target").join("peers");
    fs::create_dir_all(&folder).context("a folder for the rows")?;
    let (small, large) = (folder.join("rows.csv"), folder.join("many_rows.csv"));
    let rows = rows();
    let header = "i,a0,a1,a2,a3,s0,s1,s2,s3\n";
    fs::write(&small, format!("{header}{rows}")).context("the rows")?;
    fs::write(&large, format!("{header}{}", rows.repeat(REPEATED))).context("the rows")?;

    println!();
    println!("one exponential through four points with standard deviations, per fit, in one run");
    let out = folder.join("integrals.csv");
    let cargo = |arguments: &[&str]| {
        Command::new(workspace::cargo()).args(arguments).current_dir(workspace::root()).status()
    };
    let built = cargo(&["build", "--release", "--locked", "--package", "lutetia"])?;
    ensure!(built.success(), "the command does not build");
    let mut command = Command::new(workspace::root().join("target/release/lutetia"));
    command.arg("fit-map").arg(&large).args(["--nuclide", "Lu-177", "--function", "mono"]);
    for (i, t) in TIMES.iter().enumerate() {
        command.arg("--activity").arg(format!("a{i}={t} h")).arg("--sd").arg(format!("s{i}"));
    }
    let start = Instant::now();
    let status = command.arg("--out").arg(&out).status().context("lutetia fit-map")?;
    let ours = start.elapsed().as_secs_f64() / (ROWS * REPEATED) as f64 * 1e6;
    ensure!(status.success(), "`lutetia fit-map` fails");
    println!("{ours:12.3} µs  lutetia fit-map, all threads, reading and writing CSV included");

    let python = std::env::var("LUTETIA_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let times: Vec<String> = TIMES.iter().map(f64::to_string).collect();
    let output = Command::new(&python)
        .args(["-c", SCRIPT])
        .arg(&small)
        .args([times.join(","), PHYSICAL.to_string()])
        .output();
    let text = match output {
        Ok(o) if o.status.success() => String::from_utf8_lossy(&o.stdout).into_owned(),
        Ok(o) => {
            println!("skipped: {python} fails: {}", String::from_utf8_lossy(&o.stderr).trim());
            return Ok(());
        }
        Err(e) => {
            println!("skipped: {python} cannot be started: {e}");
            return Ok(());
        }
    };
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["scipy", version, each] => {
                let each: f64 = each.parse().context("a time of SciPy")?;
                println!("{each:12.3} µs  SciPy {version} curve_fit, one thread");
                println!("{:12.1}     SciPy over lutetia", each / ours);
            }
            ["pytheranostics", version, each] => {
                let each: f64 = each.parse().context("a time of PyTheranostics")?;
                println!(
                    "{each:12.3} µs  PyTheranostics {version} fit_tac, unweighted, one thread"
                );
                println!("{:12.1}     PyTheranostics over lutetia", each / ours);
            }
            ["tia", list] => {
                println!(
                    "{:12.1e}     largest relative difference of the integrals",
                    apart(list, &out)?
                );
            }
            _ => println!("{line}"),
        }
    }
    Ok(())
}

/// Exponentials with reproducible scatter of some per cent.
fn rows() -> String {
    let mut text = String::new();
    for i in 0..ROWS {
        let (a, k) = (20.0 + (i % 97) as f64, PHYSICAL + 0.003 + 1e-4 * (i % 83) as f64);
        let y: Vec<f64> = TIMES
            .iter()
            .enumerate()
            .map(|(j, t)| a * (-k * t).exp() * (1.0 + 0.05 * ((i * 7 + j * 13) as f64).sin()))
            .collect();
        let cells: Vec<String> =
            y.iter().map(f64::to_string).chain(y.iter().map(|v| (0.1 * v).to_string())).collect();
        let _ = writeln!(text, "{i},{}", cells.join(","));
    }
    text
}

/// The largest relative difference of SciPy's integrals from ours.
fn apart(list: &str, ours: &std::path::Path) -> Result<f64> {
    let text = fs::read_to_string(ours).context("our integrals")?;
    let mut largest = 0.0_f64;
    for (theirs, line) in list.split(',').zip(text.lines().skip(1)) {
        let theirs: f64 = theirs.parse().context("an integral of SciPy")?;
        let mine: f64 =
            line.split(',').nth(1).unwrap_or_default().parse().context("an integral of ours")?;
        largest = largest.max((theirs / mine - 1.0).abs());
    }
    Ok(largest)
}
