//! Running and testing connectors, and what became of earlier runs.

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};
use tracing::warn;

use super::super::answers::{Refusal, json_answer};
use super::bodies;
use super::shared::Shared;
use super::spelling::{Spelling, fail_status};
use crate::operations::actions::{ActionCall, Execution, Outcome, Repetition};

type Answer = Result<Response, Refusal>;

const MOST_EXECUTIONS: usize = 1_000;
const USUAL_EXECUTIONS: usize = 20;
/// An `Idempotency-Key`, in characters.
const LONGEST_KEY: usize = 255;

pub(super) async fn execute(
    State(api): Shared,
    Extension(spelling): Extension<Spelling>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let caller = api.callers.sign_in(&headers, Some(&id)).await?;
    let body = bodies::object(&headers, body, api.max_body, api.body_within).await?;
    let mut members = bodies::checked(&bodies::call(), body)?;
    if !caller.rights.execute {
        let text = "Unauthorized to execute actions";
        return Err(Refusal::new(StatusCode::FORBIDDEN, text));
    }
    let call = ActionCall {
        connector: id.clone(),
        params: bodies::record(&mut members, "params"),
        caller: caller.name,
        key: key(&headers)?,
    };
    if is_set(&headers, "prefer", "respond-async") {
        api.actions.get(&id).await?;
        let actions = api.actions.clone();
        tokio::spawn(async move {
            if let Err(error) = actions.execute(call).await {
                warn!(error = %error, "an action whose caller did not wait did not run");
            }
        });
        let accepted =
            json!({ "status": "accepted", "executions": format!("/api/actions/connector/{id}/_executions") });
        return Ok(json_answer(StatusCode::ACCEPTED, &accepted));
    }
    let execution = api.actions.execute(call).await?;
    Ok(answered(
        spelling,
        &id,
        &execution,
        is_set(&headers, "x-fail-status", "true"),
    ))
}

/// 200 also when the action failed, as Kibana answers, unless the caller looks at the status alone.
fn answered(spelling: Spelling, id: &str, execution: &Execution, fails_by_status: bool) -> Response {
    let body = spelling.execution(id, execution);
    let Execution::Failed(failure) = execution else {
        return json_answer(StatusCode::OK, &body);
    };
    if !fails_by_status {
        return json_answer(StatusCode::OK, &body);
    }
    let status = StatusCode::from_u16(fail_status(failure.fault)).unwrap_or(StatusCode::BAD_GATEWAY);
    let mut response = json_answer(status, &body);
    if let Repetition::After(wait) = failure.repetition {
        response.headers_mut().insert(RETRY_AFTER, wait.as_secs().max(1).into());
    }
    response
}

/// For tools that tell of alerts in a form of their own and look at the status alone. They repeat what is answered with 5xx,
/// which is safe: a notice has a key.
pub(super) async fn webhook(
    State(api): Shared,
    Extension(spelling): Extension<Spelling>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let carried_out = async {
        let caller = api.callers.sign_in(&headers, Some(&id)).await?;
        let body = bodies::object(&headers, body, api.max_body, api.body_within).await?;
        if !caller.rights.execute {
            return Err(Refusal::new(StatusCode::FORBIDDEN, "Unauthorized to execute actions"));
        }
        Ok(api.actions.webhook(&id, &body, caller.name).await?)
    };
    let execution = carried_out.await.map_err(Refusal::for_senders_that_repeat_5xx)?;
    Ok(answered(spelling, &id, &execution, true))
}

fn key(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let Some(key) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    match key.to_str() {
        Ok(key) if !key.trim().is_empty() && key.len() <= LONGEST_KEY => Ok(Some(key.trim().to_owned())),
        _ => Err(Refusal::bad_request(format!(
            "[request header.idempotency-key]: expected 1 to {LONGEST_KEY} visible characters"
        ))),
    }
}

fn is_set(headers: &HeaderMap, name: &str, wanted: &str) -> bool {
    let values = headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .any(|value| value.trim().eq_ignore_ascii_case(wanted))
}

pub(super) async fn test(State(api): Shared, Path(id): Path<String>, headers: HeaderMap) -> Answer {
    let caller = api.callers.sign_in(&headers, Some(&id)).await?;
    if !caller.rights.execute {
        let text = "Unauthorized to execute actions";
        return Err(Refusal::new(StatusCode::FORBIDDEN, text));
    }
    let report = api.actions.test(&id).await?;
    Ok(json_answer(StatusCode::OK, &json!(report)))
}

#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    size: Option<usize>,
    outcome: Option<Outcome>,
}

pub(super) async fn executions(
    State(api): Shared,
    Path(id): Path<String>,
    wanted: Result<Query<Wanted>, axum::extract::rejection::QueryRejection>,
    headers: HeaderMap,
) -> Answer {
    let caller = api.callers.sign_in(&headers, Some(&id)).await?;
    if !caller.rights.read {
        return Err(Refusal::new(StatusCode::FORBIDDEN, "Unauthorized to get actions"));
    }
    let Query(wanted) = wanted.map_err(|error| Refusal::bad_request(format!("[request query]: {error}")))?;
    let size = wanted.size.unwrap_or(USUAL_EXECUTIONS).min(MOST_EXECUTIONS);
    let records = api.actions.executions(&id, wanted.outcome, size).await?;
    let shown: Vec<Value> = records.iter().map(|record| json!(record)).collect();
    Ok(json_answer(StatusCode::OK, &json!({ "executions": shown })))
}
