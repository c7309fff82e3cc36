//! OAuth: each grant, and a token that ends.

use http_kit::NotDone;
use secrecy::SecretString;
use serde_json::json;
use servicenow_client::Credential;
use servicenow_client::Grant;
use servicenow_client::SigningKey;
use servicenow_fixture::Fault;
use servicenow_fixture::FaultKind;

use crate::site::client;
use crate::site::columns;
use crate::site::start;

const KEY: &str = include_str!("../../../../fixtures/servicenow/keys/jwt.pem");

fn oauth(grant: Grant) -> Credential {
    Credential::OAuth {
        client_id: "fixture-client".to_owned(),
        client_secret: SecretString::from("fixture-secret"),
        grant,
    }
}

fn jwt(user: &str) -> Grant {
    Grant::Jwt {
        key: SigningKey::from_pem(KEY).unwrap(),
        key_id: "fixture-key".to_owned(),
        user: user.to_owned(),
    }
}

#[tokio::test]
async fn each_grant_signs_in() {
    let (running, _) = start().await;
    let password = Grant::Password {
        username: "elastic.integration".to_owned(),
        password: SecretString::from("fixture-password"),
    };
    for grant in [jwt("elastic.integration"), Grant::ClientCredentials, password] {
        let client = client(&running, oauth(grant));
        let made = client
            .create("incident", &columns(json!({ "short_description": "disk full" })))
            .await;
        assert!(made.is_ok(), "{made:?}");
    }
}

#[tokio::test]
async fn a_token_that_is_refused_is_replaced_once_and_the_create_done_once() {
    let (running, _) = start().await;
    let client = client(&running, oauth(Grant::ClientCredentials));
    running.add_fault(Fault {
        status: Some(401),
        times: Some(1),
        ..Fault::new("POST /api/now", FaultKind::Status)
    });
    client
        .create("incident", &columns(json!({ "short_description": "disk full" })))
        .await
        .unwrap();
    assert_eq!(running.records().len(), 1);
}

#[tokio::test]
async fn a_user_who_is_unknown_is_refused() {
    let (running, _) = start().await;
    let client = client(&running, oauth(jwt("nobody")));
    let ended = client.create("incident", &columns(json!({}))).await;
    assert!(matches!(ended, Err(NotDone::Refused { status: 401, .. })), "{ended:?}");
}
