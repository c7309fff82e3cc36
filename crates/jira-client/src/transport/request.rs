//! One request to Jira before it is sent: method, path below the site, query, body.
//!
//! Credentials are not part of it; the sender adds them.

use http_kit::Repeat;
use reqwest::Method;
use serde_json::Value;
use url::Url;

use crate::error::RequestLine;

/// Group of requests that Jira counts and limits together; the unit of statistics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EndpointClass {
    /// `myself`.
    Myself,
    /// `serverInfo`.
    ServerInfo,
    /// `field`.
    Fields,
    /// Project lists and single projects.
    Projects,
    /// JQL search.
    Search,
    /// `search/approximate-count`, or a search for the total alone.
    Count,
    /// `jql/parse`.
    JqlParse,
    /// Fetching issues by id, many at once.
    BulkFetch,
    /// One issue.
    Issue,
    /// Comments of an issue.
    Comments,
    /// Worklogs of an issue.
    Worklogs,
    /// Histories of issues.
    Changelog,
    /// Boards and sprints.
    Agile,
    /// Permission and security schemes, roles, and the account's own permissions.
    Permissions,
    /// Lists of users and of members of groups.
    Users,
    /// Attachment contents, hops to the media host included.
    Attachment,
}

impl EndpointClass {
    /// Name for logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Myself => "myself",
            Self::ServerInfo => "server_info",
            Self::Fields => "fields",
            Self::Projects => "projects",
            Self::Search => "search",
            Self::Count => "count",
            Self::JqlParse => "jql_parse",
            Self::BulkFetch => "bulk_fetch",
            Self::Issue => "issue",
            Self::Comments => "comments",
            Self::Worklogs => "worklogs",
            Self::Changelog => "changelog",
            Self::Agile => "agile",
            Self::Permissions => "permissions",
            Self::Users => "users",
            Self::Attachment => "attachment",
        }
    }
}

/// The search of Server and Data Center.
pub(crate) const SEARCH: &str = "rest/api/2/search";

#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) class: EndpointClass,
    method: Method,
    /// Below the base URL, without leading slash, percent-encoded.
    path: String,
    query: Vec<(String, String)>,
    body: Option<Value>,
    /// Whether it may be sent a second time.
    pub(crate) repeat: Repeat,
    /// Broken bodies are handed back at once, because the caller asks for less instead of asking again.
    pub(crate) splits: bool,
}

impl Request {
    pub(crate) fn get(class: EndpointClass, path: impl Into<String>) -> Self {
        Self::new(class, Method::GET, path, None, Repeat::Idempotent)
    }

    /// A POST that only reads, as all of Jira's searches do: it can be sent again without harm.
    pub(crate) fn question(class: EndpointClass, path: impl Into<String>, body: Value) -> Self {
        Self::new(class, Method::POST, path, Some(body), Repeat::Idempotent)
    }

    /// A POST that makes something: sent twice, it would make two.
    pub(crate) fn create(class: EndpointClass, path: impl Into<String>, body: Value) -> Self {
        Self::new(class, Method::POST, path, Some(body), Repeat::OnlyIfNotCarriedOut)
    }

    /// A PUT: sent twice it ends in the same state as sent once.
    pub(crate) fn put(class: EndpointClass, path: impl Into<String>, body: Value) -> Self {
        Self::new(class, Method::PUT, path, Some(body), Repeat::Idempotent)
    }

    fn new(class: EndpointClass, method: Method, path: impl Into<String>, body: Option<Value>, repeat: Repeat) -> Self {
        Self {
            class,
            method,
            path: path.into(),
            query: Vec::new(),
            body,
            repeat,
            splits: false,
        }
    }

    /// The same question by GET, for the resource of Server and Data Center that takes both.
    pub(crate) fn by_get(&self) -> Option<Self> {
        let members = self.body.as_ref()?.as_object()?;
        if self.method != Method::POST || self.path != SEARCH {
            return None;
        }
        let text = |value: &Value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let members = members.iter().map(|(name, value)| {
            let value = match value {
                Value::Array(list) => list.iter().map(text).collect::<Vec<_>>().join(","),
                one => text(one),
            };
            (name.clone(), value)
        });
        Some(Self {
            method: Method::GET,
            query: self.query.iter().cloned().chain(members).collect(),
            body: None,
            ..self.clone()
        })
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.query.push((name.to_owned(), value.to_string()));
        self
    }

    pub(crate) fn splitting(mut self, splits: bool) -> Self {
        self.splits = splits;
        self
    }

    pub(crate) fn method(&self) -> &Method {
        &self.method
    }

    pub(crate) fn body(&self) -> Option<&Value> {
        self.body.as_ref()
    }

    pub(crate) fn url(&self, base: &Url) -> Url {
        let mut url = base.clone();
        let root = base.path().trim_end_matches('/');
        url.set_path(&format!("{root}/{}", self.path));
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        url
    }

    pub(crate) fn line(&self, base: &Url) -> RequestLine {
        let method = match self.method {
            Method::GET => "GET",
            Method::PUT => "PUT",
            _ => "POST",
        };
        RequestLine {
            method,
            path: self.url(base).path().to_owned(),
        }
    }
}
