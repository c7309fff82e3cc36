//! What an account sees of the Jira in memory, as documents: for the source that reads it, and for the truth that the
//! index is compared with.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::jira::{Issue, Jira};
use crate::sync::document::{ACCESS_FIELD, Document, DocumentId, DocumentKind};
use crate::sync::source::PendingAttachment;

/// What a connector is set up to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scope {
    /// Documents carry their readers.
    pub(super) security: bool,
    /// A rule leaves marked issues out.
    pub(super) rules: bool,
    /// Only projects with an even id.
    pub(super) even_projects: bool,
    /// The ingest pipeline takes the text of files.
    pub(super) pipeline: bool,
}

/// The value that the rule leaves out.
pub(super) const UNWANTED: &str = "unwanted";

impl Scope {
    /// Everything, without security or rules.
    pub(super) fn everything() -> Self {
        Self {
            security: false,
            rules: false,
            even_projects: false,
            pipeline: false,
        }
    }

    pub(super) fn names_project(&self, project: u64) -> bool {
        !self.even_projects || project.is_multiple_of(2)
    }

    /// The projects that are listed.
    pub(super) fn projects(&self, jira: &Jira) -> Vec<u64> {
        let live = jira
            .projects
            .iter()
            .filter(|(id, project)| !project.archived && !project.hidden && self.names_project(**id));
        live.map(|(id, _)| *id).collect()
    }

    /// Whether the issue belongs into a listing.
    pub(super) fn lists(&self, jira: &Jira, issue: u64) -> bool {
        jira.issues
            .get(&issue)
            .is_some_and(|issue| !issue.archived && !issue.hidden && self.projects(jira).contains(&issue.project))
    }

    /// The document of a project.
    pub(super) fn project(&self, jira: &Jira, id: u64) -> Document {
        let project = &jira.projects[&id];
        let fields = json!({ "kind": "project", "Key": project.key, "Project": { "name": project.name } });
        self.document(
            format!("project-{id}"),
            DocumentKind::Project,
            id,
            None,
            fields,
            &format!("browse:{id}"),
        )
    }

    /// The documents of an issue that can be read, files excepted: first its own.
    pub(super) fn issue(&self, jira: &Jira, id: u64) -> Vec<Document> {
        let issue = &jira.issues[&id];
        let key = jira.key(issue);
        let (public, restricted): (Vec<_>, Vec<_>) =
            issue.comments.iter().partition(|(_, comment)| !comment.restricted);
        let public: Vec<u64> = public.iter().map(|(_, comment)| comment.text).collect();
        let mut fields = json!({
            "kind": "issue", "Key": key, "Type": if issue.unwanted { UNWANTED } else { "Task" },
            "summary": issue.summary, "comments": public, "_timestamp": issue.updated.to_rfc3339(),
        });
        if let Some((parent, shown)) = issue.parent.and_then(|id| Some((id, shown(jira, id)?))) {
            fields["parent"] = json!({ "id": parent, "summary": shown.summary });
        }
        let name = &jira.projects[&issue.project].name;
        let readers = readers(issue);
        let mut documents = vec![self.document(
            format!("{name}-{key}"),
            DocumentKind::Issue,
            id,
            Some(id),
            fields,
            &readers,
        )];
        // Without readers on the documents there is nobody to show it to.
        for (comment_id, comment) in restricted.into_iter().filter(|_| self.security) {
            let fields = json!({ "kind": "comment", "issue": key, "text": comment.text });
            let readers = format!("{readers}&role:7");
            let document_id = format!("comment-{comment_id}");
            documents.push(self.document(
                document_id,
                DocumentKind::Comment,
                *comment_id,
                Some(id),
                fields,
                &readers,
            ));
        }
        documents
    }

    /// The files of an issue that can be read.
    pub(super) fn files(&self, jira: &Jira, id: u64) -> Vec<PendingAttachment> {
        let issue = &jira.issues[&id];
        let key = jira.key(issue);
        let files = issue.files.iter().map(|(file_id, file)| {
            let fields = json!({ "kind": "file", "issue": key, "size": file.size });
            let document_id = format!("{key}-{file_id}");
            let document = self.document(
                document_id,
                DocumentKind::Attachment,
                *file_id,
                Some(id),
                fields,
                &readers(issue),
            );
            PendingAttachment {
                document,
                filename: format!("{file_id}.txt"),
                size: file.size,
                content_url: None,
                content_skipped: None,
            }
        });
        files.collect()
    }

    /// What the index must hold, and nothing else.
    pub(super) fn truth(&self, jira: &Jira) -> BTreeMap<String, Map<String, Value>> {
        let mut truth = BTreeMap::new();
        let mut add = |document: Document, body: Option<String>| {
            let mut fields = document.fields;
            fields.insert("id".into(), document.id.as_str().into());
            fields.insert("jira_id".into(), document.jira_id.into());
            if document.kind != DocumentKind::Issue
                && let Some(issue) = document.issue_id
            {
                fields.insert("issue_id".into(), issue.into());
            }
            fields.extend(body.map(|body| ("body".to_owned(), body.into())));
            truth.insert(document.id.to_string(), fields);
        };
        for project in self.projects(jira) {
            add(self.project(jira, project), None);
        }
        for id in self.wanted(jira) {
            self.issue(jira, id)
                .into_iter()
                .for_each(|document| add(document, None));
            for file in self.files(jira, id) {
                let lost = jira.issues[&id].files[&file.document.jira_id].lost;
                let body = (!lost).then(|| text(file.document.jira_id));
                add(file.document, body);
            }
        }
        truth
    }

    /// The issues that belong into the index.
    pub(super) fn wanted(&self, jira: &Jira) -> BTreeSet<u64> {
        let listed = jira.issues.keys().copied().filter(|id| self.lists(jira, *id));
        listed.filter(|id| !(self.rules && jira.issues[id].unwanted)).collect()
    }

    fn document(
        &self,
        id: String,
        kind: DocumentKind,
        jira_id: u64,
        issue_id: Option<u64>,
        fields: Value,
        readers: &str,
    ) -> Document {
        let Value::Object(mut fields) = fields else {
            unreachable!("documents are objects");
        };
        if self.security {
            fields.insert(ACCESS_FIELD.into(), vec![readers].into());
        }
        let id = DocumentId::new(id);
        Document {
            id,
            kind,
            jira_id,
            issue_id,
            fields,
        }
    }
}

/// The issue, if the account sees it.
pub(super) fn shown(jira: &Jira, id: u64) -> Option<&Issue> {
    jira.issues
        .get(&id)
        .filter(|issue| !issue.hidden && !jira.projects[&issue.project].hidden)
}

/// The text in a file.
pub(super) fn text(file: u64) -> String {
    format!("text of {file}")
}

fn readers(issue: &Issue) -> String {
    let level = if issue.level { "&level:5" } else { "" };
    format!("browse:{}{level}", issue.project)
}

/// What a document is about: its kind and numeric id.
pub(super) fn object(fields: &Map<String, Value>) -> (String, u64) {
    let kind = fields["kind"].as_str().expect("every document has a kind");
    (
        kind.to_owned(),
        fields["jira_id"].as_u64().expect("every document has an id"),
    )
}
