//! Carries out one sub-action: the API takes everything for now, and what became of it is looked up.

use std::time::Duration;

use http_kit::NotDone;
use ring::digest::{Context, SHA256};
use serde_json::{Map, Value, json};
use service_management_client::{Accepted, Processed, ServiceManagementClient};
use uuid::Uuid;

use super::alert_text::{fitted, fitted_alias};
use crate::outbound::delivery::Done;
use crate::outbound::kinds::Call;

/// A caller waits so long for a request to be processed; then it hears that it is not confirmed yet.
const CONFIRMED_WITHIN: Duration = Duration::from_secs(15);

pub(super) async fn run(client: &ServiceManagementClient, call: Call<'_>) -> Result<Done, NotDone> {
    let mut params = call.params.clone();
    let action = match call.sub_action {
        "pushAlert" => match params.remove("status") {
            Some(status) if status == "resolved" => "closeAlert",
            _ => "createAlert",
        },
        other => other,
    };
    match action {
        "createAlert" => create(client, call, params).await,
        "closeAlert" => on_alert(client, "close", closing(params)).await,
        "acknowledgeAlert" => on_alert(client, "acknowledge", params).await,
        "addNote" => on_alert(client, "notes", params).await,
        other => Err(NotDone::NotSent(format!("there is no sub-action {other}"))),
    }
}

async fn create(client: &ServiceManagementClient, call: Call<'_>, params: Map<String, Value>) -> Result<Done, NotDone> {
    let (mut alert, warnings) = fitted(params);
    let has_alias = alert
        .get("alias")
        .and_then(Value::as_str)
        .is_some_and(|alias| !alias.is_empty());
    if !has_alias {
        alert.insert("alias".to_owned(), made_alias(call).into());
    }
    let accepted = client.create(&alert).await?;
    let processed = client.followed(&accepted.request_id, CONFIRMED_WITHIN).await;
    // The integration's filter may drop it, and nobody would learn of it.
    ended(accepted, processed, warnings, |_| None)
}

/// Without an alias a second try would open a second alert.
fn made_alias(call: Call<'_>) -> String {
    let Some(key) = call.call_key else {
        return Uuid::new_v4().to_string();
    };
    let mut hash = Context::new(&SHA256);
    for part in [call.connector.id.as_str(), key] {
        hash.update(&(part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let hex: String = hash
        .finish()
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("key-{hex}")
}

/// What closing takes; an alert that is pushed has more.
fn closing(params: Map<String, Value>) -> Map<String, Value> {
    let taken = |name: &String| matches!(name.as_str(), "alias" | "note" | "user" | "source");
    params.into_iter().filter(|(name, _)| taken(name)).collect()
}

async fn on_alert(client: &ServiceManagementClient, action: &str, params: Map<String, Value>) -> Result<Done, NotDone> {
    let alias = params.get("alias").and_then(Value::as_str).unwrap_or_default();
    if alias.trim().is_empty() {
        return Err(NotDone::Refused {
            status: 400,
            message: "alias must name the alert: nothing was sent".to_owned(),
            fields: [("alias".to_owned(), "is empty".to_owned())].into(),
        });
    }
    let alias = fitted_alias(alias);
    let (mut body, warnings) = fitted(params);
    body.remove("alias");
    let accepted = client.on_alert(&alias, action, &body).await?;
    let processed = client.followed(&accepted.request_id, CONFIRMED_WITHIN).await;
    let is_closing = action == "close";
    ended(accepted, processed, warnings, |processed| {
        // Recovery is told again and again: an alert that is not open any more is what was asked for.
        (is_closing && processed.alert_id.is_none()).then_some("alreadyClosed")
    })
}

/// The answer to the caller. `harmless` names the flag of a failure that is none.
fn ended(
    accepted: Accepted,
    processed: Result<Option<Processed>, NotDone>,
    mut warnings: Vec<String>,
    harmless: impl Fn(&Processed) -> Option<&'static str>,
) -> Result<Done, NotDone> {
    let mut data = Map::from_iter([
        ("result".to_owned(), json!(accepted.result)),
        ("took".to_owned(), json!(accepted.took)),
        ("requestId".to_owned(), json!(accepted.request_id)),
    ]);
    match processed {
        Ok(Some(processed)) => {
            let flag = (!processed.is_success).then(|| harmless(&processed)).flatten();
            if !processed.is_success && flag.is_none() {
                let status = if processed.status.is_empty() {
                    "no reason given"
                } else {
                    processed.status.as_str()
                };
                return Err(NotDone::Refused {
                    status: 202,
                    message: format!("the request was accepted and came to nothing: {status}"),
                    fields: [].into(),
                });
            }
            data.insert("confirmed".to_owned(), json!(true));
            data.insert("status".to_owned(), json!(processed.status));
            data.extend(processed.alert_id.map(|id| ("alertId".to_owned(), json!(id))));
            data.extend(processed.alias.map(|alias| ("alias".to_owned(), json!(alias))));
            data.extend(flag.map(|flag| (flag.to_owned(), json!(true))));
        }
        Ok(None) => {
            data.insert("confirmed".to_owned(), json!(false));
            let seconds = CONFIRMED_WITHIN.as_secs();
            warnings.push(format!(
                "not confirmed: the request was not processed within {seconds} s"
            ));
        }
        // It was accepted: that it cannot be followed does not undo it.
        Err(error) => {
            data.insert("confirmed".to_owned(), json!(false));
            warnings.push(format!("not confirmed: {error}"));
        }
    }
    Ok(Done {
        data: data.into(),
        warnings,
    })
}
