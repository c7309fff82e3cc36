//! `closeIncident`: writes the columns that close a record, and looks whether it is closed.

use http_kit::NotDone;
use serde_json::{Map, Value, json};
use servicenow_client::Record;

use super::columns::{filled, fitted_correlation, refused};
use super::instance::Instance;
use super::making::of_correlation;
use super::push::{answered, write};
use crate::outbound::delivery::Done;
use crate::outbound::kinds::Call;

/// Closes the record of an id or a key. Nothing to close is no failure: recovery is told again and again.
pub(super) async fn close(instance: &Instance, call: Call<'_>) -> Result<Done, NotDone> {
    let incident = call
        .params
        .get("incident")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    let record = match (filled(&incident, "externalId"), filled(&incident, "correlation_id")) {
        (Some(id), _) => instance.client.get(instance.table(), &id, &["active"]).await?,
        (None, Some(key)) => of_correlation(instance, &fitted_correlation(&key).0).await?,
        (None, None) => {
            return Err(refused(
                "[Action][ServiceNow]: No correlationId or incidentId found. Nothing was sent",
            ));
        }
    };
    let Some(record) = record else {
        return Ok(Done {
            data: json!({}),
            warnings: vec!["nothing was closed: there is no such incident, or the account may not see it".to_owned()],
        });
    };
    if !instance.is_open(&record) {
        let mut done = told(instance, &record, Vec::new());
        done.data["alreadyClosed"] = json!(true);
        return Ok(done);
    }
    let written = match write(instance, Some(&record.sys_id), &instance.closing, &Map::new()).await {
        Err(NotDone::Unknown(why)) => return after_lost_answer(instance, &record, why).await,
        written => written?,
    };
    // The record itself says whether it is closed: rules of the instance may have kept it open.
    match instance.client.get(instance.table(), &record.sys_id, &["active"]).await {
        Ok(Some(now)) if !instance.is_open(&now) => Ok(told(instance, &now, Vec::new())),
        Ok(Some(now)) => Err(refused(format!(
            "{} took the values and its state is still {}: set close.state, close.close_code and close.close_notes as this \
             instance wants them",
            now.text("number"),
            now.text("state")
        ))),
        Ok(None) => Ok(told(
            instance,
            &written,
            vec!["not confirmed: the incident cannot be seen any more".to_owned()],
        )),
        Err(error) => Ok(told(instance, &written, vec![format!("not confirmed: {error}")])),
    }
}

/// Whether it is closed can be seen, also when the answer was lost.
async fn after_lost_answer(instance: &Instance, record: &Record, why: String) -> Result<Done, NotDone> {
    match instance.client.get(instance.table(), &record.sys_id, &["active"]).await {
        Ok(Some(now)) if !instance.is_open(&now) => Ok(told(instance, &now, Vec::new())),
        _ => Err(NotDone::Unknown(why)),
    }
}

fn told(instance: &Instance, record: &Record, warnings: Vec<String>) -> Done {
    let (number, at) = (record.text("number"), record.text("sys_updated_on"));
    answered(instance, &record.sys_id, number, at, warnings, Vec::new())
}
