//! Reads the timestamps that Jira writes; JQL date literals are made by the callers.

use chrono::{DateTime, FixedOffset};

/// Reads `2024-09-19T21:57:31.666-0500` as well as the `Z` and `+08:00` forms that sprints carry.
///
/// `None` when the text is no timestamp; callers treat that as an unknown time, never as an old one.
pub fn parse_timestamp(text: &str) -> Option<DateTime<FixedOffset>> {
    DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"))
        .ok()
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::parse_timestamp;

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
