//! The cells of tables in binary: numbers by their bits, each text once.
//!
//! A row is the number of its cells and its cells; a cell is a byte that says its kind and what it holds. Whole numbers
//! are written seven bits a byte, the lowest first, those with a sign folded (0, −1, 1, −2, …).

use std::collections::BTreeMap;

use lutetia_table::Cell;

const MISSING: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
const INT: u8 = 3;
const NUMBER: u8 = 4;
const TEXT: u8 = 5;

/// The texts of a table while it is written.
#[derive(Debug, Default)]
pub(super) struct Texts {
    places: BTreeMap<String, u64>,
}

impl Texts {
    /// Writes a row behind the bytes that are there.
    pub(super) fn write_row(&mut self, row: &[Cell], into: &mut Vec<u8>) {
        write_whole(row.len() as u64, into);
        for cell in row {
            match cell {
                Cell::Missing => into.push(MISSING),
                Cell::Bool(false) => into.push(FALSE),
                Cell::Bool(true) => into.push(TRUE),
                Cell::Int(n) => {
                    into.push(INT);
                    write_whole((n.cast_unsigned() << 1) ^ (n >> 63).cast_unsigned(), into);
                }
                Cell::Number(x) => {
                    into.push(NUMBER);
                    into.extend(x.to_bits().to_le_bytes());
                }
                Cell::Text(text) => {
                    let next = self.places.len() as u64;
                    let place = *self.places.entry(text.clone()).or_insert(next);
                    into.push(TEXT);
                    write_whole(place, into);
                }
            }
        }
    }

    /// The texts by their places.
    pub(super) fn into_list(self) -> Vec<String> {
        let mut all: Vec<(String, u64)> = self.places.into_iter().collect();
        all.sort_by_key(|(_, place)| *place);
        all.into_iter().map(|(text, _)| text).collect()
    }
}

/// Cells that are read one after the other.
#[derive(Debug)]
pub(super) struct Cells<'b> {
    left: &'b [u8],
}

impl<'b> Cells<'b> {
    /// All of some bytes.
    pub(super) fn of(bytes: &'b [u8]) -> Self {
        Self { left: bytes }
    }

    /// The next row; none where the bytes hold none.
    pub(super) fn row(&mut self, texts: &[String]) -> Option<Vec<Cell>> {
        let cells = usize::try_from(self.whole()?).ok()?;
        // A cell takes a byte at least.
        if cells > self.left.len() {
            return None;
        }
        (0..cells).map(|_| self.cell(texts)).collect()
    }

    fn cell(&mut self, texts: &[String]) -> Option<Cell> {
        Some(match self.byte()? {
            MISSING => Cell::Missing,
            FALSE => Cell::Bool(false),
            TRUE => Cell::Bool(true),
            INT => {
                let folded = self.whole()?;
                Cell::Int((folded >> 1).cast_signed() ^ -((folded & 1).cast_signed()))
            }
            NUMBER => {
                let (bits, left) = self.left.split_first_chunk()?;
                self.left = left;
                Cell::Number(f64::from_bits(u64::from_le_bytes(*bits)))
            }
            TEXT => Cell::Text(texts.get(usize::try_from(self.whole()?).ok()?)?.clone()),
            _ => return None,
        })
    }

    fn byte(&mut self) -> Option<u8> {
        let (first, left) = self.left.split_first()?;
        self.left = left;
        Some(*first)
    }

    fn whole(&mut self) -> Option<u64> {
        let mut whole = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            whole |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(whole);
            }
        }
        None
    }
}

fn write_whole(mut whole: u64, into: &mut Vec<u8>) {
    while whole > 0x7f {
        into.push((whole & 0x7f) as u8 | 0x80);
        whole >>= 7;
    }
    into.push(whole as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> Vec<Cell> {
        let ints = [0, -1, 1, 63, -64, 64, 300, i64::MAX, i64::MIN].map(Cell::Int);
        let numbers = [0.1, -0.0, f64::MIN_POSITIVE / 3.0, f64::INFINITY, 1e300].map(Cell::Number);
        let texts = ["a", "", "α β", "a"].map(|text| Cell::Text(text.to_owned()));
        let rest = [Cell::Missing, Cell::Bool(true), Cell::Bool(false)];
        ints.into_iter().chain(numbers).chain(texts).chain(rest).collect()
    }

    #[test]
    fn exact_cells_come_back_to_the_last_bit() {
        let (mut texts, mut bytes) = (Texts::default(), Vec::new());
        texts.write_row(&row(), &mut bytes);
        texts.write_row(&[], &mut bytes);
        texts.write_row(&[Cell::Number(f64::NAN)], &mut bytes);
        let texts = texts.into_list();
        assert_eq!(texts, ["a", "", "α β"], "each once");
        let mut cells = Cells::of(&bytes);
        // The sign of zero is a bit too.
        let (found, given) = (cells.row(&texts).expect("a row"), row());
        assert_eq!(format!("{found:?}"), format!("{given:?}"));
        assert_eq!(cells.row(&texts), Some(vec![]));
        let last = cells.row(&texts).expect("a row");
        assert!(matches!(last[..], [Cell::Number(x)] if x.to_bits() == f64::NAN.to_bits()));
        assert_eq!(cells.row(&texts), None, "there is no more");
    }

    #[test]
    fn exact_other_bytes_are_no_row() {
        let (mut texts, mut bytes) = (Texts::default(), Vec::new());
        texts.write_row(&row(), &mut bytes);
        let texts = texts.into_list();
        for length in 0..bytes.len() {
            assert_eq!(Cells::of(&bytes[..length]).row(&texts), None, "{length}");
        }
        assert_eq!(Cells::of(&bytes).row(&texts[..1]), None, "a text is missing");
        for other in [&[1, 9][..], &[255; 20], &[200, 1, 0], &[1, INT, 255, 255]] {
            assert_eq!(Cells::of(other).row(&texts), None, "{other:?}");
        }
    }
}
