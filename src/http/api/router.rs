//! The routes, and what their handlers share. Every path works with `/s/default` before it and with a slash after it.

use std::sync::Arc;

use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::{MethodRouter, any, get, post};
use axum::{Extension, Router};

use super::super::answers::Refusal;
use super::shared::Api;
use super::spelling::Spelling;
use super::{connectors, execute, status};

type Route = MethodRouter<Arc<Api>>;

/// All routes of the API.
pub(in crate::http) fn routes(api: Arc<Api>) -> Router {
    let of_one_space = current()
        .merge(legacy(
            "/api/actions/action",
            "/api/actions",
            "/api/actions/list_action_types",
        ))
        .merge(legacy("/api/action", "/api/action/_getAll", "/api/action/types"))
        .merge(with_slash(
            "/api/action/_find",
            get(connectors::find).layer(Extension(Spelling::Legacy)),
        ))
        .merge(with_slash("/api/status", get(status::status)));
    Router::new()
        .merge(of_one_space.clone())
        .nest("/s/default", of_one_space)
        .route("/s/{space}/{*rest}", any(other_space))
        .with_state(api)
}

fn current() -> Router<Arc<Api>> {
    let one = "/api/actions/connector/{id}";
    Router::new()
        .merge(with_slash("/api/actions/connector", post(connectors::create)))
        .merge(with_slash(one, one_connector().post(connectors::create_with_id)))
        .merge(with_slash("/api/actions/connectors", get(connectors::list)))
        .merge(with_slash("/api/actions/connector_types", get(connectors::types)))
        .merge(with_slash(&format!("{one}/_execute"), post(execute::execute)))
        .merge(with_slash(
            &format!("{one}/_check_availability"),
            get(connectors::availability),
        ))
        .merge(with_slash(&format!("{one}/_test"), post(execute::test)))
        .merge(with_slash(&format!("{one}/_executions"), get(execute::executions)))
        .layer(Extension(Spelling::Current))
}

fn legacy(one: &str, all: &str, types: &str) -> Router<Arc<Api>> {
    let by_id = format!("{one}/{{id}}");
    Router::new()
        .merge(with_slash(one, post(connectors::create)))
        .merge(with_slash(&by_id, one_connector()))
        .merge(with_slash(all, get(connectors::list)))
        .merge(with_slash(types, get(connectors::types)))
        .merge(with_slash(&format!("{by_id}/_execute"), post(execute::execute)))
        .merge(with_slash(&format!("{by_id}/_test"), post(execute::test)))
        .merge(with_slash(&format!("{by_id}/_executions"), get(execute::executions)))
        .layer(Extension(Spelling::Legacy))
}

fn one_connector() -> Route {
    get(connectors::get).put(connectors::update).delete(connectors::delete)
}

fn with_slash(path: &str, route: Route) -> Router<Arc<Api>> {
    Router::new()
        .route(path, route.clone())
        .route(&format!("{path}/"), route)
}

async fn other_space(Path((space, _)): Path<(String, String)>) -> Refusal {
    let text = format!("there is no space {space}: only the default one is served here");
    Refusal::new(StatusCode::NOT_FOUND, text)
}
