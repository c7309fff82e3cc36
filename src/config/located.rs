//! YAML text into a tree whose every value knows its line and how it was written.
//!
//! The only place that calls the YAML parser. It gives no meaning to keys: see `layers` and the sections for that.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

/// A value of the file.
#[derive(Clone)]
pub(super) struct Located {
    /// One-based line, 0 when the parser did not say.
    pub(super) line: u64,
    pub(super) node: Node,
}

/// The shape of a value. Scalars stay text: `password: 0123` must not become 123; each setting knows its own type.
#[derive(Clone)]
pub(super) enum Node {
    Null,
    Scalar(Scalar),
    List(Vec<Located>),
    Map(Vec<(Spelled, Located)>),
}

/// A scalar's text, and how the file spells it when the two differ because of `${VAR}`.
#[derive(Clone)]
pub(super) struct Scalar {
    pub(super) text: String,
    /// Set when a variable was put in: messages then show this, because the environment may hold a secret.
    pub(super) written: Option<String>,
}

/// A key with its line.
#[derive(Clone)]
pub(super) struct Spelled {
    pub(super) name: String,
    pub(super) line: u64,
}

/// A fault that the parser found.
pub(super) struct ParseFault {
    /// One-based line, 0 when unknown.
    pub(super) line: u64,
    pub(super) detail: String,
}

/// Parses one YAML document; `None` is a document without any content.
pub(super) fn parse(text: &str) -> Result<Option<Located>, ParseFault> {
    if text
        .lines()
        .all(|line| line.trim_start().starts_with('#') || matches!(line.trim(), "" | "---" | "..."))
    {
        return Ok(None);
    }
    let raw: Spanned<Raw> = serde_saphyr::from_str(text).map_err(|error| {
        // The snippet that the parser would add shows neighbouring lines, which may hold secrets.
        let bare = error.without_snippet();
        let line = bare.location().map_or(0, |location| location.line());
        ParseFault {
            line,
            detail: describe(&bare.to_string(), text, line),
        }
    })?;
    Ok(Some(located(raw, text)))
}

/// Adds the cure to the most frequent mistake, a tab as indentation, which the parser reports in its own terms.
fn describe(message: &str, text: &str, line: u64) -> String {
    let first_line = message.lines().next().unwrap_or(message).trim_start_matches("error: ");
    let is_tab_indented = |number: u64| {
        usize::try_from(number)
            .ok()
            .and_then(|number| text.lines().nth(number.checked_sub(1)?))
            .is_some_and(|line| line.chars().take_while(|c| c.is_whitespace()).any(|c| c == '\t'))
    };
    if is_tab_indented(line) {
        format!("{first_line}; the line is indented with a tab, YAML allows only spaces")
    } else {
        first_line.to_owned()
    }
}

fn located(raw: Spanned<Raw>, source: &str) -> Located {
    let line = raw.referenced.line();
    let node = match raw.value {
        Raw::Null => Node::Null,
        Raw::Text(text) => Node::Scalar(Scalar { text, written: None }),
        Raw::Other(fallback) => {
            let span = raw.defined.span();
            let written = span.byte_offset().zip(span.byte_len()).and_then(|(start, len)| {
                let start = usize::try_from(start).ok()?;
                let end = start.checked_add(usize::try_from(len).ok()?)?;
                source.get(start..end)
            });
            let text = written
                .map(str::trim)
                .filter(|text| !text.is_empty())
                .map_or(fallback, str::to_owned);
            Node::Scalar(Scalar { text, written: None })
        }
        Raw::List(items) => Node::List(items.into_iter().map(|item| located(item, source)).collect()),
        Raw::Map(entries) => Node::Map(
            entries
                .into_iter()
                .map(|(key, value)| {
                    (
                        Spelled {
                            line: key.referenced.line(),
                            name: key.value,
                        },
                        located(value, source),
                    )
                })
                .collect(),
        ),
    };
    Located { line, node }
}

/// The tree as the parser hands it out. `Other` is a number or a boolean; its text is taken from the source.
enum Raw {
    Null,
    Text(String),
    Other(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Other(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Other(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Other(value.to_string()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Raw, E> {
        Ok(Raw::Other(value.to_string()))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Raw, E> {
        Ok(Raw::Other(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Other(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Raw::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = access.next_entry()? {
            entries.push(entry);
        }
        Ok(Raw::Map(entries))
    }
}
