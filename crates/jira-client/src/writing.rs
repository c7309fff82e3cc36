//! Makes and changes issues. What must not be done twice is not sent twice; remembering what was asked for, so that an
//! unknown outcome can be looked up, is left to the callers.

use chrono::{DateTime, FixedOffset};
use percent_encoding::utf8_percent_encode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::client::JiraClient;
use crate::dialect::PATH_SEGMENT;
use crate::error::JiraError;
use crate::lenient;
use crate::parse_timestamp;
use crate::transport::{EndpointClass, Request};

/// An issue to be made.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NewIssue {
    /// Values by field id.
    pub fields: Map<String, Value>,
    /// Properties that it has from its first moment, by their keys. Whoever sees the issue can read them.
    pub properties: Map<String, Value>,
}

/// An issue or a comment that was just made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    /// Its id, which stays.
    pub id: u64,
    /// The key of an issue.
    pub key: String,
    /// When, as far as the answer tells.
    pub created: Option<DateTime<FixedOffset>>,
}

/// An issue from Jira's store, which knows it from its first moment, unlike the search index.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredIssue {
    /// Its id, which stays when it moves.
    pub id: u64,
    /// The key that it has now.
    pub key: String,
    /// Raw values by field id.
    pub fields: Map<String, Value>,
    /// The properties that were asked for and that it has.
    pub properties: Map<String, Value>,
}

#[derive(Deserialize)]
struct StoredRow {
    #[serde(default, deserialize_with = "lenient::id")]
    id: Option<u64>,
    #[serde(default, deserialize_with = "lenient::text")]
    key: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    created: Option<String>,
    #[serde(default, deserialize_with = "lenient::object")]
    fields: Option<Map<String, Value>>,
    #[serde(default, deserialize_with = "lenient::object")]
    properties: Option<Map<String, Value>>,
}

impl JiraClient {
    /// Makes an issue. [`JiraError::OutcomeUnknown`] when the answer was lost: look before asking again.
    pub async fn create_issue(&self, issue: &NewIssue) -> Result<Created, JiraError> {
        let mut body = json!({ "fields": issue.fields });
        if !issue.properties.is_empty() {
            let listed = issue.properties.iter();
            body["properties"] = listed
                .map(|(key, value)| json!({ "key": key, "value": value }))
                .collect();
        }
        self.create(&Request::create(EndpointClass::Issue, "rest/api/2/issue", body), true)
            .await
    }

    /// Adds a comment. [`JiraError::OutcomeUnknown`] when the answer was lost.
    pub async fn add_comment(&self, issue: u64, text: &str) -> Result<Created, JiraError> {
        let path = format!("rest/api/2/issue/{issue}/comment");
        self.create(
            &Request::create(EndpointClass::Comments, path, json!({ "body": text })),
            false,
        )
        .await
    }

    /// Sets fields of an issue. They must be on its edit screen.
    pub async fn edit_issue(&self, issue: u64, fields: &Map<String, Value>) -> Result<(), JiraError> {
        let path = format!("rest/api/2/issue/{issue}");
        let request = Request::put(EndpointClass::Issue, path, json!({ "fields": fields }));
        self.transport.change(&request).await
    }

    /// Sets a property of an issue. Whoever sees the issue can read it; nobody is notified.
    pub async fn set_issue_property(&self, issue: u64, key: &str, value: &Value) -> Result<(), JiraError> {
        let key = utf8_percent_encode(key, PATH_SEGMENT);
        let path = format!("rest/api/2/issue/{issue}/properties/{key}");
        self.transport
            .change(&Request::put(EndpointClass::Issue, path, value.clone()))
            .await
    }

    /// Takes a transition. [`JiraError::OutcomeUnknown`] when the answer was lost: look at the status before asking again.
    pub async fn take_transition(&self, issue: u64, id: &str, fields: &Map<String, Value>) -> Result<(), JiraError> {
        let mut body = json!({ "transition": { "id": id } });
        if !fields.is_empty() {
            body["fields"] = json!(fields);
        }
        let path = format!("rest/api/2/issue/{issue}/transitions");
        self.transport
            .change(&Request::create(EndpointClass::Issue, path, body))
            .await
    }

    /// An issue by its id, its key, or a key that it had, with these fields and properties; `None` only when Jira answered
    /// 404 to the proven account.
    pub async fn stored_issue(
        &self,
        id_or_key: &str,
        fields: &[&str],
        properties: &[&str],
    ) -> Result<Option<StoredIssue>, JiraError> {
        let segment = utf8_percent_encode(id_or_key, PATH_SEGMENT);
        let mut request =
            Request::get(EndpointClass::Issue, format!("rest/api/2/issue/{segment}")).with("fields", fields.join(","));
        if !properties.is_empty() {
            request = request.with("properties", properties.join(","));
        }
        let found: Option<StoredRow> = self.transport.json_unless_absent(&request).await?;
        let Some(row) = found else { return Ok(None) };
        match (row.id, row.key) {
            (Some(id), Some(key)) => Ok(Some(StoredIssue {
                id,
                key,
                fields: row.fields.unwrap_or_default(),
                properties: row.properties.unwrap_or_default(),
            })),
            _ => Err(JiraError::BadAnswer {
                request: self.transport.line(&request),
                path: "id".to_owned(),
                reason: "an issue without a readable id and key".to_owned(),
            }),
        }
    }

    async fn create(&self, request: &Request, has_key: bool) -> Result<Created, JiraError> {
        let row: StoredRow = self.transport.json(request).await?;
        let key = row.key.or_else(|| (!has_key).then(String::new));
        match (row.id, key) {
            (Some(id), Some(key)) => Ok(Created {
                id,
                key,
                created: row.created.as_deref().and_then(parse_timestamp),
            }),
            _ => Err(JiraError::OutcomeUnknown {
                request: self.transport.line(request),
                reason: "the answer does not name what was made".to_owned(),
            }),
        }
    }
}
