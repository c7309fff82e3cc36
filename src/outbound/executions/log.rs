//! The log of executions: one document each, begun before anything is sent and ended with what came of it.
//!
//! A log that cannot be written is a warning: the action itself matters more.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use elastic_client::{ElasticClient, ElasticError, Refresh, Updated, Versioned};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tracing::warn;
use uuid::Uuid;

use super::execution::Fault;
use super::log_index;
use crate::outbound::connector::Connector;

/// Longer texts of other systems are cut.
const LONGEST_MESSAGE: usize = 2_000;

/// Writes and reads the log.
#[derive(Debug, Clone)]
pub struct ExecutionLog {
    client: ElasticClient,
    /// The index that is known to be there: a write to a missing one would make it, without its mapping.
    ready: Arc<Mutex<String>>,
}

/// One execution. What was sent is not in it: parameters hold what people wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecutionRecord {
    /// The connector.
    pub connector: String,
    /// The id of its kind.
    pub kind: String,
    /// `pushToService`.
    pub sub_action: String,
    /// Who asked.
    pub caller: String,
    /// When.
    pub started_at: DateTime<Utc>,
    /// When it ended, if it has.
    pub ended_at: Option<DateTime<Utc>>,
    /// What came of it.
    pub outcome: Outcome,
    /// Why it failed, without secrets.
    pub message: Option<String>,
    /// What was changed so that it could be done.
    #[serde(default)]
    pub warnings: Vec<String>,
}

/// What came of an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It runs, or the process that ran it is gone.
    Running,
    /// Done.
    Done,
    /// Refused by us or by the other side.
    Refused,
    /// The other side limits the rate.
    Throttled,
    /// The other side was not reached.
    NotSent,
    /// Nobody knows whether it is done.
    Unknown,
}

/// A record that was begun.
#[derive(Debug)]
pub(super) struct Begun {
    record: ExecutionRecord,
    id: String,
    index: String,
    /// None when it could not be written.
    version: Option<Updated>,
}

impl Outcome {
    /// Its name in records and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Throttled => "throttled",
            Self::NotSent => "not_sent",
            Self::Unknown => "unknown",
        }
    }
}

impl From<Fault> for Outcome {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Refused => Self::Refused,
            Fault::Throttled => Self::Throttled,
            Fault::NotSent => Self::NotSent,
            Fault::Unknown => Self::Unknown,
        }
    }
}

impl ExecutionRecord {
    pub(super) fn begun(connector: &Connector, sub_action: &str, caller: &str, now: DateTime<Utc>) -> Self {
        Self {
            connector: connector.id.clone(),
            kind: connector.kind.clone(),
            sub_action: cut(sub_action),
            caller: caller.to_owned(),
            started_at: now,
            ended_at: None,
            outcome: Outcome::Running,
            message: None,
            warnings: Vec::new(),
        }
    }
}

impl ExecutionLog {
    /// Writes with this client.
    pub fn new(client: ElasticClient) -> Self {
        Self {
            client,
            ready: Arc::default(),
        }
    }

    pub(super) async fn begin(&self, record: ExecutionRecord) -> Begun {
        let mut begun = Begun {
            id: Uuid::new_v4().to_string(),
            index: log_index::of(record.started_at),
            record,
            version: None,
        };
        match self.created(&begun).await {
            Ok(version) => begun.version = Some(version),
            Err(error) => warn!(connector.id = %begun.record.connector, error = %error, "execution not recorded"),
        }
        begun
    }

    async fn created(&self, begun: &Begun) -> Result<Updated, ElasticError> {
        if *self.ready.lock() != begun.index {
            log_index::make(&self.client, &begun.index, begun.record.started_at).await?;
            self.ready.lock().clone_from(&begun.index);
        }
        let collection = self.client.collection(&begun.index);
        collection
            .create(&begun.id, &document(&begun.record), Refresh::None)
            .await
    }

    pub(super) async fn end(
        &self,
        begun: Begun,
        outcome: Outcome,
        message: Option<String>,
        warnings: Vec<String>,
        now: DateTime<Utc>,
    ) {
        let Some(version) = begun.version else { return };
        let record = ExecutionRecord {
            ended_at: Some(now),
            outcome,
            message: message.as_deref().map(cut),
            warnings,
            ..begun.record
        };
        let collection = self.client.collection(&begun.index);
        let written = collection
            .replace(&begun.id, version, &document(&record), Refresh::None)
            .await;
        if let Err(error) = written {
            warn!(connector.id = %record.connector, error = %error, "end of an execution not recorded");
        }
    }

    /// The latest executions of a connector, newest first.
    pub async fn latest(
        &self,
        connector: &str,
        outcome: Option<Outcome>,
        size: usize,
    ) -> Result<Vec<ExecutionRecord>, ElasticError> {
        self.client
            .indices()
            .refresh(log_index::PATTERN)
            .await
            .or_else(unless_missing)?;
        let mut conditions = vec![json!({ "term": { "connector": connector } })];
        conditions.extend(outcome.map(|outcome| json!({ "term": { "outcome": outcome } })));
        let body = json!({
            "size": size,
            "query": { "bool": { "filter": conditions } },
            "sort": [{ "started_at": { "order": "desc", "unmapped_type": "date" } }],
        });
        let found = self.client.collection(log_index::PATTERN).search_first(&body).await?;
        found.into_iter().map(read).collect()
    }
}

fn read(found: Versioned<Map<String, Value>>) -> Result<ExecutionRecord, ElasticError> {
    serde_json::from_value(Value::Object(found.value)).map_err(|error| ElasticError::BadAnswer {
        request: format!("POST /{}/_search", log_index::PATTERN),
        path: format!("document {}", found.id),
        reason: error.to_string(),
    })
}

fn unless_missing(error: ElasticError) -> Result<(), ElasticError> {
    match error {
        ElasticError::NotFound { .. } => Ok(()),
        other => Err(other),
    }
}

fn document(record: &ExecutionRecord) -> Map<String, Value> {
    match serde_json::to_value(record) {
        Ok(Value::Object(document)) => document,
        other => unreachable!("a record is always an object: {other:?}"),
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST_MESSAGE) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}
