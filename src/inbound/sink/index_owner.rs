//! Whose documents an index holds: those of one connector, which is noted in the mapping's `_meta`. A second connector
//! would take the documents of the first for leftovers of its own and remove them.
//!
//! Elasticsearch cannot change a mapping on condition. So an index without an owner goes only to a connector whose record
//! is the only one that names the index: of two that come at once, at most one gets it. When the owner may change, and
//! whether its jobs stand still, is left to `operations`.

use elastic_client::index_names::CONNECTORS_ALIAS;
use elastic_client::{ElasticClient, ElasticError};
use serde_json::{Map, Value, json};
use thiserror::Error;
use tracing::{info, warn};

use super::content_index::ContentIndex;

/// The member of `_meta` that holds the owner's id.
const OWNER: &str = "connector_id";

/// A connector that wants to write to an index.
#[derive(Debug, Clone, Copy)]
pub struct Claimant<'a> {
    records: &'a ElasticClient,
    id: &'a str,
}

impl<'a> Claimant<'a> {
    /// The connector of this id; `records` reads the records of all.
    pub fn new(records: &'a ElasticClient, id: &'a str) -> Self {
        Self { records, id }
    }
}

/// What an index that may be written to says about its owner.
#[derive(Debug, PartialEq, Eq)]
pub enum Ownership {
    /// It is the claimant's.
    Ours,
    /// It was never noted whose it is: Elastic's connector filled it, or nobody yet.
    Free,
    /// It belonged to a connector that does not exist any more.
    Abandoned(String),
}

/// The reason why a connector may neither write to an index nor delete in it.
#[derive(Debug, Error)]
pub enum OwnerError {
    /// A request failed.
    #[error(transparent)]
    Elasticsearch(#[from] ElasticError),
    /// It is another's.
    #[error(
        "index {index} belongs to connector {owner}, and this is connector {claimant}: each would remove the documents of \
         the other. Give connector {claimant} an index of its own, or hand this one over with `jira-connector connector \
         configure --connector-id {claimant} --take-over-index`"
    )]
    Foreign {
        /// The index.
        index: String,
        /// The connector that it belongs to.
        owner: String,
        /// The connector that was refused.
        claimant: String,
    },
    /// It is nobody's, and several want it.
    #[error(
        "index {index} belongs to no connector yet, and connector {claimant} is not the only one whose record names it \
         (also: {}): each would remove the documents of the other. Give all but one an index of their own, or say whose it \
         is with `jira-connector connector configure --connector-id ID --take-over-index`",
        .others.join(", ")
    )]
    Disputed {
        /// The index.
        index: String,
        /// The connector that was refused.
        claimant: String,
        /// The other connectors.
        others: Vec<String>,
    },
}

impl ContentIndex<'_> {
    /// Looks whether a connector may write to the index, which may not exist yet. Nothing is changed.
    pub async fn ownership(&self, claimant: Claimant<'_>) -> Result<Ownership, OwnerError> {
        let mut found = Ownership::Ours;
        for (concrete, mappings) in self.existing_mappings().await? {
            match self.judge(&concrete, &mappings, claimant).await? {
                Ownership::Ours => {}
                other => found = other,
            }
        }
        Ok(found)
    }

    /// Makes the index the claimant's, unless it is another's. Returns what is to be noted in the job's record.
    pub(super) async fn claim(
        &self,
        concrete: &str,
        mappings: &Value,
        claimant: Claimant<'_>,
    ) -> Result<Option<String>, OwnerError> {
        let before = self.judge(concrete, mappings, claimant).await?;
        if before == Ownership::Ours {
            return Ok(None);
        }
        match self.put_owner(mappings, claimant.id).await {
            Ok(()) => {}
            // Such a key is enough for a sync, and whoever else names the index is refused as long as both do.
            Err(error @ (ElasticError::Forbidden { .. } | ElasticError::BadRequest { .. })) => {
                let what = "the owner could not be noted in the index, so another connector may take it";
                warn!(error = %error, "{what}");
                return Ok(Some(format!("{what}: {error}")));
            }
            Err(error) => return Err(error.into()),
        }
        // Whoever wrote last has it.
        for (_, mappings) in self.client.indices().get_mappings(self.name).await? {
            if let Some(owner) = owner_in(&mappings).filter(|owner| owner != claimant.id) {
                return Err(self.foreign(owner, claimant));
            }
        }
        info!(
            index.name = self.name,
            connector.id = claimant.id,
            "the index is the connector's now"
        );
        Ok(match before {
            Ownership::Abandoned(owner) => Some(format!(
                "index {} belonged to connector {owner}, which does not exist any more; it is this connector's now",
                self.name
            )),
            Ownership::Ours | Ownership::Free => None,
        })
    }

    /// Makes the index a connector's, whosever it was.
    pub async fn take_over(&self, connector_id: &str) -> Result<(), ElasticError> {
        let mappings = self.client.indices().get_mapping(self.name).await?;
        match owner_in(&mappings) {
            Some(owner) if owner == connector_id => Ok(()),
            _ => self.put_owner(&mappings, connector_id).await,
        }
    }

    /// The connector that the index is noted to belong to, whether or not that still exists.
    pub async fn owner(&self) -> Result<Option<String>, ElasticError> {
        let all = self.existing_mappings().await?;
        Ok(all.iter().find_map(|(_, mappings)| owner_in(mappings)))
    }

    async fn existing_mappings(&self) -> Result<Vec<(String, Value)>, ElasticError> {
        match self.client.indices().get_mappings(self.name).await {
            Err(ElasticError::NotFound { .. }) => Ok(Vec::new()),
            answer => answer,
        }
    }

    async fn judge(&self, concrete: &str, mappings: &Value, claimant: Claimant<'_>) -> Result<Ownership, OwnerError> {
        let connectors = claimant.records.connectors();
        let owner = owner_in(mappings);
        match &owner {
            Some(owner) if owner == claimant.id => return Ok(Ownership::Ours),
            Some(owner) if connectors.get(owner).await?.is_some() => {
                return Err(self.foreign(owner.clone(), claimant));
            }
            Some(_) | None => {}
        }
        match claimant.records.indices().refresh(CONNECTORS_ALIAS).await {
            // Without the privilege, or before there is any connector, the list is as of the last refresh.
            Ok(()) | Err(ElasticError::Forbidden { .. } | ElasticError::NotFound { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        let names_it = |name: &Option<String>| {
            name.as_deref()
                .is_some_and(|name| name == self.name || name == concrete)
        };
        let others = connectors.list().await?.into_iter();
        let others: Vec<String> = others
            .filter(|other| other.id != claimant.id && names_it(&other.value.index_name))
            .map(|other| other.id)
            .collect();
        match (others.is_empty(), owner) {
            (true, None) => Ok(Ownership::Free),
            (true, Some(owner)) => Ok(Ownership::Abandoned(owner)),
            (false, _) => Err(OwnerError::Disputed {
                index: self.name.to_owned(),
                claimant: claimant.id.to_owned(),
                others,
            }),
        }
    }

    /// `_meta` is replaced as a whole, so what others noted there goes along.
    async fn put_owner(&self, mappings: &Value, connector_id: &str) -> Result<(), ElasticError> {
        let mut meta: Map<String, Value> = mappings["_meta"].as_object().cloned().unwrap_or_default();
        meta.insert(OWNER.to_owned(), connector_id.into());
        let indices = self.client.indices();
        indices.put_mapping(self.name, &json!({ "_meta": meta })).await
    }

    fn foreign(&self, owner: String, claimant: Claimant<'_>) -> OwnerError {
        OwnerError::Foreign {
            index: self.name.to_owned(),
            owner,
            claimant: claimant.id.to_owned(),
        }
    }
}

fn owner_in(mappings: &Value) -> Option<String> {
    match &mappings["_meta"][OWNER] {
        Value::Null => None,
        Value::String(owner) => Some(owner.clone()),
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parking_lot::Mutex;
    use pretty_assertions::assert_eq;
    use test_case::test_case;
    use wiremock::matchers::any;
    use wiremock::{Mock, MockServer, Request, ResponseTemplate};

    use super::super::bulk_answers::client_of;
    use super::*;

    /// A cluster with the index `jira-1` behind the alias `jira`, and with connectors by the index that they name.
    struct Cluster {
        _server: MockServer,
        client: ElasticClient,
        meta: Arc<Mutex<Value>>,
    }

    /// `after_put` is what somebody else writes right after us.
    async fn cluster(
        meta: Value,
        connectors: &[(&'static str, &'static str)],
        after_put: Option<&'static str>,
    ) -> Cluster {
        let server = MockServer::start().await;
        let meta = Arc::new(Mutex::new(meta));
        let (stored, connectors) = (Arc::clone(&meta), connectors.to_vec());
        let answer = move |request: &Request| {
            let shards = json!({ "total": 1, "successful": 1, "skipped": 0, "failed": 0 });
            let record = |(id, index): &(&str, &str)| json!({ "_id": id, "_seq_no": 1, "_primary_term": 1, "found": true, "_source": { "index_name": index } });
            let body = match (request.method.as_str(), request.url.path()) {
                ("PUT", "/jira/_mapping") => {
                    let mut put: Value = request.body_json().unwrap();
                    let mut stored = stored.lock();
                    *stored = put["_meta"].take();
                    if let Some(other) = after_put {
                        stored[OWNER] = other.into();
                    }
                    json!({ "acknowledged": true })
                }
                ("GET", "/jira/_mapping") => json!({ "jira-1": { "mappings": { "_meta": *stored.lock() } } }),
                (_, "/.elastic-connectors/_refresh") => json!({ "_shards": shards }),
                (_, "/.elastic-connectors/_search") => {
                    let hits: Vec<Value> = connectors.iter().map(record).collect();
                    let total = json!({ "value": hits.len(), "relation": "eq" });
                    json!({ "timed_out": false, "_shards": shards, "hits": { "total": total, "hits": hits } })
                }
                (_, path) => match connectors.iter().find(|(id, _)| path.ends_with(&format!("/_doc/{id}"))) {
                    Some(known) => record(known),
                    None => return ResponseTemplate::new(404).set_body_json(json!({ "found": false })),
                },
            };
            ResponseTemplate::new(200).set_body_json(body)
        };
        Mock::given(any()).respond_with(answer).mount(&server).await;
        Cluster {
            client: client_of(&server),
            _server: server,
            meta,
        }
    }

    impl Cluster {
        async fn claim(&self) -> Result<Option<String>, OwnerError> {
            let mappings = json!({ "_meta": *self.meta.lock() });
            let claimant = Claimant::new(&self.client, "ours");
            ContentIndex::new(&self.client, "jira")
                .claim("jira-1", &mappings, claimant)
                .await
        }

        async fn looks_as_claiming_does(&self, claimed: &Result<Option<String>, OwnerError>) {
            let index = ContentIndex::new(&self.client, "jira");
            let looked = index.ownership(Claimant::new(&self.client, "ours")).await;
            let text = |error: &OwnerError| error.to_string();
            assert_eq!(looked.as_ref().err().map(text), claimed.as_ref().err().map(text));
        }
    }

    #[test_case(json!({ OWNER: "theirs" }), &[("ours", "jira"), ("theirs", "jira")], "connector theirs"; "the owner names it too")]
    #[test_case(json!({ OWNER: "theirs" }), &[("ours", "jira"), ("theirs", "other")], "connector theirs"; "the owner names another")]
    #[test_case(json!({}), &[("ours", "jira"), ("theirs", "jira")], "also: theirs"; "two at once")]
    #[test_case(json!({}), &[("ours", "jira"), ("theirs", "jira-1")], "also: theirs"; "two at once by alias and index")]
    #[test_case(json!({ OWNER: "gone" }), &[("ours", "jira"), ("theirs", "jira")], "also: theirs"; "two heirs")]
    #[tokio::test]
    async fn a_second_connector_is_refused_and_nothing_is_changed(
        meta: Value,
        connectors: &[(&'static str, &'static str)],
        says: &str,
    ) {
        let cluster = cluster(meta.clone(), connectors, None).await;
        let refused = cluster.claim().await;
        cluster.looks_as_claiming_does(&refused).await;
        let text = refused.unwrap_err().to_string();
        let all = [says, "index jira ", "connector ours", "--take-over-index"];
        assert!(all.iter().all(|part| text.contains(part)), "{text}");
        assert_eq!(*cluster.meta.lock(), meta);
    }

    #[test_case(json!({ "version": 7, "of": { "a": "template" } }), None; "an index of the framework")]
    #[test_case(json!(null), None; "an index without notes")]
    #[test_case(json!({ "version": 7, OWNER: "ours" }), None; "ours already")]
    #[test_case(json!({ "version": 7, OWNER: "gone" }), Some("connector gone, which does not exist any more"); "a deleted one's")]
    #[tokio::test]
    async fn a_free_index_becomes_ours_and_keeps_other_notes(meta: Value, noted: Option<&str>) {
        let cluster = cluster(meta.clone(), &[("ours", "jira"), ("theirs", "jira-2")], None).await;
        let claimed = cluster.claim().await;
        let note = claimed.unwrap();
        assert_eq!(note.is_some(), noted.is_some(), "{note:?}");
        assert!(note.unwrap_or_default().contains(noted.unwrap_or_default()));
        let mut wanted = meta.as_object().cloned().unwrap_or_default();
        wanted.insert(OWNER.to_owned(), "ours".into());
        assert_eq!(*cluster.meta.lock(), Value::Object(wanted));
    }

    #[tokio::test]
    async fn whoever_claims_last_has_the_index() {
        let cluster = cluster(json!({}), &[("ours", "jira")], Some("theirs")).await;
        let refused = cluster.claim().await.unwrap_err();
        assert!(
            matches!(&refused, OwnerError::Foreign { owner, .. } if owner == "theirs"),
            "{refused}"
        );
    }

    #[tokio::test]
    async fn an_index_is_handed_over_whosever_it_was() {
        let cluster = cluster(json!({ "version": 7, OWNER: "theirs" }), &[("theirs", "jira")], None).await;
        let index = ContentIndex::new(&cluster.client, "jira");
        assert_eq!(index.owner().await.unwrap().as_deref(), Some("theirs"));
        index.take_over("ours").await.unwrap();
        assert_eq!(*cluster.meta.lock(), json!({ "version": 7, OWNER: "ours" }));
    }
}
