//! Tests a connector without writing anything, and says what is missing and how to put it right.

use serde::Serialize;
use serde_json::{Map, Value};

use super::installation::Actions;
use crate::operations::error::OperationError;
use crate::outbound::connector::Connector;
use crate::outbound::executions::settings;
pub use crate::outbound::kinds::Check as TestLine;

/// What a test saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TestReport {
    /// Whether everything is as it must be.
    pub ok: bool,
    /// What was looked at.
    pub checks: Vec<TestLine>,
}

impl Actions {
    /// Tests it.
    pub async fn test(&self, id: &str) -> Result<TestReport, OperationError> {
        let connector = self.open(id).await?;
        let kind = self.kind(&connector.kind)?;
        let checks = match settings(kind.as_ref(), &connector.config, &connector.secrets.to_json()) {
            Err(problem) => vec![TestLine {
                name: "settings".to_owned(),
                ok: false,
                hint: problem,
            }],
            Ok(settings) if self.targets.check(address_of(&settings.config)).is_err() => vec![TestLine {
                name: "the address may be reached".to_owned(),
                ok: false,
                hint: "add its host to actions.allowed_hosts in config.yml".to_owned(),
            }],
            Ok(settings) => {
                let checked = Connector {
                    config: settings.config,
                    ..connector.clone()
                };
                kind.test(&checked, self.http.clone()).await
            }
        };
        let scrubbed = checks.into_iter().map(|check| TestLine {
            hint: connector.secrets.scrub(&check.hint),
            ..check
        });
        let checks: Vec<TestLine> = scrubbed.collect();
        Ok(TestReport {
            ok: checks.iter().all(|check| check.ok),
            checks,
        })
    }
}

fn address_of(config: &Map<String, Value>) -> &str {
    config.get("apiUrl").and_then(Value::as_str).unwrap_or_default()
}
