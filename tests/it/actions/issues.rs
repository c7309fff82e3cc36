//! Issues over `.jira`: made once for each key, brought up to date, commented, closed; what Jira refuses is said before it
//! is asked.

use jira_fixture::{Dialect, Fault, Options};
use serde_json::{Value, json};

use super::served::Served;
use crate::harness::Jira;

/// The service, and a Jira that it may write to.
struct Writing {
    jira: Jira,
    served: Served,
    connector: String,
}

fn secrets(dialect: Dialect) -> Value {
    match dialect {
        Dialect::Cloud => json!({ "email": "admin@example.com", "apiToken": "fixture-token" }),
        _ => json!({ "personalAccessToken": "fixture-password" }),
    }
}

impl Writing {
    async fn start(dialect: Dialect) -> Self {
        let mut options = Options {
            dialect,
            ..Options::default()
        };
        if dialect != Dialect::Cloud {
            (options.email, options.token) = (options.username.clone(), options.password.clone());
        }
        let jira = Jira::start(options).await;
        let served = Served::start("").await;
        let connector = json!({
            "name": "Tickets", "connector_type_id": ".jira",
            "config": { "apiUrl": jira.url(), "projectKey": "FIX" }, "secrets": secrets(dialect),
        });
        let connector = served.made(&connector).await;
        Self {
            jira,
            served,
            connector,
        }
    }

    async fn run(&self, action: &str, params: Value) -> Value {
        self.served.run(&self.connector, action, params).await
    }

    async fn push(&self, incident: Value, comments: Value) -> Value {
        let answer = self
            .run("pushToService", json!({ "incident": incident, "comments": comments }))
            .await;
        assert_eq!(answer["status"], "ok", "{answer}");
        answer["data"].clone()
    }

    /// What Jira has.
    async fn issue(&self, id: &Value) -> Value {
        self.jira
            .get(&format!("rest/api/2/issue/{}?fields=*all", id.as_str().unwrap()))
            .await
    }

    fn break_next(&self, fault: Value) {
        self.jira
            .site
            .add_fault(serde_json::from_value::<Fault>(fault).unwrap());
    }

    fn made(&self) -> u64 {
        self.jira.requests_to("create_issue")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issue_is_made_updated_commented_and_closed_on_each_edition() {
    for dialect in [Dialect::Cloud, Dialect::DataCenter] {
        let writing = Writing::start(dialect).await;
        let comments = json!([{ "commentId": "c1", "comment": "first" }, { "commentId": "c2", "comment": "second" }]);
        let long = "\u{1f525}".repeat(300);
        let incident = json!({ "summary": format!("disk full\non host a {long}"), "description": "see *runbook*",
            "labels": ["disk"], "priority": "High", "otherFields": { "Due date": "2026-12-31" } });
        let pushed = writing.push(incident, comments.clone()).await;
        assert_eq!(pushed["comments"].as_array().unwrap().len(), 2, "{pushed}");
        let url = pushed["url"].as_str().unwrap();
        assert!(
            url.ends_with(&format!("/browse/{}", pushed["title"].as_str().unwrap())),
            "{pushed}"
        );
        let warnings = pushed["warnings"].to_string();
        assert!(
            warnings.contains("cut from") && warnings.contains("issueType was not given"),
            "{warnings}"
        );

        let issue = writing.issue(&pushed["id"]).await;
        let fields = &issue["fields"];
        assert!(
            fields["summary"].as_str().unwrap().starts_with("disk full, on host a"),
            "{fields}"
        );
        assert_eq!(fields["duedate"], "2026-12-31");
        assert_eq!(fields["priority"]["name"], "High");
        assert_eq!(fields["comment"]["total"], 2, "{}", fields["comment"]);

        // The same again changes nothing and sends no comment twice.
        let again = json!({ "summary": fields["summary"], "externalId": pushed["title"], "labels": ["disk"] });
        writing.jira.site.reset_requests();
        writing.push(again, comments).await;
        assert_eq!(writing.jira.requests_to("comments"), 0);
        let changed = json!({ "summary": "disk full, still", "externalId": pushed["id"] });
        let more = json!([{ "commentId": "c2", "comment": "second" }, { "commentId": "c3", "comment": "third" }]);
        let updated = writing.push(changed, more).await;
        assert_eq!(updated["comments"].as_array().unwrap().len(), 2, "{updated}");
        let issue = writing.issue(&pushed["id"]).await;
        assert_eq!(issue["fields"]["summary"], "disk full, still");
        assert_eq!(issue["fields"]["comment"]["total"], 3);
        assert_eq!(
            issue["fields"]["labels"],
            json!(["disk"]),
            "an update leaves alone what it does not name"
        );

        let closing = json!({ "incident": { "externalId": pushed["id"], "comment": "recovered" } });
        let closed = writing.run("closeIncident", closing.clone()).await;
        assert_eq!(closed["status"], "ok", "{closed}");
        let issue = writing.issue(&pushed["id"]).await;
        assert_eq!(
            issue["fields"]["status"]["statusCategory"]["key"], "done",
            "{}",
            issue["fields"]["status"]
        );
        assert_eq!(issue["fields"]["comment"]["total"], 4);
        let closed = writing.run("closeIncident", closing).await;
        assert_eq!(closed["data"]["alreadyClosed"], true, "{closed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_has_one_open_issue_whatever_happens_to_the_answers() {
    for dialect in [Dialect::Cloud, Dialect::DataCenter] {
        let writing = Writing::start(dialect).await;
        let incident = json!({ "summary": "node down", "correlation_id": "rule:node/1" });
        // Made, and the answer lost; the search does not know new issues yet.
        writing.jira.site.set(|settings| settings.search_lag_ms = 60_000);
        writing.break_next(json!({ "endpoint": "create_issue", "kind": "reset", "times": 1 }));
        let first = writing
            .push(incident.clone(), json!([{ "commentId": "c1", "comment": "first" }]))
            .await;
        assert_eq!(writing.made(), 1);
        let second = writing
            .push(incident.clone(), json!([{ "commentId": "c1", "comment": "first" }]))
            .await;
        assert_eq!((&first["id"], writing.made()), (&second["id"], 1));
        assert_eq!(writing.issue(&first["id"]).await["fields"]["comment"]["total"], 1);

        // The answer to a comment is lost: it is there once all the same.
        writing.break_next(json!({ "endpoint": "comments", "method": "POST", "kind": "reset", "times": 1 }));
        let comments = json!([{ "commentId": "c2", "comment": "second" }]);
        let unsure = writing.push(incident.clone(), comments.clone()).await;
        assert!(unsure["warnings"].to_string().contains("ask again"), "{unsure}");
        writing.push(incident.clone(), comments).await;
        assert_eq!(writing.issue(&first["id"]).await["fields"]["comment"]["total"], 2);

        // Closed by its key; the next push with that key is about something new.
        let closing = json!({ "incident": { "correlation_id": "rule:node/1" } });
        writing.break_next(json!({ "endpoint": "transitions", "method": "POST", "kind": "reset", "times": 1 }));
        let closed = writing.run("closeIncident", closing.clone()).await;
        assert_eq!(
            (&closed["status"], &closed["data"]["id"]),
            (&"ok".into(), &first["id"]),
            "{closed}"
        );
        let third = writing.push(incident, Value::Null).await;
        assert_ne!(third["id"], first["id"]);
        let unknown = json!({ "incident": { "correlation_id": "nobody pushed this" } });
        let nothing = writing.run("closeIncident", unknown).await;
        assert_eq!(nothing["status"], "ok");
        assert!(
            nothing["data"]["warnings"][0]
                .as_str()
                .unwrap()
                .starts_with("nothing was closed"),
            "{nothing}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_jira_would_refuse_is_named_before_anything_is_sent() {
    let writing = Writing::start(Dialect::Cloud).await;
    let refused = async |params: Value, texts: &[&str]| {
        let answer = writing.run("pushToService", params).await;
        assert_eq!(
            (&answer["status"], &answer["retry"]),
            (&"error".into(), &false.into()),
            "{answer}"
        );
        let text = answer.to_string();
        for wanted in texts {
            assert!(text.contains(wanted), "{wanted} in {text}");
        }
    };
    refused(
        json!({}),
        &["error validating action params: [subActionParams.incident]: expected value of type [object]"],
    )
    .await;
    refused(
        json!({ "incident": { "summary": "a", "foo": 1 } }),
        &["[subActionParams.incident.foo]: definition for this key is missing"],
    )
    .await;
    refused(
        json!({ "incident": { "summary": "a", "labels": ["x y"] } }),
        &["The label x y cannot contain spaces"],
    )
    .await;
    refused(
        json!({ "incident": { "summary": "a", "issueType": "Unheard" } }),
        &["issueType Unheard is not one of"],
    )
    .await;
    refused(
        json!({ "incident": { "summary": "a", "priority": "Utmost" } }),
        &["\\\"Utmost\\\" is not one of"],
    )
    .await;
    refused(
        json!({ "incident": { "summary": "a", "otherFields": { "Nowhere": 1 } } }),
        &["Nowhere cannot be set"],
    )
    .await;
    refused(json!({ "title": "a case" }), &["casesConfiguration"]).await;
    assert_eq!(writing.made(), 0);

    let required = json!({
        "name": "Strict", "connector_type_id": ".jira",
        "config": { "apiUrl": writing.jira.url(), "projectKey": "AND" }, "secrets": secrets(Dialect::Cloud),
    });
    let strict = writing.served.made(&required).await;
    let params = json!({ "incident": { "summary": "a" } });
    let answer = writing.served.run(&strict, "pushToService", params).await;
    assert!(
        answer["service_message"]
            .as_str()
            .unwrap()
            .contains("Severity is required"),
        "{answer}"
    );
    assert_eq!(writing.made(), 0);
    let params = json!({ "incident": { "summary": "a", "otherFields": { "severity": "s2" } } });
    let answer = writing.served.run(&strict, "pushToService", params).await;
    assert_eq!(answer["status"], "ok", "{answer}");

    for (wrong, text) in [
        (
            json!({}),
            "[email]: expected value of type [string] but got [undefined]",
        ),
        (
            json!({ "email": "a@b.c" }),
            "[apiToken]: expected value of type [string] but got [undefined]",
        ),
        (
            json!({ "email": "a@b.c", "apiToken": "t", "personalAccessToken": "p" }),
            "stands alone",
        ),
    ] {
        let mut connector = required.clone();
        connector["secrets"] = wrong;
        let (status, answer) = writing
            .served
            .call("POST", "/api/actions/connector", Some(connector))
            .await;
        assert_eq!(status, 400);
        assert!(answer["message"].as_str().unwrap().contains(text), "{answer}");
    }
    let mut wrong = required.clone();
    wrong["secrets"]["apiToken"] = json!("a wrong token");
    let wrong = writing.served.made(&wrong).await;
    let (_, tested) = writing
        .served
        .call("POST", &format!("/api/actions/connector/{wrong}/_test"), None)
        .await;
    assert_eq!(tested["ok"], false, "{tested}");
    assert!(
        tested["checks"][0]["hint"]
            .as_str()
            .unwrap()
            .contains("look at email and apiToken"),
        "{tested}"
    );
    let path = format!("/api/actions/connector/{}/_test", writing.connector);
    let (_, tested) = writing.served.call("POST", &path, None).await;
    assert_eq!(tested["ok"], true, "{tested}");
}

#[tokio::test(flavor = "multi_thread")]
async fn cases_of_kibana_7_and_the_questions_of_its_forms_are_answered() {
    let writing = Writing::start(Dialect::Cloud).await;
    let seed = json!({
        "name": "Jira", "actionTypeId": ".jira",
        "config": {
            "apiUrl": writing.jira.url(), "projectKey": "FIX",
            "casesConfiguration": { "mapping": [
                { "source": "title", "target": "summary", "actionType": "overwrite" },
                { "source": "description", "target": "description", "actionType": "append" },
                { "source": "comments", "target": "comments", "actionType": "append" },
            ] },
        },
        "secrets": secrets(Dialect::Cloud),
    });
    let (status, made) = writing.served.call("POST", "/api/action", Some(seed.clone())).await;
    assert_eq!(
        (status, &made["isPreconfigured"], &made["config"]),
        (200, &false.into(), &seed["config"]),
        "{made}"
    );
    let case = json!({
        "savedObjectId": "c-1", "title": "Host down", "description": "no ping", "externalId": null,
        "createdAt": "2020-05-01T10:00:00.000Z", "createdBy": { "fullName": "A B", "username": "ab" },
        "updatedAt": null, "updatedBy": null,
        "comments": [{ "commentId": "k1", "comment": "looking", "createdAt": "2020-05-01T11:00:00.000Z",
            "createdBy": { "fullName": "A B", "username": "ab" }, "updatedAt": null, "updatedBy": null }],
    });
    let run = format!("/api/action/{}/_execute", made["id"].as_str().unwrap());
    let body = json!({ "params": { "subAction": "pushToService", "subActionParams": case } });
    let (_, pushed) = writing.served.call("POST", &run, Some(body)).await;
    assert_eq!(pushed["status"], "ok", "{pushed}");
    let issue = writing.issue(&pushed["data"]["id"]).await;
    assert_eq!(
        issue["fields"]["summary"],
        "Host down (created at 2020-05-01T10:00:00.000Z by A B)"
    );
    assert_eq!(
        issue["fields"]["comment"]["comments"][0]["body"],
        "looking (added at 2020-05-01T11:00:00.000Z by A B)"
    );
    let mut empty = seed;
    empty["config"]["casesConfiguration"]["mapping"] = json!([]);
    let (status, answer) = writing.served.call("POST", "/api/action", Some(empty)).await;
    assert_eq!(status, 400);
    let text = "error validating action type config: [casesConfiguration.mapping]: expected non-empty but got empty";
    assert_eq!(answer["message"], text);

    let asked = async |action: &str, params: Value| {
        let answer = writing.run(action, params).await;
        assert_eq!(answer["status"], "ok", "{answer}");
        answer["data"].clone()
    };
    let types = asked("issueTypes", json!({})).await;
    let first = types[0]["id"].as_str().unwrap();
    assert!(types.as_array().unwrap().len() > 3, "{types}");
    let fields = asked("fieldsByIssueType", json!({ "id": first })).await;
    assert_eq!(fields["summary"]["required"], true, "{}", fields["summary"]);
    let common = asked("getFields", json!({})).await;
    assert_eq!(common["summary"]["schema"]["type"], "string");
    let key = pushed["data"]["title"].as_str().unwrap();
    let found = asked("issues", json!({ "title": "\"Host down\" OR [x]" })).await;
    assert!(found.is_array(), "{found}");
    let one = asked("issue", json!({ "id": key })).await;
    assert_eq!((&one["key"], &one["id"]), (&key.into(), &pushed["data"]["id"]));
    let whole = asked("getIncident", json!({ "externalId": key })).await;
    assert_eq!(
        (&whole["key"], &whole["issuetype"]["name"]),
        (&key.into(), &"Task".into()),
        "{whole}"
    );
}
