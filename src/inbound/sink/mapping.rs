//! Defines the mapping of our indices: fixed fields, and templates for those that only Jira knows.
//!
//! Search requests of users rely on these names. When they are mapped is left to `content_index`.

use serde_json::{Map, Value, json};
use sync_engine::sync::encode::{EXTRACTION_FIELD, INGESTION_ERRORS_FIELD};

/// Jira sites have hundreds of custom fields, and some of them are objects.
const FIELD_LIMIT: u64 = 5_000;

/// Settings of an index that we make.
pub(super) fn settings() -> Value {
    json!({
        "index.mapping.total_fields.limit": FIELD_LIMIT,
        "index.mapping.total_fields.ignore_dynamic_beyond_limit": true,
    })
}

/// Maps the fields that only Jira knows.
pub(super) fn templates() -> Map<String, Value> {
    let templates = [
        // A text that looks like a date in the first document would make every other text a refused document.
        ("date_detection", Value::Bool(false)),
        (
            "dynamic_templates",
            json!([
                { "dates_by_name": {
                    "match_mapping_type": "string",
                    "match": ["created", "updated", "resolutiondate", "duedate", "lastViewed",
                              "statuscategorychangedate", "started", "startDate", "endDate", "completeDate"],
                    "mapping": date(),
                } },
                { "times_of_service_levels": {
                    "match_mapping_type": "string",
                    "path_match": "Request.sla.*Time",
                    "mapping": date(),
                } },
                // The first value of a number field may be whole and the next one not, or a text: a number that is
                // none is kept in the document and left out of the field's own index.
                { "custom_numbers": {
                    "match_mapping_type": "long",
                    "path_match": "Custom_Fields.*",
                    "mapping": { "type": "double", "ignore_malformed": true },
                } },
                { "whole_numbers": {
                    "match_mapping_type": "long",
                    "mapping": { "type": "long", "ignore_malformed": true },
                } },
                { "numbers": {
                    "match_mapping_type": "double",
                    "mapping": { "type": "double", "ignore_malformed": true },
                } },
                { "texts": {
                    "match_mapping_type": "string",
                    "mapping": text(),
                } },
            ]),
        ),
    ];
    templates
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// The mapping of dates: a text that is none stays in the document and out of the field's own index.
pub(super) fn date() -> Value {
    json!({ "type": "date", "ignore_malformed": true })
}

/// The mapping of texts.
pub(super) fn text() -> Value {
    json!({ "type": "text", "fields": { "keyword": { "type": "keyword", "ignore_above": 256 } } })
}

pub(super) fn fixed_properties() -> Map<String, Value> {
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
        ("_timestamp", date()),
        ("title", text()),
        ("body", json!({ "type": "text" })),
        (EXTRACTION_FIELD, json!({ "type": "keyword" })),
        (INGESTION_ERRORS_FIELD, text()),
    ];
    properties
        .into_iter()
        .map(|(name, mapping)| (name.to_owned(), mapping))
        .collect()
}
