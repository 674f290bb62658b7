//! Reports on disk: what is made and when, what is left as it was, and what their texts are filled with.
#![allow(missing_docs)]

mod cached;
mod order;
mod runs;
mod silent;
mod texts;
