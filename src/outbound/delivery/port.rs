//! What a kind and the delivery see of each other.

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use http_kit::NotDone;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Makes one thing for each key.
pub trait Delivery: Send + Sync {
    /// Makes the thing of this key, or brings the one that exists up to date. Of several callers with one key, in this
    /// process or another, one makes it and the others update it.
    fn once<'a>(&'a self, key: &'a str, making: &'a dyn Making) -> BoxFuture<'a, Result<Done, NotDone>>;

    /// The thing that was made for this key, if any.
    fn known<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<External>, NotDone>>;
}

/// How a kind makes, finds and updates one thing.
pub trait Making: Send + Sync {
    /// Sends the request that makes it, once. The thing carries the key, so that it can be found by it.
    fn make(&self) -> BoxFuture<'_, Result<Made, NotDone>>;

    /// Looks for what an earlier try may have made, `since` when. `None` only when it is surely not there: a search
    /// that may lag proves nothing.
    fn find(&self, since: DateTime<Utc>) -> BoxFuture<'_, Result<Option<External>, NotDone>>;

    /// Brings it up to date.
    fn update<'a>(&'a self, external: &'a External) -> BoxFuture<'a, Result<Renewed, NotDone>>;
}

/// What a call came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Done {
    /// The answer to the caller: an object, `{}` when there is nothing to say, or a list.
    pub data: Value,
    /// What was changed so that it could be done: `message cut from 201 to 130 characters`. Shown as `data.warnings`.
    pub warnings: Vec<String>,
}

impl Done {
    /// Nothing had to be changed.
    pub fn with(data: impl Into<Value>) -> Self {
        Self {
            data: data.into(),
            warnings: Vec::new(),
        }
    }
}

/// A thing in an outside system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct External {
    /// Its id there, which never changes.
    pub id: String,
    /// Its name there, for people: `OPS-12`.
    pub key: String,
}

/// What making came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Made {
    /// The thing.
    pub external: External,
    /// The answer to the caller.
    pub done: Done,
}

/// What updating came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Renewed {
    /// It is up to date.
    Updated(Done),
    /// It is closed or gone: a new one is to be made.
    Ended,
}
