//! The document of an entry in an issue's history, and which of its texts may be shown.
//!
//! An entry is shown to the readers of its issue. It can repeat what they may not see: a comment that was deleted, the
//! name of a file, another issue. The ids and keys of such things stay, their texts do not.

use std::collections::HashSet;

use jira_client::{Field, HistoryEntry, Issue};
use serde_json::{Map, Value, json};
use sync_engine::sync::{Document, DocumentId, DocumentKind};

use super::DocumentContext;
use super::side_doors::is_issue_key;

/// The indexed members of an entry's item; apps may add anything else.
const MEMBERS: [&str; 7] = ["field", "fieldId", "fieldtype", "from", "fromString", "to", "toString"];
/// The two sides of a change, as ids and as texts.
const SIDES: [&str; 4] = ["from", "fromString", "to", "toString"];
/// Fields that repeat comments, worklogs and files, which may be restricted: their texts are never indexed.
const MAYBE_RESTRICTED: [&str; 5] = ["comment", "attachment", "worklogid", "worklogtimespent", "worklog"];
/// System fields, by id on Cloud and by name elsewhere, whose texts are about the issue itself.
const ABOUT_THE_ISSUE: [&str; 26] = [
    "assignee",
    "component",
    "components",
    "creator",
    "description",
    "duedate",
    "environment",
    "fix version",
    "fixversions",
    "issuetype",
    "key",
    "labels",
    "priority",
    "project",
    "reporter",
    "resolution",
    "resolutiondate",
    "security",
    "status",
    "summary",
    "timeestimate",
    "timeoriginalestimate",
    "timespent",
    "version",
    "versions",
    "workflow",
];
/// Custom types of Jira itself, whose values are no other issues.
const PLAIN_TYPES: &str = "com.atlassian.jira.plugin.system.customfieldtypes:";
const AGILE_TYPES: &str = "com.pyxis.greenhopper.jira:";
const EPIC_LINK: &str = "com.pyxis.greenhopper.jira:gh-epic-link";

/// Chooses the texts of histories that are indexed.
#[derive(Debug)]
pub struct HistoryTexts {
    /// Ids and names of custom fields whose texts are about the issue itself; none when every field's may be shown.
    plain_custom: Option<HashSet<String>>,
}

impl HistoryTexts {
    /// Without document level security everything may be shown that is never restricted.
    pub fn open() -> Self {
        Self { plain_custom: None }
    }

    /// With document level security, only texts of fields that are known to be about the issue itself.
    pub fn guarded(fields: &[Field]) -> Self {
        let custom: Vec<&Field> = fields.iter().filter(|field| field.custom).collect();
        let mut plain = HashSet::new();
        for field in custom.iter().filter(|field| is_plain(field)) {
            plain.insert(field.id.clone());
            // Data Center names the field only, and names are not unique.
            if custom.iter().all(|other| other.name != field.name || is_plain(other)) {
                plain.insert(field.name.clone());
            }
        }
        Self {
            plain_custom: Some(plain),
        }
    }

    fn may_be_shown(&self, item: &Map<String, Value>) -> bool {
        let text = |member: &str| item.get(member).and_then(Value::as_str).filter(|text| !text.is_empty());
        let Some(field) = text("fieldId").or_else(|| text("field")) else {
            return self.plain_custom.is_none();
        };
        let is_custom = text("fieldtype") == Some("custom");
        let is_among = |known: &[&str]| known.contains(&field.to_lowercase().as_str());
        if !is_custom && (is_among(&MAYBE_RESTRICTED) || text("field").is_some_and(is_restricted_name)) {
            return false;
        }
        match &self.plain_custom {
            None => true,
            Some(plain) if is_custom => plain.contains(field),
            Some(_) => is_among(&ABOUT_THE_ISSUE),
        }
    }
}

fn is_restricted_name(name: &str) -> bool {
    MAYBE_RESTRICTED.contains(&name.to_lowercase().as_str())
}

fn is_plain(field: &Field) -> bool {
    let kind = field.schema.as_ref().and_then(|schema| schema.custom.as_deref());
    kind.is_some_and(|kind| kind.starts_with(PLAIN_TYPES) || (kind.starts_with(AGILE_TYPES) && kind != EPIC_LINK))
}

/// `_id` is `changelog-{id}`.
pub fn history_entry(context: &DocumentContext, texts: &HistoryTexts, issue: &Issue, entry: &HistoryEntry) -> Document {
    let items: Vec<Value> = entry
        .raw
        .get("items")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
        .map(|item| self::item(texts, item))
        .collect();
    let body: Vec<String> = items.iter().filter_map(in_words).collect();
    // Jira writes milliseconds in one resource and text in another.
    let created = entry.created.map(|created| created.to_utc());
    let created = created.map(|created| created.format("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string());
    let mut fields = Map::new();
    if let Some(created) = &created {
        fields.insert("_timestamp".into(), created.as_str().into());
    }
    fields.insert("Type".into(), "Changelog".into());
    fields.insert("issue".into(), issue.key.clone().into());
    fields.insert("body".into(), body.join("\n").into());
    fields.insert(
        "url".into(),
        format!("{}/browse/{}", context.base_url, issue.key).into(),
    );
    fields.insert(
        "Changelog".into(),
        json!({"author": entry.raw.get("author"), "created": created, "items": items}),
    );
    Document {
        id: DocumentId::new(format!("changelog-{}", entry.id)),
        kind: DocumentKind::Changelog,
        jira_id: entry.id,
        issue_id: Some(issue.id),
        fields,
    }
}

fn item(texts: &HistoryTexts, raw: &Map<String, Value>) -> Value {
    let may_be_shown = texts.may_be_shown(raw);
    let mut item = Map::new();
    for member in MEMBERS {
        let Some(value) = raw.get(member) else { continue };
        let shown = may_be_shown || !SIDES.contains(&member) || value.as_str().is_none_or(is_reference);
        // Anything but text would map the field for all others.
        if shown && matches!(value, Value::String(_) | Value::Null) {
            item.insert(member.to_owned(), value.clone());
        }
    }
    Value::Object(item)
}

/// Ids and keys of issues, one or several.
fn is_reference(text: &str) -> bool {
    text.split(',')
        .map(str::trim)
        .all(|part| part.bytes().all(|byte| byte.is_ascii_digit()) || is_issue_key(part))
}

fn in_words(item: &Value) -> Option<String> {
    let text = |member: &str| item.get(member).and_then(Value::as_str).unwrap_or_default();
    let (from, to) = (text("fromString"), text("toString"));
    let both = match (from, to) {
        ("", "") => return None,
        ("", to) => to.to_owned(),
        (from, "") => format!("{from} →"),
        (from, to) => format!("{from} → {to}"),
    };
    Some(format!("{}: {both}", text("field")))
}

#[cfg(test)]
mod tests {
    use jira_client::FieldSchema;
    use test_case::test_case;

    use super::*;

    fn field(id: &str, name: &str, custom: &str) -> Field {
        Field {
            id: id.into(),
            name: name.into(),
            custom: true,
            schema: Some(FieldSchema {
                r#type: "any".into(),
                items: None,
                custom: Some(custom.into()),
                system: None,
            }),
        }
    }

    fn guarded() -> HistoryTexts {
        HistoryTexts::guarded(&[
            field(
                "customfield_1",
                "Team",
                "com.atlassian.jira.plugin.system.customfieldtypes:textfield",
            ),
            field("customfield_2", "Sprint", "com.pyxis.greenhopper.jira:gh-sprint"),
            field("customfield_3", "Epic Link", EPIC_LINK),
            field(
                "customfield_4",
                "Twice",
                "com.atlassian.jira.plugin.system.customfieldtypes:textfield",
            ),
            field("customfield_5", "Twice", "com.example:issues"),
        ])
    }

    #[test_case("jira", "status", Some("status") => (true, true))]
    #[test_case("jira", "Fix Version", None => (true, true); "named as on data center")]
    #[test_case("jira", "Link", Some("issuelinks") => (true, false))]
    #[test_case("jira", "IssueParentAssociation", None => (true, false))]
    #[test_case("jira", "Something new", Some("new") => (true, false); "unknown means denied")]
    #[test_case("jira", "Attachment", Some("attachment") => (false, false))]
    #[test_case("jira", "Comment", None => (false, false))]
    #[test_case("custom", "Team", Some("customfield_1") => (true, true))]
    #[test_case("custom", "Sprint", None => (true, true); "a custom field by its name")]
    #[test_case("custom", "Epic Link", Some("customfield_3") => (true, false))]
    #[test_case("custom", "Twice", None => (true, false); "a name that another field has too")]
    #[test_case("custom", "Comment", Some("customfield_9") => (true, false); "a custom field that nobody lists")]
    fn texts_shown_without_and_with_security(kind: &str, name: &str, id: Option<&str>) -> (bool, bool) {
        let raw = json!({"field": name, "fieldId": id, "fieldtype": kind, "toString": "what may be secret"});
        let shown = |texts: &HistoryTexts| item(texts, raw.as_object().unwrap()).get("toString").is_some();
        (shown(&HistoryTexts::open()), shown(&guarded()))
    }

    #[test]
    fn ids_and_keys_stay_where_texts_do_not() {
        let raw = json!({
            "field": "Link", "fieldtype": "jira", "from": null, "fromString": null, "to": "FIX-1",
            "toString": "This issue blocks FIX-1", "app": {"any": "thing"},
        });
        assert_eq!(
            item(&guarded(), raw.as_object().unwrap()),
            json!({"field": "Link", "fieldtype": "jira", "from": null, "fromString": null, "to": "FIX-1"})
        );
        assert!(is_reference("10001, A_B-2") && !is_reference("plan.pdf") && !is_reference("A-1: secret"));
    }

    #[test]
    fn an_entry_is_a_document_of_its_own() {
        let context = DocumentContext::for_test(&[]);
        let issue = Issue {
            id: 7,
            key: "AL-1".into(),
            fields: Map::new(),
        };
        let raw = json!({
            "id": "500", "created": 1_726_800_000_123_i64, "author": {"displayName": "Ada"},
            "items": [
                {"field": "status", "fieldId": "status", "fieldtype": "jira", "from": "1", "fromString": "To Do",
                 "to": "3", "toString": "Done"},
                {"field": "assignee", "fieldId": "assignee", "fieldtype": "jira", "from": "a", "fromString": "Ada",
                 "to": null, "toString": null},
            ],
        });
        let entry = HistoryEntry {
            id: 500,
            created: jira_client::parse_timestamp("2024-09-19T21:40:00.123-0500"),
            raw: raw.as_object().unwrap().clone(),
        };
        let document = history_entry(&context, &guarded(), &issue, &entry);
        assert_eq!(
            (document.id.as_str(), document.jira_id, document.issue_id),
            ("changelog-500", 500, Some(7))
        );
        insta::assert_json_snapshot!(document.fields, @r#"
        {
          "Changelog": {
            "author": {
              "displayName": "Ada"
            },
            "created": "2024-09-20T02:40:00.123+0000",
            "items": [
              {
                "field": "status",
                "fieldId": "status",
                "fieldtype": "jira",
                "from": "1",
                "fromString": "To Do",
                "to": "3",
                "toString": "Done"
              },
              {
                "field": "assignee",
                "fieldId": "assignee",
                "fieldtype": "jira",
                "from": "a",
                "fromString": "Ada",
                "to": null,
                "toString": null
              }
            ]
          },
          "Type": "Changelog",
          "_timestamp": "2024-09-20T02:40:00.123+0000",
          "body": "status: To Do → Done\nassignee: Ada →",
          "issue": "AL-1",
          "url": "https://example.atlassian.net/browse/AL-1"
        }
        "#);
    }
}
