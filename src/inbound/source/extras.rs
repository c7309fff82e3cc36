//! Reads what the settings want besides issues and their files: histories, and what service
//! management knows. Boards and sprints are in `boards`.

use jira_client::{Field, Histories, HistoryEntry, Issue, JiraClient, JiraError};
use serde_json::Value;
use sync_engine::sync::SourceError;

use super::documents::{HistoryTexts, RequestFields};
use super::settings::ExtraSettings;

/// Prepared at log-in, then constant for the sync.
#[derive(Debug)]
pub(super) struct Extras {
    pub(super) wanted: ExtraSettings,
    pub(super) texts: HistoryTexts,
    request_fields: RequestFields,
}

/// The histories of a batch of issues; none when they are not wanted.
#[derive(Debug)]
pub(super) struct BatchHistories(Option<Histories>);

impl Extras {
    /// `guarded`: documents carry who may see them.
    pub(super) fn new(wanted: ExtraSettings, fields: &[Field], guarded: bool) -> Self {
        Self {
            wanted,
            texts: if guarded {
                HistoryTexts::guarded(fields)
            } else {
                HistoryTexts::open()
            },
            request_fields: if wanted.jsm {
                RequestFields::new(fields)
            } else {
                RequestFields::default()
            },
        }
    }

    /// Names what is wanted; none when nothing is. The numbers change when documents take another form.
    pub(super) fn form(&self) -> Option<String> {
        let all = [
            (self.wanted.changelog, "changelog:1"),
            (self.wanted.agile, "agile:1"),
            (self.wanted.jsm, "jsm:1"),
        ];
        let wanted: Vec<&str> = all
            .iter()
            .filter(|(wanted, _)| *wanted)
            .map(|(_, name)| *name)
            .collect();
        (!wanted.is_empty()).then(|| wanted.join(","))
    }

    /// The reason why nothing comes of a setting that is on, if so.
    pub(super) fn unavailable(&self) -> Option<&'static str> {
        (self.wanted.jsm && self.request_fields.count() == 0).then_some(
            "sync_jsm is on, and Jira shows no field of service management: it needs Jira Service Management and \
             access to it",
        )
    }

    /// Facts of service management about an issue; none when they are not wanted, or there are none.
    pub(super) fn request(&self, issue: &Issue) -> Option<Value> {
        self.request_fields.read(&issue.fields)
    }

    /// Reads the histories of a batch. What fails for all of them fails the batch.
    pub(super) async fn histories(&self, client: &JiraClient, issues: &[Issue]) -> Result<BatchHistories, JiraError> {
        if !self.wanted.changelog {
            return Ok(BatchHistories(None));
        }
        let ids: Vec<u64> = issues.iter().map(|issue| issue.id).collect();
        client.histories(&ids).await.map(Some).map(BatchHistories)
    }
}

impl BatchHistories {
    /// The history of one issue, or why it could not be read whole.
    pub(super) fn take(&mut self, issue: u64) -> Result<Vec<HistoryEntry>, SourceError> {
        let Some(histories) = &mut self.0 else {
            return Ok(Vec::new());
        };
        if let Some(entries) = histories.read.remove(&issue) {
            return Ok(entries);
        }
        let reason = histories.failed.iter().find(|(id, _)| *id == issue);
        let reason = reason.map_or("its history was not read", |(_, reason)| reason.as_str());
        Err(SourceError::new(reason, true))
    }
}
