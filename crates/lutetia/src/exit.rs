//! Exit codes.

/// How a run ended, after `sysexits.h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Done.
    Ok = 0,
    /// The command line is wrong.
    Usage = 64,
    /// A file was read and is wrong.
    Data = 65,
    /// A file or folder that was named does not exist or cannot be opened.
    NoInput = 66,
    /// A fault of this program.
    Software = 70,
    /// An output file cannot be made.
    CannotCreate = 73,
    /// Reading or writing failed half-way.
    Io = 74,
    /// Somebody else holds what is needed; try again later.
    Temporary = 75,
    /// Stopped by Ctrl-C: 128 + SIGINT.
    Interrupted = 130,
}
