//! Comments and worklogs that not every reader of the issue may see, and the files that belong to them.
//!
//! Jira shows them to the service account; inside the issue document they would reach everybody who may read the
//! issue, so they are always left out of it. Jira guards a file that a restricted comment shows like the comment.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use crate::sync::DocumentKind;

/// A comment or worklog that not every reader of the issue may see.
#[derive(Debug, Clone, PartialEq)]
pub struct RestrictedEntry {
    /// A comment or a worklog.
    pub kind: DocumentKind,
    /// The entry as Jira sent it.
    pub raw: Value,
}

/// What was taken out of an issue.
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
    let mut hidden: HashMap<String, Vec<usize>> = HashMap::new();
    for (kind, field, list, text) in [
        (DocumentKind::Comment, "comment", "comments", "body"),
        (DocumentKind::Worklog, "worklog", "worklogs", "comment"),
    ] {
        for raw in keep_public_in(fields, field, list) {
            for file in files_shown(&raw[text]) {
                hidden.entry(file).or_default().push(restricted.entries.len());
            }
            restricted.entries.push(RestrictedEntry { kind, raw });
        }
    }
    if hidden.is_empty() {
        return restricted;
    }
    for shown in files_shown_to_all(fields) {
        hidden.remove(&shown);
    }
    if let Some(Value::Array(attachments)) = fields.get_mut("attachment") {
        attachments.retain_mut(|attachment| {
            let shown_by = attachment["filename"].as_str().and_then(|name| hidden.get(name));
            if let Some(entries) = shown_by {
                let entries = entries.clone();
                restricted.attachments.push((attachment.take(), entries));
                return false;
            }
            true
        });
    }
    restricted
}

fn files_shown_to_all(fields: &Map<String, Value>) -> HashSet<String> {
    let mut shown = HashSet::new();
    for text in ["description", "environment"] {
        shown.extend(fields.get(text).map(files_shown).unwrap_or_default());
    }
    for (pointer, text) in [("comment", "body"), ("worklog", "comment")] {
        let list = fields
            .get(pointer)
            .and_then(|page| page.get(format!("{pointer}s")))
            .and_then(Value::as_array);
        shown.extend(list.into_iter().flatten().flat_map(|entry| files_shown(&entry[text])));
    }
    shown
}

/// The files that wiki text shows: `[^name]` as a link, `!name!` or `!name|options!` as a picture.
fn files_shown(text: &Value) -> Vec<String> {
    let text = text.as_str().unwrap_or_default();
    let links = text
        .split("[^")
        .skip(1)
        .filter_map(|rest| rest.split_once(']'))
        .map(|(name, _)| name);
    // Between two exclamation marks of a sentence stands no file name, and a name that no file has does no harm.
    let pictures = text.lines().flat_map(|line| line.split('!'));
    links
        .chain(pictures)
        .map(|name| name.split('|').next().unwrap_or(name).trim().to_owned())
        .collect()
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
