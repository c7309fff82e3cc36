//! Reads the timestamps that Jira writes; JQL date literals are made by the callers.

use chrono::{DateTime, FixedOffset};
use serde_json::Value;

/// Reads `2024-09-19T21:57:31.666-0500` as well as the `Z` and `+08:00` forms that sprints carry.
///
/// `None` when the text is no timestamp; callers treat that as an unknown time, never as an old one.
pub fn parse_timestamp(text: &str) -> Option<DateTime<FixedOffset>> {
    DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"))
        .ok()
}

/// The same for a value that may also be epoch milliseconds, as bulk histories have them.
pub(crate) fn instant_of(value: &Value) -> Option<DateTime<FixedOffset>> {
    match value {
        Value::Number(milliseconds) => {
            DateTime::from_timestamp_millis(milliseconds.as_i64()?).map(|instant| instant.fixed_offset())
        }
        Value::String(text) => parse_timestamp(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use test_case::test_case;

    use super::{instant_of, parse_timestamp};

    #[test]
    fn milliseconds_and_text_are_the_same_instant() {
        assert_eq!(
            instant_of(&json!(1_726_800_000_123_i64)),
            parse_timestamp("2024-09-20T02:40:00.123Z")
        );
        assert_eq!(instant_of(&json!(null)), None);
    }

    #[test_case("2024-09-19T21:57:31.666-0500", Some("2024-09-20T02:57:31.666Z"); "platform form")]
    #[test_case("2024-09-19T21:57:31.666+08:00", Some("2024-09-19T13:57:31.666Z"); "colon in the offset")]
    #[test_case("2024-09-19T21:57:31Z", Some("2024-09-19T21:57:31Z"); "sprint form without fraction")]
    #[test_case("2024-09-19", None; "date only")]
    #[test_case("", None; "empty")]
    fn reads_every_form_jira_writes(text: &str, instant: Option<&str>) {
        let wanted = instant.map(|utc| chrono::DateTime::parse_from_rfc3339(utc).unwrap());
        assert_eq!(parse_timestamp(text), wanted);
    }
}
