//! Requests of Jira Server and Data Center, 7.0 to 11.
//!
//! The two are one dialect; what differs between versions is met by asking only for what all of them have.

use serde_json::json;

use crate::transport::{EndpointClass, Request, SEARCH};

/// Rows that a request asks for; Jira applies the administrator's limit (usually 1,000) silently.
pub(crate) const SEARCH_PAGE: u32 = 1000;
const COMMENT_PAGE: u32 = 1000;

/// All visible projects at once, as a bare array.
pub(crate) fn projects(with_archived: bool) -> Request {
    let request = Request::get(EndpointClass::Projects, "rest/api/2/project").with("expand", "description,lead,url");
    if with_archived {
        request.with("includeArchived", true)
    } else {
        request
    }
}

/// One page of a search. Without validation an id that is gone is left out instead of failing the whole query.
pub(crate) fn search(
    class: EndpointClass,
    jql: &str,
    fields: &[&str],
    start_at: u64,
    page_size: u32,
    validate: bool,
) -> Request {
    let body = json!({
        "jql": jql,
        "startAt": start_at,
        "maxResults": page_size,
        "fields": fields,
        "validateQuery": validate,
    });
    Request::question(class, SEARCH, body)
}

pub(crate) fn issue(id: u64, fields: &[&str]) -> Request {
    Request::get(EndpointClass::Issue, format!("rest/api/2/issue/{id}")).with("fields", fields.join(","))
}

pub(crate) fn comments(issue_id: u64, start_at: u64) -> Request {
    Request::get(EndpointClass::Comments, format!("rest/api/2/issue/{issue_id}/comment"))
        .with("startAt", start_at)
        .with("maxResults", COMMENT_PAGE)
        // Only they say that customers of service management do not see a comment.
        .with("expand", "properties")
}

/// The resource knows no paging and gives all worklogs at once.
pub(crate) fn worklogs(issue_id: u64) -> Request {
    Request::get(EndpointClass::Worklogs, format!("rest/api/2/issue/{issue_id}/worklog"))
}

/// The histories of issues, which only come as a part of the issue.
pub(crate) fn histories(ids: &[u64], page_size: u32) -> Request {
    let listed = ids.iter().map(u64::to_string).collect::<Vec<_>>().join(",");
    let body = json!({
        "jql": format!("id in ({listed}) ORDER BY created, key"),
        "startAt": 0,
        "maxResults": page_size,
        "fields": ["updated"],
        "expand": ["changelog"],
        "validateQuery": false,
    });
    Request::question(EndpointClass::Changelog, SEARCH, body)
}
