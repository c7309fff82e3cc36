//! Reads what may be written: issue types and their fields, fields of an edit screen, transitions and theirs.
//!
//! Turning a caller's value into the form of a field is left to the callers.

use percent_encoding::utf8_percent_encode;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::client::JiraClient;
use crate::dialect::PATH_SEGMENT;
use crate::error::JiraError;
use crate::lenient;
use crate::model::FieldSchema;
use crate::transport::{EndpointClass, Request};

/// Jira gives at most so many rows; older ones give 50 without being asked.
const PAGE: u64 = 200;
/// A list that does not end within so many pages never will.
const MOST_PAGES: u64 = 200;

/// A type of issues that the account may make in a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueType {
    /// Its id.
    pub id: String,
    /// Its name, in the language of the account.
    pub name: String,
    /// Whether its issues need a parent.
    pub is_subtask: bool,
}

/// A field that can be written.
#[derive(Debug, Clone, PartialEq)]
pub struct WritableField {
    /// `summary`, `customfield_10010`.
    pub id: String,
    /// In the language of the account.
    pub name: String,
    /// Whether it must have a value.
    pub is_required: bool,
    /// Whether Jira fills it in when it is left out.
    pub has_default: bool,
    /// The type of its value.
    pub schema: FieldSchema,
    /// The values that it may have, when they are listed.
    pub allowed: Vec<Value>,
    /// The whole object as received.
    pub raw: Map<String, Value>,
}

/// A transition that the account may take now.
#[derive(Debug, Clone, PartialEq)]
pub struct Transition {
    /// Its id, of this workflow.
    pub id: String,
    /// Its name, in the language of the account.
    pub name: String,
    /// The status that it leads to.
    pub to: String,
    /// The key of that status's category: `new`, `indeterminate`, `done`.
    pub to_category: String,
    /// The fields of its screen.
    pub fields: Vec<WritableField>,
}

/// Cloud names its lists, Data Center says `values`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MetaPage {
    #[serde(alias = "values", alias = "issueTypes", alias = "fields")]
    rows: Vec<Map<String, Value>>,
    #[serde(default, deserialize_with = "lenient::id")]
    total: Option<u64>,
    #[serde(default, deserialize_with = "lenient::flag")]
    is_last: Option<bool>,
}

#[derive(Deserialize)]
struct FieldsAnswer {
    fields: Map<String, Value>,
}

#[derive(Deserialize)]
struct TransitionsAnswer {
    transitions: Vec<Map<String, Value>>,
}

impl JiraClient {
    /// The types of issues that the account may make in a project. A Data Center that tells nobody (401, 403, 404) is
    /// asked for those of the project instead.
    pub async fn issue_types(&self, project: &str) -> Result<Vec<IssueType>, JiraError> {
        let segment = utf8_percent_encode(project, PATH_SEGMENT).to_string();
        let rows = match self
            .meta_rows(&format!("rest/api/2/issue/createmeta/{segment}/issuetypes"))
            .await
        {
            Err(error) if !self.edition().is_cloud() && matches!(error.status(), Some(401 | 403 | 404)) => {
                let found = self.project(project).await?;
                let listed = found.and_then(|mut project| project.raw.remove("issueTypes"));
                let listed = listed.as_ref().and_then(Value::as_array).ok_or(error)?;
                listed.iter().filter_map(Value::as_object).cloned().collect()
            }
            rows => rows?,
        };
        Ok(rows.iter().filter_map(issue_type).collect())
    }

    /// The fields of the screen for making issues of a type, by its id.
    pub async fn create_fields(&self, project: &str, issue_type: &str) -> Result<Vec<WritableField>, JiraError> {
        let project = utf8_percent_encode(project, PATH_SEGMENT);
        let issue_type = utf8_percent_encode(issue_type, PATH_SEGMENT);
        let path = format!("rest/api/2/issue/createmeta/{project}/issuetypes/{issue_type}");
        let rows = self.meta_rows(&path).await?;
        Ok(rows.into_iter().filter_map(|row| writable_field(None, row)).collect())
    }

    /// The fields of the screen for editing an issue.
    pub async fn edit_fields(&self, issue: u64) -> Result<Vec<WritableField>, JiraError> {
        let request = Request::get(EndpointClass::Issue, format!("rest/api/2/issue/{issue}/editmeta"));
        let answer: FieldsAnswer = self.transport.json(&request).await?;
        Ok(fields_by_id(answer.fields))
    }

    /// The transitions that the account may take from the issue's status now.
    pub async fn transitions(&self, issue: u64) -> Result<Vec<Transition>, JiraError> {
        let request = Request::get(EndpointClass::Issue, format!("rest/api/2/issue/{issue}/transitions"))
            .with("expand", "transitions.fields");
        let answer: TransitionsAnswer = self.transport.json(&request).await?;
        Ok(answer.transitions.into_iter().filter_map(transition).collect())
    }

    /// All rows of a list of createmeta.
    async fn meta_rows(&self, path: &str) -> Result<Vec<Map<String, Value>>, JiraError> {
        let mut rows = Vec::new();
        for _ in 0..MOST_PAGES {
            let request = Request::get(EndpointClass::Projects, path)
                .with("startAt", rows.len())
                .with("maxResults", PAGE);
            let page: MetaPage = self.transport.json(&request).await?;
            let came = page.rows.len() as u64;
            rows.extend(page.rows);
            let is_last = match (page.total, page.is_last) {
                (Some(total), _) => rows.len() as u64 >= total,
                (None, Some(is_last)) => is_last,
                (None, None) => came == 0,
            };
            if is_last {
                return Ok(rows);
            }
            if came == 0 {
                return Err(self.endless(&request, "a page is empty although more rows are announced"));
            }
        }
        let request = Request::get(EndpointClass::Projects, path);
        Err(self.endless(&request, "the list does not end"))
    }

    fn endless(&self, request: &Request, reason: &str) -> JiraError {
        JiraError::BadAnswer {
            request: self.transport.line(request),
            path: ".".to_owned(),
            reason: reason.to_owned(),
        }
    }
}

fn text(row: &Map<String, Value>, member: &str) -> Option<String> {
    row.get(member).and_then(lenient::text_of)
}

fn flag(row: &Map<String, Value>, member: &str) -> bool {
    row.get(member).and_then(lenient::flag_of).unwrap_or(false)
}

fn issue_type(row: &Map<String, Value>) -> Option<IssueType> {
    Some(IssueType {
        id: text(row, "id")?,
        name: text(row, "name")?,
        is_subtask: flag(row, "subtask"),
    })
}

fn fields_by_id(fields: Map<String, Value>) -> Vec<WritableField> {
    fields
        .into_iter()
        .filter_map(|(id, row)| match row {
            Value::Object(row) => writable_field(Some(id), row),
            _ => None,
        })
        .collect()
}

fn writable_field(id: Option<String>, raw: Map<String, Value>) -> Option<WritableField> {
    let id = id.or_else(|| text(&raw, "fieldId")).or_else(|| text(&raw, "key"))?;
    let schema = raw
        .get("schema")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    Some(WritableField {
        name: text(&raw, "name").unwrap_or_else(|| id.clone()),
        is_required: flag(&raw, "required"),
        has_default: flag(&raw, "hasDefaultValue"),
        schema: FieldSchema {
            r#type: text(&schema, "type").unwrap_or_else(|| "any".to_owned()),
            items: text(&schema, "items"),
            custom: text(&schema, "custom"),
            system: text(&schema, "system"),
        },
        allowed: raw
            .get("allowedValues")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default(),
        id,
        raw,
    })
}

fn transition(mut row: Map<String, Value>) -> Option<Transition> {
    let to = row.get("to").and_then(Value::as_object).cloned().unwrap_or_default();
    let category = to.get("statusCategory").and_then(Value::as_object);
    let fields = match row.remove("fields") {
        Some(Value::Object(fields)) => fields_by_id(fields),
        _ => Vec::new(),
    };
    Some(Transition {
        id: text(&row, "id")?,
        name: text(&row, "name").unwrap_or_default(),
        to: text(&to, "name").unwrap_or_default(),
        to_category: category.and_then(|category| text(category, "key")).unwrap_or_default(),
        fields,
    })
}
