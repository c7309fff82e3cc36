//! Failures of Jira, in kinds a caller can tell apart, each with a cure where one is known.
//!
//! Reading Jira's error bodies is left to `transport::refusal`; nothing here holds a header, a query or a secret.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// Method and path of a request, without query: what an error or log line may show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestLine {
    /// `GET`, `POST` or `PUT`.
    pub method: &'static str,
    /// Path on the host; for another host only its name.
    pub path: String,
}

impl fmt::Display for RequestLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// An answer that refuses a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The request.
    pub request: RequestLine,
    /// HTTP status.
    pub status: u16,
    /// Jira's own words, in the language of the account; empty when it gave none.
    pub words: String,
    /// What Jira says of single fields, by their ids.
    pub fields: BTreeMap<String, String>,
    /// The user's next step, empty when unknown.
    pub cure: String,
    /// The wait that the server named, already capped.
    pub retry_after: Option<Duration>,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} answered {}", self.request, self.status)?;
        if !self.words.is_empty() {
            write!(f, ": {}", self.words)?;
        }
        if !self.cure.is_empty() {
            write!(f, " ({})", self.cure)?;
        }
        if let Some(wait) = self.retry_after {
            write!(f, " (asked to wait {} s)", wait.as_secs())?;
        }
        Ok(())
    }
}

/// Kind of a [`JiraError`], for callers that count or branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(
    missing_docs,
    reason = "each kind is explained at the variant of JiraError that has its name"
)]
pub enum ErrorKind {
    Config,
    Unauthorized,
    NotAuthenticated,
    Forbidden,
    MissingScope,
    NotFound,
    BadRequest,
    Gone,
    Refused,
    RateLimited,
    ServerError,
    LoginPage,
    BadAnswer,
    Truncated,
    TooLarge,
    RepeatedToken,
    AccountChanged,
    Tls,
    Connect,
    Timeout,
    UnsafeRedirect,
    TooManyIds,
    BrokenListing,
    OutcomeUnknown,
}

/// Any failure of a request to Jira or of a listing.
#[derive(Debug, Clone, thiserror::Error)]
pub enum JiraError {
    /// The client could not be made from its configuration.
    #[error("{setting} cannot be used: {reason}")]
    Config {
        /// The connector's name of the setting.
        setting: &'static str,
        /// The fault in it.
        reason: String,
    },
    /// 401: the credential was refused.
    #[error("jira does not accept the credential: {0}")]
    Unauthorized(Box<Answer>),
    /// Jira answered as it answers anybody without a login: the answer is worthless however good it looks.
    #[error("jira answered {request} as to an anonymous visitor: {reason}")]
    NotAuthenticated {
        /// The request.
        request: RequestLine,
        /// The sign of it, and the settings to look at.
        reason: String,
    },
    /// 403: known but not allowed, or a CAPTCHA, or an address that may not come in.
    #[error("jira forbids the request: {0}")]
    Forbidden(Box<Answer>),
    /// The token lacks a scope.
    #[error("the token lacks a scope for the request: {0}")]
    MissingScope(Box<Answer>),
    /// 404: missing, or invisible to this account.
    #[error("jira does not know, or does not show, what was asked for: {0}")]
    NotFound(Box<Answer>),
    /// 400: bad JQL, field or parameter.
    #[error("jira calls the request wrong: {0}")]
    BadRequest(Box<Answer>),
    /// 410: this resource was removed.
    #[error("jira has removed this resource: {0}")]
    Gone(Box<Answer>),
    /// Any other refusal of the 4xx family.
    #[error("jira refuses the request: {0}")]
    Refused(Box<Answer>),
    /// 429.
    #[error("jira limits the rate of requests: {0}")]
    RateLimited(Box<Answer>),
    /// 5xx.
    #[error("jira failed: {0}")]
    ServerError(Box<Answer>),
    /// HTML, or a redirect to a login form, where data was expected.
    #[error(
        "{request} led to a web page instead of data ({detail}): a login page, a proxy or maintenance stands \
         before jira; check jira_url and the credential"
    )]
    LoginPage {
        /// The request.
        request: RequestLine,
        /// The sign of it: content type, title or redirect target.
        detail: String,
    },
    /// JSON was expected and something else, or JSON of another shape, came.
    #[error("the answer to {request} cannot be read at {path}: {reason}")]
    BadAnswer {
        /// The request.
        request: RequestLine,
        /// Where in the answer, `.` for the whole.
        path: String,
        /// The fault there.
        reason: String,
    },
    /// The body ended early.
    #[error("the answer to {request} was cut off after {received} bytes: {reason}")]
    Truncated {
        /// The request.
        request: RequestLine,
        /// Bytes that came, after decompression.
        received: u64,
        /// The sign by which it was noticed.
        reason: String,
    },
    /// The body goes beyond what was announced or allowed.
    #[error("the answer to {request} is longer than {limit} bytes")]
    TooLarge {
        /// The request.
        request: RequestLine,
        /// Bytes allowed.
        limit: u64,
    },
    /// A listing was led in a circle; taking it for the end would lose data.
    #[error("{request} gave the same {what} twice, the listing cannot go on")]
    RepeatedToken {
        /// The request.
        request: RequestLine,
        /// `page token` or `page`.
        what: &'static str,
    },
    /// An answer was made for another account than the one that authenticated first.
    #[error("the answer to {request} was made for another account than the one that authenticated")]
    AccountChanged {
        /// The request.
        request: RequestLine,
    },
    /// The TLS handshake failed.
    #[error("no trusted connection to {host}: {reason}; {cure}")]
    Tls {
        /// Host name.
        host: String,
        /// The TLS library's words.
        reason: String,
        /// The user's next step.
        cure: &'static str,
    },
    /// The host could not be reached or dropped the connection.
    #[error("cannot reach {host} port {port}: {reason}")]
    Connect {
        /// Host name.
        host: String,
        /// Port, also when the scheme implies it.
        port: u16,
        /// The system's words.
        reason: String,
    },
    /// No answer in time.
    #[error("{request} took longer than {limit_ms} ms {phase}")]
    Timeout {
        /// The request.
        request: RequestLine,
        /// The part of the request that took long.
        phase: &'static str,
        /// The limit.
        limit_ms: u64,
    },
    /// A redirect that would lose security, lead in a circle, or that an API never gives.
    #[error("{request} was redirected to {target}, which is not followed: {reason}")]
    UnsafeRedirect {
        /// The request.
        request: RequestLine,
        /// Scheme, host and path of the target, without query.
        target: String,
        /// Why not, and the cure.
        reason: String,
    },
    /// More ids than one request may name.
    #[error("{asked} ids asked for at once, {limit} are allowed")]
    TooManyIds {
        /// Ids asked for.
        asked: usize,
        /// Most that are allowed.
        limit: usize,
    },
    /// The answer to a request that makes something was lost: it may or may not have been made.
    #[error("{request}: the outcome is unknown ({reason}): look in jira before sending it again")]
    OutcomeUnknown {
        /// The request.
        request: RequestLine,
        /// The fault that came in place of an answer.
        reason: String,
    },
    /// The listing failed before; what it would give now would look complete and not be.
    #[error("the listing failed before and cannot go on: {earlier}")]
    BrokenListing {
        /// The earlier error.
        earlier: String,
    },
}

impl JiraError {
    /// The kind, for branching.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Config { .. } => ErrorKind::Config,
            Self::Unauthorized(_) => ErrorKind::Unauthorized,
            Self::NotAuthenticated { .. } => ErrorKind::NotAuthenticated,
            Self::Forbidden(_) => ErrorKind::Forbidden,
            Self::MissingScope(_) => ErrorKind::MissingScope,
            Self::NotFound(_) => ErrorKind::NotFound,
            Self::BadRequest(_) => ErrorKind::BadRequest,
            Self::Gone(_) => ErrorKind::Gone,
            Self::Refused(_) => ErrorKind::Refused,
            Self::RateLimited(_) => ErrorKind::RateLimited,
            Self::ServerError(_) => ErrorKind::ServerError,
            Self::LoginPage { .. } => ErrorKind::LoginPage,
            Self::BadAnswer { .. } => ErrorKind::BadAnswer,
            Self::Truncated { .. } => ErrorKind::Truncated,
            Self::TooLarge { .. } => ErrorKind::TooLarge,
            Self::RepeatedToken { .. } => ErrorKind::RepeatedToken,
            Self::AccountChanged { .. } => ErrorKind::AccountChanged,
            Self::Tls { .. } => ErrorKind::Tls,
            Self::Connect { .. } => ErrorKind::Connect,
            Self::Timeout { .. } => ErrorKind::Timeout,
            Self::UnsafeRedirect { .. } => ErrorKind::UnsafeRedirect,
            Self::TooManyIds { .. } => ErrorKind::TooManyIds,
            Self::BrokenListing { .. } => ErrorKind::BrokenListing,
            Self::OutcomeUnknown { .. } => ErrorKind::OutcomeUnknown,
        }
    }

    /// Whether the same request may well succeed later; the client has already tried again by itself.
    pub fn is_retryable(&self) -> bool {
        match self.kind() {
            ErrorKind::RateLimited
            | ErrorKind::ServerError
            | ErrorKind::Connect
            | ErrorKind::Timeout
            | ErrorKind::Truncated => true,
            // The server did not wait long enough for the request, or took it for one that came too early.
            ErrorKind::Refused => matches!(self.status(), Some(408 | 425)),
            _ => false,
        }
    }

    /// The wait that Jira asked for, capped at an hour.
    pub fn retry_after(&self) -> Option<Duration> {
        self.answer().and_then(|answer| answer.retry_after)
    }

    /// HTTP status of a refusal.
    pub fn status(&self) -> Option<u16> {
        self.answer().map(|answer| answer.status)
    }

    /// The refusal itself, with Jira's words.
    pub fn answer(&self) -> Option<&Answer> {
        match self {
            Self::Unauthorized(answer)
            | Self::Forbidden(answer)
            | Self::MissingScope(answer)
            | Self::NotFound(answer)
            | Self::BadRequest(answer)
            | Self::Gone(answer)
            | Self::Refused(answer)
            | Self::RateLimited(answer)
            | Self::ServerError(answer) => Some(answer),
            _ => None,
        }
    }

    /// Whether Jira may have done what it was asked to do.
    pub(crate) fn leaves_outcome_open(&self) -> bool {
        match self.kind() {
            ErrorKind::ServerError
            | ErrorKind::Connect
            | ErrorKind::Timeout
            | ErrorKind::Truncated
            | ErrorKind::BadAnswer
            | ErrorKind::TooLarge
            | ErrorKind::LoginPage
            | ErrorKind::AccountChanged => true,
            _ => self.is_retryable() && self.kind() != ErrorKind::RateLimited,
        }
    }

    /// Whether asking for fewer issues at once can help.
    pub(crate) fn is_broken_body(&self) -> bool {
        matches!(
            self.kind(),
            ErrorKind::Truncated | ErrorKind::BadAnswer | ErrorKind::TooLarge
        )
    }
}
