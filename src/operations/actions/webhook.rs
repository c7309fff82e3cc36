//! Webhooks of Alertmanager and Grafana: one body becomes one call of a connector, whatever its type.

use std::collections::BTreeMap;

use ring::digest::{SHA256, digest};
use serde_json::{Map, Value};

use super::execute::ActionCall;
use super::installation::Actions;
use crate::operations::error::OperationError;
use crate::outbound::executions::Execution;
use crate::outbound::kinds::Notice;
use crate::outbound::shape::{Misfit, Shape, check, optional, required};

/// More alerts than this are counted and not listed.
const MOST_LISTED: usize = 50;

impl Actions {
    /// Opens what a webhook says is firing, and closes what it says is resolved.
    pub async fn webhook(
        &self,
        connector: &str,
        body: &Map<String, Value>,
        caller: String,
    ) -> Result<Execution, OperationError> {
        let notice = notice(body)?;
        let kind = self.kind(&self.get(connector).await?.kind)?;
        let Some((sub_action, params)) = kind.call_of(&notice) else {
            let text = format!(
                "connectors of the type {} take no webhooks: use _execute",
                kind.definition().id
            );
            return Err(OperationError::Invalid(text));
        };
        let params = Map::from_iter([
            ("subAction".to_owned(), sub_action.into()),
            ("subActionParams".to_owned(), params),
        ]);
        self.execute(ActionCall {
            connector: connector.to_owned(),
            params,
            caller,
            key: None,
        })
        .await
    }
}

/// The members that are looked at; tools send more, and more with each version.
pub fn webhook_form() -> Shape {
    let status = || Shape::OneOf(&["firing", "resolved"]);
    Shape::object([
        required(
            "groupKey",
            Shape::filled_text(),
            "What the alerts of a group have in common.",
        ),
        required("status", status(), "Whether any of them goes on."),
        required(
            "alerts",
            Shape::list(Shape::Record),
            "The alerts: `status`, `labels`, `annotations`.",
        ),
        optional("title", Shape::text(), "One line; Grafana sends it."),
        optional("commonLabels", Shape::Record, "Labels of all alerts, as texts."),
        optional(
            "commonAnnotations",
            Shape::Record,
            "Annotations of all alerts, as texts.",
        ),
        optional("externalURL", Shape::text(), "Where the tool shows them."),
    ])
}

fn notice(body: &Map<String, Value>) -> Result<Notice, OperationError> {
    let form = webhook_form();
    let Shape::Object(members) = &form else {
        unreachable!("it is the form of an object")
    };
    let known = body
        .iter()
        .filter(|(name, _)| members.iter().any(|member| member.name == *name));
    let known: Map<String, Value> = known.map(|(name, value)| (name.clone(), value.clone())).collect();
    check(&form, &Value::Object(known)).map_err(unfit)?;
    let text = |name: &str| body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let labels = texts(body, "commonLabels")?;
    let annotations = texts(body, "commonAnnotations")?;
    let named = |names: &[&str]| names.iter().find_map(|name| annotations.get(*name).cloned());
    let title = text("title")
        .map(str::to_owned)
        .or_else(|| named(&["summary", "title"]))
        .or_else(|| labels.get("alertname").cloned())
        .unwrap_or_else(|| "alert".to_owned());
    let mut lines: Vec<String> = named(&["description", "message"]).into_iter().collect();
    let alerts = body
        .get("alerts")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    for (number, alert) in alerts.iter().enumerate() {
        let alert = alert.as_object().cloned().unwrap_or_default();
        let line = line(&alert).map_err(|misfit| unfit(misfit.below(&number.to_string()).below("alerts")))?;
        if number < MOST_LISTED {
            lines.push(line);
        }
    }
    if alerts.len() > MOST_LISTED {
        lines.push(format!("and {} more", alerts.len() - MOST_LISTED));
    }
    // Alertmanager's own receiver for Opsgenie makes the same of it, so that a change of ways closes what is open.
    let hash = digest(&SHA256, text("groupKey").unwrap_or_default().as_bytes());
    Ok(Notice {
        key: hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect(),
        is_firing: text("status") == Some("firing"),
        title,
        text: lines.join("\n"),
        url: text("externalURL").map(str::to_owned),
        labels,
    })
}

fn unfit(misfit: Misfit) -> OperationError {
    OperationError::Invalid(misfit.below("request body").to_string())
}

/// One alert in one line: its state, its labels, its summary.
fn line(alert: &Map<String, Value>) -> Result<String, Misfit> {
    let status = match alert.get("status") {
        None => "firing".to_owned(),
        Some(status) => {
            let known =
                check(&Shape::OneOf(&["firing", "resolved"]), status).map_err(|misfit| misfit.below("status"))?;
            known.as_str().unwrap_or_default().to_owned()
        }
    };
    let labels: Vec<String> = texts_of(alert, "labels")?
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let summary = texts_of(alert, "annotations")?.remove("summary").unwrap_or_default();
    Ok(format!("- {status}: {} {summary}", labels.join(", "))
        .trim_end()
        .to_owned())
}

fn texts(body: &Map<String, Value>, name: &str) -> Result<BTreeMap<String, String>, OperationError> {
    texts_of(body, name).map_err(unfit)
}

/// A member that is an object of texts; missing and null are empty.
fn texts_of(members: &Map<String, Value>, name: &str) -> Result<BTreeMap<String, String>, Misfit> {
    let mut texts = BTreeMap::new();
    let given = members.get(name).filter(|given| !given.is_null());
    let Some(given) = given else { return Ok(texts) };
    check(&Shape::Record, given).map_err(|misfit| misfit.below(name))?;
    for (key, value) in given.as_object().into_iter().flatten() {
        check(&Shape::text(), value).map_err(|misfit| misfit.below(key).below(name))?;
        texts.insert(key.clone(), value.as_str().unwrap_or_default().to_owned());
    }
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use serde_json::json;
    use test_case::test_case;

    use super::*;

    fn read(body: Value) -> Result<Notice, OperationError> {
        notice(body.as_object().unwrap())
    }

    #[test]
    fn a_group_of_alertmanager_is_one_notice() {
        let notice = read(json!({
            "version": "4", "groupKey": "{}:{alertname=\"Disk\"}", "status": "firing", "receiver": "ops", "truncatedAlerts": 0,
            "groupLabels": { "alertname": "Disk" }, "commonLabels": { "alertname": "Disk", "severity": "page" },
            "commonAnnotations": { "description": "full" }, "externalURL": "http://alertmanager",
            "alerts": [{ "status": "firing", "labels": { "host": "a" }, "annotations": { "summary": "91 %" } }],
        }))
        .unwrap();
        assert_eq!((notice.title.as_str(), notice.is_firing), ("Disk", true));
        assert_eq!(notice.text, "full\n- firing: host=a 91 %");
        assert_eq!(notice.url.as_deref(), Some("http://alertmanager"));
        assert_eq!(notice.key.len(), 64);
    }

    #[test]
    fn a_title_that_the_tool_gives_counts_most() {
        let notice =
            read(json!({ "groupKey": "k", "status": "resolved", "alerts": [], "title": "[RESOLVED] Disk" })).unwrap();
        assert_eq!((notice.title.as_str(), notice.is_firing), ("[RESOLVED] Disk", false));
    }

    #[test_case(json!({}), "[request body.groupKey]: expected value of type [string] but got [undefined]"; "nothing")]
    #[test_case(json!({ "groupKey": "", "status": "firing", "alerts": [] }), "[request body.groupKey]: value '' is not valid"; "an empty key would be everybody's")]
    #[test_case(json!({ "groupKey": "k", "status": "pending", "alerts": [] }), "[request body.status]: expected one of [firing, resolved]"; "another status")]
    #[test_case(json!({ "groupKey": "k", "status": "firing", "alerts": [{ "labels": { "a": 1 } }] }), "[request body.alerts.0.labels.a]: expected value of type [string] but got [number]"; "a label that is no text")]
    #[test_case(json!({ "groupKey": "k", "status": "firing", "alerts": [{ "status": "odd" }] }), "[request body.alerts.0.status]: expected one of"; "an alert of another status")]
    #[test_case(json!({ "groupKey": "k", "status": "firing", "alerts": "many" }), "[request body.alerts]: expected value of type [array]"; "no list")]
    fn what_is_no_webhook_is_refused(body: Value, text: &str) {
        let error = read(body).unwrap_err().to_string();
        assert!(error.starts_with(text), "{error}");
    }
}
