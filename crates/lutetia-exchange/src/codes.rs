//! The codes of this crate, one per kind of fault.

use lutetia_diagnostic::Code;

/// A file of another program is not written as that program writes it.
pub const FOREIGN_SYNTAX: Code = "LUT3040";
/// A file of another program lacks what is needed.
pub const FOREIGN_LACKS: Code = "LUT3041";
/// Something of a file of another program is not carried over.
pub const FOREIGN_LEFT_OUT: Code = "LUT3042";
