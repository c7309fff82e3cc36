//! Runs every call of this crate once against a real Elasticsearch and says what it saw. It leaves judging to the reader,
//! apart from the few things that must hold, and works on indices and a connector of its own, which it removes.
//!
//! `cargo run -p elastic-client --example try_out -- http://localhost:9200 elastic changeme`

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program to look at, run by hand"
)]

use std::time::{Duration, Instant};

use elastic_client::{
    BulkBody, Credentials, ElasticClient, ElasticConfig, ElasticError, ItemOutcome, JobFilter, JobStatus, JobType,
    Refresh, ScanNext, TriggerMethod,
};
use serde_json::json;

const INDEX: &str = "elastic-client-try-out";
const CONNECTOR: &str = "elastic-client-try-out";

#[tokio::main]
async fn main() -> Result<(), ElasticError> {
    let mut arguments = std::env::args().skip(1);
    let host = arguments.next().unwrap_or_else(|| "http://localhost:9200".to_owned());
    let username = arguments.next().unwrap_or_else(|| "elastic".to_owned());
    let password = arguments.next().unwrap_or_else(|| "changeme".to_owned());
    let client = ElasticClient::new(ElasticConfig {
        host: host.parse().unwrap(),
        credentials: Credentials::Basic {
            username,
            password: password.into(),
        },
        verify_certs: true,
        ca_certs: None,
        headers: Vec::new(),
        request_timeout: Duration::from_secs(60),
        max_retries: 3,
        retry_interval: Duration::from_secs(1),
        retry_on_timeout: true,
        compress: false,
        user_agent: "elastic-client-try-out".to_owned(),
    })?;
    server(&client).await?;
    indices_and_documents(&client).await?;
    api_key(&client).await?;
    speed(&client, 200_000).await?;
    connector_and_job(&client).await?;
    client.indices().delete(INDEX).await?;
    println!("done");
    Ok(())
}

async fn server(client: &ElasticClient) -> Result<(), ElasticError> {
    let second = Duration::from_secs(1);
    let info = client
        .wait_until_reachable(second * 30, second, 2.0, |error, _| println!("waiting: {error}"))
        .await?;
    println!("{info:?} {:?}", client.license().await?);
    let privileges = client
        .has_privileges(json!({ "cluster": ["monitor", "manage_connector"] }))
        .await?;
    println!("privileges {}", privileges["cluster"]);
    let wrong = client.with_credentials(Credentials::ApiKey("d3Jvbmc6d3Jvbmc=".into()))?;
    println!("wrong key: {}", wrong.info().await.unwrap_err());
    for name in [
        "search-default-ingestion",
        "ent-search-generic-ingestion",
        "no-such-pipeline",
    ] {
        println!("pipeline {name}: {}", client.pipeline_exists(name).await?);
    }
    Ok(())
}

async fn indices_and_documents(client: &ElasticClient) -> Result<(), ElasticError> {
    let indices = client.indices();
    indices.delete(INDEX).await?;
    assert!(!indices.exists(INDEX).await?);
    println!(
        "scan of nothing: {}",
        client.scan(INDEX, &[], None).next_page().await.unwrap_err()
    );
    println!(
        "get from nothing: {}",
        client.get_document(INDEX, "a").await.unwrap_err()
    );
    let body = json!({ "mappings": { "properties": { "n": { "type": "long" }, "id": { "type": "keyword" } } } });
    assert!(indices.create(INDEX, &body).await?);
    assert!(!indices.create(INDEX, &body).await?);
    println!("bad name: {}", indices.create("Upper", &json!({})).await.unwrap_err());
    indices
        .put_mapping(INDEX, &json!({ "properties": { "d": { "type": "date" } } }))
        .await?;
    println!(
        "mapping conflict: {}",
        indices
            .put_mapping(INDEX, &json!({ "properties": { "n": { "type": "text" } } }))
            .await
            .unwrap_err()
    );
    indices
        .put_settings(INDEX, &json!({ "index": { "mapping.total_fields.limit": 5000 } }))
        .await?;
    println!("mapping {}", indices.get_mapping(INDEX).await?);
    println!("settings {}", indices.get_settings(INDEX).await?["index"]["mapping"]);

    let mut body = BulkBody::default();
    body.index("a", &json!({ "n": 1, "id": "a", "d": "2026-01-01", "o": { "x": 1 } }))
        .unwrap();
    body.index("b", &json!({ "n": "Ann's pay", "id": "b" })).unwrap();
    body.index("c", &json!({ "d": "Ann's pay", "id": "c" })).unwrap();
    body.index("d", &json!({ "o": "no object" })).unwrap();
    body.update("a", &json!({ "n": 2 })).unwrap();
    body.update("missing", &json!({ "n": 2 })).unwrap();
    body.delete("missing").unwrap();
    body.index("e", &json!({ "id": "x".repeat(40_000) })).unwrap();
    let response = client.bulk(&body.take_request(INDEX, None)).await?;
    for item in &response.items {
        let refused = item
            .error
            .as_ref()
            .and_then(|error| error.refused_fields().into_iter().next());
        println!("item {item:?} -> {:?} field {refused:?}", item.outcome());
    }
    use ItemOutcome::{Applied, NotFound, Rejected};
    let outcomes: Vec<_> = response.items.iter().map(|item| item.outcome()).collect();
    assert_eq!(
        outcomes,
        [
            Applied, Rejected, Rejected, Rejected, Applied, NotFound, NotFound, Rejected
        ]
    );

    let mut body = BulkBody::default();
    body.index("z", &json!({ "n": 1 })).unwrap();
    let mut missing_pipeline = body.take_request(INDEX, Some("no-such-pipeline"));
    println!(
        "pipeline: {:?}",
        client.bulk(&missing_pipeline).await.map(|response| response.items)
    );
    missing_pipeline.index = "UPPER".to_owned();
    missing_pipeline.pipeline = None;
    println!(
        "index: {:?}",
        client.bulk(&missing_pipeline).await.map(|response| response.items)
    );

    println!(
        "documents {:?}",
        client.get_documents(INDEX, &["a", "nope"], &["n"]).await?
    );
    println!(
        "documents, no fields {:?}",
        client.get_documents(INDEX, &["a"], &[]).await?
    );
    println!(
        "mget from nothing: {}",
        client.get_documents("no-such-index", &["a"], &["n"]).await.unwrap_err()
    );
    assert_eq!(client.get_document(INDEX, "nope").await?, None);
    indices.refresh(INDEX).await?;
    assert_eq!(indices.count(INDEX, None).await?, 1);
    assert_eq!(indices.count(INDEX, Some(&json!({ "term": { "n": 3 } }))).await?, 0);
    let found = client
        .search(INDEX, &json!({ "aggs": { "m": { "max": { "field": "n" } } } }))
        .await?;
    println!("found {found:?}");
    println!(
        "bad query: {}",
        client
            .search(INDEX, &json!({ "query": { "nonsense": {} } }))
            .await
            .unwrap_err()
    );
    println!(
        "bad search: {}",
        client
            .search(INDEX, &json!({ "sort": ["no_such_field"] }))
            .await
            .unwrap_err()
    );
    Ok(())
}

async fn connector_and_job(client: &ElasticClient) -> Result<(), ElasticError> {
    let (connectors, jobs) = (client.connectors(), client.sync_jobs());
    println!("connectors before: {}", connectors.list().await?.len());
    println!("jobs before: {}", jobs.list(&JobFilter::default()).await?.len());
    client.indices().ensure_connector_indices().await?;
    client.indices().ensure_connector_indices().await?;
    if connectors.get(CONNECTOR).await?.is_some() {
        connectors.delete(CONNECTOR, true).await?;
    }
    let body = json!({ "name": "try out", "index_name": INDEX, "service_type": "jira" });
    assert_eq!(connectors.put(Some(CONNECTOR), &body).await?, CONNECTOR);
    println!("again: {}", connectors.put(Some(CONNECTOR), &body).await.unwrap_err());
    println!("index taken: {}", connectors.put(None, &body).await.unwrap_err());
    let connector = connectors.get(CONNECTOR).await?.unwrap();
    println!(
        "fresh {connector:?} {:?} {:?}",
        connector.value.scheduling, connector.value.filtering
    );
    assert!(connector.value.problems.is_empty(), "{:?}", connector.value.problems);

    let definition =
        json!({ "configuration": { "password": { "label": "P", "value": "", "type": "str", "sensitive": true } } });
    let updated = connectors
        .update_if_unchanged(&connector, &definition, Refresh::None)
        .await?;
    println!(
        "conflict: {}",
        connectors
            .update_if_unchanged(&connector, &definition, Refresh::None)
            .await
            .unwrap_err()
    );
    let connector = connector.at(updated);
    let same = connectors
        .update_if_unchanged(&connector, &definition, Refresh::WaitFor)
        .await?;
    assert!(same.seq_no > updated.seq_no, "an update without a change still writes");
    connectors
        .update_configuration_values(CONNECTOR, json!({ "password": "hunter2hunter2" }).as_object().unwrap())
        .await?;
    let unknown = json!({ "nope": "hunter2hunter2" });
    println!(
        "unknown: {}",
        connectors
            .update_configuration_values(CONNECTOR, unknown.as_object().unwrap())
            .await
            .unwrap_err()
    );
    let every = json!({ "enabled": true, "interval": "0 0 1 * * ?" });
    connectors
        .update_scheduling(CONNECTOR, &json!({ "access_control": every }))
        .await?;
    println!(
        "cron: {}",
        connectors
            .update_scheduling(CONNECTOR, &json!({ "full": { "enabled": true, "interval": "x" } }))
            .await
            .unwrap_err()
    );
    connectors.update_api_key_id(CONNECTOR, "key").await?;
    let pipeline =
        json!({ "name": "p", "extract_binary_content": true, "reduce_whitespace": true, "run_ml_inference": false });
    connectors.update_pipeline(CONNECTOR, &pipeline).await?;
    connectors
        .update_features(CONNECTOR, &json!({ "document_level_security": { "enabled": true } }))
        .await?;
    connectors.update_name(CONNECTOR, "renamed").await?;
    connectors
        .update_filtering_draft(
            CONNECTOR,
            &json!({ "advanced_snippet": { "value": [{ "query": "project = A" }] } }),
        )
        .await?;
    println!(
        "not valid yet: {}",
        connectors.activate_filtering(CONNECTOR).await.unwrap_err()
    );
    connectors
        .update_filtering_validation(CONNECTOR, &json!({ "state": "valid", "errors": [] }))
        .await?;
    connectors.activate_filtering(CONNECTOR).await?;
    connectors.check_in(CONNECTOR).await?;
    let connector = connectors.get(CONNECTOR).await?.unwrap();
    println!("after {connector:?} {:?}", connector.value.filtering[0].active);
    println!(
        "features {:?} pipeline {:?}",
        connector.value.features, connector.value.pipeline
    );
    assert!(connector.value.problems.is_empty(), "{:?}", connector.value.problems);
    println!(
        "missing: {}",
        connectors.check_in("no-such-connector").await.unwrap_err()
    );
    println!(
        "missing: {}",
        connectors
            .update_unconditionally("no-such", &json!({ "a": 1 }), Refresh::None)
            .await
            .unwrap_err()
    );

    let id = jobs.create(CONNECTOR, &JobType::Full, &TriggerMethod::OnDemand).await?;
    let job = jobs.get(&id).await?.unwrap();
    println!("job {job:?}");
    assert!(job.value.problems.is_empty(), "{:?}", job.value.problems);
    let claimed = jobs
        .update_if_unchanged(&job, &json!({ "status": "in_progress" }), Refresh::WaitFor)
        .await?;
    println!(
        "lost: {}",
        jobs.update_if_unchanged(&job, &json!({ "status": "in_progress" }), Refresh::None)
            .await
            .unwrap_err()
    );
    let filter = JobFilter {
        connector_ids: Some(vec![CONNECTOR.to_owned()]),
        statuses: Some(vec![JobStatus::InProgress]),
        last_seen_before: Some(chrono::Utc::now()),
        ..JobFilter::default()
    };
    let listed = jobs.list(&filter).await?;
    assert_eq!(
        listed.iter().map(|job| job.seq_no).collect::<Vec<_>>(),
        [claimed.seq_no]
    );
    jobs.cancel(&id).await?;
    assert_eq!(jobs.get(&id).await?.unwrap().value.status, Some(JobStatus::Canceling));
    println!("cancel again: {}", jobs.cancel(&id).await.unwrap_err());
    jobs.delete(&id).await?;
    assert!(jobs.get(&id).await?.is_none());
    connectors.update_index_name(CONNECTOR, None).await?;
    connectors.delete(CONNECTOR, true).await?;
    assert!(connectors.get(CONNECTOR).await?.is_none());
    assert!(
        connectors
            .list()
            .await?
            .iter()
            .all(|connector| connector.id != CONNECTOR)
    );
    Ok(())
}

async fn api_key(client: &ElasticClient) -> Result<(), ElasticError> {
    let role = json!({ "role": { "index": [{ "names": [INDEX], "privileges": ["read"] }] } });
    let key = client
        .api_keys()
        .create_expiring("try-out", role, json!({ "made_by": "try_out" }), "1h")
        .await?;
    println!("key {key:?}");
    let limited = client.with_credentials(Credentials::ApiKey(key.encoded.clone()))?;
    println!("as the key: {:?}", limited.get_document(INDEX, "a").await?);
    let mut body = BulkBody::default();
    body.delete("a").unwrap();
    println!(
        "bulk as the key: {:?}",
        limited
            .bulk(&body.take_request(INDEX, None))
            .await
            .map(|response| response.items)
    );
    println!("info as the key: {}", limited.info().await.unwrap_err());
    println!("list as the key: {}", limited.connectors().list().await.unwrap_err());
    client.api_keys().invalidate(&key.id).await?;
    client.api_keys().invalidate(&key.id).await?;
    println!("dead key: {}", limited.get_document(INDEX, "a").await.unwrap_err());
    Ok(())
}

async fn speed(client: &ElasticClient, documents: u64) -> Result<(), ElasticError> {
    let started = Instant::now();
    let mut body = BulkBody::with_capacity(4 << 20);
    for number in 0..documents {
        let document =
            json!({ "id": format!("doc-{number}"), "_timestamp": "2026-08-01T10:00:00.000+0000", "n": number });
        body.index(&format!("doc-{number}"), &document).unwrap();
        if body.operations() == 5_000 || number + 1 == documents {
            let response = client.bulk(&body.take_request(INDEX, None)).await?;
            assert!(response.items.iter().all(|item| item.outcome() == ItemOutcome::Applied));
        }
    }
    println!(
        "{documents} small documents written in {:.1} s",
        started.elapsed().as_secs_f64()
    );
    client.indices().refresh(INDEX).await?;
    let started = Instant::now();
    let mut scan = client.scan(INDEX, &["id", "_timestamp"], None);
    let mut last = None;
    let rows = loop {
        match scan.next_page().await? {
            ScanNext::Page(page) => last = page.into_iter().last(),
            ScanNext::End { rows } => break rows,
        }
    };
    println!(
        "{rows} rows scanned in {:.2} s, the last is {last:?}",
        started.elapsed().as_secs_f64()
    );
    assert_eq!(rows, documents + 1);
    Ok(())
}
