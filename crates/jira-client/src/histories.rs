//! Reads the histories of issues: who changed which field when, each history whole or named as failed.
//!
//! The callers decide what an entry may show to whom.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{DateTime, FixedOffset};
use futures::stream::{self, StreamExt, TryStreamExt};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::client::JiraClient;
use crate::dialect::{cloud, data_center};
use crate::error::{ErrorKind, JiraError};
use crate::lenient;
use crate::timestamp::instant_of;

/// Jira Cloud takes a thousand; the bound of fetching issues keeps answers small.
const MOST_IDS: usize = 100;
/// Single requests for histories that a search gave only in part; the client's own limit applies on top.
const SINGLE_REQUESTS: usize = 8;

/// One entry of a history: what somebody changed at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryEntry {
    /// Never changes.
    pub id: u64,
    /// When; none when it cannot be read. Cloud gives epoch milliseconds or text, the others text.
    pub created: Option<DateTime<FixedOffset>>,
    /// The entry as Jira sent it: `author`, `items`.
    pub raw: Map<String, Value>,
}

/// The histories of several issues. Every issue that was asked for is in exactly one of the two.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Histories {
    /// Whole histories, oldest entry first; empty for an issue that nobody changed.
    pub read: BTreeMap<u64, Vec<HistoryEntry>>,
    /// Issues whose history could not be read whole, with the reason.
    pub failed: Vec<(u64, String)>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct BulkPage {
    issue_change_logs: Vec<BulkRow>,
    #[serde(default, deserialize_with = "lenient::text")]
    next_page_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct BulkRow {
    #[serde(default, deserialize_with = "lenient::id")]
    issue_id: Option<u64>,
    change_histories: Vec<Map<String, Value>>,
}

#[derive(Debug, Deserialize)]
struct FoundPage {
    issues: Vec<FoundRow>,
}

#[derive(Debug, Deserialize)]
struct FoundRow {
    #[serde(default, deserialize_with = "lenient::id")]
    id: Option<u64>,
    changelog: Option<Expanded>,
}

#[derive(Debug, Deserialize)]
struct Expanded {
    #[serde(default, deserialize_with = "lenient::id")]
    total: Option<u64>,
    histories: Vec<Map<String, Value>>,
}

impl JiraClient {
    /// The histories of up to 100 issues.
    ///
    /// Cloud: `changelog/bulkfetch`, one request for each 5,000 entries. Server and Data Center: a search with
    /// `expand=changelog`, and a request for each issue that it does not give whole. An answer that is broken, cut off
    /// or too slow is asked for again in halves; an issue that breaks its answer even alone is in `failed`. When that
    /// is so for all of several issues, the connection is at fault and an error is returned.
    pub async fn histories(&self, ids: &[u64]) -> Result<Histories, JiraError> {
        if ids.len() > MOST_IDS {
            return Err(JiraError::TooManyIds {
                asked: ids.len(),
                limit: MOST_IDS,
            });
        }
        let asked: Vec<u64> = ids.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
        let mut histories = Histories::default();
        let mut broken: Vec<(u64, JiraError)> = Vec::new();
        let mut batches = vec![asked.clone()];
        while let Some(batch) = batches.pop() {
            if batch.is_empty() {
                continue;
            }
            let part = if self.edition().is_cloud() {
                self.histories_by_cursor(&batch).await
            } else {
                self.histories_by_search(&batch).await
            };
            match part {
                Ok(part) => {
                    histories.read.extend(part.read);
                    histories.failed.extend(part.failed);
                }
                Err(error) if !error.is_broken_body() && error.kind() != ErrorKind::Timeout => return Err(error),
                Err(error) if batch.len() > 1 => {
                    tracing::warn!(batch_size = batch.len(), error = %error, "histories arrive broken, halving the batch");
                    let (first, second) = batch.split_at(batch.len() / 2);
                    batches.push(second.to_vec());
                    batches.push(first.to_vec());
                }
                Err(error) => broken.push((batch[0], error)),
            }
        }
        if asked.len() > 1
            && broken.len() == asked.len()
            && let Some((_, error)) = broken.pop()
        {
            return Err(error);
        }
        let broken = broken.into_iter().map(|(id, error)| (id, error.to_string()));
        histories.failed.extend(broken);
        Ok(histories)
    }

    async fn histories_by_cursor(&self, ids: &[u64]) -> Result<Histories, JiraError> {
        // An issue without entries is in no row, so each begins with none.
        let mut raw: HashMap<u64, Vec<Map<String, Value>>> = ids.iter().map(|id| (*id, Vec::new())).collect();
        let mut token: Option<String> = None;
        let mut tokens = HashSet::new();
        loop {
            let request = cloud::histories(ids, token.as_deref()).splitting(ids.len() > 1);
            let page: BulkPage = self.transport.json(&request).await?;
            for row in page.issue_change_logs {
                let Some(id) = row.issue_id else {
                    return Err(self.unreadable(&request, "a history names no issue"));
                };
                if let Some(entries) = raw.get_mut(&id) {
                    entries.extend(row.change_histories);
                }
            }
            match page.next_page_token.filter(|next| !next.is_empty()) {
                None => break,
                Some(next) if !tokens.insert(next.clone()) => {
                    return Err(JiraError::RepeatedToken {
                        request: self.transport.line(&request),
                        what: "page token",
                    });
                }
                Some(next) => token = Some(next),
            }
        }
        let mut histories = Histories::default();
        for (id, entries) in raw {
            histories.add(id, entries_of(entries));
        }
        Ok(histories)
    }

    async fn histories_by_search(&self, ids: &[u64]) -> Result<Histories, JiraError> {
        let request = data_center::histories(ids, MOST_IDS as u32).splitting(ids.len() > 1);
        let page: FoundPage = self.transport.json(&request).await?;
        let mut found: HashMap<u64, Expanded> = page
            .issues
            .into_iter()
            .filter_map(|row| Some((row.id?, row.changelog?)))
            .collect();
        let mut histories = Histories::default();
        let mut in_part = Vec::new();
        for id in ids {
            match found.remove(id) {
                Some(expanded) if expanded.is_whole() => histories.add(*id, entries_of(expanded.histories)),
                _ => in_part.push(*id),
            }
        }
        let single = stream::iter(in_part)
            .map(|id| async move { Ok((id, self.history_of(id).await?)) })
            .buffer_unordered(SINGLE_REQUESTS);
        for (id, history) in single.try_collect::<Vec<_>>().await? {
            histories.add(id, history);
        }
        Ok(histories)
    }

    async fn history_of(&self, id: u64) -> Result<Result<Vec<HistoryEntry>, String>, JiraError> {
        let request = data_center::issue(id, &["updated"]).with("expand", "changelog");
        let row: Option<FoundRow> = self.transport.json_unless_absent(&request).await?;
        Ok(match row.map(|row| row.changelog) {
            None => Err("jira does not show the issue any more".to_owned()),
            Some(None) => Err("jira gave the issue without its history".to_owned()),
            Some(Some(expanded)) if expanded.is_whole() => entries_of(expanded.histories),
            Some(Some(_)) => Err("fewer entries of its history came than are announced".to_owned()),
        })
    }
}

impl Expanded {
    fn is_whole(&self) -> bool {
        self.total.is_none_or(|total| total <= self.histories.len() as u64)
    }
}

impl Histories {
    fn add(&mut self, id: u64, entries: Result<Vec<HistoryEntry>, String>) {
        match entries {
            Ok(entries) => drop(self.read.insert(id, entries)),
            Err(reason) => self.failed.push((id, reason)),
        }
    }
}

/// In the order of their ids, which is that of time; an entry that came twice is kept once.
fn entries_of(raw: Vec<Map<String, Value>>) -> Result<Vec<HistoryEntry>, String> {
    let mut entries = BTreeMap::new();
    for raw in raw {
        let id = raw.get("id").and_then(lenient::id_of);
        let id = id.ok_or_else(|| "an entry of its history has no readable id".to_owned())?;
        let created = raw.get("created").and_then(instant_of);
        entries.insert(id, HistoryEntry { id, created, raw });
    }
    Ok(entries.into_values().collect())
}
