//! Maps the fields of documents before the documents are sent.
//!
//! Documents are looked at when they are written and mapped when their batch leaves, so that reading goes on while
//! Elasticsearch agrees on the mapping. Which mapping a field gets is decided in `new_fields`.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::json;
use sync_engine::sync::{Document, SinkError};
use tracing::debug;

use super::index_sink::Shared;
use super::new_fields::NewFields;

/// What an index maps and what it will have to.
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
        Some(fields.lock().unwrap_or_else(PoisonError::into_inner)).filter(|fields| !fields.is_over())
    }
}

/// Maps what all documents looked at so far need, one update at a time.
pub(super) async fn map(shared: &Shared) -> Result<(), SinkError> {
    let ahead = &shared.new_fields;
    if ahead.fields().is_none() {
        return Ok(());
    }
    let _turn = ahead.turn.lock().await;
    let Some(properties) = ahead.fields().and_then(|mut fields| fields.take()) else {
        return Ok(());
    };
    shared.fence.before_write().await?;
    let mapping = json!({ "properties": properties });
    match shared.client.indices().put_mapping(&shared.index, &mapping).await {
        Ok(()) => debug!(index.name = shared.index, "mapped new fields"),
        Err(error) => {
            // As beyond the limit of fields: Elasticsearch maps what it has room for, document by document.
            debug!(error = %error, "left new fields to elasticsearch");
            if let Some(mut fields) = ahead.fields() {
                fields.give_up();
            }
        }
    }
    Ok(())
}
