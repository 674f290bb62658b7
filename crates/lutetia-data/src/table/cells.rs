//! A line cut into cells.

use std::borrow::Cow;

/// Byte range of the content of a cell in its line, without quotes and surrounding blanks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Cell {
    pub(crate) start: usize,
    pub(crate) end: usize,
    doubled_quotes: bool,
}

impl Cell {
    pub(crate) fn text(self, line: &str) -> Cow<'_, str> {
        let raw = line.get(self.start..self.end).unwrap_or("");
        if self.doubled_quotes { Cow::Owned(raw.replace("\"\"", "\"")) } else { Cow::Borrowed(raw) }
    }
}

/// Why a line cannot be cut; byte offset of the quote or of what follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum QuoteFault {
    Unclosed(usize),
    TextAfter(usize),
}

/// Cuts a line into cells (RFC 4180, one line per record).
///
/// Carets need the place of every cell in the text as typed, which the `csv` crate does not give.
/// Line breaks inside quotes are refused, so one line is one row and memory stays bounded even
/// when a quote is never closed.
pub(crate) fn split(line: &str, delimiter: u8, cells: &mut Vec<Cell>) -> Result<(), QuoteFault> {
    cells.clear();
    let bytes = line.as_bytes();
    let blank = |b: u8| (b == b' ' || b == b'\t') && b != delimiter;
    let mut at = 0;
    loop {
        while at < bytes.len() && blank(bytes[at]) {
            at += 1;
        }
        if bytes.get(at) == Some(&b'"') {
            let opened = at;
            let mut doubled_quotes = false;
            at += 1;
            loop {
                match bytes.get(at) {
                    None => return Err(QuoteFault::Unclosed(opened)),
                    Some(b'"') if bytes.get(at + 1) == Some(&b'"') => {
                        doubled_quotes = true;
                        at += 2;
                    }
                    Some(b'"') => break,
                    Some(_) => at += 1,
                }
            }
            let (mut start, mut end) = (opened + 1, at);
            while start < end && bytes[start] == b' ' {
                start += 1;
            }
            while end > start && bytes[end - 1] == b' ' {
                end -= 1;
            }
            cells.push(Cell { start, end, doubled_quotes });
            at += 1;
            while at < bytes.len() && blank(bytes[at]) {
                at += 1;
            }
            if at < bytes.len() && bytes[at] != delimiter {
                return Err(QuoteFault::TextAfter(at));
            }
        } else {
            let start = at;
            while at < bytes.len() && bytes[at] != delimiter {
                at += 1;
            }
            let mut end = at;
            while end > start && blank(bytes[end - 1]) {
                end -= 1;
            }
            cells.push(Cell { start, end, doubled_quotes: false });
        }
        if at >= bytes.len() {
            return Ok(());
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(line: &str, delimiter: u8) -> Result<Vec<String>, QuoteFault> {
        let mut cells = Vec::new();
        split(line, delimiter, &mut cells)?;
        Ok(cells.iter().map(|c| c.text(line).into_owned()).collect())
    }

    #[test]
    fn exact_cells() {
        assert_eq!(
            texts("a, b ,,\"c, \"\"d\"\"\" ", b','),
            Ok(vec!["a".into(), "b".into(), String::new(), "c, \"d\"".into()])
        );
        assert_eq!(texts("1,5;2", b';'), Ok(vec!["1,5".into(), "2".into()]));
        assert_eq!(texts("a\tb\t", b'\t'), Ok(vec!["a".into(), "b".into(), String::new()]));
        assert_eq!(texts("a,\"b", b','), Err(QuoteFault::Unclosed(2)));
        assert_eq!(texts("\"a\"x,b", b','), Err(QuoteFault::TextAfter(3)));
    }
}
