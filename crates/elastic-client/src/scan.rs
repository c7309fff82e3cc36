//! Reads a whole index through a point in time, page after page, and proves at the end that nothing was left out. It
//! leaves what is kept of the rows to the caller, one page at a time.

use http_kit::Repeat;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::answer::Answer;
use crate::error::ElasticError;
use crate::request::Request;
use crate::search::Completeness;
use crate::transport::Transport;

/// Hits in a page. Elasticsearch gives 10,000 by default, but a page is held in memory as a whole.
const PAGE_SIZE: u64 = 2_000;
/// How long Elasticsearch keeps the point in time after each page.
const KEEP_ALIVE: &str = "10m";

/// A running scan. After an error it only returns errors: a caller cannot take what came so far for the whole.
/// Dropping it early closes the point in time in the background.
pub struct Scan {
    transport: Transport,
    index: String,
    source_fields: Vec<String>,
    query: Option<Value>,
    page_size: u64,
    state: State,
    rows: u64,
    total: Option<u64>,
}

/// The next step of a scan.
#[derive(Debug)]
pub enum ScanNext {
    /// Between 1 and 2,000 documents.
    Page(Vec<ScannedDocument>),
    /// Every document of the index, as it was when the scan began, has been returned.
    End {
        /// Their number.
        rows: u64,
    },
}

/// One document of a scan.
#[derive(Clone, Debug, PartialEq)]
pub struct ScannedDocument {
    /// `_id`.
    pub id: String,
    /// The fields asked for; an empty object when the document has none of them.
    pub source: Value,
}

enum State {
    NotStarted,
    Reading {
        point_in_time: String,
        after: Option<Value>,
    },
    Ended,
    Poisoned {
        reason: String,
    },
}

#[derive(Deserialize)]
struct WirePage {
    #[serde(flatten)]
    completeness: Completeness,
    pit_id: Option<String>,
    // Elasticsearch leaves an object out of a filtered answer when nothing in it passes the filter.
    #[serde(default)]
    hits: WireHits,
}

#[derive(Default, Deserialize)]
struct WireHits {
    total: Option<WireTotal>,
    #[serde(default)]
    hits: Vec<WireHit>,
}

#[derive(Deserialize)]
struct WireTotal {
    value: u64,
}

#[derive(Deserialize)]
struct WireHit {
    #[serde(rename = "_id")]
    id: String,
    #[serde(rename = "_source", default = "empty_object")]
    source: Value,
    sort: Value,
}

fn empty_object() -> Value {
    Value::Object(Map::new())
}

impl Scan {
    pub(crate) fn new(transport: Transport, index: &str, source_fields: &[&str], query: Option<Value>) -> Self {
        Self {
            transport,
            index: index.to_owned(),
            source_fields: source_fields.iter().map(|field| (*field).to_owned()).collect(),
            query,
            page_size: PAGE_SIZE,
            state: State::NotStarted,
            rows: 0,
            total: None,
        }
    }

    /// The next page, or the end. A missing index is [`ElasticError::NotFound`].
    pub async fn next_page(&mut self) -> Result<ScanNext, ElasticError> {
        let result = self.advance().await;
        if let Err(error) = &result
            && !matches!(self.state, State::Poisoned { .. })
        {
            let reason = format!("the scan failed before: {error}");
            let failed = std::mem::replace(&mut self.state, State::Poisoned { reason });
            self.close_in_background(failed);
        }
        result
    }

    async fn advance(&mut self) -> Result<ScanNext, ElasticError> {
        let (point_in_time, after) = match &self.state {
            State::Ended => return Ok(ScanNext::End { rows: self.rows }),
            State::Poisoned { reason } => {
                let request = format!("scan of {}", self.index);
                return Err(ElasticError::PartialAnswer {
                    request,
                    reason: reason.clone(),
                });
            }
            State::NotStarted => {
                let point_in_time = self.open().await?;
                self.state = State::Reading {
                    point_in_time: point_in_time.clone(),
                    after: None,
                };
                (point_in_time, None)
            }
            State::Reading { point_in_time, after } => (point_in_time.clone(), after.clone()),
        };
        let answer = self
            .transport
            .send(self.page_request(&point_in_time, after.as_ref()))
            .await?;
        let page: WirePage = answer.parse()?;
        page.completeness.check(&answer)?;
        if let Some(total) = page.hits.total {
            self.total = Some(total.value);
        }
        // The id may change from page to page; the newest one is to be used and closed.
        let point_in_time = page.pit_id.unwrap_or(point_in_time);
        let Some(last) = page.hits.hits.last() else {
            return self.end(&answer, point_in_time).await;
        };
        self.state = State::Reading {
            point_in_time,
            after: Some(last.sort.clone()),
        };
        self.rows += page.hits.hits.len() as u64;
        let documents = page.hits.hits.into_iter().map(|hit| ScannedDocument {
            id: hit.id,
            source: hit.source,
        });
        Ok(ScanNext::Page(documents.collect()))
    }

    /// Only an empty page ends a scan, and only when as many rows came as the first page announced.
    async fn end(&mut self, answer: &Answer, point_in_time: String) -> Result<ScanNext, ElasticError> {
        match self.total {
            Some(total) if total == self.rows => {
                self.state = State::Ended;
                self.close(&point_in_time).await;
                Ok(ScanNext::End { rows: self.rows })
            }
            Some(total) => Err(ElasticError::PartialAnswer {
                request: answer.request.clone(),
                reason: format!("{} documents were announced, {} came", total, self.rows),
            }),
            None => Err(answer.unexpected("hits.total.value", "a number was expected")),
        }
    }

    async fn open(&self) -> Result<String, ElasticError> {
        let request = Request::post(&[&self.index, "_pit"]).query("keep_alive", KEEP_ALIVE);
        self.transport.send(request).await?.string_field("id")
    }

    fn page_request(&self, point_in_time: &str, after: Option<&Value>) -> Request {
        let mut body = json!({
            "size": self.page_size,
            "pit": { "id": point_in_time, "keep_alive": KEEP_ALIVE },
            "sort": ["_shard_doc"],
            "_source": self.wanted_source(),
            "track_total_hits": after.is_none(),
        });
        if let Some(query) = &self.query {
            body["query"] = query.clone();
        }
        if let Some(after) = after {
            body["search_after"] = after.clone();
        }
        Request::post(&["_search"])
            .query("allow_partial_search_results", "false")
            .query(
                "filter_path",
                "pit_id,timed_out,_shards.total,_shards.failed,hits.total.value,hits.hits._id,hits.hits._source,\
                 hits.hits.sort",
            )
            .json(&body)
    }

    /// To Elasticsearch an empty list of fields means all of them.
    fn wanted_source(&self) -> Value {
        if self.source_fields.is_empty() {
            Value::Bool(false)
        } else {
            json!(self.source_fields)
        }
    }

    async fn close(&self, point_in_time: &str) {
        let request = Request::delete(&["_pit"]).json(&json!({ "id": point_in_time }));
        // Elasticsearch closes it by itself a little later, so a failure here costs nothing but that.
        if let Err(error) = self.transport.send(request.repeat(Repeat::Never)).await {
            tracing::debug!(index.name = %self.index, %error, "point in time was not closed");
        }
    }

    fn close_in_background(&self, state: State) {
        let State::Reading { point_in_time, .. } = state else {
            return;
        };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let request = Request::delete(&["_pit"])
            .json(&json!({ "id": point_in_time }))
            .repeat(Repeat::Never);
        let transport = self.transport.clone();
        runtime.spawn(async move {
            if let Err(error) = transport.send(request).await {
                tracing::debug!(%error, "point in time was not closed");
            }
        });
    }
}

impl Drop for Scan {
    fn drop(&mut self) {
        let state = std::mem::replace(&mut self.state, State::Ended);
        self.close_in_background(state);
    }
}
