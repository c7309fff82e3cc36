//! Finds the issue that a request made whose answer was lost. Searches show new issues late, so issues are read by their
//! numbers, which Jira gives out in order.

use chrono::{DateTime, Utc};
use futures::stream::{self, StreamExt, TryStreamExt};
use http_kit::NotDone;
use jira_client::Next;

use super::answer::not_done;
use super::comments::{Mark, PROPERTY};
use super::site::Site;
use crate::outbound::delivery::External;

/// The newest issues from before the request that tell where its number may begin.
const NEIGHBOURS: usize = 5;
/// So many numbers in a row that lead to nothing are the end.
const GAP: u64 = 20;
/// Numbers that are looked at in all; more is no answer within a call's time.
const MOST_NUMBERS: u64 = 1_000;
const AT_ONCE: usize = 8;

/// The issue of this mark that was made after `since`. `None` only when all numbers from then on were looked at.
pub(super) async fn find(site: &Site, mark: &str, since: DateTime<Utc>) -> Result<Option<External>, NotDone> {
    let (first, last_known) = numbers_before(site, since).await?;
    let mut next = first;
    let mut absent_in_a_row = 0;
    while next <= last_known || absent_in_a_row < GAP {
        if next - first > MOST_NUMBERS {
            return Err(NotDone::Unknown(format!(
                "more than {MOST_NUMBERS} issues were made in {} since then, too many to look through",
                site.project
            )));
        }
        let batch: Vec<_> = (next..next + GAP).map(|number| look(site, number, mark)).collect();
        let seen: Vec<Seen> = stream::iter(batch).buffered(AT_ONCE).try_collect().await?;
        for one in seen {
            match one {
                Seen::Ours(external) => return Ok(Some(external)),
                Seen::Other => absent_in_a_row = 0,
                Seen::Absent => absent_in_a_row += 1,
            }
        }
        next += GAP;
    }
    Ok(None)
}

enum Seen {
    Ours(External),
    Other,
    Absent,
}

async fn look(site: &Site, number: u64, mark: &str) -> Result<Seen, NotDone> {
    let key = format!("{}-{number}", site.project);
    let issue = site.client.stored_issue(&key, &["created"], &[PROPERTY]).await;
    let issue = issue.map_err(|error| not_done("look for the issue", error))?;
    Ok(match issue {
        None => Seen::Absent,
        Some(issue) if Mark::read(&issue.properties).key.as_deref() == Some(mark) => Seen::Ours(External {
            id: issue.id.to_string(),
            key: issue.key,
        }),
        Some(_) => Seen::Other,
    })
}

/// The lowest and the highest number among the newest issues from before; an index that lags only gives lower ones.
async fn numbers_before(site: &Site, since: DateTime<Utc>) -> Result<(u64, u64), NotDone> {
    let doing = "look for the issue";
    // Relative times need no time zone.
    let minutes = (Utc::now() - since).num_minutes().max(0) + 1;
    let project = site.project.replace('\\', "\\\\").replace('"', "\\\"");
    let jql = format!("project = \"{project}\" AND created <= \"-{minutes}m\" ORDER BY created DESC");
    let mut listing = site.client.issue_ids(&jql).page_size(NEIGHBOURS as u32);
    let rows = match listing.next_page().await.map_err(|error| not_done(doing, error))? {
        Next::Page(rows) => rows,
        Next::End(_) => Vec::new(),
    };
    let mut numbers = Vec::new();
    for row in rows.iter().take(NEIGHBOURS) {
        let issue = site.client.stored_issue(&row.id.to_string(), &["created"], &[]).await;
        let issue = issue.map_err(|error| not_done(doing, error))?;
        let number = issue.and_then(|issue| {
            let (project, number) = issue.key.rsplit_once('-')?;
            (project == site.project).then(|| number.parse::<u64>().ok()).flatten()
        });
        numbers.extend(number);
    }
    let first = numbers.iter().min().copied().unwrap_or(0) + 1;
    Ok((first, numbers.iter().max().copied().unwrap_or(0)))
}
