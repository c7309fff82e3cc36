//! `addEvent`.

use chrono::{DateTime, NaiveDateTime, Utc};
use http_kit::NotDone;
use serde_json::{Map, Value, json};

use super::columns::refused;
use super::instance::Instance;
use crate::outbound::delivery::Done;

/// Adds an event. One that the instance took and dropped is a failure.
pub(super) async fn add(instance: &Instance, params: &Map<String, Value>) -> Result<Done, NotDone> {
    let mut event = Map::new();
    for (name, value) in params.iter().filter(|(_, value)| !value.is_null()) {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let text = if name == "time_of_event" { moment(&text)? } else { text };
        event.insert(name.clone(), json!(text));
    }
    instance.client.add_event(&event).await?;
    Ok(Done::with(json!({})))
}

/// The form that the instance takes, in GMT.
fn moment(text: &str) -> Result<String, NotDone> {
    const FORM: &str = "%Y-%m-%d %H:%M:%S";
    let text = text.trim();
    let milliseconds = || text.parse().ok().and_then(DateTime::<Utc>::from_timestamp_millis);
    let written = || DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc());
    let plain = || NaiveDateTime::parse_from_str(text, FORM).ok().map(|at| at.and_utc());
    let at = milliseconds().or_else(written).or_else(plain);
    let at = at.ok_or_else(|| {
        refused(format!(
            "error validating action params: [subActionParams.time_of_event]: {text:?} is no date such as \
             2026-12-01T10:00:00Z, and no number of milliseconds"
        ))
    })?;
    Ok(at.format(FORM).to_string())
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case("2026-12-01T10:00:00+02:00" => Some("2026-12-01 08:00:00".to_owned()); "an instant")]
    #[test_case("1764583200000" => Some("2025-12-01 10:00:00".to_owned()); "milliseconds")]
    #[test_case("2026-12-01 10:00:00" => Some("2026-12-01 10:00:00".to_owned()); "the form of the instance")]
    #[test_case("yesterday" => None; "no date")]
    fn times_are_written_as_the_instance_takes_them(text: &str) -> Option<String> {
        moment(text).ok()
    }
}
