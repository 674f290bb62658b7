//! What a number or a whole model rests on: words of short lists.

use lutetia_diagnostic::Diagnostic;

use super::{code, declare::Fields, fields, keys, text::Text};
use crate::model::{Evidence, Status};

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
    }
}
