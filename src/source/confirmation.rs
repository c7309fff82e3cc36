//! Asks Jira once more about what a listing lacked: is it gone, out of scope, or was the search index behind?

use std::collections::HashSet;

use jira_client::{JiraClient, JiraError, ProjectStatus};

use super::scope::{self, ResolvedScope};
use crate::sync::source::MissingIssue;
use crate::sync::{Confirmation, IssueId};

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
    for ids in readable.chunks(RECONCILED_AT_ONCE) {
        let found = searched(client, &scope.jql(), ids).await?;
        // Only Jira can say whether an issue fits a query that somebody wrote. Where search cannot be told to look past
        // its index, its word counts for issues that the index knows.
        let known = if scope.is_by_rules() && !client.edition().is_cloud() && found.len() < ids.len() {
            Some(searched(client, "", ids).await?)
        } else {
            None
        };
        answers.extend(ids.iter().map(|id| {
            let answer = match &known {
                _ if found.contains(id) => Confirmation::Lagging,
                Some(known) if !known.contains(id) => Confirmation::Unknown(
                    "it can be read, and Jira's search does not know it, so nothing says whether the advanced rules find \
                     it"
                    .into(),
                ),
                _ => Confirmation::OutOfScope,
            };
            (*id, answer)
        }));
    }
    Ok(answers)
}

async fn searched(client: &JiraClient, scope_jql: &str, ids: &[IssueId]) -> Result<HashSet<IssueId>, JiraError> {
    let found = client.search_reconciled(scope_jql, ids).await?;
    Ok(found.into_iter().map(|head| head.id).collect())
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
