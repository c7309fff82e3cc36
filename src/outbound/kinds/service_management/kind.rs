//! `.jira-service-management` and `.opsgenie`.

use futures::future::BoxFuture;
use http_kit::NotDone;
use secrecy::SecretString;
use serde_json::{Map, Value, json};
use service_management_client::{ServiceManagementClient, alerts_address};
use url::Url;

use super::definition::definition;
use super::product::Product;
use super::run::run;
use crate::outbound::connector::Connector;
use crate::outbound::delivery::Done;
use crate::outbound::kinds::{Call, Check, Definition, Kind, Notice};

/// Alerts of one product.
#[derive(Debug)]
pub(in crate::outbound::kinds) struct ServiceManagement {
    product: Product,
    definition: Definition,
}

impl ServiceManagement {
    /// The kind for this product.
    pub(in crate::outbound::kinds) fn new(product: Product) -> Self {
        Self {
            product,
            definition: definition(product),
        }
    }

    fn client(&self, connector: &Connector, http: &reqwest::Client) -> Result<ServiceManagementClient, NotDone> {
        let url = connector
            .config
            .get("apiUrl")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let url = address(url).map_err(NotDone::NotSent)?;
        let key = connector.secrets.get("apiKey").cloned();
        let key = key.unwrap_or_else(|| SecretString::from(String::new()));
        let alerts = alerts_address(&url, self.product == Product::ServiceManagement);
        Ok(ServiceManagementClient::new(http.clone(), alerts, key))
    }
}

impl Kind for ServiceManagement {
    fn definition(&self) -> &Definition {
        &self.definition
    }

    fn cross_check(&self, config: &Map<String, Value>, _secrets: &Map<String, Value>) -> Result<(), String> {
        let url = config.get("apiUrl").and_then(Value::as_str).unwrap_or_default();
        address(url)
            .map(drop)
            .map_err(|problem| format!("error validating action type config: {problem}"))
    }

    /// Alerts of one alias are one alert; notes add up, and an alias that we make up is another each time.
    fn is_repeatable(&self, sub_action: &str, params: &Map<String, Value>) -> bool {
        sub_action != "addNote"
            && params
                .get("alias")
                .and_then(Value::as_str)
                .is_some_and(|alias| !alias.is_empty())
    }

    fn call_of(&self, notice: &Notice) -> Option<(&'static str, Value)> {
        let status = if notice.is_firing { "firing" } else { "resolved" };
        let params = json!({
            "status": status, "message": notice.title, "alias": notice.key, "description": notice.whole_text(),
            "details": notice.labels,
        });
        Some(("pushAlert", params))
    }

    fn run<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Done, NotDone>> {
        Box::pin(async move {
            let client = self.client(call.connector, call.http)?;
            run(&client, call).await
        })
    }

    fn test<'a>(&'a self, connector: &'a Connector, http: reqwest::Client) -> BoxFuture<'a, Vec<Check>> {
        Box::pin(async move {
            let probed = match self.client(connector, &http) {
                Ok(client) => client.probe().await,
                Err(error) => Err(error),
            };
            vec![Check {
                name: "the alert API accepts the key".to_owned(),
                ok: probed.is_ok(),
                hint: probed.err().map_or_else(
                    || "an alert without a message was refused as it should be; nothing was made".to_owned(),
                    |error| error.to_string(),
                ),
            }]
        })
    }
}

/// The address, or what is wrong with it.
fn address(text: &str) -> Result<Url, String> {
    let problem = |problem: &str| format!("[apiUrl]: {problem}; expected an address such as https://api.atlassian.com");
    let url = Url::parse(text).map_err(|error| problem(&format!("is no address ({error})")))?;
    if !matches!(url.scheme(), "https" | "http") || url.host_str().is_none() {
        return Err(problem("is no web address"));
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        return Err(problem("must hold no user, password or query"));
    }
    Ok(url)
}
