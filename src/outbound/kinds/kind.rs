//! What every kind is: a definition, checks that no shape can express, and the running of its sub-actions.

use std::fmt;

use futures::future::BoxFuture;
use http_kit::NotDone;
use serde::Serialize;
use serde_json::{Map, Value};

use super::notice::Notice;
use crate::outbound::connector::Connector;
use crate::outbound::delivery::Delivery;
use crate::outbound::delivery::Done;
use crate::outbound::shape::Shape;

/// An outside system that connectors lead to.
pub trait Kind: fmt::Debug + Send + Sync {
    /// Its name and its forms.
    fn definition(&self) -> &Definition;

    /// Checks what concerns more than one field. The error is a text for the caller, without secrets.
    fn cross_check(&self, _config: &Map<String, Value>, _secrets: &Map<String, Value>) -> Result<(), String> {
        Ok(())
    }

    /// Whether Kibana would mark this connector as deprecated.
    fn is_deprecated(&self, _config: &Map<String, Value>) -> bool {
        false
    }

    /// Whether this call may be made again when nobody knows what became of it, because it then ends in the same state.
    /// Calls that make something under a key count: the key is looked up first.
    fn is_repeatable(&self, _sub_action: &str, _params: &Map<String, Value>) -> bool {
        false
    }

    /// The call that a webhook's notice means: the sub-action and its parameters. None when there is none.
    fn call_of(&self, _notice: &Notice) -> Option<(&'static str, Value)> {
        None
    }

    /// Carries out one call. Warnings say what was changed so that it could be done.
    fn run<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Done, NotDone>>;

    /// Looks without writing: is the site there, does it accept the credential, may the account do what is needed.
    fn test<'a>(&'a self, connector: &'a Connector, http: reqwest::Client) -> BoxFuture<'a, Vec<Check>>;
}

/// The name and the forms of a kind.
#[derive(Debug)]
pub struct Definition {
    /// `.jira`.
    pub id: &'static str,
    /// Its name for people.
    pub name: &'static str,
    /// The licence that Kibana asks for; clients match on it, we ask for none.
    pub kibana_licence: &'static str,
    /// Where Kibana offers it.
    pub features: &'static [&'static str],
    /// How Kibana speaks of errors in parameters.
    pub manner: Manner,
    /// The form of its settings. Each kind calls the address `apiUrl`.
    pub config: Shape,
    /// The form of its secrets.
    pub secrets: Shape,
    /// The things it can do.
    pub sub_actions: Vec<SubAction>,
}

/// How Kibana's code for a kind is built, which shows in the texts of errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Parameters are checked before the connector runs: `error validating action params: ...`.
    CheckedBefore,
    /// The connector checks its parameters itself: `an error occurred while running the action`.
    CheckedInside,
}

/// One thing that a kind can do.
#[derive(Debug)]
pub struct SubAction {
    /// `pushToService`.
    pub name: &'static str,
    /// The form of its parameters.
    pub params: Shape,
    /// One sentence for people.
    pub about: &'static str,
}

/// One call of a sub-action.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// The connector, with its secrets.
    pub connector: &'a Connector,
    /// The name of the sub-action, one of the definition.
    pub sub_action: &'a str,
    /// Its parameters, checked and with their defaults.
    pub params: &'a Map<String, Value>,
    /// A key that the caller gave for the whole call: `Idempotency-Key`.
    pub call_key: Option<&'a str>,
    /// Reaches the allowed targets only. A clone costs nothing.
    pub http: &'a reqwest::Client,
    /// Makes one thing for each key, whatever happens.
    pub delivery: &'a dyn Delivery,
}

/// One line of a test without writes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at.
    pub name: String,
    /// Whether it is as it must be.
    pub ok: bool,
    /// What was seen, and the cure when it is not as it must be.
    pub hint: String,
}
