//! What steps made before, by their content.
//!
//! A step is a function of its keys, the seed, the bytes of the data and models it names, the steps it stands on, and
//! the program that computes; its identity is the hash of all of these. What a step made is kept under it as a sealed
//! entry: its tables to the last bit and what it remarked. A [`Cache`] and a [`Repository`] only move bytes; whether
//! they may be used is decided here.
//!
//! A cache lies on one machine, and what computes is the executable. A repository is cloned: what computes is there the
//! revision of the kind of step with the bundled tables (`revision.rs`), so that every build of the same code takes the
//! same entries.

mod cells;
mod entry;
pub(crate) mod identity;
mod look;
mod revision;

pub(crate) use entry::Entry;
pub(crate) use look::Looked;
pub use look::{Source, Stands, stands};

/// Where sealed entries are kept by identity. Keeping is a favour: what cannot be kept is computed again, so that
/// nothing fails here.
pub trait Cache: Sync {
    /// The bytes kept under an identity; none where nothing is kept or it cannot be read.
    fn get(&self, identity: &str) -> Option<Vec<u8>>;

    /// Keeps bytes under an identity, whole or not at all.
    fn put(&self, identity: &str, entry: &[u8]);
}

/// What is committed beside an experiment: what its long steps made, each under the name of the step.
pub trait Repository: Sync {
    /// The bytes that are kept of a step; none where nothing is kept or it cannot be read.
    fn entry(&self, step: &str) -> Option<Vec<u8>>;
}

/// Why bytes are not what a step makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// They are not as they were written.
    #[error("is damaged")]
    Damaged,
    /// They are of other inputs, keys, another seed, another version of what computes, or of another step.
    #[error("was made of something else")]
    Other,
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

impl Repository for Nothing {
    fn entry(&self, _step: &str) -> Option<Vec<u8>> {
        None
    }
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

/// Where a run finds what was made before, and what computes.
#[derive(Clone, Copy)]
pub struct Keep<'c> {
    /// Where what steps made is kept on this machine.
    pub cache: &'c dyn Cache,
    /// What computes: a hash of everything a result depends on that is not an input, such as that of the executable,
    /// which holds the solvers and the bundled tables. Empty where it is not known: then the cache is not used.
    pub program: &'c str,
    /// What the repository has, for steps that the cache has not.
    pub repository: &'c dyn Repository,
}

impl Keep<'_> {
    /// Everything is computed, and nothing kept.
    #[must_use]
    pub fn nothing() -> Self {
        Self { cache: &Nothing, program: "", repository: &Nothing }
    }
}
