//! `get`, `list` and whether an id is free. Secrets are never shown.

use serde::Serialize;
use serde_json::{Map, Value};

use super::installation::Actions;
use crate::operations::error::{Cause, Doing as _, OperationError};
use crate::outbound::executions::{ExecutionRecord, Outcome};
use crate::outbound::store::{Head, Origin, StoreError};

/// A connector, as it is shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ActionView {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The id of its kind.
    pub kind: String,
    /// Its settings; not those of preconfigured ones, unless they say so.
    pub config: Option<Map<String, Value>>,
    /// It cannot run before its secrets are set again.
    pub is_missing_secrets: bool,
    /// It stands in `config.yml`.
    pub is_preconfigured: bool,
    /// Kibana would mark it so.
    pub is_deprecated: bool,
}

impl Actions {
    /// One connector.
    pub async fn get(&self, id: &str) -> Result<ActionView, OperationError> {
        match self.preconfigured.head(id) {
            Some(head) => Ok(self.view(head)),
            None => self
                .connectors
                .head(id)
                .await
                .map(|head| self.view(head))
                .map_err(Into::into),
        }
    }

    /// All connectors, by name.
    pub async fn list(&self) -> Result<Vec<ActionView>, OperationError> {
        let mut heads = self.connectors.heads().await?;
        heads.retain(|head| self.preconfigured.get(&head.id).is_none());
        heads.extend(self.preconfigured.heads());
        heads.sort_by_cached_key(|head| (head.name.to_lowercase(), head.id.clone()));
        Ok(heads.into_iter().map(|head| self.view(head)).collect())
    }

    /// Whether a new connector may have this id.
    pub async fn is_available(&self, id: &str) -> Result<bool, OperationError> {
        super::connector_id::check(id)?;
        match self.get(id).await {
            Ok(_) => Ok(false),
            Err(OperationError::NotFound(_)) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Its latest executions, newest first.
    pub async fn executions(
        &self,
        id: &str,
        outcome: Option<Outcome>,
        size: usize,
    ) -> Result<Vec<ExecutionRecord>, OperationError> {
        self.get(id).await?;
        let found = self.log.latest(id, outcome, size).await;
        found.doing("cannot read the log of executions")
    }

    pub(super) fn view(&self, head: Head) -> ActionView {
        let is_deprecated = match (self.kinds.get(&head.kind), &head.config) {
            (Some(kind), Some(config)) => kind.is_deprecated(config),
            _ => false,
        };
        ActionView {
            id: head.id,
            name: head.name,
            kind: head.kind,
            config: head.config,
            is_missing_secrets: head.is_missing_secrets,
            is_preconfigured: head.origin == Origin::Preconfigured,
            is_deprecated,
        }
    }
}

impl From<StoreError> for OperationError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound(_) => Self::NotFound(error.to_string()),
            StoreError::Exists(_) | StoreError::Changed(_) => Self::Conflict(error.to_string()),
            StoreError::NoKey => Self::Invalid(error.to_string()),
            StoreError::Sealed { .. } | StoreError::Unreadable { .. } => Self::Failed {
                doing: "cannot read the connector".to_owned(),
                cause: Cause::Here(error.to_string()),
            },
            StoreError::Elasticsearch(error) => Self::Failed {
                doing: "cannot read or write the connectors".to_owned(),
                cause: Cause::Elasticsearch(error),
            },
        }
    }
}
