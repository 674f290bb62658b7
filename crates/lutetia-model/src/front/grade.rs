//! What a number or a whole model rests on, and of which nuclide a number is: words of short lists.

use lutetia_diagnostic::Diagnostic;
use lutetia_units::{Dimension, Unit};

use super::{code, declare::Fields, fields, keys, text::Text};
use crate::model::{Adult, Evidence, Follows, OfNuclide, Status};

/// The `evidence` of a parameter or a setting.
pub(super) fn evidence(given: &Fields, faults: &mut Vec<Diagnostic>) -> Option<Evidence> {
    let word = fields::text(given, "evidence", faults)?;
    chosen(word, "an `evidence`", keys::EVIDENCE_WORDS, &Evidence::ALL, faults)
}

/// The `status` of a model or a chain.
pub(super) fn status(given: &Fields, faults: &mut Vec<Diagnostic>) -> Option<Status> {
    let word = fields::text(given, "status", faults)?;
    chosen(word, "a `status`", keys::STATUS_WORDS, &Status::ALL, faults)
}

/// The `adult` of a chain.
pub(super) fn adult(given: &Fields, faults: &mut Vec<Diagnostic>) -> Option<Adult> {
    let word = fields::text(given, "adult", faults)?;
    chosen(word, "an `adult`", keys::ADULT_WORDS, &Adult::ALL, faults)
}

/// The `nuclide` of a dose factor or of a share of alphas, and what it is with others.
pub(super) fn of_nuclide(
    given: &Fields,
    dimension: Dimension,
    faults: &mut Vec<Diagnostic>,
) -> Option<OfNuclide> {
    let nuclide = fields::text(given, "nuclide", faults).cloned();
    let word = fields::text(given, "other_nuclides", faults).cloned();
    let follows = word.as_ref().and_then(|word| {
        let what = "what a number is with other nuclides";
        chosen(word, what, keys::FOLLOWS_WORDS, &Follows::ALL, faults)
    });
    if let (Some(word), None) = (&word, &nuclide) {
        let message = "`other_nuclides` without the `nuclide` of which the number is";
        faults.push(
            Diagnostic::error(code::MISSING, message)
                .at(word.span(), "")
                .hint("name it, such as `nuclide = \"Lu-177\"`"),
        );
    }
    let unit = |factor: Follows| Unit::parse(factor.unit()).ok();
    let ways: Vec<Follows> = match follows {
        Some(way) => vec![way],
        None => Follows::FACTORS.to_vec(),
    };
    let place = word.as_ref().filter(|_| follows.is_some()).or(nuclide.as_ref());
    if let Some(place) = place
        && !ways.iter().any(|way| unit(*way).is_some_and(|u| u.dimension() == dimension))
    {
        let mut expected: Vec<String> =
            ways.iter().map(|way| format!("`{}`", way.unit())).collect();
        expected.dedup();
        let kind = match follows {
            Some(Follows::AlphaShare) => "a share of alphas",
            _ => "a dose factor",
        };
        let message =
            format!("the number is {dimension}, expected {kind} in {}", expected.join(" or "));
        faults.push(
            Diagnostic::error(code::DIMENSION, message)
                .at(place.span(), "")
                .hint("correct the unit of the value, or leave this key out"),
        );
        return None;
    }
    Some(OfNuclide { nuclide: nuclide?.as_str().to_owned(), follows })
}

/// The `daughter` of which a parameter is the number of atoms per decay.
pub(super) fn daughter(
    given: &Fields,
    dimension: Dimension,
    faults: &mut Vec<Diagnostic>,
) -> Option<String> {
    let word = fields::text(given, "daughter", faults)?;
    if dimension != Dimension::NONE {
        let message = format!("the number is {dimension}, expected atoms per decay in `1`");
        faults.push(
            Diagnostic::error(code::DIMENSION, message)
                .at(word.span(), "")
                .hint("give a pure number such as `0`, or leave this key out"),
        );
        return None;
    }
    if given.get("nuclide").is_some() {
        let message = "`daughter` beside `nuclide`, and a number follows the nuclide in one way";
        faults.push(
            Diagnostic::error(code::SYNTAX, message)
                .at(word.span(), "")
                .hint("leave `nuclide` and `other_nuclides` out"),
        );
        return None;
    }
    Some(word.as_str().to_owned())
}

/// The meaning of a word of a list.
fn chosen<T: Copy>(
    word: &Text,
    what: &str,
    words: &[&str],
    meanings: &[T],
    faults: &mut Vec<Diagnostic>,
) -> Option<T> {
    let found = words.iter().position(|w| *w == word.as_str());
    if found.is_none() {
        let listed: Vec<String> = words.iter().map(|w| format!("`{w}`")).collect();
        let message = format!("`{}` is not {what}", word.as_str());
        faults.push(
            Diagnostic::error(code::SYNTAX, message)
                .at(word.span(), "")
                .hint(format!("one of {}", listed.join(", "))),
        );
    }
    meanings.get(found?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_each_word_has_its_meaning() {
        let evidence: Vec<&str> = Evidence::ALL.iter().map(|e| e.word()).collect();
        assert_eq!(evidence, keys::EVIDENCE_WORDS);
        let status: Vec<&str> = Status::ALL.iter().map(|s| s.word()).collect();
        assert_eq!(status, keys::STATUS_WORDS);
        let follows: Vec<&str> = Follows::ALL.iter().map(|f| f.word()).collect();
        assert_eq!(follows, keys::FOLLOWS_WORDS);
        let adult: Vec<&str> = Adult::ALL.iter().map(|a| a.word()).collect();
        assert_eq!(adult, keys::ADULT_WORDS);
    }
}
