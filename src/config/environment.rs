//! The few environment variables that are not part of `config.yml`.
//!
//! Whether a stream is a terminal is no matter of the environment: callers ask the stream.

/// True when the user asked for output without colours: <https://no-color.org> counts any value but an empty one.
pub fn no_color() -> bool {
    variable("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// Where processes of one machine see files of each other that need not outlive it.
pub fn lock_folder() -> std::path::PathBuf {
    std::env::temp_dir()
}

/// The value of a variable; `None` when it is not set or not UTF-8.
#[expect(clippy::disallowed_methods, reason = "the one place where the environment is read")]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
