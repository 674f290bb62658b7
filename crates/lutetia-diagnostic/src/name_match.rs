//! Did-you-mean.

/// The candidate nearest to `name`, if it is near enough to be worth suggesting.
///
/// Nearness is the Damerau–Levenshtein distance without regard to case; at most one edit in three
/// characters is allowed, or one in a shorter name, and never as many as would leave less than half of the longer
/// name: `V` is not `t`. Ties go to the first candidate.
#[must_use]
pub fn closest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = name.to_lowercase();
    let limit = (name.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|c| (strsim::damerau_levenshtein(&lower, &c.to_lowercase()), c))
        .filter(|(d, c)| *d <= limit && 2 * d <= c.chars().count().max(name.chars().count()))
        .min_by_key(|(d, _)| *d)
        .map(|(_, c)| c)
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn exact_suggestions() {
        assert_eq!(closest("Lr.tumour", ["L.tumour", "LR.tumour"]), Some("LR.tumour"));
        assert_eq!(closest("kidny", ["liver", "kidney"]), Some("kidney"));
        assert_eq!(closest("spleen", ["liver", "kidney"]), None);
        assert_eq!(closest("V", ["t", "F", "k"]), None);
        assert_eq!(closest("v", ["t", "V"]), Some("V"));
        assert_eq!(closest("V", ["t", "Vp"]), Some("Vp"));
    }
}
