//! The sub-actions that only read.

use std::collections::BTreeSet;

use futures::stream::{self, StreamExt, TryStreamExt};
use http_kit::NotDone;
use jira_client::{Next, StoredIssue, WritableField};
use serde_json::{Map, Value, json};

use super::answer::{not_done, refused};
use super::push::read;
use super::site::Site;

/// Kibana shows no more.
const MOST_ISSUES: u32 = 50;
const AT_ONCE: usize = 4;

/// Fields that all issue types have in common, as the first type has them.
pub(super) async fn fields(site: &Site) -> Result<Value, NotDone> {
    let types = site.issue_types().await?;
    // Made before they run: a stream over references cannot be sent between threads.
    let asked: Vec<_> = types.iter().map(|one| site.screen(&one.id)).collect();
    let screens: Vec<_> = stream::iter(asked).buffered(AT_ONCE).try_collect().await?;
    let in_all = |id: &str| screens.iter().all(|screen| screen.iter().any(|field| field.id == id));
    let first = screens.first().map(|screen| screen.as_slice()).unwrap_or_default();
    Ok(by_id(first.iter().filter(|field| in_all(&field.id))))
}

/// Fields of one issue type.
pub(super) async fn fields_of_type(site: &Site, id: &str) -> Result<Value, NotDone> {
    site.screen(id).await.map(|screen| by_id(screen.iter()))
}

/// The issue types of the project.
pub(super) async fn issue_types(site: &Site) -> Result<Value, NotDone> {
    let types = site.issue_types().await?;
    Ok(types
        .iter()
        .map(|one| json!({ "id": one.id, "name": one.name }))
        .collect())
}

/// Issues of the project with these words in their summaries, the newest first.
pub(super) async fn issues(site: &Site, words: &str) -> Result<Value, NotDone> {
    let doing = "get issues";
    if words.trim().is_empty() {
        return Ok(json!([]));
    }
    let jql = format!(
        "project = \"{}\" AND summary ~ \"{}\" ORDER BY created DESC",
        quoted(&site.project),
        quoted(&escaped(words))
    );
    let mut listing = site.client.issue_ids(&jql).page_size(MOST_ISSUES);
    let rows = match listing.next_page().await.map_err(|error| not_done(doing, error))? {
        Next::Page(rows) => rows,
        Next::End(_) => Vec::new(),
    };
    let ids: Vec<u64> = rows.iter().take(MOST_ISSUES as usize).map(|row| row.id).collect();
    let fetched = site.client.fetch_issues(&ids, &["summary"]).await;
    let fetched = fetched.map_err(|error| not_done(doing, error))?;
    let shown = |id: &u64| {
        let issue = fetched.issues.iter().find(|issue| issue.id == *id)?;
        Some(json!({ "id": id.to_string(), "key": issue.key, "title": issue.fields.get("summary") }))
    };
    Ok(ids.iter().filter_map(shown).collect())
}

/// Key and summary of an issue.
pub(super) async fn issue(site: &Site, id: &str) -> Result<Value, NotDone> {
    let issue = known(site, id, &format!("get issue with id {id}")).await?;
    Ok(json!({ "id": issue.id.to_string(), "key": issue.key, "title": issue.fields.get("summary") }))
}

/// An issue with all its fields beside its id and key.
pub(super) async fn incident(site: &Site, id: &str) -> Result<Value, NotDone> {
    let issue = known(site, id, &format!("get incident with id {id}")).await?;
    let mut data = issue.fields;
    data.insert("id".to_owned(), json!(issue.id.to_string()));
    data.insert("key".to_owned(), json!(issue.key));
    Ok(Value::Object(data))
}

async fn known(site: &Site, id: &str, doing: &str) -> Result<StoredIssue, NotDone> {
    let issue = read(site, id, doing).await?;
    issue.ok_or_else(|| {
        refused(format!(
            "[Action][Jira]: Unable to {doing}. Jira does not know, or does not show, {id}"
        ))
    })
}

fn by_id<'a>(fields: impl Iterator<Item = &'a WritableField>) -> Value {
    let described = fields.map(|field| {
        let member = |name: &str, default: Value| field.raw.get(name).cloned().unwrap_or(default);
        let value = json!({
            "name": field.name,
            "required": field.is_required,
            "schema": member("schema", json!({})),
            "allowedValues": field.allowed,
            "defaultValue": member("defaultValue", json!({})),
        });
        (field.id.clone(), value)
    });
    Value::Object(described.collect::<Map<_, _>>())
}

/// What stands for itself in a search for words.
fn escaped(words: &str) -> String {
    let special: BTreeSet<char> = "+-&|!(){}[]^~*?\\:/\"".chars().collect();
    let mut escaped = String::new();
    for character in words.chars() {
        if special.contains(&character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// Within quotes of JQL.
fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace(['\n', '\r', '\t'], " ")
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case("disk full" => "disk full"; "words")]
    #[test_case("a\" OR project = X" => r#"a\\\" OR project = X"#; "a quote does not end the text")]
    #[test_case("[a-b]" => r"\\[a\\-b\\]"; "signs of the search")]
    fn words_stay_words_in_a_query(words: &str) -> String {
        quoted(&escaped(words))
    }
}
