//! Asks Jira once more about what a listing lacked: is it gone, out of scope, or was the search index behind?

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use chrono::{DateTime, FixedOffset};
use jira_client::{Issue, JiraClient, JiraError, ProjectStatus};

use super::scope::{self, ResolvedScope};
use crate::sync::source::MissingIssue;
use crate::sync::{Confirmation, IssueId};

/// Ids in one request for whole issues.
const FETCHED_AT_ONCE: usize = 100;
/// Ids that one search can be told to look at outside its index.
const RECONCILED_AT_ONCE: usize = 50;
/// Issues that are read past the index before the index is believed about others.
const COMPARED_ONE_BY_ONE: usize = 100;

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
/// A search costs one request for many issues, reading one past the index a request each. After a change of the rules
/// thousands may have left: then those that search does not know, and a sample of the others, are read past the index,
/// and the rest only if the sample shows that the index is behind.
async fn beside_the_index(client: &JiraClient, ids: &[IssueId]) -> Result<Vec<(IssueId, Confirmation)>, JiraError> {
    let indexed = searched(client, "", ids).await?;
    let (known, unknown): (Vec<IssueId>, Vec<IssueId>) = ids.iter().partition(|id| indexed.contains_key(id));
    let (sample, rest) = sample(known, &indexed);
    let mut answers = compared(client, &indexed, &unknown).await?;
    let of_sample = compared(client, &indexed, &sample).await?;
    if of_sample.iter().all(|(_, answer)| *answer == Confirmation::OutOfScope) {
        answers.extend(rest.into_iter().map(|id| (id, Confirmation::OutOfScope)));
    } else {
        answers.extend(compared(client, &indexed, &rest).await?);
    }
    answers.extend(of_sample);
    Ok(answers)
}

/// Which of the issues that search knows are compared with the store first: half of the sample are those that changed
/// last, which most likely changed again meanwhile, and half are taken evenly from the others. All, when there are few.
fn sample(mut known: Vec<IssueId>, indexed: &HashMap<IssueId, Option<Updated>>) -> (Vec<IssueId>, Vec<IssueId>) {
    known.sort_unstable_by_key(|id| Reverse(indexed.get(id).copied().flatten()));
    if known.len() <= COMPARED_ONE_BY_ONE {
        return (known, Vec::new());
    }
    let others = known.split_off(COMPARED_ONE_BY_ONE / 2);
    let step = others.len().div_ceil(COMPARED_ONE_BY_ONE / 2);
    let mut rest = Vec::with_capacity(others.len());
    for (position, id) in others.into_iter().enumerate() {
        if position % step == 0 {
            known.push(id)
        } else {
            rest.push(id)
        }
    }
    // Search does not say of these when they changed: only the store does.
    let (silent, rest): (Vec<IssueId>, Vec<IssueId>) = rest
        .into_iter()
        .partition(|id| indexed.get(id).is_none_or(Option::is_none));
    known.extend(silent);
    (known, rest)
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

    #[test]
    fn few_are_all_compared_and_of_many_the_newest_and_an_even_sample() {
        let at = |id: IssueId| jira_client::parse_timestamp(&format!("2024-09-20T{:02}:{:02}:00Z", id / 60, id % 60));
        let indexed: HashMap<_, _> = (0..1_000).map(|id| (id, if id == 7 { None } else { at(id) })).collect();
        let (all, none) = sample((0..100).collect(), &indexed);
        assert_eq!((all.len(), none.len()), (100, 0));

        let (compared, believed) = sample((0..1_000).collect(), &indexed);
        assert!((950..1_000).all(|id| compared.contains(&id)), "the newest");
        assert!(compared.contains(&7), "search does not say when it changed");
        assert!((80..=101).contains(&compared.len()), "{}", compared.len());
        let longest_gap = (0..950)
            .step_by(20)
            .all(|from| (from..from + 40).any(|id| compared.contains(&id)));
        assert!(longest_gap, "{compared:?}");
        let mut both = [compared, believed].concat();
        both.sort_unstable();
        assert_eq!(both, (0..1_000).collect::<Vec<_>>());
    }

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
