//! `jira-connector check`: looks at Elasticsearch and at each connector's Jira, and names what is missing.

use elastic_client::ElasticClient;
use serde_json::{Value, json};
use sync_engine::sync::SyncCursor;
use sync_engine::sync_rules::AdvancedRules;

use super::access_check;
use super::context;
use super::exit::CommandError;
use super::output::Output;
use crate::config::{Config, ConnectorEntry, JiraLimits};

use crate::clients::USER_AGENT;
use crate::clients::client_for_connector;
use crate::inbound::source::permissions::DocumentAccess;
use crate::inbound::source::{JiraSettings, Login, capabilities};
use crate::inbound::text_extraction::ServiceExtractor;

/// One thing that was looked at.
struct Finding {
    subject: String,
    ok: bool,
    text: String,
}

#[derive(Default)]
pub(super) struct Findings(Vec<Finding>);

impl Findings {
    pub(super) fn add(&mut self, subject: &str, result: Result<String, String>) -> bool {
        let ok = result.is_ok();
        let text = result.unwrap_or_else(|text| text);
        self.0.push(Finding {
            subject: subject.to_owned(),
            ok,
            text,
        });
        ok
    }
}

pub(super) async fn check(config: &Config, output: &Output) -> Result<(), CommandError> {
    let mut findings = Findings::default();
    if let Some(client) = elasticsearch(config, &mut findings).await {
        if let Some(service) = &config.extraction_service {
            let there = async { ServiceExtractor::new(service.clone(), 0)?.ping().await }.await;
            let there = there.map(|()| format!("answers at {}", service.host));
            findings.add("extraction service", there.map_err(|error| error.to_string()));
        }
        let path = config.path.display();
        let entries =
            match crate::inbound::connectors::served::entries(&client, &config.connectors, &config.service).await {
                Ok(entries) if entries.is_empty() => Err(match config.service.worker_mode {
                    true => format!("{path} names no connector, and there is none that worker mode would serve"),
                    false => format!("{path} names no connector"),
                }),
                Ok(entries) => Ok(entries),
                Err(error) => Err(error.to_string()),
            };
        match entries {
            Ok(entries) => {
                for entry in &entries {
                    connector(&client, entry, &config.jira, &mut findings).await;
                }
            }
            Err(missing) => {
                findings.add("connectors", Err(missing));
            }
        }
    }
    report(&findings, output);
    if findings.0.iter().all(|finding| finding.ok) {
        Ok(())
    } else {
        Err(CommandError::Reported)
    }
}

async fn elasticsearch(config: &Config, findings: &mut Findings) -> Option<ElasticClient> {
    let client = match crate::clients::elastic_client(&config.elasticsearch) {
        Ok(client) => client,
        Err(error) => {
            findings.add("elasticsearch", Err(error.to_string()));
            return None;
        }
    };
    let server = context::reach(&client).await;
    let reached = findings.add(
        "elasticsearch",
        match &server {
            Ok(server) => match crate::clients::check_version(server) {
                Ok(()) => Ok(format!("version {} at {}", server.version, client.host())),
                Err(error) => Err(error.to_string()),
            },
            Err(error) => Err(error.to_string()),
        },
    );
    if !reached {
        return None;
    }
    let license = client.license().await;
    findings.add(
        "licence",
        match license {
            Ok(license) if license.permits_document_level_security() => Ok(format!(
                "{:?}: document level security is available",
                license.license_type
            )),
            Ok(license) => Ok(format!("{:?}: no document level security", license.license_type)),
            Err(error) => Err(error.to_string()),
        },
    );
    findings.add("connector records", may_manage_connectors(&client).await);
    Some(client)
}

async fn may_manage_connectors(client: &ElasticClient) -> Result<String, String> {
    let wanted = json!({
        "cluster": ["manage_connector"],
        "index": [{ "names": [".elastic-connectors*"], "privileges": ["read", "write"] }],
    });
    privileges(client, wanted)
        .await
        .map(|()| "readable and writable".to_owned())
}

pub(super) async fn privileges(client: &ElasticClient, wanted: Value) -> Result<(), String> {
    let answer = client.has_privileges(wanted).await.map_err(|error| error.to_string())?;
    if answer["has_all_requested"] == true {
        return Ok(());
    }
    let mut missing: Vec<String> = denied(&answer["cluster"])
        .map(|name| format!("cluster privilege {name}"))
        .collect();
    for (index, granted) in answer["index"].as_object().into_iter().flatten() {
        missing.extend(denied(granted).map(|name| format!("{name} on {index}")));
    }
    Err(format!(
        "grant to the account or API key in use: {}",
        missing.join(", ")
    ))
}

fn denied(granted: &Value) -> impl Iterator<Item = &String> {
    granted
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, granted)| **granted != true)
        .map(|(name, _)| name)
}

async fn connector(client: &ElasticClient, entry: &ConnectorEntry, limits: &JiraLimits, findings: &mut Findings) {
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
        access_check::elasticsearch(client, entry, index, &subject, findings).await;
    }
    let rules = match crate::inbound::connectors::rule_validation::advanced_rules_in_force(&record) {
        Ok(rules) => rules,
        Err(error) => {
            findings.add(&subject("sync rules"), Err(error.to_string()));
            return;
        }
    };
    let access = jira(settings, rules, limits, &subject, findings).await;
    if let (Some(access), Some(index)) = (access, record.index_name.as_deref()) {
        let cursor = record.sync_cursor.as_ref().and_then(SyncCursor::read);
        let documents = access_check::documents(client, entry, index, &access, cursor).await;
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
        access_check::jira(&login, subject, findings).await
    } else {
        None
    }
}

fn report(findings: &Findings, output: &Output) {
    let lines: Vec<String> = findings
        .0
        .iter()
        .map(|finding| {
            format!(
                "{} {}: {}",
                if finding.ok { "ok    " } else { "FAILED" },
                finding.subject,
                finding.text
            )
        })
        .collect();
    let json: Vec<Value> = findings
        .0
        .iter()
        .map(|finding| json!({ "subject": finding.subject, "ok": finding.ok, "text": finding.text }))
        .collect();
    output.result(&Value::Array(json), &lines.join("\n"));
}
