//! Knows the kind of value of some fields before any document is read.
//!
//! Names and types of custom fields come from Jira; learning them is left to `source`.

use std::collections::HashMap;

/// The kind of value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldType {
    /// Text.
    Text,
    /// A number.
    Number,
    /// A day or a time.
    Date,
    /// True or false.
    Bool,
    /// An object, whose fields are named with a dot.
    Object,
}

/// Fields that every document of ours or Jira's own schema gives a type. Others may hold anything.
const KNOWN: &[(&str, FieldType)] = &[
    ("id", FieldType::Text),
    ("Key", FieldType::Text),
    ("Type", FieldType::Text),
    ("title", FieldType::Text),
    ("issue", FieldType::Text),
    ("url", FieldType::Text),
    ("jira_id", FieldType::Number),
    ("issue_id", FieldType::Number),
    ("size", FieldType::Number),
    ("_timestamp", FieldType::Date),
    ("Issue", FieldType::Object),
    ("Project", FieldType::Object),
    ("Custom_Fields", FieldType::Object),
    ("Issue.summary", FieldType::Text),
    ("Issue.description", FieldType::Text),
    ("Issue.environment", FieldType::Text),
    ("Issue.labels", FieldType::Text),
    ("Issue.created", FieldType::Date),
    ("Issue.updated", FieldType::Date),
    ("Issue.resolutiondate", FieldType::Date),
    ("Issue.lastViewed", FieldType::Date),
    ("Issue.statuscategorychangedate", FieldType::Date),
    ("Issue.duedate", FieldType::Date),
    ("Issue.timespent", FieldType::Number),
    ("Issue.timeestimate", FieldType::Number),
    ("Issue.timeoriginalestimate", FieldType::Number),
    ("Issue.aggregatetimespent", FieldType::Number),
    ("Issue.aggregatetimeestimate", FieldType::Number),
    ("Issue.aggregatetimeoriginalestimate", FieldType::Number),
    ("Issue.workratio", FieldType::Number),
    ("Issue.votes.votes", FieldType::Number),
    ("Issue.watches.watchCount", FieldType::Number),
    ("Issue.issuetype.subtask", FieldType::Bool),
    ("Issue.status", FieldType::Object),
    ("Issue.priority", FieldType::Object),
    ("Issue.resolution", FieldType::Object),
    ("Issue.issuetype", FieldType::Object),
    ("Issue.project", FieldType::Object),
    ("Issue.assignee", FieldType::Object),
    ("Issue.reporter", FieldType::Object),
    ("Issue.creator", FieldType::Object),
    ("Issue.components", FieldType::Object),
    ("Issue.fixVersions", FieldType::Object),
    ("Issue.versions", FieldType::Object),
    ("Issue.comment", FieldType::Object),
    ("Issue.worklog", FieldType::Object),
    ("Issue.security", FieldType::Object),
    ("Issue.votes", FieldType::Object),
    ("Issue.watches", FieldType::Object),
];

/// Types of fields by their dotted path.
#[derive(Debug, Clone, Default)]
pub struct FieldTypes {
    learned: HashMap<String, FieldType>,
}

impl FieldTypes {
    /// Adds what Jira says about a field.
    pub fn learn(&mut self, path: String, kind: FieldType) {
        self.learned.insert(path, kind);
    }

    /// The type of a field; none when it is not known.
    pub fn get(&self, path: &str) -> Option<FieldType> {
        let known = KNOWN.iter().find(|(known, _)| *known == path).map(|(_, kind)| *kind);
        known.or_else(|| self.learned.get(path).copied())
    }
}
