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
