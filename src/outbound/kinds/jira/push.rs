//! `pushToService`: an issue is made once for each key, or brought up to date.

use chrono::{SecondsFormat, Utc};
use http_kit::NotDone;
use jira_client::StoredIssue;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::answer::{maybe_done, not_done, refused};
use super::comments::{Mark, PROPERTY, Sent, send};
use super::content::Content;
use super::fields::{Written, for_updating, people};
use super::making::IssueMaking;
use super::site::Site;
use crate::outbound::delivery::{Done, mark};
use crate::outbound::kinds::Call;

/// Everything but the long lists.
const FIELDS: [&str; 4] = ["*all", "-comment", "-worklog", "-attachment"];

/// The key of a push in the ledger.
pub(super) fn correlation_key(id: &str) -> String {
    format!("correlation:{id}")
}

/// Carries out a push.
pub(super) async fn push(site: &Site, call: Call<'_>) -> Result<Done, NotDone> {
    let content = Content::read(&call.connector.config, call.params)?;
    if let Some(id) = &content.external_id {
        let doing = format!("update incident with id {id}");
        let issue = read(site, id, &doing).await?;
        let issue = issue.ok_or_else(|| {
            let text = format!("[Action][Jira]: Unable to {doing}. Jira does not know, or does not show, {id}");
            NotDone::Refused {
                status: 404,
                message: text,
                fields: [].into(),
            }
        })?;
        return update(site, &content, issue).await;
    }
    // Without a key of the caller's the ledger still knows what to look for when an answer is lost.
    let key = match (&content.correlation_id, call.call_key) {
        (Some(id), _) => correlation_key(id),
        (None, Some(key)) => format!("call:{key}"),
        (None, None) => format!("once:{}", Uuid::new_v4()),
    };
    let making = IssueMaking {
        site,
        content: &content,
        mark: mark(&call.connector.id, &key),
    };
    call.delivery.once(&key, &making).await
}

/// The issue with its fields and our property; none when Jira does not show it.
pub(super) async fn read(site: &Site, id_or_key: &str, doing: &str) -> Result<Option<StoredIssue>, NotDone> {
    let issue = site.client.stored_issue(id_or_key, &FIELDS, &[PROPERTY]).await;
    issue.map_err(|error| not_done(doing, error))
}

/// Writes what differs, then the comments that were not sent yet.
pub(super) async fn update(site: &Site, content: &Content, issue: StoredIssue) -> Result<Done, NotDone> {
    let doing = format!("update incident with id {}", issue.id);
    let written = changes(site, content, &issue, &doing).await?;
    if !written.fields.is_empty() {
        let edited = site.client.edit_issue(issue.id, &written.fields).await;
        edited.map_err(|error| maybe_done(&doing, error))?;
    }
    let mark = Mark::read(&issue.properties);
    let sent = send(site, issue.id, mark, &content.comments, false).await;
    let pushed = (!written.fields.is_empty()).then(Utc::now);
    let updated = issue.fields.get("updated").and_then(Value::as_str);
    let updated = updated.and_then(jira_client::parse_timestamp).map(|at| at.to_utc());
    let at = pushed.or(updated).unwrap_or_else(Utc::now);
    let at = at.to_rfc3339_opts(SecondsFormat::Millis, true);
    Ok(answered(site, issue.id, &issue.key, at, written.warnings, sent))
}

/// What is to be written. The screen is only asked for when something may differ.
async fn changes(site: &Site, content: &Content, issue: &StoredIssue, doing: &str) -> Result<Written, NotDone> {
    let mut wanted = content.wanted(Some(&issue.fields))?;
    // An update that does not name a field leaves it alone; clearing is asked for in otherFields.
    wanted.known.retain(|_, value| !value.is_null());
    let screen = site.client.edit_fields(issue.id).await;
    let screen = screen.map_err(|error| not_done(doing, error))?;
    if screen.is_empty() {
        return Err(refused(format!(
            "[Action][Jira]: Unable to {doing}. The account may not edit {}: the permission Edit Issues is missing, or its \
             status allows no changes",
            issue.key
        )));
    }
    if let Some(wanted_type) = &wanted.issue_type {
        let current = issue.fields.get("issuetype").cloned().unwrap_or_default();
        let is_same = ["id", "name"]
            .iter()
            .any(|member| current[member] == wanted_type.as_str());
        if !is_same {
            wanted
                .others
                .insert("issuetype".to_owned(), json!({ "id": wanted_type }));
        }
    }
    let people = people(&site.client, &wanted, &screen).await?;
    for_updating(&wanted, &screen, &people, &issue.fields)
}

/// The answer to the caller, as Kibana gives it.
pub(super) fn answered(site: &Site, id: u64, key: &str, at: String, mut warnings: Vec<String>, sent: Sent) -> Done {
    let mut data = Map::from_iter([
        ("id".to_owned(), json!(id.to_string())),
        ("title".to_owned(), json!(key)),
        ("url".to_owned(), json!(site.url(key))),
        ("pushedDate".to_owned(), json!(at)),
    ]);
    if !sent.comments.is_empty() {
        data.insert("comments".to_owned(), sent.comments.into());
    }
    warnings.extend(sent.warnings);
    Done {
        data: data.into(),
        warnings,
    }
}
