//! Why there is no value.

use std::{error::Error, fmt, sync::Arc};

use serde::{Serialize, Serializer, ser::SerializeMap as _};

use super::flag::Noted;

/// An error that leaves no value: of the room that looked for one.
pub trait Cause: Error + Send + Sync + 'static {
    /// Code of its message.
    fn code(&self) -> &'static str;

    /// What would do, where something can be advised.
    fn hint(&self) -> Option<String> {
        None
    }
}

/// Why there is no value.
#[derive(Debug, Clone)]
pub struct Reason {
    /// Of what, each with a colon: `cycle 2: `.
    of: String,
    cause: Arc<dyn Cause>,
}

impl Reason {
    /// What is missing or wrong.
    #[must_use]
    pub fn text(&self) -> String {
        let cause = self.cause.to_string();
        // Sentences of other rooms begin with the verdict that is given here.
        format!("{}{}", self.of, cause.trim_start_matches("not determined: "))
    }

    /// What would do, where something can be advised.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        self.cause.hint()
    }

    /// Code of the message.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.cause.code()
    }

    /// The error itself, to be looked at by its type.
    #[must_use]
    pub fn cause(&self) -> &(dyn Error + 'static) {
        &*self.cause
    }

    /// The same, said of something: `cycle 2`.
    pub(super) fn within(&mut self, of: &str) {
        self.of = format!("{of}: {}", self.of);
    }
}

impl<C: Cause> From<C> for Reason {
    fn from(cause: C) -> Self {
        Self { of: String::new(), cause: Arc::new(cause) }
    }
}

impl PartialEq for Reason {
    fn eq(&self, other: &Self) -> bool {
        let said = |reason: &Self| (reason.code(), reason.text(), reason.hint());
        said(self) == said(other)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())?;
        match self.hint() {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

/// `{"code": …, "text": …, "hint": …}`, the hint empty where nothing can be advised.
impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("code", self.code())?;
        map.serialize_entry("text", &self.text())?;
        map.serialize_entry("hint", &self.hint().unwrap_or_default())?;
        map.end()
    }
}

/// A flag that is not taken.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Unaccepted {
    pub(super) flag: Noted,
    /// What would do; empty where nothing can be advised.
    pub(super) hint: String,
}

impl fmt::Display for Unaccepted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.flag)
    }
}

impl Error for Unaccepted {}

impl Cause for Unaccepted {
    fn code(&self) -> &'static str {
        "LUT6140"
    }

    fn hint(&self) -> Option<String> {
        Some(self.hint.clone()).filter(|hint| !hint.is_empty())
    }
}
