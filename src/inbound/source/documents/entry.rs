//! The document of a comment or worklog that only some readers of its issue may see. Public ones are part of the issue.

use jira_client::Issue;
use serde_json::{Map, Value};
use sync_engine::sync::{Document, DocumentId, DocumentKind};

use super::DocumentContext;
use super::restricted::RestrictedEntry;

/// `_id` is `comment-{id}` or `worklog-{id}`; none for an entry without a numeric id.
pub fn restricted_entry(context: &DocumentContext, issue: &Issue, entry: &RestrictedEntry) -> Option<Document> {
    let (family, text, focus) = match entry.kind {
        DocumentKind::Comment => ("Comment", "body", "focusedCommentId"),
        DocumentKind::Worklog => ("Worklog", "comment", "focusedWorklogId"),
        _ => return None,
    };
    let id = entry.raw.get("id")?;
    let id = id.as_u64().or_else(|| id.as_str()?.trim().parse().ok())?;
    let mut fields = Map::new();
    if let Some(updated) = entry.raw.get("updated").or_else(|| entry.raw.get("created")) {
        fields.insert("_timestamp".into(), updated.clone());
    }
    fields.insert("Type".into(), family.into());
    fields.insert("issue".into(), issue.key.clone().into());
    let url = format!("{}/browse/{}?{focus}={id}", context.base_url, issue.key);
    fields.insert("url".into(), url.into());
    if let Some(text) = entry.raw.get(text).and_then(Value::as_str) {
        fields.insert("body".into(), text.into());
    }
    fields.insert(family.into(), entry.raw.clone());
    Some(Document {
        id: DocumentId::new(format!("{}-{id}", family.to_lowercase())),
        kind: entry.kind,
        jira_id: id,
        issue_id: Some(issue.id),
        fields,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_restricted_comment_is_a_document_of_its_own() {
        let context = DocumentContext::for_test(&[]);
        let issue = Issue {
            id: 7,
            key: "AL-1".into(),
            fields: Map::new(),
        };
        let entry = RestrictedEntry {
            kind: DocumentKind::Comment,
            raw: json!({"id": "31", "body": "not for all", "updated": "2024-01-01T00:00:00.000+0200"}),
        };
        let document = restricted_entry(&context, &issue, &entry).unwrap();
        assert_eq!(
            (document.id.as_str(), document.jira_id, document.issue_id),
            ("comment-31", 31, Some(7))
        );
        insta::assert_json_snapshot!(document.fields, @r#"
        {
          "Comment": {
            "body": "not for all",
            "id": "31",
            "updated": "2024-01-01T00:00:00.000+0200"
          },
          "Type": "Comment",
          "_timestamp": "2024-01-01T00:00:00.000+0200",
          "body": "not for all",
          "issue": "AL-1",
          "url": "https://example.atlassian.net/browse/AL-1?focusedCommentId=31"
        }
        "#);
    }
}
