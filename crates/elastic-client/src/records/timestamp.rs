//! Reads the timestamps that servers and services of all versions have written. Writing is left to chrono's own RFC 3339.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use serde_json::Value;

/// `Z` or an offset, or none at all, which very old versions wrote and meant as UTC; also a bare date, and the epoch
/// milliseconds that a `date` mapping accepts.
pub(crate) fn parse(value: &Value) -> Option<DateTime<Utc>> {
    match value {
        Value::String(text) => parse_text(text.trim()),
        Value::Number(number) => number.as_i64().and_then(DateTime::from_timestamp_millis),
        _ => None,
    }
}

fn parse_text(text: &str) -> Option<DateTime<Utc>> {
    const WITH_OFFSET: [&str; 2] = ["%Y-%m-%dT%H:%M:%S%.f%z", "%Y-%m-%d %H:%M:%S%.f%z"];
    const NAIVE: [&str; 4] = [
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%dT%H:%M",
        "%Y-%m-%d %H:%M",
    ];
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return Some(instant.to_utc());
    }
    WITH_OFFSET
        .iter()
        .find_map(|format| DateTime::parse_from_str(text, format).ok())
        .map(|instant| instant.to_utc())
        .or_else(|| {
            NAIVE
                .iter()
                .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
                .map(|naive| naive.and_utc())
        })
        .or_else(|| {
            NaiveDate::parse_from_str(text, "%Y-%m-%d")
                .ok()?
                .and_hms_opt(0, 0, 0)
                .map(|naive| naive.and_utc())
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use test_case::test_case;

    use super::*;

    #[test_case(json!("2026-08-01T10:00:00Z") => "2026-08-01T10:00:00+00:00"; "server form")]
    #[test_case(json!("2026-08-01T10:00:00.123456789Z") => "2026-08-01T10:00:00.123456789+00:00"; "nanoseconds")]
    #[test_case(json!("2026-08-01T10:00:00.123456+00:00") => "2026-08-01T10:00:00.123456+00:00"; "peer form")]
    #[test_case(json!("2026-08-01T10:00:00+0200") => "2026-08-01T08:00:00+00:00"; "offset without colon")]
    #[test_case(json!("2026-08-01T10:00:00.5") => "2026-08-01T10:00:00.500+00:00"; "naive means utc")]
    #[test_case(json!("2026-08-01 10:00:00") => "2026-08-01T10:00:00+00:00"; "naive with a blank")]
    #[test_case(json!("2026-08-01") => "2026-08-01T00:00:00+00:00"; "date")]
    #[test_case(json!(1_785_578_400_000_i64) => "2026-08-01T10:00:00+00:00"; "epoch milliseconds")]
    fn all_forms_are_read(value: Value) -> String {
        parse(&value).unwrap().to_rfc3339()
    }

    #[test_case(json!("yesterday"))]
    #[test_case(json!(""))]
    #[test_case(json!(true))]
    #[test_case(json!("2026-13-01T00:00:00Z"))]
    fn anything_else_is_refused(value: Value) {
        assert_eq!(parse(&value), None);
    }
}
