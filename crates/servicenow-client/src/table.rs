//! The Table API: records made, changed, read and found. What is written into which column is left to the caller.

use std::collections::BTreeMap;

use http_kit::NotDone;
use http_kit::Repeat;
use reqwest::Method;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::answer::lost;
use crate::client::Request;
use crate::client::ServiceNow;
use crate::query::Query;
use crate::query::is_name;

/// Columns of every answer, besides those that are asked for.
const ALWAYS: [&str; 5] = ["sys_id", "number", "state", "sys_created_on", "sys_updated_on"];
/// Columns whose values are added as entries and never replaced, and that a record does not show.
pub const JOURNALS: [&str; 2] = ["work_notes", "comments"];
/// Records that a search looks at: databases compare without case, so the first may be a stranger.
const LOOKED_AT: usize = 50;

/// A record of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Its id, 32 hexadecimal digits.
    pub sys_id: String,
    /// All columns that were asked for.
    pub columns: Map<String, Value>,
}

impl Record {
    fn read(value: &Value) -> Option<Self> {
        let columns = value.as_object()?.clone();
        let sys_id = columns.get("sys_id")?.as_str().filter(|id| is_sys_id(id))?.to_owned();
        Some(Self { sys_id, columns })
    }

    /// The text of a column; empty when there is none.
    pub fn text(&self, column: &str) -> &str {
        self.columns.get(column).and_then(Value::as_str).unwrap_or("")
    }
}

impl ServiceNow {
    /// Makes a record. When the answer is lost this ends in `Unknown` and nothing is sent again.
    pub async fn create(&self, table: &str, columns: &Map<String, Value>) -> Result<Record, NotDone> {
        let request = write(Method::POST, path(table, None)?, columns, Repeat::OnlyIfNotCarriedOut);
        let body = Value::Object(columns.clone());
        let answer = self
            .send(Request {
                body: Some(&body),
                ..request
            })
            .await?;
        written(&answer)
    }

    /// Changes columns of a record. With a journal among them it is not sent again: that would be two entries.
    pub async fn update(&self, table: &str, sys_id: &str, columns: &Map<String, Value>) -> Result<Record, NotDone> {
        let repeat = if JOURNALS.iter().any(|journal| columns.contains_key(*journal)) {
            Repeat::OnlyIfNotCarriedOut
        } else {
            Repeat::Idempotent
        };
        let request = write(Method::PATCH, path(table, Some(sys_id))?, columns, repeat);
        let body = Value::Object(columns.clone());
        let answer = self
            .send(Request {
                body: Some(&body),
                ..request
            })
            .await?;
        written(&answer).and_then(|record| same(record, sys_id))
    }

    /// Adds an entry to a journal such as `work_notes`, and writes nothing else. Twice would be two entries.
    pub async fn add_entry(&self, table: &str, sys_id: &str, journal: &str, text: &str) -> Result<Record, NotDone> {
        let columns = Map::from_iter([(journal.to_owned(), json!(text))]);
        let request = write(
            Method::PATCH,
            path(table, Some(sys_id))?,
            &columns,
            Repeat::OnlyIfNotCarriedOut,
        );
        let body = Value::Object(columns);
        let answer = self
            .send(Request {
                body: Some(&body),
                ..request
            })
            .await?;
        written(&answer).and_then(|record| same(record, sys_id))
    }

    /// Reads a record; `None` when there is none, or the account may not see it.
    pub async fn get(&self, table: &str, sys_id: &str, columns: &[&str]) -> Result<Option<Record>, NotDone> {
        let request = Request::get(path(table, Some(sys_id))?, parameters(columns.iter().copied()));
        let answer = match self.send(request).await {
            Err(NotDone::Refused { status: 404, .. }) => return Ok(None),
            answer => answer?,
        };
        let record = Record::read(&answer["result"]).ok_or_else(|| unexpected(false))?;
        if record.sys_id.eq_ignore_ascii_case(sys_id) {
            Ok(Some(record))
        } else {
            Err(unexpected(false))
        }
    }

    /// The records that a query asks for and nothing else, the first 50 that the instance names.
    ///
    /// An instance passes over conditions that it does not understand. Such an answer is refused: "nothing found" would
    /// make the caller create a second record.
    pub async fn find(&self, table: &str, query: &Query, columns: &[&str]) -> Result<Vec<Record>, NotDone> {
        let mut parameters = parameters(columns.iter().copied().chain(query.fields()));
        parameters.extend([
            ("sysparm_query", query.encoded()),
            ("sysparm_limit", LOOKED_AT.to_string()),
        ]);
        let answer = self.send(Request::get(path(table, None)?, parameters)).await?;
        let listed = answer["result"].as_array().ok_or_else(|| unexpected(false))?;
        let records: Option<Vec<Record>> = listed.iter().map(Record::read).collect();
        let mut records = records.ok_or_else(|| unexpected(false))?;
        if !records.iter().all(|record| query.may_fit(&record.columns)) {
            let words = "ServiceNow answered with records that were not asked for: a column of the query does not exist, or the account may not read it";
            return Err(refused(words.to_owned()));
        }
        let is_full = records.len() >= LOOKED_AT;
        records.retain(|record| query.fits(&record.columns));
        if records.is_empty() && is_full {
            return Err(refused(
                "too many records have nearly this value: use another one".to_owned(),
            ));
        }
        Ok(records)
    }
}

pub(crate) fn is_sys_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What is refused before anything is sent.
pub(crate) fn refused(message: String) -> NotDone {
    NotDone::Refused {
        status: 400,
        message,
        fields: BTreeMap::new(),
    }
}

pub(crate) fn unexpected(writes: bool) -> NotDone {
    lost(
        "there is an issue with the ServiceNow instance: its answer holds no record".to_owned(),
        writes,
    )
}

/// Names in a path are checked, because a `/` or `?` in one would lead elsewhere.
fn path(table: &str, sys_id: Option<&str>) -> Result<String, NotDone> {
    if !is_name(table) {
        return Err(refused("a table is named by letters, digits and `_`".to_owned()));
    }
    match sys_id {
        Some(id) if !is_sys_id(id) => Err(refused(
            "the id of a record has 32 hexadecimal digits (its `sys_id`)".to_owned(),
        )),
        Some(id) => Ok(format!("/api/now/v2/table/{table}/{id}")),
        None => Ok(format!("/api/now/v2/table/{table}")),
    }
}

fn parameters<'c>(columns: impl Iterator<Item = &'c str>) -> Vec<(&'static str, String)> {
    let mut all: Vec<&str> = ALWAYS.into_iter().chain(columns).collect();
    all.sort_unstable();
    all.dedup();
    vec![
        ("sysparm_fields", all.join(",")),
        ("sysparm_exclude_reference_link", "true".to_owned()),
    ]
}

fn write<'a>(method: Method, path: String, columns: &Map<String, Value>, repeat: Repeat) -> Request<'a> {
    let query = parameters(columns.keys().map(String::as_str).filter(|column| is_name(column)));
    Request {
        method,
        path,
        query,
        body: None,
        repeat,
    }
}

fn written(answer: &Value) -> Result<Record, NotDone> {
    Record::read(&answer["result"]).ok_or_else(|| unexpected(true))
}

fn same(record: Record, sys_id: &str) -> Result<Record, NotDone> {
    if record.sys_id.eq_ignore_ascii_case(sys_id) {
        Ok(record)
    } else {
        Err(unexpected(true))
    }
}
