//! The library's one error type. Each message is a sentence for people: what was wrong, where, what
//! was expected, and what to do.

use std::path::Path;

/// What went wrong, sorted by who can mend it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A setting that cannot be used: in an experiment file, on the command line, in a name.
    #[error("{0}")]
    Config(String),
    /// A data file that is missing, damaged or of another form.
    #[error("{0}")]
    Data(String),
    /// A file or folder that could not be read or written.
    #[error("cannot {action} {path}: {source}")]
    File {
        /// What was attempted: "read", "write", "create".
        action: &'static str,
        /// The file or folder.
        path: String,
        /// The system's own reason.
        source: std::io::Error,
    },
    /// A shader that does not compile or does not match its kernel's contract.
    #[error("{0}")]
    Shader(String),
    /// No adapter, a lost device, memory that ran out, a refused call.
    #[error("{0}")]
    Device(String),
    /// A dispatch whose tensors do not fit together.
    #[error("{0}")]
    Shape(String),
}

/// A result with the library's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A [`Error::File`] for `path`.
    pub fn file(action: &'static str, path: &Path, source: std::io::Error) -> Self {
        Self::File { action, path: path.display().to_string(), source }
    }

    /// The exit status that tells a script what kind of trouble it was: 2 for arguments,
    /// configuration, data and files, which the caller can mend; 1 for a run that failed, also when
    /// its records could no longer be written.
    #[must_use]
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::File { action: "write", .. } => 1,
            Self::Config(_) | Self::Data(_) | Self::File { .. } => 2,
            Self::Shader(_) | Self::Device(_) | Self::Shape(_) => 1,
        }
    }
}
