//! From the text of a model file to a checked [`Model`].
//!
//! ```text
//! TOML ─► tree (every value with its place) ─► declarations (organ templates expanded)
//!      ─► names ─► expressions with every name resolved and every dimension verified ─► Model
//! ```
//!
//! Checking never stops at the first fault: each part reports what is wrong with it and the rest
//! goes on, so that one run shows all faults of a file.

mod build;
mod code;
mod declare;
mod fields;
pub(crate) mod keys;
mod names;
mod organs;
mod population;
mod scheme;
mod syntax;
mod text;
mod tree;

use lutetia_diagnostic::{Diagnostic, Sources, Span, has_errors};
use lutetia_units::UnitSystem;

use crate::model::Model;

/// Largest model file or organ table, bytes.
pub(super) const LARGEST_FILE: usize = 1 << 20;

/// A model file: its text under the name the user knows it by.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// Name shown in diagnostics.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// Gives the text of a file beside the model (an organ table).
pub trait Resolve {
    /// The text of the file of that name, or `None` where there is none.
    fn resolve(&self, name: &str) -> Option<String>;
}

/// No files beside the model.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoFiles;

impl Resolve for NoFiles {
    fn resolve(&self, _name: &str) -> Option<String> {
        None
    }
}

/// What checking a file gives: a model where there is no error, and all diagnostics.
#[derive(Debug, Clone)]
pub struct Checked {
    /// The model; `None` where a diagnostic is an error.
    pub model: Option<Model>,
    /// Everything that is wrong or worth a look.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts the diagnostics point into.
    pub sources: Sources,
}

/// Checks a model file.
#[must_use]
pub fn check(source: &SourceFile, resolve: &dyn Resolve) -> Checked {
    check_with_units(source, resolve, None)
}

/// Checks a model file into given internal units, so that it can be connected to another model.
#[must_use]
pub fn check_with_units(
    source: &SourceFile,
    resolve: &dyn Resolve,
    units: Option<&UnitSystem>,
) -> Checked {
    let mut sources = Sources::new();
    // A byte-order mark is no fault, only invisible.
    let text = source.text.strip_prefix('\u{feff}').unwrap_or(&source.text);
    if text.len() > LARGEST_FILE {
        let id = sources.add(&source.name, "");
        let diagnostic = Diagnostic::error(
            code::SIZE,
            format!("the file has {} bytes; at most {LARGEST_FILE} are read", text.len()),
        )
        .at(Span::new(id, 0, 0), "")
        .hint("repeated organs belong into a table: `[organs]`");
        return Checked { model: None, diagnostics: vec![diagnostic], sources };
    }
    let id = sources.add(&source.name, text);
    let (root, mut faults) = tree::read(id, text);
    if has_errors(&faults) {
        // Whatever a torn document seems to say, it may not be what its author wrote.
        return Checked { model: None, diagnostics: faults, sources };
    }
    let declarations = declare::read(&root, resolve, &mut sources, &mut faults);
    let before = faults.len();
    let model = build::model(&declarations, id, units, &mut faults);
    if declarations.torn {
        // A name that a faulty table or template would have made is not missing.
        let mut place = 0;
        faults.retain(|d| {
            place += 1;
            let follows = [code::UNDECLARED, code::PLACEHOLDER, code::FATE, code::LABEL];
            place <= before || !follows.contains(&d.code)
        });
    }
    let model = if has_errors(&faults) { None } else { model };
    Checked { model, diagnostics: faults, sources }
}
