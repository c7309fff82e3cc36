//! The plain case: the service finds a job, syncs everything, and its records tell the truth. Faults are elsewhere.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::harness::{Setup, Stack, eventually};

fn instant(value: &Value) -> DateTime<Utc> {
    let text = value.as_str().unwrap_or_else(|| panic!("no instant: {value}"));
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

/// Fields are mapped a batch at a time; the same documents in an index that learns them one by one give the same types.
async fn assert_fields_are_mapped_as_elasticsearch_would(stack: &Stack) {
    let elastic = &stack.elastic;
    let mapped = elastic.get(&format!("/{}/_mapping", stack.index)).await[&stack.index]["mappings"].take();
    let state = format!(
        "/_cluster/state/metadata/{}?filter_path=**.mapping_version",
        stack.index
    );
    let updates = elastic.get(&state).await["metadata"]["indices"][&stack.index]["mapping_version"].take();
    assert!(
        updates.as_u64().unwrap() < 20,
        "the mapping was changed {updates} times"
    );

    let learning = format!("{}-learning", stack.index);
    let mut definition = mapped.clone();
    let properties = definition["properties"].as_object_mut().unwrap();
    properties.retain(|name, _| !matches!(name.as_str(), "Issue" | "Project" | "issue" | "size"));
    // Jira says which custom fields hold dates; Elasticsearch could only guess.
    let custom = properties["Custom_Fields"]["properties"].as_object_mut().unwrap();
    custom.retain(|_, mapping| mapping["type"] == "date");
    elastic
        .put(&format!("/{learning}"), &json!({ "mappings": definition }))
        .await;
    for (number, document) in stack.documents().await.values().step_by(9).enumerate() {
        // A field with values of two types is refused; the sync maps it as text then.
        let path = format!("/{learning}/_doc/{number}");
        elastic.call(reqwest::Method::PUT, &path, Some(document)).await;
    }
    let learned = elastic.get(&format!("/{learning}/_mapping")).await[&learning]["mappings"].take();
    let (learned, mapped) = (leaves(&learned), leaves(&mapped));
    assert!(learned.len() > 100, "{} fields", learned.len());
    for (field, mapping) in learned {
        assert_eq!(mapped.get(&field), Some(&mapping), "{field}");
    }
    let (status, _) = elastic
        .call(reqwest::Method::DELETE, &format!("/{learning}"), None)
        .await;
    assert_eq!(status, 200);
}

fn leaves(mappings: &Value) -> BTreeMap<String, Value> {
    let mut leaves = BTreeMap::new();
    for (name, mapping) in mappings["properties"].as_object().into_iter().flatten() {
        if mapping["type"] == "object" {
            // Empty where it was met.
        } else if mapping["properties"].is_object() {
            leaves.extend(
                self::leaves(mapping)
                    .into_iter()
                    .map(|(inner, leaf)| (format!("{name}.{inner}"), leaf)),
            );
        } else {
            leaves.insert(name.clone(), mapping.clone());
        }
    }
    leaves
}

/// A connector made in Kibana: the record first, its fields once the service has registered them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connector_made_as_kibana_does_is_registered_configured_and_synced() {
    let mut stack = Stack::without_connector(&Setup::default()).await;
    let body = json!({ "index_name": stack.index, "name": "Made in Kibana", "service_type": "jira" });
    let created = stack.elastic.post("/_connector", &body).await;
    stack.connector = created["id"].as_str().unwrap().to_owned();
    std::fs::write(stack.config(), stack.admin_config(&[&stack.connector])).unwrap();
    let before = Utc::now();
    let mut service = stack.start_service();

    let registered = eventually("the service registers the fields", async || {
        let record = stack.connector_record().await;
        (record["status"] == "needs_configuration").then_some(record)
    })
    .await;
    assert_eq!(registered["configuration"]["api_token"]["sensitive"], true);
    assert!(registered["features"].is_object(), "{registered}");
    assert!(
        instant(&registered["last_seen"]) >= before,
        "the heartbeat is set at first sight"
    );

    let values = json!({
        "data_source": "jira_cloud", "jira_url": stack.jira.url(), "account_email": "admin@example.com",
        "api_token": stack.token, "projects": "*",
    });
    let path = format!("/_connector/{}/_configuration", stack.connector);
    stack.elastic.put(&path, &json!({ "values": values })).await;
    eventually("the connector is connected", async || {
        (stack.connector_record().await["status"] == "connected").then_some(())
    })
    .await;

    let job = stack.elastic.create_job(&stack.connector).await;
    let job = stack.finished(&job).await;
    assert_eq!(job.status(), "completed", "{}", job.error());
    stack.assert_index_is_the_model().await;
    let (status, _) = service.terminate().await;
    assert!(status.success(), "{status}");
    stack.assert_no_secret(&service.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_full_syncs_by_the_service_leave_the_whole_jira_and_honest_records() {
    let stack = Stack::small().await;
    let before = Utc::now();
    let mut service = stack.start_service();

    let job_id = stack.elastic.create_job(&stack.connector).await;
    let job = stack.finished(&job_id).await;
    assert_eq!(job.status(), "completed", "{}", job.error());
    stack.assert_index_is_the_model().await;
    let documents = stack.jira.site.ids().len() as u64;
    assert_eq!(job.documents("indexed"), documents);
    assert_eq!(job.documents("deleted"), 0);
    assert_eq!(job.documents("total"), documents);
    assert_eq!(job.0["error"], Value::Null);
    assert_eq!(job.0["trigger_method"], "on_demand");
    assert!(!job.0["worker_hostname"].as_str().unwrap().is_empty());
    assert!(instant(&job.0["started_at"]) >= before);
    assert!(instant(&job.0["completed_at"]) >= instant(&job.0["started_at"]));
    assert!(instant(&job.0["last_seen"]) >= instant(&job.0["started_at"]));

    let record = eventually("the connector is released", async || {
        let record = stack.connector_record().await;
        (record["last_sync_status"] == "completed").then_some(record)
    })
    .await;
    let last = |name: &str| record[name].clone();
    assert_eq!(last("status"), "connected");
    assert_eq!((last("error"), last("last_sync_error")), (Value::Null, Value::Null));
    assert_eq!(last("last_indexed_document_count"), documents);
    assert_eq!(last("last_deleted_document_count"), 0);
    assert!(instant(&record["last_synced"]) >= instant(&job.0["started_at"]));
    assert!(instant(&record["last_seen"]) >= before);

    let first_downloads = stack.jira.requests_to("attachment_content");
    assert!(first_downloads > 0);
    assert_fields_are_mapped_as_elasticsearch_would(&stack).await;
    let first = stack.outlines().await;
    stack.jira.site.reset_requests();
    let again = stack.elastic.create_job(&stack.connector).await;
    let again = stack.finished(&again).await;
    assert_eq!(again.status(), "completed", "{}", again.error());
    stack.assert_index_is_the_model().await;
    assert_eq!(again.documents("total"), documents);
    assert_eq!(again.documents("deleted"), 0);
    assert_eq!(
        stack.jira.requests_to("attachment_content"),
        stack.jira.answered(404),
        "only what could not be had is asked for again"
    );
    let second = stack.outlines().await;
    for (id, document) in &first {
        assert_eq!(document["body"], second[id]["body"], "the text of {id} is still there");
    }

    let (status, _) = service.terminate().await;
    assert!(status.success(), "{status}");
    stack.assert_no_secret(&service.log());
}
