//! What steps made before, by their content.
//!
//! A step is a function of its keys, the seed, the bytes of the data and models it names, the steps it stands on, and
//! the program that computes; its identity is the hash of all of these. What a step made is kept under it as a sealed
//! entry: its tables to the last bit and what it remarked. A [`Cache`] only moves bytes; whether they may be used
//! is decided here.

mod entry;
pub(crate) mod identity;

pub(crate) use entry::Entry;

/// Where sealed entries are kept by identity. Keeping is a favour: what cannot be kept is computed again, so that
/// nothing fails here.
pub trait Cache: Sync {
    /// The bytes kept under an identity; none where nothing is kept or it cannot be read.
    fn get(&self, identity: &str) -> Option<Vec<u8>>;

    /// Keeps bytes under an identity, whole or not at all.
    fn put(&self, identity: &str, entry: &[u8]);
}

/// Keeps nothing and has nothing: everything is computed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nothing;

impl Cache for Nothing {
    fn get(&self, _identity: &str) -> Option<Vec<u8>> {
        None
    }

    fn put(&self, _identity: &str, _entry: &[u8]) {}
}

/// Computes everything, and keeps it in another cache in place of what was there.
pub struct Refresh<'c>(pub &'c dyn Cache);

impl Cache for Refresh<'_> {
    fn get(&self, _identity: &str) -> Option<Vec<u8>> {
        None
    }

    fn put(&self, identity: &str, entry: &[u8]) {
        self.0.put(identity, entry);
    }
}

/// A cache, and what computes.
#[derive(Clone, Copy)]
pub struct Keep<'c> {
    /// Where what steps made is kept.
    pub cache: &'c dyn Cache,
    /// What computes: a hash of everything a result depends on that is not an input, such as that of the executable,
    /// which holds the solvers and the bundled tables. Empty where it is not known: then nothing is kept or taken.
    pub program: &'c str,
}

impl Keep<'_> {
    /// Everything is computed, and nothing kept.
    #[must_use]
    pub fn nothing() -> Self {
        Self { cache: &Nothing, program: "" }
    }

    /// What is kept under an identity, if it is whole and was kept under that one.
    pub(crate) fn entry(&self, identity: &str) -> Option<Entry> {
        Entry::open(identity, &self.cache.get(identity)?)
    }
}
