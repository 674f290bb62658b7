//! Numbers that need a sign of their size: `5` for a relative deviation is 500 % to one reader and 5 % to another.

use lutetia_units::significant;

/// A number without `%` or a unit where a share or a relative deviation is meant.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("`{text}` has no unit; write `{} %`", significant(*.percent, 10))]
pub struct BareNumber {
    /// As typed.
    pub text: String,
    /// What it probably means, in %.
    pub percent: f64,
}

/// Refuses a number without `%` or a unit where a share or a relative deviation is meant.
///
/// # Errors
/// [`BareNumber`], with the number as it should be written.
pub fn refuse_bare(text: &str) -> Result<(), BareNumber> {
    let text = text.trim();
    match text.parse::<f64>() {
        Err(_) => Ok(()),
        // Nothing and all are the same in both readings of a share; no other number is.
        Ok(0.0) => Ok(()),
        Ok(number) => {
            let percent = if number.abs() < 1.0 { 100.0 * number } else { number };
            Err(BareNumber { text: text.to_owned(), percent })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_bare_numbers_are_refused_with_what_was_meant() {
        for (text, hint) in [
            ("5", "`5 %`"),
            ("0.05", "`5 %`"),
            ("12.5", "`12.5 %`"),
            (" 1 ", "`1 %`"),
            ("-3", "`-3 %`"),
        ] {
            let reason = refuse_bare(text).expect_err(text).to_string();
            assert!(reason.contains(hint), "{text}: {reason}");
        }
        for text in ["5 %", "0", "0.05 1", "3 Gy", "five"] {
            assert_eq!(refuse_bare(text), Ok(()), "{text}");
        }
    }
}
