//! Lines of a file in bounded memory.

use std::{
    borrow::Cow,
    fs::File,
    io::{self, BufRead, BufReader, Cursor, Read},
    path::PathBuf,
};

/// No row of a table is longer; a longer line is a binary file or a missing line end.
const LONGEST_LINE: usize = 16 * 1024;
/// What is shown of a line that cannot be read as a row.
const EXCERPT: usize = 160;
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Where the bytes of a table come from.
#[derive(Debug, Clone)]
pub(crate) enum Input<'a> {
    Memory(&'a [u8]),
    File(PathBuf),
}

impl<'a> Input<'a> {
    pub(crate) fn lines(&self) -> io::Result<Lines<Box<dyn BufRead + 'a>>> {
        let reader: Box<dyn BufRead + 'a> = match self {
            Self::Memory(bytes) => Box::new(Cursor::new(*bytes)),
            Self::File(path) => Box::new(BufReader::with_capacity(1 << 16, File::open(path)?)),
        };
        Ok(Lines { reader, buffer: Vec::new(), number: 0 })
    }
}

/// Why a line cannot be read as a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineFault {
    NotUtf8 {
        at: usize,
        byte: u8,
    },
    Utf16,
    /// A zip archive, as spreadsheet programs save workbooks, or an old workbook.
    Workbook,
    TooLong,
}

/// One line without its end and without a byte-order mark.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    /// From 1.
    pub(crate) number: u32,
    pub(crate) bytes: &'a [u8],
    too_long: bool,
}

impl<'a> Line<'a> {
    pub(crate) fn text(&self) -> Result<&'a str, LineFault> {
        if self.number == 1
            && (self.bytes.starts_with(b"\xFF\xFE") || self.bytes.starts_with(b"\xFE\xFF"))
        {
            return Err(LineFault::Utf16);
        }
        if self.number == 1
            && [&b"PK\x03\x04"[..], b"\xD0\xCF\x11\xE0"].iter().any(|m| self.bytes.starts_with(m))
        {
            return Err(LineFault::Workbook);
        }
        if self.too_long {
            return Err(LineFault::TooLong);
        }
        std::str::from_utf8(self.bytes).map_err(|error| {
            let at = error.valid_up_to();
            LineFault::NotUtf8 { at, byte: self.bytes.get(at).copied().unwrap_or(0) }
        })
    }

    /// The line as it is shown beneath a diagnostic.
    ///
    /// Control characters become question marks: they would act on a terminal, and one byte for one
    /// byte keeps the columns true.
    pub(crate) fn excerpt(&self) -> Cow<'a, str> {
        let shown = match self.text() {
            Ok(text) => Cow::Borrowed(text),
            Err(LineFault::NotUtf8 { .. }) => String::from_utf8_lossy(self.bytes),
            Err(_) => String::from_utf8_lossy(&self.bytes[..self.bytes.len().min(EXCERPT)]),
        };
        let acts = |c: char| c.is_ascii_control() && c != '\t';
        if shown.contains(acts) { Cow::Owned(shown.replace(acts, "?")) } else { shown }
    }
}

/// Reads line by line; never holds more than one line, and of that no more than a bounded part.
pub(crate) struct Lines<R> {
    reader: R,
    buffer: Vec<u8>,
    number: u32,
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        self.buffer.clear();
        let limit = LONGEST_LINE as u64 + 2;
        let read = self.reader.by_ref().take(limit).read_until(b'\n', &mut self.buffer)?;
        if read == 0 {
            return Ok(None);
        }
        self.number = self.number.saturating_add(1);
        let complete = self.buffer.last() == Some(&b'\n');
        if complete {
            self.buffer.pop();
            if self.buffer.last() == Some(&b'\r') {
                self.buffer.pop();
            }
        } else if read as u64 == limit {
            self.skip_line()?;
        }
        let mut bytes = self.buffer.as_slice();
        if self.number == 1 {
            bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
        }
        Ok(Some(Line { number: self.number, bytes, too_long: bytes.len() > LONGEST_LINE }))
    }

    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let available = self.reader.fill_buf()?;
            if available.is_empty() {
                return Ok(());
            }
            let (used, found) = match available.iter().position(|&b| b == b'\n') {
                Some(at) => (at + 1, true),
                None => (available.len(), false),
            };
            self.reader.consume(used);
            if found {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Vec<(u32, String, bool)> {
        let mut lines = Input::Memory(bytes).lines().expect("memory opens");
        let mut out = Vec::new();
        while let Some(line) = lines.next_line().expect("memory reads") {
            out.push((line.number, line.excerpt().into_owned(), line.text().is_ok()));
        }
        out
    }

    #[test]
    fn exact_marks_and_line_ends_are_taken_off() {
        let lines = all(b"\xEF\xBB\xBFa,b\r\n1,2\n\n3,4");
        let texts: Vec<&str> = lines.iter().map(|l| l.1.as_str()).collect();
        assert_eq!(texts, ["a,b", "1,2", "", "3,4"]);
    }

    #[test]
    fn exact_an_overlong_line_is_skipped_and_the_next_one_read() {
        let mut bytes = vec![b'x'; 5 * LONGEST_LINE];
        bytes.extend_from_slice(b"\nnext");
        let lines = all(&bytes);
        assert_eq!(lines.len(), 2);
        assert_eq!((lines[0].1.len(), lines[0].2), (EXCERPT, false));
        assert_eq!(lines[1], (2, "next".to_owned(), true));
    }
}
