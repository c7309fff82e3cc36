//! The names and the forms of both kinds. Texts may be longer than the API takes: they are cut, never refused.

use crate::outbound::kinds::{Definition, Manner, SubAction};
use crate::outbound::shape::{Member, Shape, optional, required};

use super::product::Product;

const MOST_RESPONDERS: usize = 50;

pub(super) fn definition(product: Product) -> Definition {
    let (id, name, features, url) = match product {
        Product::ServiceManagement => (
            ".jira-service-management",
            "Jira Service Management",
            &["alerting", "uptime", "siem", "workflows", "agentBuilder"][..],
            "`https://api.atlassian.com`",
        ),
        Product::Opsgenie => (
            ".opsgenie",
            "Opsgenie",
            &["alerting", "uptime", "siem"][..],
            "`https://api.opsgenie.com`, in the EU `https://api.eu.opsgenie.com`; \
             `https://api.atlassian.com` for an account that was moved",
        ),
    };
    Definition {
        id,
        name,
        kibana_licence: "platinum",
        features,
        manner: Manner::CheckedInside,
        config: Shape::object([required("apiUrl", Shape::filled_text(), url)]),
        secrets: Shape::object([required(
            "apiKey",
            Shape::filled_text(),
            "The key of an API integration of a team; not an API token of an account.",
        )]),
        sub_actions: vec![
            SubAction {
                name: "createAlert",
                params: Shape::Object(alert(product)),
                about: "Opens an alert, or counts another occurrence of the open one with this alias.",
            },
            SubAction {
                name: "closeAlert",
                params: on_alert([]),
                about: "Closes the alert with this alias.",
            },
            SubAction {
                name: "acknowledgeAlert",
                params: on_alert([]),
                about: "Acknowledges the alert with this alias.",
            },
            SubAction {
                name: "addNote",
                params: Shape::object([
                    required("alias", Shape::filled_text(), "The alias of the alert."),
                    required("note", Shape::filled_text(), "The note."),
                    optional("user", Shape::text(), "Who does it."),
                    optional("source", Shape::text(), "Where it comes from."),
                ]),
                about: "Adds a note to the alert with this alias.",
            },
            SubAction {
                name: "pushAlert",
                params: Shape::Object(
                    [
                        vec![required(
                            "status",
                            Shape::OneOf(&["firing", "resolved"]),
                            "Whether the alert is opened or closed.",
                        )],
                        alert(product),
                    ]
                    .concat(),
                ),
                about: "Opens or closes an alert by its status, as webhooks tell it.",
            },
        ],
    }
}

fn on_alert<const N: usize>(more: [Member; N]) -> Shape {
    let common = [
        required("alias", Shape::filled_text(), "The alias of the alert."),
        optional("note", Shape::text(), "A note for the alert."),
        optional("user", Shape::text(), "Who does it."),
        optional("source", Shape::text(), "Where it comes from."),
    ];
    Shape::object(common.into_iter().chain(more))
}

fn alert(product: Product) -> Vec<Member> {
    vec![
        required(
            "message",
            Shape::filled_text(),
            "The headline; 130 characters reach the alert.",
        ),
        optional("alias", Shape::text(), "What it is deduplicated by while it is open."),
        optional("description", Shape::text(), "The long text."),
        optional(
            "responders",
            Shape::list_of(MOST_RESPONDERS, responder(product)),
            "Who is told.",
        ),
        optional(
            "visibleTo",
            Shape::list_of(MOST_RESPONDERS, responder(product)),
            "Who sees it besides.",
        ),
        optional("actions", Shape::list(Shape::text()), "Names of custom actions."),
        optional("tags", Shape::list(Shape::text()), "Labels."),
        optional("details", Shape::Record, "Properties; nested ones are flattened."),
        optional("entity", Shape::text(), "What it is about."),
        optional("source", Shape::text(), "Where it comes from."),
        optional("priority", Shape::OneOf(&["P1", "P2", "P3", "P4", "P5"]), "P3 without."),
        optional("note", Shape::text(), "A first note."),
        optional("user", Shape::text(), "Who opens it."),
    ]
}

fn responder(product: Product) -> Shape {
    const TYPES: &[&str] = &["team", "user", "escalation", "schedule"];
    let by_id = Shape::object([
        required("id", Shape::filled_text(), "Its id."),
        required("type", Shape::OneOf(TYPES), ""),
    ]);
    match product {
        // This product knows ids only.
        Product::ServiceManagement => by_id,
        Product::Opsgenie => Shape::Either(vec![
            by_id,
            Shape::object([
                required("name", Shape::filled_text(), "Its name."),
                required("type", Shape::OneOf(TYPES), ""),
            ]),
            Shape::object([
                required("username", Shape::filled_text(), "The user's address."),
                required("type", Shape::OneOf(&["user"]), ""),
            ]),
        ]),
    }
}
