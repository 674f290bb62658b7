//! Texts and places in them.

use crate::Diagnostic;

/// Identifies one text of a [`Sources`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub(crate) usize);

/// A byte range of one text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Which text.
    pub source: SourceId,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// A span of bytes `start..end` of `source`.
    #[must_use]
    pub fn new(source: SourceId, start: usize, end: usize) -> Self {
        Self { source, start, end: end.max(start) }
    }

    /// The part `start..end` relative to the start of this span.
    #[must_use]
    pub fn part(self, start: usize, end: usize) -> Self {
        Self::new(self.source, self.start + start, self.start + end)
    }
}

/// The texts that diagnostics point into, each under the name the user knows it by.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    pub(crate) texts: Vec<(String, String)>,
}

impl Sources {
    /// No texts.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text and returns its identity.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> SourceId {
        self.texts.push((name.into(), text.into()));
        SourceId(self.texts.len() - 1)
    }

    /// Takes over the texts of others, and returns the diagnostics that pointed into them as they point now.
    pub fn take_in(&mut self, others: Self, diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
        let before = self.texts.len();
        self.texts.extend(others.texts);
        let moved = |mut diagnostic: Diagnostic| {
            for label in &mut diagnostic.labels {
                label.span.source.0 += before;
            }
            diagnostic
        };
        diagnostics.into_iter().map(moved).collect()
    }

    /// The name of a text.
    #[must_use]
    pub fn name(&self, id: SourceId) -> &str {
        self.texts.get(id.0).map_or("", |t| &t.0)
    }

    /// A text.
    #[must_use]
    pub fn text(&self, id: SourceId) -> &str {
        self.texts.get(id.0).map_or("", |t| &t.1)
    }

    /// Line and column (both from 1, columns in characters) of a byte of a text.
    #[must_use]
    pub fn line_column(&self, id: SourceId, byte: usize) -> (usize, usize) {
        let text = self.text(id);
        let mut byte = byte.min(text.len());
        while !text.is_char_boundary(byte) {
            byte -= 1;
        }
        let before = &text[..byte];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |l| l.chars().count()) + 1;
        (line, column)
    }
}
