//! Cuts the texts of a document that is too large, the longest ones first, and says so in the document.
//!
//! When a document is too large is known by `index_sink` and `delivery`.

use bytes::Bytes;
use serde_json::{Map, Value};
use sync_engine::sync::document::ACCESS_FIELD;
use sync_engine::sync::encode::INGESTION_ERRORS_FIELD;

/// Texts are never cut below so many bytes: names, keys and dates stay whole.
const SHORTEST: usize = 256;
/// Lists are never cut below so many entries.
const FEWEST: usize = 8;
/// Room for the note, which names some of the fields.
const NOTE: usize = 1_024;
/// So many fields are named.
const NAMED: usize = 10;

/// The document with texts cut so that it takes `limit` bytes at most; none when that is impossible.
pub(super) fn fit(source: &Bytes, limit: usize) -> Option<Bytes> {
    let room = limit.checked_sub(NOTE)?;
    let Ok(Value::Object(mut document)) = serde_json::from_slice(source) else {
        return None;
    };
    let access = document.remove(ACCESS_FIELD);
    let room = room.checked_sub(access.as_ref().map_or(0, written))?;
    let mut cut = Cut::default();
    let mut most = longest_that_fit(&document, room);
    let mut entries = usize::MAX;
    while written(&document) > room {
        if most >= SHORTEST {
            cut.texts(&mut document, most);
            most /= 2;
        } else if entries >= FEWEST {
            entries = if entries == usize::MAX { 1_024 } else { entries / 2 };
            cut.lists(&mut document, entries);
        } else {
            return None;
        }
    }
    document.extend(access.map(|access| (ACCESS_FIELD.to_owned(), access)));
    note(&mut document, cut.note(source.len()));
    serde_json::to_vec(&document).ok().map(Bytes::from)
}

/// The document with every text at `path`, or below it, cut to `most` bytes; every text when no path is given. None when
/// there is none to cut.
pub(super) fn cut_texts(document: &mut Map<String, Value>, path: Option<&str>, most: usize) -> bool {
    let access = document.remove(ACCESS_FIELD);
    let mut cut = Cut {
        below: path.map(str::to_owned),
        ..Cut::default()
    };
    cut.texts(document, most);
    document.extend(access.map(|access| (ACCESS_FIELD.to_owned(), access)));
    !cut.paths.is_empty()
}

/// Adds a line to what went wrong with a document, so that a reader sees why something is missing.
pub(super) fn note(document: &mut Map<String, Value>, line: String) {
    match document.get_mut(INGESTION_ERRORS_FIELD) {
        Some(Value::Array(errors)) => errors.push(line.into()),
        _ => {
            document.insert(INGESTION_ERRORS_FIELD.into(), Value::Array(vec![line.into()]));
        }
    }
}

/// The paths that were cut.
#[derive(Default)]
struct Cut {
    /// Only there, and below.
    below: Option<String>,
    paths: Vec<String>,
}

impl Cut {
    fn texts(&mut self, document: &mut Map<String, Value>, most: usize) {
        for (name, value) in document {
            self.value(name, value, &mut |value| match value {
                Value::String(text) if text.len() > most => {
                    text.truncate(text.floor_char_boundary(most));
                    text.push('…');
                    true
                }
                _ => false,
            });
        }
    }

    fn lists(&mut self, document: &mut Map<String, Value>, most: usize) {
        for (name, value) in document {
            self.value(name, value, &mut |value| match value {
                Value::Array(entries) if entries.len() > most => {
                    entries.truncate(most);
                    true
                }
                _ => false,
            });
        }
    }

    fn value(&mut self, path: &str, value: &mut Value, shorten: &mut impl FnMut(&mut Value) -> bool) {
        if self.is_wanted(path) && shorten(value) && !self.paths.iter().any(|known| known == path) {
            self.paths.push(path.to_owned());
        }
        match value {
            Value::Array(entries) => entries.iter_mut().for_each(|entry| self.value(path, entry, shorten)),
            Value::Object(members) => {
                for (name, member) in members {
                    self.value(&format!("{path}.{name}"), member, shorten);
                }
            }
            _ => {}
        }
    }

    /// A path of the mapping may go on below a value of the document, into its sub-fields.
    fn is_wanted(&self, path: &str) -> bool {
        let starts = |longer: &str, shorter: &str| {
            let rest = longer.strip_prefix(shorter);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let below = self.below.as_deref();
        below.is_none_or(|below| starts(path, below) || starts(below, path))
    }

    fn note(&self, size: usize) -> String {
        let named = self
            .paths
            .iter()
            .take(NAMED)
            .map(|path| path.chars().take(64).collect::<String>());
        let named: Vec<String> = named.collect();
        let more = match self.paths.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("cut, because the document has {size} bytes: {}{more}", named.join(", "))
    }
}

/// The largest length to which texts can be cut so that `document` has room, as far as that can be reckoned.
fn longest_that_fit(document: &Map<String, Value>, room: usize) -> usize {
    let mut lengths = Vec::new();
    document.values().for_each(|value| text_lengths(value, &mut lengths));
    lengths.sort_unstable();
    let others = written(document).saturating_sub(lengths.iter().sum());
    let mut left = room.saturating_sub(others);
    for (position, length) in lengths.iter().enumerate() {
        let share = left / (lengths.len() - position);
        if *length > share {
            return share;
        }
        left -= length;
    }
    usize::MAX
}

fn text_lengths(value: &Value, lengths: &mut Vec<usize>) {
    match value {
        Value::String(_) => lengths.push(written(value)),
        Value::Array(entries) => entries.iter().for_each(|entry| text_lengths(entry, lengths)),
        Value::Object(members) => members.values().for_each(|member| text_lengths(member, lengths)),
        _ => {}
    }
}

/// Bytes of the JSON text.
fn written(value: &impl serde::Serialize) -> usize {
    struct Count(usize);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    match serde_json::to_writer(&mut count, value) {
        Ok(()) => count.0,
        Err(_) => usize::MAX,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn cut(document: &Value, limit: usize) -> Option<Value> {
        let cut = fit(&Bytes::from(document.to_string()), limit)?;
        assert!(cut.len() <= limit, "{} bytes", cut.len());
        Some(serde_json::from_slice(&cut).unwrap())
    }

    #[test]
    fn an_issue_of_51_long_comments_keeps_a_part_of_each() {
        let comment =
            |n: usize| json!({ "id": n.to_string(), "body": format!("{n} quagga {}", "ä\n\u{1}".repeat(30_000)) });
        let comments: Vec<Value> = (0..51).map(comment).collect();
        let issue = json!({
            "Key": "AL-1", "_allow_access_control": ["browse:1"],
            "Issue": { "summary": "short", "comment": { "comments": comments } },
        });
        let cut = cut(&issue, 200_000).unwrap();
        assert_eq!(cut["Issue"]["summary"], "short");
        assert_eq!(cut["_allow_access_control"], json!(["browse:1"]));
        for (n, comment) in cut["Issue"]["comment"]["comments"]
            .as_array()
            .unwrap()
            .iter()
            .enumerate()
        {
            assert!(comment["body"].as_str().unwrap().starts_with(&format!("{n} quagga")));
        }
        let note = cut["_ingestion_errors"][0].as_str().unwrap();
        assert!(note.contains("Issue.comment.comments.body"), "{note}");
    }

    #[test]
    fn a_list_of_very_many_short_entries_is_cut_too() {
        let many: Vec<String> = (0..50_000).map(|n| format!("label-{n}")).collect();
        let issue = json!({ "Key": "AL-1", "Issue": { "labels": many } });
        let cut = cut(&issue, 20_000).unwrap();
        assert_eq!(cut["Issue"]["labels"][0], "label-0");
    }

    #[test]
    fn access_tokens_are_never_cut() {
        let tokens: Vec<String> = (0..2_000).map(|n| format!("{n}{}", "x".repeat(300))).collect();
        let issue = json!({ "_allow_access_control": tokens, "body": "y".repeat(10_000) });
        assert_eq!(cut(&issue, 100_000), None);
        assert_eq!(cut(&issue, 630_000).unwrap()["_allow_access_control"], json!(tokens));
    }
}
