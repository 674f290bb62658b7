//! The keys of an experiment file: one table from which the reader's check, the JSON Schema and the reference page are
//! made.
//!
//! The structs that a file is read into are that table. `schema` turns them into a JSON Schema, `read` that
//! into [`Shape`]s, by which a file is checked and of which [`page()`] writes.

use std::sync::LazyLock;

use crate::written::{is_quantity, shown, units};

mod page;
mod read;
mod schema;

pub use page::page;
pub use schema::json_schema;

/// What may stand at a place of a file.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// A text.
    Text {
        /// Its form, where it means something by itself: `quantity:` and units, or a word such as `error-model`.
        form: Option<String>,
    },
    /// One of several words.
    Word(Vec<Word>),
    /// A number.
    Number,
    /// A whole number.
    Whole {
        /// The least.
        least: i64,
        /// The greatest.
        most: i64,
    },
    /// True or false.
    Flag,
    /// A list.
    List {
        /// What it is of.
        of: Box<Shape>,
        /// The fewest there are.
        least: usize,
        /// The most, where there is a limit.
        most: Option<usize>,
    },
    /// A table of free names.
    Map(Box<Shape>),
    /// A table of these keys and no others.
    Table(Keys),
    /// A table whose key `kind` says which keys there are.
    Kinds(Vec<(Word, Keys)>),
    /// One of several.
    Either(Vec<Shape>),
}

/// A word and what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// The word.
    pub name: String,
    /// What it means.
    pub about: String,
}

/// The keys of one table.
#[derive(Debug, Clone, PartialEq)]
pub struct Keys {
    /// What the table is called in the schema; empty for the tables of a kind and of the file.
    pub name: String,
    /// What it says.
    pub about: String,
    /// Its keys, in the order of their declaration.
    pub keys: Vec<Key>,
}

/// One key.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// As typed.
    pub name: String,
    /// What it means.
    pub about: String,
    /// Whether it must be there.
    pub required: bool,
    /// What is meant where it is left out, as TOML writes it.
    pub default: Option<String>,
    /// What may stand there.
    pub shape: Shape,
}

impl Shape {
    /// What it is, for people.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Text { form: Some(form) } => shown(form),
            Self::Text { form: None } => "a text".to_owned(),
            Self::Word(words) => {
                let words: Vec<String> = words.iter().map(|w| format!("`{}`", w.name)).collect();
                format!("one of {}", words.join(", "))
            }
            Self::Number => "a number".to_owned(),
            Self::Whole { .. } => "a whole number".to_owned(),
            Self::Flag => "true or false".to_owned(),
            Self::List { of, least, most } => {
                let many = match most {
                    Some(most) if most == least => format!("{most} "),
                    _ => String::new(),
                };
                format!("a list of {many}{}", of.several())
            }
            Self::Map(of) => format!("a table by name of {}", of.several()),
            Self::Table(_) | Self::Kinds(_) => "a table".to_owned(),
            Self::Either(shapes) => {
                shapes.iter().map(Self::describe).collect::<Vec<_>>().join(" or ")
            }
        }
    }
}

impl Shape {
    /// Several of it, for people.
    fn several(&self) -> String {
        match self {
            Self::Text { form: Some(form) } if is_quantity(form) => {
                format!("texts with a unit that becomes `{}`", units(form).join("` or `"))
            }
            Self::Text { form: Some(form) } => format!("texts, each {}", shown(form)),
            Self::Text { form: None } => "texts".to_owned(),
            Self::Number => "numbers".to_owned(),
            Self::Whole { .. } => "whole numbers".to_owned(),
            Self::Table(_) | Self::Kinds(_) => "tables".to_owned(),
            Self::List { of, .. } => format!("lists of {}", of.several()),
            Self::Flag | Self::Word(_) | Self::Map(_) | Self::Either(_) => self.describe(),
        }
    }
}

/// The keys of an experiment file.
#[must_use]
pub fn experiment() -> &'static Keys {
    static KEYS: LazyLock<Keys> = LazyLock::new(|| read::keys(&schema::value()));
    &KEYS
}
