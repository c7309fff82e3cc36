//! Reads how long a server asks to wait, from the headers of a 429 or 5xx.
//!
//! Waiting is left to the gate; headers that are only informational (`Beta-...`) are not looked at.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, NaiveDateTime, Utc};
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

use crate::announced::announced;

/// A blocked user of Jira Data Center is told to wait for `Long.MAX` seconds; a wait over a day is no advice but a sign.
const ABSURD: Duration = Duration::from_secs(24 * 3600);
/// What is waited instead of an absurd time.
const INSTEAD_OF_ABSURD: Duration = Duration::from_secs(300);

/// The longest wait that the headers name, capped; `None` when they name none or one that is over.
pub fn named_wait(headers: &HeaderMap, now: SystemTime, longest: Duration) -> Option<Duration> {
    // The server's own clock makes its dates right even when ours is wrong.
    let now = text(headers, DATE.as_str())
        .and_then(|date| httpdate::parse_http_date(date).ok())
        .unwrap_or(now);
    let retry_after = text(headers, RETRY_AFTER.as_str()).and_then(|value| seconds_or_date(value, now));
    let reset = text(headers, "x-ratelimit-reset").and_then(|value| reset_instant(value, now));
    let exhausted = announced(headers).exhausted_for;
    [retry_after, reset, exhausted]
        .into_iter()
        .flatten()
        .map(|wait| capped(wait, longest))
        .max()
        .filter(|wait| !wait.is_zero())
}

fn capped(wait: Duration, longest: Duration) -> Duration {
    let kept = if wait > ABSURD { INSTEAD_OF_ABSURD } else { wait };
    kept.min(longest)
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
    let instant = DateTime::parse_from_rfc3339(value)
        .or_else(|_| DateTime::parse_from_str(value, "%Y-%m-%dT%H:%M:%S%.f%z"))
        .map(|instant| instant.with_timezone(&Utc))
        .ok()
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

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
    use test_case::test_case;

    use super::named_wait;

    const NOON: &str = "Sun, 01 Nov 2026 12:00:00 GMT";

    /// Seconds to wait when the clock of this machine is an hour behind the server's.
    fn seconds(headers: &[(&'static str, &str)]) -> Option<u64> {
        let map: HeaderMap = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
            .collect();
        let behind: SystemTime = httpdate::parse_http_date(NOON).unwrap() - Duration::from_secs(3600);
        named_wait(&map, behind, Duration::from_secs(3600)).map(|wait| wait.as_secs())
    }

    #[test_case("5" => Some(5); "seconds")]
    #[test_case(" 5 " => Some(5); "blanks")]
    #[test_case("1.5" => Some(1); "fraction")]
    #[test_case("0" => None; "tokens remain")]
    #[test_case("-3" => None; "negative")]
    #[test_case("soon" => None; "no number")]
    #[test_case("NaN" => None; "not a number")]
    #[test_case("1800" => Some(1800); "half an hour")]
    #[test_case("7200" => Some(3600); "capped")]
    #[test_case("86401" => Some(300); "absurd")]
    #[test_case("9223372036854775807" => Some(300); "largest long")]
    #[test_case("99999999999999999999999999" => Some(300); "beyond any integer")]
    #[test_case("Sun, 01 Nov 2026 12:00:30 GMT" => Some(30); "date")]
    #[test_case("Sun, 01 Nov 2026 11:00:00 GMT" => None; "date in the past")]
    fn retry_after(value: &str) -> Option<u64> {
        seconds(&[("date", NOON), ("retry-after", value)])
    }

    #[test_case("2026-11-01T12:01Z" => Some(60); "without seconds")]
    #[test_case("2026-11-01T12:00:10Z" => Some(10); "with seconds")]
    #[test_case("2026-11-01T17:30:10+05:30" => Some(10); "with offset")]
    #[test_case("2026-11-01T11:59Z" => None; "over")]
    #[test_case("later" => None; "unreadable")]
    fn reset(value: &str) -> Option<u64> {
        seconds(&[("date", NOON), ("x-ratelimit-reset", value)])
    }

    #[test]
    fn the_longer_of_two_waits_counts() {
        let headers = [
            ("date", NOON),
            ("retry-after", "5"),
            ("x-ratelimit-reset", "2026-11-01T12:01Z"),
        ];
        assert_eq!(seconds(&headers), Some(60));
        assert_eq!(seconds(&[]), None);
        assert_eq!(seconds(&[("beta-retry-after", "5")]), None);
        assert_eq!(seconds(&[("ratelimit", "\"hour\";r=0;t=7")]), Some(7));
    }
}
