//! Answers of `_search`, checked for completeness. It leaves paging over whole indices to `scan.rs`.

use serde::Deserialize;
use serde_json::Value;

use crate::answer::Answer;
use crate::error::ElasticError;

/// A complete answer: a search that timed out or missed a shard is an error instead.
#[derive(Clone, Debug)]
pub struct SearchResponse {
    /// The hits asked for, in the order asked for.
    pub hits: Vec<Hit>,
    /// The number of matching documents; `None` when `track_total_hits` was switched off.
    pub total: Option<u64>,
    /// False when `total` is a lower bound, because counting stopped (at 10,000 unless told otherwise).
    pub total_is_exact: bool,
    /// `aggregations`, or null.
    pub aggregations: Value,
}

/// One document found.
#[derive(Clone, Debug)]
pub struct Hit {
    /// `_id`.
    pub id: String,
    /// The concrete index, where an alias or several were searched.
    pub index: String,
    /// `_source`, as far as it was asked for; null when it was not.
    pub source: Value,
    /// `_seq_no`, for a conditional update.
    pub seq_no: u64,
    /// `_primary_term`, for a conditional update.
    pub primary_term: u64,
    /// The values the hit was sorted by.
    pub sort: Vec<Value>,
}

#[derive(Deserialize)]
struct WireAnswer {
    #[serde(flatten)]
    completeness: Completeness,
    hits: WireHits,
    #[serde(default)]
    aggregations: Value,
}

#[derive(Deserialize)]
struct WireHits {
    total: Option<WireTotal>,
    hits: Vec<WireHit>,
}

#[derive(Deserialize)]
struct WireTotal {
    value: u64,
    relation: String,
}

#[derive(Deserialize)]
struct WireHit {
    #[serde(rename = "_id")]
    id: String,
    #[serde(rename = "_index", default)]
    index: String,
    #[serde(rename = "_source", default)]
    source: Value,
    #[serde(rename = "_seq_no")]
    seq_no: u64,
    #[serde(rename = "_primary_term")]
    primary_term: u64,
    #[serde(default)]
    sort: Vec<Value>,
}

/// The members that tell whether a search saw everything. Both must be there: an answer without them proves nothing.
#[derive(Debug, Deserialize)]
pub(crate) struct Completeness {
    timed_out: bool,
    #[serde(rename = "_shards")]
    shards: ShardCounts,
}

/// `_shards`, as searches, counts and refreshes report it.
#[derive(Debug, Deserialize)]
pub(crate) struct ShardCounts {
    total: u64,
    failed: u64,
}

impl Completeness {
    pub(crate) fn check(&self, answer: &Answer) -> Result<(), ElasticError> {
        if self.timed_out {
            let reason = "the search ran out of time".to_owned();
            return Err(ElasticError::PartialAnswer {
                request: answer.request.clone(),
                reason,
            });
        }
        self.shards.check(answer)
    }
}

impl ShardCounts {
    pub(crate) fn check(&self, answer: &Answer) -> Result<(), ElasticError> {
        if self.failed == 0 {
            return Ok(());
        }
        let reason = format!("{} of {} shards failed", self.failed, self.total);
        Err(ElasticError::PartialAnswer {
            request: answer.request.clone(),
            reason,
        })
    }
}

impl SearchResponse {
    pub(crate) fn read(answer: &Answer) -> Result<Self, ElasticError> {
        let wire: WireAnswer = answer.parse()?;
        wire.completeness.check(answer)?;
        let hits = wire.hits.hits.into_iter().map(|hit| Hit {
            id: hit.id,
            index: hit.index,
            source: hit.source,
            seq_no: hit.seq_no,
            primary_term: hit.primary_term,
            sort: hit.sort,
        });
        Ok(Self {
            hits: hits.collect(),
            total: wire.hits.total.as_ref().map(|total| total.value),
            total_is_exact: wire.hits.total.is_some_and(|total| total.relation == "eq"),
            aggregations: wire.aggregations,
        })
    }
}
