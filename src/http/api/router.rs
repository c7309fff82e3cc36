//! The routes. Every path works with `/s/default` before it and with a slash after it.

use std::sync::Arc;

use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::any;
use axum::{Extension, Router};

use super::super::answers::Refusal;
use super::endpoints;
use super::shared::Api;

/// All routes of the API.
pub(in crate::http) fn routes(api: Arc<Api>) -> Router {
    let mut of_one_space = Router::new();
    for endpoint in endpoints::all() {
        let route = endpoint.route.layer(Extension(endpoint.spelling));
        of_one_space = of_one_space
            .route(&format!("{}/", endpoint.path), route.clone())
            .route(&endpoint.path, route);
    }
    Router::new()
        .merge(of_one_space.clone())
        .nest("/s/default", of_one_space)
        .route("/s/{space}/{*rest}", any(other_space))
        .with_state(api)
}

async fn other_space(Path((space, _)): Path<(String, String)>) -> Refusal {
    let text = format!("there is no space {space}: only the default one is served here");
    Refusal::new(StatusCode::NOT_FOUND, text)
}
