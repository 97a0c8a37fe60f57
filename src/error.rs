//! The library's one error type. Each message says what was wrong, where, what was expected, and what to do.

use std::path::Path;

/// How similar two names must be, from 0 to 1, for one to be suggested in place of the other.
const ALIKE: f64 = 0.8;

/// The most names that are suggested.
const GUESSES: usize = 3;

/// A message about an unknown name: `complaint`, the most similar known names, if any, and all known names, followed
/// by `more`.
#[must_use]
pub fn unknown(complaint: &str, name: &str, known: &[&str], more: &str) -> String {
    let likeness = |other: &str| match strsim::osa_distance(name, other) {
        // A single typo.
        0..=1 => 1.0,
        _ => strsim::jaro_winkler(name, other),
    };
    let alike = known.iter().map(|other| (likeness(other), *other));
    let mut alike: Vec<_> = alike.filter(|(likeness, _)| *likeness >= ALIKE).collect();
    alike.sort_by(|a, b| b.0.total_cmp(&a.0));
    let guesses: Vec<_> = alike.into_iter().take(GUESSES).map(|(_, name)| name).collect();
    let all = known.join(", ");
    if guesses.is_empty() {
        return format!("{complaint}; available: {all}{more}");
    }
    format!("{complaint}; did you mean {}? Available: {all}{more}", guesses.join(" or "))
}

/// What went wrong, sorted by who can fix it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A setting that cannot be used: in an experiment file, on the command line, in a name.
    #[error("{0}")]
    Config(String),
    /// A data file that is missing, damaged or in another format.
    #[error("{0}")]
    Data(String),
    /// A file or folder that could not be read or written.
    #[error("cannot {action} {path}: {reason}")]
    File {
        /// What was attempted: "read", "write", "create".
        action: &'static str,
        /// The file or folder.
        path: String,
        /// The system's own reason. It is not the error's `source`: the message contains it already, and a chain
        /// would repeat it.
        reason: std::io::Error,
    },
    /// A shader that does not compile or does not match its kernel's contract.
    #[error("{0}")]
    Shader(String),
    /// No adapter, a lost device, memory that ran out, a refused call.
    #[error("{0}")]
    Device(String),
    /// Work that the device does not finish within the time cap. Nothing else can run on the device.
    #[error("{0}")]
    Stuck(String),
    /// A dispatch whose tensors do not fit together.
    #[error("{0}")]
    Shape(String),
}

/// A result with the library's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A [`Error::File`] for `path`.
    pub fn file(action: &'static str, path: &Path, reason: std::io::Error) -> Self {
        Self::File { action, path: path.display().to_string(), reason }
    }

    /// The exit status, for scripts: 2 for arguments, configuration, data and files, which the caller can fix; 1 for
    /// a run that failed, including when its records could not be written.
    #[must_use]
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::File { action: "write", .. } => 1,
            Self::Config(_) | Self::Data(_) | Self::File { .. } => 2,
            Self::Shader(_) | Self::Device(_) | Self::Stuck(_) | Self::Shape(_) => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_names_are_guessed_the_likeliest_first() {
        let known = ["sgd", "adam", "matmul_nn", "matmul_nt"];
        let said = |name: &str| unknown("no", name, &known, ", and more");
        let all = "sgd, adam, matmul_nn, matmul_nt, and more";
        assert_eq!(said("adm"), format!("no; did you mean adam? Available: {all}"));
        assert_eq!(said("sdg"), format!("no; did you mean sgd? Available: {all}"));
        let both = "matmul_nt or matmul_nn";
        assert_eq!(said("matmul_tt"), format!("no; did you mean {both}? Available: {all}"));
        assert_eq!(said("qqq"), format!("no; available: {all}"));
    }
}
