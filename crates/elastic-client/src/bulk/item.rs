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
    /// The index or the cluster is read-only: everything sent to it will end the same until somebody acts.
    Blocked,
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
            _ if kind == "cluster_block_exception" => ItemOutcome::Blocked,
            429 | 502..=504 => ItemOutcome::Retry,
            _ if kind == "es_rejected_execution_exception" => ItemOutcome::Retry,
            // A master that is too busy to add a field to the mapping within 30 s.
            _ if kind == "process_cluster_event_timeout_exception" => ItemOutcome::Retry,
            500 if kind == "mapper_exception" => ItemOutcome::Retry,
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
        const FORMS: [(&str, &str); 7] = [
            ("failed to parse field [", "] of type"),
            ("object mapping for [", "] tried to parse"),
            ("mapper [", "] cannot be changed"),
            ("non object mapping [", "] with"),
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

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    fn item(status: u16, result: Option<ItemAction>, kind: Option<&str>) -> ItemResult {
        let error = kind.map(|kind| ItemError {
            kind: kind.to_owned(),
            reason: String::new(),
        });
        ItemResult {
            id: "1".to_owned(),
            status,
            result,
            error,
        }
    }

    #[test_case(200, Some(ItemAction::Updated), None => ItemOutcome::Applied)]
    #[test_case(201, Some(ItemAction::Created), None => ItemOutcome::Applied)]
    #[test_case(200, Some(ItemAction::Noop), None => ItemOutcome::Applied)]
    #[test_case(404, Some(ItemAction::NotFound), None => ItemOutcome::NotFound; "deleting what is not there")]
    #[test_case(404, None, Some("document_missing_exception") => ItemOutcome::NotFound; "updating what is not there")]
    #[test_case(404, None, Some("index_not_found_exception") => ItemOutcome::Rejected; "a missing index is no missing document")]
    #[test_case(429, None, Some("es_rejected_execution_exception") => ItemOutcome::Retry)]
    #[test_case(429, None, Some("circuit_breaking_exception") => ItemOutcome::Retry)]
    #[test_case(503, None, Some("unavailable_shards_exception") => ItemOutcome::Retry)]
    #[test_case(500, None, Some("mapper_exception") => ItemOutcome::Retry; "the mapping could not be changed in time")]
    #[test_case(400, None, Some("mapper_exception") => ItemOutcome::Rejected; "a mapping that cannot be")]
    #[test_case(400, None, Some("document_parsing_exception") => ItemOutcome::Rejected)]
    #[test_case(409, None, Some("version_conflict_engine_exception") => ItemOutcome::Rejected)]
    #[test_case(200, None, Some("odd") => ItemOutcome::Rejected; "an error with a good status is an error")]
    fn outcomes(status: u16, result: Option<ItemAction>, kind: Option<&str>) -> ItemOutcome {
        item(status, result, kind).outcome()
    }

    #[test_case("[1:45] failed to parse field [Issue.due] of type [date] in document with id 'a'" => Some("Issue.due"))]
    #[test_case("object mapping for [Issue.foo] tried to parse field [foo] as object, but found a concrete value" => Some("Issue.foo"))]
    #[test_case("mapper [a.b] cannot be changed from type [long] to [text]" => Some("a.b"))]
    #[test_case("can't merge a non object mapping [a.b] with an object mapping" => Some("a.b"))]
    #[test_case("Document contains at least one immense term in field=\"title\" (whose UTF8 encoding" => Some("title"))]
    #[test_case("Limit of total fields [5000] has been exceeded" => None)]
    fn the_refused_field_is_found(reason: &str) -> Option<&'static str> {
        let error = ItemError {
            kind: String::new(),
            reason: reason.to_owned(),
        };
        error.refused_field().map(|field| &*field.to_owned().leak())
    }
}
