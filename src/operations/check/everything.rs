//! The order of a check: the cluster, the extraction service, each connector.

use super::cluster::elasticsearch;
use super::connector::connector;
use super::findings::Findings;
use crate::config::Config;
use crate::inbound::connectors::served;
use crate::inbound::text_extraction::ServiceExtractor;

/// Looks at everything that `config.yml` names. What is missing is a finding, never an error.
pub async fn check(config: &Config) -> Findings {
    let mut findings = Findings::default();
    if let Some(client) = elasticsearch(config, &mut findings).await {
        if let Some(service) = &config.extraction_service {
            let there = async { ServiceExtractor::new(service.clone(), 0)?.ping().await }.await;
            let there = there.map(|()| format!("answers at {}", service.host));
            findings.add("extraction service", there.map_err(|error| error.to_string()));
        }
        let path = config.path.display();
        let entries = match served::entries(&client, &config.connectors, &config.service).await {
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
    findings
}
