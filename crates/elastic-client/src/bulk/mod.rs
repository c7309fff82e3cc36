//! Bulk requests: building the body, sending it, and one outcome for each item. Batching, and sending failed items
//! again, are left to the sink.

mod body;
mod request;
mod response;
mod text;

mod item;

pub use body::BulkBody;
pub use item::{ItemAction, ItemError, ItemOutcome, ItemResult};
pub use request::BulkRequest;
pub use response::BulkResponse;
pub(crate) use text::PieceBody;
pub use text::{BulkText, Place};
