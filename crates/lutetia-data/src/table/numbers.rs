//! Numbers as spreadsheets write them.

/// Which decimal marks a file has used so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Decimals {
    #[default]
    Unknown,
    Point,
    Comma,
}

impl Decimals {
    /// The number that stands in `text` with the mark of the other convention, in this one; `None` where it holds both
    /// marks or none is known.
    pub(crate) fn written(self, text: &str) -> Option<String> {
        match (self, text.contains(','), text.contains('.')) {
            (Self::Comma, false, true) => Some(text.replacen('.', ",", 1)),
            (Self::Point, true, false) => Some(text.replacen(',', ".", 1)),
            _ => None,
        }
    }
}

/// Why a text is not a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NumberFault {
    NotANumber,
    NotFinite,
    /// Comma and point in one number, or a comma where the file uses points, or the reverse.
    Mixed,
}

/// Cells that say that there is no value.
pub(crate) fn is_missing(text: &str) -> bool {
    matches!(text, "" | "." | "NA" | "N/A" | "n/a" | "na")
}

/// Parses a number. A decimal comma is read where `commas` (the columns are not separated by
/// commas) and then throughout the file: with both marks in one file `1.234` could be either.
pub(crate) fn parse_number(
    text: &str,
    commas: bool,
    seen: &mut Decimals,
) -> Result<f64, NumberFault> {
    let found = match (text.contains(','), text.contains('.')) {
        (true, true) => return Err(NumberFault::Mixed),
        (true, false) if !commas => return Err(NumberFault::NotANumber),
        (true, false) => Decimals::Comma,
        (false, true) => Decimals::Point,
        (false, false) => *seen,
    };
    let value = if found == Decimals::Comma {
        text.replacen(',', ".", 1).parse::<f64>()
    } else {
        text.parse::<f64>()
    };
    let value = value.map_err(|_| NumberFault::NotANumber)?;
    if !value.is_finite() {
        return Err(NumberFault::NotFinite);
    }
    if *seen != Decimals::Unknown && found != *seen {
        return Err(NumberFault::Mixed);
    }
    *seen = found;
    Ok(value)
}

/// How numbers of a file use their marks.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Marks {
    commas: usize,
    points: usize,
    /// Of these, with one to three digits before the mark and three behind it.
    like_thousands: usize,
}

impl Marks {
    pub(crate) fn add(&mut self, cell: &str) {
        let number = parse_number(cell, true, &mut { Decimals::Unknown }).is_ok();
        // `1.234.567` is a number with separators and without them only.
        let (comma, point) = (cell.contains(','), cell.contains('.'));
        if number && (comma || point) {
            self.commas += usize::from(comma);
            self.points += usize::from(point);
            self.like_thousands += usize::from(without_thousands(cell).is_some());
        }
    }

    /// The decimal mark that most of them have.
    pub(crate) fn decimals(self) -> Decimals {
        match self.commas.cmp(&self.points) {
            std::cmp::Ordering::Greater => Decimals::Comma,
            std::cmp::Ordering::Less => Decimals::Point,
            std::cmp::Ordering::Equal => Decimals::Unknown,
        }
    }

    /// Whether the mark may separate thousands: a point between semicolons, as spreadsheets of continental Europe
    /// separate, or a comma between tabs, as tables are copied in English.
    pub(crate) fn undecided(self, separator: u8) -> bool {
        let alone = match separator {
            b';' => self.points > 0 && self.commas == 0,
            b'\t' => self.commas > 0 && self.points == 0,
            _ => false,
        };
        alone && self.like_thousands == self.commas + self.points
    }
}

/// The number without what separates its thousands; `None` where nothing looks as if it did.
///
/// `7.400`, `1 234,5`, `1'234.5` and `1.234.567`; a single mark before three digits may be decimal as well.
pub(crate) fn without_thousands(text: &str) -> Option<String> {
    let separators = [' ', '\u{a0}', '\u{202f}', '\'', '\u{2019}', '.', ','];
    let separator = text.chars().find(|c| separators.contains(c))?;
    let other = if separator == '.' { ',' } else { '.' };
    let decimal = match separator {
        '.' | ',' => other,
        _ => text.chars().find(|c| matches!(c, '.' | ',')).unwrap_or('.'),
    };
    let (whole, fraction) = match text.split_once(decimal) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let mut groups = whole.split(separator);
    let first = groups.next()?;
    let good = digits(first) && first.len() <= 3 && !first.starts_with('0');
    let mut rest = 0;
    for group in groups {
        if !(digits(group) && group.len() == 3) {
            return None;
        }
        rest += 1;
    }
    let fraction_good = fraction.is_none_or(digits);
    (good && rest > 0 && fraction_good).then(|| {
        let joined = whole.replace(separator, "");
        fraction.map_or(joined.clone(), |f| format!("{joined}{decimal}{f}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_thousands() {
        for (text, plain) in [
            ("7.400", Some("7400")),
            ("1.234.567", Some("1234567")),
            ("1.234,5", Some("1234,5")),
            ("7,400", Some("7400")),
            ("1 234,5", Some("1234,5")),
            ("1 234", Some("1234")),
            ("1'234.5", Some("1234.5")),
            ("0.400", None),
            ("12.5", None),
            ("1234.567", None),
            ("1.2345", None),
            ("liver, left", None),
            ("", None),
        ] {
            assert_eq!(without_thousands(text).as_deref(), plain, "{text}");
        }
        let marks = |cells: &[&str]| {
            let mut marks = Marks::default();
            cells.iter().for_each(|cell| marks.add(cell));
            marks
        };
        assert!(marks(&["P1", "7.400", "24"]).undecided(b';'));
        assert!(marks(&["7,400"]).undecided(b'\t'));
        for settled in [&["7.400", "0.500"][..], &["7.400", "1.5"], &["7.400", "1,5"], &["24"]] {
            assert!(!marks(settled).undecided(b';'), "{settled:?}");
        }
        // Commas between semicolons are decimal, as the documentation of the format says.
        assert!(!marks(&["7,400"]).undecided(b';'));
    }

    #[test]
    fn exact_numbers() {
        let mut seen = Decimals::Unknown;
        assert_eq!(parse_number("1,5", true, &mut seen), Ok(1.5));
        assert_eq!(parse_number("12", true, &mut seen), Ok(12.0));
        assert_eq!(parse_number("1.5", true, &mut seen), Err(NumberFault::Mixed));
        assert_eq!(parse_number("1.234,5", true, &mut seen), Err(NumberFault::Mixed));
        let mut seen = Decimals::Unknown;
        assert_eq!(parse_number("1,5", false, &mut seen), Err(NumberFault::NotANumber));
        assert_eq!(parse_number("1e999", false, &mut seen), Err(NumberFault::NotFinite));
        assert_eq!(parse_number("-1.5e3", false, &mut seen), Ok(-1500.0));
    }
}
