//! Writes down in a document who may see it. Who that is, is worked out in `permissions`.

use serde_json::Value;
use sync_engine::access_control::{ACCESS_FIELD, DocumentTokens};
use sync_engine::sync::Document;

/// The document with the tokens of its readers.
#[must_use]
pub fn allow(mut document: Document, tokens: &DocumentTokens) -> Document {
    let tokens: Vec<Value> = tokens.iter().map(Value::from).collect();
    document.fields.insert(ACCESS_FIELD.into(), tokens.into());
    document
}
