//! Which sign-in a connector is set up for, and what is missing or too much, in Kibana's words.

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use servicenow_client::{Credential, Grant, SigningKey};

use crate::outbound::connector::{Connector, Secrets};

/// Checks settings and secrets together.
pub(super) fn check(config: &Map<String, Value>, secrets: &Map<String, Value>) -> Result<(), String> {
    let has = |members: &Map<String, Value>, name: &str| {
        members
            .get(name)
            .and_then(Value::as_str)
            .is_some_and(|text| !text.is_empty())
    };
    let secret = |name: &str| has(secrets, name);
    let config_has = |name: &str| has(config, name);
    let unfit = |problem: &str| Err(format!("error validating action type secrets: {problem}"));
    let cross = |problem: String| Err(format!("error validating action type connector: {problem}"));
    let is_oauth = config.get("isOAuth").and_then(Value::as_bool) == Some(true);
    if !["username", "password", "clientSecret", "privateKey"]
        .into_iter()
        .any(secret)
    {
        return unfit("Either basic auth or OAuth credentials must be specified");
    }
    if secret("privateKeyPassword") {
        return unfit(
            "[privateKeyPassword]: keys with a password are not taken; decrypt the key with `openssl pkcs8 -topk8 -nocrypt`",
        );
    }
    if !is_oauth {
        for name in ["username", "password"] {
            if !secret(name) {
                return cross(format!("{name} must be provided when isOAuth = false"));
            }
        }
        let surplus: Vec<&str> = ["clientId", "userIdentifierValue", "jwtKeyId"]
            .into_iter()
            .filter(|name| config_has(name))
            .chain(["clientSecret", "privateKey"].into_iter().filter(|name| secret(name)))
            .collect();
        if !surplus.is_empty() {
            return cross(format!(
                "{} should not be provided with isOAuth = false",
                surplus.join(", ")
            ));
        }
        return Ok(());
    }
    if secret("username") != secret("password") {
        return unfit("username and password must both be specified");
    }
    let by_assertion = config_has("userIdentifierValue") || config_has("jwtKeyId") || secret("privateKey");
    let mut needed = vec![
        ("clientId", config_has("clientId")),
        ("clientSecret", secret("clientSecret")),
    ];
    if by_assertion {
        if secret("username") {
            return cross("username, password should not be provided with isOAuth = true".to_owned());
        }
        needed.extend([
            ("userIdentifierValue", config_has("userIdentifierValue")),
            ("jwtKeyId", config_has("jwtKeyId")),
            ("privateKey", secret("privateKey")),
        ]);
    }
    if let Some((name, _)) = needed.iter().find(|(_, is_there)| !is_there) {
        return cross(format!("{name} must be provided when isOAuth = true"));
    }
    let key = secrets
        .get("privateKey")
        .and_then(Value::as_str)
        .filter(|key| !key.is_empty());
    key.map_or(Ok(()), |key| {
        SigningKey::from_pem(key)
            .map(drop)
            .or_else(|fault| unfit(&format!("[privateKey]: {fault}")))
    })
}

/// The sign-in of a connector that was checked.
pub(super) fn credential(connector: &Connector) -> Result<Credential, String> {
    let text = |name: &str| {
        connector
            .config
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let secret = |name: &str| {
        connector
            .secrets
            .get(name)
            .cloned()
            .unwrap_or_else(|| SecretString::from(String::new()))
    };
    if connector.config.get("isOAuth").and_then(Value::as_bool) != Some(true) {
        return Ok(Credential::Basic {
            username: secret("username").expose_secret().to_owned(),
            password: secret("password"),
        });
    }
    let grant = if given(&connector.secrets, "privateKey") {
        Grant::Jwt {
            key: SigningKey::from_pem(secret("privateKey").expose_secret()).map_err(|fault| fault.to_string())?,
            key_id: text("jwtKeyId"),
            user: text("userIdentifierValue"),
        }
    } else if given(&connector.secrets, "username") {
        Grant::Password {
            username: secret("username").expose_secret().to_owned(),
            password: secret("password"),
        }
    } else {
        Grant::ClientCredentials
    };
    Ok(Credential::OAuth {
        client_id: text("clientId"),
        client_secret: secret("clientSecret"),
        grant,
    })
}

fn given(secrets: &Secrets, name: &str) -> bool {
    secrets
        .get(name)
        .is_some_and(|secret| !secret.expose_secret().is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use test_case::test_case;

    use super::*;

    #[test_case(json!({}), json!({ "username": "u", "password": "p" }), None; "basic")]
    #[test_case(json!({}), json!({}), Some("Either basic auth or OAuth credentials must be specified"); "nothing")]
    #[test_case(json!({}), json!({ "username": "u" }), Some("connector: password must be provided when isOAuth = false"); "no password")]
    #[test_case(json!({ "clientId": "c" }), json!({ "username": "u", "password": "p", "clientSecret": "s" }), Some("clientId, clientSecret should not be provided with isOAuth = false"); "too much")]
    #[test_case(json!({ "isOAuth": true, "clientId": "c" }), json!({ "clientSecret": "s" }), None; "the client alone")]
    #[test_case(json!({ "isOAuth": true, "clientId": "c" }), json!({ "clientSecret": "s", "username": "u", "password": "p" }), None; "a user's password")]
    #[test_case(json!({ "isOAuth": true }), json!({ "clientSecret": "s" }), Some("clientId must be provided when isOAuth = true"); "no client")]
    #[test_case(json!({ "isOAuth": true, "clientId": "c", "jwtKeyId": "k" }), json!({ "clientSecret": "s" }), Some("userIdentifierValue must be provided when isOAuth = true"); "half an assertion")]
    #[test_case(json!({ "isOAuth": true, "clientId": "c", "jwtKeyId": "k", "userIdentifierValue": "u" }), json!({ "clientSecret": "s", "privateKey": "no key" }), Some("[privateKey]: the private key is not in PEM form"); "no key")]
    fn what_is_missing_or_too_much_is_named(config: Value, secrets: Value, problem: Option<&str>) {
        let checked = check(config.as_object().unwrap(), secrets.as_object().unwrap());
        match problem {
            None => assert_eq!(checked, Ok(())),
            Some(problem) => assert!(checked.clone().unwrap_err().contains(problem), "{checked:?}"),
        }
    }
}
