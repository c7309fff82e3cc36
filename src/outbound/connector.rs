//! A configured use of one outside system. Where it is kept, and how its secrets lie there, is left to `store`.

use std::collections::BTreeMap;
use std::fmt;

use http_kit::redacted;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

/// A connector, as it is used: with its secrets.
#[derive(Debug, Clone)]
pub struct Connector {
    /// Its id, chosen by whoever made it or by us.
    pub id: String,
    /// The id of its kind: `.jira`.
    pub kind: String,
    /// Its name, for people.
    pub name: String,
    /// Its settings, checked against the shape of its kind.
    pub config: Map<String, Value>,
    /// Its secrets.
    pub secrets: Secrets,
}

/// The secrets of a connector, by name. They print as nothing.
#[derive(Clone, Default)]
pub struct Secrets(BTreeMap<String, SecretString>);

impl Secrets {
    /// Takes the texts out of a checked JSON object; what is null is not there.
    pub fn from_json(given: &Map<String, Value>) -> Self {
        let texts = given
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), SecretString::from(value.as_str()?))));
        Self(texts.collect())
    }

    /// The JSON object that they came from, for encryption and for the checks of a kind.
    pub fn to_json(&self) -> Map<String, Value> {
        let texts = self.0.iter();
        texts
            .map(|(name, secret)| (name.clone(), Value::from(secret.expose_secret())))
            .collect()
    }

    /// One of them.
    pub fn get(&self, name: &str) -> Option<&SecretString> {
        self.0.get(name)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text without any of the secrets in it: outside systems repeat what they were sent.
    pub fn scrub(&self, text: &str) -> String {
        // A secret of a letter or two would make holes in every word, and is none.
        let secrets = self.0.values().map(ExposeSecret::expose_secret);
        redacted(
            text.to_owned(),
            secrets.filter(|secret| secret.chars().count() >= SHORTEST_SCRUBBED),
        )
    }
}

/// Shorter texts are not looked for in answers.
const SHORTEST_SCRUBBED: usize = 4;

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_remote_that_repeats_the_key_does_not_make_it_known() {
        let given = json!({ "apiKey": "k-12345", "clientId": null });
        let secrets = Secrets::from_json(given.as_object().unwrap());
        assert_eq!(secrets.scrub("key k-12345 is unknown"), "key [redacted] is unknown");
        assert_eq!(format!("{secrets:?}"), r#"{"apiKey"}"#);
        assert!(secrets.get("clientId").is_none());
    }
}
