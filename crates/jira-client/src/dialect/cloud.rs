//! Requests of Jira Cloud.
//!
//! Version 2 of the interface is used wherever text is concerned, because it gives text as strings.

use serde_json::{Value, json};

use crate::model::ProjectStatus;
use crate::transport::{EndpointClass, Request};

/// Largest page of ids that Jira gives.
pub(crate) const SEARCH_PAGE: u32 = 5000;
/// Largest page of projects; Jira clamps to it.
const PROJECT_PAGE: u32 = 100;
/// Largest page of comments, which is also what Jira gives at most.
const COMMENT_PAGE: u32 = 100;
const WORKLOG_PAGE: u32 = 5000;
/// Entries of histories in one answer; Jira gives up to twice as many, which can be very large.
const HISTORY_PAGE: u32 = 5000;
/// `reconcileIssues` takes no more.
pub(crate) const RECONCILE_LIMIT: usize = 50;

/// The statuses to list one after the other; whether Jira takes several at once differs between its documents.
pub(crate) fn project_statuses(status: ProjectStatus) -> &'static [&'static str] {
    match status {
        ProjectStatus::Live => &["live"],
        ProjectStatus::ArchivedOrDeleted => &["archived", "deleted"],
    }
}

pub(crate) fn projects(status: &str, start_at: u64) -> Request {
    Request::get(EndpointClass::Projects, "rest/api/2/project/search")
        .with("startAt", start_at)
        .with("maxResults", PROJECT_PAGE)
        .with("expand", "description,lead,url")
        .with("status", status)
}

/// One page of a search. Unknown members are refused with a 400, so nothing is sent that is not needed.
pub(crate) fn search(jql: &str, fields: &[&str], page_size: u32, reconcile: &[u64], token: Option<&str>) -> Request {
    let mut body = json!({"jql": jql, "maxResults": page_size, "fields": fields});
    if !reconcile.is_empty() {
        body["reconcileIssues"] = json!(reconcile);
    }
    if let Some(token) = token {
        body["nextPageToken"] = Value::from(token);
    }
    Request::question(EndpointClass::Search, "rest/api/3/search/jql", body)
}

pub(crate) fn count(jql: &str) -> Request {
    Request::question(
        EndpointClass::Count,
        "rest/api/3/search/approximate-count",
        json!({"jql": jql}),
    )
}

/// Every error of every query; unknown fields and values count as errors.
pub(crate) fn parse_jql(queries: &[&str]) -> Request {
    let body = json!({"queries": queries});
    Request::question(EndpointClass::JqlParse, "rest/api/3/jql/parse", body).with("validation", "strict")
}

pub(crate) fn bulk_fetch(ids: &[u64], fields: &[&str]) -> Request {
    let ids: Vec<String> = ids.iter().map(u64::to_string).collect();
    let body = json!({"issueIdsOrKeys": ids, "fields": fields});
    Request::question(EndpointClass::BulkFetch, "rest/api/2/issue/bulkfetch", body)
}

pub(crate) fn comments(issue_id: u64, start_at: u64) -> Request {
    Request::get(EndpointClass::Comments, format!("rest/api/2/issue/{issue_id}/comment"))
        .with("startAt", start_at)
        .with("maxResults", COMMENT_PAGE)
        .with("orderBy", "created")
}

pub(crate) fn worklogs(issue_id: u64, start_at: u64) -> Request {
    Request::get(EndpointClass::Worklogs, format!("rest/api/2/issue/{issue_id}/worklog"))
        .with("startAt", start_at)
        .with("maxResults", WORKLOG_PAGE)
}

/// One page of the histories of several issues. Unknown members are refused.
pub(crate) fn histories(ids: &[u64], token: Option<&str>) -> Request {
    let ids: Vec<String> = ids.iter().map(u64::to_string).collect();
    let mut body = json!({"issueIdsOrKeys": ids, "maxResults": HISTORY_PAGE});
    if let Some(token) = token {
        body["nextPageToken"] = Value::from(token);
    }
    Request::question(EndpointClass::Changelog, "rest/api/3/changelog/bulkfetch", body)
}
