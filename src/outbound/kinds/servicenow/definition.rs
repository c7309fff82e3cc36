//! The names and the forms of the three kinds.

use super::product::Product;
use crate::outbound::kinds::mapping;
use crate::outbound::kinds::{Definition, Manner, SubAction};
use crate::outbound::shape::{Member, Shape, nullable, optional, required};

/// The form of a list of texts that may come as one.
fn observables() -> Shape {
    Shape::Either(vec![Shape::text(), Shape::list(Shape::text())])
}

pub(super) fn definition(product: Product) -> Definition {
    let (id, name, features) = match product {
        Product::Incidents => (
            ".servicenow",
            "ServiceNow ITSM",
            &["alerting", "cases", "uptime", "siem"][..],
        ),
        Product::SecurityIncidents => (
            ".servicenow-sir",
            "ServiceNow SecOps",
            &["alerting", "cases", "uptime", "siem"][..],
        ),
        Product::Events => (
            ".servicenow-itom",
            "ServiceNow ITOM",
            &["alerting", "uptime", "siem"][..],
        ),
    };
    Definition {
        id,
        name,
        kibana_licence: "platinum",
        features,
        manner: Manner::CheckedBefore,
        config: config(product),
        secrets: Shape::object([
            nullable("username", Shape::text(), "The account."),
            nullable("password", Shape::text(), "Its password."),
            nullable("clientSecret", Shape::text(), "OAuth: the secret of the client."),
            nullable(
                "privateKey",
                Shape::text(),
                "OAuth: the key that signs assertions, as PEM.",
            ),
            nullable(
                "privateKeyPassword",
                Shape::text(),
                "Keys with a password are not taken: decrypt it first.",
            ),
        ]),
        sub_actions: match product {
            Product::Events => vec![add_event(), choices()],
            Product::Incidents | Product::SecurityIncidents => on_incidents(product),
        },
    }
}

fn config(product: Product) -> Shape {
    let mut members = vec![
        required(
            "apiUrl",
            Shape::filled_text(),
            "The address of the instance: `https://example.service-now.com`.",
        ),
        optional("isOAuth", Shape::Flag, "Sign in with an access token.").or(false),
        nullable("userIdentifierValue", Shape::text(), "OAuth by assertion: the user."),
        nullable("clientId", Shape::text(), "OAuth: the id of the client."),
        nullable(
            "jwtKeyId",
            Shape::text(),
            "OAuth by assertion: the id of the key on the instance.",
        ),
    ];
    if product != Product::Events {
        let close = Shape::object([
            optional(
                "state",
                Shape::filled_text(),
                "The state of a closed record; without, 7, and 3 for security incidents.",
            ),
            optional("close_code", Shape::filled_text(), "The resolution code."),
            optional("close_notes", Shape::filled_text(), "The resolution notes."),
        ]);
        members.extend([
            optional(
                "usesTableApi",
                Shape::Flag,
                "The Table API; else the import set of Elastic's app.",
            )
            .or(true),
            optional(
                "onClosed",
                Shape::OneOf(&["create", "reopen", "update"]),
                "What a push does when the incident of its correlation_id is closed; `create` without.",
            ),
            optional("close", close, "How incidents are closed."),
            optional(
                "casesConfiguration",
                mapping::configuration(),
                "The mapping of Kibana 7.7 to 7.9.",
            ),
            optional(
                "incidentConfiguration",
                Shape::Either(vec![mapping::configuration(), Shape::Null]),
                "The mapping of Kibana 7.10.",
            ),
            optional("isCaseOwned", Shape::Any, "Kibana 7.10; has no effect."),
        ]);
    }
    Shape::Object(members)
}

fn on_incidents(product: Product) -> Vec<SubAction> {
    let comment = Shape::object([
        required("comment", Shape::text(), "Its text."),
        required("commentId", Shape::text(), "Its id with the caller."),
    ]);
    vec![
        mapping::push(
            Shape::object([
                required("incident", incident(product), "The incident."),
                nullable("comments", Shape::list(comment), "Work notes; each is sent once."),
            ]),
            mapping::case([
                nullable("severity", Shape::text(), ""),
                nullable("urgency", Shape::text(), ""),
                nullable("impact", Shape::text(), ""),
            ]),
            "Makes an incident, or brings one up to date.",
        ),
        SubAction {
            name: "closeIncident",
            params: Shape::object([required(
                "incident",
                Shape::object([
                    nullable("externalId", Shape::text(), "The `sys_id` of the incident."),
                    nullable("correlation_id", Shape::text(), "The key that it was pushed with."),
                ]),
                "The incident.",
            )]),
            about: "Closes an incident, and looks whether it is closed.",
        },
        SubAction {
            name: "getFields",
            params: Shape::Record,
            about: "Lists the columns that can be written.",
        },
        choices(),
        SubAction {
            name: "getIncident",
            params: Shape::object([required("externalId", Shape::filled_text(), "The `sys_id`.")]),
            about: "Reads an incident.",
        },
    ]
}

fn incident(product: Product) -> Shape {
    let text = |name, about| nullable(name, Shape::text(), about);
    let mut members: Vec<Member> = vec![
        required("short_description", Shape::filled_text(), "One line."),
        text("description", "The long text."),
        text("externalId", "The `sys_id` of an incident to update."),
        text("category", "The category."),
        text("subcategory", "The subcategory."),
        text(
            "correlation_id",
            "While an incident with this key is open, it is updated and no other is made.",
        ),
        text("correlation_display", "What the key is about."),
        nullable(
            "additional_fields",
            Shape::Either(vec![Shape::Record, Shape::text()]),
            "Further columns, as an object or its JSON; at most 20.",
        ),
    ];
    match product {
        Product::SecurityIncidents => members.extend([
            nullable("dest_ip", observables(), "Addresses."),
            nullable("source_ip", observables(), "Addresses."),
            nullable("malware_hash", observables(), "Hashes."),
            nullable("malware_url", observables(), "Addresses of web pages."),
            text("priority", "The priority."),
        ]),
        Product::Incidents | Product::Events => members.extend([
            text("severity", "The severity."),
            text("urgency", "The urgency."),
            text("impact", "The impact."),
        ]),
    }
    Shape::Object(members)
}

fn choices() -> SubAction {
    SubAction {
        name: "getChoices",
        params: Shape::object([required(
            "fields",
            Shape::list(Shape::filled_text()),
            "Names of columns.",
        )]),
        about: "Lists the values that columns may have.",
    }
}

fn add_event() -> SubAction {
    let text = |name, about| nullable(name, Shape::text(), about);
    SubAction {
        name: "addEvent",
        params: Shape::object([
            text("source", "Where it comes from."),
            text("event_class", "The class of the source."),
            text("resource", "The thing on the node."),
            text("node", "The node."),
            text("metric_name", "What was measured."),
            text("type", "The type."),
            nullable(
                "severity",
                Shape::Either(vec![Shape::text(), Shape::Number]),
                "0 clears, 1 is critical, 5 is for information.",
            ),
            text("description", "The text."),
            text("additional_info", "JSON, as a text."),
            text("message_key", "What events of one alert have in common."),
            nullable(
                "time_of_event",
                Shape::Either(vec![Shape::text(), Shape::Number]),
                "When: a date, or milliseconds.",
            ),
        ]),
        about: "Adds an event.",
    }
}
