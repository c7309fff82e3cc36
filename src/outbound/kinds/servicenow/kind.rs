//! The three as kinds.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use http_kit::NotDone;
use serde_json::{Map, Value, json};

use super::close::close;
use super::credential;
use super::definition::definition;
use super::instance::{Instance, address};
use super::probe::{checks, line};
use super::product::Product;
use super::push::push;
use super::{event, looking_up};
use crate::outbound::connector::Connector;
use crate::outbound::delivery::Done;
use crate::outbound::kinds::kept::Kept;
use crate::outbound::kinds::{Call, Check, Definition, Kind, Notice};

/// Clients are kept for their access tokens.
const CLIENT_KEPT: Duration = Duration::from_secs(3600);

/// Records of one product.
#[derive(Debug)]
pub(in crate::outbound::kinds) struct ServiceNowKind {
    product: Product,
    definition: Definition,
    instances: Kept<Instance>,
}

impl ServiceNowKind {
    /// The kind for this product.
    pub(in crate::outbound::kinds) fn new(product: Product) -> Self {
        Self {
            product,
            definition: definition(product),
            instances: Kept::new(CLIENT_KEPT),
        }
    }

    async fn instance(&self, connector: &Connector, http: &reqwest::Client) -> Result<Arc<Instance>, NotDone> {
        let make = async { Instance::of(connector, self.product, http) };
        self.instances.or_make(connector, make).await
    }
}

impl Kind for ServiceNowKind {
    fn definition(&self) -> &Definition {
        &self.definition
    }

    fn cross_check(&self, config: &Map<String, Value>, secrets: &Map<String, Value>) -> Result<(), String> {
        let url = config.get("apiUrl").and_then(Value::as_str).unwrap_or_default();
        address(url).map_err(|problem| format!("error validating action type config: {problem}"))?;
        credential::check(config, secrets)
    }

    fn is_deprecated(&self, config: &Map<String, Value>) -> bool {
        self.product != Product::Events && config.get("usesTableApi").and_then(Value::as_bool) != Some(false)
    }

    /// Updates and closing end in the same state however often they are asked for; so do pushes with a key.
    fn is_repeatable(&self, sub_action: &str, params: &Map<String, Value>) -> bool {
        let given = |members: &Map<String, Value>, name: &str| {
            members
                .get(name)
                .and_then(Value::as_str)
                .is_some_and(|text| !text.trim().is_empty())
        };
        let incident = params.get("incident").and_then(Value::as_object);
        match sub_action {
            "pushToService" => {
                given(params, "externalId")
                    || incident
                        .is_some_and(|incident| given(incident, "externalId") || given(incident, "correlation_id"))
            }
            "addEvent" => given(params, "message_key"),
            _ => true,
        }
    }

    fn call_of(&self, notice: &Notice) -> Option<(&'static str, Value)> {
        if self.product == Product::Events {
            let severity = if notice.is_firing { "1" } else { "0" };
            let params = json!({
                "source": "webhook", "severity": severity, "message_key": notice.key, "description": notice.title,
                "additional_info": json!(notice.labels).to_string(),
            });
            return Some(("addEvent", params));
        }
        if !notice.is_firing {
            return Some(("closeIncident", json!({ "incident": { "correlation_id": notice.key } })));
        }
        let incident = json!({
            "short_description": notice.title, "description": notice.whole_text(), "correlation_id": notice.key,
        });
        Some(("pushToService", json!({ "incident": incident })))
    }

    fn run<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Done, NotDone>> {
        Box::pin(async move {
            let instance = self.instance(call.connector, call.http).await?;
            let text = |name: &str| call.params.get(name).and_then(Value::as_str).unwrap_or_default();
            let read = match call.sub_action {
                "pushToService" => return push(&instance, call).await,
                "closeIncident" => return close(&instance, call).await,
                "addEvent" => return event::add(&instance, call.params).await,
                "getFields" => looking_up::fields(&instance).await,
                "getChoices" => looking_up::choices(&instance, call.params).await,
                "getIncident" => looking_up::incident(&instance, text("externalId")).await,
                other => Err(NotDone::NotSent(format!("there is no sub-action {other}"))),
            };
            read.map(Done::with)
        })
    }

    fn test<'a>(&'a self, connector: &'a Connector, http: reqwest::Client) -> BoxFuture<'a, Vec<Check>> {
        Box::pin(async move {
            match self.instance(connector, &http).await {
                Ok(instance) => checks(&instance).await,
                Err(error) => vec![line("settings", Err(error.to_string()))],
            }
        })
    }
}
