//! Runs a connector. It runs to its end, also when nobody waits for the answer any more.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::installation::Actions;
use crate::operations::error::OperationError;
use crate::outbound::connector::Connector;
use crate::outbound::executions::{Execution, Failure, Fault, Repetition, Request, Source};
use crate::outbound::store::StoreError;

/// One call of a connector.
#[derive(Debug, Clone)]
pub struct ActionCall {
    /// The connector.
    pub connector: String,
    /// `subAction` and `subActionParams`.
    pub params: Map<String, Value>,
    /// Who asks.
    pub caller: String,
    /// `Idempotency-Key`: calls with the same key make one thing.
    pub key: Option<String>,
}

impl Actions {
    /// Runs it. An action that fails is an answer; the error is for calls that never got so far.
    pub async fn execute(&self, call: ActionCall) -> Result<Execution, OperationError> {
        let connector = match self.open(&call.connector).await {
            Ok(connector) => connector,
            Err(error @ StoreError::Sealed { .. }) => return Ok(missing_secrets(&error)),
            Err(error) => return Err(error.into()),
        };
        let kind = Arc::clone(self.kind(&connector.kind)?);
        // Whoever wrote it into config.yml allowed it there.
        if self.preconfigured.get(&connector.id).is_none() {
            self.enabled.check(&connector.kind)?;
        }
        let runner = self.runner(&connector.id);
        let run = self.running.spawn(async move {
            let request = Request {
                params: &call.params,
                caller: &call.caller,
                call_key: call.key.as_deref(),
            };
            runner.run(kind.as_ref(), &connector, request).await
        });
        run.await
            .map_err(|error| OperationError::failed("the action ended in a fault of this program", error))
    }

    /// A connector with its secrets.
    pub(super) async fn open(&self, id: &str) -> Result<Connector, StoreError> {
        match self.preconfigured.get(id) {
            Some(connector) => Ok(connector.clone()),
            None => self.connectors.open(id).await,
        }
    }
}

fn missing_secrets(error: &StoreError) -> Execution {
    Execution::Failed(Failure {
        fault: Fault::Refused,
        message: "Unable to execute the action because it is missing secrets".to_owned(),
        service_message: Some(error.to_string()),
        repetition: Repetition::No,
        source: Source::User,
    })
}
