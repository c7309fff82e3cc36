//! Does the work of the `_connector` API on the documents themselves: for clusters that lack the API, and for those who
//! switch it off. The documents that come of it are the same.
//!
//! The transport's switch chooses the way; the service knows what the states mean.

use chrono::{DateTime, Utc};
use http_kit::Repeat;
use serde_json::{Map, Value, json};

use crate::connector_indices::{self, Refresh, Updated, Versioned};
use crate::error::ElasticError;
use crate::index_names::{CONNECTORS_ALIAS, SYNC_JOBS_ALIAS, identities_of};
use crate::request::Request;
use crate::transport::Transport;

/// Tries of a change while others write.
const MAX_CONFLICTS: u32 = 5;

type Document = Versioned<Map<String, Value>>;

/// Carries out `PUT /_connector/{id}/{part}`.
pub(crate) async fn put_part(
    transport: &Transport,
    id: &str,
    part: &str,
    body: Option<&Value>,
) -> Result<(), ElasticError> {
    let nothing = json!({});
    let body = body.unwrap_or(&nothing);
    change(transport, CONNECTORS_ALIAS, id, part, |record| {
        connector_change(part, body, record, Utc::now())
    })
    .await
}

/// Carries out `PUT /_connector/_sync_job/{id}/_cancel`.
pub(crate) async fn cancel_job(transport: &Transport, id: &str) -> Result<(), ElasticError> {
    change(transport, SYNC_JOBS_ALIAS, id, "_cancel", |job| {
        cancellation(job.get("status").and_then(Value::as_str), Utc::now())
    })
    .await
}

/// Carries out `POST /_connector` and `PUT /_connector/{id}`, but never over an existing one.
pub(crate) async fn create_connector(
    transport: &Transport,
    id: Option<&str>,
    body: &Value,
) -> Result<String, ElasticError> {
    if let Some(index) = body["index_name"].as_str() {
        let query = json!({
            "size": 1,
            "query": { "bool": {
                "filter": [{ "term": { "index_name": index } }],
                "must_not": [{ "term": { "deleted": true } }],
            } },
        });
        if let Some(other) = connector_indices::search_all(transport, CONNECTORS_ALIAS, &query)
            .await?
            .first()
        {
            let reason = format!("index {index} is used by connector {} already", other.id);
            return Err(refused("create a connector", reason));
        }
    }
    create(transport, CONNECTORS_ALIAS, id, &new_connector(body, Utc::now())).await
}

/// Carries out `POST /_connector/_sync_job`, under an id of the caller's if one is given.
pub(crate) async fn create_job(
    transport: &Transport,
    id: Option<&str>,
    connector_id: &str,
    job_type: &str,
    trigger_method: &str,
) -> Result<String, ElasticError> {
    let label = "create a sync job";
    let connector = read(transport, CONNECTORS_ALIAS, connector_id, label).await?;
    let job = new_job(connector_id, &connector.value, job_type, trigger_method, Utc::now());
    let job = job.map_err(|reason| refused(label, reason))?;
    create(transport, SYNC_JOBS_ALIAS, id, &job).await
}

/// Deletes a connector for good, and its jobs if asked to.
pub(crate) async fn delete_connector(transport: &Transport, id: &str, with_jobs: bool) -> Result<(), ElasticError> {
    delete(transport, CONNECTORS_ALIAS, id).await?;
    if with_jobs {
        let query = json!({ "query": { "term": { "connector.id": id } } });
        let request = Request::post(&[SYNC_JOBS_ALIAS, "_delete_by_query"])
            .query("conflicts", "proceed")
            .query("refresh", "true")
            .json(&query);
        transport.send(request).await?;
    }
    Ok(())
}

/// Deletes a job in whatever state.
pub(crate) async fn delete_job(transport: &Transport, id: &str) -> Result<(), ElasticError> {
    delete(transport, SYNC_JOBS_ALIAS, id).await
}

async fn change(
    transport: &Transport,
    alias: &str,
    id: &str,
    what: &str,
    doc_for: impl Fn(&Map<String, Value>) -> Result<Value, String>,
) -> Result<(), ElasticError> {
    let label = format!("{what} of {id}");
    let mut tries = 0;
    loop {
        let document = read(transport, alias, id, &label).await?;
        let doc = doc_for(&document.value).map_err(|reason| refused(&label, reason))?;
        match write(transport, alias, &document, &doc).await {
            Ok(_) => return Ok(()),
            Err(ElasticError::VersionConflict { .. }) if tries < MAX_CONFLICTS => tries += 1,
            Err(error) => return Err(error),
        }
    }
}

async fn read(transport: &Transport, alias: &str, id: &str, label: &str) -> Result<Document, ElasticError> {
    let found = connector_indices::get(transport, alias, id).await?;
    found
        .filter(|document| document.value.get("deleted") != Some(&Value::Bool(true)))
        .ok_or_else(|| ElasticError::NotFound {
            request: label.to_owned(),
            kind: "resource_not_found_exception".to_owned(),
            reason: format!("there is no {id} in {alias}"),
        })
}

async fn write(transport: &Transport, alias: &str, at: &Document, doc: &Value) -> Result<Updated, ElasticError> {
    connector_indices::update_if_unchanged(transport, alias, &at.id, at.version(), doc, Refresh::Immediate).await
}

async fn create(transport: &Transport, alias: &str, id: Option<&str>, body: &Value) -> Result<String, ElasticError> {
    let request = match id {
        Some(id) => Request::put(&[alias, "_create", id]),
        None => Request::post(&[alias, "_doc"]),
    };
    let request = request
        .query("require_alias", "true")
        .query("refresh", "true")
        .json(body)
        .repeat(Repeat::OnlyIfNotCarriedOut);
    match transport.send(request).await {
        Err(ElasticError::VersionConflict { request, reason }) => Err(ElasticError::AlreadyExists { request, reason }),
        answer => answer?.string_field("_id"),
    }
}

async fn delete(transport: &Transport, alias: &str, id: &str) -> Result<(), ElasticError> {
    let request = Request::delete(&[alias, "_doc", id]).query("refresh", "true");
    transport.send(request).await.map(drop)
}

fn refused(label: &str, reason: String) -> ElasticError {
    ElasticError::BadRequest {
        request: label.to_owned(),
        status: 400,
        kind: "status_exception".to_owned(),
        reason,
    }
}

/// The partial update that does what a part of the API does; the reason when it would be refused.
fn connector_change(
    part: &str,
    body: &Value,
    record: &Map<String, Value>,
    now: DateTime<Utc>,
) -> Result<Value, String> {
    match part {
        "_check_in" => Ok(json!({ "last_seen": now.to_rfc3339() })),
        "_configuration" => configuration_values(body, record),
        "_filtering" => first_filtering(record, |first| {
            let draft = first.entry("draft").or_insert_with(|| json!({}));
            for part in ["rules", "advanced_snippet"] {
                if let Some(value) = body.get(part) {
                    draft[part] = value.clone();
                }
            }
            draft["validation"] = json!({ "state": "edited", "errors": [] });
            Ok(())
        }),
        "_filtering/_validation" => first_filtering(record, |first| {
            first.entry("draft").or_insert_with(|| json!({}))["validation"] = body["validation"].clone();
            Ok(())
        }),
        "_filtering/_activate" => first_filtering(record, |first| {
            let draft = first.get("draft").cloned().unwrap_or_default();
            if draft["validation"]["state"] != "valid" {
                return Err("the draft of the filtering rules is not valid".to_owned());
            }
            first.insert("active".to_owned(), draft);
            Ok(())
        }),
        // The others name the fields that they set.
        _ => Ok(body.clone()),
    }
}

fn configuration_values(body: &Value, record: &Map<String, Value>) -> Result<Value, String> {
    let known = record.get("configuration").and_then(Value::as_object);
    let values = body["values"].as_object().cloned().unwrap_or_default();
    let is_known = |name: &String| known.is_some_and(|fields| fields.contains_key(name));
    let unknown: Vec<&String> = values.keys().filter(|name| !is_known(name)).collect();
    if !unknown.is_empty() {
        return Err(format!("unknown configuration fields: {unknown:?}"));
    }
    let fields: Map<String, Value> = values
        .into_iter()
        .map(|(name, value)| (name, json!({ "value": value })))
        .collect();
    Ok(json!({ "configuration": fields, "status": "configured" }))
}

/// An array is replaced as a whole, so the other domains are carried along.
fn first_filtering(
    record: &Map<String, Value>,
    edit: impl FnOnce(&mut Map<String, Value>) -> Result<(), String>,
) -> Result<Value, String> {
    let mut filtering = record.get("filtering").cloned().unwrap_or_default();
    let first = filtering.get_mut(0).and_then(Value::as_object_mut);
    edit(first.ok_or("the connector has no filtering")?)?;
    Ok(json!({ "filtering": filtering }))
}

fn cancellation(status: Option<&str>, now: DateTime<Utc>) -> Result<Value, String> {
    let now = now.to_rfc3339();
    match status {
        Some("pending" | "suspended") => Ok(json!({
            "status": "canceled", "cancelation_requested_at": now, "canceled_at": now, "completed_at": now,
        })),
        Some("in_progress") => Ok(json!({ "status": "canceling", "cancelation_requested_at": now })),
        other => Err(format!(
            "a job in state {} cannot be canceled",
            other.unwrap_or("unknown")
        )),
    }
}

/// The document that the API writes for a new connector; what is given wins.
fn new_connector(given: &Value, now: DateTime<Utc>) -> Value {
    let now = now.to_rfc3339();
    let rules = json!({
        "advanced_snippet": { "created_at": now, "updated_at": now, "value": {} },
        "rules": [{ "created_at": now, "field": "_", "id": "DEFAULT", "order": 0, "policy": "include",
                    "rule": "regex", "updated_at": now, "value": ".*" }],
        "validation": { "errors": [], "state": "valid" },
    });
    let off = json!({ "enabled": false, "interval": "0 0 0 * * ?" });
    let mut document = json!({
        "configuration": {}, "custom_scheduling": {}, "deleted": false, "is_native": false, "name": "",
        "filtering": [{ "domain": "DEFAULT", "active": rules, "draft": rules }],
        "scheduling": { "access_control": off, "full": off, "incremental": off },
        "status": "created", "sync_now": false,
    });
    for (name, value) in given.as_object().into_iter().flatten() {
        document[name] = value.clone();
    }
    document
}

/// The document that the API writes for a new job: a snapshot of its connector.
fn new_job(
    connector_id: &str,
    connector: &Map<String, Value>,
    job_type: &str,
    trigger_method: &str,
    now: DateTime<Utc>,
) -> Result<Value, String> {
    let text = |name: &str| {
        connector
            .get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    };
    let index = text("index_name").ok_or("the connector has no index")?;
    let service_type = text("service_type").ok_or("the connector has no service type")?;
    let index = if job_type == "access_control" {
        identities_of(index)
    } else {
        index.to_owned()
    };
    let active = connector
        .get("filtering")
        .map(|filtering| filtering[0]["active"].clone());
    let mut snapshot = json!({
        "id": connector_id,
        "configuration": completed_configuration(connector),
        "filtering": active.unwrap_or_default(),
        "index_name": index,
        "service_type": service_type,
    });
    for name in ["language", "pipeline"] {
        if let Some(value) = connector.get(name).filter(|value| !value.is_null()) {
            snapshot[name] = value.clone();
        }
    }
    let now = now.to_rfc3339();
    Ok(json!({
        "connector": snapshot, "created_at": now, "last_seen": now, "job_type": job_type,
        "trigger_method": trigger_method, "status": "pending", "metadata": {},
        "indexed_document_count": 0, "deleted_document_count": 0, "indexed_document_volume": 0,
        "total_document_count": 0,
    }))
}

/// The configuration with what the API adds to fields that lack it, and without the nulls that it leaves out.
fn completed_configuration(connector: &Map<String, Value>) -> Value {
    let mut fields = match connector.get("configuration") {
        Some(Value::Object(fields)) => fields.clone(),
        _ => Map::new(),
    };
    for field in fields.values_mut().filter_map(Value::as_object_mut) {
        field.retain(|name, value| !value.is_null() || name == "value");
        field.entry("default_value").or_insert(Value::Null);
        field.entry("required").or_insert(Value::Bool(false));
        field.entry("sensitive").or_insert(Value::Bool(false));
    }
    Value::Object(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-22T10:00:00Z".parse().unwrap()
    }

    fn connector() -> Map<String, Value> {
        let mut document = new_connector(&json!({ "index_name": "jira", "service_type": "jira" }), now());
        document["configuration"] = json!({ "jira_url": { "label": "url", "value": "" } });
        document.as_object().unwrap().clone()
    }

    #[test]
    fn a_job_holds_a_snapshot_of_its_connector() {
        let job = new_job("c", &connector(), "full", "scheduled", now()).unwrap();
        assert_eq!(
            (&job["status"], &job["connector"]["id"]),
            (&json!("pending"), &json!("c"))
        );
        assert_eq!(job["connector"]["filtering"]["rules"][0]["id"], "DEFAULT");
        assert_eq!(
            job["connector"]["configuration"]["jira_url"],
            json!({ "label": "url", "value": "", "default_value": null, "required": false, "sensitive": false })
        );
        let bare = json!({ "index_name": "jira", "service_type": "jira", "language": null, "configuration": null });
        let bare = new_job("c", bare.as_object().unwrap(), "full", "scheduled", now()).unwrap();
        assert_eq!(bare["connector"]["configuration"], json!({}));
        assert_eq!(
            bare["connector"].get("language"),
            None,
            "the API leaves out what is not set"
        );
        let access = new_job("c", &connector(), "access_control", "scheduled", now()).unwrap();
        assert_eq!(access["connector"]["index_name"], ".search-acl-filter-jira");
        let detached = new_job("c", &Map::new(), "full", "scheduled", now());
        assert_eq!(detached, Err("the connector has no index".to_owned()));
    }

    #[test]
    fn a_draft_is_edited_judged_and_activated_as_the_api_does() {
        let mut record = connector();
        let mut step = |part: &str, body: Value| {
            let doc = connector_change(part, &body, &record, now())?;
            record.insert("filtering".to_owned(), doc["filtering"].clone());
            Ok::<Value, String>(doc["filtering"][0].clone())
        };
        let draft = step("_filtering", json!({ "rules": [{ "id": "r" }] })).unwrap();
        assert_eq!(draft["draft"]["validation"]["state"], "edited");
        assert_eq!(draft["active"]["rules"][0]["id"], "DEFAULT");
        assert!(
            step("_filtering/_activate", json!({})).is_err(),
            "it was not judged yet"
        );
        let verdict = json!({ "validation": { "state": "valid", "errors": [] } });
        step("_filtering/_validation", verdict).unwrap();
        let active = step("_filtering/_activate", json!({})).unwrap();
        assert_eq!(active["active"]["rules"][0]["id"], "r");
    }

    #[test]
    fn only_configuration_fields_that_exist_can_be_set() {
        let set = |values: Value| connector_change("_configuration", &json!({ "values": values }), &connector(), now());
        let doc = set(json!({ "jira_url": "https://example.com" })).unwrap();
        assert_eq!(
            doc["configuration"],
            json!({ "jira_url": { "value": "https://example.com" } })
        );
        assert_eq!(doc["status"], "configured");
        assert!(set(json!({ "jira_ulr": "x" })).unwrap_err().contains("jira_ulr"));
    }

    #[test]
    fn a_job_is_canceled_by_its_state() {
        let status = |state| cancellation(Some(state), now()).map(|doc| doc["status"].clone());
        assert_eq!(status("pending"), Ok(json!("canceled")));
        assert_eq!(status("suspended"), Ok(json!("canceled")));
        assert_eq!(status("in_progress"), Ok(json!("canceling")));
        assert!(status("completed").is_err() && status("canceling").is_err());
    }
}
