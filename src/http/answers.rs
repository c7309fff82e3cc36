//! The one form of every error that this server answers with: Kibana's.

use std::any::Any;

use axum::body::Body;
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::operations::OperationError;

/// An answer that is no success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    status: StatusCode,
    message: String,
    /// Seconds.
    retry_after: Option<u64>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            retry_after: None,
        }
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// Some senders repeat what is answered with 5xx and drop the rest: what will pass later must not look like a mistake of
    /// theirs.
    pub(super) fn for_senders_that_repeat_5xx(self) -> Self {
        match self.status {
            StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT | StatusCode::CONFLICT => Self {
                status: StatusCode::SERVICE_UNAVAILABLE,
                retry_after: self.retry_after.or(Some(1)),
                ..self
            },
            _ => self,
        }
    }

    pub(super) fn after(self, seconds: u64) -> Self {
        Self {
            retry_after: Some(seconds),
            ..self
        }
    }
}

impl From<OperationError> for Refusal {
    fn from(error: OperationError) -> Self {
        let status = StatusCode::from_u16(error.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self::new(status, error.to_string())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let reason = self.status.canonical_reason().unwrap_or("Error");
        let body = json!({ "statusCode": self.status.as_u16(), "error": reason, "message": self.message });
        let mut response = json_answer(self.status, &body);
        if self.status == StatusCode::UNAUTHORIZED {
            let methods = HeaderValue::from_static(r#"Basic realm="security", ApiKey"#);
            response.headers_mut().insert(WWW_AUTHENTICATE, methods);
        }
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// Any answer in JSON, with the headers that clients of Kibana look at.
pub(super) fn json_answer(status: StatusCode, body: &Value) -> Response {
    let headers = [
        ("content-type", "application/json; charset=utf-8"),
        ("cache-control", "private, no-cache, no-store, must-revalidate"),
        ("kbn-name", "jira-connector"),
        ("x-content-type-options", "nosniff"),
    ];
    (status, headers, Body::from(body.to_string())).into_response()
}

pub(super) async fn no_such_route() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "Not Found")
}

pub(super) async fn no_such_method() -> Refusal {
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "this path takes other methods")
}

/// What a fault of this program is answered with: nothing of it goes out.
pub(super) fn after_panic(_: Box<dyn Any + Send>) -> Response {
    let text = "an internal error; the log of the service has more";
    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, text).into_response()
}
