//! The last look at a document before it is encoded: one without readers is for nobody, and never for everybody.

use serde_json::{Value, json};

use super::document::{ACCESS_FIELD, Document, NOBODY};

/// Denies a document without readers. Returns whether it had none.
pub(super) fn deny_without_readers(document: &mut Document) -> bool {
    let tokens = document.fields.get(ACCESS_FIELD).and_then(Value::as_array);
    let has_none = tokens.is_none_or(Vec::is_empty);
    if has_none {
        document.fields.insert(ACCESS_FIELD.into(), json!([NOBODY]));
    }
    has_none
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;
    use crate::sync::document::{DocumentId, DocumentKind};

    #[test_case(json!({}), json!(["nobody"]); "missing")]
    #[test_case(json!({"_allow_access_control": null}), json!(["nobody"]); "null")]
    #[test_case(json!({"_allow_access_control": []}), json!(["nobody"]); "empty")]
    #[test_case(json!({"_allow_access_control": "browse:1"}), json!(["nobody"]); "no list")]
    #[test_case(json!({"_allow_access_control": ["browse:1"]}), json!(["browse:1"]); "some")]
    fn a_document_without_readers_is_for_nobody(fields: Value, tokens: Value) {
        let mut document = Document {
            id: DocumentId::new("AL-1".into()),
            kind: DocumentKind::Issue,
            jira_id: 1,
            issue_id: Some(1),
            fields: fields.as_object().cloned().unwrap(),
        };
        assert_eq!(deny_without_readers(&mut document), tokens == json!(["nobody"]));
        assert_eq!(document.fields[ACCESS_FIELD], tokens);
    }
}
