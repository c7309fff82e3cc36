//! A listing of issue ids cut into ranges of `created`, where one query would have too many rows or take too long.
//!
//! Server and Data Center refuse rows past the ten thousandth from version 10 on. Cloud pages by cursor, one page after the
//! other, so the ranges of a large site are read side by side. What is selected is decided by the callers.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};
use jira_client::{ErrorKind, IssueHead, IssueIdListing, JiraClient, JiraError, ListingEnd, Next};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tracing::{Instrument, debug, warn};

use super::jql_time::JqlTime;

/// Rows of one query on Server and Data Center; far from what any version refuses, few enough to go back in when rows move.
const MOST_ROWS: u64 = 5000;
/// Rows that Cloud is asked for by one query; of very large sites more, so that there are not many queries.
const MOST_ROWS_OF_CLOUD: u64 = 20_000;
const MOST_RANGES_OF_CLOUD: u64 = 16;
/// Queries that Cloud answers side by side.
const SIDE_BY_SIDE_ON_CLOUD: usize = 4;
/// Pages of a query that may wait for those of the queries before it.
const PAGES_AHEAD: usize = 1;
/// Ranges are not made shorter: servers compare to the minute.
const SHORTEST: TimeDelta = TimeDelta::minutes(2);
/// No Jira is older; issues imported with an earlier date are in the first range, which has no beginning.
const JIRA_S_BIRTH: i64 = 1_009_843_200_000;

/// The next event of a listing.
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
    /// Ranges to come, the next one last; none before the first step.
    pending: Option<Vec<Range>>,
    /// Queries under way, in order.
    running: VecDeque<Running>,
    /// Their tasks, which end with this listing.
    tasks: JoinSet<()>,
}

/// A query whose pages are asked for in the background.
struct Running {
    pages: mpsc::Receiver<Result<Next<IssueHead>, JiraError>>,
    is_opened: bool,
}

impl<'a, J: Fn() -> String + Sync> RangedListing<'a, J> {
    pub(super) fn new(client: &'a JiraClient, time: &'a JqlTime, newest: DateTime<Utc>, selection: J) -> Self {
        let is_cloud = client.edition().is_cloud();
        Self {
            client,
            time,
            selection,
            with_updated: false,
            most_rows: if is_cloud { MOST_ROWS_OF_CLOUD } else { MOST_ROWS },
            newest,
            pending: None,
            running: VecDeque::new(),
            tasks: JoinSet::new(),
        }
    }

    /// Asks for `updated` as well.
    pub(super) fn with_updated(mut self) -> Self {
        self.with_updated = true;
        self
    }

    /// The next step; after an error the listing is over.
    pub(super) async fn next(&mut self) -> Result<Step, JiraError> {
        self.open_more().await?;
        let Some(front) = self.running.front_mut() else {
            return Ok(Step::Done);
        };
        if !std::mem::replace(&mut front.is_opened, true) {
            return Ok(Step::Opened);
        }
        let without_end = || JiraError::BrokenListing {
            earlier: "it stopped before its end".to_owned(),
        };
        Ok(match front.pages.recv().await.unwrap_or_else(|| Err(without_end()))? {
            Next::Page(rows) => Step::Page(rows),
            Next::End(end) => {
                self.running.pop_front();
                Step::Ended(end)
            }
        })
    }

    /// Keeps as many queries under way as the edition takes.
    async fn open_more(&mut self) -> Result<(), JiraError> {
        if self.pending.is_none() {
            let first = self.begin().await?;
            self.pending = Some(first);
        }
        let side_by_side = if self.client.edition().is_cloud() {
            SIDE_BY_SIDE_ON_CLOUD
        } else {
            1
        };
        while self.running.len() < side_by_side
            && let Some(range) = self.pending.as_mut().and_then(Vec::pop)
        {
            match self.halves(range).await {
                Ok(Some((first, second))) => self.pending.get_or_insert_default().extend([second, first]),
                Err(error) if side_by_side == 1 => return Err(error),
                // Cloud lists any number of rows by one query; only time is lost.
                Ok(None) | Err(_) => self.run(self.listing(range), None),
            }
        }
        Ok(())
    }

    /// The ranges to begin with. On Cloud most listings are one query of few pages, which is not counted before; only when
    /// more pages follow and the count is high is it left for ranges.
    async fn begin(&mut self) -> Result<Vec<Range>, JiraError> {
        let everything = |rows| Range {
            from: None,
            until: None,
            rows,
        };
        if !self.client.edition().is_cloud() {
            return Ok(vec![everything(None)]);
        }
        let (listing, first) = self.open(everything(None)).await?;
        let rows = match listing.has_arrived() {
            true => 0,
            // Without a count one query does it, too.
            false => self.count(everything(None)).await.unwrap_or_else(|error| {
                debug!(error = %error, "issues could not be counted; they are listed by one query");
                0
            }),
        };
        if rows <= self.most_rows {
            self.run(listing, Some(first));
            return Ok(Vec::new());
        }
        self.most_rows = self.most_rows.max(rows / MOST_RANGES_OF_CLOUD);
        Ok(vec![everything(Some(rows))])
    }

    /// Asks for the pages of a query from now on. `first` is what it gave already.
    fn run(&mut self, mut listing: IssueIdListing, mut first: Option<Next<IssueHead>>) {
        let (sender, pages) = mpsc::channel(PAGES_AHEAD);
        let ask = async move {
            loop {
                let next = match first.take() {
                    Some(first) => Ok(first),
                    None => listing.next_page().await,
                };
                let is_over = matches!(next, Err(_) | Ok(Next::End(_)));
                if sender.send(next).await.is_err() || is_over {
                    return;
                }
            }
        };
        self.tasks.spawn(ask.in_current_span());
        self.running.push_back(Running {
            pages,
            is_opened: false,
        });
    }

    /// The two halves of a range that has too many rows for one query.
    async fn halves(&self, range: Range) -> Result<Option<(Range, Range)>, JiraError> {
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

    async fn open(&self, range: Range) -> Result<(IssueIdListing, Next<IssueHead>), JiraError> {
        let mut listing = self.listing(range);
        match listing.next_page().await {
            Err(error) if self.refuses_milliseconds(&error) => {
                let mut listing = self.listing(range);
                let first = listing.next_page().await?;
                Ok((listing, first))
            }
            first => Ok((listing, first?)),
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
        // Some servers fail at milliseconds instead of refusing them.
        let may_be_theirs = error.kind() == ErrorKind::BadRequest || error.status() == Some(500);
        let refused = may_be_theirs && self.time.milliseconds_refused();
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
    use chrono_tz::Tz;
    use jira_client::{Auth, Edition, JiraConfig};
    use jira_fixture::{Dialect, Fault, JiraFixture, Options, Running as RunningJira, Version};

    use super::*;

    /// The rows of a listing in order, the number of its queries, and their rows.
    async fn ids(client: &JiraClient, most_rows: u64) -> (Vec<u64>, usize, u64) {
        let time = JqlTime::new(Tz::UTC);
        let mut listing = RangedListing::new(client, &time, Utc::now(), || "key IS NOT EMPTY".to_owned());
        listing.most_rows = most_rows;
        let (mut ids, mut queries, mut rows) = (Vec::new(), 0, 0);
        loop {
            match listing.next().await.unwrap() {
                Step::Opened => queries += 1,
                Step::Page(page) => ids.extend(page.into_iter().map(|head| head.id)),
                Step::Ended(end) => rows += end.rows(),
                Step::Done => return (ids, queries, rows),
            }
        }
    }

    async fn jira(options: Options) -> (RunningJira, JiraClient) {
        let (edition, auth) = match options.dialect {
            Dialect::Cloud => (
                Edition::Cloud,
                Auth::Basic {
                    username: options.email.clone(),
                    secret: options.token.clone().into(),
                },
            ),
            _ => (Edition::DataCenter, Auth::Bearer(options.token.clone().into())),
        };
        let jira = JiraFixture::start(options).await.unwrap();
        let config = JiraConfig::new(jira.base_url.parse().unwrap(), edition, auth);
        (jira, JiraClient::new(config).unwrap())
    }

    #[tokio::test]
    async fn ranges_have_every_issue_once_and_in_order() {
        let data_center = Options {
            dialect: Dialect::DataCenter,
            version: Some(Version::new(10, 3)),
            ..Options::default()
        };
        let cloud = Options {
            page_cap: Some(50),
            ..Options::default()
        };
        for options in [data_center, cloud] {
            let (_jira, client) = jira(options).await;
            let (whole, one, _) = ids(&client, MOST_ROWS).await;
            let (ranged, many, rows) = ids(&client, 60).await;
            assert_eq!(one, 1);
            assert!(many > 8, "{many} queries for {} issues", whole.len());
            assert_eq!(rows, whole.len() as u64, "an issue was listed twice");
            assert_eq!(ranged, whole);
        }
    }

    #[tokio::test]
    async fn cloud_is_only_asked_to_count_what_has_many_pages() {
        let (jira, client) = jira(Options::default()).await;
        ids(&client, 60).await;
        assert_eq!(jira.control().requests().by_endpoint.get("approximate_count"), None);
    }

    #[tokio::test]
    async fn a_cloud_that_does_not_count_is_listed_by_one_query() {
        let options = Options {
            page_cap: Some(50),
            ..Options::default()
        };
        let (jira, client) = jira(options).await;
        let (whole, ..) = ids(&client, MOST_ROWS).await;
        for after in [0, 3] {
            jira.control()
                .add_fault(Fault::status("approximate_count", 400).after(after));
            let (listed, queries, _) = ids(&client, 60).await;
            assert_eq!(listed, whole);
            assert!(queries < 6, "{queries} queries");
        }
    }

    #[tokio::test]
    async fn a_page_that_fails_in_any_range_is_no_end() {
        let options = Options {
            page_cap: Some(50),
            ..Options::default()
        };
        let (jira, client) = jira(options).await;
        for after in [1, 4, 8] {
            jira.control().add_fault(Fault::status("search_jql", 400).after(after));
            let time = JqlTime::new(Tz::UTC);
            let mut listing = RangedListing::new(&client, &time, Utc::now(), || "key IS NOT EMPTY".to_owned());
            listing.most_rows = 60;
            let failed = loop {
                match listing.next().await {
                    Ok(Step::Done) => panic!("the listing ended, {after} pages before the fault"),
                    Ok(_) => {}
                    Err(error) => break error,
                }
            };
            assert_eq!(failed.kind(), ErrorKind::BadRequest);
            jira.control().clear_faults();
        }
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
