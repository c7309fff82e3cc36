//! Reads bodies with a bound, and JSON with the place of a fault.
//!
//! Whether a status or content type is acceptable is decided by the sender.

use std::time::Duration;

use reqwest::Response;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde::de::DeserializeOwned;

use crate::error::{JiraError, RequestLine};

use super::fault::reading_failed;
use super::mending::mend;

/// Largest JSON answer, after decompression. A page of 5,000 ids has 1 MB, 100 large issues have 10 MB.
pub(crate) const JSON_LIMIT: u64 = 64 * 1024 * 1024;
/// As much of an error body as can hold Jira's words.
pub(crate) const REFUSAL_LIMIT: u64 = 64 * 1024;

/// Reads to the end or fails; chunk by chunk, so that a decompression bomb stops at the limit.
pub(crate) async fn read_whole(
    response: &mut Response,
    request: &RequestLine,
    limit: u64,
    read_timeout: Duration,
) -> Result<Vec<u8>, JiraError> {
    let announced = response.content_length().unwrap_or(0).min(limit);
    let mut body = Vec::with_capacity(usize::try_from(announced).unwrap_or(0));
    loop {
        let received = body.len() as u64;
        let chunk = response
            .chunk()
            .await
            .map_err(|error| reading_failed(error, request, received, read_timeout))?;
        let Some(chunk) = chunk else { return Ok(body) };
        if received + chunk.len() as u64 > limit {
            return Err(JiraError::TooLarge {
                request: request.clone(),
                limit,
            });
        }
        body.extend_from_slice(&chunk);
    }
}

/// Reads as much as there is up to the limit, for the words of a refusal: a fault here must not hide the status.
pub(crate) async fn read_some(response: &mut Response, limit: u64) -> Vec<u8> {
    let mut body = Vec::new();
    while (body.len() as u64) < limit {
        match response.chunk().await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) | Err(_) => break,
        }
    }
    body
}

/// Reads an answer. Only one that no strict reader takes is mended first, so that good ones cost nothing.
pub(crate) fn parse_json<T: DeserializeOwned>(body: &[u8], request: &RequestLine) -> Result<T, JiraError> {
    match serde_json::from_slice(body) {
        Ok(value) => Ok(value),
        Err(fault) if fault.is_syntax() => parse_strictly(&mend(body), request),
        Err(_) => parse_strictly(body, request),
    }
}

fn parse_strictly<T: DeserializeOwned>(body: &[u8], request: &RequestLine) -> Result<T, JiraError> {
    match serde_json::from_slice(body) {
        Ok(value) => Ok(value),
        Err(fault) if fault.is_eof() => Err(JiraError::Truncated {
            request: request.clone(),
            received: body.len() as u64,
            reason: "the JSON text has no end".to_owned(),
        }),
        Err(_) => Err(located_fault::<T>(body, request)),
    }
}

/// Parses once more, slower, to learn where the fault is.
fn located_fault<T: DeserializeOwned>(body: &[u8], request: &RequestLine) -> JiraError {
    let deserializer = &mut serde_json::Deserializer::from_slice(body);
    let (path, reason) = match serde_path_to_error::deserialize::<_, T>(deserializer) {
        Ok(_) => (".".to_owned(), "text follows the JSON value".to_owned()),
        Err(fault) => (fault.path().to_string(), fault.inner().to_string()),
    };
    JiraError::BadAnswer {
        request: request.clone(),
        path,
        reason,
    }
}

/// Content type in small letters, without parameters; empty when there is none.
pub(crate) fn content_type(headers: &HeaderMap) -> String {
    let value = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}
