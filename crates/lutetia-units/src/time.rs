//! Units of time as tables and axes print them.

use crate::{Dimension, Unit};

/// Words for units of time, each with the symbol of its unit.
const WORDS: [(&str, &[&str]); 6] = [
    ("s", &["second", "seconds"]),
    ("h", &["hour", "hours"]),
    ("d", &["day", "days"]),
    ("week", &["weeks", "wk"]),
    ("mo", &["month", "months"]),
    ("a", &["year", "years", "yr"]),
];

/// The unit of time that a symbol or a word such as `h`, `mo` or `months` means; none where it means no time.
///
/// A month is a twelfth of a Julian year, as in reports.
#[must_use]
pub fn time_unit(text: &str) -> Option<Unit> {
    let text = text.trim();
    let word = WORDS.iter().find(|(_, words)| words.contains(&text)).map(|(symbol, _)| *symbol);
    let unit = Unit::parse(word.unwrap_or(text)).ok()?;
    (unit.dimension() == Dimension::TIME).then_some(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_words_mean_the_units_of_their_symbols() {
        for (word, symbol) in
            WORDS.iter().flat_map(|(s, words)| words.iter().map(move |w| (*w, *s)))
        {
            let unit = time_unit(word).expect(word);
            assert_eq!(unit, Unit::parse(symbol).expect(symbol), "{word}");
        }
        assert!(time_unit("min").is_some() && time_unit(" mo ").is_some());
        for text in ["", "kg", "moths", "1", "12 mo", "h/d"] {
            assert_eq!(time_unit(text), None, "{text}");
        }
    }
}
