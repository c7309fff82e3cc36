//! Proof that every answer was made for the account that authenticated first.
//!
//! An expired Cloud token does not fail: Jira goes on with 200s for an anonymous visitor, mostly empty ones. What to do
//! with the proof (delete or not) is the callers' business.

use parking_lot::Mutex;
use percent_encoding::percent_decode_str;
use reqwest::header::{HeaderMap, HeaderName};

use crate::config::Edition;
use crate::error::{JiraError, RequestLine};
use crate::model::Account;

const LOGIN_REASON: &str = "x-seraph-loginreason";

/// The answer of the first `myself`.
#[derive(Debug, Clone)]
struct Pinned {
    account: Account,
    /// Value of the account header, if the answer had one.
    header: Option<String>,
}

#[derive(Debug)]
pub(crate) struct AccountProof {
    header_name: HeaderName,
    /// The settings to look at when the credential is refused.
    cure: &'static str,
    pinned: Mutex<Option<Pinned>>,
}

impl AccountProof {
    pub(crate) fn new(edition: Edition, cure: &'static str) -> Self {
        let name = if edition.is_cloud() {
            "x-aaccountid"
        } else {
            "x-ausername"
        };
        Self {
            header_name: HeaderName::from_static(name),
            cure,
            pinned: Mutex::new(None),
        }
    }

    /// Remembers the account of the first `myself`; a later one must be the same.
    pub(crate) fn pin(&self, account: &Account, headers: &HeaderMap, request: &RequestLine) -> Result<(), JiraError> {
        let mut pinned = self.pinned.lock();
        match &*pinned {
            Some(first) if first.account.id() != account.id() => Err(JiraError::AccountChanged {
                request: request.clone(),
            }),
            Some(_) => Ok(()),
            None => {
                *pinned = Some(Pinned {
                    account: account.clone(),
                    header: self.header_value(headers),
                });
                Ok(())
            }
        }
    }

    /// Whether `myself` was asked, and whether its answer carried the account header.
    pub(crate) fn has_header(&self) -> Option<bool> {
        let pinned = self.pinned.lock();
        pinned.as_ref().map(|first| first.header.is_some())
    }

    /// Signs that Jira refused the credential although it may have answered 200.
    pub(crate) fn refuse_anonymous(&self, headers: &HeaderMap, request: &RequestLine) -> Result<(), JiraError> {
        let failed = headers
            .get_all(LOGIN_REASON)
            .iter()
            .any(|value| String::from_utf8_lossy(value.as_bytes()).contains("AUTHENTICATED_FAILED"));
        if failed {
            return Err(self.not_authenticated(request, "it refused the credential (X-Seraph-LoginReason)"));
        }
        if self.header_name == "x-ausername" && self.header_value(headers).as_deref() == Some("anonymous") {
            return Err(self.not_authenticated(request, "it names the visitor anonymous (X-AUSERNAME)"));
        }
        Ok(())
    }

    /// Checks an answer of the API whose content is going to be believed.
    pub(crate) fn check(&self, headers: &HeaderMap, request: &RequestLine) -> Result<(), JiraError> {
        self.refuse_anonymous(headers, request)?;
        let wanted = {
            let pinned = self.pinned.lock();
            pinned.as_ref().and_then(|first| first.header.clone())
        };
        let Some(wanted) = wanted else { return Ok(()) };
        match self.header_value(headers) {
            Some(found) if found == wanted => Ok(()),
            Some(_) => Err(JiraError::AccountChanged {
                request: request.clone(),
            }),
            None => Err(self.not_authenticated(request, "the account header of earlier answers is missing")),
        }
    }

    /// Whether an answer names the account by itself, which not every answer does.
    pub(crate) fn is_named(&self, headers: &HeaderMap) -> bool {
        let pinned = self.pinned.lock();
        let wanted = pinned.as_ref().and_then(|first| first.header.as_deref());
        wanted.is_some() && wanted == self.header_value(headers).as_deref()
    }

    fn header_value(&self, headers: &HeaderMap) -> Option<String> {
        let raw = String::from_utf8_lossy(headers.get(&self.header_name)?.as_bytes()).into_owned();
        let decoded = percent_decode_str(raw.trim()).decode_utf8_lossy().into_owned();
        (!decoded.is_empty()).then_some(decoded)
    }

    fn not_authenticated(&self, request: &RequestLine, sign: &str) -> JiraError {
        JiraError::NotAuthenticated {
            request: request.clone(),
            reason: format!("{sign}; {}", self.cure),
        }
    }
}
