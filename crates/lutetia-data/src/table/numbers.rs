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

#[cfg(test)]
mod tests {
    use super::*;

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
