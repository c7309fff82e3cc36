//! Finds the address at Atlassian's gateway that belongs to a Cloud site.
//!
//! Scoped tokens and service accounts are only accepted there; whether to go there is decided by the callers.

use serde::Deserialize;
use url::Url;

use crate::config::{Auth, JiraConfig};
use crate::dialect::PATH_SEGMENT;
use crate::error::JiraError;
use crate::transport::{EndpointClass, Request, Transport};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TenantInfo {
    cloud_id: Option<String>,
}

/// `{gateway}/ex/jira/{cloudId}`, the cloud id asked for at `{site}/_edge/tenant_info` without a credential.
///
/// `site` is the configuration for the site itself; its credential is not sent. An address that is one of the gateway
/// already is returned as it is.
pub async fn gateway_address(site: &JiraConfig, gateway: &Url) -> Result<Url, JiraError> {
    if site.base_url.path().starts_with("/ex/jira/") {
        return Ok(site.base_url.clone());
    }
    let mut anonymous = site.clone();
    anonymous.auth = Auth::Anonymous;
    let transport = Transport::new(anonymous)?;
    let request = Request::get(EndpointClass::ServerInfo, "_edge/tenant_info");
    let info: TenantInfo = transport.json(&request).await.map_err(|error| match error {
        JiraError::NotFound(_) | JiraError::LoginPage { .. } | JiraError::BadAnswer { .. } => JiraError::Config {
            setting: "jira_url",
            reason: format!(
                "no cloud id is found there ({error}); give the address of the site, such as https://example.atlassian.net"
            ),
        },
        other => other,
    })?;
    let id = info.cloud_id.filter(|id| !id.trim().is_empty());
    let id = id.ok_or_else(|| JiraError::Config {
        setting: "jira_url",
        reason: "the site names no cloud id; it may not be a Jira Cloud site".to_owned(),
    })?;
    let mut address = gateway.clone();
    let root = gateway.path().trim_end_matches('/').to_owned();
    let segment = percent_encoding::utf8_percent_encode(id.trim(), PATH_SEGMENT);
    address.set_path(&format!("{root}/ex/jira/{segment}/"));
    Ok(address)
}
