//! Texts in JQL. Which queries they become part of is left to `scope`.

/// Keys may be reserved words of JQL, so they are always quoted.
pub(super) fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
