//! The documents of what is attached to an issue, without content.

use jira_client::Issue;
use serde_json::{Map, Value};
use sync_engine::sync::{Document, DocumentId, DocumentKind, ItemFailure, PendingAttachment};

use super::DocumentContext;

/// The attachments that an issue names.
#[derive(Debug)]
pub enum Attachments {
    /// These, possibly none. What could not be understood is listed apart.
    Listed(Vec<PendingAttachment>, Vec<ItemFailure>),
    /// Nothing: the field is hidden or absent, which does not mean that there are none.
    Unknown,
}

/// `_id` is `{KEY}-{attachment id}`.
pub fn attachments(context: &DocumentContext, issue: &Issue) -> Attachments {
    let Some(Value::Array(raw)) = issue.fields.get("attachment") else {
        return Attachments::Unknown;
    };
    let mut pending = Vec::with_capacity(raw.len());
    let mut failed = Vec::new();
    for (position, entry) in raw.iter().enumerate() {
        match attachment(context, issue, entry) {
            Some(attachment) => pending.push(attachment),
            None => failed.push(ItemFailure {
                issue_id: issue.id,
                item: format!("attachment {} of {}", position + 1, issue.key),
                reason: "Jira sent it without a numeric id".into(),
            }),
        }
    }
    Attachments::Listed(pending, failed)
}

fn attachment(context: &DocumentContext, issue: &Issue, entry: &Value) -> Option<PendingAttachment> {
    let id = number(entry.get("id")?)?;
    let filename = entry
        .get("filename")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let size = entry.get("size").and_then(number);
    let content_type = entry.get("mimeType").and_then(Value::as_str).unwrap_or_default();
    let content_url = entry.get("content").and_then(Value::as_str).map(str::to_owned);

    let mut fields = Map::new();
    if let Some(created) = entry.get("created") {
        fields.insert("_timestamp".into(), created.clone());
    }
    fields.insert("title".into(), filename.clone().into());
    fields.insert("Type".into(), "Attachment".into());
    fields.insert("issue".into(), issue.key.clone().into());
    fields.insert("size".into(), size.map_or(Value::Null, Value::from));
    fields.insert(
        "url".into(),
        format!("{}/browse/{}", context.base_url, issue.key).into(),
    );
    let document = Document {
        id: DocumentId::new(format!("{}-{id}", issue.key)),
        kind: DocumentKind::Attachment,
        jira_id: id,
        issue_id: Some(issue.id),
        fields,
    };
    let content_skipped = match size {
        Some(size) => context.files.refuse(&filename, content_type, size),
        None => Some("Jira did not state its size, so a download could not be checked".into()),
    };
    Some(PendingAttachment {
        document,
        filename,
        size: size.unwrap_or_default(),
        content_url,
        content_skipped,
    })
}

/// Attachment ids are text in issues and numbers elsewhere.
fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn listed(field: Value) -> Attachments {
        let mut context = DocumentContext::for_test(&[]);
        context.files.max_size = 100;
        let fields = Map::from_iter([("attachment".to_owned(), field)]);
        attachments(
            &context,
            &Issue {
                id: 10001,
                key: "AL-1".into(),
                fields,
            },
        )
    }

    #[test]
    fn a_hidden_field_is_not_an_empty_list() {
        assert!(matches!(listed(Value::Null), Attachments::Unknown));
        assert!(matches!(listed(json!([])), Attachments::Listed(found, _) if found.is_empty()));
    }

    #[test]
    fn an_attachment_has_the_framework_s_fields() {
        let entry = json!({"id": "70", "filename": "a b.txt", "created": "2024-01-01T00:00:00.000+0200", "size": 5});
        let Attachments::Listed(found, failed) = listed(json!([entry, {"filename": "no id"}])) else {
            unreachable!("it is a list")
        };
        assert_eq!(found[0].document.id.as_str(), "AL-1-70");
        assert_eq!(found[0].content_skipped, None);
        assert_eq!(failed[0].item, "attachment 2 of AL-1");
        insta::assert_json_snapshot!(found[0].document.fields, @r#"
        {
          "Type": "Attachment",
          "_timestamp": "2024-01-01T00:00:00.000+0200",
          "issue": "AL-1",
          "size": 5,
          "title": "a b.txt",
          "url": "https://example.atlassian.net/browse/AL-1"
        }
        "#);
    }
}
