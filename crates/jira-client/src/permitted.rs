//! Asks for what an account may not be allowed to read, and reads lists of it to the end. What the rows mean is left to
//! `people` and `permissions`.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::client::JiraClient;
use crate::error::{ErrorKind, JiraError};
use crate::lenient;
use crate::transport::Request;

/// An answer, or Jira's refusal to give one to this account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Permitted<T> {
    /// The answer, complete.
    Read(T),
    /// Refused, in Jira's words.
    Refused(String),
}

impl<T> Permitted<T> {
    pub(crate) fn map<U>(self, change: impl FnOnce(T) -> U) -> Permitted<U> {
        match self {
            Self::Read(value) => Permitted::Read(change(value)),
            Self::Refused(reason) => Permitted::Refused(reason),
        }
    }
}

/// A page of a list that says where it begins and whether it is the last.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Bean<T> {
    pub(crate) values: Vec<T>,
    #[serde(default, deserialize_with = "lenient::flag")]
    pub(crate) is_last: Option<bool>,
    #[serde(default, deserialize_with = "lenient::id")]
    pub(crate) total: Option<u64>,
    #[serde(default, deserialize_with = "lenient::id")]
    pub(crate) start_at: Option<u64>,
    #[serde(default)]
    pub(crate) next_cursor: Option<Value>,
}

impl JiraClient {
    /// Asks for what may be refused. A 401 for a single resource only means that the account lacks a permission when
    /// the credential still works, so that is looked at.
    pub(crate) async fn permitted<T: DeserializeOwned>(&self, request: &Request) -> Result<Permitted<T>, JiraError> {
        match self.transport.json(request).await {
            Ok(value) => Ok(Permitted::Read(value)),
            Err(error) => self.refusal(error).await.map(Permitted::Refused),
        }
    }

    /// The words of an error that is a refusal of one resource; any other error comes back.
    pub(crate) async fn refusal(&self, error: JiraError) -> Result<String, JiraError> {
        match error.kind() {
            ErrorKind::Unauthorized => self.myself().await.map(drop)?,
            ErrorKind::Forbidden | ErrorKind::NotFound | ErrorKind::MissingScope | ErrorKind::Gone => {}
            _ => return Err(error),
        }
        Ok(error.to_string())
    }

    /// All rows of a list that comes in pages of its own choice of size. A row that moves to a page read before is
    /// missed until the list is read the next time; nobody gains anything by that.
    pub(crate) async fn pages<T: DeserializeOwned>(
        &self,
        request_from: impl Fn(u64) -> Request,
    ) -> Result<Permitted<Vec<T>>, JiraError> {
        let mut rows = Vec::new();
        loop {
            let start = rows.len() as u64;
            let request = request_from(start);
            let page: Bean<T> = match self.permitted(&request).await? {
                Permitted::Read(page) => page,
                Permitted::Refused(reason) => return Ok(Permitted::Refused(reason)),
            };
            if page.start_at.is_some_and(|echoed| echoed != start) {
                return Err(self.unreadable(&request, "the page begins with another row than the one asked for"));
            }
            let came = page.values.len();
            rows.extend(page.values);
            let ended = match (page.is_last, page.total) {
                (Some(is_last), _) => is_last,
                (None, Some(total)) => rows.len() as u64 >= total,
                (None, None) => came == 0,
            };
            if ended {
                return Ok(Permitted::Read(rows));
            }
            if came == 0 {
                return Err(self.unreadable(&request, "the page is empty although more rows are announced"));
            }
        }
    }

    pub(crate) fn unreadable(&self, request: &Request, reason: &str) -> JiraError {
        JiraError::BadAnswer {
            request: self.transport.line(request),
            path: ".".to_owned(),
            reason: reason.to_owned(),
        }
    }
}
