//! Makes things in Jira. Each request says that it must not be sent twice; remembering what was asked for, so that an
//! unknown outcome can be looked up, is left to the callers.

use serde_json::{Map, Value, json};

use crate::client::JiraClient;
use crate::dialect::IssueRow;
use crate::error::JiraError;
use crate::transport::{EndpointClass, Request};

/// An issue that was just made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatedIssue {
    /// Its id, which stays when it moves.
    pub id: u64,
    /// Its key.
    pub key: String,
}

impl JiraClient {
    /// Makes an issue of these fields. [`JiraError::OutcomeUnknown`] when the answer was lost: look before asking again.
    pub async fn create_issue(&self, fields: &Map<String, Value>) -> Result<CreatedIssue, JiraError> {
        let request = Request::create(EndpointClass::Issue, "rest/api/2/issue", json!({ "fields": fields }));
        let row: IssueRow = self.transport.json(&request).await?;
        match (row.id, row.key) {
            (Some(id), Some(key)) => Ok(CreatedIssue { id, key }),
            _ => Err(JiraError::OutcomeUnknown {
                request: self.transport.line(&request),
                reason: "the answer names no issue".to_owned(),
            }),
        }
    }
}
