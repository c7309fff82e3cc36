//! Asks Jira once more about what a listing lacked: is it gone, out of scope, or was the search index behind?

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, FixedOffset};
use jira_client::{Issue, JiraClient, JiraError, ProjectStatus};
use sync_engine::sync::source::MissingIssue;
use sync_engine::sync::{Confirmation, IssueId};

use super::scope::{self, ResolvedScope};

/// Ids in one request for whole issues.
const FETCHED_AT_ONCE: usize = 100;
/// Ids that one search can be told to look at outside its index.
const RECONCILED_AT_ONCE: usize = 50;

/// Confirms missing issues.
pub(super) async fn issues(
    client: &JiraClient,
    scope: &ResolvedScope,
    missing: Vec<MissingIssue>,
) -> Result<Vec<(IssueId, Confirmation)>, JiraError> {
    let put_away: HashSet<String> = scope::list(client, ProjectStatus::ArchivedOrDeleted)
        .await?
        .into_iter()
        .map(|project| project.key)
        .collect();
    let mut answers = Vec::with_capacity(missing.len());
    let mut readable = Vec::new();
    for batch in missing.chunks(FETCHED_AT_ONCE) {
        let ids: Vec<IssueId> = batch.iter().map(|issue| issue.id).collect();
        let fetched = client.fetch_issues(&ids, &["updated"]).await?;
        readable.extend(fetched.issues.into_iter().map(|issue| issue.id));
        answers.extend(
            fetched
                .failed
                .into_iter()
                .map(|(id, reason)| (id, Confirmation::Unknown(reason))),
        );
        for id in fetched.absent {
            let key = batch
                .iter()
                .find(|issue| issue.id == id)
                .and_then(|issue| issue.key.as_deref());
            let project = key.and_then(|key| key.rsplit_once('-')).map(|(project, _)| project);
            let archived = project.is_some_and(|project| put_away.contains(project));
            answers.push((
                id,
                if archived {
                    Confirmation::OutOfScope
                } else {
                    Confirmation::Gone
                },
            ));
        }
    }
    let found = searched(client, &scope.jql(), &readable).await?;
    let (lagging, others): (Vec<IssueId>, Vec<IssueId>) = readable.iter().partition(|id| found.contains_key(id));
    answers.extend(lagging.into_iter().map(|id| (id, Confirmation::Lagging)));
    if scope.is_by_rules() && !client.edition().is_cloud() {
        answers.extend(beside_the_index(client, &others).await?);
    } else {
        answers.extend(others.into_iter().map(|id| (id, Confirmation::OutOfScope)));
    }
    Ok(answers)
}

/// Issues that advanced rules do not find. Only Jira can say whether an issue fits a query that somebody wrote, and
/// where search cannot be told to look past its index, its word counts for issues that the index knows as they are now.
///
/// That is a request for each issue, thousands after a change of the rules. A sample of them would be cheaper and would
/// prove nothing about the others: an index is behind for single issues, too.
async fn beside_the_index(client: &JiraClient, ids: &[IssueId]) -> Result<Vec<(IssueId, Confirmation)>, JiraError> {
    let indexed = searched(client, "", ids).await?;
    compared(client, &indexed, ids).await
}

/// Reads issues one by one, past the index, and compares.
async fn compared(
    client: &JiraClient,
    indexed: &HashMap<IssueId, Option<Updated>>,
    ids: &[IssueId],
) -> Result<Vec<(IssueId, Confirmation)>, JiraError> {
    let stored = client.fetch_from_store(ids, &["updated"]).await?;
    let mut answers: Vec<(IssueId, Confirmation)> = stored
        .failed
        .into_iter()
        .map(|(id, reason)| (id, Confirmation::Unknown(reason)))
        .collect();
    answers.extend(stored.absent.into_iter().map(|id| (id, Confirmation::Gone)));
    answers.extend(
        stored
            .issues
            .iter()
            .map(|issue| (issue.id, out_of_rules(indexed.get(&issue.id), updated(issue)))),
    );
    Ok(answers)
}

/// `indexed` is when search believes the issue was changed last, if it knows the issue.
fn out_of_rules(indexed: Option<&Option<Updated>>, updated: Option<Updated>) -> Confirmation {
    let unknown = |what: &str| {
        let text =
            format!("it can be read, and Jira's search {what}, so nothing says whether the advanced rules find it");
        Confirmation::Unknown(text)
    };
    let (Some(indexed), Some(updated)) = (indexed, updated) else {
        return unknown("does not know it");
    };
    // The search index of some versions keeps whole seconds only.
    let is_last = |indexed: &Updated| {
        *indexed == updated || (indexed.timestamp_subsec_nanos() == 0 && indexed.timestamp() == updated.timestamp())
    };
    if indexed.as_ref().is_some_and(is_last) {
        Confirmation::OutOfScope
    } else {
        unknown("has not seen its last change")
    }
}

type Updated = DateTime<FixedOffset>;

fn updated(issue: &Issue) -> Option<Updated> {
    jira_client::parse_timestamp(issue.fields.get("updated")?.as_str()?)
}

/// Those that the search finds, with their last change as it knows it.
async fn searched(
    client: &JiraClient,
    scope_jql: &str,
    ids: &[IssueId],
) -> Result<HashMap<IssueId, Option<Updated>>, JiraError> {
    let mut found = HashMap::with_capacity(ids.len());
    for some in ids.chunks(RECONCILED_AT_ONCE) {
        let heads = client.search_reconciled(scope_jql, some).await?;
        found.extend(heads.into_iter().map(|head| (head.id, head.updated)));
    }
    Ok(found)
}

/// Confirms projects that are missing from the list of those in scope. `all`: every project is in scope.
pub(super) async fn projects(
    client: &JiraClient,
    all: bool,
    missing: Vec<u64>,
) -> Result<Vec<(u64, Confirmation)>, JiraError> {
    let put_away: HashSet<u64> = scope::list(client, ProjectStatus::ArchivedOrDeleted)
        .await?
        .into_iter()
        .map(|project| project.id)
        .collect();
    let mut answers = Vec::with_capacity(missing.len());
    for id in missing {
        let answer = if put_away.contains(&id) {
            Confirmation::OutOfScope
        } else {
            match client.project(&id.to_string()).await? {
                None => Confirmation::Gone,
                Some(_) if all => Confirmation::Lagging,
                Some(_) => Confirmation::OutOfScope,
            }
        };
        answers.push((id, answer));
    }
    Ok(answers)
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case(Some(Some("2024-09-19T21:57:31.000-0500")) => true; "search knows it as it is, to the second")]
    #[test_case(Some(Some("2024-09-19T21:57:31.666-0500")) => true; "search knows it as it is")]
    #[test_case(Some(Some("2024-09-19T21:57:31.600-0500")) => false; "an earlier change in the same second")]
    #[test_case(Some(Some("2024-09-19T21:57:30.000-0500")) => false; "search has not seen its last change")]
    #[test_case(Some(None) => false; "search does not say when it changed")]
    #[test_case(None => false; "search does not know it")]
    fn the_word_of_a_search_counts(indexed: Option<Option<&str>>) -> bool {
        let updated = jira_client::parse_timestamp("2024-09-20T02:57:31.666Z");
        let indexed = indexed.map(|time| time.and_then(jira_client::parse_timestamp));
        matches!(out_of_rules(indexed.as_ref(), updated), Confirmation::OutOfScope)
    }
}
