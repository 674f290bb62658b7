//! Texts that remember where each of their bytes was typed, also after a template was expanded.

use lutetia_diagnostic::{SourceId, Span};

/// `{organ}`, `{organ:filter}` or `{organ:!filter}` in a text, or braces that hold something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Placeholder {
    /// First byte.
    pub(super) start: usize,
    /// One past the last byte.
    pub(super) end: usize,
    /// The filter, empty for `{organ}`; `None` where the braces hold something else or do not close.
    pub(super) filter: Option<String>,
}

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

    /// The text with the bytes `start..end` replaced by others, joined by commas; by `none` where there are none.
    pub(super) fn replaced(&self, start: usize, end: usize, by: &[Self], none: &str) -> Self {
        let mut value = self.value[..start].to_owned();
        let mut map = self.map[..start].to_vec();
        let mut add = |text: &str, places: &[usize]| {
            value.push_str(text);
            map.extend_from_slice(places);
        };
        if by.is_empty() {
            add(none, &vec![self.map[start]; none.len()]);
        }
        for (k, part) in by.iter().enumerate() {
            if k > 0 {
                add(", ", &[self.map[start]; 2]);
            }
            add(&part.value, &part.map[..part.value.len()]);
        }
        add(&self.value[end..], &self.map[end..]);
        Self { value, map, source: self.source, organ: self.organ.clone() }
    }

    /// Every placeholder of the text, in order.
    pub(super) fn placeholders(&self) -> Vec<Placeholder> {
        let mut out = Vec::new();
        let mut at = 0;
        while let Some(open) = self.value[at..].find('{').map(|p| p + at) {
            let close = self.value[open..].find(['}', '\n']).map(|p| p + open);
            let close = close.filter(|&c| self.value.as_bytes()[c] == b'}');
            let end = close.map_or(self.value.len(), |c| c + 1);
            let filter = close.and_then(|c| match &self.value[open + 1..c] {
                "organ" => Some(String::new()),
                inner if inner.contains('{') => None,
                inner => inner.strip_prefix("organ:").map(|f| f.trim().to_owned()),
            });
            out.push(Placeholder { start: open, end, filter });
            at = end;
        }
        out
    }

    /// Whether an organ can be put into the text.
    pub(super) fn has_placeholder(&self) -> bool {
        self.placeholders().iter().any(|p| p.filter.is_some())
    }

    /// The text with every placeholder replaced by `organ`.
    pub(super) fn expand(&self, organ: &str) -> Self {
        let mut value = String::new();
        let mut map = Vec::new();
        let mut at = 0;
        for p in self.placeholders().into_iter().filter(|p| p.filter.is_some()) {
            value.push_str(&self.value[at..p.start]);
            map.extend_from_slice(&self.map[at..p.start]);
            value.push_str(organ);
            // The name's bytes share the placeholder; the last stands for its end.
            map.extend(std::iter::repeat_n(self.map[p.start], organ.len().saturating_sub(1)));
            if !organ.is_empty() {
                map.push(self.map[p.end - 1]);
            }
            at = p.end;
        }
        value.push_str(&self.value[at..]);
        map.extend_from_slice(&self.map[at..]);
        Self { value, map, source: self.source, organ: Some(organ.to_owned()) }
    }
}
