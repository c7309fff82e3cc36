//! Shapes of Jira's answers, as lenient as the evidence about them demands.
//!
//! A list that an answer must have is never defaulted: an answer without it is a fault, not an empty list.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::error::{JiraError, RequestLine};
use crate::lenient;
use crate::model::Project;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MyselfAnswer {
    pub(crate) account_id: Option<String>,
    pub(crate) key: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) display_name: Option<String>,
    pub(crate) email_address: Option<String>,
    pub(crate) time_zone: Option<String>,
    #[serde(default, deserialize_with = "lenient::flag")]
    pub(crate) active: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ServerInfoAnswer {
    pub(crate) base_url: String,
    pub(crate) version: String,
    #[serde(default)]
    pub(crate) version_numbers: Option<Vec<u64>>,
    pub(crate) deployment_type: Option<String>,
    pub(crate) server_time: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct FieldRow {
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    #[serde(default, deserialize_with = "lenient::flag")]
    pub(crate) custom: Option<bool>,
    pub(crate) schema: Option<FieldSchemaRow>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct FieldSchemaRow {
    pub(crate) r#type: Option<String>,
    pub(crate) items: Option<String>,
    pub(crate) custom: Option<String>,
    pub(crate) system: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProjectPage {
    #[serde(default, deserialize_with = "lenient::id")]
    pub(crate) start_at: Option<u64>,
    #[serde(default, deserialize_with = "lenient::flag")]
    pub(crate) is_last: Option<bool>,
    pub(crate) values: Vec<Map<String, Value>>,
}

/// A project out of its object, which is kept whole.
pub(crate) fn project(raw: Map<String, Value>, request: &RequestLine) -> Result<Project, JiraError> {
    let fault = |member: &str| JiraError::BadAnswer {
        request: request.clone(),
        path: member.to_owned(),
        reason: "a project without a readable one".to_owned(),
    };
    let id = raw.get("id").and_then(lenient::id_of).ok_or_else(|| fault("id"))?;
    let key = raw.get("key").and_then(lenient::text_of).ok_or_else(|| fault("key"))?;
    let name = raw
        .get("name")
        .and_then(lenient::text_of)
        .ok_or_else(|| fault("name"))?;
    Ok(Project { id, key, name, raw })
}

/// A page of a search by cursor (Cloud) or by offset (the others).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SearchPage {
    pub(crate) issues: Vec<IssueRow>,
    #[serde(default, deserialize_with = "lenient::flag")]
    pub(crate) is_last: Option<bool>,
    pub(crate) next_page_token: Option<String>,
    /// Offset pages only: the row that the page begins with.
    #[serde(default, deserialize_with = "lenient::id")]
    pub(crate) start_at: Option<u64>,
    /// Offset pages only: rows of all pages, as of now.
    #[serde(default, deserialize_with = "lenient::id")]
    pub(crate) total: Option<u64>,
}

/// An issue in a page; whether a missing member is a fault depends on what was asked for.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct IssueRow {
    #[serde(default, deserialize_with = "lenient::id")]
    pub(crate) id: Option<u64>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) key: Option<String>,
    #[serde(default, deserialize_with = "lenient::object")]
    pub(crate) fields: Option<Map<String, Value>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BulkPage {
    pub(crate) issues: Vec<IssueRow>,
    #[serde(default)]
    pub(crate) issue_errors: Option<Vec<IssueErrorRow>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IssueErrorRow {
    #[serde(default, deserialize_with = "lenient::id")]
    pub(crate) id: Option<u64>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) error_message: Option<String>,
}

/// A page of comments or worklogs.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChildPage {
    #[serde(alias = "comments", alias = "worklogs")]
    pub(crate) rows: Vec<Value>,
    #[serde(default, deserialize_with = "lenient::id")]
    pub(crate) start_at: Option<u64>,
    #[serde(default, deserialize_with = "lenient::id")]
    pub(crate) total: Option<u64>,
}

/// The answer of `jql/parse` about several queries.
#[derive(Debug, Deserialize)]
pub(crate) struct ParsedQueries {
    pub(crate) queries: Vec<ParsedQuery>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ParsedQuery {
    pub(crate) query: String,
    #[serde(default)]
    pub(crate) errors: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) warnings: Option<Vec<String>>,
}

/// `approximate-count` says `count`, a search for the total says `total`.
#[derive(Debug, Deserialize)]
pub(crate) struct CountAnswer {
    #[serde(default, deserialize_with = "lenient::id", alias = "total")]
    pub(crate) count: Option<u64>,
}
