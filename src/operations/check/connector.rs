//! Looks at one connector: record, index, configuration, sync rules, Jira.

use elastic_client::ElasticClient;
use serde_json::json;
use sync_engine::sync::SyncCursor;
use sync_engine::sync_rules::AdvancedRules;

use super::access;
use super::findings::Findings;
use super::index_state::{index_owner, index_state};
use super::privileges::privileges;
use crate::clients::{USER_AGENT, client_for_connector};
use crate::config::{ConnectorEntry, JiraLimits};
use crate::inbound::connectors::rule_validation::advanced_rules_in_force;
use crate::inbound::source::permissions::DocumentAccess;
use crate::inbound::source::{JiraSettings, Login, capabilities};

pub(super) async fn connector(
    client: &ElasticClient,
    entry: &ConnectorEntry,
    limits: &JiraLimits,
    findings: &mut Findings,
) {
    let id = &entry.connector_id;
    let subject = |what: &str| format!("{what} of {id}");
    let record = match client.connectors().get(id).await {
        Ok(Some(record)) => record.value,
        Ok(None) => {
            let text = "no such connector: correct connector_id, or create one with `connector create`".to_owned();
            findings.add(&subject("record"), Err(text));
            return;
        }
        Err(error) => {
            findings.add(&subject("record"), Err(error.to_string()));
            return;
        }
    };
    findings.add(
        &subject("index"),
        match record.index_name.as_deref() {
            Some(index) => index_privileges(client, entry, index).await,
            None => Err("the connector has no index; attach one in Kibana".into()),
        },
    );
    if let (Some(index), Ok(own)) = (record.index_name.as_deref(), client_for_connector(client, entry)) {
        index_state(&own, index, &subject("index state"), findings).await;
        index_owner(client, &own, (id, index), &subject("index owner"), findings).await;
    }
    let settings = match JiraSettings::from_configuration(&record.configuration) {
        Ok(settings) => settings,
        Err(error) => {
            findings.add(&subject("configuration"), Err(error.to_string()));
            return;
        }
    };
    findings.add(&subject("configuration"), Ok("complete".into()));
    if let Some(index) = record
        .index_name
        .as_deref()
        .filter(|_| settings.document_level_security)
    {
        access::elasticsearch(client, entry, index, &subject, findings).await;
    }
    let rules = match advanced_rules_in_force(&record) {
        Ok(rules) => rules,
        Err(error) => {
            findings.add(&subject("sync rules"), Err(error.to_string()));
            return;
        }
    };
    let access = jira(settings, rules, limits, &subject, findings).await;
    if let (Some(access), Some(index)) = (access, record.index_name.as_deref()) {
        let cursor = record.sync_cursor.as_ref().and_then(SyncCursor::read);
        let documents = access::documents(client, entry, index, &access, cursor).await;
        findings.add(&subject("access tokens"), documents);
    }
}

async fn index_privileges(client: &ElasticClient, entry: &ConnectorEntry, index: &str) -> Result<String, String> {
    let own = client_for_connector(client, entry).map_err(|error| error.to_string())?;
    let wanted = json!({
        "index": [{
            "names": [index],
            "privileges": ["read", "write", "create_index", "view_index_metadata", "manage", "maintenance"],
        }],
    });
    privileges(&own, wanted).await.map(|()| format!("{index} is writable"))
}

/// The answer is what documents need to know about permissions, when document level security is on.
async fn jira(
    settings: JiraSettings,
    rules: Option<AdvancedRules>,
    limits: &JiraLimits,
    subject: &dyn Fn(&str) -> String,
    findings: &mut Findings,
) -> Option<DocumentAccess> {
    let with_access = settings.document_level_security;
    let login = match Login::new(settings, limits, USER_AGENT).await {
        Ok(login) => login.with_advanced_rules(rules),
        Err(error) => {
            findings.add(&subject("Jira"), Err(error.to_string()));
            return None;
        }
    };
    for one in capabilities(&login).await {
        findings.add(&subject(one.subject), one.found);
    }
    if with_access {
        access::jira(&login, subject, findings).await
    } else {
        None
    }
}
