//! Whether an index holds what Jira shows: every `_id`, the number of each kind, and the versions of what just changed.
//!
//! The contents of documents are compared by the functional tests, not here.

use std::collections::HashMap;

use anyhow::Context as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::elastic::Elastic;
use crate::jira::Jira;

/// Finds faults of the index; nothing when it is right. `changed` are keys of issues that changed before the sync.
pub(crate) async fn complaints(
    elastic: &Elastic,
    jira: &Jira,
    index: &str,
    changed: &[String],
) -> anyhow::Result<Vec<String>> {
    let mut ids = Vec::new();
    let mut versions = HashMap::new();
    let (mut projects, mut attachments) = (0, 0);
    elastic
        .scan(index, Some(&["Key", "Project.id", "_timestamp"]), |id, source| {
            match source["Key"].as_str() {
                None => attachments += 1,
                Some(_) if source["Project"].is_object() => projects += 1,
                Some(key) => {
                    versions.insert(key.to_owned(), source["_timestamp"].clone());
                }
            }
            ids.push(id);
            Ok(())
        })
        .await?;
    let model = jira.model().await?;
    let mut complaints = Vec::new();
    let mut compare = |what: &str, indexed: usize, expected: usize| {
        if indexed != expected {
            complaints.push(format!("{indexed} {what} are indexed, {expected} are in Jira"));
        }
    };
    compare("projects", projects, model.projects);
    compare("issues", versions.len(), model.issues);
    compare("attachments", attachments, model.attachments);
    if digest(ids) != model.ids_sha256 {
        complaints.push("the digest of all ids differs from that of Jira".to_owned());
    }
    for (key, updated) in updated(jira, changed).await? {
        if versions.get(&key) != Some(&updated) {
            let indexed = versions.get(&key);
            complaints.push(format!("{key} changed at {updated} and is indexed as of {indexed:?}"));
        }
    }
    Ok(complaints)
}

/// Documents without access tokens, where all must carry some. What users find is compared by the functional tests.
pub(crate) async fn unguarded(elastic: &Elastic, index: &str) -> anyhow::Result<Vec<String>> {
    let mut complaints = Vec::new();
    elastic
        .scan(index, Some(&["_allow_access_control"]), |id, source| {
            let tokens = source["_allow_access_control"].as_array();
            if tokens.is_none_or(Vec::is_empty) {
                complaints.push(format!("{id} says nothing about its readers"));
            }
            Ok(())
        })
        .await?;
    complaints.truncate(5);
    Ok(complaints)
}

/// When these issues changed, by their keys.
async fn updated(jira: &Jira, keys: &[String]) -> anyhow::Result<Vec<(String, Value)>> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let wanted = json!({ "issueIdsOrKeys": keys, "fields": ["updated"] });
    let answer = jira.rest("issue/bulkfetch", &wanted).await?;
    let issues = answer["issues"].as_array().context("bulkfetch without issues")?;
    let read = |issue: &Value| Some((issue["key"].as_str()?.to_owned(), issue["fields"]["updated"].clone()));
    issues
        .iter()
        .map(|issue| read(issue).context("an issue without a key"))
        .collect()
}

fn digest(mut ids: Vec<String>) -> String {
    ids.sort_unstable();
    let mut digest = Sha256::new();
    for id in &ids {
        digest.update(id.as_bytes());
        digest.update(b"\n");
    }
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_depends_on_the_ids_and_not_on_their_order() {
        let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        assert_eq!(digest(ids(&["b", "a"])), digest(ids(&["a", "b"])));
        assert_ne!(digest(ids(&["ab"])), digest(ids(&["a", "b"])));
    }
}
