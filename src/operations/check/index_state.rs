//! Looks at the state of a content index, and whose it is: privileges alone do not make it writable.

use elastic_client::ElasticClient;
use serde_json::Value;

use super::findings::Findings;
use crate::inbound::sink::{Claimant, ContentIndex, Ownership};

/// Names what keeps documents out of the index, each with its cure.
pub(super) async fn index_state(client: &ElasticClient, index: &str, subject: &str, findings: &mut Findings) {
    if index.starts_with('.') {
        let text = format!("{index} is a reserved name: attach an index without a leading dot, such as search-jira");
        findings.add(subject, Err(text));
        return;
    }
    match client.indices().exists(index).await {
        Ok(true) => {}
        Ok(false) => {
            findings.warn(subject, format!("{index} does not exist yet; the first sync makes it"));
            return;
        }
        Err(error) => {
            findings.add(subject, Err(error.to_string()));
            return;
        }
    }
    let settings = client.indices().get_settings(index).await;
    let mapping = client.indices().get_mapping(index).await;
    let problems = settings.and_then(|settings| Ok(problems(index, &settings, &mapping?)));
    match problems {
        Ok(problems) if problems.is_empty() => {}
        Ok(problems) => {
            findings.add(subject, Err(problems.join("; ")));
        }
        Err(error) => findings.warn(subject, format!("the state of {index} cannot be told: {error}")),
    }
}

/// Says whose the index is; `of` are the connector and the name of the index.
pub(super) async fn index_owner(
    records: &ElasticClient,
    own: &ElasticClient,
    of: (&str, &str),
    subject: &str,
    findings: &mut Findings,
) {
    let (connector, index) = of;
    let content = ContentIndex::new(own, index);
    match content.ownership(Claimant::new(records, connector)).await {
        Ok(Ownership::Ours) => {
            findings.add(subject, Ok(format!("{index} belongs to this connector")));
        }
        Ok(Ownership::Free) => {
            findings.add(
                subject,
                Ok(format!(
                    "{index} belongs to no connector yet; the next sync notes this one"
                )),
            );
        }
        Ok(Ownership::Abandoned(owner)) => findings.warn(
            subject,
            format!(
                "{index} belonged to connector {owner}, which does not exist any more; the next sync takes it over"
            ),
        ),
        Err(error) => {
            findings.add(subject, Err(error.to_string()));
        }
    }
}

fn problems(index: &str, settings: &Value, mapping: &Value) -> Vec<String> {
    let settings = settings.get("index").unwrap_or(settings);
    let is_set = |value: &Value| value == &Value::Bool(true) || value == "true";
    let mut problems = Vec::new();
    if is_set(&settings["verified_before_close"]) {
        problems.push(format!("{index} is closed: open it with POST /{index}/_open"));
    }
    let blocks = &settings["blocks"];
    if is_set(&blocks["read_only_allow_delete"]) {
        problems.push(format!(
            "{index} is blocked (read_only_allow_delete): a disk is past the flood-stage watermark. Free space or add \
             nodes; Elasticsearch then lifts the block itself"
        ));
    }
    for block in ["write", "read_only", "read", "metadata"] {
        if is_set(&blocks[block]) {
            problems.push(format!(
                "{index} is blocked ({block}): lift it with PUT /{index}/_settings {{\"index.blocks.{block}\": false}}"
            ));
        }
    }
    if mapping["dynamic"] == "strict" {
        problems.push(format!(
            "{index} takes no new fields (dynamic: strict), and Jira has many: change it with PUT /{index}/_mapping \
             {{\"dynamic\": true}}, or let the connector make a new index"
        ));
    }
    problems
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use test_case::test_case;

    use super::*;

    #[test_case(json!({"verified_before_close": "true"}), json!({}), "_open"; "closed")]
    #[test_case(json!({"blocks": {"read_only_allow_delete": "true"}}), json!({}), "flood-stage"; "disk full")]
    #[test_case(json!({"blocks": {"write": "true"}}), json!({}), "index.blocks.write"; "write block")]
    #[test_case(json!({}), json!({"dynamic": "strict"}), "dynamic: strict"; "strict")]
    fn what_keeps_documents_out_is_named_with_its_cure(settings: Value, mapping: Value, says: &str) {
        for settings in [settings.clone(), json!({ "index": settings })] {
            let found = problems("search-jira", &settings, &mapping);
            assert!(found.len() == 1 && found[0].contains(says), "{found:?}");
        }
    }

    #[test]
    fn an_open_index_has_no_problem() {
        let settings = json!({ "index": { "blocks": { "write": "false" }, "number_of_replicas": "1" } });
        assert_eq!(
            problems("search-jira", &settings, &json!({ "dynamic": "true" })),
            Vec::<String>::new()
        );
    }
}
