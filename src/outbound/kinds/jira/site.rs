//! A Jira as one connector reaches it: client, edition, browse address and screens, kept for a while.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http_kit::NotDone;
use jira_client::{Auth, Edition, IssueType, JiraClient, JiraConfig, JiraError, WritableField};
use parking_lot::Mutex;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use super::answer::{not_done, refused};
use crate::outbound::connector::Connector;

/// A change of a screen is noticed after this.
const SCREEN_KEPT: Duration = Duration::from_secs(300);
/// Callers wait: requests are given up soon, and long waits that Jira asks for are handed on to them.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// A list, and when it was read.
type Read<T> = (Instant, Arc<Vec<T>>);

/// A Jira as one connector reaches it.
pub(super) struct Site {
    pub(super) client: JiraClient,
    /// The key of the connector's project.
    pub(super) project: String,
    /// The address that people open, without a slash at its end.
    browse: String,
    types: Mutex<Option<Read<IssueType>>>,
    /// By the id of the issue type.
    screens: Mutex<HashMap<String, Read<WritableField>>>,
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site")
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

impl Site {
    /// What people open.
    pub(super) fn url(&self, key: &str) -> String {
        format!("{}/browse/{key}", self.browse)
    }

    /// The types of issues that the account may make.
    pub(super) async fn issue_types(&self) -> Result<Arc<Vec<IssueType>>, NotDone> {
        let known = self.types.lock().clone();
        if let Some((_, types)) = known.filter(|(read, _)| read.elapsed() < SCREEN_KEPT) {
            return Ok(types);
        }
        let types = self.client.issue_types(&self.project).await;
        let types = Arc::new(types.map_err(|error| not_done("get issue types", error))?);
        if types.is_empty() {
            return Err(refused(format!(
                "[Action][Jira]: Unable to get issue types. The account may make no issues in project {}: it does not \
                 exist, is archived, or the permission Create Issues is missing",
                self.project
            )));
        }
        *self.types.lock() = Some((Instant::now(), Arc::clone(&types)));
        Ok(types)
    }

    /// The fields of the screen for making issues of a type.
    pub(super) async fn screen(&self, issue_type: &str) -> Result<Arc<Vec<WritableField>>, NotDone> {
        let known = self.screens.lock().get(issue_type).cloned();
        if let Some((_, fields)) = known.filter(|(read, _)| read.elapsed() < SCREEN_KEPT) {
            return Ok(fields);
        }
        let fields = self.client.create_fields(&self.project, issue_type).await;
        let fields = Arc::new(fields.map_err(|error| not_done("get fields", error))?);
        let kept = (Instant::now(), Arc::clone(&fields));
        self.screens.lock().insert(issue_type.to_owned(), kept);
        Ok(fields)
    }

    /// Forgets the screens: Jira refused what they allowed.
    pub(super) fn forget_screens(&self) {
        self.screens.lock().clear();
        *self.types.lock() = None;
    }
}

/// Reaches the site of a connector, and learns its edition and whose login it is.
pub(super) async fn connect(connector: &Connector, http: &reqwest::Client) -> Result<Site, NotDone> {
    let text = |name: &str| connector.config.get(name).and_then(Value::as_str).unwrap_or_default();
    let url = address(text("apiUrl")).map_err(NotDone::NotSent)?;
    let made = |edition| client(http, &url, edition, connector);
    let config_fault = |error| not_done("use the settings", error);
    let likely = likely_edition(&url);
    let mut jira = made(likely).map_err(config_fault)?;
    let (edition, browse) = match jira.server_info().await {
        Ok(info) => {
            let edition = match info.deployment.as_deref() {
                Some("Cloud") => Edition::Cloud,
                Some(_) => Edition::DataCenter,
                None => likely,
            };
            (edition, info.base_url)
        }
        // Gateways hide it, and it needs no login; the next question tells more.
        Err(error) if matches!(error.status(), Some(401 | 403 | 404)) => (likely, url.to_string()),
        Err(error) => return Err(not_done("reach the site", error)),
    };
    if edition != likely {
        jira = made(edition).map_err(config_fault)?;
    }
    // From now on an answer that was made for anybody else is an error.
    jira.myself().await.map_err(|error| not_done("log in", error))?;
    Ok(Site {
        client: jira,
        project: text("projectKey").to_owned(),
        browse: browse.trim_end_matches('/').to_owned(),
        types: Mutex::default(),
        screens: Mutex::default(),
    })
}

fn client(http: &reqwest::Client, url: &Url, edition: Edition, connector: &Connector) -> Result<JiraClient, JiraError> {
    let secret = |name: &str| connector.secrets.get(name).cloned();
    let auth = match secret("personalAccessToken") {
        Some(token) => Auth::Bearer(token),
        None => Auth::Basic {
            username: secret("email")
                .map(|email| email.expose_secret().to_owned())
                .unwrap_or_default(),
            secret: secret("apiToken").unwrap_or_else(|| SecretString::from(String::new())),
        },
    };
    let mut config = JiraConfig::new(url.clone(), edition, auth);
    config.retries = 2;
    config.retry_delay = Duration::from_millis(300);
    config.max_retry_delay = Duration::from_secs(2);
    config.max_wait = LONGEST_WAIT;
    config.max_limited = Some(LONGEST_WAIT);
    config.max_outage = Duration::ZERO;
    config.request_timeout = ANSWER_WITHIN;
    config.read_timeout = ANSWER_WITHIN;
    JiraClient::over(http.clone(), config)
}

fn likely_edition(url: &Url) -> Edition {
    let host = url.host_str().unwrap_or_default();
    let is_cloud = host.ends_with(".atlassian.net") || host.ends_with(".jira.com") || url.path().contains("/ex/jira/");
    if is_cloud { Edition::Cloud } else { Edition::DataCenter }
}

/// The address, or what is wrong with it.
pub(super) fn address(text: &str) -> Result<Url, String> {
    let problem =
        |problem: &str| format!("[apiUrl]: {problem}; expected an address such as https://example.atlassian.net");
    let url = Url::parse(text.trim()).map_err(|error| problem(&format!("is no address ({error})")))?;
    if !matches!(url.scheme(), "https" | "http") || url.host_str().is_none() {
        return Err(problem("is no web address"));
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        return Err(problem("must hold no user, password or query"));
    }
    Ok(url)
}
