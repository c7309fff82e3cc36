//! Whose documents an index holds: those of one connector, which is noted in the mapping's `_meta`. A second connector
//! would take the documents of the first for leftovers of its own and remove them.
//!
//! Elasticsearch cannot change a mapping on condition. So an index without an owner goes only to a connector whose record
//! is the only one that names the index: of two that come at once, at most one gets it. When the owner may change, and
//! whether its jobs stand still, is left to `operations`.

use elastic_client::ElasticError;
use elastic_client::index_names::CONNECTORS_ALIAS;
use serde_json::{Map, Value, json};
use tracing::{info, warn};

use super::claimant::{Claimant, OwnerError, Ownership};
use super::content_index::ContentIndex;

/// The member of `_meta` that holds the owner's id.
const OWNER: &str = "connector_id";

impl ContentIndex<'_> {
    /// Looks whether a connector may write to the index, which may not exist yet. Nothing is changed.
    pub async fn ownership(&self, claimant: Claimant<'_>) -> Result<Ownership, OwnerError> {
        let mut found = None;
        for (concrete, mappings) in self.existing_mappings().await? {
            match self.judge(&concrete, &mappings, claimant).await? {
                Ownership::Ours => drop(found.get_or_insert(Ownership::Ours)),
                other => found = Some(other),
            }
        }
        Ok(found.unwrap_or(Ownership::Free))
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
    use pretty_assertions::assert_eq;
    use test_case::test_case;

    use super::super::mini_node::{Index, MiniNode};
    use super::*;

    /// A node with the index `jira-1` behind the alias `jira`, and with connectors by the index that they name.
    async fn cluster(meta: Value, connectors: &[(&str, &str)]) -> MiniNode {
        let node = MiniNode::start().await;
        let mut held = node.held.lock();
        let index = Index {
            mappings: json!({ "_meta": meta }),
            ..Index::default()
        };
        held.indices.insert("jira-1".to_owned(), index);
        held.indices.insert(CONNECTORS_ALIAS.to_owned(), Index::default());
        held.aliases.insert("jira".to_owned(), vec!["jira-1".to_owned()]);
        drop(held);
        for (id, index) in connectors {
            node.put(CONNECTORS_ALIAS, id, json!({ "index_name": index }));
        }
        node
    }

    fn meta(node: &MiniNode) -> Value {
        node.held.lock().indices["jira-1"].mappings["_meta"].clone()
    }

    async fn claim(node: &MiniNode) -> Result<Option<String>, OwnerError> {
        let mappings = json!({ "_meta": meta(node) });
        let index = ContentIndex::new(&node.client, "jira");
        index
            .claim("jira-1", &mappings, Claimant::new(&node.client, "ours"))
            .await
    }

    async fn look(node: &MiniNode) -> Result<Ownership, OwnerError> {
        ContentIndex::new(&node.client, "jira")
            .ownership(Claimant::new(&node.client, "ours"))
            .await
    }

    #[test_case(json!({ OWNER: "theirs" }), &[("ours", "jira"), ("theirs", "jira")], "connector theirs"; "the owner names it too")]
    #[test_case(json!({ OWNER: "theirs" }), &[("ours", "jira"), ("theirs", "other")], "connector theirs"; "the owner names another")]
    #[test_case(json!({}), &[("ours", "jira"), ("theirs", "jira")], "also: theirs"; "two at once")]
    #[test_case(json!({}), &[("ours", "jira"), ("theirs", "jira-1")], "also: theirs"; "two at once by alias and index")]
    #[test_case(json!({ OWNER: "gone" }), &[("ours", "jira"), ("theirs", "jira")], "also: theirs"; "two heirs")]
    #[tokio::test]
    async fn a_second_connector_is_refused_and_nothing_is_changed(
        meta: Value,
        connectors: &[(&str, &str)],
        says: &str,
    ) {
        let node = cluster(meta.clone(), connectors).await;
        let text = claim(&node).await.unwrap_err().to_string();
        let all = [says, "index jira ", "connector ours", "--take-over-index"];
        assert!(all.iter().all(|part| text.contains(part)), "{text}");
        assert_eq!(
            look(&node).await.unwrap_err().to_string(),
            text,
            "looking says the same"
        );
        assert_eq!(self::meta(&node), meta);
    }

    #[test_case(json!({ "version": 7, "of": { "a": "template" } }), Ownership::Free; "an index of the framework")]
    #[test_case(json!(null), Ownership::Free; "an index without notes")]
    #[test_case(json!({ "version": 7, OWNER: "ours" }), Ownership::Ours; "ours already")]
    #[test_case(json!({ "version": 7, OWNER: "gone" }), Ownership::Abandoned("gone".into()); "a deleted one's")]
    #[tokio::test]
    async fn a_free_index_becomes_ours_and_keeps_other_notes(before: Value, wanted: Ownership) {
        let node = cluster(before.clone(), &[("ours", "jira"), ("theirs", "jira-2")]).await;
        assert_eq!(look(&node).await.unwrap(), wanted);
        let note = claim(&node).await.unwrap();
        let says_whose_it_was = note.is_some_and(|note| note.contains("connector gone, which does not exist any more"));
        assert_eq!(says_whose_it_was, matches!(wanted, Ownership::Abandoned(_)));
        let mut after = before.as_object().cloned().unwrap_or_default();
        after.insert(OWNER.to_owned(), "ours".into());
        assert_eq!(meta(&node), Value::Object(after));
        assert_eq!(look(&node).await.unwrap(), Ownership::Ours);
    }

    #[tokio::test]
    async fn whoever_claims_last_has_the_index() {
        let node = cluster(json!({}), &[("ours", "jira")]).await;
        node.held.lock().overwritten = Some(json!({ OWNER: "theirs" }));
        let refused = claim(&node).await.unwrap_err();
        assert!(
            matches!(&refused, OwnerError::Foreign { owner, .. } if owner == "theirs"),
            "{refused}"
        );
    }

    #[tokio::test]
    async fn a_key_that_may_not_change_the_mapping_is_enough_and_that_is_noted() {
        let node = cluster(json!({}), &[("ours", "jira")]).await;
        node.held
            .lock()
            .refused
            .insert("PUT /jira/_mapping".to_owned(), "security_exception");
        let note = claim(&node).await.unwrap().unwrap();
        assert!(note.contains("could not be noted"), "{note}");
    }

    #[test_case("security_exception", true; "no privilege to refresh")]
    #[test_case("mapper_exception", false; "anything else")]
    #[tokio::test]
    async fn who_names_an_index_is_read_as_of_now_where_the_key_may(refused: &'static str, enough: bool) {
        let node = cluster(json!({}), &[("ours", "jira")]).await;
        let refresh = format!("POST /{CONNECTORS_ALIAS}/_refresh");
        assert!(look(&node).await.is_ok());
        assert_eq!(node.asked(&refresh), 1);
        node.held.lock().refused.insert(refresh, refused);
        assert_eq!(look(&node).await.is_ok(), enough);
    }

    #[tokio::test]
    async fn an_index_that_does_not_exist_belongs_to_nobody() {
        let node = MiniNode::start().await;
        assert_eq!(look(&node).await.unwrap(), Ownership::Free);
        assert_eq!(ContentIndex::new(&node.client, "jira").owner().await.unwrap(), None);
    }

    #[tokio::test]
    async fn an_index_is_handed_over_whosever_it_was() {
        let node = cluster(json!({ "version": 7, OWNER: "theirs" }), &[("theirs", "jira")]).await;
        let index = ContentIndex::new(&node.client, "jira");
        assert_eq!(index.owner().await.unwrap().as_deref(), Some("theirs"));
        for _ in 0..2 {
            index.take_over("ours").await.unwrap();
            assert_eq!(meta(&node), json!({ "version": 7, OWNER: "ours" }));
        }
        assert_eq!(
            node.asked("PUT /jira/_mapping"),
            1,
            "what is ours already is left alone"
        );
    }
}
