//! Reads version and licence of the server. It leaves judging either of them to the caller.

use serde::Deserialize;
use serde_json::Value;

use crate::answer::Answer;
use crate::error::ElasticError;

/// `GET /`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerInfo {
    /// `version.number`, such as `8.19.21` or `9.2.0-SNAPSHOT`.
    pub version: String,
    /// `version.build_flavor`: `default`, or `serverless`. Absent before 6.x and on some builds.
    pub build_flavor: Option<String>,
    /// `cluster_name`.
    pub cluster_name: String,
    /// `cluster_uuid`; `_na_` while the cluster is still forming.
    pub cluster_uuid: String,
}

#[derive(Deserialize)]
struct RootAnswer {
    #[serde(default)]
    cluster_name: String,
    #[serde(default)]
    cluster_uuid: String,
    version: RootVersion,
    tagline: String,
}

#[derive(Deserialize)]
struct RootVersion {
    number: String,
    build_flavor: Option<String>,
}

impl ServerInfo {
    /// Reads what `GET /` came to. Every Elasticsearch has that resource, so a 404 comes from something else.
    pub(crate) fn read(answer: Result<Answer, ElasticError>, host: &str) -> Result<Self, ElasticError> {
        let not_elasticsearch = |reason: &str| ElasticError::NotElasticsearch {
            host: host.to_owned(),
            reason: reason.to_owned(),
        };
        let answer = answer.map_err(|error| match error {
            ElasticError::NotFound { .. } => not_elasticsearch("it has no root resource (404)"),
            other => other,
        })?;
        let root: RootAnswer = answer
            .parse()
            .map_err(|_| not_elasticsearch("its root resource is not the JSON object with version and tagline"))?;
        if root.tagline != "You Know, for Search" {
            return Err(not_elasticsearch("its root resource lacks Elasticsearch's tagline"));
        }
        Ok(Self {
            version: root.version.number,
            build_flavor: root.version.build_flavor,
            cluster_name: root.cluster_name,
            cluster_uuid: root.cluster_uuid,
        })
    }

    /// Major and minor version, when the number begins with two.
    #[must_use]
    pub fn major_minor(&self) -> Option<(u32, u32)> {
        let mut parts = self.version.split(['.', '-']);
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    }

    /// Whether this is Elastic Cloud Serverless, where version numbers mean nothing.
    #[must_use]
    pub fn is_serverless(&self) -> bool {
        self.build_flavor.as_deref() == Some("serverless")
    }
}

/// `GET /_license`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct License {
    /// `license.type`.
    pub license_type: LicenseType,
    /// `license.status`: `active`, `expired` or `invalid`.
    pub status: String,
}

/// The kinds of licence, from least to most; a trial has everything.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are Elasticsearch's own")]
pub enum LicenseType {
    Basic,
    Standard,
    Gold,
    Platinum,
    Enterprise,
    Trial,
    /// A kind that this version does not know.
    Unknown(String),
}

impl License {
    pub(crate) fn read(answer: &Answer) -> Result<Self, ElasticError> {
        let body = answer.json()?;
        let field = |name: &str| {
            body.pointer(&format!("/license/{name}"))
                .and_then(Value::as_str)
                .ok_or_else(|| answer.unexpected(&format!("license.{name}"), "a string was expected"))
        };
        let license_type = match field("type")? {
            "basic" => LicenseType::Basic,
            "standard" => LicenseType::Standard,
            "gold" => LicenseType::Gold,
            "platinum" => LicenseType::Platinum,
            "enterprise" => LicenseType::Enterprise,
            "trial" => LicenseType::Trial,
            other => LicenseType::Unknown(other.to_owned()),
        };
        Ok(Self {
            license_type,
            status: field("status")?.to_owned(),
        })
    }

    /// Whether document level security works: an active platinum, enterprise or trial licence.
    #[must_use]
    pub fn permits_document_level_security(&self) -> bool {
        self.status == "active"
            && matches!(
                self.license_type,
                LicenseType::Platinum | LicenseType::Enterprise | LicenseType::Trial
            )
    }
}
