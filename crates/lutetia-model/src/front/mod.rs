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
mod chain;
mod code;
mod declare;
mod delays;
mod fields;
mod grade;
pub(crate) mod keys;
mod names;
mod organs;
mod population;
mod ports;
mod scheme;
mod sums;
mod syntax;
mod text;
mod tree;

use lutetia_diagnostic::{Diagnostic, SourceId, Sources, Span, has_errors};
use lutetia_units::UnitSystem;

use crate::model::Model;
pub use ports::{Port, PortPattern, Ports, ports};
use text::Text;
use tree::Node;

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

/// Gives what a model or a chain names: files beside it, and models and chains by name.
pub trait Resolve {
    /// The text of the file of that name beside the model (an organ table), or `None` where there is none.
    fn resolve(&self, name: &str) -> Option<String>;

    /// The model or chain of that name, as a chain names it: `psma/tumour-kidney`, or `./mine` from the folder of
    /// the chain. `None` where there is none.
    fn named(&self, _name: &str) -> Option<Named<'_>> {
        None
    }

    /// The nearest name of a model or chain that there is.
    fn nearest(&self, _name: &str) -> Option<String> {
        None
    }

    /// The file of the ports that models share, by which the parts of a chain connect.
    fn ports(&self) -> Option<SourceFile> {
        None
    }
}

/// A model or chain that was found by its name.
pub struct Named<'a> {
    /// Its text.
    pub file: SourceFile,
    /// What it names in its turn.
    pub resolve: Box<dyn Resolve + 'a>,
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
    let (model, diagnostics) = check_in(source, resolve, units, &mut sources);
    Checked { model, diagnostics, sources }
}

/// Reads the document of a file: its identity and its tables, or why there are none.
fn document(
    source: &SourceFile,
    sources: &mut Sources,
) -> Result<(SourceId, Vec<(Text, Node)>), Vec<Diagnostic>> {
    // A byte-order mark is not a fault, only invisible.
    let text = source.text.strip_prefix('\u{feff}').unwrap_or(&source.text);
    if text.len() > LARGEST_FILE {
        let id = sources.add(&source.name, "");
        let diagnostic = Diagnostic::error(
            code::SIZE,
            format!("the file has {} bytes; at most {LARGEST_FILE} are read", text.len()),
        )
        .at(Span::new(id, 0, 0), "")
        .hint("repeated organs belong into a table: `[organs]`");
        return Err(vec![diagnostic]);
    }
    let id = sources.add(&source.name, text);
    let (root, faults) = tree::read(id, text);
    // Whatever a torn document seems to say, it may not be what its author wrote.
    if has_errors(&faults) { Err(faults) } else { Ok((id, root)) }
}

fn check_in(
    source: &SourceFile,
    resolve: &dyn Resolve,
    units: Option<&UnitSystem>,
    sources: &mut Sources,
) -> (Option<Model>, Vec<Diagnostic>) {
    let (id, root) = match document(source, sources) {
        Ok(found) => found,
        Err(faults) => return (None, faults),
    };
    if chain::is(&root) {
        return chain::check(source, id, &root, resolve, units, sources);
    }
    let mut faults = Vec::new();
    let declarations = declare::read(&root, resolve, sources, &mut faults);
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
    (model, faults)
}
