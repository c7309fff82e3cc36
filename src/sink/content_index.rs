//! The content index: made when it is missing, and its fixed fields mapped before anything is written.
//!
//! Search requests of users rely on these names; documents themselves are built in `source::documents`.

use elastic_client::{ElasticClient, ElasticError};
use serde_json::{Map, Value, json};

use crate::sync::encode::EXTRACTION_FIELD;

/// Jira sites have hundreds of custom fields, and some of them are objects.
const FIELD_LIMIT: u64 = 5_000;

/// One content index.
#[derive(Debug)]
pub struct ContentIndex<'a> {
    client: &'a ElasticClient,
    name: &'a str,
}

impl<'a> ContentIndex<'a> {
    /// The index (or alias) of this name.
    pub fn new(client: &'a ElasticClient, name: &'a str) -> Self {
        Self { client, name }
    }

    /// Makes the index when it is missing. Returns whether it did.
    pub async fn create_if_missing(&self) -> Result<bool, ElasticError> {
        let indices = self.client.indices();
        if indices.exists(self.name).await? {
            return Ok(false);
        }
        indices.create(self.name, &definition()).await
    }

    /// Makes the index, or adds to an existing one what is missing: the fixed fields that it does not map yet, and room
    /// for fields beyond the limit instead of refused documents. Existing mappings stay as they are.
    pub async fn prepare(&self) -> Result<(), ElasticError> {
        if self.create_if_missing().await? {
            return Ok(());
        }
        let indices = self.client.indices();
        let missing = missing_properties(&indices.get_mapping(self.name).await?);
        if !missing.is_empty() {
            indices
                .put_mapping(self.name, &json!({ "properties": missing }))
                .await?;
        }
        indices
            .put_settings(
                self.name,
                &json!({ "index.mapping.total_fields.ignore_dynamic_beyond_limit": true }),
            )
            .await
    }
}

/// Settings and mapping of an index that we make.
fn definition() -> Value {
    json!({
        "settings": {
            "index.mapping.total_fields.limit": FIELD_LIMIT,
            "index.mapping.total_fields.ignore_dynamic_beyond_limit": true,
        },
        "mappings": {
            // A text that looks like a date in the first document would make every other text a refused document.
            "date_detection": false,
            "dynamic_templates": [
                { "dates_by_name": {
                    "match_mapping_type": "string",
                    "match": ["created", "updated", "resolutiondate", "duedate", "lastViewed",
                              "statuscategorychangedate", "started", "startDate", "endDate", "completeDate"],
                    "mapping": { "type": "date", "ignore_malformed": true },
                } },
                // The first value of a number field may be whole and the next one not.
                { "custom_numbers": {
                    "match_mapping_type": "long",
                    "path_match": "Custom_Fields.*",
                    "mapping": { "type": "double" },
                } },
                { "texts": {
                    "match_mapping_type": "string",
                    "mapping": text(),
                } },
            ],
            "properties": fixed_properties(),
        },
    })
}

fn text() -> Value {
    json!({ "type": "text", "fields": { "keyword": { "type": "keyword", "ignore_above": 256 } } })
}

fn fixed_properties() -> Map<String, Value> {
    let keyword = || json!({ "type": "keyword", "fields": { "keyword": { "type": "keyword" } } });
    let access = json!({
        "type": "keyword",
        "fields": { "keyword": { "type": "keyword" }, "enum": { "type": "keyword" } },
    });
    let properties = [
        ("_allow_access_control", access),
        ("id", keyword()),
        ("jira_id", json!({ "type": "long" })),
        ("issue_id", json!({ "type": "long" })),
        ("url", keyword()),
        ("Key", text()),
        ("Type", text()),
        ("_timestamp", json!({ "type": "date", "ignore_malformed": true })),
        ("title", text()),
        ("body", json!({ "type": "text" })),
        (EXTRACTION_FIELD, json!({ "type": "keyword" })),
    ];
    properties
        .into_iter()
        .map(|(name, mapping)| (name.to_owned(), mapping))
        .collect()
}

/// The fixed fields that no index behind the name maps yet.
fn missing_properties(mapping: &Value) -> Map<String, Value> {
    let indices: Vec<&Value> = mapping
        .as_object()
        .map(|all| all.values().collect())
        .unwrap_or_default();
    let mapped = |name: &str| {
        indices
            .iter()
            .any(|index| !index["mappings"]["properties"][name].is_null())
    };
    fixed_properties()
        .into_iter()
        .filter(|(name, _)| !mapped(name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_an_index_lacks_is_added() {
        let mapping =
            json!({"search-jira": {"mappings": {"properties": {"id": {"type": "text"}, "Key": {"type": "text"}}}}});
        let missing = missing_properties(&mapping);
        assert!(!missing.contains_key("id") && !missing.contains_key("Key"));
        assert_eq!(missing["jira_id"], json!({"type": "long"}));
    }
}
