//! Every endpoint of the API, once: the router and the OpenAPI document are both made of this list.

use std::sync::Arc;

use axum::routing::{MethodRouter, delete, get, post, put};

use super::shared::Api;
use super::spelling::Spelling;
use super::{bodies, connectors, document, execute, status};
use crate::operations::actions::{Shape, webhook_form};

/// What an endpoint answers when all goes well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answers {
    Connector,
    Connectors,
    Page,
    Types,
    Execution,
    /// Of a body that may have more members than its form.
    Notice,
    Test,
    Executions,
    Availability,
    Status,
    Document,
    Nothing,
}

/// A method of a path.
pub(super) struct Endpoint {
    pub(super) method: &'static str,
    pub(super) path: String,
    /// The names of members.
    pub(super) spelling: Spelling,
    pub(super) about: &'static str,
    pub(super) body: Option<Shape>,
    pub(super) answers: Answers,
    pub(super) route: MethodRouter<Arc<Api>>,
}

/// All of them.
pub(super) fn all() -> Vec<Endpoint> {
    let mut all = current();
    all.extend(legacy(
        "/api/actions/action",
        "/api/actions",
        "/api/actions/list_action_types",
    ));
    all.extend(legacy("/api/action", "/api/action/_getAll", "/api/action/types"));
    let find = get(connectors::find);
    all.push(endpoint(
        "get",
        "/api/action/_find",
        Spelling::Legacy,
        "Lists all connectors, in one page.",
        Answers::Page,
        find,
    ));
    let about = "Tells the version that clients of Kibana go by.";
    all.push(endpoint(
        "get",
        "/api/status",
        Spelling::Current,
        about,
        Answers::Status,
        get(status::status),
    ));
    all
}

fn current() -> Vec<Endpoint> {
    let spelling = Spelling::Current;
    let one = "/api/actions/connector/{id}";
    let at = |method, path: &str, about, answers, route| endpoint(method, path, spelling, about, answers, route);
    let mut all = of_one(
        spelling,
        "/api/actions/connector",
        "/api/actions/connectors",
        "/api/actions/connector_types",
    );
    let with_id = at(
        "post",
        one,
        "Makes a connector of this id.",
        Answers::Connector,
        post(connectors::create_with_id),
    );
    all.push(with_id.taking(bodies::new_connector(spelling)));
    all.push(at(
        "get",
        &format!("{one}/_check_availability"),
        "Tells whether a new connector may have this id.",
        Answers::Availability,
        get(connectors::availability),
    ));
    for (name, about) in [
        (
            "_alertmanager",
            "Takes a webhook of Alertmanager (version 4): opens what is firing, closes what is resolved.",
        ),
        (
            "_webhook",
            "Takes a webhook of Grafana, or of any tool that sends the same: opens and closes.",
        ),
    ] {
        let route = post(execute::webhook);
        all.push(at("post", &format!("{one}/{name}"), about, Answers::Notice, route).taking(webhook_form()));
    }
    all.push(at(
        "get",
        "/api/actions/openapi.json",
        "This document.",
        Answers::Document,
        get(document::document),
    ));
    all
}

fn legacy(one: &str, all: &str, types: &str) -> Vec<Endpoint> {
    of_one(Spelling::Legacy, one, all, types)
}

/// What all spellings have.
fn of_one(spelling: Spelling, one: &str, all: &str, types: &str) -> Vec<Endpoint> {
    let by_id = format!("{one}/{{id}}");
    let at = |method, path: &str, about, answers, route| endpoint(method, path, spelling, about, answers, route);
    let below = |rest: &str| format!("{by_id}/{rest}");
    vec![
        at(
            "post",
            one,
            "Makes a connector.",
            Answers::Connector,
            post(connectors::create),
        )
        .taking(bodies::new_connector(spelling)),
        at(
            "get",
            &by_id,
            "Shows a connector. Secrets are never shown.",
            Answers::Connector,
            get(connectors::get),
        ),
        at(
            "put",
            &by_id,
            "Replaces name, settings and secrets of a connector.",
            Answers::Connector,
            put(connectors::update),
        )
        .taking(bodies::changed_connector()),
        at(
            "delete",
            &by_id,
            "Deletes a connector. What it made in other systems stays.",
            Answers::Nothing,
            delete(connectors::delete),
        ),
        at(
            "get",
            all,
            "Lists all connectors by name.",
            Answers::Connectors,
            get(connectors::list),
        ),
        at(
            "get",
            types,
            "Lists the types of connectors.",
            Answers::Types,
            get(connectors::types),
        ),
        at(
            "post",
            &below("_execute"),
            "Runs a sub-action. The status is 200 also when the action failed, unless X-Fail-Status says otherwise.",
            Answers::Execution,
            post(execute::execute),
        )
        .taking(bodies::call()),
        at(
            "post",
            &below("_test"),
            "Looks without writing whether a connector can do its work, and names each cure.",
            Answers::Test,
            post(execute::test),
        ),
        at(
            "get",
            &below("_executions"),
            "Shows what became of the latest executions.",
            Answers::Executions,
            get(execute::executions),
        ),
    ]
}

fn endpoint(
    method: &'static str,
    path: &str,
    spelling: Spelling,
    about: &'static str,
    answers: Answers,
    route: MethodRouter<Arc<Api>>,
) -> Endpoint {
    Endpoint {
        method,
        path: path.to_owned(),
        spelling,
        about,
        body: None,
        answers,
        route,
    }
}

impl Endpoint {
    fn taking(self, body: Shape) -> Self {
        Self {
            body: Some(body),
            ..self
        }
    }
}
