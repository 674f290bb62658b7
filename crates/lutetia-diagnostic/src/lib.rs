//! Diagnostics as data: code, place, found, expected, hint.
