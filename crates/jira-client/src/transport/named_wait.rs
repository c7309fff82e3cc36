//! Reads how long Jira asks to wait, from the headers of a 429 or 5xx.
//!
//! Waiting is left to the gate; headers that are only informational (`Beta-...`) are not looked at.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, NaiveDateTime, Utc};
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

/// Nothing is waited for longer than this.
const LONGEST: Duration = Duration::from_secs(3600);
/// A blocked Data Center user is told to wait for `Long.MAX` seconds; a wait over a day is no advice but a sign.
const ABSURD: Duration = Duration::from_secs(24 * 3600);
/// What is waited instead of an absurd time.
const INSTEAD_OF_ABSURD: Duration = Duration::from_secs(300);

/// The longest wait that the headers name, capped; `None` when they name none or one that is over.
pub(crate) fn named_wait(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    // The server's own clock makes its dates right even when ours is wrong.
    let now = text(headers, DATE.as_str())
        .and_then(|date| httpdate::parse_http_date(date).ok())
        .unwrap_or(now);
    let retry_after = text(headers, RETRY_AFTER.as_str()).and_then(|value| seconds_or_date(value, now));
    let reset = text(headers, "x-ratelimit-reset").and_then(|value| reset_instant(value, now));
    [retry_after, reset]
        .into_iter()
        .flatten()
        .map(capped)
        .max()
        .filter(|wait| !wait.is_zero())
}

fn capped(wait: Duration) -> Duration {
    if wait > ABSURD {
        INSTEAD_OF_ABSURD
    } else {
        wait.min(LONGEST)
    }
}

fn seconds_or_date(value: &str, now: SystemTime) -> Option<Duration> {
    if let Ok(seconds) = value.parse::<f64>() {
        if seconds.is_nan() {
            return None;
        }
        return Some(Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

/// ISO 8601, sometimes without seconds.
fn reset_instant(value: &str, now: SystemTime) -> Option<Duration> {
    let instant = crate::parse_timestamp(value)
        .map(|instant| instant.with_timezone(&Utc))
        .or_else(|| {
            let without_seconds = NaiveDateTime::parse_from_str(value, "%Y-%m-%dT%H:%MZ").ok()?;
            Some(without_seconds.and_utc())
        })
        .map(|instant: DateTime<Utc>| SystemTime::from(instant))?;
    Some(instant.duration_since(now).unwrap_or_default())
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}
