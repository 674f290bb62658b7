//! Diagnostics as data.
//!
//! A [`Diagnostic`] names a fault once and completely: a stable code, a severity, the place in the
//! text (with a caret), what was found and what was expected, and one hint that can be acted on.
//! Readers of text (models, patient tables, experiments) return *all* diagnostics of a file at once
//! and never print; the command renders them with [`render`](fn@render).
//!
//! Wording follows `STYLE.md`: lower-case start, no final stop, backticks around what the user
//! typed, a number and a unit for every value.
//!
//! ```
//! use lutetia_diagnostic::{Diagnostic, Sources, Span, closest, render};
//!
//! let mut sources = Sources::new();
//! let file = sources.add("model.toml", "rate = \"kon*Kd\"\n");
//! let fault = Diagnostic::error("LUT2101", "`Kd` is not declared")
//!     .at(Span::new(file, 12, 14), "not declared")
//!     .maybe_hint(closest("Kd", ["kon", "KD"]).map(|near| format!("did you mean `{near}`?")));
//! let text = render(&[fault], &sources, false);
//! assert!(text.contains("model.toml:1:13") && text.contains("did you mean `KD`?"));
//! ```
//!
//! A number that a measurement leads to is a [`Verdict`]: a value with the flags that stand against it, or the reasons why
//! there is none.

mod name_match;
mod render;
mod source;
mod verdict;

pub use name_match::closest;
pub use render::{render, render_json};
pub use source::{SourceId, Sources, Span};
pub use verdict::{
    Assumption, Cause, Choice, Flag, FlagKind, Gap, LARGE_EXTRAPOLATION, Noted, Reason, Refusal,
    Verdict,
};

/// A stable diagnostic code such as `LUT2001`.
///
/// The thousands say which room speaks: 1 units, 2 models, 3 data, 4 simulation, 5 fits, 6 dose,
/// 7 experiments and reports, 8 the command and its files, 9 outcomes, populations and trials.
pub type Code = &'static str;

/// Whether the file can still be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The file is usable; a person should look.
    Warning,
    /// The file cannot be used.
    Error,
}

/// A place in a text together with what is to be said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// What is said at the caret; may be empty.
    pub message: String,
    /// The primary label is where the fault is; secondary ones give context.
    pub primary: bool,
}

/// One fault or warning.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Diagnostic {
    /// Stable code.
    pub code: Code,
    /// Error or warning.
    pub severity: Severity,
    /// What is wrong, with what was found and what was expected.
    pub message: String,
    /// Places; the first primary one gives file, line and column.
    pub labels: Vec<Label>,
    /// One thing the user can do.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// A new error.
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            labels: Vec::new(),
            hint: None,
        }
    }

    /// A new warning.
    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, message) }
    }

    /// Adds the place of the fault.
    pub fn at(mut self, span: Span, message: impl Into<String>) -> Self {
        self.labels.push(Label { span, message: message.into(), primary: true });
        self
    }

    /// Adds a place that explains the fault.
    pub fn note_at(mut self, span: Span, message: impl Into<String>) -> Self {
        self.labels.push(Label { span, message: message.into(), primary: false });
        self
    }

    /// Sets the hint.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Sets the hint if there is one.
    pub fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint.or(self.hint);
        self
    }

    /// Whether this is an error.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// Whether any of the diagnostics is an error.
pub fn has_errors(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(Diagnostic::is_error)
}
