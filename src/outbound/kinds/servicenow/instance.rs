//! An instance as one connector reaches it.

use std::fmt;

use http_kit::NotDone;
use serde_json::{Map, Value};
use servicenow_client::{Record, ServiceNow};
use url::Url;

use super::credential::credential;
use super::product::Product;
use crate::outbound::connector::Connector;

/// An instance as one connector reaches it.
pub(super) struct Instance {
    pub(super) client: ServiceNow,
    pub(super) product: Product,
    pub(super) uses_table_api: bool,
    /// What new incidents name as caller; none with OAuth.
    pub(super) caller: Option<String>,
    /// What a push does when the incident of its key is closed.
    pub(super) on_closed: OnClosed,
    /// Columns that close an incident.
    pub(super) closing: Map<String, Value>,
}

/// What a push does when the incident of its key is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OnClosed {
    Create,
    Reopen,
    Update,
}

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instance")
            .field("product", &self.product)
            .finish_non_exhaustive()
    }
}

impl Instance {
    /// Makes a client of a connector that was checked. Nothing is asked yet.
    pub(super) fn of(connector: &Connector, product: Product, http: &reqwest::Client) -> Result<Self, NotDone> {
        let config = &connector.config;
        let text = |name: &str| config.get(name).and_then(Value::as_str).unwrap_or_default();
        let url = address(text("apiUrl")).map_err(NotDone::NotSent)?;
        let is_oauth = config.get("isOAuth").and_then(Value::as_bool) == Some(true);
        let caller = connector.secrets.to_json().remove("username").filter(|_| !is_oauth);
        Ok(Self {
            client: ServiceNow::new(http.clone(), &url, credential(connector).map_err(NotDone::NotSent)?),
            product,
            uses_table_api: config.get("usesTableApi").and_then(Value::as_bool) != Some(false),
            caller: caller.and_then(|caller| caller.as_str().map(str::to_owned)),
            on_closed: match text("onClosed") {
                "reopen" => OnClosed::Reopen,
                "update" => OnClosed::Update,
                _ => OnClosed::Create,
            },
            closing: closing(product, config),
        })
    }

    pub(super) fn table(&self) -> &'static str {
        self.product.table()
    }

    /// Whether somebody may still work on a record. One that stands where this connector puts closed ones is closed,
    /// also when the instance calls it active, as it does with resolved ones: a new alert must not vanish in it.
    pub(super) fn is_open(&self, record: &Record) -> bool {
        record.text("active") != "false"
            && Some(record.text("state")) != self.closing.get("state").and_then(Value::as_str)
    }
}

/// Kibana's values, unless the connector has others: instances rename their codes.
fn closing(product: Product, config: &Map<String, Value>) -> Map<String, Value> {
    let chosen = config.get("close").and_then(Value::as_object);
    let usual = [
        ("state", product.closed()),
        ("close_code", "Closed/Resolved by Caller"),
        ("close_notes", "Closed by Caller"),
    ];
    let value = |name: &str, usual: &str| {
        chosen
            .and_then(|chosen| chosen.get(name))
            .cloned()
            .unwrap_or_else(|| usual.into())
    };
    usual
        .iter()
        .map(|(name, usual)| ((*name).to_owned(), value(name, usual)))
        .collect()
}

/// The address, or what is wrong with it.
pub(super) fn address(text: &str) -> Result<Url, String> {
    let problem =
        |problem: &str| format!("[apiUrl]: {problem}; expected an address such as https://example.service-now.com");
    let url = Url::parse(text.trim()).map_err(|error| problem(&format!("is no address ({error})")))?;
    if !matches!(url.scheme(), "https" | "http") || url.host_str().is_none() {
        return Err(problem("is no web address"));
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        return Err(problem("must hold no user, password or query"));
    }
    Ok(url)
}
