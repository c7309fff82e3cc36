//! Text out of files: here, in a process of its own, or by Elastic's extraction service.
//!
//! `source` and `sync` choose the files and use their text. The third way, the ingest
//! pipeline of Elasticsearch, needs nothing of this.

mod file_text;
mod local;
mod service_client;

mod child;
mod extract;
mod extract_error;

mod format;

mod email;
mod html;
mod office;
mod opendocument;
mod outlook;
mod pdf;
mod rtf;
mod xml;

mod capped;
mod charset;

pub use capped::CappedText;
pub use child::run as run_child;
pub use extract::extract;
pub use extract_error::ExtractError;
pub use file_text::{ExtractionFailure, FileText, MORE_EXTENSIONS, UNREADABLE_EXTENSIONS};
pub use local::{CHILD_COMMAND, LocalExtractor, LocalLimits};
pub use service_client::ServiceExtractor;
