//! The mapping of cases to fields that connectors of Kibana 7.7 to 7.10 carry, to the letter.
//!
//! Writing the fields is left to the kinds.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::kind::SubAction;
use crate::outbound::shape::{Shape, nullable, optional, required};

/// Maps titles, descriptions and comments of cases to fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mapping(BTreeMap<String, Target>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Target {
    field: String,
    action: Action,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Overwrite,
    Append,
    Nothing,
}

/// A comment of a case, with its stamp.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MappedComment {
    /// Its id in the case.
    pub(super) id: String,
    /// Its text.
    pub(super) text: String,
}

impl Mapping {
    /// The mapping of a connector, if it has one.
    pub(super) fn of(config: &Map<String, Value>) -> Option<Self> {
        let configuration = ["casesConfiguration", "incidentConfiguration"]
            .iter()
            .find_map(|name| config.get(*name)?.get("mapping")?.as_array())?;
        let mut map = BTreeMap::new();
        for record in configuration {
            let text = |name: &str| record.get(name).and_then(Value::as_str).map(str::to_owned);
            let (Some(source), Some(target)) = (text("source"), text("target")) else {
                continue;
            };
            if !matches!(source.as_str(), "title" | "description" | "comments") {
                continue;
            }
            let action = match text("actionType").as_deref() {
                Some("append") => Action::Append,
                Some("nothing") => Action::Nothing,
                _ => Action::Overwrite,
            };
            // Kibana enters each record in both directions, and later ones win.
            for (from, to) in [(&source, &target), (&target, &source)] {
                let field = to.clone();
                map.insert(from.clone(), Target { field, action });
            }
        }
        Some(Self(map))
    }

    /// The texts by the names of their fields. `previous` is the thing as it is, when there is one already.
    pub(super) fn fields(
        &self,
        case: &Map<String, Value>,
        previous: Option<&Map<String, Value>>,
    ) -> Map<String, Value> {
        let mut fields = Map::new();
        for name in ["title", "description"] {
            let (Some(target), Some(value)) = (self.0.get(name), case.get(name)) else {
                continue;
            };
            if target.action == Action::Nothing {
                continue;
            }
            let Some(text) = value.as_str() else {
                fields.insert(target.field.clone(), Value::Null);
                continue;
            };
            let done = if previous.is_some() { "updated" } else { "created" };
            let text = format!("{text} {}", stamp(done, case));
            let before = previous
                .and_then(|previous| previous.get(&target.field)?.as_str())
                .filter(|before| target.action == Action::Append && !before.is_empty());
            match before {
                // Told again: appended twice it would grow for ever.
                Some(before) if before.trim_end().ends_with(text.trim_end()) => {}
                Some(before) => drop(fields.insert(target.field.clone(), format!("{before} \r\n{text}").into())),
                None => drop(fields.insert(target.field.clone(), text.into())),
            }
        }
        fields
    }

    /// The comments with their stamps; none when comments are not mapped.
    pub(super) fn comments(&self, case: &Map<String, Value>) -> Vec<MappedComment> {
        if self
            .0
            .get("comments")
            .is_none_or(|target| target.action == Action::Nothing)
        {
            return Vec::new();
        }
        let listed = case.get("comments").and_then(Value::as_array).into_iter().flatten();
        listed
            .filter_map(Value::as_object)
            .filter_map(|comment| {
                let text = |name: &str| comment.get(name).and_then(Value::as_str);
                Some(MappedComment {
                    id: text("commentId")?.to_owned(),
                    text: format!("{} {}", text("comment")?, stamp("added", comment)),
                })
            })
            .collect()
    }
}

/// `(created at {date} by {user})`.
fn stamp(done: &str, record: &Map<String, Value>) -> String {
    let text = |name: &str| record.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let date = text("updatedAt").or_else(|| text("createdAt")).unwrap_or_default();
    let person = |name: &str| {
        let person = record.get(name)?.as_object()?;
        let text = |name: &str| person.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        Some(text("fullName").or_else(|| text("username")).unwrap_or_default())
    };
    let user = person("updatedBy").or_else(|| person("createdBy")).unwrap_or_default();
    format!("({done} at {date} by {user})")
}

/// The form of `casesConfiguration` and `incidentConfiguration`.
pub(super) fn configuration() -> Shape {
    let record = Shape::object([
        required("source", Shape::text(), "`title`, `description` or `comments`."),
        required("target", Shape::text(), "The field that it goes to."),
        required(
            "actionType",
            Shape::OneOf(&["overwrite", "append", "nothing"]),
            "What is done with the field.",
        ),
    ]);
    Shape::object([required(
        "mapping",
        Shape::filled_list(record),
        "Which part of a case goes to which field.",
    )])
}

/// The parameters of a push in those versions.
pub(super) fn case<const N: usize>(more: [crate::outbound::shape::Member; N]) -> Shape {
    let person = || {
        Shape::object([
            nullable("fullName", Shape::text(), ""),
            nullable("username", Shape::text(), ""),
            optional("email", Shape::Any, ""),
        ])
    };
    let told = || {
        [
            optional("createdAt", Shape::Any, "When it was made."),
            optional("createdBy", Shape::Either(vec![person(), Shape::Any]), "Who made it."),
            optional("updatedAt", Shape::Any, "When it was changed."),
            optional(
                "updatedBy",
                Shape::Either(vec![person(), Shape::Any]),
                "Who changed it.",
            ),
        ]
    };
    let comment = Shape::object(
        [
            required("commentId", Shape::text(), "Its id in the case."),
            required("comment", Shape::text(), "Its text."),
            optional("version", Shape::Any, ""),
        ]
        .into_iter()
        .chain(told()),
    );
    let members = [
        optional("savedObjectId", Shape::Any, "The id of the case."),
        optional("caseId", Shape::Any, "The same in 7.6."),
        required("title", Shape::text(), "The title of the case."),
        nullable("description", Shape::text(), "Its description."),
        nullable("externalId", Shape::text(), "The thing to update."),
        nullable("comments", Shape::list(comment), "Its comments."),
    ];
    Shape::object(members.into_iter().chain(told()).chain(more))
}

/// Whether parameters are those of a case.
pub(super) fn is_case(params: &Map<String, Value>) -> bool {
    params.contains_key("title")
}

/// A push that takes both forms: the one of today, and a case.
pub(super) fn push(today: Shape, case: Shape, about: &'static str) -> SubAction {
    SubAction {
        name: "pushToService",
        params: Shape::IfPresent {
            member: "title",
            then: Box::new(case),
            otherwise: Box::new(today),
        },
        about,
    }
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use serde_json::json;

    use super::*;

    fn mapping(title: &str, description: &str, comments: &str) -> Mapping {
        let config = json!({ "casesConfiguration": { "mapping": [
            { "source": "title", "target": "summary", "actionType": title },
            { "source": "description", "target": "description", "actionType": description },
            { "source": "comments", "target": "comments", "actionType": comments },
        ] } });
        Mapping::of(config.as_object().unwrap()).unwrap()
    }

    fn host_down() -> Map<String, Value> {
        let case = json!({
            "title": "Host down", "description": "no ping",
            "createdAt": "2020-05-01T10:00:00.000Z", "createdBy": { "fullName": "A B", "username": "ab" },
            "updatedAt": null, "updatedBy": null,
            "comments": [{ "commentId": "c1", "comment": "again", "createdAt": "2020-05-02", "createdBy": { "username": "ab" } }],
        });
        case.as_object().unwrap().clone()
    }

    #[test]
    fn the_seed_case_reads_as_kibana_wrote_it() {
        let mapping = mapping("overwrite", "append", "append");
        let fields = mapping.fields(&host_down(), None);
        assert_eq!(
            fields["summary"],
            "Host down (created at 2020-05-01T10:00:00.000Z by A B)"
        );
        assert_eq!(
            fields["description"],
            "no ping (created at 2020-05-01T10:00:00.000Z by A B)"
        );
        let comments = mapping.comments(&host_down());
        assert_eq!(comments[0].text, "again (added at 2020-05-02 by ab)");
    }

    #[test]
    fn text_is_appended_once_however_often_it_is_told() {
        let mapping = mapping("nothing", "append", "nothing");
        let mut case = host_down();
        case.insert("updatedAt".to_owned(), json!("2020-06-01"));
        case.insert("updatedBy".to_owned(), json!({ "fullName": null, "username": "cd" }));
        let before = Map::from_iter([("description".to_owned(), json!("old"))]);
        let fields = mapping.fields(&case, Some(&before));
        let text = "old \r\nno ping (updated at 2020-06-01 by cd)";
        assert_eq!(fields, Map::from_iter([("description".to_owned(), json!(text))]));
        assert_eq!(mapping.fields(&case, Some(&fields)), Map::new());
        assert_eq!(mapping.comments(&case), []);
    }

    #[test]
    fn what_is_null_in_the_case_is_cleared() {
        let mut case = host_down();
        case.insert("description".to_owned(), Value::Null);
        let fields = mapping("overwrite", "overwrite", "overwrite").fields(&case, None);
        assert_eq!(fields["description"], Value::Null);
    }
}
