//! `.jira` as one of the kinds.

use std::time::Duration;

use futures::future::BoxFuture;
use http_kit::NotDone;
use serde_json::{Map, Value, json};

use super::close::close;
use super::definition::definition;
use super::looking_up;
use super::probe::{check, checks};
use super::push::push;
use super::site::{Site, address, connect};
use crate::outbound::connector::Connector;
use crate::outbound::delivery::Done;
use crate::outbound::kinds::kept::Kept;
use crate::outbound::kinds::{Call, Check, Definition, Kind, Notice};

/// An upgrade or a new address of the site is noticed after this.
const SITE_KEPT: Duration = Duration::from_secs(3600);

/// Issues of Jira.
#[derive(Debug)]
pub(in crate::outbound::kinds) struct Jira {
    definition: Definition,
    /// Clients are shared by all calls of a connector, so that they keep the site's limits together.
    sites: Kept<Site>,
}

impl Default for Jira {
    fn default() -> Self {
        Self {
            definition: definition(),
            sites: Kept::new(SITE_KEPT),
        }
    }
}

impl Kind for Jira {
    fn definition(&self) -> &Definition {
        &self.definition
    }

    fn cross_check(&self, config: &Map<String, Value>, secrets: &Map<String, Value>) -> Result<(), String> {
        let url = config.get("apiUrl").and_then(Value::as_str).unwrap_or_default();
        address(url).map_err(|problem| format!("error validating action type config: {problem}"))?;
        let has = |name: &str| secrets.get(name).is_some_and(|value| !value.is_null());
        let unfit = |problem: &str| Err(format!("error validating action type secrets: {problem}"));
        match (has("email"), has("apiToken"), has("personalAccessToken")) {
            (true, true, false) | (false, false, true) => Ok(()),
            (_, _, true) => unfit("[personalAccessToken]: stands alone, without [email] and [apiToken]"),
            (false, _, false) => unfit("[email]: expected value of type [string] but got [undefined]"),
            (true, false, false) => unfit("[apiToken]: expected value of type [string] but got [undefined]"),
        }
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
        sub_action != "pushToService"
            || given(params, "externalId")
            || incident.is_some_and(|incident| given(incident, "externalId") || given(incident, "correlation_id"))
    }

    fn call_of(&self, notice: &Notice) -> Option<(&'static str, Value)> {
        // Names of alerts and hosts are not written for wiki markup.
        let quoted = notice.text.replace("{noformat}", "{ noformat }");
        let url = notice.url.as_deref().unwrap_or_default();
        let text = format!("{{noformat}}\n{quoted}\n{{noformat}}\n{url}")
            .trim_end()
            .to_owned();
        if !notice.is_firing {
            let params = json!({ "incident": { "correlation_id": notice.key, "comment": text } });
            return Some(("closeIncident", params));
        }
        let incident = json!({ "summary": notice.title, "description": text, "correlation_id": notice.key });
        Some(("pushToService", json!({ "incident": incident })))
    }

    fn run<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Done, NotDone>> {
        Box::pin(async move {
            let site = self
                .sites
                .or_make(call.connector, connect(call.connector, call.http))
                .await?;
            let text = |name: &str| call.params.get(name).and_then(Value::as_str).unwrap_or_default();
            let read = match call.sub_action {
                "pushToService" => return push(&site, call).await,
                "closeIncident" => return close(&site, call).await,
                "getIncident" => looking_up::incident(&site, text("externalId")).await,
                "getFields" => looking_up::fields(&site).await,
                "issueTypes" => looking_up::issue_types(&site).await,
                "fieldsByIssueType" => looking_up::fields_of_type(&site, text("id")).await,
                "issues" => looking_up::issues(&site, text("title")).await,
                "issue" => looking_up::issue(&site, text("id")).await,
                other => Err(NotDone::NotSent(format!("there is no sub-action {other}"))),
            };
            read.map(Done::with)
        })
    }

    fn test<'a>(&'a self, connector: &'a Connector, http: reqwest::Client) -> BoxFuture<'a, Vec<Check>> {
        Box::pin(async move {
            match self.sites.or_make(connector, connect(connector, &http)).await {
                Ok(site) => checks(&site).await,
                Err(error) => vec![check("the site answers and takes the login", Err(&error))],
            }
        })
    }
}
