//! From a document to the JSON line that Elasticsearch receives.
//!
//! Adds what every document carries besides its own fields. Which fields those are is left to `source::documents`.

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value};

use super::document::{ACCESS_FIELD, Document, DocumentKind};
use super::encoded_file::EncodedFile;

/// Names the settings that the content of an attachment was extracted with. A change means: download it again.
pub const EXTRACTION_FIELD: &str = "_extraction";

/// The field in which the ingest pipeline notes failures, and we what a mapping refuses.
pub const INGESTION_ERRORS_FIELD: &str = "_ingestion_errors";

/// Says whether the text of an attachment was longer than what is indexed of it.
const TRUNCATED_FIELD: &str = "_body_truncated";

/// Says why there is no text of an attachment, or only an older one.
const EXTRACTION_ERROR_FIELD: &str = "_extraction_error";

/// The switches that the ingest pipeline looks at, from the connector's `pipeline` object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PipelineFlags {
    /// Turn `_attachment` into `body`.
    pub extract_binary_content: bool,
    /// Fold whitespace in `body`.
    pub reduce_whitespace: bool,
    /// Run the inference pipelines that were set up in Kibana.
    pub run_ml_inference: bool,
    /// Cut the text of `_attachment` after so many characters; the pipeline does not say whether it did.
    pub max_text_size: usize,
}

/// A whole document without file content, for an index operation.
pub fn whole(document: Document, flags: PipelineFlags) -> Bytes {
    to_json(&with_flags(document, flags))
}

/// A whole attachment with its content, for an index operation. `extraction` names the settings in force.
pub fn whole_with_content(document: Document, flags: PipelineFlags, extraction: &str, content: EncodedFile) -> Bytes {
    let mut fields = with_flags(document, flags);
    fields.insert(EXTRACTION_FIELD.into(), extraction.into());
    // Without it the pipeline keeps 100,000 characters.
    fields.insert("_attachment_indexed_chars".into(), flags.max_text_size.into());
    content.with_fields(&to_json(&fields))
}

/// A whole attachment with its text, for an index operation. `extraction` names the settings in force.
pub fn whole_with_text(
    document: Document,
    flags: PipelineFlags,
    extraction: &str,
    text: String,
    truncated: bool,
) -> Bytes {
    // There is nothing to extract any more; whitespace and inference are still the pipeline's.
    let flags = PipelineFlags {
        extract_binary_content: false,
        ..flags
    };
    let mut fields = with_flags(document, flags);
    fields.insert(EXTRACTION_FIELD.into(), extraction.into());
    fields.insert(TRUNCATED_FIELD.into(), truncated.into());
    fields.insert("body".into(), text.into());
    to_json(&fields)
}

/// Notes on an attachment that its text could not be taken with the settings in force, so that they are not tried again.
pub fn note_failed_extraction(document: &mut Document, extraction: &str, reason: &str) {
    document.fields.insert(EXTRACTION_FIELD.into(), extraction.into());
    document.fields.insert(EXTRACTION_ERROR_FIELD.into(), reason.into());
}

/// The fields of a document for an update operation. It carries no pipeline flags: no pipeline runs on an update, so
/// nothing would remove them.
pub fn partial(document: Document) -> Bytes {
    to_json(&identified(document))
}

/// An attachment whose issue got another key: what is indexed under the older `_id`, its text included, with the
/// metadata of now. It carries no flags, so the pipeline leaves the text alone.
pub fn carried_over(document: Document, older: Map<String, Value>) -> Bytes {
    let mut fields = older;
    // Without document level security nothing would replace the tokens of a time with it.
    fields.remove(ACCESS_FIELD);
    fields.extend(identified(document));
    to_json(&fields)
}

fn with_flags(document: Document, flags: PipelineFlags) -> Map<String, Value> {
    let mut fields = identified(document);
    fields.insert("_extract_binary_content".into(), flags.extract_binary_content.into());
    fields.insert("_reduce_whitespace".into(), flags.reduce_whitespace.into());
    fields.insert("_run_ml_inference".into(), flags.run_ml_inference.into());
    fields
}

fn identified(mut document: Document) -> Map<String, Value> {
    identify(&mut document);
    document.fields
}

/// Writes a document's ids into its fields, as they are indexed.
pub(super) fn identify(document: &mut Document) {
    let Document {
        id,
        kind,
        jira_id,
        issue_id,
        fields,
    } = document;
    fields.insert("id".into(), id.as_str().into());
    fields.insert("jira_id".into(), (*jira_id).into());
    if *kind != DocumentKind::Issue
        && let Some(issue_id) = *issue_id
    {
        fields.insert("issue_id".into(), issue_id.into());
    }
}

fn to_json(value: &impl Serialize) -> Bytes {
    let json = serde_json::to_vec(value).expect("maps with text keys always serialise");
    // Without the room to grow, up to half of it, which no budget counts.
    json.into_boxed_slice().into()
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use serde_json::json;

    use super::*;
    use crate::sync::document::DocumentId;
    use crate::sync::encoded_file::FileEncoder;

    const FLAGS: PipelineFlags = PipelineFlags {
        extract_binary_content: true,
        reduce_whitespace: true,
        run_ml_inference: false,
        max_text_size: 2_000,
    };

    fn attachment() -> Document {
        let fields = json!({"title": "a.txt"}).as_object().cloned().unwrap();
        let id = DocumentId::new("AL-1-70".into());
        Document {
            id,
            kind: DocumentKind::Attachment,
            jira_id: 70,
            issue_id: Some(7),
            fields,
        }
    }

    fn parsed(line: &[u8]) -> Value {
        serde_json::from_slice(line).unwrap()
    }

    #[test]
    fn content_is_carried_as_base64_with_the_settings_it_was_extracted_with() {
        let mut encoder = FileEncoder::new(5);
        encoder.push(b"he");
        encoder.push(b"llo");
        let line = whole_with_content(attachment(), FLAGS, "pipeline:p", encoder.finish());
        assert_eq!(
            parsed(&line),
            json!({
                "title": "a.txt", "id": "AL-1-70", "jira_id": 70, "issue_id": 7, "_extraction": "pipeline:p",
                "_attachment": "aGVsbG8=", "_extract_binary_content": true, "_reduce_whitespace": true,
                "_run_ml_inference": false, "_attachment_indexed_chars": 2_000,
            })
        );
    }

    #[test]
    fn an_update_carries_no_pipeline_flags() {
        assert_eq!(
            parsed(&partial(attachment())),
            json!({"title": "a.txt", "id": "AL-1-70", "jira_id": 70, "issue_id": 7})
        );
    }
}
