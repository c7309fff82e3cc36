//! The outcome of one bulk item, and what its error says. What follows from it, another attempt or an entry in a report,
//! is left to the sink.

use serde::Deserialize;
use serde_json::Value;

use crate::error_mapping::reason_with_causes;

/// The outcome of one operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemResult {
    /// `_id`.
    pub id: String,
    /// HTTP status of this item.
    pub status: u16,
    /// The result, absent when it failed.
    pub result: Option<ItemAction>,
    /// The reason.
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

/// The meaning of an item's result for its sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemOutcome {
    /// Done.
    Applied,
    /// The document to delete or update does not exist.
    NotFound,
    /// Refused for now: the cluster is busy or a shard is not there.
    Retry,
    /// The reason concerns the index or the account rather than this item: everything that is sent will end the same
    /// until somebody acts.
    EveryItem,
    /// Refused for good; sending the same again would end the same.
    Rejected,
}

impl ItemResult {
    /// Judges the result.
    #[must_use]
    pub fn outcome(&self) -> ItemOutcome {
        let kind = self.error.as_ref().map_or("", |error| error.kind.as_str());
        match self.status {
            200..=299 if self.error.is_none() => ItemOutcome::Applied,
            // A missing index is 404 too, and must not pass for a missing document.
            404 if self.result == Some(ItemAction::NotFound) || kind == "document_missing_exception" => {
                ItemOutcome::NotFound
            }
            _ if self.error.as_ref().is_some_and(ItemError::concerns_every_item) => ItemOutcome::EveryItem,
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
    /// Paths of the field that the mapping refuses, the likeliest first: the end of a name that has brackets of its own
    /// cannot be told from the text. Sending the document again without it may succeed.
    #[must_use]
    pub fn refused_fields(&self) -> Vec<String> {
        // The forms in which Elasticsearch 8 and 9 name a field, each with what ends the name.
        const FORMS: [(&str, &str); 11] = [
            ("failed to parse field [", "] of type"),
            ("object mapping for [", "] tried to parse"),
            ("mapper [", "] cannot be changed"),
            ("mapper [", "] of different type"),
            ("non object mapping [", "] with"),
            ("object mapping [", "] with"),
            ("mapping for [", "]"),
            ("due to object field [", "]"),
            ("field alias [", "]"),
            ("immense term in field=\"", "\""),
            ("failed to parse [", "]"),
        ];
        let mut fields: Vec<String> = Vec::new();
        if let Some((_, rest)) = self.reason.split_once("dynamic introduction of [")
            && let Some((name, rest)) = rest.split_once("] within [")
            && let Some((object, _)) = rest.rsplit_once(']')
        {
            fields.push(format!("{object}.{name}"));
        }
        for (before, after) in FORMS {
            let named = self.reason.split_once(before).map_or("", |(_, rest)| rest);
            let ends = named.match_indices(after).map(|(at, _)| &named[..at]);
            fields.extend(ends.filter(|name| !name.is_empty()).map(str::to_owned));
        }
        fields
    }

    /// Whether a value is too long for a field that takes it as one term.
    #[must_use]
    pub fn is_immense_term(&self) -> bool {
        self.reason.contains("immense term") || self.kind == "max_bytes_length_exceeded_exception"
    }

    fn concerns_every_item(&self) -> bool {
        let says = |words: &str| self.reason.contains(words);
        match self.kind.as_str() {
            "cluster_block_exception"
            | "security_exception"
            | "index_closed_exception"
            | "index_not_found_exception"
            | "invalid_index_name_exception" => true,
            // Every document has fields of its own on the first level.
            "strict_dynamic_mapping_exception" => says("within [_doc]"),
            "illegal_argument_exception" => {
                says("no write index is defined for alias")
                    || says("only write ops with an op_type of create are allowed in data streams")
                    || (says("pipeline with id [") && says("does not exist"))
            }
            _ => false,
        }
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
    #[test_case(404, None, Some("index_not_found_exception") => ItemOutcome::EveryItem; "a missing index is no missing document")]
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

    #[test_case("[1:45] failed to parse field [Issue.due] of type [date] in document with id 'a'" => Some("Issue.due".to_owned()))]
    #[test_case("object mapping for [Issue.foo] tried to parse field [foo] as object, but found a concrete value" => Some("Issue.foo".to_owned()))]
    #[test_case("mapper [a.b] cannot be changed from type [long] to [text]" => Some("a.b".to_owned()))]
    #[test_case("can't merge a non object mapping [a.b] with an object mapping" => Some("a.b".to_owned()))]
    #[test_case("Document contains at least one immense term in field=\"title\" (whose UTF8 encoding" => Some("title".to_owned()))]
    #[test_case("mapping set to strict, dynamic introduction of [b] within [a] is not allowed" => Some("a.b".to_owned()))]
    #[test_case("Limit of total fields [5000] has been exceeded" => None)]
    fn the_refused_field_is_found(reason: &str) -> Option<String> {
        let error = ItemError {
            kind: String::new(),
            reason: reason.to_owned(),
        };
        error.refused_fields().into_iter().next()
    }
}
