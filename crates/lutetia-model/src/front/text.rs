//! Texts that remember where each of their bytes was typed, also after a template was expanded.

use lutetia_diagnostic::{SourceId, Span};

/// A text of the model file.
#[derive(Debug, Clone)]
pub(super) struct Text {
    value: String,
    /// For each byte, and one past the last, where it stands in the source.
    map: Vec<usize>,
    source: SourceId,
    /// The organ a template was expanded for.
    pub(super) organ: Option<String>,
}

impl Text {
    pub(super) fn plain(source: SourceId, start: usize, value: &str) -> Self {
        let map = (start..=start + value.len()).collect();
        Self { value: value.to_owned(), map, source, organ: None }
    }

    pub(super) fn lumped(span: Span, value: &str) -> Self {
        let mut map = vec![span.start; value.len()];
        map.push(span.end);
        Self { value: value.to_owned(), map, source: span.source, organ: None }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.value
    }

    /// The place of the whole text.
    pub(super) fn span(&self) -> Span {
        self.place(0, self.value.len())
    }

    /// The place of bytes `start..end`.
    pub(super) fn place(&self, start: usize, end: usize) -> Span {
        let last = self.value.len();
        let (start, end) = (start.min(last), end.min(last));
        let from = self.map[start];
        // The end is that of the last byte, not the start of what an expansion put after it.
        let to = if end > start { self.map[end - 1] + 1 } else { from };
        Span::new(self.source, from, to.max(self.map[end].min(to + 3)))
    }

    /// The bytes `start..end` as a text of their own, without surrounding white space.
    pub(super) fn part(&self, start: usize, end: usize) -> Self {
        let slice = &self.value[start..end];
        let lead = slice.len() - slice.trim_start().len();
        let trimmed = slice.trim();
        let from = start + lead;
        Self {
            value: trimmed.to_owned(),
            map: self.map[from..=from + trimmed.len()].to_vec(),
            source: self.source,
            organ: self.organ.clone(),
        }
    }

    /// Lines that are not blank, without comments (`#` to the end of the line).
    pub(super) fn lines(&self) -> Vec<Self> {
        let mut out = Vec::new();
        let mut start = 0;
        for line in self.value.split_inclusive('\n') {
            let end = start + line.len();
            let body = line.find('#').map_or(end, |at| start + at);
            let part = self.part(start, body);
            if !part.value.is_empty() {
                out.push(part);
            }
            start = end;
        }
        out
    }

    /// Splits at every `separator` outside brackets.
    pub(super) fn split(&self, separator: char) -> Vec<Self> {
        let mut parts = Vec::new();
        let (mut depth, mut start) = (0_i32, 0);
        for (at, c) in self.value.char_indices() {
            match c {
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth -= 1,
                c if c == separator && depth == 0 => {
                    parts.push(self.part(start, at));
                    start = at + c.len_utf8();
                }
                _ => {}
            }
        }
        parts.push(self.part(start, self.value.len()));
        parts
    }

    /// The filter of the first `{organ}` or `{organ:filter}` of the text: `None` where there is no
    /// placeholder, `Some("")` without filter.
    pub(super) fn placeholder(&self) -> Option<&str> {
        let at = self.value.find("{organ")?;
        let rest = &self.value[at + 6..];
        let close = rest.find('}')?;
        match &rest[..close] {
            "" => Some(""),
            filter => filter.strip_prefix(':').map(str::trim),
        }
    }

    /// The text with every placeholder replaced by `organ`.
    pub(super) fn expand(&self, organ: &str) -> Self {
        let mut value = String::new();
        let mut map = Vec::new();
        let mut at = 0;
        while at < self.value.len() {
            let rest = &self.value[at..];
            let close = rest.find('}');
            let whole = close.filter(|c| {
                rest.starts_with("{organ}") || (rest.starts_with("{organ:") && *c < 80)
            });
            if let Some(close) = whole {
                value.push_str(organ);
                // The name's bytes share the placeholder; the last stands for its end.
                map.extend(std::iter::repeat_n(self.map[at], organ.len().saturating_sub(1)));
                map.push(self.map[at + close]);
                at += close + 1;
            } else {
                let c = rest.chars().next().map_or(1, char::len_utf8);
                value.push_str(&rest[..c]);
                map.extend_from_slice(&self.map[at..at + c]);
                at += c;
            }
        }
        map.push(self.map[self.value.len()]);
        Self { value, map, source: self.source, organ: Some(organ.to_owned()) }
    }
}
