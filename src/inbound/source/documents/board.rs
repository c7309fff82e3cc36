//! The documents of boards and sprints. Issues say in a field of their own which sprints they are in.

use jira_client::{Board, Sprint};
use serde_json::{Map, Value};
use sync_engine::sync::{Document, DocumentId, DocumentKind};

use super::DocumentContext;

/// `_id` is `board-{id}`; the board is kept as Jira sent it.
pub fn board(context: &DocumentContext, board: Board) -> Document {
    let url = format!("{}/secure/RapidBoard.jspa?rapidView={}", context.base_url, board.id);
    Document {
        id: DocumentId::new(format!("board-{}", board.id)),
        kind: DocumentKind::Board,
        jira_id: board.id,
        issue_id: None,
        fields: fields(context, "Board", Some(url), board.raw),
    }
}

/// `_id` is `sprint-{id}`; the sprint is kept as Jira sent it.
pub fn sprint(context: &DocumentContext, sprint: Sprint) -> Document {
    let board = sprint.origin_board;
    let url = board.map(|board| format!("{}/secure/RapidBoard.jspa?rapidView={board}", context.base_url));
    Document {
        id: DocumentId::new(format!("sprint-{}", sprint.id)),
        kind: DocumentKind::Sprint,
        jira_id: sprint.id,
        issue_id: None,
        fields: fields(context, "Sprint", url, sprint.raw),
    }
}

/// Neither has a time of its last change, so they carry that of the sync, as projects do.
fn fields(context: &DocumentContext, family: &str, url: Option<String>, raw: Map<String, Value>) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("_timestamp".into(), context.sync_started.clone().into());
    fields.insert("Type".into(), family.into());
    if let Some(name) = raw.get("name").and_then(Value::as_str) {
        fields.insert("title".into(), name.into());
    }
    if let Some(goal) = raw.get("goal").and_then(Value::as_str) {
        fields.insert("body".into(), goal.into());
    }
    if let Some(url) = url {
        fields.insert("url".into(), url.into());
    }
    fields.insert(family.to_owned(), Value::Object(raw));
    fields
}
