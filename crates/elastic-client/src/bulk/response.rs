//! Reads a bulk answer. Judging a single item is in `item.rs`.

use serde::Deserialize;

use crate::answer::Answer;
use crate::bulk::item::{ItemResult, WireItem};
use crate::error::ElasticError;

/// The outcome of each operation.
#[derive(Clone, Debug, Default)]
pub struct BulkResponse {
    /// Milliseconds that Elasticsearch spent.
    pub took_ms: u64,
    /// One for each operation, in the order sent.
    pub items: Vec<ItemResult>,
}

#[derive(Deserialize)]
struct WireResponse {
    #[serde(default)]
    took: u64,
    items: Vec<WireAction>,
}

/// Each item is an object with a single member, named after the action.
#[derive(Deserialize)]
struct WireAction {
    #[serde(alias = "create", alias = "update", alias = "delete")]
    index: WireItem,
}

impl BulkResponse {
    pub(crate) fn read(answer: &Answer, operations: usize) -> Result<Self, ElasticError> {
        let wire: WireResponse = answer.parse()?;
        if wire.items.len() != operations {
            let reason = format!("{operations} operations were sent, {} results came", wire.items.len());
            return Err(answer.unexpected("items", &reason));
        }
        let items = wire.items.into_iter().map(|action| action.index.into()).collect();
        Ok(Self {
            took_ms: wire.took,
            items,
        })
    }
}
