//! Listings of Server and Data Center: offsets, silent page limits, rows that vanish under way.
//!
//! The arithmetic has a property test beside its code.

use std::sync::Mutex;

use jira_client::{JiraError, Next, ProjectStatus};
use serde_json::{Value, json};
use wiremock::matchers::{method, path, query_param};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use crate::fake_jira::{data_center, ok};

/// Answers searches over a list of ids; before each page some ids vanish.
struct OffsetSearch {
    ids: Mutex<Vec<u64>>,
    cap: usize,
    vanishing: Mutex<Vec<Vec<u64>>>,
}

impl Respond for OffsetSearch {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(body["fields"], json!(["id"]));
        assert_eq!(body["validateQuery"], json!(true));
        let mut ids = self.ids.lock().unwrap();
        let mut vanishing = self.vanishing.lock().unwrap();
        if !vanishing.is_empty() {
            let gone = vanishing.remove(0);
            ids.retain(|id| !gone.contains(id));
        }
        let start = body["startAt"].as_u64().unwrap() as usize;
        let size = (body["maxResults"].as_u64().unwrap() as usize).min(self.cap);
        let page: Vec<Value> = ids
            .iter()
            .skip(start)
            .take(size)
            .map(|id| json!({"id": id.to_string()}))
            .collect();
        ok(json!({"startAt": start, "maxResults": size, "total": ids.len(), "issues": page}))
    }
}

async fn listed(ids: Vec<u64>, cap: usize, vanishing: Vec<Vec<u64>>) -> Result<Vec<u64>, JiraError> {
    let server = MockServer::start().await;
    let search = OffsetSearch {
        ids: Mutex::new(ids),
        cap,
        vanishing: Mutex::new(vanishing),
    };
    Mock::given(method("POST"))
        .and(path("/rest/api/2/search"))
        .respond_with(search)
        .mount(&server)
        .await;
    let mut listing = data_center(&server.uri()).issue_ids("project = A ORDER BY created, key");
    let mut read = Vec::new();
    while let Next::Page(rows) = listing.next_page().await? {
        read.extend(rows.into_iter().map(|head| head.id));
    }
    Ok(read)
}

#[tokio::test]
async fn pages_are_stepped_by_the_rows_received() {
    let ids: Vec<u64> = (0..1234).collect();
    assert_eq!(listed(ids.clone(), 50, Vec::new()).await.unwrap(), ids);
}

#[tokio::test]
async fn nothing_is_an_end_too() {
    assert!(listed(Vec::new(), 50, Vec::new()).await.unwrap().is_empty());
}

#[tokio::test]
async fn issues_deleted_on_read_pages_hide_no_other_issue() {
    let ids: Vec<u64> = (0..300).collect();
    let vanishing = vec![vec![], vec![5, 6, 49], vec![], vec![100, 101], (200..300).collect()];
    let read = listed(ids, 50, vanishing).await.unwrap();
    let staying = (0..200).filter(|id| ![5, 6, 49, 100, 101].contains(id));
    assert!(staying.into_iter().all(|id| read.contains(&id)), "{read:?}");
}

#[tokio::test]
async fn projects_come_as_one_array_and_archived_ones_apart() {
    let server = MockServer::start().await;
    let live = json!({"id": "1", "key": "A", "name": "A"});
    let archived = json!({"id": "2", "key": "B", "name": "B", "archived": true});
    Mock::given(path("/rest/api/2/project"))
        .and(query_param("includeArchived", "true"))
        .respond_with(ok(json!([live, archived])))
        .mount(&server)
        .await;
    Mock::given(path("/rest/api/2/project"))
        .respond_with(ok(json!([live])))
        .mount(&server)
        .await;
    let client = data_center(&server.uri());
    for (status, key) in [(ProjectStatus::Live, "A"), (ProjectStatus::ArchivedOrDeleted, "B")] {
        let mut listing = client.projects(status);
        let Next::Page(projects) = listing.next_page().await.unwrap() else {
            panic!("no page")
        };
        assert_eq!(
            projects.iter().map(|project| project.key.as_str()).collect::<Vec<_>>(),
            [key]
        );
        assert!(matches!(listing.next_page().await.unwrap(), Next::End(_)));
    }
}
