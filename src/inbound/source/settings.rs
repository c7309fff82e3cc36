//! Reads a connector's configuration into typed and checked settings.
//!
//! Checking happens without talking to Jira; logging in is left to `login`.

use std::fmt;

use jira_client::{Auth, Edition, TlsVerification};
use secrecy::SecretString;
use serde_json::{Map, Value};
use url::Url;

use super::field_definitions::FORM;
use super::site_address::site_address;
use crate::forms::{FieldProblem, FieldValue, Filled, ProblemKind};

/// The address of tokens for service accounts, unless the limits of this process name another.
const ATLASSIAN_TOKENS: &str = "https://auth.atlassian.com/oauth/token";

/// The projects to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProjectScope {
    /// Every project that the account may browse.
    All,
    /// These keys; each must exist.
    Keys(Vec<String>),
}

/// The way in which files become text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExtractionWay {
    /// The ingest pipeline of Elasticsearch does it.
    Pipeline,
    /// Elastic's extraction service does it.
    Service,
    /// This program does it.
    Local,
}

/// Selects what is read besides issues and their files. Nothing by default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ExtraSettings {
    /// Histories of issues, each entry as a document.
    pub changelog: bool,
    /// Boards and sprints as documents.
    pub agile: bool,
    /// Facts of service management about issues.
    pub jsm: bool,
}

/// The typed settings of one connector.
#[derive(Debug, Clone)]
pub struct JiraSettings {
    /// Cloud, Server or Data Center.
    pub edition: Edition,
    /// The log-in.
    pub auth: Auth,
    /// Root of the site, context path included.
    pub url: Url,
    /// Whether the credential is only accepted at Atlassian's gateway.
    pub through_gateway: bool,
    /// The scope.
    pub projects: ProjectScope,
    /// The checks of Jira's certificate.
    pub tls_verification: TlsVerification,
    /// A certificate authority to trust besides the system's.
    pub ca_pem: Option<String>,
    /// Further tries of a failed request.
    pub retries: u32,
    /// Upper bound for downloads at a time.
    pub concurrent_downloads: usize,
    /// The way in which files become text.
    pub extraction: ExtractionWay,
    /// Extensions of files whose content is wanted, as [`FileRules`](super::documents::FileRules) takes them.
    pub file_extensions: Vec<String>,
    /// Characters of a file's text that are indexed.
    pub max_text_size: usize,
    /// The deletion guard's share, in percent.
    pub max_deletion_percent: u64,
    /// Minutes between looks for deletions of incremental syncs.
    pub sweep_interval_minutes: i64,
    /// Whether documents carry who may see them.
    pub document_level_security: bool,
    /// Whether Jira is asked about each issue whose readers no list tells.
    pub readers_per_issue: bool,
    /// Selects what is read besides issues and their files.
    pub extras: ExtraSettings,
}

/// The configuration cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidSettings {
    /// Every problem found.
    pub problems: Vec<FieldProblem>,
}

impl std::error::Error for InvalidSettings {}

impl fmt::Display for InvalidSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<String> = self.problems.iter().map(ToString::to_string).collect();
        write!(f, "the connector's configuration is not usable: {}", all.join("; "))
    }
}

impl From<FieldProblem> for InvalidSettings {
    fn from(problem: FieldProblem) -> Self {
        Self {
            problems: vec![problem],
        }
    }
}

impl JiraSettings {
    /// Reads a connector's `configuration`. All problems are reported together.
    pub fn from_configuration(record: &Map<String, Value>) -> Result<Self, InvalidSettings> {
        let configuration = FORM.read(record);
        let problems = configuration.problems();
        if !problems.is_empty() {
            return Err(InvalidSettings { problems });
        }
        let reader = Reader(configuration);
        let edition = match reader.text("data_source")?.as_str() {
            "jira_cloud" => Edition::Cloud,
            "jira_server" => Edition::Server,
            _ => Edition::DataCenter,
        };
        Ok(Self {
            auth: reader.auth(edition)?,
            through_gateway: edition.is_cloud() && reader.text("cloud_auth_method")? != "api_token",
            edition,
            url: reader.url(edition)?,
            projects: reader.projects()?,
            tls_verification: match reader.text("ssl_verification")?.as_str() {
                "none" => TlsVerification::None,
                "certificate" => TlsVerification::Certificate,
                _ => TlsVerification::Full,
            },
            ca_pem: if reader.bool("ssl_enabled")? {
                Some(reader.text("ssl_ca")?)
            } else {
                None
            },
            retries: reader.number("retry_count")? as u32,
            concurrent_downloads: reader.number("concurrent_downloads")? as usize,
            extraction: reader.extraction()?,
            file_extensions: reader.file_extensions()?,
            max_text_size: reader.number("max_text_size")? as usize,
            max_deletion_percent: reader.number("max_deletion_percent")? as u64,
            sweep_interval_minutes: reader.number("sweep_interval")?,
            document_level_security: reader.bool("use_document_level_security")?,
            readers_per_issue: reader.text("dls_security_levels")? == "per_issue",
            extras: ExtraSettings {
                changelog: reader.bool("sync_changelog")?,
                agile: reader.bool("sync_agile")?,
                jsm: reader.bool("sync_jsm")?,
            },
        })
    }
}

struct Reader<'a>(Filled<'a>);

impl Reader<'_> {
    fn text(&self, key: &'static str) -> Result<String, InvalidSettings> {
        match self.0.get(key)? {
            FieldValue::Text(text) => Ok(text),
            _ => Ok(String::new()),
        }
    }

    fn bool(&self, key: &'static str) -> Result<bool, InvalidSettings> {
        Ok(self.0.get(key)? == FieldValue::Bool(true))
    }

    fn number(&self, key: &'static str) -> Result<i64, InvalidSettings> {
        match self.0.get(key)? {
            FieldValue::Number(number) => Ok(number),
            other => unreachable!("{key} has a numeric default and its type was checked: {other:?}"),
        }
    }

    fn auth(&self, edition: Edition) -> Result<Auth, InvalidSettings> {
        let basic = |user: &'static str, secret: &'static str| -> Result<Auth, InvalidSettings> {
            Ok(Auth::Basic {
                username: self.text(user)?,
                secret: SecretString::from(self.text(secret)?),
            })
        };
        match edition {
            Edition::Cloud if self.text("cloud_auth_method")? == "oauth_client_credentials" => {
                Ok(Auth::ClientCredentials {
                    token_url: Url::parse(ATLASSIAN_TOKENS).expect("it is a URL"),
                    client_id: self.text("oauth_client_id")?,
                    client_secret: SecretString::from(self.text("oauth_client_secret")?),
                })
            }
            Edition::Cloud => basic("account_email", "api_token"),
            Edition::Server => basic("username", "password"),
            Edition::DataCenter if self.text("data_center_auth_method")? == "personal_access_token" => Ok(
                Auth::Bearer(SecretString::from(self.text("data_center_personal_access_token")?)),
            ),
            Edition::DataCenter => basic("data_center_username", "data_center_password"),
        }
    }

    fn url(&self, edition: Edition) -> Result<Url, InvalidSettings> {
        let text = self.text("jira_url")?;
        let field = FORM.find("jira_url").expect("the form has it");
        let problem = |problem: String| InvalidSettings::from(field.problem(ProblemKind::NotAllowed, problem, ""));
        site_address(&text, edition).map_err(problem)
    }

    /// Connectors of the framework only know whether its extraction service is used.
    fn extraction(&self) -> Result<ExtractionWay, InvalidSettings> {
        Ok(match self.text("extraction_mode")?.as_str() {
            "service" => ExtractionWay::Service,
            "local" => ExtractionWay::Local,
            "" if self.bool("use_text_extraction_service")? => ExtractionWay::Service,
            _ => ExtractionWay::Pipeline,
        })
    }

    /// People write `.PDF`, `pdf` and `+.log` and mean the same.
    fn file_extensions(&self) -> Result<Vec<String>, InvalidSettings> {
        let FieldValue::List(entries) = self.0.get("file_extensions")? else {
            return Ok(Vec::new());
        };
        let plain = |entry: &String| {
            let (sign, name) = entry.split_at(usize::from(entry.starts_with(['+', '-'])));
            let name = name.trim().trim_start_matches("*.").trim_start_matches('.');
            format!("{sign}{}", name.to_ascii_lowercase())
        };
        Ok(entries.iter().map(plain).collect())
    }

    fn projects(&self) -> Result<ProjectScope, InvalidSettings> {
        match self.0.get("projects")? {
            FieldValue::List(keys) if keys.iter().any(|key| key == "*") => Ok(ProjectScope::All),
            FieldValue::List(keys) => Ok(ProjectScope::Keys(keys)),
            other => unreachable!("projects is a required list and was checked: {other:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use test_case::test_case;

    use super::*;

    fn settings(further: &[(&str, Value)]) -> Result<JiraSettings, InvalidSettings> {
        let mut record = FORM.blank();
        let usual = [
            ("data_source", json!("jira_cloud")),
            ("jira_url", json!("https://example.atlassian.net")),
            ("account_email", json!("me@example.com")),
            ("api_token", json!("token")),
            ("projects", json!("*")),
        ];
        for (key, value) in usual.iter().chain(further) {
            record[*key]["value"] = value.clone();
        }
        // A record of Elastic's connector lacks the fields that are ours alone.
        if further.is_empty() {
            record.remove("ssl_verification");
        }
        JiraSettings::from_configuration(&record)
    }

    #[test_case(&[], TlsVerification::Full; "the field is missing")]
    #[test_case(&[("ssl_verification", json!(""))], TlsVerification::Full; "nothing is chosen")]
    #[test_case(&[("ssl_verification", json!("full"))], TlsVerification::Full)]
    #[test_case(&[("ssl_verification", json!("certificate"))], TlsVerification::Certificate)]
    #[test_case(&[("ssl_verification", json!("none"))], TlsVerification::None)]
    #[test_case(&[("ssl_enabled", json!(false))], TlsVerification::Full; "no authority is pasted")]
    fn certificates_are_verified_unless_none_is_chosen_by_name(further: &[(&str, Value)], expected: TlsVerification) {
        assert_eq!(settings(further).unwrap().tls_verification, expected);
    }
}
