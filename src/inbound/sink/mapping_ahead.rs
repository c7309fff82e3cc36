//! Maps the fields of documents before the documents are sent.
//!
//! Documents are looked at when they are written and mapped when their batch leaves, so that reading goes on while
//! Elasticsearch agrees on the mapping. Which mapping a field gets is decided in `new_fields`.

use parking_lot::{Mutex, MutexGuard};
use serde_json::json;
use sync_engine::sync::{Document, SinkError};
use tracing::debug;

use super::index_writer::IndexWriter;
use super::new_fields::NewFields;

/// The fields that an index maps, and those that it will have to map.
#[derive(Debug)]
pub(super) struct MappingAhead {
    /// None leaves new fields to Elasticsearch.
    fields: Option<Mutex<NewFields>>,
    turn: tokio::sync::Mutex<()>,
}

impl MappingAhead {
    pub(super) fn new(fields: Option<NewFields>) -> Self {
        Self {
            fields: fields.map(Mutex::new),
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// Remembers the fields of documents that will be sent.
    pub(super) fn look_at(&self, documents: &[&Document]) {
        if let Some(mut fields) = self.fields() {
            fields.look_at(documents);
        }
    }

    fn fields(&self) -> Option<MutexGuard<'_, NewFields>> {
        let fields = self.fields.as_ref()?;
        Some(fields.lock()).filter(|fields| !fields.is_over())
    }

    /// Maps what all documents looked at so far need, one update at a time.
    pub(super) async fn map(&self, index: &IndexWriter) -> Result<(), SinkError> {
        if self.fields().is_none() {
            return Ok(());
        }
        let _turn = self.turn.lock().await;
        let Some(properties) = self.fields().and_then(|mut fields| fields.take()) else {
            return Ok(());
        };
        match index.put_mapping(&json!({ "properties": properties })).await? {
            Ok(()) => debug!(index.name = index.name, "mapped new fields"),
            Err(error) => {
                // As beyond the limit of fields: Elasticsearch maps what it has room for, document by document.
                debug!(error = %error, "left new fields to elasticsearch");
                if let Some(mut fields) = self.fields() {
                    fields.give_up();
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use pretty_assertions::assert_eq;
    use serde_json::{Value, json};
    use sync_engine::sync::{DocumentId, DocumentKind, Operation, Progress, Sink as _, Unfenced};

    use super::super::bulk_answers::options;
    use super::super::mini_node::MiniNode;
    use super::super::{IndexSink, Target};
    use super::*;

    const PUT: &str = "PUT /jira/_mapping";

    async fn node() -> (MiniNode, IndexSink) {
        let node = MiniNode::start().await;
        node.put("jira", "there", json!({}));
        let target = Target {
            index: "jira".to_owned(),
            new_fields: Some(NewFields::of(&json!({ "properties": { "Key": { "type": "text" } } }))),
            ..Target::default()
        };
        let progress = Arc::new(Progress::default());
        let sink = IndexSink::start(node.client.clone(), target, options(), progress, Arc::new(Unfenced));
        (node, sink)
    }

    /// Announces a document with this field, writes it, and waits until it is there.
    async fn write(sink: &IndexSink, field: &str) {
        let fields = json!({ "Key": "AL-1", field: true });
        let document = Document {
            id: DocumentId::new(field.to_owned()),
            kind: DocumentKind::Issue,
            jira_id: 1,
            issue_id: Some(1),
            fields: fields.as_object().unwrap().clone(),
        };
        sink.announce(&[&document]);
        let operation = Operation::Index {
            id: document.id,
            issue_id: Some(1),
            ticket: None,
            with_content: false,
            source: fields.to_string().into(),
        };
        sink.write(operation).await.unwrap();
        sink.flush().await.unwrap();
    }

    fn properties(node: &MiniNode) -> Value {
        node.held.lock().indices["jira"].mappings["properties"].clone()
    }

    #[tokio::test]
    async fn a_field_that_documents_bring_is_mapped_before_they_leave_and_once() {
        let (node, sink) = node().await;
        write(&sink, "fresh").await;
        assert_eq!(properties(&node), json!({ "fresh": { "type": "boolean" } }));
        let log = node.held.lock().log.clone();
        let place = |wanted: &str| log.iter().position(|line| line == wanted).unwrap();
        assert!(place(PUT) < place("POST /jira/_bulk"), "{log:?}");
        write(&sink, "fresh").await;
        assert_eq!(node.asked(PUT), 1);
        write(&sink, "another").await;
        assert_eq!(node.asked(PUT), 2);
    }

    #[tokio::test]
    async fn fields_that_may_not_be_mapped_are_left_to_elasticsearch_for_good() {
        let (node, sink) = node().await;
        node.held
            .lock()
            .refused
            .insert(PUT.to_owned(), "illegal_argument_exception");
        write(&sink, "fresh").await;
        write(&sink, "another").await;
        assert_eq!(node.asked(PUT), 1);
        assert_eq!(
            node.source("jira", "another")["another"],
            true,
            "the document is written all the same"
        );
    }
}
