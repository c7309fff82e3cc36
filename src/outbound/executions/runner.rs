//! Runs one call of a connector and records it, whatever comes of it.

use std::sync::Arc;

use chrono::Utc;
use serde_json::{Map, Value};

use super::execution::{Execution, Failure, Source};
use super::log::{ExecutionLog, ExecutionRecord, Outcome};
use super::parameters;
use crate::outbound::connector::{Connector, Secrets};
use crate::outbound::delivery::Delivery;
use crate::outbound::kinds::{Call, Kind};
use crate::outbound::targets::Targets;

/// Runs calls.
#[derive(Clone)]
pub struct Runner {
    log: ExecutionLog,
    http: reqwest::Client,
    targets: Targets,
    delivery: Arc<dyn Delivery>,
}

/// One call.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// `params` of the body: `subAction` and `subActionParams`.
    pub params: &'a Map<String, Value>,
    /// Who asks.
    pub caller: &'a str,
    /// `Idempotency-Key`.
    pub call_key: Option<&'a str>,
}

impl Runner {
    /// Records into `log`, reaches `targets` with `http`.
    pub fn new(log: ExecutionLog, http: reqwest::Client, targets: Targets, delivery: Arc<dyn Delivery>) -> Self {
        Self {
            log,
            http,
            targets,
            delivery,
        }
    }

    /// Runs it. The record is begun before anything is sent.
    pub async fn run(&self, kind: &dyn Kind, connector: &Connector, request: Request<'_>) -> Execution {
        let sub_action = request
            .params
            .get("subAction")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let record = ExecutionRecord::begun(connector, sub_action, request.caller, Utc::now());
        let begun = self.log.begin(record).await;
        let execution = self.carried_out(kind, connector, request).await;
        let execution = scrubbed(execution, &connector.secrets);
        let (outcome, message, warnings) = summary(&execution);
        self.log.end(begun, outcome, message, warnings, Utc::now()).await;
        execution
    }

    async fn carried_out(&self, kind: &dyn Kind, connector: &Connector, request: Request<'_>) -> Execution {
        let settings = match parameters::settings(kind, &connector.config, &connector.secrets.to_json()) {
            Ok(settings) => settings,
            Err(message) => return Execution::unfit(message, Source::Framework),
        };
        let url = settings
            .config
            .get("apiUrl")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if let Err(problem) = self.targets.check(url) {
            let text = format!("error validating action type config: error validating url: {problem}");
            return Execution::unfit(text, Source::Framework);
        }
        let checked = Connector {
            config: settings.config,
            ..connector.clone()
        };
        let (sub_action, params) = match parameters::sub_action(kind, &checked, request.params) {
            Ok(checked) => checked,
            Err(execution) => return execution,
        };
        let call = Call {
            connector: &checked,
            sub_action: sub_action.name,
            params: &params,
            call_key: request.call_key,
            http: &self.http,
            delivery: self.delivery.as_ref(),
        };
        match kind.run(call).await {
            Ok(done) => Execution::done(done),
            Err(reason) => Execution::not_done(reason, kind.is_repeatable(sub_action.name, &params)),
        }
    }
}

/// Outside systems repeat what they were sent; no answer of ours does.
fn scrubbed(execution: Execution, secrets: &Secrets) -> Execution {
    match execution {
        Execution::Done(data) => Execution::Done(scrubbed_value(data, secrets)),
        Execution::Failed(failure) => Execution::Failed(Failure {
            message: secrets.scrub(&failure.message),
            service_message: failure.service_message.map(|text| secrets.scrub(&text)),
            ..failure
        }),
    }
}

fn scrubbed_members(members: Map<String, Value>, secrets: &Secrets) -> Map<String, Value> {
    let scrubbed = members
        .into_iter()
        .map(|(key, value)| (key, scrubbed_value(value, secrets)));
    scrubbed.collect()
}

fn scrubbed_value(value: Value, secrets: &Secrets) -> Value {
    match value {
        Value::String(text) => Value::String(secrets.scrub(&text)),
        Value::Array(items) => items.into_iter().map(|item| scrubbed_value(item, secrets)).collect(),
        Value::Object(members) => Value::Object(scrubbed_members(members, secrets)),
        other => other,
    }
}

fn summary(execution: &Execution) -> (Outcome, Option<String>, Vec<String>) {
    match execution {
        Execution::Done(data) => {
            let warnings = data.get("warnings").and_then(Value::as_array).into_iter().flatten();
            let warnings = warnings.filter_map(Value::as_str).map(str::to_owned).collect();
            (Outcome::Done, None, warnings)
        }
        Execution::Failed(failure) => {
            let text = failure.service_message.as_ref().unwrap_or(&failure.message);
            (failure.fault.into(), Some(text.clone()), Vec::new())
        }
    }
}
