//! `closeIncident`: takes the transition that leads to a status of the category done, and looks whether it did.

use std::collections::BTreeMap;

use chrono::{SecondsFormat, Utc};
use http_kit::NotDone;
use jira_client::{StoredIssue, Transition};
use serde_json::{Map, Value, json};

use super::answer::{maybe_done, not_done, refused};
use super::comments::{Mark, Sent, send};
use super::content::{Comment, Wanted};
use super::field_value::{People, allowed_values, fitted};
use super::fields::{find, people};
use super::making::is_done;
use super::push::{answered, correlation_key, read};
use super::site::Site;
use crate::outbound::delivery::Done;
use crate::outbound::kinds::Call;

/// Closes the issue of an id or a key. Nothing to close is no failure: recovery is told again and again.
pub(super) async fn close(site: &Site, call: Call<'_>) -> Result<Done, NotDone> {
    let incident = call
        .params
        .get("incident")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    let text = |name: &str| {
        incident
            .get(name)
            .and_then(Value::as_str)
            .map(str::trim)
            .filter(|text| !text.is_empty())
    };
    let id = match (text("externalId"), text("correlation_id")) {
        (Some(id), _) => Some(id.to_owned()),
        (None, Some(key)) => call
            .delivery
            .known(&correlation_key(key))
            .await?
            .map(|external| external.id),
        (None, None) => {
            return Err(refused(
                "[Action][Jira]: No correlationId or incidentId found. Nothing was sent",
            ));
        }
    };
    let nothing = |why: String| Done {
        data: json!({}),
        warnings: vec![why],
    };
    let Some(id) = id else {
        return Ok(nothing(
            "nothing was closed: no issue was pushed with this correlation_id".to_owned(),
        ));
    };
    let doing = format!("close incident with id {id}");
    let Some(issue) = read(site, &id, &doing).await? else {
        return Ok(nothing(format!(
            "nothing was closed: Jira does not know, or does not show, {id}"
        )));
    };
    if is_done(&issue.fields) {
        let mut done = told(site, &issue, Vec::new(), Sent::default());
        done.data["alreadyClosed"] = json!(true);
        return Ok(done);
    }
    let wishes = Wishes::of(&call.connector.config, &incident);
    let transitions = site.client.transitions(issue.id).await;
    let transitions = transitions.map_err(|error| not_done(&doing, error))?;
    let transition = chosen(&transitions, wishes.transition.as_deref(), &issue)?;
    let fields = screen_values(site, transition, &wishes).await?;
    let sent = match text("comment") {
        Some(comment) => {
            // The same words about the same closing are one comment.
            let comment = Comment {
                id: format!(
                    "close:{comment}:{}",
                    issue.fields.get("updated").cloned().unwrap_or_default()
                ),
                text: comment.to_owned(),
            };
            send(site, issue.id, Mark::read(&issue.properties), &[comment], false).await
        }
        None => Sent::default(),
    };
    let sent = Sent {
        comments: Vec::new(),
        ..sent
    };
    let taken = site.client.take_transition(issue.id, &transition.id, &fields).await;
    confirmed(
        site,
        &issue,
        transition,
        taken.map_err(|error| maybe_done(&doing, error)),
        sent,
    )
    .await
}

/// What the caller and the connector say about closing; the caller's word counts more.
struct Wishes {
    transition: Option<String>,
    resolution: Option<String>,
    fields: Map<String, Value>,
}

impl Wishes {
    fn of(config: &Map<String, Value>, incident: &Map<String, Value>) -> Self {
        let close = config
            .get("close")
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default();
        let wish = |name: &str| {
            let wished = incident.get(name).or_else(|| close.get(name))?.as_str()?;
            Some(wished.to_owned())
        };
        Self {
            transition: wish("transition"),
            resolution: wish("resolution"),
            fields: close
                .get("fields")
                .and_then(Value::as_object)
                .cloned()
                .unwrap_or_default(),
        }
    }
}

/// The transition of this name or id, or the one that closes and asks for least.
fn chosen<'a>(offered: &'a [Transition], wish: Option<&str>, issue: &StoredIssue) -> Result<&'a Transition, NotDone> {
    let listed = || {
        let listed: Vec<String> = offered
            .iter()
            .map(|one| format!("{} ({}, to {})", one.id, one.name, one.to))
            .collect();
        if listed.is_empty() {
            "none: the account lacks the permission Transition Issues, or the workflow has no way on".to_owned()
        } else {
            listed.join(", ")
        }
    };
    if let Some(wish) = wish {
        let found = offered.iter().find(|one| one.id == wish);
        let found = found.or_else(|| offered.iter().find(|one| one.name.eq_ignore_ascii_case(wish)));
        let found = found.or_else(|| offered.iter().find(|one| one.to.eq_ignore_ascii_case(wish)));
        return found.ok_or_else(|| {
            refused(format!(
                "{} was not closed: transition {wish} is not offered; there are {}",
                issue.key,
                listed()
            ))
        });
    }
    let closing = offered.iter().filter(|one| one.to_category == "done");
    let asks = |one: &&Transition| {
        one.fields
            .iter()
            .filter(|field| field.is_required && !field.has_default)
            .count()
    };
    closing.min_by_key(asks).ok_or_else(|| {
        refused(format!(
            "{} was not closed: no transition leads to a status of the category done; there are {}; name one in \
             close.transition",
            issue.key,
            listed()
        ))
    })
}

/// The values for the transition's screen: everything that it requires, and what was wished for.
async fn screen_values(site: &Site, transition: &Transition, wishes: &Wishes) -> Result<Map<String, Value>, NotDone> {
    let mut wanted = Wanted {
        others: wishes.fields.clone(),
        ..Wanted::default()
    };
    let has_resolution = find(&transition.fields, "resolution");
    if let (Some(field), Some(resolution)) = (has_resolution, &wishes.resolution) {
        wanted.others.insert(field.id.clone(), json!(resolution));
    }
    let people = people(&site.client, &wanted, &transition.fields).await?;
    filled(transition, &wanted, &people)
}

fn filled(transition: &Transition, wanted: &Wanted, people: &People) -> Result<Map<String, Value>, NotDone> {
    let (mut fields, mut problems) = (Map::new(), BTreeMap::new());
    for field in &transition.fields {
        let wish = wanted
            .others
            .iter()
            .find(|(name, _)| **name == field.id || name.eq_ignore_ascii_case(&field.name));
        match wish.map(|(_, value)| fitted(field, value, people)) {
            Some(Ok((value, _))) => drop(fields.insert(field.id.clone(), value)),
            Some(Err(problem)) => drop(problems.insert(field.id.clone(), format!("{}: {problem}", field.name))),
            None if !field.is_required || field.has_default => {}
            None if field.id == "resolution" && !field.allowed.is_empty() => {
                fields.insert(field.id.clone(), usual_resolution(&field.allowed));
            }
            None => {
                let values = allowed_values(field);
                let choice = if values.is_empty() {
                    String::new()
                } else {
                    format!(", one of {values}")
                };
                let problem = format!("{} is required: give it in close.fields{choice}", field.name);
                problems.insert(field.id.clone(), problem);
            }
        }
    }
    if problems.is_empty() {
        return Ok(fields);
    }
    let listed: Vec<&str> = problems.values().map(String::as_str).collect();
    Err(NotDone::Refused {
        status: 400,
        message: format!(
            "nothing was sent: transition {}: {}",
            transition.name,
            listed.join("; ")
        ),
        fields: problems,
    })
}

/// Done where there is one, else the first.
fn usual_resolution(allowed: &[Value]) -> Value {
    let named = |name: &str| allowed.iter().find(|one| one["name"] == name);
    let usual = named("Done")
        .or_else(|| named("Fixed"))
        .or_else(|| named("Resolved"))
        .or(allowed.first());
    usual.map_or(Value::Null, |one| json!({ "id": one["id"] }))
}

/// Looks at the issue itself: neither an answer nor its absence says that it is closed.
async fn confirmed(
    site: &Site,
    issue: &StoredIssue,
    transition: &Transition,
    taken: Result<(), NotDone>,
    sent: Sent,
) -> Result<Done, NotDone> {
    if let Err(error @ NotDone::Throttled { .. }) = taken {
        return Err(error);
    }
    let now = site
        .client
        .stored_issue(&issue.id.to_string(), &["status", "updated"], &[])
        .await;
    match (now, taken) {
        (Ok(Some(now)), _) if is_done(&now.fields) => Ok(told(site, &now, Vec::new(), sent)),
        (_, Err(error)) => Err(error),
        (Ok(Some(now)), Ok(())) => {
            let status = now
                .fields
                .get("status")
                .and_then(|status| status.get("name"))
                .cloned()
                .unwrap_or_default();
            Err(refused(format!(
                "Jira took transition {} of {}, and its status is now {status}, which is not of the category done",
                transition.name, now.key
            )))
        }
        (Ok(None), Ok(())) => {
            let warning = "not confirmed: the issue cannot be seen any more".to_owned();
            Ok(told(site, issue, vec![warning], sent))
        }
        (Err(error), Ok(())) => Ok(told(site, issue, vec![format!("not confirmed: {error}")], sent)),
    }
}

fn told(site: &Site, issue: &StoredIssue, warnings: Vec<String>, sent: Sent) -> Done {
    let updated = issue.fields.get("updated").and_then(Value::as_str);
    let at = updated
        .and_then(jira_client::parse_timestamp)
        .map_or_else(Utc::now, |at| at.to_utc());
    let at = at.to_rfc3339_opts(SecondsFormat::Millis, true);
    answered(site, issue.id, &issue.key, at, warnings, sent)
}
