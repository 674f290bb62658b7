//! One run of the command.

use std::{ffi::OsStr, path::Path};

use assert_cmd::cargo::cargo_bin_cmd;

/// What a run leaves a user with.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// All of it in one text.
    pub(crate) fn shown(&self) -> String {
        self.shown_to(usize::MAX)
    }

    /// The same with that many lines of standard output.
    pub(crate) fn shown_to(&self, lines: usize) -> String {
        let code = self.code.map_or_else(|| "none".to_owned(), |code| code.to_string());
        let stdout: String = self.stdout.split_inclusive('\n').take(lines).collect();
        format!(
            "exit code: {code}\n----- stdout -----\n{stdout}----- stderr -----\n{}",
            self.stderr
        )
    }
}

/// Runs the command in `folder`, whatever the terminal of whoever tests.
pub(crate) fn run<A: AsRef<OsStr>>(folder: &Path, arguments: &[A]) -> Ran {
    let output = cargo_bin_cmd!("lutetia")
        .current_dir(folder)
        .args(arguments)
        .env_remove("NO_COLOR")
        .env_remove("COLUMNS")
        .env("TERM", "xterm")
        .output()
        .expect("the command starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is UTF-8");
    Ran { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}
