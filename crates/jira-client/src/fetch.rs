//! Fetches issues by id so that each one is accounted for: read, failed, or absent.
//!
//! Whether an absent issue may be deleted from the index is decided by the callers, with further proof.

use std::collections::{BTreeSet, HashMap};

use futures::stream::{self, StreamExt, TryStreamExt};

use crate::client::JiraClient;
use crate::dialect::{BulkPage, IssueRow, SearchPage, cloud, data_center};
use crate::error::{JiraError, RequestLine};
use crate::model::{FetchedIssues, Issue};
use crate::transport::{EndpointClass, parse_json};

/// Jira Cloud refuses more; the same bound keeps queries of Server and Data Center short.
const MOST_IDS: usize = 100;
/// Single requests for issues that a search did not find; the client's own limit applies on top.
const SINGLE_REQUESTS: usize = 8;

impl JiraClient {
    /// Fetches up to 100 issues with the given fields (`*all` for all).
    ///
    /// An answer that is broken or cut off is asked for again in halves; an issue that breaks its answer even alone is
    /// in `failed`. When that is so for all of several issues, the connection is at fault and an error is returned.
    /// On Server and Data Center issues that the search does not give are asked for one by one, and only a 404 (or a 403
    /// that names the account) makes them absent. Ids asked for twice are fetched once.
    pub async fn fetch_issues(&self, ids: &[u64], fields: &[&str]) -> Result<FetchedIssues, JiraError> {
        if ids.len() > MOST_IDS {
            return Err(JiraError::TooManyIds {
                asked: ids.len(),
                limit: MOST_IDS,
            });
        }
        let asked: Vec<u64> = ids.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
        let mut fetched = FetchedIssues::default();
        let mut broken: Vec<(u64, JiraError)> = Vec::new();
        // Batches still to fetch, the first on top.
        let mut batches = vec![asked.clone()];
        while let Some(batch) = batches.pop() {
            if batch.is_empty() {
                continue;
            }
            match self.fetch_batch(&batch, fields).await {
                Ok(part) => {
                    fetched.issues.extend(part.issues);
                    fetched.failed.extend(part.failed);
                    fetched.absent.extend(part.absent);
                }
                Err(error) if error.is_broken_body() && batch.len() > 1 => {
                    tracing::warn!(batch_size = batch.len(), error = %error, "issues arrive broken, halving the batch");
                    let (first, second) = batch.split_at(batch.len() / 2);
                    batches.push(second.to_vec());
                    batches.push(first.to_vec());
                }
                Err(error) if error.is_broken_body() => broken.push((batch[0], error)),
                Err(error) => return Err(error),
            }
        }
        if asked.len() > 1
            && broken.len() == asked.len()
            && let Some((_, error)) = broken.pop()
        {
            return Err(error);
        }
        fetched
            .failed
            .extend(broken.into_iter().map(|(id, error)| (id, error.to_string())));
        Ok(fetched)
    }

    /// Fetches issues one by one from the store of Server or Data Center, past its search index, which may be behind.
    /// Only a 404 makes one absent.
    pub async fn fetch_from_store(&self, ids: &[u64], fields: &[&str]) -> Result<FetchedIssues, JiraError> {
        let asked = stream::iter(ids.iter().copied())
            .map(|id| self.ask_single(id, fields))
            .buffer_unordered(SINGLE_REQUESTS);
        let mut fetched = FetchedIssues::default();
        for outcome in asked.try_collect::<Vec<_>>().await? {
            match outcome {
                Single::Readable(id, row) => match issue(id, row) {
                    Ok(issue) => fetched.issues.push(issue),
                    Err(reason) => fetched.failed.push((id, reason)),
                },
                Single::Failed(id, reason) => fetched.failed.push((id, reason)),
                Single::Absent(id) => fetched.absent.push(id),
            }
        }
        Ok(fetched)
    }

    async fn fetch_batch(&self, ids: &[u64], fields: &[&str]) -> Result<FetchedIssues, JiraError> {
        if self.edition().is_cloud() {
            let request = cloud::bulk_fetch(ids, fields).splitting(ids.len() > 1);
            let page: BulkPage = self.transport.json(&request).await?;
            Ok(account_for(ids, page))
        } else {
            self.search_then_ask(ids, fields).await
        }
    }

    /// The way of Server and Data Center, which have no bulk fetch.
    async fn search_then_ask(&self, ids: &[u64], fields: &[&str]) -> Result<FetchedIssues, JiraError> {
        let mut found = Found::default();
        let listed = ids.iter().map(u64::to_string).collect::<Vec<_>>().join(",");
        let jql = format!("id in ({listed}) ORDER BY created, key");
        let mut start_at = 0;
        loop {
            let size = MOST_IDS as u32;
            let request = data_center::search(EndpointClass::BulkFetch, &jql, fields, start_at, size, false);
            let page: SearchPage = self.transport.json(&request.splitting(ids.len() > 1)).await?;
            let received = page.issues.len() as u64;
            start_at += received;
            let news = page
                .issues
                .into_iter()
                .filter(|row| row.id.is_none_or(|id| !found.rows.contains_key(&id)));
            let news: Vec<IssueRow> = news.collect();
            let is_last = news.is_empty() || page.total.is_some_and(|total| start_at >= total);
            found.add(news);
            if is_last {
                break;
            }
        }
        // The search index lags and may be under reconstruction: what it does not give is asked for by itself.
        let missing: Vec<u64> = ids.iter().copied().filter(|id| !found.rows.contains_key(id)).collect();
        let asked = stream::iter(missing)
            .map(|id| self.ask_single(id, fields))
            .buffer_unordered(SINGLE_REQUESTS);
        let mut fetched = FetchedIssues::default();
        for outcome in asked.try_collect::<Vec<_>>().await? {
            match outcome {
                Single::Readable(id, row) => {
                    found.rows.insert(id, row);
                }
                Single::Failed(id, reason) => fetched.failed.push((id, reason)),
                Single::Absent(id) => fetched.absent.push(id),
            }
        }
        for id in ids {
            match found.rows.remove(id).map(|row| issue(*id, row)) {
                Some(Ok(issue)) => fetched.issues.push(issue),
                Some(Err(reason)) => fetched.failed.push((*id, reason)),
                None => {}
            }
        }
        Ok(fetched)
    }

    async fn ask_single(&self, id: u64, fields: &[&str]) -> Result<Single, JiraError> {
        let row: Option<IssueRow> = match self.transport.json_unless_absent(&data_center::issue(id, fields)).await {
            Ok(row) => row,
            // Without the account's name, a 403 may come from a CAPTCHA or a firewall: no proof of anything.
            Err(JiraError::Forbidden(answer)) => return Ok(Single::Failed(id, answer.to_string())),
            Err(error) => return Err(error),
        };
        Ok(match row {
            None => Single::Absent(id),
            Some(row) if row.id == Some(id) => Single::Readable(id, row),
            Some(_) => Single::Failed(id, "jira answered with another issue".to_owned()),
        })
    }
}

enum Single {
    Readable(u64, IssueRow),
    Failed(u64, String),
    Absent(u64),
}

/// Rows of a batch by id, and whether some row could not be told apart.
#[derive(Default)]
struct Found {
    rows: HashMap<u64, IssueRow>,
    /// A row without a readable id: any issue not found may be the one.
    unreadable: bool,
}

impl Found {
    fn add(&mut self, rows: Vec<IssueRow>) {
        for row in rows {
            match row.id {
                Some(id) => {
                    self.rows.entry(id).or_insert(row);
                }
                None => self.unreadable = true,
            }
        }
    }
}

/// Reads the body of Cloud's bulk fetch as the client does, for tests and fuzzing: every id that was asked for is in
/// exactly one list, whatever the body holds. An error when it is no JSON of the right shape.
pub fn read_bulk_answer(asked: &[u64], body: &[u8]) -> Result<FetchedIssues, JiraError> {
    let line = RequestLine {
        method: "POST",
        path: "/rest/api/2/issue/bulkfetch".to_owned(),
    };
    Ok(account_for(asked, parse_json(body, &line)?))
}

/// Puts each id that was asked for in exactly one list. Issues nobody asked for are dropped.
fn account_for(asked: &[u64], page: BulkPage) -> FetchedIssues {
    let mut found = Found::default();
    found.add(page.issues);
    let mut errors: HashMap<u64, String> = HashMap::new();
    for row in page.issue_errors.unwrap_or_default() {
        let reason = row.error_message.unwrap_or_else(|| "jira gave no reason".to_owned());
        match row.id {
            Some(id) => {
                errors.insert(id, reason);
            }
            None => found.unreadable = true,
        }
    }
    let mut fetched = FetchedIssues::default();
    for &id in asked {
        match found.rows.remove(&id).map(|row| issue(id, row)) {
            Some(Ok(issue)) => fetched.issues.push(issue),
            Some(Err(reason)) => fetched.failed.push((id, errors.remove(&id).unwrap_or(reason))),
            None => match errors.remove(&id) {
                Some(reason) => fetched.failed.push((id, reason)),
                None if found.unreadable => {
                    fetched
                        .failed
                        .push((id, "an entry of jira's answer has no readable id".to_owned()));
                }
                None => fetched.absent.push(id),
            },
        }
    }
    fetched
}

/// An issue without key or fields is not one that can be indexed, nor one that is gone.
fn issue(id: u64, row: IssueRow) -> Result<Issue, String> {
    let key = row
        .key
        .ok_or_else(|| "jira gave the issue without its key".to_owned())?;
    let fields = row
        .fields
        .ok_or_else(|| "jira gave the issue without its fields".to_owned())?;
    Ok(Issue { id, key, fields })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::account_for;
    use crate::dialect::BulkPage;

    /// Ids as Jira writes them, and as it should not.
    fn id() -> impl Strategy<Value = Value> {
        prop_oneof![
            4 => (0u64..30).prop_map(|id| json!(id.to_string())),
            2 => (0u64..30).prop_map(|id| json!(id)),
            1 => prop_oneof![Just(Value::Null), Just(json!("A-1")), Just(json!(-1)), Just(json!(1.5)), Just(json!({}))],
        ]
    }

    fn entry() -> impl Strategy<Value = Value> {
        let key = prop_oneof![4 => Just(json!("A-1")), 1 => Just(Value::Null), 1 => Just(json!(7))];
        let fields = prop_oneof![4 => Just(json!({"summary": null})), 1 => Just(Value::Null), 1 => Just(json!([]))];
        (id(), key, fields, any::<bool>()).prop_map(|(id, key, fields, bare)| {
            if bare {
                json!({"id": id})
            } else {
                json!({"id": id, "key": key, "fields": fields, "other": [1]})
            }
        })
    }

    fn answer() -> impl Strategy<Value = Value> {
        let reason = prop_oneof![Just(json!("payload")), Just(Value::Null), Just(json!(3))];
        let errors = prop::collection::vec((id(), reason), 0..10);
        let errors = errors.prop_map(|errors| {
            errors
                .into_iter()
                .map(|(id, reason)| json!({"id": id, "errorMessage": reason}))
                .collect::<Vec<_>>()
        });
        let errors = prop_oneof![3 => errors.prop_map(Value::from), 1 => Just(Value::Null)];
        (prop::collection::vec(entry(), 0..30), errors)
            .prop_map(|(issues, errors)| json!({"issues": issues, "issueErrors": errors, "expand": "x"}))
    }

    proptest! {
        #[test]
        fn every_id_asked_for_is_in_exactly_one_list(
            asked in prop::collection::btree_set(0u64..30, 0..30),
            answer in answer(),
        ) {
            let asked: Vec<u64> = asked.into_iter().collect();
            let page: BulkPage = serde_json::from_value(answer.clone()).unwrap();
            let fetched = account_for(&asked, page);
            let mut listed: Vec<u64> = fetched.issues.iter().map(|issue| issue.id).collect();
            listed.extend(fetched.failed.iter().map(|(id, _)| *id));
            listed.extend(&fetched.absent);
            listed.sort_unstable();
            prop_assert_eq!(listed, asked);
            let entries = ["issues", "issueErrors"].into_iter().filter_map(|list| answer[list].as_array()).flatten();
            let mentioned: HashSet<u64> = entries
                .filter_map(|entry| entry["id"].as_u64().or_else(|| entry["id"].as_str()?.parse().ok()))
                .collect();
            prop_assert!(fetched.absent.iter().all(|id| !mentioned.contains(id)), "a mentioned issue is absent");
        }
    }
}
