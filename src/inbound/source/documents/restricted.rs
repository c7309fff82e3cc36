//! Comments and worklogs that not every reader of the issue may see, and the files that belong to them.
//!
//! Jira shows them to the service account; inside the issue document they would reach everybody who may read the
//! issue, so they are always left out of it. Jira guards a file that a restricted comment shows like the comment.

use serde_json::{Map, Value};
use sync_engine::sync::DocumentKind;

/// A comment or worklog that not every reader of the issue may see.
#[derive(Debug, Clone, PartialEq)]
pub struct RestrictedEntry {
    /// A comment or a worklog.
    pub kind: DocumentKind,
    /// The entry as Jira sent it.
    pub raw: Value,
}

/// The parts that were taken out of an issue.
#[derive(Debug, Default)]
pub struct Restricted {
    /// Comments and worklogs.
    pub entries: Vec<RestrictedEntry>,
    /// Files that only restricted entries show, as Jira sent them, with the positions of those entries.
    pub attachments: Vec<(Value, Vec<usize>)>,
}

/// Leaves in the fields of an issue what every reader of it may see: in `fields.comment` and `fields.worklog`, whose
/// totals are corrected, and in `fields.attachment`. The rest is returned.
pub fn take_restricted(fields: &mut Map<String, Value>) -> Restricted {
    let mut restricted = Restricted::default();
    for (kind, field, list) in [
        (DocumentKind::Comment, "comment", "comments"),
        (DocumentKind::Worklog, "worklog", "worklogs"),
    ] {
        let taken = keep_public_in(fields, field, list).into_iter();
        restricted
            .entries
            .extend(taken.map(|raw| RestrictedEntry { kind, raw }));
    }
    let listed = fields.get_mut("attachment").and_then(Value::as_array_mut);
    let Some(mut attachments) = listed.filter(|_| !restricted.entries.is_empty()).map(std::mem::take) else {
        return restricted;
    };
    attachments.retain_mut(|attachment| {
        let shown_by = restricted.shown_by(attachment);
        let hidden = !shown_by.is_empty() && !is_shown_to_all(fields, attachment);
        if hidden {
            restricted.attachments.push((attachment.take(), shown_by));
        }
        !hidden
    });
    fields.insert("attachment".to_owned(), Value::Array(attachments));
    restricted
}

impl Restricted {
    /// The positions of the entries that show a file.
    fn shown_by(&self, attachment: &Value) -> Vec<usize> {
        let entries = self.entries.iter().enumerate();
        let showing = entries.filter(|(_, entry)| shows(&entry.raw[text_member(entry.kind)], attachment));
        showing.map(|(at, _)| at).collect()
    }
}

fn text_member(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::Worklog => "comment",
        _ => "body",
    }
}

/// Whether a text of the issue itself, or a comment or worklog for all, shows the file.
fn is_shown_to_all(fields: &Map<String, Value>, attachment: &Value) -> bool {
    let entries = [
        ("comment", "comments", DocumentKind::Comment),
        ("worklog", "worklogs", DocumentKind::Worklog),
    ];
    let mut said = entries.into_iter().flat_map(|(field, list, kind)| {
        let entries = fields
            .get(field)
            .and_then(|page| page.get(list))
            .and_then(Value::as_array);
        entries
            .into_iter()
            .flatten()
            .map(move |entry| &entry[text_member(kind)])
    });
    fields.values().any(|text| shows(text, attachment)) || said.any(|text| shows(text, attachment))
}

/// Whether wiki text shows a file: by name, as a link `[^name]` or `[words|^name]` or as a picture `!name!` or
/// `!name|options!`, or by an address with its id. A name can hold any of these marks, so it is looked for as a whole.
fn shows(text: &Value, attachment: &Value) -> bool {
    let Some(text) = text.as_str() else { return false };
    let name = attachment["filename"]
        .as_str()
        .map(str::trim)
        .filter(|name| !name.is_empty());
    let by_name = name.is_some_and(|name| {
        text.match_indices(name).any(|(at, _)| {
            let (before, after) = (text[..at].trim_end(), text[at + name.len()..].trim_start());
            let ends = |end: char| after.starts_with([end, '|']);
            before.ends_with('^') && ends(']') || before.ends_with('!') && ends('!')
        })
    });
    by_name || id_of(attachment).is_some_and(|id| names_address(text, &id))
}

fn id_of(attachment: &Value) -> Option<String> {
    let id = &attachment["id"];
    let text = id
        .as_str()
        .map(str::to_owned)
        .or_else(|| id.as_u64().map(|id| id.to_string()));
    text.filter(|id| !id.is_empty())
}

/// `/secure/attachment/7/plan.pdf`, `/rest/api/3/attachment/content/7`, `/secure/thumbnail/7/...`.
fn names_address(text: &str, id: &str) -> bool {
    ["attachment/", "attachment/content/", "thumbnail/"]
        .iter()
        .any(|before| {
            text.match_indices(before).any(|(at, _)| {
                let rest = text[at + before.len()..].strip_prefix(id);
                rest.is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_digit()))
            })
        })
}

/// Removes what is restricted and returns it.
fn keep_public_in(fields: &mut Map<String, Value>, field: &str, list: &str) -> Vec<Value> {
    let Some(page) = fields.get_mut(field).and_then(Value::as_object_mut) else {
        return Vec::new();
    };
    let Some(Value::Array(entries)) = page.get_mut(list) else {
        return Vec::new();
    };
    let (public, restricted): (Vec<Value>, Vec<Value>) = std::mem::take(entries).into_iter().partition(is_public);
    let count = public.len();
    *entries = public;
    for (member, value) in [("total", count), ("maxResults", count), ("startAt", 0)] {
        if page.contains_key(member) {
            page.insert(member.to_owned(), value.into());
        }
    }
    restricted
}

/// Unknown means restricted: only an absent or null `visibility` is public, and only `jsdPublic: true` or its absence.
fn is_public(entry: &Value) -> bool {
    let unrestricted = matches!(entry.get("visibility"), None | Some(Value::Null));
    let not_internal = matches!(entry.get("jsdPublic"), None | Some(Value::Null | Value::Bool(true)));
    unrestricted && not_internal
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use test_case::test_case;

    use super::*;

    #[test]
    fn restricted_and_internal_entries_are_left_out() {
        let mut fields = json!({
            "comment": {"total": 5, "maxResults": 5, "startAt": 0, "comments": [
                {"id": "1", "body": "public"},
                {"id": "2", "body": "secret", "visibility": {"type": "role", "value": "Administrators"}},
                {"id": "3", "body": "internal", "jsdPublic": false},
                {"id": "4", "body": "also public", "jsdPublic": true, "visibility": null},
                {"id": "5", "body": "odd", "visibility": "something new"},
            ]},
            "worklog": {"total": 1, "worklogs": [{"id": "9", "visibility": {"type": "group", "value": "staff"}}]},
        })
        .as_object()
        .cloned()
        .unwrap();
        let taken = take_restricted(&mut fields);
        let kinds: Vec<DocumentKind> = taken.entries.iter().map(|entry| entry.kind).collect();
        assert_eq!(kinds[..3], [DocumentKind::Comment; 3]);
        assert_eq!(kinds[3..], [DocumentKind::Worklog]);
        let ids: Vec<&Value> = fields["comment"]["comments"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| &c["id"])
            .collect();
        assert_eq!(ids, [&json!("1"), &json!("4")]);
        assert_eq!(fields["comment"]["total"], 2);
        assert_eq!(fields["worklog"], json!({"total": 0, "worklogs": []}));
    }

    #[test_case("[^wow!.png]", true; "a link")]
    #[test_case("[the [plan]|^wow!.png]", true; "a link with words of its own")]
    #[test_case("!wow!.png|width=3!", true; "a picture whose name has the mark in it")]
    #[test_case("see https://x.example/secure/attachment/17/wow%21.png", true; "an address")]
    #[test_case("/rest/api/3/attachment/content/17", true; "an address of the interface")]
    #[test_case("/secure/attachment/170/other.png and wow!.png", false; "the name alone, and another file")]
    fn files_that_a_text_shows(text: &str, expected: bool) {
        assert_eq!(
            shows(&json!(text), &json!({"id": "17", "filename": "wow!.png"})),
            expected
        );
    }

    #[test]
    fn a_file_of_a_restricted_comment_is_left_out_unless_everybody_is_shown_it() {
        let mut fields = json!({
            "description": "see [^plan.pdf] and !everyone.png|width=300!",
            "comment": {"comments": [
                {"body": "secret: [^salaries.xlsx], !face.png|thumbnail!, [^plan.pdf]", "visibility": {"type": "role"}},
                {"body": "Wow! Look at !face2.png! now!"},
                {"body": "!face2.png!", "jsdPublic": false},
            ]},
            "attachment": [
                {"filename": "plan.pdf"}, {"filename": "salaries.xlsx"}, {"filename": "face.png"},
                {"filename": "face2.png"}, {"filename": "everyone.png"}, {"filename": "other.txt"},
            ],
        })
        .as_object()
        .cloned()
        .unwrap();
        let taken = take_restricted(&mut fields);
        let hidden: Vec<_> = taken
            .attachments
            .iter()
            .map(|(file, by)| (&file["filename"], by.as_slice()))
            .collect();
        assert_eq!(
            hidden,
            [(&json!("salaries.xlsx"), &[0][..]), (&json!("face.png"), &[0][..])]
        );
        let attachments = fields["attachment"].as_array().unwrap();
        let names: Vec<&str> = attachments.iter().filter_map(|one| one["filename"].as_str()).collect();
        assert_eq!(names, ["plan.pdf", "face2.png", "everyone.png", "other.txt"]);
    }
}
