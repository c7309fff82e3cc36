//! Documents as the framework's Jira connector shapes them, plus what it lacks. Pure: no I/O, no clock.
//!
//! Fields and `_id`s are a contract: an index that the framework made is taken over without re-creating documents.

mod attachment;
mod context;
mod issue;
mod project;
mod restricted;

pub use attachment::{Attachments, attachments};
pub use context::{DocumentContext, FileRules};
pub use issue::issue;
pub use project::project;
pub use restricted::keep_public;
