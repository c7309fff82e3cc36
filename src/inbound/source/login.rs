//! Logs in to Jira and learns what a sync needs before it can build documents.
//!
//! Every step that fails is an error with its own message; reading issues is left to `jira_source`.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use jira_client::{ErrorKind, JiraClient, JiraError, Myself, ServerInfo};
use sync_engine::sync_rules::AdvancedRules;
use tracing::{info, warn};

use super::connection;
use super::custom_fields::CustomFieldNames;
use super::documents::{DocumentContext, FileRules};
use super::extras::Extras;
use super::jira_source::JiraSource;
use super::login_error::LoginError;
use super::permissions::{DocumentAccess, IdentityReader};
use super::scope::ResolvedScope;
use super::settings::{ExtraSettings, JiraSettings, ProjectScope};
use crate::config::JiraLimits;

/// A Jira that accepted the credential.
#[derive(Debug)]
pub struct Login {
    /// The client, with the account pinned.
    pub client: JiraClient,
    /// The account that logged in.
    pub myself: Myself,
    /// Version, edition and base URL as the server states them.
    pub server: ServerInfo,
    settings: JiraSettings,
    rules: Option<AdvancedRules>,
}

impl Login {
    /// Logs in. The credential counts as accepted only when `myself` answers for an account.
    pub async fn new(settings: JiraSettings, limits: &JiraLimits, user_agent: &str) -> Result<Self, LoginError> {
        let client = connection::connect(&settings, limits, user_agent).await?;
        let myself = client.myself().await?;
        let server = server_info(&client, &settings).await?;
        info!(
            jira.version = server.version,
            jira.time_zone = myself.time_zone,
            "logged in to Jira"
        );
        Ok(Self {
            client,
            myself,
            server,
            settings,
            rules: None,
        })
    }

    /// The same with advanced sync rules in place of the configured projects.
    #[must_use]
    pub fn with_advanced_rules(self, rules: Option<AdvancedRules>) -> Self {
        Self { rules, ..self }
    }

    /// Resolves the configured projects and reads the field list.
    pub async fn open(self, files: FileRules, now: DateTime<Utc>) -> Result<JiraSource, LoginError> {
        // One after the other: refusals for the rate that come together would teach a slower pace than Jira asks for.
        let fields = self.client.fields().await?;
        let scope = self.scope().await?;
        let base_url = match self.server.base_url.trim().trim_end_matches('/') {
            "" => self.settings.url.as_str().trim_end_matches('/').to_owned(),
            stated => stated.to_owned(),
        };
        let zone = account_zone(self.myself.time_zone.as_deref());
        let context = DocumentContext {
            base_url,
            custom_fields: CustomFieldNames::new(&fields),
            sync_started: in_account_zone(now, zone),
            files,
        };
        let access = if self.settings.document_level_security {
            Some(DocumentAccess::read(&self.client, &scope.projects, self.settings.readers_per_issue).await?)
        } else {
            None
        };
        // Without a clock of Jira's, ours is taken: the windows of syncs overlap by more than clocks usually differ.
        let opened_at = self.server.server_time.map_or(now, |jira| jira.with_timezone(&Utc));
        let extras = Extras::new(self.settings.extras, &fields, access.is_some());
        Ok(JiraSource::new(
            self.client,
            context,
            scope,
            access,
            extras,
            opened_at,
            zone,
        ))
    }

    /// The resolved scope: the projects that the configuration names, or what the advanced rules find.
    pub async fn scope(&self) -> Result<ResolvedScope, LoginError> {
        let Some(rules) = &self.rules else {
            return ResolvedScope::resolve(&self.client, &self.settings.projects).await;
        };
        let queries: Vec<&str> = rules.queries().iter().map(|query| query.jql.as_str()).collect();
        let verdicts = self.client.check_jql(&queries).await?;
        let refused = queries.iter().zip(&verdicts).enumerate();
        let refused: Vec<String> = refused
            .filter(|(_, (_, verdict))| !verdict.errors.is_empty())
            .map(|(position, (query, verdict))| {
                format!("rule {} ({query}): {}", position + 1, verdict.errors.join(" "))
            })
            .collect();
        if !refused.is_empty() {
            return Err(LoginError::Rules(refused.join("; ")));
        }
        ResolvedScope::of_rules(&self.client, rules).await
    }

    /// Reads what the documents of these projects need to know about permissions.
    pub async fn document_access(&self, scope: &ResolvedScope) -> Result<DocumentAccess, LoginError> {
        Ok(DocumentAccess::read(&self.client, &scope.projects, self.settings.readers_per_issue).await?)
    }

    /// Reads users and permissions for identities.
    pub async fn identities(self) -> Result<IdentityReader, LoginError> {
        let scope = self.scope().await?;
        Ok(IdentityReader::new(self.client, scope.projects))
    }

    /// Selects what is read besides issues and their files.
    pub fn extras(&self) -> ExtraSettings {
        self.settings.extras
    }

    /// Whether documents carry who may see them.
    pub fn has_document_level_security(&self) -> bool {
        self.settings.document_level_security
    }

    /// Whether every project is read.
    pub fn reads_all_projects(&self) -> bool {
        self.settings.projects == ProjectScope::All
    }
}

/// Version, address for links and clock. Some gateways do not let this question through; the account is known by then,
/// and a sync needs none of them, so it goes on with the configured address.
async fn server_info(client: &JiraClient, settings: &JiraSettings) -> Result<ServerInfo, JiraError> {
    let error = match client.server_info().await {
        Ok(server) => return Ok(server),
        Err(error) => error,
    };
    match error.kind() {
        ErrorKind::NotFound
        | ErrorKind::Forbidden
        | ErrorKind::MissingScope
        | ErrorKind::Gone
        | ErrorKind::Refused
        | ErrorKind::LoginPage
        | ErrorKind::BadAnswer
        | ErrorKind::UnsafeRedirect => {}
        _ => return Err(error),
    }
    warn!(
        error = %error,
        "jira does not say its version and address (serverInfo); links are made from jira_url"
    );
    Ok(ServerInfo {
        base_url: settings.url.to_string(),
        version: String::new(),
        version_numbers: Vec::new(),
        deployment: None,
        server_time: None,
    })
}

/// The account's time zone; UTC when Jira names none that is known.
fn account_zone(name: Option<&str>) -> Tz {
    match name.map(str::parse::<Tz>) {
        Some(Ok(zone)) => zone,
        Some(Err(_)) => {
            warn!(
                jira.time_zone = name,
                "the account's time zone is not known; using UTC instead"
            );
            Tz::UTC
        }
        None => Tz::UTC,
    }
}

/// An instant as the framework writes it on project documents: ISO 8601 with the offset of the account's zone.
fn in_account_zone(now: DateTime<Utc>, zone: Tz) -> String {
    now.with_timezone(&zone).format("%Y-%m-%dT%H:%M:%S%.6f%:z").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn project_timestamps_carry_the_account_s_offset() {
        let now = "2026-11-22T19:00:00.5Z".parse().unwrap();
        assert_eq!(
            in_account_zone(now, account_zone(Some("Asia/Kolkata"))),
            "2026-11-23T00:30:00.500000+05:30"
        );
        assert_eq!(
            in_account_zone(now, account_zone(Some("Mars/Base"))),
            "2026-11-22T19:00:00.500000+00:00"
        );
    }
}
