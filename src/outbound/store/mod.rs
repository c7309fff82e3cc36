//! Where connectors are kept: those made over the API in an index of ours, the others in `config.yml`.
//!
//! Whether a configuration fits its kind is checked before it comes here.

mod connectors;
mod error;
mod index;
mod preconfigured;
mod record;

pub use connectors::{Connectors, Rotated};
pub use error::StoreError;
pub use index::{CONNECTORS_INDEX, ensure_index};
pub use preconfigured::Preconfigured;
pub use record::{Author, Content, Head, Origin};
