//! What each model of the library is for: target, disease, nuclides.

/// What a model is for. Empty where that is not a question of it, as of a law of radiobiology.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scope {
    /// The molecule that the ligand binds.
    pub target: &'static str,
    /// The disease that the numbers are of.
    pub disease: &'static str,
    /// The nuclides it was made for; any other whose decay is known can be bound too.
    pub nuclides: &'static str,
}

/// `scope.csv`: the beginning of names, and what the models are for whose names begin so.
const TABLE: &str = include_str!("scope.csv");

/// The scope of a model by its name: the line with the longest beginning of it.
#[must_use]
pub fn scope(name: &str) -> Scope {
    let fits = lines().filter(|(beginning, _)| name.starts_with(beginning));
    fits.max_by_key(|(beginning, _)| beginning.len()).map(|line| line.1).unwrap_or_default()
}

/// Every line of the table: the beginning of a name, and its scope.
pub(crate) fn lines() -> impl Iterator<Item = (&'static str, Scope)> {
    TABLE.lines().skip(1).filter_map(|line| {
        let mut cells = line.split(',');
        let mut next = || cells.next();
        Some((next()?, Scope { target: next()?, disease: next()?, nuclides: next()? }))
    })
}
