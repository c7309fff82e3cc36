//! Describes problems of a configuration file: where they are, and what to write instead.
//!
//! It holds no checks: those live with the sections. No message carries the value of a secret.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// The reason why a configuration cannot be used. Every variant names the file; a retry needs an edit.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file does not exist.
    #[error(
        "{}: no such file; copy config.yml.example to it, or name another file with -c",
        path.display()
    )]
    Missing {
        /// The file that was looked for.
        path: PathBuf,
    },
    /// The file exists and could not be read (permissions, a folder, a broken disk).
    #[error("{}: cannot be read: {source}", path.display())]
    Unreadable {
        /// The file that was opened.
        path: PathBuf,
        /// The operating system's words.
        #[source]
        source: io::Error,
    },
    /// The bytes are not UTF-8.
    #[error("{}: {detail}", path.display())]
    Encoding {
        /// The file that was read.
        path: PathBuf,
        /// The encoding that it seems to have, or the place of the first wrong byte.
        detail: String,
    },
    /// The text is not YAML, or is YAML of a kind that a configuration cannot have.
    #[error("{}{}: not valid YAML: {detail}", path.display(), line_suffix(*line))]
    Yaml {
        /// The file that was read.
        path: PathBuf,
        /// One-based line, 0 when the parser did not say.
        line: u64,
        /// The parser's words.
        detail: String,
    },
    /// The file is empty, or holds comments only.
    #[error("{}: holds no settings; config.yml.example shows what belongs in it", path.display())]
    Empty {
        /// The file that was read.
        path: PathBuf,
    },
    /// The YAML is fine and one or more settings are not; all of them are listed.
    #[error("{}", join_problems(path, problems))]
    Invalid {
        /// The file that was read.
        path: PathBuf,
        /// The problems, in the order of the file; never empty.
        problems: Vec<Problem>,
    },
}

impl ConfigError {
    /// Always false: only an edit of the file or of the environment helps.
    pub fn is_retryable(&self) -> bool {
        false
    }
}

/// One setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// One-based line, 0 when unknown.
    pub line: u64,
    /// Full path of the key, such as `service.idling` or `connectors[1].connector_id`; empty for the whole file.
    pub key: String,
    /// The problem and the allowed values.
    pub detail: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.detail)
    }
}

fn line_suffix(line: u64) -> String {
    if line == 0 { String::new() } else { format!(":{line}") }
}

fn join_problems(path: &std::path::Path, problems: &[Problem]) -> String {
    problems
        .iter()
        .map(|problem| format!("{}{}: {problem}", path.display(), line_suffix(problem.line)))
        .collect::<Vec<_>>()
        .join("\n")
}
