//! Import sets of Elastic's apps, and whether an app is there. An instance answers 201 also when a row came to nothing.

use std::collections::BTreeMap;

use http_kit::NotDone;
use http_kit::Repeat;
use reqwest::Method;
use serde::Deserialize;
use serde_json::Map;
use serde_json::Value;

use crate::client::Request;
use crate::client::ServiceNow;
use crate::table::is_sys_id;
use crate::table::unexpected;

/// An app of Elastic's that takes rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum App {
    /// Incidents.
    Incidents,
    /// Security incidents.
    SecurityIncidents,
}

/// What an app says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AppHealth {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl App {
    fn staging_table(self) -> &'static str {
        match self {
            Self::Incidents => "x_elas2_inc_int_elastic_incident",
            Self::SecurityIncidents => "x_elas2_sir_int_elastic_si_incident",
        }
    }

    fn scope(self) -> &'static str {
        match self {
            Self::Incidents => "x_elas2_inc_int",
            Self::SecurityIncidents => "x_elas2_sir_int",
        }
    }
}

impl ServiceNow {
    /// Hands a row to an app, and gives the `sys_id` of the record that it became. It is not sent again unless it surely
    /// was not carried out.
    pub async fn import(&self, app: App, row: &Map<String, Value>) -> Result<String, NotDone> {
        let body = Value::Object(row.clone());
        let request = Request {
            method: Method::POST,
            path: format!("/api/now/import/{}", app.staging_table()),
            query: Vec::new(),
            body: Some(&body),
            repeat: Repeat::OnlyIfNotCarriedOut,
        };
        let answer = self.send(request).await?;
        let row = answer.pointer("/result/0").ok_or_else(|| unexpected(true))?;
        let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or("");
        match text("status") {
            "inserted" | "updated" if is_sys_id(text("sys_id")) => Ok(text("sys_id").to_owned()),
            status @ ("error" | "ignored") => {
                let message = format!(
                    "ServiceNow did not import the row (status {status}): {}",
                    text("error_message")
                );
                Err(NotDone::Refused {
                    status: 201,
                    message,
                    fields: BTreeMap::new(),
                })
            }
            _ => Err(unexpected(true)),
        }
    }

    /// Whether the app is there. `None` when the instance does not know it.
    pub async fn app_health(&self, app: App) -> Result<Option<AppHealth>, NotDone> {
        let path = format!("/api/{}/elastic_api/health", app.scope());
        match self.send(Request::get(path, Vec::new())).await {
            Ok(answer) => serde_json::from_value(answer["result"].clone())
                .map(Some)
                .map_err(|_| unexpected(false)),
            Err(NotDone::Refused { status: 400 | 404, .. }) => Ok(None),
            Err(not_done) => Err(not_done),
        }
    }
}
