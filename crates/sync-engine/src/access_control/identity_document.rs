//! The document of an identity in `.search-acl-filter-<index>`, as Kibana, search applications and API keys use it.
//!
//! Its query is a plain list of terms. It has no clause for documents without the field, which Elastic's own query lets
//! everybody see; since all our documents carry tokens, that query with the same parameters finds the same.

use serde_json::{Map, Value, json};

use super::identity::Identity;
use super::principal::Account;

/// A user of Jira, as far as identities need to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The kinds of names in tokens.
    pub account: Account,
    /// `_id` of the identity: the account id on Cloud, the login elsewhere.
    pub name: String,
    /// Name for people.
    pub display_name: Option<String>,
    /// None when hidden.
    pub email: Option<String>,
    /// Such as `en_US`.
    pub locale: Option<String>,
}

impl Person {
    /// Somebody of whom only the name of the identity is known.
    pub fn nameless(name: &str) -> Self {
        Self {
            account: Account::new(name),
            name: name.to_owned(),
            display_name: None,
            email: None,
            locale: None,
        }
    }
}

/// The identity of a person. `field` is the keyword form of the access field in the content index, `now` in ISO 8601,
/// `first_written` what an earlier document says.
pub fn identity_document(
    person: &Person,
    identity: &Identity,
    field: &str,
    now: &str,
    first_written: Option<&str>,
) -> Map<String, Value> {
    let prefixed = |prefix: &str, value: &str| Value::from(format!("{prefix}:{value}"));
    let mut who = Map::new();
    who.insert("account_id".into(), prefixed("account_id", &person.name));
    if let Some(name) = &person.display_name {
        who.insert("display_name".into(), prefixed("name", &name.replace(' ', "-")));
    }
    if let Some(email) = &person.email {
        who.insert("email_address".into(), prefixed("email_address", email));
    }
    if let Some(locale) = &person.locale {
        who.insert("locale".into(), prefixed("locale", locale));
    }
    let document = json!({
        "id": person.name,
        "_timestamp": first_written.unwrap_or(now),
        "created_at": now,
        "identity": who,
        "query": access_query(identity, field),
    });
    match document {
        Value::Object(fields) => fields,
        _ => unreachable!("the literal above is an object"),
    }
}

/// Restricts a search to documents of the identity: a template with the tokens as its parameter.
pub fn access_query(identity: &Identity, field: &str) -> Value {
    json!({
        "template": {
            "params": { "access_control": identity.tokens },
            "source": format!("{{\"terms\":{{\"{field}\":{{{{#toJson}}}}access_control{{{{/toJson}}}}}}}}"),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_has_the_framework_s_fields_and_a_query_of_terms_only() {
        let person = Person {
            account: Account::new("5b10:a"),
            name: "5b10:a".into(),
            display_name: Some("Ada Byron King".into()),
            email: None,
            locale: Some("en_GB".into()),
        };
        let document = identity_document(
            &person,
            &Identity::anonymous(),
            "_allow_access_control",
            "now",
            Some("then"),
        );
        insta::assert_json_snapshot!(document, @r##"
        {
          "_timestamp": "then",
          "created_at": "now",
          "id": "5b10:a",
          "identity": {
            "account_id": "account_id:5b10:a",
            "display_name": "name:Ada-Byron-King",
            "locale": "locale:en_GB"
          },
          "query": {
            "template": {
              "params": {
                "access_control": [
                  "anyone"
                ]
              },
              "source": "{\"terms\":{\"_allow_access_control\":{{#toJson}}access_control{{/toJson}}}}"
            }
          }
        }
        "##);
    }
}
