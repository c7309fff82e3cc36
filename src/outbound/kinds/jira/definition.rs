//! The name and the forms of `.jira`.

use crate::outbound::kinds::mapping;
use crate::outbound::kinds::{Definition, Manner, SubAction};
use crate::outbound::shape::{Member, Shape, nullable, optional, required};

pub(super) fn definition() -> Definition {
    Definition {
        id: ".jira",
        name: "Jira",
        kibana_licence: "gold",
        features: &["alerting", "cases", "uptime", "siem"],
        manner: Manner::CheckedBefore,
        config: config(),
        secrets: Shape::object([
            optional(
                "email",
                Shape::filled_text(),
                "The account's address; on Data Center its login.",
            ),
            optional(
                "apiToken",
                Shape::filled_text(),
                "Its API token; on Data Center its password.",
            ),
            optional(
                "personalAccessToken",
                Shape::filled_text(),
                "A personal access token of Data Center, in place of the two others.",
            ),
        ]),
        sub_actions: sub_actions(),
    }
}

fn config() -> Shape {
    let close = Shape::object([
        optional(
            "transition",
            Shape::filled_text(),
            "The name or id of the transition that closes.",
        ),
        optional(
            "resolution",
            Shape::filled_text(),
            "The resolution to set where the transition asks for one.",
        ),
        optional(
            "fields",
            Shape::Record,
            "Further fields that the transition asks for, by name or id.",
        ),
    ]);
    Shape::object([
        required(
            "apiUrl",
            Shape::filled_text(),
            "The address of the site; for a scoped token `https://api.atlassian.com/ex/jira/{cloudId}`.",
        ),
        required("projectKey", Shape::filled_text(), "The key of the project."),
        optional("close", close, "How issues are closed."),
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
    ])
}

fn sub_actions() -> Vec<SubAction> {
    let by_id = |name, member, about| SubAction {
        name,
        params: Shape::object([required(member, Shape::filled_text(), "The id.")]),
        about,
    };
    vec![
        mapping::push(
            Shape::object([
                required("incident", incident(), "The issue."),
                nullable("comments", Shape::list(comment()), "Comments; each is sent once."),
            ]),
            mapping::case([
                nullable("issueType", Shape::text(), "The id of the issue type."),
                nullable("priority", Shape::text(), "The name of the priority."),
                nullable("labels", Shape::list(Shape::label()), "Labels."),
                nullable("parent", Shape::text(), "The key of the parent."),
            ]),
            "Makes an issue, or brings one up to date.",
        ),
        SubAction {
            name: "closeIncident",
            params: Shape::object([required(
                "incident",
                Shape::object([
                    nullable("externalId", Shape::text(), "The id or key of the issue."),
                    nullable("correlation_id", Shape::text(), "The key that it was pushed with."),
                    optional("transition", Shape::filled_text(), "The name or id of the transition."),
                    optional("resolution", Shape::filled_text(), "The resolution."),
                    optional("comment", Shape::text(), "A comment that is added before."),
                ]),
                "The issue.",
            )]),
            about: "Closes an issue, and looks whether it is closed.",
        },
        by_id("getIncident", "externalId", "Reads an issue with all its fields."),
        SubAction {
            name: "getFields",
            params: Shape::Record,
            about: "Lists the fields that all issue types have in common.",
        },
        SubAction {
            name: "issueTypes",
            params: Shape::Record,
            about: "Lists the issue types.",
        },
        by_id("fieldsByIssueType", "id", "Lists the fields of an issue type."),
        SubAction {
            name: "issues",
            params: Shape::object([required("title", Shape::text(), "Words of the summary.")]),
            about: "Finds issues by words of their summary.",
        },
        by_id("issue", "id", "Reads key and summary of an issue."),
    ]
}

fn incident() -> Shape {
    let members: [Member; 9] = [
        required(
            "summary",
            Shape::filled_text(),
            "One line; 255 characters reach the issue.",
        ),
        nullable("description", Shape::text(), "The long text, in wiki markup."),
        nullable("externalId", Shape::text(), "The id or key of an issue to update."),
        nullable("issueType", Shape::text(), "The id or name of the issue type."),
        nullable("priority", Shape::text(), "The name of the priority."),
        nullable("labels", Shape::list(Shape::label()), "Labels, without white space."),
        nullable("parent", Shape::text(), "The key of the parent."),
        nullable(
            "otherFields",
            Shape::Either(vec![Shape::Record, Shape::text()]),
            "Further fields by name or id, as an object or its JSON; at most 20.",
        ),
        nullable(
            "correlation_id",
            Shape::text(),
            "While an issue with this key is open, it is updated and no other is made.",
        ),
    ];
    Shape::object(members)
}

fn comment() -> Shape {
    Shape::object([
        required("comment", Shape::text(), "Its text."),
        required("commentId", Shape::text(), "Its id with the caller."),
    ])
}
