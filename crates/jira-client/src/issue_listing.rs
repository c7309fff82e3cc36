//! Lists the ids of the issues that a JQL query finds: by cursor on Cloud, by offset on Server and Data Center.
//!
//! Writing the JQL, its order included, and cutting large queries into ranges is left to the callers.

use std::collections::HashSet;
use std::sync::Arc;

use crate::dialect::{IssueRow, SearchPage, cloud, data_center};
use crate::error::{JiraError, RequestLine};
use crate::listing::{Next, PageOf, Progress};
use crate::model::IssueHead;
use crate::offset_rows::{OffsetRows, Step};
use crate::parse_timestamp;
use crate::transport::{EndpointClass, Transport};

/// Times that a page with a known page token is asked for before the listing counts as broken.
const TRIES_OF_A_CIRCLE: u32 = 3;

/// A listing of issue ids; each call of [`next_page`](Self::next_page) asks Jira for one page.
///
/// On Server and Data Center the query has to name an order that does not move during the listing, such as
/// `ORDER BY created, key`, because pages are found by counting rows.
#[derive(Debug)]
pub struct IssueIdListing {
    transport: Arc<Transport>,
    query: Query,
    position: Position,
    progress: Progress,
}

#[derive(Debug)]
struct Query {
    jql: String,
    with_updated: bool,
    page_size: u32,
    reconcile: Vec<u64>,
    validate: bool,
}

#[derive(Debug)]
enum Position {
    Cursor(Cursor),
    Offset(OffsetRows),
}

#[derive(Debug, Default)]
struct Cursor {
    token: Option<String>,
    /// Tokens are few, one for up to 5,000 issues, so they are kept whole.
    seen: HashSet<String>,
}

impl IssueIdListing {
    pub(crate) fn new(transport: Arc<Transport>, jql: &str) -> Self {
        let (position, page_size) = if transport.config.edition.is_cloud() {
            (Position::Cursor(Cursor::default()), cloud::SEARCH_PAGE)
        } else {
            (Position::Offset(OffsetRows::default()), data_center::SEARCH_PAGE)
        };
        let jql = jql.to_owned();
        let query = Query {
            jql,
            with_updated: false,
            page_size,
            reconcile: Vec::new(),
            validate: true,
        };
        Self {
            transport,
            query,
            position,
            progress: Progress::default(),
        }
    }

    /// Asks for `updated` as well; Jira may then give shorter pages.
    #[must_use]
    pub fn with_updated(mut self) -> Self {
        self.query.with_updated = true;
        self
    }

    /// Asks for at most so many rows a page (1 to 5,000); Jira may give fewer.
    #[must_use]
    pub fn page_size(mut self, rows: u32) -> Self {
        self.query.page_size = rows.clamp(1, cloud::SEARCH_PAGE);
        self
    }

    /// Makes Cloud read these issues past its search index; the same list goes with every page.
    pub(crate) fn reconciling(mut self, ids: &[u64]) -> Self {
        self.query.reconcile = ids.to_vec();
        self
    }

    /// Lets Server and Data Center pass over ids that do not exist instead of refusing the query.
    pub(crate) fn without_validation(mut self) -> Self {
        self.query.validate = false;
        self
    }

    /// Whether every page has arrived, so that the end comes without another request.
    pub fn has_arrived(&self) -> bool {
        matches!(self.progress.settled(), Some(Ok(_)))
    }

    /// The next page, or the end once all arrived. After an error the listing stays broken.
    pub async fn next_page(&mut self) -> Result<Next<IssueHead>, JiraError> {
        if let Some(settled) = self.progress.settled() {
            return settled.map(Next::End);
        }
        let page = match &mut self.position {
            Position::Cursor(cursor) => cursor.page(&self.transport, &self.query).await,
            Position::Offset(rows) => offset_page(rows, &self.transport, &self.query).await,
        };
        self.progress.record(page)
    }

    /// All remaining rows.
    pub(crate) async fn collect(mut self) -> Result<Vec<IssueHead>, JiraError> {
        let mut rows = Vec::new();
        while let Next::Page(page) = self.next_page().await? {
            rows.extend(page);
        }
        Ok(rows)
    }
}

impl Query {
    fn fields(&self) -> &'static [&'static str] {
        if self.with_updated { &["updated"] } else { &["id"] }
    }
}

impl Cursor {
    /// One page; asked for again when it leads back to where the listing has been.
    async fn page(&mut self, transport: &Transport, query: &Query) -> Result<PageOf<IssueHead>, JiraError> {
        let mut tries = 1;
        loop {
            match self.page_once(transport, query).await {
                Err(error @ JiraError::RepeatedToken { .. }) if tries < TRIES_OF_A_CIRCLE => {
                    tracing::warn!(error = %error, "asking for a page again");
                    tries += 1;
                }
                answered => return answered,
            }
        }
    }

    async fn page_once(&mut self, transport: &Transport, query: &Query) -> Result<PageOf<IssueHead>, JiraError> {
        let token = self.token.as_deref();
        let request = cloud::search(&query.jql, query.fields(), query.page_size, &query.reconcile, token);
        let page: SearchPage = transport.json(&request).await?;
        let line = transport.line(&request);
        let rows = heads(page.issues, &line)?;
        let next_token = page.next_page_token.filter(|token| !token.is_empty());
        let is_last = match (page.is_last, next_token) {
            (Some(true), _) | (None, None) => true,
            (Some(false), None) => {
                return Err(JiraError::BadAnswer {
                    request: line,
                    path: "nextPageToken".to_owned(),
                    reason: "the page says that it is not the last one and names no next one".to_owned(),
                });
            }
            (_, Some(next)) => {
                if !self.seen.insert(next.clone()) {
                    return Err(JiraError::RepeatedToken {
                        request: line,
                        what: "page token",
                    });
                }
                self.token = Some(next);
                false
            }
        };
        Ok(PageOf { rows, is_last })
    }
}

/// A page with rows that were not given before; going back to find the place may take several requests.
async fn offset_page(
    rows: &mut OffsetRows,
    transport: &Transport,
    query: &Query,
) -> Result<PageOf<IssueHead>, JiraError> {
    loop {
        let (fields, size) = (query.fields(), query.page_size);
        let class = EndpointClass::Search;
        let request = data_center::search(class, &query.jql, fields, rows.start_at(), size, query.validate);
        let page: SearchPage = transport.json(&request).await?;
        let line = transport.line(&request);
        let heads = heads(page.issues, &line)?;
        let ids: Vec<u64> = heads.iter().map(|head| head.id).collect();
        let end = rows.start_at() + ids.len() as u64;
        match rows.take(&ids, page.total.map(|total| end < total), page.start_at) {
            Step::Rows { news, is_last } => {
                let rows = news.into_iter().map(|at| heads[at].clone()).collect();
                return Ok(PageOf { rows, is_last });
            }
            Step::Back => tracing::debug!(start_at = rows.start_at(), "rows moved during a listing, going back"),
            Step::Fault(reason) => {
                return Err(JiraError::BadAnswer {
                    request: line,
                    path: "startAt".to_owned(),
                    reason: reason.to_owned(),
                });
            }
        }
    }
}

fn heads(rows: Vec<IssueRow>, request: &RequestLine) -> Result<Vec<IssueHead>, JiraError> {
    rows.into_iter()
        .enumerate()
        .map(|(index, row)| head(index, row, request))
        .collect()
}

fn head(index: usize, row: IssueRow, request: &RequestLine) -> Result<IssueHead, JiraError> {
    let id = row.id.ok_or_else(|| JiraError::BadAnswer {
        request: request.clone(),
        path: format!("issues[{index}].id"),
        reason: "an issue without a readable id".to_owned(),
    })?;
    let updated = row
        .fields
        .as_ref()
        .and_then(|fields| fields.get("updated")?.as_str())
        .and_then(parse_timestamp);
    Ok(IssueHead { id, updated })
}
