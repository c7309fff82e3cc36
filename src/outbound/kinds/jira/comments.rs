//! Sends each comment of a caller once: which ones were sent is remembered in a property of the issue.
//!
//! Before comments go out they are noted as being sent, so that a call that was cut off knows where to look.

use std::collections::BTreeSet;

use http_kit::NotDone;
use jira_client::{ErrorKind, JiraError};
use ring::digest::{SHA256, digest};
use serde_json::{Map, Value, json};

use super::answer::not_done;
use super::content::Comment;
use super::field_value::{cut, longest_text};
use super::site::Site;

/// The property of an issue that is ours.
pub(super) const PROPERTY: &str = "jira-connector";
/// A property holds 32,768 characters, and the id of a comment takes 15 of them here.
const MOST_REMEMBERED: usize = 1_900;

/// What the property of an issue says.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Mark {
    /// The mark of the key that it was pushed with.
    pub(super) key: Option<String>,
    pushed: Vec<String>,
    sending: Vec<String>,
}

/// What became of the comments.
#[derive(Debug, Default)]
pub(super) struct Sent {
    /// The answer to the caller: `commentId` and `pushedDate` of each that is there.
    pub(super) comments: Vec<Value>,
    pub(super) warnings: Vec<String>,
}

impl Mark {
    /// Of a new issue that is pushed with this key and these comments.
    pub(super) fn new(key: &str, comments: &[Comment]) -> Self {
        Self {
            key: Some(key.to_owned()),
            pushed: Vec::new(),
            sending: comments.iter().map(|comment| short(&comment.id)).collect(),
        }
    }

    pub(super) fn read(properties: &Map<String, Value>) -> Self {
        let property = properties.get(PROPERTY).cloned().unwrap_or_default();
        let list = |name: &str| {
            let listed = property.get(name).and_then(Value::as_array).into_iter().flatten();
            listed.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        Self {
            key: property.get("key").and_then(Value::as_str).map(str::to_owned),
            pushed: list("pushed"),
            sending: list("sending"),
        }
    }

    pub(super) fn to_value(&self) -> Value {
        let mut value = json!({ "pushed": self.pushed, "sending": self.sending });
        if let Some(key) = &self.key {
            value["key"] = json!(key);
        }
        value
    }

    fn remember(&mut self, id: String) {
        self.sending.retain(|sending| *sending != id);
        self.pushed.push(id);
        let surplus = self.pushed.len().saturating_sub(MOST_REMEMBERED);
        self.pushed.drain(..surplus);
    }
}

/// Sends what the mark does not know as sent. A comment that fails does not undo the others: the caller hears of it.
pub(super) async fn send(site: &Site, issue: u64, mut mark: Mark, comments: &[Comment], is_new: bool) -> Sent {
    let mut sent = Sent::default();
    let before = mark.clone();
    let unsent: Vec<&Comment> = comments
        .iter()
        .filter(|comment| !mark.pushed.contains(&short(&comment.id)))
        .collect();
    for comment in comments
        .iter()
        .filter(|comment| mark.pushed.contains(&short(&comment.id)))
    {
        sent.comments.push(json!({ "commentId": comment.id }));
    }
    if unsent.is_empty() {
        return sent;
    }
    let unsure = unsent.iter().any(|comment| mark.sending.contains(&short(&comment.id)));
    let mut there = match unsure && !is_new {
        true => match texts(site, issue).await {
            Ok(texts) => texts,
            Err(error) => {
                sent.warnings.push(format!("comments not sent, ask again: {error}"));
                return sent;
            }
        },
        false => BTreeSet::new(),
    };
    mark.sending.extend(unsent.iter().map(|comment| short(&comment.id)));
    mark.sending.sort();
    mark.sending.dedup();
    if mark != before {
        let noted = site.client.set_issue_property(issue, PROPERTY, &mark.to_value()).await;
        if let Err(error) = noted {
            let text = "comments cannot be remembered, so a repeat may send them again";
            sent.warnings.push(format!("{text}: {error}"));
        }
    }
    for comment in unsent {
        let id = short(&comment.id);
        let (text, warning) = cut("a comment", comment.text.clone(), longest_text());
        let was_unsure = before.sending.contains(&id);
        if was_unsure && there.remove(&plain(&text)) {
            sent.comments.push(json!({ "commentId": comment.id }));
            mark.remember(id);
            continue;
        }
        match site.client.add_comment(issue, &text).await {
            Ok(created) => {
                let at = created.created.map_or_else(chrono::Utc::now, |at| at.to_utc());
                let at = at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
                sent.comments.push(json!({ "commentId": comment.id, "pushedDate": at }));
                sent.warnings.extend(warning);
                mark.remember(id);
            }
            Err(error) => {
                sent.warnings.push(unsent_words(&comment.id, &error));
                if surely_not_sent(&error) {
                    mark.sending.retain(|sending| *sending != id);
                }
            }
        }
    }
    if let Err(error) = site.client.set_issue_property(issue, PROPERTY, &mark.to_value()).await {
        tracing::warn!(jira.issue = issue, error = %error, "the comments that were sent could not be noted on the issue");
    }
    sent
}

fn surely_not_sent(error: &JiraError) -> bool {
    error.status().is_some_and(|status| (400..500).contains(&status)) && error.kind() != ErrorKind::OutcomeUnknown
}

fn unsent_words(id: &str, error: &JiraError) -> String {
    let what = if surely_not_sent(error) {
        "was not sent"
    } else {
        "may not have been sent, ask again"
    };
    format!("comment {id} {what}: {error}")
}

/// The texts of the comments that the issue has.
async fn texts(site: &Site, issue: u64) -> Result<BTreeSet<String>, NotDone> {
    let comments = site.client.comments(issue).await;
    let comments = comments.map_err(|error| not_done(&format!("read the comments of issue {issue}"), error))?;
    let texts = comments.iter().filter_map(|comment| comment.get("body")?.as_str());
    Ok(texts.map(plain).collect())
}

/// Jira writes white space in its own way.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Callers' ids are of any length.
fn short(id: &str) -> String {
    let hash = digest(&SHA256, id.as_bytes());
    hash.as_ref().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}
