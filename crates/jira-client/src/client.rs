//! The client: one Jira, one account, shared by all its clones.
//!
//! Listings, fetching, children and downloads have modules of their own; this one has the single questions.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, FixedOffset, Utc};
use http_kit::pasted_token;
use percent_encoding::utf8_percent_encode;
use reqwest::header::{DATE, HeaderMap, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use crate::config::{Auth, Edition, JiraConfig};
use crate::dialect::{
    self, CountAnswer, FieldRow, IssueRow, MyselfAnswer, PATH_SEGMENT, ServerInfoAnswer, cloud, data_center,
};
use crate::error::JiraError;
use crate::issue_listing::IssueIdListing;
use crate::model::{Account, Field, FieldSchema, IssueHead, Myself, Project, ProjectStatus, ServerInfo};
use crate::parse_timestamp;
use crate::project_listing::ProjectListing;
use crate::transport::{Answered, EndpointClass, Request, RequestStats, Transport};

/// Talks to one Jira with one credential. Clones are cheap and share limits, counters and the account proof.
#[derive(Clone)]
pub struct JiraClient {
    pub(crate) transport: Arc<Transport>,
}

impl fmt::Debug for JiraClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JiraClient")
            .field("config", &self.transport.config)
            .finish()
    }
}

impl JiraClient {
    /// Makes a client without talking to Jira. Fails with the setting's name when the address, the certificate or the
    /// credential cannot be used at all.
    pub fn new(config: JiraConfig) -> Result<Self, JiraError> {
        Ok(Self {
            transport: Arc::new(Transport::new(checked(config)?)?),
        })
    }

    /// The same over a client of the caller's, which follows no redirects and decides whom to trust and whom to reach.
    pub fn over(http: reqwest::Client, config: JiraConfig) -> Result<Self, JiraError> {
        Ok(Self {
            transport: Arc::new(Transport::over(http, checked(config)?)),
        })
    }

    /// The edition that the client was made for.
    pub fn edition(&self) -> Edition {
        self.transport.config.edition
    }

    /// The account behind the credential; the only question that a bad Cloud credential reliably fails.
    ///
    /// The first call pins the account: from then on an answer that was made for anybody else is an error.
    pub async fn myself(&self) -> Result<Myself, JiraError> {
        let request = Request::get(EndpointClass::Myself, "rest/api/2/myself");
        let Answered { value, headers } = self.transport.json_with_headers::<MyselfAnswer>(&request).await?;
        let line = self.transport.line(&request);
        let account = account(&value).ok_or_else(|| JiraError::BadAnswer {
            request: line.clone(),
            path: "accountId".to_owned(),
            reason: "the answer names no account".to_owned(),
        })?;
        self.transport.proof.pin(&account, &headers, &line)?;
        Ok(Myself {
            account,
            display_name: value.display_name.unwrap_or_default(),
            email: value.email_address.filter(|email| !email.is_empty()),
            time_zone: value.time_zone.filter(|zone| !zone.is_empty()),
            active: value.active.unwrap_or(true),
        })
    }

    /// Proves that everything since the first [`myself`](Self::myself) was answered for the same account.
    ///
    /// When that answer carried the account header, each later one was checked and nothing is asked. Otherwise `myself`
    /// is asked again. An error when it was never asked before: then nothing can be proved.
    pub async fn confirm_account(&self) -> Result<(), JiraError> {
        match self.transport.proof.has_header() {
            Some(true) => Ok(()),
            Some(false) => self.myself().await.map(|_| ()),
            None => {
                let request = Request::get(EndpointClass::Myself, "rest/api/2/myself");
                Err(JiraError::NotAuthenticated {
                    request: self.transport.line(&request),
                    reason: "the account was never asked for, so later answers prove nothing".to_owned(),
                })
            }
        }
    }

    /// Version, address for users, and Jira's clock.
    pub async fn server_info(&self) -> Result<ServerInfo, JiraError> {
        let request = Request::get(EndpointClass::ServerInfo, "rest/api/2/serverInfo");
        let Answered { value, headers } = self.transport.json_with_headers::<ServerInfoAnswer>(&request).await?;
        Ok(ServerInfo {
            base_url: value.base_url,
            version: value.version,
            version_numbers: value.version_numbers.unwrap_or_default(),
            deployment: value.deployment_type,
            server_time: value
                .server_time
                .as_deref()
                .and_then(parse_timestamp)
                .or_else(|| date_header(&headers)),
        })
    }

    /// All fields visible to the account. Names repeat; ids do not.
    pub async fn fields(&self) -> Result<Vec<Field>, JiraError> {
        let request = Request::get(EndpointClass::Fields, "rest/api/2/field");
        let rows: Vec<FieldRow> = self.transport.json(&request).await?;
        Ok(rows.into_iter().map(field).collect())
    }

    /// Lists projects page by page.
    pub fn projects(&self, status: ProjectStatus) -> ProjectListing {
        ProjectListing::new(Arc::clone(&self.transport), status)
    }

    /// One project; `None` only when Jira answered 404 to the proven account: it is gone or hidden.
    pub async fn project(&self, id_or_key: &str) -> Result<Option<Project>, JiraError> {
        let segment = utf8_percent_encode(id_or_key, PATH_SEGMENT);
        let request = Request::get(EndpointClass::Projects, format!("rest/api/2/project/{segment}"))
            .with("expand", "description,lead,url");
        let raw: Option<Map<String, Value>> = self.transport.json_unless_absent(&request).await?;
        raw.map(|raw| dialect::project(raw, &self.transport.line(&request)))
            .transpose()
    }

    /// The numeric id of the issue that has this key, or had it before it moved; `None` only when Jira answered 404 to
    /// the proven account.
    pub async fn issue_id(&self, key: &str) -> Result<Option<u64>, JiraError> {
        let segment = utf8_percent_encode(key, PATH_SEGMENT);
        let request =
            Request::get(EndpointClass::Issue, format!("rest/api/2/issue/{segment}")).with("fields", "updated");
        let found: Option<IssueRow> = self.transport.json_unless_absent(&request).await?;
        let without_id = || JiraError::BadAnswer {
            request: self.transport.line(&request),
            path: "id".to_owned(),
            reason: "an issue without a numeric id".to_owned(),
        };
        found.map(|row| row.id.ok_or_else(without_id)).transpose()
    }

    /// Lists the ids of the issues that a query finds. On Cloud the query must be bounded.
    pub fn issue_ids(&self, jql: &str) -> IssueIdListing {
        IssueIdListing::new(Arc::clone(&self.transport), jql)
    }

    /// Counts the issues that a query finds: an estimate that lags on Cloud, the exact figure of the index elsewhere.
    pub async fn approximate_count(&self, jql: &str) -> Result<u64, JiraError> {
        let request = if self.edition().is_cloud() {
            cloud::count(jql)
        } else {
            data_center::search(EndpointClass::Count, jql, &["id"], 0, 0, true)
        };
        let answer: CountAnswer = self.transport.json(&request).await?;
        answer.count.ok_or_else(|| JiraError::BadAnswer {
            request: self.transport.line(&request),
            path: "count".to_owned(),
            reason: "the answer holds no number".to_owned(),
        })
    }

    /// Which of at most 50 issues are within a scope, asked past the lag of Cloud's search index.
    ///
    /// `scope_jql` must not hold an `ORDER BY`; empty means everything. Rows come without `updated` unless Jira gave it.
    pub async fn search_reconciled(&self, scope_jql: &str, ids: &[u64]) -> Result<Vec<IssueHead>, JiraError> {
        if ids.len() > cloud::RECONCILE_LIMIT {
            return Err(JiraError::TooManyIds {
                asked: ids.len(),
                limit: cloud::RECONCILE_LIMIT,
            });
        }
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let listed = ids.iter().map(u64::to_string).collect::<Vec<_>>().join(",");
        let scope = scope_jql.trim();
        let jql = if scope.is_empty() {
            format!("id in ({listed})")
        } else {
            format!("({scope}) AND id in ({listed})")
        };
        self.issue_ids(&jql)
            .with_updated()
            .page_size(50)
            .reconciling(ids)
            .without_validation()
            .collect()
            .await
    }

    /// Counts what was sent and received so far, over all clones.
    pub fn stats(&self) -> RequestStats {
        self.transport.stats.snapshot()
    }
}

/// Refuses what can never work, before any of it is sent or shown.
fn checked(mut config: JiraConfig) -> Result<JiraConfig, JiraError> {
    let fault = |setting, reason: &str| {
        Err(JiraError::Config {
            setting,
            reason: reason.to_owned(),
        })
    };
    if !matches!(config.base_url.scheme(), "http" | "https") || config.base_url.host_str().is_none() {
        return fault("jira_url", "it must begin with http:// or https:// and name a host");
    }
    if !config.base_url.username().is_empty() || config.base_url.password().is_some() {
        return fault(
            "jira_url",
            "it must not hold a user or password, there are settings for them",
        );
    }
    config.base_url.set_query(None);
    config.base_url.set_fragment(None);
    if !config.base_url.path().ends_with('/') {
        let path = format!("{}/", config.base_url.path());
        config.base_url.set_path(&path);
    }
    clean(&mut config);
    match &config.auth {
        Auth::Basic { username, .. } if username.contains(':') => fault("the user name", "it must not hold a colon"),
        Auth::Bearer(token) if HeaderValue::from_str(token.expose_secret().trim()).is_err() => {
            fault("the access token", "it holds characters that cannot be sent")
        }
        _ => Ok(config),
    }
}

/// Takes off what came along when a token or the address of a Cloud account was pasted. Passwords are left alone.
fn clean(config: &mut JiraConfig) {
    let cleaned = |secret: &SecretString| SecretString::from(pasted_token(secret.expose_secret()));
    match &mut config.auth {
        Auth::Basic { username, secret } if config.edition.is_cloud() => {
            *username = pasted_token(username);
            *secret = cleaned(secret);
        }
        Auth::Bearer(token) => *token = cleaned(token),
        Auth::ClientCredentials {
            client_id,
            client_secret,
            ..
        } => {
            *client_id = pasted_token(client_id);
            *client_secret = cleaned(client_secret);
        }
        Auth::Basic { .. } | Auth::Anonymous => {}
    }
}

fn account(answer: &MyselfAnswer) -> Option<Account> {
    if let Some(account_id) = &answer.account_id {
        return Some(Account::Cloud {
            account_id: account_id.clone(),
        });
    }
    let key = answer.key.as_ref().or(answer.name.as_ref())?.clone();
    let name = answer.name.clone().unwrap_or_else(|| key.clone());
    Some(Account::Server { key, name })
}

fn field(row: FieldRow) -> Field {
    let custom = row.custom.unwrap_or_else(|| row.id.starts_with("customfield_"));
    let schema = row.schema.map(|schema| FieldSchema {
        r#type: schema.r#type.unwrap_or_else(|| "any".to_owned()),
        items: schema.items,
        custom: schema.custom,
        system: schema.system,
    });
    Field {
        name: row.name.unwrap_or_else(|| row.id.clone()),
        id: row.id,
        custom,
        schema,
    }
}

fn date_header(headers: &HeaderMap) -> Option<DateTime<FixedOffset>> {
    let date = httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?).ok()?;
    Some(DateTime::<Utc>::from(date).fixed_offset())
}
