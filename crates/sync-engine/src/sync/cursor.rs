//! The sync cursor: what the next sync of a connector has to know. Pure; storing it is left to `service`.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::listing::IssueId;

/// More failed items than this fail the job instead of being carried on.
pub const MAX_RETRY_LIST: usize = 1_000;

/// Search shows a change some time after it was made; what is older than this is found by the look-back.
const OVERLAP: TimeDelta = TimeDelta::minutes(15);
/// The reach of the look-back, and its interval.
const LOOK_BACK: TimeDelta = TimeDelta::hours(24);
const LOOK_BACK_EVERY: TimeDelta = TimeDelta::hours(4);
/// A cursor this far ahead of Jira's clock was not made by this Jira, or its clock was set back.
const FUTURE_TOLERANCE: TimeDelta = TimeDelta::minutes(5);

const VERSION: u32 = 1;

/// An issue that has to be fetched again. Stored as `[id, reason, attempts]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredRetry", into = "StoredRetry")]
pub struct Retry {
    /// The issue.
    pub issue_id: IssueId,
    /// The reason why it could not be read or written.
    pub reason: String,
    /// The number of syncs that tried it.
    pub attempts: u32,
}

type StoredRetry = (IssueId, String, u32);

impl From<StoredRetry> for Retry {
    fn from((issue_id, reason, attempts): StoredRetry) -> Self {
        Self {
            issue_id,
            reason,
            attempts,
        }
    }
}

impl From<Retry> for StoredRetry {
    fn from(retry: Retry) -> Self {
        (retry.issue_id, retry.reason, retry.attempts)
    }
}

/// The state carried from sync to sync.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncCursor {
    version: u32,
    /// Every change up to here is indexed, or its issue is on the retry list. Jira's clock.
    pub updated: DateTime<Utc>,
    /// When deletions were last looked for. Jira's clock.
    pub swept_at: DateTime<Utc>,
    /// When the last look-back was made. Jira's clock.
    pub looked_back_at: DateTime<Utc>,
    /// Issues that could not be read.
    pub retry: Vec<Retry>,
    /// Names the sync rules that the index was made under; none when there were none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<String>,
    /// Fingerprint of what the readers of documents depend on; none without document level security.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<String>,
    /// Names of what was read besides issues and their files; none when nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// Names the projects that were in scope; none in cursors of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
}

impl SyncCursor {
    /// The cursor after a full sync that began at `started`, Jira's clock.
    pub fn after_full(started: DateTime<Utc>, retry: Vec<Retry>, rules: Option<String>) -> Self {
        Self {
            rules,
            version: VERSION,
            updated: started,
            swept_at: started,
            looked_back_at: started,
            access: None,
            content: None,
            scope: None,
            retry,
        }
    }

    /// The cursor of an index whose documents carry tokens of this form.
    #[must_use]
    pub fn with_access(self, access: Option<String>) -> Self {
        Self { access, ..self }
    }

    /// The cursor of an index that holds this besides issues and what is attached to them.
    #[must_use]
    pub fn with_content(self, content: Option<String>) -> Self {
        Self { content, ..self }
    }

    /// The cursor of an index that holds these projects.
    #[must_use]
    pub fn with_scope(self, scope: String) -> Self {
        Self {
            scope: Some(scope),
            ..self
        }
    }

    /// Reads what a connector's `sync_cursor` holds; none when it is not one of ours.
    pub fn read(stored: &Value) -> Option<Self> {
        let text = stored.get("cursor")?.as_str()?;
        serde_json::from_str(text)
            .ok()
            .filter(|cursor: &Self| cursor.version == VERSION)
    }

    /// The form stored on the connector. The field is mapped as an object, and updates merge objects deeply, so the
    /// state is one string inside one.
    pub fn to_stored(&self) -> Value {
        json!({ "cursor": serde_json::to_string(self).expect("a cursor always serialises") })
    }

    /// Whether it can be trusted at `now`, Jira's clock.
    pub fn is_from_the_future(&self, now: DateTime<Utc>) -> bool {
        self.updated > now + FUTURE_TOLERANCE
    }

    /// From when on changes are listed, and whether that is a look-back.
    pub fn window(&self, now: DateTime<Utc>) -> (DateTime<Utc>, bool) {
        if now - self.looked_back_at >= LOOK_BACK_EVERY {
            (self.updated - LOOK_BACK, true)
        } else {
            (self.updated - OVERLAP, false)
        }
    }

    /// The cursor after an incremental sync that saw `newest` as the latest change. It never goes back.
    pub fn advanced(
        self,
        newest: Option<DateTime<Utc>>,
        retry: Vec<Retry>,
        swept_at: Option<DateTime<Utc>>,
        looked_back_at: Option<DateTime<Utc>>,
    ) -> Self {
        Self {
            version: VERSION,
            updated: newest.map_or(self.updated, |newest| newest.max(self.updated)),
            swept_at: swept_at.unwrap_or(self.swept_at),
            looked_back_at: looked_back_at.unwrap_or(self.looked_back_at),
            access: self.access,
            content: self.content,
            scope: self.scope,
            rules: self.rules,
            retry,
        }
    }

    /// Whether deletions have to be looked for.
    pub fn sweep_due(&self, now: DateTime<Utc>, interval: TimeDelta) -> bool {
        now - self.swept_at >= interval
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn cursor() -> SyncCursor {
        let retry = Retry {
            issue_id: 7,
            reason: "timeout".into(),
            attempts: 1,
        };
        SyncCursor::after_full(at("2026-11-22T12:00:00Z"), vec![retry], None)
    }

    #[test]
    fn it_survives_being_stored() {
        let stored = cursor().to_stored();
        assert_eq!(SyncCursor::read(&stored), Some(cursor()));
        let text = stored["cursor"].as_str().unwrap();
        assert!(text.contains(r#""retry":[[7,"timeout",1]]"#), "{text}");
    }

    #[test]
    fn what_is_not_ours_is_not_understood() {
        for stored in [
            json!(null),
            json!({}),
            json!({"cursor": "x"}),
            json!({"cursor": 3}),
            json!(["a"]),
        ] {
            assert_eq!(SyncCursor::read(&stored), None);
        }
    }

    #[test]
    fn the_window_overlaps_and_looks_back_now_and_then() {
        let cursor = cursor();
        assert_eq!(
            cursor.window(at("2026-11-22T13:00:00Z")),
            (at("2026-11-22T11:45:00Z"), false)
        );
        assert_eq!(
            cursor.window(at("2026-11-22T16:00:00Z")),
            (at("2026-11-21T12:00:00Z"), true)
        );
    }

    #[test]
    fn a_cursor_from_the_future_is_noticed() {
        assert!(cursor().is_from_the_future(at("2026-11-22T11:00:00Z")));
        assert!(cursor().is_from_the_future(at("2026-11-22T11:54:59Z")));
        assert!(!cursor().is_from_the_future(at("2026-11-22T11:55:00Z")));
    }

    #[test]
    fn a_cursor_of_another_version_is_not_understood() {
        let newer = SyncCursor { version: 2, ..cursor() };
        assert_eq!(SyncCursor::read(&newer.to_stored()), None);
    }

    #[test]
    fn a_cursor_never_goes_back_and_keeps_what_the_index_was_made_under() {
        let before = SyncCursor {
            rules: Some("rules".into()),
            ..cursor()
        };
        let before = before
            .with_access(Some("form".into()))
            .with_content(Some("boards".into()));
        let earlier = Some(at("2026-11-22T11:59:00Z"));
        assert_eq!(
            before.clone().advanced(earlier, before.retry.clone(), None, None),
            before
        );
        assert_eq!(before.clone().advanced(None, before.retry.clone(), None, None), before);

        let later = at("2026-11-22T12:01:00Z");
        let after = before.clone().advanced(Some(later), Vec::new(), Some(later), None);
        assert_eq!((after.updated, after.swept_at), (later, later));
        assert_eq!(after.looked_back_at, before.looked_back_at);
        assert_eq!(after.retry, []);
        let own = |cursor: &SyncCursor| [cursor.rules.clone(), cursor.access.clone(), cursor.content.clone()];
        assert_eq!(
            own(&after),
            ["rules", "form", "boards"].map(|text| Some(text.to_owned()))
        );
    }

    #[test]
    fn deletions_are_looked_for_once_the_interval_is_over() {
        let hour = TimeDelta::minutes(60);
        assert!(!cursor().sweep_due(at("2026-11-22T12:59:59Z"), hour));
        assert!(cursor().sweep_due(at("2026-11-22T13:00:00Z"), hour));
        assert!(cursor().sweep_due(at("2026-11-22T12:00:00Z"), TimeDelta::zero()));
    }
}
