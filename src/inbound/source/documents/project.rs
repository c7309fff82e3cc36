//! The document of a project. Its issues are other documents.

use jira_client::Project;
use serde_json::{Map, Value};
use sync_engine::sync::{Document, DocumentId, DocumentKind};

use super::DocumentContext;

/// `_id` is `project-{id}`; the project object is kept as Jira sent it.
pub fn project(context: &DocumentContext, project: Project) -> Document {
    let mut fields = Map::new();
    fields.insert("_timestamp".into(), context.sync_started.clone().into());
    fields.insert("Key".into(), project.key.clone().into());
    fields.insert("Type".into(), "Project".into());
    fields.insert(
        "url".into(),
        format!("{}/browse/{}", context.base_url, project.key).into(),
    );
    fields.insert("Project".into(), Value::Object(project.raw));
    Document {
        id: DocumentId::new(format!("project-{}", project.id)),
        kind: DocumentKind::Project,
        jira_id: project.id,
        issue_id: None,
        fields,
    }
}
