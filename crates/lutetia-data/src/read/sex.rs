//! The column `sex`: masses of reference adults go by it, so that a word must mean what it says.

use crate::{
    Covariate, Sex, Study, codes,
    table::{Fault, Faults, Place},
};

/// What a word says of a sex; `Err` where it says nothing that is understood, `Ok(None)` where it says that it is not
/// known or neither.
fn read(word: &str) -> Result<Option<Sex>, ()> {
    match word.trim().to_lowercase().as_str() {
        "m" | "male" | "man" => Ok(Some(Sex::Male)),
        "f" | "female" | "woman" => Ok(Some(Sex::Female)),
        "other" | "unknown" | "" => Ok(None),
        _ => Err(()),
    }
}

fn is_sex(name: &str) -> bool {
    ["sex", "gender"].iter().any(|n| name.eq_ignore_ascii_case(n))
}

/// Tells a fault where a covariate is a sex and holds what is none.
pub(super) fn check(name: &str, value: &Covariate, place: Place, faults: &mut Faults) {
    if !is_sex(name) {
        return;
    }
    let found = match value {
        Covariate::Text(word) if read(word).is_ok() => return,
        Covariate::Text(word) => word.clone(),
        Covariate::Number(number) => number.value().to_string(),
    };
    faults.error(codes::BAD_SEX, place, || {
        Fault::new(
            format!("`{name}` is `{found}`, expected `male`, `female` or `unknown`"),
            "the masses of reference adults go by it",
        )
        .hint("write `male` or `female` (`m` or `f`); `other` and `unknown` where neither is meant")
    });
}

impl Study {
    /// Sex of a subject, from a column `sex` (or `gender`); `None` where there is no such column, no such subject, or it
    /// is not known.
    #[must_use]
    pub fn sex(&self, subject: &str) -> Option<Sex> {
        let covariates = &self.subject(subject)?.covariates;
        covariates.iter().filter(|(name, _)| is_sex(name)).find_map(|(_, value)| match value {
            Covariate::Text(word) => read(word).ok().flatten(),
            Covariate::Number(_) => None,
        })
    }
}
