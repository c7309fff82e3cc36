//! The index of identities beside a content index, and the content index as far as access tokens are concerned.
//!
//! `access_control` decides about tokens; documents are written through the usual sink.

use std::collections::{BTreeSet, HashMap};

use elastic_client::index_names::identities_of;
use elastic_client::{BulkBody, ElasticClient, ElasticError, ItemOutcome, ScanNext};
use serde_json::{Value, json};
use sync_engine::access_control::{ACCESS_FIELD, ANYONE, NOBODY};
use sync_engine::access_sync::StoredIdentity;
use thiserror::Error;

/// Tokens read in one request; Elasticsearch gives no more.
const MOST_TOKENS: u64 = 65_535;
/// Documents whose tokens are changed in one request.
const REWRITTEN_AT_ONCE: u64 = 1_000;
/// Passes without any change before something else must be wrong.
const FRUITLESS_PASSES: u32 = 5;
/// Values of one `terms` query.
const TERMS_AT_ONCE: usize = 60_000;

/// The reason why access tokens cannot be used in an index.
#[derive(Debug, Error)]
pub enum AccessIndexError {
    /// Elasticsearch refused.
    #[error(transparent)]
    Elasticsearch(#[from] ElasticError),
    /// The field is mapped in a way that no search for exact values works with.
    #[error(
        "index {0} maps {ACCESS_FIELD} as {1}, so nobody could be let through by it and nothing would be hidden safely: \
         make a new index for the connector, or reindex with {ACCESS_FIELD} as keyword"
    )]
    Unmappable(String, String),
    /// More than can be read.
    #[error("the index has more than {MOST_TOKENS} different access tokens that name groups or roles")]
    TooManyTokens,
}

/// A content index and the identities beside it.
#[derive(Debug, Clone)]
pub struct IdentityIndex {
    client: ElasticClient,
    content: String,
    name: String,
}

impl IdentityIndex {
    /// The identities that belong to this content index.
    pub fn new(client: ElasticClient, content_index: &str) -> Self {
        Self {
            client,
            content: content_index.to_owned(),
            name: identities_of(content_index),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Makes it when it is missing. Only what is searched by is mapped: a query may hold anything.
    pub async fn prepare(&self) -> Result<(), ElasticError> {
        let keyword = json!({ "type": "keyword" });
        let definition = json!({
            "mappings": {
                "dynamic": false,
                "properties": {
                    "id": keyword,
                    "_timestamp": { "type": "date", "ignore_malformed": true },
                    "created_at": { "type": "date", "ignore_malformed": true },
                    "identity": { "properties": {
                        "account_id": keyword, "display_name": keyword, "email_address": keyword, "locale": keyword,
                    } },
                },
            },
        });
        let indices = self.client.indices();
        if !indices.exists(&self.name).await? {
            indices.create(&self.name, &definition).await?;
        }
        Ok(())
    }

    /// The name under which the content index can be searched for exact tokens.
    pub async fn access_field(&self) -> Result<String, AccessIndexError> {
        let mapping = self.client.indices().get_mapping(&self.content).await?;
        exact_field(&mapping).ok_or_else(|| {
            let kind = &mapping["properties"][ACCESS_FIELD]["type"];
            AccessIndexError::Unmappable(self.content.clone(), kind.to_string())
        })
    }

    /// Every identity that is there, by `_id`.
    pub async fn stored(&self) -> Result<HashMap<String, StoredIdentity>, ElasticError> {
        self.client.indices().refresh(&self.name).await?;
        let mut scan = self.client.scan(&self.name, &["_timestamp"], None);
        let mut stored = HashMap::new();
        while let ScanNext::Page(page) = scan.next_page().await? {
            stored.extend(page.into_iter().map(|document| {
                let first_written = document.source["_timestamp"].as_str().map(str::to_owned);
                (document.id, StoredIdentity { first_written })
            }));
        }
        Ok(stored)
    }

    /// One identity, whole.
    pub async fn get(&self, id: &str) -> Result<Option<Value>, ElasticError> {
        self.client.get_document(&self.name, id).await
    }

    /// The tokens of the content index that match a regular expression.
    pub async fn tokens(&self, field: &str, pattern: &str) -> Result<Vec<String>, AccessIndexError> {
        self.client.indices().refresh(&self.content).await?;
        let body = json!({
            "size": 0,
            "aggs": { "tokens": { "terms": { "field": field, "include": pattern, "size": MOST_TOKENS } } },
        });
        let answer = self.client.search(&self.content, &body).await?;
        let tokens = &answer.aggregations["tokens"];
        if tokens["sum_other_doc_count"].as_u64() != Some(0) {
            return Err(AccessIndexError::TooManyTokens);
        }
        let buckets = tokens["buckets"].as_array().into_iter().flatten();
        Ok(buckets
            .filter_map(|bucket| bucket["key"].as_str().map(str::to_owned))
            .collect())
    }

    /// Brings the mark of public documents up to date: those with one of the tokens `public` have it, no others do.
    /// Nothing but the access field is touched. Returns how many documents changed.
    pub async fn mark_public(&self, field: &str, public: &BTreeSet<String>) -> Result<u64, ElasticError> {
        let is_marked = json!({ "term": { field: ANYONE } });
        let mut changed = 0;
        for some in chunks(public) {
            let unmarked = json!({ "bool": { "filter": [{ "terms": { field: some } }], "must_not": [&is_marked] } });
            changed += self
                .rewrite(&unmarked, |tokens| tokens.extend([ANYONE.to_owned()]))
                .await?;
        }
        let still_public: Vec<Value> = chunks(public).map(|some| json!({ "terms": { field: some } })).collect();
        let wrongly = json!({ "bool": { "filter": [is_marked], "must_not": still_public } });
        let unmark = |tokens: &mut BTreeSet<String>| tokens.retain(|token| token != ANYONE);
        Ok(changed + self.rewrite(&wrongly, unmark).await?)
    }

    /// Gives documents without any tokens to nobody, until a content sync says who may see them: the query that Elastic
    /// documents would show them to everybody. Returns how many there were.
    pub async fn deny_unmarked(&self, field: &str) -> Result<u64, ElasticError> {
        let unmarked = json!({ "bool": { "must_not": [{ "exists": { "field": field } }] } });
        self.rewrite(&unmarked, |_| {}).await
    }

    /// Changes the tokens of every document that a query finds, until it finds none. A document that somebody writes at
    /// the same moment keeps what they wrote, and is looked at again.
    async fn rewrite(&self, query: &Value, change: impl Fn(&mut BTreeSet<String>)) -> Result<u64, ElasticError> {
        let (mut changed, mut fruitless) = (0, 0);
        while fruitless < FRUITLESS_PASSES {
            self.client.indices().refresh(&self.content).await?;
            let body = json!({ "size": REWRITTEN_AT_ONCE, "query": query, "_source": [ACCESS_FIELD] });
            let found = self.client.search(&self.content, &body).await?.hits;
            if found.is_empty() {
                return Ok(changed);
            }
            let mut updates = BulkBody::default();
            for hit in &found {
                let listed = hit.source[ACCESS_FIELD].as_array().into_iter().flatten();
                let mut tokens: BTreeSet<String> = listed.filter_map(Value::as_str).map(str::to_owned).collect();
                change(&mut tokens);
                if tokens.is_empty() {
                    tokens.insert(NOBODY.to_owned());
                }
                let doc = json!({ ACCESS_FIELD: tokens });
                updates.update_if_unchanged(&hit.id, (hit.seq_no, hit.primary_term), &doc)?;
            }
            let answer = self.client.bulk(&updates.into_request(&self.content, None)).await?;
            let applied = answer
                .items
                .iter()
                .filter(|item| item.outcome() == ItemOutcome::Applied)
                .count();
            changed += applied as u64;
            fruitless = if applied == 0 { fruitless + 1 } else { 0 };
        }
        Err(ElasticError::PartialAnswer {
            request: format!("changing access tokens in {}", self.content),
            reason: format!("no document could be changed in {FRUITLESS_PASSES} passes"),
        })
    }

    /// Counts the documents of the content index with one of these tokens, and none that begins with `without`.
    pub async fn count(
        &self,
        field: &str,
        tokens: &BTreeSet<String>,
        without: Option<&str>,
    ) -> Result<u64, ElasticError> {
        if tokens.is_empty() {
            return Ok(0);
        }
        let mut query = with_any(field, tokens);
        if let Some(prefix) = without {
            query["must_not"] = json!([{ "prefix": { field: prefix } }]);
        }
        let query = json!({ "bool": query });
        self.client.indices().count(&self.content, Some(&query)).await
    }
}

fn with_any(field: &str, tokens: &BTreeSet<String>) -> Value {
    let any: Vec<Value> = chunks(tokens).map(|some| json!({ "terms": { field: some } })).collect();
    json!({ "should": any, "minimum_should_match": 1 })
}

fn chunks(tokens: &BTreeSet<String>) -> impl Iterator<Item = Vec<&String>> {
    let all: Vec<&String> = tokens.iter().collect();
    let count = all.len().div_ceil(TERMS_AT_ONCE);
    (0..count).map(move |at| all[at * TERMS_AT_ONCE..all.len().min((at + 1) * TERMS_AT_ONCE)].to_vec())
}

/// The access field itself, or a part of it that keeps whole values; one without a limit of length before others, since
/// what is longer than the limit is found by nobody.
fn exact_field(mapping: &Value) -> Option<String> {
    let field = &mapping["properties"][ACCESS_FIELD];
    let exact = |field: &Value| field["type"] == "keyword" && field["index"] != false;
    if exact(field) && field["ignore_above"].is_null() {
        return Some(ACCESS_FIELD.to_owned());
    }
    let parts = field["fields"].as_object();
    let mut parts: Vec<(&String, &Value)> = parts.into_iter().flatten().filter(|(_, part)| exact(part)).collect();
    parts.sort_by_key(|(_, part)| !part["ignore_above"].is_null());
    let part = parts.first().map(|(name, _)| format!("{ACCESS_FIELD}.{name}"));
    part.or_else(|| exact(field).then(|| ACCESS_FIELD.to_owned()))
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case(json!({"type": "keyword"}) => Some("_allow_access_control".into()))]
    #[test_case(json!({"type": "text", "fields": {"keyword": {"type": "keyword", "ignore_above": 256}}}) => Some("_allow_access_control.keyword".into()))]
    #[test_case(json!({"type": "text", "fields": {"enum": {"type": "keyword"}, "a": {"type": "keyword", "ignore_above": 9}}}) => Some("_allow_access_control.enum".into()))]
    #[test_case(json!({"type": "text"}) => None; "words only")]
    #[test_case(json!(null) => None; "not mapped")]
    fn exact_forms(field: Value) -> Option<String> {
        exact_field(&json!({ "properties": { ACCESS_FIELD: field } }))
    }
}
