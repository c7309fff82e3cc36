//! A listing of issue ids cut into ranges of `created`, so that no query of Server or Data Center has many rows.
//!
//! From version 10 on they refuse rows past the ten thousandth. Cloud pages by cursor and needs no ranges. What is
//! selected is decided by the callers.

use chrono::{DateTime, TimeDelta, Utc};
use jira_client::{ErrorKind, IssueHead, IssueIdListing, JiraClient, JiraError, ListingEnd, Next};
use tracing::warn;

use super::jql_time::JqlTime;

/// Rows of one query; far from what any version refuses, few enough to go back in when rows move.
const MOST_ROWS: u64 = 5000;
/// Ranges are not made shorter: servers compare to the minute.
const SHORTEST: TimeDelta = TimeDelta::minutes(2);
/// No Jira is older; issues imported with an earlier date are in the first range, which has no beginning.
const JIRA_S_BIRTH: i64 = 1_009_843_200_000;

/// What happened next in a listing.
#[derive(Debug)]
pub(super) enum Step {
    /// A query began.
    Opened,
    /// Rows of it.
    Page(Vec<IssueHead>),
    /// It ended, with the client's proof.
    Ended(ListingEnd),
    /// All queries ended.
    Done,
}

/// A half-open range of `created`; without a bound it is open to that side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    from: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
    /// Rows, when they were counted.
    rows: Option<u64>,
}

/// A listing in order of creation.
pub(super) struct RangedListing<'a, J> {
    client: &'a JiraClient,
    time: &'a JqlTime,
    /// The selection without ORDER BY; asked again for every query, because dates may have to be written differently.
    selection: J,
    with_updated: bool,
    /// Rows that one query may have.
    most_rows: u64,
    /// When the newest issue was created at the latest.
    newest: DateTime<Utc>,
    /// Ranges to come, the next one last.
    pending: Vec<Range>,
    current: Option<(IssueIdListing, Option<Next<IssueHead>>)>,
}

impl<'a, J: Fn() -> String + Sync> RangedListing<'a, J> {
    pub(super) fn new(client: &'a JiraClient, time: &'a JqlTime, newest: DateTime<Utc>, selection: J) -> Self {
        let everything = Range {
            from: None,
            until: None,
            rows: None,
        };
        Self {
            client,
            time,
            selection,
            with_updated: false,
            most_rows: MOST_ROWS,
            newest,
            pending: vec![everything],
            current: None,
        }
    }

    /// Asks for `updated` as well.
    pub(super) fn with_updated(mut self) -> Self {
        self.with_updated = true;
        self
    }

    /// The next step; after an error the listing is over.
    pub(super) async fn next(&mut self) -> Result<Step, JiraError> {
        if let Some((listing, first)) = &mut self.current {
            let next = match first.take() {
                Some(first) => first,
                None => listing.next_page().await?,
            };
            return Ok(match next {
                Next::Page(rows) => Step::Page(rows),
                Next::End(end) => {
                    self.current = None;
                    Step::Ended(end)
                }
            });
        }
        while let Some(range) = self.pending.pop() {
            match self.halves(range).await? {
                Some((first, second)) => self.pending.extend([second, first]),
                None => {
                    self.current = Some(self.open(range).await?);
                    return Ok(Step::Opened);
                }
            }
        }
        Ok(Step::Done)
    }

    /// The two halves of a range that has too many rows for one query.
    async fn halves(&self, range: Range) -> Result<Option<(Range, Range)>, JiraError> {
        if self.client.edition().is_cloud() {
            return Ok(None);
        }
        let rows = match range.rows {
            Some(rows) => rows,
            None => self.count(range).await?,
        };
        if rows <= self.most_rows {
            return Ok(None);
        }
        let Some(middle) = middle(range, self.newest) else {
            return Ok(None);
        };
        let mut first = Range {
            until: Some(middle),
            rows: None,
            ..range
        };
        let in_first = self.count(first).await?;
        first.rows = Some(in_first);
        let second = Range {
            from: Some(middle),
            rows: Some(rows.saturating_sub(in_first)),
            ..range
        };
        Ok(Some((first, second)))
    }

    fn jql(&self, range: Range) -> String {
        let selection = (self.selection)();
        if range.from.is_none() && range.until.is_none() {
            return selection;
        }
        let mut jql = format!("({selection})");
        // The same text for the end of one range and the beginning of the next: nothing falls between them.
        if let Some(from) = range.from {
            jql += &format!(" AND created >= {}", self.time.not_after(from));
        }
        if let Some(until) = range.until {
            jql += &format!(" AND created < {}", self.time.not_after(until));
        }
        jql
    }

    async fn count(&self, range: Range) -> Result<u64, JiraError> {
        match self.client.approximate_count(&self.jql(range)).await {
            Err(error) if self.refuses_milliseconds(&error) => self.client.approximate_count(&self.jql(range)).await,
            counted => counted,
        }
    }

    async fn open(&self, range: Range) -> Result<(IssueIdListing, Option<Next<IssueHead>>), JiraError> {
        let mut listing = self.listing(range);
        match listing.next_page().await {
            Err(error) if self.refuses_milliseconds(&error) => {
                let mut listing = self.listing(range);
                let first = listing.next_page().await?;
                Ok((listing, Some(first)))
            }
            first => Ok((listing, Some(first?))),
        }
    }

    fn listing(&self, range: Range) -> IssueIdListing {
        let jql = format!("{} ORDER BY created ASC, key ASC", self.jql(range));
        let listing = self.client.issue_ids(&jql);
        if self.with_updated {
            listing.with_updated()
        } else {
            listing
        }
    }

    /// A server that refuses a query is asked once more with dates it has always understood; when the query was bad
    /// for another reason, that is what the second answer says.
    fn refuses_milliseconds(&self, error: &JiraError) -> bool {
        let refused = error.kind() == ErrorKind::BadRequest && self.time.milliseconds_refused();
        if refused {
            warn!(error = %error, "jira refused a query; asking again with dates in the account's time zone");
        }
        refused
    }
}

/// The whole minute in the middle; none when the range is too short to be halved.
fn middle(range: Range, newest: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let birth = DateTime::from_timestamp_millis(JIRA_S_BIRTH)?;
    let from = range.from.unwrap_or(birth);
    let until = range.until.unwrap_or(newest.max(birth) + TimeDelta::days(1));
    if until - from < SHORTEST {
        return None;
    }
    let middle = from + (until - from) / 2;
    let middle = DateTime::from_timestamp(middle.timestamp().div_euclid(60) * 60, 0)?;
    (from < middle && middle < until).then_some(middle)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use chrono_tz::Tz;
    use jira_client::{Auth, Edition, JiraConfig};
    use jira_fixture::{Dialect, JiraFixture, Options, Version};

    use super::*;

    async fn ids(client: &JiraClient, most_rows: u64) -> (BTreeSet<u64>, usize, u64) {
        let time = JqlTime::new(Tz::UTC);
        let mut listing = RangedListing::new(client, &time, Utc::now(), || "key IS NOT EMPTY".to_owned());
        listing.most_rows = most_rows;
        let (mut ids, mut queries, mut rows) = (BTreeSet::new(), 0, 0);
        loop {
            match listing.next().await.unwrap() {
                Step::Opened => queries += 1,
                Step::Page(page) => ids.extend(page.into_iter().map(|head| head.id)),
                Step::Ended(end) => rows += end.rows(),
                Step::Done => return (ids, queries, rows),
            }
        }
    }

    #[tokio::test]
    async fn ranges_have_every_issue_once() {
        let options = Options {
            dialect: Dialect::DataCenter,
            version: Some(Version::new(10, 3)),
            ..Options::default()
        };
        let jira = JiraFixture::start(options).await.unwrap();
        let auth = Auth::Bearer("fixture-token".to_owned().into());
        let config = JiraConfig::new(jira.base_url.parse().unwrap(), Edition::DataCenter, auth);
        let client = JiraClient::new(config).unwrap();
        let (whole, one, _) = ids(&client, MOST_ROWS).await;
        let (ranged, many, rows) = ids(&client, 60).await;
        assert_eq!(one, 1);
        assert!(many > 8, "{many} queries for {} issues", whole.len());
        assert_eq!(rows, whole.len() as u64, "an issue was listed twice");
        assert_eq!(ranged, whole);
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn ranges_are_halved_down_to_a_minute_and_never_for_ever() {
        let newest = at("2026-11-22T12:00:30Z");
        let mut range = Range {
            from: None,
            until: None,
            rows: None,
        };
        let mut halved = 0;
        while let Some(middle) = middle(range, newest) {
            assert_eq!(middle.timestamp() % 60, 0);
            range.from = Some(middle);
            halved += 1;
        }
        assert!((20..30).contains(&halved), "{halved}");
        assert!(range.from.unwrap() > newest);
    }

    #[test]
    fn what_lies_before_every_jira_is_not_halved() {
        let range = Range {
            from: None,
            until: Some(at("2002-01-01T00:00:00Z")),
            rows: None,
        };
        assert_eq!(middle(range, at("2026-11-22T12:00:00Z")), None);
    }
}
