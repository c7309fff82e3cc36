//! A node in memory, for tests: as much of Elasticsearch as the writing side asks for, answered by evaluating the
//! queries rather than by prepared answers. So a query that selects too much or too little is noticed without a cluster.
//!
//! It knows no analysis of texts; the functional tests ask a real node.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use elastic_client::ElasticClient;
use parking_lot::Mutex;
use serde_json::{Map, Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::bulk_answers::client_of;

/// An index: its settings, mappings, and documents by `_id` with their sequence numbers.
#[derive(Debug, Default, Clone)]
pub(super) struct Index {
    pub(super) settings: Value,
    pub(super) mappings: Value,
    pub(super) documents: BTreeMap<String, (u64, Value)>,
}

/// Everything that the node holds.
#[derive(Debug, Default)]
pub(super) struct Held {
    pub(super) indices: BTreeMap<String, Index>,
    pub(super) aliases: HashMap<String, Vec<String>>,
    /// What a template gives to each new index.
    pub(super) template: Value,
    pub(super) keys: Vec<Value>,
    /// `METHOD /path`, with the type of the error that answers it.
    pub(super) refused: HashMap<String, &'static str>,
    /// So many items are refused because somebody else wrote.
    pub(super) conflicts: usize,
    /// Members of `_meta` that somebody else writes right after us.
    pub(super) overwritten: Option<Value>,
    /// What an ingest pipeline makes of any document.
    pub(super) ingested: Value,
    /// The ids of each bulk request.
    pub(super) batches: Vec<Vec<String>>,
    /// Every request as `METHOD /path`.
    pub(super) log: Vec<String>,
    writes: u64,
}

/// The node, and a client that reaches it.
pub(super) struct MiniNode {
    pub(super) client: ElasticClient,
    pub(super) held: Arc<Mutex<Held>>,
    _server: MockServer,
}

impl MiniNode {
    /// An empty node.
    pub(super) async fn start() -> Self {
        let server = MockServer::start().await;
        let held: Arc<Mutex<Held>> = Arc::default();
        let answering = Arc::clone(&held);
        let answer = move |request: &Request| {
            let (status, body) = answering.lock().answer(request);
            ResponseTemplate::new(status).set_body_json(body)
        };
        Mock::given(any()).respond_with(answer).mount(&server).await;
        Self {
            client: client_of(&server),
            held,
            _server: server,
        }
    }

    /// Puts a document there.
    pub(super) fn put(&self, index: &str, id: &str, source: Value) {
        let mut held = self.held.lock();
        held.writes += 1;
        let written = held.writes;
        let index = held.indices.entry(index.to_owned()).or_default();
        index.documents.insert(id.to_owned(), (written, source));
    }

    /// A document as it is there.
    pub(super) fn source(&self, index: &str, id: &str) -> Value {
        let held = self.held.lock();
        held.indices[index]
            .documents
            .get(id)
            .map_or(Value::Null, |(_, source)| source.clone())
    }

    /// How often a request came.
    pub(super) fn asked(&self, request: &str) -> usize {
        self.held.lock().log.iter().filter(|line| *line == request).count()
    }
}

fn error(status: u16, kind: &str) -> (u16, Value) {
    (
        status,
        json!({ "error": { "type": kind, "reason": "refused by the test" }, "status": status }),
    )
}

impl Held {
    fn answer(&mut self, request: &Request) -> (u16, Value) {
        let line = format!("{} {}", request.method, request.url.path());
        self.log.push(line.clone());
        if let Some(kind) = self.refused.get(&line) {
            let status = if kind.starts_with("security") { 403 } else { 400 };
            return error(status, kind);
        }
        let parts: Vec<&str> = request.url.path().trim_matches('/').split('/').collect();
        let body: Value = request.body_json().unwrap_or_default();
        let shards = json!({ "total": 1, "successful": 1, "skipped": 0, "failed": 0 });
        match (request.method.as_str(), parts.as_slice()) {
            ("GET", ["_security", "api_key"]) => (200, self.listed_keys(request)),
            ("DELETE", ["_security", "api_key"]) => {
                self.keys.retain(|key| body["ids"][0] != key["id"]);
                (200, json!({ "error_count": 0 }))
            }
            ("POST", ["_search"]) => self.search(
                body["pit"]["id"].as_str().unwrap_or_default().to_owned().as_str(),
                &body,
            ),
            ("DELETE", ["_pit"]) => (200, json!({ "succeeded": true, "num_freed": 1 })),
            ("POST", ["_ingest", _, "_simulate"]) => {
                (200, json!({ "docs": [{ "doc": { "_source": self.ingested } }] }))
            }
            ("HEAD", [name]) => (if self.concrete(name).is_empty() { 404 } else { 200 }, Value::Null),
            ("PUT", [name]) => self.create(name, &body),
            (_, [name, ..]) if self.concrete(name).is_empty() => match parts.get(1) {
                Some(&"_doc") => (404, json!({ "found": false })),
                _ => error(404, "index_not_found_exception"),
            },
            ("GET", [name, "_doc", id]) => match self.index(name).documents.get(*id) {
                Some((seq_no, source)) => (
                    200,
                    json!({ "_id": id, "_seq_no": seq_no, "_primary_term": 1, "found": true, "_source": source }),
                ),
                None => (404, json!({ "found": false })),
            },
            ("GET", [name, "_mapping"]) => {
                let all = self.concrete(name).into_iter();
                let all = all.map(|name| (name.clone(), json!({ "mappings": self.indices[&name].mappings })));
                (200, Value::Object(all.collect()))
            }
            ("PUT", [name, part @ ("_mapping" | "_settings")]) => {
                let overwritten = self.overwritten.clone();
                let index = self.index(name);
                let into = if *part == "_mapping" {
                    &mut index.mappings
                } else {
                    &mut index.settings
                };
                merge(into, &body);
                if let Some(theirs) = overwritten {
                    merge(&mut into["_meta"], &theirs);
                }
                (200, json!({ "acknowledged": true }))
            }
            (_, [_, "_refresh"]) => (200, json!({ "_shards": shards })),
            (_, [name, "_count"]) => {
                let count = self.found(name, &body["query"]).len();
                (200, json!({ "count": count, "_shards": shards }))
            }
            (_, [name, "_stats", "docs"]) => {
                let count = self.index(name).documents.len();
                (200, json!({ "_all": { "primaries": { "docs": { "count": count } } } }))
            }
            (_, [name, "_pit"]) => (200, json!({ "id": name })),
            (_, [name, "_search"]) => self.search(name, &body),
            (_, [name, "_mget"]) => {
                let ids = body["ids"].as_array().cloned().unwrap_or_default();
                let documents = &self.index(name).documents;
                let docs = ids
                    .iter()
                    .map(|id| match documents.get(id.as_str().unwrap_or_default()) {
                        Some((_, source)) => json!({ "found": true, "_source": source }),
                        None => json!({ "found": false }),
                    });
                (200, json!({ "docs": docs.collect::<Vec<_>>() }))
            }
            (_, [name, "_bulk"]) => self.bulk(name, &request.body),
            _ => error(400, "unknown_to_the_test"),
        }
    }

    fn concrete(&self, name: &str) -> Vec<String> {
        match self.aliases.get(name) {
            Some(indices) => indices.clone(),
            None => self.indices.keys().filter(|known| *known == name).cloned().collect(),
        }
    }

    fn index(&mut self, name: &str) -> &mut Index {
        let concrete = self.concrete(name).remove(0);
        self.indices.get_mut(&concrete).expect("it was looked for")
    }

    fn create(&mut self, name: &str, body: &Value) -> (u16, Value) {
        if !self.concrete(name).is_empty() {
            return error(400, "resource_already_exists_exception");
        }
        let mut mappings = self.template.clone();
        merge(&mut mappings, &body["mappings"]);
        let index = Index {
            settings: body["settings"].clone(),
            mappings,
            ..Index::default()
        };
        self.indices.insert(name.to_owned(), index);
        (200, json!({ "acknowledged": true }))
    }

    fn listed_keys(&self, request: &Request) -> Value {
        let name = request.url.query_pairs().find(|(name, _)| name == "name");
        let prefix = name
            .map(|(_, value)| value.trim_end_matches('*').to_owned())
            .unwrap_or_default();
        let begins = |key: &&Value| key["name"].as_str().is_some_and(|name| name.starts_with(&prefix));
        json!({ "api_keys": self.keys.iter().filter(begins).collect::<Vec<_>>() })
    }

    fn found(&mut self, name: &str, query: &Value) -> Vec<(String, u64, Value)> {
        let documents = self.index(name).documents.iter();
        let found = documents.filter(|(id, (_, source))| matches(query, id, source));
        found
            .map(|(id, (seq_no, source))| (id.clone(), *seq_no, source.clone()))
            .collect()
    }

    fn search(&mut self, name: &str, body: &Value) -> (u16, Value) {
        let found = self.found(name, &body["query"]);
        let size = body["size"].as_u64().unwrap_or(10) as usize;
        let total = found.len();
        // A scan goes on after its first page, and nothing is left then.
        let page = if body["search_after"].is_null() { size } else { 0 };
        let hits = found.iter().take(page).map(|(id, seq_no, source)| {
            json!({
                "_id": id, "_index": name, "_seq_no": seq_no, "_primary_term": 1, "_source": wanted(source, &body["_source"]),
                "sort": [seq_no],
            })
        });
        let hits: Vec<Value> = hits.collect();
        let terms = &body["aggs"]["tokens"]["terms"];
        let mut answer = json!({
            "timed_out": false, "_shards": { "total": 1, "successful": 1, "skipped": 0, "failed": 0 },
            "hits": { "total": { "value": total, "relation": "eq" }, "hits": hits },
        });
        if let Some(field) = terms["field"].as_str() {
            let pattern = format!("^(?:{})$", terms["include"].as_str().unwrap_or(".*"));
            let pattern = regex::Regex::new(&pattern).expect("a pattern");
            let texts = found.iter().flat_map(|(_, _, source)| values(source, field));
            let mut counts: BTreeMap<String, u64> = BTreeMap::new();
            texts
                .filter(|text| pattern.is_match(text))
                .for_each(|text| *counts.entry(text).or_default() += 1);
            let most = terms["size"].as_u64().unwrap_or(10) as usize;
            let others: u64 = counts.values().skip(most).sum();
            let buckets = counts
                .iter()
                .take(most)
                .map(|(key, count)| json!({ "key": key, "doc_count": count }));
            answer["aggregations"]["tokens"] =
                json!({ "sum_other_doc_count": others, "buckets": buckets.collect::<Vec<_>>() });
        }
        (200, answer)
    }

    fn bulk(&mut self, name: &str, body: &[u8]) -> (u16, Value) {
        let mut lines = body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let (mut items, mut batch) = (Vec::new(), Vec::new());
        while let Some(line) = lines.next() {
            let action: Map<String, Value> = serde_json::from_slice(line).expect("an action");
            let (verb, about) = action.into_iter().next().expect("a verb");
            let id = about["_id"].as_str().expect("an id").to_owned();
            batch.push(id.clone());
            let source = (verb != "delete").then(|| lines.next().expect("a document"));
            let mut source: Value = source.map_or(Value::Null, |line| serde_json::from_slice(line).expect("JSON"));
            let conflict = !about["if_seq_no"].is_null() && self.conflicts > 0;
            self.conflicts -= usize::from(conflict);
            self.writes += 1;
            let written = self.writes;
            let documents = &mut self.index(name).documents;
            let before = documents.get(&id).cloned();
            let seq_no = before.as_ref().map(|(seq_no, _)| *seq_no);
            let stale = !about["if_seq_no"].is_null() && about["if_seq_no"].as_u64() != seq_no;
            let (status, result) = match (verb.as_str(), before) {
                _ if conflict || stale => (409, ""),
                ("delete" | "update", None) => (404, "not_found"),
                ("delete", Some(_)) => {
                    documents.remove(&id);
                    (200, "deleted")
                }
                ("update", Some((_, mut stored))) => {
                    merge(&mut stored, &source["doc"].take());
                    documents.insert(id.clone(), (written, stored));
                    (200, "updated")
                }
                (_, before) => {
                    documents.insert(id.clone(), (written, source));
                    (if before.is_some() { 200 } else { 201 }, "created")
                }
            };
            let mut item = json!({ "_id": id, "status": status, "result": result });
            if status == 409 {
                item["error"] = json!({ "type": "version_conflict_engine_exception", "reason": "somebody wrote" });
            }
            items.push(json!({ verb: item }));
        }
        self.batches.push(batch);
        (200, json!({ "took": 1, "errors": false, "items": items }))
    }
}

/// Objects member by member, anything else as a whole; `_meta` as a whole too.
fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                match into.get_mut(name).filter(|_| name != "_meta") {
                    Some(known) => merge(known, value),
                    None => drop(into.insert(name.clone(), value.clone())),
                }
            }
        }
        (_, Value::Null) => {}
        (into, from) => *into = from.clone(),
    }
}

fn wanted(source: &Value, fields: &Value) -> Value {
    let Some(fields) = fields.as_array() else {
        return source.clone();
    };
    let members = source.as_object().into_iter().flatten();
    let kept = members.filter(|(name, _)| {
        fields
            .iter()
            .any(|field| field.as_str().unwrap_or_default().split('.').next() == Some(name))
    });
    Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
}

/// The values of a field as texts; a last part that no document has is a sub-field of the mapping.
fn values(source: &Value, path: &str) -> Vec<String> {
    let stem = path
        .strip_suffix(".keyword")
        .or_else(|| path.strip_suffix(".enum"))
        .unwrap_or(path);
    let mut found = vec![source];
    for part in stem.split('.') {
        let members = found.into_iter().map(|value| &value[part]);
        found = members
            .flat_map(|value| value.as_array().map_or_else(|| vec![value], |all| all.iter().collect()))
            .collect();
    }
    let present = found.into_iter().filter(|value| !value.is_null());
    present
        .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        .collect()
}

fn matches(query: &Value, id: &str, source: &Value) -> bool {
    let Some((kind, about)) = query.as_object().and_then(|query| query.iter().next()) else {
        return true;
    };
    let all = |value: &Value| value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let field = about.as_object().and_then(|about| about.iter().next());
    match kind.as_str() {
        "match_all" => true,
        "match_none" => false,
        "ids" => all(&about["values"]).iter().any(|value| value == id),
        "exists" => !values(source, &text(&about["field"])).is_empty(),
        "term" | "terms" => {
            let (name, wanted) = field.expect("a field");
            let wanted: Vec<String> = all(wanted).iter().map(text).collect();
            values(source, name).iter().any(|value| wanted.contains(value))
        }
        "prefix" => {
            let (name, prefix) = field.expect("a field");
            values(source, name)
                .iter()
                .any(|value| value.starts_with(&text(prefix)))
        }
        "bool" => {
            let holds = |part: &Value| matches(part, id, source);
            let clauses = |name: &str| about.get(name).map(all).unwrap_or_default();
            let should = clauses("should");
            clauses("filter").iter().all(holds)
                && !clauses("must_not").iter().any(holds)
                && (should.is_empty() || should.iter().any(holds))
        }
        other => panic!("the test knows no query {other}"),
    }
}
