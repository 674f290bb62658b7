//! `cargo xtask bench-peers`: our benches beside what other solvers were measured at.

use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

use crate::workspace;

/// A figure of another solver, measured once and typed in.
struct Recorded {
    what: &'static str,
    ms: f64,
}

/// A receptor model of 62 states (hot and cold ligand, 12 organs, 3 with receptors), bolus of
/// 100 nmol, 7 days, 200 outputs, rtol 1e-6, atol 1e-9. Thread-CPU time, minimum over interleaved
/// rounds, on 2 vCPU of an AMD EPYC (Zen 4 class), Rust 1.95, GCC 12, Debian 12; section 3-4 of the
/// project's measurements of solvers (`reference/numerics.md` beside the repository).
const RECORDED: &[Recorded] = &[
    Recorded { what: "SciPy solve_ivp BDF, numpy right-hand side", ms: 89.0 },
    Recorded { what: "pharmsol 0.29 bdf", ms: 10.7 },
    Recorded { what: "libRoadRunner 2.10 (CVODE)", ms: 6.0 },
    Recorded { what: "AMICI 1.0.1 (CVODES, KLU)", ms: 4.1 },
    Recorded { what: "CVODE 6.4 of Debian, C, KLU", ms: 3.6 },
    Recorded { what: "diffsol 0.18 BDF, closures, dense nalgebra", ms: 2.12 },
    Recorded { what: "diffsol 0.18 BDF, closures, sparse faer", ms: 1.28 },
    Recorded { what: "CVODE 7.5 -O3, C, KLU", ms: 0.88 },
    Recorded { what: "diffsol 0.18 BDF, closures, static LU plug-in", ms: 0.78 },
    Recorded { what: "diffsol 0.18 BDF, own Jacobian and generated LU", ms: 0.60 },
    Recorded { what: "hand-written Rodas4 with generated LU", ms: 0.41 },
];

/// Runs the benches of every crate that has some and prints their medians beside the record.
pub(crate) fn run() -> Result<()> {
    let metadata = workspace::metadata()?;
    let mut medians = Vec::new();
    for package in metadata.workspace_packages() {
        if !package.targets.iter().any(cargo_metadata::Target::is_bench) {
            continue;
        }
        eprintln!("benches of {} …", package.name);
        let output = Command::new(workspace::cargo())
            .args(["bench", "--locked", "--benches", "--package", package.name.as_str()])
            .current_dir(workspace::root())
            .stderr(std::process::Stdio::inherit())
            .output()
            .context("cargo bench")?;
        ensure!(output.status.success(), "the benches of `{}` fail", package.name);
        let text = String::from_utf8_lossy(&output.stdout);
        medians.extend(
            text.lines()
                .filter_map(median)
                .map(|(name, ms)| (format!("{}: {name}", package.name), ms)),
        );
    }
    if medians.is_empty() {
        bail!("no crate has a bench that printed a median");
    }
    println!("medians, this machine, now");
    for (name, ms) in &medians {
        println!("{ms:12.4} ms  {name}");
    }
    println!();
    println!("recorded for 62 states, 7 days, 200 outputs, rtol 1e-6 on another machine");
    println!("(2 vCPU AMD EPYC Zen 4; minimum of thread-CPU time): trust ratios within the list");
    for recorded in RECORDED {
        println!("{:12.4} ms  {}", recorded.ms, recorded.what);
    }
    crate::scipy::run()
}

/// Name and median in ms of a line of divan's table:
/// `├─ name  fastest │ slowest │ median │ mean │ samples │ iters`.
fn median(line: &str) -> Option<(String, f64)> {
    let mut columns = line.split('│').map(str::trim).collect::<Vec<_>>();
    // A nested line begins with rules of its own; they are not columns.
    columns.retain(|column| !column.is_empty());
    let [first, _, median, _, _, _] = columns.as_slice() else { return None };
    let name = first.trim_start_matches(['├', '╰', '─', ' ']).split_whitespace().next()?;
    let (value, unit) = median.split_once(' ')?;
    let value: f64 = value.parse().ok()?;
    let ms = match unit.trim() {
        "ns" => value * 1e-6,
        "µs" => value * 1e-3,
        "ms" => value,
        "s" => value * 1e3,
        _ => return None,
    };
    Some((name.to_owned(), ms))
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn exact_medians_are_read_from_a_table() {
        let line = "├─ compile_200   1.9 ms        │ 5 ms          │ 2.5 ms        │ 2.6 ms        │ 100     │ 100";
        let (name, ms) = median(line).expect("a row of the table");
        assert_eq!(name, "compile_200");
        assert!((ms - 2.5).abs() < 1e-12, "{ms}");
        let nested = "│  ╰─ 60         900 ns        │ 1 µs          │ 950 ns        │ 1 µs          │ 100     │ 6400";
        let (name, ms) = median(nested).expect("a nested row");
        assert_eq!(name, "60");
        // 950 ns in ms, up to the rounding of one product.
        assert!((ms - 9.5e-4).abs() < 1e-15, "{ms}");
        assert_eq!(median("sim   fastest │ slowest │ median │ mean │ samples │ iters"), None);
    }
}
