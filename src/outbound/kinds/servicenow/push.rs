//! `pushToService`: a record is made once for each key, or brought up to date.

use chrono::{NaiveDateTime, SecondsFormat, Utc};
use http_kit::NotDone;
use serde_json::{Map, Value, json};
use servicenow_client::{JOURNALS, Record};
use uuid::Uuid;

use super::columns::{Pushed, refused};
use super::comments;
use super::instance::Instance;
use super::making::RecordMaking;
use crate::outbound::delivery::{Done, mark};
use crate::outbound::kinds::Call;

/// The key of a push in the ledger.
pub(super) fn correlation_key(id: &str) -> String {
    format!("correlation:{id}")
}

/// Carries out a push.
pub(super) async fn push(instance: &Instance, call: Call<'_>) -> Result<Done, NotDone> {
    let pushed = Pushed::read(&call.connector.config, call.params)?;
    if let Some(id) = &pushed.external_id {
        let record = read(instance, id, &pushed).await?;
        let record = record.ok_or_else(|| {
            refused(format!(
                "[Action][ServiceNow]: Unable to update incident. There is no record {id}, or the account may not see it"
            ))
        })?;
        return update(instance, call, &pushed, &record, Map::new()).await;
    }
    let key = match (&pushed.correlation_id, call.call_key) {
        (Some(id), _) => correlation_key(id),
        (None, Some(key)) => format!("call:{key}"),
        (None, None) => format!("once:{}", Uuid::new_v4()),
    };
    // Without a key of the caller's the record carries one of ours: how else could it be found when an answer is lost.
    let mark = mark(&call.connector.id, &key);
    let correlation = pushed.correlation_id.clone().unwrap_or(mark);
    let making = RecordMaking {
        instance,
        call,
        pushed: &pushed,
        correlation,
    };
    call.delivery.once(&key, &making).await
}

/// A record with what an append needs.
pub(super) async fn read(instance: &Instance, sys_id: &str, pushed: &Pushed) -> Result<Option<Record>, NotDone> {
    let (known, _) = pushed.columns(None);
    let mut columns: Vec<&str> = known.keys().map(String::as_str).collect();
    columns.push("active");
    instance.client.get(instance.table(), sys_id, &columns).await
}

/// Writes columns, and then the notes that were not sent yet.
pub(super) async fn update(
    instance: &Instance,
    call: Call<'_>,
    pushed: &Pushed,
    record: &Record,
    more: Map<String, Value>,
) -> Result<Done, NotDone> {
    let (mut known, additional) = pushed.columns(Some(&record.columns));
    known.extend(more);
    known.retain(|name, value| record.columns.get(name) != Some(value));
    let mut warnings = pushed.warnings.clone();
    let mut at = record.text("sys_updated_on").to_owned();
    if !known.is_empty() || !additional.is_empty() {
        let written = write(instance, Some(&record.sys_id), &known, &additional).await?;
        warnings.extend(differences(instance, &written, &known, &additional));
        at = written.text("sys_updated_on").to_owned();
    }
    let sent = comments::send(instance, call, &record.sys_id, &pushed.comments).await;
    warnings.extend(sent.warnings);
    Ok(answered(
        instance,
        &record.sys_id,
        record.text("number"),
        &at,
        warnings,
        sent.comments,
    ))
}

/// Writes a record by the way that the connector uses. A failed read of what was written does not undo it.
pub(super) async fn write(
    instance: &Instance,
    sys_id: Option<&str>,
    known: &Map<String, Value>,
    additional: &Map<String, Value>,
) -> Result<Record, NotDone> {
    let table = instance.table();
    if instance.uses_table_api {
        let mut columns = additional.clone();
        columns.extend(known.clone());
        return match sys_id {
            Some(id) => instance.client.update(table, id, &columns).await,
            None => instance.client.create(table, &columns).await,
        };
    }
    let mut row = additional.clone();
    row.extend(known.iter().map(|(name, value)| (format!("u_{name}"), value.clone())));
    if let Some(id) = sys_id {
        row.insert("elastic_incident_id".to_owned(), json!(id));
    }
    let id = instance.client.import(instance.product.app(), &row).await?;
    let names: Vec<&str> = known
        .keys()
        .chain(additional.keys())
        .map(|name| shown_as(instance, name))
        .collect();
    let read = instance.client.get(table, &id, &names).await;
    Ok(read.ok().flatten().unwrap_or_else(|| Record {
        sys_id: id,
        columns: Map::new(),
    }))
}

/// The column of the record that a column of the row goes into.
fn shown_as<'a>(instance: &Instance, name: &'a str) -> &'a str {
    name.strip_prefix("u_")
        .filter(|_| !instance.uses_table_api)
        .unwrap_or(name)
}

/// An instance drops columns that it does not know, cuts texts and lets its rules change values, and says so nowhere.
pub(super) fn differences(
    instance: &Instance,
    written: &Record,
    known: &Map<String, Value>,
    additional: &Map<String, Value>,
) -> Vec<String> {
    if written.columns.is_empty() {
        return vec!["not confirmed: what was written could not be read".to_owned()];
    }
    let mut warnings = Vec::new();
    for (name, wanted) in known.iter().chain(additional) {
        let wanted = wanted.as_str().map_or_else(|| wanted.to_string(), str::to_owned);
        match written.columns.get(shown_as(instance, name)).and_then(Value::as_str) {
            // Rows of an import set go through a map of the app's, which may name columns in its own way.
            None if !instance.uses_table_api => {}
            _ if wanted.is_empty() || wanted == "null" || JOURNALS.contains(&name.as_str()) => {}
            None => warnings.push(format!(
                "{name} was dropped: the table has no such column, or the account may not write it"
            )),
            Some(found) if found == wanted => {}
            Some("") => warnings.push(format!(
                "{name} stayed empty: the instance knows nothing by that value, or the account may not write it"
            )),
            Some(found) if wanted.starts_with(found) => {
                let (from, to) = (wanted.chars().count(), found.chars().count());
                warnings.push(format!("{name} cut from {from} to {to} characters"));
            }
            // A reference that was named by what people call it.
            Some(found) if found.len() == 32 && found.bytes().all(|byte| byte.is_ascii_hexdigit()) => {}
            Some(_) => warnings.push(format!(
                "{name} has another value than was written: a rule of the instance set it"
            )),
        }
    }
    warnings
}

/// The answer to the caller, as Kibana gives it.
pub(super) fn answered(
    instance: &Instance,
    sys_id: &str,
    number: &str,
    at: &str,
    warnings: Vec<String>,
    comments: Vec<Value>,
) -> Done {
    let at = NaiveDateTime::parse_from_str(at, "%Y-%m-%d %H:%M:%S").map_or_else(|_| Utc::now(), |at| at.and_utc());
    let title = if number.is_empty() { sys_id } else { number };
    let mut data = json!({
        "id": sys_id,
        "title": title,
        "pushedDate": at.to_rfc3339_opts(SecondsFormat::Millis, true),
        "url": instance.client.page_of(instance.table(), sys_id),
    });
    if !comments.is_empty() {
        data["comments"] = comments.into();
    }
    Done { data, warnings }
}
