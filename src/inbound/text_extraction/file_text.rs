//! Declares requests for text of files and their results, the same for both ways.

/// Extensions that [`extract`](super::extract()) reads besides those of the framework; without dots, in small letters.
pub const MORE_EXTENSIONS: &[&str] = &[
    "eml", "htm", "xhtml", "ods", "odp", "log", "yaml", "yml", "docm", "dotx", "xltx", "pptm", "ppsx", "dot", "xlt",
    "pps",
];

/// Extensions of the framework's list that [`extract`](super::extract()) cannot read: Visio and Dropbox Paper.
pub const UNREADABLE_EXTENSIONS: &[&str] = &["vsd", "vsdx", "vsdm", "paper"];

/// The text of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileText {
    /// The text.
    pub text: String,
    /// Whether there was more of it than was wanted.
    pub truncated: bool,
}

/// The reason why there is no text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExtractionFailure {
    /// The file itself: trying again changes nothing.
    #[error("{0}")]
    File(String),
    /// Something around it, such as a service that does not answer; later it may work.
    #[error("{0}")]
    Environment(String),
}
