//! Making, showing, changing and deleting connectors. Signed in comes first, then the form of the body, then the right.

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::answers::{Refusal, json_answer};
use super::super::callers::Caller;
use super::bodies;
use super::shared::Shared;
use super::spelling::Spelling;
use crate::operations::actions::{ActionChange, NewAction};

type Answer = Result<Response, Refusal>;

fn forbidden(doing: &str) -> Refusal {
    Refusal::new(StatusCode::FORBIDDEN, format!("Unauthorized to {doing}"))
}

fn may_read(caller: &Caller, doing: &str) -> Result<(), Refusal> {
    if caller.rights.read {
        Ok(())
    } else {
        Err(forbidden(doing))
    }
}

fn may_manage(caller: &Caller, doing: &str) -> Result<(), Refusal> {
    if caller.rights.manage {
        Ok(())
    } else {
        Err(forbidden(doing))
    }
}

pub(super) async fn create(
    State(api): Shared,
    Extension(spelling): Extension<Spelling>,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    make(api, spelling, headers, None, body).await
}

pub(super) async fn create_with_id(
    State(api): Shared,
    Extension(spelling): Extension<Spelling>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    make(api, spelling, headers, Some(id), body).await
}

async fn make(
    api: std::sync::Arc<super::shared::Api>,
    spelling: Spelling,
    headers: HeaderMap,
    id: Option<String>,
    body: Body,
) -> Answer {
    let caller = api.callers.sign_in(&headers, id.as_deref()).await?;
    let body = bodies::object(&headers, body, api.max_body, api.body_within).await?;
    let mut members = bodies::checked(&bodies::new_connector(spelling), body)?;
    let kind = bodies::text(&members, spelling.kind());
    may_manage(&caller, &format!("create a \"{kind}\" action"))?;
    let new = NewAction {
        id,
        name: bodies::text(&members, "name"),
        kind,
        config: bodies::record(&mut members, "config"),
        secrets: bodies::record(&mut members, "secrets"),
    };
    let view = api.actions.create(new, &caller.name).await?;
    Ok(json_answer(StatusCode::OK, &spelling.connector(&view)))
}

pub(super) async fn get(
    State(api): Shared,
    Extension(spelling): Extension<Spelling>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Answer {
    may_read(&api.callers.sign_in(&headers, Some(&id)).await?, "get actions")?;
    let view = api.actions.get(&id).await?;
    Ok(json_answer(StatusCode::OK, &spelling.connector(&view)))
}

pub(super) async fn update(
    State(api): Shared,
    Extension(spelling): Extension<Spelling>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let caller = api.callers.sign_in(&headers, Some(&id)).await?;
    let body = bodies::object(&headers, body, api.max_body, api.body_within).await?;
    let mut members = bodies::checked(&bodies::changed_connector(), body)?;
    may_manage(&caller, "update actions")?;
    let change = ActionChange {
        name: bodies::text(&members, "name"),
        config: bodies::record(&mut members, "config"),
        secrets: bodies::record(&mut members, "secrets"),
    };
    let view = api.actions.update(&id, change, &caller.name).await?;
    Ok(json_answer(StatusCode::OK, &spelling.connector(&view)))
}

pub(super) async fn delete(State(api): Shared, Path(id): Path<String>, headers: HeaderMap) -> Answer {
    may_manage(&api.callers.sign_in(&headers, Some(&id)).await?, "delete actions")?;
    api.actions.delete(&id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub(super) async fn list(State(api): Shared, Extension(spelling): Extension<Spelling>, headers: HeaderMap) -> Answer {
    may_read(&api.callers.sign_in(&headers, None).await?, "find actions")?;
    let views = api.actions.list().await?;
    let shown: Value = views.iter().map(|view| spelling.listed(view)).collect();
    Ok(json_answer(StatusCode::OK, &shown))
}

/// The oldest form of the list: all on one page.
pub(super) async fn find(State(api): Shared, Extension(spelling): Extension<Spelling>, headers: HeaderMap) -> Answer {
    may_read(&api.callers.sign_in(&headers, None).await?, "find actions")?;
    let views = api.actions.list().await?;
    let shown: Vec<Value> = views.iter().map(|view| spelling.listed(view)).collect();
    let page = json!({ "page": 1, "perPage": shown.len(), "total": shown.len(), "data": shown });
    Ok(json_answer(StatusCode::OK, &page))
}

#[derive(Debug, Deserialize)]
pub(super) struct OfFeature {
    feature_id: Option<String>,
}

/// Needs no right but a caller.
pub(super) async fn types(
    State(api): Shared,
    Extension(spelling): Extension<Spelling>,
    Query(of): Query<OfFeature>,
    headers: HeaderMap,
) -> Answer {
    api.callers.sign_in(&headers, None).await?;
    let types = api.actions.types(of.feature_id.as_deref());
    let shown: Value = types.iter().map(|view| spelling.kind_view(view)).collect();
    Ok(json_answer(StatusCode::OK, &shown))
}

pub(super) async fn availability(State(api): Shared, Path(id): Path<String>, headers: HeaderMap) -> Answer {
    may_read(&api.callers.sign_in(&headers, None).await?, "get actions")?;
    let is_available = api.actions.is_available(&id).await?;
    Ok(json_answer(
        StatusCode::OK,
        &json!({ "connectorIdAvailable": is_available }),
    ))
}
