//! The outcome of one bulk item, and what its error says. What follows from it, another attempt or an entry in a report,
//! is left to the sink.

use serde::Deserialize;
use serde_json::Value;

use crate::error_mapping::reason_with_causes;

/// What became of one operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemResult {
    /// `_id`.
    pub id: String,
    /// HTTP status of this item.
    pub status: u16,
    /// What was done, absent when it failed.
    pub result: Option<ItemAction>,
    /// Why it failed.
    pub error: Option<ItemError>,
}

/// `result` of a bulk item.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are Elasticsearch's own")]
pub enum ItemAction {
    Created,
    Updated,
    Deleted,
    /// Nothing to change, or dropped by the pipeline.
    Noop,
    NotFound,
    /// A word that this version does not know.
    Unknown(String),
}

/// `error` of a bulk item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemError {
    /// Elasticsearch's error type.
    pub kind: String,
    /// Its words with those of its causes, without the values of fields.
    pub reason: String,
}

/// What an item's result means for whoever sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemOutcome {
    /// Done.
    Applied,
    /// The document to delete or update does not exist.
    NotFound,
    /// Refused for now: the cluster is busy or a shard is not there.
    Retry,
    /// Refused for good; sending the same again would end the same.
    Rejected,
}

impl ItemResult {
    /// What the result means.
    #[must_use]
    pub fn outcome(&self) -> ItemOutcome {
        let kind = self.error.as_ref().map_or("", |error| error.kind.as_str());
        match self.status {
            200..=299 if self.error.is_none() => ItemOutcome::Applied,
            // A missing index is 404 too, and must not pass for a missing document.
            404 if self.result == Some(ItemAction::NotFound) || kind == "document_missing_exception" => {
                ItemOutcome::NotFound
            }
            429 | 502..=504 => ItemOutcome::Retry,
            _ if kind == "es_rejected_execution_exception" => ItemOutcome::Retry,
            _ => ItemOutcome::Rejected,
        }
    }
}

impl ItemError {
    /// The field that the mapping refuses, as a dotted path, when this is such an error and names one. Sending the
    /// document again without it may succeed.
    #[must_use]
    pub fn refused_field(&self) -> Option<&str> {
        // The forms in which Elasticsearch 8 and 9 name a field, each with what ends the name.
        const FORMS: [(&str, &str); 6] = [
            ("failed to parse field [", "] of type"),
            ("object mapping for [", "] tried to parse"),
            ("mapper [", "] cannot be changed"),
            ("mapping for [", "]"),
            ("immense term in field=\"", "\""),
            ("failed to parse [", "]"),
        ];
        FORMS.iter().find_map(|(before, after)| {
            let (_, rest) = self.reason.split_once(before)?;
            let (name, _) = rest.split_once(after)?;
            Some(name).filter(|name| !name.is_empty())
        })
    }
}

#[derive(Deserialize)]
pub(crate) struct WireItem {
    #[serde(rename = "_id", default)]
    id: String,
    status: u16,
    result: Option<String>,
    error: Option<Value>,
}

impl From<WireItem> for ItemResult {
    fn from(wire: WireItem) -> Self {
        let result = wire.result.map(|word| match word.as_str() {
            "created" => ItemAction::Created,
            "updated" => ItemAction::Updated,
            "deleted" => ItemAction::Deleted,
            "noop" => ItemAction::Noop,
            "not_found" => ItemAction::NotFound,
            _ => ItemAction::Unknown(word),
        });
        let error = wire.error.map(|error| ItemError {
            kind: error.get("type").and_then(Value::as_str).unwrap_or_default().to_owned(),
            reason: reason_with_causes(&error),
        });
        Self {
            id: wire.id,
            status: wire.status,
            result,
            error,
        }
    }
}
