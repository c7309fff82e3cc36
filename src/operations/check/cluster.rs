//! Looks at Elasticsearch: whether it answers, what its licence permits, whether connectors may be managed.

use elastic_client::ElasticClient;
use elastic_client::index_names::CONNECTOR_INDICES_PATTERN;
use serde_json::json;

use super::findings::Findings;
use super::privileges::privileges;
use crate::clients::{check_version, elastic_client};
use crate::config::Config;
use crate::operations::installation::reach;

pub(super) async fn elasticsearch(config: &Config, findings: &mut Findings) -> Option<ElasticClient> {
    let client = match elastic_client(&config.elasticsearch) {
        Ok(client) => client,
        Err(error) => {
            findings.add("elasticsearch", Err(error.to_string()));
            return None;
        }
    };
    let server = reach(&client).await;
    let reached = findings.add(
        "elasticsearch",
        match &server {
            Ok(server) => match check_version(server) {
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
        "index": [{ "names": [CONNECTOR_INDICES_PATTERN], "privileges": ["read", "write"] }],
    });
    privileges(client, wanted)
        .await
        .map(|()| "readable and writable".to_owned())
}
