//! Takes the values that were sent out of the words of a refusal: a parser's message may repeat a password. It leaves
//! the rest of the message alone.

use http_kit::redacted;
use serde_json::Value;

use crate::error::ElasticError;

/// Shorter texts are words of ordinary messages rather than secrets.
const SHORTEST_SECRET: usize = 4;

/// The same error without any text that stands under `configuration` or `values` in `sent`.
pub(crate) fn without_values(error: ElasticError, sent: &Value) -> ElasticError {
    let mut secrets = Vec::new();
    for section in ["configuration", "values"] {
        if let Some(value) = sent.get(section) {
            collect_values(value, &mut secrets);
        }
    }
    let clean = |reason: String| redacted(reason, secrets.iter().copied());
    match error {
        ElasticError::BadRequest {
            request,
            status,
            kind,
            reason,
        } => ElasticError::BadRequest {
            request,
            status,
            kind,
            reason: clean(reason),
        },
        ElasticError::Server {
            request,
            status,
            kind,
            reason,
            retry_after,
        } => ElasticError::Server {
            request,
            status,
            kind,
            reason: clean(reason),
            retry_after,
        },
        ElasticError::OutcomeUnknown { request, reason } => ElasticError::OutcomeUnknown {
            request,
            reason: clean(reason),
        },
        other => other,
    }
}

/// In a full definition only `value` and `default_value` are values; labels and types are not.
fn collect_values<'a>(value: &'a Value, into: &mut Vec<&'a str>) {
    match value {
        Value::String(text) if text.len() >= SHORTEST_SECRET => into.push(text),
        Value::Object(members) => match members.get("value") {
            Some(value) => collect_values(value, into),
            None => members.values().for_each(|member| collect_values(member, into)),
        },
        _ => {}
    }
}
