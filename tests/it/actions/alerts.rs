//! Alerts over Kibana's connector API, in its three spellings; who may call it, and that no secret leaves.

use std::ops::Deref;

use serde_json::{Value, json};
use service_management_fixture::{Options, Running, ServiceManagementFixture};

use super::served::Served;
use crate::harness::{Elastic, eventually};

const KEY: &str = "fixture-genie-key";

/// The service, and an alert API that it may reach.
struct Alerting {
    alerts: Running,
    served: Served,
}

impl Deref for Alerting {
    type Target = Served;

    fn deref(&self) -> &Served {
        &self.served
    }
}

impl Alerting {
    async fn start() -> Self {
        let alerts = ServiceManagementFixture::start(Options::default()).await.unwrap();
        let served = Served::start(&format!(
            "  preconfigured:\n    from-file:\n      name: From the file\n      actionTypeId: .opsgenie\n      \
             config: {{ apiUrl: '{}' }}\n      secrets: {{ apiKey: {KEY} }}\n",
            alerts.base_url(),
        ))
        .await;
        Self { alerts, served }
    }

    fn connector(&self, kind_member: &str) -> Value {
        json!({
            "name": "Operations",
            kind_member: ".jira-service-management",
            "config": { "apiUrl": self.alerts.base_url() },
            "secrets": { "apiKey": KEY },
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_opens_and_closes_over_each_spelling_of_the_api() {
    let served = Alerting::start().await;
    for (path, kind, preconfigured, run) in [
        (
            "/api/actions/connector",
            "connector_type_id",
            "is_preconfigured",
            "connector_id",
        ),
        ("/api/actions/action", "actionTypeId", "isPreconfigured", "actionId"),
        ("/api/action", "actionTypeId", "isPreconfigured", "actionId"),
        ("/s/default/api/action/", "actionTypeId", "isPreconfigured", "actionId"),
    ] {
        let (status, made) = served.call("POST", path, Some(served.connector(kind))).await;
        assert_eq!(status, 200, "{path}: {made}");
        let path = path.trim_end_matches('/');
        assert_eq!(made[preconfigured], false, "{made}");
        assert_eq!(made[kind], ".jira-service-management");
        assert_eq!(made["config"], json!({ "apiUrl": served.alerts.base_url() }));
        assert!(made.get("secrets").is_none(), "{made}");
        let id = made["id"].as_str().unwrap();
        let (status, shown) = served.call("GET", &format!("{path}/{id}"), None).await;
        assert_eq!((status, &shown), (200, &made));

        let body = json!({ "params": {
            "subAction": "createAlert",
            "subActionParams": { "message": "disk full", "alias": format!("{path}?#/{id}") },
        } });
        let (status, opened) = served.call("POST", &format!("{path}/{id}/_execute"), Some(body)).await;
        assert_eq!((status, &opened["status"]), (200, &"ok".into()), "{opened}");
        assert_eq!(opened[run], id);
        assert_eq!(opened["data"]["confirmed"], true, "{opened}");
        let closed = served
            .run(id, "closeAlert", json!({ "alias": format!("{path}?#/{id}") }))
            .await;
        assert_eq!(closed["data"]["confirmed"], true, "{closed}");
        let again = served
            .run(id, "closeAlert", json!({ "alias": "nothing-like-it" }))
            .await;
        assert_eq!(again["data"]["alreadyClosed"], true, "{again}");
        assert_eq!(served.call("DELETE", &format!("{path}/{id}"), None).await.0, 204);
        let (status, gone) = served.call("GET", &format!("{path}/{id}"), None).await;
        assert_eq!(status, 404);
        assert_eq!(gone["message"], format!("Saved object [action/{id}] not found"));
    }
    let (_, document) = served.call("GET", "/api/actions/openapi.json", None).await;
    let kept = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/openapi.json")).unwrap();
    assert_eq!(document, serde_json::from_str::<Value>(&kept).unwrap());
    let described = async |path: &str, schema: &str| {
        let (_, listed) = served.call("GET", path, None).await;
        let members = &document["components"]["schemas"][schema]["properties"];
        for name in listed[0].as_object().unwrap().keys() {
            assert!(members.get(name).is_some(), "{name} of {path}");
        }
    };
    described("/api/actions/connectors", "connector").await;
    described("/api/actions", "connector.legacy").await;
    described("/api/actions/connector_types", "type").await;
    described("/api/action/types", "type.legacy").await;

    let alerts = served.alerts.alerts();
    assert_eq!(alerts.len(), 4);
    assert!(alerts.iter().all(|alert| json!(alert.status) == "closed"), "{alerts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_says_what_to_change_and_a_repeat_is_advised_only_where_it_helps() {
    let served = Alerting::start().await;
    let one = "/api/actions/connector";
    let refused = async |body: Value, message: &str| {
        let (status, answer) = served.call("POST", one, Some(body)).await;
        assert_eq!(
            (status, &answer["statusCode"], &answer["error"]),
            (400, &400.into(), &"Bad Request".into())
        );
        assert!(answer["message"].as_str().unwrap().contains(message), "{answer}");
    };
    refused(
        json!({}),
        "[request body.name]: expected value of type [string] but got [undefined]",
    )
    .await;
    let mut unknown = served.connector("connector_type_id");
    unknown["foo"] = json!(1);
    refused(unknown, "[request body.foo]: definition for this key is missing").await;
    let mut unregistered = served.connector("connector_type_id");
    unregistered["connector_type_id"] = json!(".email");
    refused(unregistered, "Action type \".email\" is not registered.").await;
    let mut no_url = served.connector("connector_type_id");
    no_url["config"] = json!({});
    refused(
        no_url,
        "error validating action type config: [apiUrl]: expected value of type [string]",
    )
    .await;
    let mut inside = served.connector("connector_type_id");
    inside["config"]["apiUrl"] = json!("http://169.254.169.254/");
    refused(inside, "is not added to the Kibana config xpack.actions.allowedHosts").await;
    let mut blank = served.connector("connector_type_id");
    blank["secrets"]["apiKey"] = json!("  ");
    refused(blank, "[request body.secrets.apiKey]: value '' is not valid").await;

    let id = format!("ops-{}", uuid::Uuid::new_v4().simple());
    let id = &id[..30];
    let path = format!("{one}/{id}");
    assert_eq!(
        served
            .call("POST", &path, Some(served.connector("connector_type_id")))
            .await
            .0,
        200
    );
    let (status, taken) = served
        .call("POST", &path, Some(served.connector("connector_type_id")))
        .await;
    assert_eq!((status, &taken["error"]), (409, &"Conflict".into()), "{taken}");

    let wrong = served.run(id, "createAlert", json!({ "alias": "x" })).await;
    assert_eq!(
        (&wrong["status"], &wrong["retry"]),
        (&"error".into(), &false.into()),
        "{wrong}"
    );
    assert!(
        wrong["service_message"].as_str().unwrap().contains("[message]"),
        "{wrong}"
    );
    let unknown = served.run(id, "explode", json!({})).await;
    assert!(
        unknown["service_message"]
            .as_str()
            .unwrap()
            .contains("is not registered"),
        "{unknown}"
    );
    let long = served
        .run(
            id,
            "createAlert",
            json!({ "message": "x".repeat(500), "alias": "long" }),
        )
        .await;
    assert_eq!(
        long["data"]["warnings"][0], "message cut from 500 to 130 characters",
        "{long}"
    );
    served.alerts.change(|settings| settings.requests_per_minute = Some(0));
    let throttled = served
        .run(id, "createAlert", json!({ "message": "x", "alias": "y" }))
        .await;
    assert!(
        throttled["retry"].is_string(),
        "the instant from which on it can help: {throttled}"
    );
    served.alerts.change(|settings| settings.requests_per_minute = None);

    let (_, log) = served
        .call("GET", &format!("{path}/_executions?outcome=throttled"), None)
        .await;
    assert_eq!(log["executions"][0]["sub_action"], "createAlert", "{log}");
    let (_, tested) = served.call("POST", &format!("{path}/_test"), None).await;
    assert_eq!(tested["ok"], true, "{tested}");
    assert_eq!(served.call("DELETE", &path, None).await.0, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_of_kibana_yml_is_understood_and_types_that_it_leaves_out_are_refused() {
    let alerts = ServiceManagementFixture::start(Options::default()).await.unwrap();
    let served = Served::start(&format!(
        "xpack.actions.enabledActionTypes: ['.jira']\nxpack.actions.responseTimeout: 60s\n\
         xpack.actions.preconfigured:\n  pasted:\n    name: Pasted\n    actionTypeId: .opsgenie\n    \
         config: {{ apiUrl: '{}' }}\n    secrets: {{ apiKey: {KEY} }}\n",
        alerts.base_url()
    ))
    .await;
    let connector = json!({
        "name": "x", "connector_type_id": ".opsgenie", "config": { "apiUrl": alerts.base_url() }, "secrets": { "apiKey": KEY },
    });
    let (status, answer) = served.call("POST", "/api/actions/connector", Some(connector)).await;
    assert_eq!(status, 403, "{answer}");
    let text = "action type \".opsgenie\" is not enabled in the Kibana config xpack.actions.enabledActionTypes";
    assert!(answer["message"].as_str().unwrap().starts_with(text), "{answer}");
    let (_, types) = served.call("GET", "/api/actions/connector_types", None).await;
    let enabled: Vec<&Value> = types
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["enabled"] == true)
        .collect();
    assert_eq!((enabled.len(), &enabled[0]["id"]), (1, &".jira".into()), "{types}");
    // Whoever wrote it into the file allowed it.
    let opened = served
        .run("pasted", "createAlert", json!({ "message": "x", "alias": "pasted" }))
        .await;
    assert_eq!(opened["status"], "ok", "{opened}");
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_of_ours_make_a_call_safe_to_repeat_and_a_failure_plain_to_see() {
    let served = Alerting::start().await;
    let (_, made) = served
        .call("POST", "/api/action", Some(served.connector("actionTypeId")))
        .await;
    let path = format!("/api/action/{}", made["id"].as_str().unwrap());
    let with = async |name: &str, value: &str, params: Value| {
        let body = json!({ "params": { "subAction": "createAlert", "subActionParams": params } });
        let request = served
            .http
            .post(format!("{}{path}/_execute", served.url))
            .header(name, value);
        let response = request
            .basic_auth("elastic", Some("changeme"))
            .json(&body)
            .send()
            .await
            .unwrap();
        response.status().as_u16()
    };
    for _ in 0..3 {
        assert_eq!(
            with("Idempotency-Key", "run-7", json!({ "message": "without an alias" })).await,
            200
        );
    }
    assert_eq!(
        with("X-Fail-Status", "true", json!({ "alias": "no message" })).await,
        422
    );
    assert_eq!(
        with(
            "Prefer",
            "respond-async",
            json!({ "message": "later", "alias": "later" })
        )
        .await,
        202
    );
    eventually("both alerts are there, and no third", async || {
        let alerts = served.alerts.alerts();
        (alerts.len() == 2 && alerts[0].count == 3).then_some(())
    })
    .await;
    assert_eq!(served.call("DELETE", &path, None).await.0, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn elasticsearch_says_who_may_do_what_and_no_secret_leaves() {
    let served = Alerting::start().await;
    let elastic = Elastic::connect().await;
    let suffix = uuid::Uuid::new_v4().simple().to_string();
    let (reader, role) = (format!("reader-{suffix}"), format!("role-{suffix}"));
    let grants = json!([{ "application": "jira-connector", "privileges": ["read"], "resources": ["*"] }]);
    let registered = json!({ "jira-connector": {
        "read": { "actions": ["action:connector/get"] },
        "execute": { "actions": ["action:connector/execute"] },
        "manage": { "actions": ["action:connector/create"] },
    } });
    elastic.put("/_security/privilege", &registered).await;
    elastic
        .put(&format!("/_security/role/{role}"), &json!({ "applications": grants }))
        .await;
    let user = json!({ "password": "long-enough-1", "roles": [role] });
    elastic.put(&format!("/_security/user/{reader}"), &user).await;
    let nobody = json!({ "password": "long-enough-1", "roles": [] });
    elastic.put(&format!("/_security/user/nobody-{suffix}"), &nobody).await;

    let all = "/api/actions/connectors";
    let (status, answer) = served.call_as(None, "GET", all, None).await;
    assert_eq!((status, &answer["error"]), (401, &"Unauthorized".into()), "{answer}");
    assert_eq!(
        served.call_as(Some(("elastic", "wrong")), "GET", all, None).await.0,
        401
    );
    assert_eq!(
        served
            .call_as(Some((&reader, "long-enough-1")), "GET", all, None)
            .await
            .0,
        200
    );
    let nobody = format!("nobody-{suffix}");
    assert_eq!(
        served
            .call_as(Some((&nobody, "long-enough-1")), "GET", all, None)
            .await
            .0,
        403
    );
    let new = Some(served.connector("connector_type_id"));
    let (status, answer) = served
        .call_as(Some((&reader, "long-enough-1")), "POST", "/api/actions/connector", new)
        .await;
    assert_eq!(status, 403);
    assert_eq!(
        answer["message"],
        "Unauthorized to create a \".jira-service-management\" action"
    );

    let (_, made) = served
        .call(
            "POST",
            "/api/actions/connector",
            Some(served.connector("connector_type_id")),
        )
        .await;
    let id = made["id"].as_str().unwrap();
    served
        .run(
            id,
            "createAlert",
            json!({ "message": "x", "alias": format!("secret-{id}") }),
        )
        .await;
    let stored = elastic.get(&format!("/.jira-connector-actions/_doc/{id}")).await;
    let executions = elastic.get("/.jira-connector-executions-*/_search?size=1000").await;
    let (_, listed) = served.call("GET", all, None).await;
    let log = std::fs::read_to_string(served.folder.path().join("service.log")).unwrap();
    for text in [stored.to_string(), executions.to_string(), listed.to_string(), log] {
        assert!(!text.contains(KEY), "{text}");
    }
    // Whoever may write the index cannot send the key elsewhere.
    let thief = json!({ "doc": { "config": { "apiUrl": "https://evil.example" } } });
    elastic
        .post(&format!("/.jira-connector-actions/_update/{id}?refresh=true"), &thief)
        .await;
    let stopped = served
        .run(id, "createAlert", json!({ "message": "x", "alias": "z" }))
        .await;
    assert_eq!(stopped["status"], "error", "{stopped}");
    assert!(
        stopped["service_message"].as_str().unwrap().contains("changed by hand"),
        "{stopped}"
    );
    let (_, shown) = served.call("GET", &format!("/api/actions/connector/{id}"), None).await;
    assert_eq!(shown["is_missing_secrets"], true, "{shown}");
    assert_eq!(
        served
            .call("DELETE", &format!("/api/actions/connector/{id}"), None)
            .await
            .0,
        204
    );
}
